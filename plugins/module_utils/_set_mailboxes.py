# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Set mailboxes to what is wanted of them: read, plan, write the differences, read back.

Check mode ends after the plan. ``set_mailboxes`` does all of it for a list and one state; others make their own plan
and hand it to ``carry_out``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from ._clock import Clock
from ._errors import AmbiguousError, M365Error, NotFoundError, ServiceError
from ._exchange_batch import BatchRun
from ._exchange_wire import CommandResult
from ._journal import UNKNOWN, WRITTEN, Journal, JournalError
from ._mailbox_store import Found, MailboxStore
from ._smtp_auth._identity import Entry
from ._smtp_auth._mailbox import Mailbox
from ._smtp_auth._plan import PlanError, Step, make_plan

# Seconds before each further look at a mailbox that doesn't show what was written: back ends may lag a little.
_LOOKS = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)
_SHOWN = 5

# Called with the steps that would be written, even if there are none, before the first write, in check mode too. A code
# and a text refuse: nothing is written, and the task fails with them. None lets it go on.
BeforeWriting = Callable[[Sequence[Step]], "tuple[str, str] | None"]


@dataclasses.dataclass
class Record:
    """What is known of one entry at the end. ``before`` and ``after`` are None where that isn't known, ``wanted`` where
    nothing is.
    """

    entry: Entry
    guid: str = ""
    primary_smtp_address: str = ""
    display_name: str = ""
    before: str | None = None
    after: str | None = None
    changed: bool = False
    missing: bool = False
    error: M365Error | None = None
    wanted: str | None = None


@dataclasses.dataclass
class Report:
    """The records in the entries' order, and what makes the task fail (an empty text if nothing does)."""

    records: list[Record]
    failure: str = ""
    failure_code: str = ""
    request_id: str = ""  # of the request that failed, where it is one
    warnings: list[str] = dataclasses.field(default_factory=list)
    refused: bool = False  # the plan was there, and a guard refused it: nothing was written
    planned: list[Record] = dataclasses.field(default_factory=list)  # what it would have changed


@dataclasses.dataclass(frozen=True)
class Turn:
    """Something that is done between two halves of the writes, and only once the first half is there, read back.

    ``first``: whether a step belongs to the first half. ``make``: does it, and books itself what came of it; False if
    it isn't done. What the second half has to wait for is named by ``what``.
    """

    first: Callable[[Step], bool]
    make: Callable[[], bool]
    what: str


@dataclasses.dataclass(frozen=True)
class Manner:
    """How a plan is carried out."""

    verify: bool = True
    check_mode: bool = False
    before_writing: BeforeWriting | None = None
    turn: Turn | None = None


@dataclasses.dataclass(frozen=True)
class Wish:
    """What is asked for of a list. ``missing``: fail or warn."""

    state: str
    missing: str = "fail"
    verify: bool = True
    check_mode: bool = False


def set_mailboxes(
    store: MailboxStore,
    clock: Clock,
    entries: Sequence[Entry],
    wish: Wish,
    journal: Journal | None,
    before_writing: BeforeWriting | None = None,
) -> Report:
    """The whole of it, for a list and one state.

    :raises M365Error: only before anything was written.
    """
    found = store.find(entries)
    report = Report([record_of(entry, found) for entry in entries])
    steps = _planned(report, found, entries, wish)
    if not report.failure:
        carry_out(store, clock, report, steps, Manner(wish.verify, wish.check_mode, before_writing), journal)
    return report


def carry_out(
    store: MailboxStore, clock: Clock, report: Report, steps: Sequence[Step], manner: Manner, journal: Journal | None
) -> None:
    """Write the steps that are needed, look at what came of them, and book it in the report.

    :param report: with a record for the entry of every step.
    :raises M365Error: only before anything was written.
    """
    changes = [step for step in steps if step.needed]
    refusal = manner.before_writing(changes) if manner.before_writing else None
    if refusal:
        report.failure_code, report.failure = refusal
        report.refused, report.planned = True, planned_records(report, changes)
        return
    if manner.check_mode:
        _mark_planned(report, changes)
    elif changes or manner.turn:
        if journal:
            journal.open()
        clock.shield()
        if manner.turn:
            _write_in_halves(_Writing(store, clock, report, journal, verify=True), report, changes, manner.turn)
        else:
            _Writing(store, clock, report, journal, verify=manner.verify).carry_out(changes)
    _summarize(report, check_mode=manner.check_mode)


