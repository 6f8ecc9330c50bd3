# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server that never falls silent and never comes to an end: it answers byte by byte."""

from __future__ import annotations

import itertools
import re
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from types import TracebackType

PAUSE = 0.05  # seconds between two bytes
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

# What is sent at once, and what comes by and by for ever after.
DRIPS: dict[str, tuple[bytes, bytes]] = {
    "status line": (b"HTTP/1.1 200 ", b"O"),
    "status line from its start": (b"", b"H"),
    "header": (HEAD + b"X-Long: ", b"a"),
    "many headers": (HEAD, b"A: b\r\n"),
    "length": (HEAD + b"Content-Length: 1", b"0"),
    "body": (HEAD + b"Content-Length: 100000\r\n\r\n{", b" "),
    "body to the end of the connection": (HEAD + b"Connection: close\r\n\r\n{", b" "),
    "compressed body": (
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 100000\r\n\r\n\x1f\x8b\x08\x08----\x00\x00",
        b"n",
    ),
    "chunk size": (CHUNKED + b"1", b"0"),
    "chunk extension": (CHUNKED + b"1;a=", b"b"),
    "chunk body": (CHUNKED + b"ffff\r\n{", b" "),
    "many chunks": (CHUNKED, b"1\r\n \r\n"),
    "trailer": (CHUNKED + b"2\r\n{}\r\n0\r\nX-Long: ", b"a"),
    "many trailers": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"A: b\r\n"),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "header of a 100 Continue": (b"HTTP/1.1 100 Continue\r\n", b"A: b\r\n"),
}


class DripServer:
    """Answers every request in one way: ``with DripServer(*DRIPS["header"], context) as server: server.port``.

    ``context``: TLS, or None. ``before_tls``: drip what a proxy or a TLS handshake would say instead of that.
    """

    def __init__(
        self, at_once: bytes, ever_after: bytes, context: ssl.SSLContext | None, *, before_tls: bool = False
    ) -> None:
        self._at_once, self._ever_after = at_once, ever_after
        self._context = None if before_tls else context
        self._reads_first = not before_tls or at_once.startswith(b"HTTP")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stopped = threading.Event()
        self.requests: list[bytes] = []
        self.whole: dict[bytes, bytes] = {}  # bodies of answers that end, by a part of the request
        self.cut = threading.Semaphore(0)  # one for each connection that the other side has ended
        self.dripping = threading.Event()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> DripServer:
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
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            while self._reads_first:
                request = _request(connection)
                self.requests.append(request)
                body = next((body for part, body in self.whole.items() if part in request), None)
                if body is None:
                    break
                connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            for piece in self._pieces():
                connection.sendall(piece)
                self.dripping.set()
                if self._stopped.wait(PAUSE):
                    break
        except OSError:
            self.cut.release()
        finally:
            connection.close()

    def _pieces(self) -> Iterator[bytes]:
        if self._at_once:
            yield self._at_once
        yield from _single_bytes(itertools.repeat(self._ever_after))


def _request(connection: socket.socket) -> bytes:
    """A whole request; less if it ends before its end."""
    text = b""
    while piece := connection.recv(65536):
        text += piece
        head, end, body = text.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        if end and len(body) >= int(length.group(1) if length else 0):
            break
    return text


def _single_bytes(texts: Iterable[bytes]) -> Iterator[bytes]:
    for text in texts:
        for byte in text:
            yield bytes([byte])
