# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bench gives the modules only what they take: it is run by hand, and would be seen to be broken only then."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from bench.floor import Work
from bench.measure import is_module
from bench.ours import EVERY_LAYER, Setting, task_of
from bench.shapes import SHAPES

SETTING = Setting(cast(Any, None), Path(), SHAPES["flat"], 4, 0.5)


@pytest.mark.parametrize(
    "task", [EVERY_LAYER, task_of(SETTING, Work(20, 20, ahead=True))], ids=lambda task: next(iter(task))
)
def test_options(task: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    ((name, options),) = task.items()
    module = importlib.import_module(
        f"ansible_collections.m365ops.exchange_online.plugins.modules.{name.rpartition('.')[2]}"
    )
    spec: dict[str, Any] = {}
    monkeypatch.setattr(module, "run_module", lambda given, *_bodies: spec.update(given))
    module.main()
    assert set(options) <= set(spec)


@pytest.mark.parametrize(
    ("command", "module"),
    [
        ([sys.executable], True),
        ([sys.executable, "/root/.ansible/tmp/ansible-tmp-1/AnsiballZ_mailbox_smtp_auth.py"], True),
        ([sys.executable, "-m", "ansible", "playbook", "play.json"], False),
        (["/bin/sh", "-c", f"M365OPS_PROGRESS_FILE=/tmp/progress {sys.executable}"], False),
        ([], False),
    ],
)
def test_the_process_whose_memory_is_measured(command: list[str], module: bool) -> None:
    assert is_module("".join(f"{part}\0" for part in command).encode()) is module
