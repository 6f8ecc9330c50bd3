# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fabrikam, the tenant with a mailbox for each layer: who is let in, and what the reads of the layers tell."""

from __future__ import annotations

import smtplib
import ssl
from typing import Any

import pytest
from fake_tenant import ControlError, FakeTenantServer, seed_layers
from fake_tenant.conditional_access import full_shape, policy, refuses_password
from fake_tenant.seed_layers import DOMAIN, POLICIES

MAILBOX, ORGANIZATION = "disabled for the Mailbox", "disabled for the Tenant"
POLICY, ACCOUNT = "basic authentication is disabled", "5.7.3 Authentication unsuccessful"
CONDITIONAL_ACCESS = "did not meet the criteria"
# Who meets what: with name and password, with an app's token. Empty: let in.
EXPECTED = {
    "plain.on": ("", ""),
    "plain.off": (MAILBOX, MAILBOX),
    "plain.inherit": (ORGANIZATION, ORGANIZATION),
    "policy.blocks": (POLICY, ""),
    "policy.allows": ("", ""),
    "policy.blocks.off": (MAILBOX, MAILBOX),
    "policy.allows.inherit": (ORGANIZATION, ORGANIZATION),
    "unlicensed": (ACCOUNT, ""),
    "blocked": (ACCOUNT, ""),
    "blocked.unlicensed": (ACCOUNT, ""),
    "shared": (ACCOUNT, ""),
    "shared.unlicensed": (ACCOUNT, ""),
    "shared.licensed": ("", ""),
    "room": (ACCOUNT, ""),
    "equipment": (ACCOUNT, ""),
    "discovery": (ACCOUNT, ACCOUNT),
    "in.group": ("", ""),
    "in.role": ("", ""),
}
GUESTS = {
    "guestOrExternalUserTypes": "b2bCollaborationGuest,internalGuest",
    "externalTenants": {"membershipKind": "all"},
}
OPEN = {name for name, (basic, _oauth) in EXPECTED.items() if not basic}


@pytest.fixture
def client(fabrikam_client: Any) -> Any:
    return fabrikam_client


def address(local: str) -> str:
    return f"{local}@{DOMAIN}"


def told(fake: FakeTenantServer, local: str) -> tuple[str, str]:
    found = fake.mailboxes.sign_in(address(local))
    return found["basic"] or "", found["oauth"] or ""


def open_to_passwords(fake: FakeTenantServer) -> set[str]:
    return {local for local in EXPECTED if not told(fake, local)[0]}


def smtp_answer(fake: FakeTenantServer, local: str) -> str:
    """What a real sign-in with name and password is answered."""
    with smtplib.SMTP(fake.ready["smtp"]["host"], fake.ready["smtp"]["port"], timeout=60) as smtp:
        smtp.starttls(context=ssl.create_default_context(cafile=fake.ca_path))
        try:
            smtp.login(address(local), f"{local}-password", initial_response_ok=True)
        except smtplib.SMTPAuthenticationError as error:
            return f"{error.smtp_code} {error.smtp_error!r}"
    return ""


def test_every_mailbox_is_expected(fabrikam: FakeTenantServer) -> None:
    assert {item["primary_address"] for item in fabrikam.mailboxes.get()} == {address(local) for local in EXPECTED}


@pytest.mark.parametrize("local", EXPECTED)
def test_who_is_let_in(fabrikam: FakeTenantServer, local: str) -> None:
    for found, expected in zip(told(fabrikam, local), EXPECTED[local], strict=True):
        assert expected in found
        assert bool(found) is bool(expected)


@pytest.mark.parametrize("local", ["plain.on", "plain.off", "policy.blocks", "policy.allows", "shared", "discovery"])
def test_smtp_says_the_same(fabrikam: FakeTenantServer, local: str) -> None:
    assert EXPECTED[local][0] in smtp_answer(fabrikam, local)
    assert bool(smtp_answer(fabrikam, local)) is bool(EXPECTED[local][0])


