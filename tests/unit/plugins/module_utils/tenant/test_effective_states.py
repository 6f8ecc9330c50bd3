# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mailboxes with every layer: whose answer reaches whom, and what is told where one of them can't be read."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import M365Error
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.effective import (
    BLOCKS,
    LAYERS,
    UNKNOWN,
    Effective,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.identity import parse_entries
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.layers import Account
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.effective_states import (
    EffectiveStates,
    read_effective_states,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.organization import Organization
from unit.plugins.module_utils.tenant.in_memory import Fault, NoWait, Tenant, address_of, guid_of

STATES = {"ann": "inherit", "bob": "enabled", "cid": "disabled"}
DEFAULTS = "identitySecurityDefaultsEnforcementPolicy"
BLOCK = {
    "id": "p1",
    "displayName": "No legacy",
    "state": "enabled",
    "conditions": {
        "clientAppTypes": ["other"],
        "applications": {"includeApplications": ["All"]},
        "users": {"includeUsers": ["All"], "excludeUsers": [guid_of("bob")]},
    },
    "grantControls": {"operator": "OR", "builtInControls": ["block"]},
}
# All of the tenant, or these.
WHOM: list[Any] = [None, ["ann", "bob", "cid"]]


def look(tenant: Tenant, names: Sequence[str] | None = None) -> EffectiveStates:
    entries = None if names is None else parse_entries([address_of(name) for name in names])
    clock = NoWait()
    connection = tenant.connection(clock)
    return read_effective_states(connection, tenant.store(clock), entries, datetime.date(2026, 11, 24))


def tenant_with(faults: dict[str, Fault] | None = None, **settings: Any) -> Tenant:
    tenant = Tenant(STATES, faults=faults)
    for name, value in settings.items():
        setattr(tenant, name, value)
    return tenant


def saying(states: EffectiveStates, name: str, verdict: str) -> list[str]:
    """The layers that say so of Basic at this mailbox."""
    return [layer.name for layer in of(states, name).layers if layer.basic == verdict]


def of(states: EffectiveStates, name: str) -> Effective:
    return states.by_guid[guid_of(name)]


# What each layer says -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whom", WHOM)
@pytest.mark.parametrize(
    ("settings", "ann", "bob"),
    [
        ({}, [], []),
        ({"organization": "disabled"}, ["organization"], []),
        ({"accounts": {"bob": (False, True)}}, [], ["account"]),
        ({"accounts": {"ann": (True, False)}}, ["account"], []),
        ({"types": {"ann": "DiscoveryMailbox"}}, ["account"], []),
        ({"policies": {"Block": False}, "policy_of": {"ann": "Block"}}, ["authentication_policy"], []),
        (
            {"policies": {"Block": False, "Allow": True}, "default_policy": "Block", "policy_of": {"bob": "Allow"}},
            ["authentication_policy"],
            [],
        ),
        ({"security_defaults": True}, ["security_defaults"], ["security_defaults"]),
        ({"access_policies": [BLOCK]}, ["conditional_access"], []),
    ],
)
def test_what_each_layer_says_reaches_whom_it_is_about(
    settings: dict[str, Any], ann: list[str], bob: list[str], whom: list[str] | None
) -> None:
    states = look(tenant_with(**settings), whom)
    assert (saying(states, "ann", BLOCKS), saying(states, "bob", BLOCKS)) == (ann, bob)
    assert saying(states, "cid", BLOCKS)[0] == "mailbox"
    assert not any(saying(states, name, UNKNOWN) for name in STATES)
    assert [layer.name for layer in of(states, "ann").layers] == list(LAYERS)
    assert (states.faults, states.lacking()) == ([], [])


@pytest.mark.parametrize("whom", WHOM)
def test_who_is_counted_and_under_what(whom: list[str] | None) -> None:
    states = look(tenant_with(accounts={"ann": (True, False)}), whom)
    assert [reading.name for reading in states.readings] == [address_of(name) for name in STATES]
    assert states.findings.basic == {"enabled": 1, "disabled": 2, "unknown": 0}
    assert states.findings.enabled.mailboxes == [address_of("bob")]
    assert {layer: names.mailboxes for layer, names in states.findings.blocked.items()} == {
        "account": [address_of("ann")]
    }


def test_what_holds_for_all_and_who_stands_behind_each_is_handed_on() -> None:
    states = look(tenant_with(organization="disabled", accounts={"bob": (False, True)}))
    assert states.organization == Organization("disabled")
    assert states.tenant
    assert (states.tenant.organization, states.tenant.today) == ("disabled", datetime.date(2026, 11, 24))
    accounts = {name: states.users[guid_of(name)].account for name in ("ann", "bob")}
    assert accounts == {"ann": Account(True, True), "bob": Account(False, True)}


# What it costs --------------------------------------------------------------------------------------------------------

ONCE = ["GET policies", f"GET {DEFAULTS}", "Get-AuthenticationPolicy", "Get-OrganizationConfig", "Get-TransportConfig"]


def test_of_all_nobody_costs_a_request_of_their_own() -> None:
    tenant = tenant_with()
    look(tenant)
    assert sorted(tenant.asked) == sorted([*ONCE, "GET users", "Get-CASMailbox", "Get-User"])


def test_of_a_list_only_those_are_asked_for() -> None:
    tenant = tenant_with()
    states = look(tenant, ["bob"])
    assert sorted(tenant.asked) == sorted([*ONCE, "GET users", "Get-CASMailbox bob", "Get-User bob"])
    assert list(states.by_guid) == list(states.users) == [guid_of("bob")]


# What can't be read ---------------------------------------------------------------------------------------------------

# A policy that has to be looked up.
NAMED = {"policies": {"Allow": True}, "default_policy": "Allow"}


@pytest.mark.parametrize(
    ("asked", "layer", "whom"),
    [
        ("Get-TransportConfig", "organization", None),
        ("Get-OrganizationConfig", "authentication_policy", None),
        ("Get-AuthenticationPolicy", "authentication_policy", None),
        ("Get-User", "authentication_policy", None),
        ("Get-User ann", "authentication_policy", ["ann", "bob"]),
        (f"GET {DEFAULTS}", "security_defaults", None),
        ("GET policies", "conditional_access", None),
        ("GET users", "account", None),
        ("GET users", "account", ["ann"]),
    ],
)
def test_a_fault_of_one_layer_leaves_the_others_and_is_told(asked: str, layer: str, whom: list[str] | None) -> None:
    states = look(tenant_with({asked: (400, "Odd.")}, **NAMED), whom)
    assert saying(states, "ann", UNKNOWN) == [layer]
    assert of(states, "ann").decided_by == layer
    (unread,) = [one for one in of(states, "ann").layers if one.name == layer]
    assert "couldn't be read" in unread.reason
    assert "Odd" in unread.reason
    assert [(error.code, "Odd." in error.message) for error in states.faults] == [("service_error", True)]
    assert states.lacking() == []
    if asked == "Get-User ann":
        assert saying(states, "bob", UNKNOWN) == [], "bob was read"


def test_an_organization_that_cannot_be_read_is_unknown_with_the_reason() -> None:
    states = look(tenant_with({"Get-TransportConfig": (400, "Odd.")}))
    assert states.organization.state == "unknown"
    assert "Odd." in states.organization.reason
    assert not states.organization.reason.endswith("..")
    assert saying(states, "bob", UNKNOWN) == [], "whose own setting decides"


@pytest.mark.parametrize("whom", WHOM)
@pytest.mark.parametrize(
    ("asked", "lacking"),
    [
        (["GET policies", f"GET {DEFAULTS}"], ["Policy.Read.All (security_defaults, conditional_access)"]),
        (["GET users"], ["User.Read.All (account)"]),
        (
            ["GET users", "GET policies"],
            ["User.Read.All (account)", "Policy.Read.All (conditional_access)"],
        ),
        (["Get-OrganizationConfig"], ["an Exchange role with Get-OrganizationConfig (authentication_policy)"]),
    ],
)
def test_a_permission_that_is_missing_is_told_once_with_all_that_hangs_on_it(
    asked: list[str], lacking: list[str], whom: list[str] | None
) -> None:
    """However many mailboxes are unknown for it; and it is no fault."""
    states = look(tenant_with(dict.fromkeys(asked, (403, "No."))), whom)
    assert states.lacking() == lacking
    assert states.faults == []


def test_what_no_mailbox_hangs_on_is_not_lacking() -> None:
    """Who has a setting of their own doesn't ask the organization. One who has none is enough."""
    tenant = tenant_with({"Get-TransportConfig": (403, "No.")})
    assert look(tenant, ["bob"]).lacking() == []
    assert look(tenant, ["bob", "ann"]).lacking() == ["an Exchange role with Get-TransportConfig (organization)"]


# Who isn't there ------------------------------------------------------------------------------------------------------


def test_a_name_that_is_missing_keeps_its_place_and_hides_nobody() -> None:
    states = look(tenant_with(), ["ann", "eve", "bob"])
    assert [(reading.name.partition("@")[0], reading.missing) for reading in states.readings] == [
        ("ann", False),
        ("eve", True),
        ("bob", False),
    ]
    assert list(states.by_guid) == [guid_of("ann"), guid_of("bob")]
    assert sum(states.findings.basic.values()) == 2


@pytest.mark.parametrize("whom", [["eve"], ["eve", "ann"]])
def test_where_nobody_is_read_no_layer_is_asked_for(whom: list[str]) -> None:
    """One isn't there, and the other can't be read."""
    tenant = tenant_with({"Get-CASMailbox ann": (400, "Odd.")})
    states = look(tenant, whom)
    assert [reading.missing for reading in states.readings] == [name == "eve" for name in whom]
    assert {line.partition(" ")[0] for line in tenant.asked} == {"Get-CASMailbox"}
    assert states.organization == Organization("unknown", "No mailbox was found, so it wasn't read.")
    assert (states.by_guid, states.users, states.tenant, states.faults) == ({}, {}, None, [])
    assert set(states.findings.basic.values()) == {0}


@pytest.mark.parametrize(("asked", "whom"), [("Get-CASMailbox", None), ("Get-CASMailbox ann", ["ann"])])
def test_mailboxes_that_cannot_be_had_at_all_are_an_error(asked: str, whom: list[str] | None) -> None:
    with pytest.raises(M365Error, match="Down"):
        look(tenant_with({asked: (500, "Down.")}), whom)