def _write_in_halves(writing: _Writing, report: Report, changes: Sequence[Step], turn: Turn) -> None:
    first = [step for step in changes if turn.first(step)]
    second = [step for step in changes if not turn.first(step)]
    writing.carry_out(first)
    failed = bool(report.failure) or any(record.error and not record.missing for record in report.records)
    if not failed and turn.make():
        writing.carry_out(second)
        return
    records = {record.entry.position: record for record in report.records}
    for step in second:
        records[step.entry.position].error = M365Error(f"Not changed: {turn.what} wasn't changed.", code="not_tried")
    if failed:
        what = turn.what[:1].upper() + turn.what[1:]
        report.failure = f"{report.failure} {what} wasn't changed, for not all that comes before it is done.".strip()


def record_of(entry: Entry, found: Found) -> Record:
    """What is known of an entry before anything is done."""
    mailbox = found.mailboxes.get(entry.position)
    if mailbox is None:
        error = found.errors[entry.position]
        return Record(entry, missing=isinstance(error, NotFoundError), error=error)
    return _record(entry, mailbox)


def record_of_step(step: Step) -> Record:
    return dataclasses.replace(_record(step.entry, step.mailbox), wanted=step.wanted)


def _record(entry: Entry, mailbox: Mailbox) -> Record:
    return Record(entry, mailbox.guid, mailbox.primary_smtp_address, mailbox.display_name, mailbox.state, mailbox.state)


def _planned(report: Report, found: Found, entries: Sequence[Entry], wish: Wish) -> list[Step]:
    """The plan, or a failure in the report."""
    ambiguous = [record for record in report.records if isinstance(record.error, AmbiguousError)]
    missing = [record for record in report.records if record.missing]
    if ambiguous:
        report.failure = f"Nothing was written: {shown(ambiguous)}."
        report.failure_code = "ambiguous"
        return []
    if missing and wish.missing == "fail":
        report.failure = (
            f"Nothing was written: {_number(missing)} not found: {shown(missing, names_only=True)}. Correct the list, "
            "or set missing to warn to leave them out."
        )
        report.failure_code = "not_found"
        return []
    if missing:
        report.warnings.append(f"{_number(missing)} not found and left out: {shown(missing, names_only=True)}.")
    try:
        return make_plan(entries, found.mailboxes, wish.state)
    except PlanError as error:
        report.failure, report.failure_code = f"Nothing was written: {error}", "duplicate"
        return []


def planned_records(report: Report, changes: Sequence[Step]) -> list[Record]:
    """The records of these steps as they would be once they are carried out."""
    by_position = {record.entry.position: record for record in report.records}
    return [dataclasses.replace(by_position[step.entry.position], after=step.wanted, changed=True) for step in changes]


def _mark_planned(report: Report, changes: Sequence[Step]) -> None:
    planned = {record.entry.position: record for record in planned_records(report, changes)}
    report.records = [planned.get(record.entry.position, record) for record in report.records]


