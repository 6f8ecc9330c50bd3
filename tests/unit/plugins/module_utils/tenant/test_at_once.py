# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several things at a time: each error where it is asked for, and no more begun than can still be of use."""

from __future__ import annotations

import threading
from typing import Any, cast

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import (
    AccessDeniedError,
    NetworkError,
    SignInError,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.client import ExchangeClient
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http import workers as _workers
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.at_once import Early, beside, in_parallel


class Client:
    def __init__(self, error: Exception | None = None) -> None:
        self._error = error
        self.sign_ins = 0

    def sign_in(self) -> None:
        self.sign_ins += 1
        if self._error:
            raise self._error


def failing(error: Exception) -> Any:
    raise error


def test_all_is_given_in_its_order() -> None:
    assert in_parallel(*(lambda number=number: number for number in range(9)), most=3) == list(range(9))
    assert in_parallel() == []


def test_after_an_error_nothing_more_is_begun() -> None:
    begun: list[int] = []
    with pytest.raises(AccessDeniedError):
        in_parallel(lambda: failing(AccessDeniedError("No.")), *[lambda: begun.append(1)] * 9, most=1)
    assert begun == []


def test_what_is_early_goes_on_beside_and_is_read_once() -> None:
    meeting = threading.Barrier(2, timeout=5.0)
    read: list[int] = []

    def slow() -> str:
        read.append(meeting.wait())
        return "told"

    with Early(slow) as early:
        meeting.wait()
        assert early.result() == "told"
    assert len(read) == 1


def test_what_goes_wrong_early_is_told_to_who_asks_and_to_nobody_else() -> None:
    error = AccessDeniedError("No.")
    with Early(lambda: failing(error)):
        pass
    with Early(lambda: failing(error)) as early, pytest.raises(AccessDeniedError, match="No"):
        early.result()


def test_what_is_not_begun_is_read_when_it_is_asked_for() -> None:
    where: list[threading.Thread] = []
    with Early(lambda: where.append(threading.current_thread()), begin=False) as early:
        assert where == []
        early.result()
    assert where == [threading.current_thread()]


def test_a_machine_without_threads_reads_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_workers.threading.Thread, "start", lambda _thread: failing(RuntimeError("can't start")))
    assert Early(lambda: "told").result() == "told"


def test_a_sign_in_that_is_refused_is_not_tried_again() -> None:
    client = Client(SignInError("Refused."))
    with pytest.raises(SignInError):
        beside(cast(ExchangeClient, client), lambda: failing(AssertionError("asked without a token")))
    assert client.sign_ins == 1


def test_a_sign_in_that_was_lost_leaves_it_to_who_asks() -> None:
    with beside(cast(ExchangeClient, Client(NetworkError("Lost."))), threading.current_thread) as early:
        assert early.result() is threading.current_thread()
    with beside(cast(ExchangeClient, Client()), threading.current_thread) as early:
        assert early.result() is not threading.current_thread()
