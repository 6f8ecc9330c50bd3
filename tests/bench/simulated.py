# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m bench.simulated``: the same table on the simulation's clock.

The real engine against a tenant in memory of which every answer takes exactly its time. What Ansible, Python and the
machine take isn't in it, for the peers no more than for this module, so it is the same on every machine at every load.
A sign-in counts with one round trip.
"""

from __future__ import annotations

import argparse

from simulation.even import Day, LargeWorld
from simulation.even import Shape as Even

from bench.floor import Work, floor_of
from bench.ours import works
from bench.peers import Pattern
from bench.shapes import SHAPES, Shape

HEADING = (
    "| shape | mailboxes | work | requests | fewest | seconds | floor | ratio | Microsoft365DSC's calls "
    "| CIPP's calls |\n"
    "|---|---:|---|---:|---:|---:|---:|---:|---:|---:|"
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.simulated", description=__doc__)
    parser.add_argument("--tenant", type=int, default=60_012)
    parser.add_argument("--lengths", type=int, nargs="*", default=[1, 20, 1000, 10_000])
    parser.add_argument("--off", type=float, nargs="*", default=[0.01, 1.0])
    parser.add_argument("--shapes", nargs="*", choices=list(SHAPES), default=list(SHAPES))
    options = parser.parse_args()
    print(HEADING, flush=True)
    for shape in (SHAPES[name] for name in options.shapes):
        world = LargeWorld(options.tenant, Even(shape.base, shape.row, shape.item))
        for work in works(options.lengths, options.off):
            print(row(shape, work, run(world, work), options.tenant), flush=True)
    return 0


def run(world: LargeWorld, work: Work) -> Day:
    """
    :raises RuntimeError: it failed.
    """
    names = world.chosen(work.listed, off=work.changing / work.listed)
    preflight = "warn" if work.ahead else "off"
    day = world.run(names, verify=work.back, preflight=preflight, return_mailboxes="none")
    if day.failed:
        raise RuntimeError(f"{work}: {day.result.get('msg')}")
    return day


def row(shape: Shape, work: Work, day: Day, tenant: int) -> str:
    floor = floor_of(work, tenant, shape, 4)
    pattern = Pattern(shape.base + shape.row, shape.page, shape.batch())
    peers = ["", ""]
    if not work.ahead:
        peers = [f"{seconds:,.1f} ({seconds / day.seconds:.1f}x)" for seconds in of_peers(pattern, work, tenant)]
    number = "" if not work.changing else f" ({'all' if work.changing == work.listed else f'{work.changing:,}'})"
    return (
        f"| {shape.name} | {work.listed:,} | {work.title}{number} | {day.requests:,} | {floor.requests:,} | "
        f"{day.seconds:.2f} | {floor.seconds:.2f} | {day.seconds / floor.seconds:.2f} | {peers[0]} | {peers[1]} |"
    )


def of_peers(pattern: Pattern, work: Work, tenant: int) -> tuple[float, float]:
    return pattern.dsc(work), pattern.cipp(work, tenant)


if __name__ == "__main__":
    raise SystemExit(main())
