# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job of ``mailbox_smtp_auth``: read, write the differences, read back; and check mode that writes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from harness.run import UNSET, ModuleRunner

DOMAIN = "contoso.onmicrosoft.com"
ALICE, BOB, CAROL = (f"{name}@{DOMAIN}" for name in ("alice", "bob", "carol"))
SET = "mailbox_smtp_auth"


@pytest.mark.parametrize("state", ["enabled", "disabled", "inherit"])
def test_sets_what_differs_and_nothing_else(crowd: FakeTenantServer, crowd_module: ModuleRunner, state: str) -> None:
    names = [f"user{number:05d}@contoso.onmicrosoft.com" for number in range(1, 41)]
    before = crowd.mailboxes.states()
    differing = {name for name in names if before[name] != state}
    assert differing, "the seed has to leave something to do"

    checked = crowd_module("mailbox_smtp_auth", mailboxes=names, state=state, check=True, diff=True)
    assert crowd.mailboxes.states() == before

    done = crowd_module("mailbox_smtp_auth", mailboxes=names, state=state, diff=True)
    assert crowd.mailboxes.states() == {**before, **dict.fromkeys(names, state)}

    again = crowd_module("mailbox_smtp_auth", mailboxes=names, state=state, diff=True)

    for run in (checked, done):
        assert run.result["changed"] is bool(differing)
        assert [mailbox["mailbox"] for mailbox in run.result["mailboxes"]] == names
        assert {mailbox["mailbox"] for mailbox in run.result["mailboxes"] if mailbox["changed"]} == differing
        assert {mailbox["mailbox"]: mailbox["before"] for mailbox in run.result["mailboxes"]} == {
            name: before[name] for name in names
        }
        assert {mailbox["after"] for mailbox in run.result["mailboxes"]} == {state}
        assert len(run.result["diff"]) == len(differing)
    assert checked.result["mailboxes"] == done.result["mailboxes"]
    assert again.result["changed"] is False
    assert again.result["diff"] == []


# Whom an entry names ----------------------------------------------------------------------------------------------

NAMES = {
    "address": (ALICE, ALICE),
    "address in another case": (ALICE.upper(), ALICE),
    "alias": ("alice", ALICE),
    "alias that is no local part": ("EMaiden", "erin.married@contoso.com"),
    "secondary address": ("D.Dupont@contoso.com", "dave@contoso.com"),
    "UPN that is no address": (f"erin.maiden@{DOMAIN}", "erin.married@contoso.com"),
    "address with signs": (f"o'neil+printer@{DOMAIN}", f"o'neil+printer@{DOMAIN}"),
    "shared mailbox": ("support@contoso.com", "support@contoso.com"),
    "room": (f"room.1@{DOMAIN}", f"room.1@{DOMAIN}"),
}


@pytest.mark.parametrize(("entry", "primary"), NAMES.values(), ids=NAMES)
def test_names(fake: FakeTenantServer, module: ModuleRunner, entry: str, primary: str) -> None:
    before = fake.mailboxes.states()
    state = "disabled" if before[primary] != "disabled" else "enabled"
    run = module(SET, mailbox=[entry], state=state)
    assert not run.failed, run.message
    assert run.of(entry)["primary_smtp_address"] == primary
    assert fake.mailboxes.states() == {**before, primary: state}


