# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the engine takes for Python's ``threading``, ``queue``, ``time``, ``datetime``, ``random``, ``uuid`` and
``signal``: the same names, ruled by the scheduler of the process that is being simulated.
"""

from __future__ import annotations

import datetime
import queue
import random
import signal
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from types import ModuleType
from typing import Any

from simulation.scheduler import Scheduler


class _Like:
    """Everything that isn't simulated is the real module's."""

    def __init__(self, real: ModuleType) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


# threading and queue -------------------------------------------------------------------------------------------------


class SimulatedLock:
    _again = False  # whether the thread that holds it may take it once more

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._holder: Any = None
        self._depth = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        scheduler = self._scheduler
        scheduler.waver()
        if self._again and self._holder is scheduler.current:
            self._depth += 1
            return True
        until = scheduler.now + timeout if timeout >= 0 else None
        while self._holder is not None:
            if not blocking or (until is not None and scheduler.now >= until):
                return False
            scheduler.pause(until=until, on=self)
        self._holder, self._depth = scheduler.current, 1
        return True

    def release(self) -> None:
        self._depth -= 1
        if self._depth <= 0:
            self._holder = None
            self._scheduler.tell(self)

    def locked(self) -> bool:
        return self._holder is not None

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_error: object) -> None:
        self.release()


class SimulatedRLock(SimulatedLock):
    _again = True


class SimulatedCondition:
    def __init__(self, scheduler: Scheduler, lock: SimulatedLock | None = None) -> None:
        self._scheduler = scheduler
        self._lock = lock or SimulatedRLock(scheduler)
        self.acquire, self.release = self._lock.acquire, self._lock.release

    def __enter__(self) -> bool:
        return self._lock.acquire()

    def __exit__(self, *_error: object) -> None:
        self._lock.release()

    def wait(self, timeout: float | None = None) -> bool:
        self._lock.release()
        try:
            until = None if timeout is None else self._scheduler.now + timeout
            return self._scheduler.pause(until=until, on=self)
        finally:
            self._lock.acquire()

    def wait_for(self, predicate: Callable[[], Any], timeout: float | None = None) -> Any:
        until = None if timeout is None else self._scheduler.now + timeout
        while not (result := predicate()):
            left = None if until is None else until - self._scheduler.now
            if left is not None and left <= 0:
                return result
            self.wait(left)
        return result

    def notify(self, n: int = 1) -> None:
        self._scheduler.tell(self, n)

    def notify_all(self) -> None:
        self._scheduler.tell(self, 999)


class SimulatedEvent:
    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._set = False

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        self._set = True
        self._scheduler.tell(self, 999)

    def clear(self) -> None:
        self._set = False

    def wait(self, timeout: float | None = None) -> bool:
        until = None if timeout is None else self._scheduler.now + timeout
        while not self._set and (until is None or self._scheduler.now < until):
            self._scheduler.pause(until=until, on=self)
        return self._set


class SimulatedThread:
    def __init__(
        self,
        scheduler: Scheduler,
        target: Callable[..., Any],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
        name: str = "",
    ) -> None:
        self._scheduler = scheduler
        self._work = lambda: target(*args, **(kwargs or {}))
        self.name = name or "worker"
        self._task: Any = None
        self.daemon = True

    def start(self) -> None:
        self._task = self._scheduler.begin(self.name, self._work)
        self._scheduler.waver()

    def is_alive(self) -> bool:
        return self._task is not None and not self._task.ended

    def join(self, timeout: float | None = None) -> None:
        until = None if timeout is None else self._scheduler.now + timeout
        while self.is_alive() and (until is None or self._scheduler.now < until):
            self._scheduler.pause(until=until, on=self._task)


class SimulatedThreading(_Like):
    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__(threading)
        self._scheduler = scheduler

    def Lock(self) -> SimulatedLock:  # noqa: N802 - the name is Python's
        return SimulatedLock(self._scheduler)

    def RLock(self) -> SimulatedRLock:  # noqa: N802
        return SimulatedRLock(self._scheduler)

    def Condition(self, lock: SimulatedLock | None = None) -> SimulatedCondition:  # noqa: N802
        return SimulatedCondition(self._scheduler, lock)

    def Event(self) -> SimulatedEvent:  # noqa: N802
        return SimulatedEvent(self._scheduler)

    def Thread(  # noqa: N802
        self,
        group: None = None,
        target: Callable[..., Any] = lambda: None,
        name: str = "",
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
        daemon: bool = True,
    ) -> SimulatedThread:
        return SimulatedThread(self._scheduler, target, args, kwargs, name)


class SimulatedQueue:
    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._items: deque[Any] = deque()

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        if self._scheduler.dead:
            return
        self._items.append(item)
        self._scheduler.tell(self)
        self._scheduler.waver()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        self._scheduler.waver()
        until = None if timeout is None else self._scheduler.now + timeout
        while not self._items:
            if not block or (until is not None and self._scheduler.now >= until):
                raise queue.Empty
            self._scheduler.pause(until=until, on=self)
        return self._items.popleft()

    def get_nowait(self) -> Any:
        return self.get(block=False)

    def empty(self) -> bool:
        return not self._items

    def qsize(self) -> int:
        return len(self._items)


class SimulatedQueues(_Like):
    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__(queue)
        self._scheduler = scheduler

    def SimpleQueue(self) -> SimulatedQueue:  # noqa: N802
        return SimulatedQueue(self._scheduler)

    def Queue(self, maxsize: int = 0) -> SimulatedQueue:  # noqa: N802
        return SimulatedQueue(self._scheduler)


# Time and chance -----------------------------------------------------------------------------------------------------


class SimulatedTime(_Like):
    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__(time)
        self._scheduler = scheduler

    def monotonic(self) -> float:
        return self._scheduler.now

    def perf_counter(self) -> float:
        return self._scheduler.now

    def time(self) -> float:
        return self._scheduler.now

    def sleep(self, seconds: float) -> None:
        self._scheduler.sleep(seconds)


class SimulatedRandom(_Like):
    def __init__(self, rng: random.Random) -> None:
        super().__init__(random)
        self._rng = rng

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rng, name, None) or getattr(self._real, name)


class SimulatedUuid(_Like):
    def __init__(self, rng: random.Random) -> None:
        super().__init__(uuid)
        self._rng = rng

    def uuid4(self) -> uuid.UUID:
        return uuid.UUID(int=self._rng.getrandbits(128), version=4)


def simulated_datetime(scheduler: Scheduler) -> ModuleType:
    """A module with ``datetime`` and ``date`` whose present is the scheduler's."""

    class Kind(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, cls.__mro__[1])

    class SimulatedDatetime(datetime.datetime, metaclass=Kind):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return datetime.datetime.fromtimestamp(scheduler.now, tz)

        @classmethod
        def utcnow(cls) -> Any:
            return datetime.datetime.fromtimestamp(scheduler.now, datetime.timezone.utc).replace(tzinfo=None)

    class SimulatedDate(datetime.date, metaclass=Kind):
        @classmethod
        def today(cls) -> Any:
            return datetime.datetime.fromtimestamp(scheduler.now, datetime.timezone.utc).date()

    module = ModuleType("datetime")
    module.__dict__.update(datetime.__dict__)
    module.__dict__.update(datetime=SimulatedDatetime, date=SimulatedDate)
    return module


# Signals -------------------------------------------------------------------------------------------------------------


class SimulatedSignals(_Like):
    """Handlers run in the main thread, as Python's do; a signal without one ends the process at once."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__(signal)
        self._scheduler = scheduler
        self._handlers: dict[int, Any] = {}
        self._pending: list[int] = []

    def signal(self, number: int, handler: Any) -> Any:
        earlier = self._handlers.get(number, signal.SIG_DFL)
        self._handlers[number] = handler
        return earlier

    def getsignal(self, number: int) -> Any:
        return self._handlers.get(number, signal.SIG_DFL)

    def send(self, number: int) -> None:
        """A signal comes. It is heeded where the main thread goes on."""
        if self._handlers.get(number, signal.SIG_DFL) == signal.SIG_DFL:
            self._scheduler.kill()
        self._pending.append(number)
        if self._scheduler.current is self._scheduler.main:
            self.deliver()

    def deliver(self) -> None:
        while self._pending:
            number = self._pending.pop(0)
            handler = self._handlers.get(number, signal.SIG_DFL)
            if callable(handler):
                handler(number, None)
