# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The deadline, and the request to stop."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils import _clock
from ansible_collections.m365ops.exchange_online.plugins.module_utils._clock import Clock
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import (
    DeadlineError,
    InterruptedTaskError,
)


class Time:
    """In the place of the module ``time``. ``at_sleep``: what happens during a sleep."""

    def __init__(self) -> None:
        self.seconds = 5000.0
        self.sleeps: list[float] = []
        self.signal_after: float | None = None

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.seconds += seconds
        if self.signal_after is not None and sum(self.sleeps) >= self.signal_after:
            self.signal_after = None
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(_clock, "time", made)
    return made


@pytest.fixture
def clock(time: Time) -> Iterator[Clock]:
    """With ten seconds to go, listening to signals."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    made = Clock(10.0)
    made.stop_on_signals()
    yield made
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_time_runs_from_the_start(clock: Clock, time: Time) -> None:
    time.seconds += 4
    assert (clock.elapsed(), clock.remaining()) == (4, 6)
    clock.check()


def test_no_time_is_left_at_the_deadline(clock: Clock, time: Time) -> None:
    time.seconds += 10
    with pytest.raises(DeadlineError, match="10 s"):
        clock.check()


def test_a_wait_takes_its_time(clock: Clock, time: Time) -> None:
    clock.wait(3.5, "Waiting")
    assert sum(time.sleeps) == pytest.approx(3.5)
    assert max(time.sleeps) <= 1, "a request to stop is met soon, also by threads that no signal wakes"


@pytest.mark.parametrize("seconds", [0, -1])
def test_no_wait_at_all(clock: Clock, time: Time, seconds: float) -> None:
    clock.wait(seconds, "Waiting")
    assert time.sleeps == []


@pytest.mark.parametrize("seconds", [10, 11, 1e9])
def test_a_wait_past_the_deadline_is_not_begun(clock: Clock, time: Time, seconds: float) -> None:
    with pytest.raises(DeadlineError, match="The service is busy: waiting"):
        clock.wait(seconds, "The service is busy")
    assert time.sleeps == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_task(clock: Clock, number: int) -> None:
    with pytest.raises(InterruptedTaskError, match=f"signal {int(number)}"):
        os.kill(os.getpid(), number)
    with pytest.raises(InterruptedTaskError):
        clock.check()


def test_a_signal_ends_a_wait(clock: Clock, time: Time) -> None:
    time.signal_after = 1.0
    with pytest.raises(InterruptedTaskError):
        clock.wait(8, "Waiting")
    assert sum(time.sleeps) < 2


def test_a_signal_ends_a_wait_behind_the_shield_too(clock: Clock, time: Time) -> None:
    clock.shield()
    time.signal_after = 1.0
    with pytest.raises(InterruptedTaskError):
        clock.wait(8, "Waiting")
    assert sum(time.sleeps) < 2


def test_behind_the_shield_a_signal_is_only_noted(clock: Clock) -> None:
    clock.shield()
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(InterruptedTaskError, match="signal 15"):
        clock.check()


def test_a_second_signal_does_not_disturb_the_result_of_the_first(clock: Clock) -> None:
    with pytest.raises(InterruptedTaskError):
        os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(InterruptedTaskError):
        clock.check()


def test_a_hangup_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        Clock(10).stop_on_signals()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
