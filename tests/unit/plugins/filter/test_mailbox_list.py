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
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox_text import (
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
        ("a@x.example\n\ufeffb@x.example", ["a@x.example", "b@x.example"]),
        ("\u00a0a@x.example\u200b\u00a0\n\u202ab@x.example\u202c", ["a@x.example", "b@x.example"]),
        ("'a@x.example', \"b@x.example\"", ["a@x.example", "b@x.example"]),
        (
            "\u201ca@x.example\u201d\n\u2018b@x.example\u2019\n\u201ec@x.example\u201c",
            ["a@x.example", "b@x.example", "c@x.example"],
        ),
        ("<a@x.example>; Ben Brown <b@x.example>", ["a@x.example", "b@x.example"]),
        ("o'neil@x.example", ["o'neil@x.example"]),
        ("a@x.example # Alice\u2028b@x.example", ["a@x.example"]),
        ("a@x.example\u2028b@x.example", ["a@x.example\u2028b@x.example"]),  # refused by who takes the list
        ("a@x.example\x0bb@x.example", ["a@x.example\x0bb@x.example"]),
        ("a@x.example\x0cb@x.example\x85c@x.example", ["a@x.example\x0cb@x.example\x85c@x.example"]),
        ("a@x.example\x1cb@x.example\x1dc@x.example", ["a@x.example\x1cb@x.example\x1dc@x.example"]),
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
        pytest.param("# no, no\n\nmailbox,note\na@x.example,\n,\n\n", True, ["a@x.example"], id="gaps"),
        pytest.param("sep=;\nUPN;Name\na@x.example;Alice\n", True, ["a@x.example"], id="told delimiter"),
        pytest.param('"sep=,"\nUPN,Name\na@x.example,Alice\n', True, ["a@x.example"], id="told in quotes"),
        pytest.param("sep=\\t\nName\tUPN\nAlice\ta@x.example\n", True, ["a@x.example"], id="told tab"),
        pytest.param("SEP=|\nName|UPN\nAlice, A|a@x.example\n", True, ["a@x.example"], id="told another"),
        pytest.param("sep=\nUPN;Name\na@x.example;Alice\n", True, ["a@x.example"], id="told nothing"),
        pytest.param('"UPN";"Name"\n"a@x.example";"A, B"\n', True, ["a@x.example"], id="quoted semicolons"),
        pytest.param('"UPN"\t"Name"\n"a@x.example"\t"A, B"\n', True, ["a@x.example"], id="quoted tabs"),
        pytest.param("UPN,Name,,\na@x.example,A,,\n", True, ["a@x.example"], id="empty columns at the end"),
        pytest.param("Name,UPN\n#1 printer,a@x.example\n", True, ["a@x.example"], id="hash in a name"),
        pytest.param('Name,UPN\n"#1 printer",a@x.example\n', True, ["a@x.example"], id="quoted hash in a name"),
        pytest.param('UPN,Size\na@x.example,5" high\n', True, ["a@x.example"], id="quote in a cell"),
        pytest.param("UPN,Name\n'a@x.example',\n<b@x.example>,\n", True, ["a@x.example", "b@x.example"], id="wrapped"),
        pytest.param("Mailbox\nA. B. <a@x.example>\n", True, ["a@x.example"], id="display name and address"),
        pytest.param("\u00a0UPN ,Name\n\u200ba@x.example\u00a0,A\n", True, ["a@x.example"], id="invisible"),
        pytest.param("mailbox\nreception\n", True, ["reception"], id="aliases under a header"),
        pytest.param("mail\nreception\n", False, ["mail", "reception"], id="an alias that looks like a header"),
        pytest.param("", True, [], id="empty"),
        pytest.param("mailbox\n", True, [], id="header only"),
    ],
)
def test_files(text: str, is_csv: bool, expected: list[str]) -> None:
    assert parse_file(text, is_csv) == expected
    assert parse_file("\ufeff" + text.replace("\n", "\r\n"), is_csv) == expected


