# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From facts to what each layer says, one layer at a time."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth import layers as _layers
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.conditional_access import AccessPolicy
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.effective import (
    Effective,
    Layer,
    decide,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.layers import (
    Account,
    AuthenticationPolicy,
    Judge,
    Tenant,
    User,
    account_layer,
    authentication_policy,
    authentication_policy_layer,
    conditional_access_layer,
    mailbox_layer,
    organization_layer,
    retirement_layer,
    security_defaults_layer,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.unread import Unread

DN = (
    "CN=Block Basic,CN=Auth Configuration,CN=Configuration,CN=contoso.onmicrosoft.com,DC=EURP,DC=PROD,DC=OUTLOOK,DC=COM"
)
GUID, OTHER_GUID = "5a0b1c2d-0000-4000-8000-000000000001", "5a0b1c2d-0000-4000-8000-000000000002"
ROW = {
    "Name": "Block Basic",
    "Identity": "Block Basic",
    "Id": "Block Basic",
    "DistinguishedName": DN,
    "Guid": GUID,
    "ExchangeObjectId": OTHER_GUID,
    "AllowBasicAuthSmtp": False,
}
FAULT = Unread("the service answered with 503")
REFUSED = Unread("Graph refused. The token doesn't carry it. Grant it", "Policy.Read.All")


def user(**changes: Any) -> User:
    known = User(object_id="u", recipient_type="UserMailbox", authentication_policy="", account=Account(True, True))
    return dataclasses.replace(known, **changes)


# Mailbox and organization ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "verdict"), [("enabled", "allows"), ("disabled", "blocks"), ("inherit", "no_say")])
def test_the_mailbox(state: str, verdict: str) -> None:
    layer = mailbox_layer(state)
    assert (layer.name, layer.state, layer.basic, layer.oauth) == ("mailbox", state, verdict, verdict)


@pytest.mark.parametrize(
    ("state", "organization", "shown", "verdict"),
    [
        ("inherit", "enabled", "enabled", "allows"),
        ("inherit", "disabled", "disabled", "blocks"),
        ("inherit", FAULT, "unknown", "unknown"),
        *(
            (own, told, shown, "no_say")
            for own in ("enabled", "disabled")
            for told, shown in (("enabled", "enabled"), ("disabled", "disabled"), (FAULT, "unknown"))
        ),
    ],
)
def test_the_organization(state: str, organization: str | Unread, shown: str, verdict: str) -> None:
    layer = organization_layer(state, organization)
    assert (layer.name, layer.state, layer.basic, layer.oauth) == ("organization", shown, verdict, verdict)
    assert bool(layer.reason) is (verdict in ("blocks", "unknown"))


# Account --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "state", "basic", "oauth", "said"),
    [
        (Account(True, True), "enabled, licensed", "allows", "allows", []),
        (Account(False, True), "blocked, licensed", "blocks", "unknown", ["sign-in of the account is blocked"]),
        (Account(True, False), "enabled, unlicensed", "blocks", "unknown", ["no licence"]),
        (
            Account(False, False),
            "blocked, unlicensed",
            "blocks",
            "unknown",
            ["sign-in of the account is blocked", "no licence"],
        ),
        (FAULT, "unknown", "unknown", "unknown", [FAULT.reason]),
    ],
)
def test_the_account(account: Account | Unread, state: str, basic: str, oauth: str, said: list[str]) -> None:
    layer = account_layer(user(account=account))
    assert (layer.name, layer.state, layer.basic, layer.oauth) == ("account", state, basic, oauth)
    assert [word for word in said if word not in layer.reason] == []
    assert bool(layer.reason) is bool(said)
    assert bool(layer.reason_oauth) is (basic == "blocks"), "what is said of OAuth is another thing"


@pytest.mark.parametrize(
    ("account", "of_basic", "of_oauth"),
    [
        (
            Account(False, False),
            "sign-in of the account of {} is blocked, as it should be, and it has no licence (let somebody",
            "whether a blocked and unlicensed account stops an app",
        ),
        (
            Account(False, True),
            "sign-in of the account of {} is blocked, as it should be (let somebody",
            "whether a blocked account stops an app",
        ),
        (
            Account(True, False),
            "the account of {} has no licence (let somebody",
            "whether an unlicensed account stops an app",
        ),
    ],
)
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("SharedMailbox", "a shared mailbox"),
        ("ROOMMAILBOX", "a room"),
        ("EquipmentMailbox", "a piece of equipment"),
        ("SchedulingMailbox", "a scheduling mailbox"),
    ],
)
def test_nobody_is_told_to_unblock_a_shared_mailbox(
    account: Account, of_basic: str, of_oauth: str, kind: str, words: str
) -> None:
    """A delegate signs in with a mailbox of their own: its switch counts."""
    layer = account_layer(user(recipient_type=kind, account=account))
    assert (layer.basic, layer.oauth) == ("blocks", "unknown")
    assert of_basic.format(words) in layer.reason
    assert "the setting of the mailbox that signs in counts" in layer.reason
    assert "unblock" not in layer.reason
    assert of_oauth in layer.reason_oauth


