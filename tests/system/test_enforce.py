# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks ``enforce`` and ``restore``, and the role's part in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fake_tenant import FakeTenantServer
from harness.run import UNSET, PlaybookRun, PlaybookRunner
from harness.truth import outcome_lines

DOMAIN = "contoso.onmicrosoft.com"
ALICE, BOB, CAROL = (f"{name}@{DOMAIN}" for name in ("alice", "bob", "carol"))
DAVE = "dave@contoso.com"
ENFORCE, RESTORE = "m365ops.exchange_online.enforce", "m365ops.exchange_online.restore"
STATS = {"ANSIBLE_SHOW_CUSTOM_STATS": "1"}
# As people keep it: the date isn't a text.
BASELINE = f"""\
exceptions:
  - mailbox: {ALICE}
    state: enabled
    owner: Facilities
    reason: Scans to mail
    expires: 2199-03-31
  - mailbox: {BOB}
    state: disabled
everyone_else: inherit
max_changes: 100%
"""
WANTED = {ALICE: "enabled", BOB: "disabled"}
DRIFTED = 5


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "baseline.yml"
    path.write_text(BASELINE)
    return path


def statistics(run: PlaybookRun) -> dict[str, Any]:
    return dict(run.handed_on["smtp_auth_report"])


def wanted(fake: FakeTenantServer) -> dict[str, str]:
    return dict.fromkeys(fake.mailboxes.states(), "inherit") | WANTED


def test_check_then_run_then_nothing_left(playbook: PlaybookRunner, fake: FakeTenantServer, file: Path) -> None:
    before = fake.mailboxes.states()
    check = playbook(ENFORCE, smtp_auth_baseline_file=file.name, flags=["--check", "--diff"], env=STATS)
    assert check.code == 0, check.output
    assert fake.mailboxes.states() == before
    assert fake.log.entries(cmdlet="Set-CASMailbox") == []
    told = statistics(check)
    assert (told["check_mode"], told["changed"], told["drifted"]) == (True, DRIFTED, DRIFTED)
    assert check.stdout.count("(before)") == DRIFTED
    assert check.recap()["changed"] == 1

    run = playbook(ENFORCE, smtp_auth_baseline_file=str(file), env=STATS)
    assert run.code == 0, run.output
    assert fake.mailboxes.states() == wanted(fake)
    told = statistics(run)
    assert (told["check_mode"], told["changed"], told["drifted"]) == (False, DRIFTED, 0)

    again = playbook(ENFORCE, smtp_auth_baseline_file=str(file), flags=["--check"], env=STATS)
    assert again.recap()["changed"] == 0
    assert statistics(again)["drifted"] == 0


def test_drift_may_fail_a_check(playbook: PlaybookRunner, fake: FakeTenantServer, file: Path) -> None:
    variables = {"smtp_auth_baseline_file": str(file), "smtp_auth_fail_on_drift": True}
    drifted = playbook(ENFORCE, flags=["--check"], env=STATS, **variables)
    assert drifted.code == 2
    assert f"localhost isn't as declared: {DRIFTED} would change" in drifted.output
    assert statistics(drifted)["drifted"] == DRIFTED, "told before it fails"
    assert playbook(ENFORCE, **variables).code == 0
    assert playbook(ENFORCE, flags=["--check"], **variables).code == 0


