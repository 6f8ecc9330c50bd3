# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role ``smtp_auth``: three lists in, one task with one plan before the first write, a report, an honest recap."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from harness.run import ModuleRunner, PlaybookRun, PlaybookRunner

pytestmark = pytest.mark.every_core

ROLE = """
- name: Role
  hosts: localhost
  connection: local
  gather_facts: false
  roles:
    - m365ops.exchange_online.smtp_auth
"""
DOMAIN = "contoso.onmicrosoft.com"
ALICE, BOB, CAROL, FRANK = (f"{name}@{DOMAIN}" for name in ("alice", "bob", "carol", "frank"))
DAVE = "dave@contoso.com"  # has more addresses: dave@contoso.onmicrosoft.com, d.dupont@contoso.com
SHOW_STATISTICS = {"ANSIBLE_SHOW_CUSTOM_STATS": "1"}


def statistics(run: PlaybookRun) -> dict[str, Any]:
    """What the role handed on with set_stats."""
    return dict(run.handed_on["smtp_auth_report"])


def writes(fake: FakeTenantServer) -> list[dict[str, Any]]:
    return fake.log.entries(cmdlet="Set-CASMailbox")


def crowd_names(first: int, last: int) -> list[str]:
    return [f"user{number:05d}@{DOMAIN}" for number in range(first, last + 1)]


def test_check_apply_and_again(crowd: FakeTenantServer, crowd_playbook: PlaybookRunner) -> None:
    lists = {"enabled": crowd_names(1, 25), "disabled": crowd_names(26, 50), "inherit": crowd_names(51, 55)}
    wanted = {name: state for state, names in lists.items() for name in names}
    variables = {f"smtp_auth_{state}": names for state, names in lists.items()}
    before = crowd.mailboxes.states()
    off = {name for name, state in wanted.items() if before[name] != state}

    checked = crowd_playbook(ROLE, flags=["--check", "--diff"], env=SHOW_STATISTICS, **variables)
    assert checked.code == 0, checked.output
    assert crowd.mailboxes.states() == before
    assert writes(crowd) == []
    assert re.search(r"plan: [0-9a-f]{64} \(smtp_auth_expected_plan", checked.output)
    assert statistics(checked)["changed"] == len(off)
    assert statistics(checked)["check_mode"] is True
    assert checked.output.count("(after)") == len(off)
    assert checked.recap()["changed"] == 1

    done = crowd_playbook(ROLE, flags=["--diff"], env=SHOW_STATISTICS, **variables)
    assert done.code == 0, done.output
    assert crowd.mailboxes.states() == {**before, **wanted}
    assert done.output.count("(after)") == len(off)
    assert statistics(done)["changed"] == len(off)
    assert done.recap()["changed"] == 1

    again = crowd_playbook(ROLE, flags=["--diff"], env=SHOW_STATISTICS, **variables)
    assert again.code == 0, again.output
    assert again.recap()["changed"] == 0
    assert statistics(again)["lists"]["enabled"]["unchanged"] == 25
    assert "(after)" not in again.output


