# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every command of a batch run comes back once, with its own outcome, whatever comes back for the others."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import (
    AccessDeniedError,
    DeadlineError,
    M365Error,
    NetworkError,
    ServiceError,
    SignInError,
    UntrustedHostError,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.batch import BatchRun
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.timings import Timings
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.wire import Command, CommandResult
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.clock import Clock
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.messages import Answer, Counters

Item = dict[str, Any]
NOT_FOUND = {"error": {"details": [{"message": "Ex6F9304|x.ManagementObjectNotFoundException|gone"}]}}


class Pacer:
    """Keeps how often it was told to slow down."""

    def __init__(self) -> None:
        self.slowed: list[float] = []
        self.why: list[str] = []

    def throttled(self, _started: float, seconds: float, why: str) -> None:
        self.slowed.append(seconds)
        self.why.append(why)


class Transport:
    """What a batch run needs of the transport; its waits cost nothing unless the service names one."""

    def __init__(self, clock: Clock, max_retries: int) -> None:
        self.clock, self.max_retries, self.pacer, self.counters = clock, max_retries, Pacer(), Counters()

    def retry_wait(self, headers: Mapping[str, str], _attempt: int) -> float:
        return float(headers.get("Retry-After", 0))

    def count_throttled(self) -> None:
        self.counters.throttled += 1

    def count_retried(self, number: int = 1) -> None:
        self.counters.retried += number


class Client:
    """An Exchange client that answers each batch by ``reply(subjects)``: the items, or an exception to raise."""

    tenant = "aaaaaaaa-1111-2222-3333-444444444444"
    connection_id = "a-connection"

    def __init__(self, reply: Callable[[list[str]], list[Item]], max_retries: int = 2, deadline: float = 60.0) -> None:
        self.transport = Transport(Clock(deadline), max_retries)
        self.reply = reply
        self.batches: list[list[str]] = []
        self.renewals: list[tuple[str, str]] = []
        self.renewal_fails: M365Error | None = None
        self.timings = Timings()
        self.seconds = 0.0
        self.doubtful = False  # whether an earlier try of each request was lost

    def send(self, build: Any, read: Any, _what: str, _cmdlet: str) -> Any:
        request = build("https://host", f"TOKEN-{len(self.renewals)}")
        subjects = [
            item["body"]["CmdletInput"]["Parameters"]["Identity"] for item in json.loads(request.body)["requests"]
        ]
        self.batches.append(subjects)
        body = json.dumps({"responses": self.reply(subjects)}).encode()
        return read(Answer(200, {}, body, request.url, self.doubtful, self.seconds))

    def denial(self, _cmdlet: str) -> str:
        return "DENIAL"

    def renew_token(self, refused: str, challenge: str = "") -> None:
        if self.renewal_fails:
            raise self.renewal_fails
        self.renewals.append((refused, challenge))


def commands(number: int, cmdlet: str = "Set-CASMailbox") -> list[Command]:
    return [Command(cmdlet, {"Identity": f"m{place}"}, subject=f"m{place}") for place in range(number)]


def done(place: int) -> Item:
    return {"id": str(place), "status": 200, "body": {"value": []}}


def refused(place: int, status: int, body: Any = None, **headers: str) -> Item:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return {"id": str(place), "status": status, "headers": named, "body": body}


def run(client: Any, number: int, concurrency: int = 1) -> dict[int, Any]:
    outcomes = list(BatchRun(client, commands(number), concurrency))
    assert sorted(place for place, _outcome in outcomes) == list(range(number)), "every place comes exactly once"
    return dict(outcomes)


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("number", [2, 9, 10, 11, 95])
def test_batches_of_ten_in_any_order_of_answers(number: int, concurrency: int) -> None:
    client = Client(lambda subjects: [done(place) for place in reversed(range(len(subjects)))])
    outcomes = run(client, number, concurrency)
    assert all(isinstance(outcome, CommandResult) for outcome in outcomes.values())
    assert sorted(map(len, client.batches), reverse=True) == [10] * (number // 10) + (
        [number % 10] if number % 10 else []
    )


def test_no_command_asks_nobody() -> None:
    client = Client(lambda _subjects: [])
    assert run(client, 0) == {}
    assert client.batches == []


