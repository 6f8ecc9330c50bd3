# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look into a module's process, or take something from it: code that its interpreter runs before anything else."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from harness.run import Environment

_BLOCK = """\
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ImportError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
"""

_RECORD = """\
import atexit, json, sys

def record():
    with open({path!r}, "w") as file:
        json.dump(sorted(sys.modules), file)

atexit.register(record)
"""

_SYSLOG = """\
import syslog

def record(*arguments):
    with open({path!r}, "a") as file:
        print(*arguments, file=file)

syslog.syslog = record
"""


def without_libraries(folder: Path, *names: str) -> Environment:
    """An environment in which these libraries can't be imported."""
    return _at_start(folder, _BLOCK.format(names=set(names)))


class ImportRecorder:
    """Tells which libraries a module had imported when it ended."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "imported.json"
        self.environment = _at_start(folder, _RECORD.format(path=str(self._path)))

    def imported(self, names: Sequence[str]) -> set[str]:
        return set(names) & set(json.loads(self._path.read_text()))


class SyslogRecorder:
    """Catches what Ansible's modules send to the machine's log."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "syslog.txt"
        self.environment = _at_start(folder, _SYSLOG.format(path=str(self._path)))

    @property
    def text(self) -> str:
        return self._path.read_text()


# Python goes on where a sitecustomize fails: what isn't there to be broken ends the run instead.
_BREAK = """\
import importlib
import os

try:
    module = importlib.import_module({module!r})
    {target}.{last}
except (ImportError, AttributeError) as error:
    os.write(2, repr(error).encode())
    os._exit(97)

def broken(*_arguments, _left=[{passes}], _kept={target}.{last}, **_named):
    if _left[0] > 0:
        _left[0] -= 1
        return _kept(*_arguments, **_named)
    raise {error}

{target}.{last} = broken
"""


def breaking(folder: Path, module: str, name: str, error: str, passes: int = 0) -> Environment:
    """An environment in which a function of the collection raises ``error``, an expression, after so many calls."""
    module = f"ansible_collections.m365ops.exchange_online.plugins.module_utils.{module}"
    target, _dot, last = f"module.{name}".rpartition(".")
    return _at_start(folder, _BREAK.format(module=module, target=target, last=last, error=error, passes=passes))


def _at_start(folder: Path, code: str) -> Environment:
    """Python runs a ``sitecustomize`` that it finds. The one for names below ``localhost`` is lost: for tests that need
    none.
    """
    place = folder / "sitecustomize"
    place.mkdir()
    (place / "sitecustomize.py").write_text(code)
    return {"PYTHONPATH": os.pathsep.join([str(place), *filter(None, [os.environ.get("PYTHONPATH")])])}
