# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan has a fingerprint, by which another one is refused; and a plan that is refused, whatever for, is shown."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from harness.run import ModuleRun, ModuleRunner

SET, BASELINE, RESTORE, ORGANIZATION = (
    "mailbox_smtp_auth",
    "smtp_auth_baseline",
    "smtp_auth_restore",
    "organization_smtp_auth",
)
DOMAIN = "contoso.onmicrosoft.com"
ALICE, BOB, CAROL, FRANK = (f"{name}@{DOMAIN}" for name in ("alice", "bob", "carol", "frank"))
LISTED = (ALICE, BOB, CAROL)
BEFORE = {ALICE: "enabled", BOB: "disabled", CAROL: "inherit"}
OTHER = "0" * 64


@pytest.fixture(autouse=True)
def _as_it_was(fake: FakeTenantServer) -> None:
    fake.mailboxes.set_states(BEFORE)


def written(fake: FakeTenantServer) -> int:
    return len(fake.log.entries(cmdlet="Set-CASMailbox")) + len(fake.log.entries(cmdlet="Set-TransportConfig"))


def journal(module: ModuleRunner, fake: FakeTenantServer, path: Path) -> str:
    """Of a run that put all three to enabled."""
    run = module(SET, mailboxes=list(LISTED), state="enabled", journal_path=str(path), preflight="off")
    assert not run.failed, run.message
    return str(path)


def sign_in(fake: FakeTenantServer, mailbox: str) -> dict[str, Any]:
    user = next(item for item in fake.mailboxes.get() if item["primary_address"] == mailbox)
    when = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    return {
        "createdDateTime": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "userId": user["object_id"],
        "userPrincipalName": user["user_principal_name"],
        "clientAppUsed": "Authenticated SMTP",
        "status": {"errorCode": 0},
    }


# The fingerprint ------------------------------------------------------------------------------------------------------


def test_the_fingerprint_is_the_same_in_check_mode_for_real_and_from_both_modules(
    module: ModuleRunner, fake: FakeTenantServer
) -> None:
    asked: dict[str, Any] = {"mailboxes": list(LISTED), "state": "disabled"}
    preview = module(SET, check=True, **asked)
    plan = preview.result["plan"]
    assert len(plan) == 64
    assert module(SET, check=True, mailboxes=list(reversed(LISTED)), state="disabled").result["plan"] == plan
    assert module(BASELINE, check=True, disabled=list(LISTED)).result["plan"] == plan
    guid = next(item["guid"] for item in fake.mailboxes.get() if item["primary_address"] == ALICE)
    assert module(SET, check=True, mailboxes=[guid, CAROL], state="disabled").result["plan"] == plan, "Bob is right"
    assert module(SET, check=True, mailboxes=[ALICE], state="disabled").result["plan"] != plan
    assert module(SET, check=True, mailboxes=list(LISTED), state="inherit").result["plan"] != plan

    run = module(SET, expected_plan=f" {plan.upper()}\n", **asked)
    assert not run.failed, run.message
    assert (run.result["plan"], written(fake)) == (plan, 1)


def test_the_organizations_switch_is_a_part_of_it(module: ModuleRunner, fake: FakeTenantServer) -> None:
    asked: dict[str, Any] = {"enabled": [CAROL], "preflight": "off"}
    alone = module(BASELINE, check=True, **asked).result["plan"]
    same = module(BASELINE, check=True, organization="disabled", **asked)
    assert same.result["plan"] == alone, "it is off already"
    turned = module(BASELINE, check=True, organization="enabled", **asked).result["plan"]
    assert turned != alone
    refused = module(BASELINE, organization="enabled", expected_plan=alone, diff=True, **asked)
    assert refused.result["failure"]["code"] == "another_plan"
    assert refused.result["organization"] == {
        "before": "disabled",
        "after": "disabled",
        "changed": False,
        "planned": True,
        "wanted": "enabled",
    }
    assert refused.result["diff"][0]["after"] == "smtp_auth: enabled\n"
    assert not module(BASELINE, organization="enabled", expected_plan=turned, **asked).failed


@pytest.mark.parametrize("expected", [None, "", "  "])
@pytest.mark.parametrize("name", [SET, BASELINE])
def test_an_empty_text_expects_nothing(
    module: ModuleRunner, fake: FakeTenantServer, name: str, expected: str | None
) -> None:
    asked: dict[str, Any] = {"mailboxes": [ALICE], "state": "disabled"} if name == SET else {"disabled": [ALICE]}
    assert not module(name, expected_plan=expected, **asked).failed
    assert written(fake) == 1


