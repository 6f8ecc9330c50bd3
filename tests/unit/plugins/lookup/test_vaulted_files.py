# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files and values that ansible-vault has encrypted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.m365ops.exchange_online.plugins.lookup.baseline_file import LookupModule as Baseline
from ansible_collections.m365ops.exchange_online.plugins.lookup.mailbox_file import LookupModule as Mailboxes


def loader(*passwords: str) -> Any:
    made = DataLoader()
    made.set_vault_secrets([("default", VaultSecret(password.encode())) for password in passwords])
    return made


def encrypted(text: str, password: str = "right") -> bytes:
    return bytes(VaultLib([("default", VaultSecret(password.encode()))]).encrypt(text))


FILES = [
    (Mailboxes, "m.txt", "a@x.example\nb@x.example\n", ["a@x.example", "b@x.example"]),
    (Mailboxes, "m.csv", "\ufeffName;UPN\r\nA;a@x.example\r\n", ["a@x.example"]),
    (Baseline, "b.csv", "mailbox,state\na,enabled\n", [{"exceptions": [{"mailbox": "a", "state": "enabled"}]}]),
    (Baseline, "b.yml", "- {mailbox: a, state: enabled}\n", [{"exceptions": [{"mailbox": "a", "state": "enabled"}]}]),
    (Baseline, "b.json", '{"exceptions": []}', [{"exceptions": []}]),
]


@pytest.mark.parametrize("change", [lambda data: data, lambda data: data.replace(b"\n", b"\r\n")])
@pytest.mark.parametrize(("lookup", "name", "text", "expected"), FILES)
def test_a_file_is_decrypted(tmp_path: Path, lookup: type, name: str, text: str, expected: Any, change: Any) -> None:
    (tmp_path / name).write_bytes(change(encrypted(text)))
    assert lookup(loader("wrong", "right")).run([str(tmp_path / name)]) == expected


@pytest.mark.parametrize(
    ("passwords", "said"),
    [(None, "give its password with --vault-password-file"), ([], "give its password"), (["wrong"], "don't open it")],
)
@pytest.mark.parametrize(("lookup", "name", "text", "_expected"), FILES)
def test_a_file_that_stays_closed_is_named(
    tmp_path: Path, lookup: type, name: str, text: str, _expected: Any, passwords: list[str] | None, said: str
) -> None:
    (tmp_path / name).write_bytes(encrypted(text))
    with pytest.raises(AnsibleLookupError) as caught:
        lookup(None if passwords is None else loader(*passwords)).run([str(tmp_path / name)])
    assert f"{name} can't be understood: it is encrypted by ansible-vault: " in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "data", [b"$ANSIBLE_VAULT;1.1;AES256\n31386537\n65366639\n", b"\xef\xbb\xbf$ANSIBLE_VAULT;9\n"]
)
def test_a_broken_file_is_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "m.txt").write_bytes(data)
    with pytest.raises(AnsibleLookupError, match="is encrypted by ansible-vault"):
        Mailboxes(loader("right")).run([str(tmp_path / "m.txt")])


def inline(data: bytes) -> str:
    lines = "".join(f"      {line}\n" for line in data.decode().splitlines())
    return f"- mailbox: a\n  state: enabled\n  owner: !vault |\n{lines}"


def test_a_value_is_decrypted(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_text(inline(encrypted("Facilities")))
    (found,) = Baseline(loader("right")).run([str(tmp_path / "b.yml")])
    assert found == {"exceptions": [{"mailbox": "a", "state": "enabled", "owner": "Facilities"}]}


@pytest.mark.parametrize(("passwords", "said"), [([], "give its password"), (["wrong"], "don't open it")])
def test_a_value_that_stays_closed_is_named_by_its_line(tmp_path: Path, passwords: list[str], said: str) -> None:
    (tmp_path / "b.yml").write_text(inline(encrypted("Facilities")))
    with pytest.raises(AnsibleLookupError) as caught:
        Baseline(loader(*passwords)).run([str(tmp_path / "b.yml")])
    assert "line 3, a value is encrypted by ansible-vault: " in str(caught.value)
    assert said in str(caught.value)
