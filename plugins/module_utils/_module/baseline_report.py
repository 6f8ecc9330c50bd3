# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The report of a baseline: what was asked, found and done, of every mailbox of the tenant."""

from __future__ import annotations

import dataclasses
import datetime
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._redaction.redactor import redact
from .._report.data import ACTIVE, EXPIRED, EXPIRING, MISSING, ExceptionRow, Report, Row
from .._report.write import write_report
from .._result.report_layers import count_effective, tenant_labels, with_effective, with_planned_effective
from .._smtp_auth.baseline import UNMANAGED, Baseline, DeclaredException
from .._smtp_auth.identity import is_guid
from .._smtp_auth.state import STATES
from .._tenant.judging import Evaluation, judge_mailboxes
from .._tenant.layers import LayerReader
from .audit_report import made_by

if TYPE_CHECKING:
    from .._smtp_auth.effective import Effective
    from .._smtp_auth.layers import Tenant
    from .._smtp_auth.mailbox import Mailbox
    from .._tenant.enforce import Enforced, Wish
    from .._tenant.set_mailboxes import Record
    from .runner import Task


def write_baseline_report(
    task: Task, result: dict[str, Any], enforced: Enforced, wish: Wish, today: datetime.date
) -> dict[str, str]:
    """The paths of the files that were written: ``html``, ``csv`` and ``json``.

    :raises M365Error: they can't be written.
    """
    options, secrets = task.options, task.secrets()
    # A plan that was made and not carried out: what it would do is told apart from what is.
    planned = bool(result["plan"]) and (task.check_mode or enforced.report.refused)
    rows = [_redacted(row, secrets) for row in _rows(enforced, check_mode=task.check_mode)]
    tenant, rows = _with_layers(task, enforced, rows, today, planned=planned)
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
        counts={**_counts(result["summary"], planned=planned), "drifted": sum(row.drifted for row in rows)},
        by_state=_by_state([row.state for row in rows]),
        by_effective=count_effective(rows) if tenant else None,
        planned_by_state=_by_state([row.planned or row.state for row in rows]) if planned else None,
        planned_by_effective=count_effective(rows, "planned_") if planned and tenant else None,
        rows=rows,
        exceptions=list(_exceptions(enforced, wish.baseline, today)),
        warnings=[redact(warning, secrets) for warning in task.warnings],
        failure=redact(result.get("msg", ""), secrets),
        made_by=made_by(task),
    )
    return dataclasses.asdict(write_report(report, options["report_path"], options["report_name"]))


def _counts(summary: Mapping[str, int], *, planned: bool) -> dict[str, int]:
    """The summary, with what a plan would change apart from what was changed."""
    if not planned or "planned" in summary:
        return dict(summary)
    return {**summary, "changed": 0, "planned": summary["changed"]}


def _rows(enforced: Enforced, *, check_mode: bool) -> Iterator[Row]:
    """First what the baseline speaks of, then the others of the tenant. Exceptions without a mailbox are none."""
    report = enforced.report
    records = [record for record in report.records if not record.missing]
    changes = {record.entry.position: record.after for record in report.planned}
    if check_mode:
        changes.update((record.entry.position, record.after) for record in records if record.changed)
    for record in records:
        yield _row(record, changes.get(record.entry.position))
    told = {record.guid for record in records}
    for mailbox in sorted(enforced.everybody or (), key=lambda mailbox: mailbox.primary_smtp_address.casefold()):
        if mailbox.guid not in told:
            yield _row_of_mailbox(mailbox)


def _row(record: Record, planned: str | None) -> Row:
    """``planned``: what it would become; None where it was written, or stays."""
    return Row(
        mailbox=record.entry.text,
        guid=record.guid,
        primary_smtp_address=record.primary_smtp_address,
        display_name=record.display_name,
        before=record.before,
        after=record.before if planned else record.after,
        changed=record.changed and not planned,
        drifted=record.before is not None and record.wanted not in (None, UNMANAGED, record.before),
        error=record.error.message if record.error else "",
        planned=planned,
    )


def _row_of_mailbox(mailbox: Mailbox) -> Row:
    address = mailbox.primary_smtp_address
    return Row(address or mailbox.guid, mailbox.guid, address, mailbox.display_name, mailbox.state, mailbox.state)


def _redacted(row: Row, secrets: list[str]) -> Row:
    return dataclasses.replace(row, error=redact(row.error, secrets)) if row.error else row


def _by_state(states: Sequence[str]) -> dict[str, int]:
    found = Counter(states)
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


def _with_layers(
    task: Task, enforced: Enforced, rows: list[Row], today: datetime.date, *, planned: bool
) -> tuple[Tenant | None, list[Row]]:
    """What else holds for the tenant now, and the rows with what a client meets at each mailbox; where there is a plan
    that wasn't carried out, what it would meet then, too.
    """
    if not enforced.everybody:
        return None, rows
    reader, switch = LayerReader(task.connection), enforced.switch
    tenant, directory = reader.read(None, None, today)
    for fault in reader.faults[:1]:
        task.warnings.append(f"What a client meets isn't known in full, see the report: {fault.message}")
    if switch and not planned and switch.after:
        tenant = dataclasses.replace(tenant, organization=switch.after)

    evaluation = Evaluation(task.connection)

    def judged(tenant: Tenant, state_of: Mapping[str, str]) -> dict[str, Effective]:
        known = (mailbox for mailbox in enforced.everybody or () if state_of.get(mailbox.guid) in STATES)
        wanted = ((mailbox, state_of[mailbox.guid]) for mailbox in known)
        return judge_mailboxes(evaluation, tenant, directory, wanted)

    now = judged(tenant, {row.guid: row.state for row in rows})
    rows = list(with_effective(rows, now, task.secrets()))
    if planned:
        then = dataclasses.replace(tenant, organization=switch.wanted) if switch else tenant
        rows = list(with_planned_effective(rows, judged(then, {row.guid: row.planned or row.state for row in rows})))
    return tenant, rows


def _organization(enforced: Enforced, wish: Wish, tenant: Tenant | None) -> dict[str, str]:
    switch = enforced.switch
    if switch is None:
        return {"Setting": tenant.organization} if tenant and isinstance(tenant.organization, str) else {}
    before = switch.before.state
    if switch.needed and (wish.check_mode or enforced.report.refused):
        return {"Setting": f"{before}; the plan would make it {switch.wanted}"}
    if not switch.changed:
        drifted = f" (the baseline wants {wish.organization})" if switch.needed else ""
        return {"Setting": f"{before}{drifted}"}
    return {"Setting": f"{before}, became {switch.after or 'unknown'}"}


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
