# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which ansible-core is tested where, for what a machine may have."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
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


def install(monkeypatch: pytest.MonkeyPatch, everything: bool) -> None:
    """A machine with every tool that a check may want, or with none of them."""
    monkeypatch.setattr(shutil, "which", lambda name, *_more, **_options: f"/usr/bin/{name}" if everything else None)
    monkeypatch.setattr(os, "geteuid", lambda: 0 if everything else 1000)


@pytest.mark.parametrize("everything", [True, False], ids=["everything installed", "nothing installed"])
def test_what_cannot_run_is_listed_with_its_reason(monkeypatch: pytest.MonkeyPatch, everything: bool) -> None:
    install(monkeypatch, everything)
    checks = catalog.checks(matrix.plan(having(11)))
    skipped = {check.name: check.skip for check in checks if check.skip}
    of_core = {f"{group}-2.21" for group in ("sanity", "integration", "unit", "system", "playbooks")}
    assert {skipped.pop(name) for name in of_core} == {"no interpreter from Python 3.12 to 3.14 found"}
    if everything:
        assert skipped == {}
    else:
        assert set(skipped) == {"browser", "ee"}
        assert "chromium" in skipped["browser"]
        assert skipped["ee"] == "podman, buildah, debootstrap, runc not found"


def test_no_check_comes_or_goes_for_a_tool_that_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = matrix.plan(having(10, 11, 13))
    install(monkeypatch, everything=True)
    names = [check.name for check in catalog.checks(plan)]
    install(monkeypatch, everything=False)
    assert [check.name for check in catalog.checks(plan)] == names


def offers(*cores: str) -> Callable[[str, Interpreter], str]:
    return lambda core, _interpreter: "" if core in cores else "not released"


def test_a_core_to_come_joins_when_it_is_released() -> None:
    plan = matrix.plan(having(10, 11, 13), offers("2.22"))
    assert [leg.core for leg in plan.legs] == ["2.16", "2.19", "2.21", "2.22"]
    assert [leg.core for leg in plan.ends] == ["2.16", "2.22"]
    assert plan.coming == {}
    names = {check.name for check in catalog.checks(plan)}
    assert {"sanity-2.22", "unit-2.22", "system-2.22", "system-2.21", "system-2.16"} <= names
    assert "sanity-2.21" not in names


@pytest.mark.parametrize(
    ("minors", "released", "why"),
    [
        ((10, 11, 13), (), "not released"),
        ((10, 12), ("2.22",), "no interpreter from Python 3.13 to 3.15 found"),
    ],
)
def test_a_core_to_come_is_told_and_no_check_is_skipped_for_it(
    minors: tuple[int, ...], released: tuple[str, ...], why: str
) -> None:
    plan = matrix.plan(having(*minors), offers(*released))
    assert plan.legs[-1].core == "2.21"
    assert plan.coming == {"2.22": why}
    assert not [check.name for check in catalog.checks(plan) if "2.22" in check.name]
    assert f"2.22 ({why})" in plan.told(plan.legs)[1]


def test_every_core_is_told_as_run_or_as_not_run() -> None:
    plan = matrix.plan(having(11), offers())
    run, not_run = plan.told(plan.legs[1:])
    assert run == "ansible-core run:     2.19 (Python 3.11)"
    assert not_run == (
        "ansible-core not run: 2.16 (nothing was chosen that runs on it); "
        "2.17, 2.18, 2.20 (between those that are tested); "
        "2.21 (no interpreter from Python 3.12 to 3.14 found); 2.22 (no interpreter from Python 3.13 to 3.15 found)"
    )
    assert plan.told(())[0] == "ansible-core run:     none"


def test_names_are_unique() -> None:
    for minors in ((10,), (11,), (13,), (10, 11, 12, 13)):
        names = [check.name for check in catalog.checks(matrix.plan(having(*minors)))]
        assert len(names) == len(set(names))
