# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Refuses to take SMTP AUTH from who has used it lately, as the sign-in log of Entra ID tells."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._errors import AccessDeniedError, Failure
from .._smtp_auth.several import first_of
from .._smtp_auth.usage import Evidence
from .sign_in_log import successes, why_not_offered

if TYPE_CHECKING:
    from .._graph.client import GraphClient
    from .._smtp_auth.mailbox import Mailbox

_SHOWN = 10
_TAKE_OUT = "ake refuse_if_used_within_days out to go on without evidence."


@dataclasses.dataclass(frozen=True)
class Used:
    """A mailbox that has used SMTP AUTH, and when it did last (ISO 8601, UTC; empty if the log doesn't tell)."""

    mailbox: Mailbox
    last: str


class UseGuard:
    """The log is read only where somebody would lose SMTP AUTH."""

    def __init__(self, graph: GraphClient, days: int, now: datetime.datetime, cloud: str = "public") -> None:
        """``now``: with a time zone."""
        self._graph = graph
        self._days = days
        self._since = now.astimezone(datetime.timezone.utc) - datetime.timedelta(days=days)
        self._cloud = cloud
        self.used: list[Used] = []
        self.warnings: list[str] = []

    def __call__(self, losers: Sequence[Mailbox]) -> Failure | None:
        """A failure if one of these has used it, or if that can't be told: a guard that sees nothing doesn't let pass.

        :raises M365Error: the log can't be read for another reason than access.
        """
        if not losers:
            return None
        without = why_not_offered(self._cloud)
        if without:
            return self._blind(losers, f"{without} T{_TAKE_OUT}")
        evidence, lack = Evidence(), ""
        try:
            for trace in successes(self._graph, self._since):
                evidence.add(trace)
        except AccessDeniedError as error:
            lack = f"{error.message} {'Grant it, or t' if error.permission else 'T'}{_TAKE_OUT}"
        uses = ((mailbox, evidence.of((mailbox.object_id, mailbox.primary_smtp_address))) for mailbox in losers)
        self.used = [Used(mailbox, use.last) for mailbox, use in uses if use.seen_in]
        if self.used:
            return self._in_use()
        if lack:
            return self._blind(losers, lack)
        if not evidence.everybody():
            self.warnings.append(
                f"The sign-in log shows nobody at all who used SMTP AUTH in the last {self._days} days. It may lack "
                "such sign-ins: that is no evidence that nobody uses it."
            )
        return None

    def _blind(self, losers: Sequence[Mailbox], why: str) -> Failure:
        return Failure(
            "no_evidence",
            f"Nothing was written: whether the {len(losers)} mailboxes that would lose SMTP AUTH have used it isn't "
            f"known, because the sign-in log can't be read. {why}",
        )

    def _in_use(self) -> Failure:
        shown = first_of(
            self.used,
            _SHOWN,
            lambda used: f"{used.mailbox.name} (last {used.last[:10] or 'on a day that is not told'})",
        )
        return Failure(
            "in_use",
            f"Nothing was written: {len(self.used)} of the mailboxes that would lose SMTP AUTH have used it in the "
            f"last {self._days} days: {shown}. Leave them as they are, or move their senders "
            "first.",
        )
