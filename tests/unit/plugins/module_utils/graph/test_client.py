# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Microsoft Graph through the whole client, against the fake tenant: what it says is read, or its refusal explained."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import (
    AccessDeniedError,
    DeadlineError,
    GraphUnavailableError,
    IncompleteListingError,
    M365Error,
    PageExpiredError,
    SignInError,
    UntrustedHostError,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.wire import Command
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.clock import Clock
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.connection import Connection, connect
from fake_tenant import FakeTenantServer

DEFAULTS = "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy"
POLICIES = "/v1.0/identity/conditionalAccess/policies"
SIGN_INS = "/v1.0/auditLogs/signIns"
USERS = "/v1.0/users?$select=id&$top=4"
READ_POLICIES = "Policy.Read.All"
READ_USERS = "User.Read.All"
READ_LOGS = "AuditLog.Read.All"


class NoWait(Clock):
    """A clock whose waits cost nothing but are counted against the deadline."""

    def __init__(self, deadline: float = 900.0) -> None:
        self.waited: list[float] = []
        super().__init__(deadline)

    def now(self) -> float:
        return super().now() + sum(self.waited)

    def wait(self, seconds: float, why: str) -> None:
        if seconds >= self.remaining():
            raise DeadlineError(why)
        self.waited.append(seconds)


@pytest.fixture(scope="module")
def server() -> Iterator[FakeTenantServer]:
    with FakeTenantServer() as running:
        yield running


@pytest.fixture
def fake(server: FakeTenantServer) -> FakeTenantServer:
    server.reset()
    server.log.clear()
    return server


@pytest.fixture
def connection(fake: FakeTenantServer) -> Connection:
    return connected(fake)


def connected(fake: FakeTenantServer, app: str = "good", *, clock: Clock | None = None, **options: Any) -> Connection:
    given = {
        "cloud": "public",
        "timeout": 20,
        "max_retries": 2,
        "tenant_id": fake.tenants[0]["tenant_id"],
        "client_id": fake.app(app)["client_id"],
        "client_secret": fake.app(app)["client_secret"],
        "login_endpoint": fake.endpoint,
        "exchange_endpoint": fake.endpoint,
        "graph_endpoint": fake.endpoint,
        "ca_path": fake.ca_path,
    }
    return connect({**given, **options}, clock or NoWait())


def counts(connection: Connection) -> tuple[int, int, int]:
    return connection.counters.sent, connection.counters.retried, connection.counters.throttled


def asked(fake: FakeTenantServer) -> list[dict[str, Any]]:
    """The requests to Graph, those that were not answered included."""
    entries: list[dict[str, Any]] = fake.log.entries(endpoint="graph")
    return entries


def tokens_of(fake: FakeTenantServer, endpoint: str) -> list[str]:
    return [entry["token"] for entry in fake.log.entries(endpoint=endpoint)]


def everybody(fake: FakeTenantServer) -> list[str]:
    return sorted(user["object_id"] for user in fake.users.get() if user["object_id"])


def ids(pages: list[list[dict[str, Any]]]) -> list[str]:
    return sorted(row["id"] for page in pages for row in page)


# What is read --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on", [True, False])
def test_reads_an_object_with_one_request(fake: FakeTenantServer, connection: Connection, on: bool) -> None:
    fake.organization.patch(security_defaults=on)
    assert connection.graph.get(DEFAULTS, READ_POLICIES)["isEnabled"] is on
    (request,) = asked(fake)
    assert (request["method"], request["path"]) == ("GET", DEFAULTS)
    assert request["headers"]["accept"] == "application/json"
    assert request["headers"]["client-request-id"]
    assert counts(connection) == (1, 0, 0), "sign-in isn't counted"


def test_reads_a_listing_to_its_end(fake: FakeTenantServer, connection: Connection) -> None:
    pages = list(connection.graph.pages(USERS, READ_USERS))
    assert ids(pages) == everybody(fake)
    assert len(pages) > 3
    assert [len(page) for page in pages[:-1]] == [4] * (len(pages) - 1)
    assert counts(connection) == (len(pages), 0, 0)


def test_an_empty_listing_is_one_empty_page(connection: Connection) -> None:
    assert list(connection.graph.pages(POLICIES, READ_POLICIES)) == [[]]


