# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is booked of a write pass, however it goes: never more than was done, and never less."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import (
    AccessDeniedError,
    AmbiguousError,
    DeadlineError,
    Failure,
    InterruptedTaskError,
    M365Error,
    NetworkError,
    NotFoundError,
    ServiceError,
    SignInError,
    ThrottledError,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.wire import CommandResult
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.clock import Clock
from ansible_collections.m365ops.exchange_online.plugins.module_utils._progress import Progress, Stage
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.identity import parse_entries
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox import Mailbox
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.plan import Step
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.journal import JournalError, Noted
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.mailboxes import Found
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.set_mailboxes import (
    Manner,
    Report,
    Turn,
    Wish,
    carry_out,
    record_of_step,
    set_mailboxes,
)

DONE = CommandResult([], [])


class NoWait(Clock):
    """Waits cost nothing."""

    def wait(self, seconds: float, why: str) -> None:
        self.check()


class Outcomes(list):  # type: ignore[type-arg]
    """A batch run whose outcomes are known beforehand."""

    ended: M365Error | None = None
    sent: Collection[int] = ()

    def end(self, reason: M365Error) -> None:
        self.ended = reason


class Store:
    """Mailboxes 1 to n in the state inherit. ``outcomes``: of the writes, by place. ``now``: what each look shows."""

    tenant = "a-tenant"

    def __init__(self, outcomes: Sequence[Any] = (), now: Callable[[str], Any] | None = None) -> None:
        self.outcomes = outcomes
        self.now = now or (lambda guid: Mailbox(guid, "", "", "enabled"))
        self.looks = 0
        self.written: list[str] = []
        self.errors: dict[int, M365Error] = {}

    def find(self, entries: Sequence[Any]) -> Found:
        found = {
            entry.position: Mailbox(f"g{entry.position}", entry.text, "", "inherit")
            for entry in entries
            if entry.position not in self.errors
        }
        return Found(found, self.errors)

    def write(self, changes: Sequence[tuple[Mailbox, str]], before_sending: Any) -> Outcomes:
        self.written = [mailbox.guid for mailbox, _state in changes]
        self.run = Outcomes((place, self.outcomes[place]) for place in range(len(changes)))
        self.run.sent = range(len(changes))
        try:
            before_sending(self.run.sent)
        except M365Error as error:
            self.run[:] = [(place, M365Error("Not tried", code=error.code)) for place in self.run.sent]
        return self.run

    def stage(self, name: str, total: int) -> Stage:
        return Progress().stage(name, total)

    def reread(self, guids: Sequence[str]) -> dict[str, Any]:
        self.looks += 1
        answers = {guid: self.now(guid) for guid in guids}
        for answer in answers.values():
            if isinstance(answer, (DeadlineError, InterruptedTaskError, SignInError, NetworkError)):
                raise answer
        return answers


def run(store: Store, number: int, journal: Any = None, **wish: Any) -> Report:
    entries = parse_entries([f"user{place}@contoso.com" for place in range(1, number + 1)])
    return set_mailboxes(store, NoWait(60.0), entries, Wish("enabled", **wish), journal)  # type: ignore[arg-type]


def shown(report: Report) -> list[tuple[str | None, bool, str]]:
    return [(record.after, record.changed, record.error.code if record.error else "") for record in report.records]


def unclear(error: M365Error) -> M365Error:
    error.may_have_worked = True
    return error


def state(value: str) -> Callable[[str], Mailbox]:
    return lambda guid: Mailbox(guid, "", "", value)


