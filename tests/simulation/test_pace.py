# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a task's requests take in a large tenant, on a clock that nobody waits for. Sign-ins count with one round
trip, and what Ansible and Python take isn't in it.
"""

from __future__ import annotations

import pytest

from simulation.even import FLAT, SLOW_BATCHES, SLOW_PAGES, LargeWorld, Shape

SIZE = 60_012
PAGES = 61


@pytest.fixture(scope="module", params=[FLAT, SLOW_PAGES, SLOW_BATCHES], ids=["flat", "slow pages", "slow batches"])
def world(request: pytest.FixtureRequest) -> LargeWorld:
    return LargeWorld(SIZE, request.param)


def of_pages(shape: Shape) -> float:
    """Seconds of a pattern that lists the tenant."""
    return PAGES * shape.base + SIZE * shape.row


def of_batches(number: int, shape: Shape, concurrency: int = 4) -> float:
    return -(-number // concurrency) * (shape.base + 10 * shape.item)


def test_a_thousand_that_are_right_take_the_better_way(world: LargeWorld) -> None:
    shape = world.front.shape
    day = world.run(world.chosen(1000, off=0.0))
    assert not day.failed
    assert not day.result["changed"]
    assert day.requests <= 2 * PAGES
    best = min(of_pages(shape), of_batches(100, shape))
    assert day.seconds <= 1.1 * best + 2 * of_pages(Shape(shape.base, shape.row)) / PAGES + shape.base


def test_a_thousand_to_be_enabled(world: LargeWorld) -> None:
    shape = world.front.shape
    day = world.run(world.chosen(1000, off=1.0))
    assert not day.failed
    assert day.result["summary"]["changed"] == 1000
    assert day.result["preflight"]["checked"] == 1000
    assert day.sent["batch of Get-User"] == 0, "no policy of the tenant blocks"
    reading = min(of_pages(shape), of_batches(100, shape))
    assert day.seconds <= 1.1 * (2 * reading + of_batches(100, shape)) + 8 * shape.base + 2 * of_pages(shape) / PAGES
    if shape == FLAT:
        assert day.seconds <= 23.0, "of 25 that the whole task may take, Ansible and Python take some"


def test_accounts_are_asked_for_while_mailboxes_are_read() -> None:
    world = LargeWorld(SIZE, FLAT)
    names = world.chosen(1000, off=1.0)
    without = world.run(names, preflight="off")
    names = world.chosen(1000, off=1.0)
    with_it = world.run(names)
    assert with_it.sent["graph"] >= 67
    assert with_it.seconds - without.seconds <= 4 * FLAT.base, "67 requests to Graph, four at a time, take 4.25 s"
