# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The shapes in which a task's result reaches the user: the same for one mailbox or ten thousand, on success and on
failure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._http.messages import Counters

if TYPE_CHECKING:
    from .._errors import Failure, M365Error
    from .._tenant.set_mailboxes import Record, Report

# Rows, and entries of a diff, that fit a screen or an event of AWX, which shows 700,000 characters.
MOST_ROWS = 500


# Code of a failure -> the option that asked for it, or by which it can be avoided.
_OPTION_OF = {
    "another_plan": "expected_plan",
    "blocked": "preflight",
    "in_use": "refuse_if_used_within_days",
    "max_changes": "max_changes",
    "no_evidence": "refuse_if_used_within_days",
    "not_accepted": "expect",
    "not_allowed": "require",
    "not_found": "missing",
}


def option_of(code: str) -> str:
    """The option that a failure hangs on; empty if it hangs on none."""
    return _OPTION_OF.get(code, "")


def requests_result(counters: Counters | None) -> dict[str, int]:
    counters = counters or Counters()
    return {"sent": counters.sent, "retried": counters.retried, "throttled": counters.throttled}


def failure_result(failure: Failure | M365Error) -> dict[str, str]:
    return {"code": failure.code, "message": failure.message, "request_id": failure.request_id}


def set_result(
    report: Report, *, return_mailboxes: str, diff_mode: bool, plan: str = "", with_wanted: bool = False
) -> dict[str, Any]:
    """The result of a module that sets mailboxes; ``requests`` is added by the runner.

    :param return_mailboxes: ``all``, ``changed``, ``first``, ``none``. Where nothing was written, for the plan was
        refused or couldn't be made, ``changed`` gives no more than ``first`` does.
    :param with_wanted: with what was wanted of each mailbox, not only of those of a plan that was refused.
    """
    planned = {record.entry.position: record for record in report.planned}
    kept = [record for record in report.records if not _left_out(record, report)]
    changed = any(record.changed for record in kept)
    bounded = return_mailboxes == "first" or (bool(report.failure) and not changed and return_mailboxes != "all")
    listed = [record for record in kept if _listed(record, planned, return_mailboxes)]
    shown = _first(listed, MOST_ROWS) if bounded else listed
    result: dict[str, Any] = {
        "changed": changed,
        "mailboxes": [_record_result(record, planned, with_wanted=with_wanted) for record in shown],
        "summary": _summary(report),
        "plan": plan,
        "not_shown": {"mailboxes": len(listed) - len(shown), "diff": 0},
    }
    if diff_mode:
        news = report.planned if report.refused else [record for record in kept if record.changed]
        entries = _first(news, MOST_ROWS) if bounded else news
        result["diff"] = [_diff(record) for record in entries]
        result["not_shown"]["diff"] = len(news) - len(entries)
    return result


def empty_set_result(requested: int, *, diff_mode: bool) -> dict[str, Any]:
    """The same shape where nothing could be found out."""
    result: dict[str, Any] = {
        "changed": False,
        "mailboxes": [],
        "summary": {"requested": requested, "changed": 0, "unchanged": 0, "missing": 0, "failed": requested},
        "plan": "",
        "not_shown": {"mailboxes": 0, "diff": 0},
    }
    if diff_mode:
        result["diff"] = []
    return result


def _left_out(record: Record, report: Report) -> bool:
    """With ``missing: warn`` what isn't there is counted and warned of, not listed."""
    return record.missing and not (report.failure and report.failure.code == "not_found")


def _listed(record: Record, planned: Mapping[int, Record], return_mailboxes: str) -> bool:
    if return_mailboxes in ("changed", "first"):
        return record.changed or record.error is not None or record.entry.position in planned
    return return_mailboxes == "all"


def _first(records: Sequence[Record], most: int) -> Sequence[Record]:
    """So many at most, in their order; those that failed come before others."""
    if len(records) <= most:
        return records
    failed = [record for record in records if record.error is not None]
    others = [record for record in records if record.error is None]
    taken = {record.entry.position for record in [*failed, *others][:most]}
    return [record for record in records if record.entry.position in taken]


def _record_result(record: Record, planned: Mapping[int, Record], *, with_wanted: bool) -> dict[str, Any]:
    result: dict[str, Any] = {
        "mailbox": record.entry.text,
        "guid": record.guid,
        "primary_smtp_address": record.primary_smtp_address,
        "display_name": record.display_name,
        "before": record.before,
        "after": record.after,
        "changed": record.changed,
    }
    if with_wanted:
        result["wanted"] = record.wanted
    plan = planned.get(record.entry.position)
    if plan is not None:
        result.update(planned=True, wanted=plan.after)
    if record.error is not None:
        result["error"] = failure_result(record.error)
    return result


def _summary(report: Report) -> dict[str, int]:
    """``planned``, what a plan that was refused would have changed, is only there where one was."""
    records = report.records
    missing = sum(record.missing for record in records)
    failed = sum(record.error is not None and not record.missing for record in records)
    changed = sum(record.changed and record.error is None for record in records)
    planned = len(report.planned)
    summary = {
        "requested": len(records),
        "changed": changed,
        "unchanged": len(records) - changed - missing - failed - planned,
        "missing": missing,
        "failed": failed,
    }
    return {**summary, "planned": planned} if report.refused else summary


def _diff(record: Record) -> dict[str, str]:
    header = record.primary_smtp_address or record.entry.text
    return {
        "before_header": f"{header} (before)",
        "after_header": f"{header} (after)",
        "before": f"smtp_auth: {record.before}\n",
        "after": f"smtp_auth: {record.after or 'unknown'}\n",
    }