class _Writing:
    """The write pass and the looks after it. Books every outcome in the report's records as it comes."""

    def __init__(
        self, store: MailboxStore, clock: Clock, report: Report, journal: Journal | None, *, verify: bool
    ) -> None:
        self._store = store
        self._clock = clock
        self._report = report
        self._journal = journal
        self._verify = verify
        self._records = {record.entry.position: record for record in report.records}
        self._uncertain: set[int] = set()
        self._unrecorded: list[str] = []
        self._journal_error: JournalError | None = None

    def carry_out(self, changes: Sequence[Step]) -> None:
        self._write(changes)
        steps = [
            step
            for step in changes
            if (self._verify and self._records[step.entry.position].changed) or step.entry.position in self._uncertain
        ]
        try:
            self._look(steps)
        except M365Error as error:
            self._report.failure = (
                f"{self._report.failure} What was written wasn't all read back. {error.message}".strip()
            )
            self._report.failure_code = self._report.failure_code or error.code

    def _write(self, changes: Sequence[Step]) -> None:
        run = self._store.write([(step.mailbox, step.wanted) for step in changes])
        stage, failed = self._store.stage("written", len(changes)), 0
        for done, (place, outcome) in enumerate(run, start=1):
            failed += isinstance(outcome, M365Error)
            stage.reached(done, failed)
            step = changes[place]
            record = self._records[step.entry.position]
            if isinstance(outcome, CommandResult):
                record.changed, record.after = True, step.wanted
            else:
                record.error = outcome
                if isinstance(outcome, NotFoundError):
                    record.after = None
                if not outcome.may_have_worked:
                    continue
                record.changed, record.after = True, None
                self._uncertain.add(step.entry.position)
            self._record(run, step, WRITTEN if isinstance(outcome, CommandResult) else UNKNOWN)

    def _record(self, run: BatchRun, step: Step, outcome: str) -> None:
        """A line in the journal. The first that can't be written ends the run, and no further one is tried."""
        if not self._journal:
            return
        if self._journal_error is None:
            try:
                self._note(self._journal, step, outcome)
                return
            except JournalError as error:
                self._journal_error = error
                run.end(error)
        self._unrecorded.append(step.entry.text)
        more = f" and {len(self._unrecorded) - _SHOWN} more" if len(self._unrecorded) > _SHOWN else ""
        self._report.failure = (
            f"{self._journal_error.message} Nothing further was changed. Changed without a record: "
            f"{', '.join(self._unrecorded[:_SHOWN])}{more}."
        )
        self._report.failure_code = self._journal_error.code

    def _note(self, journal: Journal, step: Step, outcome: str) -> None:
        journal.add(
            tenant=self._store.tenant,
            mailbox=step.entry.text,
            guid=step.mailbox.guid,
            before=step.mailbox.state,
            after=step.wanted,
            outcome=outcome,
        )

    def _look(self, steps: Sequence[Step]) -> None:
        """Read back until everything shows or the looks are used up. Never writes again."""
        left = list(steps)
        try:
            for wait in _LOOKS:
                if not left:
                    return
                self._clock.wait(wait, "Waiting for the changes to show")
                now = self._store.reread([step.mailbox.guid for step in left])
                left = [step for step in left if not self._settled(step, now.get(step.mailbox.guid))]
        finally:
            for step in left:
                self._leave(step)

    def _leave(self, step: Step) -> None:
        """Book what the last look showed, if there was one, of a change that didn't show."""
        record = self._records[step.entry.position]
        if step.entry.position not in self._uncertain and record.after != step.wanted:
            record.error = ServiceError(
                f"The service took the change to {step.wanted} but still shows {record.after}. It may only be slow: "
                "run the task again in some minutes.",
                code="not_confirmed",
            )

    def _settled(self, step: Step, now: object) -> bool:
        """Book what a look showed. False: look again."""
        record = self._records[step.entry.position]
        uncertain = step.entry.position in self._uncertain
        if isinstance(now, NotFoundError):
            record.error = NotFoundError("The mailbox was deleted while the task ran.")
            record.after = None
            return True
        if isinstance(now, M365Error) or now is None:
            if not uncertain:
                reason = now.message if isinstance(now, M365Error) else "no answer."
                record.error = ServiceError(
                    f"The change was taken, but reading it back failed: {reason}", code="not_verified"
                )
            return True
        state = getattr(now, "state", None)
        record.after = state
        if state == step.wanted:
            record.changed, record.error = True, None
            return True
        if uncertain:
            record.changed = state != step.mailbox.state
        return False


def _summarize(report: Report, *, check_mode: bool) -> None:
    failed = [record for record in report.records if record.error and not record.missing]
    if not failed:
        return
    done = sum(record.changed for record in report.records if not record.error)
    word = "would change" if check_mode else "were changed"
    counted = f"{len(failed)} of {len(report.records)} mailboxes failed: {shown(failed)}. {done} {word}."
    report.failure = f"{report.failure} {counted} Run the task again to finish.".strip()
    codes = {record.error.code for record in failed if record.error} | {report.failure_code} - {""}
    report.failure_code = codes.pop() if len(codes) == 1 else "several"
    if len(failed) == 1 and failed[0].error:
        report.request_id = failed[0].error.request_id


def shown(records: Sequence[Record], *, names_only: bool = False) -> str:
    """The first of the records, with their errors or by name only, and how many more there are."""
    shown = [
        record.entry.text
        if names_only or record.error is None
        else f"{record.entry.text}: {record.error.message.rstrip('.')}"
        for record in records[:_SHOWN]
    ]
    rest = len(records) - len(shown)
    return ("; " if not names_only else ", ").join(shown) + (f" and {rest} more" if rest > 0 else "")


def _number(records: Sequence[Record]) -> str:
    return "1 mailbox was" if len(records) == 1 else f"{len(records)} mailboxes were"
