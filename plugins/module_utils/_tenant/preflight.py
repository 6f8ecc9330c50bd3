# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Before mailboxes are enabled: whether something else is going to block them all the same."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._errors import Failure
from .._smtp_auth.effective import BLOCKS, DISABLED, UNKNOWN, Effective
from .._smtp_auth.several import first_of
from .._smtp_auth.state import ENABLED
from .judging import Evaluation, judge_mailboxes
from .layers import LayerReader

if TYPE_CHECKING:
    from .._smtp_auth.mailbox import Mailbox
    from .._smtp_auth.plan import Step
    from .._smtp_auth.whole_plan import Plan
    from .connection import Connection
    from .mailboxes import MailboxStore

_SHOWN = 5


@dataclasses.dataclass(frozen=True)
class Blocked:
    """A mailbox that stays blocked once it is enabled."""

    mailbox: Mailbox
    effective: Effective


@dataclasses.dataclass
class Preflight:
    """``checked``: how many mailboxes were to be enabled. ``unknown``: the layers that couldn't be read, with the
    reason.
    """

    checked: int = 0
    blocked: list[Blocked] = dataclasses.field(default_factory=list)
    unknown: dict[str, str] = dataclasses.field(default_factory=dict)


def look_ahead(reader: LayerReader, steps: Sequence[Step], pages: int | None, today: datetime.date) -> Preflight:
    """What a client will meet at the mailboxes that these steps enable. Asks nothing where none does.

    :raises InterruptedTaskError: the task was told to stop. What can't be read is in ``unknown``.
    """
    enabling = [step.mailbox for step in steps if step.needed and step.wanted == ENABLED]
    result = Preflight(len(enabling))
    if not enabling:
        return result
    tenant, directory = reader.read(enabling, pages, today)
    judged = judge_mailboxes(
        Evaluation(reader.connection), tenant, directory, ((mailbox, ENABLED) for mailbox in enabling)
    )
    for mailbox in enabling:
        effective = judged[mailbox.guid]
        if DISABLED in (effective.basic, effective.oauth):
            result.blocked.append(Blocked(mailbox, effective))
        for layer in effective.layers:
            # A layer that blocks Basic is told as that, and what is open about OAuth with it.
            if UNKNOWN in (layer.basic, layer.oauth) and layer.basic != BLOCKS:
                result.unknown.setdefault(layer.name, layer.reason)
    return result


class LookAhead:
    """A guard. ``fail``: refuse where a mailbox stays blocked, instead of warning.

    ``result`` and ``warnings`` are there afterwards.
    """

    def __init__(self, connection: Connection, store: MailboxStore, today: datetime.date, *, fail: bool) -> None:
        self._connection = connection
        self._store = store
        self._today = today
        self._reader = LayerReader(connection, sparing=True)
        self._fail = fail
        self.result = Preflight()
        self.warnings: list[str] = []

    def begin_early(self, entries: int) -> None:
        """From now on, mailboxes that the store finds and that aren't enabled are looked at while it still reads."""
        early = self._reader.accounts.begin_early(entries, lambda: self._store.pages_expected)

        def notice(mailbox: Mailbox) -> None:
            if mailbox.state != ENABLED:
                early.notice(mailbox)

        self._store.notice = notice

    def __call__(self, plan: Plan) -> Failure | None:
        self.result = look_ahead(self._reader, plan.changes, self._store.pages_expected, self._today)
        unknown = unknown_text(self.result)
        if unknown:
            self.warnings.append(unknown)
        blocked = blocked_text(self.result)
        if blocked and self._fail:
            number = f"{len(self.result.blocked)} of {self.result.checked}"
            return Failure(
                "blocked",
                f"Nothing was written: {number} mailboxes to be enabled would still be blocked. {' '.join(blocked)} "
                f"Clear the way first, or set preflight to warn.",
            )
        self.warnings.extend(blocked)
        return None


def blocked_text(result: Preflight) -> list[str]:
    """One sentence for each set of layers that blocks, naming the mailboxes."""
    groups: dict[tuple[str, ...], list[Blocked]] = {}
    for blocked in result.blocked:
        reasons = (layer.reason for layer in blocked.effective.blocking)
        groups.setdefault((blocked.effective.oauth, *reasons), []).append(blocked)
    sentences = []
    for group in groups.values():
        effective = group[0].effective
        kinds = "Basic and OAuth" if effective.oauth == DISABLED else "Basic (OAuth can be used)"
        if effective.oauth == UNKNOWN:
            kinds = "Basic (whether OAuth can be used isn't known)"
        layers = "; ".join(f"{layer.name}: {layer.reason}" for layer in effective.layers if layer.basic == BLOCKS)
        names = first_of(group, _SHOWN, lambda one: one.mailbox.name)
        sentences.append(f"{names} will still be blocked for {kinds} by {layers}.")
    return sentences


def unknown_text(result: Preflight) -> str:
    """One sentence on what couldn't be checked, or an empty text."""
    if not result.unknown:
        return ""
    said = "; ".join(f"{name}: {reason}" for name, reason in result.unknown.items())
    return f"Whether something else blocks the mailboxes that are enabled isn't known in full. {said}."
