# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The write pass of a plan, and the looks at what came of it.

From the first write on, nothing that goes wrong may hide what was done: every outcome is booked in the report as it
comes, and whatever is raised here ends as a failure in the report.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._errors import Failure, M365Error, NotFoundError, ServiceError, internal_error
from .._exchange.wire import CommandResult
from .._smtp_auth.journal_words import INTENT, NOT_WRITTEN, UNKNOWN, WRITTEN
from .._smtp_auth.several import first_of
from .journal import Journal, JournalError, Noted

if TYPE_CHECKING:
    from .._exchange.batch import BatchRun, Outcome
    from .._http.clock import Clock
    from .._smtp_auth.plan import Step
    from .mailboxes import MailboxStore
    from .set_mailboxes import Report

# Seconds before each further look at a mailbox that doesn't show what was written: back ends may lag a little.
_LOOKS = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)
_SHOWN = 5


class Writing:
    """Books every outcome in the report's records as it comes. Raises nothing."""

    def __init__(
        self, store: MailboxStore, clock: Clock, report: Report, journal: Journal | None, *, verify: bool
    ) -> None:
        self._store = store
        self._clock = clock
        self._report = report
        self._journal = journal
        self._verify = verify
        self._records = {record.entry.position: record for record in report.records}
        self._intended: set[int] = set()
        self._booked: set[int] = set()
        self._uncertain: set[int] = set()
        self._unrecorded: list[str] = []
        self._journal_error: M365Error | None = None

    def carry_out(self, changes: Sequence[Step]) -> None:
        self._write(changes)
        steps = [
            step
            for step in changes
            if (self._verify and self._records[step.entry.position].changed) or step.entry.position in self._uncertain
        ]
        try:
            self._look(steps)
        except Exception as error:
            unread = internal_error(error)
            text = f"What was written wasn't all read back. {unread.message}"
            self._report.fail(Failure.of(unread, text))

    # Writing ---------------------------------------------------------------------------------------------------------

    def _write(self, changes: Sequence[Step]) -> None:
        run: BatchRun | None = None
        try:
            run = self._store.write(
                [(step.mailbox, step.wanted) for step in changes],
                lambda places: self._intend([changes[place] for place in places]),
            )
            stage, failed = self._store.stage("written", len(changes)), 0
            for done, (place, outcome) in enumerate(run, start=1):
                self._book(run, changes[place], outcome)
                failed += isinstance(outcome, M365Error)
                stage.reached(done, failed)
        except Exception as error:
            self._give_up(changes, run, internal_error(error))

    def _book(self, run: BatchRun, step: Step, outcome: Outcome) -> None:
        record = self._records[step.entry.position]
        self._booked.add(step.entry.position)
        if isinstance(outcome, CommandResult):
            record.changed, record.after = True, step.wanted
            self._record(run, step, WRITTEN)
            return
        record.error = outcome
        if isinstance(outcome, NotFoundError):
            record.after = None
        if outcome.may_have_worked:
            record.changed, record.after = True, None
            self._uncertain.add(step.entry.position)
            self._record(run, step, UNKNOWN)
        else:
            self._record(run, step, NOT_WRITTEN)

    def _give_up(self, changes: Sequence[Step], run: BatchRun | None, error: M365Error) -> None:
        """The run has broken down: what was sent and isn't booked may have been done, the rest isn't."""
        left = [(place, step) for place, step in enumerate(changes) if step.entry.position not in self._booked]
        for place, step in left:
            record = self._records[step.entry.position]
            record.error = error
            if run and place in run.sent:
                record.changed, record.after = True, None
                self._uncertain.add(step.entry.position)
        if not left:  # else the mailboxes' errors tell it
            self._report.fail(Failure.of(error))

    # The journal -----------------------------------------------------------------------------------------------------

    def _intend(self, steps: Sequence[Step]) -> None:
        """Lines for what is about to be sent.

        :raises M365Error: they can't be written: it mustn't be sent, nor anything after it.
        """
        if not self._journal:
            return
        if self._journal_error:
            raise self._journal_error
        try:
            self._journal.note(self._store.tenant, [_noted(step) for step in steps], INTENT)
            self._intended.update(step.entry.position for step in steps)
        except Exception as error:
            self._journal_error = _journal_error(error)
            text = f"{self._journal_error.message} Nothing further was changed."
            self._report.fail(Failure.of(self._journal_error, text))
            raise self._journal_error from None

    def _record(self, run: BatchRun, step: Step, outcome: str) -> None:
        """A line for an outcome. The first that can't be written ends the run, and no further one is tried."""
        if not self._journal or (outcome == NOT_WRITTEN and step.entry.position not in self._intended):
            return
        if self._journal_error is None:
            try:
                self._journal.note(self._store.tenant, [_noted(step)], outcome)
                return
            except Exception as error:
                self._journal_error = _journal_error(error)
                run.end(self._journal_error)
        if outcome == NOT_WRITTEN:
            return
        self._unrecorded.append(step.entry.text)
        text = (
            f"{self._journal_error.message} Nothing further was changed. The journal tells that these were to be "
            f"changed, not that they were: {first_of(self._unrecorded, _SHOWN)}."
        )
        self._report.failure = Failure.of(self._journal_error, text)

    # Looking ---------------------------------------------------------------------------------------------------------

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
            self._doubt(step)
            record.error = ServiceError(
                f"The service took the change to {step.wanted} but still shows {record.after}. It may only be slow: "
                "run the task again in some minutes.",
                code="not_confirmed",
            )

    def _doubt(self, step: Step) -> None:
        """The journal says that it was written, and it doesn't show: whoever restores has to reckon with both."""
        if not self._journal or self._journal_error:
            return
        try:
            self._journal.note(self._store.tenant, [_noted(step)], UNKNOWN)
        except Exception as error:
            self._journal_error = _journal_error(error)
            self._report.fail(Failure.of(self._journal_error))

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
                self._doubt(step)
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


def _noted(step: Step) -> Noted:
    return Noted(step.entry.text, step.mailbox.guid, step.mailbox.state, step.wanted)


def _journal_error(error: Exception) -> M365Error:
    return error if isinstance(error, M365Error) else JournalError(f"The journal can't be written: {error}.")
