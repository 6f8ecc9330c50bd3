# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Time, and the two things that end a wait early: the task's deadline and a request to stop."""

from __future__ import annotations

import signal
import time
from typing import Any

from .._errors import DeadlineError, InterruptedTaskError

_NAP = 0.2  # seconds between looks at whether the task was told to stop


class Clock:
    """Monotonic seconds, a deadline on them, and waits that neither outlive the deadline nor a request to stop."""

    def __init__(self, deadline: float) -> None:
        """``deadline``: seconds that the whole task may take, from now."""
        self._limit = deadline
        self._start = time.monotonic()
        self._shielded = False
        self._signal_at = 0.0
        self._signal = 0  # no Event: a signal handler may not take a lock that the code it interrupts may hold

    def now(self) -> float:
        return time.monotonic()

    def elapsed(self) -> float:
        return self.now() - self._start

    def remaining(self) -> float:
        """Seconds until the deadline; negative after it."""
        return self._limit - self.elapsed()

    def check(self) -> None:
        """
        :raises DeadlineError: the time is used up.
        :raises InterruptedTaskError: the task was told to stop.
        """
        if self._signal:
            raise InterruptedTaskError(f"The task was stopped by signal {self._signal}.")
        if self.remaining() <= 0:
            raise DeadlineError(
                f"The task's deadline of {self._limit:g} s is over. Run the task again, or raise deadline."
            )

    def wait(self, seconds: float, why: str) -> None:
        """Sleep. A wait that would run past the deadline isn't begun.

        :raises DeadlineError, InterruptedTaskError: as ``check``.
        """
        self.check()
        if seconds <= 0:
            return
        if seconds >= self.remaining():
            raise DeadlineError(
                f"{why}: waiting {seconds:.0f} s would run past the task's deadline of {self._limit:g} s. "
                "Run the task again later, or raise deadline."
            )
        until = self.now() + seconds
        while (left := until - self.now()) > 0:
            time.sleep(min(left, _NAP))
            self.check()

    # Signals ---------------------------------------------------------------------------------------------------------

    def stop_on_signals(self) -> None:
        """SIGTERM, SIGINT and SIGHUP (a closed terminal) end the task with a result instead of killing it.

        A SIGHUP that is ignored already, as by ``nohup``, stays so.
        """
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: Any) -> None:
        first = not self._signal
        if first:
            self._signal_at = self.now()
        self._signal = number
        if first and not self._shielded:
            self.check()

    def stopping_since(self) -> float:
        """Seconds since the task was told to stop; 0 if it wasn't."""
        return self.now() - self._signal_at if self._signal else 0.0

    def shield(self) -> None:
        """From the first write to the task's end: a signal is only noted, so that what was written is always told."""
        self._shielded = True
