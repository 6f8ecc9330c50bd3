# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is stands apart from what would be, in every file of a report; and who isn't known is named."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from fake_tenant.seed_layers import DOMAIN
from harness.run import ModuleRun, ModuleRunner, today

BASELINE, INFO = "smtp_auth_baseline", "mailbox_smtp_auth_info"
NOW = today("2026-11-24")
# Nobody may send but one mailbox, and the organization is closed.
DECLARED: dict[str, Any] = {
    "exceptions": [],
    "enabled": [f"plain.off@{DOMAIN}"],
    "everyone_else": "inherit",
    "organization": "disabled",
    "preflight": "off",
}


@pytest.fixture(autouse=True)
def _open(fabrikam: FakeTenantServer) -> None:
    fabrikam.organization.patch(smtp_disabled=False)


def effective(fabrikam_module: ModuleRunner) -> dict[str, tuple[str, str, str, bool]]:
    """By address: own setting, Basic, OAuth, at risk, as the module that only reads tells it."""
    run = fabrikam_module(INFO, effective=True, env=NOW)
    return {
        row["primary_smtp_address"]: (
            row["state"],
            row["effective"]["basic"],
            row["effective"]["oauth"],
            row["effective"]["basic_at_risk"],
        )
        for row in run.result["mailboxes"]
    }


def told(run: ModuleRun) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path(run.result["report"]["json"]).read_text())
    return content


@pytest.mark.parametrize("way", ["check", "refused by max_changes", "refused as another plan", "real"])
def test_what_is_is_told_apart_from_what_would_be(
    fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, tmp_path: Path, way: str
) -> None:
    options: dict[str, dict[str, Any]] = {
        "check": {"check": True, "max_changes": "100%"},
        "refused by max_changes": {"max_changes": 0},
        "refused as another plan": {"max_changes": "100%", "expected_plan": "0" * 64},
        "real": {"max_changes": "100%"},
    }
    before = effective(fabrikam_module)
    run = fabrikam_module(BASELINE, env=NOW, report_path=str(tmp_path), **DECLARED, **options[way])
    assert run.failed is way.startswith("refused"), run.message
    report = told(run)
    rows = {row["primary_smtp_address"]: row for row in report["mailboxes"]}
    truth = effective(fabrikam_module)
    is_plan = way != "real"
    assert (truth == before) is is_plan
    assert {name: (row["after"], row["basic"], row["oauth"], row["at_risk"]) for name, row in rows.items()} == truth, (
        "the truth as it is"
    )
    assert {name: row["before"] for name, row in rows.items()} == {
        name: state for name, (state, *_more) in before.items()
    }
    risk = sum(at_risk for *_others, at_risk in truth.values())
    assert report["by_attention"]["at_risk"] == risk
    page = Path(run.result["report"]["html"]).read_text(encoding="utf-8")
    words = re.sub(r"<[^>]+>", "", page)
    assert f"{risk} mailbox" in words.split("At risk at the end of December 2026")[1]
    assert report["by_state"] == {
        state: sum(own == state for own, *_more in truth.values()) for state in ("enabled", "disabled", "inherit")
    }
    counts = report["counts"]
    assert counts["drifted"] == sum(row["drifted"] for row in rows.values()) > 0
    with open(run.result["report"]["csv"], encoding="utf-8-sig", newline="") as file:
        table = {row["primary_smtp_address"]: row for row in csv.DictReader(file)}
    for name, row in rows.items():
        for column in ("before", "after", "planned", "basic", "oauth", "planned_basic", "planned_oauth"):
            assert table[name][column] == (row[column] or "")

    if not is_plan:
        assert (report["planned_by_state"], report["planned_by_effective"]) == (None, None)
        assert {row["planned"] for row in rows.values()} == {None}
        assert {row["planned_basic"] for row in rows.values()} == {""}
        assert counts["changed"] > 0
        assert "Would change" not in words
        return
    assert not any(row["changed"] for row in rows.values())
    planned = {name: row["planned"] for name, row in rows.items() if row["planned"]}
    assert (counts["changed"], counts["planned"]) == (0, len(planned))
    assert len(planned) > 1
    assert "the plan would make it disabled" in report["organization"]["Setting"]
    would = {
        name: (row["planned"] or row["after"], row["planned_basic"], row["planned_oauth"]) for name, row in rows.items()
    }
    # Carried out, it is as the plan said.
    done = fabrikam_module(BASELINE, env=NOW, max_changes="100%", expected_plan=run.result["plan"], **DECLARED)
    assert not done.failed, done.message
    after = effective(fabrikam_module)
    assert {name: state[:3] for name, state in after.items()} == would
    then = sum(at_risk for *_others, at_risk in after.values())
    assert then != risk
    assert f"After the plan, {then} mailbox" in words
    assert report["planned_by_effective"]["basic"]["enabled"] == sum(
        basic == "enabled" for _own, basic, *_more in after.values()
    )


def test_a_failure_before_the_plan_tells_of_none(
    fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, tmp_path: Path
) -> None:
    declared = {**DECLARED, "disabled": [f"nobody@{DOMAIN}"], "max_changes": "100%"}
    run = fabrikam_module(BASELINE, env=NOW, check=True, report_path=str(tmp_path), **declared)
    assert run.result["failure"]["code"] == "not_found"
    report = told(run)
    assert report["planned_by_state"] is None
    assert {row["planned"] for row in report["mailboxes"]} == {None}


def test_who_may_be_at_risk_is_counted_and_named(
    fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, tmp_path: Path
) -> None:
    """Where layers can't be read, "nobody is at risk" would be a lie."""
    run = fabrikam_module(INFO, effective=True, env=NOW, app="no_graph", report_path=str(tmp_path))
    summary, found = run.result["summary"], run.result["findings"]
    unknown = [row["primary_smtp_address"] for row in run.result["mailboxes"] if row["effective"]["basic"] == "unknown"]
    assert len(unknown) > 1
    assert found["basic_unknown"] == {"count": len(unknown), "mailboxes": unknown}
    assert summary["basic_unknown"] == len(unknown)
    report = told(run)
    assert report["by_attention"]["may_be_at_risk"] == len(unknown)
    assert {row["mailbox"] for row in report["mailboxes"] if "may_be_at_risk" in row["attention"]} == set(unknown)
    words = re.sub(r"<[^>]+>", "", Path(run.result["report"]["html"]).read_text(encoding="utf-8"))
    assert f"{len(unknown)}May be at risk" in words


def test_plain_lists_are_counted_and_are_no_exceptions(
    fabrikam: FakeTenantServer, fabrikam_module: ModuleRunner, tmp_path: Path
) -> None:
    run = fabrikam_module(BASELINE, env=NOW, check=True, report_path=str(tmp_path), max_changes=9, **DECLARED)
    report = told(run)
    assert report["exceptions"] == []
    assert report["asked"]["Listed as enabled"] == "1"
