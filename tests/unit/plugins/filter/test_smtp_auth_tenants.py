# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role says of one tenant and of many."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.filter.smtp_auth_role import FilterModule

FILTERS = FilterModule().filters()

NAMES = {"max_changes": "smtp_auth_max_changes", "cloud": "m365_cloud", "missing": "smtp_auth_missing"}


def report(result: Any, check_mode: bool, **context: Any) -> dict[str, Any]:
    given = {"check_mode": check_mode, "host": "localhost", "names": NAMES, **context}
    return FILTERS["smtp_auth_tenant_report"](result, given)  # type: ignore[no-any-return]


def totals(statistics: Any, hosts: Any) -> dict[str, Any]:
    handed = FILTERS["smtp_auth_totals"]([{"statistics": one} for one in statistics], hosts, hosts[0])
    return handed["smtp_auth_report"]  # type: ignore[no-any-return]


overview = FILTERS["smtp_auth_overview"]


# One tenant -----------------------------------------------------------------------------------------------------------


def result(changed: int = 0, **more: Any) -> dict[str, Any]:
    rows = [
        {"mailbox": f"user{place}@x.example", "before": "enabled", "after": "inherit", "changed": True}
        for place in range(changed)
    ]
    summary = {"requested": 9, "changed": changed, "unchanged": 9 - changed, "missing": 0, "failed": 0}
    return {"mailboxes": rows, "summary": summary, "requests": {"sent": 3}, **more}


def test_drift_is_what_a_check_would_change() -> None:
    checked, ran = report(result(2), True), report(result(2), False)
    assert (checked["drifted"], checked["statistics"]["drifted"]) == (True, 2)
    assert (ran["drifted"], ran["statistics"]["drifted"], ran["statistics"]["changed"]) == (False, 0, 2)
    switch = {"before": "enabled", "after": "disabled", "changed": True}
    assert report(result(organization=switch), True)["statistics"]["drifted"] == 1


def test_lines_say_what_a_person_wants_to_know() -> None:
    lines = report(
        result(
            1,
            organization={"before": "enabled", "after": "disabled", "changed": True},
            expired=[{"mailbox": "old@x.example", "expires": "2026-01-01"}],
            left_alone=[{"mailbox": "system@x.example"}],
            changed_since=[{"mailbox": "since@x.example"}],
            report={"html": "r.html"},
        ),
        True,
    )["lines"]
    assert lines == [
        "mailboxes: 9; 1 would change, 8 unchanged, 0 missing, 0 failed",
        "  would change: user0@x.example (enabled to inherit)",
        "organization: enabled, would change to disabled",
        "expired exceptions: old@x.example (2026-01-01)",
        "the service's own, left alone: system@x.example",
        "changed since, left alone: since@x.example",
        "report: r.html",
    ]


def test_mailboxes_that_the_result_does_not_name_are_counted() -> None:
    """Of many a result names the first 500."""
    told = report({**result(1200), "mailboxes": result(500)["mailboxes"]}, False)
    assert told["lines"][1].endswith("user19@x.example (enabled to inherit) and 1,180 more")


def test_a_row_of_one_that_failed_is_none_of_those_that_changed() -> None:
    given = result(2)
    given["mailboxes"].insert(1, {**given["mailboxes"][0], "mailbox": "odd@x.example", "error": {"code": "timeout"}})
    given["summary"].update(unchanged=6, failed=1)
    told = report(given, False)
    assert told["lines"][1] == "  changed: user0@x.example (enabled to inherit), user1@x.example (enabled to inherit)"
    assert told["statistics"]["failed_mailboxes"] == ["odd@x.example"]


def test_statistics_stay_small() -> None:
    failed = [{"mailbox": f"u{place}@x.example", "error": {"message": "No. " * 500}} for place in range(5000)]
    given = result(5000)
    given["summary"]["failed"] = 5000
    told = report({**given, "mailboxes": given["mailboxes"] + failed, "msg": "x" * 9999, "failed": True}, True)
    assert told["statistics"]["failed_mailboxes"] == [f"u{place}@x.example" for place in range(100)]
    assert told["statistics"]["changed_mailboxes"][-1] == "user99@x.example"
    assert len(json.dumps(told["statistics"])) < 10_000
    assert len(told["lines"][1]) < 2000
    assert len(told["problem"]) < 2100


@pytest.mark.parametrize(
    "extra", [{"failure": {"code": "not_found"}, "msg": "Gone."}, {"failed": True, "msg": "Gone."}]
)
def test_a_failure_is_told(extra: dict[str, Any]) -> None:
    told = report(result(**extra), False)
    code = extra.get("failure", {}).get("code", "failed")
    assert told["statistics"]["message"] == "Gone."
    assert told["statistics"]["failure"] == code
    assert told["problem"] == f"Gone. ({code})"
    assert report(result(**extra), False, host="contoso")["problem"] == f"contoso: Gone. ({code})"


