# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Read what decides beside the mailbox's own setting: the organization's settings, Entra ID's policies, the accounts.

What can't be read, for lack of a permission or for a fault, is told as ``Unread`` with the reason; it is never guessed.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from urllib.parse import quote

from .._errors import AccessDeniedError, InterruptedTaskError, M365Error, NotFoundError, PageExpiredError, SignInError
from .._exchange.batch import BatchRun
from .._exchange.timings import Pace
from .._exchange.wire import BATCH_SIZE, Command, CommandResult
from .._http.workers import Workers
from .._smtp_auth.abilities import ACCOUNTS, POLICIES
from .._smtp_auth.access_coverage import Members, groups_that_matter, roles_that_matter
from .._smtp_auth.conditional_access import AccessPolicy, read_policy
from .._smtp_auth.identity import fold
from .._smtp_auth.layers import Account, AuthenticationPolicy, Tenant, User, authentication_policy, no_policy_blocks
from .._smtp_auth.organization import Switch
from .._smtp_auth.state import UnreadableStateError
from .._smtp_auth.unread import Unread
from .early_accounts import EarlyAccounts
from .members import MemberReader
from .ways import FEW, pages_win

if TYPE_CHECKING:
    from .._smtp_auth.mailbox import Mailbox
    from .connection import Connection

Result = TypeVar("Result")
Rows = Iterable[Mapping[str, Any]]
Recipients: TypeAlias = "Mapping[str, tuple[str, str] | Unread] | Unread"
Accounts: TypeAlias = "Mapping[str, Account] | Unread"

POLICY_PERMISSION = POLICIES
ACCOUNT_PERMISSION = ACCOUNTS
_SECURITY_DEFAULTS = "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy"
_CONDITIONAL_ACCESS = "/v1.0/identity/conditionalAccess/policies"
_ACCOUNTS = "/v1.0/users?$select=id,accountEnabled,assignedLicenses,userType"
_PAGE_OF_ACCOUNTS = 999  # the most that Graph gives
_GUEST = {"guest": True, "member": False}  # by userType
_IDS_IN_A_FILTER = 15  # the most that Graph takes
_ORGANIZATION = (
    Command("Get-TransportConfig", subject="the organization"),
    Command("Get-OrganizationConfig", subject="the organization"),
    Command("Get-AuthenticationPolicy", subject="the organization"),
)
_USER_COLUMNS = (
    "Guid",
    "ExchangeObjectId",
    "ExternalDirectoryObjectId",
    "RecipientTypeDetails",
    "AuthenticationPolicy",
)
_POLL = 0.2  # seconds between moments at which a signal can be heeded


@dataclasses.dataclass(frozen=True)
class Directory:
    """What was read of the users: recipient type and authentication policy by any id of the mailbox, accounts by
    theirs.
    """

    recipients: Recipients
    accounts: Accounts

    def user(self, mailbox: Mailbox) -> User:
        kind, policy = self._recipient(mailbox)
        return User(mailbox.object_id, kind, policy, self._account(mailbox))

    def _recipient(self, mailbox: Mailbox) -> tuple[str, str | Unread]:
        if isinstance(self.recipients, Unread):
            return "", self.recipients
        for name in (mailbox.guid, mailbox.object_id):
            told = self.recipients.get(fold(name))
            if told is not None:
                return ("", told) if isinstance(told, Unread) else told
        return "", Unread("Get-User doesn't show this mailbox")

    def _account(self, mailbox: Mailbox) -> Account | Unread:
        if isinstance(self.accounts, Unread):
            return self.accounts
        if not mailbox.object_id:
            return Unread("the mailbox doesn't name its account in Entra ID")
        return self.accounts.get(fold(mailbox.object_id)) or Unread("Entra ID doesn't show the account")


