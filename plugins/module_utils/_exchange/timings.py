# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""How long the requests of this run took: what the choice between two ways to the same mailboxes goes by."""

from __future__ import annotations

import dataclasses
import threading

_WEIGHT = 0.3  # of the newest request in the mean


@dataclasses.dataclass(frozen=True)
class Pace:
    """Seconds that a full page of a listing and a full batch of look-ups take; None where none was seen yet.

    ``throttled``: how often the service has refused a request for being one too many. ``sign_in``: the seconds of that,
    which is an answer of the least size; None if nobody was asked.
    """

    page: float | None = None
    batch: float | None = None
    throttled: int = 0
    sign_in: float | None = None


class Timings:
    """Safe to use from several threads. What holds less than another request did tells nothing of a full one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._page = _Mean()
        self._look_ups = _Mean()
        self._writes = _Mean()

    def saw_page(self, rows: int, seconds: float) -> None:
        with self._lock:
            self._page.add(rows, seconds)

    def saw_batch(self, items: int, seconds: float, *, reads: bool) -> None:
        with self._lock:
            (self._look_ups if reads else self._writes).add(items, seconds)

    def pace(self, *, throttled: int = 0, sign_in: float | None = None) -> Pace:
        """Writes stand in for look-ups as long as there was none of those."""
        with self._lock:
            batch = self._look_ups if self._look_ups.seconds is not None else self._writes
            return Pace(self._page.seconds, batch.seconds, throttled, sign_in)


class _Mean:
    """Of the seconds of the fullest requests, the newest of which count most."""

    def __init__(self) -> None:
        self._size = 0
        self.seconds: float | None = None

    def add(self, size: int, seconds: float) -> None:
        if size < self._size:
            return
        if self.seconds is None or size > self._size:
            self._size, self.seconds = size, seconds
        else:
            self.seconds += _WEIGHT * (seconds - self.seconds)
