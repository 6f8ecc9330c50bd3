# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A submission server that says what it is told to say, however wrong: each line of the client's gets one answer."""

from __future__ import annotations

import itertools
import socket
import ssl
import threading
from collections.abc import Mapping
from types import TracebackType

PAUSE = 0.05  # seconds between two bytes of what has no end

GREETING = b"220 fake.example ready\r\n"
HELLO = b"250-fake.example\r\n250 STARTTLS\r\n"
HELLO_TLS = b"250-fake.example\r\n250 AUTH LOGIN XOAUTH2\r\n"
ORDINARY = {
    "greeting": GREETING,
    "EHLO": HELLO,
    "STARTTLS": b"220 go ahead\r\n",
    "EHLO/TLS": HELLO_TLS,
    "QUIT": b"221 bye\r\n",
}
DROP = b""  # in place of an answer: the connection is closed


class Endless:
    """An answer that begins and goes on for ever, byte by byte; with ``pause`` 0 as fast as it is taken."""

    def __init__(self, begin: bytes, ever_after: bytes, pause: float = PAUSE) -> None:
        self.begin, self.ever_after, self.pause = begin, ever_after, pause


class ScriptedServer:
    """``with ScriptedServer({"AUTH": b"535 5.7.3 no\\r\\n"}, context) as server: server.port``.

    Keys: ``greeting``, ``tls`` (said instead of the handshake), or the word that a line begins with, with ``/TLS``
    after it where TLS is on. Lines that are part of a sign-in are answered by ``line 1``, ``line 2`` ... in order.
    After an answer without an end the connection is closed.
    """

    def __init__(self, answers: Mapping[str, bytes | Endless], context: ssl.SSLContext) -> None:
        self._answers = {**ORDINARY, **answers}
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stopped = threading.Event()
        self.lines: list[str] = []  # what the clients said
        self.left = threading.Semaphore(0)  # one for each connection that is over

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> ScriptedServer:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            self._talk(connection)
        except (OSError, EOFError):
            pass
        finally:
            connection.close()
            self.left.release()

    def _talk(self, connection: socket.socket) -> None:
        self._say(connection, self._answers["greeting"])
        tls, taken = False, 0
        while line := _line_of(connection):
            self.lines.append(line)
            word = line.partition(" ")[0].upper()
            answer = self._answers.get(f"{word}/TLS") if tls else None
            answer = answer if answer is not None else self._answers.get(word)
            if answer is None:
                taken += 1
                answer = self._answers.get(f"line {taken}", b"500 what?\r\n")
            self._say(connection, answer)
            if word == "STARTTLS" and answer == ORDINARY["STARTTLS"]:
                instead = self._answers.get("tls")
                if instead is not None:
                    self._say(connection, instead)
                connection = self._context.wrap_socket(connection, server_side=True)
                tls = True

    def _say(self, connection: socket.socket, answer: bytes | Endless) -> None:
        if answer == DROP:
            raise EOFError
        if isinstance(answer, bytes):
            connection.sendall(answer)
            if not answer.endswith(b"\n"):
                raise EOFError
            return
        connection.sendall(answer.begin)
        step = answer.ever_after * (1 if answer.pause else 1000)
        for piece in itertools.repeat(step):
            for byte in [piece[place : place + 1] for place in range(len(piece))] if answer.pause else [piece]:
                connection.sendall(byte)
                if self._stopped.wait(answer.pause) if answer.pause else self._stopped.is_set():
                    raise EOFError


def _line_of(connection: socket.socket) -> str:
    """A line with its end; an empty text once the other side has gone."""
    line = b""
    while not line.endswith(b"\n"):
        piece = connection.recv(1)
        if not piece:
            return ""
        line += piece
    return line.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r") or " "
