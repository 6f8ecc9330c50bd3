# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-runner and ansible-playbook, forked from processes that have imported what each run imports: most of what a
short job takes. M365OPS_TEST_FORK=no starts them as they are.
"""

from __future__ import annotations

import atexit
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from harness.forked import ForkServer
from harness.forking_interpreter import ForkingInterpreter
from harness.playbook_main import PACKED
from harness.run import PLAYBOOK_MAIN, PRELOAD_PLAYBOOK

RUNNER = Path(sys.executable).with_name("ansible-runner")


@cache
def ansible_playbook() -> Path:
    """A program of this name, in a folder of its own: whoever finds it first on the PATH runs this one."""
    folder = _scratch() / "bin"
    folder.mkdir()
    interpreter = _forking_interpreter() or sys.executable
    program = folder / "ansible-playbook"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(str(interpreter))} {shlex.quote(str(PLAYBOOK_MAIN))} "$@"\n')
    program.chmod(0o700)
    return program


@cache
def packed() -> dict[str, str]:
    """The variable by which runs of it share what they pack for a module. All have the same collections."""
    folder = _scratch() / "packed"
    folder.mkdir()
    return {PACKED: str(folder)} if ForkServer.here() else {}


def run_ansible_runner(words: Sequence[str], environment: Mapping[str, str], seconds: float) -> None:
    """Run ``ansible-runner`` to its end, good or bad. What it has to say is in the folder of its artifacts.

    :raises subprocess.TimeoutExpired: it takes too long.
    """
    server = _runners()
    process = (
        server.start([str(RUNNER), *words], environment)
        if server is not None and server.can(environment)
        else subprocess.Popen(
            [sys.executable, str(RUNNER), *words],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


@cache
def _runners() -> ForkServer | None:
    return ForkServer(["ansible_runner.__main__"]) if ForkServer.here() else None


@cache
def _forking_interpreter() -> ForkingInterpreter | None:
    if not ForkServer.here():
        return None
    interpreter = ForkingInterpreter(_scratch(), PRELOAD_PLAYBOOK)
    atexit.register(interpreter.close)
    return interpreter


@cache
def _scratch() -> Path:
    """A folder of this process, gone at its end."""
    folder = tempfile.mkdtemp(prefix="fake-awx-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
