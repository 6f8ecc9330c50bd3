# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The organization's switch: set with those in view who follow it, and told with all else that holds for everybody."""

from __future__ import annotations

from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from fake_tenant.conditional_access import policy
from harness.run import UNSET, ModuleRun, ModuleRunner, PlaybookRunner, today
from harness.smtp import MailClient

pytestmark = pytest.mark.newest_core

DOMAIN = "contoso.onmicrosoft.com"
ALICE, BOB, CAROL = (f"{name}@{DOMAIN}" for name in ("alice", "bob", "carol"))
SET, INFO = "organization_smtp_auth", "organization_smtp_auth_info"
DISABLED = {"enabled": False, "disabled": True}
OTHER = {"enabled": "disabled", "disabled": "enabled"}


def writes(fake: FakeTenantServer) -> list[dict[str, Any]]:
    """The parameters of each write that came in."""
    entries = fake.log.entries(cmdlet="Set-TransportConfig")
    return [item["parameters"] for entry in entries for item in entry["items"]]


def cmdlets(fake: FakeTenantServer) -> list[str]:
    """What came in at Exchange, in order."""
    entries = (entry for entry in fake.log.entries() if entry["endpoint"] in ("invoke", "batch"))
    return [item["cmdlet"] for entry in entries for item in entry["items"]]


def followers(fake: FakeTenantServer) -> list[str]:
    """Who follows the organization's setting, by address."""
    return sorted((name for name, state in fake.mailboxes.states().items() if state == "inherit"), key=str.casefold)


def names(run: ModuleRun) -> list[str]:
    return [mailbox["primary_smtp_address"] for mailbox in run.result["affected"]["mailboxes"]]


def setting(state: str, legacy: bool | None = False) -> dict[str, Any]:
    return {"state": state, "allow_legacy_tls_clients": legacy}


# Setting it ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["enabled", "disabled"])
def test_both_directions(crowd: FakeTenantServer, crowd_module: ModuleRunner, state: str) -> None:
    """Check mode writes nothing, as an independent read shows; then it is written once; then nothing is left to do."""
    crowd.organization.patch(smtp_disabled=not DISABLED[state])
    mailboxes = crowd.mailboxes.states()
    followed = followers(crowd)
    assert len(followed) > 1000
    diff = {
        "before_header": "organization (before)",
        "after_header": f"organization (after; {len(followed)} mailboxes inherit it)",
        "before": f"smtp_auth: {OTHER[state]}\nallow_legacy_tls_clients: false\n",
        "after": f"smtp_auth: {state}\nallow_legacy_tls_clients: false\n",
    }

    checked = crowd_module(SET, state=state, check=True, diff=True)
    assert writes(crowd) == []
    assert crowd_module(INFO).result["organization"]["state"] == OTHER[state]
    assert crowd.organization.get()["smtp_disabled"] is not DISABLED[state]

    done = crowd_module(SET, state=state, diff=True)
    assert crowd.organization.get()["smtp_disabled"] is DISABLED[state]
    assert crowd_module(INFO).result["organization"]["state"] == state
    assert writes(crowd) == [{"SmtpClientAuthenticationDisabled": DISABLED[state]}]

    for run in (checked, done):
        assert not run.failed, run.message
        assert run.result["changed"] is True
        assert (run.result["before"], run.result["after"]) == (setting(OTHER[state]), setting(state))
        assert run.result["affected"]["count"] == len(followed)
        assert names(run) == followed[:100]
        assert run.result["diff"] == diff
    # The setting and three pages; then also the write, and the look at it.
    assert (checked.result["requests"]["sent"], done.result["requests"]["sent"]) == (4, 6)

    again = crowd_module(SET, state=state, diff=True)
    assert not again.failed, again.message
    assert again.result["changed"] is False
    assert again.result["before"] == again.result["after"] == setting(state)
    assert again.result["affected"] == {"count": 0, "mailboxes": []}
    assert again.result["diff"] == {}
    assert again.result["requests"] == {"sent": 1, "retried": 0, "throttled": 0}
    assert crowd.mailboxes.states() == mailboxes


