# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Put back what the runs of a journal have changed, and leave alone what changed since."""

from __future__ import annotations

import dataclasses
import datetime
from typing import TYPE_CHECKING

from .._errors import Failure, InputError, NotFoundError
from .._smtp_auth.identity import GUID, Entry, fold
from .._smtp_auth.plan import Step
from .._smtp_auth.tenant_plan import entry_for
from .._smtp_auth.undo import Change, Undo, UndoError, check_tenant
from .._smtp_auth.whole_plan import Plan
from .mailboxes import MailboxStore
from .organization import read_switch
from .set_mailboxes import Manner, Record, Report, carry_out, record_of_step
from .summary import shown
from .switch import OrganizationSwitch

if TYPE_CHECKING:
    from .._exchange.client import ExchangeClient
    from .._http.clock import Clock
    from .guards import Guards
    from .journal import Journal

# A run that was killed leaves requests behind that the service may still be working at: a batch of ten takes it about
# so many seconds. Before that nobody looks.
_SETTLING = 15.0


@dataclasses.dataclass(frozen=True)
class ChangedSince:
    """What is left alone: it isn't what the journal's runs left it at. ``now`` is None for a deleted mailbox."""

    change: Change
    now: str | None


@dataclasses.dataclass
class Restored:
    report: Report
    switch: OrganizationSwitch | None = None
    changed_since: list[ChangedSince] = dataclasses.field(default_factory=list)


def restore(
    client: ExchangeClient,
    concurrency: int,
    clock: Clock,
    undo: Undo,
    *,
    manner: Manner,
    guards: Guards,
    journal: Journal | None,
) -> Restored:
    """
    :raises InputError: the journal is another tenant's.
    :raises M365Error: only before anything was written.
    """
    try:
        check_tenant(undo, client.tenant)
    except UndoError as error:
        raise InputError(f"The journal can't be used, nothing was written: {error}.") from error
    _let_settle(undo, clock)
    store = MailboxStore(client, concurrency)
    restored = Restored(Report([]))
    steps = _plan(store, undo, restored)
    restored.switch = _switch(client, clock, undo, restored, journal)
    report = restored.report
    unread = [record for record in report.records if record.error and not record.missing]
    needed = [step for step in steps if step.needed]
    if unread:
        report.fail(Failure("not_read", f"Nothing was written: {shown(unread)}."))
        return restored
    switch = restored.switch
    turn = switch.turn if switch and switch.needed else None
    # Who follows the organization's setting isn't counted: it goes back to what it was.
    plan = Plan(needed, len(undo.mailboxes), (switch.before.state, switch.wanted) if switch else None)
    manner = dataclasses.replace(manner, turn=turn, before_writing=lambda _changes: guards(plan))
    carry_out(store, clock, report, steps, manner, journal)
    if switch and turn and manner.check_mode and not report.failure:
        switch.mark_planned()
    return restored


def _let_settle(undo: Undo, clock: Clock) -> None:
    """
    :raises DeadlineError, InterruptedTaskError: as ``Clock.wait``.
    """
    if undo.open_since is None:
        return
    age = (datetime.datetime.now(datetime.timezone.utc) - undo.open_since).total_seconds()
    if 0 <= age < _SETTLING:
        clock.wait(_SETTLING - age, "The journal ends with requests that the service may still be working at")


def _plan(store: MailboxStore, undo: Undo, restored: Restored) -> list[Step]:
    """The steps; those that were deleted or changed since get a record and no step."""
    asked = [Entry(place, change.guid, GUID, fold(change.guid)) for place, change in enumerate(undo.mailboxes, start=1)]
    for change in undo.mailboxes:
        store.remember(change.guid, change.mailbox)
    found = store.find(asked)
    report, steps = restored.report, []
    for entry, change in zip(asked, undo.mailboxes, strict=True):
        mailbox = found.mailboxes.get(entry.position)
        if mailbox is None:
            error = found.errors[entry.position]
            named = dataclasses.replace(entry, text=change.mailbox or change.guid)
            report.records.append(Record(named, change.guid, missing=isinstance(error, NotFoundError), error=error))
            if isinstance(error, NotFoundError):
                restored.changed_since.append(ChangedSince(change, None))
            continue
        may = change.may_restore(mailbox.state)
        step = Step(
            entry_for(entry.position, mailbox, change.mailbox), mailbox, change.before if may else mailbox.state
        )
        report.records.append(dataclasses.replace(record_of_step(step), wanted=change.before if may else None))
        steps.append(step)
        if not may:
            restored.changed_since.append(ChangedSince(change, mailbox.state))
    return steps


def _switch(
    client: ExchangeClient, clock: Clock, undo: Undo, restored: Restored, journal: Journal | None
) -> OrganizationSwitch | None:
    """The organization's setting, if the journal's runs have changed it and nobody has since."""
    change = undo.organization
    if change is None:
        return None
    now = read_switch(client)
    wanted = change.before
    if not change.may_restore(now.state):
        restored.changed_since.append(ChangedSince(change, now.state))
        wanted = now.state
    return OrganizationSwitch(client, clock, now, wanted, journal, restored.report)