def test_names_that_the_row_itself_shows(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """Whether Get-CASMailbox tells sign-in name and alias isn't known: both ways find the same mailboxes."""
    fake.dialect.set(cas_row_has_upn=True)
    names = {"alice": ALICE, "EMaiden": "erin.married@contoso.com", "D.Dupont@contoso.com": "dave@contoso.com"}
    run = module(SET, mailboxes=list(names), state="inherit")
    assert not run.failed, run.message
    assert {entry: run.of(entry)["primary_smtp_address"] for entry in names} == names


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("kind", ["guid", "object_id", "exchange_guid"])
def test_ids(fake: FakeTenantServer, module: ModuleRunner, kind: str, upper: bool) -> None:
    before = fake.mailboxes.states()
    (alice,) = fake.mailboxes.get([ALICE])
    entry = alice[kind].upper() if upper else alice[kind]
    run = module(SET, mailboxes=[entry], state="inherit")
    assert not run.failed, run.message
    assert (run.of(entry)["guid"], run.of(entry)["primary_smtp_address"]) == (alice["guid"], ALICE)
    assert fake.mailboxes.states() == {**before, ALICE: "inherit"}


def test_names_among_many(crowd: FakeTenantServer, crowd_module: ModuleRunner) -> None:
    """Where a listing is read instead of single mailboxes, the same names find the same mailboxes."""
    before = crowd.mailboxes.states()
    (alice, bob) = crowd.mailboxes.get([ALICE, BOB])
    names = {entry: primary for entry, primary in NAMES.values() if primary not in (ALICE, "dave@contoso.com")}
    names |= {alice["guid"].upper(): ALICE, bob["object_id"]: BOB, "d.dupont@contoso.com": "dave@contoso.com"}
    del names["EMaiden"]  # the mailbox is there by its UPN already
    crowd_names = [f"user{number:05d}@{DOMAIN}" for number in range(1, 1301)]
    run = crowd_module(SET, mailboxes=[*names, *crowd_names], state="inherit", return_mailboxes="all")
    assert not run.failed, run.message
    assert {entry: run.of(entry)["primary_smtp_address"] for entry in names} == names
    assert crowd.mailboxes.states() == {**before, **dict.fromkeys([*names.values(), *crowd_names], "inherit")}


@pytest.mark.parametrize("state", ["enabled", "disabled", "inherit"])
def test_what_is_sent(fake: FakeTenantServer, module: ModuleRunner, state: str) -> None:
    """Writes go to the immutable id, with the inverted value; ``inherit`` is a null that is there."""
    module(SET, mailboxes=[ALICE, BOB, CAROL], state=state)
    ids = {mailbox["guid"]: mailbox["primary_address"] for mailbox in fake.mailboxes.get([ALICE, BOB, CAROL])}
    writes = [
        item
        for entry in fake.log.entries(cmdlet="Set-CASMailbox")
        for item in entry["items"]
        if item["cmdlet"] == "Set-CASMailbox"
    ]
    value = {"enabled": False, "disabled": True, "inherit": None}[state]
    own = {"enabled": ALICE, "disabled": BOB, "inherit": CAROL}[state]
    assert {ids[item["identity"]] for item in writes} == {ALICE, BOB, CAROL} - {own}
    for item in writes:
        assert item["parameters"] == {"Identity": item["identity"], "SmtpClientAuthenticationDisabled": value}


# Options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [[ALICE], ALICE], ids=["list", "text"])
@pytest.mark.parametrize("option", ["mailboxes", "mailbox"])
def test_alias_of_the_option(fake: FakeTenantServer, module: ModuleRunner, option: str, form: list[str] | str) -> None:
    assert module(SET, **{option: form}, state="inherit").result["changed"] is True
    assert fake.mailboxes.states()[ALICE] == "inherit"


def test_nothing_to_do(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """An empty list needs no connection either."""
    run = module(SET, mailboxes=[], state="enabled", diff=True, env=dict.fromkeys(fake.environment(), UNSET))
    assert not run.failed, run.message
    assert run.result["changed"] is False
    assert (run.result["mailboxes"], run.result["diff"]) == ([], [])
    assert set(run.result["summary"].values()) == {0}
    assert fake.log.entries() == []


@pytest.mark.parametrize("check", [False, True])
def test_missing_is_warned_of(fake: FakeTenantServer, module: ModuleRunner, check: bool) -> None:
    before = fake.mailboxes.states()
    run = module(SET, mailboxes=[ALICE, "nobody", BOB], state="disabled", missing="warn", check=check)
    assert not run.failed, run.message
    assert [mailbox["mailbox"] for mailbox in run.result["mailboxes"]] == [ALICE, BOB]
    assert "nobody" in str(run.result["warnings"])
    assert run.result["summary"] == {"requested": 3, "changed": 1, "unchanged": 1, "missing": 1, "failed": 0}
    assert fake.mailboxes.states() == (before if check else {**before, ALICE: "disabled"})


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(("most", "fails"), [(0, True), (1, True), (2, False), (3, False)])
def test_max_changes(fake: FakeTenantServer, module: ModuleRunner, most: int, fails: bool, check: bool) -> None:
    """Two of three mailboxes would change; check mode tells the same."""
    before = fake.mailboxes.states()
    run = module(SET, mailboxes=[ALICE, BOB, CAROL], state="disabled", max_changes=most, check=check, diff=True)
    assert run.failed is fails
    assert [entry["before_header"] for entry in run.result["diff"]] == [f"{ALICE} (before)", f"{CAROL} (before)"]
    changed = run.result["summary"]["changed"]
    if fails:
        assert run.result["failure"]["code"] == "max_changes"
        assert (changed, run.result["changed"]) == (0, False)
        assert run.result["summary"]["planned"] == 2
        rows = [(mailbox["mailbox"], mailbox["after"], mailbox["wanted"]) for mailbox in run.result["mailboxes"]]
        assert rows == [(ALICE, "enabled", "disabled"), (CAROL, "inherit", "disabled")]
    else:
        assert (changed, run.result["changed"]) == (2, True)
    done = not fails and not check
    assert fake.mailboxes.states() == ({**before, ALICE: "disabled", CAROL: "disabled"} if done else before)


def test_max_changes_that_nothing_needs(module: ModuleRunner) -> None:
    """Zero is a number: fine where nothing differs."""
    run = module(SET, mailboxes=[BOB], state="disabled", max_changes=0)
    assert not run.failed, run.message
    assert run.result["changed"] is False


@pytest.mark.parametrize(
    ("option", "returned"), [("all", [ALICE, BOB, CAROL]), ("changed", [ALICE, CAROL]), ("none", [])]
)
def test_return_mailboxes(module: ModuleRunner, option: str, returned: list[str]) -> None:
    run = module(SET, mailboxes=[ALICE, BOB, CAROL], state="disabled", return_mailboxes=option, check=True, diff=True)
    assert [mailbox["mailbox"] for mailbox in run.result["mailboxes"]] == returned
    assert run.result["changed"] is True
    assert run.result["summary"]["changed"] == len(run.result["diff"]) == 2


def test_return_mailboxes_keeps_what_failed(fake: FakeTenantServer, module: ModuleRunner) -> None:
    arguments = {"status": 400, "type": "System.InvalidOperationException", "text": "No."}
    fake.faults.add("status", cmdlet="Set-CASMailbox", identity=BOB, times=None, arguments=arguments)
    run = module(SET, mailboxes=[ALICE, BOB, CAROL], state="enabled", return_mailboxes="changed")
    assert run.failed
    assert [mailbox["mailbox"] for mailbox in run.result["mailboxes"]] == [BOB, CAROL]


def test_verify(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """What was written is read back once more; without ``verify`` it isn't, and counts once the service took it."""

    def reads() -> int:
        entries = fake.log.entries(cmdlet="Get-CASMailbox")
        return sum(item["cmdlet"] == "Get-CASMailbox" for entry in entries for item in entry["items"])

    assert module(SET, mailboxes=[ALICE], state="disabled").result["changed"] is True
    assert reads() == 2
    fake.log.clear()
    run = module(SET, mailboxes=[ALICE], state="inherit", verify=False)
    assert reads() == 1
    assert (run.of(ALICE)["after"], run.of(ALICE)["changed"]) == ("inherit", True)
    assert fake.mailboxes.states()[ALICE] == "inherit"


def test_the_answer_to_a_write_is_not_believed(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """Without ``verify`` a write that was lost shows as done; the next run finds it."""
    fake.faults.add("lose_write", cmdlet="Set-CASMailbox", times=1)
    assert not module(SET, mailboxes=[ALICE], state="disabled", verify=False).failed
    assert fake.mailboxes.states()[ALICE] == "enabled"
    again = module(SET, mailboxes=[ALICE], state="disabled")
    assert again.result["changed"] is True
    assert fake.mailboxes.states()[ALICE] == "disabled"


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"mailboxes": [ALICE]}, "missing required arguments: state"),
        ({"state": "enabled"}, "missing required arguments: mailboxes"),
        ({"mailboxes": [ALICE], "state": "on"}, "value of state must be one of: enabled, disabled, inherit"),
        (
            {"mailboxes": [ALICE], "state": "enabled", "missing": "ignore"},
            "value of missing must be one of: fail, warn",
        ),
        ({"mailboxes": [ALICE], "state": "enabled", "validate_certs": False}, "Unsupported parameters"),
    ],
)
def test_options_that_ansible_refuses(
    fake: FakeTenantServer, module: ModuleRunner, options: dict[str, Any], part: str
) -> None:
    run = module(SET, **options)
    assert run.failed
    assert part in run.message
    assert fake.log.entries() == []
