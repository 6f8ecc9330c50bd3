# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""InvokeCommand, one cmdlet at a time."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

SWITCH = "SmtpClientAuthenticationDisabled"
GET, SET = "Get-CASMailbox", "Set-CASMailbox"


def refusal(answer: Any) -> tuple[int, str]:
    """Status and last part of the exception type."""
    inner = answer.json()["error"]["innererror"]["internalexception"]
    return answer.status_code, inner["type"].rpartition(".")[2]


def test_shape_of_a_read(client: Any) -> None:
    answer = client.invoke(GET, {"Identity": "alice"}, client_request_id="7b0e")
    body = answer.json()
    assert body["@odata.context"].endswith("/$metadata#Collection(Exchange.GenericHashTable)")
    assert body["adminapi.warnings@odata.type"] == "#Collection(String)"
    assert body["@adminapi.warnings"] == []
    (row,) = body["value"]
    assert row["Guid@data.type"] == "System.Guid"
    assert row["Guid@odata.type"] == "#Guid"
    assert row["EmailAddresses@odata.type"] == "#Collection(String)"
    assert row[SWITCH] is False
    assert not {"UserPrincipalName", "Alias", "RecipientTypeDetails"} & set(row)
    assert answer.headers["client-request-id"] == "7b0e"
    assert uuid.UUID(answer.headers["request-id"])


def test_a_mailbox_has_what_a_cas_mailbox_lacks(client: Any) -> None:
    (row,) = client.invoke("Get-Mailbox", {"Identity": "support@contoso.com"}).json()["value"]
    assert row["RecipientTypeDetails"] == "SharedMailbox"
    assert row["UserPrincipalName"] == "support@contoso.com"
    assert row["Alias"] == "support"


def erin(client: Any) -> dict[str, Any]:
    return client.fake.mailboxes.get(["emaiden"])[0]


@pytest.mark.parametrize(
    "key",
    [
        "Guid",
        "ExchangeObjectId",
        "ExternalDirectoryObjectId",
        "DistinguishedName",
        "LegacyExchangeDN",
        "SamAccountName",
    ],
)
def test_identity_by_a_property(client: Any, key: str) -> None:
    (row,) = client.invoke(GET, {"Identity": "emaiden"}).json()["value"]
    (again,) = client.invoke(GET, {"Identity": row[key]}).json()["value"]
    assert again["Guid"] == erin(client)["guid"]


@pytest.mark.parametrize(
    "identity",
    [
        "erin.married@contoso.com",
        "ERIN.Married@Contoso.COM",
        "erin.maiden@contoso.onmicrosoft.com",
        "Erin Maiden",
        " emaiden ",
    ],
)
def test_identity_by_a_name(client: Any, identity: str) -> None:
    (row,) = client.invoke(GET, {"Identity": identity}).json()["value"]
    assert row["Guid"] == erin(client)["guid"]


def test_identity_by_a_secondary_address(client: Any) -> None:
    (row,) = client.invoke(GET, {"Identity": "d.dupont@contoso.com"}).json()["value"]
    assert row["PrimarySmtpAddress"] == "dave@contoso.com"


@pytest.mark.parametrize("parameters", [{}, {"Identity": None}, {"Identity": ""}, {"Identity": "  "}])
@pytest.mark.usefixtures("thousands")
def test_a_read_without_identity_returns_everybody(client: Any, parameters: dict[str, Any]) -> None:
    assert len(client.invoke(GET, parameters, select="Guid").json()["value"]) == 1000


def test_system_mailboxes_are_neither_listed_nor_found(client: Any) -> None:
    name = "SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}"
    assert refusal(client.invoke(GET, {"Identity": name}))[1] == "ManagementObjectNotFoundException"
    assert not [address for address in client.fake.mailboxes.states() if address.startswith("SystemMailbox")]


def test_unknown_identity(client: Any) -> None:
    answer = client.invoke(GET, {"Identity": "nobody@contoso.com"})
    assert refusal(answer) == (404, "ManagementObjectNotFoundException")
    error = answer.json()["error"]
    error_id, type_, text = error["details"][0]["message"].split("|", 2)
    assert error["code"] == "NotFound"
    assert error_id == "Ex6F9304"
    assert type_.endswith("ManagementObjectNotFoundException")
    assert "'nobody@contoso.com' couldn't be found" in text
    assert answer.headers["X-ExceptionType"] == "ManagementObjectNotFoundException"


def test_ambiguous_identity(client: Any) -> None:
    answer = client.invoke(GET, {"Identity": "reception"})
    assert refusal(answer) == (400, "ManagementObjectAmbiguousException")
    assert answer.json()["error"]["details"][0]["code"] == "Context"


