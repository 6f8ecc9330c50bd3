# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An interpreter for Ansible's modules, whose programs are forked: for plays of very many modules.

It is a file that is started as Python is, with the path of a program. It hands its own streams to a fork server, waits,
and ends as the program does.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from .fork_server import MESSAGE, STREAMS
from .forked import ForkServer

# Without site, and without what the environment says: it needs nothing of either, and starts three times as fast.
_CLIENT = """\
#!{python} -IS
import json, os, socket, sys

mask = os.umask(0o077)
os.umask(mask)
order = {{"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd(), "mask": mask}}
told, tell = os.pipe()
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as control:
    control.connect({path!r})
    socket.send_fds(control, [json.dumps(order).encode()], [0, 1, 2, tell])
    os.close(tell)
    status = os.read(told, 16)
sys.exit(int(status) if status else 70)
"""


class ForkingInterpreter:
    """``with ForkingInterpreter(folder, preload) as python:`` is the path of an interpreter, until its end."""

    def __init__(self, folder: Path, preload: Sequence[str]) -> None:
        self._server = ForkServer(preload)
        self._path = folder / "interpreter"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.bind(str(folder / "orders"))
        self._socket.listen(64)
        self._path.write_text(_CLIENT.format(python=sys.executable, path=str(folder / "orders")))
        self._path.chmod(0o700)
        threading.Thread(target=self._serve, daemon=True).start()

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
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._server.close()

    def _serve(self) -> None:
        """Pass on each order, with its files."""
        with contextlib.suppress(OSError):
            while True:
                control, _address = self._socket.accept()
                with control:
                    message, files, _flags, _name = socket.recv_fds(control, MESSAGE, STREAMS + 1)
                    self._server.pass_on(message, files)
