# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Several things asked for at the same time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._http.workers import Workers

_POLL = 0.2  # seconds between moments at which a signal can be heeded


def in_parallel(*jobs: Callable[[], Any], most: int = 4) -> list[Any]:
    """What the jobs give, in their order, ``most`` at a time.

    :raises Exception: the first of the jobs' errors, once all that were begun have ended or an error is there.
    """
    if len(jobs) == 1:
        return [jobs[0]()]
    results: list[Any] = [None] * len(jobs)
    workers: Workers[int] = Workers(most, lambda place: jobs[place]())
    try:
        for place in range(len(jobs)):
            workers.submit(place)
        while workers.running:
            done = workers.next_done(_POLL)
            if done is None:
                continue
            place, result = done
            if isinstance(result, Exception):
                raise result
            results[place] = result
    finally:
        workers.close()
    return results
