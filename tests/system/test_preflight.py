# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Before mailboxes are enabled: who will be blocked all the same is told, or refused; without cost where none is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from fake_tenant.seed_layers import ALLOWS, BLOCKS, DOMAIN, POLICIES
from harness.run import UNSET, ModuleRun, ModuleRunner, PlaybookRunner, today
from harness.smtp import MailClient

pytestmark = pytest.mark.newest_core

SET, INFO = "mailbox_smtp_auth", "mailbox_smtp_auth_info"
NOW = today("2026-11-24")
# They exist, and aren't enabled themselves; what else would block them?
TO_ENABLE = {"plain.off": "", "plain.inherit": "", "policy.blocks.off": "authentication_policy"}
NOBODY = {"checked": 0, "blocked": 0, "mailboxes": [], "unknown": []}


def address(local: str) -> str:
    return f"{local}@{DOMAIN}"


def warnings(run: ModuleRun) -> list[str]:
    """Their texts: how they come differs between versions of Ansible."""
    return [item if isinstance(item, str) else str(item["event"]["msg"]) for item in run.result.get("warnings") or []]


def enable(module: ModuleRunner, *locals_: str, **options: Any) -> ModuleRun:
    names = [address(local) for local in locals_ or TO_ENABLE]
    run = module(SET, **{"mailboxes": names, "state": "enabled", "env": NOW, **options})
    assert "Traceback" not in run.stdout + run.stderr
    return run


def beside(fake: FakeTenantServer) -> list[str]:
    """What was asked about other things than the mailboxes' own settings."""
    asked = [item["cmdlet"] for entry in fake.log.entries() for item in entry["items"]]
    graph = [entry["path"] for entry in fake.log.entries(endpoint="graph")]
    own = ("Get-CASMailbox", "Set-CASMailbox", "Get-Mailbox")  # the last one knows mailboxes by more names
    return [*graph, *(cmdlet for cmdlet in asked if cmdlet not in own)]


def writes(fake: FakeTenantServer) -> list[dict[str, Any]]:
    return fake.log.entries(cmdlet="Set-CASMailbox")


# Warn ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
def test_warns_and_goes_on(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, check: bool) -> None:
    """The mailbox, the layer and what to do are named; it is enabled all the same, and a client is still refused."""
    before = fabrikam.mailboxes.states()
    run = enable(fabrikam_module, check=check)
    assert not run.failed, run.message
    assert run.result["summary"]["changed"] == 3
    preflight = run.result["preflight"]
    assert (preflight["checked"], preflight["blocked"], preflight["unknown"]) == (3, 1, [])
    (blocked,) = preflight["mailboxes"]
    assert {name: blocked[name] for name in ("mailbox", "basic", "oauth", "decided_by")} == {
        "mailbox": address("policy.blocks.off"),
        "basic": "disabled",
        "oauth": "enabled",
        "decided_by": "authentication_policy",
    }
    (text,) = warnings(run)
    for part in (address("policy.blocks.off"), "authentication_policy", BLOCKS, "OAuth can be used"):
        assert part in text
    assert address("plain.off") not in text
    if check:
        assert fabrikam.mailboxes.states() == before
        assert writes(fabrikam) == []
        return
    assert {fabrikam.mailboxes.states()[address(local)] for local in TO_ENABLE} == {"enabled"}
    met = MailClient(fabrikam).let_in(address(local) for local in TO_ENABLE)
    assert met == {address(local): (not layer, True) for local, layer in TO_ENABLE.items()}


@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
def test_says_what_info_says_afterwards(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, check: bool) -> None:
    """Looking ahead tells what looking at it tells once it is done."""
    fabrikam.organization.patch(security_defaults=True, default_authentication_policy=ALLOWS)
    names = [name for name, state in fabrikam.mailboxes.states().items() if state != "enabled"]
    run = enable(fabrikam_module, mailboxes=names, check=check)
    told = {mailbox["mailbox"]: mailbox for mailbox in run.result["preflight"]["mailboxes"]}
    if check:
        fabrikam.mailboxes.set_states(dict.fromkeys(names, "enabled"))
    after = fabrikam_module(INFO, mailboxes=names, effective=True, env=NOW)
    for mailbox in after.result["mailboxes"]:
        effective = mailbox["effective"]
        assert (mailbox["mailbox"] in told) is ("disabled" in (effective["basic"], effective["oauth"]))
        found = told[mailbox["mailbox"]]
        assert {key: effective[key] for key in ("basic", "oauth", "decided_by", "reason")} == {
            key: found[key] for key in ("basic", "oauth", "decided_by", "reason")
        }


