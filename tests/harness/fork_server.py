# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program of a fork server: it imports what every run imports, once, and forks a child for each run.

A child is as a fresh interpreter would be: its own standard streams, environment, search path, folder and mask, the
``sitecustomize`` that its environment leads to, no signal handled, no thread running, nothing open but these streams.
What it does to its memory is gone with it. It is a child of this process, which tells how it ended.

Where what was imported read a variable that the child has otherwise, or says itself that it isn't as it would be, the
child becomes a fresh interpreter.

Start it with the number of a socket's file descriptor, and the names of what to import beforehand. A module among them
that has a function ``renew`` is asked in each child: it puts right what belongs to a single run, and says whether all
is as if it had been imported there.
"""

from __future__ import annotations

import atexit
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
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

STREAMS = 3
BUFFERED = (io.BufferedRandom, io.BufferedWriter, io.TextIOWrapper)
MESSAGE = 1 << 20
FILES = 4096  # more than this process ever has open


def search_path(environment: dict[str, str]) -> list[str]:
    """The part of an interpreter's search path that its environment gives it."""
    return [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]


@contextlib.contextmanager
def noted() -> Iterator[dict[str, str | None]]:
    """The variables that are read meanwhile, and what they are; None for one that isn't there."""
    kind = type(os.environ)
    true = kind.__getitem__
    read: dict[str, str | None] = {}

    def getitem(self: Any, name: str) -> str:
        read[name] = None
        read[name] = true(self, name)
        return true(self, name)

    kind.__getitem__ = getitem  # type: ignore[method-assign]
    try:
        yield read
    finally:
        kind.__getitem__ = true  # type: ignore[method-assign]


class Imported:
    """What was imported for all runs."""

    def __init__(self, names: list[str]) -> None:
        with noted() as self._read:
            self._renewing = preload(names)
        self.modules = dict(sys.modules)

    def is_for(self, environment: Mapping[str, str]) -> bool:
        """Whether it would have been imported just so with this environment."""
        return all(environment.get(name) == value for name, value in self._read.items())

    def renew(self, arguments: list[str]) -> bool:
        """In a child, once it has all of its own: whether what was imported is as it would be there."""
        try:
            return all(renew(arguments) for renew in self._renewing)
        except Exception:  # of which the run will tell
            return False


class Server:
    """Serves until the other end of its socket is closed."""

    def __init__(self, control: socket.socket, imported: Imported) -> None:
        self._control = control
        self._imported = imported
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
        if not (self._imported.is_for(order["environment"]) and self._imported.renew(order["arguments"])):
            os.execve(sys.executable, [sys.executable, *order["arguments"]], order["environment"])
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


def preload(names: list[str]) -> list[Callable[[list[str]], bool]]:
    """Import modules, and all that a package holds. What isn't there fails in the run that wants it, as ever. Gives
    what is to be asked in each child.
    """
    renewing: list[Callable[[list[str]], bool]] = []
    for name in names:
        try:
            found = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        except BaseException:  # who knows how far it came
            renewing.append(lambda _arguments: False)
            continue
        if hasattr(found, "renew"):
            renewing.append(found.renew)
        for module in pkgutil.walk_packages(getattr(found, "__path__", []), f"{name}."):
            if not module.name.endswith(".__main__"):
                with contextlib.suppress(Exception):
                    importlib.import_module(module.name)
    return renewing


def end(status: int, before: Mapping[str, types.ModuleType]) -> None:
    """End as an interpreter does, which takes apart what the program has made; what was imported before it stays whole,
    as that would take longer than many a program. Comes back where anything about it is out of the ordinary.
    """
    if "threading" in sys.modules:
        sys.modules["threading"]._shutdown()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
        for name, module in list(sys.modules.items()):
            if before.get(name) is not module:
                del sys.modules[name]
        del module
        gc.collect()
        for found in gc.get_objects():
            if issubclass(type(found), BUFFERED) and not found.closed:
                found.flush()
    except Exception:
        return
    os._exit(status)


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    imported = Imported(sys.argv[2:])
    gc.collect()
    gc.freeze()
    job = Server(control, imported).serve()
    if job is None:
        return
    status: object = 0
    try:
        job()
    except SystemExit as exit:
        status = 0 if exit.code is None else exit.code
    if isinstance(status, int) and 0 <= status <= 255:
        end(status, imported.modules)
    sys.exit(status)


if __name__ == "__main__":
    main()
