# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The effective state: what is told of each mailbox, held against what a real mail client meets at the same tenant."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fake_tenant import FakeTenantServer, layers
from fake_tenant.conditional_access import policy
from fake_tenant.seed_data import EXCHANGE_ADMINISTRATOR
from fake_tenant.seed_layers import ALLOWS, BLOCKS, DOMAIN, POLICIES, PRINTERS
from harness.run import UNSET, Environment, ModuleRun, ModuleRunner, today
from harness.smtp import MailClient

pytestmark = pytest.mark.newest_core

INFO = "mailbox_smtp_auth_info"
BEFORE = today("2026-11-24")
GRAPH_LAYERS = ("account", "security_defaults", "conditional_access")
LAYERS = (
    "mailbox",
    "organization",
    "account",
    "authentication_policy",
    "security_defaults",
    "conditional_access",
    "basic_retirement",
)


def address(local: str) -> str:
    return f"{local}@{DOMAIN}"


def read(module: ModuleRunner, *, env: Environment | None = None, **options: Any) -> ModuleRun:
    run = module(INFO, effective=True, env={**BEFORE, **(env or {})}, **options)
    assert "Traceback" not in run.stdout + run.stderr
    return run


def effective(run: ModuleRun) -> dict[str, dict[str, Any]]:
    """The effective state by what is before the @."""
    return {
        mailbox["primary_smtp_address"].partition("@")[0]: mailbox["effective"] for mailbox in run.result["mailboxes"]
    }


