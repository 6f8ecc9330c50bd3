# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Mailboxes out of Exchange and their setting into it, by the cheaper of two ways.

A look-up names its mailboxes, ten to a request. A listing gives everybody, a thousand to a request. Which is cheaper
depends on the size of the tenant, which nobody tells; the share of the wanted mailboxes on the first page does.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ._errors import (
    AccessDeniedError,
    AmbiguousError,
    DeadlineError,
    IncompleteListingError,
    InterruptedTaskError,
    M365Error,
    NetworkError,
    NotFoundError,
    PageExpiredError,
    ServiceError,
    UnexpectedAnswerError,
    UntrustedServerError,
)
from ._exchange import ExchangeClient
from ._exchange_batch import BatchRun
from ._exchange_wire import BATCH_SIZE, PAGE_SIZE, Command, CommandResult
from ._same_mailbox import check_same, one_of_both
from ._smtp_auth._identity import ALIAS, Entry, fold
from ._smtp_auth._mailbox import COLUMNS, Mailbox, UnreadableRowError, id_of, names_of
from ._smtp_auth._state import PROPERTY, to_service

Row = Mapping[str, Any]

# Up to here even the first page of a listing isn't worth a try: two look-ups at most.
FEW = 2 * BATCH_SIZE
# Get-CASMailbox rows carry neither UPN nor alias. Where the entry is none of the row's names, these tell whose name it
# is.
_CONFIRMING = (
    "Guid",
    "ExchangeObjectId",
    "ExternalDirectoryObjectId",
    "ExchangeGuid",
    "UserPrincipalName",
    "Alias",
    "EmailAddresses",
)


@dataclasses.dataclass
class Found:
    """What a search gave, by the entries' positions: every entry is in exactly one of the two."""

    mailboxes: dict[int, Mailbox] = dataclasses.field(default_factory=dict)
    errors: dict[int, M365Error] = dataclasses.field(default_factory=dict)


