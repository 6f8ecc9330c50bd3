# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole tenant is made to match a baseline: what that takes, changes and leaves alone, and in which order."""

from __future__ import annotations

import csv
import datetime
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from harness.return_docs import Comparison, documented
from harness.run import ModuleRun, ModuleRunner
from harness.truth import EXCHANGE, journal_lines, outcome_lines

DOMAIN = "contoso.onmicrosoft.com"
ALICE, BOB, CAROL, FRANK = (f"{name}@{DOMAIN}" for name in ("alice", "bob", "carol", "frank"))
DAVE, ERIN, SUPPORT = "dave@contoso.com", "erin.married@contoso.com", "support@contoso.com"
DISCOVERY = f"DiscoverySearchMailbox{{D919BA05-46A6-415f-80AD-7E09334BB852}}@{DOMAIN}"
NAME = "smtp_auth_baseline"
REFUSE = {"status": 400, "type": "System.InvalidOperationException", "text": "No."}


def exception(mailbox: str, state: str = "enabled", **more: Any) -> dict[str, Any]:
    return {"mailbox": mailbox, "state": state, **more}


def in_days(days: int) -> str:
    return (datetime.date.today() + datetime.timedelta(days=days)).isoformat()


def requests(fake: FakeTenantServer) -> list[dict[str, Any]]:
    return [entry for entry in fake.log.entries() if entry["endpoint"] in EXCHANGE]


def writes(fake: FakeTenantServer) -> list[tuple[str, str, Any]]:
    """What was written, in order: mailbox or ``organization``, and the value."""
    names = {mailbox["guid"]: mailbox["primary_address"] for mailbox in fake.mailboxes.get()}
    return [
        (
            item["cmdlet"],
            names.get(item["identity"], "organization"),
            item["parameters"]["SmtpClientAuthenticationDisabled"],
        )
        for entry in requests(fake)
        for item in entry["items"]
        if item["cmdlet"].startswith("Set-")
    ]


def test_only_the_exceptions_are_left_enabled(module: ModuleRunner, fake: FakeTenantServer) -> None:
    declared = {
        "exceptions": [exception(ALICE), exception("dave@" + DOMAIN), exception(BOB, "disabled")],
        "everyone_else": "inherit",
        "max_changes": "100%",
        "return_mailboxes": "all",
    }
    before = fake.mailboxes.states()
    check = module(NAME, check=True, diff=True, **declared)
    assert fake.mailboxes.states() == before
    assert writes(fake) == []

    run = module(NAME, diff=True, **declared)
    assert not run.failed, run.message
    wanted = dict.fromkeys(before, "inherit") | {ALICE: "enabled", DAVE: "enabled", BOB: "disabled"}
    assert fake.mailboxes.states() == wanted
    for key in ("mailboxes", "summary", "diff", "changed", "left_alone"):
        assert check.result[key] == run.result[key], key
    changed = {name for name in before if before[name] != wanted[name]}
    assert {row["primary_smtp_address"] for row in run.result["mailboxes"] if row["changed"]} == changed
    assert run.result["summary"] == {
        "requested": len(before),
        "changed": len(changed),
        "unchanged": len(before) - len(changed),
        "missing": 0,
        "failed": 0,
    }
    assert [row["mailbox"] for row in run.result["mailboxes"][:3]] == [ALICE, "dave@" + DOMAIN, BOB]

    again = module(NAME, **declared)
    assert again.result["changed"] is False
    assert again.result["requests"]["sent"] == 2, "a page, and a look-up of the one that only a secondary address names"
    declared["exceptions"] = [exception(ALICE), exception(DAVE), exception(BOB, "disabled")]
    again = module(NAME, **declared)
    assert again.result["changed"] is False
    assert again.result["requests"]["sent"] == 1, "one page is all that it takes to see that nothing drifted"


def test_a_new_mailbox_is_caught_by_the_next_run(module: ModuleRunner, fake: FakeTenantServer) -> None:
    declared = {"exceptions": [], "everyone_else": "disabled", "max_changes": "100%"}
    assert not module(NAME, **declared).failed
    fake.mailboxes.patch(CAROL, state="inherit")
    run = module(NAME, return_mailboxes="changed", **declared)
    assert [row["mailbox"] for row in run.result["mailboxes"]] == [CAROL]