class LayerReader:
    """Reads the layers of one tenant. ``faults``: what went wrong otherwise than for lack of access."""

    def __init__(self, connection: Connection, *, sparing: bool = False) -> None:
        """``sparing``: only what blocks has to be told, not what is there all the same."""
        self.connection = connection
        self.sparing = sparing
        self.early: EarlyAccounts | None = None
        self.faults: list[M365Error] = []

    def tenant(self, today: datetime.date) -> Tenant:
        """What holds for every mailbox: one request to Exchange, two to Graph."""
        return self.read((), None, today)[0]

    def read(
        self, mailboxes: Sequence[Mailbox] | None, pages: int | None, today: datetime.date
    ) -> tuple[Tenant, Directory]:
        """What holds for every mailbox, and the users behind these mailboxes (None: behind all).

        Everything is asked at the same time, and the users in the better way: one by one, or everybody. ``pages``: of
        a listing of everybody, if that is known.
        """
        if self.sparing and mailboxes is not None and len(mailboxes) > BATCH_SIZE - len(_ORGANIZATION):
            return self._read_sparingly(mailboxes, pages, today)
        listing = mailboxes is None or self._pages_win(len(mailboxes), pages)
        asked = [] if listing or mailboxes is None else list(mailboxes)
        commands = [*_ORGANIZATION, *map(_user_of, asked)]
        recipients, accounts, outcomes, on, access = in_parallel(
            self._listed_recipients if listing else dict,
            lambda: self._accounts(mailboxes, pages),
            lambda: self._ask(commands),
            self._security_defaults,
            lambda: self._conditional_access(members=mailboxes is None or bool(mailboxes)),
        )
        if not listing:
            recipients = self._recipients(asked, commands[len(_ORGANIZATION) :], outcomes[len(_ORGANIZATION) :])
        return self._tenant(outcomes, on, access, today), Directory(recipients, accounts)

    def _read_sparingly(
        self, mailboxes: Sequence[Mailbox], pages: int | None, today: datetime.date
    ) -> tuple[Tenant, Directory]:
        """The same, where it is enough to know what blocks: users are asked for only if their policy or their type can
        matter.
        """
        accounts, outcomes, on, access = in_parallel(
            lambda: self._accounts(mailboxes, pages),
            lambda: self._ask(_ORGANIZATION),
            self._security_defaults,
            lambda: self._conditional_access(members=True),
        )
        tenant = self._tenant(outcomes, on, access, today)
        directory = Directory({}, accounts)
        if no_policy_blocks(tenant):
            left = [mailbox for mailbox in mailboxes if not _is_in_order(directory.user(mailbox).account)]
        else:
            left = list(mailboxes)
        told: dict[str, tuple[str, str] | Unread] = {fold(mailbox.guid): ("", "") for mailbox in mailboxes}
        if self._pages_win(len(left), pages):
            recipients = self._listed_recipients()
        else:
            commands = [_user_of(mailbox) for mailbox in left]
            recipients = self._recipients(left, commands, self._ask(commands))
        if isinstance(recipients, Unread):
            told.update((fold(mailbox.guid), recipients) for mailbox in left)
            return tenant, Directory(told, accounts)
        for mailbox in left:
            del told[fold(mailbox.guid)]
        return tenant, Directory({**told, **recipients}, accounts)

    def _tenant(
        self,
        outcomes: Sequence[CommandResult | M365Error],
        on: bool | Unread,
        access: tuple[list[AccessPolicy] | Unread, Members],
        today: datetime.date,
    ) -> Tenant:
        transport, organization, policies = outcomes[: len(_ORGANIZATION)]
        switch = self._told(_ORGANIZATION[0], transport, Switch.from_rows)
        return Tenant(
            organization=switch if isinstance(switch, Unread) else switch.state,
            legacy_tls=None if isinstance(switch, Unread) else switch.legacy_tls,
            default_policy=self._told(_ORGANIZATION[1], organization, _default_policy),
            policies=self._told(_ORGANIZATION[2], policies, _policies),
            security_defaults=on,
            conditional_access=access[0],
            today=today,
            members=access[1],
        )

    # One thing each --------------------------------------------------------------------------------------------------

    def _security_defaults(self) -> bool | Unread:
        answer = self._guarded(lambda: self.connection.graph.get(_SECURITY_DEFAULTS, POLICY_PERMISSION))
        if isinstance(answer, Unread):
            return answer
        on = answer.get("isEnabled")
        return on if isinstance(on, bool) else Unread("Graph's answer doesn't tell whether they are on")

    def _conditional_access(self, *, members: bool) -> tuple[list[AccessPolicy] | Unread, Members]:
        """The policies that touch clients with a password, and if wanted who is in the groups and roles they name."""

        def read() -> list[AccessPolicy]:
            pages = self.connection.graph.pages(_CONDITIONAL_ACCESS, POLICY_PERMISSION)
            return [policy for page in pages for row in page if (policy := read_policy(row))]

        policies = self._guarded(read)
        if isinstance(policies, Unread) or not members:
            return policies, {}
        groups, roles = groups_that_matter(policies), roles_that_matter(policies)
        if not groups and not roles:
            return policies, {}
        parallel = functools.partial(in_parallel, most=self.connection.concurrency)
        reader = MemberReader(self.connection.graph, self.connection.members, self._guarded, parallel)
        return policies, reader.read(groups, roles)

    def _listed_recipients(self) -> Recipients:
        """Recipient type and authentication policy of everybody, by any id of the mailbox."""
        listing = Command("Get-User", {"ResultSize": "Unlimited"}, _USER_COLUMNS, "all mailboxes")
        return self._guarded(
            lambda: _again_if_expired(lambda: dict(_by_ids(self.connection.exchange.list_pages(listing)))), listing
        )

    def _recipients(
        self, mailboxes: Sequence[Mailbox], commands: Sequence[Command], outcomes: Sequence[CommandResult | M365Error]
    ) -> Recipients:
        found: dict[str, tuple[str, str] | Unread] = {}
        for mailbox, command, outcome in zip(mailboxes, commands, outcomes, strict=True):
            told = self._told(command, outcome, lambda rows: dict(_by_ids([rows])))
            if isinstance(told, Unread):
                found[fold(mailbox.guid)] = told
            else:
                found.update(told)
        return found

    def early_accounts(self, may_be_wanted: int, pages: Callable[[], int | None]) -> EarlyAccounts:
        """Accounts that are asked for before it is known of whom they are needed: of at most so many."""
        concurrency = self.connection.concurrency

        def by_listing(number: int) -> bool:
            known = pages()
            few = known is None and may_be_wanted <= FEW
            early.may_ask_by_id = few or (known is not None and not self._pages_win(may_be_wanted, known, graph=True))
            return self._pages_win(number, known, graph=True)

        early = EarlyAccounts(self._read_accounts, by_listing, in_a_request=_IDS_IN_A_FILTER, concurrency=concurrency)
        return early

    def _accounts(self, mailboxes: Sequence[Mailbox] | None, pages: int | None) -> Accounts:
        known = self.early.known() if self.early else {}
        if self.early and self.early.are_all:
            return known
        if mailboxes is None:
            return self._guarded(lambda: self._read_accounts(None))
        ids = sorted({fold(mailbox.object_id) for mailbox in mailboxes if mailbox.object_id} - set(known))
        asked = None if self._pages_win(len(ids), pages, graph=True) else ids
        more = self._guarded(lambda: self._read_accounts(asked))
        return more if isinstance(more, Unread) else {**known, **more}

    def _read_accounts(self, ids: Sequence[str] | None) -> dict[str, Account]:
        """The accounts with these ids, or all.

        :raises M365Error: they can't be read.
        """
        paths = [f"{_ACCOUNTS}&$top={_PAGE_OF_ACCOUNTS}"]
        if ids is not None:
            paths = [_accounts_path(ids[at : at + _IDS_IN_A_FILTER]) for at in range(0, len(ids), _IDS_IN_A_FILTER)]

        def read(path: str) -> dict[str, Account]:
            rows = (row for page in self.connection.graph.pages(path, ACCOUNT_PERMISSION) for row in page)
            return {fold(str(row.get("id") or "")): account for row in rows if (account := _account(row))}

        def read_all() -> dict[str, Account]:
            jobs = [functools.partial(read, path) for path in paths]
            accounts: dict[str, Account] = {}
            for some in in_parallel(*jobs, most=self.connection.concurrency):
                accounts.update(some)
            return accounts

        return _again_if_expired(read_all)

    def _pages_win(self, number: int, pages: int | None, *, graph: bool = False) -> bool:
        pace, concurrency = self.connection.exchange.pace, self.connection.concurrency
        if graph:  # of which nothing was seen yet
            return pages_win(number, pages, Pace(None, None, pace.throttled), concurrency, in_a_batch=_IDS_IN_A_FILTER)
        return pages_win(number, pages, pace, concurrency)

    # Asking ----------------------------------------------------------------------------------------------------------

    def _ask(self, commands: Sequence[Command]) -> list[CommandResult | M365Error]:
        outcomes = dict(BatchRun(self.connection.exchange, commands, self.connection.concurrency))
        return [outcomes[place] for place in range(len(commands))]

    def _told(
        self, command: Command, outcome: CommandResult | M365Error, read: Callable[[list[dict[str, Any]]], Result]
    ) -> Result | Unread:
        """What ``read`` makes of the rows of a command."""

        def checked() -> Result:
            if isinstance(outcome, M365Error):
                raise outcome
            if outcome.next_link or outcome.truncated:
                raise UnreadableStateError("the answer isn't whole")
            return read(outcome.rows)

        return self._guarded(checked, command)

    def _guarded(self, read: Callable[[], Result], command: Command | None = None) -> Result | Unread:
        """What ``read`` gives, or why it can't be had. ``command``: what was asked of Exchange, if it was that.

        :raises InterruptedTaskError: the task was told to stop.
        """
        try:
            return read()
        except UnreadableStateError as error:
            return Unread(str(error))
        except InterruptedTaskError:
            raise
        except M365Error as error:
            # By its code too: what is left out because others were refused carries no more than that.
            if isinstance(error, AccessDeniedError) or error.code == AccessDeniedError.code:
                role = f"an Exchange role with {command.cmdlet}" if command else ""
                return Unread(error.message.rstrip("."), getattr(error, "permission", "") or role)
            # Graph may have a sign-in of its own that isn't allowed; without one for Exchange there is nothing to tell.
            if not isinstance(error, NotFoundError) and (command or not isinstance(error, SignInError)):
                self.faults.append(error)
            return Unread(error.message.rstrip("."))


