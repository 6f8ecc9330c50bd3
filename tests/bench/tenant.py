# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fake tenant that is measured against, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from fake_tenant import Control

_START = 120.0  # seconds


class Tenant:
    """``with Tenant(folder, mailboxes=60000) as tenant``"""

    def __init__(self, folder: Path, *, mailboxes: int) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fake_tenant", "--directory", str(folder), "--mailboxes", str(mailboxes)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        ready = folder / "ready.json"
        end = time.monotonic() + _START
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("The fake tenant didn't start.")
            time.sleep(0.1)
        self.control = Control(ready)
        self.size = len(self.control.mailboxes.states())

    def __enter__(self) -> Tenant:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.terminate()
        self._process.wait(30)

    def names(self) -> list[str]:
        """The generated mailboxes."""
        return sorted(name for name in self.control.mailboxes.states() if name.startswith("user"))

    def requests(self) -> int:
        """HTTP requests to Exchange and Graph since the log was cleared."""
        counts = self.control.stats()["by_endpoint"]
        return sum(count for endpoint, count in counts.items() if endpoint in ("invoke", "batch", "page", "graph"))