def test_unmanaged_touches_only_the_exceptions_and_reads_no_listing(
    module: ModuleRunner, fake: FakeTenantServer
) -> None:
    before = fake.mailboxes.states()
    run = module(NAME, exceptions=[exception(CAROL), exception(SUPPORT, "disabled")], preflight="off")
    assert not run.failed
    assert fake.mailboxes.states() == before | {CAROL: "enabled", SUPPORT: "disabled"}
    assert run.result["summary"]["requested"] == 2
    assert run.result["requests"]["sent"] == 3


def test_nothing_declared_asks_nothing(module: ModuleRunner, fake: FakeTenantServer) -> None:
    run = module(NAME, exceptions=[])
    assert (run.failed, run.result["changed"], run.result["requests"]["sent"]) == (False, False, 0)
    assert requests(fake) == []


# What is wrong is told before anything is asked -----------------------------------------------------------------------


def test_a_wrong_baseline_is_refused_as_a_whole_before_any_request(
    module: ModuleRunner, fake: FakeTenantServer
) -> None:
    run = module(
        NAME,
        exceptions=[
            exception(ALICE, expire="2027-01-01"),
            exception(BOB, "on"),
            exception(CAROL, expires="2027-02-30"),
            exception(ALICE.upper()),
            exception(" "),
        ],
        require_owner=True,
    )
    assert run.failed
    assert run.result["failure"]["code"] == "invalid_input"
    for said in (
        f"exception 1 ({ALICE}) has the unknown key 'expire'",
        f"exception 2 ({BOB}) has the state 'on'",
        f"exception 3 ({CAROL}) expires on 2027-02-30, which isn't a day",
        f"exception 4 ({ALICE.upper()}) is the same mailbox as exception 1",
        "exception 5 can't be used: its mailbox is blank",
        f"exception 3 ({CAROL}) has no owner",
    ):
        assert said in run.message
    assert fake.log.entries() == []


@pytest.mark.parametrize("everyone_else", ["inherit", "disabled"])
@pytest.mark.parametrize("max_changes", [None, "", "many", "101%"])
def test_managing_everyone_else_needs_a_limit(
    module: ModuleRunner, fake: FakeTenantServer, everyone_else: str, max_changes: str | None
) -> None:
    run = module(NAME, exceptions=[], everyone_else=everyone_else, max_changes=max_changes)
    assert run.failed
    assert "max_changes" in run.message
    assert fake.log.entries() == []


# What is found wrong in the tenant is told before anything is written -------------------------------------------------


@pytest.mark.parametrize("everyone_else", ["unmanaged", "disabled"])
@pytest.mark.parametrize(
    ("exceptions", "code", "said"),
    [
        ([exception(DAVE), exception("d.dupont@contoso.com")], "duplicate", "d.dupont@contoso.com"),
        ([exception("erin.maiden@" + DOMAIN), exception("emaiden")], "duplicate", "emaiden"),
        ([exception(ALICE), exception("nobody@contoso.com")], "not_found", "nobody@contoso.com"),
        ([exception("reception")], "ambiguous", "reception"),
    ],
)
def test_exceptions_that_cannot_be_told_stop_it(
    module: ModuleRunner,
    fake: FakeTenantServer,
    exceptions: list[dict[str, Any]],
    code: str,
    said: str,
    everyone_else: str,
) -> None:
    run = module(NAME, exceptions=exceptions, everyone_else=everyone_else, max_changes="100%", missing="fail")
    assert (run.failed, run.result["failure"]["code"]) == (True, code)
    assert said in run.message
    assert writes(fake) == []


def test_an_exception_that_cannot_be_read_is_not_taken_for_everyone_else(
    module: ModuleRunner, fake: FakeTenantServer
) -> None:
    fake.faults.add("status", cmdlet="Get-CASMailbox", identity="emaiden", times=None, arguments=REFUSE)
    run = module(
        NAME, exceptions=[exception(ALICE), exception("emaiden")], everyone_else="disabled", max_changes="100%"
    )
    assert run.result["failure"]["code"] == "not_read"
    assert writes(fake) == []


