# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The closing table tells everything: what was left out of a check, on which cores something ran, what took long."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools import matrix, paths, report
from tools.check import Check
from tools.interpreters import Interpreter
from tools.schedule import PASSED, SKIPPED, Outcome

LOG = """\
============================= slowest 10 durations =============================
17.14s call     tests/unit/test_a.py::test_slow
0.50s setup    tests/unit/test_a.py::test_other
=========================== short test summary info ============================
SKIPPED [6] tests/unit/test_b.py:83: no Chromium on this machine
SKIPPED [1] tests/unit/test_b.py:92: no Chromium on this machine
SKIPPED [1] tests/unit/test_c.py:1: not root
2 passed, 8 skipped in 1.00s
"""
PLAN = matrix.plan([Interpreter((3, 11), Path("/opt/python3.11"))])


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    monkeypatch.setattr(paths, "LOGS", folder)
    (folder / "unit-2.19.log").write_text(LOG)
    (folder / "ee.log").write_text(LOG)  # of a run before this one
    return folder


def outcomes() -> list[Outcome]:
    unit = Check("unit", "core 2.19, Python 3.11; only the plugins", print, suffix="2.19")
    return [
        Outcome(unit, PASSED, 1.0),
        Outcome(Check("ee", "core 2.16, Python 3.11", print), SKIPPED, reason="runc not found"),
    ]


def test_tests_that_a_check_left_out_are_told() -> None:
    lines = report.closing(outcomes(), 1.0)
    start = lines.index("Left out of a check that was run:")
    assert lines[start + 1 : start + 4] == [
        "  unit-2.19: 7 tests: no Chromium on this machine",
        "  unit-2.19: 1 test: not root",
        "",
    ]


def test_only_cores_on_which_something_ran_are_told_as_run() -> None:
    lines = report.closing(outcomes(), 1.0, PLAN)
    assert "ansible-core run:     2.19 (Python 3.11)" in lines
    (line,) = (line for line in lines if line.startswith("ansible-core not run:"))
    assert "2.16 (nothing was chosen that runs on it)" in line
    assert lines[-1] == "1 passed, 0 failed, 1 skipped"


def test_the_table_and_the_slowest_tests_are_kept(logs: Path) -> None:
    assert report.close(outcomes(), 1.0, PLAN) == 0
    text = (logs / "durations.txt").read_text()
    assert "\nansible-core run:     2.19 (Python 3.11)\n" in text
    assert text.endswith(
        "unit-2.19 (core 2.19, Python 3.11; only the plugins):\n"
        "  17.14s call     tests/unit/test_a.py::test_slow\n"
        "  0.50s setup    tests/unit/test_a.py::test_other\n"
    )
