# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has used SMTP AUTH, from the real module against every source, each missing in turn."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from harness.run import ModuleRun, ModuleRunner

pytestmark = pytest.mark.newest_core

NAME = "smtp_auth_usage_info"
DOMAIN = "contoso.onmicrosoft.com"
ALICE, BOB, CAROL, FRANK = (f"{name}@{DOMAIN}" for name in ("alice", "bob", "carol", "frank"))
DAVE, ERIN = "dave@contoso.com", "erin.married@contoso.com"
GRAPH_ROLES = ["AuditLog.Read.All", "Reports.Read.All", "User.Read.All", "ReportSettings.Read.All"]


def days_ago(days: int) -> str:
    when = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def sign_in(fake: FakeTenantServer, mailbox: str, days: int, **more: Any) -> dict[str, Any]:
    user = next(item for item in fake.mailboxes.get() if item["primary_address"] == mailbox)
    return sign_in_of(user, days, **more)


def sign_in_of(user: dict[str, Any], days: int, **more: Any) -> dict[str, Any]:
    return {
        "createdDateTime": days_ago(days),
        "userId": user["object_id"],
        "userPrincipalName": user["user_principal_name"],
        "clientAppUsed": "Authenticated SMTP",
        "ipAddress": "203.0.113.7",
        "appDisplayName": "Office 365 Exchange Online",
        "status": {"errorCode": 0},
        **more,
    }


def used(fake: FakeTenantServer) -> None:
    """Alice by an interactive sign-in, Bob by another kind, Carol by the usage report; Frank only fails."""
    failed = {"errorCode": 50126, "failureReason": "Invalid username or password."}
    log = [
        sign_in(fake, ALICE, 3),
        sign_in(fake, ALICE, 5, ipAddress="203.0.113.8"),
        sign_in(fake, BOB, 2, signInEventTypes=["nonInteractiveUser"]),
        sign_in(fake, FRANK, 1, status=failed),
        sign_in(fake, DAVE, 29, clientAppUsed="IMAP4"),
    ]
    fake.apps.patch("good", graph_roles=GRAPH_ROLES)
    fake.organization.patch(sign_ins=log, smtp_app_users=[CAROL, ALICE])


def answers(run: ModuleRun) -> dict[str, str]:
    return {row["mailbox"]: row["used"] for row in run.result["mailboxes"]}


def seen(run: ModuleRun) -> dict[str, list[str]]:
    return {row["mailbox"]: row["seen_in"] for row in run.result["mailboxes"]}


def test_what_the_sources_tell_is_merged(module: ModuleRunner, fake: FakeTenantServer, tmp_path: Path) -> None:
    used(fake)
    export = tmp_path / "clients.csv"
    export.write_text(
        "Sender address;Authentication protocol;Number of messages;Date\n"
        f"{ALICE.upper()};Basic;1,204;{days_ago(1)[:10]}\nprinter@{DOMAIN};OAuth;7;{days_ago(2)[:10]}\n"
        f"scanner@{DOMAIN};Basic;7;{days_ago(60)[:10]}\n"
    )
    run = module(NAME, report_files=[str(export)], check=True)
    assert not run.failed, run.message
    assert answers(run) == {
        ALICE: "yes",
        BOB: "yes",
        CAROL: "yes",
        FRANK: "no_evidence",
        f"printer@{DOMAIN}": "yes",
    }, "who is seen, and nobody from before the days"
    alice = run.of(ALICE)
    assert alice["seen_in"] == ["sign_in_log", "usage_report", "file"]
    assert (alice["last_used"], alice["count"], alice["protocol"]) == (days_ago(1)[:10], 2, "basic")
    assert [client["address"] for client in alice["clients"]] == ["203.0.113.7", "203.0.113.8"]
    assert (run.of(CAROL)["last_used"], run.of(CAROL)["count"]) == (None, None), "the report tells no day"
    assert run.of(FRANK)["failures"]["reason"] == "Invalid username or password (50126)"
    assert run.result["summary"] == {
        "requested": 5,
        "used": 4,
        "no_evidence": 1,
        "unknown": 0,
        "missing": 0,
        "failed": 0,
    }
    assert all(source["read"] and source["blind_to"] for source in run.result["sources"].values())
    assert run.result["sources"]["file"]["from"] == days_ago(2)[:10]
    assert not run.result.get("warnings")
    assert fake.log.entries(endpoint="invoke") == [], "Exchange isn't asked for who is seen"
    downloads = fake.log.entries(endpoint="download")
    assert [(entry["authorization"], entry["status"]) for entry in downloads] == [(False, 200)]


