# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starting the fake tenant in a process of its own, for runs that reach it as they would reach the real one."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType

from fake_tenant import Control

from tools import paths, process, settings
from tools.process import CommandFailed

PATIENCE = 60.0  # seconds until it must be listening


class Tenant:
    """A context manager; inside it ``control`` reads and changes the tenant past the collection."""

    control: Control

    def __init__(self, python: Path, directory: Path, mailboxes: int, states: str = "") -> None:
        self._directory = directory
        self._command = [str(python), "-m", "fake_tenant", "--directory", str(directory), "--mailboxes", str(mailboxes)]
        if states:
            self._command += ["--states", states]
        self._ready_file = directory / "ready.json"

    def __enter__(self) -> Tenant:
        shutil.rmtree(self._directory, ignore_errors=True)
        self._directory.mkdir(parents=True)
        env = settings.base() | {"PYTHONPATH": str(paths.TESTS)}
        with (self._directory / "output.log").open("wb") as output:
            self._process = process.start(self._command, env, self._directory, output.fileno())
        try:
            self._wait()
            self.control = Control(self._ready_file)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self._ready_file.exists():
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        output = (self._directory / "output.log").read_text(encoding="utf-8", errors="replace")
        raise CommandFailed(f"the fake tenant did not start:\n{output[-2000:]}")

    def _stop(self) -> None:
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        process.end(self._process)

    def generated(self, count: int) -> list[str]:
        """The addresses of the first generated mailboxes."""
        domain = self.control.tenants[0]["domain"]
        return [f"user{number:05}@{domain}" for number in range(1, count + 1)]
