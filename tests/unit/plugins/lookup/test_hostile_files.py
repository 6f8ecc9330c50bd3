# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that nobody meant well, or that were cut, mixed up or made by another tool: one kind of error, with file and
line, and soon.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible_collections.m365ops.exchange_online.plugins.lookup.baseline_file import LookupModule as Baseline
from ansible_collections.m365ops.exchange_online.plugins.lookup.mailbox_file import LookupModule as Mailboxes
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._baseline_text import (
    BaselineTextError,
    parse_yaml,
)

LIMIT = 60  # seconds: a second is wanted, a busy machine may need more, what isn't bounded needs hours
GOOD = "- mailbox: a@x.example\n  state: enabled\n"
BOMB = "".join(
    [f"a0: &a0 [{', '.join(['x'] * 9)}]\n", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))]
)
MERGES = "".join(["- &m0 {a: b}\n", *(f"- &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}]}}\n" for n in range(1, 12))])

HOSTILE = {
    "no day": ("- mailbox: a\n  expires: 2026-02-30\n", "line 2, 2026-02-30 isn't a day of the calendar"),
    "no month": ("- mailbox: a\n  expires: 2026-13-01\n", "line 2, 2026-13-01 isn't a day of the calendar"),
    "no time": ("- expires: 2026-01-01 25:00:00\n", "line 1, 2026-01-01 25:00:00 isn't a day of the calendar"),
    "no timestamp": ("- expires: !!timestamp soon\n", "line 1, 'soon' is no timestamp"),
    "key that is a number": ("exceptions: []\n7: x\n", "line 2, the key 7 isn't a text: put it in quotes"),
    "key that is a boolean": ("exceptions: []\non: x\n", "line 2, the key on isn't a text"),
    "key that is a date": ("2026-01-01: x\n", "line 1, the key 2026-01-01 isn't a text"),
    "key that isn't a date": ("2026-02-30: x\n", "line 1, the key 2026-02-30 isn't a text"),
    "null key": ("exceptions: []\n~: x\n", "line 2, a key that is null or nothing"),
    "empty key": ("exceptions: []\n?\n: x\n", "line 2, a key that is null or nothing"),
    "list as key": ("exceptions: []\n? [a]\n: x\n", "line 2, a key that is a list or a mapping"),
    "mapping as key": ("? {a: b}\n: x\n", "line 1, a key that is a list or a mapping"),
    "itself as key": ("&a\n? *a\n: x\n", "line "),
    "key twice": (GOOD + "  state: disabled\n", "line 3, the key 'state' is there twice"),
    "merge of a text": ("- a: b\n- <<: text\n", "line 2, expected a mapping"),
    "merge of a list of texts": ("- <<: [text]\n", "line 1, expected a mapping"),
    "merge twice": ("- &a {a: b}\n- <<: *a\n  <<: *a\n", "line 3, the key '<<' is there twice"),
    "anchor in itself": ("- 1\n- &a [*a]\n", "line 2, an anchor refers to itself"),
    "anchor deep in itself": ("- &a\n  b:\n    - c: *a\n", "an anchor refers to itself"),
    "merge of itself": ("- &a\n  <<: *a\n", "an anchor refers to itself"),
    "alias of nothing": ("- *a\n", "line 1, found undefined alias"),
    "aliases that multiply": (BOMB, "aliases make too much of it"),
    "merges that multiply": (MERGES, "aliases make too much of it"),
    "tab": ("exceptions:\n\t- mailbox: a\n", "line 2, found character '\\t'"),
    "Python object": ("- 1\n- !!python/object/apply:os.system ['true']\n", "line 2, the tag 'python/object/apply"),
    "unknown tag": ("- !mine x\n", "line 1, the tag '!mine'"),
    "set": ("!!set {a, b}\n", "line 1, the tag 'set'"),
    "binary": ("- !!binary YQ==\n", "line 1, the tag 'binary'"),
    "no integer": ("- !!int many\n", "line 1, 'many' is no int"),
    "binary number without digits": ("- 0b_\n", "line 1, '0b_' is no int"),
    "number of 5,000 digits": ("- 1\n- " + "9" * 5000 + "\n", "line 2, '9999"),
    "no boolean": ("- !!bool maybe\n", "line 1, 'maybe' is no bool"),
    "two documents": (GOOD + "---\n" + GOOD, "line 3, a second document begins"),
    "line separator": ("- mailbox: a\n  reason: x\u2028- mailbox: b\n", "line 2 holds U+2028"),
    "next line": ("- mailbox: a\n  reason: x\x85- mailbox: b\n", "line 2 holds U+0085"),
    "bell": ("- mailbox: a\n  reason: x\x07\n", "line 2, the character U+0007 has no place"),
    "lone surrogate": ('- mailbox: a\n  reason: "\\ud800"\n', "line 2, half a character"),
    "deep in brackets": ("- 1\n- " + "[" * 100_000, "line 2, nested more than 30 levels deep"),
    "deep in braces": ("{a: " * 100_000, "line 1, nested more than 30 levels deep"),
    "deep in dashes": ("- " * 100_000 + "a", "line 1, nested more than 30 levels deep"),
    "deep in keys": ("? " * 100_000 + "a", "line 1, nested more than 30 levels deep"),
    "unclosed quote": (GOOD + "- 'a" + "\n  b" * 20_000, "found unexpected end of stream"),
    "vault without a password": (
        "- mailbox: !vault |\n    $ANSIBLE_VAULT;1.1;AES256\n    00\n",
        "line 1, a value is encr",
    ),
    "vault of a list": ("- !vault [a]\n", "line 1, !vault is for a text"),
}