@pytest.mark.parametrize(
    "variables",
    [
        {"smtp_auth_baseline": yaml.safe_load(BASELINE.replace("2199-03-31", "'2199-03-31'"))},
        {"smtp_auth_baseline": BASELINE},
        {
            "smtp_auth_baseline": [{"mailbox": ALICE, "state": "enabled"}, {"mailbox": BOB, "state": "disabled"}],
            "smtp_auth_everyone_else": "inherit",
            "smtp_auth_max_changes": "50%",
            "smtp_auth_organization": "",
            "smtp_auth_baseline_file": "",
            "smtp_auth_require_owner": "",
        },
        {
            "smtp_auth_baseline_file": "exceptions.csv",
            "smtp_auth_baseline": {"everyone_else": "inherit", "max_changes": 1},
            "smtp_auth_max_changes": 6,
        },
        {"smtp_auth_baseline_file": "baseline.json"},
    ],
    ids=["dictionary", "text", "list and variables, as from a survey", "CSV and dictionary", "JSON"],
)
def test_ways_to_give_a_baseline(
    playbook: PlaybookRunner, fake: FakeTenantServer, tmp_path: Path, variables: dict[str, Any]
) -> None:
    (tmp_path / "exceptions.csv").write_text(f"UPN;State;Reason;Expires\n{ALICE};enabled;Scans;\n{BOB};disabled;;\n")
    (tmp_path / "baseline.json").write_text(json.dumps(yaml.safe_load(BASELINE), default=str))
    run = playbook(ENFORCE, **variables)
    assert run.code == 0, run.output
    assert fake.mailboxes.states() == wanted(fake)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "Give smtp_auth_baseline"),
        ({"smtp_auth_baseline": "", "smtp_auth_baseline_file": ""}, "Give smtp_auth_baseline"),
        ({"smtp_auth_baseline": {"exeptions": []}}, "unknown key 'exeptions'"),
        ({"smtp_auth_baseline": {"everyone_else": "inherit", "max_changes": 5}}, "the baseline has no exceptions"),
        ({"smtp_auth_baseline": 7}, "a dictionary or a list of exceptions is needed"),
        ({"smtp_auth_baseline": "a: [b"}, "broken YAML"),
        ({"smtp_auth_baseline": [], "smtp_auth_everyone_else": "nobody"}, "nobody"),
        ({"smtp_auth_baseline": {"exceptions": []}, "smtp_auth_enabled": [ALICE]}, "not both"),
        ({"smtp_auth_baseline": [{"mailbox": ALICE}]}, "has no state"),
        ({"smtp_auth_baseline": [], "smtp_auth_everyone_else": "inherit"}, "max_changes is needed"),
        ({"smtp_auth_baseline_file": "nowhere.yml"}, "nowhere.yml can't be read: No such file"),
        ({"smtp_auth_baseline_file": "twice.yml"}, "line 3, the key 'exceptions' is there twice"),
        ({"smtp_auth_baseline_file": "baseline.txt"}, "has to end with .csv"),
        (
            {"smtp_auth_baseline_file": "baseline.yml", "smtp_auth_baseline": {"exceptions": []}},
            "exceptions is in smtp_auth_baseline and in smtp_auth_baseline_file",
        ),
    ],
)
def test_what_cannot_be_right_asks_nothing(
    playbook: PlaybookRunner,
    fake: FakeTenantServer,
    file: Path,
    variables: dict[str, Any],
    said: str,
) -> None:
    file.with_name("twice.yml").write_text(f"exceptions:\n  - {{mailbox: {ALICE}, state: enabled}}\nexceptions: []\n")
    file.with_name("baseline.txt").write_text(BASELINE)
    run = playbook(ENFORCE, **variables)
    assert run.code == 2
    assert said in run.output
    assert fake.log.entries() == []


def test_a_plan_over_the_limit_is_shown_and_not_carried_out(
    playbook: PlaybookRunner, fake: FakeTenantServer, file: Path
) -> None:
    before = fake.mailboxes.states()
    run = playbook(ENFORCE, smtp_auth_baseline_file=str(file), smtp_auth_max_changes="10%", env=STATS)
    assert run.code == 2
    assert "more than smtp_auth_max_changes=10%, which is 1 of 12" in run.output
    told = statistics(run)
    assert (told["failure"], told["changed"], told["drifted"]) == ("max_changes", 0, DRIFTED)
    assert f"refused, would change {DRIFTED}: " in run.stdout
    assert fake.mailboxes.states() == before


def test_the_role_by_itself_and_its_report(playbook: PlaybookRunner, fake: FakeTenantServer, tmp_path: Path) -> None:
    run = playbook(
        f"""\
- hosts: localhost
  connection: local
  gather_facts: false
  roles:
    - role: m365ops.exchange_online.smtp_auth
      vars:
        smtp_auth_report_path: reports
        smtp_auth_baseline:
          exceptions:
            - mailbox: {ALICE}
              state: enabled
              expires: 2199-03-31
            - mailbox: {BOB}
              state: disabled
          everyone_else: inherit
          max_changes: 6
  tasks:
    - name: The facts that are left
      ansible.builtin.debug:
        msg: "FACT {{{{ smtp_auth_report.changed }}}} {{{{ smtp_auth_report.report }}}}"
"""
    )
    assert run.code == 0, run.output
    page = tmp_path / "reports" / "smtp_auth_report.html"
    assert f"FACT {DRIFTED} {page}" in run.stdout
    assert page.exists()
    assert fake.mailboxes.states() == wanted(fake)