@pytest.mark.parametrize(
    ("outcome", "now", "after", "changed", "code"),
    [
        (DONE, state("enabled"), "enabled", True, ""),
        (DONE, state("inherit"), "inherit", True, "not_confirmed"),
        (DONE, lambda _guid: NotFoundError("gone"), None, True, "not_found"),
        (DONE, lambda _guid: ServiceError("x", status=500), "enabled", True, "not_verified"),
        # No answer: the look tells.
        (NetworkError("x"), state("enabled"), "enabled", True, ""),
        (NetworkError("x"), state("inherit"), "inherit", False, "network"),
        (NetworkError("x"), state("disabled"), "disabled", True, "network"),
        (NetworkError("x"), lambda _guid: ServiceError("x", status=500), None, True, "network"),
        (ServiceError("x", status=503), state("enabled"), "enabled", True, ""),
        (unclear(ThrottledError("x", status=429)), state("enabled"), "enabled", True, ""),
        (unclear(DeadlineError("x")), state("enabled"), "enabled", True, ""),
        # A refusal: nothing was done, and nobody looks.
        (ServiceError("x", status=400), state("enabled"), "inherit", False, "service_error"),
        (NotFoundError("gone", status=404), state("enabled"), None, False, "not_found"),
        (ThrottledError("x", status=429), state("enabled"), "inherit", False, "throttled"),
        (M365Error("Not tried", code="deadline"), state("enabled"), "inherit", False, "deadline"),
    ],
)
def test_one_mailbox(outcome: Any, now: Any, after: str | None, changed: bool, code: str) -> None:
    report = run(Store([outcome], now), 1)
    assert shown(report) == [(after, changed, code)]
    assert (report.failure.code if report.failure else "") == code


@pytest.mark.parametrize(
    "error",
    [
        DeadlineError("Over."),
        InterruptedTaskError("Stopped."),
        SignInError("No.", request_id="r-1"),
        NetworkError("No."),
    ],
)
def test_what_was_written_is_told_even_if_nothing_can_be_read_back(error: M365Error) -> None:
    report = run(Store([DONE, DONE], lambda _guid: error), 2)
    assert shown(report) == [("enabled", True, ""), ("enabled", True, "")]
    assert "wasn't all read back" in report.failure.message
    assert (report.failure.code, report.failure.request_id) == (error.code, error.request_id)


def test_one_failure_does_not_stop_the_others() -> None:
    report = run(Store([DONE, ServiceError("Out of scope.", status=400), DONE]), 3)
    assert shown(report) == [("enabled", True, ""), ("inherit", False, "service_error"), ("enabled", True, "")]
    assert report.failure.message.startswith(
        "1 of 3 mailboxes failed: user2@contoso.com: Out of scope. 2 were changed. "
    )


def test_looks_are_bounded_and_never_write() -> None:
    store = Store([DONE], state("inherit"))
    run(store, 1)
    assert store.looks == 6
    assert store.written == ["g1"]


def test_a_read_that_lags_settles() -> None:
    store = Store([DONE, DONE])
    store.now = lambda guid: Mailbox(guid, "", "", "inherit" if store.looks < 3 and guid == "g2" else "enabled")
    assert shown(run(store, 2)) == [("enabled", True, ""), ("enabled", True, "")]
    assert store.looks == 3


def test_without_verify_only_what_is_unclear_is_looked_at() -> None:
    seen: list[str] = []

    def now(guid: str) -> Mailbox:
        seen.append(guid)
        return Mailbox(guid, "", "", "enabled")

    assert not run(Store([DONE, NetworkError("x")], now), 2, verify=False).failure
    assert seen == ["g2"]


def test_check_mode_plans_and_writes_nothing() -> None:
    store = Store()
    assert shown(run(store, 2, check_mode=True)) == [("enabled", True, ""), ("enabled", True, "")]
    assert (store.written, store.looks) == ([], 0)


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("errors", "wish", "code"),
    [
        ({2: NotFoundError("gone")}, {}, "not_found"),
        ({2: AmbiguousError("several")}, {"missing": "warn"}, "ambiguous"),
    ],
)
def test_a_list_that_cannot_be_carried_out_changes_nothing(
    errors: dict[int, M365Error], wish: dict[str, Any], code: str, check_mode: bool
) -> None:
    store = Store([DONE, DONE])
    store.errors = errors
    report = run(store, 2, check_mode=check_mode, **wish)
    assert report.failure.code == code
    assert not any(record.changed for record in report.records)
    assert store.written == []


def test_missing_may_be_left_out_with_a_warning() -> None:
    store = Store([DONE, DONE])
    store.errors = {2: NotFoundError("gone")}
    report = run(store, 3, missing="warn")
    assert (report.failure, store.written) == (None, ["g1", "g3"])
    assert "user2@contoso.com" in report.warnings[0]