def test_an_outcome_belongs_to_the_id_it_came_with() -> None:
    client = Client(lambda _subjects: [done(2), refused(0, 404, NOT_FOUND), done(1)])
    outcomes = run(client, 3)
    assert outcomes[0].code == "not_found"
    assert "m0" in outcomes[0].message
    assert isinstance(outcomes[1], CommandResult)
    assert isinstance(outcomes[2], CommandResult)
    assert len(client.batches) == 1


LOST_ITEMS: dict[str, Callable[[], list[Item]]] = {
    "absent": lambda: [done(0)],
    "an unknown id": lambda: [done(0), done(7)],
    "an id twice": lambda: [done(0), done(1), done(1)],
    "no status": lambda: [done(0), {"id": "1", "status": None, "body": {"error": {"message": "x"}}}],
    "no object": lambda: [done(0), 5],  # type: ignore[list-item]
    "errors in a success": lambda: [done(0), {"id": "1", "status": 200, "body": {"@adminapi.errors": ["x"]}}],
}


@pytest.mark.parametrize("name", [name for name in LOST_ITEMS if name != "no status"])
def test_an_item_without_a_usable_answer_is_asked_again_and_never_taken_for_done(name: str) -> None:
    client = Client(lambda subjects: LOST_ITEMS[name]() if len(subjects) == 2 else [])
    outcomes = run(client, 2)
    assert isinstance(outcomes[0], CommandResult)
    assert isinstance(outcomes[1], ServiceError)
    assert outcomes[1].code == "unexpected_answer"
    assert outcomes[1].may_have_worked, "nobody said that it wasn't done"
    assert client.batches == [["m0", "m1"], ["m1"], ["m1"]]
    assert client.transport.counters.retried == 2


@pytest.mark.parametrize("headers", [None, [], ["x"], "x", 5])
def test_odd_headers_of_an_item_do_no_harm(headers: Any) -> None:
    outcomes = run(Client(lambda _subjects: [{**done(0), "headers": headers}, done(1)]), 2)
    assert isinstance(outcomes[0], CommandResult)


UNREADABLE = [
    None, 0, 1, -1, -200, 20, 99, 100, 101, 103, 199, 300, 301, 302, 304, 307, 399, 600, 999, 2000, 10**30,
    True, False, 200.0, 400.5, "", "2e2", "OK", " 200", "0200", "+200", "-1", "200.0",
    "\u0662\u0660\u0660", [200], {"code": 200}, [],
]  # fmt: skip


@pytest.mark.parametrize("status", UNREADABLE, ids=repr)
def test_a_status_that_can_be_none_is_no_answer(status: Any) -> None:
    """Asked again, and in the end neither done nor refused: only a look tells."""
    client = Client(lambda subjects: [{**done(place), "status": status} for place in range(len(subjects))], 1)
    outcomes = run(client, 2)
    assert [len(batch) for batch in client.batches] == [2, 2]
    for outcome in outcomes.values():
        assert isinstance(outcome, M365Error)
        assert outcome.may_have_worked
        assert not outcome.lasting


@pytest.mark.parametrize("status", [200, 204, 299, "200"])
def test_a_status_of_a_success_may_be_a_number_or_its_digits(status: Any) -> None:
    outcomes = run(Client(lambda _subjects: [{**done(0), "status": status}, done(1)]), 2)
    assert isinstance(outcomes[0], CommandResult)


@pytest.mark.parametrize("status", [400, "400"])
def test_a_refusal_is_one_and_nobody_need_look(status: Any) -> None:
    outcomes = run(Client(lambda _subjects: [{**done(0), "status": status}, done(1)]), 2)
    assert not outcomes[0].may_have_worked
    assert outcomes[0].lasting


@pytest.mark.parametrize(
    "items",
    [
        [done(0), {**done(1), "id": 1}, {**done(1), "status": 404}],
        [done(0), done(1), {**done(1), "status": 400}],
        [done(0), {**done(1), "id": 1.0}],
        [done(0), {**done(1), "id": True}],
        [done(0), {**done(1), "id": None}],
        [done(0), {**done(1), "id": ["1"]}],
        [done(0), {**done(1), "id": "01"}],
        [done(0)],
        [done(0), None, "x", 5, []],
    ],
)
def test_an_item_whose_id_does_not_tell_is_neither_done_nor_refused(items: list[Any]) -> None:
    client = Client(lambda subjects: items if len(subjects) == 2 else [], 0)
    outcomes = run(client, 2)
    assert isinstance(outcomes[0], CommandResult)
    assert outcomes[1].may_have_worked


