# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-runner and ansible-playbook, forked from processes that have imported what each run imports: most of what a
short job takes. M365OPS_TEST_FORK=no starts them as they are.

Ansible itself is imported for runs of the same settings only, if there are some of them. So a job is shown to
ansible-runner at a place that is the same for every job, as in AWX's containers.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from harness.forked import ForkServer
from harness.forking_interpreter import ForkingInterpreter
from harness.playbook_main import PACKED
from harness.run import MANY, PLAYBOOK_MAIN, PRELOAD_ANSIBLE, PRELOAD_PLAYBOOK

RUNNER = Path(sys.executable).with_name("ansible-runner")
_Settings = tuple[tuple[str, str], ...]
_seen: Counter[_Settings] = Counter()
_taken: set[Path] = set()
_lock = threading.Lock()


@cache
def ansible_playbook() -> Path:
    """A program of this name, in a folder of its own: whoever finds it first on the PATH runs this one."""
    folder = scratch() / "bin"
    folder.mkdir()
    interpreter = _forking_interpreter() or sys.executable
    program = folder / "ansible-playbook"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(str(interpreter))} {shlex.quote(str(PLAYBOOK_MAIN))} "$@"\n')
    program.chmod(0o700)
    return program


@cache
def packed() -> dict[str, str]:
    """The variable by which runs of it share what they pack for a module. All have the same collections."""
    folder = scratch() / "packed"
    folder.mkdir()
    return {PACKED: str(folder)} if ForkServer.here() else {}


@contextlib.contextmanager
def place(folder: Path) -> Iterator[Path]:
    """Where a job finds its folder. Jobs that run side by side have places of their own."""
    with _lock:
        found = next(path for number in range(100) if (path := scratch() / f"runner-{number}") not in _taken)
        _taken.add(found)
    found.symlink_to(folder, target_is_directory=True)
    try:
        yield found
    finally:
        found.unlink()
        _taken.remove(found)


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
    interpreter = ForkingInterpreter(scratch(), PRELOAD_PLAYBOOK, other=_imported)
    atexit.register(interpreter.close)
    return interpreter


def _imported(environment: Mapping[str, str]) -> ForkServer | None:
    """What has imported Ansible with the settings of this environment, if they are those of many."""
    settings = tuple(sorted((name, value) for name, value in environment.items() if name.startswith("ANSIBLE_")))
    _seen[settings] += 1
    return _with_ansible(settings) if _seen[settings] >= MANY else None


@cache
def _with_ansible(settings: _Settings) -> ForkServer:
    """It has a folder of its own for the events of what it runs to see what is imported."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return ForkServer(
        PRELOAD_ANSIBLE, {**others, **dict(settings), "AWX_ISOLATED_DATA_DIR": tempfile.mkdtemp(dir=scratch())}
    )


@cache
def scratch() -> Path:
    """A folder of this process, gone at its end."""
    folder = tempfile.mkdtemp(prefix="fake-awx-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