class Journal:
    """Keeps its lines; the one at ``full_at`` can't be written, with ``error``."""

    def __init__(self, full_at: int = 99, error: Exception | None = None) -> None:
        self.full_at = full_at
        self.error = error or JournalError("The journal is full.")
        self.lines: list[tuple[str, str]] = []
        self.opened = False

    def open(self) -> None:
        self.opened = True

    def note(self, _tenant: str, changes: Sequence[Noted], outcome: str) -> None:
        if len(self.lines) + len(changes) > self.full_at:
            raise self.error
        self.lines.extend((change.guid, outcome) for change in changes)


INTENTS = [("g1", "intent"), ("g2", "intent"), ("g3", "intent")]


def test_the_journal_holds_what_is_to_be_written_and_what_came_of_it() -> None:
    journal = Journal()
    run(Store([DONE, ServiceError("x", status=400), NetworkError("x")]), 3, journal)
    assert journal.lines == [*INTENTS, ("g1", "written"), ("g2", "not_written"), ("g3", "unknown")]


@pytest.mark.parametrize("error", [None, RuntimeError("x"), MemoryError(), RecursionError()])
def test_what_cannot_be_announced_is_not_written(error: Exception | None) -> None:
    store = Store([DONE, DONE])
    report = run(store, 2, Journal(full_at=1, error=error))
    assert shown(report) == [("inherit", False, "journal")] * 2
    assert report.failure.code == "journal"
    assert "Nothing further was changed" in report.failure.message


@pytest.mark.parametrize("error", [None, RuntimeError("x"), MemoryError(), RecursionError()])
def test_without_its_journal_the_run_ends(error: Exception | None) -> None:
    store = Store([DONE, DONE, DONE])
    report = run(store, 3, Journal(full_at=4, error=error))
    assert isinstance(store.run.ended, JournalError)
    assert [record.changed for record in report.records] == [True] * 3, "what was in flight was written all the same"
    assert report.failure.code == "journal"
    assert "user2@contoso.com, user3@contoso.com" in report.failure.message


@pytest.mark.parametrize("now", [state("inherit"), lambda _guid: ServiceError("x", status=500)])
def test_the_journal_tells_of_what_was_taken_and_does_not_show(now: Any) -> None:
    journal = Journal()
    run(Store([DONE], now), 1, journal)
    assert journal.lines == [("g1", "intent"), ("g1", "written"), ("g1", "unknown")]


def test_a_journal_that_fills_up_over_a_doubt_is_told() -> None:
    report = run(Store([DONE], state("inherit")), 1, Journal(full_at=2))
    assert shown(report) == [("inherit", True, "not_confirmed")]
    assert "The journal is full." in report.failure.message


def test_a_fault_of_the_program_is_looked_at_like_a_lost_answer() -> None:
    fault = M365Error("Internal error", code="internal")
    fault.may_have_worked = True
    journal = Journal()
    report = run(Store([fault]), 1, journal)
    assert journal.lines == [("g1", "intent"), ("g1", "unknown")]
    assert report.records[0].changed is True


FAULTS = [ValueError("x"), UnicodeEncodeError("utf-8", "x", 0, 1, "x"), MemoryError(), RecursionError(), KeyError("x")]


class Broken(Outcomes):
    """A run that breaks down after its first outcome, with two of three mailboxes sent."""

    def __init__(self, error: Exception) -> None:
        super().__init__([(0, DONE)])
        self.error = error
        self.sent = {0, 1}

    def __iter__(self) -> Iterator[Any]:
        yield from super().__iter__()
        raise self.error


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("error", FAULTS)
def test_a_run_that_breaks_down_tells_what_was_done_and_looks_at_what_may_be(error: Exception, verify: bool) -> None:
    """What wasn't sent isn't this run's, whatever it is by now."""
    store = Store()
    store.write = lambda changes, before: before(range(len(changes))) or Broken(error)  # type: ignore[method-assign]
    report = run(store, 3, verify=verify)
    assert shown(report) == [("enabled", True, ""), ("enabled", True, ""), ("inherit", False, "internal")]
    assert (report.writing, report.failure.code) == (True, "internal")
    assert type(error).__name__ in report.failure.message


