# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain lists of names beside the exceptions of a baseline, as options and out of files: one read, plan and run."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from harness.run import ModuleRunner

NAME = "smtp_auth_baseline"
DOMAIN = "contoso.onmicrosoft.com"
ALICE, BOB, CAROL, FRANK = (f"{name}@{DOMAIN}" for name in ("alice", "bob", "carol", "frank"))
DAVE, SUPPORT = "dave@contoso.com", "support@contoso.com"
EXCHANGE_WRITES = ("Set-CASMailbox", "Set-TransportConfig")


def written(fake: FakeTenantServer) -> list[dict[str, Any]]:
    return [item for cmdlet in EXCHANGE_WRITES for item in fake.log.entries(cmdlet=cmdlet)]


@pytest.mark.parametrize("way", ["options", "files"])
def test_three_lists_and_an_exception_at_once(
    module: ModuleRunner, fake: FakeTenantServer, tmp_path: Path, way: str
) -> None:
    fake.mailboxes.set_states({ALICE: "enabled", BOB: "disabled", CAROL: "inherit", FRANK: "enabled"})
    lists = {"enabled": [BOB, SUPPORT], "disabled": [CAROL], "inherit": [FRANK]}
    before = fake.mailboxes.states()
    if way == "files":
        contents = {
            "enabled": ("enabled.txt", f"# printers\n{BOB}\n{SUPPORT}\n".encode()),
            "disabled": ("disabled.csv", f"Name;UserPrincipalName\nCarol;{CAROL}\n".encode("utf-16")),
            "inherit": ("inherit", f"{FRANK}\r\n".encode()),
        }
        for name, content in contents.values():
            (tmp_path / name).write_bytes(content)
        declared: dict[str, Any] = {
            f"{state}_file": str(tmp_path / name) for state, (name, _content) in contents.items()
        }
    else:
        declared = dict(lists)
    declared["exceptions"] = [{"mailbox": ALICE, "state": "disabled", "owner": "IT", "reason": "Closed"}]
    run = module(NAME, return_mailboxes="all", **declared)
    assert not run.failed, run.message
    wanted = {ALICE: "disabled", BOB: "enabled", SUPPORT: "enabled", CAROL: "disabled", FRANK: "inherit"}
    assert fake.mailboxes.states() == {**before, **wanted}
    assert [(row["mailbox"], row["wanted"]) for row in run.result["mailboxes"]] == list(wanted.items())
    again = module(NAME, **declared)
    assert (again.result["changed"], again.result["summary"]["unchanged"]) == (False, 5)


def test_three_long_lists_take_one_sign_in_and_one_listing(crowd_module: ModuleRunner, crowd: FakeTenantServer) -> None:
    names = [f"user{number:05d}@{DOMAIN}" for number in range(1, 2401)]
    lists = {"enabled": names[:800], "disabled": names[800:1600], "inherit": names[1600:]}
    for state, listed in lists.items():
        crowd.mailboxes.set_states(dict.fromkeys(listed[:-10], state))
        crowd.mailboxes.set_states(dict.fromkeys(listed[-10:], "enabled" if state != "enabled" else "inherit"))
    run = crowd_module(NAME, preflight="off", **lists)
    assert not run.failed, run.message
    assert run.result["summary"] == {"requested": 2400, "changed": 30, "unchanged": 2370, "missing": 0, "failed": 0}
    now = crowd.mailboxes.states()
    assert all(now[name] == state for state, listed in lists.items() for name in listed)
    assert len(crowd.log.entries(endpoint="token")) == 1
    assert run.result["requests"]["sent"] == 3 + 3 + 3, "three pages, three batches written, and read back"


# What is wrong is told before anything is asked -----------------------------------------------------------------------


