# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Many commands: batches of at most ten, several in flight, each item with its own outcome.

An outcome belongs to a command only by the id it came with. An item without an answer that can be understood is asked
again; it is never taken for done, nor for refused.
"""

from __future__ import annotations

import copy
import dataclasses
import heapq
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Union

from .._errors import (
    AccessDeniedError,
    DeadlineError,
    InterruptedTaskError,
    M365Error,
    NetworkError,
    ServiceError,
    UnexpectedAnswerError,
    UntrustedServerError,
    internal_error,
)
from .._http.messages import Answer, Request
from .._http.transport import with_tries
from .._http.workers import Workers
from .._service.answers import MalformedAnswerError, read_json
from .._service.client import claims_challenge, throttled
from .errors import read_error_object
from .wire import (
    BATCH_SIZE,
    Command,
    CommandResult,
    batch_body,
    batch_headers,
    batch_path,
    read_result,
)

if TYPE_CHECKING:
    from .client import ExchangeClient

Outcome = Union[CommandResult, M365Error]  # noqa: UP007  (written with "|", older linters take it for arithmetic)
_POLL = 0.2  # seconds between looks at the clock while answers are awaited
_GRACE = 5.0  # seconds that answers in flight are given after a request to stop, or the deadline
_STATUS = re.compile("[1-9][0-9]{2}")
_OUTAGE = 3  # whole batches lost in a row, all tries used up, before the rest isn't tried


@dataclasses.dataclass(frozen=True)
class _Retry:
    """An item to ask again after ``seconds``. ``routed``: by itself and by the way of its mailbox, as one more try."""

    error: M365Error
    seconds: float
    routed: bool = False


@dataclasses.dataclass(frozen=True)
class _Batch:
    """``routed``: one command that goes by itself, by the way of its mailbox: a batch is routed as a whole."""

    places: tuple[int, ...]
    repeated: bool
    routed: bool = False


class BatchRun:
    """The outcomes of many commands, by their places in ``commands``, in the order in which the answers come.

    Every place comes exactly once, whatever happens: those not tried any more come with the reason. Raises nothing of
    its own.
    """

    def __init__(
        self,
        client: ExchangeClient,
        commands: Sequence[Command],
        concurrency: int,
        before_sending: Callable[[Sequence[int]], None] | None = None,
    ) -> None:
        """``before_sending``: called with the places that are about to be sent for the first time. If it raises, they
        aren't sent, and neither is anything after them.
        """
        self._client = client
        self._commands = commands
        self._before_sending = before_sending
        self.sent: set[int] = set()
        self._routed: set[int] = set()  # places that go by themselves
        self._clock = client.transport.clock
        self._waiting: deque[int] = deque(range(len(commands)))
        self._delayed: list[tuple[float, int]] = []
        self._tries: dict[int, int] = {}
        self._unclear: set[int] = set()  # places of which an earlier try may have taken effect
        self._renewed_for: set[int] = set()
        self._lost_in_a_row = 0
        self._ended_by: M365Error | None = None
        self._hurried_at: float | None = None  # told to stop, or out of time
        self._in_flight: set[_Batch] = set()
        self._workers: Workers[_Batch] = Workers(concurrency, self._work)

    def end(self, reason: M365Error) -> None:
        """Begin no further request; what is in flight is still awaited."""
        if not self._ended_by:
            self._ended_by = reason

    def __iter__(self) -> Iterator[tuple[int, Outcome]]:
        try:
            while self._waiting or self._delayed or self._in_flight:
                self._look_at_clock()
                if self._ended_by and not self._may_still_come():
                    break
                if not self._ended_by:
                    self._submit()
                done = self._workers.next_done(self._patience())
                if done:
                    batch, results = done
                    self._in_flight.discard(batch)
                    yield from self._book(batch, results)
            yield from self._untried()
        finally:
            self._workers.close()

    # Deciding, in the main thread ------------------------------------------------------------------------------------

    def _look_at_clock(self) -> None:
        try:
            self._clock.check()
        except (DeadlineError, InterruptedTaskError) as error:
            self.end(error)
            if self._hurried_at is None:
                self._hurried_at = self._clock.now()

    def _may_still_come(self) -> bool:
        return bool(self._in_flight) and (self._hurried_at is None or self._clock.now() < self._hurried_at + _GRACE)

    def _submit(self) -> None:
        now = self._clock.now()
        while self._delayed and self._delayed[0][0] <= now:
            self._waiting.append(heapq.heappop(self._delayed)[1])
        while self._waiting and self._workers.has_room:
            batch = self._next_batch()
            if not self._announced(batch):
                return
            self._in_flight.add(batch)
            self._workers.submit(batch)

    def _next_batch(self) -> _Batch:
        if self._waiting[0] in self._routed:
            return _Batch((self._waiting.popleft(),), repeated=True, routed=True)
        places: list[int] = []
        while self._waiting and len(places) < BATCH_SIZE and self._waiting[0] not in self._routed:
            places.append(self._waiting.popleft())
        return _Batch(tuple(places), any(place in self._tries for place in places))

    def _announced(self, batch: _Batch) -> bool:
        """Whether the batch may be sent. If not, the run has ended."""
        new = [place for place in batch.places if place not in self.sent]
        if new and self._before_sending:
            try:
                self._before_sending(new)
            except Exception as error:
                self._waiting.extendleft(reversed(batch.places))
                self.end(error if isinstance(error, M365Error) else _internal(error))
                return False
        self.sent.update(new)
        return True

    def _patience(self) -> float:
        if self._delayed and not self._in_flight and not self._waiting:
            return min(_POLL, max(self._delayed[0][0] - self._clock.now(), 0.001))
        return _POLL

    def _book(self, batch: _Batch, results: Any) -> Iterator[tuple[int, Outcome]]:
        if isinstance(results, BaseException):
            error = results if isinstance(results, M365Error) else _internal(results)
            self._count_lost(error)
            for place in batch.places:
                yield place, self._final(place, error)
            return
        if all(isinstance(result, AccessDeniedError) for result in results):
            self._count_lost(results[0])
        else:
            self._lost_in_a_row = 0
        for place, result in zip(batch.places, results, strict=True):
            if not isinstance(result, _Retry):
                yield place, self._final(place, result)
                continue
            if result.error.may_have_worked:
                self._unclear.add(place)
            if result.routed:
                self._routed.add(place)
                self._tries.setdefault(place, 1)
                self._waiting.appendleft(place)
                continue
            tries = self._tries[place] = self._tries.get(place, 1) + 1
            if tries > self._client.transport.max_retries + 1:
                yield place, self._final(place, with_tries(result.error, tries - 1))
            elif result.seconds >= self._clock.remaining():
                yield place, self._final(place, result.error)
            else:
                heapq.heappush(self._delayed, (self._clock.now() + result.seconds, place))

    def _final(self, place: int, outcome: Outcome) -> Outcome:
        """``outcome``, knowing of the earlier tries of its place. An error may be shared with other places: it is
        copied.
        """
        if isinstance(outcome, M365Error) and place in self._unclear:
            outcome = copy.copy(outcome)
            outcome.may_have_worked = True
        return outcome

    def _count_lost(self, error: M365Error) -> None:
        """After a whole batch failed: go on only where the next one may fare better."""
        self._lost_in_a_row += 1
        passing = isinstance(error, (NetworkError, ServiceError)) and not isinstance(error, UntrustedServerError)
        if not passing or self._lost_in_a_row >= _OUTAGE:
            self.end(error)

    def _untried(self) -> Iterator[tuple[int, Outcome]]:
        if self._ended_by is None:
            return
        for batch in self._in_flight:
            for place in batch.places:
                yield (
                    place,
                    NetworkError(f"No answer yet when the task ended. {self._ended_by.message}", code="interrupted"),
                )
        for place in [*self._waiting, *(place for _ready, place in self._delayed)]:
            yield place, self._final(place, _not_tried(self._ended_by, again=place in self._tries))

    # Asking, in the workers' threads ---------------------------------------------------------------------------------

    def _work(self, batch: _Batch) -> list[Outcome | _Retry]:
        commands = [self._commands[place] for place in batch.places]
        client = self._client
        if batch.repeated:
            client.transport.count_retried()
        if batch.routed or len(self._commands) == 1:
            try:
                return [client.invoke(commands[0], routed=True) if batch.routed else client.invoke(commands[0])]
            except ServiceError as error:
                return [error]
        tenant = client.tenant
        cmdlet = commands[0].cmdlet
        used: list[str] = []

        def build(base: str, token: str) -> Request:
            used[:] = [token]
            body = batch_body(base, tenant, client.connection_id, token, commands)
            return Request("POST", base + batch_path(tenant), batch_headers(tenant, client.connection_id), body, token)

        started = self._clock.now()
        what = f"{cmdlet} for {len(commands)} mailboxes ({commands[0].subject} and on)"

        def read(answer: Answer) -> tuple[dict[str, Any], Answer]:
            return _read_responses(answer), answer

        responses, answer = client.send(build, read, what, cmdlet)
        client.timings.saw_batch(len(commands), answer.seconds, reads=commands[0].reads)
        results = [
            self._read_item(command, responses.get(str(number)), used[0], place)
            for number, (place, command) in enumerate(zip(batch.places, commands, strict=True))
        ]
        if answer.doubtful:
            _doubt(results)
        self._slow_down(results, started)
        return results

    def _read_item(self, command: Command, item: Any, token: str, place: int) -> Outcome | _Retry:
        """What an item says. One that can't even be looked through spoils no other."""
        try:
            return self._judge_item(command, item, token, place)
        except Exception as error:
            return _internal(error)

    def _judge_item(self, command: Command, item: Any, token: str, place: int) -> Outcome | _Retry:
        transport = self._client.transport
        tries = self._tries.get(place, 1)
        status = _status_of(item) if isinstance(item, Mapping) else 0
        if not status:
            said = "without a status that can be one" if isinstance(item, Mapping) else "without an answer"
            lost = UnexpectedAnswerError(f"{command}: the batch came back {said} for it.")
            lost.may_have_worked = True
            return _Retry(lost, transport.retry_wait({}, tries))
        given = item.get("headers")
        headers = {str(key).title(): str(value) for key, value in given.items()} if isinstance(given, Mapping) else {}
        body = item.get("body")
        if 200 <= status < 300:
            try:
                return read_result(body, {"request-id": headers.get("Request-Id", "")}, command)
            except MalformedAnswerError as malformed:
                return _Retry(
                    UnexpectedAnswerError(f"{command}: the batch holds {malformed} for it.", status=status),
                    transport.retry_wait({}, tries),
                )
        fault = read_error_object(status, body, headers.get("Request-Id", ""), headers.get("X-Exceptiontype", ""))
        if fault.unrouted and command.can_be_routed:
            return _Retry(fault.to_error(str(command), ""), 0.0, routed=True)
        if fault.throttled:
            return _Retry(throttled(str(command), fault), transport.retry_wait(headers, tries))
        error = fault.to_error(str(command), self._client.denial(command.cmdlet))
        if status == 401 and place not in self._renewed_for:
            self._renewed_for.add(place)
            try:
                self._client.renew_token(
                    token, claims_challenge({"WWW-Authenticate": headers.get("Www-Authenticate", "")})
                )
            except M365Error as refused:  # the other items of the batch keep their outcomes
                error.message = f"{error.message} {refused.message}"
                return error
            return _Retry(error, 0.0)
        return _Retry(error, transport.retry_wait(headers, tries)) if fault.transient else error

    def _slow_down(self, results: Sequence[Outcome | _Retry], started: float) -> None:
        """Items refused for too many requests slow the whole task down, once for each batch."""
        refused = [result for result in results if isinstance(result, _Retry) and result.error.code == "throttled"]
        if refused:
            longest = max(refused, key=lambda result: result.seconds)
            self._client.transport.count_throttled()
            self._client.transport.pacer.throttled(started, longest.seconds, longest.error.message)