@pytest.mark.parametrize("error", FAULTS)
def test_a_look_that_breaks_down_takes_nothing_away(error: Exception) -> None:
    store = Store([DONE, DONE])
    store.reread = lambda _guids: (none for none in ()).throw(error)  # type: ignore[method-assign]
    report = run(store, 2)
    assert shown(report) == [("enabled", True, ""), ("enabled", True, "")]
    assert "wasn't all read back" in report.failure.message
    assert report.failure.code == "internal"


def test_a_turn_that_breaks_down_takes_nothing_away() -> None:
    store = Halves([DONE, DONE])
    report = in_halves(store, makes=ZeroDivisionError("x"))
    assert shown(report) == [("enabled", True, ""), ("enabled", True, ""), ("inherit", False, "not_tried")]
    assert "ZeroDivisionError" in report.failure.message


LASTING = AccessDeniedError("No.", status=403)


@pytest.mark.parametrize(
    ("outcomes", "now", "said", "unsaid"),
    [
        ([DONE, NetworkError("x")], state("inherit"), ["Run the task again to finish."], ["won't pass"]),
        ([DONE, LASTING], state("enabled"), ["1 was changed.", "That won't pass by itself"], ["Run the task again"]),
        ([LASTING, LASTING], state("enabled"), ["Nothing was changed.", "That won't pass by itself"], ["again to fin"]),
        ([LASTING, ThrottledError("x", status=429)], state("enabled"), ["1 of these will fail again"], ["to finish"]),
        # The service took it and it doesn't show: changed, and none of the mailboxes is without an error.
        ([DONE, DONE], state("inherit"), ["Of those that failed, 2 were changed or may"], ["0 ", "Nothing was"]),
        ([DONE, LASTING], state("inherit"), ["Of those that failed, 1 was changed or may"], ["0 ", "Nothing was"]),
    ],
)
def test_the_last_sentences_say_what_was_done_and_what_helps(
    outcomes: list[Any], now: Any, said: list[str], unsaid: list[str]
) -> None:
    report = run(Store(outcomes, now), 2)
    assert any(record.changed for record in report.records) is ("Nothing was changed" not in report.failure.message)
    for text in said:
        assert text in report.failure.message
    for text in unsaid:
        assert text not in report.failure.message


def test_no_journal_is_opened_where_nothing_is_written() -> None:
    journal = Journal()
    run(Store(), 1, journal, check_mode=True)
    assert not journal.opened


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_guard_sees_what_would_be_written_and_may_refuse_it(check_mode: bool) -> None:
    store, journal = Store([DONE, DONE]), Journal()
    seen: list[list[str]] = []

    def refuse(steps: Sequence[Any]) -> Failure:
        seen.append([step.mailbox.guid for step in steps])
        return Failure("blocked", "Nothing was written: no.")

    report = guarded(store, refuse, journal, check_mode=check_mode)
    assert seen == [["g1", "g2"]]
    assert report.failure == Failure("blocked", "Nothing was written: no.")
    assert shown(report) == [("inherit", False, ""), ("inherit", False, "")]
    assert [(record.entry.text, record.after) for record in report.planned] == [
        ("user1@contoso.com", "enabled"),
        ("user2@contoso.com", "enabled"),
    ]
    assert (store.written, journal.opened) == ([], False)


@pytest.mark.parametrize(
    "error",
    [ServiceError("Down.", status=503, request_id="r-1"), DeadlineError("Over."), InterruptedTaskError("Stop.")],
)
def test_a_guard_that_cannot_tell_refuses_and_the_plan_is_told(error: M365Error) -> None:
    store, journal = Store([DONE, DONE]), Journal()

    def blind(_steps: Sequence[Any]) -> None:
        raise error

    report = guarded(store, blind, journal)
    assert (report.failure.code, report.failure.request_id, report.refused) == (error.code, error.request_id, True)
    assert report.failure.message.startswith("Nothing was written: ")
    assert report.failure.message.endswith(error.message)
    assert len(report.planned) == 2
    assert (store.written, journal.opened) == ([], False)