def test_an_id_may_be_a_number() -> None:
    outcomes = run(Client(lambda _subjects: [done(0), {**done(1), "id": 1}]), 2)
    assert isinstance(outcomes[1], CommandResult)


def test_an_item_that_cannot_be_looked_through_spoils_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_arguments: Any) -> Any:
        raise RecursionError

    monkeypatch.setattr(f"{BatchRun.__module__}.read_error_object", break_down)
    outcomes = run(Client(lambda _subjects: [done(0), refused(1, 400)]), 2)
    assert isinstance(outcomes[0], CommandResult)
    assert (outcomes[1].code, outcomes[1].may_have_worked) == ("internal", True)


# Before a request is sent ---------------------------------------------------------------------------------------------


def test_places_are_announced_once_before_they_are_sent() -> None:
    log: list[Any] = []

    def reply(subjects: list[str]) -> list[Item]:
        log.append(subjects)
        return [refused(place, 503) for place in range(len(subjects))] if len(log) <= 4 else [done(0), done(1)]

    client = Client(reply, 1)
    list(BatchRun(client, commands(12), 1, lambda places: log.append(list(places))))  # type: ignore[arg-type]
    assert log[:2] == [list(range(10)), [f"m{place}" for place in range(10)]]
    assert [entry for entry in log if isinstance(entry[0], int)] == [list(range(10)), [10, 11]]


@pytest.mark.parametrize("error", [M365Error("Full.", code="journal"), ValueError("x"), MemoryError()])
def test_what_cannot_be_announced_is_not_sent_and_ends_the_run(error: Exception) -> None:
    client = Client(lambda subjects: [done(place) for place in range(len(subjects))])
    announced: list[int] = []

    def announce(places: Any) -> None:
        if announced:
            raise error
        announced.extend(places)

    batch_run = BatchRun(client, commands(25), 1, announce)  # type: ignore[arg-type]
    outcomes = dict(batch_run)
    assert sorted(outcomes) == list(range(25))
    assert batch_run.sent == set(range(10))
    assert len(client.batches) == 1
    for place in range(10, 25):
        assert "Not tried" in outcomes[place].message
        assert not outcomes[place].may_have_worked


def test_what_is_not_tried_lasts_as_long_as_what_ended_the_run() -> None:
    outcomes = run(Client(lambda subjects: [refused(place, 403) for place in range(len(subjects))]), 50)
    assert "Not tried" in outcomes[49].message
    assert outcomes[49].lasting
    outcomes = run(Client(lambda subjects: [refused(place, 403) for place in range(len(subjects))], deadline=0), 50)
    assert not outcomes[49].lasting


# By the way of the mailbox --------------------------------------------------------------------------------------------

UNROUTED = {"error": {"details": [{"message": "Ex1|x.CmdletProxyNotAvailableException|Cmdlet needs proxy"}]}}


class Router(Client):
    """Takes commands that go by themselves."""

    def __init__(self, reply: Callable[[list[str]], list[Item]], outcome: Any, **more: Any) -> None:
        super().__init__(reply, **more)
        self.outcome = outcome
        self.routed: list[str] = []

    def invoke(self, command: Command, *, routed: bool = False) -> CommandResult:
        assert routed
        self.routed.append(command.subject)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome  # type: ignore[no-any-return]


def with_addresses(number: int, address: str = "m{}@contoso.com") -> list[Command]:
    return [dataclasses.replace(command, address=address.format(n)) for n, command in enumerate(commands(number))]


@pytest.mark.parametrize("max_retries", [0, 2])
def test_a_command_that_has_to_be_routed_goes_once_by_itself(max_retries: int) -> None:
    client = Router(
        lambda _subjects: [done(0), refused(1, 400, UNROUTED), done(2)], CommandResult([], []), max_retries=max_retries
    )
    outcomes = dict(BatchRun(client, with_addresses(3), 1))  # type: ignore[arg-type]
    assert all(isinstance(outcome, CommandResult) for outcome in outcomes.values())
    assert (client.routed, len(client.batches)) == (["m1"], 1)


