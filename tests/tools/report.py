# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the user sees: a line as each check starts and ends, and a table at the close."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tools import paths
from tools.schedule import FAILED, PASSED, SKIPPED, Outcome


def announce(outcome: Outcome) -> None:
    """One line, and the end of the log of what failed."""
    if not outcome.result:
        line = f"  start    {outcome.check.name}"
    elif outcome.seconds is None:
        line = f"  {outcome.result:<8} {outcome.check.name}: {outcome.reason}"
    else:
        line = f"  {outcome.result:<8} {outcome.check.name} ({outcome.seconds:.1f} s)"
    print(line, flush=True)
    if outcome.result == FAILED and outcome.tail:
        print("\n".join(f"    | {row}" for row in outcome.tail.splitlines()), flush=True)
        print(f"    Full output: {_log(outcome)}", flush=True)


def _log(outcome: Outcome) -> str:
    return str((paths.LOGS / f"{outcome.check.name}.log").relative_to(paths.ROOT))


def _count(outcomes: Sequence[Outcome], result: str) -> int:
    return sum(outcome.result == result for outcome in outcomes)


def closing(outcomes: Sequence[Outcome], seconds: float) -> list[str]:
    """The lines of the closing table: what ran, on what, how long, passed or not; and why something wasn't run."""
    rows = [("check", "ran on", "seconds", "result")]
    for outcome in outcomes:
        time = "" if outcome.seconds is None else f"{outcome.seconds:.1f}"
        where = "" if outcome.result == SKIPPED else outcome.check.where
        rows.append((outcome.check.name, where, time, outcome.result))
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    lines = [f"{a:<{first}}  {b:<{second}}  {c:>7}  {d}".rstrip() for a, b, c, d in rows]
    lines.insert(1, "-" * max(len(line) for line in lines))
    for title, result in (("Not run", SKIPPED), ("Failed", FAILED)):
        chosen = [outcome for outcome in outcomes if outcome.result == result]
        reasons = [f"  {outcome.check.name}: {outcome.reason.splitlines()[0]}" for outcome in chosen]
        if reasons:
            lines += ["", f"{title}:", *reasons]
    counts = ", ".join(f"{_count(outcomes, result)} {result}" for result in (PASSED, FAILED, SKIPPED))
    return [*lines, "", f"All in {seconds:.0f} s.", "", counts]


def close(outcomes: Sequence[Outcome], seconds: float) -> int:
    """Print the table. Returns the exit code."""
    print()
    print("\n".join(closing(outcomes, seconds)))
    sys.stdout.flush()
    return 1 if _count(outcomes, FAILED) or not _count(outcomes, PASSED) else 0
