# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scheduler, the stand-ins for Python's modules, and the model of the tenant, by themselves."""

from __future__ import annotations

import ast
import errno
import os
import queue
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulation.disk import Disk, SimulatedOs
from simulation.process import End, Process
from simulation.scheduler import Killed, Scheduler, Stuck
from simulation.stdlib import SimulatedQueue, SimulatedThreading, SimulatedTime, simulated_datetime
from simulation.tenant import Tenant, new_box

HERE = Path(__file__).resolve().parent


def _order_of(seed: int) -> list[str]:
    scheduler = Scheduler(random.Random(seed), 0.0)
    threading, seen = SimulatedThreading(scheduler), []
    done = SimulatedQueue(scheduler)

    def work(name: str) -> Callable[[], None]:
        def steps() -> None:
            for step in range(3):
                seen.append(f"{name}{step}")
                scheduler.sleep(1.0)
            done.put(name)

        return steps

    for name in "abc":
        threading.Thread(target=work(name)).start()
    for _each in "abc":
        done.get()
    scheduler.clear()
    return seen


def test_threads_take_turns_as_the_seed_says() -> None:
    assert _order_of(1) == _order_of(1)
    assert len({tuple(_order_of(seed)) for seed in range(20)}) > 5


def test_time_passes_without_waiting() -> None:
    scheduler = Scheduler(random.Random(1), 100.0)
    SimulatedTime(scheduler).sleep(3600.0)
    assert scheduler.now == 3700.0
    assert simulated_datetime(scheduler).datetime.now().timestamp() == 3700.0


def test_a_lock_keeps_others_out() -> None:
    scheduler = Scheduler(random.Random(3), 0.0)
    threading, inside, most = SimulatedThreading(scheduler), [], []
    lock = threading.Lock()

    def work() -> None:
        with lock:
            inside.append(1)
            most.append(len(inside))
            scheduler.sleep(1.0)
            inside.pop()

    threads = [threading.Thread(target=work) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]
    assert scheduler.now == 4.0


def test_waiting_for_ever_is_told() -> None:
    scheduler = Scheduler(random.Random(1), 0.0)
    with pytest.raises(Stuck):
        SimulatedQueue(scheduler).get()


def test_a_queue_gives_up_in_time() -> None:
    scheduler = Scheduler(random.Random(1), 0.0)
    with pytest.raises(queue.Empty):
        SimulatedQueue(scheduler).get(timeout=5.0)
    assert scheduler.now == 5.0


def test_a_kill_ends_every_thread() -> None:
    process = Process(random.Random(1), 0.0, (End("SIGKILL", 2),), lambda text: None)
    threading, ended = SimulatedThreading(process.scheduler), []

    def work() -> None:
        try:
            process.step("one")
            process.scheduler.sleep(1.0)
            process.step("two")
        finally:
            ended.append(True)

    threading.Thread(target=work).start()
    with pytest.raises(Killed):
        process.scheduler.sleep(10.0)
    process.scheduler.clear()
    assert ended == [True]
    assert process.scheduler.now == 1.0


def test_a_signal_reaches_its_handler_in_the_main_thread() -> None:
    process = Process(random.Random(1), 0.0, (End("SIGTERM", 1),), lambda text: None)
    came: list[Any] = []
    process.signals.signal(signal.SIGTERM, lambda number, _frame: came.append(number))
    process.step("one")
    assert came == [signal.SIGTERM]


def test_a_signal_without_a_handler_kills() -> None:
    process = Process(random.Random(1), 0.0, (End("SIGHUP", 1),), lambda text: None)
    with pytest.raises(Killed):
        process.step("one")


def test_a_full_disk_takes_a_part_and_then_nothing(tmp_path: Path) -> None:
    disk = Disk(str(tmp_path), random.Random(1), lambda text: None)
    disk.room = 4
    simulated = SimulatedOs(disk)
    file = simulated.open(str(tmp_path / "f"), os.O_WRONLY | os.O_CREAT)
    assert simulated.write(file, b"abcdef") == 4
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        simulated.write(file, b"abcdef")
    disk.close_all()
    assert (tmp_path / "f").read_bytes() == b"abcd"


def test_the_tenant_keeps_its_history() -> None:
    now = [10.0]
    box = new_box(1, random.Random(1), None)
    tenant = Tenant("t", [box], True, lambda: now[0])
    assert tenant.write(box, True, "applied")
    assert not tenant.write(box, True, "applied")
    now[0] = 20.0
    tenant.write(box, False, "hand")
    assert box.between(0.0, 15.0) == {None, True}
    assert (box.at(9.0), box.at(10.0), box.at(25.0)) == (None, True, False)
    assert [note.kind for note in tenant.log] == ["applied", "same", "hand"]
    name = box.addresses[0]
    tenant.rename(box, "other", keep=False)
    assert tenant.find(name) == []
    assert tenant.ever_named(name, since=5.0) == {box.guid}


def test_only_the_engine_file_knows_the_plugins() -> None:
    for path in HERE.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.startswith(("ansible_collections", "fake_tenant", "harness")) for name in names), path
