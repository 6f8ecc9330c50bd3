# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the clients of both services do with answers that are neither a success nor a plain error."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import (
    M365Error,
    NetworkError,
    ServiceError,
    UntrustedHostError,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.client import ExchangeClient
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.wire import Command
from ansible_collections.m365ops.exchange_online.plugins.module_utils._graph.client import GraphClient
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.clock import Clock
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.messages import Answer, Request
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.transport import MAX_REPLACEMENTS, Transport
from ansible_collections.m365ops.exchange_online.plugins.module_utils._service.client import claims_challenge
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.claims import Issued
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.credentials import Credential
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.tokens import TokenSource

ENDPOINT = "https://graph.microsoft.com"
TENANT = "aaaaaaaa-1111-2222-3333-444444444444"
CLAIMS = '{"access_token": {"nbf": {"essential": true, "value": "1700000000"}}}'


class Fixed(Credential):
    kind = "fixed"

    @classmethod
    def is_given(cls, options: Any) -> bool:
        return True

    def acquire(self, *_arguments: Any, **_named: Any) -> Issued:
        return Issued("TOKEN")


class Scripted(Transport):
    """Answers from a list."""

    def __init__(self, *script: tuple[int, dict[str, str], bytes]) -> None:
        super().__init__(Clock(60.0), max_retries=0)
        self.script = list(script)
        self.sent: list[Request] = []

    def roundtrip(self, request: Request) -> Answer:
        self.sent.append(request)
        status, headers, body = self.script.pop(0)
        return Answer(status, headers, body, request.url)


def client(transport: Transport) -> GraphClient:
    tokens = TokenSource(Fixed({}), transport, login="https://login", scope="scope", tenant=None)
    return GraphClient(transport, tokens, ENDPOINT)


DONE = (200, {}, b'{"done": true}')


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "base"),
    [
        ("https://eur.graph.microsoft.com/v1.0/me?x=y", "https://eur.graph.microsoft.com"),
        ("https://eur.graph.microsoft.com/elsewhere", "https://eur.graph.microsoft.com"),
        ("/v1.0/me", ENDPOINT),
    ],
)
def test_a_redirect_changes_the_host_and_nothing_else(status: int, location: str, base: str) -> None:
    transport = Scripted((status, {"Location": location}, b""), DONE, DONE)
    graph = client(transport)
    assert graph.get("/v1.0/me?x=y", "P") == graph.get("/v1.0/me?x=y", "P") == {"done": True}
    assert [request.url for request in transport.sent] == [f"{ENDPOINT}/v1.0/me?x=y", *[f"{base}/v1.0/me?x=y"] * 2]
    assert {request.token for request in transport.sent} == {"TOKEN"}


def test_a_redirect_has_to_say_where() -> None:
    transport = Scripted((302, {}, b""))
    with pytest.raises(UntrustedHostError, match="without saying where"):
        client(transport).get("/v1.0/me", "P")


@pytest.mark.parametrize("location", ["", "https://elsewhere.example/", "/v1.0/me"])
def test_what_was_redirected_may_have_been_done(location: str) -> None:
    """Whatever the next answer says: a redirect says nothing of what came before it."""
    transport = Scripted((302, {"Location": location} if location else {}, b""), (400, {}, b""))
    with pytest.raises(M365Error) as caught:
        client(transport).get("/v1.0/me", "P")
    assert caught.value.may_have_worked


@pytest.mark.parametrize("status", [100, 103, 300, 304, 305, 399])
def test_an_answer_that_is_neither_may_have_worked(status: int) -> None:
    with pytest.raises(M365Error) as caught:
        client(Scripted((status, {}, b""))).get("/v1.0/me", "P")
    assert caught.value.may_have_worked


UNROUTED = b'{"error": {"details": [{"message": "Ex1|x.CmdletProxyNotAvailableException|Cmdlet needs proxy"}]}}'
COMMAND = Command("Set-CASMailbox", {"Identity": "x"}, subject="x", address="a@contoso.com")


def exchange(transport: Transport) -> ExchangeClient:
    tokens = TokenSource(Fixed({}), transport, login="https://login", scope="scope", tenant=TENANT)
    return ExchangeClient(transport, tokens, "https://outlook.office365.com")


def anchors(transport: Scripted) -> list[str]:
    return [request.headers["X-AnchorMailbox"][:4] for request in transport.sent]


def test_a_command_is_routed_once_where_the_service_wants_it() -> None:
    transport = Scripted((400, {}, UNROUTED), (200, {}, b""))
    exchange(transport).invoke(COMMAND)
    assert anchors(transport) == ["APP:", "UPN:"]
    assert transport.sent[1].headers["X-AnchorMailbox"] == "UPN:a@contoso.com"
    transport = Scripted((400, {}, UNROUTED), (400, {}, UNROUTED))
    with pytest.raises(ServiceError, match="Cmdlet needs proxy"):
        exchange(transport).invoke(COMMAND)
    assert anchors(transport) == ["APP:", "UPN:"]


@pytest.mark.parametrize(("status", "may_have_worked"), [(400, False), (500, True)])
def test_what_was_done_before_it_was_routed_is_remembered(status: int, may_have_worked: bool) -> None:
    with pytest.raises(ServiceError) as caught:
        exchange(Scripted((status, {}, UNROUTED), (400, {}, b""))).invoke(COMMAND)
    assert caught.value.may_have_worked is may_have_worked


def test_a_renewed_token_leaves_the_route_as_it_is() -> None:
    transport = Scripted((400, {}, UNROUTED), (401, {}, b""), (200, {}, b""))
    exchange(transport).invoke(COMMAND)
    assert anchors(transport) == ["APP:", "UPN:", "UPN:"]


def test_redirects_do_not_go_round_for_ever() -> None:
    transport = Scripted(*[(302, {"Location": "/v1.0/me"}, b"")] * (MAX_REPLACEMENTS + 1))
    with pytest.raises(NetworkError, match="around in circles"):
        client(transport).get("/v1.0/me", "P")
    assert len(transport.sent) == MAX_REPLACEMENTS + 1


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        (
            f'Bearer realm="", error="insufficient_claims", claims="{base64.b64encode(CLAIMS.encode()).decode()}"',
            CLAIMS,
        ),
        (f'Bearer claims="{base64.urlsafe_b64encode(CLAIMS.encode()).decode().rstrip("=")}"', CLAIMS),
        ('Bearer error="invalid_token"', ""),
        ('Bearer claims=""', ""),
        ('Bearer claims="%%%"', ""),
        ('Bearer claims="bm90IEpTT04="', ""),
        ('Bearer claims="/////w=="', ""),
        ("", ""),
    ],
)
def test_the_claims_that_a_401_asks_for(header: str, claims: str) -> None:
    assert claims_challenge({"WWW-Authenticate": header}) == claims
    assert claims_challenge({}) == ""


@pytest.mark.parametrize("shown", ["OPAQUE+TOKEN/1", "OPAQUE%2BTOKEN%2F1", "T1BBUVVFK1RPS0VOLzE="])
def test_what_a_service_says_is_told_without_the_token(shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Journals and reports tell it too."""
    monkeypatch.setattr(Fixed, "acquire", lambda *_arguments, **_named: Issued("OPAQUE+TOKEN/1"))
    body = f'{{"error": {{"code": "BadRequest", "message": "not {shown} please"}}}}'.encode()
    with pytest.raises(ServiceError) as caught:
        client(Scripted((400, {}, body))).get("/v1.0/me", "P")
    assert "not ******** please" in caught.value.message
