# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a long task says how far it is, and what."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.clock import Clock
from ansible_collections.m365ops.exchange_online.plugins.module_utils._progress import Progress
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._long_task import shorten_invocation


class HandClock(Clock):
    """Moves by hand."""

    time = 0.0

    def now(self) -> float:
        return self.time


@pytest.fixture
def clock() -> HandClock:
    return HandClock(3600)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "progress"
    path.touch()
    return path


def test_nothing_before_ten_seconds_and_then_a_line_every_ten(clock: HandClock, file: Path) -> None:
    stage = Progress(clock, str(file)).stage("written", 1000)
    for second in range(31):
        clock.time = second
        stage.reached(second * 10, failed=2)
    assert file.read_text().splitlines() == [
        "100 of 1,000 mailboxes written, 2 failed, about 2 minutes left",
        "200 of 1,000 mailboxes written, 2 failed, about 1 minute left",
        "300 of 1,000 mailboxes written, 2 failed, about 1 minute left",
    ]


def test_a_total_that_nobody_knows_gives_no_estimate(clock: HandClock, file: Path) -> None:
    stage = Progress(clock, str(file)).stage("read")
    clock.time = 11
    stage.reached(12_000)
    assert file.read_text() == "12,000 mailboxes read\n"


def test_one_line_for_all_stages(clock: HandClock, file: Path) -> None:
    progress = Progress(clock, str(file))
    clock.time = 11
    progress.stage("read").reached(1)
    progress.stage("written").reached(1)
    assert len(file.read_text().splitlines()) == 1


@pytest.mark.parametrize("kind", ["absent", "link", "folder", "pipe", "nonsense", "none"])
def test_what_is_no_file_of_ours_is_left_alone(clock: HandClock, tmp_path: Path, kind: str) -> None:
    path: str | None = str(tmp_path / "progress")
    target = tmp_path / "target"
    target.write_text("kept")
    if kind == "link":
        os.symlink(target, str(path))
    elif kind == "folder":
        os.mkdir(str(path))
    elif kind == "pipe":
        os.mkfifo(str(path))
    elif kind == "nonsense":
        path = "\0"
    elif kind == "none":
        path = None
    progress = Progress(clock, path)
    clock.time = 60
    progress.stage("read").reached(1)
    assert target.read_text() == "kept"
    assert (tmp_path / "progress").is_file() is (kind == "link")


def test_long_values_of_invocation_are_counted() -> None:
    result = {"invocation": {"module_args": {"mailboxes": ["a"] * 21, "exceptions": [{}] * 20, "state": "enabled"}}}
    shorten_invocation(result)
    arguments = result["invocation"]["module_args"]
    assert arguments == {"mailboxes": "21 items, not shown", "exceptions": [{}] * 20, "state": "enabled"}


@pytest.mark.parametrize("result", [{}, {"invocation": None}, {"invocation": {"module_args": "text"}}])
def test_a_result_without_invocation_stays(result: dict[str, object]) -> None:
    before = dict(result)
    shorten_invocation(result)
    assert result == before
