# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files as people have them, through the playbooks: exports of admin centers, spreadsheets, encrypted files."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from fake_tenant import FakeTenantServer
from harness.run import PlaybookRunner

DOMAIN = "contoso.onmicrosoft.com"
ALICE, BOB = (f"{name}@{DOMAIN}" for name in ("alice", "bob"))


def encrypted(text: str) -> bytes:
    return bytes(VaultLib([("default", VaultSecret(b"right"))]).encrypt(text))


@pytest.mark.parametrize("owner", ["#it-ops", '"#it-ops"'])
def test_an_exception_is_not_lost_for_a_hash(
    fake: FakeTenantServer, playbook: PlaybookRunner, tmp_path: Path, owner: str
) -> None:
    (tmp_path / "exceptions.csv").write_text(
        f"owner,mailbox,state,reason\n{owner},{ALICE},enabled,Scans\nFacilities,{BOB},enabled,ERP\n"
    )
    fake.mailboxes.set_states({ALICE: "enabled", BOB: "inherit"})
    run = playbook(
        "m365ops.exchange_online.enforce",
        smtp_auth_baseline_file="exceptions.csv",
        smtp_auth_everyone_else="disabled",
        smtp_auth_max_changes="50",
    )
    assert run.code == 0, run.output
    states = fake.mailboxes.states()
    assert {name for name, state in states.items() if state == "enabled"} == {ALICE, BOB}


@pytest.mark.parametrize("separator", ["\u2028", "\x0b", "\x0c", "\x85"])
def test_a_display_name_enables_nobody(
    fake: FakeTenantServer, playbook: PlaybookRunner, tmp_path: Path, separator: str
) -> None:
    (tmp_path / "users.csv").write_bytes(f"UserPrincipalName,DisplayName\r\n{ALICE},Alice{separator}{BOB}\r\n".encode())
    fake.mailboxes.set_states({ALICE: "inherit", BOB: "inherit"})
    run = playbook("m365ops.exchange_online.enable", smtp_auth_mailboxes_file="users.csv")
    assert run.code == 0, run.output
    states = fake.mailboxes.states()
    assert (states[ALICE], states[BOB]) == ("enabled", "inherit")


@pytest.mark.parametrize(
    "content",
    [
        f'\ufeff"mailbox";"state";"owner";"reason"\r\n"{ALICE}";"enabled";"Facilities";"Scans, floor 3"\r\n',
        f'"mailbox"\t"state"\n"{ALICE}"\t"enabled"\n',
        f"sep=;\nmailbox;state\n{ALICE};enabled\n",
    ],
    ids=["semicolons", "tabs", "told"],
)
def test_a_baseline_of_a_spreadsheet(
    fake: FakeTenantServer, playbook: PlaybookRunner, tmp_path: Path, content: str
) -> None:
    (tmp_path / "exceptions.csv").write_bytes(content.encode())
    fake.mailboxes.set_states({ALICE: "inherit"})
    run = playbook("m365ops.exchange_online.enforce", smtp_auth_baseline_file="exceptions.csv")
    assert run.code == 0, run.output
    assert fake.mailboxes.states()[ALICE] == "enabled"


EXPORTS = {
    "sep.csv": f"sep=;\r\nUserPrincipalName;DisplayName\r\n{ALICE};Alice\r\n{BOB};Bob\r\n",
    "sign_ins.csv": "\ufeffDate (UTC),Request ID,User ID,User,Username,User type,Client app,Status\r\n"
    + "".join(
        f"2026-01-0{day}T00:00:00Z,1,3,Some One,{name},Member,Authenticated SMTP,Success\r\n"
        for day, name in enumerate([ALICE, BOB, ALICE], start=1)
    ),
    "message_trace.csv": f'"SenderAddress","MessageCount"\r\n"{ALICE}","3"\r\n"{BOB}","3"\r\n',
    "smtp_auth_clients.csv": "\ufeffSender address,Domain,TLS 1.2,Messages sent,Authentication protocol\r\n"
    f"{ALICE},{DOMAIN},100,120,Basic\r\n{BOB},{DOMAIN},100,3,OAuth\r\n",
}


@pytest.mark.parametrize("name", EXPORTS)
def test_exports_of_the_job(fake: FakeTenantServer, playbook: PlaybookRunner, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(EXPORTS[name].encode())
    fake.mailboxes.set_states({ALICE: "enabled", BOB: "enabled"})
    run = playbook("m365ops.exchange_online.disable", smtp_auth_mailboxes_file=name)
    assert run.code == 0, run.output
    states = fake.mailboxes.states()
    assert (states[ALICE], states[BOB]) == ("disabled", "disabled")
    assert "disabled: 2 asked" in run.output


@pytest.mark.parametrize("playbook_name", ["disable", "audit"])
def test_an_encrypted_list(
    fake: FakeTenantServer, playbook: PlaybookRunner, tmp_path: Path, playbook_name: str
) -> None:
    (tmp_path / "mailboxes.txt").write_bytes(encrypted(f"{ALICE}\n{BOB}\n"))
    name = f"m365ops.exchange_online.{playbook_name}"
    run = playbook(name, smtp_auth_mailboxes_file="mailboxes.txt", smtp_auth_missing="warn")
    assert run.code == 2
    assert "is encrypted by ansible-vault" in run.output
    assert fake.log.entries() == []
    (tmp_path / "password").write_text("right\n")
    run = playbook(
        name, smtp_auth_mailboxes_file="mailboxes.txt", flags=["--vault-password-file", str(tmp_path / "password")]
    )
    assert run.code == 0, run.output


def test_an_encrypted_baseline(fake: FakeTenantServer, playbook: PlaybookRunner, tmp_path: Path) -> None:
    (tmp_path / "baseline.yml").write_bytes(encrypted(f"- {{mailbox: {ALICE}, state: enabled}}\n"))
    name, values = "m365ops.exchange_online.enforce", {"smtp_auth_baseline_file": "baseline.yml"}
    fake.mailboxes.set_states({ALICE: "inherit"})
    run = playbook(name, **values)
    assert run.code == 2
    assert "is encrypted by ansible-vault" in run.output
    assert fake.log.entries() == []
    (tmp_path / "password").write_text("right\n")
    run = playbook(name, flags=["--vault-password-file", str(tmp_path / "password")], **values)
    assert run.code == 0, run.output
    assert fake.mailboxes.states()[ALICE] == "enabled"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("- mailbox: a@x.example\n  expires: 2026-02-30\n", "line 2, 2026-02-30 isn't a day of the calendar"),
        ("- &a [*a]\n", "line 1, an anchor refers to itself"),
        ("[" * 100_000, "nested more than 30 levels deep"),
    ],
)
def test_a_hostile_baseline(
    fake: FakeTenantServer, playbook: PlaybookRunner, tmp_path: Path, content: str, said: str
) -> None:
    (tmp_path / "baseline.yml").write_text(content)
    run = playbook("m365ops.exchange_online.enforce", smtp_auth_baseline_file="baseline.yml")
    assert run.code == 2
    assert said in run.output
    assert "Traceback" not in run.output
    assert fake.log.entries() == []


def test_names_in_quotes(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    fake.mailboxes.set_states({ALICE: "enabled", BOB: "enabled"})
    run = playbook("m365ops.exchange_online.disable", smtp_auth_mailboxes=f"'{ALICE}'\n\u00a0\"{BOB}\"\n")
    assert run.code == 0, run.output
    assert {fake.mailboxes.states()[name] for name in (ALICE, BOB)} == {"disabled"}
