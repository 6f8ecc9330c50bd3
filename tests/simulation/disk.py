# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The disk that journals are on: real files in a folder of their own, with the faults of real disks."""

from __future__ import annotations

import errno
import fcntl
import os
import random
from collections.abc import Callable
from typing import Any

from simulation.process import Process
from simulation.scheduler import Killed
from simulation.stdlib import _Like


class Disk:
    """What the engine takes for ``os`` and ``fcntl`` where it writes files below ``folder``."""

    def __init__(self, folder: str, rng: random.Random, tell: Callable[[str], None]) -> None:
        self.folder = folder
        self.files: dict[int, str] = {}
        self._rng = rng
        self._tell = tell
        self.process: Process | None = None
        self.room: int | None = None  # bytes that still fit; None for any number
        self.locked_until = 0.0
        self.failing = 0.0  # odds of an I/O error
        self.written: list[tuple[float, str, bytes | int]] = []  # when, to which file, what; or its size after a cut

    def close_all(self) -> None:
        for file in self.files:
            os.close(file)
        self.files.clear()

    def write(self, file: int, data: bytes) -> int:
        """May write less than all, nothing, or a part before the process is killed."""
        name = self.files[file]
        self._step(f"{len(data)} bytes to {name}", file, data)
        if self._rng.random() < self.failing:
            self._tell(f"disk: an I/O error at {name}")
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if self.room is not None and self.room < len(data):
            part = self.room
            self._tell(f"disk: full; {part} of {len(data)} bytes fit")
            self.room = 0
            if not part:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return self._put(file, data[:part])
        if self.room is not None:
            self.room -= len(data)
        self._put(file, data)
        self._tell(f"disk: {name} += {data.decode(errors='replace').strip()}")
        return len(data)

    def cut(self, file: int, size: int) -> None:
        if file in self.files:
            self.written.append((self.process.scheduler.now if self.process else 0.0, self.files[file], size))

    def _put(self, file: int, data: bytes) -> int:
        if data:
            self.written.append((self.process.scheduler.now if self.process else 0.0, self.files[file], data))
        return os.write(file, data)

    def _step(self, what: str, file: int, data: bytes) -> None:
        if self.process is None:
            return
        try:
            self.process.step(what)
        except Killed:
            part = self._rng.choice((0, 0, len(data) // 2, len(data)))
            self._put(file, data[:part])
            self._tell(f"disk: {part} of {len(data)} bytes were written when it was killed")
            raise

    def lock(self, file: int, operation: int) -> None:
        process = self.process
        if process is None or operation & fcntl.LOCK_UN or file not in self.files:
            return
        if process.scheduler.now < self.locked_until:
            if operation & fcntl.LOCK_NB:
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            process.scheduler.sleep(self.locked_until - process.scheduler.now)


class SimulatedOs(_Like):
    def __init__(self, disk: Disk) -> None:
        super().__init__(os)
        self._disk = disk
        self.environ: dict[str, str] = {}  # nothing of who runs the simulation

    def open(self, path: Any, flags: int, mode: int = 0o777, **other: Any) -> int:
        file = os.open(path, flags, mode, **other)
        if str(path).startswith(self._disk.folder) and flags & (os.O_WRONLY | os.O_RDWR):
            self._disk.files[file] = os.path.basename(str(path))
        return file

    def close(self, file: int) -> None:
        self._disk.files.pop(file, None)
        os.close(file)

    def write(self, file: int, data: bytes) -> int:
        return self._disk.write(file, data) if file in self._disk.files else os.write(file, data)

    def ftruncate(self, file: int, size: int) -> None:
        self._disk.cut(file, size)
        os.ftruncate(file, size)

    def fsync(self, file: int) -> None:
        if file not in self._disk.files:
            os.fsync(file)

    fdatasync = fsync


class SimulatedFcntl(_Like):
    def __init__(self, disk: Disk) -> None:
        super().__init__(fcntl)
        self._disk = disk

    def flock(self, file: Any, operation: int) -> None:
        self._disk.lock(file if isinstance(file, int) else file.fileno(), operation)

    def lockf(self, file: Any, operation: int, *_range: int) -> None:
        self.flock(file, operation)