IN_GROUP = "/v1.0/groups/{}/transitiveMembers/microsoft.graph.user?$count=true&$select=id&$top=3"
GROUP = "9a000000-0000-4000-8000-000000000009"
EVALUATE = "/v1.0/identity/conditionalAccess/evaluate"


def members(connection: Connection) -> list[list[dict[str, Any]]]:
    return list(connection.graph.counted_pages(IN_GROUP.format(GROUP), "GroupMember.Read.All"))


@pytest.fixture
def crowded(fake: FakeTenantServer) -> list[str]:
    """Everybody is in one group."""
    for user in fake.users.get():
        fake.users.patch(user["guid"], groups=[GROUP])
    return everybody(fake)


def test_a_counted_listing_to_its_end(fake: FakeTenantServer, connection: Connection, crowded: list[str]) -> None:
    assert ids(members(connection)) == crowded
    assert len(asked(fake)) > 3


@pytest.mark.parametrize("effect", ["page_lost", "truncate"])
def test_a_counted_listing_that_ends_early(
    fake: FakeTenantServer, connection: Connection, crowded: list[str], effect: str
) -> None:
    """Graph says no word of it, so only the count tells."""
    fake.faults.add(effect, endpoint="graph_page", times=None)
    with pytest.raises(IncompleteListingError, match=f"came of {len(crowded)}"):
        members(connection)


def test_a_counted_listing_without_its_count(fake: FakeTenantServer, connection: Connection) -> None:
    fake.faults.add("body_text", endpoint="graph", arguments={"text": '{"value": []}'})
    with pytest.raises(IncompleteListingError, match="didn't say how many"):
        members(connection)


def test_a_question_is_asked_again_like_any_read(fake: FakeTenantServer, connection: Connection) -> None:
    fake.faults.add("status", endpoint="graph", arguments={"status": 503, "retry_after": 0})
    fake.faults.add("expire_tokens", endpoint="graph")
    question = {
        "signInIdentity": {"@odata.type": "#microsoft.graph.userSignIn", "userId": everybody(fake)[0]},
        "signInContext": {
            "@odata.type": "#microsoft.graph.applicationContext",
            "includeApplications": ["00000002-0000-0ff1-ce00-000000000000"],
        },
        "signInConditions": {"clientAppType": "other"},
    }
    assert connection.graph.ask(EVALUATE, question, READ_POLICIES)["value"] == []
    assert [entry["status"] for entry in asked(fake)] == [503, 401, 200]
    assert {(entry["method"], entry["path"]) for entry in asked(fake)} == {("POST", EVALUATE)}


def test_a_query_goes_out_as_it_is_given(fake: FakeTenantServer, connection: Connection) -> None:
    one = everybody(fake)[0]
    pages = list(connection.graph.pages(f"/v1.0/users?$filter=id%20in%20('{one}')&$select=id", READ_USERS))
    assert ids(pages) == [one]


def test_a_listing_asks_nothing_before_it_is_read_and_no_further_than_it_is_read(
    fake: FakeTenantServer, connection: Connection
) -> None:
    pages = connection.graph.pages(USERS, READ_USERS)
    assert fake.log.entries() == []
    next(pages)
    assert len(asked(fake)) == 1
    pages.close()  # type: ignore[attr-defined]
    assert len(asked(fake)) == 1


# Its own token -------------------------------------------------------------------------------------------------------


def test_each_service_has_its_own_token_and_both_are_kept_for_redaction(
    fake: FakeTenantServer, connection: Connection
) -> None:
    assert len(connection.secrets()) == 1, "the client secret alone"
    connection.exchange.invoke(Command("Get-TransportConfig"))
    assert [entry["form"]["scope"] for entry in fake.log.entries(endpoint="token")] == [
        "https://outlook.office365.com/.default"
    ]
    connection.graph.get(DEFAULTS, READ_POLICIES)
    connection.graph.get(DEFAULTS, READ_POLICIES)
    assert [entry["form"]["scope"] for entry in fake.log.entries(endpoint="token")][1:] == [
        "https://graph.microsoft.com/.default"
    ]
    assert len({*tokens_of(fake, "graph"), *tokens_of(fake, "invoke")}) == 2
    assert set(connection.secrets()) == {fake.app()["client_secret"], *fake.state.tokens.texts}
    assert len(fake.state.tokens.texts) == 2
    assert counts(connection) == (3, 0, 0), "both services are in one count"