def test_if_that_is_refused_too_the_error_stays() -> None:
    client = Router(
        lambda _subjects: [done(0), refused(1, 400, UNROUTED)], ServiceError("Cmdlet needs proxy", status=400)
    )
    outcomes = dict(BatchRun(client, with_addresses(2), 1))  # type: ignore[arg-type]
    assert outcomes[1].message == "Cmdlet needs proxy"
    assert (client.routed, len(client.batches)) == (["m1"], 1)


@pytest.mark.parametrize(("status", "may_have_worked"), [(400, False), (500, True)])
def test_what_was_done_before_it_was_routed_is_remembered(status: int, may_have_worked: bool) -> None:
    client = Router(lambda _subjects: [done(0), refused(1, status, UNROUTED)], ServiceError("No.", status=400))
    outcomes = dict(BatchRun(client, with_addresses(2), 1))  # type: ignore[arg-type]
    assert outcomes[1].may_have_worked is may_have_worked


@pytest.mark.parametrize("address", ["", "no address", "n\u00e4me@contoso.com", "a@b\r\nX: y"])
def test_without_an_address_that_a_header_can_carry_nothing_is_routed(address: str) -> None:
    client = Router(lambda _subjects: [done(0), refused(1, 400, UNROUTED)], CommandResult([], []))
    outcomes = dict(BatchRun(client, with_addresses(2, address), 1))  # type: ignore[arg-type]
    assert "Cmdlet needs proxy" in outcomes[1].message
    assert client.routed == []


def test_only_what_may_pass_is_asked_again() -> None:
    def reply(subjects: list[str]) -> list[Item]:
        return [refused(0, 404, NOT_FOUND), refused(1, 503), done(2)] if len(subjects) == 3 else [done(0)]

    client = Client(reply)
    outcomes = run(client, 3)
    assert outcomes[0].code == "not_found"
    assert isinstance(outcomes[1], CommandResult)
    assert client.batches == [["m0", "m1", "m2"], ["m1"]]


def test_throttled_items_slow_the_task_down_once_a_batch_by_the_longest_wait() -> None:
    def reply(subjects: list[str]) -> list[Item]:
        if len(client.batches) == 1:
            return [refused(0, 429, Retry_After="0.01"), refused(1, 429, Retry_After="0.02"), done(2)]
        return [done(place) for place in range(len(subjects))]

    client = Client(reply)
    assert all(isinstance(outcome, CommandResult) for outcome in run(client, 3).values())
    assert client.transport.pacer.slowed == [0.02]
    assert " m1:" in client.transport.pacer.why[0], "the command that is to wait longest, with its mailbox"
    assert client.transport.counters.throttled == 1


def test_a_wait_past_the_deadline_is_not_begun() -> None:
    client = Client(lambda _subjects: [refused(0, 429, Retry_After="999"), done(1)], deadline=30.0)
    outcomes = run(client, 2)
    assert outcomes[0].code == "throttled"
    assert len(client.batches) == 1


def test_a_refused_token_is_renewed_and_its_items_asked_again() -> None:
    def reply(subjects: list[str]) -> list[Item]:
        if len(subjects) == 3:
            return [done(0), refused(1, 401), refused(2, 401)]
        return [done(place) for place in range(len(subjects))]

    client = Client(reply)
    assert all(isinstance(outcome, CommandResult) for outcome in run(client, 3).values())
    assert {token for token, _challenge in client.renewals} == {"TOKEN-0"}
    assert client.batches[1:] == [["m1", "m2"]]


def test_a_token_that_cannot_be_renewed_takes_no_other_outcome_away() -> None:
    client = Client(lambda _subjects: [done(0), refused(1, 401), refused(2, 404, NOT_FOUND)])
    client.renewal_fails = SignInError("Get a new one.")
    outcomes = run(client, 3)
    assert isinstance(outcomes[0], CommandResult), "it was written, and has to be booked as written"
    assert isinstance(outcomes[1], AccessDeniedError)
    assert "Get a new one." in outcomes[1].message
    assert outcomes[2].code == "not_found"


def test_a_refusal_that_stays_is_explained() -> None:
    client = Client(lambda subjects: [refused(place, 401) for place in range(len(subjects))])
    outcomes = run(client, 2)
    assert {outcome.code for outcome in outcomes.values()} == {"access_denied"}
    assert "DENIAL" in outcomes[0].message
    assert len(client.batches) == 2


