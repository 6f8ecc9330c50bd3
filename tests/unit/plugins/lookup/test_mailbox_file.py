# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookup that reads a file of mailboxes."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleLookupError
from ansible_collections.m365ops.exchange_online.plugins.lookup.mailbox_file import LookupModule


def test_files_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "first.csv").write_text("Name,Mailbox\nx,a@x.example\n")
    (tmp_path / "second.txt").write_text("b@x.example\n")
    monkeypatch.chdir(tmp_path)
    assert LookupModule().run(["second.txt", str(tmp_path / "first.csv")]) == ["b@x.example", "a@x.example"]


def test_home_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "list").write_text("a@x.example")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert LookupModule().run(["~/list"]) == ["a@x.example"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnsibleLookupError, match=r"nobody\.csv can't be read: No such file"):
        LookupModule().run([str(tmp_path / "nobody.csv")])


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("Name,Mailbox\nx,\n")
    with pytest.raises(AnsibleLookupError, match=r"list\.csv can't be understood: line 2 has no value"):
        LookupModule().run([str(tmp_path / "list.csv")])