def test_nothing_given_is_fine(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    run = playbook(ROLE, smtp_auth_enabled="", smtp_auth_disabled=[])
    assert run.code == 0, run.output
    assert "No mailbox was given: nothing to do." in run.output
    assert fake.log.entries() == []


def test_the_organization_alone(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    fake.organization.patch(smtp_disabled=False)
    before = fake.mailboxes.states()
    run = playbook(ROLE, smtp_auth_organization="disabled")
    assert run.code == 0, run.output
    assert "organization: enabled, changed to disabled" in run.output
    assert fake.organization.get()["smtp_disabled"] is True
    assert fake.mailboxes.states() == before


@pytest.mark.parametrize(
    ("variables", "messages"),
    [
        pytest.param(
            {"smtp_auth_enabled": [BOB, ALICE], "smtp_auth_inherit": [ALICE.upper()]},
            [f"{ALICE.upper()} is declared twice, as entry 2 of smtp_auth_enabled and as entry 1 of smtp_auth_inherit"],
            id="in two lists",
        ),
        pytest.param(
            {"smtp_auth_disabled": [BOB, " ", None]},
            ["smtp_auth_disabled: entry 2 is blank", "smtp_auth_disabled: entry 3 is blank"],
            id="blank and null",
        ),
        pytest.param(
            {"smtp_auth_enabled": [BOB], "smtp_auth_max_changes": "few"},
            ["smtp_auth_max_changes is 'few'"],
            id="number",
        ),
        pytest.param(
            {"smtp_auth_enabled": [BOB], "smtp_auth_everyone_else": "disabled"},
            ["smtp_auth_everyone_else is for a baseline"],
            id="everyone else",
        ),
    ],
)
def test_what_the_lists_alone_tell_costs_no_request(
    fake: FakeTenantServer, playbook: PlaybookRunner, variables: dict[str, Any], messages: list[str]
) -> None:
    run = playbook(ROLE, **variables)
    assert run.code != 0
    for message in messages:
        assert message in run.output
    assert fake.log.entries() == []


@pytest.mark.parametrize(
    ("variables", "messages"),
    [
        pytest.param(
            {"smtp_auth_enabled": [BOB, "nobody@contoso.com"], "smtp_auth_inherit": [CAROL, "noone@contoso.com"]},
            ["nobody@contoso.com", "noone@contoso.com"],
            id="unknown in two lists",
        ),
        pytest.param(
            {"smtp_auth_disabled": [DAVE], "smtp_auth_inherit": ["d.dupont@contoso.com"]},
            [f"entry 1 of smtp_auth_disabled ({DAVE}) and entry 1 of smtp_auth_inherit (d.dupont@contoso.com)"],
            id="two names in two lists",
        ),
        pytest.param({"smtp_auth_enabled": [BOB], "smtp_auth_disabled": ["reception"]}, ["reception"], id="ambiguous"),
        pytest.param(
            {"smtp_auth_enabled": [BOB, CAROL], "smtp_auth_disabled": [ALICE], "smtp_auth_max_changes": "2"},
            [
                "The plan changes 3 of 3 mailboxes, more than smtp_auth_max_changes=2",
                "refused, would change 3: ",
                f"{ALICE} (enabled to disabled)",
            ],
            id="over the limit",
        ),
        pytest.param(
            {"smtp_auth_enabled": [BOB], "smtp_auth_max_changes": 0},
            ["changes 1 of 1 mailboxes, more than smtp_auth_max_changes=0"],
            id="a limit of nought",
        ),
    ],
)
@pytest.mark.parametrize("flags", [[], ["--check"]], ids=["run", "check"])
def test_a_plan_that_is_wrong_anywhere_writes_nothing(
    fake: FakeTenantServer, playbook: PlaybookRunner, variables: dict[str, Any], messages: list[str], flags: list[str]
) -> None:
    before = fake.mailboxes.states()
    run = playbook(ROLE, flags=flags, **variables)
    assert run.code != 0
    for message in messages:
        assert message in run.output
    assert writes(fake) == []
    assert fake.mailboxes.states() == before


def test_missing_may_be_a_warning(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    run = playbook(ROLE, env=SHOW_STATISTICS, smtp_auth_enabled=["nobody@contoso.com", BOB], smtp_auth_missing="warn")
    assert run.code == 0, run.output
    assert fake.mailboxes.states()[BOB] == "enabled"
    assert "enabled: 2 asked, 1 changed, 0 already right, 1 missing" in run.output
    assert statistics(run)["lists"]["enabled"]["missing"] == 1


def test_one_that_fails_stops_no_other(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    fake.faults.add(
        "status", cmdlet="Set-CASMailbox", identity=BOB, times=None, arguments={"status": 400, "type": "System.Odd"}
    )
    variables = {"smtp_auth_enabled": [BOB, CAROL], "smtp_auth_disabled": [ALICE]}
    run = playbook(ROLE, env=SHOW_STATISTICS, **variables)
    assert run.code != 0
    assert run.recap()["failed"] == 1
    assert {name: fake.mailboxes.states()[name] for name in (ALICE, BOB, CAROL)} == {
        ALICE: "disabled",
        BOB: "disabled",
        CAROL: "enabled",
    }
    assert f"{BOB}: " in run.output
    assert statistics(run)["failed_mailboxes"] == [BOB]
    assert (statistics(run)["changed"], statistics(run)["failed"]) == (2, 1)

    fake.faults.clear()
    again = playbook(ROLE, env=SHOW_STATISTICS, **variables)
    assert again.code == 0, again.output
    assert fake.mailboxes.states()[BOB] == "enabled"
    assert statistics(again)["changed"] == 1


def test_one_that_is_deleted_before_its_write_blocks_no_other(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    fake.mailboxes.set_states({ALICE: "inherit", BOB: "inherit", CAROL: "inherit"})
    lists = {"smtp_auth_enabled": [ALICE, BOB, CAROL]}
    fake.log.clear()
    assert playbook(ROLE, flags=["--check"], **lists).code == 0
    reads = len(fake.log.entries(endpoint="batch"))
    fake.faults.add("delete_mailbox", endpoint="batch", skip=reads, arguments={"mailbox": BOB})

    run = playbook(ROLE, env=SHOW_STATISTICS, **lists)
    assert run.code == 2
    states = fake.mailboxes.states()
    assert (states[ALICE], states[CAROL]) == ("enabled", "enabled")
    assert BOB not in states
    assert "enabled: 3 asked, 2 changed, 0 already right, 1 failed" in run.output
    assert statistics(run)["failed_mailboxes"] == [BOB]


def test_a_plan_over_the_limit_is_shown(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    fake.mailboxes.set_states({ALICE: "enabled", BOB: "inherit", CAROL: "inherit", FRANK: "enabled"})
    before = fake.mailboxes.states()
    run = playbook(ROLE, env=SHOW_STATISTICS, smtp_auth_enabled=[ALICE, BOB, FRANK, CAROL], smtp_auth_max_changes=1)
    assert run.code == 2
    assert fake.mailboxes.states() == before
    assert "enabled: 4 asked, 0 changed, 2 already right" in run.output
    assert f"refused, would change 2: {BOB} (inherit to enabled), {CAROL} (inherit to enabled)" in run.output
    assert statistics(run)["drifted"] == 2
    assert statistics(run)["failure"] == "max_changes"


def test_a_secret_that_is_a_part_of_every_address(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    """Ansible masks it in the results; what is written is right all the same."""
    variables = {"smtp_auth_enabled": ["nobody@contoso.com", BOB, CAROL], "smtp_auth_missing": "warn"}
    run = playbook(ROLE, env={"M365_CERTIFICATE_PASSPHRASE": "contoso", **SHOW_STATISTICS}, **variables)
    assert run.code == 0, run.output
    assert (fake.mailboxes.states()[BOB], fake.mailboxes.states()[CAROL]) == ("enabled", "enabled")


def test_an_app_that_may_not_write(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    run = playbook(ROLE, app="reader", env=SHOW_STATISTICS, smtp_auth_enabled=[BOB, CAROL])
    assert run.code == 2
    assert "enabled: 2 asked, 0 changed, 0 already right, 2 failed" in run.output
    assert statistics(run)["failed"] == 2
    assert "Global Reader" in run.output


def test_a_refused_sign_in_is_tried_once(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    secret = "wrong~secret~that~nobody~shall~see"
    run = playbook(
        ROLE,
        flags=["-vvvv"],
        env={"M365_CLIENT_SECRET": secret},
        smtp_auth_enabled=[BOB, CAROL],
        smtp_auth_disabled=[ALICE],
    )
    assert run.code != 0
    assert "AADSTS7000215" in run.output
    assert len(fake.log.entries(endpoint="token")) == 1
    assert secret not in run.output


def test_empty_answers_of_a_form_are_no_answers(
    fake: FakeTenantServer, playbook: PlaybookRunner, tmp_path: Path
) -> None:
    run = playbook(
        ROLE,
        smtp_auth_enabled=f"{BOB}\n\n# a comment\n  {CAROL}\r\n",
        smtp_auth_disabled="",
        smtp_auth_missing="",
        smtp_auth_max_changes="",
        smtp_auth_verify="",
        smtp_auth_concurrency="",
        smtp_auth_journal_path="",
        smtp_auth_refuse_if_used_within_days="",
        smtp_auth_enabled_file="",
        smtp_auth_return_mailboxes="",
    )
    assert run.code == 0, run.output
    states = fake.mailboxes.states()
    assert (states[BOB], states[CAROL]) == ("enabled", "enabled")
    assert list(tmp_path.glob("*.jsonl")) == []


def test_settings_reach_the_module(fake: FakeTenantServer, playbook: PlaybookRunner, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    variables = {
        "smtp_auth_enabled": [BOB, ALICE],
        "smtp_auth_journal_path": str(journal),
        "smtp_auth_verify": False,
        "smtp_auth_concurrency": "1",
        "smtp_auth_return_mailboxes": "changed",
    }
    assert playbook(ROLE, flags=["--check"], **variables).code == 0
    assert not journal.exists()

    fake.log.clear()
    run = playbook(ROLE, **variables)
    assert run.code == 0, run.output
    assert [json.loads(line)["mailbox"] for line in journal.read_text().splitlines()] == [BOB, BOB]
    last = fake.log.entries()[-1]
    assert "Set-CASMailbox" in json.dumps(last), "without verify, nothing is read after the write"


def test_module_defaults_and_two_uses_in_one_play(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    """The connection by module_defaults of the action group; and nothing of the first use leaks into the second."""
    connection = {name.removeprefix("M365_").lower(): value for name, value in fake.environment().items()}
    run = playbook(
        f"""
- name: Twice
  hosts: localhost
  connection: local
  gather_facts: false
  module_defaults:
    group/m365ops.exchange_online.exchange_online: {json.dumps(connection)}
  tasks:
    - name: First
      ansible.builtin.include_role:
        name: m365ops.exchange_online.smtp_auth
      vars:
        smtp_auth_enabled: [{BOB}, {CAROL}]
    - name: Second
      ansible.builtin.include_role:
        name: m365ops.exchange_online.smtp_auth
      vars:
        smtp_auth_disabled: [{FRANK}]
""",
        env={**dict.fromkeys(fake.environment(), ""), **SHOW_STATISTICS},
    )
    assert run.code == 0, run.output
    states = fake.mailboxes.states()
    assert (states[BOB], states[CAROL], states[FRANK]) == ("enabled", "enabled", "disabled")
    assert statistics(run)["changed"] == 1, "the second use reports what it did itself"


# awx/settings/defaults.py, MAX_EVENT_RES_DATA: the result of a larger event is dropped as a whole.
AWX_EVENT_LIMIT = 700_000


def test_a_long_list_in_one_task_stays_within_an_event_of_awx(
    crowd: FakeTenantServer, crowd_playbook: PlaybookRunner, tmp_path: Path
) -> None:
    """Every mailbox changes, with the diff; the lists come from files, so that no event holds them."""
    lists = {"enabled": crowd_names(1, 800), "disabled": crowd_names(801, 1600), "inherit": crowd_names(1601, 2400)}
    crowd.mailboxes.set_states(
        {name: "disabled" if state == "inherit" else "inherit" for state, names in lists.items() for name in names}
    )
    for state, names in lists.items():
        (tmp_path / f"{state}.txt").write_text("\n".join(names))
    sizes = tmp_path / "sizes"
    env = {
        **SHOW_STATISTICS,
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parents[1] / "harness" / "callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "event_size",
        "EVENT_SIZES": str(sizes),
    }
    crowd.log.clear()
    files = {f"smtp_auth_{state}_file": f"{state}.txt" for state in lists}
    run = crowd_playbook(ROLE, flags=["--diff"], env=env, **files)
    assert run.code == 0, run.output[-2000:]
    now = crowd.mailboxes.states()
    assert all(now[name] == state for state, names in lists.items() for name in names)
    assert len(crowd.log.entries(endpoint="token")) <= 2, "one sign-in for Exchange, and one for Graph"
    assert {state: counts["changed"] for state, counts in statistics(run)["lists"].items()} == dict.fromkeys(lists, 800)
    measured = [int(line.split()[0]) for line in sizes.read_text().splitlines()]
    assert len(measured) >= 6
    assert max(measured) < AWX_EVENT_LIMIT


def test_the_role_asks_what_its_module_asks(
    crowd: FakeTenantServer, crowd_playbook: PlaybookRunner, crowd_module: ModuleRunner
) -> None:
    lists = {"enabled": crowd_names(1, 400), "disabled": crowd_names(401, 800), "inherit": crowd_names(801, 1200)}
    before = crowd.mailboxes.states()
    crowd.log.clear()
    assert not crowd_module("smtp_auth_baseline", **lists).failed
    asked = Counter(entry["endpoint"] for entry in crowd.log.entries())
    after = crowd.mailboxes.states()

    crowd.mailboxes.set_states(before)
    crowd.log.clear()
    run = crowd_playbook(ROLE, **{f"smtp_auth_{state}": names for state, names in lists.items()})
    assert run.code == 0, run.output[-2000:]
    assert Counter(entry["endpoint"] for entry in crowd.log.entries()) == asked
    assert crowd.mailboxes.states() == after
    shown = re.search(r"  changed: .* and ([\d,]+) more", run.stdout)
    assert shown
    assert int(shown[1].replace(",", "")) + 20 == sum(before[name] != state for name, state in after.items())


def test_guard_preflight_report_and_switch_work_for_lists(
    fake: FakeTenantServer, playbook: PlaybookRunner, tmp_path: Path
) -> None:
    fake.mailboxes.set_states({FRANK: "inherit", BOB: "inherit"})
    refused = playbook(ROLE, env=SHOW_STATISTICS, smtp_auth_enabled=[FRANK, BOB], smtp_auth_preflight="fail")
    assert refused.code == 2
    assert "or set smtp_auth_preflight to warn" in refused.output
    assert writes(fake) == []

    run = playbook(
        ROLE,
        env=SHOW_STATISTICS,
        smtp_auth_enabled=[FRANK, BOB],
        smtp_auth_organization="enabled",
        smtp_auth_report_path="reports",
    )
    assert run.code == 0, run.output
    assert "enabled, but still blocked: 1" in run.output
    assert f"{FRANK}: Basic is blocked" in run.output
    assert statistics(run)["blocked"] == 1
    assert "organization: disabled, changed to enabled" in run.output
    assert fake.organization.get()["smtp_disabled"] is False
    assert (tmp_path / "reports" / "smtp_auth_report.html").exists()

    wrong = playbook(ROLE, smtp_auth_disabled=[BOB], smtp_auth_refuse_if_used_within_days=99)
    assert wrong.code == 2
    assert "smtp_auth_refuse_if_used_within_days is 99" in wrong.output
