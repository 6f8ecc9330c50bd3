# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbooks whose module dies, or isn't run at all: never green, and the last line says why, with a code."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from harness.run import PlaybookRun, PlaybookRunner

DOMAIN = "contoso.onmicrosoft.com"
ALICE, BOB = (f"{name}@{DOMAIN}" for name in ("alice", "bob"))
STATS = {"ANSIBLE_SHOW_CUSTOM_STATS": "1"}
NOTHING = "Nothing was asked of the service and nothing was written."
# What each playbook needs to have something to do.
PLAYBOOKS: dict[str, dict[str, Any]] = {
    "enforce": {"smtp_auth_baseline": [{"mailbox": BOB, "state": "inherit"}]},
    "restore": {"smtp_auth_journal": "journal.jsonl"},
    "disable": {"smtp_auth_mailboxes": [ALICE]},
    "set": {"smtp_auth_mailboxes": [ALICE], "smtp_auth_state": "disabled"},
    "audit": {},
}


@pytest.fixture(autouse=True)
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.jsonl"
    path.write_text("")
    return path


def last(run: PlaybookRun) -> str:
    """The message of the last task that failed, its last line if it has several."""
    found = re.findall(
        r"^fatal: \[[^\n]*?\]: FAILED! => (\{[^\n]+\}|\{\n.*?^\})$", run.stdout, re.MULTILINE | re.DOTALL
    )
    message = json.loads(found[-1])["msg"]
    return str(message[-1] if isinstance(message, list) else message)


def report(run: PlaybookRun) -> dict[str, Any]:
    return dict(run.handed_on["smtp_auth_report"])


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_value_that_the_module_refuses(playbook: PlaybookRunner, fake: FakeTenantServer, name: str) -> None:
    run = playbook(f"m365ops.exchange_online.{name}", env=STATS, m365_cloud="gcc", **PLAYBOOKS[name])
    assert run.code == 2, run.output
    assert re.search(
        r"value of m365_cloud must be one of: .*, got: gcc\. " + NOTHING + r" \(invalid_input\)$", last(run)
    )
    assert fake.log.entries() == []
    if name != "audit":
        told = report(run)
        assert (told["failure"], told["changed"], told["requested"]) == ("invalid_input", 0, 0)
        assert "m365_cloud" in told["message"]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"smtp_auth_concurrency": "fast"}, "argument 'smtp_auth_concurrency' is of type"),
        ({"m365_timeout": "2m"}, "argument 'm365_timeout' is of type"),
        ({"m365_auth_method": "secret"}, "value of m365_auth_method must be one of"),
        ({"smtp_auth_baseline_file": "baseline.yml"}, "value of everyone_else must be one of: unmanaged, inherit"),
        ({"smtp_auth_baseline": {"exceptions": [], "organization": False}}, "value of organization must be one of"),
        ({"smtp_auth_baseline": {"exceptions": [], "require_owner": "maybe"}}, "argument 'require_owner' is of type"),
        ({"smtp_auth_baseline": {"exceptions": [ALICE]}}, "exceptions"),
        (
            {"smtp_auth_everyone_else": "nobody", "smtp_auth_baseline": []},
            "smtp_auth_everyone_else must be one of: unmanaged,",
        ),
        ({"smtp_auth_report_path": ["reports"]}, "smtp_auth_report_path is a list; a path, as a text, is needed"),
    ],
)
def test_values_of_a_baseline(
    playbook: PlaybookRunner, fake: FakeTenantServer, tmp_path: Path, variables: dict[str, Any], said: str
) -> None:
    (tmp_path / "baseline.yml").write_text("everyone_else: Disabled\nmax_changes: 30\nexceptions: []\n")
    given = variables if any("baseline" in name for name in variables) else {**PLAYBOOKS["enforce"], **variables}
    run = playbook("m365ops.exchange_online.enforce", env=STATS, **given)
    assert run.code == 2, run.output
    assert said in last(run)
    assert last(run).endswith("(invalid_input)")
    assert NOTHING in last(run)
    assert report(run)["failure"] == "invalid_input"
    assert fake.log.entries() == []


@pytest.mark.parametrize(
    ("name", "variable", "but"),
    [("disable", "mailboxes_file", ["mailboxes"]), ("restore", "journal_path", []), ("audit", "report_path", [])],
)
def test_a_list_in_place_of_a_path(
    playbook: PlaybookRunner, fake: FakeTenantServer, name: str, variable: str, but: list[str]
) -> None:
    given = {key: value for key, value in PLAYBOOKS[name].items() if key.removeprefix("smtp_auth_") not in but}
    run = playbook(f"m365ops.exchange_online.{name}", **given, **{f"smtp_auth_{variable}": ["a.txt"]})
    assert run.code == 2, run.output
    assert f"smtp_auth_{variable} is " in last(run)
    assert "a path, as a text, is needed" in last(run)
    assert fake.log.entries() == []


@pytest.mark.parametrize("name", ["enforce", "audit"])
def test_no_interpreter(playbook: PlaybookRunner, name: str) -> None:
    run = playbook(
        f"m365ops.exchange_online.{name}", ansible_python_interpreter="/nonexistent/python3", **PLAYBOOKS[name]
    )
    assert run.code == 2, run.output
    assert "The module couldn't be started" in last(run)
    assert "/nonexistent/python3" in last(run)
    assert last(run).endswith("(not_started)")