def test_a_name_in_two_places_is_refused_naming_both(
    module: ModuleRunner, fake: FakeTenantServer, tmp_path: Path
) -> None:
    path = tmp_path / "off.txt"
    path.write_text(f"{DAVE}\n{BOB.upper()}\n")
    run = module(
        NAME,
        exceptions=[{"mailbox": ALICE, "state": "enabled"}],
        enabled=[BOB, ALICE, CAROL],
        disabled_file=str(path),
        inherit=[CAROL, "a@@b", CAROL],
    )
    assert run.result["failure"]["code"] == "invalid_input"
    for said in (
        f"{ALICE} is declared twice, as exception 1 and as entry 2 of enabled",
        f"{BOB.upper()} is declared twice, as entry 1 of enabled and as entry 2 of disabled_file",
        "inherit: entry 2 (a@@b) is not an address",
        f"inherit: entry 3 ({CAROL}) is the same as entry 1",
    ):
        assert said in run.message
    assert fake.log.entries() == []
    assert run.result["summary"] == {"requested": 7, "changed": 0, "unchanged": 0, "missing": 0, "failed": 7}


def test_a_name_in_two_lists_is_refused_even_for_one_state(module: ModuleRunner, fake: FakeTenantServer) -> None:
    run = module(NAME, exceptions=[{"mailbox": ALICE, "state": "enabled"}], enabled=[ALICE])
    assert "exception 1 and as entry 1 of enabled" in run.message
    assert fake.log.entries() == []


def test_two_names_of_one_mailbox_are_refused_naming_both_places(module: ModuleRunner, fake: FakeTenantServer) -> None:
    run = module(NAME, enabled=[ALICE, DAVE], disabled=["d.dupont@contoso.com"])
    assert run.result["failure"]["code"] == "duplicate"
    assert f"entry 2 of enabled ({DAVE}) and entry 1 of disabled (d.dupont@contoso.com)" in run.message
    assert written(fake) == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.txt", None, "can't be read: No such file"),
        ("latin.txt", "m\xfcller@contoso.com\n".encode("latin-1"), "line 1 is not UTF-8"),
        ("table.csv", b"Name,Office\nA,B\n", "line 1"),
        ("secret.txt", b"$ANSIBLE_VAULT;1.1;AES256\n6162\n", "ansible-vault"),
        ("marked.txt", b"\xef\xbb\xbf\n$ANSIBLE_VAULT;1.1;AES256\n6162\n", "ansible-vault"),
        ("blank.csv", b"mailbox,name\n,Alice\n", "line 2"),
    ],
)
def test_a_file_that_cannot_be_understood_is_named(
    module: ModuleRunner, fake: FakeTenantServer, tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    run = module(NAME, enabled=[ALICE], disabled_file=str(path))
    assert run.result["failure"]["code"] == "invalid_input"
    assert f"disabled_file {path}" in run.message
    assert said in run.message
    assert fake.log.entries() == []


def test_a_file_that_may_never_end_is_not_waited_for(
    module: ModuleRunner, fake: FakeTenantServer, tmp_path: Path
) -> None:
    """What a pipe holds can be read once, by whoever is first."""
    path = tmp_path / "pipe.txt"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_text(f"{BOB}\n"), daemon=True)
    writer.start()
    run = module(NAME, enabled=[ALICE], disabled_file=str(path))
    assert run.result["failure"]["code"] == "invalid_input"
    assert f"disabled_file {path} can't be read: it isn't an ordinary file but a pipe" in run.message
    assert fake.log.entries() == []
    path.read_text()
    writer.join(60)


def test_nothing_declared_is_refused(module: ModuleRunner, fake: FakeTenantServer) -> None:
    run = module(NAME, everyone_else="disabled", max_changes="100%", enabled_file="")
    assert run.result["failure"]["code"] == "invalid_input"
    assert "exceptions, enabled, enabled_file" in run.message
    assert fake.log.entries() == []
    assert run.result["summary"]["requested"] == 0


def test_lists_have_no_owner(module: ModuleRunner, fake: FakeTenantServer) -> None:
    run = module(NAME, enabled=[ALICE], require_owner=True)
    assert "enabled names mailboxes without owner and reason" in run.message
    assert fake.log.entries() == []


@pytest.mark.parametrize("item", [None, " "])
def test_an_empty_item_is_refused_by_its_place(module: ModuleRunner, fake: FakeTenantServer, item: str | None) -> None:
    run = module(NAME, enabled=[ALICE, item])
    assert "enabled: entry 2 is blank" in run.message
    assert fake.log.entries() == []
