# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookup that reads a baseline: YAML, JSON and CSV, and what is wrong with one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible_collections.m365ops.exchange_online.plugins.lookup.baseline_file import LookupModule


def read(folder: Path, name: str, content: str | bytes) -> Any:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (found,) = LookupModule().run([str(path)])
    return found


EXCEPTION = {"mailbox": "a@x.example", "state": "enabled", "expires": "2027-03-31"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.yml", "- mailbox: a@x.example\n  state: enabled\n  expires: 2027-03-31\n"),
        ("text.YAML", "exceptions:\n- {mailbox: a@x.example, state: enabled, expires: '2027-03-31'}\n"),
        ("some.json", '{"exceptions": [{"mailbox": "a@x.example", "state": "enabled", "expires": "2027-03-31"}]}'),
        ("plain.csv", "mailbox,state,expires\na@x.example,enabled,2027-03-31\n"),
        ("semicolons.csv", "State;UPN;Expires;Owner\nenabled; a@x.example ;2027-03-31;\n;;;\n"),
        (
            "tabs.csv",
            "# a comment\r\n\r\nPrimary SMTP Address\tstate\texpires\r\n\r\na@x.example\tenabled\t2027-03-31\r\n",
        ),
        ("mark.csv", "\ufeffmailbox,state,expires\na@x.example,enabled,2027-03-31\n"),
        ("wide.csv", "mailbox,state,expires\na@x.example,enabled,2027-03-31\n".encode("utf-16")),
        ("export.csv", '\ufeff"mailbox";"state";"expires"\r\n"a@x.example";"enabled";"2027-03-31"\r\n'),
        ("tabbed.csv", '"mailbox"\t"state"\t"expires"\n"a@x.example"\t"enabled"\t"2027-03-31"\n'),
        ("told.csv", "sep=;\nmailbox;state;expires;;\na@x.example;enabled;2027-03-31;;\n"),
        ("short.csv", "mailbox,state,expires,owner,reason\na@x.example,enabled,2027-03-31\n"),
        ("report.csv", "Sender address,state,expires\n'a@x.example',enabled,2027-03-31\n"),
        ("cr.csv", "mailbox,state,expires\ra@x.example,enabled,2027-03-31\r"),
        ("tabs.json", '{\n\t"exceptions": [{"mailbox": "a@x.example", "state": "enabled", "expires": "2027-03-31"}]}'),
        ("quotes.csv", '"mailbox","state","expires"\n"a@x.example","enabled","2027-03-31"\n'),
    ],
)
def test_what_is_understood(tmp_path: Path, name: str, content: str | bytes) -> None:
    assert read(tmp_path, name, content) == {"exceptions": [EXCEPTION]}


@pytest.mark.parametrize("owner", ["#it-ops", '"#it-ops"'])
def test_no_row_is_left_out_for_a_hash(tmp_path: Path, owner: str) -> None:
    content = f"owner,mailbox,state\n{owner},a@x.example,enabled\nFacilities,b@x.example,enabled\n"
    assert read(tmp_path, "b.csv", content)["exceptions"] == [
        {"owner": "#it-ops", "mailbox": "a@x.example", "state": "enabled"},
        {"owner": "Facilities", "mailbox": "b@x.example", "state": "enabled"},
    ]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x0b", "\x0c", "\x85", "\x1c"])
def test_no_part_of_a_cell_becomes_a_row(tmp_path: Path, separator: str) -> None:
    reason = f"Scans{separator}b@x.example,enabled,x"
    (found,) = read(tmp_path, "b.csv", f'mailbox,state,reason\na@x.example,enabled,"{reason}"\n')["exceptions"]
    assert found == {"mailbox": "a@x.example", "state": "enabled", "reason": reason}


def test_all_options_come_through(tmp_path: Path) -> None:
    content = "exceptions: []\neveryone_else: inherit\nmax_changes: 5%\nrequire_owner: true\n"
    assert read(tmp_path, "b.yml", content) == {
        "exceptions": [],
        "everyone_else": "inherit",
        "max_changes": "5%",
        "require_owner": True,
    }


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("b.txt", "a", "has to end with .csv or one of .yml"),
        ("b.yml", "a: [b", "broken YAML: line 1"),
        ("b.yml", "just a text", "neither a mapping nor a list"),
        ("b.yml", "", "neither a mapping nor a list"),
        (
            "b.yml",
            "exceptions:\n- mailbox: a\n  state: enabled\n  state: disabled\n",
            "line 4, the key 'state' is there",
        ),
        ("b.yml", "!!python/object/apply:os.system ['true']", "broken YAML"),
        ("b.yml", b"exceptions: \xff", "not UTF-8 text"),
        ("b.csv", "", "line 1 isn't a header"),
        ("b.csv", "mailbox\na@x.example\n", "line 1 isn't a header"),
        ("b.csv", "mailbox,state,colour\n", "unknown column 'colour'"),
        ("b.csv", "mailbox,UPN,state\n", "the column mailbox twice"),
        ("b.csv", "state,owner\n", "no column mailbox"),
        ("b.csv", "mailbox,state\na@x.example,enabled,2027-03-31\n", "line 2 has more cells"),
        ("b.csv", "mailbox,state\n#a@x.example,enabled\n", "line 2 has '#a@x.example' in column mailbox"),
        ("b.csv", "mailbox,state\n# a comment\n", "line 2 has '# a comment' in column mailbox"),
        ("b.csv", "mailbox,state\n,enabled\n", "line 2 has no value in column mailbox"),
        ("b.csv", "mailbox,state\na@x.example,enabled\nmailbox,state\n", "line 3 is the header again"),
        ("b.csv", "mailbox,state,reason\na@x.example,enabled,Sc\rans\n", "line 2 ends with a lone carriage return"),
        ("b.csv", 'mailbox,state\n"a"b,enabled\n', "line 2 is broken CSV"),
    ],
)
def test_what_is_not(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    with pytest.raises(AnsibleLookupError) as caught:
        read(tmp_path, name, content)
    assert said in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnsibleLookupError, match=r"nothing\.yml can't be read: No such file"):
        LookupModule().run([str(tmp_path / "nothing.yml")])