class MailboxStore:
    """The mailboxes of one tenant."""

    def __init__(self, client: ExchangeClient, concurrency: int) -> None:
        self._client = client
        self._concurrency = concurrency
        self._addresses: dict[str, str] = {}  # by id, of the mailboxes that may be asked for by it
        self._pages_expected: int | None = None  # of a listing of everybody: an estimate, until one went to its end

    @property
    def tenant(self) -> str:
        """The tenant's GUID."""
        return self._client.tenant

    @property
    def pages_expected(self) -> int | None:
        """How many pages a listing of everybody takes, as far as anything was learned of it."""
        return self._pages_expected

    # Reading -----------------------------------------------------------------------------------------------------

    def find(self, entries: Sequence[Entry]) -> Found:
        """The mailboxes that the entries name.

        :raises M365Error: nothing could be read at all (sign-in, access, outage). What concerns one entry is in
        ``Found.errors``.
        """
        found = Found()
        left = list(entries)
        if len(left) > FEW:
            self._find_in_listing(left, found)
            left = [
                entry for entry in left if entry.position not in found.mailboxes and entry.position not in found.errors
            ]
        self._look_up(left, found)
        return found

    def everybody(self) -> list[Mailbox]:
        """All mailboxes of the tenant, each once.

        :raises IncompleteListingError: the list may be short. UnexpectedAnswerError: a row that doesn't tell its
        setting.
        """
        return self.everybody_and(())[0]

    def everybody_and(self, entries: Sequence[Entry]) -> tuple[list[Mailbox], Found]:
        """All mailboxes of the tenant, each once, and which of them the entries name.

        One listing; only what it doesn't name is looked up.

        :raises M365Error: as ``everybody`` and ``find``.
        """
        found = Found()
        wanted = {entry.key: entry for entry in entries if entry.kind != ALIAS}  # rows don't show aliases
        left = dict(wanted)
        mailboxes: dict[str, Mailbox] = {}
        for row in self._whole_listing():
            mailbox = _read_row(row)
            check_same(mailboxes.setdefault(fold(mailbox.guid), mailbox), mailbox)
            _match(row, wanted, left, found)
        self._look_up(
            [
                entry
                for entry in entries
                if entry.position not in found.mailboxes and entry.position not in found.errors
            ],
            found,
        )
        return list(mailboxes.values()), found

    def reread(self, guids: Sequence[str]) -> dict[str, Mailbox | M365Error]:
        """The mailboxes of these ids as they are now, or why that can't be told."""
        now: dict[str, Mailbox | M365Error] = {}
        if self._pages_expected is not None and self._pages_expected < math.ceil(len(guids) / BATCH_SIZE):
            try:
                now = self._reread_in_listing(guids)
            except (DeadlineError, InterruptedTaskError):
                raise
            except M365Error:
                pass  # the look-ups below may fare better
        # Whom a listing doesn't show is asked for by id: only that tells that a mailbox is gone.
        left = [guid for guid in guids if guid not in now]
        for place, outcome in self._run([self._lookup(guid) for guid in left]):
            now[left[place]] = outcome if isinstance(outcome, M365Error) else _only_row(left[place], outcome)
        for guid, mailbox in now.items():
            if isinstance(mailbox, Mailbox) and fold(mailbox.guid) != fold(guid):
                now[guid] = _another(guid, mailbox)
        return now

    def _find_in_listing(self, entries: Sequence[Entry], found: Found) -> None:
        """Fill ``found`` from a listing, as far as reading on is cheaper than looking up the rest."""
        wanted = {entry.key: entry for entry in entries if entry.kind != ALIAS}
        if len(wanted) <= FEW:  # rows don't show aliases
            return
        for _attempt in range(2):
            left = dict(wanted)
            rows = pages = 0
            try:
                for page in self._client.list_pages(_listing()):
                    pages += 1
                    rows += len(page)
                    for row in page:
                        _match(row, wanted, left, found)
                    expected = _expected_rows(len(wanted), len(left), rows)
                    self._pages_expected = math.ceil(expected / PAGE_SIZE) if expected else None
                    if not left or not _reading_on_pays(expected, len(left), rows):
                        return
                self._pages_expected = pages
                return
            except PageExpiredError:
                found.mailboxes.clear()
                found.errors.clear()
            except (ServiceError, NetworkError) as error:
                if isinstance(error, (AccessDeniedError, UntrustedServerError)):
                    raise
                return
        # A listing that doesn't come to its end isn't needed here: the look-ups say the same.

    def _reread_in_listing(self, guids: Iterable[str]) -> dict[str, Mailbox | M365Error]:
        wanted = set(guids)
        now: dict[str, Mailbox | M365Error] = {}
        for row in self._whole_listing():
            try:
                guid = id_of(row)
            except UnreadableRowError:
                continue  # of nobody that is wanted: these have ids that were read before
            if guid in wanted:
                now[guid] = one_of_both(now.get(guid), _row_or_error(row))
        return now

    def _whole_listing(self) -> Iterator[Row]:
        """Every row, to the end. A link that expired, or an empty page, makes it begin again, once.

        The second pass may give rows again that the first one gave: the caller keeps them by id.
        """
        sizes: list[int] = []
        for attempt in range(2):
            pages = rows = 0
            empty = False
            try:
                for page in self._client.list_pages(_listing(PAGE_SIZE - attempt)):
                    pages, rows, empty = pages + 1, rows + len(page), empty or not page
                    yield from page
            except PageExpiredError:
                if attempt:
                    raise
                continue
            sizes.append(rows)
            # An empty page may be the end of exactly n thousand mailboxes, or a page that was lost. In pages of another
            # size the former gives as many rows again, the latter doesn't.
            if not empty or sizes == [rows, rows]:
                self._pages_expected = pages
                return
        raise IncompleteListingError(
            "The list of mailboxes held an empty page and had another length when it was read again."
        )

    def _look_up(self, entries: Sequence[Entry], found: Found) -> None:
        commands = [self._lookup(entry.text) for entry in entries]
        unconfirmed: list[tuple[Entry, Mailbox]] = []
        for place, outcome in self._run(commands):
            entry = entries[place]
            result = outcome if isinstance(outcome, M365Error) else _only_row(entry.text, outcome)
            if isinstance(result, M365Error):
                found.errors[entry.position] = result
            elif isinstance(outcome, CommandResult) and entry.key not in names_of(outcome.rows[0]):
                unconfirmed.append((entry, result))
            else:
                found.mailboxes[entry.position] = result
        self._confirm(unconfirmed, found)
        _raise_if_all_failed_alike(entries, found)

    def _confirm(self, unconfirmed: Sequence[tuple[Entry, Mailbox]], found: Found) -> None:
        """Ask ``Get-Mailbox`` whose name it is where the row itself doesn't show the name that was asked for."""
        commands = [
            Command(
                "Get-Mailbox",
                {"Identity": mailbox.guid},
                _CONFIRMING,
                entry.text,
                address=mailbox.primary_smtp_address,
            )
            for entry, mailbox in unconfirmed
        ]
        for place, outcome in self._run(commands):
            entry, mailbox = unconfirmed[place]
            if isinstance(outcome, M365Error):
                found.errors[entry.position] = outcome
                continue
            names: set[str] = set()
            if len(outcome.rows) == 1:
                names = names_of(outcome.rows[0]) | {fold(str(outcome.rows[0].get("ExchangeGuid") or ""))}
            if entry.key in names and fold(mailbox.guid) in names:
                found.mailboxes[entry.position] = mailbox
            else:
                found.errors[entry.position] = _another(entry.text, mailbox)

    # Writing -----------------------------------------------------------------------------------------------------

    def write(
        self,
        changes: Sequence[tuple[Mailbox, str]],
        before_sending: Callable[[Sequence[int]], None] | None = None,
    ) -> BatchRun:
        """Set each mailbox to its state. Outcomes by place, as they come. ``before_sending``: see ``BatchRun``.

        The value has to be in the request even where it is ``None``: JSON ``null`` is what takes a mailbox's own
        setting away.
        """
        for mailbox, _state in changes:
            self.remember(mailbox.guid, mailbox.primary_smtp_address)
        commands = [
            Command(
                "Set-CASMailbox",
                {"Identity": mailbox.guid, PROPERTY: to_service(state)},
                subject=_name_of(mailbox),
                address=mailbox.primary_smtp_address,
            )
            for mailbox, state in changes
        ]
        return self._run(commands, before_sending)

    def remember(self, guid: str, address: str) -> None:
        """The address by which commands for this id can be routed, where the service wants that."""
        self._addresses[fold(guid)] = address

    def _run(
        self, commands: Sequence[Command], before_sending: Callable[[Sequence[int]], None] | None = None
    ) -> BatchRun:
        return BatchRun(self._client, commands, self._concurrency, before_sending)

    def _lookup(self, identity: str) -> Command:
        address = self._addresses.get(fold(identity), identity)
        return Command("Get-CASMailbox", {"Identity": identity}, COLUMNS, identity, address=address)


