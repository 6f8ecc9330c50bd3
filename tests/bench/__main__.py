# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make bench``: how fast, measured against the floor, against loops, and against the call patterns of peers."""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import os
import platform
import tempfile
from pathlib import Path

from bench.ours import (
    LONG,
    Case,
    Outcome,
    cases,
    measure_case,
    measure_effective,
    seconds_of_empty_play,
    seconds_per_mailbox_in_module_loop,
    seconds_per_mailbox_in_uri_loop,
)
from bench.peers import Wire
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

The floor is an empty playbook plus the round trips that the wire asks for at the least: sign-in, pages of 1,000 (each
names the next, so they can't go side by side) or look-ups of ten, a look at whatever else may block those that are to
be enabled, writes of ten, and reading back by the cheaper way. "All, every layer" is `mailbox_smtp_auth_info` with
`effective: true` on the whole tenant.

The task reads its list from a file by the lookup `mailbox_file`. As an extra variable (`--list-as variable`), a list
of 60,000 costs ansible-core 2.21 about 1.6 s more, before the task begins: it copies the list entry by entry.

"""
# REUSE-IgnoreEnd
LISTED = {
    "file": "the task reads them from a file with the lookup mailbox_file",
    "variable": "the task is given them as an extra variable",
}
MAX_REQUEST_RATIO = 1.1
MAX_TIME_RATIO = 1.3
TIME_COUNTS_FROM = 1000  # below, the start of the module outweighs the wire
MIN_FASTER_THAN_LOOP = 20
MAX_PEAK = 300 * 1024 * 1024


def main() -> int:
    options = _options()
    lengths = [length for length in options.lengths if length <= options.tenant]
    lines: list[str] = []

    def say(line: str = "") -> None:
        print(line, flush=True)
        lines.append(line)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Tenant(folder, mailboxes=options.tenant, latency=options.latency) as tenant:
            for line in _heading(options, tenant.size):
                say(line)
            empty = seconds_of_empty_play(tenant, folder)
            say(f"An empty playbook takes {empty:.2f} s: it is part of every floor below.")
            say()
            say("| mailboxes | state | requests | ideal | ratio | seconds | floor | ratio | peak memory |")
            say("|---:|---|---:|---:|---:|---:|---:|---:|---:|")
            outcomes = []
            for case in cases(lengths, options.off):
                outcome = measure_case(
                    tenant, case, options.concurrency, empty, options.latency, folder, options.list_as
                )
                outcomes.append(outcome)
                say(_row(outcome))
            effective = measure_effective(tenant, options.concurrency, empty, options.latency, folder)
            say(_row(effective, "all, every layer"))
            say()
            say(
                "Against other ways (seconds for the same work; loops and patterns are measured on a sample and "
                "multiplied):"
            )
            say()
            say(
                "| mailboxes | state | this module | loop over it | loop over uri | Microsoft365DSC's calls | CIPP's "
                "calls |"
            )
            say("|---:|---|---:|---:|---:|---:|---:|")
            loop = seconds_per_mailbox_in_module_loop(tenant, options.samples, empty, folder)
            uri = seconds_per_mailbox_in_uri_loop(tenant, options.samples, empty, folder)
            wire = Wire(tenant)
            for outcome in outcomes:
                say(_comparison(outcome, empty, loop, uri, wire, tenant.size))
    say()
    misses = [*_misses(outcomes, empty, loop, uri), *_misses_of_effective(effective)]
    for line in misses or ["All bars are met."]:
        say(line)
    if options.write:
        Path(options.write).write_text("\n".join([*_file_heading(), *lines]) + "\n", encoding="utf-8")
    return 1 if misses else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument(
        "--latency", type=float, default=0.25, help="seconds that every answer of the tenant takes at least"
    )
    parser.add_argument("--concurrency", type=int, default=4)
    parser.add_argument("--tenant", type=int, default=60_000, help="mailboxes in the tenant")
    parser.add_argument("--lengths", type=int, nargs="*", default=[1, 20, 1000, 10_000, 60_000])
    parser.add_argument("--off", type=float, nargs="*", default=[0.0, 0.01, 1.0], help="shares that have to change")
    parser.add_argument(
        "--list-as", choices=["file", "variable"], default="file", help="how the task is given its list"
    )
    parser.add_argument("--samples", type=int, default=20, help="items of each loop that are really run")
    parser.add_argument("--write", help="a Markdown file for the results")
    return parser.parse_args()


def _heading(options: argparse.Namespace, size: int) -> list[str]:
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("ansible-core", "msal", "requests"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        f"{datetime.date.today()}: Python {platform.python_version()}, {versions};",
        f"{os.cpu_count()} cores, {memory:.0f} GiB, shared with the fake tenant.",
        f"A tenant of {size:,} mailboxes that answers after {options.latency:g} s; concurrency {options.concurrency}.",
        f"The listed mailboxes are spread over the tenant at random; {LISTED[options.list_as]}.",
    ]


def _row(outcome: Outcome, title: str = "") -> str:
    case, measured = outcome.case, outcome.measured
    return (
        f"| {case.listed:,} | {title or case.title} | {measured.sent:,} | {outcome.ideal.requests:,} | "
        f"{outcome.request_ratio:.2f} | "
        f"{measured.seconds:.1f} | {outcome.floor:.1f} | {outcome.time_ratio:.2f} | {measured.peak / 2**20:.0f} MiB |"
    )


def _comparison(outcome: Outcome, empty: float, loop: float, uri: float, wire: Wire, tenant: int) -> str:
    case = outcome.case
    others = [
        *_loops(case, empty, loop, uri),
        wire.dsc_seconds(case.listed, case.changing),
        wire.cipp_seconds(case.changing, tenant),
    ]
    cells = " | ".join(f"{seconds:,.0f} ({seconds / outcome.measured.seconds:.1f}x)" for seconds in others)
    return f"| {case.listed:,} | {case.title} | {outcome.measured.seconds:.1f} | {cells} |"


def _loops(case: Case, empty: float, loop: float, uri: float) -> tuple[float, float]:
    """Seconds of a loop over this module, and of one over uri that reads, writes what differs, and reads that back."""
    return empty + loop * case.listed, empty + uri * (case.listed + 2 * case.changing)


def _misses(outcomes: list[Outcome], empty: float, loop: float, uri: float) -> list[str]:
    """The bars that weren't met, in words."""
    found = []
    for outcome in outcomes:
        case, measured = outcome.case, outcome.measured
        title = f"Missed: {case.listed:,} mailboxes, {case.title}:"
        if outcome.request_ratio > MAX_REQUEST_RATIO:
            found.append(f"{title} {outcome.request_ratio:.2f} times the ideal requests (bar {MAX_REQUEST_RATIO}).")
        if measured.peak > MAX_PEAK:
            found.append(f"{title} {measured.peak / 2**20:.0f} MiB (bar {MAX_PEAK // 2**20}).")
        if case.listed < TIME_COUNTS_FROM:
            continue
        if outcome.time_ratio > MAX_TIME_RATIO:
            found.append(f"{title} {outcome.time_ratio:.2f} times the floor in time (bar {MAX_TIME_RATIO}).")
        faster = min(_loops(case, empty, loop, uri)) / measured.seconds
        if faster < MIN_FASTER_THAN_LOOP:
            found.append(f"{title} {faster:.0f} times faster than a loop (bar {MIN_FASTER_THAN_LOOP}).")
    return found


def _misses_of_effective(outcome: Outcome) -> list[str]:
    found = []
    if outcome.request_ratio > MAX_REQUEST_RATIO:
        found.append(f"Missed: every layer of all: {outcome.request_ratio:.2f} times the ideal requests.")
    if outcome.measured.peak > MAX_PEAK:
        found.append(f"Missed: every layer of all: {outcome.measured.peak / 2**20:.0f} MiB (bar {MAX_PEAK // 2**20}).")
    return found


def _file_heading() -> list[str]:
    return FILE_HEADING.format(long=LONG).splitlines()


if __name__ == "__main__":
    raise SystemExit(main())
