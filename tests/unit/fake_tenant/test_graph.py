# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reads of Graph."""

from __future__ import annotations

from typing import Any

import pytest

GRAPH = "https://graph.microsoft.com"
DEFAULTS = "policies/identitySecurityDefaultsEnforcementPolicy"
POLICIES = "identity/conditionalAccess/policies"
SIGN_INS = "auditLogs/signIns"
SETTINGS = "admin/reportSettings"


def ask(client: Any, path: str, app: str = "good", version: str = "v1.0", **query: str) -> Any:
    token = client.fake.tokens.issue(app, audience=GRAPH)
    return client.session.get(
        f"{client.fake.endpoint}/{version}/{path}",
        params={f"${name}": value for name, value in query.items()},
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
        allow_redirects=False,
    )


@pytest.mark.parametrize("state", [True, False])
def test_security_defaults(client: Any, state: bool) -> None:
    client.fake.organization.patch(security_defaults=state)
    assert ask(client, DEFAULTS).json()["isEnabled"] is state


def test_conditional_access_in_pages(client: Any) -> None:
    client.fake.organization.patch(conditional_access=[{"id": str(number)} for number in range(150)])
    first = ask(client, POLICIES).json()
    token = client.fake.tokens.issue(audience=GRAPH)
    headers = {"Authorization": f"Bearer {token}"}
    second = client.session.get(first["@odata.nextLink"], headers=headers, timeout=60).json()
    assert [item["id"] for item in first["value"] + second["value"]] == [str(number) for number in range(150)]
    assert "@odata.nextLink" not in second


@pytest.mark.usefixtures("thousands")
def test_all_users_in_pages(client: Any) -> None:
    body = ask(client, "users", top="999", select="id,accountEnabled,assignedLicenses,userPrincipalName").json()
    token = client.fake.tokens.issue(audience=GRAPH)
    users = body["value"]
    while "@odata.nextLink" in body:
        link = body["@odata.nextLink"]
        body = client.session.get(link, headers={"Authorization": f"Bearer {token}"}, timeout=60).json()
        users += body["value"]
    everybody = {item["object_id"]: item for item in client.fake.users.get()}
    assert {user["id"] for user in users} == set(everybody)
    assert len(users) == len(everybody) == len(client.fake.mailboxes.get()) + 3
    assert all(user["accountEnabled"] is everybody[user["id"]]["account_enabled"] for user in users)
    assert all(bool(user["assignedLicenses"]) is everybody[user["id"]]["licensed"] for user in users)


def test_one_user(client: Any) -> None:
    name = "support@contoso.com"
    by_name = ask(client, f"users/{name}", select="id,accountEnabled,assignedLicenses").json()
    assert by_name["accountEnabled"] is False
    assert by_name["assignedLicenses"] == []
    assert ask(client, f"users/{by_name['id']}").json()["userPrincipalName"] == name
    assert ask(client, "users/nobody@contoso.com").status_code == 404


def test_without_select_the_interesting_is_missing(client: Any) -> None:
    assert "accountEnabled" not in ask(client, "users/alice@contoso.onmicrosoft.com").json()


@pytest.mark.parametrize(
    "query",
    [
        {"top": "1000"},
        {"top": "0"},
        {"top": "x"},
        {"select": "nonsense"},
        {"filter": "id eq"},
        {"filter": "?"},
        {"filter": "accountEnabled ne true"},
        {"filter": f"displayName eq '{'x' * 121}'"},
        {"nonsense": "1"},
        {"skiptoken": "100"},
        {"skiptoken": "nonsense.100"},
    ],
)
def test_wrong_queries(client: Any, query: dict[str, str]) -> None:
    assert ask(client, "users", **query).status_code == 400


