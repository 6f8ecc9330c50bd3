# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The body of ``mailbox_smtp_auth``: options to a use case, its report to a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._result.mailboxes import empty_set_result, set_result
from .._smtp_auth.limit import count_limit
from .._smtp_auth.state import ENABLED
from .._smtp_auth.whole_plan import Plan
from .._tenant.guards import Guards, expects
from .._tenant.mailboxes import MailboxStore
from .._tenant.set_mailboxes import Report, Wish, set_mailboxes
from .parts import (
    Checks,
    check_days,
    checked_entries,
    checked_journal,
    checks_of,
    no_checks_result,
    rows_wanted,
    with_failure,
)

if TYPE_CHECKING:
    from .runner import Task


def set_task(task: Task) -> dict[str, Any]:
    """``mailbox_smtp_auth``."""
    options = task.options
    entries = checked_entries(options["mailboxes"])
    check_days(options["refuse_if_used_within_days"])
    if not entries:
        return _with_nothing_to_do(task)
    journal = checked_journal(options["journal_path"], task.clock, check_mode=task.check_mode)
    connection = task.connection
    wish = Wish(
        state=options["state"],
        missing=options["missing"],
        verify=options["verify"],
        check_mode=task.check_mode,
    )
    store = MailboxStore(connection.exchange, options["concurrency"])
    checks = checks_of(task, store, count_limit(options["max_changes"]))
    if wish.state == ENABLED:
        checks.begin_early(len(entries))
    report = set_mailboxes(
        store,
        task.clock,
        entries,
        wish,
        journal,
        before_writing=lambda changes: checks.guards(Plan(changes, len(entries))),
    )
    task.warnings.extend([*report.warnings, *checks.warnings])
    return task.told(report, lambda: _result(task, report, checks))


def _result(task: Task, report: Report, checks: Checks) -> dict[str, Any]:
    result = set_result(
        report, return_mailboxes=rows_wanted(task, report), diff_mode=task.diff_mode, plan=checks.guards.plan
    )
    result.update(checks.result())
    return with_failure(result, report.failure)


def _with_nothing_to_do(task: Task) -> dict[str, Any]:
    """An empty list asks nothing. Its plan is one all the same, and may not be the one that was looked at."""
    guards = Guards([expects(task.options["expected_plan"])])
    refusal = guards(Plan([], 0))
    report = Report([], refusal, refused=refusal is not None)
    result = set_result(report, return_mailboxes="all", diff_mode=task.diff_mode, plan=guards.plan)
    result.update(no_checks_result())
    return with_failure(result, refusal)


def empty_set_task(task: Task) -> dict[str, Any]:
    return {
        **empty_set_result(len(task.options["mailboxes"]), diff_mode=task.diff_mode),
        **no_checks_result(),
    }