def test_where_the_type_is_not_known_unblocking_is_advised_with_a_caveat() -> None:
    assert "unblock it in Entra ID, unless the mailbox is a shared one" in (
        account_layer(user(recipient_type="", account=Account(False, True))).reason
    )
    assert "unless" not in account_layer(user(account=Account(False, True))).reason


@pytest.mark.parametrize("account", [Account(True, True), FAULT])
@pytest.mark.parametrize("kind", ["DiscoveryMailbox", "ARBITRATIONMAILBOX", "SystemMailbox"])
def test_nobody_signs_in_to_a_mailbox_of_the_service(kind: str, account: Account | Unread) -> None:
    layer = account_layer(user(recipient_type=kind, account=account))
    assert (layer.state, layer.basic, layer.oauth) == (kind, "blocks", "blocks")
    assert kind in layer.reason


@pytest.mark.parametrize("kind", ["UserMailbox", "SharedMailbox", "RoomMailbox", "SomethingNew", ""])
def test_other_types_are_judged_by_their_account(kind: str) -> None:
    assert account_layer(user(recipient_type=kind)).basic == "allows"
    assert account_layer(user(recipient_type=kind, account=Account(False, False))).basic == "blocks"


# Authentication policy ------------------------------------------------------------------------------------------------

BLOCK, ALLOW = authentication_policy(ROW), authentication_policy({"Name": "Allow", "AllowBasicAuthSmtp": True})
POLICIES = [policy for policy in (BLOCK, ALLOW) if policy]


@pytest.mark.parametrize("reference", ["Block Basic", "block basic", DN, DN.lower(), GUID, GUID.upper(), OTHER_GUID])
def test_a_reference_may_have_any_form(reference: str) -> None:
    for own, default, whose in ((reference, "Allow", "the user's"), ("", reference, "the organization's default")):
        layer = authentication_policy_layer(own, default, POLICIES)
        assert (layer.state, layer.basic, layer.oauth) == ("Block Basic", "blocks", "no_say")
        assert f"{whose} authentication policy Block Basic" in layer.reason