def test_layers_of_the_whole_tenant(fabrikam: FakeTenantServer) -> None:
    fabrikam.organization.patch(default_authentication_policy="Block Basic")
    assert open_to_passwords(fabrikam) == {"policy.allows"}
    assert told(fabrikam, "plain.on")[1] == ""
    fabrikam.organization.patch(default_authentication_policy="Allow Basic SMTP", smtp_disabled=False)
    assert open_to_passwords(fabrikam) == OPEN | {"plain.inherit", "policy.allows.inherit"}
    fabrikam.organization.patch(security_defaults=True)
    assert open_to_passwords(fabrikam) == set()


def test_account_for_an_app(fabrikam: FakeTenantServer) -> None:
    fabrikam.dialect.set(oauth_needs_account=True)
    refused = {local for local in EXPECTED if ACCOUNT in told(fabrikam, local)[1]}
    assert refused == {local for local, (basic, _oauth) in EXPECTED.items() if basic == ACCOUNT}


FOR_ALL = (
    "everybody",
    "any_client",
    "office_365",
    "exchange",
    "second_factor",
    "known_device",
    "any_place",
    "any_platform",
)
ASKING = ("terms", "strength", "custom_factor", "managed_application", "second_factor_and_device")
COVERED = {
    **dict.fromkeys((*FOR_ALL, *ASKING, "but_guests"), OPEN),
    "second_factor_for_one": {"plain.on"},
    "one_user": {"plain.on"},
    "but_one_user": OPEN - {"plain.on"},
    "one_group": {"in.group"},
    "but_one_group": OPEN - {"in.group"},
    "one_role": {"in.role"},
    "but_one_role": OPEN - {"in.role"},
}


@pytest.mark.parametrize("name", POLICIES)
def test_whom_a_policy_refuses(fabrikam: FakeTenantServer, name: str) -> None:
    fabrikam.organization.patch(conditional_access=[POLICIES[name]])
    assert OPEN - open_to_passwords(fabrikam) == COVERED.get(name, set())
    assert told(fabrikam, "plain.on")[1] == ""


@pytest.mark.parametrize(
    ("policy_users", "refused"),
    [
        ({"includeUsers": ["GuestsOrExternalUsers"]}, {"in.role"}),
        ({"includeUsers": [], "includeGuestsOrExternalUsers": GUESTS}, {"in.role"}),
        ({"excludeUsers": ["GuestsOrExternalUsers"]}, OPEN - {"in.role"}),
        ({"excludeGuestsOrExternalUsers": GUESTS}, OPEN - {"in.role"}),
    ],
)
def test_guests(fabrikam: FakeTenantServer, policy_users: dict[str, Any], refused: set[str]) -> None:
    fabrikam.mailboxes.patch(address("in.role"), user_type="Guest")
    fabrikam.organization.patch(conditional_access=[policy("Guests", users=policy_users)])
    assert OPEN - open_to_passwords(fabrikam) == refused


def test_conditional_access_in_its_answer(fabrikam: FakeTenantServer) -> None:
    fabrikam.organization.patch(conditional_access=[POLICIES["off"], POLICIES["everybody"]])
    assert CONDITIONAL_ACCESS in smtp_answer(fabrikam, "plain.on")


@pytest.mark.parametrize(
    "more",
    [
        {"devices": {"deviceFilter": {"mode": "include", "rule": 'device.model -eq "x"'}}},
        {"clientApplications": {"includeServicePrincipals": ["ServicePrincipalsInMyTenant"]}},
        {"insiderRiskLevels": "elevated"},
    ],
)
def test_what_a_sign_in_can_not_be_told_to_meet(fabrikam: FakeTenantServer, more: dict[str, Any]) -> None:
    fabrikam.organization.patch(conditional_access=[policy("Special", **more)])
    assert open_to_passwords(fabrikam) == OPEN


