# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running checks, a few at a time, each as soon as what it waits for is done."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tools import paths
from tools.check import Check
from tools.process import CommandFailed, Log

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"

# One more than there are processors, for checks wait as much as they work; but not so many that one can't read along.
WORKERS = min((os.cpu_count() or 1) + 1, 4)


@dataclass(frozen=True)
class Outcome:
    """``seconds`` is None for what didn't run; ``reason`` says why something failed or was skipped."""

    check: Check
    result: str
    seconds: float | None = None
    reason: str = ""
    tail: str = ""


def with_needed(checks: Sequence[Check], names: Sequence[str]) -> list[Check]:
    """The checks of these names or groups, and those that must come before them.

    Raises ValueError for a name that is none.
    """
    if not names:
        return list(checks)
    known = {check.name for check in checks} | {check.group for check in checks}
    unknown = sorted(set(names) - known)
    if unknown:
        raise ValueError(f"no check is called {', '.join(unknown)}")
    chosen = {check.name for check in checks if check.name in names or check.group in names}
    for check in reversed(checks):
        if check.name in chosen:
            chosen.update(check.after)
    return [check for check in checks if check.name in chosen]


def on_core(checks: Sequence[Check], core: str) -> list[Check]:
    """The checks of this core, and those that aren't of any."""
    return [check for check in checks if check.suffix in ("", core)]


class Schedule:
    """Runs each check once. ``announce`` is told of each start (an Outcome without result) and each end."""

    def __init__(self, checks: Sequence[Check], announce: Callable[[Outcome], None], workers: int = WORKERS) -> None:
        self._workers = workers
        self._checks = list(checks)
        self._waiting = list(checks)
        self._running: list[Check] = []
        self._outcomes: dict[str, Outcome] = {}
        self._announce = announce
        self._changed = threading.Condition()

    def run(self) -> list[Outcome]:
        """The outcomes, in the order in which the checks were given."""
        workers = [threading.Thread(target=self._work, daemon=True) for _number in range(self._workers)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return [self._outcomes[check.name] for check in self._checks]

    def _work(self) -> None:
        while True:
            check = self._take()
            if check is None:
                return
            outcome = self._not_to_run(check) or self._execute(check)
            with self._changed:
                self._running.remove(check)
                self._outcomes[check.name] = outcome
                self._announce(outcome)
                self._changed.notify_all()

    def _take(self) -> Check | None:
        """The next check that may start; waits for one. None when all have been taken."""
        with self._changed:
            while self._waiting:
                check = next((check for check in self._waiting if self._may_start(check)), None)
                if check:
                    self._waiting.remove(check)
                    self._running.append(check)
                    return check
                self._changed.wait()
        return None

    def _may_start(self, check: Check) -> bool:
        lane_is_free = not check.lane or check.lane not in {other.lane for other in self._running}
        return lane_is_free and all(name in self._outcomes for name in check.after)

    def _not_to_run(self, check: Check) -> Outcome | None:
        if check.skip:
            return Outcome(check, SKIPPED, reason=check.skip)
        with self._changed:
            broken = [name for name in check.after if self._outcomes[name].result != PASSED]
        if broken:
            return Outcome(check, FAILED, reason=f"not run, because {broken[0]} did not pass")
        return None

    def _execute(self, check: Check) -> Outcome:
        with self._changed:
            self._announce(Outcome(check, ""))
        started = time.monotonic()
        log = Log(paths.LOGS / f"{check.name}.log")
        reason = ""
        try:
            check.run(log)
        except CommandFailed as error:
            reason = str(error)
        except Exception as error:  # a mistake in a check must not take the others with it
            reason = f"{type(error).__name__}: {error}"
        seconds = time.monotonic() - started
        if not reason:
            return Outcome(check, PASSED, seconds)
        log.note(reason)
        return Outcome(check, FAILED, seconds, reason, log.tail(40))
