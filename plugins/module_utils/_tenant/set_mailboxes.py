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
from typing import TYPE_CHECKING

from .._errors import AmbiguousError, Failure, M365Error, NotFoundError, internal_error
from .._smtp_auth.plan import PlanError, Step, make_plan
from .summary import shown, summarize
from .writing import Writing

if TYPE_CHECKING:
    from .._http.clock import Clock
    from .._smtp_auth.identity import Entry
    from .._smtp_auth.mailbox import Mailbox
    from .journal import Journal
    from .mailboxes import Found, MailboxStore

# Called with the steps that would be written, even if there are none, before the first write, in check mode too. A
# failure refuses: nothing is written, and the task fails with it. None lets it go on.
BeforeWriting = Callable[[Sequence[Step]], "Failure | None"]


@dataclasses.dataclass(slots=True)  # sixty thousand of these are held at once
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
    """The records in the entries' order, and what makes the task fail, if anything does."""

    records: list[Record]
    failure: Failure | None = None
    also_changed: str = ""  # what was changed beside the mailboxes
    writing: bool = False  # whether anything can have been written: from then on this tells what was done
    warnings: list[str] = dataclasses.field(default_factory=list)
    refused: bool = False  # the plan was there, and a guard refused it: nothing was written
    planned: list[Record] = dataclasses.field(default_factory=list)  # what it would have changed

    def fail(self, failure: Failure) -> None:
        """Add a sentence to what makes the task fail. The first code and the first request stay."""
        self.failure = failure.after(self.failure)


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
    _ask(report, changes, manner)
    if report.refused:
        report.planned = planned_records(report, changes)
        return
    if manner.check_mode:
        _mark_planned(report, changes)
    elif changes or manner.turn:
        if journal:
            journal.open()
        clock.shield()
        report.writing = True
        _guarded(report, lambda: _write(store, clock, report, changes, manner, journal))
    _guarded(report, lambda: summarize(report, check_mode=manner.check_mode))


def _ask(report: Report, changes: Sequence[Step], manner: Manner) -> None:
    """Book whether the plan is refused. What can't be checked refuses it too, so that the plan is told all the same."""
    try:
        refusal = manner.before_writing(changes) if manner.before_writing else None
    except M365Error as error:
        text = f"Nothing was written: what has to be checked before couldn't be. {error.message}"
        refusal = Failure.of(error, text)
    if refusal:
        report.fail(refusal)
        report.refused = True


def _guarded(report: Report, action: Callable[[], None]) -> None:
    """Whatever is raised ends as a failure in the report, beside what was done."""
    try:
        action()
    except Exception as error:
        report.fail(Failure.of(internal_error(error)))


def _write(
    store: MailboxStore, clock: Clock, report: Report, changes: Sequence[Step], manner: Manner, journal: Journal | None
) -> None:
    if manner.turn:
        _write_in_halves(Writing(store, clock, report, journal, verify=True), report, changes, manner.turn)
    else:
        Writing(store, clock, report, journal, verify=manner.verify).carry_out(changes)


def _write_in_halves(writing: Writing, report: Report, changes: Sequence[Step], turn: Turn) -> None:
    first = [step for step in changes if turn.first(step)]
    second = [step for step in changes if not turn.first(step)]
    writing.carry_out(first)
    failed = bool(report.failure) or any(record.error and not record.missing for record in report.records)
    if not failed and _made(turn, report):
        writing.carry_out(second)
        return
    records = {record.entry.position: record for record in report.records}
    for step in second:
        records[step.entry.position].error = M365Error(f"Not changed: {turn.what} wasn't changed.", code="not_tried")
    if failed:
        what = turn.what[:1].upper() + turn.what[1:]
        report.fail(Failure("", f"{what} wasn't changed, because not all that comes before it is done."))


def _made(turn: Turn, report: Report) -> bool:
    made: list[bool] = []
    _guarded(report, lambda: made.append(turn.make()))
    return made == [True]


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
        report.fail(Failure("ambiguous", f"Nothing was written: {shown(ambiguous)}."))
        return []
    if missing and wish.missing == "fail":
        failure = Failure(
            "not_found",
            f"Nothing was written: {_number(missing)} not found: {shown(missing, names_only=True)}. Correct the list, "
            "or set missing to warn to leave them out.",
        )
        report.fail(failure)
        return []
    if missing:
        report.warnings.append(f"{_number(missing)} not found and left out: {shown(missing, names_only=True)}.")
    try:
        return make_plan(entries, found.mailboxes, wish.state)
    except PlanError as error:
        report.fail(Failure("duplicate", f"Nothing was written: {error}"))
        return []


def planned_records(report: Report, changes: Sequence[Step]) -> list[Record]:
    """The records of these steps as they would be once they are carried out."""
    by_position = {record.entry.position: record for record in report.records}
    return [dataclasses.replace(by_position[step.entry.position], after=step.wanted, changed=True) for step in changes]


def _mark_planned(report: Report, changes: Sequence[Step]) -> None:
    planned = {record.entry.position: record for record in planned_records(report, changes)}
    report.records = [planned.get(record.entry.position, record) for record in report.records]


def _number(records: Sequence[Record]) -> str:
    return "1 mailbox was" if len(records) == 1 else f"{len(records)} mailboxes were"