def test_a_tenant_that_has_moved_is_refused(module: ModuleRunner, fake: FakeTenantServer) -> None:
    """Whichever way it moved, also to where nothing is left to be done."""
    asked: dict[str, Any] = {"mailboxes": [ALICE, CAROL], "state": "disabled"}
    plan = module(SET, check=True, **asked).result["plan"]
    for states in ({ALICE: "inherit"}, {ALICE: "disabled"}, {CAROL: "disabled", ALICE: "disabled"}):
        fake.mailboxes.set_states({**BEFORE, **states})
        for check in (False, True):
            run = module(SET, check=check, expected_plan=plan, **asked)
            assert (run.result["failure"]["code"], run.result["failure"]["option"]) == ("another_plan", "expected_plan")
            assert run.result["plan"] != plan
    assert module(SET, mailboxes=[], state="disabled", expected_plan=plan).result["failure"]["code"] == "another_plan"
    assert written(fake) == 0


def test_the_plan_of_putting_back(module: ModuleRunner, fake: FakeTenantServer, tmp_path: Path) -> None:
    path = journal(module, fake, tmp_path / "journal")
    plan = module(RESTORE, journal=path, check=True).result["plan"]
    refused = module(RESTORE, journal=path, expected_plan=OTHER)
    assert (refused.result["failure"]["code"], refused.result["plan"]) == ("another_plan", plan)
    assert fake.mailboxes.states()[BOB] == "enabled"
    assert not module(RESTORE, journal=path, expected_plan=plan).failed
    assert {name: fake.mailboxes.states()[name] for name in LISTED} == BEFORE


# Whatever refuses a plan, it is shown ---------------------------------------------------------------------------------

REASONS = {
    "max_changes": ({"max_changes": 1}, "max_changes"),
    "another_plan": ({"expected_plan": OTHER}, "expected_plan"),
    "in_use": ({"refuse_if_used_within_days": 14}, "refuse_if_used_within_days"),
}


def shown(run: ModuleRun, code: str, option: str, wanted: dict[str, str]) -> None:
    """``wanted``: what would change."""
    result = run.result
    assert run.failed
    assert (result["failure"]["code"], result["failure"]["option"]) == (code, option)
    assert result["changed"] is False
    planned = {row["mailbox"]: row for row in result["mailboxes"] if row.get("planned")}
    assert {name: row["wanted"] for name, row in planned.items()} == wanted
    for name, row in planned.items():
        assert (row["before"], row["after"], row["changed"]) == (BEFORE[name], BEFORE[name], False)
    summary = result["summary"]
    assert (summary["planned"], summary["changed"]) == (len(wanted), 0)
    assert summary["requested"] == sum(summary[key] for key in ("planned", "unchanged", "missing", "failed"))
    assert {(entry["before"], entry["after"]) for entry in result["diff"]} == {
        (f"smtp_auth: {BEFORE[name]}\n", f"smtp_auth: {state}\n") for name, state in wanted.items()
    }
    assert len(result["plan"]) == 64
    assert result["not_shown"] == {"mailboxes": 0, "diff": 0}


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("reason", sorted(REASONS))
@pytest.mark.parametrize("name", [SET, BASELINE])
def test_a_refused_plan_is_shown(
    module: ModuleRunner, fake: FakeTenantServer, name: str, reason: str, check: bool
) -> None:
    fake.organization.patch(sign_ins=[sign_in(fake, ALICE)])
    options, option = REASONS[reason]
    asked: dict[str, Any] = {"mailboxes": list(LISTED), "state": "disabled"}
    run = module(name, check=check, diff=True, **options, **(asked if name == SET else {"disabled": list(LISTED)}))
    shown(run, reason, option, {ALICE: "disabled", CAROL: "disabled"})
    assert [row["mailbox"] for row in run.result["mailboxes"]] == [ALICE, CAROL], "what concerns the refusal"
    assert written(fake) == 0
    assert "Nothing was written" in run.message or "nothing was written" in run.message


@pytest.mark.parametrize("name", [SET, BASELINE])
def test_a_plan_that_preflight_refuses_is_shown(module: ModuleRunner, fake: FakeTenantServer, name: str) -> None:
    fake.organization.patch(security_defaults=True)
    asked: dict[str, Any] = {"mailboxes": list(LISTED), "state": "enabled"}
    run = module(name, diff=True, preflight="fail", **(asked if name == SET else {"enabled": list(LISTED)}))
    shown(run, "blocked", "preflight", {BOB: "enabled", CAROL: "enabled"})
    assert run.result["preflight"]["blocked"] == 2
    assert written(fake) == 0


