# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""An earlier report of the same tenant, and what is new, gone or changed since."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._errors import InputError
from .data import CHANGED_SINCE, NEW
from .text import escape, moment, several, within

if TYPE_CHECKING:
    from .data import Report, Row

_MOST_BYTES = 512 * 1024 * 1024
_MOST_NAMES = 100
# What is compared, and what it is called. A key that the earlier report doesn't have isn't.
_COMPARED = {
    "after": "own setting",
    "basic": "Basic",
    "oauth": "OAuth",
    "at_risk": "at risk",
    "used": "used",
    "mailbox_type": "kind",
    "account": "account",
    "policy": "policy",
}


@dataclasses.dataclass(frozen=True)
class Earlier:
    """``rows``: by the mailbox's id, without case."""

    tenant: str
    time: str
    rows: Mapping[str, Mapping[str, Any]]


def read_earlier(path: str, option: str) -> Earlier:
    """The JSON file of an earlier report.

    :raises InputError: it can't be read, or isn't one; names option and file.
    """
    where = f"{option} {path}"
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise InputError(f"{where} can't be read: it isn't an ordinary file.")
        if os.path.getsize(path) > _MOST_BYTES:
            raise InputError(f"{where} is longer than {_MOST_BYTES:,} bytes: it is no report.")
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except OSError as error:
        raise InputError(f"{where} can't be read: {error.strerror or error}. Nothing was asked.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} isn't JSON: {error}. Give the .json file of an earlier report.") from error
    rows = found.get("mailboxes") if isinstance(found, dict) else None
    if not isinstance(rows, list) or not isinstance(found.get("schema"), int):
        raise InputError(f"{where} isn't the JSON file of a report of this collection.")
    if not all(isinstance(row, dict) and isinstance(row.get("guid"), str) for row in rows):
        raise InputError(f"{where} has a mailbox without a guid: it isn't the whole of a report.")
    by_id = {row["guid"].casefold(): row for row in rows if row["guid"]}
    return Earlier(str(found.get("tenant") or ""), str(found.get("time") or ""), by_id)


def compared(report: Report, earlier: Earlier, *, whole: bool) -> Report:
    """The report with what is new, gone or changed. ``whole``: it holds every mailbox of the tenant, so that one which
    isn't there is gone.
    """
    rows = [_compared(row, earlier.rows.get(row.guid.casefold())) for row in report.rows]
    now = {row.guid.casefold() for row in report.rows}
    gone = [_name(row) for guid, row in earlier.rows.items() if guid not in now] if whole else []
    return dataclasses.replace(
        report, rows=rows, gone=tuple(sorted(gone, key=str.casefold)), compared_with=earlier.time
    )


def _compared(row: Row, before: Mapping[str, Any] | None) -> Row:
    if not row.guid:
        return row
    if before is None:
        return dataclasses.replace(row, since=NEW)
    changes = [
        f"{words} was {_said(before[key])}"
        for key, words in _COMPARED.items()
        if before.get(key) not in (None, "")
        and getattr(row, key) not in (None, "")
        and before[key] != getattr(row, key)
    ]
    return dataclasses.replace(row, since=CHANGED_SINCE, was="; ".join(changes)) if changes else row


def _said(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("primary_smtp_address") or row.get("mailbox") or row["guid"])


def since(report: Report, kinds: Mapping[str, int]) -> str:
    """The part of the page that tells of it; empty where nothing was compared."""
    if not report.compared_with:
        return ""
    new, changed = kinds.get(NEW, 0), kinds.get(CHANGED_SINCE, 0)
    said = (
        f"{several(new, 'mailbox is', 'mailboxes are')} new, {several(changed, 'has', 'have')} changed, and "
        f"{several(len(report.gone), 'is', 'are')} gone."
    )
    body = f'<p class="big">{said}</p>'
    if report.gone:
        names: Sequence[str] = within(
            (f"<li><bdi>{escape(name, 120)}</bdi></li>" for name in report.gone), _MOST_NAMES, 30_000
        )
        left = len(report.gone) - len(names)
        more = f"<li>and {several(left, 'more', 'more')}: see the JSON file</li>" if left else ""
        body += f"<h3>Gone</h3><ul>{''.join(names)}{more}</ul>"
    when = escape(moment(report.compared_with))
    return f'<section class="card" id="since"><h2>Since the report of {when}</h2>{body}</section>'
