# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a task's requests take in a large tenant, on a clock that nobody waits for. Sign-ins count with one round
trip, and what Ansible and Python take isn't in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulation.even import FLAT, SLOW_BATCHES, SLOW_PAGES, Day, LargeWorld, Shape

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
    assert (day.sent["graph"], day.sent["batch of Get-TransportConfig"]) == (0, 0), "nobody is enabled"
    best = min(of_pages(shape), of_batches(100, shape))
    assert day.seconds <= 1.1 * best + 2 * of_pages(Shape(shape.base, shape.row)) / PAGES + shape.base


def test_no_page_waits_for_look_ups_that_cannot_be_the_better_way(world: LargeWorld) -> None:
    if world.front.shape != SLOW_BATCHES:
        pytest.skip("look-ups take no longer than pages")
    day = world.run(world.chosen(10_000, off=0.0))
    exactly(day, {SLOW_BATCHES: (12.4, 64)}, SLOW_BATCHES)


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


def exactly(day: Day, expected: dict[Shape, tuple[float, int]], shape: Shape) -> None:
    """``expected``: seconds and requests."""
    assert not day.failed, day.result.get("msg")
    seconds, requests = expected[shape]
    assert (day.seconds, day.requests) == (pytest.approx(seconds, abs=0.006), requests)


@pytest.mark.parametrize(
    ("listed", "off", "expected"),
    [
        # Together with the users behind the mailboxes, where these are few.
        (1, 1.0, {FLAT: (1.5, 7), SLOW_PAGES: (1.2, 7), SLOW_BATCHES: (1.8, 7)}),
        (7, 1.0, {FLAT: (1.5, 7), SLOW_PAGES: (1.21, 7), SLOW_BATCHES: (7.2, 7)}),
        # The accounts behind the last of them don't wait for the others.
        (20, 1.0, {FLAT: (1.5, 11), SLOW_PAGES: (1.22, 11), SLOW_BATCHES: (7.6, 11)}),
        # Beside the reading, and without taking a place from pages that have only one left.
        (1000, 0.01, {FLAT: (7.5, 105), SLOW_PAGES: (7.21, 106), SLOW_BATCHES: (16.85, 70)}),
        (1000, 1.0, {FLAT: (19.5, 369), SLOW_PAGES: (17.68, 370), SLOW_BATCHES: (79.85, 295)}),
    ],
)
def test_what_decides_for_everybody_is_asked_for_beside_the_reading(
    world: LargeWorld, listed: int, off: float, expected: dict[Shape, tuple[float, int]]
) -> None:
    exactly(world.run(world.chosen(listed, off=off)), expected, world.front.shape)


@pytest.mark.parametrize(
    ("listed", "options", "expected"),
    [
        (1, {}, {FLAT: (0.5, 2), SLOW_PAGES: (0.4, 2), SLOW_BATCHES: (0.4, 2)}),
        (20, {}, {FLAT: (0.5, 3), SLOW_PAGES: (0.4, 3), SLOW_BATCHES: (2.4, 3)}),
        (1000, {}, {FLAT: (6.75, 100), SLOW_PAGES: (6.4, 101), SLOW_BATCHES: (12.25, 64)}),
        (None, {}, {FLAT: (15.5, 62), SLOW_PAGES: (72.61, 62), SLOW_BATCHES: (12.4, 62)}),
        (20, {"effective": True}, {FLAT: (1.0, 9), SLOW_PAGES: (0.82, 9), SLOW_BATCHES: (4.6, 9)}),
        (1000, {"effective": True}, {FLAT: (13.0, 269), SLOW_PAGES: (11.6, 270), SLOW_BATCHES: (24.45, 195)}),
    ],
)
def test_the_organization_is_read_beside_the_mailboxes(
    world: LargeWorld, listed: int | None, options: dict[str, Any], expected: dict[Shape, tuple[float, int]]
) -> None:
    names = None if listed is None else world.chosen(listed, off=1.0)
    day = world.run_module("mailbox_smtp_auth_info", mailboxes=names, **options)
    exactly(day, expected, world.front.shape)


def test_where_no_mailbox_is_found_nothing_else_is_asked(world: LargeWorld) -> None:
    names = [f"nobody{number}@contoso.com" for number in range(100)]
    day = world.run_module("mailbox_smtp_auth_info", mailboxes=names, effective=True)
    assert day.result["failure"]["code"] == "not_found"
    assert {kind.partition(" ")[2] for kind in day.sent} == {"", "of Get-CASMailbox"}


