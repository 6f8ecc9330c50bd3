# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What the bodies of several modules have in common."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from .._errors import Failure, InputError
from .._result.checks import in_use_result, preflight_result
from .._result.mailboxes import failure_result
from .._smtp_auth.identity import Entry, EntryError, parse_entries
from .._smtp_auth.several import first_of
from .._tenant.guards import Guard, Guards, InUse, expects, limits
from .._tenant.journal import Journal
from .._tenant.preflight import LookAhead, Preflight
from .._tenant.sign_in_log import MOST_DAYS
from .._tenant.use_guard import UseGuard

if TYPE_CHECKING:
    from .._http.clock import Clock
    from .._smtp_auth.limit import Limit
    from .._tenant.mailboxes import MailboxStore
    from .._tenant.read_mailboxes import Reading
    from .._tenant.set_mailboxes import Report
    from .runner import Task


def checked_entries(values: list[Any]) -> list[Entry]:
    try:
        return parse_entries(values)
    except EntryError as error:
        shown = first_of(error.problems, 10, between="; ")
        raise InputError(f"The list of mailboxes can't be used, nothing was asked or written: {shown}.") from error


def checked_journal(path: str | None, clock: Clock, *, check_mode: bool) -> Journal | None:
    """The journal to write; None in check mode, and without a path.

    :raises InputError: it couldn't be written.
    """
    if not path:
        return None
    journal = Journal(path, clock)
    journal.check()
    return None if check_mode else journal


def rows_wanted(task: Task, report: Report) -> str:
    """``return_mailboxes``, or what holds where it isn't given: all, or of a plan that was refused the first of it."""
    return task.options["return_mailboxes"] or ("first" if report.refused else "all")


@dataclasses.dataclass
class Checks:
    """The guards of a module that sets mailboxes as its options ask for them, and what they have found."""

    guards: Guards
    _ahead: LookAhead
    _use: UseGuard | None
    _preflight: bool = True

    def early(self, most: int, wanted: Callable[[Entry], bool] = lambda _entry: True) -> AbstractContextManager[Any]:
        """To enable so many entries at most: look at what blocks while they are still being read."""
        return self._ahead.early(most, wanted) if most and self._preflight else nullcontext()

    @property
    def warnings(self) -> list[str]:
        return [*(self._use.warnings if self._use else ()), *self._ahead.warnings]

    def result(self) -> dict[str, Any]:
        return {
            "preflight": preflight_result(self._ahead.result),
            "in_use": in_use_result(self._use.used if self._use else ()),
        }


def checks_of(task: Task, store: MailboxStore, limit: Limit | None) -> Checks:
    """Nothing is asked before there is a plan."""
    options, connection = task.options, task.connection
    days = options["refuse_if_used_within_days"]
    now = datetime.datetime.now(datetime.timezone.utc)
    use = None if days is None else UseGuard(connection.graph, days, now, options["cloud"])
    ahead = LookAhead(connection, store, datetime.date.today(), fail=options["preflight"] == "fail")
    guards: list[Guard] = [expects(options["expected_plan"]), limits(limit)]
    if use:
        guards.append(InUse(connection.exchange, use))
    if options["preflight"] != "off":
        guards.append(ahead)
    return Checks(Guards(guards), ahead, use, options["preflight"] != "off")


def no_checks_result() -> dict[str, Any]:
    """What ``Checks`` tell where nothing was planned."""
    return {"preflight": preflight_result(Preflight()), "in_use": []}


def check_days(days: int | None) -> None:
    """
    :raises InputError: the sign-in log can't be asked for so many days.
    """
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise InputError(f"refuse_if_used_within_days is {days}; it has to be from 1 to {MOST_DAYS}.")


def first_names(readings: Sequence[Reading]) -> str:
    return first_of(readings, 5, lambda reading: reading.name)


def not_read(readings: Sequence[Reading]) -> Failure | None:
    """Why a task fails that could not read all of these, missing ones apart; None if it could."""
    failed = [reading for reading in readings if reading.error and not reading.missing]
    if not failed:
        return None
    first = failed[0].error
    said = first.message if first else ""
    text = f"{len(failed)} mailboxes couldn't be read: {first_names(failed)}. The first: {said}"
    return Failure("not_read", text, first.request_id if first else "")


def with_failure(result: dict[str, Any], failure: Failure | None) -> dict[str, Any]:
    """The result of a task that fails, if there is a failure. One that is in the result already comes first."""
    if failure:
        failure = failure.after(Failure(**result["failure"]) if "failure" in result else None)
        result.update(msg=failure.message, failure=failure_result(failure))
    return result
