# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit with evidence: who would break, what has changed since, and a baseline to edit."""

from __future__ import annotations

import csv
import datetime
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from fake_tenant import FakeTenantServer
from harness.run import ModuleRunner, PlaybookRunner, today

pytestmark = pytest.mark.newest_core

AUDIT, ENFORCE, INFO = "m365ops.exchange_online.audit", "m365ops.exchange_online.enforce", "mailbox_smtp_auth_info"
DOMAIN = "contoso.onmicrosoft.com"
ALICE, BOB, CAROL = (f"{name}@{DOMAIN}" for name in ("alice", "bob", "carol"))
DAVE = "dave@contoso.com"
BEFORE = today("2026-11-24")
ROLES = ["Policy.Read.All", "User.Read.All", "AuditLog.Read.All", "Reports.Read.All"]


@pytest.fixture(autouse=True)
def _used(fake: FakeTenantServer) -> None:
    """Alice and Bob are seen, of whom only Alice may sign in with Basic; Dave may, and isn't seen."""
    users = {item["primary_address"]: item for item in fake.mailboxes.get()}
    when = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=2)
    log = [
        {
            "createdDateTime": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "userId": users[name]["object_id"],
            "userPrincipalName": users[name]["user_principal_name"],
            "clientAppUsed": "Authenticated SMTP",
            "signInEventTypes": ["nonInteractiveUser"],
            "status": {"errorCode": 0},
        }
        for name in (ALICE, BOB)
    ]
    fake.organization.patch(sign_ins=log, smtp_app_users=[ALICE])
    fake.apps.patch("good", graph_roles=ROLES)


def words_of(path: str | Path) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", Path(path).read_text(encoding="utf-8")).split())


def test_the_audit_tells_who_would_break(playbook: PlaybookRunner, fake: FakeTenantServer, tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "smtp_auth_report_path": str(tmp_path / "reports"),
        "smtp_auth_baseline_from": "evidence",
        "smtp_auth_baseline_path": str(tmp_path / "baseline.yml"),
    }
    run = playbook(AUDIT, env=BEFORE, **given)
    assert run.code == 0, run.output
    assert run.recap()["changed"] == 0
    text = " ".join(run.stdout.split())
    assert "seen using SMTP AUTH: 2, no evidence" in text
    assert "would break, because they are at risk and use it: 1; no evidence" in text
    assert f"a baseline to edit, with owner and reason to fill: {given['smtp_auth_baseline_path']}" in text

    report = json.loads((tmp_path / "reports" / "smtp_auth_report.json").read_text())
    rows = {row["primary_smtp_address"]: row for row in report["mailboxes"]}
    assert {name: rows[name]["used"] for name in (ALICE, BOB, DAVE)} == {ALICE: "yes", BOB: "yes", DAVE: "no_evidence"}
    assert rows[ALICE]["seen_in"] == "sign_in_log usage_report"
    assert [name for name, row in rows.items() if "would_break" in row["attention"]] == [ALICE]
    shared = rows["support@contoso.com"]
    assert (shared["mailbox_type"], shared["account"]) == ("SharedMailbox", "blocked")
    assert report["made_by"] == {"app": fake.app()["client_id"], "version": "0.1.0"}
    assert set(report["evidence"]) == {"Sign-in log (sign_in_log)", "Usage report (usage_report)"}
    with open(tmp_path / "reports" / "smtp_auth_report.csv", encoding="utf-8-sig", newline="") as file:
        table = {row["primary_smtp_address"]: row for row in csv.DictReader(file)}
    assert table[ALICE]["last_used"] == rows[ALICE]["last_used"] != ""
    page = words_of(tmp_path / "reports" / "smtp_auth_report.html")
    assert "1 mailbox could sign in with Basic today, and was seen using SMTP AUTH." in page

    # The baseline is refused until a person has filled it, and isn't overwritten.
    draft = yaml.safe_load(Path(given["smtp_auth_baseline_path"]).read_text())
    assert [one["mailbox"] for one in draft["exceptions"]] == [ALICE, BOB]
    refused = playbook(ENFORCE, flags=["--check"], smtp_auth_baseline_file=given["smtp_auth_baseline_path"])
    assert refused.code != 0
    assert "owner" in refused.output
    fake.log.clear()
    again = playbook(AUDIT, env=BEFORE, **given)
    assert again.code != 0
    assert "is there already" in " ".join(again.output.split())
    assert fake.log.entries() == []

    # What has changed since, in the place of the earlier report.
    fake.mailboxes.patch(CAROL, state="enabled")
    fake.mailboxes.delete(BOB)
    since = playbook(
        AUDIT,
        env=BEFORE,
        smtp_auth_usage="true",
        smtp_auth_report_path=str(tmp_path / "reports"),
        smtp_auth_compare_with=str(tmp_path / "reports" / "smtp_auth_report.json"),
    )
    assert since.code == 0, since.output
    assert f"since the report of {report['time']}: 0 new, 1 changed, 1 gone" in " ".join(since.stdout.split())
    later = json.loads((tmp_path / "reports" / "smtp_auth_report.json").read_text())
    changed = {row["primary_smtp_address"]: row["was"] for row in later["mailboxes"] if row["since"]}
    assert list(changed) == [CAROL]
    assert "own setting was inherit" in changed[CAROL]
    assert later["gone"] == [BOB]
    assert len(fake.log.entries(cmdlet="Set-CASMailbox")) == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"usage": True}, "usage=true takes effective=true"),
        ({"baseline_path": "{folder}/new.yml"}, "baseline_path takes usage=true"),
        ({"compare_with": "{folder}/old.json"}, "compare_with takes report_path"),
        ({"compare_with": "{folder}/old.json", "report_path": "{folder}"}, "old.json can't be read"),
        ({"usage": True, "effective": True, "baseline_path": "{folder}/no/new.yml"}, "no file can be made"),
        ({"usage": True, "effective": True, "usage_days": 999}, "usage_days is 999"),
    ],
)
def test_bad_options_ask_nothing(
    module: ModuleRunner, fake: FakeTenantServer, tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    given = {
        name: value.replace("{folder}", str(tmp_path)) if isinstance(value, str) else value
        for name, value in options.items()
    }
    run = module(INFO, **given)
    assert said in run.message
    assert fake.log.entries() == []


def test_without_any_evidence_the_mailboxes_are_told_and_no_baseline_is_made(
    module: ModuleRunner, tmp_path: Path
) -> None:
    path = tmp_path / "baseline.yml"
    run = module(INFO, app="no_graph", effective=True, usage=True, baseline_path=str(path), report_path=str(tmp_path))
    assert run.result["failure"]["code"] == "no_evidence"
    assert run.message.startswith("The mailboxes were read. Nobody knows who uses SMTP AUTH")
    assert run.result["summary"]["requested"] > 5
    assert {row["usage"]["used"] for row in run.result["mailboxes"]} == {"unknown"}
    assert not path.exists()
    assert "Not read:" in words_of(tmp_path / "smtp_auth_report.html")


def test_a_report_of_another_tenant_is_no_earlier_one(module: ModuleRunner, tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text(json.dumps({"schema": 2, "tenant": "another", "mailboxes": []}))
    run = module(INFO, report_path=str(tmp_path / "reports"), compare_with=str(path))
    assert "a report of another tenant" in run.message
    assert len(run.result["mailboxes"]) > 5
