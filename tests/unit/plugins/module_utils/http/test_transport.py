# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts a token may go to, what a judge may do, and what is remembered of tries that failed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import (
    DeadlineError,
    M365Error,
    NetworkError,
    ServiceError,
    ThrottledError,
    UntrustedHostError,
    UntrustedServerError,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.clock import Clock
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.messages import (
    Again,
    Answer,
    Flow,
    Request,
    Step,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.transport import (
    MAX_REPLACEMENTS,
    Transport,
    check_host,
)

ENDPOINT = "https://outlook.office365.com"


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://outlook.office365.com/x", ENDPOINT),
        ("https://outlook.office365.com:443/x", ENDPOINT),
        ("https://OUTLOOK.Office365.COM/x", ENDPOINT),
        ("https://eur.outlook.office365.com/x?y=z", ENDPOINT),
        ("https://am0p191.outlook.office365.com/x", ENDPOINT),
        ("https://eur-01.outlook.office365.com/x", ENDPOINT),
        ("https://EUR.outlook.office365.com", ENDPOINT),
        ("https://localhost:8443/x", "https://localhost:8443"),
        ("https://eur.localhost:8443/x", "https://localhost:8443"),
        ("https://127.0.0.1:8443/x", "https://127.0.0.1:8443"),
        ("https://[::1]:8443/x", "https://[::1]:8443"),
    ],
)
def test_a_token_goes_to_the_endpoint_and_its_regions(url: str, endpoint: str) -> None:
    check_host(url, endpoint)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x",
        "https://outlook.office365.com.evil.example/x",
        "https://evil-outlook.office365.com/x",
        "https://eviloutlook.office365.com/x",
        "https://office365.com/x",
        "https://com/x",
        "https://a.b.outlook.office365.com/x",
        "https://.outlook.office365.com/x",
        "https://outlook.office365.com./x",
        "https://outlook.office365.com@evil.example/x",
        "https://user@outlook.office365.com/x",
        "https://user:pass@eur.outlook.office365.com/x",
        "https://outlook.office365.com:8443/x",
        "https://outlook.office365.com:port/x",
        "https://outlook.office365.com:99999/x",
        "http://outlook.office365.com/x",
        "ftp://outlook.office365.com/x",
        "//outlook.office365.com/x",
        "/adminapi/beta",
        "outlook.office365.com",
        "",
        "https:///x",
        "https://[::1",
        # Names that two libraries may take apart differently.
        "https://evil\\.outlook.office365.com/x",
        "https://2130706433\\.outlook.office365.com/x",
        "https://evil.example\\.outlook.office365.com/x",
        "https://evil.example\\@outlook.office365.com/x",
        "https://evil%2f.outlook.office365.com/x",
        "https://evil .outlook.office365.com/x",
        "https://evil_.outlook.office365.com/x",
        "https://evil#.outlook.office365.com/x",
        "https://evil?.outlook.office365.com/x",
        "https://-.outlook.office365.com/x",
        "https://münchen.outlook.office365.com/x",
        "https://outlook.office365.cоm/x",  # noqa: RUF001  a Cyrillic o
        "https://outlook。office365.com/x",  # an ideographic full stop
        "https://\u2100.outlook.office365.com/x",  # becomes a/c when normalized
    ],
)
def test_and_to_nobody_else(url: str) -> None:
    with pytest.raises(UntrustedHostError) as caught:
        check_host(url, ENDPOINT)
    assert "token wasn't sent there" in caught.value.message
    assert "pass@" not in caught.value.message


class NoWait(Clock):
    """A clock whose waits cost nothing but are counted against the deadline."""

    def __init__(self, deadline: float = 100.0) -> None:
        self.waited: list[float] = []
        super().__init__(deadline)

    def now(self) -> float:
        return super().now() + sum(self.waited)

    def wait(self, seconds: float, why: str) -> None:
        if seconds >= self.remaining():
            raise DeadlineError(why)
        self.waited.append(seconds)


class Scripted(Transport):
    """Answers from a list; an exception in it is raised."""

    def __init__(self, script: Sequence[Answer | M365Error], clock: Clock | None = None, max_retries: int = 5) -> None:
        super().__init__(clock or NoWait(), max_retries=max_retries, concurrency=1)
        self.script = list(script)
        self.sent: list[Request] = []

    def roundtrip(self, request: Request) -> Answer:
        self.sent.append(request)
        item = self.script.pop(0)
        if isinstance(item, M365Error):
            raise item
        return item


REQUEST = Request("POST", f"{ENDPOINT}/x", body=b"{}", token="TOKEN")
LOST = NetworkError("No answer.")


def answer(status: int, **headers: str) -> Answer:
    return Answer(status, {key.replace("_", "-"): value for key, value in headers.items()}, b"", REQUEST.url)


