# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The organization's switch: read it, and change it with the mailboxes in view that follow it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .._errors import (
    AccessDeniedError,
    DeadlineError,
    Failure,
    M365Error,
    UnexpectedAnswerError,
    internal_error,
)
from .._exchange.batch import BatchRun
from .._exchange.wire import Command, CommandResult
from .._smtp_auth.journal_words import NOT_WRITTEN, WRITTEN
from .._smtp_auth.journal_words import UNKNOWN as NOT_KNOWN
from .._smtp_auth.organization import Switch
from .._smtp_auth.state import INHERIT, UnreadableStateError

if TYPE_CHECKING:
    from .._exchange.client import ExchangeClient
    from .._http.clock import Clock
    from .._smtp_auth.mailbox import Mailbox
    from .mailboxes import MailboxStore

UNKNOWN = "unknown"

# Seconds before each further look at what was written: back ends may lag a little.
_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)


@dataclasses.dataclass(frozen=True)
class Organization:
    """The tenant-wide setting: ``enabled``, ``disabled``, or ``unknown`` with the reason."""

    state: str
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class SwitchWish:
    """What is asked for. ``legacy_tls``: None leaves it. ``max_changes``: of mailboxes that follow; None for any."""

    state: str
    legacy_tls: bool | None = None
    max_changes: int | None = None
    verify: bool = True
    check_mode: bool = False


@dataclasses.dataclass
class SwitchReport:
    """What came of it. ``after`` is None where that isn't known; ``followers`` where nobody had to be counted.

    ``planned``: what it would have become, where a check kept it from being written. ``writing``: whether anything can
    have been written. ``outcome``: of the write, as the journal says it; empty where none was begun.
    """

    before: Switch
    after: Switch | None
    changed: bool = False
    followers: list[Mailbox] | None = None
    planned: Switch | None = None
    writing: bool = False
    outcome: str = ""
    failure: Failure | None = None


def read_switch(client: ExchangeClient) -> Switch:
    """
    :raises M365Error: it can't be read.
    """
    return _switch_of(client.invoke(Command("Get-TransportConfig")))


def _switch_of(result: CommandResult) -> Switch:
    try:
        return Switch.from_rows(result.rows)
    except UnreadableStateError as error:
        raise UnexpectedAnswerError(f"{error}. Check the roles of the app: they may hide the property.") from error


def read_organization(client: ExchangeClient) -> Organization:
    """Where the app may not read it, or the answer doesn't tell, the state is unknown, and the reason says why.

    :raises M365Error: any other failure.
    """
    try:
        return Organization(Switch.from_rows(client.invoke(Command("Get-TransportConfig")).rows).state)
    except AccessDeniedError as error:
        return Organization(UNKNOWN, error.message)
    except UnreadableStateError as error:
        return Organization(UNKNOWN, f"{error}.")


def set_organization(
    client: ExchangeClient,
    find_followers: Callable[[], list[Mailbox]],
    clock: Clock,
    wish: SwitchWish,
    before_writing: Callable[[Switch], None] | None = None,
) -> SwitchReport:
    """Read, count who follows, write what differs, read back. Check mode ends after the count.

    :param find_followers: called only if the state changes: it may list the whole tenant.
    :param before_writing: called with what it is now, right before the write. If it raises, nothing is written.
    :raises M365Error: only before anything was written.
    """
    before = read_switch(client)
    try:
        parameters = before.changes(wish.state, wish.legacy_tls)
    except UnreadableStateError as error:
        raise UnexpectedAnswerError(f"{error}; nothing was written.") from error
    report = SwitchReport(before, before)
    if not parameters:
        return report
    wanted = Switch(wish.state, before.legacy_tls if wish.legacy_tls is None else wish.legacy_tls)
    if wish.state != before.state:
        report.followers = find_followers()
        if wish.max_changes is not None and len(report.followers) > wish.max_changes:
            report.planned = wanted
            report.failure = Failure(
                "max_changes",
                f"{len(report.followers):,} mailboxes inherit the organization's setting and would change with it, "
                f"more than max_changes={wish.max_changes}; nothing was written. Give those that have to keep what "
                f"they have a setting of their own, then raise max_changes if the rest is right.",
            )
            return report
    if wish.check_mode:
        report.after, report.changed = wanted, True
        return report
    if before_writing:
        before_writing(before)
    clock.shield()
    report.writing, report.outcome = True, NOT_KNOWN
    try:
        _write(client, clock, report, wanted, parameters, verify=wish.verify)
    except Exception as error:  # whatever it is: it may have come after the write
        if report.outcome == NOT_KNOWN:
            report.after, report.changed = None, True
        report.failure = Failure.of(internal_error(error))
    return report


