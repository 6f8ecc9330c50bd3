# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs started by a fork server: much cheaper than a fresh interpreter that imports the same again and again.

Where a run can't be told from a fresh one, it is forked; ``ForkServer.can`` says where.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).with_name("fork_server.py")

# Read by an interpreter, C's library or OpenSSL as they start: a child that is forked can't have another.
_AT_START = ("GLIBC_", "LANG", "LC_", "LD_", "MALLOC_", "OPENSSL_", "PYTHON")


def _at_start(environment: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in environment.items() if name.startswith(_AT_START)}
    kept.pop("PYTHONPATH", None)
    return kept


class Forked:
    """A program that runs. What ``subprocess.Popen`` offers, as far as tests use it."""

    def __init__(self, arguments: Sequence[str], pid: int, told: int, stdout: int, stderr: int) -> None:
        self.args = list(arguments)
        self.pid = pid
        self.returncode: int | Any = None  # as that of Popen: an int as soon as it has ended
        self._told = told
        self._streams = (stdout, stderr)

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            status = os.read(self._told, 16)
            os.close(self._told)
            self.returncode = int(status) if status else -signal.SIGKILL  # the server is gone, and so is what it knew
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """All that it writes, until nobody can write any more, and its end."""
        end = None if timeout is None else time.monotonic() + timeout
        written: dict[int, list[bytes]] = {stream: [] for stream in self._streams}
        with selectors.DefaultSelector() as selector:
            for stream in self._streams:
                selector.register(stream, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(self._left(end, timeout))
                for key, _events in ready:
                    part = os.read(key.fd, 1 << 16)
                    written[key.fd].append(part)
                    if not part:
                        selector.unregister(key.fd)
                        os.close(key.fd)
        self.wait(self._left(end, timeout))
        stdout, stderr = (
            b"".join(parts).decode().replace("\r\n", "\n").replace("\r", "\n") for parts in written.values()
        )
        return stdout, stderr

    def _left(self, end: float | None, timeout: float | None) -> float | None:
        if end is None:
            return None
        left = end - time.monotonic()
        if left <= 0:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return left


class ForkServer:
    """Starts Python programs that import ``preload``, which is imported in ``environment``. Serves this process only,
    to its end.
    """

    def __init__(self, preload: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        self._lock = threading.Lock()
        self._control, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            self._process = subprocess.Popen(
                [sys.executable, str(PROGRAM), str(other.fileno()), *preload],
                pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=self._environment,
            )
        atexit.register(self.close)

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        """Programs that still run go on."""
        self._control.close()
        self._process.wait()
        atexit.unregister(self.close)

    @staticmethod
    def here() -> bool:
        """Whether this machine can do it, and nobody forbids it with M365OPS_TEST_FORK=no."""
        return hasattr(os, "pidfd_open") and os.environ.get("M365OPS_TEST_FORK") != "no"

    def can(self, environment: Mapping[str, str]) -> bool:
        """Whether a program with this environment can be forked: nothing in it changes how an interpreter starts."""
        return _at_start(environment) == _at_start(self._environment)

    def start(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: str | Path | None = None
    ) -> Forked:
        """Start ``python ARGUMENTS``, the first of which is a file. Nothing can be read from its standard input."""
        with contextlib.ExitStack() as ours:
            nothing = os.open(os.devnull, os.O_RDONLY)
            ours.callback(os.close, nothing)
            pipes = [os.pipe() for _name in ("stdout", "stderr", "told")]
            for _read, write in pipes:
                ours.callback(os.close, write)
            order = {
                "arguments": list(arguments),
                "environment": dict(environment),
                "folder": str(folder or Path.cwd()),
                "mask": _mask(),
            }
            answer = self._order(json.dumps(order).encode(), [nothing, *(write for _read, write in pipes)])
            if not answer:
                raise RuntimeError(f"the fork server is gone, before {arguments[0]} was started")
        stdout, stderr, told = (pipe[0] for pipe in pipes)
        return Forked(arguments, int(answer), told, stdout, stderr)

    def pass_on(self, order: bytes, files: Sequence[int]) -> None:
        """Start what another process has ordered, with its own streams and a pipe that tells it how that ended. They
        are closed here.
        """
        try:
            self._order(order, files)
        finally:
            for file in files:
                os.close(file)

    def _order(self, order: bytes, files: Sequence[int]) -> bytes:
        """The number of the process that was started for it."""
        with self._lock:
            socket.send_fds(self._control, [order], list(files))
            return self._control.recv(64)


def _mask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