def _again_if_expired(read: Callable[[], Result]) -> Result:
    """A listing of which a link expired is begun again, once."""
    try:
        return read()
    except PageExpiredError:
        return read()


def in_parallel(*jobs: Callable[[], Any], most: int = 4) -> list[Any]:
    """What the jobs give, in their order, ``most`` at a time.

    :raises Exception: the first of the jobs' errors, once all that were begun have ended or an error is there.
    """
    if len(jobs) == 1:
        return [jobs[0]()]
    results: list[Any] = [None] * len(jobs)
    workers: Workers[int] = Workers(most, lambda place: jobs[place]())
    try:
        for place in range(len(jobs)):
            workers.submit(place)
        while workers.running:
            done = workers.next_done(_POLL)
            if done is None:
                continue
            place, result = done
            if isinstance(result, Exception):
                raise result
            results[place] = result
    finally:
        workers.close()
    return results


def _user_of(mailbox: Mailbox) -> Command:
    return Command("Get-User", {"Identity": mailbox.guid}, _USER_COLUMNS, mailbox.name)


def _is_in_order(account: Account | Unread) -> bool:
    return isinstance(account, Account) and account.enabled and account.licensed


def _accounts_path(ids: Sequence[str]) -> str:
    listed = ",".join(f"'{value}'" for value in ids)
    return f"{_ACCOUNTS}&$filter={quote(f'id in ({listed})')}&$top={_PAGE_OF_ACCOUNTS}"


