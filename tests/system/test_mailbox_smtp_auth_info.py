# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``mailbox_smtp_auth_info`` tells: the tenant's own truth, of all or of those listed."""

from __future__ import annotations

from collections import Counter

import pytest
from fake_tenant import FakeTenantServer
from harness.run import ModuleRun, ModuleRunner

DOMAIN = "contoso.onmicrosoft.com"
ALICE, BOB, CAROL = (f"{name}@{DOMAIN}" for name in ("alice", "bob", "carol"))
INFO = "mailbox_smtp_auth_info"


def states_of(run: ModuleRun) -> dict[str, str]:
    return {mailbox["primary_smtp_address"]: mailbox["state"] for mailbox in run.result["mailboxes"]}


def assert_nothing_written(fake: FakeTenantServer) -> None:
    assert fake.log.entries(cmdlet="Set-CASMailbox") == []
    assert fake.log.entries(cmdlet="Set-TransportConfig") == []


def test_everybody(crowd: FakeTenantServer, crowd_module: ModuleRunner) -> None:
    """All pages of the listing, each mailbox once, by address, with true states and counts."""
    truth = crowd.mailboxes.states()
    run = crowd_module(INFO)
    assert not run.failed, run.message
    assert states_of(run) == truth
    names = [mailbox["primary_smtp_address"] for mailbox in run.result["mailboxes"]]
    assert names == sorted(truth, key=str.casefold)
    assert [mailbox["mailbox"] for mailbox in run.result["mailboxes"]] == names
    counts = Counter(truth.values())
    assert run.result["summary"] == {"requested": len(truth), **counts, "missing": 0, "failed": 0}
    # Three pages of at most 1,000, and the organization's setting.
    assert run.result["requests"] == {"sent": 4, "retried": 0, "throttled": 0}
    assert run.result["changed"] is False
    assert_nothing_written(crowd)


def test_details(fake: FakeTenantServer, module: ModuleRunner) -> None:
    truth = {mailbox["primary_address"]: mailbox for mailbox in fake.mailboxes.get()}
    run = module(INFO)
    for mailbox in run.result["mailboxes"]:
        true = truth.pop(mailbox["primary_smtp_address"])
        assert mailbox["guid"] == true["guid"]
        assert mailbox["display_name"] == true["display_name"]
    assert truth == {}


@pytest.mark.parametrize("states", [["enabled"], ["disabled", "inherit"], ["enabled", "disabled", "inherit"]])
def test_states_to_keep(fake: FakeTenantServer, module: ModuleRunner, states: list[str]) -> None:
    """The filter chooses what is returned; the counts stay those of the whole."""
    truth = fake.mailboxes.states()
    run = module(INFO, state=states)
    assert states_of(run) == {name: state for name, state in truth.items() if state in states}
    assert {state: run.result["summary"][state] for state in ("enabled", "disabled", "inherit")} == Counter(
        truth.values()
    )


def test_states_to_keep_of_listed_mailboxes(module: ModuleRunner) -> None:
    run = module(INFO, mailboxes=[ALICE, BOB, CAROL], state=["disabled"])
    assert states_of(run) == {BOB: "disabled"}
    assert run.result["summary"] == {
        "requested": 3,
        "enabled": 1,
        "disabled": 1,
        "inherit": 1,
        "missing": 0,
        "failed": 0,
    }


@pytest.mark.parametrize("state", ["on", "Enabled", ""])
def test_unknown_state(fake: FakeTenantServer, module: ModuleRunner, state: str) -> None:
    run = module(INFO, state=[state])
    assert run.failed
    assert "one or more of: enabled, disabled, inherit" in run.message
    assert fake.log.entries() == []


@pytest.mark.parametrize("option", ["mailboxes", "mailbox"])
def test_listed(fake: FakeTenantServer, module: ModuleRunner, option: str) -> None:
    names = [CAROL, "erin.maiden@contoso.onmicrosoft.com", BOB.upper(), "support", "dave@contoso.onmicrosoft.com"]
    run = module(INFO, **{option: names})
    assert not run.failed, run.message
    assert [mailbox["mailbox"] for mailbox in run.result["mailboxes"]] == names
    truth = fake.mailboxes.states()
    assert states_of(run) == {
        name: truth[name]
        for name in (CAROL, "erin.married@contoso.com", BOB, "support@contoso.com", "dave@contoso.com")
    }
    assert_nothing_written(fake)