def refused(lookup: type, path: Path, content: str | bytes) -> str:
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    begun = time.monotonic()
    with pytest.raises(AnsibleLookupError) as caught:
        lookup().run([str(path)])
    assert time.monotonic() - begun < LIMIT
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("content", "said"), HOSTILE.values(), ids=HOSTILE)
def test_yaml(tmp_path: Path, content: str, said: str) -> None:
    told = refused(Baseline, tmp_path / "b.yml", content)
    assert said in told
    assert len(told) < 500


@pytest.mark.parametrize(("content", "said"), HOSTILE.values(), ids=HOSTILE)
def test_yaml_as_the_text_of_a_variable(content: str, said: str) -> None:
    with pytest.raises(BaselineTextError) as caught:
        parse_yaml(content)
    assert said in str(caught.value)


JSON = {
    "cut": ('[\n{"mailbox": "a"', "line 2"),
    "key twice": ('[\n{"mailbox": "a",\n"mailbox": "b"}]', "line 3, the key 'mailbox' is there twice"),
    "key twice behind tabs": ('[\n\t{"mailbox": "a",\n\t"mailbox": "b"}]', "line 3, the key 'mailbox' is there twice"),
    "deep": ("[\n" + "[" * 100_000, "line 2, nested more than 30 levels deep"),
    "deep in objects": ('{"a":' * 100_000, "line 1, nested more than 30 levels deep"),
    "no number": ('[{"a": NaN}]', "NaN isn't a value of JSON"),
    "number of 5,000 digits": ("[" + "9" * 5000 + "]", "broken JSON"),
    "lone surrogate": ('[\n{"reason": "\\ud83d"}]', "line 2, half a character"),
    "backslashes and quotes": ('["' + '\\"' * 200_000, "line 1"),
    "quotes": ('"' * 200_001, "broken JSON"),
}


@pytest.mark.parametrize(("content", "said"), JSON.values(), ids=JSON)
def test_json(tmp_path: Path, content: str, said: str) -> None:
    assert said in refused(Baseline, tmp_path / "b.json", content)


def test_what_json_and_yaml_may_hold(tmp_path: Path) -> None:
    content = [{"mailbox": "a", "state": "enabled", "owner": "\U0001f5a8 \u2028", "reason": "J\u00f6rg's"}]
    (tmp_path / "b.json").write_text(json.dumps(content))
    (tmp_path / "c.json").write_text(json.dumps(content, ensure_ascii=False))
    assert Baseline().run([str(tmp_path / "b.json"), str(tmp_path / "c.json")]) == [{"exceptions": content}] * 2
    (tmp_path / "b.yml").write_text(
        "- &printer {state: enabled, owner: Facilities, expires: 2027-03-31}\n- <<: *printer\n  mailbox: !unsafe a\n"
        "  state: disabled\n  reason: 4711\n"
    )
    (found,) = Baseline().run([str(tmp_path / "b.yml")])
    assert found["exceptions"][1] == {
        "state": "disabled",
        "owner": "Facilities",
        "expires": "2027-03-31",
        "mailbox": "a",
        "reason": 4711,
    }


