# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""One exchange of bytes that ends in time, whatever holds it up.

A socket's time-out begins anew with each byte, and looking up a name has none at all. So the exchange is made in a
thread of its own, and given up when its time is over: the connection is cut, and nothing more is sent on it.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

_POLL = 0.2  # seconds between looks at whether the task was told to stop

Result = TypeVar("Result")
_of_thread = threading.local()


class GivenUpError(OSError):
    """Nobody waits for this exchange any more."""


class LineCut(Generic[Result]):
    """The hold on an exchange's connection by which it can be ended from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._given_up = False
        self._handle: socket.socket | None = None

    def check(self) -> None:
        """
        :raises GivenUpError: nothing may be sent any more.
        """
        if self._given_up:
            raise GivenUpError("given up")

    def hold(self, descriptor: int) -> None:
        """Remember the connection. A handle of its own: what wraps a socket in TLS takes the first one away.

        :raises GivenUpError: too late.
        """
        with self._lock:
            self.check()
            self._let_go()
            self._handle = socket.socket(fileno=os.dup(descriptor))

    def give_up(self) -> None:
        with self._lock:
            self._given_up = True
            if self._handle is not None:
                with contextlib.suppress(OSError):  # the other side was quicker
                    self._handle.shutdown(socket.SHUT_RDWR)
            self._let_go()

    def end(self) -> None:
        """The exchange is over; its connection may serve another one."""
        with self._lock:
            self._let_go()

    def _let_go(self) -> None:
        if self._handle is not None:
            self._handle.close()
            self._handle = None


def line_of_this_thread() -> LineCut[Any] | None:
    """The hold on the exchange that this thread makes; None where it makes none."""
    return getattr(_of_thread, "line", None)


def within(seconds: float, exchange: Callable[[], Result], look_up: Callable[[], None]) -> Result:
    """What ``exchange`` gives or raises. ``look_up`` is called now and then meanwhile, and may end the wait by raising.

    :raises TimeoutError: the time is over.
    """
    line: LineCut[Result] = LineCut()
    done: queue.SimpleQueue[tuple[Result | None, BaseException | None]] = queue.SimpleQueue()

    def work() -> None:
        _of_thread.line = line
        result, failure = None, None
        try:
            result = exchange()
        except BaseException as error:  # nothing may get away: Python would print it, with all that it holds
            failure = error
        line.end()
        done.put((result, failure))

    until = time.monotonic() + seconds
    try:
        # Inside, for a signal may come before the thread is known to have started.
        threading.Thread(target=work, daemon=True).start()
        while True:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            try:
                result, failure = done.get(timeout=min(left, _POLL))
            except queue.Empty:
                look_up()
                continue
            if failure is not None:
                raise failure
            return result  # type: ignore[return-value]
    finally:
        line.give_up()