# Undo -----------------------------------------------------------------------------------------------------------------


def test_a_run_is_put_back(playbook: PlaybookRunner, fake: FakeTenantServer, file: Path, tmp_path: Path) -> None:
    before = fake.mailboxes.states()
    run = playbook(
        ENFORCE,
        smtp_auth_baseline_file=str(file),
        smtp_auth_journal_path="journal.jsonl",
        smtp_auth_organization="enabled",
    )
    assert run.code == 0, run.output
    assert len(outcome_lines(tmp_path / "journal.jsonl")) == DRIFTED + 1
    changed = fake.mailboxes.states()
    fake.mailboxes.patch(DAVE, state="disabled")

    check = playbook(RESTORE, smtp_auth_journal="journal.jsonl", flags=["--check", "--diff"], env=STATS)
    assert check.code == 0, check.output
    assert fake.mailboxes.states() == changed | {DAVE: "disabled"}
    assert check.stdout.count("(before)") == DRIFTED

    run = playbook(RESTORE, smtp_auth_journal="journal.jsonl", env=STATS)
    assert run.code == 0, run.output
    assert fake.mailboxes.states() == before | {DAVE: "disabled"}
    assert fake.organization.get()["smtp_disabled"] is True
    assert f"changed since, left alone: {DAVE}" in run.stdout
    assert statistics(run)["changed_since"] == 1


@pytest.mark.parametrize("journal", [None, ""])
def test_restore_needs_a_journal(playbook: PlaybookRunner, fake: FakeTenantServer, journal: str | None) -> None:
    run = playbook(RESTORE, **({} if journal is None else {"smtp_auth_journal": journal}))
    assert run.code == 2
    assert "Give smtp_auth_journal" in run.output
    assert fake.log.entries() == []


# Many tenants ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tenants() -> Iterator[FakeTenantServer]:
    with FakeTenantServer(tenants=2) as running:
        yield running


def test_an_overview_even_if_all_tenants_are_down(tenants: FakeTenantServer, tmp_path: Path) -> None:
    tenants.reset()
    inventory = {
        "tenants": {
            "hosts": {
                name: {
                    **{
                        f"m365_{key.removeprefix('M365_').lower()}": value
                        for key, value in tenants.environment().items()
                    },
                    "ansible_connection": "local",
                    "m365_client_secret": "revoked",
                    "smtp_auth_baseline": [],
                }
                for name in ("one", "two")
            }
        }
    }
    inventory["tenants"]["hosts"]["two"]["smtp_auth_baseline"] = {"exceptions": [], "colour": "red"}
    inventory["tenants"]["hosts"]["one"]["smtp_auth_organization"] = "disabled"
    run = PlaybookRunner(tenants, tmp_path)(
        ENFORCE,
        smtp_auth_hosts="tenants",
        smtp_auth_report_path="reports",
        inventory=yaml.safe_dump(inventory),
        env=dict.fromkeys(tenants.environment(), UNSET),
    )
    assert run.code == 2
    assert "2 tenants: 2 failed, 0 drifted, 0 changed" in run.stdout
    assert "two: failed: Nothing was asked of the service and nothing was written. smtp_auth_baseline has" in run.stdout
    assert (tmp_path / "reports" / "overview.csv").exists()


def test_the_module_takes_dates_as_yaml_gives_them(playbook: PlaybookRunner, fake: FakeTenantServer) -> None:
    run = playbook(
        f"""\
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    listed:
      - mailbox: {CAROL}
        state: enabled
        expires: "2199-03-31"
  tasks:
    - m365ops.exchange_online.smtp_auth_baseline:
        exceptions:
          - mailbox: {ALICE}
            state: disabled
            expires: 2199-03-31
    - m365ops.exchange_online.smtp_auth_baseline:
        exceptions: "{{{{ listed }}}}"
"""
    )
    assert run.code == 0, run.output
    now = fake.mailboxes.states()
    assert (now[ALICE], now[CAROL]) == ("disabled", "enabled")
