# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The body of ``smtp_auth_baseline``: options to a use case, what came of it to a result and a report."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from ._baseline_report import write_baseline_report
from ._enforce import Enforced, Enforcement, Wish
from ._errors import InputError, M365Error
from ._journal import Journal
from ._report._write import check_report_path
from ._runner import Task
from ._sign_ins import MOST_DAYS, UseGuard
from ._smtp_auth._baseline import UNMANAGED, Baseline, BaselineError, DeclaredException, parse_exceptions, stand
from ._smtp_auth._limit import Limit, parse_limit
from ._task_parts import checked_journal, with_failure
from ._tenant_result import (
    add_organization,
    empty_tenant_result,
    exceptions_result,
    in_use_result,
    journal_result,
    left_alone_result,
    organization_result,
    tenant_result,
)

_MOST_PROBLEMS = 50
_SHOWN = 10
NO_REPORT = {"html": "", "csv": "", "json": ""}


def baseline_task(task: Task) -> dict[str, Any]:
    """``smtp_auth_baseline``."""
    options = task.options
    today = datetime.date.today()
    baseline = _baseline(task, today)
    wish = _wish(task, baseline)
    _warn_of_ends(task, baseline, today)
    journal = checked_journal(options["journal_path"], task.clock, check_mode=task.check_mode)
    if options["report_path"]:
        check_report_path(options["report_path"], options["report_name"])
    guard = _use_guard(task)
    enforced = Enforcement(task.connection.exchange, options["concurrency"], task.clock, wish).run(journal, guard)
    report = enforced.report
    task.warnings.extend([*report.warnings, *(guard.warnings if guard else ())])
    result = task.told(report, lambda: _result(task, enforced, baseline, journal, guard, today))
    return _with_report(task, result, enforced, wish, today)


def _result(
    task: Task,
    enforced: Enforced,
    baseline: Baseline,
    journal: Journal | None,
    guard: UseGuard | None,
    today: datetime.date,
) -> dict[str, Any]:
    options, report = task.options, enforced.report
    result = tenant_result(report, return_mailboxes=options["return_mailboxes"], diff_mode=task.diff_mode)
    add_organization(result, enforced.switch, planned=bool(report.planned))
    result.update(
        _standing(baseline, today),
        left_alone=left_alone_result(enforced.left_alone),
        in_use=in_use_result(guard.used if guard else ()),
        journal=journal_result(journal, options["journal_path"]),
        report=dict(NO_REPORT),
    )
    return with_failure(result, report.failure, report.failure_code, report.request_id)


def _use_guard(task: Task) -> UseGuard | None:
    days = task.options["refuse_if_used_within_days"]
    if days is None:
        return None
    return UseGuard(task.connection.graph, days, datetime.datetime.now(datetime.timezone.utc))


def empty_baseline_task(task: Task) -> dict[str, Any]:
    """The same shape where nothing could be found out; the exceptions' ends are told if they can be read."""
    today = datetime.date.today()
    options = task.options
    result = empty_tenant_result(len(options["exceptions"] or ()), diff_mode=task.diff_mode)
    try:
        exceptions = parse_exceptions(options["exceptions"] or [], require_owner=False)
        standing = _standing(stand(exceptions, UNMANAGED, today), today)
    except BaselineError:
        standing = {"expired": [], "expiring": []}
    return {
        **result,
        "organization": organization_result(None),
        **standing,
        "left_alone": [],
        "in_use": [],
        "journal": "",
        "report": dict(NO_REPORT),
    }


def _baseline(task: Task, today: datetime.date) -> Baseline:
    """
    :raises InputError: the exceptions can't be used; all that is wrong with them at once.
    """
    options = task.options
    try:
        exceptions = parse_exceptions(options["exceptions"], require_owner=options["require_owner"])
    except BaselineError as error:
        shown = "; ".join(error.problems[:_MOST_PROBLEMS])
        rest = len(error.problems) - _MOST_PROBLEMS
        more = f"; and {rest} more" if rest > 0 else ""
        raise InputError(f"The baseline can't be used, nothing was asked or written: {shown}{more}.") from error
    return stand(exceptions, options["everyone_else"], today)


def _wish(task: Task, baseline: Baseline) -> Wish:
    options = task.options
    days = options["refuse_if_used_within_days"]
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise InputError(f"refuse_if_used_within_days is {days}; it has to be from 1 to {MOST_DAYS}.")
    return Wish(
        baseline=baseline,
        organization=options["organization"],
        limit=_limit(options["max_changes"], baseline.everyone_else),
        missing=options["missing"],
        verify=options["verify"],
        check_mode=task.check_mode,
        whole=bool(options["report_path"]) or days is not None,
    )


def _limit(text: str | None, everyone_else: str) -> Limit | None:
    try:
        limit = parse_limit(text)
    except ValueError as error:
        raise InputError(f"{error}; nothing was asked or written.") from error
    if limit is None and everyone_else != UNMANAGED:
        raise InputError(
            f"everyone_else is {everyone_else}, so max_changes is needed: a count, or a percentage of all mailboxes "
            "such as 5%. Nothing was asked or written."
        )
    return limit


def _standing(baseline: Baseline, today: datetime.date) -> dict[str, Any]:
    return {
        "expired": exceptions_result(baseline.expired, today),
        "expiring": exceptions_result(baseline.expiring, today),
    }


def _warn_of_ends(task: Task, baseline: Baseline, today: datetime.date) -> None:
    if baseline.expired:
        then = "left as they are" if baseline.everyone_else == UNMANAGED else "treated as everyone else"
        task.warnings.append(f"These exceptions have expired and are {then}: {_ends(baseline.expired)}.")
    if baseline.expiring:
        task.warnings.append(f"These exceptions expire soon: {_ends(baseline.expiring)}.")


def _ends(exceptions: Iterable[DeclaredException]) -> str:
    ends = [f"{exception.entry.text} ({exception.expires})" for exception in exceptions]
    return ", ".join(ends[:_SHOWN]) + (f" and {len(ends) - _SHOWN} more" if len(ends) > _SHOWN else "")


def _with_report(
    task: Task, result: dict[str, Any], enforced: Enforced, wish: Wish, today: datetime.date
) -> dict[str, Any]:
    """Write the report, if one is asked for. If that fails, so does the task, with all of its result."""
    if not task.options["report_path"]:
        return result
    try:
        result["report"] = write_baseline_report(task, result, enforced, wish, today)
    except M365Error as error:
        message = f"{result.get('msg', '')} {error.message}".strip()
        return with_failure(result, message, (result.get("failure") or {}).get("code") or error.code)
    return result
