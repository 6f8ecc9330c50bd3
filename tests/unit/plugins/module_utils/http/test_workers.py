# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Threads that work jobs off: what they give comes back, and who computes leaves them their turns."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.workers import Workers


@pytest.fixture(autouse=True)
def _turns() -> Iterator[None]:
    """Python's own, as a module finds them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.005)
    yield
    sys.setswitchinterval(before)


def test_what_a_job_gives_or_raises() -> None:
    workers: Workers[int] = Workers(2, lambda number: 6 // number)
    workers.submit(2)
    workers.submit(0)
    assert not workers.has_room
    done = dict(filter(None, [workers.next_done(60), workers.next_done(60)]))
    assert done[2] == 3
    assert isinstance(done[0], ZeroDivisionError)
    assert workers.has_room
    workers.close()


def test_a_thread_that_computes_keeps_no_request_waiting() -> None:
    workers: Workers[int] = Workers(1, abs)
    assert sys.getswitchinterval() == 0.005, "where there is no other thread nothing is changed"
    workers.submit(1)
    assert workers.next_done(60)
    assert sys.getswitchinterval() <= 0.0005
    workers.close()
