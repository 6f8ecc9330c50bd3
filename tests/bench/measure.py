# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a playbook and tell its seconds, its module's peak memory, and its task's result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.run import environment

from bench.tenant import Tenant

_LOOK = 0.02  # seconds between looks at the memory
_SEARCH = 0.1  # seconds between searches for the module's process: it takes time of the machine that is measured


@dataclass
class Measured:
    """``seconds`` of the whole ansible-playbook; ``peak`` in bytes, of the module's process; ``sent`` by the tenant's
    own count.
    """

    seconds: float
    peak: int
    sent: int
    changed: bool


@dataclass
class _Peak:
    """Watches the module's process from outside: its high-water mark is read until it ends."""

    root: int
    value: int = 0
    _end: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        module: int | None = None
        while not self._end.wait(_LOOK if module else _SEARCH):
            if module and (seen := _high_water(module)):
                self.value = max(self.value, seen)
            else:
                found = (pid for pid in _descendants(self.root) if is_module(_read(f"/proc/{pid}/cmdline")))
                module = next(found, None)

    def stop(self) -> None:
        self._end.set()


def run_playbook(tenant: Tenant, tasks: list[dict[str, Any]], variables: Mapping[str, Any], folder: Path) -> Measured:
    """One play on localhost with these tasks.

    :raises RuntimeError: the play failed; the text is its output.
    """
    plays = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
    (folder / "play.json").write_text(json.dumps(plays))
    (folder / "variables.json").write_text(json.dumps({"ansible_python_interpreter": sys.executable, **variables}))
    values = environment(tenant.control, "good", {})
    values.update(ANSIBLE_NOCOLOR="1", ANSIBLE_LOCALHOST_WARNING="0", ANSIBLE_INVENTORY_UNPARSED_WARNING="0")
    command = [sys.executable, "-m", "ansible", "playbook", "play.json", "-e", "@variables.json"]
    tenant.control.log.clear()
    with (folder / "output").open("w") as output:
        begun = time.monotonic()
        process = subprocess.Popen(
            command, env=values, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        peak = _Peak(process.pid)
        watcher = threading.Thread(target=peak.watch)
        watcher.start()
        code = process.wait()
        seconds = time.monotonic() - begun
        peak.stop()
        watcher.join()
    text = (folder / "output").read_text()
    if code:
        raise RuntimeError(text[-4000:])
    return Measured(seconds, peak.value, tenant.requests(), "changed=0 " not in text)


def is_module(command: bytes) -> bool:
    """Whether this is how Ansible starts a module: one that is run in place comes by the standard input."""
    return b"AnsiballZ_" in command or command == sys.executable.encode() + b"\0"


def _descendants(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = _read(f"/proc/{name}/stat").rpartition(b")")[2].split()
            if len(fields) > 1:
                children.setdefault(int(fields[1]), []).append(int(name))
    found, left = [], [root]
    while left:
        left.extend(more := children.get(left.pop(), []))
        found.extend(more)
    return found


def _high_water(pid: int) -> int:
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith(b"VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:  # it has ended meanwhile
        return b""
