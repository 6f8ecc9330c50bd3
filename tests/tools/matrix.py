# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which ansible-core is tested on which interpreter."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from tools.interpreters import Interpreter

# The Python versions that each ansible-core runs on, from lowest to highest.
CORES: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "2.16": ((3, 10), (3, 12)),
    "2.17": ((3, 10), (3, 12)),
    "2.18": ((3, 11), (3, 13)),
    "2.19": ((3, 11), (3, 13)),
    "2.20": ((3, 12), (3, 14)),
    "2.21": ((3, 12), (3, 14)),
    "2.22": ((3, 13), (3, 15)),
}

# Without a final release when this was written. Each joins the matrix where the package index has one by now.
COMING = ("2.22",)

_RELEASED = tuple(core for core in CORES if core not in COMING)
OLDEST, NEWEST = _RELEASED[0], _RELEASED[-1]

# The last core that runs on a Python below 3.12; many control nodes have it for long.
MIDDLE = "2.19"


@dataclass(frozen=True)
class Leg:
    """One ansible-core on one interpreter."""

    core: str
    interpreter: Interpreter

    @property
    def where(self) -> str:
        return f"core {self.core}, Python {self.interpreter.name}"


@dataclass(frozen=True)
class Matrix:
    """What can be run, oldest core first, and what can't: core -> why. ``coming``: those that aren't expected yet."""

    legs: tuple[Leg, ...]
    missing: dict[str, str]
    coming: dict[str, str] = field(default_factory=dict)

    @property
    def ends(self) -> tuple[Leg, ...]:
        """The oldest and the newest."""
        return self.legs if len(self.legs) < 2 else (self.legs[0], self.legs[-1])

    def told(self, ran: Collection[Leg]) -> list[str]:
        """Two lines: on which cores something was run, and why on the others nothing was."""
        run = [f"{leg.core} (Python {leg.interpreter.name})" for leg in self.legs if leg in ran]
        why = dict.fromkeys(CORES, "between those that are tested")
        why |= self.missing | self.coming
        why |= {leg.core: "nothing was chosen that runs on it" for leg in self.legs}
        reasons: dict[str, list[str]] = {}
        for core in CORES:
            if core not in {leg.core for leg in ran}:
                reasons.setdefault(why[core], []).append(core)
        rest = [f"{', '.join(cores)} ({reason})" for reason, cores in reasons.items()]
        return [
            f"ansible-core run:     {', '.join(run) or 'none'}",
            f"ansible-core not run: {'; '.join(rest) or 'none'}",
        ]


def _runs(core: str, interpreter: Interpreter) -> bool:
    lowest, highest = CORES[core]
    return lowest <= interpreter.version <= highest


def _why_not(core: str) -> str:
    lowest, highest = CORES[core]
    return f"no interpreter from Python {lowest[0]}.{lowest[1]} to {highest[0]}.{highest[1]} found"


def best_core(interpreter: Interpreter) -> str | None:
    """The newest core that an interpreter runs."""
    return next((core for core in reversed(_RELEASED) if _runs(core, interpreter)), None)


def not_asked(_core: str, _interpreter: Interpreter) -> str:
    """The answer about every coming core of one that asked nobody."""
    return "the package index wasn't asked for it"


def plan(interpreters: Sequence[Interpreter], why_not: Callable[[str, Interpreter], str] = not_asked) -> Matrix:
    """The oldest core on the lowest interpreter, the newest on the highest, and the one between on the lowest.

    Where no interpreter runs the newest core, the newest that one does run takes its place.

    :param why_not: tells of a core to come and an interpreter why it can't be had, or ``""`` if it can.
    """
    legs: list[Leg] = []
    missing: dict[str, str] = {}
    for core, pick in ((OLDEST, 0), (MIDDLE, 0), (NEWEST, -1)):
        able = [interpreter for interpreter in sorted(interpreters) if _runs(core, interpreter)]
        if able:
            legs.append(Leg(core, able[pick]))
        else:
            missing[core] = _why_not(core)
    if len(legs) == 1 and interpreters:
        _add_newest_possible(legs, interpreters)
    coming: dict[str, str] = {}
    for core in COMING:
        able = [interpreter for interpreter in sorted(interpreters) if _runs(core, interpreter)]
        reason = why_not(core, able[-1]) if able else _why_not(core)
        if reason:
            coming[core] = reason
        else:
            legs.append(Leg(core, able[-1]))
    return Matrix(tuple(legs), missing, coming)


def _add_newest_possible(legs: list[Leg], interpreters: Sequence[Interpreter]) -> None:
    highest = max(interpreters)
    core = best_core(highest)
    if core and core not in {leg.core for leg in legs}:
        legs.append(Leg(core, highest))
        legs.sort(key=lambda leg: list(CORES).index(leg.core))
