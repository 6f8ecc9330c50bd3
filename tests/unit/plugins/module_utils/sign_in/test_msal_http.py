# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP client that msal is given."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import NetworkError, SignInError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.messages import (
    Again,
    Answer,
    Flow,
    Request,
    first_of,
    next_of,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.msal_http import SignInHttp

URL = "https://login.example/t/oauth2/v2.0/token"


class Transport:
    """Answers everything alike; gives up as soon as it is told to try again."""

    def __init__(self, status: int = 200, body: bytes = b"{}") -> None:
        self.status, self.body = status, body
        self.sent: list[tuple[Request, dict[str, Any]]] = []
        self.throttled = False

    def send(self, flow: Flow[Answer], **how: Any) -> Answer:
        request = first_of(flow)
        self.sent.append((request, how))
        step = next_of(flow, Answer(self.status, {"x": "y"}, self.body, request.url))
        if isinstance(step, Again):
            self.throttled = step.throttled
            raise step.error
        assert not isinstance(step, Request)
        return step.result


def test_posts_a_form() -> None:
    transport = Transport(body='{"ü": "1"}'.encode())
    answer = SignInHttp(transport).post(URL, data={"a": "b c&d", "e": "ü"}, headers={"Accept": "application/json"})  # type: ignore[arg-type]
    (request, how) = transport.sent[0]
    assert (request.method, request.url, request.body) == ("POST", URL, b"a=b+c%26d&e=%C3%BC")
    assert request.headers == {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    assert how["counted"] is False, "sign-in isn't counted"
    assert (answer.status_code, json.loads(answer.text), answer.headers) == (200, {"ü": "1"}, {"x": "y"})
    answer.raise_for_status()


@pytest.mark.parametrize(
    ("url", "expected"), [(URL, f"{URL}?api-version=1&r=a%2Fb"), (f"{URL}?x=y", f"{URL}?x=y&api-version=1&r=a%2Fb")]
)
def test_gets_with_parameters(url: str, expected: str) -> None:
    transport = Transport()
    SignInHttp(transport).get(url, params={"api-version": "1", "r": "a/b"})  # type: ignore[arg-type]
    assert transport.sent[0][0].url == expected
    assert transport.sent[0][0].body is None


def test_what_is_known_is_asked_of_nobody() -> None:
    transport = Transport(body=b'{"a": "asked"}')
    http = SignInHttp(transport)  # type: ignore[arg-type]
    http.known = {URL: '{"a": "known"}'}
    answer = http.get(URL, headers={"Accept": "application/json"})
    assert (answer.status_code, json.loads(answer.text), transport.sent) == (200, {"a": "known"}, [])
    answer.raise_for_status()
    for ask in (lambda: http.get(f"{URL}/"), lambda: http.get(URL, params={"a": "b"}), lambda: http.post(URL, data={})):
        assert json.loads(ask().text) == {"a": "asked"}
    assert len(transport.sent) == 3


def test_a_metadata_service_is_not_waited_for() -> None:
    transport = Transport()
    http = SignInHttp(transport, managed_identity=True)  # type: ignore[arg-type]
    http.get("http://169.254.169.254/metadata/identity/oauth2/token")
    http.get(URL)
    (local, local_how), (remote, remote_how) = transport.sent
    assert local.timeout is not None
    assert local_how["max_retries"] is not None
    assert (remote.timeout, remote_how["max_retries"]) == (None, None)


@pytest.mark.parametrize(("status", "throttled"), [(408, False), (429, True), (500, False), (503, False), (504, False)])
def test_what_may_pass_is_left_to_the_transport(status: int, throttled: bool) -> None:
    transport = Transport(status)
    with pytest.raises(NetworkError, match=f"login.example answers with HTTP status {status}") as caught:
        SignInHttp(transport).post(URL, data={})  # type: ignore[arg-type]
    assert caught.value.code == "sign_in_unavailable"
    assert transport.throttled is throttled


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": "invalid_client", "error_description": "AADSTS7000215: wrong"}', "AADSTS7000215: wrong"),
        (b'{"Message": "No managed identity"}', "No managed identity"),
        (b'{"message": "no"}', "no"),
        (b"{}", "HTTP status 400 from login.example"),
        (b"[]", "HTTP status 400 from login.example"),
        (b"<html>", "HTTP status 400 from login.example"),
        (b"\xff", "HTTP status 400 from login.example"),
    ],
)
def test_keeps_what_a_refusal_said(body: bytes, said: str) -> None:
    http = SignInHttp(Transport(400, body))  # type: ignore[arg-type]
    answer = http.post(URL, data={})
    assert http.last_error == said
    with pytest.raises(ValueError, match="400"):
        answer.raise_for_status()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_follows_no_redirect_with_a_secret(status: int) -> None:
    transport = Transport(status)
    with pytest.raises(SignInError, match=r"login\.example redirects the sign-in"):
        SignInHttp(transport).post(URL, data={"client_secret": "hunter2secret"})  # type: ignore[arg-type]
    assert len(transport.sent) == 1


