# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the package index has the core that is still to come."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools import paths, releases
from tools.interpreters import Interpreter
from tools.process import CommandFailed

PYTHON = Interpreter((3, 13), Path("/opt/python3.13"))
NOT_YET = "the package index has no final release of it yet"


@pytest.mark.parametrize(
    ("listing", "has"),
    [
        ("ansible-core (2.22.0)\nAvailable versions: 2.22.0, 2.21.5", True),
        ("Available versions: 2.22.1, 2.22.0rc1", True),
        ("Available versions: 2.22.0rc1, 2.22.0b2, 2.22.0.dev0, 2.21.5", False),
        ("Available versions: 2.220.0, 12.22.0, 2.21.22", False),
        ("", False),
    ],
)
def test_only_a_final_release_counts(listing: str, has: bool) -> None:
    assert releases.has_final(listing, "2.22") is has


class Index:
    """Counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.listing: str | None = "Available versions: 2.21.5"

    def __call__(self, interpreter: Interpreter) -> str:
        assert interpreter == PYTHON
        self.asked += 1
        if self.listing is None:
            raise CommandFailed("python ended with exit code 1")
        return self.listing


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    made = Index()
    monkeypatch.setattr(paths, "CACHE", tmp_path)
    monkeypatch.setattr(releases, "_listing", made)
    return made


def test_the_index_is_asked_once_a_day(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    assert releases.known("2.22", PYTHON) == "the package index wasn't asked for it yet"
    assert [releases.why_not("2.22", PYTHON) for _time in range(2)] == [NOT_YET, NOT_YET]
    assert releases.known("2.22", PYTHON) == NOT_YET
    assert index.asked == 1
    index.listing = "Available versions: 2.22.0, 2.21.5"
    monkeypatch.setattr(releases, "KEPT", 0.0)
    assert releases.why_not("2.22", PYTHON) == ""
    assert index.asked == 2


def test_what_was_released_stays_so(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releases, "KEPT", 0.0)
    index.listing = "Available versions: 2.22.0"
    assert releases.why_not("2.22", PYTHON) == ""
    index.listing = None
    assert releases.why_not("2.22", PYTHON) == ""


def test_an_index_that_cannot_be_reached_is_told_and_asked_again(index: Index) -> None:
    index.listing = None
    why = "the package index couldn't be asked for it: python ended with exit code 1"
    assert releases.why_not("2.22", PYTHON) == why
    index.listing = "Available versions: 2.22.0"
    assert releases.why_not("2.22", PYTHON) == ""


def test_a_broken_note_is_no_answer(index: Index, tmp_path: Path) -> None:
    (tmp_path / "releases.json").write_text("{")
    assert releases.why_not("2.22", PYTHON) == NOT_YET
    assert index.asked == 1