def test_a_missing_exception_may_be_left_out(module: ModuleRunner, fake: FakeTenantServer) -> None:
    run = module(NAME, exceptions=[exception("nobody@contoso.com"), exception(CAROL)], missing="warn")
    assert not run.failed
    assert run.result["summary"] == {"requested": 2, "changed": 1, "unchanged": 0, "missing": 1, "failed": 0}
    assert fake.mailboxes.states()[CAROL] == "enabled"
    assert "nobody@contoso.com" in json.dumps(run.result["warnings"])


def test_a_short_listing_writes_nothing(module: ModuleRunner, fake: FakeTenantServer) -> None:
    fake.faults.add("truncate", times=None)
    run = module(NAME, exceptions=[], everyone_else="disabled", max_changes="100%")
    assert run.result["failure"]["code"] == "incomplete_listing"
    assert writes(fake) == []


# Expiry ---------------------------------------------------------------------------------------------------------------


def test_an_expired_exception_is_everyone_else(module: ModuleRunner, fake: FakeTenantServer) -> None:
    run = module(
        NAME,
        exceptions=[
            exception(ALICE, expires=in_days(-1), owner="Facilities", reason="Scans"),
            exception(DAVE, expires=in_days(0)),
            exception(FRANK, expires=in_days(31)),
            exception("gone@contoso.com", expires=in_days(-400)),
        ],
        everyone_else="inherit",
        max_changes="100%",
    )
    assert not run.failed, run.message
    now = fake.mailboxes.states()
    assert (now[ALICE], now[DAVE], now[FRANK]) == ("inherit", "enabled", "enabled")
    assert run.result["expired"][0] == {
        "mailbox": ALICE,
        "state": "enabled",
        "owner": "Facilities",
        "reason": "Scans",
        "expires": in_days(-1),
        "days_left": -1,
    }
    assert [item["mailbox"] for item in run.result["expired"]] == [ALICE, "gone@contoso.com"]
    assert [(item["mailbox"], item["days_left"]) for item in run.result["expiring"]] == [(DAVE, 0)]


def test_expiry_without_managing_everyone_else_changes_nothing_and_says_so(
    module: ModuleRunner, fake: FakeTenantServer
) -> None:
    run = module(NAME, exceptions=[exception(ALICE, expires=in_days(-1))])
    assert (run.failed, run.result["changed"]) == (False, False)
    assert fake.mailboxes.states()[ALICE] == "enabled"
    assert "left as they are" in json.dumps(run.result["warnings"])


# The limit ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(("limit", "refused"), [("5", True), ("6", False), ("49%", True), ("50%", False), ("0", True)])
def test_the_limit(module: ModuleRunner, fake: FakeTenantServer, limit: str, refused: bool, check: bool) -> None:
    """Six of twelve would change."""
    run = module(
        NAME,
        exceptions=[exception(ALICE)],
        everyone_else="inherit",
        max_changes=limit,
        check=check,
        diff=True,
        return_mailboxes="changed",
    )
    assert run.failed is refused, run.message
    assert len(writes(fake)) == (0 if refused or check else 6)
    planned = [(row["mailbox"], row["wanted"]) for row in run.result["mailboxes"]]
    assert planned == [
        (BOB, "inherit"),
        (DAVE, "inherit"),
        (ERIN, "inherit"),
        (FRANK, "inherit"),
        (f"o'neil+printer@{DOMAIN}", "inherit"),
        ("reception.south@contoso.com", "inherit"),
    ]
    assert len(run.result["diff"]) == 6
    if refused:
        assert run.result["failure"]["code"] == "max_changes"
        assert run.result["changed"] is False


def test_who_follows_the_organization_counts_where_it_changes(module: ModuleRunner, fake: FakeTenantServer) -> None:
    declared = {"exceptions": [], "everyone_else": "unmanaged", "organization": "enabled"}
    run = module(NAME, max_changes="4", **declared)
    assert run.result["failure"]["code"] == "max_changes"
    assert "organization's setting, which 5 more follow" in run.message
    assert fake.organization.get()["smtp_disabled"] is True
    assert not module(NAME, max_changes="5", **declared).failed
    assert fake.organization.get()["smtp_disabled"] is False


# The service's own mailboxes ------------------------------------------------------------------------------------------


