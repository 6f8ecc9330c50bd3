# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One sign-in at servers of every kind: what is said to them, what is made of their answers, and that it ends."""

from __future__ import annotations

import base64
import re
import signal
import socket
import threading
import time
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import InterruptedTaskError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.clock import Clock
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.trust import Trust
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.smtp_answers import (
    BASIC,
    OAUTH,
    Met,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._submission.client import (
    Login,
    SubmissionServer,
    TlsFacts,
)
from fake_tenant.certificates import Authority
from harness.scripted_smtp import DROP, Endless, ScriptedServer

LIMIT = 0.5  # seconds for a sign-in that would never end by itself
LONG = 30.0
PATIENCE = 15.0  # seconds in which it has to be over: a slow machine is no failure
PASSWORD = "s3cret-Paßword"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJvdXRsb29rIn0.c2lnbmF0dXJlLW9mLWEtdG9rZW4"
SECRETS = (PASSWORD, TOKEN)
LOGINS = {
    BASIC: Login("printer@contoso.com", BASIC, PASSWORD),
    OAUTH: Login("printer@contoso.com", OAUTH, TOKEN),
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), ("localhost",))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA that nobody trusts, and a certificate for another name."""
    return Authority(tmp_path_factory.mktemp("stranger"), ("localhost", "elsewhere.example"))


def sign_in(
    authority: Authority, port: int, method: str = OAUTH, host: str = "localhost", timeout: float = LONG
) -> tuple[Met, TlsFacts | None]:
    server = SubmissionServer(host, port, Trust(str(authority.ca_path)), timeout=timeout, clock=Clock(600))
    begun = time.monotonic()
    met = server.sign_in(LOGINS[method])
    assert time.monotonic() - begun < PATIENCE
    return met, server.tls


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def assert_nothing_secret_was_said(server: ScriptedServer) -> None:
    said = "\n".join(server.lines)
    for secret in SECRETS:
        assert secret not in said
        assert base64_of(secret)[:20] not in said
    assert not re.search("(?m)^AUTH", said)


def test_a_password_is_said_as_devices_say_it(authority: Authority) -> None:
    script = {"AUTH": b"334 VXNlcm5hbWU6\r\n", "line 1": b"334 UGFzc3dvcmQ6\r\n", "line 2": b"235 2.7.0 Welcome\r\n"}
    with ScriptedServer(script, authority.server_context()) as server:
        met, tls = sign_in(authority, server.port, BASIC)
        assert met == Met("auth", 235, "2.7.0 Welcome")
        assert server.left.acquire(timeout=PATIENCE)
        assert server.lines[3:] == ["AUTH LOGIN", base64_of("printer@contoso.com"), base64_of(PASSWORD), "QUIT"]
    assert tls is not None
    assert tls.version in ("TLSv1.2", "TLSv1.3")
    assert tls.cipher
    assert tls.issuer == "Fake tenant CA"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", tls.ends)


def test_a_token_is_said_as_apps_say_it(authority: Authority) -> None:
    with ScriptedServer({"AUTH": b"535 5.7.3 Authentication unsuccessful\r\n"}, authority.server_context()) as server:
        met, _tls = sign_in(authority, server.port)
        assert met == Met("auth", 535, "5.7.3 Authentication unsuccessful")
        assert server.left.acquire(timeout=PATIENCE)
        said = f"user=printer@contoso.com\1auth=Bearer {TOKEN}\1\1"
        assert server.lines[3:] == [f"AUTH XOAUTH2 {base64_of(said)}", "QUIT"]


def test_a_challenge_is_answered_by_an_empty_line(authority: Authority) -> None:
    told = base64_of('{"status":"401","schemes":"Bearer","scope":"https://outlook.office.com"}')
    script = {"AUTH": f"334 {told}\r\n".encode(), "line 1": b"535 5.7.3 No\r\n"}
    with ScriptedServer(script, authority.server_context()) as server:
        met, _tls = sign_in(authority, server.port)
        assert server.left.acquire(timeout=PATIENCE)
        assert server.lines[4:] == [" ", "QUIT"]
    assert met == Met("auth", 535, "5.7.3 No", challenge="status 401, schemes Bearer, scope https://outlook.office.com")


# What the server says, the kind of sign-in, and what is made of it. Until AUTH is due, nothing secret is said.
ODD: dict[str, tuple[dict[str, Any], str, Met]] = {
    "busy at once": ({"greeting": b"421 4.3.2 Try later\r\n"}, OAUTH, Met("greeting", 421, "4.3.2 Try later")),
    "no SMTP": ({"greeting": b"HTTP/1.1 400 Bad Request\r\n\r\n"}, OAUTH, Met("greeting", trouble="not_smtp")),
    "no greeting": ({"greeting": DROP}, OAUTH, Met("greeting", trouble="closed")),
    "EHLO refused": ({"EHLO": b"550 5.7.1 No\r\n"}, OAUTH, Met("ehlo", 550, "5.7.1 No")),
    "gone after EHLO": ({"EHLO": DROP}, OAUTH, Met("ehlo", trouble="closed")),
    "no STARTTLS": ({"EHLO": b"250-me\r\n250 AUTH LOGIN\r\n"}, BASIC, Met("ehlo", trouble="no_starttls")),
    "STARTTLS refused": ({"STARTTLS": b"454 4.7.0 No\r\n"}, BASIC, Met("starttls", 454, "4.7.0 No")),
    "gone after STARTTLS": ({"STARTTLS": DROP}, BASIC, Met("starttls", trouble="closed")),
    "gone in the handshake": ({"tls": DROP}, BASIC, Met("tls", trouble="closed")),
    "gone after TLS": ({"EHLO/TLS": DROP}, BASIC, Met("ehlo", trouble="closed")),
    "EHLO refused after TLS": ({"EHLO/TLS": b"421 4.7.0 No\r\n"}, BASIC, Met("ehlo", 421, "4.7.0 No")),
    "no AUTH": ({"EHLO/TLS": b"250 me\r\n"}, BASIC, Met("auth", trouble="no_mechanism", detail="none")),
    "no LOGIN": (
        {"EHLO/TLS": b"250-me\r\n250 AUTH XOAUTH2 PLAIN\r\n"},
        BASIC,
        Met("auth", trouble="no_mechanism", detail="XOAUTH2, PLAIN"),
    ),
    "answers before TLS that are kept for after it": (
        {"STARTTLS": b"220 go\r\n250-me\r\n250 AUTH LOGIN\r\n", "EHLO/TLS": b"250 me\r\n"},
        BASIC,
        Met("tls", trouble="no_tls"),
    ),
}


@pytest.mark.parametrize(("script", "method", "expected"), ODD.values(), ids=ODD)
def test_servers_that_never_get_a_secret(
    authority: Authority, script: dict[str, Any], method: str, expected: Met
) -> None:
    with ScriptedServer(script, authority.server_context()) as server:
        met, _tls = sign_in(authority, server.port, method)
        assert server.left.acquire(timeout=PATIENCE)
        assert_nothing_secret_was_said(server)
    assert (met.step, met.code, met.text, met.trouble) == (
        expected.step,
        expected.code,
        expected.text,
        expected.trouble,
    )
    assert expected.detail in met.detail


AFTER_AUTH: dict[str, tuple[dict[str, Any], str, Met]] = {
    "gone after AUTH": ({"AUTH": DROP}, OAUTH, Met("auth", trouble="closed")),
    "gone after the name": ({"AUTH": b"334 x\r\n", "line 1": DROP}, BASIC, Met("auth", trouble="closed")),
    "refused after the name": ({"AUTH": b"334 x\r\n", "line 1": b"535 No\r\n"}, BASIC, Met("auth", 535, "No")),
    "asks for ever": (
        {"AUTH": b"334 x\r\n", "line 1": b"334 x\r\n", "line 2": b"334 more\r\n"},
        BASIC,
        Met("auth", 334, "more"),
    ),
    "no number": ({"AUTH": b"what?\r\n"}, OAUTH, Met("auth", trouble="not_smtp")),
    "a number that is none": ({"AUTH": b"999 what?\r\n"}, OAUTH, Met("auth", trouble="not_smtp")),
    "several lines": (
        {"AUTH": b"535-5.7.139 One,\r\n535-5.7.139 two\r\n535 5.7.139 three\r\n"},
        OAUTH,
        Met("auth", 535, "5.7.139 One, two three"),
    ),
    "control characters": (
        {"AUTH": b"535 5.7.3 \x1b[31mre\x00d\xff \xc3\xa9\r\n"},
        OAUTH,
        Met("auth", 535, "5.7.3 [31mre d\ufffd é"),
    ),
    "the token comes back": (
        {"AUTH": b"535 5.7.3 not " + TOKEN.encode() + b"\r\n"},
        OAUTH,
        Met("auth", 535, f"5.7.3 not {TOKEN}"),
    ),
    "let in before it was asked": (
        {"EHLO/TLS": b"250-me\r\n250 AUTH LOGIN XOAUTH2\r\n235 2.7.0 Welcome\r\n"},
        OAUTH,
        Met("auth", trouble="not_smtp"),
    ),
    "let in without a name": ({"AUTH": b"235 2.7.0 Welcome\r\n"}, BASIC, Met("auth", trouble="not_smtp")),
    "let in without a password": (
        {"AUTH": b"334 x\r\n", "line 1": b"235 2.7.0 Welcome\r\n"},
        BASIC,
        Met("auth", trouble="not_smtp"),
    ),
    "let in after the token was refused": (
        {"AUTH": b"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n", "line 1": b"235 2.7.0 Welcome\r\n"},
        OAUTH,
        Met("auth", trouble="not_smtp", challenge="status 401"),
    ),
    "lines of two minds": ({"AUTH": b"535-5.7.3 No\r\n235 2.7.0 Welcome\r\n"}, OAUTH, Met("auth", trouble="not_smtp")),
    "let in and refused": (
        {"AUTH": b"235 2.7.0 Welcome\r\n535 5.7.3 No\r\n"},
        OAUTH,
        Met("auth", trouble="not_smtp"),
    ),
    "let in, half": ({"AUTH": b"235 2.7.0 Welc"}, OAUTH, Met("auth", trouble="closed")),
    "refused, and closed at once": (
        {"AUTH": b"535 5.7.3 No\r\n421 4.7.0 Too many\r\n"},
        OAUTH,
        Met("auth", 535, "5.7.3 No"),
    ),
    "a number with more after it": ({"AUTH": b"2350 Welcome\r\n"}, OAUTH, Met("auth", trouble="not_smtp")),
    "gone after QUIT": ({"AUTH": b"535 No\r\n", "QUIT": DROP}, OAUTH, Met("auth", 535, "No")),
}


@pytest.mark.parametrize(("script", "method", "expected"), AFTER_AUTH.values(), ids=AFTER_AUTH)
def test_answers_to_a_sign_in(authority: Authority, script: dict[str, Any], method: str, expected: Met) -> None:
    """Whatever they are, no mail is begun. What comes back of a secret is taken out at the task's end."""
    with ScriptedServer(script, authority.server_context()) as server:
        met, _tls = sign_in(authority, server.port, method)
        assert server.left.acquire(timeout=PATIENCE)
        assert not [line for line in server.lines if line.upper().startswith(("MAIL", "RCPT", "DATA"))]
    assert met == expected


