# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""How far a long task is: a line about every ten seconds into a file that the action plugin watches and shows.

Nothing in the result depends on it, and nothing that goes wrong with it reaches the task.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._http.clock import Clock

VARIABLE = "M365OPS_PROGRESS_FILE"  # names the file: the action plugin makes it, and sets this for the module alone
INTERVAL = 10.0  # seconds


class Progress:
    """Says nothing in the first ten seconds, and nothing at all where nobody watches."""

    def __init__(self, clock: Clock | None = None, path: str | None = None) -> None:
        """``path``: an existing file of our own; anything else is left alone."""
        self._clock = clock
        self._file = _open(path) if clock and path else None
        self._said_at = clock.now() if clock else 0.0

    def tell(self, what: Callable[[], str]) -> None:
        """``what`` gives the line; it is only asked when one is due."""
        if self._file is None or self._clock is None or self._clock.now() < self._said_at + INTERVAL:
            return
        self._said_at = self._clock.now()
        try:
            os.write(self._file, (what() + "\n").encode("utf-8", "replace"))
        except OSError:
            self._file = None

    def stage(self, name: str, total: int | None = None) -> Stage:
        """A part of the task that counts up: ``name`` says what is done to mailboxes, such as ``read``."""
        return Stage(self, self._clock, name, total)


class Stage:
    """Counts, and estimates what is left from the time that it took so far."""

    def __init__(self, progress: Progress, clock: Clock | None, name: str, total: int | None) -> None:
        self._progress = progress
        self._clock = clock
        self._name = name
        self._total = total
        self._start = clock.now() if clock else 0.0

    def reached(self, done: int, failed: int = 0) -> None:
        self._progress.tell(lambda: self._line(done, failed))

    def _line(self, done: int, failed: int) -> str:
        of = f" of {self._total:,}" if self._total else ""
        parts = [f"{done:,}{of} mailboxes {self._name}"]
        if failed:
            parts.append(f"{failed:,} failed")
        left = self._left(done)
        if left:
            parts.append(f"about {left} left")
        return ", ".join(parts)

    def _left(self, done: int) -> str:
        if not self._total or not self._clock or not 0 < done < self._total:
            return ""
        seconds = (self._clock.now() - self._start) / done * (self._total - done)
        if seconds < 45:
            return "half a minute" if seconds > 15 else ""
        minutes = round(seconds / 60)
        return "1 minute" if minutes == 1 else f"{minutes:,} minutes"


def _open(path: str) -> int | None:
    """The file, if it is there, a plain one, and ours: the variable may come from anywhere."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    found = os.fstat(file)
    if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid():
        return file
    os.close(file)
    return None