def flow(request: Request = REQUEST) -> Flow[Answer]:
    step: Step = request
    while True:
        given = yield step
        if given.status == 200:
            return given
        if given.status == 429:
            step = Again(ThrottledError("Slower.", status=429), throttled=True)
        elif given.status >= 500:
            step = Again(ServiceError("Broken.", status=given.status))
        else:
            raise ServiceError("Refused.", status=given.status)


def test_a_flow_may_send_a_request_of_its_own_when_only_one_may_be_in_flight() -> None:
    """A renewed token is had before the refused request is sent again."""
    transport = Scripted([answer(401), answer(200), answer(200)])
    renewed = Request("POST", REQUEST.url, token="NEW")

    def renewing() -> Flow[Answer]:
        refused = yield REQUEST
        assert refused.status == 401
        transport.send(flow(Request("POST", "https://login.example/token")), counted=False)
        return (yield renewed)

    # With the turn still held this waits until the deadline.
    transport.clock = transport.pacer._clock = NoWait(deadline=5.0)
    assert transport.send(renewing()).status == 200
    assert [request.token for request in transport.sent] == ["TOKEN", "", "NEW"]
    assert (transport.counters.sent, transport.counters.retried) == (2, 1)


@pytest.mark.parametrize("max_retries", [0, 1, 3])
@pytest.mark.parametrize("failure", [LOST, answer(503), answer(429)])
def test_tries_are_bounded_and_counted(failure: Answer | NetworkError, max_retries: int) -> None:
    transport = Scripted([failure] * 20, max_retries=max_retries)
    with pytest.raises(M365Error) as caught:
        transport.send(flow())
    tries = max_retries + 1
    assert len(transport.sent) == tries
    assert (transport.counters.sent, transport.counters.retried) == (tries, max_retries)
    assert (f"Tried {tries} times." in caught.value.message) is (tries > 1)


def test_goes_on_after_failures_that_pass() -> None:
    transport = Scripted([NetworkError("No answer."), answer(503), answer(429, Retry_After="0"), answer(200)])
    assert transport.send(flow()).status == 200
    assert (transport.counters.sent, transport.counters.retried, transport.counters.throttled) == (4, 3, 1)


def test_waits_as_long_as_the_service_says() -> None:
    clock = NoWait()
    Scripted([answer(503, Retry_After="7"), answer(200)], clock).send(flow())
    assert clock.waited == [7.0]


def test_does_not_begin_a_wait_past_the_deadline() -> None:
    transport = Scripted([answer(503, Retry_After="70"), answer(200)], NoWait(deadline=60.0))
    with pytest.raises(DeadlineError) as caught:
        transport.send(flow())
    assert len(transport.sent) == 1
    assert isinstance(caught.value.__cause__, ServiceError)


def test_an_untrusted_certificate_is_not_tried_again() -> None:
    transport = Scripted([UntrustedServerError("Who?"), answer(200)])
    with pytest.raises(UntrustedServerError):
        transport.send(flow())
    assert len(transport.sent) == 1


def test_does_not_go_round_in_circles() -> None:
    transport = Scripted([answer(200)] * 20)

    def circling() -> Flow[None]:
        while True:
            yield REQUEST

    with pytest.raises(NetworkError, match="in circles"):
        transport.send(circling())
    assert len(transport.sent) == MAX_REPLACEMENTS + 1


@pytest.mark.parametrize(
    ("script", "may_have_worked"),
    [
        ([answer(400)], False),
        ([answer(429), answer(400)], False),
        ([answer(429), answer(429), answer(429)], False),
        ([answer(503), answer(503), answer(503)], True),
        ([LOST, LOST, LOST], True),
        ([LOST, answer(400)], True),
        ([LOST, answer(429), answer(429)], True),
        ([answer(504), answer(403)], True),
        ([LOST, answer(503, Retry_After="999")], True),
        ([answer(429, Retry_After="999")], False),
        ([UntrustedServerError("Who?")], False),
    ],
)
def test_remembers_that_an_earlier_try_may_have_worked(script: list[Answer | M365Error], may_have_worked: bool) -> None:
    fresh = [type(item)(item.message) if isinstance(item, M365Error) else item for item in script]
    with pytest.raises(M365Error) as caught:
        Scripted(fresh, max_retries=2).send(flow())
    assert caught.value.may_have_worked is may_have_worked


@pytest.mark.parametrize(
    ("script", "doubtful"),
    [
        ([answer(200)], False),
        ([answer(429), answer(200)], False),
        ([LOST, answer(200)], True),
        ([answer(503), answer(429), answer(200)], True),
    ],
)
def test_an_answer_tells_that_an_earlier_try_may_have_worked(script: list[Answer | M365Error], doubtful: bool) -> None:
    fresh = [type(item)(item.message) if isinstance(item, M365Error) else item for item in script]
    assert Scripted(fresh, max_retries=2).send(flow()).doubtful is doubtful


def test_a_token_is_not_shown() -> None:
    assert "TOKEN" not in repr(REQUEST)
