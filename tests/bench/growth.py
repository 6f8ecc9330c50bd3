# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make bench ARGS="--growth 1000 10000 60000 300000"``: one task over all mailboxes of a tenant, as it grows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.floor import Work
from bench.ours import Outcome, Setting, measure_work, seconds_of_empty_play
from bench.shapes import PAGE, SHAPES
from bench.tenant import Tenant

MAX_PEAK = 500 * 1024 * 1024  # bytes
MAX_TIME_RATIO = 1.3
TIME_COUNTS_FROM = 10_000  # below, the start of the module outweighs the wire
SHARE = 0.01  # of the mailboxes that aren't in state
COLUMNS = (
    "| mailboxes | work | requests | fewest | seconds | floor | ratio | seconds a page | peak memory |\n"
    "|---:|---|---:|---:|---:|---:|---:|---:|---:|"
)


def measure(sizes: Sequence[int], concurrency: int, folder: Path, say: Callable[[str], None]) -> list[str]:
    """A row for all in state, and one for a hundredth off, of each size. The bars that weren't met."""
    say(f"**Every mailbox of the tenant in one list ({SHAPES['flat']})**")
    say("")
    say(COLUMNS)
    misses: list[str] = []
    for size in sizes:
        place = folder / str(size)
        place.mkdir()
        with Tenant(place, mailboxes=size) as tenant:
            setting = Setting(tenant, place, SHAPES["flat"], concurrency, seconds_of_empty_play(tenant, place))
            listed = len(tenant.names())
            for work in (Work(listed), Work(listed, round(listed * SHARE))):
                outcome = measure_work(setting, work)
                say(_row(outcome, tenant.size))
                misses += _misses(outcome)
    return misses


def _row(outcome: Outcome, tenant: int) -> str:
    work, measured = outcome.work, outcome.measured
    off = f" ({work.changing:,})" if work.changing else ""
    pages = math.ceil(tenant / PAGE)
    return (
        f"| {work.listed:,} | {outcome.title}{off} | {measured.sent:,} | {outcome.floor.requests:,} | "
        f"{measured.seconds:.1f} | {outcome.least:.1f} | {outcome.time_ratio:.2f} | "
        f"{(measured.seconds - outcome.empty) / pages:.2f} | {measured.peak / 2**20:.0f} MiB |"
    )


def _misses(outcome: Outcome) -> list[str]:
    found = []
    title = f"Missed: all of {outcome.work.listed:,} mailboxes, {outcome.title}:"
    if outcome.measured.peak > MAX_PEAK:
        found.append(f"{title} {outcome.measured.peak / 2**20:.0f} MiB (bar {MAX_PEAK // 2**20}).")
    if outcome.work.listed >= TIME_COUNTS_FROM and outcome.time_ratio > MAX_TIME_RATIO:
        found.append(f"{title} {outcome.time_ratio:.2f} times the floor in time (bar {MAX_TIME_RATIO}).")
    return found