def test_select(client: Any) -> None:
    (row,) = client.invoke(GET, {"Identity": "carol"}, select=f"Guid,{SWITCH}").json()["value"]
    assert set(row) == {"Guid", "Guid@data.type", "Guid@odata.type", SWITCH}
    assert row[SWITCH] is None


def test_select_of_an_unknown_property(client: Any) -> None:
    assert client.invoke(GET, {"Identity": "carol"}, select="Guid,UserPrincipalName").status_code == 400


def test_types_of_mailboxes(client: Any) -> None:
    answer = client.invoke("Get-Mailbox", {"RecipientTypeDetails": ["SharedMailbox", "RoomMailbox"]})
    assert {row["RecipientTypeDetails"] for row in answer.json()["value"]} == {"SharedMailbox", "RoomMailbox"}


@pytest.mark.parametrize("value", [True, False, None])
def test_write(client: Any, value: bool | None) -> None:
    client.fake.mailboxes.patch("bob", state="enabled" if value is not False else "inherit")
    answer = client.set("bob", value)
    assert answer.status_code == 200
    assert answer.json()["value"] == []
    assert answer.json()["@adminapi.warnings"] == []
    assert client.get("bob") is value


@pytest.mark.parametrize("parameters", [{SWITCH: True}, {}])
def test_write_that_changes_nothing(client: Any, parameters: dict[str, Any]) -> None:
    body = client.invoke(SET, {"Identity": "bob", **parameters}).json()
    assert body["@adminapi.warnings"] == [
        "The command completed successfully but no settings of 'bob' have been modified."
    ]
    assert client.get("bob") is True


def test_confirm_asks_and_does_nothing(client: Any) -> None:
    body = client.invoke(SET, {"Identity": "bob", SWITCH: None, "Confirm": True}).json()
    assert "bob" in body["@adminapi.confirmationmessage"]
    assert client.get("bob") is True
    client.invoke(SET, {"Identity": "bob", SWITCH: None, "Confirm": False})
    assert client.get("bob") is None


FORMS = {
    "no JSON": "nonsense",
    "a list": [],
    "no CmdletInput": {"CmdletName": GET},
    "no name": {"CmdletInput": {"Parameters": {}}},
    "parameters null": {"CmdletInput": {"CmdletName": GET, "Parameters": None}},
    "parameters a list": {"CmdletInput": {"CmdletName": GET, "Parameters": []}},
    "another key": {"CmdletInput": {"CmdletName": GET, "Arguments": {}}},
}


@pytest.mark.parametrize("body", FORMS.values(), ids=FORMS.keys())
def test_wrong_forms(client: Any, body: Any) -> None:
    assert client.post(body).status_code == 400


def test_parameters_may_be_missing(client: Any) -> None:
    body = {"CmdletInput": {"CmdletName": "Get-OrganizationConfig"}}
    assert client.post(body).json()["value"][0]["Name"] == "contoso.onmicrosoft.com"


WRONG_PARAMETERS = {
    "unknown": (GET, {"Identity": "bob", "Nonsense": 1}, "AmbiguousParameterSetException"),
    "of another cmdlet": (SET, {"Identity": "bob", "ResultSize": 1}, "AmbiguousParameterSetException"),
    "text for a boolean": (SET, {"Identity": "bob", SWITCH: "false"}, "ParameterTransformationException"),
    "number for a boolean": (SET, {"Identity": "bob", SWITCH: 1}, "ParameterTransformationException"),
    "bad result size": (GET, {"ResultSize": "all"}, "ParameterTransformationException"),
    "null for the organization": ("Set-TransportConfig", {SWITCH: None}, "ParameterTransformationException"),
    "write without identity": (SET, {SWITCH: None}, "ParameterBindingException"),
    "write to null": (SET, {"Identity": None, SWITCH: None}, "ParameterBindingException"),
    "write to two": (SET, {"Identity": "reception", SWITCH: None}, "ManagementObjectAmbiguousException"),
}


@pytest.mark.parametrize(("cmdlet", "parameters", "type_"), WRONG_PARAMETERS.values(), ids=WRONG_PARAMETERS.keys())
def test_wrong_parameters(client: Any, cmdlet: str, parameters: dict[str, Any], type_: str) -> None:
    before = client.fake.mailboxes.states()
    assert refusal(client.invoke(cmdlet, parameters)) == (400, type_)
    assert client.fake.mailboxes.states() == before


