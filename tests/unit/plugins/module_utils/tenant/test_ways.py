# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which way to many mailboxes is better: by the time that this run has seen, within twice the fewest requests."""

from __future__ import annotations

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.timings import Pace
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.ways import (
    Left,
    expected_rows,
    left_of,
    look_ups_win,
    may_read_on,
    pages_are_quick,
    pages_win,
    pages_win_again,
    worth_a_try,
)

FLAT, UNSEEN = Pace(0.25, 0.25), Pace()
SLOW_PAGES, SLOW_BATCHES = Pace(1.2, 0.2), Pace(0.25, 2.0)


@pytest.mark.parametrize(
    ("pages", "batches", "pace", "concurrency", "look_ups"),
    [
        (60, 100, FLAT, 4, True),  # 25 round trips against 60
        (60, 100, FLAT, 2, True),
        (60, 100, FLAT, 1, False),
        (60, 100, SLOW_PAGES, 1, True),
        (60, 100, SLOW_BATCHES, 4, False),  # 50 s against 15
        (60, 100, UNSEEN, 4, True),
        (60, 100, Pace(0.25, None), 4, True),
        (60, 100, Pace(None, 0.25), 1, False),
        (60, 121, FLAT, 4, False),  # more than twice the requests, however long they take
        (60, 120, FLAT, 4, True),
        (60, 1000, SLOW_PAGES, 16, False),
        (60, 50, SLOW_BATCHES, 4, False),  # pages may be the more requests as well: 15 s against 26
        (101, 50, SLOW_BATCHES, 4, True),
        (1, 1, FLAT, 4, True),
        (1, 2, FLAT, 1, False),
        (10, 10, FLAT, 1, True),
        (10, 20, Pace(0.0, 0.0), 4, False),  # no time at all: the fewer requests
    ],
)
def test_time_decides_within_twice_the_fewest_requests(
    pages: int, batches: int, pace: Pace, concurrency: int, look_ups: bool
) -> None:
    assert look_ups_win(Left(pages, batches), pace, concurrency) is look_ups


@pytest.mark.parametrize(("pages", "batches", "look_ups"), [(60, 100, False), (60, 50, True), (100, 60, True)])
def test_where_the_service_throttles_the_fewer_requests_win(pages: int, batches: int, look_ups: bool) -> None:
    for page, batch in ((0.25, 0.25), (1.2, 0.2), (0.25, 2.0), (None, None)):
        assert look_ups_win(Left(pages, batches), Pace(page, batch, throttled=True), 4) is look_ups


@pytest.mark.parametrize(
    ("mailboxes", "pages", "again"),
    [(610, 60, True), (600, 60, False), (601, 60, True), (610, None, False), (610, 0, False), (0, 60, False)],
)
def test_look_ups_under_way_are_given_up_where_the_service_throttles_and_pages_are_fewer(
    mailboxes: int, pages: int | None, again: bool
) -> None:
    assert pages_win_again(mailboxes, pages, Pace(1.2, 0.2, throttled=5), 4) is again
    assert pages_win_again(mailboxes, pages, Pace(1.2, 0.2, throttled=4), 4) is False, "all under way refused at once"
    assert pages_win_again(mailboxes, pages, Pace(0.2, 2.2), 4) is False, "the time of either was known before"


@pytest.mark.parametrize(("spent", "look_ups"), [(0, True), (22, True), (23, False)])
def test_what_was_spent_counts(spent: int, look_ups: bool) -> None:
    assert look_ups_win(Left(60, 100, spent, 61), FLAT, 4) is look_ups


@pytest.mark.parametrize(
    ("mailboxes", "pages", "size", "listed"),
    [
        (1000, None, 10, False),
        (1000, 61, 10, False),
        (1250, 61, 10, True),
        (11, 1, 10, True),
        (0, 1, 10, False),
        (1000, 61, 15, False),
        (3000, 61, 15, True),
    ],
)
def test_known_mailboxes(mailboxes: int, pages: int | None, size: int, listed: bool) -> None:
    assert pages_win(mailboxes, pages, FLAT, 4, in_a_batch=size) is listed


