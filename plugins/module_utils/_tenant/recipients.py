# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Recipient types and authentication policies of mailboxes, as ``Get-User`` tells them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from .._exchange.wire import Command, CommandResult
from .._smtp_auth.identity import fold
from .._smtp_auth.unread import Unread
from .asking import again_if_expired

if TYPE_CHECKING:
    from .._errors import M365Error
    from .._smtp_auth.mailbox import Mailbox
    from .asking import Asking

Rows = Iterable[Mapping[str, Any]]
Recipients: TypeAlias = "Mapping[str, tuple[str, str] | Unread] | Unread"

_USER_COLUMNS = (
    "Guid",
    "ExchangeObjectId",
    "ExternalDirectoryObjectId",
    "RecipientTypeDetails",
    "AuthenticationPolicy",
)


class RecipientReader:
    """By any id of the mailbox."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def everybody(self) -> Recipients:
        """Those of the whole tenant."""
        listing = Command("Get-User", {"ResultSize": "Unlimited"}, _USER_COLUMNS, "all mailboxes")
        exchange = self._asking.connection.exchange
        return self._asking.guarded(
            lambda: again_if_expired(lambda: dict(_by_ids(exchange.list_pages(listing)))), listing
        )

    def some(self, mailboxes: Sequence[Mailbox]) -> Recipients:
        """Those of these mailboxes."""
        commands = self.commands(mailboxes)
        return self.told(mailboxes, commands, self._asking.ask(commands))

    def commands(self, mailboxes: Sequence[Mailbox]) -> list[Command]:
        """What there is to ask, for who asks it together with other things."""
        return [Command("Get-User", {"Identity": mailbox.guid}, _USER_COLUMNS, mailbox.name) for mailbox in mailboxes]

    def told(
        self, mailboxes: Sequence[Mailbox], commands: Sequence[Command], outcomes: Sequence[CommandResult | M365Error]
    ) -> Recipients:
        found: dict[str, tuple[str, str] | Unread] = {}
        for mailbox, command, outcome in zip(mailboxes, commands, outcomes, strict=True):
            told = self._asking.told(command, outcome, lambda rows: dict(_by_ids([rows])))
            if isinstance(told, Unread):
                found[fold(mailbox.guid)] = told
            else:
                found.update(told)
        return found


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