@pytest.mark.parametrize(
    ("own", "default", "policies", "state", "basic"),
    [
        ("", "", POLICIES, "none", "allows"),
        ("", "", FAULT, "none", "allows"),
        ("Allow", "Block Basic", POLICIES, "Allow", "allows"),
        ("Block Basic", "Allow", POLICIES, "Block Basic", "blocks"),
        ("", "Allow", POLICIES, "Allow", "allows"),
        ("", "Block Basic", POLICIES, "Block Basic", "blocks"),
        ("Allow", FAULT, POLICIES, "Allow", "allows"),
        ("Block Basic", FAULT, POLICIES, "Block Basic", "blocks"),
        ("", FAULT, POLICIES, "unknown", "unknown"),
        (FAULT, "Allow", POLICIES, "unknown", "unknown"),
        (FAULT, "", POLICIES, "unknown", "unknown"),
        ("Allow", "", FAULT, "unknown", "unknown"),
        ("Gone", "Allow", POLICIES, "unknown", "unknown"),
        ("", "Gone", POLICIES, "unknown", "unknown"),
        ("Block", "Allow", POLICIES, "unknown", "unknown"),
        ("Allow", "", [], "unknown", "unknown"),
    ],
)
def test_a_users_own_policy_beats_the_default(
    own: str | Unread, default: str | Unread, policies: Any, state: str, basic: str
) -> None:
    layer = authentication_policy_layer(own, default, policies)
    assert (layer.name, layer.state, layer.basic, layer.oauth) == ("authentication_policy", state, basic, "no_say")
    assert bool(layer.reason) is (basic != "allows")


@pytest.mark.parametrize(
    ("row", "policy"),
    [
        ({"Name": "A", "AllowBasicAuthSmtp": True}, AuthenticationPolicy("A", True, frozenset(["a"]))),
        ({"Identity": "A", "AllowBasicAuthSmtp": False}, AuthenticationPolicy("A", False, frozenset(["a"]))),
        (ROW, AuthenticationPolicy("Block Basic", False, frozenset(["block basic", DN.lower(), GUID, OTHER_GUID]))),
        (
            {**ROW, "DistinguishedName": None, "Guid": "", "ExchangeObjectId": None},
            AuthenticationPolicy("Block Basic", False, frozenset(["block basic"])),
        ),
        ({"Name": "A"}, None),
        ({"Name": "A", "AllowBasicAuthSmtp": None}, None),
        ({"Name": "A", "AllowBasicAuthSmtp": "True"}, None),
        ({"Guid": GUID, "AllowBasicAuthSmtp": True}, None),
    ],
)
def test_reading_a_policy(row: dict[str, Any], policy: AuthenticationPolicy | None) -> None:
    assert authentication_policy(row) == policy


# Security defaults, Conditional Access, retirement --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "state", "basic"), [(True, "on", "blocks"), (False, "off", "allows"), (FAULT, "unknown", "unknown")]
)
def test_security_defaults(on: bool | Unread, state: str, basic: str) -> None:
    layer = security_defaults_layer(on)
    assert (layer.name, layer.state, layer.basic, layer.oauth) == ("security_defaults", state, basic, "no_say")


ALL = AccessPolicy("1", "All", everyone=True)
ALL_BUT_U = AccessPolicy("2", "All but u", everyone=True, excluded=frozenset(["u"]))
ONLY_U = AccessPolicy("3", "Only u", everyone=False, included=frozenset(["u"]))
GROUP = AccessPolicy("4", "Group", everyone=False, groups_in=frozenset(["g"]))
GUESTS = AccessPolicy("6", "Guests", everyone=False, guests_in="covers")
BUT_GUESTS = AccessPolicy("7", "But guests", everyone=True, guests_out="covers")
RISKY = AccessPolicy("5", "Risky", everyone=True, doubt="it depends on user risk levels")


@pytest.mark.parametrize(
    ("policies", "object_id", "state", "basic"),
    [
        ([], "u", "none", "allows"),
        ([ALL], "u", "All", "blocks"),
        ([ALL], "", "All", "blocks"),
        ([ALL_BUT_U], "U", "none", "allows"),
        ([ALL_BUT_U], "v", "All but u", "blocks"),
        ([ALL_BUT_U], "", "All but u", "unknown"),
        ([ONLY_U], "v", "none", "allows"),
        ([ONLY_U], "", "Only u", "unknown"),
        ([GROUP], "u", "Group", "unknown"),
        ([GROUP, RISKY], "u", "Group, Risky", "unknown"),
        ([GROUP, RISKY, ONLY_U, ALL], "u", "Only u, All", "blocks"),
        (FAULT, "u", "unknown", "unknown"),
    ],
)
def test_conditional_access(policies: Any, object_id: str, state: str, basic: str) -> None:
    layer = conditional_access_layer(policies, user(object_id=object_id))
    assert (layer.name, layer.state, layer.basic, layer.oauth) == ("conditional_access", state, basic, "no_say")
    if isinstance(policies, list) and basic != "allows":
        assert [name for name in state.split(", ") if name not in layer.reason] == []


