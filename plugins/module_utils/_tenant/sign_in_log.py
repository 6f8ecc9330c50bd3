# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Who has signed in by SMTP AUTH, as the sign-in log of Entra ID tells. What isn't in the log proves nothing."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .._errors import AccessDeniedError
from .._smtp_auth.identity import fold
from .._smtp_auth.several import first_of

if TYPE_CHECKING:
    from .._graph.client import GraphClient
    from .._smtp_auth.mailbox import Mailbox

PERMISSION = "AuditLog.Read.All"
MOST_DAYS = 30  # the log goes back no further
_CLIENTS = ("Authenticated SMTP", "SMTP")
_PAGE_SIZE = 1000
_SHOWN = 10


@dataclasses.dataclass(frozen=True)
class Used:
    """A mailbox that has used SMTP AUTH, and when it did last (ISO 8601, UTC)."""

    mailbox: Mailbox
    last: str


class UseGuard:
    """Refuses to take SMTP AUTH from who has used it lately. The log is read only where somebody would lose it."""

    def __init__(self, graph: GraphClient, days: int, now: datetime.datetime) -> None:
        """``now``: with a time zone."""
        self._graph = graph
        self._days = days
        self._since = now.astimezone(datetime.timezone.utc) - datetime.timedelta(days=days)
        self.used: list[Used] = []
        self.warnings: list[str] = []

    def __call__(self, losers: Sequence[Mailbox]) -> tuple[str, str] | None:
        """A code and a text if one of these has used it, or if that can't be told: a guard that sees nothing doesn't
        let pass.

        :raises M365Error: the log can't be read for another reason than access.
        """
        if not losers:
            return None
        try:
            last = last_sign_ins(self._graph, self._since)
        except AccessDeniedError as error:
            return "no_evidence", (
                f"Nothing was written: whether the {len(losers)} mailboxes that would lose SMTP AUTH have used it "
                f"isn't known, for the sign-in log can't be read. {error.message} Grant it, or take "
                f"refuse_if_used_within_days out to go on without evidence."
            )
        if not last:
            self.warnings.append(
                f"The sign-in log shows nobody at all who used SMTP AUTH in the last {self._days} days. It may lack "
                "such sign-ins: that is no evidence that nobody uses it."
            )
        self.used = [
            Used(mailbox, when)
            for mailbox in losers
            if (when := max(last.get(fold(mailbox.object_id), ""), last.get(fold(mailbox.primary_smtp_address), "")))
        ]
        if not self.used:
            return None
        shown = first_of(self.used, _SHOWN, lambda used: f"{used.mailbox.name} (last {used.last[:10]})")
        return "in_use", (
            f"Nothing was written: {len(self.used)} of the mailboxes that would lose SMTP AUTH have used it in the "
            f"last {self._days} days: {shown}. Leave them as they are, or move their senders "
            "first."
        )


def last_sign_ins(graph: GraphClient, since: datetime.datetime) -> dict[str, str]:
    """The last successful sign-in by SMTP AUTH since then, by the account's id and by its sign-in name, folded.

    :raises AccessDeniedError: no permission, or no licence for the log.
    :raises M365Error: it can't be read whole.
    """
    clients = " or ".join(f"clientAppUsed eq '{client}'" for client in _CLIENTS)
    wanted = f"createdDateTime ge {since:%Y-%m-%dT%H:%M:%SZ} and ({clients}) and status/errorCode eq 0"
    last: dict[str, str] = {}
    for page in graph.pages(f"/v1.0/auditLogs/signIns?$filter={quote(wanted)}&$top={_PAGE_SIZE}", PERMISSION):
        for row in page:
            when = str(row.get("createdDateTime") or "")
            for name in _names(row):
                last[name] = max(last.get(name, ""), when)
    return last


def _names(row: dict[str, Any]) -> set[str]:
    return {fold(str(row[key])) for key in ("userId", "userPrincipalName") if row.get(key)}
