# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file that Graph hands out by a redirect: no token leaves Graph's host, and the address is never told."""

from __future__ import annotations

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import (
    M365Error,
    ServiceError,
    UnexpectedAnswerError,
    UntrustedHostError,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._graph.download import download, without_token
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.messages import (
    Again,
    Answer,
    Done,
    Request,
    first_of,
    next_of,
)

URL = "https://reports.example.net/detail?token=secret-of-the-address"


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, headers, body, URL)


@pytest.mark.parametrize(
    "location",
    [
        "http://reports.example.net/detail",
        "ftp://reports.example.net/detail",
        "https://user:password@reports.example.net/detail",
        "https:///detail",
        "https://[::1/detail",
        "https://reports.example.net:port/detail",
        "file:///etc/passwd",
        "",
    ],
)
def test_only_plain_https_is_fetched(location: str) -> None:
    with pytest.raises(UntrustedHostError):
        without_token(location)


def test_no_token_is_sent() -> None:
    request = without_token(URL)
    assert (request.token, request.url, dict(request.headers)) == ("", URL, {})


def test_a_further_redirect_is_followed_without_a_token_too() -> None:
    flow = download("The report", without_token(URL))
    assert first_of(flow).token == ""
    moved = next_of(flow, answer(307, Location="/other?token=x"))
    assert isinstance(moved, Request)
    assert (moved.url, moved.token) == ("https://reports.example.net/other?token=x", "")
    assert next_of(flow, answer(200, b"a,b\n")) == Done(b"a,b\n")


def test_a_further_redirect_may_not_leave_https() -> None:
    flow = download("The report", without_token(URL))
    first_of(flow)
    with pytest.raises(UntrustedHostError):
        next_of(flow, answer(302, Location="http://reports.example.net/other"))


def test_a_busy_host_is_asked_again() -> None:
    flow = download("The report", without_token(URL))
    first_of(flow)
    assert isinstance(next_of(flow, answer(503)), Again)
    assert isinstance(next_of(flow, answer(429)), Again)
    assert next_of(flow, answer(200, b"a\n")) == Done(b"a\n")


@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        (answer(403), ServiceError, "run the task again"),
        (answer(404), ServiceError, "run the task again"),
        (answer(400), ServiceError, "HTTP status 400"),
        (answer(302), ServiceError, "HTTP status 302"),
        (answer(206, b"a"), ServiceError, "HTTP status 206"),
        (answer(200, b" <html>sign in</html>"), UnexpectedAnswerError, "a web page"),
    ],
)
def test_what_is_no_file_is_an_error_that_does_not_tell_the_address(
    reply: Answer, kind: type[M365Error], said: str
) -> None:
    flow = download("The report", without_token(URL))
    first_of(flow)
    with pytest.raises(kind) as raised:
        next_of(flow, reply)
    assert said in raised.value.message
    assert "secret-of-the-address" not in raised.value.message