@pytest.mark.parametrize(
    ("listed", "enabled", "options", "expected"),
    [
        (20, 20, {}, {FLAT: (1.5, 11), SLOW_PAGES: (1.22, 11), SLOW_BATCHES: (7.6, 11)}),
        # By look-ups, and only of those that are going to be enabled.
        (1000, 1000, {}, {FLAT: (19.5, 369), SLOW_PAGES: (17.68, 370), SLOW_BATCHES: (79.85, 295)}),
        (1000, 500, {}, {FLAT: (13.5, 236), SLOW_PAGES: (12.45, 237), SLOW_BATCHES: (53.45, 212)}),
        # By a listing of everybody, with the organization's switch beside it.
        (
            1000,
            1000,
            {"organization": "disabled"},
            {FLAT: (28.25, 332), SLOW_PAGES: (82.82, 332), SLOW_BATCHES: (80.0, 293)},
        ),
    ],
)
def test_a_baseline_looks_ahead_while_mailboxes_are_read(
    world: LargeWorld, listed: int, enabled: int, options: dict[str, Any], expected: dict[Shape, tuple[float, int]]
) -> None:
    names = world.chosen(listed, off=1.0)
    day = world.run_module("smtp_auth_baseline", enabled=names[:enabled], inherit=names[enabled:], **options)
    exactly(day, expected, world.front.shape)


def a_list(world: LargeWorld, off: float = 1.0) -> dict[str, Any]:
    return {"mailboxes": world.chosen(1000, off=off)}


def everybody(world: LargeWorld) -> dict[str, Any]:
    """Of whom a thousand aren't as they should be."""
    for box in world.boxes:
        box.values[:] = [(0.0, None)]
    world.chosen(1000, off=0.0)
    return {"everyone_else": "inherit", "exceptions": [], "max_changes": "1000"}


@pytest.mark.parametrize(
    ("kind", "number", "refused", "module", "options", "expected"),
    [
        # Of a hundred batches, 91 or so are left: pages are the fewer again, and the listing is read on.
        ("Get-CASMailbox", 8, 5, "mailbox_smtp_auth_info", a_list, {FLAT: (18.5, 79), SLOW_PAGES: (74.8, 79)}),
        # One refusal isn't a busy service yet.
        ("Get-CASMailbox", 8, 1, "mailbox_smtp_auth_info", a_list, {FLAT: (10.0, 101), SLOW_PAGES: (9.4, 102)}),
        # 38 are left, and pages would be more.
        ("Get-CASMailbox", 60, 5, "mailbox_smtp_auth_info", a_list, {FLAT: (12.75, 105), SLOW_PAGES: (12.0, 106)}),
        ("Get-User", 8, 5, "mailbox_smtp_auth_info", a_list, {FLAT: (27.25, 246), SLOW_PAGES: (84.81, 247)}),
        ("Get-User", 60, 5, "mailbox_smtp_auth_info", a_list, {FLAT: (22.25, 274), SLOW_PAGES: (19.8, 275)}),
        ("Get-Mailbox", 8, 5, "smtp_auth_baseline", everybody, {FLAT: (59.0, 299), SLOW_PAGES: (227.64, 299)}),
        # While what was written is read back.
        ("Get-CASMailbox", 108, 5, "mailbox_smtp_auth", a_list, {FLAT: (33.5, 279), SLOW_PAGES: (87.01, 278)}),
        ("Get-CASMailbox", 160, 5, "mailbox_smtp_auth", a_list, {FLAT: (26.25, 304), SLOW_PAGES: (22.0, 305)}),
    ],
)
def test_look_ups_that_the_service_throttles_are_given_up_where_pages_are_fewer(
    world: LargeWorld,
    kind: str,
    number: int,
    refused: int,
    module: str,
    options: Callable[[LargeWorld], dict[str, Any]],
    expected: dict[Shape, tuple[float, int]],
) -> None:
    if world.front.shape not in expected:
        pytest.skip("pages are the better way from the beginning")
    more = {"mailbox_smtp_auth": {"state": "enabled", "preflight": "off"}, "smtp_auth_baseline": {}}
    given = {**options(world), **more.get(module, {"effective": kind == "Get-User"})}
    world.front.throttled = {f"batch of {kind}": range(number, number + refused)}
    try:
        day = world.run_module(module, **given)
    finally:
        world.front.throttled = {}
    exactly(day, expected, world.front.shape)
