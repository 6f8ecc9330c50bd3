# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast to go, with a clock that only moves when it is told to."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import DeadlineError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http import pacing as _pacing
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.clock import Clock
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.pacing import (
    MAX_BACKOFF,
    MAX_WAIT,
    Pacer,
    backoff_seconds,
    retry_after_seconds,
)

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=timezone.utc)
LIMIT = 4


class Blocked(Exception):
    """A turn would be waited for that nobody gives."""


class FakeClock(Clock):
    """Seconds since its start; nothing passes by itself."""

    def __init__(self, deadline: float = 1000.0) -> None:
        super().__init__(deadline)
        self._start = 0.0
        self.time = 0.0

    def now(self) -> float:
        return self.time


class Turn:
    """In the place of the pacer's condition: a wait lets the time pass, and one for a free place can't end."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.pacer: Pacer | None = None

    def __enter__(self) -> Turn:
        return self

    def __exit__(self, *_exception: object) -> None:
        return None

    def notify(self) -> None:
        return None

    def wait(self, seconds: float) -> None:
        assert self.pacer is not None
        if self.pacer._not_before <= self._clock.time:
            raise Blocked
        self._clock.time += seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def pacer(clock: FakeClock) -> Pacer:
    made = Pacer(LIMIT, clock)
    turn = Turn(clock)
    turn.pacer = made
    made._turn = turn  # type: ignore[assignment]
    return made


def places(pacer: Pacer) -> int:
    """How many requests may be in flight together now."""
    with ExitStack() as stack:
        for count in range(100):
            try:
                stack.enter_context(pacer.slot())
            except Blocked:
                return count
    raise AssertionError("no limit at all")


def answer(pacer: Pacer, times: int = 1, headers: Mapping[str, str] | None = None) -> None:
    for _each in range(times):
        pacer.came_through(headers or {})


# Retry-After and backoff --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        ("7", 7),
        (" 7 ", 7),
        ("1.5", 1.5),
        ("-3", 0),
        ("10000000", MAX_WAIT),
        ("inf", MAX_WAIT),
        ("nan", None),
        ("soon", None),
        ("Mon, 23 Nov 2026 12:00:09 GMT", 9),
        ("Mon, 23 Nov 2026 14:00:09 +0200", 9),
        ("Mon, 23 Nov 2026 12:00:09 -0000", 9),
        ("Mon, 23 Nov 2026 11:59:00 GMT", 0),
        ("Tue, 23 Nov 2027 12:00:00 GMT", MAX_WAIT),
        ("Mon, 99 Nov 2026 12:00:09 GMT", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", MAX_WAIT),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value, NOW) == seconds


def test_backoff_doubles_and_is_bounded() -> None:
    for attempt, most in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, MAX_BACKOFF), (20, MAX_BACKOFF)]:
        waits = {backoff_seconds(attempt) for _each in range(50)}
        assert all(0.8 * most <= wait <= most for wait in waits)
        assert len(waits) > 1, "clients that failed together don't come back together"


# The window ---------------------------------------------------------------------------------------------------------


def test_full_speed_until_the_first_refusal(pacer: Pacer) -> None:
    assert places(pacer) == LIMIT


def test_a_turn_is_given_back_after_an_error(pacer: Pacer) -> None:
    for _each in range(2 * LIMIT):
        with pytest.raises(RuntimeError), pacer.slot():
            raise RuntimeError
    assert places(pacer) == LIMIT


def test_a_refusal_halves(pacer: Pacer, clock: FakeClock) -> None:
    for expected in (2, 1, 1):
        clock.time += 1
        pacer.throttled(clock.time, 0, "Busy")
        assert places(pacer) == expected


def test_refusals_of_requests_in_flight_together_count_once(pacer: Pacer, clock: FakeClock) -> None:
    started = [clock.time] * LIMIT
    clock.time += 1
    for each in started:
        pacer.throttled(each, 0, "Busy")
    assert places(pacer) == LIMIT // 2


def test_answers_bring_the_window_back_and_no_further(pacer: Pacer, clock: FakeClock) -> None:
    clock.time += 1
    pacer.throttled(clock.time, 0, "Busy")
    seen = []
    for _each in range(200):
        answer(pacer)
        seen.append(places(pacer))
    assert seen == sorted(seen), "it only grows"
    assert seen[5] == 2, "not at the first answer"
    assert set(seen) == {2, 3, LIMIT}


# Pauses -------------------------------------------------------------------------------------------------------------


def test_nothing_goes_before_the_time_that_was_named(pacer: Pacer, clock: FakeClock) -> None:
    pacer.throttled(clock.time, 7, "Busy")
    with pacer.slot() as started:
        assert started >= 7


def test_the_longer_of_two_pauses_counts(pacer: Pacer, clock: FakeClock) -> None:
    pacer.throttled(clock.time, 7, "Busy")
    pacer.throttled(clock.time, 2, "Busy")
    with pacer.slot() as started:
        assert started >= 7


def test_a_pause_past_the_deadline_is_not_begun(pacer: Pacer, clock: FakeClock) -> None:
    pacer.throttled(clock.time, 1000, "Busy")
    with pytest.raises(DeadlineError, match="1000 s"), pacer.slot():
        pass
    assert clock.time == 0
    assert pacer._in_flight == 0


def test_one_in_flight_that_is_still_too_many_is_spaced_out(pacer: Pacer, clock: FakeClock) -> None:
    """The window can't go below one, so that the time between requests grows: doubled, up to a bound."""
    gaps = []
    for _each in range(14):
        clock.time += 1
        pacer.throttled(clock.time, 0, "Busy")
        with pacer.slot() as first:
            pass
        with pacer.slot() as second:
            pass
        gaps.append(round(second - first, 6))
    assert gaps[:2] == [0, 0], "four, two, one in flight come first"
    assert gaps[2:5] == [0.1, 0.2, 0.4]
    assert gaps[-1] == _pacing._MAX_INTERVAL == max(gaps)


