# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""A few threads that work jobs off while the main thread keeps the books.

Not ``concurrent.futures``: its threads are joined when the interpreter ends, so that a task told to stop would hang on
a slow answer.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

Job = TypeVar("Job")

_TURN = 0.0005  # seconds that a thread may compute while another one, such as that of a request, waits for its turn


class Workers(Generic[Job]):
    """Starts no thread before there is work for it."""

    def __init__(self, most: int, work: Callable[[Job], Any]) -> None:
        self._most = most
        self._work = work
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Job, Any]] = queue.SimpleQueue()
        self._threads = 0
        self.running = 0

    @property
    def has_room(self) -> bool:
        return self.running < self._most

    def submit(self, job: Job) -> None:
        self.running += 1
        if self._threads < min(self.running, self._most):
            self._start()
        self._jobs.put(job)

    def _start(self) -> None:
        """One more thread. If the machine gives none, those that are there do the work."""
        # A request takes a dozen turns; by Python's own 5 ms, whoever works on its rows would hold up the next page.
        sys.setswitchinterval(min(sys.getswitchinterval(), _TURN))
        try:
            threading.Thread(target=self._serve, daemon=True).start()
        except RuntimeError:
            if not self._threads:
                raise
        else:
            self._threads += 1

    def next_done(self, seconds: float) -> tuple[Job, Any] | None:
        """A finished job with what it gave (an exception if it raised one), or None if none finishes in time."""
        try:
            done = self._done.get(timeout=seconds)
        except queue.Empty:
            return None
        self.running -= 1
        return done

    def close(self) -> None:
        for _each in range(self._threads):
            self._jobs.put(None)

    def _serve(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                return
            try:
                result = self._work(job)
            except BaseException as error:  # whatever it is: a job without an end would be waited for in vain
                result = error
            self._done.put((job, result))
