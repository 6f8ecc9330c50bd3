# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put this folder on PYTHONPATH of a child process: with M365OPS_TEST_TODAY=2026-11-24 that is its today.

Only ``datetime.date.today()`` is told so. Clocks go on as they are: tokens and waiting need the true time.
"""

from __future__ import annotations

import ctypes
import datetime
import gc
import importlib.util
import os
import sys
from pathlib import Path

VARIABLE = "M365OPS_TEST_TODAY"
NAME = "sitecustomize.py"


def _pin(day: datetime.date) -> None:
    """Give the class itself another ``today``. A subclass in its place would not do: what the interpreter makes by
    itself, such as ``datetime.now().date()``, would be of another type than ``datetime.date``.
    """
    true_today = datetime.date.__dict__["today"]

    def today(cls: type[datetime.date]) -> datetime.date:
        if issubclass(cls, datetime.datetime):
            return true_today.__get__(None, cls)()
        return cls(day.year, day.month, day.day)

    # The class can't be written to, but what its read-only view shows can.
    (members,) = gc.get_referents(datetime.date.__dict__)
    members["today"] = classmethod(today)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime.date))


def _run_next() -> None:
    """Run the sitecustomize that this one hides: Python runs the first one only."""
    here = Path(__file__).parent
    for folder in sys.path[sys.path.index(str(here)) + 1 :] if str(here) in sys.path else []:
        spec = importlib.util.spec_from_file_location("hidden_sitecustomize", Path(folder) / NAME)
        if spec is not None and spec.loader is not None and (Path(folder) / NAME).is_file():
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module
            spec.loader.exec_module(module)
            return


if VARIABLE in os.environ:
    _pin(datetime.date.fromisoformat(os.environ[VARIABLE]))
_run_next()
