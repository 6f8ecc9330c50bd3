# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Make a whole tenant match a baseline: one read, one plan, one write pass, the organization's switch in its place."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._errors import AmbiguousError, Failure
from .._smtp_auth.baseline import UNMANAGED, Baseline
from .._smtp_auth.plan import PlanError, Step
from .._smtp_auth.tenant_plan import (
    PLAIN_TYPES,
    is_system_name,
    plan_everyone_else,
    plan_exceptions,
)
from .._smtp_auth.whole_plan import Plan
from .organization import read_switch
from .recipient_types import read_types
from .set_mailboxes import Manner, Report, carry_out, record_of, record_of_step
from .summary import shown
from .switch import OrganizationSwitch

if TYPE_CHECKING:
    from .._exchange.client import ExchangeClient
    from .._http.clock import Clock
    from .._smtp_auth.mailbox import Mailbox
    from .guards import Guards
    from .journal import Journal
    from .mailboxes import Found, MailboxStore


@dataclasses.dataclass(frozen=True)
class Wish:
    """What is asked for. ``organization``: the state of its switch; None leaves it."""

    baseline: Baseline
    organization: str | None = None
    missing: str = "fail"
    verify: bool = True
    check_mode: bool = False
    whole: bool = False  # read everybody even where the plan doesn't need it

    @property
    def reads_everybody(self) -> bool:
        return self.whole or self.baseline.everyone_else != UNMANAGED or self.organization is not None


@dataclasses.dataclass(frozen=True)
class LeftAlone:
    """A mailbox that isn't like everyone else and is left so, for it is one of the service's own."""

    mailbox: Mailbox
    kind: str  # RecipientTypeDetails; empty where the name tells


@dataclasses.dataclass
class Enforced:
    """What came of it. ``everybody``: all mailboxes as they were read; None where that wasn't needed."""

    report: Report
    switch: OrganizationSwitch | None = None
    everybody: list[Mailbox] | None = None
    left_alone: list[LeftAlone] = dataclasses.field(default_factory=list)


class Enforcement:
    """One run."""

    def __init__(
        self, client: ExchangeClient, store: MailboxStore, clock: Clock, wish: Wish, *, concurrency: int
    ) -> None:
        self._client = client
        self._concurrency = concurrency
        self._clock = clock
        self._wish = wish
        self._store = store

    def run(self, guards: Guards, journal: Journal | None) -> Enforced:
        """
        :raises M365Error: only before anything was written.
        """
        wish = self._wish
        entries = [exception.entry for exception in wish.baseline.active]
        everybody: list[Mailbox] | None = None
        if wish.reads_everybody:
            everybody, found = self._store.everybody_and(entries)
        else:
            found = self._store.find(entries)
        report = Report([record_of(entry, found) for entry in entries])
        enforced = Enforced(report, everybody=everybody)
        steps = self._plan(enforced, found)
        if report.failure:
            return enforced
        if wish.organization:
            before = read_switch(self._client)
            enforced.switch = OrganizationSwitch(self._client, self._clock, before, wish.organization, journal, report)
        plan = _whole(enforced, steps)
        turn = enforced.switch.turn if enforced.switch and enforced.switch.needed else None
        manner = Manner(
            verify=wish.verify, check_mode=wish.check_mode, before_writing=lambda _changes: guards(plan), turn=turn
        )
        carry_out(self._store, self._clock, report, steps, manner, journal)
        if turn and wish.check_mode and enforced.switch and not report.failure:
            enforced.switch.mark_planned()
        return enforced

    # The plan --------------------------------------------------------------------------------------------------------

    def _plan(self, enforced: Enforced, found: Found) -> list[Step]:
        """The steps, or a failure in the report. Adds the records of everyone else."""
        report, baseline = enforced.report, self._wish.baseline
        if not _exceptions_are_there(report, self._wish.missing):
            return []
        try:
            steps = plan_exceptions(baseline, found.mailboxes)
        except PlanError as error:
            report.fail(Failure("duplicate", f"Nothing was written: {error}"))
            return []
        listed = {step.mailbox.guid for step in steps}
        last = max((record.entry.position for record in report.records), default=0)
        others = plan_everyone_else(baseline, enforced.everybody or (), listed, last)
        enforced.left_alone = self._left_alone([step for step in others if step.needed])
        alone = {left.mailbox.guid for left in enforced.left_alone}
        report.records.extend(record_of_step(step) for step in others)
        wanted = {exception.entry.position: exception.state for exception in baseline.active}
        for record in report.records:
            record.wanted = wanted.get(record.entry.position, baseline.everyone_else)
            if record.guid in alone:
                record.wanted = None
        return [*steps, *(step for step in others if step.mailbox.guid not in alone)]

    def _left_alone(self, steps: Sequence[Step]) -> list[LeftAlone]:
        """Of everyone else who would change, the service's own mailboxes: by name, the others by their type."""
        named = [LeftAlone(step.mailbox, "") for step in steps if is_system_name(step.mailbox)]
        others = [step.mailbox for step in steps if not is_system_name(step.mailbox)]
        if not others:
            return named
        types = read_types(self._client, self._concurrency, others, self._store.pages_expected)
        return named + [
            LeftAlone(mailbox, types[mailbox.guid]) for mailbox in others if types[mailbox.guid] not in PLAIN_TYPES
        ]


def _whole(enforced: Enforced, steps: Sequence[Step]) -> Plan:
    switch = enforced.switch
    return Plan(
        changes=[step for step in steps if step.needed],
        asked=len(enforced.report.records),
        switch=(switch.before.state, switch.wanted) if switch else None,
        everybody=enforced.everybody,
    )


def _exceptions_are_there(report: Report, missing: str) -> bool:
    """False, with a failure in the report, if one can't be told: it mustn't be taken for everyone else."""
    absent = [record for record in report.records if record.missing]
    ambiguous = [record for record in report.records if isinstance(record.error, AmbiguousError)]
    unread = [record for record in report.records if record.error and not record.missing]
    if ambiguous:
        report.fail(Failure("ambiguous", f"Nothing was written: {shown(ambiguous)}."))
    elif unread:
        number = "1 mailbox" if len(unread) == 1 else f"{len(unread)} mailboxes"
        request_id = unread[0].error.request_id if unread[0].error else ""
        failure = Failure("not_read", f"Nothing was written: {number} couldn't be read: {shown(unread)}.", request_id)
        report.fail(failure)
    elif absent and missing == "fail":
        failure = Failure(
            "not_found",
            f"Nothing was written: the tenant has no mailbox for {len(absent):,} of the names that were given: "
            f"{shown(absent, names_only=True)}. Correct it, or set missing to warn to leave them out.",
        )
        report.fail(failure)
    elif absent:
        report.warnings.append(
            f"The tenant has no mailbox for these names, which were left out: {shown(absent, names_only=True)}."
        )
    return not report.failure