def test_what_is_wrong_with_a_file_names_its_keys() -> None:
    """They were named as variables, which no file may hold."""
    problem = "smtp_auth_baseline_file has the unknown key 'd': known are missing, max_changes"
    told = report({}, False, problems=[problem])
    assert "known are missing, max_changes" in told["problem"]
    assert "known are missing, max_changes" in told["lines"][0]


def test_a_message_names_variables() -> None:
    told = report(result(failure={"code": "max_changes"}, msg="More than max_changes=5; set missing to warn."), False)
    assert told["problem"] == "More than smtp_auth_max_changes=5; set smtp_auth_missing to warn. (max_changes)"


def test_a_plan_that_was_refused_is_shown() -> None:
    rows = [{"mailbox": "a@x.example", "before": "enabled", "after": None, "wanted": "inherit", "planned": True}]
    summary = {"requested": 9, "changed": 0, "unchanged": 2, "missing": 0, "failed": 0, "planned": 7}
    refused = {"mailboxes": rows, "summary": summary, "msg": "Too many.", "failure": {"code": "max_changes"}}
    for check_mode in (True, False):
        told = report(refused, check_mode)
        assert told["lines"][1] == "  refused, would change 7: a@x.example (enabled to inherit) and 6 more"
        assert (told["statistics"]["drifted"], told["statistics"]["changed"]) == (7, 0)
        assert told["statistics"]["changed_mailboxes"] == ["a@x.example"]
        assert told["plan"] == ""


def test_who_is_still_blocked_is_told() -> None:
    row = {"mailbox": "a@x.example", "reason": "Basic is blocked: a policy (change it)."}
    told = report(result(preflight={"blocked": 3, "mailboxes": [row]}), False)
    assert told["lines"][-3:] == [
        "enabled, but still blocked: 3",
        "  a@x.example: Basic is blocked: a policy (change it).",
        "  and 2 more",
    ]
    assert told["statistics"]["blocked"] == 3


# What ansible-core 2.16 and 2.21 really make of a module that dies.
DEAD = [
    ({"msg": "value of cloud must be one of: public, got: gcc"}, "invalid_input", "value of m365_cloud must be one of"),
    ({"msg": "argument 'x' is of type str and we were unable to convert"}, "invalid_input", "argument 'x'"),
    (
        {"msg": "MODULE FAILURE\nSee stdout/stderr for the exact error", "rc": 137, "module_stderr": "Killed\n"},
        "killed",
        "The module was killed (SIGKILL)",
    ),
    (
        {"msg": "Module result deserialization failed: No start of json char found", "rc": -9},
        "killed",
        "The module was killed (SIGKILL)",
    ),
    (
        {"msg": "The module failed to execute correctly", "rc": 127, "module_stderr": "/bin/sh: 1: /p: not found\n"},
        "not_started",
        "The module couldn't be started: /bin/sh: 1: /p: not found. Set ansible_python_interpreter",
    ),
    ({"msg": "MODULE FAILURE", "rc": 1, "module_stderr": "a\nOSError: x\n"}, "no_result", "exit code 1: OSError: x."),
    ({"ansible_job_id": "j1", "finished": 0, "started": 1}, "in_background", "sent to the background"),
    ({"ansible_job_id": "j1", "finished": True, "msg": "Traceback: ValueError"}, "no_result", "without a result"),
    (
        {"msg": "The x action failed to execute in the expected time frame (5) and was terminated", "failed": True},
        "failed",
        "Mailboxes may have been changed",
    ),
    (
        {
            "msg": "Task failed: Finalization of task args for 'm365ops.exchange_online.smtp_auth_restore' failed: "
            "Error while resolving value for 'journal': The filter plugin 'ansible.builtin.expanduser' failed: x"
        },
        "invalid_input",
        "Nothing was asked of the service and nothing was written",
    ),
    ({"msg": "The task includes an option with an undefined variable. 'a' is undefined"}, "invalid_input", "was asked"),
    ({"unreachable": True, "msg": "No route."}, "unreachable", "couldn't be reached: No route. Mailboxes may"),
    ({"skipped": True, "skip_reason": "Conditional result was False"}, "skipped", "was skipped"),
    ({}, "not_run", "wasn't run"),
    (None, "not_run", "wasn't run"),
    ({"changed": False, "failed": False}, "no_result", "without a result"),
    ({"summary": {"requested": 1}, "changed": False}, "no_result", "without a result"),
    ({"summary": dict.fromkeys(("requested", "changed", "unchanged", "missing"), 0)}, "no_result", "without a result"),
    (
        {"summary": dict.fromkeys(("requested", "changed", "unchanged", "missing", "failed"), None)},
        "no_result",
        "without a result",
    ),
]


