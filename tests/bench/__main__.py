# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make bench``: how fast, measured against the floor, against loops, and against the call patterns of peers."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import importlib.metadata
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import growth
from bench.ours import (
    LONG,
    Outcome,
    Setting,
    measure_every_layer,
    measure_work,
    seconds_of_empty_play,
    seconds_per_mailbox_in_module_loop,
    seconds_per_mailbox_in_uri_loop,
    works,
)
from bench.peers import Bare
from bench.shapes import SHAPES, Shape
from bench.tenant import Tenant

# REUSE-IgnoreStart
FILE_HEADING = """\
<!--
Copyright (c) 2026, m365ops contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->

# How fast

What `make bench` printed, against the fake tenant on the same machine. No figure here was measured against Microsoft's
service. Requests are counted by the tenant, memory is the module process's high-water mark, seconds are those of the
whole `ansible-playbook`. Lists of {long:,} and more are run with `return_mailboxes: none`.

The tenant answers in one of three shapes, in each of which another way to many mailboxes is the better one. The floor
is an empty playbook plus the least seconds in which the wire allows the work, over all ways: pages of 1,000 one after
the other, look-ups of ten `concurrency` at a time, or both at once; accounts in Graph beside the reading; writes of
ten. The fewest requests are beside it; a way that is faster may take up to twice as many, in the floor as in the
module.

The peers' columns are call patterns, not programs: what Microsoft365DSC and CIPP ask of the service for the same work,
measured on a sample of each kind of request and multiplied, with an empty playbook added, as this module has one in it.
Neither looks ahead at what else blocks, so the rows with "look ahead" have no peer.

The task reads its list from a file by the lookup `mailbox_file`. As an extra variable (`--list-as variable`), a list
of 60,000 costs ansible-core 2.21 about 1.6 s more, before the task begins: it copies the list entry by entry.

"""
# REUSE-IgnoreEnd
LISTED = {
    "file": "the task reads them from a file with the lookup mailbox_file",
    "variable": "the task is given them as an extra variable",
}
MAX_REQUEST_RATIO = 2.0
MAX_TIME_RATIO = 1.3
TIME_COUNTS_FROM = 1000  # below, the start of the module outweighs the wire
PEERS_COUNT_FROM = 20
MIN_FASTER_THAN_LOOP = 20
MAX_PEAK = 300 * 1024 * 1024
COLUMNS = (
    "| mailboxes | work | requests | fewest | ratio | seconds | floor | ratio | Microsoft365DSC's calls | CIPP's calls "
    "| peak memory |"
)


@dataclasses.dataclass(frozen=True)
class Row:
    """``peers``: seconds of each, an empty playbook included; none where they don't do that work."""

    shape: Shape
    outcome: Outcome
    peers: dict[str, float]

    def __str__(self) -> str:
        outcome, measured = self.outcome, self.outcome.measured
        peers = [f"{seconds:,.1f} ({seconds / measured.seconds:.1f}x)" for seconds in self.peers.values()] or ["", ""]
        return (
            f"| {outcome.work.listed:,} | {_title(outcome)} | {measured.sent:,} | {outcome.floor.requests:,} | "
            f"{outcome.request_ratio:.2f} | {measured.seconds:.1f} | {outcome.least:.1f} | {outcome.time_ratio:.2f} | "
            f"{peers[0]} | {peers[1]} | {measured.peak / 2**20:.0f} MiB |"
        )

    def misses(self) -> list[str]:
        """The bars that weren't met, in words."""
        outcome, measured = self.outcome, self.outcome.measured
        title = f"Missed ({self.shape.name}): {outcome.work.listed:,} mailboxes, {_title(outcome)}:"
        found = []
        if outcome.request_ratio > MAX_REQUEST_RATIO:
            found.append(f"{title} {outcome.request_ratio:.2f} times the fewest requests (bar {MAX_REQUEST_RATIO}).")
        if measured.peak > MAX_PEAK:
            found.append(f"{title} {measured.peak / 2**20:.0f} MiB (bar {MAX_PEAK // 2**20}).")
        if outcome.work.listed >= TIME_COUNTS_FROM and outcome.time_ratio > MAX_TIME_RATIO:
            found.append(f"{title} {outcome.time_ratio:.2f} times the floor in time (bar {MAX_TIME_RATIO}).")
        if outcome.work.listed >= PEERS_COUNT_FROM:
            found += [
                f"{title} {name} would take {seconds:.1f} s, this took {measured.seconds:.1f} s."
                for name, seconds in self.peers.items()
                if seconds < measured.seconds
            ]
        return found


def main() -> int:
    options = _options()
    lines: list[str] = []

    def say(line: str = "") -> None:
        print(line, flush=True)
        lines.append(line)

    rows: list[Row] = []
    misses: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.growth:
            for line in _machine():
                say(line)
            misses = growth.measure(options.growth, options.concurrency, folder, say)
            return _close(misses, lines, say, options)
        with Tenant(folder, mailboxes=options.tenant) as tenant:
            for line in _heading(options, tenant.size):
                say(line)
            empty = seconds_of_empty_play(tenant, folder)
            say(f"An empty playbook takes {empty:.2f} s: it is part of every floor below.")
            for shape in (SHAPES[chosen] for chosen in options.shapes):
                setting = Setting(tenant, folder, shape, options.concurrency, empty, options.list_as)
                for row in _rows(setting, options, say):
                    say(str(row))
                    rows.append(row)
            misses = [miss for row in rows for miss in row.misses()]
            if options.samples:
                misses += _loops(
                    Setting(tenant, folder, SHAPES["flat"], options.concurrency, empty), rows, options, say
                )
    return _close(misses, lines, say, options)


