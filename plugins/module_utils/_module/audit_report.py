# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The report of a reading: every mailbox that was read, and if it was asked for what a client meets at each."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._redaction.redactor import redact
from .._report.data import Report, Row
from .._report.write import write_report
from .._result.report_layers import count_effective, tenant_labels, with_effective
from .._smtp_auth.identity import is_guid
from .._smtp_auth.state import STATES

if TYPE_CHECKING:
    from .._tenant.effective_states import EffectiveStates
    from .._tenant.organization import Organization
    from .._tenant.read_mailboxes import Reading
    from .runner import Task

_COUNTED = ("requested", "missing", "failed")


def write_audit_report(
    task: Task,
    result: Mapping[str, Any],
    readings: Sequence[Reading],
    organization: Organization,
    states: EffectiveStates | None,
) -> dict[str, str]:
    """The paths of the files that were written: ``html``, ``csv`` and ``json``.

    :raises M365Error: they can't be written.
    """
    options, secrets = task.options, task.secrets()
    rows = [_row(reading, secrets) for reading in readings if not reading.missing]
    if states is not None:
        rows = list(with_effective(rows, states.by_guid, secrets))
    name = options["tenant_id"] or ""
    setting = f"{organization.state} ({organization.reason.rstrip('.')})" if organization.reason else organization.state
    report = Report(
        title="SMTP AUTH audit",
        tenant=task.connection.exchange.tenant,
        tenant_name="" if is_guid(name) else name,
        time=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z"),
        check_mode=task.check_mode,
        asked={"Mailboxes": "all of the tenant" if options["mailboxes"] is None else f"{len(readings):,} listed"},
        organization={"Setting": redact(setting, secrets), **_labels(states, secrets)},
        counts={name: result["summary"][name] for name in _COUNTED},
        by_state={state: result["summary"][state] for state in STATES},
        by_effective=count_effective(rows) if states is not None else None,
        rows=rows,
        warnings=[redact(warning, secrets) for warning in task.warnings],
        failure=redact(result.get("msg", ""), secrets),
    )
    return dataclasses.asdict(write_report(report, options["report_path"], options["report_name"]))


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
