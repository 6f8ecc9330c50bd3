# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Tables as people have them: CSV with commas, semicolons or tabs, as Excel, PowerShell and admin centers write it.

No row is ever left out without a word, and no part of a cell ever becomes a row: only CR, LF and CRLF end a line, and
comments are possible before the header only.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections.abc import Callable, Iterator, Sequence

_DELIMITERS = ",;\t"
_TOLD_DELIMITER = re.compile(r'"?sep=([^\w\s"]|\t|\\t)?"?[,;\t]*[\r\n]*\Z', re.IGNORECASE)
# White space of every kind, and what is invisible and comes along when text is copied.
_UNSEEN = "\\s\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"
_AROUND = re.compile(f"^[{_UNSEEN}]+|[{_UNSEEN}]+$")
_IN_NAMES = re.compile(f"[{_UNSEEN}_-]")
_PLAIN = re.compile(r"[!#-&(-;=?-~]+\Z")  # neither white space nor quotes nor angle brackets: nearly all
_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019", "\u201e": "\u201c", "\u201a": "\u2018"}
_NAMED = re.compile(r"[^<>@]*<([^<>\s]+)>\Z")


class MailboxTextError(ValueError):
    """The text can't be read as a list of mailboxes; the message names the line."""


@dataclasses.dataclass(frozen=True)
class Table:
    """``line``: of the header. ``rows``: each that is not empty, with the number of the line that it begins on."""

    line: int
    header: list[str]
    rows: list[tuple[int, list[str]]]


def stripped(text: str) -> str:
    """Without white space and invisible characters at both ends."""
    return _AROUND.sub("", text)


def unwrapped(text: str) -> str:
    """What names the mailbox in ``"a@b"``, ``'a@b'``, ``<a@b>`` or ``A. B. <a@b>``."""
    if _PLAIN.match(text):
        return text
    text = stripped(text)
    if len(text) > 2 and _QUOTES.get(text[0]) == text[-1] and text[0] not in text[1:-1]:
        text = stripped(text[1:-1])
    named = _NAMED.match(text)
    return named[1] if named else text


def key_of(name: str) -> str:
    """The name of a column without case, white space, underscores and hyphens."""
    return _IN_NAMES.sub("", name).casefold()


def lines_of(text: str) -> list[str]:
    """The lines without their ends. Other characters that Unicode or Python count as ends of lines are none here."""
    return re.split(r"\r\n|\r|\n", text)


def read_table(text: str, worth: Callable[[Sequence[str]], int]) -> Table | None:
    """The table, read with the delimiter for which the header is worth most; None if it is worth nothing with any.

    :param worth: Of a header, what it is worth; 0 for none at all.
    :raises MailboxTextError: broken quotes, a row with more cells than the header, or something else than a row.
    """
    lines = list(io.StringIO(text.lstrip("\ufeff"), newline=""))
    told = _TOLD_DELIMITER.match(lines[0]) if lines else None
    start = 1 if told else 0
    while start < len(lines) and _is_gap(lines[start]):
        start += 1
    delimiters = _DELIMITERS
    if told and told[1]:
        delimiters = "\t" if told[1] == "\\t" else told[1]
    best = max(delimiters, key=lambda delimiter: worth(_header(lines, start, delimiter)))
    if not worth(_header(lines, start, best)):
        return None
    rows = _rows(lines, start, best)
    line, header = next(rows)
    header = _without_end(header)
    names = [key_of(cell) for cell in header]
    return Table(line, header, [(line, row) for line, row in rows if _is_row(line, row, names, best)])


def _is_gap(line: str) -> bool:
    text = line.strip(' \t\r\n\ufeff,;"')
    return not text or text.startswith("#")


def _header(lines: Sequence[str], start: int, delimiter: str) -> list[str]:
    try:
        return _without_end(next(_rows(lines, start, delimiter), (0, []))[1])
    except MailboxTextError:
        return []


def _without_end(cells: list[str]) -> list[str]:
    """Without empty cells at the end, as spreadsheets write them."""
    while cells and not stripped(cells[-1]):
        cells = cells[:-1]
    return cells


def _rows(lines: Sequence[str], start: int, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Every row that isn't empty, with the number of the line that it begins on."""
    ends: set[str] = set()
    reader = csv.reader(iter(lines[start:]), delimiter=delimiter, strict=True, skipinitialspace=delimiter != "\t")
    while True:
        line = start + reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            what = "a quote isn't closed" if "unexpected end" in str(error) else str(error)
            raise MailboxTextError(f"line {line} is broken CSV: {what}") from error
        ends.add(lines[start + reader.line_num - 1][-1:])
        if ends >= {"\r", "\n"}:
            raise MailboxTextError(
                f"line {line} ends with a lone carriage return, unlike others, or the other way round: put a line "
                "break that is part of a text in quotes"
            )
        if any(cell.isalnum() or stripped(cell) for cell in row):
            yield line, row


def _is_row(line: int, row: Sequence[str], names: Sequence[str], delimiter: str) -> bool:
    """
    :raises MailboxTextError: it isn't.
    """
    if any(stripped(cell) for cell in row[len(names) :]):
        shown = "tab" if delimiter == "\t" else delimiter
        raise MailboxTextError(f"line {line} has more cells than the header: put a text that holds a {shown} in quotes")
    if key_of(row[0]) == names[0] and [key_of(cell) for cell in row][: len(names)] == names:
        raise MailboxTextError(f"line {line} is the header again: take it out, or give each file by itself")
    if row[0].strip().lower().startswith("sep=") and not any(stripped(cell) for cell in row[1:]):
        raise MailboxTextError(f"line {line} tells a delimiter, which only the first line can")
    return True