def _close(misses: list[str], lines: list[str], say: Callable[[str], None], options: argparse.Namespace) -> int:
    """The end of the output; the exit code."""
    say("")
    for line in misses or ["All bars are met."]:
        say(line)
    say(f"Load of the machine at the end, over one, five and fifteen minutes: {_load()}.")
    if options.write:
        Path(options.write).write_text("\n".join([*_file_heading(), *lines]) + "\n", encoding="utf-8")
    return 1 if misses else 0


def _rows(setting: Setting, options: argparse.Namespace, say: Callable[[str], None]) -> Iterator[Row]:
    """One shape: its heading is said, its rows come as they are measured."""
    for line in ("", f"**{setting.shape}**", "", COLUMNS, "|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"):
        say(line)
    setting.begin()
    setting.slow_down()
    pattern, size = Bare(setting.tenant).pattern, setting.tenant.size
    lengths = [length for length in options.lengths if length <= options.tenant]
    for work in works(lengths, options.off):
        outcome = measure_work(setting, work)
        others = {} if work.ahead else {"Microsoft365DSC": pattern.dsc(work), "CIPP": pattern.cipp(work, size)}
        yield Row(setting.shape, outcome, {name: setting.empty + seconds for name, seconds in others.items()})
    if options.every_layer:
        yield Row(setting.shape, measure_every_layer(setting), {})


def _loops(setting: Setting, rows: list[Row], options: argparse.Namespace, say: Callable[[str], None]) -> list[str]:
    """Loops over this module and over uri, measured on a sample and multiplied; the bars that weren't met."""
    setting.begin()
    setting.slow_down()
    empty = setting.empty
    loop = seconds_per_mailbox_in_module_loop(setting.tenant, options.samples, empty, setting.folder)
    uri = seconds_per_mailbox_in_uri_loop(setting.tenant, options.samples, empty, setting.folder)
    for line in ("", f"A loop takes {loop:.2f} s a mailbox over this module, {uri:.2f} s a request over uri (flat)."):
        say(line)
    misses = []
    for row in rows:
        work, seconds = row.outcome.work, row.outcome.measured.seconds
        if row.shape.name != "flat" or work.listed < TIME_COUNTS_FROM or row.outcome.title.endswith("layer"):
            continue
        faster = (empty + min(loop * work.listed, uri * (work.listed + 2 * work.changing))) / seconds
        if faster < MIN_FASTER_THAN_LOOP:
            title = f"{work.listed:,} mailboxes, {_title(row.outcome)}"
            misses.append(f"Missed: {title}: {faster:.0f} times faster than a loop (bar {MIN_FASTER_THAN_LOOP}).")
    return misses


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--shapes", nargs="*", choices=list(SHAPES), default=list(SHAPES))
    parser.add_argument("--concurrency", type=int, default=4)
    parser.add_argument("--tenant", type=int, default=60_000, help="mailboxes in the tenant")
    parser.add_argument("--lengths", type=int, nargs="*", default=[1, 20, 1000, 10_000])
    parser.add_argument(
        "--off", type=float, nargs="*", default=[0.01, 1.0], help="shares that have to change in rows with look ahead"
    )
    parser.add_argument("--every-layer", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument(
        "--list-as", choices=["file", "variable"], default="file", help="how the task is given its list"
    )
    parser.add_argument("--samples", type=int, default=20, help="items of each loop that are really run; 0 for no loop")
    parser.add_argument(
        "--growth", type=int, nargs="*", metavar="SIZE", help="only this: every mailbox of tenants of these sizes"
    )
    parser.add_argument("--write", help="a Markdown file for the results")
    return parser.parse_args()


def _heading(options: argparse.Namespace, size: int) -> list[str]:
    return [
        *_machine(),
        f"A tenant of {size:,} mailboxes, none of whose policies blocks SMTP; concurrency {options.concurrency}.",
        f"The listed mailboxes are spread over the tenant at random; {LISTED[options.list_as]}.",
    ]


def _machine() -> list[str]:
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("ansible-core", "msal", "requests"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        f"{datetime.date.today()}: Python {platform.python_version()}, {versions};",
        f"{os.cpu_count()} cores, {memory:.0f} GiB, shared with the fake tenant; load at the start: {_load()}.",
    ]


def _load() -> str:
    return ", ".join(f"{load:.1f}" for load in os.getloadavg())


def _title(outcome: Outcome) -> str:
    work = outcome.work
    if not work.changing:
        return outcome.title
    return f"{outcome.title} ({'all' if work.changing == work.listed else f'{work.changing:,}'})"


def _file_heading() -> list[str]:
    return FILE_HEADING.format(long=LONG).splitlines()


if __name__ == "__main__":
    raise SystemExit(main())
