# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run with a journal has changed is put back, a half-finished run's too, and later changes are left alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from harness.return_docs import Comparison, documented
from harness.run import ModuleRun, ModuleRunner
from harness.truth import EXCHANGE, age, journal_lines, wait_until

DOMAIN = "contoso.onmicrosoft.com"
ALICE, BOB, CAROL, FRANK = (f"{name}@{DOMAIN}" for name in ("alice", "bob", "carol", "frank"))
DAVE = "dave@contoso.com"
NAME = "smtp_auth_restore"
REFUSE = {"status": 400, "type": "System.InvalidOperationException", "text": "No."}


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def requests(fake: FakeTenantServer, cmdlet: str | None = None) -> list[dict[str, Any]]:
    return [entry for entry in fake.log.entries(cmdlet=cmdlet) if entry["endpoint"] in EXCHANGE]


def disable(module: ModuleRunner, journal: Path, *names: str, **options: Any) -> ModuleRun:
    return module("mailbox_smtp_auth", mailboxes=list(names), state="disabled", journal_path=str(journal), **options)


def warnings(run: ModuleRun) -> str:
    return json.dumps(run.result.get("warnings", []))


def test_puts_everything_back(module: ModuleRunner, fake: FakeTenantServer, journal: Path) -> None:
    before = fake.mailboxes.states()
    assert not disable(module, journal, ALICE, BOB, CAROL, "dave@" + DOMAIN).failed
    changed = fake.mailboxes.states()

    check = module(NAME, journal=str(journal), check=True, diff=True)
    assert fake.mailboxes.states() == changed
    assert (check.failed, check.result["changed"], len(check.result["diff"])) == (False, True, 3)

    run = module(NAME, journal=str(journal), diff=True)
    assert not run.failed, run.message
    assert fake.mailboxes.states() == before
    for key in ("mailboxes", "summary", "diff", "changed"):
        assert check.result[key] == run.result[key], key
    assert run.result["summary"] == {"requested": 3, "changed": 3, "unchanged": 0, "missing": 0, "failed": 0}
    assert [row["mailbox"] for row in run.result["mailboxes"]] == [ALICE, CAROL, "dave@" + DOMAIN]

    again = module(NAME, journal=str(journal))
    assert (again.result["changed"], len(requests(fake, "Set-CASMailbox"))) == (False, 2)


def test_a_journal_that_an_editor_has_saved(module: ModuleRunner, fake: FakeTenantServer, journal: Path) -> None:
    """With a byte order mark and its own ends of lines."""
    before = fake.mailboxes.states()
    disable(module, journal, ALICE)
    journal.write_bytes(b"\xef\xbb\xbf" + journal.read_bytes().replace(b"\n", b"\r\n"))
    run = module(NAME, journal=str(journal))
    assert not run.failed, run.message
    assert fake.mailboxes.states() == before


def test_the_undoing_can_be_undone(module: ModuleRunner, fake: FakeTenantServer, journal: Path) -> None:
    disable(module, journal, ALICE, CAROL)
    after = fake.mailboxes.states()
    undone = journal.with_name("undone")
    run = module(NAME, journal=str(journal), journal_path=str(undone))
    assert run.result["journal"] == str(undone)
    assert not module(NAME, journal=str(undone)).failed
    assert fake.mailboxes.states() == after


def test_its_own_journal_is_another_file(module: ModuleRunner, fake: FakeTenantServer, journal: Path) -> None:
    disable(module, journal, ALICE)
    link = journal.with_name("link")
    link.symlink_to(journal)
    run = module(NAME, journal=str(journal), journal_path=str(link))
    assert "give another file" in run.message
    assert fake.mailboxes.states()[ALICE] == "disabled"


