# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Several things asked for at the same time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .._errors import NetworkError
from .._http.workers import Workers

if TYPE_CHECKING:
    from types import TracebackType

    from .._exchange.client import ExchangeClient

Result = TypeVar("Result")

_POLL = 0.2  # seconds between moments at which a signal can be heeded


def in_parallel(*jobs: Callable[[], Any], most: int = 4) -> list[Any]:
    """What the jobs give, in their order, ``most`` at a time.

    :raises Exception: the first of the jobs' errors, once all that were begun have ended or an error is there.
    """
    if len(jobs) == 1:
        return [jobs[0]()]
    results: list[Any] = [None] * len(jobs)
    workers: Workers[int] = Workers(most, lambda place: jobs[place]())
    try:
        begun = 0
        while workers.running or begun < len(jobs):
            while workers.has_room and begun < len(jobs):
                workers.submit(begun)
                begun += 1
            done = workers.next_done(_POLL)
            if done is None:
                continue
            place, result = done
            if isinstance(result, Exception):
                raise result
            results[place] = result
    finally:
        workers.close()
    return results


class Early(Generic[Result]):
    """Something that is going to be needed, read beside other things. What it gives, or what went wrong with it, is
    told to whoever asks for it, and not before. As a context, it ends with that.
    """

    def __init__(self, read: Callable[[], Result], *, begin: bool = True) -> None:
        """``begin``: False leaves it until it is asked for."""
        self._read = read
        self._workers: Workers[int] = Workers(1, lambda _only: read())
        if not begin:
            return
        try:
            self._workers.submit(0)
        except RuntimeError:  # the machine gives no thread
            self._workers.running = 0

    def result(self) -> Result:
        """Waits for it. To be asked for once.

        :raises Exception: what went wrong with it.
        """
        if not self._workers.running:
            return self._read()
        done = None
        while done is None:
            done = self._workers.next_done(_POLL)
        self.end()
        if isinstance(done[1], BaseException):
            raise done[1]
        result: Result = done[1]
        return result

    def end(self) -> None:
        """Nobody is going to ask for it any more."""
        self._workers.close()

    def __enter__(self) -> Early[Result]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


def beside(client: ExchangeClient, read: Callable[[], Result]) -> Early[Result]:
    """``read`` beside the first requests of the task. The sign-in comes before both: one that is refused isn't tried
    for each of them.

    :raises SignInError, InputError, DeadlineError, InterruptedTaskError: no token.
    """
    try:
        client.sign_in()
    except NetworkError:  # it may fare better the next time, with the first request
        return Early(read, begin=False)
    return Early(read)