@pytest.mark.parametrize("name", ["count", "orderby", "search", "expand"])
def test_what_is_not_imitated_says_so(client: Any, name: str) -> None:
    answer = ask(client, "users", **{name: "true"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "FakeTenant.NotImitated")


def ids(client: Any, count: int) -> list[str]:
    return [item["object_id"] for item in client.fake.mailboxes.get()[:count]]


def test_fifteen_values(client: Any) -> None:
    wanted = ids(client, 15)
    text = f"id in ({','.join(repr(name) for name in wanted)})"
    found = ask(client, "users", filter=text, select="id,accountEnabled").json()
    assert {item["id"] for item in found["value"]} == set(wanted)
    assert "@odata.nextLink" not in found


ALTERNATIVES = {
    "in": lambda names: f"id in ({','.join(repr(name) for name in names)})",
    "or": lambda names: " or ".join(f"id eq '{name}'" for name in names),
    "two lists": lambda names: " or ".join(f"id in ({','.join(map(repr, part))})" for part in (names[:8], names[8:])),
    "in brackets": lambda names: f"(id in ({','.join(map(repr, names))})) and accountEnabled eq true",
}


@pytest.mark.parametrize("write", ALTERNATIVES.values(), ids=ALTERNATIVES.keys())
def test_sixteen_alternatives_are_too_many(client: Any, write: Any) -> None:
    assert ask(client, "users", filter=write(ids(client, 15)), select="id").status_code == 200
    refused = ask(client, "users", filter=write(ids(client, 16)), select="id")
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (400, "Request_UnsupportedQuery")
    assert error["message"] == (
        "Too many child clauses specified in search filter expression containing 'OR' operators: 16. Max allowed: 15."
    )


def test_the_case_of_a_value_does_not_matter(client: Any) -> None:
    (name,) = ids(client, 1)
    found = ask(client, "users", filter=f"id in ('{name.upper()}')", select="id").json()
    assert found["value"] == [{"id": name}]


def test_users_without_a_mailbox(client: Any) -> None:
    found = ask(client, "users", filter="mail eq 'gina@adatum.com'", select="userPrincipalName,userType").json()
    assert found["value"] == [
        {"userPrincipalName": "gina_adatum.com#EXT#@contoso.onmicrosoft.com", "userType": "Guest"}
    ]
    admin = ask(client, "users/admin.alice@contoso.onmicrosoft.com", select="assignedLicenses,mail").json()
    assert (admin["assignedLicenses"], admin["mail"]) == ([], None)


def test_no_user_without_an_id(client: Any) -> None:
    client.fake.mailboxes.patch("alice", object_id="")
    found = ask(client, "users", filter="displayName eq 'Alice Andersson'", select="id").json()
    assert found["value"] == []


def test_a_policy_in_full_shape(client: Any) -> None:
    short = {"displayName": "Legacy", "state": "enabled", "grantControls": {"builtInControls": ["block"]}}
    client.fake.organization.patch(conditional_access=[short])
    (policy,) = ask(client, POLICIES).json()["value"]
    assert {"id", "displayName", "state", "conditions", "grantControls", "sessionControls"} <= set(policy)
    assert policy["grantControls"]["operator"] == "OR"
    assert policy["conditions"]["clientAppTypes"] == ["all"]
    assert policy["conditions"]["users"]["excludeRoles"] == []
    assert policy["conditions"]["applications"]["excludeApplications"] == []
    (selected,) = ask(client, POLICIES, select="id,state", filter="state eq 'enabled'").json()["value"]
    assert selected == {"id": policy["id"], "state": "enabled"}
    assert ask(client, DEFAULTS, select="isEnabled").json()["isEnabled"] is False
    assert ask(client, POLICIES, select="nonsense").status_code == 400


def test_filters(client: Any) -> None:
    (alice,) = client.fake.mailboxes.get(["alice"])
    found = ask(client, "users", filter=f"id in ('{alice['object_id']}','x')", select="id").json()
    assert found["value"] == [{"id": alice["object_id"]}]
    odd = "o''neil+printer@contoso.onmicrosoft.com"
    assert len(ask(client, "users", filter=f"userPrincipalName eq '{odd}'").json()["value"]) == 1


def sign_in(day: int, client_app: str = "Authenticated SMTP", code: int = 0) -> dict[str, Any]:
    created = f"2026-10-{day:02d}T00:00:00Z"
    return {"createdDateTime": created, "clientAppUsed": client_app, "status": {"errorCode": code}}


def test_sign_ins(client: Any) -> None:
    log = [sign_in(1), sign_in(2), sign_in(3, code=50126), sign_in(4, "SMTP"), sign_in(5, "Browser"), sign_in(9)]
    client.fake.organization.patch(sign_ins=log)
    text = (
        "createdDateTime ge 2026-10-02T00:00:00Z and createdDateTime le 2026-10-08T00:00:00Z and "
        "(clientAppUsed eq 'Authenticated SMTP' or clientAppUsed eq 'SMTP') and status/errorCode eq 0"
    )
    found = ask(client, SIGN_INS, filter=text).json()["value"]
    assert found == [sign_in(4, "SMTP"), sign_in(2)]


def test_the_kind_of_a_sign_in_is_a_matter_of_beta(client: Any) -> None:
    """Without a filter on the kind only interactive sign-ins come, in beta too."""
    other = {**sign_in(2), "signInEventTypes": ["nonInteractiveUser"]}
    client.fake.organization.patch(sign_ins=[sign_in(1), other])
    kind = "signInEventTypes/any(t: t eq 'nonInteractiveUser')"
    assert ask(client, SIGN_INS).json()["value"] == [sign_in(1)]
    assert ask(client, SIGN_INS, filter=kind).status_code == 400
    assert ask(client, SIGN_INS, version="beta", filter=kind).json()["value"] == [other]
    (interactive,) = ask(client, SIGN_INS, version="beta").json()["value"]
    assert interactive["signInEventTypes"] == ["interactiveUser"]
    assert ask(client, SIGN_INS, filter="status/errorCode ne 0").status_code == 400


def fetch(client: Any, url: str, **headers: str) -> Any:
    return client.session.get(url, headers=headers, timeout=60, allow_redirects=False)


def test_the_usage_report_lies_on_another_host_that_takes_no_token(client: Any) -> None:
    fake = client.fake
    fake.apps.patch("good", graph_roles=["Reports.Read.All"])
    fake.organization.patch(smtp_app_users=["alice@contoso.onmicrosoft.com"])
    found = ask(client, "reports/getEmailAppUsageUserDetail(period='D30')")
    location = found.headers["location"]
    assert (found.status_code, location.startswith(f"https://{fake.ready['foreign_host']}/")) == (302, True)
    token = fake.tokens.issue("good", audience=GRAPH)
    assert fetch(client, location, Authorization=f"Bearer {token}").status_code == 400
    rows = [line.split(",") for line in fetch(client, location).text.lstrip("\ufeff").splitlines()]
    smtp = rows[0].index("SMTP App")
    assert [row[1] for row in rows[1:] if row[smtp] == "Yes"] == ["alice@contoso.onmicrosoft.com"]
    assert fetch(client, location.partition("=")[0] + "=x").status_code == 403
    assert ask(client, "reports/getEmailAppUsageUserDetail(period='D31')").status_code == 400
    fake.organization.patch(conceal_names=True)
    again = ask(client, "reports/getEmailAppUsageUserDetail(period='D7')").headers["location"]
    assert "alice" not in fetch(client, again).text.lower()


def test_sign_ins_want_a_premium_tenant(client: Any) -> None:
    client.fake.organization.patch(premium=False)
    answer = ask(client, SIGN_INS)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "Authentication_RequestFromNonPremiumTenantOrB2CTenant"


@pytest.mark.parametrize("path", [DEFAULTS, POLICIES, SIGN_INS, "users", "users/alice@contoso.onmicrosoft.com"])
def test_permissions(client: Any, path: str) -> None:
    assert ask(client, path).status_code == 200
    refused = ask(client, path, "no_graph")
    assert refused.status_code == 403
    assert {"code", "message", "innerError"} == set(refused.json()["error"])


# Which reads each permission opens.
PERMISSIONS = {
    "Policy.Read.All": {DEFAULTS, POLICIES},
    "User.Read.All": {"users"},
    "Directory.Read.All": {"users"},
    "AuditLog.Read.All": {SIGN_INS},
    "ReportSettings.Read.All": {SETTINGS},
}


@pytest.mark.parametrize(("permission", "opened"), PERMISSIONS.items())
def test_each_permission_apart(client: Any, permission: str, opened: set[str]) -> None:
    client.fake.apps.patch("good", graph_roles=[permission])
    statuses = {path: ask(client, path).status_code for path in (DEFAULTS, POLICIES, SIGN_INS, "users", SETTINGS)}
    assert statuses == {path: 200 if path in opened else 403 for path in statuses}


@pytest.mark.parametrize("authorization", [None, "exchange"])
def test_tokens(client: Any, authorization: str | None) -> None:
    headers = {"Authorization": f"Bearer {client.token}"} if authorization else {}
    answer = client.session.get(f"{client.fake.endpoint}/v1.0/users", headers=headers, timeout=60)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"


def test_only_reads(client: Any) -> None:
    token = client.fake.tokens.issue(audience=GRAPH)
    url = f"{client.fake.endpoint}/v1.0/{DEFAULTS}"
    headers = {"Authorization": f"Bearer {token}"}
    changed = client.session.patch(url, headers=headers, timeout=60)
    assert (changed.status_code, changed.json()["error"]["code"]) == (501, "FakeTenant.NotImitated")
    assert client.session.delete(url, headers=headers, timeout=60).status_code == 405
    assert ask(client, "me").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "groups/9a000000-0000-4000-8000-000000000001/transitiveMembers",
        "groups/9a000000-0000-4000-8000-000000000001/members",
        "directoryRoles/roleTemplateId=9a000000-0000-4000-8000-000000000001/members",
        "directoryRoleTemplates",
        "reports/getEmailActivityUserDetail(period='D7')",
        "admin/people",
        "servicePrincipals(appId='x')",
        "organization",
        "policies/authorizationPolicy",
        "identity/conditionalAccess/policies/0f1e2d3c-0000-4000-8000-00000000000a",
        "identity/conditionalAccess/namedLocations",
        "auditLogs/directoryAudits",
        "auditLogs/signIns/x",
        "users/alice@contoso.onmicrosoft.com/mailboxSettings",
        "users/alice@contoso.onmicrosoft.com/microsoft.graph.getMemberGroups",
    ],
)
def test_what_graph_has_and_is_not_played(client: Any, path: str) -> None:
    """It can't be taken for Graph's own answer to what isn't there."""
    answer = ask(client, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "FakeTenant.NotImitated")
    assert path in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "segment"),
    [
        ("nonsense", "nonsense"),
        ("mailboxes", "mailboxes"),
        ("policies/nonsense", "nonsense"),
        ("identity/nonsense/policies", "nonsense"),
        ("identity/conditionalAccess/nonsense", "nonsense"),
        ("auditLogs/nonsense", "nonsense"),
        ("users/alice@contoso.onmicrosoft.com/smtpAuth", "smtpAuth"),
    ],
)
def test_what_graph_has_not(client: Any, path: str, segment: str) -> None:
    answer = ask(client, path)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == f"Resource not found for the segment '{segment}'."