@pytest.mark.parametrize(
    ("left", "pace", "worth"),
    [
        (Left(60, 100, 1, 61), Pace(0.25), True),
        (Left(60, 100, 1, 61), FLAT, False),  # known already
        (Left(60, 100, 1, 61), Pace(0.25, None, throttled=True), False),
        (Left(60, 117, 1, 61), Pace(0.25), True),
        (Left(60, 118, 1, 61), Pace(0.25), False),  # it wouldn't leave enough for the look-ups
        (Left(60, 1000, 1, 61), Pace(0.25), False),  # look-ups are out of the question
        (Left(100, 10, 1, 10), Pace(0.25), False),  # pages are
        (Left(1, 2, 1, 2), Pace(0.25), False),
        (Left(2, 1, 1, 2), Pace(0.25), False),
    ],
)
def test_look_ups_are_tried_only_where_their_time_may_decide(left: Left, pace: Pace, worth: bool) -> None:
    assert worth_a_try(left, pace, 4) is worth


@pytest.mark.parametrize(
    ("wanted", "left", "rows", "pages", "expected"),
    [
        (1000, 1000, 1000, 1, None),
        (1000, 500, 1000, 1, Left(2, 50, 1, 3)),
        (1000, 984, 1000, 1, Left(62, 99, 1, 63)),
        (100, 90, 1000, 1, Left(10, 9, 1, 10)),
        (60_000, 59_000, 1000, 1, Left(60, 5900, 1, 61)),
        (45, 23, 30, 2, Left(3, 3, 2, 5)),  # a service that gives fewer rows than were asked for
        (25, 0, 60, 1, Left(1, 0, 1, 2)),
        (21, 0, 60, 1, Left(1, 0, 1, 2)),
    ],
)
def test_the_size_of_the_tenant_shows_in_the_share_that_a_page_holds(
    wanted: int, left: int, rows: int, pages: int, expected: Left | None
) -> None:
    assert left_of(wanted, left, rows, pages) == expected
    assert (expected_rows(wanted, left, rows) is None) is (expected is None)


def test_what_is_being_looked_up_is_spent_and_not_left() -> None:
    assert left_of(1000, 984, 1000, 1, asked=3, under_way=30) == Left(62, 96, 4, 63)
    assert left_of(1000, 30, 58_000, 58, asked=3, under_way=3) == Left(2, 3, 61, 60)


@pytest.mark.parametrize(
    ("pages", "wanted", "pace", "concurrency", "on"),
    [
        (1, 1000, FLAT, 4, True),
        (2, 1000, FLAT, 4, True),
        (3, 1000, FLAT, 4, False),  # a tenth of 25 round trips
        (10, 1000, FLAT, 1, True),
        (11, 1000, FLAT, 1, False),
        (1, 1000, SLOW_PAGES, 4, False),
        (10, 1000, Pace(0.25, 9.0), 4, True),
        (11, 1000, Pace(0.25, 9.0), 4, False),  # a tenth of the requests
        (10, 1000, Pace(0.25, 0.25, throttled=True), 4, True),
        (1, 30, FLAT, 1, False),
        (1, 1000, Pace(0.0, 0.0), 4, True),
    ],
)
def test_little_is_risked_on_pages_that_hold_none_of_the_wanted(
    pages: int, wanted: int, pace: Pace, concurrency: int, on: bool
) -> None:
    assert may_read_on(pages, wanted, pace, concurrency) is on


@pytest.mark.parametrize(
    ("pace", "quick"),
    [
        (Pace(0.25, sign_in=0.25), True),
        (Pace(0.375, sign_in=0.25), True),
        (Pace(0.38, sign_in=0.25), False),
        (Pace(1.2, sign_in=0.2), False),
        (Pace(0.25), False),  # a ready-made token
        (Pace(None, sign_in=0.25), False),
    ],
)
def test_a_page_that_takes_no_longer_than_the_sign_in_costs_no_time_beside_look_ups(pace: Pace, quick: bool) -> None:
    assert pages_are_quick(pace) is quick