def test_the_services_own_mailboxes_are_left_alone(module: ModuleRunner, fake: FakeTenantServer) -> None:
    fake.mailboxes.patch(CAROL, recipient_type="PublicFolderMailbox")
    run = module(NAME, exceptions=[], everyone_else="disabled", max_changes="100%")
    assert not run.failed
    now = fake.mailboxes.states()
    assert now.pop(DISCOVERY) == now.pop(CAROL) == "inherit"
    assert set(now.values()) == {"disabled"}
    assert [(item["mailbox"], item["type"]) for item in run.result["left_alone"]] == [
        (DISCOVERY, ""),
        (CAROL, "PublicFolderMailbox"),
    ]
    asked = {item["identity"] for entry in requests(fake) for item in entry["items"] if item["cmdlet"] == "Get-Mailbox"}
    assert len(asked) == 9, "only those that would change, and whose name doesn't tell"
    assert module(NAME, exceptions=[], everyone_else="disabled", max_changes="0").result["changed"] is False


def test_one_of_them_may_be_an_exception(module: ModuleRunner, fake: FakeTenantServer) -> None:
    guid = next(item["guid"] for item in fake.mailboxes.get() if item["primary_address"] == DISCOVERY)
    run = module(NAME, exceptions=[exception(guid, "disabled")], everyone_else="inherit", max_changes="100%")
    assert not run.failed
    assert fake.mailboxes.states()[DISCOVERY] == "disabled"


def test_without_a_type_nothing_is_written(module: ModuleRunner, fake: FakeTenantServer) -> None:
    fake.faults.add("status", cmdlet="Get-Mailbox", times=None, arguments=REFUSE)
    run = module(NAME, exceptions=[], everyone_else="disabled", max_changes="100%")
    assert run.failed
    assert writes(fake) == []


# The organization's setting, and the order ----------------------------------------------------------------------------


ORDERS = {
    # All that shall have a setting of their own, then the switch, then all that shall follow it.
    "off": ("enabled", "disabled", {ALICE: "inherit", CAROL: "disabled", BOB: "disabled", DAVE: "enabled"}),
    "on": ("disabled", "enabled", {ALICE: "inherit", CAROL: "enabled", BOB: "inherit", DAVE: "enabled"}),
}


@pytest.mark.parametrize("way", sorted(ORDERS))
def test_nobody_is_cut_off_or_let_in_at_any_moment(module: ModuleRunner, fake: FakeTenantServer, way: str) -> None:
    """The log of the tenant is played again, write by write."""
    before, after, states = ORDERS[way]
    fake.organization.patch(smtp_disabled=before == "disabled")
    fake.mailboxes.set_states(states)
    exceptions = [exception(ALICE, "enabled"), exception(BOB, "disabled"), exception(SUPPORT, "disabled")]
    start = fake.mailboxes.states()
    run = module(NAME, exceptions=exceptions, everyone_else="inherit", organization=after, max_changes="100%")
    assert not run.failed, run.message
    assert run.result["organization"] == {"before": before, "after": after, "changed": True}

    def sends(states: dict[str, str], organization: str) -> dict[str, bool]:
        return {name: (organization if state == "inherit" else state) == "enabled" for name, state in states.items()}

    words = {False: "enabled", True: "disabled", None: "inherit"}
    moments = [sends(start, before)]
    now, organization = dict(start), before
    done = writes(fake)
    for _cmdlet, name, value in done:
        if name == "organization":
            organization = words[value]
        else:
            now[name] = words[value]
        moments.append(sends(now, organization))
    assert now == fake.mailboxes.states()
    for name in start:
        seen = [moment[name] for moment in moments]
        shall = seen[-1]
        if seen[0] == shall:
            assert set(seen) == {shall}, f"{name} was otherwise for a moment"
        assert seen == sorted(seen, reverse=seen[0]), f"{name} went back and forth"

    place = next(at for at, (_cmdlet, name, _value) in enumerate(done) if name == "organization")
    assert {value for _cmdlet, _name, value in done[:place]} <= {False, True}
    assert {value for _cmdlet, _name, value in done[place + 1 :]} <= {None}
    entries = requests(fake)
    switched = next(at for at, entry in enumerate(entries) if entry["items"][0]["cmdlet"] == "Set-TransportConfig")
    first = {
        item["identity"]
        for entry in entries[:switched]
        for item in entry["items"]
        if item["cmdlet"] == "Set-CASMailbox"
    }
    written = max(at for at in range(switched) if entries[at]["items"][0]["cmdlet"] == "Set-CASMailbox")
    read_back = {
        item["identity"]
        for entry in entries[written:switched]
        for item in entry["items"]
        if item["cmdlet"] == "Get-CASMailbox"
    }
    assert first
    # One by one, or by a listing, which names nobody: whichever looks faster by then.
    assert first <= read_back or None in read_back, (
        "what comes before the switch is read back before it, whatever verify says"
    )