@pytest.mark.parametrize("path", ["users", DEFAULTS, "identity/conditionalAccess/policies"])
def test_beta_is_not_played(client: Any, path: str) -> None:
    headers = {"Authorization": f"Bearer {client.fake.tokens.issue(audience=GRAPH)}"}
    answer = client.session.get(f"{client.fake.endpoint}/beta/{path}", headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "FakeTenant.NotImitated")
    assert client.session.get(f"{client.fake.endpoint}/beta/{path}", timeout=60).status_code == 401


@pytest.mark.parametrize(
    "path", ["/users", "//users", "users/", "identity//conditionalAccess/policies", f"/{DEFAULTS}"]
)
def test_slashes_too_many(client: Any, path: str) -> None:
    """A client that puts an address together with one slash too many is answered all the same."""
    plain = ask(client, path.strip("/").replace("//", "/"))
    answer = ask(client, path)
    assert answer.status_code == plain.status_code == 200
    assert {**answer.json(), "@odata.nextLink": ""} == {**plain.json(), "@odata.nextLink": ""}


@pytest.mark.usefixtures("thousands")
def test_a_listing_with_a_slash_too_many_goes_on(client: Any) -> None:
    first = ask(client, "/users", top="999", select="id").json()
    headers = {"Authorization": f"Bearer {client.fake.tokens.issue(audience=GRAPH)}"}
    second = client.session.get(first["@odata.nextLink"], headers=headers, timeout=60)
    assert second.status_code == 200
    assert not {item["id"] for item in first["value"]} & {item["id"] for item in second.json()["value"]}


def test_the_text_for_a_missing_permission(client: Any) -> None:
    error = ask(client, SIGN_INS, "no_graph").json()["error"]
    assert error["code"] == "Authentication_MSGraphPermissionMissing"
    assert error["message"] == "Calling principal does not have required MSGraph permissions AuditLog.Read.All"


def test_groups_and_the_report_by_permission(client: Any) -> None:
    """The report is somewhere else: who may have it is led there."""
    report = "reports/getEmailAppUsageUserDetail(period='D7')"
    assert [item["displayName"] for item in ask(client, "groups", select="id,displayName", top="1").json()["value"]]
    assert ask(client, "groups", app="no_graph").status_code == 403
    assert ask(client, report).status_code == 403
    client.fake.apps.patch("good", graph_roles=["Reports.Read.All"])
    assert ask(client, report).status_code == 302