def test_what_changed_since_is_left_alone_and_named(
    module: ModuleRunner, fake: FakeTenantServer, journal: Path
) -> None:
    disable(module, journal, ALICE, CAROL, DAVE, FRANK)
    fake.mailboxes.patch(ALICE, state="inherit")  # somebody else's change
    fake.mailboxes.patch(CAROL, state="inherit")  # somebody has put it back already
    fake.mailboxes.delete(DAVE)
    run = module(NAME, journal=str(journal))
    assert not run.failed, run.message
    now = fake.mailboxes.states()
    assert (now[ALICE], now[CAROL], now[FRANK]) == ("inherit", "inherit", "enabled")
    assert run.result["summary"] == {"requested": 4, "changed": 1, "unchanged": 2, "missing": 1, "failed": 0}
    assert [(left["mailbox"], left["left_at"], left["now"]) for left in run.result["changed_since"]] == [
        (ALICE, ["disabled"], "inherit"),
        (DAVE, ["disabled"], None),
    ]
    assert f"{ALICE} (now inherit, was left disabled)" in warnings(run)
    assert f"{DAVE} (now deleted" in warnings(run)


def test_a_renamed_mailbox_is_found_by_its_id(module: ModuleRunner, fake: FakeTenantServer, journal: Path) -> None:
    disable(module, journal, ALICE)
    fake.mailboxes.patch(ALICE, address="alice.married@contoso.com", user_principal_name="alice.married@contoso.com")
    run = module(NAME, journal=str(journal))
    assert fake.mailboxes.states()["alice.married@contoso.com"] == "enabled"
    assert run.result["mailboxes"][0]["primary_smtp_address"] == "alice.married@contoso.com"


def test_several_runs_go_back_to_before_the_first(module: ModuleRunner, fake: FakeTenantServer, journal: Path) -> None:
    before = fake.mailboxes.states()
    disable(module, journal, ALICE, CAROL)
    module("mailbox_smtp_auth", mailboxes=[ALICE, BOB], state="inherit", journal_path=str(journal))
    module("mailbox_smtp_auth", mailboxes=[CAROL, BOB], state="enabled", journal_path=str(journal))
    assert len(journal_lines(journal)) == 12
    assert not module(NAME, journal=str(journal)).failed
    assert fake.mailboxes.states() == before


def test_a_baseline_with_the_organization_is_put_back_in_order(
    module: ModuleRunner, fake: FakeTenantServer, journal: Path
) -> None:
    fake.organization.patch(smtp_disabled=False)
    before = fake.mailboxes.states()
    declared = {"exceptions": [{"mailbox": CAROL, "state": "enabled"}], "everyone_else": "inherit"}
    run = module(
        "smtp_auth_baseline", organization="disabled", max_changes="100%", journal_path=str(journal), **declared
    )
    assert not run.failed, run.message
    fake.log.clear()
    check = module(NAME, journal=str(journal), check=True)
    assert check.result["organization"] == {"before": "disabled", "after": "enabled", "changed": True}
    run = module(NAME, journal=str(journal))
    assert not run.failed, run.message
    assert fake.mailboxes.states() == before
    assert fake.organization.get()["smtp_disabled"] is False
    done = [
        (item["cmdlet"], item["parameters"]["SmtpClientAuthenticationDisabled"])
        for entry in requests(fake)
        for item in entry["items"]
        if item["cmdlet"].startswith("Set-")
    ]
    place = done.index(("Set-TransportConfig", False))
    assert {value for _cmdlet, value in done[:place]} == {True, False}
    assert [value for _cmdlet, value in done[place + 1 :]] == [None]


def test_an_organization_that_changed_since_is_left_alone(
    module: ModuleRunner, fake: FakeTenantServer, journal: Path
) -> None:
    module("smtp_auth_baseline", exceptions=[], organization="enabled", journal_path=str(journal))
    line = journal_lines(journal)[0]
    journal.write_text(json.dumps({**line, "before": "enabled", "after": "enabled"}) + "\n")
    fake.organization.patch(smtp_disabled=True)
    run = module(NAME, journal=str(journal))
    assert (run.failed, run.result["changed"]) == (False, False)
    assert [left["mailbox"] for left in run.result["changed_since"]] == ["organization"]
    assert fake.organization.get()["smtp_disabled"] is True


# Journals that aren't whole -------------------------------------------------------------------------------------------


