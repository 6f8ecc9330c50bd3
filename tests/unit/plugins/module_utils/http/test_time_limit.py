# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request ends in time, however its answer drips, and its connection is cut then."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import InterruptedTaskError, NetworkError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http import transport as transport_module
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.clock import Clock
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.messages import Request
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.time_limit import within
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.transport import Transport
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.trust import Trust
from fake_tenant.certificates import Authority
from harness.drip import DRIPS, DripServer

LIMIT = 0.5  # seconds for a request; a drip without it lasts until the test is given up
SHORT_LIMIT = 0.2  # where nothing has to be begun by then, and still longer than the pause between two bytes
PATIENCE = 60.0  # seconds in which it has to be over: a slow machine is no failure
PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), ("localhost",))


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


def transport(authority: Authority, limit: float = LIMIT, deadline: float = 60.0) -> Transport:
    return Transport(Clock(deadline), trust=Trust(str(authority.ca_path)), timeout=limit)


def assert_ends(made: Transport, url: str) -> None:
    begun = time.monotonic()
    with pytest.raises(NetworkError) as caught:
        made.roundtrip(Request("POST", url, body=b"{}", token="TOKEN"))
    assert time.monotonic() - begun < PATIENCE
    assert caught.value.code == "timeout", caught.value.message
    assert caught.value.may_have_worked


@pytest.mark.parametrize("drip", DRIPS.values(), ids=DRIPS)
def test_an_answer_that_drips(authority: Authority, drip: tuple[bytes, bytes]) -> None:
    with DripServer(*drip, authority.server_context()) as server:
        assert_ends(transport(authority), f"https://localhost:{server.port}/x")
        assert server.cut.acquire(timeout=PATIENCE), "the connection is still open"
        assert len(server.requests) == 1


@pytest.mark.parametrize("drip", DRIPS.values(), ids=DRIPS)
def test_an_answer_that_drips_in_the_clear(authority: Authority, drip: tuple[bytes, bytes]) -> None:
    """As a managed identity's endpoint would."""
    with DripServer(*drip, None) as server:
        assert_ends(transport(authority, SHORT_LIMIT), f"http://localhost:{server.port}/x")


HANDSHAKE = (b"\x16\x03\x03\x40\x00", b"\x02")  # the head of a record of 16 KiB


def test_a_handshake_that_drips(authority: Authority) -> None:
    with DripServer(*HANDSHAKE, authority.server_context(), before_tls=True) as server:
        assert_ends(transport(authority), f"https://localhost:{server.port}/x")
        assert server.cut.acquire(timeout=PATIENCE), "the connection is still open"


CONNECTS = {
    "status line": (b"HTTP/1.1 200 ", b"O"),
    "header": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"a"),
    "many headers": (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
}


@pytest.mark.parametrize("drip", CONNECTS.values(), ids=CONNECTS)
def test_a_proxy_that_drips(authority: Authority, drip: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    with DripServer(*drip, None, before_tls=True) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.port}")
        assert_ends(transport(authority), "https://outlook.example/x")
        assert server.cut.acquire(timeout=PATIENCE), "the connection is still open"
        assert b"TOKEN" not in b"".join(server.requests)


def test_a_name_that_is_looked_up_slowly(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver has no time-out of its own; when it comes back at last, nothing is sent any more."""
    go_on = threading.Event()
    look_up = socket.getaddrinfo

    def slow(host: str, *more: object, **named: object) -> object:
        if host == "slow.example":
            go_on.wait(60)
            host = "127.0.0.1"
        return look_up(host, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with DripServer(*DRIPS["header"], None) as server:
        assert_ends(transport(authority), f"http://slow.example:{server.port}/x")
        go_on.set()
        assert server.cut.acquire(timeout=PATIENCE) or server.requests == [b""]
        assert b"TOKEN" not in b"".join(server.requests)


def test_the_deadline_counts_where_it_is_nearer(authority: Authority) -> None:
    with DripServer(*DRIPS["header"], authority.server_context()) as server:
        assert_ends(transport(authority, limit=600, deadline=1.0), f"https://localhost:{server.port}/x")


@pytest.fixture
def clock() -> Iterator[Clock]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    made = Clock(600)
    made.stop_on_signals()
    yield made
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_a_signal_ends_it_at_once(authority: Authority, clock: Clock) -> None:
    with DripServer(*DRIPS["header"], authority.server_context()) as server:
        made = Transport(clock, trust=Trust(str(authority.ca_path)), timeout=600)
        threading.Thread(target=lambda: (server.dripping.wait(60), os.kill(os.getpid(), signal.SIGTERM))).start()
        with pytest.raises(InterruptedTaskError):
            made.roundtrip(Request("POST", f"https://localhost:{server.port}/x"))
        assert server.cut.acquire(timeout=PATIENCE), "the connection is still open"


def test_and_soon_after_the_first_write(authority: Authority, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is under way has some seconds to be answered; then nobody can tell any more whether it was done."""
    monkeypatch.setattr(transport_module, "_GRACE", 0.5)
    clock.shield()
    with DripServer(*DRIPS["header"], authority.server_context()) as server:
        made = Transport(clock, trust=Trust(str(authority.ca_path)), timeout=600)
        threading.Thread(target=lambda: (server.dripping.wait(60), os.kill(os.getpid(), signal.SIGTERM))).start()
        with pytest.raises(NetworkError, match="told to stop") as caught:
            made.roundtrip(Request("POST", f"https://localhost:{server.port}/x"))
        assert caught.value.may_have_worked


def test_nothing_of_what_failed_unheard_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    go_on, over = threading.Event(), threading.Event()

    def fails() -> None:
        go_on.wait(60)
        over.set()
        raise RuntimeError("secret")

    with pytest.raises(TimeoutError):
        within(0.05, fails, lambda: None)
    go_on.set()
    assert over.wait(60)
    assert "secret" not in "".join(capfd.readouterr())


def test_a_connection_serves_the_next_request(authority: Authority) -> None:
    """Watching costs no connection: two requests, one handshake."""
    seen: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        plain, _address = listener.accept()
        connection = authority.server_context().wrap_socket(plain, server_side=True)
        for _each in range(2):
            seen.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        connection.close()

    threading.Thread(target=serve, daemon=True).start()
    made = transport(authority, limit=20)
    url = f"https://localhost:{listener.getsockname()[1]}/x"
    assert [made.roundtrip(Request("GET", url)).body for _each in range(2)] == [b"{}", b"{}"]
    assert len(seen) == 2
    listener.close()