def followers(store: MailboxStore) -> list[Mailbox]:
    """The mailboxes without a setting of their own, by address.

    :raises M365Error: the list of mailboxes can't be had whole.
    """
    found = [mailbox for mailbox in store.everybody() if mailbox.state == INHERIT]
    return sorted(found, key=lambda mailbox: (mailbox.primary_smtp_address.casefold(), mailbox.guid))


def _write(
    client: ExchangeClient,
    clock: Clock,
    report: SwitchReport,
    wanted: Switch,
    parameters: Mapping[str, bool | None],
    *,
    verify: bool,
) -> None:
    """Books in ``report`` what became of it."""
    lost: M365Error | None = None
    try:
        _run(client, Command("Set-TransportConfig", parameters, subject="the organization"))
        report.outcome = WRITTEN
    except M365Error as error:
        if not error.may_have_worked:
            report.outcome = NOT_WRITTEN
            report.failure = Failure.of(error)
            return
        lost = error
    report.after, report.changed = (wanted, True) if lost is None else (None, True)
    if lost is None and not verify:
        return
    try:
        seen = _look(client, clock, wanted, report)
    except M365Error as error:
        if report.after != wanted:
            report.outcome = NOT_KNOWN
        said = f"{lost.message} It may have been done all the same. " if lost else ""
        text = f"{said}What the organization's setting is now couldn't be read: {error.message}"
        report.failure = Failure.of(lost or error, text)
        return
    report.after, report.changed = seen, seen != report.before
    if seen == wanted:
        return
    if lost:
        now = (
            "Nothing was changed." if seen == report.before else f"The organization's setting now reads {_text(seen)}."
        )
        report.failure = Failure.of(lost, f"{lost.message} {now} Run the task again.")
        return
    report.changed, report.outcome = True, NOT_KNOWN
    report.failure = Failure(
        "not_confirmed",
        f"The change was taken, but the organization's setting still reads {_text(seen)}. It may only be slow: look "
        f"again in a few minutes before you change it once more.",
    )


def _run(client: ExchangeClient, command: Command) -> CommandResult:
    """Run it beside the main thread, which goes on looking at the clock: an answer that hangs doesn't hold the task.

    :raises M365Error: typed, or that no answer came in time.
    """
    for _place, outcome in BatchRun(client, [command], 1):
        if isinstance(outcome, M365Error):
            raise outcome
        return outcome
    raise AssertionError  # a run gives every place


def _reread(client: ExchangeClient) -> Switch:
    """
    :raises M365Error: it can't be read.
    """
    return _switch_of(_run(client, Command("Get-TransportConfig")))


def _look(client: ExchangeClient, clock: Clock, wanted: Switch, report: SwitchReport) -> Switch:
    """The switch as it reads once it shows what was written, or at the last look that there is time for. Every look is
    booked: if the next one fails, it is the last that is known.
    """
    report.after = seen = _reread(client)
    for pause in _PAUSES:
        if seen == wanted:
            break
        try:
            clock.wait(pause, "Set-TransportConfig doesn't show yet")
        except DeadlineError:
            break
        report.after = seen = _reread(client)
    return seen


def _text(switch: Switch) -> str:
    if switch.legacy_tls is None:
        return switch.state
    return f"{switch.state}, with legacy TLS clients {'allowed' if switch.legacy_tls else 'refused'}"
