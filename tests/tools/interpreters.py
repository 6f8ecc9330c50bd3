# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding real Python interpreters.

A ``python3.12`` on the PATH may be a stand-in of a version manager that only says "not installed". ansible-test and
Ansible's own discovery trip over those, so each candidate is run once, and what really runs is linked into one folder.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools import paths

VERSIONS = tuple((3, minor) for minor in range(10, 16))

# Prints the version and the interpreter itself, not the virtual environment that it may be started through.
_ASK = """
import os, sys
name = "python%d.%d" % sys.version_info[:2]
real = os.path.join(sys.base_prefix, "bin", name)
print("%d.%d" % sys.version_info[:2])
print(real if sys.prefix != sys.base_prefix and os.path.exists(real) else sys.executable)
"""


@dataclass(frozen=True, order=True)
class Interpreter:
    version: tuple[int, int]
    path: Path

    @property
    def name(self) -> str:
        return f"{self.version[0]}.{self.version[1]}"


def ask(candidate: Path, version: tuple[int, int]) -> Interpreter | None:
    """Run a candidate. None if it doesn't run, or is another version than its name says."""
    try:
        answer = subprocess.run([candidate, "-c", _ASK], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = answer.stdout.split("\n")
    if answer.returncode or lines[0] != f"{version[0]}.{version[1]}":
        return None
    return Interpreter(version, Path(lines[1]))


def _candidates(name: str, search: list[Path], pyenv: Path) -> Iterator[Path]:
    for folder in [*search, *sorted(pyenv.glob(f"versions/{name.removeprefix('python')}*/bin"))]:
        if (folder / name).exists():
            yield folder / name


def find(search: list[Path], pyenv: Path) -> list[Interpreter]:
    """One interpreter for each version, lowest first: the first that runs, on the PATH or among those of pyenv."""
    found = []
    for version in VERSIONS:
        for candidate in _candidates(f"python{version[0]}.{version[1]}", search, pyenv):
            interpreter = ask(candidate, version)
            if interpreter:
                found.append(interpreter)
                break
    return found


def search_path() -> list[Path]:
    return [Path(entry) for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if entry]


@cache
def found() -> tuple[Interpreter, ...]:
    """The interpreters of this machine."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    return tuple(find(search_path(), pyenv))


def _link(wanted: dict[str, Path], folder: Path) -> None:
    """Make the folder's links as wanted, and touch none that already is."""
    folder.mkdir(parents=True, exist_ok=True)
    present = {path.name: path.readlink() for path in folder.iterdir()}
    for name, target in present.items():
        if target != wanted.get(name):
            (folder / name).unlink()
    for name, target in wanted.items():
        if present.get(name) != target:
            (folder / name).symlink_to(target)


def _has_dead_interpreter(folder: Path) -> bool:
    names = [(version, folder / f"python{version[0]}.{version[1]}") for version in VERSIONS]
    return any(path.exists() and ask(path, version) is None for version, path in names)


@cache
def clean_path() -> str:
    """The PATH for everything we run: the interpreters that work, and no folder that has one which doesn't."""
    _link({f"python{interpreter.name}": interpreter.path for interpreter in found()}, paths.INTERPRETERS)
    kept = [str(folder) for folder in search_path() if not _has_dead_interpreter(folder)]
    return os.pathsep.join([str(paths.INTERPRETERS), *kept])
