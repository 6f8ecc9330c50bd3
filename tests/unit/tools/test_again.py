# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A test that fails is looked at once more, by itself; what fails twice is named, and what doesn't is told too."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from tools import paths, report
from tools.check import Check, CheckFailed
from tools.checks import again
from tools.process import CommandFailed, Log
from tools.schedule import PASSED, Outcome

# Passes from the second run on.
FLAKY = """\
import pathlib
import pytest

def test_fine():
    pass

@pytest.mark.parametrize("name", ["a b", "c - d"])
def test_flaky(name):
    seen = pathlib.Path(__file__).with_name(name)
    known = seen.exists()
    seen.touch()
    assert known, "not yet - really"
"""
BROKEN = "def test_broken():\n    assert False\n"


def run(folder: Path, text: str, log: Log) -> None:
    (folder / "test_it.py").write_text(text)
    # Of the plugins only that of -n, and what was compiled before: a start takes a sixth of the time.
    command = [sys.executable, "-m", "pytest", "-p", "xdist.plugin", "-c", os.devnull, f"--rootdir={folder}", "-ra"]
    env = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    if sys.pycache_prefix:
        env["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    again.pytest([*command, "-o", f"cache_dir={folder / 'cache'}", "test_it.py"], log, env=env, cwd=folder)


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Log:
    monkeypatch.setattr(paths, "LOGS", tmp_path)
    return Log(tmp_path / "unit.log")


def test_what_passes_at_the_second_look_is_told(tmp_path: Path, log: Log) -> None:
    run(tmp_path, FLAKY, log)
    assert len(again.second_looks(log.text())) == 2
    assert "2 passed, 1 deselected" in log.text() or "run-last-failure: rerun previous 2 failures" in log.text()
    lines = report.closing([Outcome(Check("unit", "core 2.21", print), PASSED, 1.0)], 1.0)
    told = lines.index("Failed at first, passed when run again by itself:")
    assert lines[told + 1].startswith("  unit: test_it.py::test_flaky[")


def test_what_fails_twice_fails_and_is_named(tmp_path: Path, log: Log) -> None:
    with pytest.raises(CheckFailed, match=r"exit code 1: test_it\.py::test_broken$"):
        run(tmp_path, FLAKY + BROKEN, log)
    assert not again.second_looks(log.text())


def test_many_failures_are_not_looked_at_again(tmp_path: Path, log: Log) -> None:
    many = "".join(f"def test_{number}():\n    assert False\n" for number in range(again.FEW + 1))
    with pytest.raises(CheckFailed, match=r"test_it\.py::test_0, .* and 1 more$"):
        run(tmp_path, many, log)
    assert log.text().count("$ cd ") == 1


def test_a_failure_without_a_test_stays_one(tmp_path: Path, log: Log) -> None:
    with pytest.raises(CommandFailed, match="exit code"):
        run(tmp_path, "", log)
    assert log.text().count("$ cd ") == 1


def test_without_failure_there_is_one_run(tmp_path: Path, log: Log) -> None:
    run(tmp_path, "def test_fine():\n    pass\n", log)
    assert log.text().count("$ cd ") == 1
    assert not again.second_looks(log.text())
