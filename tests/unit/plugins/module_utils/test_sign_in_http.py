# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP client that msal is given."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import NetworkError, SignInError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in_http import SignInHttp
from ansible_collections.m365ops.exchange_online.plugins.module_utils._transport import Accept, Again, Answer, Request

URL = "https://login.example/t/oauth2/v2.0/token"


class Transport:
    """Answers everything alike; gives up as soon as it is told to try again."""

    def __init__(self, status: int = 200, body: bytes = b"{}") -> None:
        self.status, self.body = status, body
        self.sent: list[tuple[Request, dict[str, Any]]] = []
        self.throttled = False

    def send(self, request: Request, judge: Any, **how: Any) -> Answer:
        self.sent.append((request, how))
        answer = Answer(self.status, {"x": "y"}, self.body, request.url)
        verdict = judge(request, answer)
        if isinstance(verdict, Again):
            self.throttled = verdict.throttled
            raise verdict.error
        assert isinstance(verdict, Accept)
        return answer


def test_posts_a_form() -> None:
    transport = Transport(body='{"ü": 1}'.encode())
    answer = SignInHttp(transport).post(URL, data={"a": "b c&d", "e": "ü"}, headers={"Accept": "application/json"})  # type: ignore[arg-type]
    (request, how) = transport.sent[0]
    assert (request.method, request.url, request.body) == ("POST", URL, b"a=b+c%26d&e=%C3%BC")
    assert request.headers == {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    assert how["counted"] is False, "sign-in isn't counted"
    assert (answer.status_code, answer.text, answer.headers) == (200, '{"ü": 1}', {"x": "y"})
    answer.raise_for_status()


@pytest.mark.parametrize(
    ("url", "expected"), [(URL, f"{URL}?api-version=1&r=a%2Fb"), (f"{URL}?x=y", f"{URL}?x=y&api-version=1&r=a%2Fb")]
)
def test_gets_with_parameters(url: str, expected: str) -> None:
    transport = Transport()
    SignInHttp(transport).get(url, params={"api-version": "1", "r": "a/b"})  # type: ignore[arg-type]
    assert transport.sent[0][0].url == expected
    assert transport.sent[0][0].body is None


def test_a_metadata_service_is_not_waited_for() -> None:
    transport = Transport()
    http = SignInHttp(transport)  # type: ignore[arg-type]
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
