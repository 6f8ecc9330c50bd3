# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Lists of mailboxes as people write them: a text with one a line, or a CSV file as other tools export it.

Whether an entry can name a mailbox is not judged here; who uses the list does that.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence

from .several import first_of
from .table_text import (
    MailboxTextError,
    Table,
    key_of,
    lines_of,
    read_table,
    stripped,
    unwrapped,
)

# In the order of preference: where a file has several of them, the first names the mailbox.
COLUMNS = (
    "mailbox",
    "UserPrincipalName",
    "PrimarySmtpAddress",
    "EmailAddress",
    "Email",
    "Mail",
    "UPN",
    "Address",
)
# Columns of logs and reports: a mailbox may come again and again. Some tools have display names in some of these, so
# that is taken which holds addresses.
LOG_COLUMNS = ("SenderAddress", "Username", "User", "Sender", "From")
_KEYS = tuple(map(key_of, COLUMNS))
_LOG_KEYS = tuple(map(key_of, LOG_COLUMNS))
# What else only a log has.
_LOG_MARKS = frozenset(
    (
        "date(utc)",
        "timegenerated",
        "timegenerated[utc]",
        "createddatetime",
        "creationtime",
        "received",
        "receiveddatetime",
        "origintimestamputc",
        "requestid",
        "correlationid",
        "messageid",
        "messagetraceid",
        "clientapp",
        "clientappused",
    )
)
# A list of aliases may begin with one of these, unlike UserPrincipalName.
_LIKE_ALIASES = frozenset(("mailbox", "email", "mail", "upn", "address", *_LOG_KEYS))
_COMMENT = re.compile(r"(^|\s)#.*$", re.DOTALL)  # not every "#": the UPN of a guest holds "#EXT#"
_SEPARATOR = re.compile(r"[,;]")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SHOWN = 5
__all__ = ("COLUMNS", "LOG_COLUMNS", "MailboxTextError", "decode", "mailbox_in", "parse_file", "parse_text")


def decode(data: bytes) -> str:
    """The text of a file: UTF-8 with or without a byte order mark, or UTF-16 with one, as PowerShell writes it.

    :raises MailboxTextError: any other encoding.
    """
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = len(lines_of(data[: error.start].decode(encoding, errors="ignore")))
        raise MailboxTextError(f"line {line} is not {encoding.upper()} text: save the file as UTF-8") from error
    if "\0" in text:
        line = len(lines_of(text[: text.index("\0")]))
        raise MailboxTextError(f"line {line} holds NUL characters: save the file as UTF-8 text")
    return text


def parse_text(text: str) -> list[str]:
    """The mailboxes of a text with one a line; on one line, commas or semicolons separate too.

    White space around a mailbox, quotes around it, empty lines, and comments (``#`` at the start of a line or after
    white space) are dropped.
    """
    return [part for _line, parts in _parts(text) for part in parts]


def parse_file(text: str, is_csv: bool = False) -> list[str]:
    """The mailboxes of a file. It is read as CSV if its first line is a header with a known column.

    :param is_csv: The file says that it is CSV, by its name: then only a header makes more than one column readable.
    :raises MailboxTextError: a CSV file without a known column, a row without a mailbox, broken quotes, or the same
        mailbox twice where the file isn't a log.
    """
    table = read_table(text, _worth)
    if table and (is_csv or not _may_be_aliases(table)):
        column = _column_of(table)
        mailboxes = [(line, mailbox_in(table, line, row, column)) for line, row in table.rows]
        return _once(mailboxes, is_log=_is_log(table, column))
    mailboxes = []
    for line, parts in _parts(text):
        if len(parts) > 1 and len({"@" in part for part in parts}) > 1:
            raise _no_header(line)
        mailboxes += [(line, part) for part in parts]
    if is_csv and mailboxes:
        first, names = mailboxes[0][0], [name for _line, name in mailboxes]
        if any(character in _line_at(text, first) for character in ",;\t"):
            raise _no_header(first)
        if len(names) > 1 and "@" not in names[0] and all("@" in name for name in names[1:]):
            raise _no_header(first)
    return _once(mailboxes, is_log=False)