@pytest.mark.parametrize(("dead", "code", "said"), DEAD)
def test_what_is_not_a_whole_result_is_a_failure_everywhere(dead: Any, code: str, said: str) -> None:
    told = report(dead, False)
    assert said in told["problem"]
    assert told["problem"].endswith(f"({code})")
    assert told["lines"] == [f"failed: {told['statistics']['message']}"]
    assert (told["statistics"]["failure"], told["plan"]) == (code, "")
    assert overview([told["statistics"], {}], ["a", "b"])["lines"][0].startswith("2 tenants: 2 failed")
    assert totals([told["statistics"], {}], ["a", "b"])["failed_tenants"] == ["a", "b"]


@pytest.mark.parametrize("code", [137, -9, 1])
def test_whether_something_may_have_been_written(code: int) -> None:
    dead = {"msg": "MODULE FAILURE", "rc": code}
    assert "Nothing was written, since this was a check." in report(dead, True)["problem"]
    assert "the journal /j.jsonl tells which" in report(dead, False, journal="/j.jsonl")["problem"]
    assert "no journal was kept (smtp_auth_journal_path)" in report(dead, False)["problem"]


# Many tenants ---------------------------------------------------------------------------------------------------------


def statistics(changed: int = 0, check_mode: bool = False, **more: Any) -> dict[str, Any]:
    return report(result(changed, **more), check_mode)["statistics"]  # type: ignore[no-any-return]


def test_one_host_has_its_own_statistics() -> None:
    assert totals([statistics(2)], ["localhost"]) == statistics(2)
    assert totals([{}], ["localhost"]) == {}


def test_plans_are_handed_on_by_host() -> None:
    hand_on = FILTERS["smtp_auth_totals"]
    reports = [{"statistics": {}, "plan": "f00", "problem": ""}, {"statistics": {}, "plan": "", "problem": "No."}, {}]
    hosts = ["a", "b.c", "d"]
    assert hand_on(reports, hosts, "a", True)["smtp_auth_expected_plan"] == {"a": "f00"}
    assert hand_on(reports, hosts, "a", False)["smtp_auth_expected_plan"] == {}, "spent"
    assert "smtp_auth_expected_plan" not in hand_on(reports, hosts, "b.c", True)
    assert "smtp_auth_report_b_c" in hand_on(reports, hosts, "b.c", True)
    assert set(hand_on(reports[:1], ["localhost"], "localhost", True)) == {
        "smtp_auth_report",
        "smtp_auth_expected_plan",
    }


@pytest.mark.parametrize(
    "hosts", [["a-b", "a.b", "a_b"], ["a-b", "a.b"], ["contoso.com", "contoso-com", "contoso com"], ["é", "ü"]]
)
def test_every_host_hands_its_counts_on_under_a_name_of_its_own(hosts: list[str]) -> None:
    hand_on = FILTERS["smtp_auth_totals"]
    reports = [{"statistics": {"changed": number}, "plan": "", "problem": ""} for number in range(len(hosts))]
    handed: dict[str, Any] = {}
    for host in hosts:
        handed |= hand_on(reports, hosts, host)
    own = {name: counts["changed"] for name, counts in handed.items() if name.startswith("smtp_auth_report_")}
    assert sorted(own.values()) == list(range(len(hosts)))
    assert all(re.fullmatch("[a-z0-9_]+", name) for name in own), "as variables are called"


def test_a_name_with_a_dash_does_not_hang_on_who_else_is_there() -> None:
    """Jobs of a workflow may be limited to one tenant each."""
    hand_on = FILTERS["smtp_auth_totals"]
    alone = [set(hand_on([{"statistics": {"changed": 1}}], [host], host)) for host in ("a-b", "a.b")]
    assert len(alone[0] & alone[1] - {"smtp_auth_report", "smtp_auth_expected_plan"}) == 0


def test_many_hosts_are_added_up() -> None:
    reports = [statistics(2), {}, statistics(3), statistics(msg="No.", failure={"code": "network"})]
    told = totals(reports, ["a", "b", "c", "d"])
    assert (told["changed"], told["requests"]) == (5, 9)
    assert told["failed_tenants"] == ["b", "d"]
    assert {host: counts["changed"] for host, counts in told["tenants"].items()} == {"a": 2, "c": 3, "d": 0}
    assert told["tenants"]["d"]["failure"] == "network"


def test_the_overview_has_those_that_failed_first_and_no_formula() -> None:
    reports = [
        statistics(),
        statistics(2),
        statistics(3, check_mode=True),
        statistics(msg='=cmd|"/c calc"!A1', failure={"code": "x"}),
        {},
    ]
    told = overview(reports, ["fine", "changed", "drifted", "failed", "silent"])
    assert told["lines"][0] == "5 tenants: 2 failed, 1 drifted, 1 changed"
    assert [line.split(":")[0] for line in told["lines"][1:]] == ["failed", "silent", "drifted", "changed", "fine"]
    assert told["csv"].startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(told["csv"].lstrip("\ufeff"), newline="")))
    assert [row["outcome"] for row in rows] == ["failed", "failed", "drifted", "changed", "as declared"]
    assert rows[0]["message"].startswith("'=")
    assert (rows[2]["drifted"], rows[3]["changed"]) == ("3", "2")