def test_a_guard_that_has_nothing_against_it_lets_it_go_on() -> None:
    store = Store([DONE, DONE])
    assert not guarded(store, lambda _steps: None).failure
    assert store.written == ["g1", "g2"]


def test_a_guard_is_asked_where_nothing_is_to_be_written_too() -> None:
    """That nothing is to be done may be another plan than the one that was looked at."""
    report = guarded(Store(), lambda steps: None if steps else Failure("another_plan", "No."), state="inherit")
    assert (report.failure.code, report.refused, report.planned) == ("another_plan", True, [])


def guarded(
    store: Store, guard: Any, journal: Any = None, *, state: str = "enabled", check_mode: bool = False
) -> Report:
    entries = parse_entries(["user1@contoso.com", "user2@contoso.com"])
    wish = Wish(state, check_mode=check_mode)
    return set_mailboxes(store, NoWait(60.0), entries, wish, journal, guard)  # type: ignore[arg-type]


# Two halves with something in between ---------------------------------------------------------------------------------


class Halves(Store):
    """Keeps the order of what is done; each write pass has the next of these outcomes."""

    def __init__(self, *passes: Sequence[Any], now: Callable[[str], Any] | None = None) -> None:
        super().__init__((), now)
        self.passes = list(passes)
        self.done: list[Any] = []

    def write(self, changes: Sequence[tuple[Mailbox, str]], before_sending: Any) -> Outcomes:
        self.done.append([mailbox.guid for mailbox, _state in changes])
        self.outcomes = self.passes.pop(0)
        return super().write(changes, before_sending)

    def reread(self, guids: Sequence[str]) -> dict[str, Any]:
        self.done.append("look")
        return super().reread(guids)


def in_halves(store: Halves, *, makes: bool | Exception = True, **manner: Any) -> Report:
    """Mailboxes 1 and 2 belong to the first half, 3 to the second."""
    entries = parse_entries([f"user{place}@contoso.com" for place in (1, 2, 3)])
    found = store.find(entries).mailboxes
    steps = [Step(entry, found[entry.position], "enabled") for entry in entries]
    report = Report([record_of_step(step) for step in steps])

    def make() -> bool:
        store.done.append("turn")
        if isinstance(makes, Exception):
            raise makes
        return makes

    turn = Turn(lambda step: step.entry.position < 3, make, "the switch")
    carry_out(store, NoWait(60.0), report, steps, Manner(turn=turn, **manner), None)  # type: ignore[arg-type]
    return report


def test_what_is_in_between_comes_after_the_first_half_is_read_back() -> None:
    store = Halves([DONE, DONE], [DONE])
    assert not in_halves(store, verify=False).failure
    assert store.done == [["g1", "g2"], "look", "turn", ["g3"], "look"]


@pytest.mark.parametrize(
    ("outcome", "now"),
    [
        (ServiceError("No.", status=400), state("enabled")),
        (DONE, state("inherit")),
        (NetworkError("x"), state("inherit")),
        (DONE, lambda _guid: ServiceError("x", status=500)),
        (DONE, lambda _guid: DeadlineError("Over.")),
    ],
)
def test_if_any_of_the_first_half_is_not_there_nothing_follows(outcome: Any, now: Any) -> None:
    store = Halves([DONE, outcome], now=now)
    report = in_halves(store)
    assert "turn" not in store.done
    assert "The switch wasn't changed" in report.failure.message
    assert shown(report)[2] == ("inherit", False, "not_tried")


def test_if_the_turn_is_not_made_the_second_half_is_not_tried() -> None:
    store = Halves([DONE, DONE])
    report = in_halves(store, makes=False)
    assert store.done[-1] == "turn"
    assert shown(report) == [("enabled", True, ""), ("enabled", True, ""), ("inherit", False, "not_tried")]


def test_check_mode_does_none_of_it() -> None:
    store = Halves()
    assert shown(in_halves(store, check_mode=True)) == [("enabled", True, "")] * 3
    assert store.done == []
