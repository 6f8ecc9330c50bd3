# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One process of the control node: its threads and clock, and the step at which something ends it."""

from __future__ import annotations

import dataclasses
import random
import signal
from collections.abc import Callable

from simulation.scheduler import Scheduler
from simulation.stdlib import SimulatedSignals

SIGNALS = {"SIGTERM": signal.SIGTERM, "SIGHUP": signal.SIGHUP, "SIGINT": signal.SIGINT}


@dataclasses.dataclass(frozen=True)
class End:
    """What comes at the ``step``-th step: SIGTERM, SIGHUP, SIGINT or SIGKILL. ``again``: once more, so many later."""

    how: str
    step: int
    again: int = 0


class Process:
    """Steps are what can be seen from outside: a request sent, taken, answered; bytes written to a file."""

    def __init__(self, rng: random.Random, start: float, ends: tuple[End, ...], tell: Callable[[str], None]) -> None:
        self.scheduler = Scheduler(rng, start)
        self.signals = SimulatedSignals(self.scheduler)
        self.scheduler.before_main = self.signals.deliver
        self._ends = ends
        self._tell = tell
        self.steps = 0
        self.ended_by = ""

    def step(self, what: str) -> None:
        """A step is about to be taken."""
        self.steps += 1
        for end in self._ends:
            if self.steps == end.step or (end.again and self.steps == end.step + end.again):
                self._tell(f"{end.how} before: {what}")
                self.ended_by = self.ended_by or end.how
                if end.how == "SIGKILL":
                    self.scheduler.kill()
                self.signals.send(SIGNALS[end.how])
