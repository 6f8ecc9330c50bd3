# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The report of a reading: every mailbox that was read, and if it was asked for what a client meets at each."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._errors import InputError
from .._redaction.redactor import redact
from .._report.data import CHANGED_SINCE, NEW, Report, Row
from .._report.earlier import Earlier, compared
from .._report.write import write_report
from .._result.report_layers import count_effective, tenant_labels, with_effective
from .._result.report_usage import evidence_labels, with_accounts, with_use
from .._smtp_auth.identity import fold, is_guid
from .._smtp_auth.state import STATES
from .version import VERSION

if TYPE_CHECKING:
    from .._tenant.effective_states import EffectiveStates
    from .._tenant.organization import Organization
    from .._tenant.read_mailboxes import Reading
    from .mailbox_usage import Evidenced
    from .runner import Task

_COUNTED = ("requested", "missing", "failed")


@dataclasses.dataclass(frozen=True)
class Audited:
    """What was read. ``time``: ISO 8601, UTC."""

    readings: Sequence[Reading]
    organization: Organization
    states: EffectiveStates | None = None
    evidence: Evidenced | None = None
    earlier: Earlier | None = None
    time: str = dataclasses.field(
        default_factory=lambda: datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    )


def write_audit_report(
    task: Task, result: Mapping[str, Any], audited: Audited
) -> tuple[dict[str, str], dict[str, Any]]:
    """The paths of the files that were written: ``html``, ``csv`` and ``json``; and the comparison, in numbers.

    :raises M365Error: they can't be written, or the earlier report is of another tenant.
    """
    options, secrets = task.options, task.secrets()
    states, organization, earlier = audited.states, audited.organization, audited.earlier
    rows = list(_rows(audited, secrets))
    name = options["tenant_id"] or ""
    setting = f"{organization.state} ({organization.reason.rstrip('.')})" if organization.reason else organization.state
    everybody = options["mailboxes"] is None
    report = Report(
        title="SMTP AUTH audit",
        tenant=task.connection.exchange.tenant,
        tenant_name="" if is_guid(name) else name,
        time=audited.time,
        check_mode=task.check_mode,
        asked={"Mailboxes": "all of the tenant" if everybody else f"{len(audited.readings):,} listed"},
        organization={"Setting": redact(setting, secrets), **_labels(states, secrets)},
        counts={name: result["summary"][name] for name in _COUNTED},
        by_state={state: result["summary"][state] for state in STATES},
        by_effective=count_effective(rows) if states is not None else None,
        rows=rows,
        warnings=[redact(warning, secrets) for warning in task.warnings],
        failure=redact(result.get("msg", ""), secrets),
        made_by=made_by(task),
        evidence=evidence_labels(audited.evidence.usage.told, secrets) if audited.evidence else None,
    )
    if earlier is not None:
        if earlier.tenant and fold(earlier.tenant) != fold(report.tenant):
            raise InputError(f"compare_with {options['compare_with']} is a report of another tenant, {earlier.tenant}.")
        report = compared(report, earlier, whole=everybody)
    files = dataclasses.asdict(write_report(report, options["report_path"], options["report_name"]))
    return files, _comparison(report)


def made_by(task: Task) -> dict[str, str]:
    """Who made a report, and with what."""
    app = task.connection.app
    return {**({"app": app} if app else {}), "version": VERSION}


def _comparison(report: Report) -> dict[str, Any]:
    return {
        "earlier": report.compared_with or None,
        "new": sum(row.since == NEW for row in report.rows),
        "changed": sum(row.since == CHANGED_SINCE for row in report.rows),
        "gone": len(report.gone),
    }


def _rows(audited: Audited, secrets: list[str]) -> Iterable[Row]:
    rows: Iterable[Row] = (_row(reading, secrets) for reading in audited.readings if not reading.missing)
    if audited.states is not None:
        rows = with_effective(rows, audited.states.by_guid, secrets)
        rows = with_accounts(rows, audited.states.users, audited.states.tenant)
    if audited.evidence is not None:
        rows = with_use(rows, audited.evidence.of)
    return rows


def _row(reading: Reading, secrets: list[str]) -> Row:
    mailbox = reading.mailbox
    error = redact(reading.error.message, secrets) if reading.error else ""
    if mailbox is None:
        return Row(reading.name, error=error)
    return Row(
        mailbox=reading.name,
        guid=mailbox.guid,
        primary_smtp_address=mailbox.primary_smtp_address,
        display_name=mailbox.display_name,
        before=mailbox.state,
        after=mailbox.state,
        error=error,
    )


def _labels(states: EffectiveStates | None, secrets: list[str]) -> dict[str, str]:
    if states is None or states.tenant is None:
        return {}
    return {label: redact(text, secrets) for label, text in tenant_labels(states.tenant).items()}