# What msal is given to read ------------------------------------------------------------------------------------------


def told(body: bytes) -> dict[str, Any]:
    answer = SignInHttp(Transport(200, body)).post(URL, data={})  # type: ignore[arg-type]
    read: dict[str, Any] = json.loads(answer.text)
    return read


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("3600", 3600),
        ('"3600"', 3600),
        ("3599.9", 3599),
        ("1e400", 3599),
        ("-1e400", 3599),
        ("NaN", 3599),
        ("Infinity", 3599),
        ("-5", 3599),
        ("0", 3599),
        ("null", 3599),
        ("true", 3599),
        ('"soon"', 3599),
        ("[]", 3599),
        ("{}", 3599),
        ("1" + "0" * 400, 3599),
        ("1" + "0" * 5000, None),
        ("1000000000", 7 * 24 * 3600),
    ],
)
def test_a_lifetime_is_a_number_of_seconds(said: str, read: int | None) -> None:
    body = f'{{"access_token": "abc", "token_type": "Bearer", "expires_in": {said}}}'.encode()
    if read is None:  # more digits than Python reads
        with pytest.raises(SignInError, match="isn't a JSON object"):
            told(body)
        return
    assert told(body)["expires_in"] == read


@pytest.mark.parametrize("said", ["null", "1e400", '"soon"', "-1", "[]"])
def test_an_end_that_is_no_date_is_replaced(said: str) -> None:
    """msal would take the answer of App Service for a refusal without it."""
    told_of = told(f'{{"access_token": "abc", "expires_on": {said}}}'.encode())
    assert int(told_of["expires_on"]) > 1_700_000_000


@pytest.mark.parametrize(
    "token",
    ["a\r\nb", "a\nX: b", "a b", "t\u00f6ken", "\U0001f600", "\ud800", "a\x00", "", 5, ["a"], {"a": "b"}, True],
)
def test_a_token_that_cannot_be_one(token: object) -> None:
    with pytest.raises(SignInError, match=r"login\.example answers the sign-in with a token that can't be one"):
        told(json.dumps({"access_token": token, "expires_in": 3600}).encode())


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "isn't a JSON object"),
        (b"null", "isn't a JSON object"),
        (b"[]", "isn't a JSON object"),
        (b"<html>", "a web page"),
        (b"[" * 100_000, "isn't a JSON object"),
        (b'{"access_token":' * 100_000, "isn't a JSON object"),
        (b"\xff\xfe", "isn't a JSON object"),
    ],
)
def test_an_answer_that_is_none(body: bytes, kind: str) -> None:
    with pytest.raises(SignInError, match=kind):
        told(body)
    refused = SignInHttp(Transport(400, body)).post(URL, data={})  # type: ignore[arg-type]
    assert json.loads(refused.text)["error_description"] == "HTTP status 400 from login.example"


def test_what_msal_would_take_apart_is_left_out() -> None:
    fields = {"id_token": "x", "client_info": "y", "refresh_token": "z", "scope": "a", "foci": "1"}
    read = told(json.dumps({"access_token": "abc", **fields, "error_codes": [1], "ext_expires_in": {}}).encode())
    assert set(read) == {"access_token", "expires_in", "expires_on"}


@pytest.mark.parametrize(
    "url", ["http://login.example/t", "http://localhost/t", "ftp://login.example/t", "http://[::1"]
)
def test_a_secret_goes_by_https_only(url: str) -> None:
    transport = Transport()
    with pytest.raises(SignInError):
        SignInHttp(transport).post(url, data={"client_secret": "hunter2secret"})  # type: ignore[arg-type]
    assert transport.sent == []


def test_remembers_what_nobody_may_see() -> None:
    http = SignInHttp(Transport(), managed_identity=True)  # type: ignore[arg-type]
    http.post(URL, data={"client_assertion": "signed", "client_id": "public"})
    http.get("http://127.0.0.1/msi", headers={"X-IDENTITY-HEADER": "header-1", "Accept": "json"})
    assert http.secrets == ["signed", "header-1"]


def test_a_refusal_is_told_without_what_was_sent() -> None:
    body = json.dumps({"error": "x", "error_description": "not aHVudGVyMnNlY3JldA== nor hunter2secret"}).encode()
    http = SignInHttp(Transport(400, body))  # type: ignore[arg-type]
    answer = http.post(URL, data={"client_secret": "hunter2secret"})
    assert http.last_error == "not ******** nor ********"
    assert json.loads(answer.text)["error_description"] == http.last_error