ENDLESS: dict[str, tuple[dict[str, Any], str]] = {
    "greeting": ({"greeting": Endless(b"220 ", b"x")}, "greeting"),
    "lines of a greeting": ({"greeting": Endless(b"", b"220-x\r\n")}, "greeting"),
    "EHLO": ({"EHLO": Endless(b"", b"250-x\r\n")}, "ehlo"),
    "STARTTLS": ({"STARTTLS": Endless(b"220-", b"x")}, "starttls"),
    "handshake": ({"tls": Endless(b"\x16\x03\x03\x40\x00", b"\x02")}, "tls"),
    "EHLO after TLS": ({"EHLO/TLS": Endless(b"", b"250-x\r\n")}, "ehlo"),
    "AUTH": ({"AUTH": Endless(b"535-", b"x")}, "auth"),
}


@pytest.mark.parametrize(("script", "step"), ENDLESS.values(), ids=ENDLESS)
def test_answers_that_drip_for_ever(authority: Authority, script: dict[str, Any], step: str) -> None:
    with ScriptedServer(script, authority.server_context()) as server:
        met, _tls = sign_in(authority, server.port, timeout=LIMIT)
        assert server.left.acquire(timeout=PATIENCE), "the connection is still open"
    assert met == Met(step, trouble="timeout", detail="0.5")