@pytest.mark.parametrize(
    ("policy", "guest", "basic"),
    [
        (GUESTS, True, "blocks"),
        (GUESTS, False, "allows"),
        (GUESTS, None, "unknown"),
        (BUT_GUESTS, True, "allows"),
        (BUT_GUESTS, False, "blocks"),
        (BUT_GUESTS, None, "unknown"),
        (ALL, None, "blocks"),
    ],
)
def test_guests_are_told_by_their_account(policy: AccessPolicy, guest: bool | None, basic: str) -> None:
    made = Judge(dataclasses.replace(OPEN, conditional_access=[policy])).judge(
        "enabled", user(account=Account(True, True, guest))
    )
    layer = made.layers[5]
    assert (layer.name, layer.basic, layer.oauth) == ("conditional_access", basic, "no_say")
    unread = Judge(dataclasses.replace(OPEN, conditional_access=[policy])).judge("enabled", user(account=FAULT))
    assert unread.layers[5].basic == ("blocks" if policy is ALL else "unknown")
    if basic == "unknown":
        assert "whether the user is one isn't known" in layer.reason


def test_the_reason_says_what_a_policy_asks_for() -> None:
    asking = dataclasses.replace(ALL, name="Second factor", demands=("MFA", "compliant device"))
    layer = conditional_access_layer([asking], user(object_id="u"))
    assert (layer.state, layer.basic, layer.oauth) == ("Second factor", "blocks", "no_say")
    assert layer.reason == (
        "the Conditional Access policy Second factor (which asks for MFA, compliant device) blocks legacy clients "
        "(exclude the user from it)"
    )


def test_the_reason_names_each_conditional_access_policy_that_blocks() -> None:
    assert conditional_access_layer([ALL, ALL_BUT_U, GROUP, ONLY_U], user(object_id="v")).reason == (
        "the Conditional Access policies All and All but u block legacy clients (exclude the user from each)"
    )
    three = conditional_access_layer([ALL, ALL, ONLY_U], user(object_id="u")).reason
    assert "policies All, All and Only u block" in three


def test_the_reason_says_what_each_doubt_hangs_on() -> None:
    assert conditional_access_layer([GROUP, RISKY], user(object_id="u")).reason == (
        "Conditional Access may block legacy clients here (Group, as it includes or leaves out groups or roles, whose "
        "members aren't looked up; Risky, as it depends on user risk levels)"
    )


@pytest.mark.parametrize(
    ("today", "retired", "basic"),
    [
        (datetime.date(2026, 12, 30), False, "allows"),
        (datetime.date(2026, 12, 31), False, "allows"),
        (datetime.date(2027, 1, 1), False, "unknown"),
        (datetime.date(2030, 6, 1), False, "unknown"),
        (datetime.date(2026, 11, 24), True, "blocks"),
        (datetime.date(2026, 12, 31), True, "blocks"),
        (datetime.date(2027, 1, 1), True, "blocks"),
    ],
)
def test_retirement_is_never_inferred_from_the_date(today: datetime.date, retired: bool, basic: str) -> None:
    layer = retirement_layer(today, retired=retired)
    assert (layer.name, layer.basic, layer.oauth) == ("basic_retirement", basic, "no_say")
    assert bool(layer.reason) is (basic != "allows")


# What couldn't be read ------------------------------------------------------------------------------------------------