def test_what_a_client_meets(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """Those who follow are switched with it, the others aren't."""
    client = MailClient(fake)
    assert client.let_in([ALICE, BOB, CAROL]) == {
        ALICE: (True, True),
        BOB: (False, False),
        CAROL: (False, False),
    }
    assert not module(SET, state="enabled").failed
    assert client.let_in([ALICE, BOB, CAROL]) == {ALICE: (True, True), BOB: (False, False), CAROL: (True, True)}


@pytest.mark.parametrize("most", [0, 2, 1000])
def test_names_up_to_a_limit(fake: FakeTenantServer, module: ModuleRunner, most: int) -> None:
    """All are counted."""
    followed = followers(fake)
    run = module(SET, state="enabled", return_affected=most, check=True)
    assert run.result["affected"]["count"] == len(followed) > 2
    assert names(run) == followed[:most]
    true = {mailbox["primary_address"]: mailbox for mailbox in fake.mailboxes.get()}
    for mailbox in run.result["affected"]["mailboxes"]:
        of = true[mailbox["primary_smtp_address"]]
        assert (mailbox["guid"], mailbox["display_name"]) == (of["guid"], of["display_name"])


def test_a_limit_that_is_none(fake: FakeTenantServer, module: ModuleRunner) -> None:
    run = module(SET, state="enabled", return_affected=-1)
    assert run.result["failure"]["code"] == "invalid_input"
    assert "return_affected" in run.message
    assert fake.log.entries() == []


@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
def test_more_than_may_change(fake: FakeTenantServer, module: ModuleRunner, check: bool) -> None:
    """Nothing is written, and it is told how many and who; as many as there are is enough."""
    followed = followers(fake)
    run = module(SET, state="enabled", max_changes=len(followed) - 1, check=check, diff=True)
    assert run.failed
    assert run.result["failure"]["code"] == "max_changes"
    assert f"{len(followed)} mailboxes inherit" in run.message
    assert "nothing was written" in run.message
    assert run.result["changed"] is False
    assert run.result["before"] == run.result["after"] == setting("disabled")
    assert run.result["affected"]["count"] == len(followed)
    assert run.result["diff"]["after"].startswith("smtp_auth: enabled\n")
    assert writes(fake) == []
    assert fake.organization.get()["smtp_disabled"] is True

    run = module(SET, state="enabled", max_changes=len(followed), check=check)
    assert not run.failed, run.message
    assert fake.organization.get()["smtp_disabled"] is check


def test_no_change_is_never_too_much(module: ModuleRunner) -> None:
    run = module(SET, state="disabled", max_changes=0)
    assert not run.failed, run.message
    assert run.result["requests"]["sent"] == 1


# Old TLS ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
def test_old_tls_alone(fake: FakeTenantServer, module: ModuleRunner, wanted: bool, check: bool) -> None:
    """The switch isn't touched, so nobody has to be counted, and only this goes over the wire."""
    fake.organization.patch(allow_legacy_tls=not wanted)
    run = module(SET, state="disabled", allow_legacy_tls_clients=wanted, max_changes=0, check=check, diff=True)
    assert not run.failed, run.message
    assert (run.result["before"], run.result["after"]) == (setting("disabled", not wanted), setting("disabled", wanted))
    assert run.result["affected"] == {"count": 0, "mailboxes": []}
    assert run.result["diff"]["after_header"] == "organization (after)"
    assert writes(fake) == ([] if check else [{"AllowLegacyTLSClients": wanted}])
    assert fake.organization.get()["allow_legacy_tls"] is (not wanted if check else wanted)
    assert "Get-CASMailbox" not in cmdlets(fake)
    assert run.result["requests"]["sent"] == (1 if check else 3)


def test_old_tls_that_is_empty_is_off(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """An empty value on the wire needs no write to be off, and one to be on."""
    assert fake.organization.get()["allow_legacy_tls"] is None
    run = module(SET, state="disabled", allow_legacy_tls_clients=False)
    assert (run.failed, run.result["changed"], writes(fake)) == (False, False, [])
    run = module(SET, state="disabled", allow_legacy_tls_clients=True)
    assert (run.failed, run.result["changed"]) == (False, True)
    assert writes(fake) == [{"AllowLegacyTLSClients": True}]


def test_both_at_once(fake: FakeTenantServer, module: ModuleRunner) -> None:
    run = module(SET, state="enabled", allow_legacy_tls_clients=True)
    assert not run.failed, run.message
    assert run.result["after"] == setting("enabled", True)
    assert writes(fake) == [{"SmtpClientAuthenticationDisabled": False, "AllowLegacyTLSClients": True}]


def test_old_tls_that_is_not_told(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """A property that isn't there isn't off: it can be left alone, and not be set."""
    fake.faults.add(
        "row_without", cmdlet="Get-TransportConfig", times=None, arguments={"property": "AllowLegacyTLSClients"}
    )
    run = module(SET, state="enabled", allow_legacy_tls_clients=True)
    assert run.result["failure"]["code"] == "unexpected_answer"
    assert "AllowLegacyTLSClients" in run.message
    assert writes(fake) == []
    run = module(SET, state="enabled")
    assert not run.failed, run.message
    assert run.result["after"] == setting("enabled", None)


# Bad days -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, None], ids=["once", "always"])
def test_a_write_without_an_answer(fake: FakeTenantServer, module: ModuleRunner, times: int | None) -> None:
    """It was taken, and that is read back."""
    fake.faults.add("drop", cmdlet="Set-TransportConfig", times=times, arguments={"when": "after"})
    run = module(SET, state="enabled", max_retries=1)
    assert not run.failed, run.message
    assert run.result["changed"] is True
    assert run.result["after"] == setting("enabled")
    assert fake.organization.get()["smtp_disabled"] is False


def test_a_write_that_never_comes_in(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """Whether it was taken isn't known until it is read back: it wasn't."""
    fake.faults.add("drop", cmdlet="Set-TransportConfig", times=None)
    run = module(SET, state="enabled", max_retries=1, deadline=6, diff=True)
    assert run.failed
    assert run.result["failure"]["code"] == "network"
    assert run.result["changed"] is False
    assert run.result["after"] == setting("disabled")
    assert run.result["diff"] == {}
    assert "Nothing was changed" in run.message
    assert fake.organization.get()["smtp_disabled"] is True
    assert len(writes(fake)) <= 2


def test_a_write_of_which_nothing_can_be_told(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """Neither an answer nor a look at it: it may have changed, and that is what is said."""
    fake.faults.add("drop", cmdlet="Set-TransportConfig", times=None, arguments={"when": "after"})
    fake.faults.add(
        "status", cmdlet="Get-TransportConfig", skip=1, times=None, arguments={"status": 503, "retry_after": 0}
    )
    run = module(SET, state="enabled", max_retries=1, diff=True)
    assert run.failed
    assert (run.result["changed"], run.result["before"], run.result["after"]) == (True, setting("disabled"), None)
    assert "couldn't be read" in run.message
    assert run.result["diff"]["after"] == "smtp_auth: unknown\n"


def test_a_write_that_shows_late(fake: FakeTenantServer, module: ModuleRunner) -> None:
    fake.faults.add(
        "row_value",
        cmdlet="Get-TransportConfig",
        skip=1,
        times=2,
        arguments={"property": "SmtpClientAuthenticationDisabled", "value": True},
    )
    run = module(SET, state="enabled")
    assert not run.failed, run.message
    assert run.result["after"] == setting("enabled")
    assert len(writes(fake)) == 1
    assert cmdlets(fake).count("Get-TransportConfig") == 4


def test_a_write_that_is_lost(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """Taken and never done. It isn't written twice, and not called done."""
    fake.faults.add("lose_write", cmdlet="Set-TransportConfig")
    run = module(SET, state="enabled", deadline=5)
    assert run.failed
    assert run.result["failure"]["code"] == "not_confirmed"
    assert "still reads disabled" in run.message
    assert (run.result["changed"], run.result["after"]) == (True, setting("disabled"))
    assert len(writes(fake)) == 1


def test_a_write_that_is_lost_and_a_look_that_fails(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """The first look shows what it was, the second fails: what was seen is told, not what was wanted."""
    fake.faults.add("lose_write", cmdlet="Set-TransportConfig")
    fake.faults.add(
        "status", cmdlet="Get-TransportConfig", skip=2, times=None, arguments={"status": 503, "retry_after": 0}
    )
    run = module(SET, state="enabled", max_retries=0)
    assert run.failed
    assert "couldn't be read" in run.message
    assert (run.result["changed"], run.result["after"]) == (True, setting("disabled"))


def test_without_verify_nothing_is_read_back(fake: FakeTenantServer, module: ModuleRunner) -> None:
    run = module(SET, state="enabled", verify=False)
    assert not run.failed, run.message
    assert run.result["after"] == setting("enabled")
    assert cmdlets(fake) == ["Get-TransportConfig", "Get-CASMailbox", "Set-TransportConfig"]


def test_a_role_that_only_reads(fake: FakeTenantServer, module: ModuleRunner) -> None:
    run = module(SET, app="reader", state="enabled", diff=True)
    assert run.failed
    assert run.result["failure"]["code"] == "access_denied"
    assert "Set-TransportConfig" in run.message
    assert run.result["changed"] is False
    assert run.result["before"] == run.result["after"] == setting("disabled")
    assert run.result["diff"] == {}
    assert fake.organization.get()["smtp_disabled"] is True
    checked = module(SET, app="reader", state="enabled", check=True)
    assert not checked.failed, checked.message


def test_a_role_that_may_not_even_read(fake: FakeTenantServer, module: ModuleRunner) -> None:
    run = module(SET, app="recipient_administrator", state="enabled", diff=True)
    assert run.failed
    assert run.result["failure"]["code"] == "access_denied"
    assert "Get-TransportConfig" in run.message
    assert (run.result["before"], run.result["after"], run.result["diff"]) == (None, None, {})
    assert writes(fake) == []


UNREADABLE: dict[str, tuple[str, dict[str, Any]]] = {
    "gone": ("row_without", {"property": "SmtpClientAuthenticationDisabled"}),
    "empty": ("row_value", {"property": "SmtpClientAuthenticationDisabled", "value": None}),
    "a text": ("row_value", {"property": "SmtpClientAuthenticationDisabled", "value": "maybe"}),
    "twice": ("rows_twice", {}),
}


@pytest.mark.parametrize("trouble", UNREADABLE)
def test_a_setting_that_cannot_be_read(fake: FakeTenantServer, module: ModuleRunner, trouble: str) -> None:
    """It is never taken for the other one."""
    effect, arguments = UNREADABLE[trouble]
    fake.faults.add(effect, cmdlet="Get-TransportConfig", times=None, arguments=arguments)
    for state in ("enabled", "disabled"):
        run = module(SET, state=state)
        assert run.result["failure"]["code"] == "unexpected_answer"
        assert run.result["before"] is None
    assert writes(fake) == []
    told = module(INFO)
    assert not told.failed, told.message
    assert told.result["organization"]["state"] == "unknown"
    assert "Get-TransportConfig" in told.result["organization"]["reason"]


@pytest.mark.parametrize(
    "fault",
    [
        {"effect": "page_expired", "endpoint": "page"},
        {"effect": "truncate", "endpoint": "page"},
        {"effect": "link_repeat", "endpoint": ["invoke", "page"]},
        {"effect": "row_without", "endpoint": "page"},
    ],
    ids=lambda fault: fault["effect"],
)
def test_nobody_is_switched_uncounted(
    crowd: FakeTenantServer, crowd_module: ModuleRunner, fault: dict[str, Any]
) -> None:
    """Where the mailboxes can't be listed whole nobody knows who follows: nothing is written, whatever the limit."""
    crowd.faults.add(times=None, **fault)
    for options in ({}, {"max_changes": 100_000}, {"check": True}):
        run = crowd_module(SET, state="enabled", max_retries=0, **options)
        assert run.failed
        assert run.result["changed"] is False
    assert writes(crowd) == []


def test_in_a_playbook(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    """Check and diff on the screen, the connection by module_defaults."""
    text = """\
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/m365ops.exchange_online.exchange_online:
      timeout: 60
  tasks:
    - m365ops.exchange_online.organization_smtp_auth:
        state: enabled
      register: run
    - ansible.builtin.debug:
        msg: "{{ run.affected.count }} of them"
    - m365ops.exchange_online.organization_smtp_auth_info:
      register: now
    - ansible.builtin.debug:
        msg: "it is {{ now.organization.state }}"
"""
    count = len(followers(fake))
    checked = playbook(text, flags=["--check", "--diff"])
    assert checked.code == 0, checked.output
    assert "-smtp_auth: disabled" in checked.stdout
    assert "+smtp_auth: enabled" in checked.stdout
    assert f"{count} of them" in checked.stdout
    assert "it is disabled" in checked.stdout
    done = playbook(text)
    assert done.code == 0, done.output
    assert "it is enabled" in done.stdout
    assert (done.recap()["changed"], playbook(text).recap()["changed"]) == (1, 0)


# Telling it ---------------------------------------------------------------------------------------------------------

BLOCK, ALLOW = "Block Basic", "Allow Basic SMTP"
EVERYBODY = policy("Block legacy everywhere")
SOME = policy("Block legacy for some", users={"excludeUsers": ["11111111-2222-4333-8444-555555555555"]})
ASKING = policy("Second factor", clients=["all"], controls=["mfa"])
DOUBTFUL = policy("From afar", locations={"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]})
OFF = policy("Not in force", state="disabled")

# What is changed of the tenant, where to look in the result, and what has to stand there.
TOLD: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "disabled": ({}, "organization", {"state": "disabled", "allow_legacy_tls_clients": False}),
    "enabled": ({"smtp_disabled": False}, "organization", {"state": "enabled"}),
    "old TLS": ({"allow_legacy_tls": True}, "organization", {"allow_legacy_tls_clients": True}),
    "no default policy": ({}, "authentication_policy", {"state": "allows", "default": ""}),
    "a default policy that blocks": (
        {"default_authentication_policy": BLOCK},
        "authentication_policy",
        {"state": "blocks", "default": BLOCK},
    ),
    "a default policy that allows": (
        {"default_authentication_policy": ALLOW},
        "authentication_policy",
        {
            "state": "allows",
            "default": ALLOW,
            "policies": [
                {"name": BLOCK, "allow_basic_auth_smtp": False},
                {"name": ALLOW, "allow_basic_auth_smtp": True},
            ],
        },
    ),
    "a default policy that isn't there": (
        {"default_authentication_policy": "Gone"},
        "authentication_policy",
        {"state": "unknown", "default": "Gone", "permission": ""},
    ),
    "security defaults off": ({}, "security_defaults", {"state": "disabled"}),
    "security defaults on": ({"security_defaults": True}, "security_defaults", {"state": "enabled"}),
    "no Conditional Access": (
        {"conditional_access": [OFF]},
        "conditional_access",
        {"state": "allows", "policies": []},
    ),
    "Conditional Access for everybody": (
        {"conditional_access": [OFF, SOME, EVERYBODY]},
        "conditional_access",
        {
            "state": "blocks_everyone",
            "policies": [
                {"id": SOME["id"], "name": "Block legacy for some", "covers": "some", "doubt": ""},
                {"id": EVERYBODY["id"], "name": "Block legacy everywhere", "covers": "everyone", "doubt": ""},
            ],
        },
    ),
    "Conditional Access that asks everybody for something": (
        {"conditional_access": [ASKING]},
        "conditional_access",
        {"state": "blocks_everyone"},
    ),
    "Conditional Access for some": ({"conditional_access": [SOME]}, "conditional_access", {"state": "blocks_some"}),
    "Conditional Access, doubtful": (
        {"conditional_access": [DOUBTFUL]},
        "conditional_access",
        {"state": "blocks_some"},
    ),
    "retirement": ({}, "basic_retirement", {"state": "not before 2026-12-31", "reason": ""}),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_holds_for_everybody(fake: FakeTenantServer, module: ModuleRunner, name: str) -> None:
    changes, key, expected = TOLD[name]
    fake.organization.patch(**changes)
    run = module(INFO, env=today("2026-11-24"))
    assert not run.failed, run.message
    told = run.result[key]
    assert {**told, **expected} == told
    assert bool(told["reason"]) is (told["state"] == "unknown")
    assert run.result["changed"] is False
    assert run.result["requests"]["sent"] == 3, "one to Exchange, two to Graph"
    assert writes(fake) == []


def test_a_policy_in_doubt_says_so(fake: FakeTenantServer, module: ModuleRunner) -> None:
    fake.organization.patch(conditional_access=[DOUBTFUL])
    (found,) = module(INFO).result["conditional_access"]["policies"]
    assert (found["name"], found["covers"]) == ("From afar", "some")
    assert found["doubt"] == "it depends on locations"


@pytest.mark.parametrize("form", ["name", "dn", "guid"])
def test_the_default_policy_by_whatever_it_is_called(fake: FakeTenantServer, module: ModuleRunner, form: str) -> None:
    fake.dialect.set(policy_reference=form)
    fake.organization.patch(default_authentication_policy=BLOCK)
    told = module(INFO).result["authentication_policy"]
    assert (told["state"], told["default"]) == ("blocks", BLOCK)


def test_after_the_retirement(module: ModuleRunner) -> None:
    told = module(INFO, env=today("2027-01-01")).result["basic_retirement"]
    assert told["state"] == "unknown"
    assert "end of December 2026" in told["reason"]


LACKING = {
    "Policy.Read.All": {"security_defaults", "conditional_access"},
    "Get-TransportConfig": {"organization"},
    "Get-OrganizationConfig": {"authentication_policy"},
    "Get-AuthenticationPolicy": {"authentication_policy"},
}


@pytest.mark.parametrize("permission", LACKING)
def test_a_permission_is_missing(fake: FakeTenantServer, module: ModuleRunner, permission: str) -> None:
    """Only what needs it is unknown, and names it."""
    fake.organization.patch(default_authentication_policy=BLOCK)
    full = module(INFO).result
    fake.apps.patch(
        "good",
        graph_roles=[] if permission == "Policy.Read.All" else ["Policy.Read.All"],
        directory_roles=[],
        role_group_cmdlets=[name for name in LACKING if name.startswith("Get-") and name != permission],
    )
    run = module(INFO)
    assert not run.failed, run.message
    for key in ("organization", "authentication_policy", "security_defaults", "conditional_access", "basic_retirement"):
        told = run.result[key]
        if key not in LACKING[permission]:
            assert told == full[key]
            continue
        assert told["state"] == "unknown"
        assert permission in told["permission"]
        assert permission in told["reason"]
    if permission == "Policy.Read.All":
        assert "API permissions" in run.result["security_defaults"]["reason"], "and where it is granted"


def test_a_ready_made_token(fake: FakeTenantServer, module: ModuleRunner) -> None:
    run = module(INFO, access_token=fake.tokens.issue(), env={"M365_CLIENT_SECRET": UNSET})
    assert not run.failed, run.message
    assert run.result["organization"]["state"] == "disabled"
    for key in ("security_defaults", "conditional_access"):
        assert (run.result[key]["state"], run.result[key]["permission"]) == ("unknown", "")
        assert "access_token is for Exchange" in run.result[key]["reason"]
    assert fake.log.entries(endpoint="graph") == []


@pytest.mark.parametrize("place", ["graph", "batch"])
def test_a_service_is_down(fake: FakeTenantServer, module: ModuleRunner, place: str) -> None:
    """The task fails, and keeps what the other one told."""
    fake.faults.add("status", endpoint=place, times=None, arguments={"status": 503, "retry_after": 0})
    run = module(INFO, max_retries=1)
    assert run.failed
    assert run.result["failure"]["code"] == "service_error"
    known = {key: run.result[key]["state"] != "unknown" for key in ("organization", "security_defaults")}
    assert known == {"organization": place == "graph", "security_defaults": place == "batch"}


def test_check_mode_reads_all_the_same(module: ModuleRunner) -> None:
    real, checked = module(INFO), module(INFO, check=True, diff=True)
    for run in (real, checked):
        run.result.pop("invocation", None)
    assert checked.result == real.result
