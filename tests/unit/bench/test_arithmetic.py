# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bench's arithmetic: what the wire allows at the least, and what the peers' patterns take for the same work."""

from __future__ import annotations

import pytest
from bench.floor import Work, floor_of, floor_of_every_layer, least_reading
from bench.peers import Pattern
from bench.shapes import SHAPES, Shape

FLAT, SLOW_PAGES, SLOW_BATCHES = SHAPES.values()
TENANT = 60_012


@pytest.mark.parametrize(
    ("shape", "page", "batch", "of_three"),
    [(FLAT, 0.25, 0.25, 0.25), (SLOW_PAGES, 1.2, 0.2, 0.2), (SLOW_BATCHES, 0.2, 2.2, 0.8)],
)
def test_shapes(shape: Shape, page: float, batch: float, of_three: float) -> None:
    assert (shape.page, shape.batch(), shape.batch(3)) == pytest.approx((page, batch, of_three))


@pytest.mark.parametrize(
    ("mailboxes", "tenant", "shape", "concurrency", "seconds"),
    [
        (1, TENANT, FLAT, 4, 0.25),
        (1, TENANT, SLOW_BATCHES, 4, 0.2),
        (10, TENANT, SLOW_BATCHES, 4, 2.2),
        (20, TENANT, SLOW_BATCHES, 4, 2.2),
        (12, TENANT, SLOW_BATCHES, 4, 1.4),  # two of six
        (1000, TENANT, FLAT, 1, 15.25),
        (1000, 1000, SLOW_PAGES, 4, 1.2),
        (1000, 1000, SLOW_BATCHES, 4, 0.2),
        (1000, TENANT, FLAT, 4, 5.5),  # 22 pages, and 64 look-ups of others beside them
        (10_000, TENANT, SLOW_PAGES, 4, 58 * 1.2),  # no more than 122 requests
        (10_000, TENANT, SLOW_BATCHES, 1, 12.2),
        (60_012, TENANT, FLAT, 1, 15.25),
    ],
)
def test_reading_by_whichever_way_is_the_fastest(
    mailboxes: int, tenant: int, shape: Shape, concurrency: int, seconds: float
) -> None:
    assert least_reading(mailboxes, tenant, shape, concurrency) == pytest.approx(seconds)


def test_the_last_page_takes_what_it_holds() -> None:
    assert least_reading(60_012, TENANT, SLOW_PAGES, 1) == pytest.approx(60 * 1.2 + 0.2 + 0.012)


@pytest.mark.parametrize(
    ("work", "requests", "seconds"),
    [
        (Work(1), 1, 0.5),
        (Work(1, 1, back=False), 2, 0.75),
        (Work(1, 1), 3, 1.0),
        (Work(1, 1, ahead=True), 7, 1.0 + 0.5),  # Graph's sign-in and answer take longer than the one look-up
        (Work(20, 20), 6, 1.0),
        (Work(10_000, 10_000, back=False), 61 + 1000, None),
    ],
)
def test_the_floor_of_a_piece_of_work(work: Work, requests: int, seconds: float | None) -> None:
    floor = floor_of(work, TENANT, FLAT, 4)
    assert floor.requests == requests
    if seconds is not None:
        assert floor.seconds == pytest.approx(seconds)


def test_nothing_that_is_left_out_makes_the_floor_higher() -> None:
    whole = floor_of(Work(1000, 1000, ahead=True), TENANT, FLAT, 4)
    for less in (Work(1000, 1000), Work(1000, 1000, back=False), Work(1000), Work(1000, 100, ahead=True)):
        assert floor_of(less, TENANT, FLAT, 4).seconds < whole.seconds
        assert floor_of(less, TENANT, FLAT, 4).requests < whole.requests


def test_every_layer() -> None:
    floor = floor_of_every_layer(TENANT, FLAT, 4)
    assert floor.requests == 61 + 61 + 61 + 3
    assert floor.seconds == pytest.approx(0.25 + 15.25)


@pytest.mark.parametrize(
    ("work", "dsc", "cipp"),
    [
        (Work(1000), 1 + 1000, 1 + 3 * 10),
        (Work(1000, 100, back=False), 1 + 1000 + 200, 1 + 3 * 10 + 10 * 5),
        (Work(1000, 100), 1 + 1000 + 300, 1 + 6 * 10 + 10 * 5),
        (Work(1000, 101), 1 + 1000 + 303, 1 + 6 * 10 + 11 * 5),
    ],
)
def test_the_peers_patterns_do_the_same_work(work: Work, dsc: float, cipp: float) -> None:
    pattern = Pattern(call=1.0, page=10.0, batch=5.0)
    assert pattern.dsc(work) == dsc
    assert pattern.cipp(work, 2001) == cipp