FLOODS = {
    "a line": {"greeting": Endless(b"220 ", b"x", pause=0)},
    "lines": {"greeting": Endless(b"", b"220-x\r\n", pause=0)},
    "lines after TLS": {"EHLO/TLS": Endless(b"", b"250-x\r\n", pause=0)},
    "lines after AUTH": {"AUTH": Endless(b"", b"535-x\r\n", pause=0)},
}


@pytest.mark.parametrize("script", FLOODS.values(), ids=FLOODS)
def test_answers_that_flood(authority: Authority, script: dict[str, Any]) -> None:
    with ScriptedServer(script, authority.server_context()) as server:
        met, _tls = sign_in(authority, server.port)
        assert server.left.acquire(timeout=PATIENCE), "the connection is still open"
    assert met.trouble == "too_long"


def test_an_answer_counts_though_quit_is_answered_for_ever(authority: Authority) -> None:
    script = {"AUTH": b"235 2.7.0 Welcome\r\n", "QUIT": Endless(b"221-", b"x")}
    with ScriptedServer(script, authority.server_context()) as server:
        met, _tls = sign_in(authority, server.port)
    assert met.code == 235


def test_a_certificate_of_nobody_is_never_accepted(authority: Authority, stranger: Authority) -> None:
    with ScriptedServer({}, stranger.server_context()) as server:
        met, tls = sign_in(authority, server.port)
        assert server.left.acquire(timeout=PATIENCE)
        assert_nothing_secret_was_said(server)
    assert (met.step, met.trouble, tls) == ("tls", "untrusted", None)
    assert "certificate" in met.detail or "issuer" in met.detail


def test_a_certificate_for_another_name(authority: Authority) -> None:
    with ScriptedServer({}, authority.server_context()) as server:
        met, _tls = sign_in(authority, server.port, host="127.0.0.1")
        assert_nothing_secret_was_said(server)
    assert (met.step, met.trouble) == ("tls", "untrusted")


def test_no_server(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert sign_in(authority, port)[0] == Met("connect", trouble="connection_refused")


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70])
def test_no_such_name(authority: Authority, host: str) -> None:
    assert sign_in(authority, 587, host=host)[0].trouble == "no_host"


def test_a_task_that_is_told_to_stop_stops(authority: Authority) -> None:
    clock = Clock(600)
    with ScriptedServer({"greeting": Endless(b"220-", b"x")}, authority.server_context()) as server:
        asked = SubmissionServer("localhost", server.port, Trust(str(authority.ca_path)), timeout=LONG, clock=clock)
        timer = threading.Timer(0.2, lambda: setattr(clock, "_signal", signal.SIGTERM))
        clock._signal_at = clock.now()
        timer.start()
        with pytest.raises(InterruptedTaskError):
            asked.sign_in(LOGINS[OAUTH])
        assert server.left.acquire(timeout=PATIENCE), "the connection is still open"
