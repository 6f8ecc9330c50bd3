# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The report of a baseline: what was asked, found and done, of every mailbox of the tenant."""

from __future__ import annotations

import dataclasses
import datetime
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ._enforce import Enforced, Wish
from ._read_layers import LayerReader
from ._redaction import redact
from ._report._data import ACTIVE, EXPIRED, EXPIRING, MISSING, ExceptionRow, Report, Row
from ._report._write import write_report
from ._report_layers import count_effective, tenant_labels, with_effective
from ._runner import Task
from ._set_mailboxes import Record
from ._smtp_auth._baseline import UNMANAGED, Baseline, DeclaredException
from ._smtp_auth._effective import Effective
from ._smtp_auth._identity import is_guid
from ._smtp_auth._layers import Judge, Tenant
from ._smtp_auth._mailbox import Mailbox
from ._smtp_auth._state import STATES


def write_baseline_report(
    task: Task, result: dict[str, Any], enforced: Enforced, wish: Wish, today: datetime.date
) -> dict[str, str]:
    """The paths of the files that were written: ``html``, ``csv`` and ``json``.

    :raises M365Error: they can't be written.
    """
    options, secrets = task.options, task.secrets()
    rows = [_redacted(row, secrets) for row in _rows(enforced)]
    tenant, effective_of = _layers(task, enforced, rows, today)
    rows = list(with_effective(rows, effective_of, secrets))
    labels = tenant_labels(tenant) if tenant else {}
    name = options["tenant_id"] or ""
    report = Report(
        title="SMTP AUTH baseline",
        tenant=task.connection.exchange.tenant,
        tenant_name="" if is_guid(name) else name,
        time=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z"),
        check_mode=task.check_mode,
        asked=_asked(wish, options),
        organization={
            **_organization(enforced, wish, tenant),
            **{label: redact(text, secrets) for label, text in labels.items()},
        },
        counts={**result["summary"], "drifted": sum(row.drifted for row in rows)},
        by_state=_by_state(rows),
        by_effective=count_effective(rows) if tenant else None,
        rows=rows,
        exceptions=list(_exceptions(enforced, wish.baseline, today)),
        warnings=[redact(warning, secrets) for warning in task.warnings],
        failure=redact(result.get("msg", ""), secrets),
    )
    return dataclasses.asdict(write_report(report, options["report_path"], options["report_name"]))


def _rows(enforced: Enforced) -> Iterator[Row]:
    """First what the baseline speaks of, then the others of the tenant. Exceptions without a mailbox are none."""
    records = [record for record in enforced.report.records if not record.missing]
    for record in records:
        yield _row(record)
    told = {record.guid for record in records}
    for mailbox in sorted(enforced.everybody or (), key=lambda mailbox: mailbox.primary_smtp_address.casefold()):
        if mailbox.guid not in told:
            yield _row_of_mailbox(mailbox)


def _row(record: Record) -> Row:
    return Row(
        mailbox=record.entry.text,
        guid=record.guid,
        primary_smtp_address=record.primary_smtp_address,
        display_name=record.display_name,
        before=record.before,
        after=record.after,
        changed=record.changed,
        drifted=record.before is not None and record.wanted not in (None, UNMANAGED, record.before),
        error=record.error.message if record.error else "",
    )


def _row_of_mailbox(mailbox: Mailbox) -> Row:
    address = mailbox.primary_smtp_address
    return Row(address or mailbox.guid, mailbox.guid, address, mailbox.display_name, mailbox.state, mailbox.state)


def _redacted(row: Row, secrets: list[str]) -> Row:
    return dataclasses.replace(row, error=redact(row.error, secrets)) if row.error else row


def _by_state(rows: list[Row]) -> dict[str, int]:
    found = Counter(row.state for row in rows)
    return {state: found[state] for state in (*STATES, *sorted(set(found) - set(STATES)))}


def _asked(wish: Wish, options: Mapping[str, Any]) -> dict[str, str]:
    active = wish.baseline.active
    listed = Counter(one.state for one in active if one.listed)
    asked = {
        "Exceptions": f"{len(active) - sum(listed.values()):,}",
        **{f"Listed as {state}": f"{listed[state]:,}" for state in STATES if listed[state]},
        "Everyone else": wish.baseline.everyone_else,
        "Organization": wish.organization or "not managed",
        "Most changes": (options["max_changes"] or "").strip() or "no limit",
    }
    return {**asked, "Owner and reason": "required"} if options["require_owner"] else asked


def _layers(
    task: Task, enforced: Enforced, rows: list[Row], today: datetime.date
) -> tuple[Tenant | None, dict[str, Effective]]:
    """What holds for the tenant now, or in check mode would hold, and what a client then meets at each mailbox."""
    if not enforced.everybody:
        return None, {}
    reader = LayerReader(task.connection)
    tenant, directory = reader.read(None, None, today)
    for fault in reader.faults[:1]:
        task.warnings.append(f"What a client meets isn't known in full, see the report: {fault.message}")
    if enforced.switch and enforced.switch.after:
        tenant = dataclasses.replace(tenant, organization=enforced.switch.after)
    state_of = {row.guid: row.state for row in rows if row.state in STATES}
    judge = Judge(tenant)
    return tenant, {
        mailbox.guid: judge.judge(state_of[mailbox.guid], directory.user(mailbox))
        for mailbox in enforced.everybody
        if mailbox.guid in state_of
    }


def _organization(enforced: Enforced, wish: Wish, tenant: Tenant | None) -> dict[str, str]:
    switch = enforced.switch
    if switch is None:
        return {"Setting": tenant.organization} if tenant and isinstance(tenant.organization, str) else {}
    if not switch.changed:
        drifted = f" (the baseline wants {wish.organization})" if switch.needed else ""
        return {"Setting": f"{switch.before.state}{drifted}"}
    verb = "would become" if wish.check_mode else "became"
    return {"Setting": f"{switch.before.state}, {verb} {switch.after or 'unknown'}"}


def _exceptions(enforced: Enforced, baseline: Baseline, today: datetime.date) -> Iterator[ExceptionRow]:
    missing = {record.entry.position for record in enforced.report.records if record.missing}
    expiring = {exception.entry.position for exception in baseline.expiring}
    for exception in baseline.active:
        if exception.listed:
            continue
        position = exception.entry.position
        status = MISSING if position in missing else EXPIRING if position in expiring else ACTIVE
        yield _exception(exception, status, today)
    for exception in baseline.expired:
        yield _exception(exception, EXPIRED, today)


def _exception(exception: DeclaredException, status: str, today: datetime.date) -> ExceptionRow:
    return ExceptionRow(
        mailbox=exception.entry.text,
        state=exception.state,
        owner=exception.owner,
        reason=exception.reason,
        expires=exception.expires.isoformat() if exception.expires else "",
        days_left=exception.days_left(today),
        status=status,
    )
