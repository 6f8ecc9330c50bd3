# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Groups, directory roles and the evaluation of Conditional Access, as Graph plays them, against a real sign-in."""

from __future__ import annotations

from typing import Any

import pytest
from fake_tenant import FakeTenantServer, seed_layers
from fake_tenant.conditional_access import EXCHANGE_APP, policy
from fake_tenant.seed_data import EXCHANGE_ADMINISTRATOR
from fake_tenant.seed_layers import DOMAIN, POLICIES, PRINTERS

GRAPH = "https://graph.microsoft.com"
OUTER, INNER = "0a000000-0000-4000-8000-000000000001", "0a000000-0000-4000-8000-000000000002"
EVALUATE = "identity/conditionalAccess/evaluate"
COUNTED = {"$count": "true", "$select": "id"}


@pytest.fixture
def client(fabrikam_client: Any) -> Any:
    return fabrikam_client


def send(
    client: Any,
    path: str,
    *,
    method: str = "GET",
    version: str = "v1.0",
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Any:
    token = client.fake.tokens.issue(audience=GRAPH)
    given = {"Authorization": f"Bearer {token}", **(headers or {})}
    return client.session.request(method, f"{client.fake.endpoint}/{version}/{path}", headers=given, timeout=10, **more)


def members(client: Any, group: str, **query: str) -> Any:
    headers = {"ConsistencyLevel": "eventual"}
    path = f"groups/{group}/transitiveMembers/microsoft.graph.user"
    return send(client, path, headers=headers, params={**COUNTED, **query})


def ids(answer: Any) -> set[str]:
    return {row["id"] for row in answer.json()["value"]}


def object_id(local: str) -> str:
    return seed_layers.object_id(local)


def refused(fake: FakeTenantServer) -> set[str]:
    names = ("plain.on", "in.group", "in.role")
    return {name for name in names if fake.mailboxes.sign_in(f"{name}@{DOMAIN}")["basic"]}


def test_members_of_groups_within_groups(client: Any) -> None:
    client.fake.organization.patch(groups={OUTER: [INNER], INNER: [PRINTERS, OUTER]})
    for group in (OUTER, INNER, PRINTERS, PRINTERS.upper()):
        assert ids(members(client, group)) == {object_id("in.group")}
        assert members(client, group).json()["@odata.count"] == 1


def test_members_in_pages(client: Any) -> None:
    for user in client.fake.users.get():
        client.fake.users.patch(user["guid"], groups=[OUTER])
    body = members(client, OUTER, **{"$top": "4"}).json()
    whole = {user["object_id"] for user in client.fake.users.get() if user["object_id"]}
    assert body["@odata.count"] == len(whole)
    found = [row["id"] for row in body["value"]]
    while "@odata.nextLink" in body:
        token = client.fake.tokens.issue(audience=GRAPH)
        headers = {"Authorization": f"Bearer {token}", "ConsistencyLevel": "eventual"}
        body = client.session.get(body["@odata.nextLink"], headers=headers, timeout=10).json()
        assert "@odata.count" not in body
        found += [row["id"] for row in body["value"]]
    assert (len(found), set(found)) == (len(whole), whole)


@pytest.mark.parametrize("lacking", ["header", "count"])
def test_a_cast_is_an_advanced_query(client: Any, lacking: str) -> None:
    path = f"groups/{PRINTERS}/transitiveMembers/microsoft.graph.user"
    headers = {} if lacking == "header" else {"ConsistencyLevel": "eventual"}
    params = {"$select": "id"} if lacking == "count" else COUNTED
    answer = send(client, path, headers=headers, params=params)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "Request_UnsupportedQuery")


def test_groups_that_are_not_there(client: Any) -> None:
    client.fake.organization.patch(groups={OUTER: []}, deleted_groups=[PRINTERS])
    assert ids(members(client, OUTER)) == set()
    for group in (PRINTERS, INNER):
        answer = members(client, group)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "Request_ResourceNotFound")


def test_roles_are_there_once_somebody_holds_them(client: Any) -> None:
    roles = {row["roleTemplateId"]: row["id"] for row in send(client, "directoryRoles").json()["value"]}
    assert set(roles) == {EXCHANGE_ADMINISTRATOR}
    client.fake.organization.patch(role_groups={EXCHANGE_ADMINISTRATOR: [PRINTERS]})
    answer = send(client, f"directoryRoles/{roles[EXCHANGE_ADMINISTRATOR]}/members", params={"$select": "id"})
    rows = {(row["@odata.type"].rpartition(".")[2], row["id"]) for row in answer.json()["value"]}
    holders = {object_id("in.role"), object_id("admin")}
    assert rows == {("group", PRINTERS), *(("user", holder) for holder in holders)}
    assert send(client, f"directoryRoles/{OUTER}/members").status_code == 404


@pytest.mark.parametrize(
    ("permission", "opened"),
    [
        ("GroupMember.Read.All", {"group"}),
        ("RoleManagement.Read.Directory", {"roles", "holders"}),
        ("Directory.Read.All", {"group", "roles", "holders"}),
        ("User.Read.All", set()),
        ("Policy.Read.All", {"evaluation"}),
        ("Policy.Read.ConditionalAccess", {"evaluation"}),
    ],
)
def test_each_permission_apart(client: Any, permission: str, opened: set[str]) -> None:
    role = send(client, "directoryRoles").json()["value"][0]["id"]
    client.fake.apps.patch("good", graph_roles=[permission])
    statuses = {
        "group": members(client, PRINTERS).status_code,
        "roles": send(client, "directoryRoles").status_code,
        "holders": send(client, f"directoryRoles/{role}/members").status_code,
        "evaluation": evaluate(client).status_code,
    }
    assert statuses == {name: 200 if name in opened else 403 for name in statuses}