def test_none(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """An empty list isn't everybody."""
    run = module(INFO, mailboxes=[])
    assert not run.failed
    assert run.result["mailboxes"] == []
    assert run.result["organization"]["state"] == "unknown"
    assert fake.log.entries() == []


def test_missing_fails(module: ModuleRunner) -> None:
    run = module(INFO, mailboxes=[ALICE, "nobody", "noone"])
    assert run.failed
    assert "Not found: nobody, noone" in run.message
    assert "missing to warn" in run.message
    assert run.of(ALICE)["state"] == "enabled"
    assert (run.of("nobody")["state"], run.of("nobody")["error"]["code"]) == (None, "not_found")
    assert (run.result["summary"]["requested"], run.result["summary"]["missing"]) == (3, 2)


def test_missing_is_warned_of(module: ModuleRunner) -> None:
    run = module(INFO, mailboxes=[ALICE, "nobody"], missing="warn")
    assert not run.failed, run.message
    assert [mailbox["mailbox"] for mailbox in run.result["mailboxes"]] == [ALICE]
    assert "nobody" in str(run.result["warnings"])
    assert (run.result["summary"]["requested"], run.result["summary"]["missing"]) == (2, 1)


def test_ambiguous(module: ModuleRunner) -> None:
    run = module(INFO, mailboxes=[ALICE, "reception"])
    assert run.failed
    assert "reception" in run.message
    assert run.of("reception")["error"]["code"] == "ambiguous"
    assert run.of(ALICE)["state"] == "enabled"


@pytest.mark.parametrize(("disabled", "state"), [(True, "disabled"), (False, "enabled")])
def test_organization(fake: FakeTenantServer, module: ModuleRunner, disabled: bool, state: str) -> None:
    fake.organization.patch(smtp_disabled=disabled)
    run = module(INFO, mailboxes=[ALICE])
    assert run.result["organization"] == {"state": state, "reason": ""}


def test_organization_that_may_not_be_read(module: ModuleRunner) -> None:
    """A role for recipients only: the mailboxes are told, the organization is unknown and never guessed."""
    run = module(INFO, app="recipient_administrator", mailboxes=[ALICE])
    assert not run.failed, run.message
    assert run.of(ALICE)["state"] == "enabled"
    assert run.result["organization"]["state"] == "unknown"
    assert "Get-TransportConfig" in run.result["organization"]["reason"]


def test_organization_that_says_nothing(fake: FakeTenantServer, module: ModuleRunner) -> None:
    fake.organization.patch(smtp_disabled=None)
    run = module(INFO, mailboxes=[ALICE])
    assert not run.failed, run.message
    assert run.result["organization"]["state"] == "unknown"
    assert run.result["organization"]["reason"]


def test_check_mode_reads_all_the_same(fake: FakeTenantServer, module: ModuleRunner) -> None:
    real, checked = module(INFO), module(INFO, check=True, diff=True)
    assert checked.result["mailboxes"] == real.result["mailboxes"] != []
    assert "skipped" not in checked.result
    assert_nothing_written(fake)


def test_a_failure_before_reading_counts_what_was_asked_for(module: ModuleRunner) -> None:
    run = module("mailbox_smtp_auth_info", mailboxes=["a@contoso.com", "b@contoso.com"], client_secret="wrong~secret")
    assert run.failed
    assert (run.result["summary"]["requested"], run.result["summary"]["failed"]) == (2, 2)


def test_what_was_read_is_kept_where_the_organization_cannot_be_read(
    fake: FakeTenantServer, module: ModuleRunner
) -> None:
    fake.faults.add("status", endpoint="invoke", cmdlet="Get-TransportConfig", times=None, arguments={"status": 503})
    run = module("mailbox_smtp_auth_info", max_retries=0)
    assert run.failed
    assert {item["mailbox"]: item["state"] for item in run.result["mailboxes"]} == fake.mailboxes.states()
    assert run.result["organization"]["state"] == "unknown"
    assert "organization" in run.message


def test_a_listing_that_fails_at_once_is_done_without(crowd: FakeTenantServer, crowd_module: ModuleRunner) -> None:
    """Look-ups say the same: 30 mailboxes are no reason to give up."""
    names = [f"user{number:05d}@contoso.onmicrosoft.com" for number in range(1, 31)]
    crowd.faults.add("status", endpoint="invoke", times=None, arguments={"status": 500})
    run = crowd_module("mailbox_smtp_auth_info", mailboxes=names, max_retries=0)
    assert {item["mailbox"] for item in run.result["mailboxes"]} == set(names)
    states = crowd.mailboxes.states()
    assert all(item["state"] == states[item["mailbox"]] for item in run.result["mailboxes"])
