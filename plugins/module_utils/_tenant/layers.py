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
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._exchange.wire import BATCH_SIZE
from .._smtp_auth.identity import fold
from .._smtp_auth.layers import Account, Tenant, User, no_policy_blocks
from .._smtp_auth.unread import Unread
from .accounts import AccountReader, Accounts
from .asking import Asking
from .at_once import Early, in_parallel
from .recipients import RecipientReader, Recipients
from .tenant_layers import ORGANIZATION, TenantAnswers, TenantLayers
from .ways import pages_win, pages_win_again

if TYPE_CHECKING:
    from .._errors import M365Error
    from .._smtp_auth.mailbox import Mailbox
    from .connection import Connection


@dataclasses.dataclass(frozen=True)
class Directory:
    """What was read of the users: recipient type and authentication policy by any id of the mailbox, accounts by
    theirs.
    """

    recipients: Recipients
    accounts: Accounts
    _users: dict[str, User] = dataclasses.field(default_factory=dict, init=False, repr=False, compare=False)

    def user(self, mailbox: Mailbox) -> User:
        """Of each mailbox the same one, however often it is asked for."""
        known = self._users.get(mailbox.guid)
        if known is None or known.object_id != mailbox.object_id:
            kind, policy = self._recipient(mailbox)
            known = self._users[mailbox.guid] = User(mailbox.object_id, kind, policy, self._account(mailbox))
        return known

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
    """Reads the layers of one tenant."""

    def __init__(self, connection: Connection, *, sparing: bool = False) -> None:
        """``sparing``: only what blocks has to be told, not what is there all the same."""
        self.connection = connection
        self.sparing = sparing
        self._asking = Asking(connection)
        self._tenant = TenantLayers(self._asking)
        self._early: Early[TenantAnswers] | None = None
        self._recipients = RecipientReader(self._asking)
        self.accounts = AccountReader(self._asking)

    @property
    def faults(self) -> list[M365Error]:
        """What went wrong otherwise than for lack of access."""
        return self._asking.faults

    def begin_tenant(self) -> None:
        """From now on, what holds for every mailbox is read beside other things. It is read once."""
        if self._early is None:
            self._early = Early(self._read_tenant)

    def end_early(self) -> None:
        """Nobody is going to ask for what was begun."""
        if self._early:
            self._early.end()
        if self.accounts.early:
            self.accounts.early.end()

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
        together = BATCH_SIZE - len(ORGANIZATION)  # so many users fit into the request that asks for the organization
        if self.sparing and mailboxes is not None and (self._early or len(mailboxes) > together):
            return self._read_sparingly(mailboxes, pages, today)
        listing = mailboxes is None or self._pages_win(len(mailboxes), pages)
        asked = [] if listing or mailboxes is None else list(mailboxes)
        if self._early:
            recipients, accounts, answers = in_parallel(
                self._recipients.everybody if listing else lambda: self._some(asked, pages),
                lambda: self.accounts.read(mailboxes, pages),
                self._early.result,
            )
            return self._tenant.tenant(answers, today), Directory(recipients, accounts)
        commands = self._recipients.commands(asked)
        recipients, accounts, outcomes, answers = in_parallel(
            self._recipients.everybody if listing else dict,
            lambda: self.accounts.read(mailboxes, pages),
            lambda: self._asking.ask([*ORGANIZATION, *commands]),
            lambda: self._tenant.read_policies(members=mailboxes is None or bool(mailboxes)),
        )
        if not listing:
            recipients = self._recipients.told(asked, commands, outcomes[len(ORGANIZATION) :])
        answers = dataclasses.replace(answers, organization=outcomes[: len(ORGANIZATION)])
        return self._tenant.tenant(answers, today), Directory(recipients, accounts)

    def _read_sparingly(
        self, mailboxes: Sequence[Mailbox], pages: int | None, today: datetime.date
    ) -> tuple[Tenant, Directory]:
        """The same, where it is enough to know what blocks: users are asked for only if their policy or their type can
        matter.
        """
        accounts, answers = in_parallel(
            lambda: self.accounts.read(mailboxes, pages), self._early.result if self._early else self._read_tenant
        )
        tenant = self._tenant.tenant(answers, today)
        directory = Directory({}, accounts)
        if no_policy_blocks(tenant):
            left = [mailbox for mailbox in mailboxes if not _is_in_order(directory.user(mailbox).account)]
        else:
            left = list(mailboxes)
        told: dict[str, tuple[str, str] | Unread] = {fold(mailbox.guid): ("", "") for mailbox in mailboxes}
        everybody = self._pages_win(len(left), pages)
        recipients = self._recipients.everybody() if everybody else self._some(left, pages)
        if isinstance(recipients, Unread):
            told.update((fold(mailbox.guid), recipients) for mailbox in left)
            return tenant, Directory(told, accounts)
        for mailbox in left:
            del told[fold(mailbox.guid)]
        return tenant, Directory({**told, **recipients}, accounts)

    def _some(self, mailboxes: Sequence[Mailbox], pages: int | None) -> Recipients:
        exchange, concurrency = self.connection.exchange, self.connection.concurrency
        return self._recipients.some(mailboxes, lambda left: pages_win_again(left, pages, exchange.pace, concurrency))

    def _read_tenant(self) -> TenantAnswers:
        return self._tenant.read(members=True)

    def _pages_win(self, number: int, pages: int | None) -> bool:
        return pages_win(number, pages, self.connection.exchange.pace, self.connection.concurrency)


def _is_in_order(account: Account | Unread) -> bool:
    return isinstance(account, Account) and account.enabled and account.licensed
