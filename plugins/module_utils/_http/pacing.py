# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""How fast to go: a window of requests in flight that halves when the service throttles and grows back by itself, as
TCP's does.

The service publishes no rate. So the client finds it: full speed until the first refusal, half of it then, and a
little more with every answer that comes through. ``Retry-After`` and the rate headers are obeyed where they come and
not needed where they don't.
"""

from __future__ import annotations

import math
import random
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from .._errors import DeadlineError

if TYPE_CHECKING:
    from .clock import Clock

MAX_WAIT = 300.0  # seconds: the longest Retry-After that is believed
FIRST_BACKOFF = 1.0
MAX_BACKOFF = 30.0
_GROWTH = 0.1  # of the window, for each window of answers
_FIRST_INTERVAL = 0.1  # seconds between requests once one in flight is still too many
_MAX_INTERVAL = 10.0
_RECOVERY = 0.8


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """``Retry-After`` as seconds from ``now`` (RFC 9110: a number or a date), from 0 to ``MAX_WAIT``; None if it isn't
    usable.
    """
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=timezone.utc)
            seconds = (moment - now).total_seconds()
        except (ValueError, OverflowError):
            return None
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), MAX_WAIT)


def backoff_seconds(attempt: int) -> float:
    """The wait before try ``attempt`` + 1 when the service names none: 1, 2, 4 ... 30 s, a fifth of it at random."""
    return min(MAX_BACKOFF, FIRST_BACKOFF * 2 ** (attempt - 1)) * random.uniform(0.8, 1.0)


class Pacer:
    """Lets requests go: at most a window of them in flight, none before the time that the service named."""

    def __init__(self, limit: int, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._turn = threading.Condition()
        self._window = float(limit)
        self._in_flight = 0
        self._not_before = 0.0
        self._why = ""  # what was said when the pause was asked for
        self._interval = 0.0
        self._slowed_at = 0.0

    @contextmanager
    def slot(self) -> Iterator[float]:
        """Wait for a turn and hold it. Gives the time at which the request starts.

        :raises DeadlineError, InterruptedTaskError: from the clock.
        """
        started = self._take()
        try:
            yield started
        finally:
            with self._turn:
                self._in_flight -= 1
                self._turn.notify()

    def _take(self) -> float:
        with self._turn:
            while True:
                self._clock.check()
                now = self._clock.now()
                pause = self._not_before - now
                if pause > 0:
                    if pause >= self._clock.remaining():
                        said = f"{self._why.rstrip('.')}. " if self._why else ""
                        raise DeadlineError(
                            f"{said}The service asks for a pause of {pause:.0f} s, "
                            "which runs past the task's deadline. Run the task again later, or raise deadline."
                        )
                    self._turn.wait(min(pause, 0.5))
                elif self._in_flight >= int(self._window):
                    self._turn.wait(0.5)
                else:
                    self._in_flight += 1
                    if self._interval:
                        self._not_before = now + self._interval
                    return now

    def came_through(self, headers: Mapping[str, str]) -> None:
        """An answer that wasn't throttled: a little faster."""
        with self._turn:
            self._window = min(float(self._limit), self._window + _GROWTH / self._window)
            self._interval = self._interval * _RECOVERY if self._interval > 0.01 else 0.0
            self._turn.notify()
        self._heed_rate_headers(headers)

    def throttled(self, started: float, seconds: float, why: str) -> None:
        """Refused for too many requests: half as fast, and nothing for ``seconds``. ``why``: what the service said.

        Only the first refusal of those in flight together slows down: the others say the same thing again.
        """
        with self._turn:
            now = self._clock.now()
            self._pause_until(now + seconds, why)
            if started >= self._slowed_at:
                if self._window < 2.0:
                    self._interval = min(_MAX_INTERVAL, max(_FIRST_INTERVAL, self._interval * 2))
                self._window = max(1.0, self._window / 2)
                self._slowed_at = now

    def _pause_until(self, moment: float, why: str = "") -> None:
        if moment > self._not_before:
            self._not_before, self._why = moment, why

    def _heed_rate_headers(self, headers: Mapping[str, str]) -> None:
        """Rate-Limit-Remaining and -Reset (seen in some answers, absent in others): no more once the allowance is used
        up.
        """
        remaining, reset = headers.get("Rate-Limit-Remaining"), headers.get("Rate-Limit-Reset")
        if not remaining or not reset:
            return
        try:
            left = int(remaining)
            # Python 3.10 reads neither "Z" nor the seven decimals that .NET writes.
            moment = datetime.fromisoformat(re.sub(r"\.\d+", "", reset.strip()).replace("Z", "+00:00"))
        except (ValueError, OverflowError):
            return
        if left > self._limit:
            return
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        seconds = min(max((moment - datetime.now(timezone.utc)).total_seconds(), 0.0), MAX_WAIT)
        with self._turn:
            self._pause_until(self._clock.now() + seconds)
