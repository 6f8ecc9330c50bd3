# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What in a tenant needs attention: who is enabled explicitly, who is on but blocked, who is at risk, what isn't known.

Names are kept up to a limit, counts are of all: a result that names sixty thousand helps nobody.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from .effective import BLOCKS, DISABLED, EFFECTIVE_STATES, UNKNOWN, Effective
from .state import ENABLED

MOST_NAMES = 100


@dataclasses.dataclass
class Names:
    """A number of mailboxes, the first of them by name."""

    count: int = 0
    mailboxes: list[str] = dataclasses.field(default_factory=list)

    def add(self, name: str) -> None:
        self.count += 1
        if len(self.mailboxes) < MOST_NAMES:
            self.mailboxes.append(name)


@dataclasses.dataclass
class Findings:
    """``enabled``: by the mailbox's own setting. ``blocked``: switched on, by the mailbox or the organization, but
    blocked for Basic by the layer that is the key. ``unknown``: the answer for Basic hangs on that layer. A mailbox
    stands under each layer that blocks it, or on which it hangs. ``basic_at_risk``: nothing is in the way of Basic but
    its retirement. ``basic_unknown``: whether that is so isn't known, so that these may be at risk, too.
    """

    basic: dict[str, int]
    oauth: dict[str, int]
    enabled: Names = dataclasses.field(default_factory=Names)
    blocked: dict[str, Names] = dataclasses.field(default_factory=dict)
    unknown: dict[str, Names] = dataclasses.field(default_factory=dict)
    basic_at_risk: Names = dataclasses.field(default_factory=Names)
    basic_unknown: Names = dataclasses.field(default_factory=Names)


def find(judged: Iterable[tuple[str, str, Effective]]) -> Findings:
    """``judged``: name, own setting and effective state of each mailbox."""
    findings = Findings(dict.fromkeys(EFFECTIVE_STATES, 0), dict.fromkeys(EFFECTIVE_STATES, 0))
    for name, state, effective in judged:
        findings.basic[effective.basic] += 1
        findings.oauth[effective.oauth] += 1
        if state == ENABLED:
            findings.enabled.add(name)
        if effective.basic_at_risk:
            findings.basic_at_risk.add(name)
        elif effective.basic == UNKNOWN:
            findings.basic_unknown.add(name)
        if effective.switched_on and effective.basic == DISABLED:
            _add(findings.blocked, name, effective, BLOCKS)
        if effective.basic == UNKNOWN:
            _add(findings.unknown, name, effective, UNKNOWN)
    return findings


def _add(found: dict[str, Names], name: str, effective: Effective, verdict: str) -> None:
    """Add a mailbox under each layer that says so of Basic."""
    for layer in effective.layers:
        if layer.basic == verdict:
            found.setdefault(layer.name, Names()).add(name)
