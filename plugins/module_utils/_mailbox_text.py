# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Lists of mailboxes as people write them: a text with one a line, or a CSV file as other tools export it.

Whether an entry can name a mailbox is not judged here; who uses the list does that.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence

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
_KEYS = tuple(name.casefold() for name in COLUMNS)
_DELIMITERS = ",;\t"
_COMMENT = re.compile(r"(^|\s)#.*$")  # not every "#": the UPN of a guest holds "#EXT#"
_SEPARATOR = re.compile(r"[,;]")
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class MailboxTextError(ValueError):
    """The text can't be read as a list of mailboxes; the message names the line."""


def decode(data: bytes) -> str:
    """The text of a file: UTF-8 with or without a byte order mark, or UTF-16 with one, as PowerShell writes it.

    :raises MailboxTextError: any other encoding.
    """
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MailboxTextError(f"line {line} is not {encoding.upper()} text: save the file as UTF-8") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise MailboxTextError(f"line {line} holds NUL characters: save the file as UTF-8 text")
    return text


def parse_text(text: str) -> list[str]:
    """The mailboxes of a text with one a line; on one line, commas or semicolons separate too.

    White space around a mailbox, empty lines, and comments (``#`` at the start of a line or after white space) are
    dropped.
    """
    lines = (_COMMENT.sub("", line) for line in text.lstrip("\ufeff").splitlines())
    parts = (part.strip() for line in lines for part in _SEPARATOR.split(line))
    return [part for part in parts if part]


def parse_file(text: str, is_csv: bool = False) -> list[str]:
    """The mailboxes of a file. It is read as CSV if its first line is a header with a known column.

    :param is_csv: The file says that it is CSV, by its name: then only a header makes more than one column readable.
    :raises MailboxTextError: a CSV file without a known column, a row without a mailbox, or broken quotes.
    """
    text = text.lstrip("\ufeff")
    delimiter = _delimiter_of(text)
    if delimiter:
        return _parse_csv(text, delimiter)
    if is_csv and any(character in _first_line(text) for character in _DELIMITERS):
        raise MailboxTextError(f"line 1 is no header with one of the columns {', '.join(COLUMNS)}")
    return [entry.strip('"') for entry in parse_text(text)] if is_csv else parse_text(text)


def _parse_csv(text: str, delimiter: str) -> list[str]:
    rows = rows_of(text, delimiter)
    _line, header = next(rows)
    column = _column_of(header)
    mailboxes = []
    for line, row in rows:
        mailbox = row[column].strip() if column < len(row) else ""
        if not mailbox:
            raise MailboxTextError(f"line {line} has no value in column {header[column].strip()}")
        mailboxes.append(mailbox)
    return mailboxes


def _delimiter_of(text: str) -> str:
    """The delimiter with which the first line is a header that has a known column; empty if there is none."""
    for delimiter in _DELIMITERS:
        try:
            _line, header = next(rows_of(text, delimiter), (0, []))
        except MailboxTextError:
            continue
        if _column_of(header) >= 0:
            return delimiter
    return ""


def _column_of(header: Sequence[str]) -> int:
    """The index of the column that names the mailbox, or -1."""
    keys = [re.sub(r"[\s_-]", "", name).casefold() for name in header]
    return next((keys.index(key) for key in _KEYS if key in keys), -1)


def rows_of(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows with the number of the line that each ends on; empty rows and comments are left out."""
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise MailboxTextError(f"line {reader.line_num} is broken CSV: {error}") from error
        if any(field.strip() for field in row) and not row[0].lstrip().startswith("#"):
            yield reader.line_num, row


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if parse_text(line)), "")