@pytest.mark.parametrize("effect", ["refused", "never shows"])
def test_if_the_first_half_fails_the_switch_is_not_made(
    module: ModuleRunner, fake: FakeTenantServer, effect: str
) -> None:
    fake.organization.patch(smtp_disabled=False)
    guid = next(item["guid"] for item in fake.mailboxes.get() if item["primary_address"] == SUPPORT)
    if effect == "refused":
        fake.faults.add("status", cmdlet="Set-CASMailbox", identity=guid, times=None, arguments=REFUSE)
    else:
        fake.faults.add("lose_write", cmdlet="Set-CASMailbox", identity=guid, times=None)
    before = fake.mailboxes.states()
    run = module(
        NAME,
        exceptions=[exception(SUPPORT), exception(CAROL)],
        everyone_else="inherit",
        organization="disabled",
        max_changes="100%",
        verify=False,
        diff=True,
    )
    assert run.failed
    assert "The organization's setting wasn't changed" in run.message
    assert fake.organization.get()["smtp_disabled"] is False
    assert fake.mailboxes.states() == before | {CAROL: "enabled"}
    assert run.result["organization"]["changed"] is False
    assert set(run.codes) == {"not_tried", "service_error" if effect == "refused" else "not_confirmed"}

    fake.faults.clear()
    again = module(
        NAME,
        exceptions=[exception(SUPPORT), exception(CAROL)],
        everyone_else="inherit",
        organization="disabled",
        max_changes="100%",
    )
    assert not again.failed, again.message
    assert fake.organization.get()["smtp_disabled"] is True


def test_if_the_switch_fails_nobody_is_made_to_follow_it(module: ModuleRunner, fake: FakeTenantServer) -> None:
    fake.organization.patch(smtp_disabled=False)
    fake.faults.add("status", cmdlet="Set-TransportConfig", times=None, arguments=REFUSE)
    before = fake.mailboxes.states()
    run = module(
        NAME, exceptions=[exception(CAROL)], everyone_else="inherit", organization="disabled", max_changes="100%"
    )
    assert run.failed
    assert "organization's setting" in run.message
    assert fake.mailboxes.states() == before | {CAROL: "enabled"}
    assert set(run.codes) == {"not_tried"}


def test_the_switch_in_check_mode(module: ModuleRunner, fake: FakeTenantServer) -> None:
    run = module(NAME, exceptions=[], organization="enabled", check=True, diff=True)
    assert run.result["changed"] is True
    assert run.result["organization"] == {"before": "disabled", "after": "enabled", "changed": True}
    assert run.result["diff"][0]["after"] == "smtp_auth: enabled\n"
    assert fake.organization.get()["smtp_disabled"] is True


# What it writes down --------------------------------------------------------------------------------------------------


def test_the_journal_holds_mailboxes_and_switch_in_their_order(
    module: ModuleRunner, fake: FakeTenantServer, tmp_path: Path
) -> None:
    path = tmp_path / "journal"
    declared = {"exceptions": [exception(CAROL)], "everyone_else": "inherit", "organization": "enabled"}
    check = module(NAME, max_changes="100%", journal_path=str(path), check=True, **declared)
    assert (check.result["journal"], path.exists()) == ("", False)
    run = module(NAME, max_changes="100%", journal_path=str(path), **declared)
    assert run.result["journal"] == str(path)
    lines = outcome_lines(path)
    assert len(journal_lines(path)) == 2 * len(lines)
    assert lines[0]["mailbox"] == CAROL
    assert {key: lines[1][key] for key in lines[1] if key != "time"} == {
        "tenant": fake.tenants[0]["tenant_id"],
        "object": "organization",
        "before": "disabled",
        "after": "enabled",
        "outcome": "written",
    }
    assert len(lines) == 2 + 7
    again = module(NAME, max_changes="100%", journal_path=str(path), **declared)
    assert again.result["journal"] == ""


