# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program of a fork server: it imports what every run imports, once, and forks a child for each run.

A child is as a fresh interpreter would be: its own standard streams, environment, search path, folder and mask, the
``sitecustomize`` that its environment leads to, no signal handled, no thread running, nothing open but these streams.
What it does to its memory is gone with it. It is a child of this process, which tells how it ended.

Start it with the number of a socket's file descriptor, and the names of what to import beforehand.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import selectors
import socket
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

STREAMS = 3
MESSAGE = 1 << 20
FILES = 4096  # more than this process ever has open


def search_path(environment: dict[str, str]) -> list[str]:
    """The part of an interpreter's search path that its environment gives it."""
    return [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]


class Server:
    """Serves until the other end of its socket is closed."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._selector = selectors.DefaultSelector()
        self._running: dict[int, tuple[int, int]] = {}  # by the child's own file descriptor: process and where to tell
        own = search_path(dict(os.environ))
        self._rest = [entry for entry in sys.path[1:] if entry not in own]

    def serve(self) -> Callable[[], None] | None:
        """What a child is to do; None in the server, at its end."""
        self._selector.register(self._control, selectors.EVENT_READ)
        while True:
            for key, _events in self._selector.select():
                if key.fileobj is not self._control:
                    self._tell(key.fd)
                    continue
                message, files, _flags, _address = socket.recv_fds(self._control, MESSAGE, STREAMS + 1)
                if not message:
                    return None
                job = self._start(json.loads(message), files)
                if job is not None:
                    return job

    def _start(self, order: dict[str, Any], files: list[int]) -> Callable[[], None] | None:
        process = os.fork()
        if process:
            *streams, told = files
            for number in streams:
                os.close(number)
            child = os.pidfd_open(process)
            self._running[child] = (process, told)
            self._selector.register(child, selectors.EVENT_READ)
            self._control.sendall(str(process).encode())
            return None
        self._let_go(files)
        return self._become(order)

    def _let_go(self, files: list[int]) -> None:
        """In a child: nothing of the server's stays open."""
        for number, file in enumerate(files[:STREAMS]):
            os.dup2(file, number)
        self._selector.close()
        self._control.close()
        os.closerange(STREAMS, FILES)
        open_streams()

    def _become(self, order: dict[str, Any]) -> Callable[[], None]:
        """In a child: what a fresh interpreter would find, up to the program that it runs."""
        os.environ.clear()
        os.environ.update(order["environment"])
        time.tzset()
        os.umask(order["mask"])
        os.chdir(order["folder"])
        sys.argv[:] = order["arguments"]
        first = str(Path(sys.argv[0]).parent) if sys.argv else ""
        sys.argv[:] = sys.argv or [""]
        sys.path[:] = [first, *search_path(order["environment"]), *self._rest]
        importlib.invalidate_caches()
        sys.modules.pop("sitecustomize", None)
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module("sitecustomize")
        return lambda: run(sys.argv[0])

    def _tell(self, child: int) -> None:
        """A child has ended."""
        process, told = self._running.pop(child)
        self._selector.unregister(child)
        os.close(child)
        _process, status = os.waitpid(process, 0)
        with contextlib.suppress(BrokenPipeError):
            os.write(told, str(os.waitstatus_to_exitcode(status)).encode())
        os.close(told)


def open_streams() -> None:
    """The standard streams anew: those of the server know whether its own files could be sought in."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        kept = getattr(sys, name)
        unbuffered = number and kept.write_through
        stream = io.TextIOWrapper(
            open(number, "wb" if number else "rb", buffering=0 if unbuffered else -1, closefd=False),  # noqa: SIM115
            encoding=kept.encoding,
            errors=kept.errors,
            line_buffering=kept.line_buffering,
            write_through=kept.write_through,
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def run(program: str) -> None:
    """Run a file as ``python FILE`` does, or what stands on the standard input, as ``python`` does."""
    if program:
        runpy.run_path(program, run_name="__main__")
        return
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    exec(compile(sys.stdin.buffer.read(), "<stdin>", "exec"), main.__dict__)


def preload(names: list[str]) -> None:
    """Import modules, and all that a package holds. What can't be imported fails in the run that wants it, as ever."""
    for name in names:
        with contextlib.suppress(Exception):
            found = importlib.import_module(name)
            for module in pkgutil.walk_packages(getattr(found, "__path__", []), f"{name}."):
                with contextlib.suppress(Exception):
                    importlib.import_module(module.name)


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    preload(sys.argv[2:])
    gc.collect()
    gc.freeze()
    job = Server(control).serve()
    if job is not None:
        job()


if __name__ == "__main__":
    main()
