# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""A run in which mailboxes failed, in some sentences: what failed, what was done all the same, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._errors import Failure
from .._smtp_auth.several import first_of

if TYPE_CHECKING:
    from .set_mailboxes import Record, Report

_SHOWN = 5


def summarize(report: Report, *, check_mode: bool) -> None:
    """Add the sentences to the report's failure, if any mailbox failed."""
    failed = [record for record in report.records if record.error and not record.missing]
    if not failed:
        return
    counted = f"{len(failed)} of {len(report.records)} mailboxes failed: {shown(failed)}."
    done = _planned(report) if check_mode else _done(report)
    before = report.failure or Failure("", "")
    message = " ".join(filter(None, [before.message, counted, done, _next_step(failed)]))
    codes = {record.error.code for record in failed if record.error} | {before.code} - {""}
    code = codes.pop() if len(codes) == 1 else "several"
    request_id = failed[0].error.request_id if len(failed) == 1 and failed[0].error else before.request_id
    report.failure = Failure(code, message, request_id)


def _planned(report: Report) -> str:
    number = sum(record.changed for record in report.records if not record.error)
    return f"{number} would change." if number else "None of the others would change."


def _done(report: Report) -> str:
    """What was changed. Never that nothing was, where the result says that something is."""
    done = sum(record.changed for record in report.records if not record.error)
    open_ = sum(record.changed for record in report.records if record.error)
    sentences = []
    if done:
        sentences.append(f"{done} {'was' if done == 1 else 'were'} changed.")
    if open_:
        sentences.append(f"Of those that failed, {open_} {'was' if open_ == 1 else 'were'} changed or may have been.")
    if report.also_changed:
        sentences.append(f"{report.also_changed[:1].upper()}{report.also_changed[1:]} was changed.")
    return " ".join(sentences) or "Nothing was changed."


def _next_step(failed: Sequence[Record]) -> str:
    """A refusal that won't pass by itself isn't answered by the advice to try again."""
    lasting = sum(record.error is not None and record.error.lasting for record in failed)
    if not lasting:
        return "Run the task again to finish."
    if lasting == len(failed):
        return "That won't pass by itself: set right what the errors name, or leave these mailboxes out."
    return (
        f"Run the task again for the others; {lasting} of these will fail again until what the errors name is set "
        "right, so do that first or leave them out."
    )


def shown(records: Sequence[Record], *, names_only: bool = False) -> str:
    """The first of the records, with their errors or by name only, and how many more there are."""
    if names_only:
        return first_of(records, _SHOWN, lambda record: record.entry.text)
    return first_of(records, _SHOWN, _with_error, between="; ")


def _with_error(record: Record) -> str:
    return f"{record.entry.text}: {record.error.message.rstrip('.')}" if record.error else record.entry.text
