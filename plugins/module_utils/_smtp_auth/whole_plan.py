# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""A plan as a whole: its fingerprint, and who would lose by it. Nothing here asks or writes."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .followers import losers
from .identity import fold
from .several import first_of
from .state import DISABLED, ENABLED, INHERIT

if TYPE_CHECKING:
    from .mailbox import Mailbox
    from .plan import Step

_FIRST = 5  # mailboxes in a message


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