def killer(folder: Path) -> str:
    """An interpreter that dies as if memory had run out."""
    path = folder / "killed.sh"
    path.write_text("#!/bin/sh\nkill -9 $$\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("flags", "journal_path", "said"),
    [
        ([], "written.jsonl", "Mailboxes may have been changed: the journal {folder}/written.jsonl tells which"),
        ([], "", "Mailboxes may have been changed, and no journal was kept (smtp_auth_journal_path)"),
        (["--check"], "", "Nothing was written, since this was a check."),
    ],
)
def test_a_module_that_is_killed(
    playbook: PlaybookRunner, tmp_path: Path, flags: list[str], journal_path: str, said: str
) -> None:
    run = playbook(
        "m365ops.exchange_online.enforce",
        env=STATS,
        flags=flags,
        ansible_python_interpreter=killer(tmp_path),
        smtp_auth_journal_path=journal_path,
        **PLAYBOOKS["enforce"],
    )
    assert run.code == 2, run.output
    assert "The module was killed (SIGKILL) before it could say what it did" in last(run)
    assert said.format(folder=tmp_path) in last(run)
    assert last(run).endswith("(killed)")
    assert report(run)["failure"] == "killed"


def test_killed_in_the_middle_of_writing(
    crowd: FakeTenantServer, crowd_playbook: PlaybookRunner, tmp_path: Path
) -> None:
    """The module kills itself once it has written: the playbook can't be green, and the journal puts it back."""
    names = [name for name, state in crowd.mailboxes.states().items() if state == "inherit"][:60]
    before = crowd.mailboxes.states()
    python = tmp_path / "python.sh"
    journal = tmp_path / "written.jsonl"
    python.write_text(
        f'#!/bin/sh\n{sys.executable} "$@" &\n'
        f"while ! grep -qs written {journal} && kill -0 $! 2>/dev/null; do sleep 0.02; done\n"
        "kill -9 $!\nkill -9 $$\n"
    )
    python.chmod(0o755)
    crowd.latency(0.2)
    run = crowd_playbook(
        "m365ops.exchange_online.disable",
        env=STATS,
        ansible_python_interpreter=str(python),
        smtp_auth_mailboxes=names,
        smtp_auth_concurrency=1,
        smtp_auth_journal_path=str(journal),
        smtp_auth_verify=False,
    )
    crowd.latency(0)
    assert run.code == 2, run.output
    assert last(run).endswith("(killed)")
    assert str(journal) in last(run)
    assert crowd.mailboxes.states() != before


def test_the_overview_of_many_tenants_says_failed(
    playbook: PlaybookRunner, fake: FakeTenantServer, tmp_path: Path
) -> None:
    hosts = {
        "fine": {"python": sys.executable},
        "killed": {"python": killer(tmp_path)},
        "wrong": {"python": sys.executable, "m365_cloud": "gcc"},
        "far": {"ansible_connection": "ssh", "ansible_host": "localhost", "ansible_port": 9},
    }
    inventory = json.dumps({"tenants": {"vars": {"ansible_connection": "local"}, "hosts": hosts}})
    run = playbook(
        "m365ops.exchange_online.enforce",
        env=STATS,
        inventory=inventory,
        smtp_auth_hosts="tenants",
        ansible_python_interpreter="{{ python }}",
        smtp_auth_report_path="reports",
        **PLAYBOOKS["enforce"],
    )
    assert run.code != 0
    assert "4 tenants: 3 failed, 0 drifted, 1 changed" in run.stdout
    assert "killed: failed: The module was killed (SIGKILL)" in run.stdout
    assert "wrong: failed: value of m365_cloud must be" in run.stdout
    assert "far: failed: It gave no report" in run.stdout
    told = report(run)
    assert sorted(told["failed_tenants"]) == ["far", "killed", "wrong"]
    assert told["changed"] == 1
    assert re.search(r'"msg": "killed: The module was killed .*\(killed\)"', run.stdout)
    overview = (tmp_path / "reports" / "overview.csv").read_text()
    assert "as declared" not in overview


def test_an_overview_that_cannot_be_written_hides_nothing(playbook: PlaybookRunner, tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("no folder")
    run = playbook(
        "m365ops.exchange_online.enforce",
        inventory=json.dumps({"tenants": {"vars": {"ansible_connection": "local"}, "hosts": {"a": {}, "b": {}}}}),
        smtp_auth_hosts="tenants",
        smtp_auth_report_path="reports",
        **PLAYBOOKS["enforce"],
    )
    assert run.code == 2
    assert "2 tenants: 2 failed" in run.stdout
    assert re.search(r"smtp_auth_report_path .*reports is not a folder.*\(invalid_input\)$", last(run))


def test_any_errors_fatal_takes_nobody_elses_report_away(playbook: PlaybookRunner, fake: FakeTenantServer) -> None:
    hosts = {"wrong": {"m365_cloud": "gcc"}, "fine": {}}
    run = playbook(
        "m365ops.exchange_online.enforce",
        env={**STATS, "ANSIBLE_ANY_ERRORS_FATAL": "1"},
        inventory=json.dumps({"tenants": {"vars": {"ansible_connection": "local"}, "hosts": hosts}}),
        smtp_auth_hosts="tenants",
        **PLAYBOOKS["enforce"],
    )
    assert run.code != 0
    assert "2 tenants: 1 failed, 0 drifted, 1 changed" in run.stdout
    assert fake.mailboxes.states()[BOB] == "inherit"


def test_tags_leave_nothing_out(playbook: PlaybookRunner, fake: FakeTenantServer) -> None:
    run = playbook("m365ops.exchange_online.disable", flags=["--tags", "elsewhere"], **PLAYBOOKS["disable"])
    assert run.code == 0, run.output
    assert fake.mailboxes.states()[ALICE] == "disabled"


def test_starting_in_the_middle(playbook: PlaybookRunner, fake: FakeTenantServer) -> None:
    run = playbook("m365ops.exchange_online.enforce", flags=["--start-at-task", "End"], **PLAYBOOKS["enforce"])
    assert run.code != 0
    assert fake.log.entries() == []
