# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The body of ``smtp_auth_baseline``: options to a use case, what came of it to a result and a report."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .._errors import Failure, InputError, M365Error
from .._report.write import check_report_path
from .._result.tenant import (
    add_organization,
    empty_tenant_result,
    exceptions_result,
    journal_result,
    left_alone_result,
    lists_result,
    organization_result,
    tenant_result,
)
from .._smtp_auth.baseline import UNMANAGED, Baseline, BaselineError, DeclaredException, stand
from .._smtp_auth.declaration import PlainList, declare
from .._smtp_auth.limit import Limit, parse_limit
from .._smtp_auth.several import first_of
from .._smtp_auth.state import ENABLED, STATES
from .._tenant.enforce import Enforced, Enforcement, Wish
from .._tenant.mailboxes import MailboxStore
from .baseline_report import write_baseline_report
from .mailbox_files import read_names
from .parts import Checks, check_days, checked_journal, checks_of, no_checks_result, with_failure

if TYPE_CHECKING:
    from .._tenant.journal import Journal
    from .runner import Task

_MOST_PROBLEMS = 50
_SHOWN = 10
NO_REPORT = {"html": "", "csv": "", "json": ""}


def baseline_task(task: Task) -> dict[str, Any]:
    """``smtp_auth_baseline``."""
    options = task.options
    today = datetime.date.today()
    baseline = stand(_declared(task), options["everyone_else"], today)
    limit = _limit(options["max_changes"], baseline.everyone_else)
    check_days(options["refuse_if_used_within_days"])
    wish = Wish(
        baseline=baseline,
        organization=options["organization"],
        missing=options["missing"],
        verify=options["verify"],
        check_mode=task.check_mode,
        whole=bool(options["report_path"]) or (limit is not None and limit.share is not None),
    )
    _warn_of_ends(task, baseline, today)
    journal = checked_journal(options["journal_path"], task.clock, check_mode=task.check_mode)
    if options["report_path"]:
        check_report_path(options["report_path"], options["report_name"])
    exchange, concurrency = task.connection.exchange, options["concurrency"]
    store = MailboxStore(exchange, concurrency)
    checks = checks_of(task, store, limit)
    run = Enforcement(exchange, store, task.clock, wish, concurrency=concurrency)
    # Not everyone else: whom of them the service has for itself, and so stays as it is, isn't known before the plan.
    enabled = {exception.entry.position for exception in baseline.active if exception.state == ENABLED}
    with checks.early(len(enabled), lambda entry: entry.position in enabled):
        enforced = run.run(checks.guards, journal)
    report = enforced.report
    task.warnings.extend([*report.warnings, *checks.warnings])
    result = task.told(report, lambda: _result(task, enforced, baseline, journal, checks, today))
    return _with_report(task, result, enforced, wish, today)


def _result(
    task: Task,
    enforced: Enforced,
    baseline: Baseline,
    journal: Journal | None,
    checks: Checks,
    today: datetime.date,
) -> dict[str, Any]:
    options, report = task.options, enforced.report
    result = tenant_result(
        report, return_mailboxes=options["return_mailboxes"], diff_mode=task.diff_mode, plan=checks.guards.plan
    )
    add_organization(result, enforced.switch, refused=report.refused)
    result.update(
        _standing(baseline, today),
        left_alone=left_alone_result(enforced.left_alone),
        journal=journal_result(journal, options["journal_path"]),
        report=dict(NO_REPORT),
        lists=lists_result(report, baseline.active),
        **checks.result(),
    )
    return with_failure(result, report.failure)


def empty_baseline_task(task: Task) -> dict[str, Any]:
    """The same shape where nothing could be found out; the exceptions' ends are told if they can be read."""
    today = datetime.date.today()
    options = task.options
    exceptions = options["exceptions"] or []
    try:
        declared = declare(exceptions, _lists(task))
        requested, standing = len(declared), _standing(stand(declared, UNMANAGED, today), today)
    except (BaselineError, InputError):
        requested = len(exceptions) + sum(len(options[state] or ()) for state in STATES)
        standing = {"expired": [], "expiring": []}
    return {
        **empty_tenant_result(requested, diff_mode=task.diff_mode),
        "organization": organization_result(None),
        **standing,
        "left_alone": [],
        "journal": "",
        "report": dict(NO_REPORT),
        "lists": {},
        **no_checks_result(),
    }


def _declared(task: Task) -> list[DeclaredException]:
    """
    :raises InputError: nothing was declared, or what can't be used; all that is wrong with it at once.
    """
    options = task.options
    sources = ("exceptions", *(name for state in STATES for name in (state, f"{state}_file")))
    if all(options[name] in (None, "") for name in sources):
        raise InputError(
            f"Nothing is declared: one of {', '.join(sources)} is needed. Write an empty list of exceptions if there "
            "are none. Nothing was asked or written."
        )
    try:
        return declare(options["exceptions"] or [], _lists(task), require_owner=options["require_owner"])
    except BaselineError as error:
        shown = first_of(error.problems, _MOST_PROBLEMS, between="; ")
        what = "lists" if options["exceptions"] is None else "baseline"
        raise InputError(f"The {what} can't be used, nothing was asked or written: {shown}.") from error


def _lists(task: Task) -> list[PlainList]:
    """The names for each state, from the options and from files.

    :raises InputError: a file can't be read or understood.
    """
    lists = []
    for state in STATES:
        if task.options[state]:
            lists.append(PlainList(state, state, task.options[state]))
        path = task.options[f"{state}_file"]
        if path:
            lists.append(PlainList(state, f"{state}_file", read_names(f"{state}_file", path)))
    return lists


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


def _ends(exceptions: Sequence[DeclaredException]) -> str:
    return first_of(exceptions, _SHOWN, lambda exception: f"{exception.entry.text} ({exception.expires})")


def _with_report(
    task: Task, result: dict[str, Any], enforced: Enforced, wish: Wish, today: datetime.date
) -> dict[str, Any]:
    """Write the report, if one is asked for. If that fails, so does the task, with all of its result."""
    if not task.options["report_path"]:
        return result
    try:
        result["report"] = write_baseline_report(task, result, enforced, wish, today)
    except M365Error as error:
        with_failure(result, Failure.of(error))
    return result