def test_a_managed_identity_has_a_token_for_each_service_too(
    fake: FakeTenantServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = fake.ready["managed_identity"]
    monkeypatch.setenv("IDENTITY_ENDPOINT", identity["identity_endpoint"])
    monkeypatch.setenv("IDENTITY_HEADER", identity["identity_header"])
    connection = connected(fake, client_secret=None, client_id=None, auth_method="managed_identity")
    connection.exchange.invoke(Command("Get-TransportConfig"))
    assert "isEnabled" in connection.graph.get(DEFAULTS, READ_POLICIES)
    assert set(connection.secrets()) == {*fake.state.tokens.texts, identity["identity_header"]}
    assert len(fake.state.tokens.texts) == 2


def test_nothing_of_graph_is_made_before_it_is_used() -> None:
    package = "ansible_collections.m365ops.exchange_online.plugins.module_utils"
    code = f"import sys, {package}._tenant.connection; print([name for name in sys.modules if '_graph' in name])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.strip() == "[]"


def test_there_is_one_client_a_task(connection: Connection) -> None:
    assert connection.graph is connection.graph
    assert connection.graph.transport.counters is connection.exchange.transport.counters is connection.counters


def test_a_pause_that_graph_asks_for_holds_up_graph_alone(fake: FakeTenantServer) -> None:
    fake.faults.add("status", endpoint="graph", arguments={"status": 429, "retry_after": 60})
    connection = connected(fake, clock=NoWait(30.0), max_retries=0)
    with pytest.raises(M365Error):
        connection.graph.get(DEFAULTS, READ_POLICIES)
    connection.exchange.invoke(Command("Get-TransportConfig"))
    with pytest.raises(DeadlineError, match=r"^Microsoft Graph .*[^.]\. The service asks for a pause of 60 s"):
        connection.graph.get(DEFAULTS, READ_POLICIES)
    assert counts(connection) == (2, 0, 1)


@pytest.mark.parametrize("effect", ["expire_tokens", "refuse_token", "claims_challenge"])
def test_a_refused_token_is_renewed_once(fake: FakeTenantServer, connection: Connection, effect: str) -> None:
    fake.faults.add(effect, endpoint="graph")
    assert "isEnabled" in connection.graph.get(DEFAULTS, READ_POLICIES)
    assert [entry["status"] for entry in asked(fake)] == [401, 200]
    assert len(set(tokens_of(fake, "graph"))) == 2
    assert set(fake.state.tokens.texts) < set(connection.secrets())


def test_a_token_that_expires_midway_costs_one_renewal(fake: FakeTenantServer, connection: Connection) -> None:
    fake.faults.add("expire_tokens", endpoint="graph", skip=2)
    pages = list(connection.graph.pages(USERS, READ_USERS))
    assert ids(pages) == everybody(fake)
    assert len(fake.log.entries(endpoint="token")) == 2
    assert counts(connection) == (len(pages) + 1, 1, 0)


def test_a_refusal_without_end_comes_to_an_end(fake: FakeTenantServer, connection: Connection) -> None:
    fake.faults.add("refuse_token", endpoint="graph", times=None)
    with pytest.raises(
        AccessDeniedError, match="check that cloud and graph_endpoint are those of the tenant"
    ) as caught:
        connection.graph.get(DEFAULTS, READ_POLICIES)
    assert (caught.value.status, caught.value.permission) == (401, "")
    assert "InvalidAuthenticationToken: Access token validation failure" in caught.value.message
    assert len(asked(fake)) == 2
    assert len(fake.log.entries(endpoint="token")) == 2


def test_the_sign_in_may_be_refused_too(fake: FakeTenantServer) -> None:
    connection = connected(fake, client_secret="not-the-secret")
    with pytest.raises(SignInError, match="AADSTS7000215"):
        connection.graph.get(DEFAULTS, READ_POLICIES)
    assert asked(fake) == []


def test_a_sign_in_that_is_refused_midway_says_both(fake: FakeTenantServer, connection: Connection) -> None:
    connection.graph.get(DEFAULTS, READ_POLICIES)
    fake.apps.patch("good", secrets=[])
    fake.tokens.revoke()
    with pytest.raises(AccessDeniedError) as caught:
        connection.graph.get(DEFAULTS, READ_POLICIES)
    assert "Access token validation failure" in caught.value.message
    assert "Sign-in by client_secret was refused" in caught.value.message


@pytest.mark.parametrize("read", ["get", "pages"])
def test_a_ready_made_token_is_never_sent(fake: FakeTenantServer, read: str) -> None:
    connection = connected(fake, client_secret=None, access_token=fake.tokens.issue())
    with pytest.raises(GraphUnavailableError, match="needs a sign-in of its own") as caught:
        list(getattr(connection.graph, read)(DEFAULTS, READ_POLICIES))
    assert isinstance(caught.value, AccessDeniedError)
    assert (caught.value.code, caught.value.permission) == ("graph_unavailable", "")
    assert fake.log.entries() == []
    assert counts(connection) == (0, 0, 0)


# Refusals ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "permission"),
    [(DEFAULTS, READ_POLICIES), (POLICIES, READ_POLICIES), (USERS, READ_USERS), (SIGN_INS, READ_LOGS)],
)
def test_the_permission_that_is_missing_is_named(fake: FakeTenantServer, path: str, permission: str) -> None:
    connection = connected(fake, "no_graph")
    with pytest.raises(AccessDeniedError) as caught:
        next(connection.graph.pages(path, permission))
    error = caught.value
    assert (error.code, error.permission, error.status) == ("access_denied", permission, 403)
    assert error.message.startswith(f"Microsoft Graph {path.partition('?')[0]} was refused (")
    assert f"doesn't carry the application permission {permission} on Microsoft Graph" in error.message
    assert f"Microsoft Graph > Application permissions > {permission}, then grant admin consent" in error.message
    assert fake.app("no_graph")["client_id"] in error.message
    assert error.request_id
    assert len(asked(fake)) == 1, "asking again changes nothing"


