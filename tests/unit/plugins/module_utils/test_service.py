# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the clients of both services do with answers that are neither a success nor a plain error."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._clock import Clock
from ansible_collections.m365ops.exchange_online.plugins.module_utils._credentials import Credential
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import (
    NetworkError,
    ServiceError,
    UntrustedHostError,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._graph import GraphClient
from ansible_collections.m365ops.exchange_online.plugins.module_utils._service import claims_challenge
from ansible_collections.m365ops.exchange_online.plugins.module_utils._token import Issued
from ansible_collections.m365ops.exchange_online.plugins.module_utils._token_source import TokenSource
from ansible_collections.m365ops.exchange_online.plugins.module_utils._transport import (
    MAX_REPLACEMENTS,
    Answer,
    Request,
    Transport,
)

ENDPOINT = "https://graph.microsoft.com"
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
