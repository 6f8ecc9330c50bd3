# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tests run on which ansible-core: whole files, by their marks, and no other for the likeness of a name."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import cache

import pytest
from tools import paths
from tools.checks import running

EVERY_CORE = {"test_examples", "test_expected_plan", "test_playbooks", "test_role"}
NEWEST_CORE = {
    "test_bad_days_batches",
    "test_bad_days_listings",
    "test_bad_input",
    "test_effective",
    "test_interrupted",
    "test_journal",
    "test_organization",
    "test_pacing",
    "test_preflight",
    "test_result_shape",
}


# Prints the marks of every test as pytest collects them.
COLLECT = """\
import json, sys
import pytest

class Marks:
    def pytest_collection_finish(self, session):
        print(json.dumps({item.nodeid: [mark.name for mark in item.iter_markers()] for item in session.items}))

sys.exit(pytest.main(["--collect-only", "-qq", "tests/unit", "tests/system"], plugins=[Marks()]))
"""


@cache
def marks() -> dict[str, list[str]]:
    command = [sys.executable, "-c", COLLECT]
    output = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True, check=True, timeout=300).stdout
    (line,) = (line for line in output.splitlines() if line.startswith("{"))
    return dict(json.loads(line))


def collected(folder: str) -> set[str]:
    return {test for test in marks() if test.startswith(f"tests/{folder}/")}


def selected(folder: str, expression: str) -> set[str]:
    """The tests that ``pytest -m`` takes. Its words are those of Python."""
    names = {word for word in expression.split() if word not in ("and", "or", "not")}
    return {test for test in collected(folder) if eval(expression, {}, {name: name in marks()[test] for name in names})}


def file(test: str) -> str:
    return test.partition("::")[0].rpartition("/")[2].removesuffix(".py")


@pytest.mark.parametrize(
    ("expression", "intended"),
    [(running.EVERY_CORE, EVERY_CORE.__contains__), (running.NOT_ONLY_NEWEST, lambda name: name not in NEWEST_CORE)],
    ids=["between", "oldest"],
)
def test_system_tests_of_a_core(expression: str, intended: Callable[[str], bool]) -> None:
    everything = collected("system")
    assert {file(test) for test in everything} >= EVERY_CORE | NEWEST_CORE
    assert selected("system", expression) == {test for test in everything if intended(file(test))}


def test_unit_tests_of_an_older_core_are_those_of_the_plugins() -> None:
    everything = collected("unit")
    assert selected("unit", running.NO_BROWSER) == {test for test in everything if file(test) != "test_browser"}
    assert selected("unit", running.NOT_ONLY_NEWEST) == {
        test
        for test in everything
        if not test.startswith(("tests/unit/fake_tenant/", "tests/unit/harness/", "tests/unit/tools/"))
        and file(test) != "test_browser"
    }


def test_the_browser_has_a_check_of_its_own() -> None:
    assert selected("unit", running.BROWSER) == {test for test in collected("unit") if file(test) == "test_browser"}
