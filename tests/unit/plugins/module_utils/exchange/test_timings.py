# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a full page and a full batch take, as far as this run has seen one."""

from __future__ import annotations

from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.timings import Pace, Timings


def test_nothing_is_known_before_anything_was_seen() -> None:
    assert Timings().pace() == Pace(None, None)
    assert Timings().pace(throttled=3).throttled == 3


def test_a_last_page_or_batch_that_is_not_full_tells_nothing() -> None:
    timings = Timings()
    timings.saw_page(1000, 1.2)
    timings.saw_page(12, 0.1)
    timings.saw_batch(10, 0.3, reads=True)
    timings.saw_batch(1, 0.1, reads=True)
    assert timings.pace() == Pace(1.2, 0.3)


def test_a_full_one_tells_more_than_those_before_it() -> None:
    timings = Timings()
    timings.saw_page(12, 0.1)
    timings.saw_page(1000, 1.2)
    assert timings.pace().page == 1.2


def test_the_newest_count_most_and_one_that_is_odd_does_not_decide() -> None:
    timings = Timings()
    for seconds in (0.2, 0.2, 0.2, 2.0):
        timings.saw_page(1000, seconds)
    odd = timings.pace().page or 0.0
    assert 0.2 < odd < 1.0
    for _each in range(20):
        timings.saw_page(1000, 2.0)
    assert (timings.pace().page or 0.0) > 1.9


def test_writes_stand_in_for_look_ups_until_there_was_one() -> None:
    timings = Timings()
    timings.saw_batch(10, 5.0, reads=False)
    assert timings.pace().batch == 5.0
    timings.saw_batch(3, 1.0, reads=True)
    assert timings.pace().batch == 1.0


def test_the_seconds_of_the_sign_in_come_from_elsewhere() -> None:
    assert Timings().pace(throttled=2, sign_in=0.3) == Pace(None, None, 2, 0.3)
