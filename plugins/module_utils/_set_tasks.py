# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The body of ``mailbox_smtp_auth``: options to a use case, its report to a result."""

from __future__ import annotations

import datetime
from typing import Any

from ._mailbox_store import MailboxStore
from ._preflight import Guard, Preflight
from ._preflight_result import preflight_result
from ._result import empty_set_result, set_result
from ._runner import Task
from ._set_mailboxes import Report, Wish, set_mailboxes
from ._task_parts import checked_entries, checked_journal, with_failure


def set_task(task: Task) -> dict[str, Any]:
    """``mailbox_smtp_auth``."""
    options = task.options
    entries = checked_entries(options["mailboxes"])
    if not entries:
        return {
            **set_result(Report([]), return_mailboxes="all", diff_mode=task.diff_mode),
            "preflight": preflight_result(Preflight()),
        }
    journal = checked_journal(options["journal_path"], task.clock, check_mode=task.check_mode)
    connection = task.connection
    wish = Wish(
        state=options["state"],
        missing=options["missing"],
        max_changes=options["max_changes"],
        verify=options["verify"],
        check_mode=task.check_mode,
    )
    store = MailboxStore(connection.exchange, options["concurrency"])
    guard = Guard(connection, store, datetime.date.today(), fail=options["preflight"] == "fail")
    report = set_mailboxes(
        store, task.clock, entries, wish, journal, before_writing=guard if options["preflight"] != "off" else None
    )
    task.warnings.extend([*report.warnings, *guard.warnings])
    return task.told(report, lambda: _result(task, report, guard))


def _result(task: Task, report: Report, guard: Guard) -> dict[str, Any]:
    result = set_result(report, return_mailboxes=task.options["return_mailboxes"], diff_mode=task.diff_mode)
    result["preflight"] = preflight_result(guard.result)
    return with_failure(result, report.failure, report.failure_code, report.request_id)


def empty_set_task(task: Task) -> dict[str, Any]:
    return {
        **empty_set_result(len(task.options["mailboxes"]), diff_mode=task.diff_mode),
        "preflight": preflight_result(Preflight()),
    }