def test_a_restore_that_is_refused_is_shown(module: ModuleRunner, fake: FakeTenantServer, tmp_path: Path) -> None:
    path = journal(module, fake, tmp_path / "journal")
    run = module(RESTORE, journal=path, max_changes=1, diff=True)
    assert run.result["failure"]["code"] == "max_changes"
    rows = [(row["mailbox"], row["planned"], row["after"], row["wanted"]) for row in run.result["mailboxes"]]
    assert rows == [(BOB, True, "enabled", "disabled"), (CAROL, True, "enabled", "inherit")]
    assert run.result["summary"]["planned"] == len(run.result["diff"]) == 2
    assert fake.mailboxes.states()[BOB] == "enabled"


def test_a_switch_that_is_refused_is_shown(module: ModuleRunner, fake: FakeTenantServer) -> None:
    run = module(ORGANIZATION, state="enabled", max_changes=1, diff=True, return_affected=2)
    result = run.result
    assert (result["failure"]["code"], result["failure"]["option"]) == ("max_changes", "max_changes")
    assert (result["changed"], result["planned"]) == (False, True)
    assert (result["before"]["state"], result["after"]["state"], result["wanted"]["state"]) == (
        "disabled",
        "disabled",
        "enabled",
    )
    assert result["diff"]["after"].startswith("smtp_auth: enabled")
    assert len(result["affected"]["mailboxes"]) == 2 < result["affected"]["count"]
    assert written(fake) == 0


def test_all_rows_only_if_they_are_asked_for(module: ModuleRunner, fake: FakeTenantServer) -> None:
    asked: dict[str, Any] = {"mailboxes": list(LISTED), "state": "disabled", "max_changes": 1}
    for rows, names in (("all", list(LISTED)), ("changed", [ALICE, CAROL]), ("first", [ALICE, CAROL]), ("none", [])):
        run = module(SET, return_mailboxes=rows, **asked)
        assert [row["mailbox"] for row in run.result["mailboxes"]] == names, rows
    assert [row["mailbox"] for row in module(SET, check=True, **{**asked, "max_changes": 2}).result["mailboxes"]] == [
        *LISTED
    ], "all, where the plan wasn't refused"


def test_a_large_plan_that_is_refused_stays_small(crowd_module: ModuleRunner, crowd: FakeTenantServer) -> None:
    run = crowd_module(BASELINE, exceptions=[], everyone_else="disabled", max_changes="5%", diff=True)
    result = run.result
    assert result["failure"]["code"] == "max_changes"
    planned = result["summary"]["planned"]
    assert planned > 1000
    assert (len(result["mailboxes"]), len(result["diff"])) == (500, 500)
    assert result["not_shown"] == {"mailboxes": planned - 500, "diff": planned - 500}
    assert len(run.stdout) < 700_000
    assert len(run.message) < 1000
    every = crowd_module(BASELINE, exceptions=[], everyone_else="disabled", max_changes="5%", return_mailboxes="all")
    assert sum(row.get("planned", False) for row in every.result["mailboxes"]) == planned


# The guard by the sign-in log -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("organization", ["enabled", "disabled"])
@pytest.mark.parametrize(
    ("state", "before", "loses"),
    [
        ("disabled", "enabled", {"enabled": True, "disabled": True}),
        ("disabled", "inherit", {"enabled": True, "disabled": False}),
        ("inherit", "enabled", {"enabled": False, "disabled": True}),
        ("inherit", "disabled", {"enabled": False, "disabled": False}),
        ("enabled", "disabled", {"enabled": False, "disabled": False}),
    ],
)
def test_who_uses_it_does_not_lose_it_by_a_list(
    module: ModuleRunner, fake: FakeTenantServer, state: str, before: str, loses: dict[str, bool], organization: str
) -> None:
    fake.mailboxes.patch(ALICE, state=before)
    fake.organization.patch(smtp_disabled=organization == "disabled", sign_ins=[sign_in(fake, ALICE)])
    run = module(SET, mailboxes=[ALICE], state=state, refuse_if_used_within_days=7, preflight="off")
    assert run.failed is loses[organization], run.message
    assert written(fake) == (0 if run.failed else 1)
    assert [one["mailbox"] for one in run.result["in_use"]] == ([ALICE] if run.failed else [])
    if before == "disabled" or state == "enabled":
        assert fake.log.entries(endpoint="graph") == [], "the log isn't asked where nobody can lose"


@pytest.mark.parametrize("days", [0, 31, -1])
def test_days_out_of_range_ask_nothing(module: ModuleRunner, fake: FakeTenantServer, days: int) -> None:
    run = module(SET, mailboxes=[ALICE], state="disabled", refuse_if_used_within_days=days)
    assert "from 1 to 30" in run.message
    assert fake.log.entries() == []


def test_without_the_log_a_list_is_refused(module: ModuleRunner, fake: FakeTenantServer) -> None:
    run = module(SET, app="no_graph", mailboxes=[ALICE], state="disabled", refuse_if_used_within_days=7)
    assert (run.result["failure"]["code"], written(fake)) == ("no_evidence", 0)