def test_a_run_that_was_killed_is_put_back(crowd_module: ModuleRunner, crowd: FakeTenantServer, journal: Path) -> None:
    names = [f"user{number:05d}@{DOMAIN}" for number in range(1, 201)]
    before = crowd.mailboxes.states()
    crowd.faults.add("hold", cmdlet="Set-CASMailbox", endpoint="batch_item", skip=44, arguments={"when": "after"})
    process = crowd_module.start(
        "mailbox_smtp_auth", mailboxes=names, state="disabled", journal_path=str(journal), concurrency=1
    )
    wait_until(lambda: crowd.mailboxes.states()[names[44]] == "disabled", "a write that nobody is told of")
    process.kill()
    process.communicate()
    crowd.faults.clear()
    age(journal)
    text = journal.read_text()
    journal.write_text(text + text.splitlines()[0][:70])  # and the last line is torn
    run = crowd_module(NAME, journal=str(journal))
    assert not run.failed, run.message
    assert crowd.mailboxes.states() == before
    assert "without the outcome of 10 changes" in warnings(run)
    assert "line" in warnings(run)
    assert "Cut short" in warnings(run)


def test_writes_without_an_answer_are_put_back_either_way(
    module: ModuleRunner, fake: FakeTenantServer, journal: Path
) -> None:
    """Both are unknown in the journal; the service took the first and not the second."""
    fake.faults.add("drop", cmdlet="Set-CASMailbox", times=None, arguments={"when": "after"})
    disable(module, journal, ALICE, max_retries=0)
    fake.faults.clear()
    fake.faults.add("drop", cmdlet="Set-CASMailbox", times=None, arguments={"when": "before"})
    disable(module, journal, FRANK, max_retries=0)
    fake.faults.clear()
    assert [line["outcome"] for line in journal_lines(journal)] == ["intent", "unknown", "intent", "unknown"]
    now = fake.mailboxes.states()
    assert (now[ALICE], now[FRANK]) == ("disabled", "enabled")
    run = module(NAME, journal=str(journal))
    assert not run.failed, run.message
    assert [row["changed"] for row in run.result["mailboxes"]] == [True, False]
    now = fake.mailboxes.states()
    assert (now[ALICE], now[FRANK]) == ("enabled", "enabled")


# What is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mailbox,state\n",
        '{"a": 1}\n',
        "\0\0\0\n",
        "9" * 5000,
        "[" * 100_000,
        '{"time": NaN}\n',
        '{"time": "\\ud800"}\n',
        "null\n",
        "x" * 5_000_000,
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_what_is_no_journal_is_refused_before_any_request(
    module: ModuleRunner, fake: FakeTenantServer, journal: Path, text: str
) -> None:
    journal.write_text(text)
    run = module(NAME, journal=str(journal))
    assert (run.failed, run.result["failure"]["code"]) == (True, "invalid_input")
    assert "Traceback" not in run.stdout + run.stderr
    assert fake.log.entries() == []