def _listing(page_size: int = PAGE_SIZE) -> Command:
    return Command("Get-CASMailbox", {"ResultSize": "Unlimited"}, COLUMNS, "all mailboxes", page_size)


def _match(row: Row, wanted: Mapping[str, Entry], left: dict[str, Entry], found: Found) -> None:
    """Book one row of a listing under every entry that names it."""
    for name in names_of(row):
        entry = wanted.get(name)
        if entry is None:
            continue
        left.pop(name, None)
        if entry.position in found.errors:
            continue
        mailbox = _row_or_error(row)
        if isinstance(mailbox, M365Error):
            found.errors[entry.position] = mailbox
            continue
        earlier = found.mailboxes.setdefault(entry.position, mailbox)
        both = one_of_both(earlier, mailbox)
        if isinstance(both, M365Error):
            del found.mailboxes[entry.position]
            found.errors[entry.position] = both
        elif earlier.guid != mailbox.guid:
            del found.mailboxes[entry.position]
            found.errors[entry.position] = AmbiguousError(
                f"{entry.text} names more than one mailbox ({_name_of(earlier)} and {_name_of(mailbox)}): use a GUID."
            )


def _expected_rows(wanted: int, left: int, rows: int) -> float | None:
    """The likely size of the tenant once ``rows`` of it held all but ``left`` of the wanted mailboxes; None if it held
    none of them.

    The mailboxes found tell it as marked fish tell the size of a pond; the last one lies a little before the end.
    """
    found = wanted - left
    return rows * (wanted + 1) / found if found else None


def _reading_on_pays(expected: float | None, left: int, rows: int) -> bool:
    """Whether the pages that are still to come are fewer than the look-ups of what is still to be found."""
    batches = math.ceil(left / BATCH_SIZE)
    if expected is None:  # none found yet: a tenant may list those that are wanted late, so a tenth is risked on it
        return rows / PAGE_SIZE <= batches / 10
    return (expected - rows) / PAGE_SIZE <= batches


def _read_row(row: Row) -> Mailbox:
    try:
        return Mailbox.from_row(row)
    except UnreadableRowError as error:
        raise UnexpectedAnswerError(
            f"Get-CASMailbox: {error}. It isn't taken for inherit. Check the roles of the app: they may hide the "
            f"property."
        ) from error


def _row_or_error(row: Row) -> Mailbox | M365Error:
    try:
        return _read_row(row)
    except UnexpectedAnswerError as error:
        return error


def _only_row(asked: str, result: CommandResult) -> Mailbox | M365Error:
    if not result.rows:
        return UnexpectedAnswerError(
            f"Get-CASMailbox for {asked}: the service answered without a mailbox and without an error."
        )
    if len(result.rows) > 1 or result.next_link:
        return AmbiguousError(f"{asked} names more than one mailbox: use its primary address or GUID.")
    return _row_or_error(result.rows[0])


def _another(asked: str, mailbox: Mailbox) -> UnexpectedAnswerError:
    return UnexpectedAnswerError(
        f"Asked for {asked}, the service answered with another mailbox, {_name_of(mailbox)}. Nothing is done with it.",
        code="another_mailbox",
    )


def _name_of(mailbox: Mailbox) -> str:
    return mailbox.primary_smtp_address or mailbox.guid


def _raise_if_all_failed_alike(entries: Sequence[Entry], found: Found) -> None:
    """What hit every entry isn't about the mailboxes: one error says it better than a thousand."""
    if found.mailboxes or not entries or len(found.errors) < len(entries):
        return
    error = next(iter(found.errors.values()))
    if all(other.code == error.code for other in found.errors.values()) and not isinstance(
        error, (NotFoundError, AmbiguousError, UnexpectedAnswerError)
    ):
        raise error