def test_the_spacing_goes_as_it_came(pacer: Pacer, clock: FakeClock) -> None:
    for _each in range(14):
        clock.time += 1
        pacer.throttled(clock.time, 0, "Busy")
    answer(pacer, 60)
    with pacer.slot() as first:
        pass
    with pacer.slot() as second:
        pass
    assert first == second


# Rate headers -------------------------------------------------------------------------------------------------------


def rate(remaining: object, reset: str) -> dict[str, str]:
    return {"Rate-Limit-Remaining": str(remaining), "Rate-Limit-Reset": reset}


def in_seconds(seconds: float, form: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).strftime(form)


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.1234567Z", "%Y-%m-%dT%H:%M:%S+00:00"])
@pytest.mark.parametrize("remaining", [0, LIMIT])
def test_a_used_up_allowance_pauses_until_its_reset(pacer: Pacer, remaining: int, form: str) -> None:
    answer(pacer, headers=rate(remaining, in_seconds(60, form)))
    with pacer.slot() as started:
        assert 50 < started <= 61


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Rate-Limit-Remaining": "0"},
        {"Rate-Limit-Reset": "2099-01-01T00:00:00Z"},
        rate(LIMIT + 1, "2099-01-01T00:00:00Z"),
        rate(0, "2020-01-01T00:00:00Z"),
        rate(0, "tomorrow"),
        rate("few", "2099-01-01T00:00:00Z"),
    ],
)
def test_no_pause_where_the_headers_ask_for_none(pacer: Pacer, headers: dict[str, str]) -> None:
    answer(pacer, headers=headers)
    with pacer.slot() as started:
        assert started == 0


def test_a_reset_in_the_far_future_is_not_believed_whole(pacer: Pacer) -> None:
    answer(pacer, headers=rate(0, "2099-01-01T00:00:00Z"))
    with pacer.slot() as started:
        assert started == pytest.approx(MAX_WAIT, abs=1)
