# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the user sees: a line as each check starts and ends, and a table at the close."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from tools import paths
from tools.checks import again
from tools.matrix import Leg, Matrix
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


def _path(outcome: Outcome) -> Path:
    return paths.LOGS / f"{outcome.check.name}.log"


def _log(outcome: Outcome) -> str:
    return str(_path(outcome).relative_to(paths.ROOT))


def _text(outcome: Outcome) -> str:
    """The log of a check that was run."""
    if outcome.seconds is None or not _path(outcome).exists():
        return ""
    return _path(outcome).read_text(encoding="utf-8", errors="replace")


def left_out(log: str) -> list[str]:
    """The tests that pytest skipped, as its summary tells them: how many for each reason."""
    counts: dict[str, int] = {}
    for number, reason in re.findall(r"^SKIPPED \[(\d+)\] (?:\S+: )?(.*)$", log, re.MULTILINE):
        counts[reason] = counts.get(reason, 0) + int(number)
    return [f"{count} {'test' if count == 1 else 'tests'}: {reason}" for reason, count in counts.items()]


def slowest(log: str) -> list[str]:
    """The slowest tests, as pytest lists them."""
    return re.findall(r"^\d+\.\d+s (?:call|setup|teardown) .*$", log, re.MULTILINE)


def _count(outcomes: Sequence[Outcome], result: str) -> int:
    return sum(outcome.result == result for outcome in outcomes)


def closing(outcomes: Sequence[Outcome], seconds: float, matrix: Matrix | None = None) -> list[str]:
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
        lines += _titled(title, [f"{outcome.check.name}: {outcome.reason.splitlines()[0]}" for outcome in chosen])
    inside = [f"{outcome.check.name}: {words}" for outcome in outcomes for words in left_out(_text(outcome))]
    lines += _titled("Left out of a check that was run", inside)
    twice = [f"{outcome.check.name}: {name}" for outcome in outcomes for name in again.second_looks(_text(outcome))]
    lines += _titled("Failed at first, passed when run again by itself", twice)
    counts = ", ".join(f"{_count(outcomes, result)} {result}" for result in (PASSED, FAILED, SKIPPED))
    cores = ["", *matrix.told(_run_on(outcomes, matrix))] if matrix else []
    return [*lines, *cores, "", f"All in {seconds:.0f} s.", "", counts]


def _titled(title: str, entries: list[str]) -> list[str]:
    return ["", f"{title}:", *(f"  {entry}" for entry in entries)] if entries else []


def _run_on(outcomes: Sequence[Outcome], matrix: Matrix) -> set[Leg]:
    """The cores, with their interpreters, on which at least one check was run."""
    places = [outcome.check.where for outcome in outcomes if outcome.seconds is not None]
    return {leg for leg in matrix.legs if any(where.startswith(leg.where) for where in places)}


def close(outcomes: Sequence[Outcome], seconds: float, matrix: Matrix | None = None) -> int:
    """Print the table, and keep it with the slowest tests of each check in a file. Returns the exit code."""
    lines = closing(outcomes, seconds, matrix)
    print()
    print("\n".join(lines))
    sys.stdout.flush()
    slow = [(outcome.check, slowest(_text(outcome))) for outcome in outcomes]
    details = [line for check, rows in slow for line in _titled(f"{check.name} ({check.where})", rows)]
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    text = "\n".join([*lines, "", "The slowest tests of each check", *details, ""])
    (paths.LOGS / "durations.txt").write_text(text, encoding="utf-8")
    return 1 if _count(outcomes, FAILED) or not _count(outcomes, PASSED) else 0
