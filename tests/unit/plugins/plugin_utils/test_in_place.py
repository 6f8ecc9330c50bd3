# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a module is packed after all. That what is run in place gives the same is tested with plays, in
``system/test_in_place.py``.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.executor import module_common
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._in_place import InPlace

PYTHON = {"ansible_python_interpreter": sys.executable}


class Action(InPlace):
    """What was asked of Ansible itself is in ``packed``."""

    def __init__(self, *, transport: str = "local", become: object = None, delegate_to: str | None = None) -> None:
        self._connection = SimpleNamespace(transport=transport, become=become)
        self._task = SimpleNamespace(delegate_to=delegate_to)
        self._templar = Templar(DataLoader())
        self.packed = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        return self.run_module(task_vars or {}, wrap_async=False)

    def _execute_module(self, *, task_vars: dict[str, Any], wrap_async: bool) -> dict[str, Any]:
        self._configure_module("m365ops.exchange_online.mailbox_smtp_auth", {"state": "enabled"}, task_vars)
        return {}

    def is_packed(self, task_vars: dict[str, Any], *, wrap_async: bool = False) -> bool:
        self.run_module(task_vars, wrap_async=wrap_async)
        return self.packed


@pytest.fixture(autouse=True)
def ansible_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    def packs(self: Action, **_words: object) -> None:
        self.packed = True

    monkeypatch.setattr("ansible.plugins.action.ActionBase._configure_module", packs)


def test_on_the_control_node_it_is_not() -> None:
    assert not Action().is_packed(PYTHON)
    assert not Action(delegate_to="here").is_packed({"ansible_delegated_vars": {"here": PYTHON}})


def test_anywhere_else_it_is() -> None:
    assert Action(transport="ssh").is_packed(PYTHON)
    assert Action(become="sudo").is_packed(PYTHON)
    assert Action().is_packed(PYTHON, wrap_async=True)
    assert Action(delegate_to="there").is_packed({**PYTHON, "ansible_delegated_vars": {"there": {}}})
    assert Action(delegate_to="there").is_packed(PYTHON)


@pytest.mark.parametrize("python", ["/usr/bin/another", "auto", "", "{{ nothing_of_that_name }}", "{{"])
def test_in_another_python_it_is(python: str) -> None:
    assert Action().is_packed({"ansible_python_interpreter": python})


def test_an_ansible_core_that_has_it_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    class Changed:
        def __init__(self, *, something_new: object) -> None:
            """What a later ansible-core may ask for."""

    monkeypatch.setattr(module_common, "_BuiltModule", Changed, raising=False)
    assert Action().is_packed(PYTHON)
