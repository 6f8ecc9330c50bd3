# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The bodies of the mailbox modules: options to a use case, its report to a result."""

from __future__ import annotations

from typing import Any

from ._clock import Clock
from ._errors import DeadlineError, InputError, M365Error, NetworkError, ServiceError
from ._exchange import ExchangeClient
from ._journal import Journal
from ._mailbox_store import MailboxStore
from ._read_mailboxes import UNKNOWN, Organization, Reading, read_all, read_listed, read_organization
from ._result import empty_set_result, info_result, set_result
from ._runner import Task
from ._set_mailboxes import Report, Wish, set_mailboxes
from ._smtp_auth._identity import Entry, EntryError, parse_entries


def set_task(task: Task) -> dict[str, Any]:
    """``mailbox_smtp_auth``."""
    options = task.options
    entries = _entries(options["mailboxes"])
    if not entries:
        return set_result(Report([]), return_mailboxes="all", diff_mode=task.diff_mode)
    journal = _journal(options["journal_path"], task.clock, check_mode=task.check_mode)
    connection = task.connection
    wish = Wish(
        state=options["state"],
        missing=options["missing"],
        max_changes=options["max_changes"],
        verify=options["verify"],
        check_mode=task.check_mode,
    )
    store = MailboxStore(connection.exchange, options["concurrency"])
    report = set_mailboxes(store, task.clock, entries, wish, journal)
    task.warnings.extend(report.warnings)
    result = set_result(report, return_mailboxes=options["return_mailboxes"], diff_mode=task.diff_mode)
    return _with_failure(result, report.failure, report.failure_code, report.request_id)


def empty_set_task(task: Task) -> dict[str, Any]:
    return empty_set_result(len(task.options["mailboxes"]), diff_mode=task.diff_mode)


def info_task(task: Task) -> dict[str, Any]:
    """``mailbox_smtp_auth_info``."""
    options = task.options
    listed = options["mailboxes"]
    entries = _entries(listed or [])
    if listed is not None and not entries:
        return info_result([], Organization(UNKNOWN, "No mailbox was asked for, so nothing was read."), states=None)
    connection = task.connection
    store = MailboxStore(connection.exchange, connection.concurrency)
    readings = read_all(store) if listed is None else read_listed(store, entries)
    organization, unread = _organization(connection.exchange)
    missing = [reading for reading in readings if reading.missing]
    failed = [reading for reading in readings if reading.error and not reading.missing]
    warn_only = options["missing"] == "warn"
    if missing and warn_only:
        task.warnings.append(f"Not found and left out: {_names(missing)}.")
    kept = [reading for reading in readings if not (reading.missing and warn_only)]
    result = info_result(kept, organization, states=options["state"], missing=len(missing))
    if missing and not warn_only:
        return _with_failure(
            result, f"Not found: {_names(missing)}. Correct the list, or set missing to warn.", "not_found"
        )
    if failed:
        first = failed[0].error
        said = first.message if first else ""
        return _with_failure(
            result, f"{len(failed)} mailboxes couldn't be read: {_names(failed)}. The first: {said}", "not_read"
        )
    if unread:
        message = f"The mailboxes were read, but not the organization's setting: {unread.message}"
        return _with_failure(result, message, unread.code, unread.request_id)
    return result


def _organization(client: ExchangeClient) -> tuple[Organization, M365Error | None]:
    """The setting, and the error if reading it failed for another reason than access: what was read before is kept."""
    try:
        return read_organization(client), None
    except (ServiceError, NetworkError, DeadlineError) as error:
        return Organization(UNKNOWN, error.message), error


def empty_info_task(task: Task) -> dict[str, Any]:
    result = info_result([], Organization(UNKNOWN, "The task failed before it was read."), states=None)
    listed = len(task.options["mailboxes"] or ())
    result["summary"].update(requested=listed, failed=listed)
    return result


def _entries(values: list[Any]) -> list[Entry]:
    try:
        return parse_entries(values)
    except EntryError as error:
        shown = "; ".join(error.problems[:10])
        more = f"; and {len(error.problems) - 10} more" if len(error.problems) > 10 else ""
        raise InputError(
            f"The list of mailboxes can't be used, nothing was asked or written: {shown}{more}."
        ) from error


def _journal(path: str | None, clock: Clock, *, check_mode: bool) -> Journal | None:
    if not path:
        return None
    journal = Journal(path, clock)
    journal.check()
    return None if check_mode else journal


def _with_failure(result: dict[str, Any], message: str, code: str, request_id: str = "") -> dict[str, Any]:
    if message:
        result["msg"] = message
        result["failure"] = {"code": code, "message": message, "request_id": request_id}
    return result


def _names(readings: list[Reading]) -> str:
    names = ", ".join(reading.name for reading in readings[:5])
    return names + (f" and {len(readings) - 5} more" if len(readings) > 5 else "")