# What is changed of the tenant or of plain.off, and what the warning says of plain.off then.
BLOCKERS: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "own policy": ({}, {"authentication_policy": BLOCKS}, "authentication_policy", "Basic (OAuth can be used)"),
    "default policy": (
        {"default_authentication_policy": BLOCKS},
        {},
        "authentication_policy",
        "Basic (OAuth can be used)",
    ),
    "security defaults": ({"security_defaults": True}, {}, "security_defaults", "Basic (OAuth can be used)"),
    "Conditional Access": (
        {"conditional_access": [POLICIES["everybody"]]},
        {},
        "conditional_access",
        "Basic (OAuth can be used)",
    ),
    "Conditional Access for all but a group": (
        {"conditional_access": [POLICIES["but_one_group"]]},
        {},
        "conditional_access",
        "Basic (OAuth can be used)",
    ),
    "blocked account": ({}, {"account_enabled": False}, "account", "Basic (whether OAuth can be used isn't known)"),
    "no licence": ({}, {"licensed": False}, "account", "Basic (whether OAuth can be used isn't known)"),
}


@pytest.mark.parametrize("mode", ["warn", "fail"])
@pytest.mark.parametrize("name", BLOCKERS)
def test_every_layer(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, name: str, mode: str) -> None:
    tenant, mailbox, layer, kinds = BLOCKERS[name]
    fabrikam.organization.patch(**tenant)
    fabrikam.mailboxes.patch(address("plain.off"), **mailbox)
    run = enable(fabrikam_module, "plain.off", preflight=mode)
    assert run.failed is (mode == "fail")
    (text,) = [run.message] if run.failed else warnings(run)
    assert f"{address('plain.off')} will still be blocked for {kinds} by {layer}: " in text
    assert [found["decided_by"] for found in run.result["preflight"]["mailboxes"]] == [layer]
    assert fabrikam.mailboxes.states()[address("plain.off")] == ("disabled" if run.failed else "enabled")


def test_several_layers_are_all_named(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner) -> None:
    fabrikam.organization.patch(security_defaults=True, conditional_access=[POLICIES["everybody"]])
    (text,) = warnings(enable(fabrikam_module, "plain.off"))
    assert "security_defaults: " in text
    assert "conditional_access: " in text


def test_the_organization_being_off_is_nothing_to_warn_of(
    fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner
) -> None:
    """That is what exceptions are for."""
    assert fabrikam.organization.get()["smtp_disabled"] is True
    run = enable(fabrikam_module, "plain.off", "plain.inherit")
    assert warnings(run) == []
    assert run.result["preflight"] == {**NOBODY, "checked": 2}


# Fail ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
def test_fails_before_anything_is_written(
    fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, tmp_path: Path, check: bool
) -> None:
    """Those that nothing blocks aren't enabled either, as an independent read shows."""
    before = fabrikam.mailboxes.states()
    journal = tmp_path / "journal.jsonl"
    run = enable(fabrikam_module, preflight="fail", check=check, diff=True, journal_path=str(journal))
    assert run.failed
    assert run.result["failure"]["code"] == "blocked"
    for part in (
        "Nothing was written",
        "1 of 3",
        address("policy.blocks.off"),
        "authentication_policy",
        "preflight to warn",
    ):
        assert part in run.message
    assert run.result["changed"] is False
    assert run.result["summary"] == {
        "requested": 3,
        "changed": 0,
        "unchanged": 0,
        "missing": 0,
        "failed": 0,
        "planned": 3,
    }
    for mailbox in run.result["mailboxes"]:
        assert mailbox["before"] == mailbox["after"] == before[mailbox["mailbox"]]
        assert (mailbox["changed"], mailbox["planned"], mailbox["wanted"]) == (False, True, "enabled")
    assert len(run.result["diff"]) == 3, "what would have become of it"
    assert writes(fabrikam) == []
    assert not journal.exists()
    told = fabrikam_module(INFO)
    assert {mailbox["mailbox"]: mailbox["state"] for mailbox in told.result["mailboxes"]} == before
    assert fabrikam.mailboxes.states() == before