@pytest.mark.parametrize(("lookup", "name"), [(Baseline, "b.yml"), (Baseline, "b.csv"), (Mailboxes, "m.txt")])
def test_a_file_without_an_end(tmp_path: Path, lookup: type, name: str) -> None:
    (tmp_path / name).symlink_to("/dev/zero")
    with pytest.raises(AnsibleLookupError, match=rf"{name} can't be read: it isn't an ordinary file"):
        lookup().run([str(tmp_path / name)])
    (tmp_path / name).unlink()
    with (tmp_path / name).open("wb") as file:
        file.truncate(33 * 1024 * 1024)
    with pytest.raises(AnsibleLookupError, match=rf"{name} can't be understood: it is larger than 32 MiB"):
        lookup().run([str(tmp_path / name)])


@pytest.mark.parametrize("lookup", [Baseline, Mailboxes])
def test_a_folder(tmp_path: Path, lookup: type) -> None:
    with pytest.raises(AnsibleLookupError, match=r"can't be read: Is a directory"):
        lookup().run([str(tmp_path)])


# Whatever is in it ---------------------------------------------------------------------------------------------------

PIECES = [
    *("mailbox", "state", "enabled", "a@x.example", "b@x.example", "sep=;", "exceptions", "UPN", "User", "2026-02-30"),
    *(",", ";", "\t", "\n", "\r", "\r\n", '"', "'", "#", ":", ": ", "- ", "? ", "[", "]", "{", "}", "&a ", "*a", "<<"),
    *("!", "!!int ", "|\n", ">\n", "%", "---\n", "...", "\\", "\\ud800", "~", "null", "0b_", "on", " ", "  ", "\n  "),
    *("\0", "\ufeff", "\u2028", "\x85", "\x0b", "\x0c", "\x1c", "\u00a0", "\U0001f5a8", "<", ">", "\x07", "é"),
]


def made_up(source: random.Random) -> str:
    return "".join(source.choice(PIECES) for _each in range(source.randrange(1, 60)))


@pytest.mark.parametrize("seed", range(20))
def test_any_file_is_read_or_refused_in_one_way(tmp_path: Path, seed: int) -> None:
    """One file, with a name for each way to read it."""
    source = random.Random(seed)
    file = tmp_path / "f"
    file.touch()
    for ending in (".yml", ".json", ".csv"):
        (tmp_path / f"f{ending}").hardlink_to(file)
    for number in range(100):
        text = made_up(source)
        encoding = source.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"])
        file.write_bytes(text.encode(encoding, errors="replace"))
        for name, lookup in (
            ("f.yml", Baseline),
            ("f.json", Baseline),
            ("f.csv", Baseline),
            ("f.csv", Mailboxes),
            ("f", Mailboxes),
        ):
            try:
                found = lookup().run([str(tmp_path / name)])
            except AnsibleLookupError:
                continue
            assert is_plain(found), (seed, number, name, text)


def is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(is_plain, value))
    return value is None or isinstance(value, (str, int, float, bool))


@pytest.mark.parametrize("lookup", [Baseline, Mailboxes])
def test_a_pipe_is_not_waited_for(tmp_path: Path, lookup: type) -> None:
    """Ansible looks a file up more than once; all but the first look would find a pipe empty."""
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_text("mailbox,state\na@x.example,enabled\n"), daemon=True)
    writer.start()
    with pytest.raises(AnsibleLookupError, match=r"can't be read: it isn't an ordinary file but a pipe or a device"):
        lookup().run([str(path)])
    path.read_text()
    writer.join(60)


@pytest.mark.parametrize("seed", range(20))
def test_no_row_of_a_table_is_lost_or_made(tmp_path: Path, seed: int) -> None:
    """Whatever is in the cells beside it: as many mailboxes come out as rows went in, or it is refused."""
    source = random.Random(seed)
    for _number in range(100):
        delimiter, end = source.choice(",;\t"), source.choice(["\n", "\r\n", "\r"])
        names = [f"m{place}@x.example" for place in range(source.randrange(1, 6))]
        rows = [["Name", "mailbox", "Note"]]
        for name in names:
            rows.append(["".join(source.choice(PIECES) for _each in range(source.randrange(4))) for _each in range(3)])
            rows[-1][1] = name
        text = end.join(delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
        path = tmp_path / "f.csv"
        path.write_bytes((text + end).encode())
        if "\0" in text:
            assert "NUL" in refused(Mailboxes, path, path.read_bytes())
        else:
            assert Mailboxes().run([str(path)]) == names