def raising(error: Exception) -> Callable[[list[str]], list[Item]]:
    def reply(_subjects: list[str]) -> list[Item]:
        raise error

    return reply


@pytest.mark.parametrize(
    ("error", "batches"),
    [
        (NetworkError("No answer."), 3),
        (ServiceError("Broken.", status=503), 3),
        (AccessDeniedError("No.", status=403), 3),
        (UntrustedHostError("Where?"), 1),
        (SignInError("No."), 1),
        (DeadlineError("Over."), 1),
        (RuntimeError("a bug"), 1),
    ],
)
def test_gives_up_when_whole_batches_fail(error: Exception, batches: int) -> None:
    client = Client(raising(error))
    outcomes = run(client, 60)
    assert len(client.batches) == batches
    assert all(isinstance(outcome, M365Error) for outcome in outcomes.values())
    assert outcomes[59].message.startswith("Not tried: ")
    assert not outcomes[59].may_have_worked


def test_goes_on_when_a_batch_fails_in_between() -> None:
    def reply(subjects: list[str]) -> list[Item]:
        if len(client.batches) % 2:
            raise NetworkError("No answer.")
        return [done(place) for place in range(len(subjects))]

    client = Client(reply)
    outcomes = run(client, 100)
    assert sum(isinstance(outcome, CommandResult) for outcome in outcomes.values()) == 50
    assert len(client.batches) == 10


def test_ends_on_request_and_still_books_what_came() -> None:
    client = Client(lambda subjects: [done(place) for place in range(len(subjects))])
    outcomes = {}
    batch_run = BatchRun(client, commands(50), 1)  # type: ignore[arg-type]
    for place, outcome in batch_run:
        outcomes[place] = outcome
        batch_run.end(M365Error("The journal is full.", code="journal"))
    assert len(outcomes) == 50
    written = [place for place, outcome in outcomes.items() if isinstance(outcome, CommandResult)]
    assert len(written) == 10 * len(client.batches) < 50
    assert {outcomes[place].code for place in range(50) if place not in written} == {"journal"}


@pytest.mark.parametrize(
    ("first", "may_have_worked"),
    [
        ([refused(0, 503), done(1)], True),
        ([done(1)], True),
        ([refused(0, 429, Retry_After="0"), done(1)], False),
    ],
)
@pytest.mark.parametrize("last", [refused(0, 429, Retry_After="999"), refused(0, 403)])
def test_remembers_that_an_earlier_try_of_an_item_may_have_worked(
    first: list[Item], last: Item, may_have_worked: bool
) -> None:
    client = Client(lambda subjects: first if len(subjects) == 2 else [last], deadline=30.0)
    outcomes = run(client, 2)
    assert outcomes[0].may_have_worked is may_have_worked


@pytest.mark.parametrize("status", [403, 400, 404, 429])
def test_what_is_refused_after_a_lost_batch_may_have_worked_the_first_time(status: int) -> None:
    client = Client(lambda _subjects: [refused(0, status, Retry_After="999"), done(1)], deadline=30.0)
    client.doubtful = True
    outcomes = run(client, 2)
    assert outcomes[0].may_have_worked
    assert isinstance(outcomes[1], CommandResult)


def test_what_waits_for_another_try_when_the_task_ends_may_have_worked() -> None:
    client = Client(lambda _subjects: [refused(0, 503, Retry_After="20"), done(1)])
    batch_run = BatchRun(client, commands(2), 1)  # type: ignore[arg-type]
    outcomes = {}
    for place, outcome in batch_run:
        outcomes[place] = outcome
        batch_run.end(DeadlineError("Over."))
    assert outcomes[0].code == "deadline"
    assert outcomes[0].message.startswith("Not tried again: ")
    assert outcomes[0].may_have_worked


@pytest.mark.parametrize("cmdlet", ["Get-CASMailbox", "Set-CASMailbox"])
def test_tells_how_long_a_batch_took(cmdlet: str) -> None:
    client = Client(lambda subjects: [done(place) for place in range(len(subjects))])
    client.seconds = 0.5
    list(BatchRun(client, commands(20, cmdlet), 1))  # type: ignore[arg-type]
    assert client.timings.pace().batch == 0.5