def _read_responses(answer: Answer) -> dict[str, Any]:
    """The items of a batch's answer by id. An id that comes twice belongs to neither.

    :raises MalformedAnswerError: no list of responses.
    """
    parsed = read_json(answer.body)
    responses = parsed.get("responses") if isinstance(parsed, Mapping) else None
    if not isinstance(responses, list):
        raise MalformedAnswerError("a batch without responses")
    items: dict[str, Any] = {}
    for response in responses:
        if isinstance(response, Mapping):
            key = str(response.get("id"))
            items[key] = None if key in items else response
    return items


def _doubt(results: Sequence[Outcome | _Retry]) -> None:
    """The batch was sent before and its answer was lost: what an item is refused for now may be done since then."""
    for result in results:
        error = result.error if isinstance(result, _Retry) else result
        if isinstance(error, M365Error):
            error.may_have_worked = True


def _status_of(item: Mapping[str, Any]) -> int:
    """The status of an item; 0 where it is none that a cmdlet's answer can have: then nothing is known of the item."""
    value = item.get("status")
    if isinstance(value, str) and _STATUS.fullmatch(value):
        value = int(value)
    if not isinstance(value, int):  # a boolean is one, of 0 or 1
        return 0
    return value if 200 <= value < 300 or 400 <= value < 600 else 0


def _not_tried(reason: M365Error, *, again: bool) -> M365Error:
    word = "Not tried again" if again else "Not tried"
    error = M365Error(f"{word}: {reason.message}", code=reason.code, request_id=reason.request_id)
    error.lasting = reason.lasting
    return error


def _internal(error: BaseException) -> M365Error:
    """A fault of this program. It may have come after the service took the batch, so that has to be looked at."""
    internal = internal_error(error)
    internal.may_have_worked = True
    return internal
