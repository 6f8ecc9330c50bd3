# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of checks, and what one check's failure does to the others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tools import paths, report
from tools.check import Check, CheckFailed
from tools.process import Log
from tools.schedule import FAILED, PASSED, SKIPPED, Outcome, Schedule, on_core, with_needed


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(paths, "LOGS", tmp_path / "logs")


def passes(_log: Log) -> None:
    return


def fails(_log: Log) -> None:
    raise CheckFailed("it is wrong\nin two lines")


def breaks(_log: Log) -> None:
    raise KeyError("a mistake in the check")


def check(
    name: str, run: Callable[[Log], None] = passes, lane: str = "", after: tuple[str, ...] = (), skip: str = ""
) -> Check:
    return Check(name, "somewhere", run, lane=lane, after=after, skip=skip)


def run(*checks: Check) -> dict[str, Outcome]:
    outcomes = Schedule(checks, lambda outcome: None, workers=2).run()
    assert [outcome.check for outcome in outcomes] == list(checks)
    return {outcome.check.name: outcome for outcome in outcomes}


def test_everything_runs_after_a_failure() -> None:
    outcomes = run(check("a", fails), check("b", breaks), check("c"), check("d", skip="no tool"))
    assert {name: outcome.result for name, outcome in outcomes.items()} == {
        "a": FAILED,
        "b": FAILED,
        "c": PASSED,
        "d": SKIPPED,
    }
    assert outcomes["b"].reason == "KeyError: 'a mistake in the check'"
    assert (paths.LOGS / "a.log").read_text() == "it is wrong\nin two lines\n"


def test_what_needs_a_failed_check_is_not_run_and_fails() -> None:
    outcomes = run(check("a", fails), check("b", breaks, after=("a",)))
    assert outcomes["b"].seconds is None
    assert outcomes["b"].reason == "not run, because a did not pass"


def test_a_check_starts_after_what_it_needs() -> None:
    seen: list[str] = []
    run(
        check("late", lambda log: seen.append("late"), after=("early",)),
        check("early", lambda log: seen.append("early")),
    )
    assert seen == ["early", "late"]


def test_two_run_at_once_but_never_two_of_a_lane() -> None:
    together = threading.Barrier(2, timeout=30)
    busy = threading.Lock()

    def alone(_log: Log) -> None:
        if not busy.acquire(blocking=False):
            raise CheckFailed("two of a lane at once")
        together.wait()
        busy.release()

    def beside(_log: Log) -> None:
        together.wait()

    outcomes = run(check("l1", alone, "lane"), check("l2", alone, "lane"), check("x1", beside), check("x2", beside))
    assert {outcome.result for outcome in outcomes.values()} == {PASSED}


def test_choosing_brings_what_is_needed() -> None:
    checks = [check("build"), check("importer", after=("build",)), Check("unit", "", passes, suffix="2.16")]
    assert [item.name for item in with_needed(checks, ["importer"])] == ["build", "importer"]
    assert [item.name for item in with_needed(checks, ["unit"])] == ["unit-2.16"]
    assert with_needed(checks, []) == checks
    with pytest.raises(ValueError, match="no check is called nonsense"):
        with_needed(checks, ["nonsense"])


def test_of_several_cores_one_can_be_chosen() -> None:
    checks = [check("lint"), *(Check("unit", "", passes, suffix=core) for core in ("2.16", "2.21"))]
    assert [item.name for item in on_core(checks, "2.21")] == ["lint", "unit-2.21"]


def test_closing_table_ends_with_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = [
        Outcome(check("good"), PASSED, 1.25),
        Outcome(check("bad"), FAILED, 2.0, "first line\nsecond line"),
        Outcome(check("absent"), SKIPPED, reason="no interpreter"),
    ]
    assert report.close(outcomes, 3.0) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "1 passed, 1 failed, 1 skipped"
    assert "  absent: no interpreter" in lines
    assert "  bad: first line" in lines


@pytest.mark.parametrize(
    ("results", "code"), [([PASSED], 0), ([PASSED, SKIPPED], 0), ([SKIPPED], 1), ([PASSED, FAILED], 1)]
)
def test_exit_code(results: list[str], code: int) -> None:
    assert report.close([Outcome(check("a"), result, reason="because") for result in results], 1.0) == code
