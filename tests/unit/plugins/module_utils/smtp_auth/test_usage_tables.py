# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Graph's report of email apps and the exports of the admin center: every spelling, and every way to be broken."""

from __future__ import annotations

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.table_text import MailboxTextError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.usage_tables import (
    ConcealedNamesError,
    read_export,
    read_usage_report,
)

HEAD = "Report Refresh Date,User Principal Name,Display Name,Is Deleted,IMAP4 App,SMTP App,Report Period\n"


def row(name: str, smtp: str, deleted: str = "False", day: str = "2026-11-26") -> str:
    return f"{day},{name},A person,{deleted},Yes,{smtp},30\n"


def test_who_used_smtp_is_told_by_the_column_of_that_name() -> None:
    text = HEAD + row("Anna@contoso.com", "Yes") + row("bert@contoso.com", "") + row("gone@contoso.com", "Yes", "True")
    table = read_usage_report("\ufeff" + text)
    assert [trace.names for trace in table.traces] == [("Anna@contoso.com",)]
    assert table.listed == {"anna@contoso.com", "bert@contoso.com"}, "a deleted one breaks no more"
    assert table.refreshed == "2026-11-26"
    assert table.traces[0].when == "", "the day of the last use isn't told"


def test_columns_may_stand_in_any_order() -> None:
    table = read_usage_report("SMTP App,Is Deleted,User Principal Name\nYes,False,a@contoso.com\n")
    assert [trace.names for trace in table.traces] == [("a@contoso.com",)]
    assert table.refreshed == ""


@pytest.mark.parametrize(
    ("value", "used"), [("Yes", True), ("yes", True), ("3", True), ("", False), ("No", False), ("0", False)]
)
def test_what_counts_as_used(value: str, used: bool) -> None:
    assert bool(read_usage_report(HEAD + row("a@contoso.com", value)).traces) is used


def test_concealed_names_are_not_taken_for_names() -> None:
    with pytest.raises(ConcealedNamesError):
        read_usage_report(HEAD + row("A1" * 16, "Yes"))


@pytest.mark.parametrize(
    "text", ["", "User Principal Name,IMAP4 App\na@contoso.com,Yes\n", "<html>\n", "SMTP App\nYes\n"]
)
def test_another_report_is_refused(text: str) -> None:
    with pytest.raises(MailboxTextError):
        read_usage_report(text)


@pytest.mark.parametrize("between", [",", ";", "\t"])
@pytest.mark.parametrize(
    "sender", ["Sender address", "SenderAddress", "sender_email", "User principal name", "Mailbox"]
)
@pytest.mark.parametrize("protocol", ["Authentication protocol", "Auth protocol", "Authentication Type"])
@pytest.mark.parametrize("count", ["Number of messages", "Messages", "Message Count"])
def test_columns_go_by_several_names(between: str, sender: str, protocol: str, count: str) -> None:
    lines = [[count, "TLS version", sender, protocol], ["12", "TLS1.2", "printer@contoso.com", "OAuth"]]
    (trace,) = read_export("\n".join(between.join(cells) for cells in lines))
    assert (trace.names, trace.count, trace.protocol) == (("printer@contoso.com",), 12, "oauth")


@pytest.mark.parametrize(
    ("word", "protocol"),
    [
        ("Basic", "basic"),
        ("Basic Authentication", "basic"),
        ("AUTH LOGIN", "basic"),
        ("OAuth", "oauth"),
        ("XOAUTH2", "oauth"),
        ("Modern auth", "oauth"),
        ("", "unknown"),
        ("TLS1.2", "unknown"),
    ],
)
def test_words_for_protocols(word: str, protocol: str) -> None:
    (trace,) = read_export(f"Sender address,Authentication protocol,Messages\na@contoso.com,{word},1\n")
    assert trace.protocol == protocol


@pytest.mark.parametrize(
    ("days", "read"),
    [
        (["2026-11-20"], ["2026-11-20"]),
        (["2026-11-20T08:00:00Z", "2026-11-21 09:30"], ["2026-11-20", "2026-11-21"]),
        (["11/20/2026 8:00:00 AM", "03/04/2026"], ["2026-11-20", "2026-03-04"]),
        (["20/11/2026", "03/04/2026"], ["2026-11-20", "2026-04-03"]),
        (["03/04/2026"], [""]),  # March or April: nobody knows
        ([""], [""]),
    ],
)
def test_days(days: list[str], read: list[str]) -> None:
    rows = "".join(f"a@contoso.com,1,{day}\n" for day in days)
    assert [trace.when for trace in read_export(f"Sender address,Messages,Date\n{rows}")] == read


@pytest.mark.parametrize(("number", "read"), [("7", 7), ("1,204", 1204), ("1 204", 1204), ("1.204", 1204), ("", None)])
def test_numbers(number: str, read: int | None) -> None:
    assert read_export(f'Sender address,Messages\na@contoso.com,"{number}"\n')[0].count == read


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("Sender address\na@contoso.com\n", 1),
        ("Sender address,TLS version\na@contoso.com,TLS1.2\n", 1),
        ("Recipient,Messages\na@contoso.com,1\n", 1),
        ("Sender address,Messages\na@contoso.com,1\nAnna Berg,2\n", 3),
        ("Sender address,Messages\na@contoso.com,many\n", 2),
        ("Sender address,Messages\na@contoso.com,-3\n", 2),
        ("Sender address,Messages\na@contoso.com,1.5\n", 2),
        ("Sender address,Messages,Date\na@contoso.com,1,yesterday\n", 2),
        ("Sender address,Messages,Date\na@contoso.com,1,2026-02-30\n", 2),
        ("Sender address,Messages,Date\na@contoso.com,1,13/01/2026\nb@contoso.com,1,01/13/2026\n", 2),
        ('Sender address,Messages\n"a@contoso.com,1\n', 2),
        ("Sender address,Messages\n\na@contoso.com,1,2\n", 3),
    ],
)
def test_a_broken_export_is_refused_by_its_line(text: str, line: int) -> None:
    with pytest.raises(MailboxTextError, match=rf"\bline {line}\b"):
        read_export(text)
