# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The body of ``mailbox_smtp_auth_info``: options to a use case, what was read to a result."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._errors import DeadlineError, Failure, InputError, M365Error, NetworkError, ServiceError
from .._report.earlier import Earlier, read_earlier
from .._report.write import check_report_path
from .._result.reading import info_result
from .._smtp_auth.findings import find
from .._tenant.effective_states import EffectiveStates, read_effective_states
from .._tenant.mailboxes import MailboxStore
from .._tenant.organization import UNKNOWN, Organization, read_organization
from .._tenant.read_mailboxes import Reading, read_all, read_listed
from .audit_report import Audited, write_audit_report
from .mailbox_usage import checked_usage, evidence_result, read_evidence, with_rows, write_baseline
from .parts import checked_entries, first_names, not_read, with_failure

if TYPE_CHECKING:
    from .._exchange.client import ExchangeClient
    from .runner import Task


def info_task(task: Task) -> dict[str, Any]:
    """``mailbox_smtp_auth_info``."""
    options = task.options
    listed = options["mailboxes"]
    entries = None if listed is None else checked_entries(listed)
    if entries is not None and not entries:
        return _nothing_read(task, "No mailbox was asked for, so nothing was read.")
    wanted = checked_usage(options)
    earlier = _earlier(options)
    if options["report_path"]:
        check_report_path(options["report_path"], options["report_name"])
    connection = task.connection
    store = MailboxStore(connection.exchange, connection.concurrency)
    states = None
    if options["effective"]:
        states = read_effective_states(connection, store, entries, datetime.date.today())
        task.warnings.extend(f"Unknown, because a permission is missing: {text}." for text in states.lacking())
        readings, organization = states.readings, states.organization
        unread = states.faults[0] if states.faults else None
    else:
        readings = read_all(store) if entries is None else read_listed(store, entries)
        organization, unread = _organization(connection.exchange)
    result, failure = _readings_result(task, readings, organization, states)
    evidence = None if wanted is None or states is None else read_evidence(task, wanted, readings)
    if evidence is not None and states is not None:
        result["usage"] = evidence_result(evidence, readings, states.by_guid)
        with_rows(result["mailboxes"], evidence)
        if evidence.nothing:
            failure = failure or Failure("no_evidence", f"The mailboxes were read. {evidence.nothing}")
    if unread:
        what = "not all that decides beside them" if states else "the organization's setting wasn't"
        failure = failure or Failure.of(unread, f"The mailboxes were read, but {what}: {unread.message}")
    with_failure(result, failure)
    return _with_files(task, result, Audited(readings, organization, states, evidence, earlier))


def _earlier(options: Mapping[str, Any]) -> Earlier | None:
    """
    :raises InputError: there is none, or nothing to compare it with.
    """
    path = options["compare_with"]
    if not path:
        return None
    if not options["report_path"]:
        raise InputError("compare_with takes report_path: what has changed since is told in the report.")
    return read_earlier(path, "compare_with")


def _with_files(task: Task, result: dict[str, Any], audited: Audited) -> dict[str, Any]:
    """Write the report and the baseline to edit, as far as they are asked for. If that fails, so does the task, with
    all of its result.
    """
    evidence = audited.evidence
    try:
        if task.options["baseline_path"] and evidence is not None and not evidence.nothing:
            result["baseline"] = write_baseline(task, evidence, audited.readings, audited.time)
        if task.options["report_path"]:
            result["report"], result["comparison"] = write_audit_report(task, result, audited)
    except M365Error as error:
        with_failure(result, Failure.of(error))
    return result


def _readings_result(
    task: Task, readings: list[Reading], organization: Organization, states: EffectiveStates | None = None
) -> tuple[dict[str, Any], Failure | None]:
    """The result, and why the task fails if it does."""
    options = task.options
    missing = [reading for reading in readings if reading.missing]
    warn_only = options["missing"] == "warn"
    if missing and warn_only:
        task.warnings.append(f"Not found and left out: {first_names(missing)}.")
    kept = [reading for reading in readings if not (reading.missing and warn_only)]
    result = info_result(
        kept,
        organization,
        states=options["state"],
        missing=len(missing),
        return_mailboxes=options["return_mailboxes"],
        effective=states,
    )
    if missing and not warn_only:
        failure = Failure("not_found", f"Not found: {first_names(missing)}. Correct the list, or set missing to warn.")
        return result, failure
    return result, not_read(readings)


def _nothing_read(task: Task, why: str) -> dict[str, Any]:
    organization = Organization(UNKNOWN, why)
    effective = EffectiveStates([], organization, {}, find(()), []) if task.options["effective"] else None
    return info_result([], organization, states=None, effective=effective)


def _organization(client: ExchangeClient) -> tuple[Organization, M365Error | None]:
    """The setting, and the error if reading it failed for another reason than access: what was read before is kept."""
    try:
        return read_organization(client), None
    except (ServiceError, NetworkError, DeadlineError) as error:
        return Organization(UNKNOWN, error.message), error


def empty_info_task(task: Task) -> dict[str, Any]:
    result = _nothing_read(task, "The task failed before it was read.")
    listed = len(task.options["mailboxes"] or ())
    result["summary"].update(requested=listed, failed=listed)
    return result