@pytest.mark.parametrize(
    ("parameters", "type_"),
    [({"Nonsense": 1}, "AmbiguousParameterSetException"), ({"ResultSize": "all"}, "ParameterTransformationException")],
)
def test_an_error_as_it_was_captured(client: Any, parameters: dict[str, Any], type_: str) -> None:
    error = client.invoke(GET, parameters).json()["error"]
    assert error["message"] == "Invalid Operation"
    name = f"Microsoft.Exchange.AdminApi.CommandInvocation.{type_}"
    assert error["innererror"]["internalexception"]["type"] == name
    assert error["details"][0]["message"].split("|")[1] == name


@pytest.mark.parametrize("name", ["Filter", "Anr", "SortBy", "WhatIf"])
def test_what_is_not_imitated_says_so(client: Any, name: str) -> None:
    assert refusal(client.invoke(GET, {name: "x"})) == (501, "NotImitated")


def test_names_of_cmdlets_and_parameters_in_any_case(client: Any) -> None:
    assert len(client.invoke("get-casmailbox", {"IDENTITY": "bob"}).json()["value"]) == 1


def test_organization(client: Any) -> None:
    client.invoke("Set-TransportConfig", {SWITCH: False, "AllowLegacyTLSClients": True})
    (row,) = client.invoke("Get-TransportConfig").json()["value"]
    assert (row[SWITCH], row["AllowLegacyTLSClients"]) == (False, True)
    assert client.invoke("Set-TransportConfig", {SWITCH: False}).json()["@adminapi.warnings"]


def test_authentication_policies(client: Any) -> None:
    rows = client.invoke("Get-AuthenticationPolicy").json()["value"]
    assert {row["Name"]: row["AllowBasicAuthSmtp"] for row in rows} == {"Block Basic": False, "Allow Basic SMTP": True}
    (user,) = client.invoke("Get-User", {"Identity": "frank"}).json()["value"]
    assert user["AuthenticationPolicy"] == "Block Basic"
    unknown = client.invoke("Get-AuthenticationPolicy", {"Identity": "nonsense"})
    assert refusal(unknown)[1] == "ManagementObjectNotFoundException"


PLACES = {
    "path in another case": ("POST", "/AdminApi/Beta/{tid}/invokecommand", 200),
    "by domain": ("POST", "/adminapi/beta/contoso.com/InvokeCommand", 200),
    "v1.0": ("POST", "/adminapi/v1.0/{tid}/InvokeCommand", 405),
    "GET": ("GET", "/adminapi/beta/{tid}/InvokeCommand", 405),
    "PATCH": ("PATCH", "/adminapi/beta/{tid}/InvokeCommand", 405),
    "GET of a batch": ("GET", "/adminapi/beta/{tid}/$batch", 405),
    "unknown resource": ("POST", "/adminapi/beta/{tid}/CasMailbox", 404),
    "unknown tenant": ("POST", "/adminapi/beta/00000000-0000-4000-8000-000000000000/InvokeCommand", 401),
}


@pytest.mark.parametrize(("method", "path", "status"), PLACES.values(), ids=PLACES.keys())
def test_places(client: Any, method: str, path: str, status: int) -> None:
    url = client.fake.endpoint + path.format(tid=client.tenant["tenant_id"])
    body = {"CmdletInput": {"CmdletName": GET, "Parameters": {"Identity": "bob"}}}
    answer = client.session.request(method, url, json=body, headers=client.headers(), timeout=60)
    assert answer.status_code == status


def test_content_type_is_needed(client: Any) -> None:
    answer = client.session.post(client.url, data=b"{}", headers=client.headers(Content_Type="text/plain"), timeout=60)
    assert answer.status_code == 415


# Which app may do what: [read a mailbox, write one, read the organization, write it, a cmdlet that doesn't exist].
GRANTS = {
    "good": [200, 200, 200, 200, 403],
    "no_app_role": [401, 401, 401, 401, 401],
    "no_directory_role": [403, 403, 403, 403, 403],
    "reader": [200, 403, 200, 403, 403],
    "recipient_administrator": [200, 403, 403, 403, 403],
    "security_reader": [403, 403, 200, 403, 403],
    "role_group": [200, 200, 200, 403, 403],
    "no_graph": [200, 200, 200, 200, 403],
}


@pytest.mark.parametrize(("app", "statuses"), GRANTS.items())
def test_grants(client: Any, app: str, statuses: list[int]) -> None:
    client.token = client.fake.tokens.issue(app)
    calls: list[tuple[str, dict[str, Any]]] = [
        (GET, {"Identity": "bob"}),
        (SET, {"Identity": "bob", SWITCH: None}),
        ("Get-TransportConfig", {}),
        ("Set-TransportConfig", {SWITCH: False}),
        ("Get-Nonsense", {}),
    ]
    assert [client.invoke(*call).status_code for call in calls] == statuses