def test_listed_mailboxes_are_known_by_every_name(module: ModuleRunner, fake: FakeTenantServer) -> None:
    """The sign-in name isn't the address: the account's names link what the sources tell."""
    used(fake)
    fake.organization.patch(smtp_app_users=[f"erin.maiden@{DOMAIN}"])
    run = module(NAME, mailboxes=[ERIN, ALICE, DAVE], days=90)
    assert not run.failed, run.message
    assert answers(run) == {ERIN: "yes", ALICE: "yes", DAVE: "no_evidence"}
    assert all(row["guid"] for row in run.result["mailboxes"])
    assert run.result["sources"]["sign_in_log"]["from"][:10] == days_ago(30)[:10], "it goes back no further"
    # Without the names of the accounts nobody is called unused whom the report may list under another name.
    fake.apps.patch("good", graph_roles=["AuditLog.Read.All", "Reports.Read.All"])
    blind = module(NAME, mailboxes=[ERIN, ALICE, DAVE])
    assert answers(blind) == {ERIN: "unknown", ALICE: "yes", DAVE: "no_evidence"}
    assert "User.Read.All" in json.dumps(blind.result["warnings"])


@pytest.mark.parametrize(
    ("lack", "source", "reason"),
    [
        ("AuditLog.Read.All", "sign_in_log", "AuditLog.Read.All, then grant admin consent"),
        ("Reports.Read.All", "usage_report", "Reports.Read.All, then grant admin consent"),
        ("licence", "sign_in_log", "no permission or consent makes up for it"),
        ("cloud", "sign_in_log", "doesn't offer the sign-in log in the cloud gcc_high"),
        ("names", "usage_report", "It wasn't fetched"),
        ("names, unsaid", "usage_report", "no names"),
        ("not interactive", "sign_in_log", "/beta/auditLogs/signIns"),
    ],
)
def test_a_source_that_is_missing_is_told(
    module: ModuleRunner, fake: FakeTenantServer, lack: str, source: str, reason: str
) -> None:
    used(fake)
    roles = [
        role for role in GRAPH_ROLES if role != lack and (lack, role) != ("names, unsaid", "ReportSettings.Read.All")
    ]
    fake.apps.patch("good", graph_roles=roles)
    fake.organization.patch(premium=lack != "licence", conceal_names=lack.startswith("names"))
    if lack == "not interactive":
        fake.faults.add("status", endpoint="graph", path="beta/auditLogs", times=None, arguments={"status": 400})
    run = module(
        NAME, mailboxes=[ALICE, BOB, CAROL, DAVE], max_retries=0, cloud="gcc_high" if lack == "cloud" else "public"
    )
    assert not run.failed, run.message
    told = run.result["sources"]
    assert (told[source]["read"], reason in told[source]["reason"]) == (False, True), told[source]["reason"]
    assert [name for name, one in told.items() if one["read"]] == [
        name for name in ("sign_in_log", "usage_report") if name != source
    ]
    assert source in json.dumps(run.result["warnings"])
    assert run.of(DAVE)["used"] == "unknown", "with a source unread nobody is without evidence"
    assert run.of(ALICE)["used"] == "yes"
    if lack == "not interactive":
        assert seen(run)[ALICE] == ["sign_in_log", "usage_report"], "what was read of it counts"
    if lack == "cloud":
        assert not [entry for entry in fake.log.entries(endpoint="graph") if "signIns" in entry["path"]]