def by_layer(state: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    assert tuple(layer["layer"] for layer in state["layers"]) == LAYERS
    return {layer["layer"]: layer for layer in state["layers"]}


def check_against_mail_client(fake: FakeTenantServer, run: ModuleRun, *, unsure: bool = False) -> None:
    """Enabled if and only if a real client is let in, with Basic and with OAuth. ``unsure``: unknown is no lie, as it
    never is for OAuth where the account is blocked or unlicensed.
    """
    names = [mailbox["primary_smtp_address"] for mailbox in run.result["mailboxes"]]
    assert names
    for mailbox, met in zip(run.result["mailboxes"], MailClient(fake).let_in(names).values(), strict=True):
        told = mailbox["effective"]
        for kind, let_in in zip(("basic", "oauth"), met, strict=True):
            open_question = kind == "oauth" and by_layer(told)["account"]["basic"] == "blocks"
            if not ((unsure or open_question) and told[kind] == "unknown"):
                assert told[kind] == ("enabled" if let_in else "disabled"), (mailbox["mailbox"], kind, told)


def pages(rows: int, size: int) -> int:
    return -(-rows // size)


def signed_in(fake: FakeTenantServer) -> int:
    """Requests to Entra ID."""
    return sum(entry["endpoint"] in ("token", "openid") for entry in fake.log.entries())


# Every layer --------------------------------------------------------------------------------------------------------

# Basic, OAuth, who decides, and what the sentence says of it.
FABRIKAM = {
    "plain.on": ("enabled", "enabled", "mailbox", "by the mailbox's own setting"),
    "plain.off": ("disabled", "disabled", "mailbox", "own setting is disabled"),
    "plain.inherit": ("disabled", "disabled", "organization", "follows the organization's setting, which is disabled"),
    "policy.blocks": ("disabled", "enabled", "authentication_policy", f"policy {BLOCKS} doesn't allow Basic"),
    "policy.allows": ("enabled", "enabled", "mailbox", "by the mailbox's own setting"),
    "policy.blocks.off": ("disabled", "disabled", "mailbox", "even then Basic stays blocked: the user's auth"),
    "policy.allows.inherit": ("disabled", "disabled", "organization", "enable the mailbox itself"),
    "unlicensed": ("disabled", "unknown", "account", "no licence (assign one"),
    "blocked": ("disabled", "unknown", "account", "sign-in of the account is blocked (unblock it"),
    "blocked.unlicensed": ("disabled", "unknown", "account", "no licence (assign one"),
    "shared": ("disabled", "unknown", "account", "is blocked, as it should be"),
    "shared.unlicensed": ("disabled", "unknown", "account", "the mailbox that signs in counts"),
    "shared.licensed": ("enabled", "enabled", "mailbox", "no other layer blocks it"),
    "room": ("disabled", "unknown", "account", "the account of a room is blocked"),
    "equipment": ("disabled", "unknown", "account", "the account of a piece of equipment is"),
    "discovery": ("disabled", "disabled", "account", "of the type DiscoveryMailbox"),
    "in.group": ("enabled", "enabled", "mailbox", "by the mailbox's own setting"),
    "in.role": ("enabled", "enabled", "mailbox", "by the mailbox's own setting"),
}


@pytest.fixture(params=[True, False], ids=["account needed", "account not needed"])
def strict(fabrikam: FakeTenantServer, request: pytest.FixtureRequest) -> FakeTenantServer:
    """Whether an app's token opens a mailbox whose account is blocked or unlicensed isn't known: both ways."""
    fabrikam.dialect.set(oauth_needs_account=request.param)
    return fabrikam


# Whose account is blocked, unlicensed or both: of OAuth nothing is known there.
NO_ACCOUNT = {name for name, told in FABRIKAM.items() if told[1] == "unknown"}


def test_every_mailbox(strict: FakeTenantServer, fabrikam_module: ModuleRunner) -> None:
    run = read(fabrikam_module)
    assert not run.failed, run.message
    told = effective(run)
    assert {name: (state["basic"], state["oauth"], state["decided_by"]) for name, state in told.items()} == {
        name: (basic, oauth, decided_by) for name, (basic, oauth, decided_by, _said) in FABRIKAM.items()
    }
    for name, state in told.items():
        assert FABRIKAM[name][3] in state["reason"]
        assert state["reason"].endswith(".")
        assert state["basic_at_risk"] is (FABRIKAM[name][0] == "enabled")
    check_against_mail_client(strict, run)
    shared = {"shared", "shared.unlicensed", "room", "equipment"}
    assert {name for name, state in told.items() if "unblock" in state["reason"]} == {"blocked", "blocked.unlicensed"}
    assert {name for name, state in told.items() if "mailbox that signs in counts" in state["reason"]} == shared
    for name in NO_ACCOUNT:
        assert "account stops an app that signs in as itself" in told[name]["reason"]
        assert "; for OAuth: nobody has said whether" in by_layer(told[name])["account"]["reason"]
    assert "warnings" not in run.result


LISTS = [["plain.on"], ["policy.blocks", "discovery", "plain.inherit", "unlicensed"], list(FABRIKAM)]


@pytest.mark.parametrize("names", LISTS, ids=len)
def test_listed_mailboxes(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, names: list[str]) -> None:
    """The same is told of listed mailboxes as of all, asked for in the cheaper way."""
    everybody = effective(read(fabrikam_module))
    fabrikam.log.clear()
    run = read(fabrikam_module, mailboxes=[address(name) for name in names])
    assert not run.failed, run.message
    assert effective(run) == {name: everybody[name] for name in names}
    assert [mailbox["mailbox"] for mailbox in run.result["mailboxes"]] == [address(name) for name in names]
    # Mailboxes by ten; the organization's three settings and the users by ten; accounts by fifteen; two policies.
    accounts = len(set(names) - {"discovery"})
    expected = pages(len(names), 10) + pages(3 + len(names), 10) + pages(accounts, 15) + 2
    assert run.result["requests"]["sent"] == len(fabrikam.log.entries()) - signed_in(fabrikam) == expected


def test_layers_of_one(fabrikam_module: ModuleRunner) -> None:
    """Each layer with what it is set to and what it says."""
    told = by_layer(effective(read(fabrikam_module, mailboxes=["policy.blocks"]))["policy.blocks"])
    assert {name: (layer["state"], layer["basic"], layer["oauth"]) for name, layer in told.items()} == {
        "mailbox": ("enabled", "allows", "allows"),
        "organization": ("disabled", "no_say", "no_say"),
        "account": ("enabled, licensed", "allows", "allows"),
        "authentication_policy": (BLOCKS, "blocks", "no_say"),
        "security_defaults": ("off", "allows", "no_say"),
        "conditional_access": ("none", "allows", "no_say"),
        "basic_retirement": ("not before 2026-12-31", "allows", "no_say"),
    }
    assert [name for name, layer in told.items() if layer["reason"]] == ["authentication_policy"]
    assert {layer["permission"] for layer in told.values()} == {""}


# What is changed of the tenant, and who then decides about plain.on, plain.inherit and policy.allows, for Basic.
TENANTS: dict[str, tuple[dict[str, Any], tuple[str, str], tuple[str, str], tuple[str, str]]] = {
    "organization on": (
        {"smtp_disabled": False},
        ("enabled", "mailbox"),
        ("enabled", "organization"),
        ("enabled", "mailbox"),
    ),
    "default policy blocks": (
        {"default_authentication_policy": BLOCKS},
        ("disabled", "authentication_policy"),
        ("disabled", "organization"),
        ("enabled", "mailbox"),
    ),
    "default policy blocks, organization on": (
        {"default_authentication_policy": BLOCKS, "smtp_disabled": False},
        ("disabled", "authentication_policy"),
        ("disabled", "authentication_policy"),
        ("enabled", "mailbox"),
    ),
    "default policy allows": (
        {"default_authentication_policy": ALLOWS, "smtp_disabled": False},
        ("enabled", "mailbox"),
        ("enabled", "organization"),
        ("enabled", "mailbox"),
    ),
    "security defaults": (
        {"security_defaults": True, "smtp_disabled": False},
        ("disabled", "security_defaults"),
        ("disabled", "security_defaults"),
        ("disabled", "security_defaults"),
    ),
    "Conditional Access": (
        {"conditional_access": [POLICIES["everybody"]], "smtp_disabled": False},
        ("disabled", "conditional_access"),
        ("disabled", "conditional_access"),
        ("disabled", "conditional_access"),
    ),
    "all of it": (
        {
            "default_authentication_policy": BLOCKS,
            "security_defaults": True,
            "conditional_access": [POLICIES["everybody"]],
        },
        ("disabled", "authentication_policy"),
        ("disabled", "organization"),
        ("disabled", "security_defaults"),
    ),
}


@pytest.mark.parametrize("name", TENANTS)
def test_tenants(strict: FakeTenantServer, fabrikam_module: ModuleRunner, name: str) -> None:
    changes, *expected = TENANTS[name]
    strict.organization.patch(**changes)
    run = read(fabrikam_module)
    assert not run.failed, run.message
    told = effective(run)
    assert [
        (told[who]["basic"], told[who]["decided_by"]) for who in ("plain.on", "plain.inherit", "policy.allows")
    ] == (expected)
    check_against_mail_client(strict, run)


@pytest.mark.parametrize("form", ["name", "dn", "guid"])
def test_whatever_a_policy_is_called_by(strict: FakeTenantServer, fabrikam_module: ModuleRunner, form: str) -> None:
    """In which form rows refer to a policy isn't known; what is told doesn't hang on it."""
    strict.dialect.set(policy_reference=form)
    strict.organization.patch(default_authentication_policy=BLOCKS, smtp_disabled=False)
    for mailboxes in (None, [address("plain.on"), address("policy.blocks"), address("policy.allows")]):
        run = read(fabrikam_module, mailboxes=mailboxes)
        told = effective(run)
        assert {
            name: by_layer(told[name])["authentication_policy"]["state"] for name in ("plain.on", "policy.allows")
        } == {
            "plain.on": BLOCKS,
            "policy.allows": ALLOWS,
        }
        check_against_mail_client(strict, run)


def test_a_policy_that_is_not_there(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner) -> None:
    """A name that means nothing isn't taken for a policy that allows, nor for one that blocks."""
    fabrikam.organization.patch(authentication_policies={ALLOWS: True})
    told = effective(read(fabrikam_module, mailboxes=["policy.blocks", "policy.allows"]))
    assert (told["policy.blocks"]["basic"], told["policy.blocks"]["oauth"]) == ("unknown", "enabled")
    assert f"{BLOCKS} wasn't found" in told["policy.blocks"]["reason"]
    assert told["policy.allows"]["basic"] == "enabled"


# Who is covered: nobody, everybody, some for certain, and those of whom it isn't known.
EVERYONE = {"plain.on", "in.group", "in.role"}
COVERED: dict[str, tuple[set[str], set[str]]] = {
    "everybody": (EVERYONE, set()),
    "any_client": (EVERYONE, set()),
    "office_365": (EVERYONE, set()),
    "exchange": (EVERYONE, set()),
    "second_factor": (EVERYONE, set()),
    "known_device": (EVERYONE, set()),
    "terms": (EVERYONE, set()),
    "strength": (EVERYONE, set()),
    "custom_factor": (EVERYONE, set()),
    "managed_application": (EVERYONE, set()),
    "second_factor_and_device": (EVERYONE, set()),
    "second_factor_for_one": ({"plain.on"}, set()),
    "any_place": (set(), EVERYONE),
    "any_platform": (set(), EVERYONE),
    "one_user": ({"plain.on"}, set()),
    "but_one_user": ({"in.group", "in.role"}, set()),
    "one_group": ({"in.group"}, set()),
    "but_one_group": ({"plain.on", "in.role"}, set()),
    "one_role": ({"in.role"}, set()),
    "but_one_role": ({"plain.on", "in.group"}, set()),
    "but_guests": (EVERYONE, set()),
    "one_place": (set(), EVERYONE),
    "one_platform": (set(), EVERYONE),
    "risky_sign_ins": (set(), EVERYONE),
    "risky_users": (set(), EVERYONE),
}


@pytest.mark.parametrize("name", POLICIES)
def test_conditional_access(strict: FakeTenantServer, fabrikam_module: ModuleRunner, name: str) -> None:
    """Blocks only where that is plain, is unknown where it may, and OAuth isn't touched by it."""
    strict.organization.patch(conditional_access=[POLICIES[name]])
    run = read(fabrikam_module, mailboxes=sorted(address(local) for local in EVERYONE))
    assert not run.failed, run.message
    blocked, unsure = COVERED.get(name, (set(), set()))
    told = effective(run)
    assert {local for local, state in told.items() if state["basic"] == "disabled"} == blocked
    assert {local for local, state in told.items() if state["basic"] == "unknown"} == unsure
    for local in blocked | unsure:
        assert told[local]["decided_by"] == "conditional_access"
        assert POLICIES[name]["displayName"] in told[local]["reason"]
    check_against_mail_client(strict, run, unsure=True)


GUESTS = {
    "guestOrExternalUserTypes": "b2bCollaborationGuest,internalGuest",
    "externalTenants": {"membershipKind": "all"},
}
SOME_GUESTS = {"guestOrExternalUserTypes": "b2bCollaborationGuest", "externalTenants": {"membershipKind": "all"}}
# Who is blocked, and of whom the policy alone doesn't tell, where in.role is a guest of the directory with a mailbox.
GUEST_POLICIES: dict[str, tuple[dict[str, Any], set[str], set[str]]] = {
    "guests by a word": ({"includeUsers": ["GuestsOrExternalUsers"]}, {"in.role"}, set()),
    "guests by kind": ({"includeUsers": ["None"], "includeGuestsOrExternalUsers": GUESTS}, {"in.role"}, set()),
    "some guests": ({"includeUsers": [], "includeGuestsOrExternalUsers": SOME_GUESTS}, set(), {"in.role"}),
    "everybody but guests by a word": ({"excludeUsers": ["GuestsOrExternalUsers"]}, EVERYONE - {"in.role"}, set()),
    "everybody but guests by kind": ({"excludeGuestsOrExternalUsers": GUESTS}, EVERYONE - {"in.role"}, set()),
    "everybody but some guests": (
        {"excludeGuestsOrExternalUsers": SOME_GUESTS},
        EVERYONE - {"in.role"},
        {"in.role"},
    ),
}


@pytest.mark.parametrize("listed", [False, True], ids=["everybody", "listed"])
@pytest.mark.parametrize("controls", [["block"], ["mfa"]], ids=str)
@pytest.mark.parametrize("name", GUEST_POLICIES)
def test_guests(
    fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, name: str, controls: list[str], listed: bool
) -> None:
    """Who is a guest is told by the account in Entra ID."""
    users, blocked, unsure = GUEST_POLICIES[name]
    fabrikam.dialect.set(graph_evaluate="none")
    fabrikam.mailboxes.patch(address("in.role"), user_type="Guest")
    fabrikam.organization.patch(conditional_access=[policy("For guests", users=users, controls=controls)])
    run = read(fabrikam_module, **({"mailboxes": sorted(address(local) for local in EVERYONE)} if listed else {}))
    assert not run.failed, run.message
    told = {local: state for local, state in effective(run).items() if local in EVERYONE}
    assert {local for local, state in told.items() if state["basic"] == "disabled"} == blocked
    assert {local for local, state in told.items() if state["basic"] == "unknown"} == unsure
    assert {state["oauth"] for state in told.values()} == {"enabled"}
    for local in blocked | unsure:
        assert "For guests" in told[local]["reason"]
    check_against_mail_client(fabrikam, run, unsure=True)


def test_without_the_accounts_nobody_knows_who_is_a_guest(
    fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner
) -> None:
    fabrikam.organization.patch(conditional_access=[POLICIES["guests"]])
    fabrikam.dialect.set(graph_evaluate="none")
    without(fabrikam, "User.Read.All")
    run = read(fabrikam_module, mailboxes=[address("plain.on")])
    layer = by_layer(effective(run)["plain.on"])["conditional_access"]
    assert (layer["basic"], layer["oauth"]) == ("unknown", "no_say")
    assert "whether the user is one isn't known" in layer["reason"]


# Groups, roles, and Microsoft's own evaluation -----------------------------------------------------------------------

OUTER = "0a000000-0000-4000-8000-000000000001"
MEMBER_PERMISSIONS = {"groups": "GroupMember.Read.All", "roles": "RoleManagement.Read.Directory"}


def layers_of(run: ModuleRun) -> dict[str, dict[str, Any]]:
    return {local: by_layer(state)["conditional_access"] for local, state in effective(run).items()}


def test_groups_within_groups_and_roles_held_by_a_group(
    fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner
) -> None:
    """One listing for each, for all mailboxes or a few; groups of policies that touch nobody's SMTP aren't read."""
    fabrikam.dialect.set(graph_evaluate="none")
    fabrikam.organization.patch(
        groups={OUTER: [PRINTERS]},
        role_groups={EXCHANGE_ADMINISTRATOR: [OUTER]},
        conditional_access=[
            policy("But the group", users={"excludeGroups": [OUTER]}),
            policy("The role", controls=["mfa"], users={"includeUsers": [], "includeRoles": [EXCHANGE_ADMINISTRATOR]}),
            policy("Browsers", clients=["browser"], users={"excludeGroups": ["0b000000-0000-4000-8000-000000000001"]}),
        ],
    )
    for mailboxes in (None, [address(local) for local in sorted(EVERYONE)]):
        fabrikam.log.clear()
        run = read(fabrikam_module, mailboxes=mailboxes)
        assert not run.failed, run.message
        told = layers_of(run)
        assert {local: told[local]["state"] for local in EVERYONE} == {
            "plain.on": "But the group",
            "in.group": "The role",
            "in.role": "But the group, The role",
        }
        check_against_mail_client(fabrikam, run)
        asked = [entry["path"] for entry in fabrikam.log.entries(endpoint="graph")]
        assert sum(OUTER in path for path in asked) == 2, "once as a group of a policy, once as the holder of a role"
        assert not any("0b000000" in path or "evaluate" in path for path in asked)


@pytest.mark.parametrize("lacking", MEMBER_PERMISSIONS)
def test_a_permission_for_members_is_named(
    fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, lacking: str
) -> None:
    """What hangs on it is unknown, until Microsoft's own evaluation is there, which needs no more permission."""
    graph = {*GRAPH, *MEMBER_PERMISSIONS.values()} - {MEMBER_PERMISSIONS[lacking]}
    fabrikam.apps.patch("good", graph_roles=sorted(graph))
    users = {"excludeGroups": [PRINTERS], "excludeRoles": [EXCHANGE_ADMINISTRATOR]}
    fabrikam.organization.patch(conditional_access=[policy("But some", users=users)])
    fabrikam.dialect.set(graph_evaluate="none")
    names = [address(local) for local in sorted(EVERYONE)]
    run = read(fabrikam_module, mailboxes=names)
    assert not run.failed, run.message
    settled = {"groups": "in.role", "roles": "in.group"}[lacking]
    for local, layer in layers_of(run).items():
        assert layer["basic"] == ("allows" if local == settled else "unknown")
        assert layer["permission"] == ("" if local == settled else MEMBER_PERMISSIONS[lacking])
        assert local == settled or "couldn't be read (the app lacks" in layer["reason"]
    assert any(MEMBER_PERMISSIONS[lacking] in item["permission"] for item in layers_of(run).values())
    for played in ("v1.0+beta", "beta"):
        fabrikam.dialect.set(graph_evaluate=played)
        run = read(fabrikam_module, mailboxes=names)
        assert {state["basic"] for state in effective(run).values()} == {"enabled", "disabled"}
        check_against_mail_client(fabrikam, run)


TROUBLE: dict[str, tuple[dict[str, Any], str | None]] = {
    "a page lost": ({"effect": "page_lost", "endpoint": "graph_page"}, "incomplete_listing"),
    "a page refused": (
        {"effect": "status", "endpoint": "graph_page", "arguments": {"status": 503, "retry_after": 0}},
        "incomplete_listing",
    ),
    "rows without ids": ({"effect": "row_without", "arguments": {"property": "id"}}, None),
    "no list": ({"effect": "body_text", "arguments": {"text": '{"value": {}}'}}, "unexpected_answer"),
    "a web page": ({"effect": "body_html"}, "unexpected_answer"),
    "a link elsewhere": ({"effect": "link_foreign", "arguments": {"host": "evil.example"}}, "untrusted_host"),
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_members_that_do_not_come_whole_are_unknown(
    crowd: FakeTenantServer, crowd_module: ModuleRunner, trouble: str
) -> None:
    """Thousands in one group: a part is never taken for the whole, neither for those in it nor for the others."""
    fault, code = TROUBLE[trouble]
    for user in crowd.users.get()[:2500]:
        crowd.users.patch(user["guid"], groups=[OUTER])
    crowd.organization.patch(
        smtp_disabled=False, conditional_access=[policy("But the group", users={"excludeGroups": [OUTER]})]
    )
    whole = read(crowd_module)
    assert not whole.failed, whole.message
    assert {layer["basic"] for layer in layers_of(whole).values()} == {"allows", "blocks"}
    crowd.faults.add(times=None, path="transitiveMembers", **{"endpoint": "graph", **fault})
    run = read(crowd_module, max_retries=0)
    assert run.failed is (code is not None), run.message
    assert code is None or run.result["failure"]["code"] == code
    assert {layer["basic"] for layer in layers_of(run).values()} == {"unknown"}
    assert not any("evaluate" in entry["path"] for entry in crowd.log.entries(endpoint="graph")), "far too many"


def test_a_policy_that_asks_for_something_says_for_what(
    fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner
) -> None:
    fabrikam.organization.patch(conditional_access=[POLICIES["second_factor"]])
    reason = effective(read(fabrikam_module, mailboxes=["plain.on"]))["plain.on"]["reason"]
    assert reason == (
        "Basic is blocked: the Conditional Access policy Second factor (which asks for MFA) blocks legacy clients "
        "(exclude the user from it); OAuth can be used."
    )


# Dates --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "basic"),
    [("2026-01-01", "enabled"), ("2026-12-31", "enabled"), ("2027-01-01", "unknown"), ("2028-06-01", "unknown")],
)
def test_retirement_by_date(fabrikam_module: ModuleRunner, day: str, basic: str) -> None:
    """After the day nobody can tell, and nothing else than that is told; OAuth goes on."""
    run = read(fabrikam_module, env=today(day))
    told = effective(run)
    state = told["plain.on"]
    assert (state["basic"], state["oauth"], state["basic_at_risk"]) == (basic, "enabled", True)
    assert state["decided_by"] == ("mailbox" if basic == "enabled" else "basic_retirement")
    assert told["plain.off"]["basic"] == told["unlicensed"]["basic"] == "disabled"
    assert run.result["summary"]["basic_at_risk"] == sum(basic == "enabled" for basic, *_more in FABRIKAM.values())
    if basic == "unknown":
        assert "end of December 2026" in state["reason"]
        assert [found["layer"] for found in run.result["findings"]["unknown"]] == ["basic_retirement"]


def test_a_tenant_that_has_retired_basic(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner) -> None:
    """Nothing that can be read tells that it has, so nothing is claimed: a real client is refused."""
    fabrikam.organization.patch(basic_retired=True)
    run = read(fabrikam_module, env=today("2027-02-01"), mailboxes=["plain.on"])
    assert effective(run)["plain.on"]["basic"] == "unknown"
    assert MailClient(fabrikam).let_in([address("plain.on")]) == {address("plain.on"): (False, True)}


# Permissions --------------------------------------------------------------------------------------------------------

EXCHANGE = ("Get-CASMailbox", "Get-TransportConfig", "Get-OrganizationConfig", "Get-AuthenticationPolicy", "Get-User")
GRAPH = ("Policy.Read.All", "User.Read.All")


def without(fake: FakeTenantServer, permission: str) -> None:
    """The app has everything that it needs but this."""
    graph, cmdlets = ([name for name in names if name != permission] for names in (GRAPH, EXCHANGE))
    fake.apps.patch("good", graph_roles=graph, directory_roles=[], role_group_cmdlets=cmdlets)


def affected(permission: str) -> dict[str, set[str]]:
    """Which layers of which mailboxes become unknown for want of it."""
    everybody = set(FABRIKAM)
    own_policy = {name for name in everybody if name.startswith("policy.")}
    followers = {name for name in everybody if name.endswith(".inherit")}
    people = everybody - {"discovery"}
    return {
        "Policy.Read.All": {"security_defaults": everybody, "conditional_access": everybody},
        "User.Read.All": {"account": people},
        "Get-TransportConfig": {"organization": followers},
        "Get-OrganizationConfig": {"authentication_policy": everybody - own_policy},
        "Get-AuthenticationPolicy": {"authentication_policy": own_policy},
        # The type of a mailbox is told by the same cmdlet: nobody can tell then that this is one of the service's own.
        "Get-User": {"authentication_policy": everybody, "account": {"discovery"}},
    }[permission]


@pytest.mark.parametrize("listed", [False, True], ids=["everybody", "listed"])
@pytest.mark.parametrize("permission", [*GRAPH, *EXCHANGE[1:]])
def test_a_permission_is_missing(
    fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, permission: str, listed: bool
) -> None:
    """Only its layers become unknown, they name it, and the task goes well."""
    names = {"mailboxes": [address(name) for name in FABRIKAM]} if listed else {}
    full = effective(read(fabrikam_module, **names))
    without(fabrikam, permission)

    run = read(fabrikam_module, **names)

    assert not run.failed, run.message
    assert permission in str(run.result["warnings"])
    told = effective(run)
    for name in FABRIKAM:
        was, now = by_layer(full[name]), by_layer(told[name])
        for layer in LAYERS:
            if name in affected(permission).get(layer, set()):
                assert now[layer]["state"] == now[layer]["basic"] == "unknown", (name, now[layer])
                assert now[layer]["reason"]
                if name != "discovery" or layer != "account":
                    assert permission in now[layer]["permission"]
                    assert permission in now[layer]["reason"]
            elif layer == "organization" and permission == "Get-TransportConfig":
                assert (now[layer]["state"], now[layer]["basic"]) == ("unknown", "no_say"), name
            elif permission == "Get-User" and layer == "account" and was[layer]["basic"] == "blocks":
                # Whose account it is isn't known, so unblocking is advised with a caveat.
                assert {**now[layer], "reason": ""} == {**was[layer], "reason": ""}, name
                blocked = now[layer]["state"].startswith("blocked")
                assert ("unless the mailbox is a shared one" in now[layer]["reason"]) is blocked
            else:
                assert now[layer] == was[layer], name
        blocked = any(layer["basic"] == "blocks" for layer in now.values())
        unsure = any(layer["basic"] == "unknown" for layer in now.values())
        assert told[name]["basic"] == ("disabled" if blocked else "unknown" if unsure else "enabled")
    assert {mailbox["mailbox"]: mailbox["state"] for mailbox in run.result["mailboxes"]} == fabrikam.mailboxes.states()
    if permission == "Get-TransportConfig":
        assert run.result["organization"]["state"] == "unknown"
        assert permission in run.result["organization"]["reason"]
    else:
        assert run.result["organization"] == {"state": "disabled", "reason": ""}


def test_another_permission_does_as_well(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner) -> None:
    fabrikam.apps.patch("good", graph_roles=["Policy.Read.All", "Directory.Read.All"])
    run = read(fabrikam_module)
    assert effective(run)["unlicensed"]["decided_by"] == "account"
    assert run.result["summary"]["effective"]["basic"]["unknown"] == 0


def test_no_permission_at_all(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner) -> None:
    """Of what the mailbox itself blocks that is known, of all others nothing, and each permission is named once."""
    fabrikam.apps.patch("good", graph_roles=[], directory_roles=[], role_group_cmdlets=["Get-CASMailbox"])
    run = read(fabrikam_module)
    assert not run.failed, run.message
    for name, state in effective(run).items():
        assert (state["basic"], state["oauth"]) == (("disabled",) * 2 if name.endswith(".off") else ("unknown",) * 2)
    text = str(run.result["warnings"])
    for permission in (*GRAPH, "Get-TransportConfig", "Get-User"):
        assert text.count(f"{permission} (") == 1, text


@pytest.mark.parametrize("listed", [False, True], ids=["everybody", "listed"])
def test_a_ready_made_token(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, listed: bool) -> None:
    """It is for Exchange: nothing is sent to Graph, and the layers say why they aren't known."""
    names = {"mailboxes": [address("plain.on"), address("plain.off")]} if listed else {}
    run = read(fabrikam_module, access_token=fabrikam.tokens.issue(), env={"M365_CLIENT_SECRET": UNSET}, **names)
    assert not run.failed, run.message
    told = effective(run)
    for layer in GRAPH_LAYERS:
        state = by_layer(told["plain.on"])[layer]
        assert (state["state"], state["permission"]) == ("unknown", "")
        assert "access_token is for Exchange" in state["reason"]
    assert (told["plain.on"]["basic"], told["plain.off"]["basic"]) == ("unknown", "disabled")
    assert fabrikam.log.entries(endpoint="graph") == []


# Outages ------------------------------------------------------------------------------------------------------------

OUTAGES: dict[str, tuple[dict[str, Any], str]] = {
    "unavailable": ({"effect": "status", "arguments": {"status": 503, "retry_after": 0}}, "service_error"),
    "broken": ({"effect": "status", "arguments": {"status": 500}}, "service_error"),
    "busy": ({"effect": "status", "arguments": {"status": 429, "retry_after": 1}}, "throttled"),
    "busy for a day": ({"effect": "status", "arguments": {"status": 429, "retry_after": "absurd"}}, "deadline"),
    "cut off": ({"effect": "drop"}, "network"),
    "a web page": ({"effect": "body_html"}, "unexpected_answer"),
    "nothing": ({"effect": "body_empty"}, "unexpected_answer"),
    "half an answer": ({"effect": "body_text", "arguments": {"text": '{"value": ['}}, "unexpected_answer"),
}


@pytest.mark.parametrize("listed", [False, True], ids=["everybody", "listed"])
@pytest.mark.parametrize("trouble", OUTAGES)
def test_graph_is_down(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, trouble: str, listed: bool) -> None:
    """Tried a bounded number of times; the mailboxes and all other layers are told; the task says what is wrong."""
    fault, code = OUTAGES[trouble]
    fabrikam.faults.add(endpoint="graph", times=None, **fault)
    names = {"mailboxes": [address(name) for name in FABRIKAM]} if listed else {}
    run = read(fabrikam_module, max_retries=1, deadline=20, **names)
    assert run.failed
    assert run.result["failure"]["code"] == code, run.message
    assert "mailboxes were read" in run.message
    assert ("localhost" if trouble == "cut off" else "Microsoft Graph /v1.0/") in run.message
    assert {mailbox["mailbox"]: mailbox["state"] for mailbox in run.result["mailboxes"]} == fabrikam.mailboxes.states()
    told = effective(run)
    for name, state in told.items():
        of = by_layer(state)
        assert {of[layer]["basic"] for layer in ("security_defaults", "conditional_access")} == {"unknown"}
        assert of["account"]["basic"] == ("blocks" if name == "discovery" else "unknown")
        assert {layer["permission"] for layer in of.values()} == {""}, "it isn't that"
        others = ("mailbox", "organization", "authentication_policy")
        assert "unknown" not in {of[layer]["state"] for layer in others}
    assert told["plain.off"]["basic"] == told["policy.blocks"]["basic"] == "disabled"
    assert told["plain.on"]["basic"] == "unknown"
    assert sum(run.result["summary"]["effective"]["basic"].values()) == len(FABRIKAM)
    assert len(fabrikam.log.entries(endpoint="graph")) <= 2 * 4


PASSING = {
    "unavailable once": {"effect": "status", "arguments": {"status": 503, "retry_after": 0}},
    "busy once": {"effect": "status", "arguments": {"status": 429, "retry_after": 1}},
    "cut off once": {"effect": "drop"},
    "token over": {"effect": "expire_tokens"},
    "a region": {"effect": "redirect", "arguments": {"region": "eur"}, "times": None},
}


@pytest.mark.parametrize("trouble", PASSING)
def test_graph_stumbles(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, trouble: str) -> None:
    full = effective(read(fabrikam_module))
    fabrikam.faults.add(endpoint="graph", **PASSING[trouble])
    run = read(fabrikam_module, max_retries=2)
    assert not run.failed, run.message
    assert effective(run) == full
    assert run.result["requests"]["throttled"] == (trouble == "busy once")


@pytest.mark.parametrize("host", ["foreign", "look-alike"])
def test_graph_leads_elsewhere(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, host: str) -> None:
    """No token goes there."""
    own = fabrikam.endpoint.removeprefix("https://")
    place = {"foreign": fabrikam.ready["foreign_host"], "look-alike": f"not{own}"}[host]
    fabrikam.faults.add("redirect", endpoint="graph", times=None, arguments={"host": place})
    run = read(fabrikam_module, max_retries=1)
    assert run.failed
    assert run.result["failure"]["code"] == "untrusted_host"
    assert {entry["host"] for entry in fabrikam.log.entries()} == {own}
    assert set(effective(run)) == set(FABRIKAM)


def test_graph_refuses_for_another_reason(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner) -> None:
    """The permission is there, so it isn't named as missing; the reason is Graph's own."""
    arguments = {"status": 403, "type": "AccessDenied", "text": "The tenant has no premium licence"}
    fabrikam.faults.add("status", endpoint="graph", path="conditionalAccess", times=None, arguments=arguments)
    run = read(fabrikam_module)
    assert not run.failed, run.message
    layer = by_layer(effective(run)["plain.on"])["conditional_access"]
    assert (layer["state"], layer["permission"]) == ("unknown", "")
    assert "no premium licence" in layer["reason"]
    assert by_layer(effective(run)["plain.on"])["security_defaults"]["state"] == "off"


def test_sign_in_for_graph_is_refused(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner) -> None:
    """Exchange has signed in by then: what it tells is told."""
    fabrikam.faults.add(
        "body_text",
        endpoint="token",
        skip=1,
        times=None,
        arguments={
            "status": 400,
            "text": '{"error": "invalid_resource", "error_description": "AADSTS500011: The resource was not found."}',
        },
    )
    run = read(fabrikam_module, mailboxes=[address("plain.on"), address("plain.off")])
    assert not run.failed, run.message
    told = effective(run)
    assert (told["plain.on"]["basic"], told["plain.off"]["basic"]) == ("unknown", "disabled")
    assert "AADSTS500011" in by_layer(told["plain.on"])["account"]["reason"]


def test_exchange_stumbles_over_a_layer(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner) -> None:
    fabrikam.faults.add(
        "status", cmdlet="Get-AuthenticationPolicy", times=None, arguments={"status": 503, "retry_after": 0}
    )
    run = read(fabrikam_module, max_retries=1)
    assert run.failed
    assert "Get-AuthenticationPolicy" in run.message
    told = effective(run)
    assert told["plain.on"]["basic"] == "enabled", "it has no policy, so none has to be known"
    assert told["policy.allows"]["basic"] == told["policy.blocks"]["basic"] == "unknown"


ODD_ROWS: dict[str, tuple[str, str, Any, str]] = {
    "a user without the property": ("Get-User", "AuthenticationPolicy", None, "authentication_policy"),
    "an organization without the property": (
        "Get-OrganizationConfig",
        "DefaultAuthenticationPolicy",
        None,
        "authentication_policy",
    ),
    "a policy that doesn't tell": ("Get-AuthenticationPolicy", "AllowBasicAuthSmtp", None, "authentication_policy"),
    "a switch without the property": (
        "Get-TransportConfig",
        "SmtpClientAuthenticationDisabled",
        None,
        "organization",
    ),
}


@pytest.mark.parametrize("listed", [False, True], ids=["everybody", "listed"])
@pytest.mark.parametrize("trouble", ODD_ROWS)
def test_a_row_that_does_not_tell(
    fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, trouble: str, listed: bool
) -> None:
    """A property that isn't there is unknown: neither empty nor false."""
    cmdlet, name, _value, layer = ODD_ROWS[trouble]
    fabrikam.faults.add("row_without", cmdlet=cmdlet, times=None, arguments={"property": name})
    mailboxes = ["plain.on", "plain.inherit", "policy.blocks"]
    run = read(fabrikam_module, **({"mailboxes": [address(local) for local in mailboxes]} if listed else {}))
    assert not run.failed, run.message
    told = effective(run)
    unsure = [local for local in mailboxes if by_layer(told[local])[layer]["basic"] == "unknown"]
    assert unsure
    for local in unsure:
        assert name in by_layer(told[local])[layer]["reason"]
        assert told[local]["basic"] != "enabled"


# What service answers say of it leaves no secret --------------------------------------------------------------------


@pytest.mark.parametrize("listed", [False, True], ids=["everybody", "listed"])
def test_a_reason_that_echoes_a_token(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, listed: bool) -> None:
    secret = fabrikam.app()["client_secret"]
    arguments = {"status": 403, "type": "AccessDenied", "text": f"Not {secret} nor Bearer {'x' * 40}"}
    fabrikam.faults.add("status", endpoint="graph", times=None, arguments=arguments)
    names = {"mailboxes": [address("plain.on")]} if listed else {}
    for name in (INFO, "organization_smtp_auth_info"):
        run = fabrikam_module(name, **({"effective": True, **names} if name == INFO else {}), verbosity=5)
        assert "Not ********" in run.stdout
        assert secret not in run.stdout + run.stderr
        assert "x" * 40 not in run.stdout + run.stderr
    run = fabrikam_module("mailbox_smtp_auth", mailboxes=[address("plain.off")], state="enabled", verbosity=5)
    assert "Not ********" in run.stdout
    assert secret not in run.stdout + run.stderr
    assert "x" * 40 not in run.stdout + run.stderr


# Other options ------------------------------------------------------------------------------------------------------


def test_without_being_asked_nothing_more_is_read(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner) -> None:
    run = fabrikam_module(INFO)
    assert not run.failed, run.message
    assert "findings" not in run.result
    assert "effective" not in run.result["summary"]
    assert all("effective" not in mailbox for mailbox in run.result["mailboxes"])
    assert fabrikam.log.entries(endpoint="graph") == fabrikam.log.entries(cmdlet="Get-User") == []


def test_check_mode(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner) -> None:
    real, checked = read(fabrikam_module), read(fabrikam_module, check=True, diff=True)
    assert checked.result["mailboxes"] == real.result["mailboxes"] != []
    assert checked.result["findings"] == real.result["findings"]
    assert {entry["method"] for entry in fabrikam.log.entries(endpoint="graph")} == {"GET"}


def test_states_to_keep(fabrikam_module: ModuleRunner) -> None:
    """The filter chooses what is returned; counts and findings stay those of the whole."""
    every, some = read(fabrikam_module), read(fabrikam_module, state=["inherit"])
    assert {mailbox["state"] for mailbox in some.result["mailboxes"]} == {"inherit"}
    assert (some.result["summary"], some.result["findings"]) == (every.result["summary"], every.result["findings"])


def test_missing_mailboxes(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner) -> None:
    run = read(fabrikam_module, mailboxes=[address("plain.on"), "nobody"])
    assert run.failed
    assert (run.of("nobody")["effective"], run.of("nobody")["error"]["code"]) == (None, "not_found")
    assert run.of(address("plain.on"))["effective"]["basic"] == "enabled"
    fabrikam.log.clear()
    run = read(fabrikam_module, mailboxes=["nobody"], missing="warn")
    assert not run.failed, run.message
    assert run.result["mailboxes"] == []
    assert run.result["summary"]["effective"]["basic"] == {"enabled": 0, "disabled": 0, "unknown": 0}
    assert fabrikam.log.entries(endpoint="graph") == [], "there is nobody to ask about"


def test_an_empty_list(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner) -> None:
    run = read(fabrikam_module, mailboxes=[])
    assert not run.failed, run.message
    assert run.result["findings"]["enabled"] == {"count": 0, "mailboxes": []}
    assert fabrikam.log.entries() == []


def test_users_without_a_mailbox_are_nobody(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner) -> None:
    """They are in the directory's listings, with a policy of their own even, and in no answer."""
    users = {user["user_principal_name"] for user in fabrikam.users.get()}
    assert len(users) > len(FABRIKAM)
    run = read(fabrikam_module)
    assert set(effective(run)) == set(FABRIKAM)
    assert run.result["summary"]["requested"] == len(FABRIKAM)
    assert "former" not in run.stdout
    run = read(fabrikam_module, mailboxes=["former"])
    assert run.of("former")["error"]["code"] == "not_found"


# Counts -------------------------------------------------------------------------------------------------------------


def counted(run: ModuleRun, name: str, verdict: str) -> dict[str, list[str]]:
    """By layer the mailboxes at which it says this of Basic, counted from what was returned of each."""
    found: dict[str, list[str]] = {}
    for mailbox in run.result["mailboxes"]:
        of = by_layer(mailbox["effective"])
        switched_on = "allows" in (of["mailbox"]["basic"], of["organization"]["basic"])
        if name == "blocked" and not switched_on:
            continue
        if name == "unknown" and mailbox["effective"]["basic"] != "unknown":
            continue
        for layer in LAYERS:
            if of[layer]["basic"] == verdict:
                found.setdefault(layer, []).append(mailbox["primary_smtp_address"])
    return found


@pytest.mark.parametrize("day", ["2026-11-24", "2027-01-01"])
def test_findings_are_what_is_so(crowd: FakeTenantServer, crowd_module: ModuleRunner, day: str) -> None:
    """Counts of all, names of the first hundred, the same whether mailboxes are returned or not."""
    crowd.organization.patch(smtp_disabled=False, conditional_access=[POLICIES["one_user"], POLICIES["one_group"]])
    for number in range(1, 400, 2):
        crowd.mailboxes.patch(f"user{number:05d}", state="enabled", authentication_policy=BLOCKS)
        crowd.mailboxes.patch(f"user{number + 1:05d}", licensed=number % 3 > 0)
    every = read(crowd_module, env=today(day))
    assert not every.failed, every.message
    none = read(crowd_module, env=today(day), return_mailboxes="none")
    assert none.result["mailboxes"] == []
    assert {name: none.result[name] for name in ("findings", "summary", "organization")} == {
        name: every.result[name] for name in ("findings", "summary", "organization")
    }
    mailboxes, findings, summary = (every.result[name] for name in ("mailboxes", "findings", "summary"))
    for kind in ("basic", "oauth"):
        count = Counter(mailbox["effective"][kind] for mailbox in mailboxes)
        assert summary["effective"][kind] == {state: count[state] for state in ("enabled", "disabled", "unknown")}
    enabled = [mailbox["primary_smtp_address"] for mailbox in mailboxes if mailbox["state"] == "enabled"]
    at_risk = [mailbox["primary_smtp_address"] for mailbox in mailboxes if mailbox["effective"]["basic_at_risk"]]
    assert findings["enabled"] == {"count": len(enabled), "mailboxes": enabled[:100]}
    assert findings["basic_at_risk"] == {"count": len(at_risk), "mailboxes": at_risk[:100]}
    assert summary["basic_at_risk"] == len(at_risk)
    for name, verdict in (("blocked", "blocks"), ("unknown", "unknown")):
        expected = counted(every, name, verdict)
        assert {found["layer"]: (found["count"], found["mailboxes"]) for found in findings[name]} == {
            layer: (len(names), names[:100]) for layer, names in expected.items()
        }
    assert max(found["count"] for found in findings["blocked"]) > 100


@pytest.fixture(scope="module")
def city() -> Iterator[FakeTenantServer]:
    """A tenant with 10,000 more mailboxes, and 2,000 users without one."""
    with FakeTenantServer(mailboxes=10_000, without_mailbox=0.2) as running:
        yield running


@pytest.mark.parametrize("smtp_disabled", [True, False])
def test_ten_thousand(city: FakeTenantServer, tmp_path: Path, smtp_disabled: bool) -> None:
    """A handful of listings, and the truth about each."""
    city.reset()
    city.organization.patch(smtp_disabled=smtp_disabled)
    city.dialect.set(oauth_needs_account=True)
    run = read(ModuleRunner(city, tmp_path))
    assert not run.failed, run.message
    (tenant,) = city.state.tenants
    truth = {
        mailbox.primary_address: layers.verdict(tenant, mailbox, city.state.dialect)
        for mailbox in tenant.mailboxes.values()
    }
    told = {mailbox["primary_smtp_address"]: mailbox["effective"] for mailbox in run.result["mailboxes"]}
    assert len(told) == run.result["summary"]["requested"] >= 10_000
    for name, kind in itertools.product(told, ("basic", "oauth")):
        assert (told[name][kind] == "enabled") is (truth[name][kind] is None), (name, kind)
        no_account = by_layer(told[name])["account"]["basic"] == "blocks"
        assert told[name][kind] != "unknown" or (kind == "oauth" and no_account)
    users = len(city.users.get())
    assert users > 12_000
    expected = pages(len(told), 1000) + pages(users, 1000) + pages(users, 999) + 1 + 2
    assert run.result["requests"] == {"sent": expected, "retried": 0, "throttled": 0}
    assert expected < 45
    assert {item["identity"] for entry in city.log.entries() for item in entry["items"]} <= {None, ""}


# Listings of the directory that don't come whole --------------------------------------------------------------------

TORN: dict[str, tuple[dict[str, Any], str, str]] = {
    "links that expire": ({"effect": "page_expired", "endpoint": "graph_page"}, "page_expired", "account"),
    "a link that repeats": (
        {"effect": "link_repeat", "endpoint": ["graph", "graph_page"]},
        "incomplete_listing",
        "account",
    ),
    "a page refused": (
        {"effect": "status", "endpoint": "graph_page", "arguments": {"status": 503, "retry_after": 0}},
        "incomplete_listing",
        "account",
    ),
    "users: links that expire": (
        {"effect": "page_expired", "endpoint": "page", "cmdlet": "Get-User"},
        "page_expired",
        "authentication_policy",
    ),
    "users: a warning that there is more": (
        {"effect": "truncate", "endpoint": "page", "cmdlet": "Get-User"},
        "incomplete_listing",
        "authentication_policy",
    ),
}


@pytest.mark.parametrize("trouble", TORN)
def test_a_torn_listing_is_unknown_for_all(crowd: FakeTenantServer, crowd_module: ModuleRunner, trouble: str) -> None:
    """What may be a part never passes for the whole: not even for those who are in the part."""
    fault, code, layer = TORN[trouble]
    crowd.faults.add(times=None, **fault)
    run = read(crowd_module, max_retries=0)
    assert run.failed
    assert run.result["failure"]["code"] == code, run.message
    assert {mailbox["mailbox"]: mailbox["state"] for mailbox in run.result["mailboxes"]} == crowd.mailboxes.states()
    system = {"DiscoverySearchMailbox", "SystemMailbox"}
    for mailbox in run.result["mailboxes"]:
        if mailbox["mailbox"].partition("{")[0] not in system:
            assert by_layer(mailbox["effective"])[layer]["basic"] == "unknown"
            assert mailbox["effective"]["basic"] != "enabled"


@pytest.mark.parametrize(
    "fault",
    [
        {"effect": "page_expired", "endpoint": "graph_page"},
        {"effect": "page_expired", "endpoint": "page", "cmdlet": "Get-User"},
    ],
    ids=["Graph", "Exchange"],
)
def test_a_link_that_expired_once(crowd: FakeTenantServer, crowd_module: ModuleRunner, fault: dict[str, Any]) -> None:
    full = effective(read(crowd_module))
    crowd.faults.add(**fault)
    run = read(crowd_module, max_retries=0)
    assert not run.failed, run.message
    assert effective(run) == full
    assert len(crowd.faults.list()) == 1
    assert crowd.faults.list()[0]["fired"] == 1


def test_an_empty_page_in_the_directory_is_not_its_end(crowd: FakeTenantServer, crowd_module: ModuleRunner) -> None:
    full = effective(read(crowd_module))
    crowd.dialect.set(graph_empty_page=True)
    assert effective(read(crowd_module)) == full


@pytest.mark.parametrize(
    ("fault", "layer"),
    [
        ({"endpoint": "page", "cmdlet": "Get-User"}, "authentication_policy"),
        ({"endpoint": "graph_page", "path": "/users"}, "account"),
    ],
    ids=["Exchange", "Graph"],
)
def test_users_whom_a_listing_does_not_show(
    crowd: FakeTenantServer, crowd_module: ModuleRunner, fault: dict[str, Any], layer: str
) -> None:
    """A listing that ends early without a word leaves mailboxes without their user: these are unknown."""
    full = effective(read(crowd_module))
    crowd.faults.add("page_lost", times=None, **fault)
    run = read(crowd_module, max_retries=0)
    assert not run.failed, run.message
    lacking = 0
    for name, state in effective(run).items():
        if state == full[name]:
            continue
        lacking += 1
        assert by_layer(state)[layer]["state"] == "unknown"
        assert "doesn't show" in by_layer(state)[layer]["reason"]
        assert state["basic"] != "enabled"
    assert lacking > 1000