def test_a_forbidden_answer_is_a_run_of_nuls(client: Any) -> None:
    client.token = client.fake.tokens.issue("no_directory_role")
    answer = client.invoke(GET, {"Identity": "bob"})
    assert answer.content
    assert not answer.content.strip(b"\0")
    assert "isn't supported in this scenario" in answer.headers["x-ms-diagnostics"]


def test_a_new_grant_needs_a_new_token(client: Any) -> None:
    client.token = client.fake.tokens.issue("no_directory_role")
    client.fake.apps.patch("no_directory_role", directory_roles=["29232cdf-9323-42fd-ade2-1d097af3e4de"])
    assert client.invoke(GET, {"Identity": "bob"}).status_code == 403
    client.token = client.fake.tokens.issue("no_directory_role")
    assert client.invoke(GET, {"Identity": "bob"}).status_code == 200


BAD_TOKENS = {
    "none": lambda client: None,
    "nonsense": lambda client: "Bearer nonsense",
    "basic": lambda client: "Basic YTpi",
    "for Graph": lambda client: "Bearer " + client.fake.tokens.issue(audience="https://graph.microsoft.com"),
    "over": lambda client: "Bearer " + client.fake.tokens.issue(lifetime=-1),
    "another tenant's": lambda client: "Bearer " + client.fake.tokens.issue(tenant=client.fake.tenants[1]["tenant_id"]),
    "changed": lambda client: "Bearer " + client.fake.tokens.issue()[:-4] + "AAAA",
}


@pytest.mark.parametrize("make", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
def test_bad_tokens(client: Any, make: Any) -> None:
    answer = client.invoke(GET, {"Identity": "bob"}, Authorization=make(client))
    assert answer.status_code == 401
    assert answer.content == b""
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_revoked_and_short_lived_tokens(client: Any) -> None:
    client.fake.tokens.revoke()
    assert client.invoke(GET, {"Identity": "bob"}).status_code == 401
    client.fake.tokens.lifetime(0)
    client.token = client.fake.tokens.issue()
    assert client.invoke(GET, {"Identity": "bob"}).status_code == 401


def test_what_the_log_keeps(client: Any) -> None:
    client.invoke(GET, {"Identity": "bob"}, connection_id="c-1", Prefer="odata.maxpagesize=5")
    (entry,) = client.fake.log.entries(endpoint="invoke", cmdlet=GET)
    assert entry["method"] == "POST"
    assert entry["status"] == 200
    assert entry["app"] == "good"
    assert entry["authorization"] is True
    assert entry["headers"]["connection-id"] == "c-1"
    assert entry["headers"]["prefer"] == "odata.maxpagesize=5"
    assert "authorization" in entry["header_names"]
    assert "authorization" not in entry["headers"]
    (item,) = entry["items"]
    assert (item["cmdlet"], item["identity"], item["parameters"]) == (GET, "bob", {"Identity": "bob"})


def module_file(client: Any, app: str = "good", version: str = "3.9.2") -> Any:
    url = f"{client.fake.endpoint}/adminapi/v1.0/{client.tenant['tenant_id']}/EXOModuleFile"
    headers = {"Authorization": f"Bearer {client.fake.tokens.issue(app)}", "CommandName": "*"}
    return client.session.get(url, params={"Version": version}, headers=headers, timeout=10)


def test_the_module_file_lists_what_the_app_may_run(client: Any) -> None:
    (value,) = module_file(client).json()["value"]
    assert {GET, SET} <= set(value["exportedCmdlets"].split(","))
    (value,) = module_file(client, "reader").json()["value"]
    assert GET in value["exportedCmdlets"].split(",")
    assert SET not in value["exportedCmdlets"].split(",")
    client.fake.dialect.set(module_file="object")
    assert GET in module_file(client, "role_group").json()["value"]["exportedCmdlets"]


@pytest.mark.parametrize(("app", "status"), [("no_app_role", 401), ("no_directory_role", 403)])
def test_the_module_file_is_for_who_is_let_in(client: Any, app: str, status: int) -> None:
    assert module_file(client, app).status_code == status


def test_the_module_file_may_be_absent(client: Any) -> None:
    assert module_file(client, version="2").status_code == 400
    client.fake.dialect.set(module_file="absent")
    assert module_file(client).status_code == 404
