# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How often and how gently a probe tries: on a clock that needn't be waited for."""

from __future__ import annotations

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import InterruptedTaskError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.clock import Clock
from ansible_collections.m365ops.exchange_online.plugins.module_utils._progress import Progress
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.smtp_answers import Judgement, Met
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.probe import (
    Probe,
    not_tried,
    try_to_sign_in,
)


class QuickClock(Clock):
    """Waits take no time, and are remembered. ``stop_at``: the wait at which the task is told to stop."""

    def __init__(self, deadline: float, stop_at: int = 0) -> None:
        self._now = 0.0
        super().__init__(deadline)
        self._start = 0.0
        self.waits: list[float] = []
        self._stop_at = stop_at

    def now(self) -> float:
        return self._now

    def pass_by(self, seconds: float) -> None:
        self._now += seconds

    def wait(self, seconds: float, why: str) -> None:
        self.waits.append(seconds)
        assert seconds < self.remaining(), why
        if len(self.waits) == self._stop_at:
            raise InterruptedTaskError("The task was stopped by signal 15.")
        self.pass_by(seconds)


LATER = Judgement("refused", "organization", "Wait.", again=True)
NEVER = Judgement("refused", "credentials", "Wrong.")
YES = Judgement("accepted", "", "Fine.")


class Notes(Progress):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def tell(self, what: object) -> None:
        assert callable(what)
        self.lines.append(what())


def run(answers: list[Judgement], clock: QuickClock, wait: float, takes: float = 0.0) -> tuple[Probe, Notes]:
    probe, notes = not_tried("."), Notes()
    given = iter(answers)
    last = answers[-1]

    def sign_in() -> tuple[Met, Judgement]:
        clock.pass_by(takes)
        return Met("auth", 535, "No"), next(given, last)

    try_to_sign_in(probe, sign_in, clock, notes, wait=wait)
    return probe, notes


def test_without_a_wait_it_is_tried_once() -> None:
    clock = QuickClock(3600)
    probe, _notes = run([LATER], clock, 0)
    assert (probe.tried, probe.judgement, clock.waits) == (1, LATER, [])


def test_until_it_is_accepted_and_no_longer() -> None:
    clock = QuickClock(3600)
    probe, notes = run([LATER, LATER, YES], clock, 600, takes=2)
    assert (probe.tried, probe.judgement) == (3, YES)
    assert clock.waits == [15, 22.5]
    assert probe.seconds == 43.5
    assert notes.lines[0] == "try 1: refused by the layer organization; the next one in 15 s, 598 s are left"


def test_what_time_does_not_cure_is_tried_once() -> None:
    clock = QuickClock(3600)
    probe, _notes = run([NEVER], clock, 3000)
    assert (probe.tried, clock.waits) == (1, [])
    probe, _notes = run([LATER, NEVER, YES], clock, 3000)
    assert (probe.tried, probe.judgement) == (2, NEVER)


def test_pauses_grow_to_a_minute_and_keep_within_the_bound() -> None:
    clock = QuickClock(3600)
    probe, _notes = run([LATER], clock, 300)
    assert clock.waits[:4] == [15, 22.5, 33.75, 50.625]
    assert set(clock.waits[4:-1]) == {60.0}
    assert clock.now() == probe.seconds == 300
    assert probe.tried == len(clock.waits) + 1


def test_no_try_right_after_another_at_the_end() -> None:
    clock = QuickClock(3600)
    run([LATER], clock, 18)
    assert clock.waits == [15]


@pytest.mark.parametrize("deadline", [30, 100, 119, 121])
def test_the_deadline_holds(deadline: int) -> None:
    clock = QuickClock(deadline)
    probe, _notes = run([LATER], clock, 86400)
    assert clock.now() <= deadline - 1
    assert probe.judgement == LATER


def test_slow_tries_count() -> None:
    clock = QuickClock(3600)
    probe, _notes = run([LATER], clock, 100, takes=120)
    assert (probe.tried, clock.waits) == (1, [])


def test_told_to_stop_it_keeps_what_it_found() -> None:
    clock = QuickClock(3600, stop_at=2)
    probe = not_tried(".")
    with pytest.raises(InterruptedTaskError):
        try_to_sign_in(probe, lambda: (Met("auth", 535, "No"), LATER), clock, Notes(), wait=600)
    assert (probe.tried, probe.judgement) == (2, LATER)