def test_does_not_fail_where_all_is_clear(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner) -> None:
    run = enable(fabrikam_module, "plain.off", "plain.inherit", preflight="fail")
    assert not run.failed, run.message
    assert run.result["summary"]["changed"] == 2


def test_does_not_fail_for_a_mailbox_that_is_enabled_already(
    fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner
) -> None:
    """What isn't to be changed isn't looked at."""
    run = enable(fabrikam_module, "policy.blocks", "plain.off", preflight="fail")
    assert not run.failed, run.message
    assert run.result["preflight"]["checked"] == 1


# Off, and where there is nothing to look at -------------------------------------------------------------------------


def test_off_does_not_look(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner) -> None:
    run = enable(fabrikam_module, preflight="off")
    assert not run.failed, run.message
    assert warnings(run) == []
    assert run.result["preflight"] == NOBODY
    assert beside(fabrikam) == []


@pytest.mark.parametrize("mode", ["warn", "fail"])
@pytest.mark.parametrize(
    ("names", "state"),
    [
        (["plain.on", "policy.blocks"], "disabled"),
        (["plain.on", "policy.blocks"], "inherit"),
        (["plain.on", "policy.blocks"], "enabled"),
    ],
    ids=["disabling", "inheriting", "enabled already"],
)
def test_costs_nothing_where_nothing_is_enabled(
    fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, names: list[str], state: str, mode: str
) -> None:
    without = enable(fabrikam_module, *names, state=state, preflight="off")
    fabrikam.reset()
    run = enable(fabrikam_module, *names, state=state, preflight=mode)
    assert not run.failed, run.message
    assert run.result["requests"] == without.result["requests"]
    assert run.result["preflight"] == NOBODY
    assert beside(fabrikam) == []


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"max_changes": 1}, "max_changes"),
        ({"mailboxes": [address("plain.off"), "nobody"]}, "not_found"),
        ({"mailboxes": [address("plain.off"), "plain.off"]}, "duplicate"),
        ({"mailboxes": []}, ""),
    ],
    ids=["too many", "missing", "twice", "none"],
)
def test_a_plan_that_fails_isnt_looked_at(
    fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, options: dict[str, Any], code: str
) -> None:
    run = enable(fabrikam_module, **options)
    assert (run.result.get("failure") or {"code": ""})["code"] == code
    assert run.result["preflight"] == NOBODY
    assert beside(fabrikam) == []


# What can't be read -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["warn", "fail"])
def test_what_is_unknown_is_warned_of_once(
    fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, mode: str
) -> None:
    """For all mailboxes together, each permission by its name. It never fails the task."""
    run = enable(fabrikam_module, "plain.off", "plain.inherit", app="no_graph", preflight=mode)
    assert not run.failed, run.message
    (text,) = warnings(run)
    assert {layer["layer"] for layer in run.result["preflight"]["unknown"]} == {
        "account",
        "security_defaults",
        "conditional_access",
    }
    for layer in run.result["preflight"]["unknown"]:
        assert layer["layer"] in text
        assert layer["reason"] in text
    assert "User.Read.All" in text
    assert "Policy.Read.All" in text
    assert run.result["preflight"]["blocked"] == 0
    assert {fabrikam.mailboxes.states()[address(local)] for local in ("plain.off", "plain.inherit")} == {"enabled"}


def test_what_is_known_to_block_is_told_though_others_are_unknown(
    fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner
) -> None:
    run = enable(fabrikam_module, app="no_graph", preflight="fail")
    assert run.result["failure"]["code"] == "blocked"
    assert address("policy.blocks.off") in run.message
    assert "(OAuth can be used)" not in run.message, "that isn't known"
    assert "(whether OAuth can be used isn't known)" in run.message
    assert writes(fabrikam) == []


def test_a_ready_made_token(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner) -> None:
    run = enable(
        fabrikam_module,
        "plain.off",
        access_token=fabrikam.tokens.issue(),
        env={**NOW, "M365_CLIENT_SECRET": UNSET},
    )
    assert not run.failed, run.message
    (text,) = warnings(run)
    assert "access_token is for Exchange" in text
    assert fabrikam.log.entries(endpoint="graph") == []


