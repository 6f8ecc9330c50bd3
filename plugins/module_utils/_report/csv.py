# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The report as CSV: every mailbox of the tenant, for a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .attention import attention
from .text import visible

if TYPE_CHECKING:
    from .data import Report, Row

BOM = "\ufeff"  # without it Excel takes UTF-8 for the machine's old code page

COLUMNS = (
    "mailbox",
    "guid",
    "primary_smtp_address",
    "display_name",
    "before",
    "after",
    "planned",
    "changed",
    "drifted",
    "attention",
    "error",
    "basic",
    "oauth",
    "decided_by",
    "reason",
    "at_risk",
    "planned_basic",
    "planned_oauth",
    "planned_at_risk",
    "mailbox_type",
    "account",
    "policy",
    "used",
    "last_used",
    "protocol",
    "seen_in",
    "since",
    "was",
)
_BATCH = 1000

# Where a spreadsheet would see a formula: at the start of a cell, after a line end, and after what separates cells
# in countries that write 0,5. The wide forms count as the narrow ones in Japanese and Chinese editions.
_FORMULA = re.compile("(^[ \u00a0]*|[;\t\r\n][ \u00a0]*)(?=[=+\\-@\uff1d\uff0b\uff0d\uff20])")
_LEADING = ("\t", "\r", "\n")


def cell(value: object) -> str:
    """A value as text that no spreadsheet takes for a formula: an apostrophe stands before what looks like one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = _FORMULA.sub(r"\1'", visible(str(value)))
    return f"'{text}" if text.startswith(_LEADING) else text


def csv_chunks(report: Report) -> Iterator[str]:
    """The file in pieces: RFC 4180 with CRLF, every cell in quotes, UTF-8 with a byte order mark."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, dialect="excel", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    buffer.write(BOM)
    writer.writerow(COLUMNS)
    for count, row in enumerate(report.rows, start=1):
        writer.writerow(cell(_value(row, column)) for column in COLUMNS)
        if count % _BATCH == 0:
            yield _take(buffer)
    yield _take(buffer)


def _value(row: Row, column: str) -> object:
    return " ".join(attention(row)) if column == "attention" else getattr(row, column)


def _take(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