def test_short_policies_mean_the_same() -> None:
    assert full_shape({"displayName": "x"})["conditions"]["clientAppTypes"] == ["all"]
    assert full_shape(full_shape({"displayName": "x"})) == full_shape({"displayName": "x"})
    with pytest.raises(ValueError, match="no state"):
        policy("x", state="on")


def test_applying_a_policy_leaves_it_alone(fabrikam: FakeTenantServer) -> None:
    before = full_shape(POLICIES["everybody"])
    mailbox = fabrikam.state.tenants[0].find(address("plain.on"))[0]
    assert refuses_password(POLICIES["everybody"], mailbox)
    assert POLICIES["everybody"] == before


def users(client: Any, parameters: dict[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    rows = client.invoke("Get-User", {"ResultSize": "Unlimited", **(parameters or {})}).json()["value"]
    return {row["UserPrincipalName"].partition("@")[0]: row for row in rows}


def test_users_without_a_mailbox_are_users_only(client: Any) -> None:
    others = {"guest_adatum.com#EXT#", "contractor", "admin", "frontline", "former"}
    rows = users(client)
    assert set(rows) == set(EXPECTED) | others
    assert {rows[name]["RecipientTypeDetails"] for name in others} == {
        "GuestMailUser",
        "MailUser",
        "User",
        "DisabledUser",
    }
    assert (rows["admin"]["RecipientType"], rows["room"]["RecipientType"]) == ("User", "UserMailbox")
    for cmdlet in ("Get-CASMailbox", "Get-Mailbox"):
        assert len(client.invoke(cmdlet, {"ResultSize": "Unlimited"}).json()["value"]) == len(EXPECTED)
        assert client.invoke(cmdlet, {"Identity": address("admin")}).status_code == 404
    assert client.invoke("Get-User", {"Identity": address("admin")}).status_code == 200


def test_users_by_type(client: Any) -> None:
    types = ["UserMailbox", "sharedmailbox"]
    assert set(users(client, {"RecipientTypeDetails": types})) == {
        local for local in EXPECTED if local not in ("room", "equipment", "discovery")
    }
    assert set(users(client, {"RecipientTypeDetails": "GuestMailUser"})) == {"guest_adatum.com#EXT#"}


@pytest.mark.parametrize(
    ("cmdlet", "types"),
    [
        ("Get-User", ["Nonsense"]),
        ("Get-User", [None]),
        ("Get-User", 1),
        ("Get-CASMailbox", ["User"]),
        ("Get-Mailbox", "MailUser"),
    ],
)
def test_types_that_do_not_exist(client: Any, cmdlet: str, types: Any) -> None:
    answer = client.invoke(cmdlet, {"RecipientTypeDetails": types})
    assert answer.status_code == 400
    assert "ParameterTransformationException" in answer.json()["error"]["details"][0]["message"]


def test_a_mailbox_without_a_directory_user(client: Any) -> None:
    (row,) = client.invoke("Get-User", {"Identity": address("discovery")}).json()["value"]
    assert row["ExternalDirectoryObjectId"] == ""
    assert seed_layers.object_id("plain.on") == users(client)["plain.on"]["ExternalDirectoryObjectId"]


def test_users_in_a_batch(client: Any) -> None:
    names = ["plain.on", "policy.blocks", "nobody", "admin"]
    items = [client.item(number, "Get-User", {"Identity": address(name)}) for number, name in enumerate(names)]
    items += [client.item(number, "Get-AuthenticationPolicy", {}) for number in (4,)]
    items += [client.item(5, "Get-OrganizationConfig", {}), client.item(6, "Get-TransportConfig", {})]
    answers = client.batch(items).json()["responses"]
    assert [answer["status"] for answer in answers] == [200, 200, 404, 200, 200, 200, 200]
    policies = [answer["body"]["value"][0].get("AuthenticationPolicy") for answer in answers[:2]]
    assert policies == [None, "Block Basic"]
    assert len(answers[4]["body"]["value"]) == 2


@pytest.mark.parametrize(("form", "key"), [("name", "Name"), ("dn", "DistinguishedName"), ("guid", "Guid")])
def test_how_rows_name_a_policy(client: Any, form: str, key: str) -> None:
    client.fake.dialect.set(policy_reference=form)
    client.fake.organization.patch(default_authentication_policy="Allow Basic SMTP")
    policies = {row["Name"]: row for row in client.invoke("Get-AuthenticationPolicy").json()["value"]}
    named = users(client)["policy.blocks"]["AuthenticationPolicy"]
    assert named == policies["Block Basic"][key]
    assert users(client)["plain.on"]["AuthenticationPolicy"] is None
    (organization,) = client.invoke("Get-OrganizationConfig").json()["value"]
    assert organization["DefaultAuthenticationPolicy"] == policies["Allow Basic SMTP"][key]
    (found,) = client.invoke("Get-AuthenticationPolicy", {"Identity": named}).json()["value"]
    assert (found["Name"], found["AllowBasicAuthSmtp"]) == ("Block Basic", False)
    assert told(client.fake, "policy.blocks")[0].endswith(f"{POLICY}.")


def test_select_of_user_and_policy(client: Any) -> None:
    names = "Guid,ExternalDirectoryObjectId,AuthenticationPolicy,RecipientTypeDetails"
    (row,) = client.invoke("Get-User", {"Identity": address("room")}, select=names).json()["value"]
    assert {name for name in row if "@" not in name} == set(names.split(","))
    assert client.invoke("Get-User", select="PrimarySmtpAddress").status_code == 400
    rows = client.invoke("Get-AuthenticationPolicy", select="Name,AllowBasicAuthSmtp").json()["value"]
    assert [row["AllowBasicAuthSmtp"] for row in rows] == [False, True]


READS = ("Get-CASMailbox", "Get-User", "Get-TransportConfig", "Get-OrganizationConfig", "Get-AuthenticationPolicy")


@pytest.mark.parametrize("refused", READS)
def test_each_cmdlet_can_be_refused_apart(client: Any, refused: str) -> None:
    client.fake.apps.patch("role_group", role_group_cmdlets=[name for name in READS if name != refused])
    client.token = client.fake.tokens.issue("role_group")
    expected = [403 if name == refused else 200 for name in READS]
    assert [client.invoke(name).status_code for name in READS] == expected
    answers = client.batch([client.item(number, name, {}) for number, name in enumerate(READS)]).json()["responses"]
    assert [answer["status"] for answer in answers] == expected


def test_changes_to_users(client: Any) -> None:
    fake = client.fake
    added = fake.users.add(user_principal_name="new@{domain}", licensed=True)
    assert (added["user_principal_name"], added["licensed"]) == (address("new"), True)
    fake.users.patch(address("new"), account_enabled=False, user_principal_name=address("newer"))
    fake.users.patch(address("plain.on"), authentication_policy="Block Basic", groups=[seed_layers.PRINTERS])
    rows = users(client)
    assert "new" not in rows
    assert rows["newer"]["AccountDisabled"] is True
    assert rows["plain.on"]["AuthenticationPolicy"] == "Block Basic"
    fake.users.delete(address("newer"))
    fake.users.delete(address("plain.off"))
    assert not {"newer", "plain.off"} & set(users(client))
    assert len(fake.users.get()) == len(users(client))
    with pytest.raises(ControlError, match="not the name of one user"):
        fake.users.patch("nobody", licensed=True)
    with pytest.raises(ControlError, match="user_principal_name"):
        fake.users.add(licensed=True)


def test_generated_users_without_a_mailbox() -> None:
    with FakeTenantServer(seed={"tenants": [{"mailboxes": []}]}, mailboxes=50, without_mailbox=0.1) as fake:
        users_by_type = [item["recipient_type"] for item in fake.users.get()]
        assert len(fake.mailboxes.get()) == 50
        assert sorted(users_by_type)[:5] == ["GuestMailUser"] * 3 + ["User"] * 2
        assert len(users_by_type) == 55