def test_a_journal_that_is_encrypted_says_so(module: ModuleRunner, fake: FakeTenantServer, journal: Path) -> None:
    journal.write_text("$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    run = module(NAME, journal=str(journal))
    assert run.failed
    assert f"The journal {journal} is encrypted by ansible-vault" in run.message
    assert fake.log.entries() == []


@pytest.mark.parametrize("place", ["pipe", "folder", "/dev/zero", "/dev/null"])
def test_a_place_that_is_no_journal(module: ModuleRunner, fake: FakeTenantServer, tmp_path: Path, place: str) -> None:
    """Above all, nothing is waited for."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    run = module(NAME, journal=str(tmp_path / place))
    assert (run.failed, run.result["failure"]["code"]) == (True, "invalid_input")
    assert "Traceback" not in run.stdout + run.stderr
    assert fake.log.entries() == []


def test_a_journal_of_refusals_alone_has_nothing_to_put_back(
    module: ModuleRunner, fake: FakeTenantServer, journal: Path
) -> None:
    disable(module, journal, ALICE, app="reader")
    run = module(NAME, journal=str(journal))
    assert not run.failed, run.message
    assert (run.result["changed"], run.result["mailboxes"]) == (False, [])


def test_an_intent_without_an_outcome_is_looked_at(module: ModuleRunner, fake: FakeTenantServer, journal: Path) -> None:
    """Of three, one was done, one wasn't, and one has been changed by somebody else since."""
    disable(module, journal, ALICE, CAROL, FRANK)
    intents = [line for line in journal.read_text().splitlines() if '"intent"' in line]
    journal.write_text("\n".join(intents))
    age(journal)
    before = {line["mailbox"]: line["before"] for line in journal_lines_of(intents)}
    fake.mailboxes.patch(CAROL, state=before[CAROL])
    fake.mailboxes.patch(FRANK, state="inherit")
    run = module(NAME, journal=str(journal))
    assert not run.failed, run.message
    now = fake.mailboxes.states()
    assert (now[ALICE], now[CAROL], now[FRANK]) == (before[ALICE], before[CAROL], "inherit")
    assert [left["mailbox"] for left in run.result["changed_since"]] == [FRANK]
    assert [row["changed"] for row in run.result["mailboxes"]] == [True, False, False]


def journal_lines_of(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


def test_a_journal_that_is_not_there(module: ModuleRunner, fake: FakeTenantServer, journal: Path) -> None:
    run = module(NAME, journal=str(journal))
    assert f"The journal {journal} can't be read: No such file or directory." in run.message
    assert fake.log.entries() == []


def test_another_tenants_journal_is_refused(module: ModuleRunner, fake: FakeTenantServer, journal: Path) -> None:
    disable(module, journal, ALICE, FRANK)
    *others, last = journal_lines(journal)
    last["tenant"] = "d0ffee00-1111-4222-8333-444455556666"
    journal.write_text("".join(json.dumps(line) + "\n" for line in (*others, last)))
    run = module(NAME, journal=str(journal))
    assert "d0ffee00-1111-4222-8333-444455556666" in run.message
    assert fake.mailboxes.states()[ALICE] == "disabled"
    assert len(requests(fake, "Set-CASMailbox")) == 1


@pytest.mark.parametrize("check", [False, True])
def test_the_limit(module: ModuleRunner, fake: FakeTenantServer, journal: Path, check: bool) -> None:
    disable(module, journal, ALICE, FRANK)
    run = module(NAME, journal=str(journal), max_changes=1, check=check)
    assert run.result["failure"]["code"] == "max_changes"
    assert fake.mailboxes.states()[ALICE] == "disabled"


def test_if_one_cannot_be_read_nothing_is_written(module: ModuleRunner, fake: FakeTenantServer, journal: Path) -> None:
    disable(module, journal, ALICE, FRANK)
    guid = journal_lines(journal)[0]["guid"]
    fake.faults.add("status", cmdlet="Get-CASMailbox", identity=guid, times=None, arguments=REFUSE)
    run = module(NAME, journal=str(journal))
    assert run.result["failure"]["code"] == "not_read"
    assert fake.mailboxes.states()[FRANK] == "disabled"


def test_the_result_is_as_documented(module: ModuleRunner, fake: FakeTenantServer, journal: Path) -> None:
    comparison = Comparison(documented(NAME))

    def check(**options: Any) -> None:
        run = module(NAME, **{"journal": str(journal), **options})
        assert comparison.differences(run.result) == []

    check()
    module("smtp_auth_baseline", exceptions=[], organization="enabled", journal_path=str(journal))
    disable(module, journal, ALICE, CAROL, FRANK)
    fake.mailboxes.patch(ALICE, state="inherit")
    fake.mailboxes.delete(CAROL)
    check(check=True, diff=True)
    check(max_changes=0)
    check(client_secret="wrong")
    check(return_mailboxes="none")
    fake.faults.add("status", cmdlet="Set-CASMailbox", times=None, arguments=REFUSE)
    fake.mailboxes.patch(FRANK, state="disabled")
    check(diff=True)
