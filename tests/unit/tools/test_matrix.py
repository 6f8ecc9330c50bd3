# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which ansible-core is tested where, for what a machine may have."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools import matrix
from tools.checks import catalog
from tools.interpreters import Interpreter


def having(*minors: int) -> list[Interpreter]:
    return [Interpreter((3, minor), Path(f"/opt/python3.{minor}")) for minor in minors]


@pytest.mark.parametrize(
    ("minors", "legs", "missing"),
    [
        ((10, 11, 12, 13), [("2.16", "3.10"), ("2.19", "3.11"), ("2.21", "3.13")], set()),
        ((11, 12), [("2.16", "3.11"), ("2.19", "3.11"), ("2.21", "3.12")], set()),
        ((10,), [("2.16", "3.10"), ("2.17", "3.10")], {"2.19", "2.21"}),
        ((11,), [("2.16", "3.11"), ("2.19", "3.11")], {"2.21"}),
        ((12,), [("2.16", "3.12"), ("2.19", "3.12"), ("2.21", "3.12")], set()),
        ((13,), [("2.19", "3.13"), ("2.21", "3.13")], {"2.16"}),
        ((14,), [("2.21", "3.14")], {"2.16", "2.19"}),
        ((), [], {"2.16", "2.19", "2.21"}),
    ],
)
def test_plan(minors: tuple[int, ...], legs: list[tuple[str, str]], missing: set[str]) -> None:
    plan = matrix.plan(having(*minors))
    assert [(leg.core, leg.interpreter.name) for leg in plan.legs] == legs
    assert set(plan.missing) == missing


def test_what_cannot_run_is_listed_with_its_reason() -> None:
    checks = catalog.checks(matrix.plan(having(11)))
    skipped = {check.name: check.skip for check in checks if check.skip}
    assert set(skipped) == {f"{group}-2.21" for group in ("sanity", "integration", "unit", "system", "playbooks")}
    assert set(skipped.values()) == {"no interpreter from Python 3.12 to 3.14 found"}


def test_names_are_unique() -> None:
    for minors in ((10,), (11,), (13,), (10, 11, 12, 13)):
        names = [check.name for check in catalog.checks(matrix.plan(having(*minors)))]
        assert len(names) == len(set(names))