def mailbox_in(table: Table, line: int, row: Sequence[str], column: int) -> str:
    """
    :raises MailboxTextError: the row names none.
    """
    mailbox = unwrapped(row[column]) if column < len(row) else ""
    if not mailbox:
        raise MailboxTextError(f"line {line} has no value in column {stripped(table.header[column])}")
    if mailbox.startswith("#"):
        raise MailboxTextError(
            f"line {line} has {mailbox[:60]!a} in column {stripped(table.header[column])}: comments are possible "
            "before the header only, so take the line out"
        )
    return mailbox


def _parts(text: str) -> Iterator[tuple[int, list[str]]]:
    """The names on each line that has some, with its number."""
    for number, line in enumerate(lines_of(text), start=1):
        rest = _COMMENT.sub("", stripped(line))
        parts = [part for part in map(unwrapped, _SEPARATOR.split(rest)) if part]
        if parts:
            yield number, parts


def _line_at(text: str, number: int) -> str:
    return lines_of(text)[number - 1]


def _no_header(line: int) -> MailboxTextError:
    known = ", ".join((*COLUMNS, *LOG_COLUMNS))
    return MailboxTextError(
        f"line {line} isn't a header with one of the columns {known}"
        if line == 1
        else f"line {line} holds more than mailboxes, and no header with one of the columns {known} is before it"
    )


# Columns -------------------------------------------------------------------------------------------------------------


def _worth(header: Sequence[str]) -> int:
    """Of several readings of the same header, that with most columns is the right one, if it has a known column."""
    keys = set(map(key_of, header))
    return len(header) if keys.intersection((*_KEYS, *_LOG_KEYS)) else 0


def _may_be_aliases(table: Table) -> bool:
    """Whether a text is as likely a list of aliases, of which the first looks like the name of a column."""
    names = [row[0] for _line, row in table.rows]
    return (
        len(table.header) == 1 and key_of(table.header[0]) in _LIKE_ALIASES and not all("@" in name for name in names)
    )


def _column_of(table: Table) -> int:
    """The index of the column that names the mailbox.

    :raises MailboxTextError: only columns that may hold something else are there, and they do.
    """
    keys = list(map(key_of, table.header))
    for key in _KEYS:
        if key in keys:
            return keys.index(key)
    columns = [keys.index(key) for key in _LOG_KEYS if key in keys]
    for column in columns:
        cells = [stripped(row[column]) for _line, row in table.rows if column < len(row)]
        if all("@" in cell for cell in cells if cell):
            return column
    names = " and ".join(stripped(table.header[column]) for column in columns)
    raise MailboxTextError(f"line {table.line} has the column {names}, which doesn't hold addresses throughout")


def _is_log(table: Table, column: int) -> bool:
    keys = list(map(key_of, table.header))
    return keys[column] in _LOG_KEYS or not _LOG_MARKS.isdisjoint(keys)


def _once(mailboxes: Iterable[tuple[int, str]], *, is_log: bool) -> list[str]:
    """Each mailbox once, in the order of its first line.

    :raises MailboxTextError: one is there twice in what isn't a log.
    """
    first: dict[str, tuple[int, str]] = {}
    problems = []
    for line, mailbox in mailboxes:
        earlier, _name = first.setdefault(mailbox.casefold(), (line, mailbox))
        if earlier != line or first[mailbox.casefold()][1] is not mailbox:
            problems.append(f"line {line} ({mailbox[:80]}) is the same as line {earlier}")
    if problems and not is_log:
        raise MailboxTextError(f"{first_of(problems, _SHOWN, between='; ')}: name each mailbox once")
    return [mailbox for _line, mailbox in first.values()]
