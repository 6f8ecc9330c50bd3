# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tests run on which ansible-core: whole files, by their marks, and no other for the likeness of a name."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import cache

import pytest
from tools import paths
from tools.checks import running

EVERY_CORE = {"test_examples", "test_expected_plan", "test_in_place", "test_playbooks", "test_role"}
NEWEST_CORE = {
    "test_audit_evidence",
    "test_bad_days_answers",
    "test_bad_days_batches",
    "test_bad_days_listings",
    "test_bad_input",
    "test_connection_info",
    "test_doubtful_answers",
    "test_effective",
    "test_interrupted",
    "test_journal",
    "test_never_hangs",
    "test_organization",
    "test_pacing",
    "test_preflight",
    "test_readme",
    "test_result_shape",
    "test_smtp_auth_probe",
    "test_smtp_auth_usage_info",
    "test_twenty_tenants",
    "test_whose_name",
}


# Prints the marks of every system test as pytest collects them.
COLLECT = """\
import json, sys
import pytest

class Marks:
    def pytest_collection_finish(self, session):
        print(json.dumps({item.nodeid: [mark.name for mark in item.iter_markers()] for item in session.items}))

sys.exit(pytest.main(["--collect-only", "-qq", "--assert=plain", "tests/system"], plugins=[Marks()]))
"""


@cache
def system_tests() -> dict[str, list[str]]:
    command = [sys.executable, "-c", COLLECT]
    output = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True, check=True, timeout=300).stdout
    (line,) = (line for line in output.splitlines() if line.startswith("{"))
    return dict(json.loads(line))


def takes(expression: str, marks: Iterable[str]) -> bool:
    """Whether ``pytest -m`` takes a test that has these marks. Its words are those of Python."""
    names = {word for word in expression.split() if word not in ("and", "or", "not")}
    return bool(eval(expression, {}, {name: name in marks for name in names}))


def file(test: str) -> str:
    return test.partition("::")[0].rpartition("/")[2].removesuffix(".py")


@pytest.mark.parametrize(
    ("expression", "intended"),
    [(running.EVERY_CORE, EVERY_CORE.__contains__), (running.NOT_ONLY_NEWEST, lambda name: name not in NEWEST_CORE)],
    ids=["between", "oldest"],
)
def test_system_tests_of_a_core(expression: str, intended: Callable[[str], bool]) -> None:
    marked = system_tests()
    assert {file(test) for test in marked} >= EVERY_CORE | NEWEST_CORE
    selected = {test for test, marks in marked.items() if takes(expression, marks)}
    assert selected == {test for test in marked if intended(file(test))}


def test_unit_tests_of_an_older_core_are_those_of_the_plugins(request: pytest.FixtureRequest) -> None:
    """Of the tests that this very run has: all of them, or a part."""
    for test in request.session.items:
        marks = {mark.name for mark in test.iter_markers()}
        browser = file(test.nodeid) == "test_browser"
        plugins = not test.nodeid.startswith(("tests/unit/fake_tenant/", "tests/unit/harness/", "tests/unit/tools/"))
        assert takes(running.BROWSER, marks) is browser, test.nodeid
        assert takes(running.NO_BROWSER, marks) is not browser, test.nodeid
        assert takes(running.NOT_ONLY_NEWEST, marks) is (plugins and not browser), test.nodeid
