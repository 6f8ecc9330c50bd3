# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault of Graph, as a client meets it: in Graph's words."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import requests
from fake_tenant import ControlError

GRAPH = "https://graph.microsoft.com"
DEFAULTS = "policies/identitySecurityDefaultsEnforcementPolicy"
POLICIES = "identity/conditionalAccess/policies"


class Graph:
    """A client of Graph that renews nothing by itself."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.fake = client.fake
        self.renew()

    def renew(self) -> None:
        self.token = self.fake.tokens.issue(audience=GRAPH)

    def get(self, target: str = DEFAULTS) -> requests.Response:
        """GET a path below /v1.0, or a link."""
        url = target if target.startswith("https://") else f"{self.fake.endpoint}/v1.0/{target}"
        headers = {"Authorization": f"Bearer {self.token}"}
        found: requests.Response = self.client.session.get(url, headers=headers, timeout=60, allow_redirects=False)
        return found

    def error(self, target: str = DEFAULTS) -> tuple[int, str]:
        """Status and code of a refusal."""
        answer = self.get(target)
        assert answer.headers["Content-Type"] == "application/json"
        error = answer.json()["error"]
        assert {"code", "message", "innerError"} == set(error)
        assert answer.headers["request-id"] == error["innerError"]["request-id"]
        return answer.status_code, error["code"]

    def pages(self) -> list[dict[str, Any]]:
        """The pages of all users."""
        found = [self.get("users?$select=id&$top=999").json()]
        while "@odata.nextLink" in found[-1] and len(found) < 10:
            found.append(self.get(found[-1]["@odata.nextLink"]).json())
        return found


@pytest.fixture
def graph(client: Any) -> Graph:
    return Graph(client)


CODES = {
    400: "BadRequest",
    401: "InvalidAuthenticationToken",
    403: "Authorization_RequestDenied",
    404: "Request_ResourceNotFound",
    429: "TooManyRequests",
    500: "InternalServerError",
    503: "serviceNotAvailable",
    504: "UnknownError",
}


@pytest.mark.parametrize(("status", "code"), CODES.items())
def test_status(graph: Graph, status: int, code: str) -> None:
    graph.fake.faults.add("status", endpoint="graph", arguments={"status": status})
    assert graph.error() == (status, code)
    assert graph.get().status_code == 200


def test_words_of_a_status(graph: Graph) -> None:
    arguments = {"status": 400, "type": "Authorization_IdentityNotFound", "text": "No such identity."}
    graph.fake.faults.add("status", endpoint="graph", arguments=arguments)
    error = graph.get().json()["error"]
    assert (error["code"], error["message"]) == ("Authorization_IdentityNotFound", "No such identity.")


def test_retry_after(graph: Graph) -> None:
    for value in (7, None):
        graph.fake.faults.add("status", endpoint="graph", arguments={"status": 429, "retry_after": value})
    assert [graph.get().headers.get("Retry-After") for _dummy in range(3)] == ["7", None, None]


@pytest.mark.parametrize(
    ("body", "start"), [("text", b"Too many"), ("html", b"<html>"), ("empty", b""), ("nul", b"\0")]
)
def test_bodies_of_a_status(graph: Graph, body: str, start: bytes) -> None:
    graph.fake.faults.add("status", endpoint="graph", arguments={"status": 429, "body": body})
    assert graph.get().content.startswith(start)


@pytest.mark.parametrize(
    ("effect", "arguments", "content"),
    [
        ("body_empty", {}, b""),
        ("body_html", {}, b"<!DOCTYPE html>"),
        ("body_text", {"text": '{"value": ['}, b'{"value": ['),
    ],
)
def test_spoiled_bodies(graph: Graph, effect: str, arguments: dict[str, str], content: bytes) -> None:
    graph.fake.faults.add(effect, endpoint="graph", arguments=arguments)
    answer = graph.get()
    assert answer.status_code == 200
    assert answer.content.startswith(content)


@pytest.mark.parametrize("when", ["before", "after"])
def test_dropped_connection(graph: Graph, when: str) -> None:
    graph.fake.faults.add("drop", endpoint="graph", arguments={"when": when})
    with pytest.raises(requests.ConnectionError):
        graph.get()
    assert graph.get().status_code == 200


def test_delay_past_the_timeout_of_the_client(graph: Graph) -> None:
    graph.fake.faults.add("delay", endpoint="graph", arguments={"seconds": 30})
    headers = {"Authorization": f"Bearer {graph.token}"}
    with pytest.raises(requests.Timeout):
        graph.client.session.get(f"{graph.fake.endpoint}/v1.0/{DEFAULTS}", headers=headers, timeout=0.3)


def test_tokens_expired(graph: Graph) -> None:
    graph.fake.faults.add("expire_tokens", endpoint="graph", skip=1)
    assert graph.get().status_code == 200
    assert graph.get().json()["error"]["message"] == "Lifetime validation failed, the token is expired."
    assert graph.error() == (401, "InvalidAuthenticationToken")
    graph.renew()
    assert graph.get().status_code == 200


def test_a_token_that_is_over(graph: Graph) -> None:
    graph.token = graph.fake.tokens.issue(audience=GRAPH, lifetime=-1)
    assert "expired" in graph.get().json()["error"]["message"]


def test_401_without_end(graph: Graph) -> None:
    graph.fake.faults.add("refuse_token", endpoint="graph", times=None)
    for _dummy in range(3):
        assert graph.error() == (401, "InvalidAuthenticationToken")
        graph.renew()


def test_claims_challenge(graph: Graph) -> None:
    graph.fake.faults.add("claims_challenge", endpoint="graph")
    answer = graph.get()
    challenge = answer.headers["WWW-Authenticate"]
    assert answer.status_code == 401
    assert 'error="insufficient_claims"' in challenge
    claims = base64.b64decode(challenge.rpartition('claims="')[2].partition('"')[0]).decode()
    graph.renew()
    assert graph.error() == (401, "InvalidAuthenticationToken")
    # Exchange has asked for nothing.
    assert graph.client.invoke("Get-TransportConfig").status_code == 200
    app = graph.fake.app()
    form = {
        "grant_type": "client_credentials",
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        "scope": f"{GRAPH}/.default",
        "claims": claims,
    }
    url = f"{graph.fake.endpoint}/{graph.client.tenant['tenant_id']}/oauth2/v2.0/token"
    graph.token = graph.client.session.post(url, data=form, timeout=60).json()["access_token"]
    assert graph.get().status_code == 200


def test_a_challenge_of_exchange_is_none_of_graph(graph: Graph) -> None:
    graph.fake.faults.add("claims_challenge", endpoint="invoke")
    assert graph.client.invoke("Get-TransportConfig").status_code == 401
    assert graph.get().status_code == 200


@pytest.mark.parametrize("region", ["region", "foreign"])
def test_redirect(graph: Graph, region: str) -> None:
    foreign = graph.fake.ready["foreign_host"]
    graph.fake.faults.add(
        "redirect", endpoint="graph", arguments={"region": "eur"} if region == "region" else {"host": foreign}
    )
    host = graph.fake.endpoint.replace("https://", "https://eur.") if region == "region" else f"https://{foreign}"
    answer = graph.get("users?$top=5")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{host}/v1.0/users?$top=5")


@pytest.mark.usefixtures("thousands")
def test_all_pages(graph: Graph) -> None:
    pages = graph.pages()
    assert [len(page["value"]) for page in pages[:2]] == [999, 999]
    assert sum(len(page["value"]) for page in pages) == len(graph.fake.users.get())
    assert all(set(item) == {"id"} for page in pages for item in page["value"])


@pytest.mark.usefixtures("thousands")
def test_expired_page(graph: Graph) -> None:
    graph.fake.faults.add("page_expired", endpoint="graph_page")
    link = graph.get("users?$top=999").json()["@odata.nextLink"]
    assert graph.error(link) == (400, "Directory_ExpiredPageToken")
    assert len(graph.get(link).json()["value"]) == 999


@pytest.mark.usefixtures("thousands")
def test_links_die(graph: Graph) -> None:
    link = graph.get("users?$top=999").json()["@odata.nextLink"]
    assert graph.error(link.replace("/users?", "/identity/conditionalAccess/policies?")) == (
        400,
        "Directory_ExpiredPageToken",
    )
    graph.fake.pages.lifetime(0)
    assert graph.error(link) == (400, "Directory_ExpiredPageToken")


@pytest.mark.usefixtures("thousands")
def test_a_link_is_of_one_tenant(graph: Graph) -> None:
    link = graph.get("users?$top=999").json()["@odata.nextLink"]
    graph.token = graph.fake.tokens.issue(audience=GRAPH, tenant=graph.fake.tenants[1]["tenant_id"])
    assert graph.error(link) == (400, "Directory_ExpiredPageToken")


@pytest.mark.usefixtures("thousands")
def test_a_user_deleted_between_two_pages(graph: Graph) -> None:
    first = graph.get("users?$top=999&$select=id").json()
    seen = {item["id"] for item in first["value"]}
    gone = next(item for item in graph.fake.users.get() if item["object_id"] not in seen)
    graph.fake.users.delete(gone["user_principal_name"])
    rest = []
    while "@odata.nextLink" in first:
        first = graph.get(first["@odata.nextLink"]).json()
        rest += [item["id"] for item in first["value"]]
    assert gone["object_id"] not in rest
    assert seen | set(rest) == {item["object_id"] for item in graph.fake.users.get()}


@pytest.mark.parametrize("endpoint", ["graph", "graph_page"])
@pytest.mark.usefixtures("thousands")
def test_repeated_link(graph: Graph, endpoint: str) -> None:
    graph.fake.faults.add("link_repeat", endpoint=endpoint)
    pages = [graph.get("users?$top=999&$select=id").json()]
    for _dummy in range(2):
        pages.append(graph.get(pages[-1]["@odata.nextLink"]).json())
    same = pages[0:2] if endpoint == "graph" else pages[1:3]
    assert same[0]["value"] == same[1]["value"]


@pytest.mark.usefixtures("thousands")
def test_link_to_a_foreign_host(graph: Graph) -> None:
    foreign = graph.fake.ready["foreign_host"]
    graph.fake.faults.add("link_foreign", endpoint="graph", arguments={"host": foreign})
    assert graph.get("users?$top=999").json()["@odata.nextLink"].startswith(f"https://{foreign}/v1.0/users?")


@pytest.mark.parametrize(("effect", "arguments", "left"), [("page_lost", {}, 0), ("truncate", {"rows": 5}, 5)])
@pytest.mark.usefixtures("thousands")
def test_short_listing(graph: Graph, effect: str, arguments: dict[str, int], left: int) -> None:
    graph.fake.faults.add(effect, endpoint="graph", arguments=arguments)
    body = graph.get("users?$top=999").json()
    assert len(body["value"]) == left
    assert set(body) == {"@odata.context", "value"}


def test_rows(graph: Graph) -> None:
    graph.fake.faults.add("row_without", endpoint="graph", arguments={"property": "accountEnabled"})
    graph.fake.faults.add("row_value", endpoint="graph", skip=1, arguments={"property": "id", "value": 1})
    graph.fake.faults.add("rows_twice", endpoint="graph", skip=2)
    bodies = [graph.get("users?$top=2&$select=id,accountEnabled").json()["value"] for _dummy in range(3)]
    assert [set(row) for row in bodies[0]] == [{"id"}] * 2
    assert [row["id"] for row in bodies[1]] == [1, 1]
    assert len(bodies[2]) == 4


@pytest.mark.usefixtures("thousands")
def test_a_first_page_that_is_empty(graph: Graph) -> None:
    graph.fake.dialect.set(graph_empty_page=True)
    pages = graph.pages()
    assert pages[0]["value"] == []
    assert sum(len(page["value"]) for page in pages) == len(graph.fake.users.get())
    assert "@odata.nextLink" not in graph.get(POLICIES).json()


def test_rules_by_path(graph: Graph) -> None:
    graph.fake.faults.add("status", endpoint="graph", path="conditionalaccess", times=None, arguments={"status": 503})
    assert [graph.get(path).status_code for path in (DEFAULTS, POLICIES, "users")] == [200, 503, 200]


def test_rules_by_tenant(graph: Graph) -> None:
    other = graph.fake.tenants[1]
    graph.fake.faults.add("status", endpoint="graph", tenant=other["domain"], arguments={"status": 503})
    assert graph.get().status_code == 200
    graph.token = graph.fake.tokens.issue(audience=GRAPH, tenant=other["tenant_id"])
    assert graph.get().status_code == 503
    assert graph.fake.log.entries(endpoint="graph")[-1]["tenant"] == other["tenant_id"]


def test_a_rule_without_an_endpoint_is_for_cmdlets(graph: Graph) -> None:
    graph.fake.faults.add("status", times=None, arguments={"status": 503})
    assert graph.get().status_code == 200


@pytest.mark.parametrize("effect", ["batch_reverse", "lag", "lose_write"])
def test_effects_that_graph_does_not_have(graph: Graph, effect: str) -> None:
    with pytest.raises(ControlError, match="can't befall"):
        graph.fake.faults.add(effect, endpoint="graph")