def test_a_licence_that_is_missing_is_not_taken_for_a_permission(
    fake: FakeTenantServer, connection: Connection
) -> None:
    fake.organization.patch(premium=False)
    with pytest.raises(AccessDeniedError, match="licence") as caught:
        next(connection.graph.pages(SIGN_INS, READ_LOGS))
    assert caught.value.permission == ""
    assert "doesn't have premium license" in caught.value.message, "Graph's own words"
    assert "grant admin consent" not in caught.value.message


def test_a_permission_lost_midway_is_told_as_such(fake: FakeTenantServer, connection: Connection) -> None:
    fake.faults.add("status", endpoint="graph_page", arguments={"status": 403}, skip=1, times=None)
    with pytest.raises(AccessDeniedError):
        list(connection.graph.pages(USERS, READ_USERS))


# Bad days ------------------------------------------------------------------------------------------------------------


def status(number: int, **more: Any) -> dict[str, Any]:
    return {"effect": "status", "arguments": {"status": number, **more}}


PASSING = {
    "429": status(429),
    "429, Retry-After": status(429, retry_after=7),
    "429, Retry-After as a date": status(429, retry_after="date"),
    "429, no body": status(429, body="empty"),
    "429, plain text": status(429, body="text"),
    "509": status(509),
    "503": status(503),
    "503, Retry-After": status(503, retry_after=7),
    "503, a web page": status(503, body="html"),
    "504": status(504, body="empty"),
    "502": status(502, body="html"),
    "500": status(500),
    "408": status(408, body="text"),
    "dropped": {"effect": "drop"},
    "dropped late": {"effect": "drop", "arguments": {"when": "after"}},
    "nothing in it": {"effect": "body_empty"},
    "a web page": {"effect": "body_html"},
    "cut short": {"effect": "body_text", "arguments": {"text": '{"value": [{"id'}},
    "a list": {"effect": "body_text", "arguments": {"text": "[]"}},
    "an error in a success": {"effect": "body_text", "arguments": {"text": '{"error": {"code": "x"}, "value": []}'}},
    "a part": {"effect": "body_text", "arguments": {"status": 206, "text": '{"value": [], "isEnabled": true}'}},
}
# Seen only where a list is due.
MALFORMED_PAGES = {
    "no value": {},
    "value null": {"value": None},
    "a value of another kind": {"value": {}},
    "rows of another kind": {"value": [1]},
    "a link of another kind": {"value": [], "@odata.nextLink": 5},
    "an empty link": {"value": [], "@odata.nextLink": ""},
}