@pytest.mark.parametrize("check", [False, True])
def test_the_report(module: ModuleRunner, fake: FakeTenantServer, tmp_path: Path, check: bool) -> None:
    run = module(
        NAME,
        exceptions=[
            exception(ALICE, owner="Facilities", reason="<b>Scans</b>", expires=in_days(3)),
            exception(CAROL, expires=in_days(-3)),
            exception("nobody@contoso.com"),
        ],
        everyone_else="inherit",
        missing="warn",
        max_changes="100%",
        organization="disabled",
        report_path=str(tmp_path / "reports"),
        report_name="contoso",
        check=check,
    )
    assert not run.failed, run.message
    assert set(run.result["report"]) == {"html", "csv", "json"}
    for kind, path in run.result["report"].items():
        assert Path(path) == tmp_path / "reports" / f"contoso.{kind}"
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    page = Path(run.result["report"]["html"]).read_text(encoding="utf-8")
    assert "<b>Scans</b>" not in page
    with open(run.result["report"]["csv"], encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 1 + 12, "every mailbox; the exception without one is told apart"
    told = json.loads(Path(run.result["report"]["json"]).read_text())
    assert told["check_mode"] is check
    assert told["counts"]["drifted"] == 6
    assert {item["mailbox"]: item["status"] for item in told["exceptions"]} == {
        ALICE: "expiring",
        CAROL: "expired",
        "nobody@contoso.com": "missing",
    }
    assert sum(told["by_state"].values()) == len(told["mailboxes"])


def test_a_report_that_has_no_place_stops_it_before_any_request(
    module: ModuleRunner, fake: FakeTenantServer, tmp_path: Path
) -> None:
    run = module(NAME, exceptions=[exception(CAROL)], report_path=str(tmp_path / "no" / "such"))
    assert run.failed
    assert fake.log.entries() == []


# At size --------------------------------------------------------------------------------------------------------------


def test_one_read_of_a_large_tenant(crowd_module: ModuleRunner, crowd: FakeTenantServer) -> None:
    names = [f"user{number:05d}@{DOMAIN}" for number in range(1, 41)]
    declared = {
        "exceptions": [exception(name) for name in names],
        "everyone_else": "inherit",
        "max_changes": "100%",
        "preflight": "off",
        "concurrency": 8,
    }
    before = crowd.mailboxes.states()
    check = crowd_module(NAME, check=True, **declared)
    assert check.result["requests"]["sent"] == 6, "three pages of mailboxes, three of their types"
    assert crowd.mailboxes.states() == before
    run = crowd_module(NAME, **declared)
    assert not run.failed, run.message
    now = crowd.mailboxes.states()
    assert {name for name, state in now.items() if state != "inherit"} == set(names)
    assert run.result["summary"]["changed"] == sum(before[name] != now[name] for name in now)
    assert crowd_module(NAME, **declared).result["requests"]["sent"] == 3


# The result -----------------------------------------------------------------------------------------------------------


def test_the_result_is_as_documented(module: ModuleRunner, fake: FakeTenantServer, tmp_path: Path) -> None:
    comparison = Comparison(documented(NAME))

    def check(run: ModuleRun) -> None:
        assert comparison.differences(run.result) == []

    full = {
        "exceptions": [exception(CAROL, expires=in_days(1)), exception(ALICE, expires=in_days(-1))],
        "everyone_else": "disabled",
        "max_changes": "100%",
        "organization": "enabled",
    }
    check(module(NAME, exceptions=[]))
    check(module(NAME, check=True, diff=True, report_path=str(tmp_path), **full))
    check(module(NAME, **{**full, "max_changes": "1"}))
    check(module(NAME, exceptions=[exception("nobody")]))
    check(module(NAME, exceptions=[exception("nobody")], missing="warn"))
    check(module(NAME, exceptions=[exception("")]))
    check(module(NAME, exceptions=[exception(CAROL)], client_secret="wrong"))
    check(module(NAME, exceptions=[exception(CAROL)], app="no_directory_role"))
    fake.faults.add("status", cmdlet="Set-CASMailbox", times=None, arguments=REFUSE)
    check(module(NAME, **full))
    fake.faults.clear()
    check(module(NAME, return_mailboxes="none", **full))


# Who has used it ------------------------------------------------------------------------------------------------------


def sign_in(fake: FakeTenantServer, mailbox: str, days_ago: float, **more: Any) -> dict[str, Any]:
    user = next(item for item in fake.mailboxes.get() if item["primary_address"] == mailbox)
    when = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days_ago)
    return {
        "createdDateTime": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "userId": user["object_id"],
        "userPrincipalName": user["user_principal_name"],
        "clientAppUsed": "Authenticated SMTP",
        "status": {"errorCode": 0},
        **more,
    }