# Evaluation ---------------------------------------------------------------------------------------------------------


def question(local: str = "plain.on", **changes: Any) -> dict[str, Any]:
    asked = {
        "signInIdentity": {"@odata.type": "#microsoft.graph.userSignIn", "userId": object_id(local)},
        "signInContext": {
            "@odata.type": "#microsoft.graph.applicationContext",
            "includeApplications": [EXCHANGE_APP],
        },
        "signInConditions": {"clientAppType": "other"},
    }
    return {key: value for key, value in {**asked, **changes}.items() if value is not None}


def evaluate(client: Any, local: str = "plain.on", *, version: str = "v1.0", **changes: Any) -> Any:
    return send(client, EVALUATE, method="POST", version=version, json=question(local, **changes))


# Why a policy doesn't apply, where it isn't the user. All others apply to whom they cover.
REASONS = {
    "off": "policyNotEnabled",
    "modern_clients": "clientApps",
    "second_factor_for_modern_clients": "clientApps",
    "active_sync": "clientApps",
    "other_application": "application",
    "but_exchange": "application",
    "but_office_365": "application",
    "any_place": "notEnoughInformation",
    "one_place": "notEnoughInformation",
    "one_platform": "devicePlatform",
    "risky_sign_ins": "signInRisk",
    "risky_users": "userRisk",
}


@pytest.mark.parametrize("name", POLICIES)
def test_what_it_says_of_each_policy(client: Any, name: str) -> None:
    """What applies, is in force and asks for something is what a real sign-in meets, where the place doesn't count."""
    fake = client.fake
    fake.organization.patch(conditional_access=[POLICIES[name]])
    applies = set()
    for local in ("plain.on", "in.group", "in.role"):
        (told,) = evaluate(client, local).json()["value"]
        assert told["displayName"] == POLICIES[name]["displayName"]
        assert told["analysisReasons"] == ("notSet" if told["policyApplies"] else REASONS.get(name, "users"))
        if told["policyApplies"] and told["state"] == "enabled" and told["grantControls"]:
            applies.add(local)
    if name != "any_place":
        assert applies == refused(fake)


def test_groups_within_groups_count_at_sign_in_and_in_the_evaluation(client: Any) -> None:
    for users in ({"includeUsers": [], "includeGroups": [OUTER]}, {"includeUsers": [], "includeRoles": [INNER]}):
        client.fake.organization.patch(
            groups={OUTER: [PRINTERS]},
            role_groups={INNER: [OUTER]},
            deleted_groups=[],
            conditional_access=[policy("Nested", users=users)],
        )
        assert refused(client.fake) == {"in.group"}
        assert [evaluate(client, local).json()["value"][0]["policyApplies"] for local in ("in.group", "in.role")] == [
            True,
            False,
        ]
        client.fake.organization.patch(deleted_groups=[OUTER])
        assert refused(client.fake) == set()


def test_only_policies_that_apply(client: Any) -> None:
    client.fake.organization.patch(conditional_access=[POLICIES["everybody"], POLICIES["guests"]])
    assert len(evaluate(client).json()["value"]) == 2
    (told,) = evaluate(client, appliedPoliciesOnly=True).json()["value"]
    assert told["displayName"] == POLICIES["everybody"]["displayName"]


@pytest.mark.parametrize(
    "changes",
    [
        {"signInIdentity": None},
        {"signInContext": None},
        {"signInConditions": None},
        {"signInIdentity": {"userId": "plain.on@fabrikam.onmicrosoft.com"}},
        {"signInIdentity": {"@odata.type": "#microsoft.graph.userSignIn", "userId": OUTER}},
        {"signInIdentity": {"@odata.type": "#microsoft.graph.userSubject", "userId": object_id("plain.on")}},
        {"signInContext": {"includeApplications": [EXCHANGE_APP]}},
        {"signInContext": {"@odata.type": "#microsoft.graph.applicationContext", "includeApplications": []}},
        {"signInConditions": {"clientAppType": "legacy"}},
        {"signInConditions": {"clientAppTypes": ["other"]}},
        {"appliedPoliciesOnly": "false"},
        {"conditionalAccessWhatIfSubject": {}},
    ],
)
def test_wrong_questions(client: Any, changes: dict[str, Any]) -> None:
    assert evaluate(client, **changes).status_code == 400


def test_a_question_is_json_and_sent(client: Any) -> None:
    for more in ({"data": "{"}, {"data": "{}"}, {"json": []}):
        headers = {"Content-Type": "application/json"}
        assert send(client, EVALUATE, method="POST", headers=headers, **more).status_code == 400
    assert send(client, EVALUATE, method="POST", data="{}", headers={"Content-Type": "text/plain"}).status_code == 400
    assert send(client, EVALUATE).status_code == 405
    known = {"signInConditions": {"clientAppType": "other", "country": "US"}}
    assert evaluate(client, **known).json()["error"]["code"] == "FakeTenant.NotImitated"


@pytest.mark.parametrize(
    ("played", "v1", "beta"), [("v1.0+beta", 200, 200), ("v1.0", 200, 400), ("beta", 400, 200), ("none", 400, 400)]
)
def test_in_which_versions_it_is(client: Any, played: str, v1: int, beta: int) -> None:
    client.fake.dialect.set(graph_evaluate=played)
    assert evaluate(client).status_code == v1
    assert evaluate(client, version="beta").status_code == beta
