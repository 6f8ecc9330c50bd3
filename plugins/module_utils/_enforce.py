# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Make a whole tenant match a baseline: one read, one plan, one write pass, the organization's switch in its place."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from ._clock import Clock
from ._errors import AmbiguousError
from ._exchange import ExchangeClient
from ._journal import Journal
from ._mailbox_store import Found, MailboxStore
from ._organization import read_switch
from ._recipient_types import read_types
from ._set_mailboxes import Manner, Report, carry_out, planned_records, record_of, record_of_step, shown
from ._smtp_auth._baseline import UNMANAGED, Baseline
from ._smtp_auth._limit import Limit
from ._smtp_auth._mailbox import Mailbox
from ._smtp_auth._plan import PlanError, Step
from ._smtp_auth._tenant_plan import (
    PLAIN_TYPES,
    followers,
    is_system_name,
    losers,
    plan_everyone_else,
    plan_exceptions,
)
from ._switch import OrganizationSwitch

# Called with the mailboxes from which SMTP AUTH would be taken, in check mode too. A code and a text refuse.
Guard = Callable[[Sequence[Mailbox]], "tuple[str, str] | None"]


@dataclasses.dataclass(frozen=True)
class Wish:
    """What is asked for. ``organization``: the state of its switch; None leaves it. ``limit``: None for any number."""

    baseline: Baseline
    organization: str | None = None
    limit: Limit | None = None
    missing: str = "fail"
    verify: bool = True
    check_mode: bool = False
    whole: bool = False  # read everybody even where the plan doesn't need it

    @property
    def reads_everybody(self) -> bool:
        return (
            self.whole
            or self.baseline.everyone_else != UNMANAGED
            or self.organization is not None
            or (self.limit is not None and self.limit.share is not None)
        )


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

    def __init__(self, client: ExchangeClient, concurrency: int, clock: Clock, wish: Wish) -> None:
        self._client = client
        self._concurrency = concurrency
        self._clock = clock
        self._wish = wish
        self._store = MailboxStore(client, concurrency)

    def run(self, journal: Journal | None, guard: Guard | None = None, manner: Manner | None = None) -> Enforced:
        """
        :param manner: what is to be done before writing; the rest of it comes from the wish.
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
        needed = [step for step in steps if step.needed]
        refusal = self._too_many(enforced, needed) or self._guarded(enforced, needed, guard)
        if refusal:
            report.failure_code, report.failure = refusal
            report.planned = planned_records(report, needed)
            return enforced
        turn = enforced.switch.turn if enforced.switch and enforced.switch.needed else None
        manner = dataclasses.replace(manner or Manner(), verify=wish.verify, check_mode=wish.check_mode, turn=turn)
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
            report.failure, report.failure_code = f"Nothing was written: {error}", "duplicate"
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

    # What may refuse it ----------------------------------------------------------------------------------------------

    def _too_many(self, enforced: Enforced, needed: Sequence[Step]) -> tuple[str, str] | None:
        limit, switch = self._wish.limit, enforced.switch
        if limit is None:
            return None
        affected = {step.mailbox.guid for step in needed}
        own = len(affected)
        if switch and switch.needed:
            affected |= {mailbox.guid for mailbox in followers(needed, enforced.everybody or ())}
        total = len(enforced.everybody or ())
        if len(affected) <= limit.of(total):
            return None
        first = ", ".join(step.entry.text for step in needed[:5]) + (", ..." if own > 5 else "")
        followed = (
            f" and the organization's setting, which {len(affected) - own:,} more follow" if len(affected) > own else ""
        )
        changes = f" It would change {first}." if first else ""
        return "max_changes", (
            f"The plan changes {own:,} mailboxes{followed}, more than max_changes={limit.shown(total)}; nothing was "
            f"written.{changes} Look at all of it with --check --diff, then raise max_changes if it is right."
        )

    def _guarded(self, enforced: Enforced, needed: Sequence[Step], guard: Guard | None) -> tuple[str, str] | None:
        """Ask the guard about those who may use SMTP AUTH now, by the mailbox's setting or the organization's, and may
        no more afterwards.
        """
        if guard is None:
            return None
        switch = enforced.switch
        if switch is None:
            organization = read_switch(self._client).state
            return guard(losers(needed, enforced.everybody or (), organization, organization))
        return guard(losers(needed, enforced.everybody or (), switch.before.state, switch.wanted))


def _exceptions_are_there(report: Report, missing: str) -> bool:
    """False, with a failure in the report, if one can't be told: it mustn't be taken for everyone else."""
    absent = [record for record in report.records if record.missing]
    ambiguous = [record for record in report.records if isinstance(record.error, AmbiguousError)]
    unread = [record for record in report.records if record.error and not record.missing]
    if ambiguous:
        report.failure, report.failure_code = f"Nothing was written: {shown(ambiguous)}.", "ambiguous"
    elif unread:
        number = "1 exception" if len(unread) == 1 else f"{len(unread)} exceptions"
        report.failure, report.failure_code = (
            f"Nothing was written: {number} couldn't be read: {shown(unread)}.",
            "not_read",
        )
        report.request_id = unread[0].error.request_id if unread[0].error else ""
    elif absent and missing == "fail":
        report.failure = (
            f"Nothing was written: the tenant has no mailbox for {len(absent)} of the exceptions: "
            f"{shown(absent, names_only=True)}. Correct the baseline, or set missing to warn to leave them out."
        )
        report.failure_code = "not_found"
    elif absent:
        report.warnings.append(
            f"The tenant has no mailbox for these exceptions, which were left out: {shown(absent, names_only=True)}."
        )
    return not report.failure