@pytest.mark.parametrize("trouble", PASSING)
def test_a_trouble_that_passes_leaves_no_trace(fake: FakeTenantServer, connection: Connection, trouble: str) -> None:
    fake.faults.add(endpoint="graph", **PASSING[trouble])
    assert connection.graph.get(DEFAULTS, READ_POLICIES)["isEnabled"] is False
    assert counts(connection) == (2, 1, 1 if trouble.startswith(("429", "509")) else 0)


@pytest.mark.parametrize("trouble", PASSING)
def test_nor_does_it_within_a_listing(fake: FakeTenantServer, connection: Connection, trouble: str) -> None:
    fake.faults.add(endpoint="graph_page", skip=1, **PASSING[trouble])
    pages = list(connection.graph.pages(USERS, READ_USERS))
    assert ids(pages) == everybody(fake)
    assert counts(connection)[:2] == (len(pages) + 1, 1)


@pytest.mark.parametrize("number", [429, 503])
def test_retry_after_is_waited_for(fake: FakeTenantServer, number: int) -> None:
    clock = NoWait()
    fake.faults.add(endpoint="graph", **status(number, retry_after=7))
    connected(fake, clock=clock).graph.get(DEFAULTS, READ_POLICIES)
    assert clock.waited == [7.0]


def test_no_wait_runs_past_the_deadline(fake: FakeTenantServer) -> None:
    fake.faults.add(endpoint="graph", **status(429, retry_after=60))
    with pytest.raises(DeadlineError):
        connected(fake, clock=NoWait(30.0)).graph.get(DEFAULTS, READ_POLICIES)
    assert len(asked(fake)) == 1


# The trouble, the code that it ends in, the requests, a word of the message.
LASTING: dict[str, tuple[dict[str, Any], str, int, str]] = {
    "429": (status(429), "throttled", 3, "Too many requests"),
    "503": (status(503), "service_error", 3, "temporarily unavailable"),
    "500, nothing in it": (status(500, body="empty"), "service_error", 3, "HTTP status 500 without a text"),
    "504, a web page": (status(504, body="html"), "unexpected_answer", 3, "web page"),
    "400": (status(400), "service_error", 1, "BadRequest: Invalid request"),
    "400, plain text": (status(400, body="text", text="No idea."), "service_error", 1, "No idea"),
    "404": (status(404), "not_found", 1, "Request_ResourceNotFound"),
    "404, a web page": (status(404, body="html"), "unexpected_answer", 1, "web page"),
    "409": (status(409), "service_error", 1, "HTTP status 409"),
    "403": (status(403), "access_denied", 1, "Insufficient privileges"),
    "403, nothing in it": (status(403, body="nul"), "access_denied", 1, "HTTP status 403 without a text"),
    "nothing in it": ({"effect": "body_empty"}, "unexpected_answer", 3, "an empty body"),
    "a web page": ({"effect": "body_html"}, "unexpected_answer", 3, "a web page"),
    "dropped": ({"effect": "drop"}, "network", 3, "No answer"),
}


@pytest.mark.parametrize("trouble", LASTING)
def test_a_trouble_that_lasts_is_told(fake: FakeTenantServer, connection: Connection, trouble: str) -> None:
    effect, code, requests, word = LASTING[trouble]
    fake.faults.add(endpoint="graph", times=None, **effect)
    with pytest.raises(M365Error) as caught:
        connection.graph.get(DEFAULTS, READ_POLICIES)
    assert caught.value.code == code
    assert word in caught.value.message
    assert code == "network" or caught.value.message.startswith(f"Microsoft Graph {DEFAULTS}")
    assert len(asked(fake)) == requests
    assert connection.counters.sent == requests


