# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Simulated time, and threads of which exactly one runs at a time: which one, the seed decides.

The threads are real, for the engine's code is to run as it is; but each waits for the baton, and gives it away only
where it waits for something. So a seed gives the same interleaving every time.
"""

from __future__ import annotations

import heapq
import random
import threading
from collections.abc import Callable
from typing import Any


class Killed(BaseException):
    """SIGKILL: nothing in the process goes on. No engine code can catch it."""


class Stuck(BaseException):
    """Every thread waits for another one, for ever."""


class Task:
    """A thread that takes part. ``wake_at``: simulated time, if it waits for that; ``waits_on``: a thing to be told
    of.
    """

    def __init__(self, number: int, name: str) -> None:
        self.number = number
        self.name = name
        self.baton = threading.Lock()
        self.baton.acquire()
        self.ready = True
        self.told = False
        self.wake_at: float | None = None
        self.waits_on: Any = None
        self.ended = False


class Scheduler:
    """One process, as the engine sees it: its threads and its time, with what happens outside at set times."""

    def __init__(self, rng: random.Random, start: float) -> None:
        self._rng = rng
        self.now = start
        self.dead = False
        self.main = Task(0, "main")
        self.current = self.main
        self._tasks = [self.main]
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0
        self.before_main: Callable[[], None] | None = None  # called where the main thread goes on: signals
        self.most_steps = 400_000
        self.steps = 0

    # What happens outside the process --------------------------------------------------------------------------------

    def at(self, when: float, what: Callable[[], None]) -> None:
        """``what`` happens at ``when``, whichever thread waits then."""
        self._number += 1
        heapq.heappush(self._events, (when, self._number, what))

    def _happen(self) -> None:
        while self._events and self._events[0][0] <= self.now:
            heapq.heappop(self._events)[2]()

    def run_out(self) -> None:
        """Let everything happen that is still to come, once the process has ended."""
        while self._events:
            when, _number, what = heapq.heappop(self._events)
            self.now = max(self.now, when)
            what()

    # Threads ---------------------------------------------------------------------------------------------------------

    def begin(self, name: str, work: Callable[[], Any]) -> Task:
        task = Task(len(self._tasks), name)
        self._tasks.append(task)

        def run() -> None:
            task.baton.acquire()
            try:
                if not self.dead:
                    work()
            except (Killed, Stuck):
                pass
            except Exception as error:  # as threading does: the others go on
                self.lost = error
            finally:
                self._end(task)

        threading.Thread(target=run, daemon=True, name=name).start()
        return task

    def _end(self, task: Task) -> None:
        task.ended, task.ready, task.wake_at = True, False, None
        self._tasks.remove(task)
        self.tell(task, 99)
        if self.dead:
            self._pass_to(self.main)
            return
        try:
            self._pass_to(self._choose())
        except Stuck:
            self.dead = True
            self.stuck = True
            self._pass_to(self.main)

    lost: Exception | None = None
    stuck = False

    def pause(self, until: float | None = None, on: Any = None) -> bool:
        """The running thread waits: until a time, to be told of a thing, or (without both) for its next turn. True if
        it was told.
        """
        self._die_if_dead()
        task = self.current
        task.told = False
        task.wake_at, task.waits_on = until, on
        task.ready = until is None and on is None
        self._give_way(task)
        task.waits_on = None
        if task is self.main and self.before_main:
            self.before_main()
        return task.told

    def tell(self, thing: Any, most: int = 1) -> None:
        """Wake those that wait for a thing, the first ones first."""
        for task in [one for one in self._tasks if one.waits_on is thing and thing is not None][:most]:
            task.ready, task.told, task.wake_at, task.waits_on = True, True, None, None

    def sleep(self, seconds: float) -> None:
        self.pause(until=self.now + max(seconds, 0.0))

    def waver(self, odds: float = 0.3) -> None:
        """A place at which another thread may come first."""
        self._die_if_dead()
        if len(self._tasks) > 1 and self._rng.random() < odds:
            self.pause()

    def _die_if_dead(self) -> None:
        if self.dead:
            raise Killed

    def _give_way(self, task: Task) -> None:
        chosen = self._choose()
        if chosen is not task:
            self._pass_to(chosen)
            task.baton.acquire()
            if self.stuck and task is self.main:
                raise Stuck
        self._die_if_dead()

    def _pass_to(self, task: Task) -> None:
        self.current = task
        task.baton.release()

    def _choose(self) -> Task:
        self.steps += 1
        if self.steps > self.most_steps:
            self.dead = self.stuck = True
            return self.main
        while True:
            self._happen()
            ready = [task for task in self._tasks if task.ready or self._is_due(task)]
            if ready:
                chosen = ready[0] if len(ready) == 1 else self._rng.choice(ready)
                chosen.ready, chosen.wake_at, chosen.waits_on = True, None, None
                return chosen
            times = [task.wake_at for task in self._tasks if task.wake_at is not None]
            if self._events:
                times.append(self._events[0][0])
            if not times:
                raise Stuck
            self.now = max(self.now, min(times))

    def _is_due(self, task: Task) -> bool:
        return task.wake_at is not None and task.wake_at <= self.now

    def kill(self) -> None:
        """The process is gone. Whoever waits is woken once, to unwind."""
        self.dead = True
        raise Killed

    def clear(self) -> None:
        """The process has ended: its other threads end too."""
        self.dead = True
        while len(self._tasks) > 1:
            self._pass_to(self._tasks[-1])
            self.main.baton.acquire()
        self.current = self.main