LOGS = {
    "SMTP AUTH clients report": (
        "Sender address,Domain,TLS 1.2,Messages sent,Authentication protocol\n"
        "a@x.example,x.example,100,3,Basic\nb@x.example,x.example,100,3,OAuth\na@x.example,x.example,0,1,OAuth\n"
    ),
    "sign-in log": (
        "Date (UTC),User ID,User,Username,Client app\n"
        "2026-01-01,3,Alice A,a@x.example,Authenticated SMTP\n2026-01-01,4,Ben B,b@x.example,Authenticated SMTP\n"
        "2026-01-02,3,Alice A,A@X.example,Authenticated SMTP\n"
    ),
    "sign-in log the other way round": "Username,User\nAlice A,a@x.example\nBen,b@x.example\nAlice A,a@x.example\n",
    "message trace": '"SenderAddress","MessageCount"\n"a@x.example","3"\n"b@x.example","1"\n"a@x.example","2"\n',
    "extended trace": "origin_timestamp_utc,sender_address\n1,a@x.example\n2,b@x.example\n3,a@x.example\n",
    "log by UPN": "TimeGenerated [UTC],UserPrincipalName\n1,a@x.example\n2,b@x.example\n3,a@x.example\n",
    "user": "User,Count\na@x.example,1\nb@x.example,2\na@x.example,3\n",
    "semicolons and sep": "sep=;\nSender;From\na@x.example;x\nb@x.example;y\na@x.example;z\n",
}


@pytest.mark.parametrize("text", LOGS.values(), ids=LOGS)
def test_logs_and_reports_name_each_mailbox_once(text: str) -> None:
    assert parse_file("\ufeff" + text.replace("\n", "\r\n"), is_csv=True) == ["a@x.example", "b@x.example"]


# What some count as an end of a line, and is none.
SEPARATORS = ["\u2028", "\u2029", "\x0b", "\x0c", "\x85", "\x1c", "\x1d", "\x1e"]


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_text_in_a_cell_stays_in_its_cell(separator: str, quote: str, end: str) -> None:
    name = f"{quote}Alice{separator}(b@x.example{quote}"
    text = end.join(["UserPrincipalName,DisplayName", f"a@x.example,{name}", f"c@x.example,{name}", ""])
    assert parse_file(text, is_csv=True) == ["a@x.example", "c@x.example"]
    text = end.join(["DisplayName,UserPrincipalName", f"{name},a@x.example", ""])
    assert parse_file(text, is_csv=True) == ["a@x.example"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("mailbox,note\n#a@x.example,x\n", "line 2 has '#a@x.example' in column mailbox: comments"),
        ('mailbox,note\n"#a@x.example",x\n', "line 2 has '#a@x.example' in column mailbox: comments"),
        ("mailbox,note\n\n# a comment\na@x.example,x\n", "line 3 has '# a comment' in column mailbox"),
        ("note,mailbox\n# a comment\n", "line 2 has no value in column mailbox"),
        ("Name,mailbox\nDoe, Jane,a@x.example\n", "line 2 has more cells than the header"),
        ("mailbox,Name\na@x.example,Ali\rce\nb@x.example,B\n", "line 2 ends with a lone carriage return"),
        ("mailbox,Name\na@x.example,A\nmailbox,Name\nb@x.example,B\n", "line 3 is the header again"),
        ("mailbox,Name\na@x.example,A\n\ufeffMailbox,Name\nb@x.example,B\n", "line 3 is the header again"),
        ("mailbox\na@x.example\nsep=;\n", "line 3 tells a delimiter"),
        ("mailbox\na@x.example\nb@x.example\nA@x.example\n", "line 4 .A@x.example. is the same as line 2"),
        ("a@x.example\nb@x.example\na@x.example\n", "line 3 .a@x.example. is the same as line 1"),
        ('mailbox,Name\na@x.example,"A\nb@x.example,B\n', "line 2 is broken CSV: a quote isn't closed"),
        ("User,Count\nAlice A,1\n", "line 1 has the column User, which doesn't hold addresses"),
        ("Login\na@x.example\nb@x.example\n", "line 1 isn't a header"),
        ("a@x.example\nDoe, Jane, b@x.example\n", "line 2 holds more than mailboxes"),
        ("Name,Department\nx,y\n", "line 1 isn't a header"),
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
        (b"a@x.example\r\rb\xff@x.example", "line 3 is not UTF-8 text"),
        (b"a@x.example\n\xed\xa0\x80@x.example", "line 2 is not UTF-8 text"),
        (codecs.BOM_UTF16_LE + "a@x.example\n".encode("utf-16-le") + b"\x00\xd8a\x00", "line 2 is not UTF-16 text"),
        (codecs.BOM_UTF16_LE + "a@x.example\n".encode("utf-16-le") + b"a", "line 2 is not UTF-16 text"),
    ],
)
def test_encodings_that_are_refused(data: bytes, problem: str) -> None:
    with pytest.raises(MailboxTextError, match=problem):
        decode(data)
