# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""A plan as a whole: its fingerprint, its size, and who would lose by it. Nothing here asks or writes."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .followers import followers, losers
from .identity import fold
from .several import first_of
from .state import DISABLED, ENABLED, INHERIT

if TYPE_CHECKING:
    from .limit import Limit
    from .mailbox import Mailbox
    from .plan import Step

_FIRST = 5  # mailboxes in a message
_FINGERPRINT = re.compile(r"[0-9a-fA-F]{64}")


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a run would do. ``switch``: the organization's setting, before and after; None where the run has no say in
    it. ``everybody``: all mailboxes of the tenant; None where they weren't read. ``asked``: how many mailboxes the run
    speaks of.
    """

    changes: Sequence[Step]
    asked: int
    switch: tuple[str, str] | None = None
    everybody: Sequence[Mailbox] | None = None

    @property
    def turns_switch(self) -> bool:
        return self.switch is not None and self.switch[0] != self.switch[1]

    @property
    def fingerprint(self) -> str:
        """The same for two plans that do the same: that take the same mailboxes, and the organization's setting, from
        the same states to the same states. What a mailbox is called, in which order they come, and what is already as
        it should be, don't matter.
        """
        lines = [f"{fold(step.mailbox.guid)} {step.mailbox.state} {step.wanted}\n" for step in self.changes]
        if self.switch is not None and self.turns_switch:
            lines.append(f"organization {self.switch[0]} {self.switch[1]}\n")
        return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()

    @property
    def first(self) -> str:
        """The first mailboxes that would change, and how many more; empty if none would."""
        return first_of(self.changes, _FIRST, lambda step: step.entry.text)

    @property
    def hangs_on_organization(self) -> bool:
        """Whether who would lose SMTP AUTH can only be told by the organization's setting, which isn't known here."""
        doubtful = ((ENABLED, INHERIT), (INHERIT, DISABLED))
        return self.switch is None and any((step.mailbox.state, step.wanted) in doubtful for step in self.changes)

    def losers(self, organization: str) -> list[Mailbox]:
        """Who may use SMTP AUTH now by the switches, and may no more once the plan is carried out.

        :param organization: its setting, where the plan doesn't have it.
        """
        before, after = self.switch or (organization, organization)
        everybody = self.everybody if self.turns_switch else [step.mailbox for step in self.changes]
        return losers(self.changes, everybody or (), before, after)


# What may refuse a plan -----------------------------------------------------------------------------------------------

# A code and a text.
Refusal = tuple[str, str]


def check_size(plan: Plan, limit: Limit | None) -> Refusal | None:
    """Where the organization's setting changes, the mailboxes that follow it are counted, too."""
    if limit is None:
        return None
    affected = {step.mailbox.guid for step in plan.changes}
    if plan.turns_switch:
        affected |= {mailbox.guid for mailbox in followers(plan.changes, plan.everybody or ())}
    own = len(plan.changes)
    total = len(plan.everybody) if plan.everybody is not None else plan.asked
    if len(affected) <= limit.of(total):
        return None
    more = len(affected) - own
    followed = f" and the organization's setting, which {more:,} more follow" if more else ""
    named = f" It would change {plan.first}." if own else ""
    return "max_changes", (
        f"The plan changes {own:,} of {plan.asked:,} mailboxes{followed}, more than max_changes={limit.shown(total)}; "
        f"nothing was written.{named} Look at the plan in the result, or at its diff with --check --diff and a higher "
        "limit. If it is right, raise max_changes."
    )


def check_expected(plan: Plan, expected: str) -> Refusal | None:
    """``expected``: a fingerprint; an empty text if none is."""
    if not expected or plan.fingerprint == expected.casefold():
        return None
    if not _FINGERPRINT.fullmatch(expected):
        return "another_plan", (
            f"Nothing was written: expected_plan is {expected[:80]!r}, which isn't the fingerprint of a plan. Give all "
            "64 characters of it, as the preview of this very tenant returned them."
        )
    would = f"would change {plan.first}" if plan.changes else "would change no mailbox"
    switched = f", and the organization's setting to {plan.switch[1]}" if plan.switch and plan.turns_switch else ""
    return "another_plan", (
        f"Nothing was written: the plan isn't what the preview showed. The tenant has changed since, or other "
        f"mailboxes are asked for. Expected was the plan {expected[:12]}, made was {plan.fingerprint[:12]}, which "
        f"{would}{switched}. Look at it in a new preview, and hand on the fingerprint of that."
    )
