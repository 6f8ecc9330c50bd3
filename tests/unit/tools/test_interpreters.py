# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Interpreters that work are told from those that only pretend to be there."""

from __future__ import annotations

import sys
from pathlib import Path

from tools import interpreters

HERE = sys.version_info[:2]
NAME = f"python{HERE[0]}.{HERE[1]}"


def stand_in(folder: Path, script: str, name: str = NAME) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_shim_of_a_missing_interpreter_is_passed_over(tmp_path: Path) -> None:
    stand_in(tmp_path / "shims", "exit 127")
    stand_in(tmp_path / "bin", f'exec "{sys.executable}" "$@"')
    found = interpreters.find([tmp_path / "shims", tmp_path / "bin"], tmp_path / "pyenv")
    assert [interpreter.version for interpreter in found] == [HERE]
    assert found[0].path.exists()
    assert tmp_path not in found[0].path.parents


def test_interpreters_of_pyenv_are_found_without_being_on_the_path(tmp_path: Path) -> None:
    stand_in(tmp_path / "versions" / f"{HERE[0]}.{HERE[1]}.0" / "bin", f'exec "{sys.executable}" "$@"')
    found = interpreters.find([], tmp_path)
    assert [interpreter.name for interpreter in found] == [f"{HERE[0]}.{HERE[1]}"]


def test_virtual_environment_leads_to_the_interpreter_behind_it() -> None:
    found = interpreters.ask(Path(sys.executable), HERE)
    assert found is not None
    assert sys.prefix == sys.base_prefix or not found.path.is_relative_to(sys.prefix)


def test_interpreter_of_another_version_than_its_name_is_refused(tmp_path: Path) -> None:
    liar = stand_in(tmp_path, f'exec "{sys.executable}" "$@"', "python3.99")
    assert interpreters.ask(liar, (3, 99)) is None


def test_nothing_found_is_no_error(tmp_path: Path) -> None:
    assert interpreters.find([tmp_path], tmp_path) == []