GUARDED = {"exceptions": [], "everyone_else": "inherit", "max_changes": "100%", "refuse_if_used_within_days": 14}


@pytest.mark.parametrize("check", [False, True])
def test_smtp_auth_is_not_taken_from_who_uses_it(module: ModuleRunner, fake: FakeTenantServer, check: bool) -> None:
    log = [
        sign_in(fake, ALICE, 3),
        sign_in(fake, ALICE, 9),
        sign_in(fake, DAVE, 13, clientAppUsed="SMTP"),
        sign_in(fake, BOB, 1),  # disabled: it loses nothing
        sign_in(fake, FRANK, 15),  # too long ago
        sign_in(fake, FRANK, 1, status={"errorCode": 50126}),  # failed
        sign_in(fake, FRANK, 1, clientAppUsed="IMAP4"),
    ]
    fake.organization.patch(sign_ins=log)
    run = module(NAME, check=check, diff=True, **GUARDED)
    assert run.result["failure"]["code"] == "in_use"
    assert writes(fake) == []
    assert [(one["mailbox"], one["last_used"]) for one in run.result["in_use"]] == [
        (ALICE, log[0]["createdDateTime"]),
        (DAVE, log[2]["createdDateTime"]),
    ]
    assert f"{ALICE} (last " in run.message
    declared = {**GUARDED, "exceptions": [exception(ALICE), exception(DAVE)]}
    assert not module(NAME, **declared).failed


def test_who_follows_the_organization_counts_as_losing(module: ModuleRunner, fake: FakeTenantServer) -> None:
    fake.organization.patch(smtp_disabled=False, sign_ins=[sign_in(fake, CAROL, 3)])
    run = module(NAME, organization="disabled", exceptions=[], refuse_if_used_within_days=30)
    assert [one["mailbox"] for one in run.result["in_use"]] == [CAROL]
    assert fake.organization.get()["smtp_disabled"] is False
    assert not module(
        NAME, organization="disabled", exceptions=[exception(CAROL)], refuse_if_used_within_days=30
    ).failed


@pytest.mark.parametrize("lack", ["permission", "licence"])
def test_without_the_log_nothing_is_taken(module: ModuleRunner, fake: FakeTenantServer, lack: str) -> None:
    if lack == "licence":
        fake.organization.patch(premium=False)
    run = module(NAME, app="no_graph" if lack == "permission" else "good", **GUARDED)
    assert run.result["failure"]["code"] == "no_evidence"
    assert "refuse_if_used_within_days" in run.message
    assert ("AuditLog.Read.All, then grant admin consent" in run.message) is (lack == "permission")
    assert ("Entra ID P1 or P2" in run.message) is (lack == "licence")
    assert writes(fake) == []


def test_an_empty_log_is_no_evidence_and_says_so(module: ModuleRunner, fake: FakeTenantServer) -> None:
    run = module(NAME, **GUARDED)
    assert not run.failed, run.message
    assert "evidence" in json.dumps(run.result["warnings"])


def test_a_log_that_fails_stops_it(module: ModuleRunner, fake: FakeTenantServer) -> None:
    fake.faults.add("status", endpoint="graph", times=None, arguments={"status": 500})
    run = module(NAME, max_retries=0, **GUARDED)
    assert run.failed
    assert writes(fake) == []


def test_the_log_is_not_asked_where_nobody_loses(module: ModuleRunner, fake: FakeTenantServer) -> None:
    run = module(NAME, exceptions=[exception(CAROL)], refuse_if_used_within_days=14, preflight="off", app="no_graph")
    assert not run.failed, run.message
    assert fake.log.entries(endpoint="graph") == []


@pytest.mark.parametrize("days", [0, 31, -1])
def test_the_log_goes_back_thirty_days(module: ModuleRunner, fake: FakeTenantServer, days: int) -> None:
    run = module(NAME, exceptions=[], refuse_if_used_within_days=days)
    assert "from 1 to 30" in run.message
    assert fake.log.entries() == []
