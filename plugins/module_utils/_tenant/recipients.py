# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Recipient types and authentication policies of mailboxes, as ``Get-User`` tells them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from .._errors import InterruptedTaskError, M365Error
from .._exchange.wire import Command, CommandResult
from .._smtp_auth.identity import fold
from .._smtp_auth.unread import Unread
from .asking import again_if_expired
from .look_ups import LookUps

if TYPE_CHECKING:
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
_LISTING = Command("Get-User", {"ResultSize": "Unlimited"}, _USER_COLUMNS, "all mailboxes")


class RecipientReader:
    """By any id of the mailbox."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def everybody(self) -> Recipients:
        """Those of the whole tenant."""
        return self._asking.guarded(self._listed, _LISTING)

    def some(
        self, mailboxes: Sequence[Mailbox], pages_win: Callable[[int], bool] | None = None
    ) -> dict[str, tuple[str, str] | Unread]:
        """Those of these mailboxes at least. ``pages_win``: whether so many that are left are better listed."""
        commands = self.commands(mailboxes)
        look_ups = LookUps(self._asking.run(commands), len(commands), pages_win)
        outcomes = dict(look_ups)
        found = self.told(
            [mailboxes[place] for place in outcomes], [commands[place] for place in outcomes], list(outcomes.values())
        )
        if not look_ups.left:
            return found
        left = [mailboxes[place] for place in look_ups.left]
        try:
            return {**self._listed(), **found}
        except InterruptedTaskError:
            raise
        except M365Error:
            return {**found, **self.some(left)}

    def _listed(self) -> dict[str, tuple[str, str] | Unread]:
        exchange = self._asking.connection.exchange
        return again_if_expired(lambda: dict(_by_ids(exchange.list_pages(_LISTING))))

    def commands(self, mailboxes: Sequence[Mailbox]) -> list[Command]:
        """What there is to ask, for who asks it together with other things."""
        return [Command("Get-User", {"Identity": mailbox.guid}, _USER_COLUMNS, mailbox.name) for mailbox in mailboxes]

    def told(
        self, mailboxes: Sequence[Mailbox], commands: Sequence[Command], outcomes: Sequence[CommandResult | M365Error]
    ) -> dict[str, tuple[str, str] | Unread]:
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
