# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands: their output is kept, their failure told, and nothing of them stays behind."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tools import process
from tools.process import CommandFailed, Log

# Starts a child that has the pipe open for as long as it lives.
CHILD = "import sys, time; pipe = open(sys.argv[1], 'w'); print('here', file=pipe, flush=True); time.sleep(600)"
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1], sys.argv[2]])"


def test_output_and_failure(tmp_path: Path) -> None:
    log = Log(tmp_path / "a.log")
    script = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    with pytest.raises(CommandFailed, match="exit code 3"):
        log.run([sys.executable, "-u", "-c", script], env={}, cwd=tmp_path)
    assert log.text().splitlines()[-2:] == ["out", "err"]


def test_a_missing_tool_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="no-such-tool: No such file"):
        Log(tmp_path / "a.log").run([tmp_path / "no-such-tool"], env={}, cwd=tmp_path)


def test_what_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "TIMEOUT", 0.1)
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    with pytest.raises(CommandFailed, match=r"did not end within 0\.1 s"):
        Log(tmp_path / "a.log").run(command, env={}, cwd=tmp_path)


def test_stopping_ends_commands_with_their_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_stopping", threading.Event())
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    log = Log(tmp_path / "a.log")
    command = [sys.executable, "-c", PARENT, CHILD, str(pipe)]
    with ThreadPoolExecutor() as pool:
        running = pool.submit(log.run, command, env={}, cwd=tmp_path)
        with pipe.open() as lives:
            assert lives.readline() == "here\n"
            process.stop_all()
            assert lives.read() == ""  # the pipe ends when the child has
        with pytest.raises(CommandFailed, match="exit code -15"):
            running.result()
    with pytest.raises(CommandFailed, match="interrupted"):
        log.run(["true"], env={}, cwd=tmp_path)
