# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers to a sign-in that are odd or hostile, through the real msal: a token that is good is used, anything else is a
failed sign-in with its reason, and never an internal error.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from harness.run import UNSET, Environment, ModuleRun, ModuleRunner

ALICE = "alice@contoso.onmicrosoft.com"


def answer(fake: FakeTenantServer, text: str, status: int = 200, endpoint: str = "token") -> None:
    fake.faults.add("body_text", endpoint=endpoint, times=None, arguments={"text": text, "status": status})


def read(module: ModuleRunner, **options: Any) -> ModuleRun:
    return module("mailbox_smtp_auth_info", mailboxes=[ALICE], max_retries=1, **options)


@pytest.mark.parametrize(
    "lifetime",
    ["1e400", "NaN", "-5", "1", "[]", '"soon"', "1" + "0" * 400],
)
def test_a_lifetime_of_any_form(fake: FakeTenantServer, module: ModuleRunner, lifetime: str) -> None:
    """Once is enough for all requests."""
    token = fake.tokens.issue()
    answer(fake, f'{{"token_type": "Bearer", "access_token": "{token}", "expires_in": {lifetime}}}')
    run = read(module)
    assert not run.failed, run.message
    assert len(fake.log.entries("token")) == 1


def jwt(payload: str) -> str:
    return f"eyJhbGciOiJub25lIn0.{base64.urlsafe_b64encode(payload.encode()).decode().rstrip('=')}.c2ln"


HOSTILE: dict[str, Callable[[], str]] = {
    "nested lists": lambda: "[" * 100_000,
    "nested objects": lambda: '{"access_token":' * 100_000,
    "a list": lambda: "[1]",
    "null": lambda: "null",
    "nothing": lambda: "",
    "no token": lambda: "{}",
    "a token of another type": lambda: '{"access_token": 5, "expires_in": 3600}',
    "a token that is a list": lambda: '{"access_token": ["x"], "expires_in": 3600}',
    "a token with CR LF": lambda: json.dumps({"access_token": "abc\r\nX-Header: 1", "expires_in": 3600}),
    "a token beyond latin-1": lambda: json.dumps({"access_token": "tok\u20acn", "expires_in": 3600}),
    "half a character": lambda: '{"access_token": "tok\\ud800n", "expires_in": 3600}',
    "a description of another type": lambda: '{"error": {"a": 1}, "error_description": ["x"]}',
    "an error beside nothing": lambda: '{"error": "invalid_client"}',
    "odd fields": lambda: '{"id_token": "x", "client_info": "%%%", "scope": 5, "error": "x", "refresh_in": {}}',
    "too many digits": lambda: '{"expires_in": ' + "1" * 5000 + "}",
}


@pytest.mark.parametrize(
    ("text", "status"),
    [(make(), 200) for make in HOSTILE.values()]
    + [(HOSTILE[name](), 400) for name in ("nested objects", "a token with CR LF", "half a character", "odd fields")],
)
def test_what_is_no_token(fake: FakeTenantServer, module: ModuleRunner, text: str, status: int) -> None:
    answer(fake, text, status)
    run = read(module)
    assert run.failed
    assert run.result["failure"]["code"] == "sign_in_failed", run.message
    assert "Internal error" not in run.message
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    "claims",
    [
        '{"tid": 5, "exp": "x", "roles": "y", "wids": {}, "aud": [], "appid": null, "oid": true}',
        '{"exp": 1e400, "roles": [1, null], "wids": [{}]}',
        '{"exp": true}',
        '{"exp": -1}',
        "[" * 5_000,
        "[]",
        "5",
    ],
)
def test_claims_of_any_form(fake: FakeTenantServer, module: ModuleRunner, claims: str) -> None:
    """The token is Exchange's to judge: it is refused there, and the advice doesn't need its claims."""
    answer(fake, json.dumps({"access_token": jwt(claims), "expires_in": 3600}))
    run = read(module)
    assert run.failed
    assert run.result["failure"]["code"] == "access_denied", run.message


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "[]", "", '{"token_endpoint": 5}', '{"token_endpoint": "http://[::1"}']
)
def test_a_discovery_that_is_none(fake: FakeTenantServer, module: ModuleRunner, text: str) -> None:
    answer(fake, text, endpoint="openid")
    run = read(module)
    assert run.failed
    assert run.result["failure"]["code"] == "sign_in_failed", run.message


@pytest.mark.parametrize("text", ["[" * 100_000, "[]", "", "{}", '{"access_token": "a b", "expires_on": "soon"}'])
def test_a_managed_identity_that_is_none(fake: FakeTenantServer, module: ModuleRunner, text: str) -> None:
    answer(fake, text, endpoint="imds")
    identity = fake.ready["managed_identity"]
    env: Environment = {
        **dict.fromkeys(("M365_CLIENT_SECRET", "M365_CLIENT_ID", "M365_TENANT_ID"), UNSET),
        "IDENTITY_ENDPOINT": identity["identity_endpoint"],
        "IDENTITY_HEADER": identity["identity_header"],
    }
    run = read(module, env=env)
    assert run.failed
    assert run.result["failure"]["code"] == "sign_in_failed", run.message


@pytest.mark.parametrize("text", ["[" * 100_000, '{"value": ' + "[" * 100_000, '{"value": [' + "1" * 5000 + "]}"])
@pytest.mark.parametrize("status", [200, 400])
def test_answers_of_exchange_without_an_end(
    fake: FakeTenantServer, module: ModuleRunner, text: str, status: int
) -> None:
    answer(fake, text, status, endpoint="invoke")
    run = read(module)
    assert run.failed
    assert run.result["failure"]["code"] in ("not_read", "unexpected_answer", "service_error"), run.message
    assert "Internal error" not in run.message
