# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Mailboxes out of Exchange and their setting into it, by the better of two ways.

A look-up names its mailboxes, ten to a request. A listing gives everybody, a thousand to a request. Which is better
depends on the size of the tenant and on how long either takes: see ``ways``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from .._errors import (
    AmbiguousError,
    DeadlineError,
    IncompleteListingError,
    InterruptedTaskError,
    M365Error,
    NotFoundError,
    PageExpiredError,
    UnexpectedAnswerError,
)
from .._exchange.batch import BatchRun
from .._exchange.wire import BATCH_SIZE, PAGE_SIZE, Command, CommandResult
from .._smtp_auth.identity import ALIAS, Entry, fold
from .._smtp_auth.mailbox import COLUMNS, Mailbox, UnreadableRowError, id_of, names_of
from .._smtp_auth.state import PROPERTY, to_service
from .listing_match import ListingMatch, OtherNames
from .listing_search import ListingSearch
from .look_ups import LookUps
from .mailbox_rows import Row, another, only_row, read_row, row_or_error
from .same_mailbox import check_same, one_of_both
from .watcher import Watcher
from .ways import FEW, pages_expected, pages_win, pages_win_again

if TYPE_CHECKING:
    from .._exchange.batch import Outcome
    from .._exchange.client import ExchangeClient
    from .._progress import Stage

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
        self.watcher = Watcher()  # is told of what is found, while it is read
        self._search: ListingSearch | None = None  # under way
        self._pages_expected: int | None = None  # of a listing of everybody: an estimate, until one went to its end

    @property
    def tenant(self) -> str:
        """The tenant's GUID."""
        return self._client.tenant

    @property
    def pages_expected(self) -> int | None:
        """How many pages a listing of everybody takes, as far as anything was learned of it."""
        return self._search.pages_expected if self._search else self._pages_expected

    def stage(self, name: str, total: int) -> Stage:
        """A part of the task that counts up, for whoever watches."""
        return self._client.progress.stage(name, total)

    # Reading -----------------------------------------------------------------------------------------------------

    def find(self, entries: Sequence[Entry]) -> Found:
        """The mailboxes that the entries name.

        :raises M365Error: nothing could be read at all (sign-in, access, outage). What concerns one entry is in
        ``Found.errors``.
        """
        found = Found()
        search = self._search_in_listing(entries, found) if len(entries) > FEW else None
        left = _open(entries, found)
        if left and found.mailboxes:
            self.watcher.goes_on()
        self._look_up(left, found, search=search)
        if search and _open(entries, found):  # they were given up
            self._go_on_in_listing(search, entries, found)
            self._look_up(_open(entries, found), found)
        return found

    def everybody(self) -> list[Mailbox]:
        """All mailboxes of the tenant, each once.

        :raises IncompleteListingError: the list may be short. UnexpectedAnswerError: a row that doesn't tell its
        setting.
        """
        return self.everybody_and(())[0]

    def everybody_and(self, entries: Sequence[Entry]) -> tuple[list[Mailbox], Found]:
        """All mailboxes of the tenant, each once, and which of them the entries name.

        One listing; only what it doesn't name for sure is looked up.

        :raises M365Error: as ``everybody`` and ``find``.
        """
        found = Found()
        match = ListingMatch(entries, row_or_error, self.watcher.notice)
        mailboxes: dict[str, Mailbox] = {}
        stage = self._client.progress.stage("read")

        def after_page(rows: int, pages: int) -> None:
            self._pages_expected = pages_expected(len(match), len(match.left), rows, pages)

        for row in self._whole_listing(after_page=after_page):
            mailbox = read_row(row)
            check_same(mailboxes.setdefault(fold(mailbox.guid), mailbox), mailbox)
            stage.reached(len(mailboxes))
            if entries:
                match.book(row)
        self._settle(match, found)
        self._look_up(_open(entries, found), found, listed=True)
        return list(mailboxes.values()), found

    def reread(self, guids: Sequence[str]) -> dict[str, Mailbox | M365Error]:
        """The mailboxes of these ids as they are now, or why that can't be told."""
        now: dict[str, Mailbox | M365Error] = {}
        pages = self._pages_expected
        left = list(guids)
        listing = pages_win(len(left), pages, self._client.pace, self._concurrency)
        while left:
            if listing:
                try:
                    now.update(self._reread_in_listing(left))
                except (DeadlineError, InterruptedTaskError):
                    raise
                except M365Error:
                    pass  # the look-ups below may fare better
            # Whom a listing doesn't show is asked for by id: only that tells that a mailbox is gone.
            asked = [guid for guid in left if guid not in now]
            run = self._run([self._lookup(guid) for guid in asked])
            look_ups = LookUps(run, len(asked), None if listing else self._pages_win_again)
            stage = self._client.progress.stage("read back", len(asked))
            for done, (place, outcome) in enumerate(look_ups, start=1):
                stage.reached(done)
                now[asked[place]] = outcome if isinstance(outcome, M365Error) else only_row(asked[place], outcome)
            left, listing = [asked[place] for place in look_ups.left], True
        for guid, mailbox in now.items():
            if isinstance(mailbox, Mailbox) and fold(mailbox.guid) != fold(guid):
                now[guid] = another(guid, mailbox)
        return now

    def _search_in_listing(self, entries: Sequence[Entry], found: Found) -> ListingSearch | None:
        """Fill ``found`` from a listing, as far as reading on is better than looking up the rest."""
        if len(ListingMatch(entries, row_or_error)) <= FEW:
            return None
        self._search = search = ListingSearch(
            self._client,
            lambda reads_on: self._client.list_pages(_listing(), reads_on),
            lambda some: self._run([self._lookup(entry.text) for entry in some]),
            self._concurrency,
            self.watcher,
        )
        match = search.fill(lambda: ListingMatch(entries, row_or_error, self.watcher.notice))
        self._search, self._pages_expected = None, search.pages_expected
        if match:
            self._settle(match, found)
        return search

    def _go_on_in_listing(self, search: ListingSearch, entries: Sequence[Entry], found: Found) -> None:
        """Fill ``found`` from the rest of the listing, as far as that is better than looking up."""
        left = {entry.position for entry in _open(entries, found)}
        self._search = search
        match = search.go_on(entry for entry in entries if entry.position not in left)
        self._search, self._pages_expected = None, search.pages_expected
        if match:
            self._settle(match, found)

    def _settle(self, match: ListingMatch, found: Found) -> None:
        """Take what a listing tells for sure, of entries of which nothing is known yet. Of what it only makes likely,
        ask for the names that it doesn't show, in a listing of them where that is cheaper; what is still open then is
        to be looked up.
        """
        known = {*found.mailboxes, *found.errors}
        told = Found()
        unsure = [one for one in match.settle(told.mailboxes, told.errors) if one[0].position not in known]
        found.mailboxes.update((place, mailbox) for place, mailbox in told.mailboxes.items() if place not in known)
        found.errors.update((place, error) for place, error in told.errors.items() if place not in known)
        if not pages_win(len(unsure), self._pages_expected, self._client.pace, self._concurrency):
            return
        others = OtherNames(unsure)
        try:
            for row in self._whole_listing("Get-Mailbox", OtherNames.COLUMNS):
                others.book(row)
        except (DeadlineError, InterruptedTaskError):
            raise
        except M365Error:
            return
        if others.readable:
            others.settle(found.mailboxes, found.errors)

    def _pages_win_again(self, left: int) -> bool:
        return pages_win_again(left, self._pages_expected, self._client.pace, self._concurrency)

    def _reread_in_listing(self, guids: Iterable[str]) -> dict[str, Mailbox | M365Error]:
        wanted = set(guids)
        now: dict[str, Mailbox | M365Error] = {}
        for row in self._whole_listing():
            try:
                guid = id_of(row)
            except UnreadableRowError:
                continue  # of nobody that is wanted: these have ids that were read before
            if guid in wanted:
                now[guid] = one_of_both(now.get(guid), row_or_error(row))
        return now

    def _whole_listing(
        self,
        cmdlet: str = "Get-CASMailbox",
        columns: tuple[str, ...] = COLUMNS,
        after_page: Callable[[int, int], None] | None = None,
    ) -> Iterator[Row]:
        """Every row, to the end. A link that expired, or an empty page, makes it begin again, once.

        The second pass may give rows again that the first one gave: the caller keeps them by id. ``after_page``: is
        told how many rows and pages there were, in the first pass.
        """
        passes: list[set[str]] = []
        for attempt in range(2):
            pages = 0
            empty = False
            rows: set[str] = set()
            try:
                for page in self._client.list_pages(_listing(PAGE_SIZE - attempt, cmdlet, columns)):
                    pages, empty = pages + 1, empty or not page
                    rows.update(str(next(filter(None, map(row.get, COLUMNS[:3])), "")) for row in page)
                    yield from page
                    if after_page and not attempt:
                        after_page(len(rows), pages)
                    if len(page) >= PAGE_SIZE - attempt:
                        self.watcher.goes_on()
            except PageExpiredError:
                if attempt:
                    raise
                continue
            passes.append(rows)
            # An empty page may be the end of exactly n thousand mailboxes, or a page that was lost. In pages of another
            # size the former gives the same rows again, the latter doesn't.
            if not empty or passes == [rows, rows]:
                self._pages_expected = pages
                return
        raise IncompleteListingError(
            "The list of mailboxes held an empty page and wasn't the same when it was read again."
        )

    def _look_up(
        self,
        entries: Sequence[Entry],
        found: Found,
        *,
        listed: bool = False,
        search: ListingSearch | None = None,
    ) -> None:
        """``listed``: a whole listing was read, and names none of the entries for sure. ``search``: where to go on with
        those that are better given up; nothing is told of them then.
        """
        unconfirmed: list[tuple[Entry, Mailbox]] = []
        of_several: list[Entry] = []
        stage = self._client.progress.stage("looked up", len(entries))
        for done, (entry, outcome) in enumerate(self._outcomes(entries, search), start=1):
            stage.reached(done)
            result = outcome if isinstance(outcome, M365Error) else only_row(entry.text, outcome)
            if isinstance(result, M365Error):
                found.errors[entry.position] = result
                if isinstance(outcome, AmbiguousError) and entry.kind != ALIAS and not listed:
                    of_several.append(entry)
            elif isinstance(outcome, CommandResult) and entry.key not in names_of(outcome.rows[0]):
                unconfirmed.append((entry, result))
            else:
                found.mailboxes[entry.position] = result
                self.watcher.notice(result, entry)
                if len(entries) - done > self._concurrency * BATCH_SIZE:  # more than is under way
                    self.watcher.goes_on()
        self._confirm(unconfirmed, found)
        self._prefer(of_several, found)
        _raise_if_all_failed_alike(entries, found)

    def _outcomes(self, entries: Sequence[Entry], search: ListingSearch | None) -> Iterator[tuple[Entry, Outcome]]:
        known = search.looked_up() if search and entries else {}
        yield from ((entry, known[entry.position]) for entry in entries if entry.position in known)
        left = [entry for entry in entries if entry.position not in known]
        run = self._run([self._lookup(one.text) for one in left])
        look_ups = LookUps(run, len(left), search.pages_win if search else None)
        yield from ((left[place], outcome) for place, outcome in look_ups)

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
                found.errors[entry.position] = another(entry.text, mailbox)

    def _prefer(self, entries: Sequence[Entry], found: Found) -> None:
        """Of names that several mailboxes have, take those that are the id or the primary address of one and an address
        of no other: a listing couldn't tell them from the rest, so a look-up mustn't either.
        """
        if not entries:
            return
        match = ListingMatch(entries, row_or_error)
        try:
            for row in self._whole_listing():
                match.book(row)
        except (DeadlineError, InterruptedTaskError):
            raise
        except M365Error:
            return  # they stay ambiguous
        sure = Found()
        match.settle(sure.mailboxes, sure.errors)
        found.mailboxes.update(sure.mailboxes)
        found.errors.update(sure.errors)
        for position in sure.mailboxes:
            del found.errors[position]

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
                subject=mailbox.name,
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


def _listing(page_size: int = PAGE_SIZE, cmdlet: str = "Get-CASMailbox", columns: tuple[str, ...] = COLUMNS) -> Command:
    return Command(cmdlet, {"ResultSize": "Unlimited"}, columns, "all mailboxes", page_size)


def _open(entries: Iterable[Entry], found: Found) -> list[Entry]:
    """The entries of which nothing is known yet."""
    return [entry for entry in entries if entry.position not in found.mailboxes and entry.position not in found.errors]


def _raise_if_all_failed_alike(entries: Sequence[Entry], found: Found) -> None:
    """What hit every entry isn't about the mailboxes: one error says it better than a thousand."""
    if found.mailboxes or not entries or len(found.errors) < len(entries):
        return
    error = next(iter(found.errors.values()))
    if all(other.code == error.code for other in found.errors.values()) and not isinstance(
        error, (NotFoundError, AmbiguousError, UnexpectedAnswerError)
    ):
        raise error