def _account(row: Mapping[str, Any]) -> Account | None:
    """None where the row doesn't tell: then nothing is known of the account."""
    enabled, licences = row.get("accountEnabled"), row.get("assignedLicenses")
    if not isinstance(enabled, bool) or not isinstance(licences, list):
        return None
    return Account(enabled, bool(licences), _GUEST.get(fold(str(row.get("userType")))))


def _by_ids(pages: Iterable[Rows]) -> Iterator[tuple[str, tuple[str, str] | Unread]]:
    """Recipient type and authentication policy of each row of ``Get-User``, under each of its ids."""
    for page in pages:
        for row in page:
            told: tuple[str, str] | Unread
            if "AuthenticationPolicy" in row:
                told = (str(row.get("RecipientTypeDetails") or ""), str(row["AuthenticationPolicy"] or ""))
            else:
                told = Unread("Get-User: the answer has no property AuthenticationPolicy")
            for key in _USER_COLUMNS[:3]:
                if row.get(key):
                    yield fold(str(row[key])), told


def _default_policy(rows: Sequence[Mapping[str, Any]]) -> str:
    if len(rows) != 1 or "DefaultAuthenticationPolicy" not in rows[0]:
        raise UnreadableStateError("Get-OrganizationConfig: the answer has no property DefaultAuthenticationPolicy")
    return str(rows[0]["DefaultAuthenticationPolicy"] or "")


def _policies(rows: Sequence[Mapping[str, Any]]) -> list[AuthenticationPolicy]:
    read = [authentication_policy(row) for row in rows]
    if None in read:
        raise UnreadableStateError("Get-AuthenticationPolicy: the answer has no readable property AllowBasicAuthSmtp")
    return [policy for policy in read if policy is not None]