@pytest.mark.parametrize("mode", ["warn", "fail"])
@pytest.mark.parametrize(
    "fault",
    [
        {"effect": "status", "arguments": {"status": 503, "retry_after": 0}},
        {"effect": "drop"},
        {"effect": "body_html"},
        {"effect": "status", "arguments": {"status": 429, "retry_after": "absurd"}},
    ],
    ids=["503", "drop", "html", "429"],
)
def test_graph_is_down(
    fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, fault: dict[str, Any], mode: str
) -> None:
    """Looking ahead is a help, and no reason not to do what was asked."""
    fabrikam.faults.add(endpoint="graph", times=None, **fault)
    run = enable(fabrikam_module, "plain.off", preflight=mode, max_retries=1, deadline=30)
    assert not run.failed, run.message
    assert fabrikam.mailboxes.states()[address("plain.off")] == "enabled"
    (text,) = warnings(run)
    for layer in ("account", "security_defaults", "conditional_access"):
        assert layer in text
    assert len(fabrikam.log.entries(endpoint="graph")) <= 2 * 3


def test_exchange_refuses_a_layer(fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner) -> None:
    """A role that may set mailboxes, and read no users."""
    fabrikam.apps.patch("good", directory_roles=[], role_group_cmdlets=["Get-CASMailbox", "Set-CASMailbox"])
    run = enable(fabrikam_module, "plain.off")
    assert not run.failed, run.message
    (text,) = warnings(run)
    assert "Get-User" in text
    assert fabrikam.mailboxes.states()[address("plain.off")] == "enabled"


# Many ---------------------------------------------------------------------------------------------------------------


def differing(fake: FakeTenantServer, count: int) -> list[str]:
    return [name for name, state in fake.mailboxes.states().items() if name.startswith("user") and state != "enabled"][
        :count
    ]


def test_sixty(crowd: FakeTenantServer, crowd_module: ModuleRunner) -> None:
    """One sentence for all that are alike, and a handful of requests."""
    names = differing(crowd, 60)
    crowd.organization.patch(default_authentication_policy="Block Basic")
    for name in names[50:]:
        crowd.mailboxes.patch(name, licensed=False)
    plain = crowd_module(SET, mailboxes=names, state="enabled", preflight="off", check=True)
    run = crowd_module(SET, mailboxes=names, state="enabled", env=NOW)
    assert not run.failed, run.message
    preflight = run.result["preflight"]
    assert (preflight["checked"], preflight["blocked"]) == (60, 60)
    assert [found["mailbox"] for found in preflight["mailboxes"]] == names
    alike, others = warnings(run)
    assert f"{', '.join(names[:5])} and 45 more will still be blocked for Basic (OAuth can be used)" in alike
    assert (
        f"{', '.join(names[50:55])} and 5 more will still be blocked for Basic (whether OAuth can be used isn't known)"
        in others
    )
    assert "no licence" in others
    crowd.mailboxes.set_states(dict.fromkeys(names, "inherit"))
    ahead = crowd_module(SET, mailboxes=names, state="enabled", env=NOW, check=True)
    # The organization and the users: by ten, or a listing of three pages. Accounts: by fifteen, or a listing.
    assert 4 <= ahead.result["requests"]["sent"] - plain.result["requests"]["sent"] <= 7 + 4 + 2


def test_names_up_to_a_hundred(crowd: FakeTenantServer, crowd_module: ModuleRunner) -> None:
    names = differing(crowd, 120)
    crowd.organization.patch(security_defaults=True)
    run = crowd_module(SET, mailboxes=names, state="enabled", check=True, env=NOW)
    assert run.result["preflight"]["blocked"] == 120
    assert [found["mailbox"] for found in run.result["preflight"]["mailboxes"]] == names[:100]
    (text,) = warnings(run)
    assert "and 115 more" in text


# On the screen ------------------------------------------------------------------------------------------------------


def test_in_a_playbook(fabrikam: FakeTenantServer, fabrikam_playbook: PlaybookRunner) -> None:
    text = f"""\
- hosts: localhost
  gather_facts: false
  tasks:
    - m365ops.exchange_online.mailbox_smtp_auth:
        mailboxes: {address("policy.blocks.off")}
        state: enabled
        preflight: "{{{{ wanted }}}}"
"""
    run = fabrikam_playbook(text, wanted="fail")
    assert run.code == 2
    assert "Nothing was written" in run.output
    run = fabrikam_playbook(text, wanted="warn", flags=["--check"])
    assert run.code == 0, run.output
    assert "[WARNING]" in run.output
    assert "will still be blocked for Basic" in " ".join(run.output.split())
    assert fabrikam.mailboxes.states()[address("policy.blocks.off")] == "disabled"