def test_without_any_source_it_fails_and_says_why(module: ModuleRunner, fake: FakeTenantServer) -> None:
    run = module(NAME, app="no_graph", mailboxes=[ALICE])
    assert run.result["failure"]["code"] == "no_evidence"
    for permission in ("AuditLog.Read.All", "Reports.Read.All"):
        assert permission in run.message
    assert answers(run) == {ALICE: "unknown"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"days": 0}, "days is 0"),
        ({"days": 181}, "days is 181"),
        ({"sources": []}, "sources is empty"),
        ({"sources": ["file"]}, "report_files names none"),
        ({"sources": ["usage_report"], "report_files": ["{good}"]}, "sources leaves file out"),
        ({"report_files": ["{good}", "{good}"]}, "twice"),
        ({"report_files": ["/nowhere/x.csv"]}, "/nowhere/x.csv can't be read"),
        ({"report_files": ["{bad}"]}, "line 3: 'many' isn't a number of messages"),
        ({"mailboxes": [ALICE, ""]}, "entry 2"),
    ],
)
def test_bad_input_asks_nothing(
    module: ModuleRunner, fake: FakeTenantServer, tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    files = {"{good}": tmp_path / "good.csv", "{bad}": tmp_path / "bad.csv"}
    files["{good}"].write_text(f"Sender,Messages\n{ALICE},1\n")
    files["{bad}"].write_text(f"Sender,Messages\n{ALICE},1\n{BOB},many\n")
    given = {
        name: [str(files.get(one, one)) for one in value] if name == "report_files" else value
        for name, value in options.items()
    }
    run = module(NAME, **given)
    assert run.failed
    assert said in run.message
    assert fake.log.entries() == []


def test_missing_mailboxes(module: ModuleRunner, fake: FakeTenantServer) -> None:
    used(fake)
    run = module(NAME, mailboxes=[ALICE, "nobody"])
    assert (run.result["failure"]["code"], fake.log.entries(endpoint="graph")) == ("not_found", [])
    warned = module(NAME, mailboxes=[ALICE, "nobody"], missing="warn")
    assert (answers(warned), warned.result["summary"]["missing"]) == ({ALICE: "yes"}, 1)
    assert module(NAME, mailboxes=[]).result["summary"]["requested"] == 0


def test_a_listing_of_many_pages(crowd_module: ModuleRunner, crowd: FakeTenantServer) -> None:
    """Every page of the log counts, and thousands of accounts cost one listing."""
    alice = sign_in(crowd, ALICE, 1)
    log = [{**alice, "createdDateTime": f"{days_ago(1)[:11]}00:{n // 60 % 60:02}:{n % 60:02}Z"} for n in range(2500)]
    last = sign_in(crowd, BOB, 20)
    names = [f"user{number:05}@{DOMAIN}" for number in range(1, 1001)]
    crowd.apps.patch("good", graph_roles=GRAPH_ROLES)
    crowd.organization.patch(sign_ins=[*log, last], smtp_app_users=names[:400])
    run = crowd_module(NAME, mailboxes=[ALICE, BOB, *names])
    assert not run.failed, run.message
    assert (run.of(ALICE)["count"], run.of(BOB)["used"]) == (2500, "yes")
    assert run.result["summary"]["used"] == 402
    listings = [entry for entry in crowd.log.entries(endpoint="graph") if entry["path"].endswith("/users")]
    assert len(listings) == 3


def test_ten_thousand_mailboxes(tmp_path: Path) -> None:
    """Each seen once or twice in the log: all are counted, each page is asked for once, and the result is small."""
    with FakeTenantServer(mailboxes=10_000) as big:
        big.apps.patch("good", graph_roles=GRAPH_ROLES)
        users = [item for item in big.mailboxes.get() if item["primary_address"].startswith("user")]
        seen = [sign_in_of(user, 3) for number, user in enumerate(users) for _time in range(1 + number % 2)]
        big.organization.patch(sign_ins=seen)
        big.log.clear()
        run = ModuleRunner(big, tmp_path)(NAME, sources=["sign_in_log"], return_mailboxes="none")
        pages = [entry for entry in big.log.entries() if "signIns" in entry["path"]]
    assert not run.failed, run.message
    assert run.result["summary"]["used"] == len(users) == 10_000
    assert run.result["mailboxes"] == []
    assert len(run.stdout) < 100_000
    assert 0 < len(pages) <= 2 * (len(seen) // 1_000 + 1) + 2  # both kinds of sign-ins, in pages of a thousand