# Listings that don't come whole --------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", MALFORMED_PAGES)
def test_a_page_that_is_none_is_never_taken_for_an_empty_one(
    fake: FakeTenantServer, connection: Connection, trouble: str
) -> None:
    page = {"@odata.context": "x", **MALFORMED_PAGES[trouble]}
    fake.faults.add("body_text", endpoint="graph", times=None, arguments={"text": json.dumps(page)})
    with pytest.raises(M365Error) as caught:
        list(connection.graph.pages(USERS, READ_USERS))
    assert caught.value.code == "unexpected_answer"
    assert len(asked(fake)) == 3


@pytest.mark.parametrize("trouble", ["503", "400", "404", "nothing in it"])
def test_a_page_that_cannot_be_had_leaves_no_short_list(
    fake: FakeTenantServer, connection: Connection, trouble: str
) -> None:
    effect, _code, _requests, word = LASTING[trouble]
    fake.faults.add(endpoint="graph_page", skip=1, times=None, **effect)
    pages = connection.graph.pages(USERS, READ_USERS)
    assert len(next(pages)) == len(next(pages)) == 4
    with pytest.raises(IncompleteListingError, match="page 3 couldn't be obtained, so the list isn't whole") as caught:
        next(pages)
    assert word in caught.value.message


def test_throttled_to_the_end_is_told_as_such(fake: FakeTenantServer, connection: Connection) -> None:
    fake.faults.add(endpoint="graph_page", times=None, **status(429))
    with pytest.raises(M365Error) as caught:
        list(connection.graph.pages(USERS, READ_USERS))
    assert caught.value.code == "throttled"
    assert connection.counters.throttled == 3


def test_a_link_that_expired_may_be_begun_again(fake: FakeTenantServer, connection: Connection) -> None:
    fake.faults.add("page_expired", endpoint="graph_page", skip=1)
    with pytest.raises(PageExpiredError, match="page 3 expired"):
        list(connection.graph.pages(USERS, READ_USERS))
    assert ids(list(connection.graph.pages(USERS, READ_USERS))) == everybody(fake)


def test_a_link_that_leads_back_is_not_followed_for_ever(fake: FakeTenantServer, connection: Connection) -> None:
    fake.faults.add("link_repeat", endpoint="graph_page", times=None)
    with pytest.raises(IncompleteListingError, match="go round in circles"):
        list(connection.graph.pages(USERS, READ_USERS))
    assert len(asked(fake)) == 2


# Where a token may go ------------------------------------------------------------------------------------------------


def test_a_link_to_a_foreign_host_is_not_followed(fake: FakeTenantServer, connection: Connection) -> None:
    foreign = fake.ready["foreign_host"]
    fake.faults.add("link_foreign", endpoint="graph", arguments={"host": foreign})
    with pytest.raises(UntrustedHostError, match="token wasn't sent there"):
        list(connection.graph.pages(USERS, READ_USERS))
    assert {entry["host"] for entry in asked(fake)} == {fake.endpoint.removeprefix("https://")}


def test_a_redirect_to_a_foreign_host_is_not_followed(fake: FakeTenantServer, connection: Connection) -> None:
    foreign = fake.ready["foreign_host"]
    fake.faults.add("redirect", endpoint="graph", arguments={"host": foreign})
    with pytest.raises(UntrustedHostError, match="token wasn't sent there"):
        connection.graph.get(DEFAULTS, READ_POLICIES)
    assert {entry["host"] for entry in asked(fake)} == {fake.endpoint.removeprefix("https://")}


def test_a_redirect_to_a_region_is_followed_and_kept(
    fake: FakeTenantServer, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _host, *more, **named: resolve("127.0.0.1", *more, **named))
    own = fake.endpoint.removeprefix("https://")
    fake.faults.add("redirect", endpoint="graph", arguments={"region": "eur"}, times=None)
    pages = list(connection.graph.pages(USERS, READ_USERS))
    connection.exchange.invoke(Command("Get-TransportConfig"))
    assert ids(pages) == everybody(fake)
    assert [entry["host"] for entry in asked(fake)] == [own, *[f"eur.{own}"] * len(pages)]
    assert {entry["host"] for entry in fake.log.entries(endpoint="invoke")} == {own}, "Exchange stays where it is"