OPEN = Tenant(
    organization="enabled",
    default_policy="",
    policies=[],
    security_defaults=False,
    conditional_access=[],
    today=datetime.date(2026, 11, 24),
)


@pytest.mark.parametrize(
    ("tenant", "who", "name"),
    [
        ({"organization": REFUSED}, {}, "organization"),
        ({}, {"account": REFUSED}, "account"),
        ({}, {"authentication_policy": REFUSED}, "authentication_policy"),
        ({"default_policy": REFUSED}, {}, "authentication_policy"),
        ({"default_policy": "Gone", "policies": REFUSED}, {}, "authentication_policy"),
        ({"security_defaults": REFUSED}, {}, "security_defaults"),
        ({"conditional_access": REFUSED}, {}, "conditional_access"),
    ],
)
def test_a_missing_permission_is_named_briefly(tenant: dict[str, Any], who: dict[str, Any], name: str) -> None:
    made = Judge(dataclasses.replace(OPEN, **tenant)).judge("inherit", user(**who))
    (layer,) = [layer for layer in made.layers if layer.basic == "unknown"]
    assert (layer.name, layer.permission, made.basic, made.decided_by) == (name, "Policy.Read.All", "unknown", name)
    assert layer.reason.endswith("couldn't be read (the app lacks Policy.Read.All)")


def test_another_reason_is_kept_and_made_a_part_of_the_sentence() -> None:
    unread = Unread("Get-TransportConfig: refused. The app v1.2 has no role! Assign one.")
    made = Judge(dataclasses.replace(OPEN, organization=unread)).judge("inherit", user())
    assert made.reason == (
        "Whether Basic and OAuth can be used isn't known: the mailbox follows the organization's setting, which "
        "couldn't be read (Get-TransportConfig: refused; The app v1.2 has no role; Assign one)."
    )
    assert made.layers[1].permission == ""


# The judge ------------------------------------------------------------------------------------------------------------


def test_all_clear() -> None:
    made = Judge(OPEN).judge("inherit", user())
    assert (made.basic, made.oauth, made.decided_by, made.basic_at_risk) == ("enabled", "enabled", "organization", True)
    assert [layer.permission for layer in made.layers] == [""] * 7


def test_each_mailbox_is_judged_by_its_own_facts() -> None:
    judge = Judge(dataclasses.replace(OPEN, policies=POLICIES, conditional_access=[ONLY_U]))
    users = {
        "conditional_access": user(),
        "mailbox": user(object_id="v"),
        "authentication_policy": user(object_id="v", authentication_policy=GUID),
        "account": user(object_id="v", account=Account(False, True)),
    }
    for _again in range(2):
        assert [judge.judge("enabled", who).decided_by for who in users.values()] == list(users)
    assert judge.judge("disabled", users["mailbox"]).basic == "disabled"


def test_what_is_the_same_for_many_is_decided_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty thousand mailboxes meet a handful of different answers."""
    asked: list[Sequence[Layer]] = []

    def decide_and_count(layers: Sequence[Layer]) -> Effective:
        asked.append(layers)
        return decide(layers)

    monkeypatch.setattr(_layers, "decide", decide_and_count)
    judge = Judge(OPEN)
    answers = [judge.judge(state, user(object_id=f"u{n}")) for n in range(50) for state in ("enabled", "disabled")]
    assert len(asked) == len({id(answer) for answer in answers}) == 2


def test_what_is_the_same_for_many_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[User] = []
    monkeypatch.setattr(_layers, "account_layer", lambda user: asked.append(user) or account_layer(user))
    judge = Judge(OPEN)
    many = [judge.judge("enabled", user(object_id=f"u{number}")) for number in range(5)]
    assert len({id(one) for one in many}) == len(asked) == 1
    other = judge.judge("enabled", user(account=Account(False, True)))
    assert (other.basic, many[0].basic, len(asked)) == ("disabled", "enabled", 2)
