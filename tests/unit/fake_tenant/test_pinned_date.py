# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The date that a run of the collection takes for today."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from harness.hooks import without_libraries
from harness.run import environment, today

CODE = """\
import datetime, json, socket, time
from datetime import date

class Day(date):
    pass

now = datetime.datetime.now()
print(json.dumps({
    "today": date.today().isoformat(),
    "of a subclass": Day.today().isoformat(),
    "types": [type(date.today()) is datetime.date, type(Day.today()) is Day, type(now.date()) is datetime.date],
    "clocks": [abs(now.timestamp() - time.time()) < 60, datetime.datetime.today() >= now],
    "region": socket.getaddrinfo("eur.localhost", 443)[0][4][0],
}))
"""


def run(fake: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    values = environment(fake, "good", changes)
    done = subprocess.run([sys.executable, "-c", CODE], env=values, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_day_of_ones_own(fake: Any) -> None:
    found = run(fake, today("2031-02-03"))
    assert (found["today"], found["of a subclass"]) == ("2031-02-03", "2031-02-03")
    assert found["types"] == [True] * 3
    assert found["clocks"] == [True] * 2
    assert found["region"] == "127.0.0.1"


def test_without_it_nothing_is_touched(fake: Any) -> None:
    found = run(fake, {})
    assert found["today"] != "2031-02-03"
    assert found["region"] == "127.0.0.1"


def test_together_with_other_hooks(fake: Any, tmp_path: Path) -> None:
    code = "import datetime; print(datetime.date.today())\ntry: import msal\nexcept ImportError: print('blocked')"
    values = environment(fake, "good", {**without_libraries(tmp_path, "msal"), **today("2031-02-03")})
    done = subprocess.run([sys.executable, "-c", code], env=values, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2031-02-03", "blocked"]


def test_no_day() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        today("nonsense")
