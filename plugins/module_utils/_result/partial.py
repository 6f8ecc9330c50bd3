# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What is told where a result can't be made or given as it should be: plainly, what was done. Nothing here relies on
what may just have failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._errors import Failure
from .._tenant.organization import SwitchReport
from .mailboxes import failure_result

if TYPE_CHECKING:
    from .._tenant.set_mailboxes import Record, Report

_SAFE = ("guid", "before", "after", "changed")


def plain_result(report: Report | SwitchReport) -> dict[str, Any]:
    """The keys of a result that tell what was done; of the mailboxes those that were changed or have an error."""
    if isinstance(report, SwitchReport):
        return {"changed": report.changed}
    records = report.records
    failed = sum(record.error is not None and not record.missing for record in records)
    missing = sum(record.missing for record in records)
    changed = sum(record.changed and record.error is None for record in records)
    return {
        "changed": bool(report.also_changed) or any(record.changed for record in records),
        "mailboxes": [_row(record) for record in records if record.changed or record.error],
        "summary": {
            "requested": len(records),
            "changed": changed,
            "unchanged": len(records) - changed - missing - failed,
            "missing": missing,
            "failed": failed,
        },
    }


def bare_result(result: Mapping[str, Any], message: str) -> dict[str, Any]:
    """``result`` without any text that others have written: it could not be given as it is."""
    mailboxes = result.get("mailboxes")
    bare: dict[str, Any] = {
        "changed": result.get("changed") is True,
        "mailboxes": [
            {key: row.get(key) for key in _SAFE} for row in mailboxes or () if isinstance(row, Mapping) and row
        ],
    }
    for key in ("summary", "requests"):
        if isinstance(result.get(key), Mapping):
            bare[key] = {str(name): number for name, number in result[key].items() if isinstance(number, int)}
    return {**bare, "msg": message, "failure": failure_result(Failure("internal", message))}


def _row(record: Record) -> dict[str, Any]:
    row: dict[str, Any] = {
        "mailbox": record.entry.text,
        "guid": record.guid,
        "primary_smtp_address": record.primary_smtp_address,
        "display_name": record.display_name,
        "before": record.before,
        "after": record.after,
        "changed": record.changed,
    }
    if record.error is not None:
        row["error"] = failure_result(record.error)
    return row
