# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An interpreter for Ansible's modules, whose programs are forked: for plays of very many modules.

It is a file that is started as Python is, with the path of a program, or without one and the program on its standard
input. It says that it is there, waits, and ends as the program does. A shell starts ten times as fast as Python, even
without site; all that the program is to have of it is read from /proc.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .forked import ForkServer

# Nobody would ever take the order if the process that serves is gone. Its streams are put aside: they are others while
# it writes and reads.
_CLIENT = """\
#!/bin/sh
kill -0 {server} 2>/dev/null && {mkfifo} '{folder}'/$$ || exit 70
exec 3<&0 4>&1 5>&2
echo $$ > '{folder}/orders'
read -r status < '{folder}'/$$
exit $(( ${{status:-70}} & 255 ))
"""
_STREAMS = {3: os.O_RDONLY, 4: os.O_WRONLY, 5: os.O_WRONLY}
_SHELL = 2  # the words of a command line that are the shell and its script


class ForkingInterpreter:
    """``with ForkingInterpreter(folder, preload) as python:`` is the path of an interpreter, until its end."""

    def __init__(
        self,
        folder: Path,
        preload: Sequence[str],
        environment: Mapping[str, str] | None = None,
        other: Callable[[Mapping[str, str]], ForkServer | None] = lambda _environment: None,
    ) -> None:
        """:param other: What forks a program that has this environment, where something does it better."""
        self._server = ForkServer(preload, environment)
        self._other = other
        self._folder = folder
        self._path = folder / "interpreter"
        os.mkfifo(folder / "orders")
        # Open for writing, too: it has no end as long as this process lives.
        self._orders = open(os.open(folder / "orders", os.O_RDWR), "r+b", buffering=0)  # noqa: SIM115
        self._path.write_text(_CLIENT.format(server=os.getpid(), mkfifo=shutil.which("mkfifo"), folder=folder))
        self._path.chmod(0o700)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __str__(self) -> str:
        return str(self._path)

    def can(self, environment: Mapping[str, str]) -> bool:
        """See ``ForkServer``."""
        return self._server.can(environment)

    def __enter__(self) -> str:
        return str(self)

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        self._orders.write(b"\n")
        self._thread.join()
        self._orders.close()
        self._server.close()

    def _serve(self) -> None:
        """Pass on each order, until there is one of nobody."""
        while line := self._orders.readline().strip():
            try:
                self._pass_on(int(line))
            except OSError:  # whoever ordered is gone, or would wait for nothing
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(line), signal.SIGKILL)

    def _pass_on(self, client: int) -> None:
        """With its own standard streams, and a pipe that tells it how the program ended."""
        process = Path("/proc", str(client))
        words = (process / "cmdline").read_bytes().split(b"\0")[_SHELL:-1]
        variables = (process / "environ").read_bytes().split(b"\0")
        status = (process / "status").read_text().splitlines()
        environment = dict(os.fsdecode(variable).split("=", 1) for variable in variables if variable)
        order = {
            "arguments": [os.fsdecode(word) for word in words],
            "environment": environment,
            "folder": str((process / "cwd").readlink()),
            "mask": next(int(line.split()[1], 8) for line in status if line.startswith("Umask:")),
        }
        files: list[int] = []
        try:
            for number, way in _STREAMS.items():
                files.append(os.open(process / "fd" / str(number), way))
            files.append(self._where_to_tell(client))
        except OSError:
            for file in files:
                os.close(file)
            raise
        server = self._other(environment) or self._server
        server.pass_on(json.dumps(order).encode(), files)

    def _where_to_tell(self, client: int) -> int:
        """Its own pipe, once it reads there."""
        path = self._folder / str(client)
        while True:
            try:
                found = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO or not Path("/proc", str(client)).exists():
                    raise
                time.sleep(0.0005)
                continue
            path.unlink()
            return found
