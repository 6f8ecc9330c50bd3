# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The two tables that tell who used SMTP AUTH: Graph's report of email apps, and the admin center's export.

Columns are known by their names, in whatever order they come. What can't be read is an error that names the line.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Callable, Iterable, Sequence

from .identity import fold
from .several import first_of
from .table_text import MailboxTextError, Table, key_of, read_table, stripped, unwrapped
from .usage import BASIC, FILE, OAUTH, UNKNOWN, USAGE_REPORT, Trace

# Graph, reports/getEmailAppUsageUserDetail.
_NAME, _SMTP, _DELETED, _REFRESHED = map(
    key_of, ("User Principal Name", "SMTP App", "Is Deleted", "Report Refresh Date")
)
_NO = ("", "no", "false", "0")
# A tenant that conceals names has 32 hexadecimal digits in the place of each.
_CONCEALED = re.compile(r"[0-9A-F]{32}\Z", re.IGNORECASE)

# Exchange admin center, Reports > Mail flow > SMTP AUTH clients report. In the order of preference.
_SENDER = tuple(
    map(
        key_of,
        (
            "Sender address",
            "Sender",
            "Sender email address",
            "Sender email",
            "Email address",
            "Mailbox",
            "User principal name",
            "User",
        ),
    )
)
_PROTOCOL = tuple(
    map(
        key_of,
        (
            "Authentication protocol",
            "Auth protocol",
            "Authentication type",
            "Auth type",
            "Authentication method",
            "Authentication",
            "Protocol",
        ),
    )
)
_COUNT = tuple(
    map(
        key_of,
        (
            "Number of messages",
            "Messages",
            "Message count",
            "# of messages",
            "Total messages",
            "Messages sent",
            "Count",
        ),
    )
)
_DAY = tuple(map(key_of, ("Last date", "Last seen", "Last sent", "Date", "Date (UTC)", "Day")))
_SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:[ ,T].*)?\Z")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[ T].*)?\Z")
_ADDRESS = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+\Z")


class ConcealedNamesError(ValueError):
    """The report has marks in the place of names."""


@dataclasses.dataclass(frozen=True)
class UsageTable:
    """``listed``: all names in it, folded. ``refreshed``: the last day that it tells of, ISO 8601; may be empty."""

    traces: list[Trace]
    listed: frozenset[str]
    refreshed: str


def read_usage_report(text: str) -> UsageTable:
    """Graph's report of email apps.

    :raises ConcealedNamesError: the tenant conceals names. MailboxTextError: it isn't that report.
    """
    wanted = (_NAME, _SMTP)
    table = _table(text, lambda header: set(wanted) <= set(header))
    name, smtp = (_place(table, (key,)) for key in wanted)
    deleted, refreshed = _place(table, (_DELETED,)), _place(table, (_REFRESHED,))
    traces, listed, last = [], set(), ""
    for _line, row in table.rows:
        who = _cell(row, name)
        if _CONCEALED.match(who):
            raise ConcealedNamesError
        last = max(last, _cell(row, refreshed))
        if not who or fold(_cell(row, deleted)) == "true":
            continue
        listed.add(fold(who))
        if fold(_cell(row, smtp)) not in _NO:
            traces.append(Trace(USAGE_REPORT, (who,)))
    return UsageTable(traces, frozenset(listed), last if _ISO.match(last) else "")


def read_export(text: str) -> list[Trace]:
    """The SMTP AUTH clients report as it was exported.

    :raises MailboxTextError: it isn't that, or a row can't be read; names the line.
    """
    table = _table(text, lambda header: bool(set(header) & set(_SENDER)) and len(header) > 1)
    sender, protocol = _place(table, _SENDER), _place(table, _PROTOCOL)
    count, day = _place(table, _COUNT), _place(table, _DAY)
    if protocol is None and count is None:
        raise MailboxTextError(
            f"line {table.line} has no column for the protocol or the number of messages, so this isn't an export "
            "of the SMTP AUTH clients report: " + first_of(table.header, 10)
        )
    read = _days(table, day)
    return [
        Trace(
            FILE,
            (_sender(line, _cell(row, sender)),),
            when=read(line, _cell(row, day)),
            count=_number(line, _cell(row, count)),
            protocol=_protocol(_cell(row, protocol)),
        )
        for line, row in table.rows
    ]


def _table(text: str, is_it: Callable[[Sequence[str]], bool]) -> Table:
    def worth(header: Sequence[str]) -> int:
        keys = [key_of(cell) for cell in header]
        return len(keys) if is_it(keys) else 0

    table = read_table(text, worth)
    if table is None:
        raise MailboxTextError("line 1 isn't the header of such a report: the columns that it must have aren't there")
    return table


def _place(table: Table, names: Iterable[str]) -> int | None:
    keys = [key_of(cell) for cell in table.header]
    return next((keys.index(name) for name in names if name in keys), None)


def _cell(row: Sequence[str], place: int | None) -> str:
    return stripped(row[place]) if place is not None and place < len(row) else ""


def _sender(line: int, text: str) -> str:
    name = unwrapped(text)
    if not _ADDRESS.match(name):
        raise MailboxTextError(f"line {line}: {ascii(name)[:80]} isn't the address of a sender")
    return name


def _number(line: int, text: str) -> int | None:
    if not text:
        return None
    digits = re.sub(r"[\s,.'\u00a0\u202f]", "", text)
    if not digits.isascii() or not digits.isdigit() or len(digits) > 15 or re.search(r"[.,]\d{1,2}\Z", text):
        raise MailboxTextError(f"line {line}: {ascii(text)[:80]} isn't a number of messages")
    return int(digits)


def _protocol(text: str) -> str:
    """Words of the admin center, and what people and other tools make of them."""
    words = fold(text)
    if "oauth" in words or "modern" in words:
        return OAUTH
    return BASIC if any(word in words for word in ("basic", "login", "plain")) else UNKNOWN


def _days(table: Table, place: int | None) -> Callable[[int, str], str]:
    """What reads a day. Whether 03/04/2026 is in March or April, the other rows tell; if they don't, nobody knows."""
    found = [match for _line, row in table.rows if (match := _SLASHES.match(_cell(row, place)))]
    month_first = any(int(match[2]) > 12 for match in found)
    day_first = any(int(match[1]) > 12 for match in found)

    def read(line: int, text: str) -> str:
        if not text:
            return ""
        iso, slashes = _ISO.match(text), _SLASHES.match(text)
        if iso:
            year, month, day = map(int, iso.groups())
        elif slashes and month_first != day_first:
            first, second, year = map(int, slashes.groups())
            month, day = (first, second) if month_first else (second, first)
        elif slashes and not month_first:
            return ""
        else:
            raise MailboxTextError(f"line {line}: {ascii(text)[:80]} isn't a date as 2026-11-30 or 11/30/2026 is")
        try:
            return datetime.date(year, month, day).isoformat()
        except ValueError as error:
            raise MailboxTextError(f"line {line}: {ascii(text)[:80]} isn't a date") from error

    return read
