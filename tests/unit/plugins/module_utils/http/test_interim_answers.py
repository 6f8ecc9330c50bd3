# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An answer that only says that another one will come (103 Early Hints): the other one is never the next request's."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import NetworkError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.clock import Clock
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.messages import Request
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.transport import Transport
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.trust import Trust
from fake_tenant.certificates import Authority

OWN, LATE = b'{"of": "this"}', b'{"of": "the one before"}'
INTERIM = {
    "early hints": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
    "processing": b"HTTP/1.1 102 Processing\r\n\r\n",
    "switching": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "none that is known": b"HTTP/1.1 199 -\r\nContent-Length: 2\r\n\r\n",
    "after a 100": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n",
}


def whole(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


class Server:
    """The first request gets ``interim``; its real answer comes only once something more comes on that connection."""

    def __init__(self, authority: Authority, interim: bytes) -> None:
        self._context = authority.server_context()
        self._interim = interim
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        first = self._interim
        while True:
            try:
                plain, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain, first), daemon=True).start()
            first = b""

    def _serve(self, plain: socket.socket, first: bytes) -> None:
        with contextlib.suppress(OSError), self._context.wrap_socket(plain, server_side=True) as connection:
            late = bool(first)
            if late and connection.recv(65536):
                connection.sendall(first)
            while connection.recv(65536):
                connection.sendall(whole(LATE if late else OWN))
                late = False

    def close(self) -> None:
        self._listener.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), ("localhost",))


@pytest.fixture(params=INTERIM.values(), ids=INTERIM)
def server(authority: Authority, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "*")
    made = Server(authority, request.param)
    yield made
    made.close()


def test_it_is_no_answer_and_leaves_nothing_behind(authority: Authority, server: Server) -> None:
    transport = Transport(Clock(60), trust=Trust(str(authority.ca_path)), timeout=20)
    url = f"https://localhost:{server.port}/x"
    with pytest.raises(NetworkError, match="the answer will come") as caught:
        transport.roundtrip(Request("POST", url, body=b"{}"))
    assert caught.value.may_have_worked
    assert transport.roundtrip(Request("POST", url, body=b"{}")).body == OWN
