# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts and files of mailboxes, as people write them and as other tools export them."""

from __future__ import annotations

import codecs
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.m365ops.exchange_online.plugins.filter.mailbox_list import FilterModule
from ansible_collections.m365ops.exchange_online.plugins.module_utils._mailbox_text import (
    MailboxTextError,
    decode,
    parse_file,
)

mailbox_list = FilterModule().filters()["mailbox_list"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", []),
        (None, []),
        (" \n\t\r\n", []),
        ("a@x.example", ["a@x.example"]),
        ("a@x.example\r\nb@x.example\rc@x.example\n", ["a@x.example", "b@x.example", "c@x.example"]),
        ("  a@x.example\t\n\n# all printers\n b@x.example # third floor\n", ["a@x.example", "b@x.example"]),
        ("guest_y.example#EXT#@x.example", ["guest_y.example#EXT#@x.example"]),
        ("a@x.example, b@x.example; c@x.example,", ["a@x.example", "b@x.example", "c@x.example"]),
        ("\ufeffa@x.example", ["a@x.example"]),
        (["a@x.example", "", None], ["a@x.example", "", None]),
        (("a@x.example",), ["a@x.example"]),
    ],
)
def test_what_people_write(value: Any, expected: list[Any]) -> None:
    assert mailbox_list(value) == expected


@pytest.mark.parametrize(("value", "kind"), [({"a@x.example": "enabled"}, "dict"), (7, "int"), (True, "bool")])
def test_what_is_no_list(value: Any, kind: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"not a {kind}"):
        mailbox_list(value)


@pytest.mark.parametrize(
    ("text", "is_csv", "expected"),
    [
        pytest.param("a@x.example\n# no\nb@x.example\n", False, ["a@x.example", "b@x.example"], id="text"),
        pytest.param("mailbox\na@x.example\n", False, ["a@x.example"], id="header in a text file"),
        pytest.param("a@x.example\nb@x.example\n", True, ["a@x.example", "b@x.example"], id="CSV without header"),
        pytest.param('"a@x.example"\n', True, ["a@x.example"], id="quoted CSV without header"),
        pytest.param('Name,Mailbox\n"Doe, J",a@x.example\n', True, ["a@x.example"], id="comma in quotes"),
        pytest.param('Name,mailbox\n"a ""b"" c",a@x.example\n', True, ["a@x.example"], id="quotes in quotes"),
        pytest.param('Name,mailbox\n"two\nlines",a@x.example\n', True, ["a@x.example"], id="line break in quotes"),
        pytest.param("Name;Primary Smtp Address\nx;a@x.example\n", True, ["a@x.example"], id="semicolons"),
        pytest.param("Name\tuser_principal_name\nx\ta@x.example\n", False, ["a@x.example"], id="tabs"),
        pytest.param("Email,UserPrincipalName\ne@x.example,u@x.example\n", True, ["u@x.example"], id="preference"),
        pytest.param('#TYPE System.Object\n"Mail"\n"a@x.example"\n', True, ["a@x.example"], id="PowerShell"),
        pytest.param("mailbox,note\na@x.example,\n,\n# no,x\n\n", True, ["a@x.example"], id="gaps"),
        pytest.param("", True, [], id="empty"),
        pytest.param("mailbox\n", True, [], id="header only"),
    ],
)
def test_files(text: str, is_csv: bool, expected: list[str]) -> None:
    assert parse_file(text, is_csv) == expected
    assert parse_file("\ufeff" + text.replace("\n", "\r\n"), is_csv) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Name,Department\nx,y\n", "line 1 is no header"),
        ("Name,mailbox\nx,a@x.example\ny,\n", "line 3 has no value in column mailbox"),
        ("Name,mailbox\n\nx\n", "line 3 has no value in column mailbox"),
        ('Name,mailbox\n"x"y,a@x.example\n', "line 2 is broken CSV"),
        ('Name,mailbox\n"x,a@x.example\n', "line 2 is broken CSV"),
    ],
)
def test_files_that_are_refused(text: str, problem: str) -> None:
    with pytest.raises(MailboxTextError, match=problem):
        parse_file(text, is_csv=True)


@pytest.mark.parametrize(
    "data",
    [
        "jörg@x.example".encode(),
        codecs.BOM_UTF8 + "jörg@x.example".encode(),
        codecs.BOM_UTF16_LE + "jörg@x.example".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "jörg@x.example".encode("utf-16-be"),
    ],
)
def test_encodings(data: bytes) -> None:
    assert parse_file(decode(data)) == ["jörg@x.example"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("a@x.example\njörg@x.example".encode("latin-1"), "line 2 is not UTF-8 text"),
        ("a@x.example".encode("utf-16-le"), "line 1 holds NUL characters"),
    ],
)
def test_encodings_that_are_refused(data: bytes, problem: str) -> None:
    with pytest.raises(MailboxTextError, match=problem):
        decode(data)
