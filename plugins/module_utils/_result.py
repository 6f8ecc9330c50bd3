# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The shapes in which a task's result reaches the user: the same for one mailbox or ten thousand, on success and on
failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._errors import M365Error
from ._set_mailboxes import Record, Report
from ._transport import Counters


def requests_result(counters: Counters | None) -> dict[str, int]:
    counters = counters or Counters()
    return {"sent": counters.sent, "retried": counters.retried, "throttled": counters.throttled}


def error_result(error: M365Error) -> dict[str, str]:
    return {"code": error.code, "message": error.message, "request_id": error.request_id}


def set_result(report: Report, *, return_mailboxes: str, diff_mode: bool) -> dict[str, Any]:
    """The result of a module that sets mailboxes; ``requests`` is added by the runner."""
    kept = [record for record in report.records if not _left_out(record, report)]
    changed = [record for record in kept if record.changed]
    result: dict[str, Any] = {
        "changed": bool(changed),
        "mailboxes": [_record_result(record) for record in kept if _wanted(record, return_mailboxes)],
        "summary": _summary(report.records),
    }
    if diff_mode:
        result["diff"] = [_diff(record) for record in report.planned or changed]
    return result


def empty_set_result(requested: int, *, diff_mode: bool) -> dict[str, Any]:
    """The same shape where nothing could be found out."""
    summary = {"requested": requested, "changed": 0, "unchanged": 0, "missing": 0, "failed": requested}
    result: dict[str, Any] = {"changed": False, "mailboxes": [], "summary": summary}
    if diff_mode:
        result["diff"] = []
    return result


def _left_out(record: Record, report: Report) -> bool:
    """With ``missing: warn`` what isn't there is counted and warned of, not listed."""
    return record.missing and report.failure_code != "not_found"


def _wanted(record: Record, return_mailboxes: str) -> bool:
    if return_mailboxes == "changed":
        return record.changed or record.error is not None
    return return_mailboxes == "all"


def _record_result(record: Record) -> dict[str, Any]:
    result: dict[str, Any] = {
        "mailbox": record.entry.text,
        "guid": record.guid,
        "primary_smtp_address": record.primary_smtp_address,
        "display_name": record.display_name,
        "before": record.before,
        "after": record.after,
        "changed": record.changed,
    }
    if record.error is not None:
        result["error"] = error_result(record.error)
    return result


def _summary(records: Sequence[Record]) -> dict[str, int]:
    missing = sum(record.missing for record in records)
    failed = sum(record.error is not None and not record.missing for record in records)
    changed = sum(record.changed and record.error is None for record in records)
    return {
        "requested": len(records),
        "changed": changed,
        "unchanged": len(records) - changed - missing - failed,
        "missing": missing,
        "failed": failed,
    }


def _diff(record: Record) -> dict[str, str]:
    header = record.primary_smtp_address or record.entry.text
    return {
        "before_header": f"{header} (before)",
        "after_header": f"{header} (after)",
        "before": f"smtp_auth: {record.before}\n",
        "after": f"smtp_auth: {record.after or 'unknown'}\n",
    }
