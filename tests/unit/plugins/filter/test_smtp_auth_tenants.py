# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role makes of baselines and of many tenants."""

from __future__ import annotations

import csv
import datetime
import io
import json
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.filter.smtp_auth_tenants import FilterModule

FILTERS = FilterModule().filters()
declare = FILTERS["smtp_auth_declaration"]
report = FILTERS["smtp_auth_tenant_report"]
totals = FILTERS["smtp_auth_totals"]
overview = FILTERS["smtp_auth_overview"]


# What is asked --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "from_file", "variables", "options"),
    [
        ({"exceptions": []}, {}, {}, {"exceptions": []}),
        ([], {}, {}, {"exceptions": []}),
        ("[]", {}, {}, {"exceptions": []}),
        ("exceptions: []\nmax_changes: 7", {}, {}, {"exceptions": [], "max_changes": 7}),
        ({}, {"exceptions": [1]}, {}, {"exceptions": [1]}),
        (None, {"exceptions": []}, {"max_changes": "", "missing": None}, {"exceptions": []}),
        ({"max_changes": "5%"}, {"exceptions": []}, {"max_changes": 9}, {"exceptions": [], "max_changes": 9}),
        ({"exceptions": [], "everyone_else": ""}, {}, {}, {"exceptions": []}),
        ({"exceptions": []}, {}, {"require_owner": False}, {"exceptions": [], "require_owner": False}),
        (
            [{"mailbox": "a", "expires": datetime.date(2027, 3, 31)}],
            {},
            {},
            {"exceptions": [{"mailbox": "a", "expires": "2027-03-31"}]},
        ),
    ],
)
def test_declarations(given: Any, from_file: Any, variables: Any, options: Any) -> None:
    assert declare(given, from_file, variables) == {"problems": [], "options": options}


@pytest.mark.parametrize(
    ("given", "from_file", "said"),
    [
        ({}, {}, "no exceptions"),
        ({"exeptions": [], "exceptions": []}, {}, "smtp_auth_baseline has the unknown key 'exeptions'"),
        ({}, {"state": "on", "exceptions": []}, "smtp_auth_baseline_file has the unknown key 'state'"),
        ({"exceptions": []}, {"exceptions": []}, "in smtp_auth_baseline and in smtp_auth_baseline_file"),
        (True, {"exceptions": []}, "smtp_auth_baseline is a bool"),
        ("a: [", {"exceptions": []}, "can't be understood"),
    ],
)
def test_declarations_that_cannot_be_right(given: Any, from_file: Any, said: str) -> None:
    made = declare(given, from_file, {})
    assert made["options"] == {}
    assert any(said in problem for problem in made["problems"])


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


def test_statistics_stay_small() -> None:
    failed = [{"mailbox": f"u{place}@x.example", "error": {"message": "No. " * 500}} for place in range(5000)]
    told = report(
        {**result(5000), "mailboxes": result(5000)["mailboxes"] + failed, "msg": "x" * 9999, "failed": True}, True
    )
    assert len(json.dumps(told["statistics"])) < 10_000
    assert len(told["lines"][1]) < 2000
    assert len(told["problem"]) == 2000


@pytest.mark.parametrize(
    "extra", [{"failure": {"code": "not_found"}, "msg": "Gone."}, {"failed": True, "msg": "Gone."}]
)
def test_a_failure_is_told(extra: dict[str, Any]) -> None:
    told = report(result(**extra), False)
    assert told["problem"] == told["statistics"]["message"] == "Gone."
    assert told["statistics"]["failure"] == extra.get("failure", {}).get("code", "failed")


# Many tenants ---------------------------------------------------------------------------------------------------------


def statistics(changed: int = 0, check_mode: bool = False, **more: Any) -> dict[str, Any]:
    return report(result(changed, **more), check_mode)["statistics"]  # type: ignore[no-any-return]


def test_one_host_has_its_own_statistics() -> None:
    assert totals([statistics(2)], ["localhost"]) == statistics(2)
    assert totals([{}], ["localhost"]) == {}


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
