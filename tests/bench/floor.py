# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The floor: the least seconds that the wire allows for a piece of work, over all ways, as much at once as can be."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.shapes import BATCH, PAGE, Shape

IDS = 15  # accounts that Graph looks up in one request
ACCOUNTS = 999  # of a page of Graph
MOST = 2  # times the fewest requests


@dataclass(frozen=True)
class Work:
    """What is asked of a tenant. ``changing``: of those listed, how many aren't in state. ``back``: what was written is
    read again. ``ahead``: whether something else blocks those that are enabled is looked at.
    """

    listed: int
    changing: int = 0
    back: bool = True
    ahead: bool = False

    @property
    def title(self) -> str:
        if not self.changing:
            return "read"
        parts = [*(["look ahead"] if self.ahead else []), "write", *(["read back"] if self.back else [])]
        return f"read, {', '.join(parts)}"


@dataclass(frozen=True)
class Floor:
    """``requests``: the fewest. ``seconds``: the least, which may take more requests than these."""

    requests: int
    seconds: float


def floor_of(work: Work, tenant: int, shape: Shape, concurrency: int) -> Floor:
    pages = math.ceil(tenant / PAGE)
    requests = min(pages, _batches(work.listed))
    reading = least_reading(work.listed, tenant, shape, concurrency)
    seconds = shape.base + reading  # the sign-in comes first
    if work.ahead and work.changing:
        by_id, listed = math.ceil(work.changing / IDS), math.ceil(tenant / ACCOUNTS)
        requests += 1 + 2 + min(by_id, listed)
        # All of it beside the reading, but for the last account, whose mailbox has to be known.
        accounts = min(math.ceil(by_id / concurrency) * shape.base, listed * (shape.base + ACCOUNTS * shape.row))
        seconds = max(seconds, 2 * shape.base + accounts) + shape.base
    if work.changing:
        requests += _batches(work.changing)
        seconds += _by_batches(work.changing, shape, concurrency)
    if work.changing and work.back:
        requests += min(pages, _batches(work.changing))
        seconds += least_reading(work.changing, tenant, shape, concurrency)
    return Floor(requests, seconds)


def floor_of_every_layer(tenant: int, shape: Shape, concurrency: int) -> Floor:
    """Mailboxes, users and accounts of the whole tenant, one listing each, side by side, and two sign-ins likewise."""
    pages, accounts = math.ceil(tenant / PAGE), math.ceil(tenant / ACCOUNTS)
    requests = 2 * pages + accounts + 1 + 2
    return Floor(requests, shape.base + max(pages * shape.page, math.ceil(2 * pages / concurrency) * shape.page))


def least_reading(mailboxes: int, tenant: int, shape: Shape, concurrency: int) -> float:
    """Seconds by pages, by look-ups, or by so many pages with look-ups of others beside them, whichever is the least
    within twice the fewest requests.
    """
    pages = math.ceil(tenant / PAGE)
    most = MOST * min(pages, _batches(mailboxes))
    by_pages = (pages - 1) * shape.page + shape.base + (tenant - (pages - 1) * PAGE) * shape.row
    ways = [by_pages] if pages <= most else []
    for read in range(pages):
        left = math.ceil(mailboxes * (1 - read / pages))
        if read + _batches(left) <= most and (not read or concurrency > 1):
            ways.append(max(read * shape.page, _by_batches(left, shape, concurrency - (read > 0))))
    return min(ways)


def _by_batches(mailboxes: int, shape: Shape, concurrency: int) -> float:
    """Batches go ``concurrency`` at a time; where there are few, they are of the same size."""
    batches = _batches(mailboxes)
    if mailboxes == 1:
        return shape.base  # a request of its own
    return math.ceil(batches / concurrency) * shape.batch(min(BATCH, math.ceil(mailboxes / batches)))


def _batches(mailboxes: int) -> int:
    return math.ceil(mailboxes / BATCH)
