# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A world made of a seed, and runs of modules in it, one after another."""

from __future__ import annotations

import dataclasses
import os
import random
import tempfile
import traceback
from typing import Any

from simulation import engine
from simulation.disk import Disk
from simulation.exchange import Exchange
from simulation.front import Front
from simulation.hand import Hand
from simulation.process import End, Process
from simulation.scheduler import Killed, Stuck
from simulation.tenant import Tenant, Value, new_box
from simulation.weather import Weather

START = 1_800_000_000.0  # in January 2027
TENANT = "3c0ffee0-1111-4222-8333-444455556666"
CLIENT = "5ca1ab1e-1111-4222-8333-444455556666"
VALUES: tuple[Value, ...] = (True, False, None)


@dataclasses.dataclass
class Trouble:
    """What a run meets: weather, an end before its end, and a bad disk."""

    odds: dict[str, float] = dataclasses.field(default_factory=dict)
    ends: tuple[End, ...] = ()
    room: int | None = None
    failing: float = 0.0
    locked: float = 0.0
    calm: int = 0  # requests that go well at first


@dataclasses.dataclass
class Run:
    """One module run and what came of it. ``result`` is None where the process was killed, or let something out."""

    number: int
    module: str
    options: dict[str, Any]
    check: bool
    trouble: Trouble
    started: float = 0.0
    ended: float = 0.0
    result: dict[str, Any] | None = None
    failed: bool = False
    killed: bool = False
    stuck: bool = False
    crash: str = ""
    ended_by: str = ""
    faults: int = 0
    steps: int = 0

    @property
    def journal(self) -> str:
        return str(self.options.get("journal_path") or "")

    @property
    def failure_code(self) -> str:
        return str(((self.result or {}).get("failure") or {}).get("code") or "")

    @property
    def message(self) -> str:
        return str((self.result or {}).get("msg") or "")

    @property
    def title(self) -> str:
        return f"run {self.number}: {self.module}{' --check' if self.check else ''}"


class World:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = random.Random(f"{seed}/world")
        self.now = START
        self.story: list[tuple[float, str]] = []
        self.runs: list[Run] = []
        self.process: Process | None = None
        rng = self.rng
        size = rng.choice((3, 5, 8, 12, 16, 24, 24, 40, 70))
        boxes = [new_box(number, rng, rng.choice(VALUES)) for number in range(size)]
        if rng.random() < 0.06:
            boxes[0].upn = boxes[-1].addresses[0]  # one's sign-in name is another's address
        for box in boxes[: rng.choice((0, 0, 1, 2))]:
            box.kind = rng.choice(("MonitoringMailbox", "GroupMailbox"))
        self.tenant = Tenant(TENANT, boxes, rng.random() < 0.6, lambda: self.time)
        self.exchange = Exchange(
            self.tenant, lambda: self.front.weather, random.Random(f"{seed}/exchange"), rng.choice((3, 3, 7, 15, 1000))
        )
        self._tenant_name = rng.choice((TENANT, TENANT, TENANT.upper(), "contoso.example.com"))
        self.secret = f"s3cret~{rng.getrandbits(64):x}"
        self.front = Front(self.tenant, self.exchange, random.Random(f"{seed}/front"), self.secret)
        self.front.story = self.tell
        self.hand = Hand(self.tenant, random.Random(f"{seed}/hand"))
        self.front.meanwhile = lambda: self.hand.meddle(self.front.weather)
        self._folder = tempfile.TemporaryDirectory(prefix="simulation-", dir="/dev/shm" if _has_shm() else None)
        self.disk = Disk(self._folder.name, random.Random(f"{seed}/disk"), self.tell)

    @property
    def time(self) -> float:
        return self.process.scheduler.now if self.process else self.now

    def tell(self, text: str) -> None:
        self.story.append((self.time, text.replace(self._folder.name, "")))

    def path(self, name: str) -> str:
        return os.path.join(self._folder.name, name)

    def close(self) -> None:
        self._folder.cleanup()

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def run(self, module: str, options: dict[str, Any], trouble: Trouble | None = None, *, check: bool = False) -> Run:
        trouble = trouble or Trouble()
        run = Run(len(self.runs) + 1, module, self._connection() | options, check, trouble)
        self.runs.append(run)
        rng = random.Random(f"{self.seed}/{run.number}")
        process = Process(rng, self.now, trouble.ends, self.tell)
        self._prepare(run, process, rng)
        self.tell(f"==== {run.title} {_shown(options)}")
        try:
            told = engine.run_module(
                module, run.options, check=check, process=process, front=self.front, disk=self.disk, rng=rng
            )
            run.result, run.failed = told.result, told.failed
        except Killed:
            run.killed = True
        except Stuck:
            run.stuck = True
        except Exception:
            run.crash = traceback.format_exc()
        self._finish(run, process)
        return run

    def _connection(self) -> dict[str, Any]:
        return {"tenant_id": self._tenant_name, "client_id": CLIENT, "client_secret": self.secret}

    def _prepare(self, run: Run, process: Process, rng: random.Random) -> None:
        trouble = run.trouble
        self.process = process
        self.front.process = self.disk.process = process
        self.front.weather = Weather(random.Random(f"{self.seed}/{run.number}/weather"), trouble.odds, self.tell)
        self.front.weather.calm = trouble.calm
        if not trouble.odds:
            self.exchange.withdrawn.clear()
            self.exchange.needs_proxy.clear()
            self.exchange.refuses.clear()
        self.disk.room, self.disk.failing = trouble.room, trouble.failing
        self.disk.locked_until = self.now + trouble.locked
        self.tenant.run = run.number
        run.started = self.now

    def _finish(self, run: Run, process: Process) -> None:
        run.ended, run.steps, run.ended_by = process.scheduler.now, process.steps, process.ended_by
        run.faults = self.front.weather.faults
        run.stuck = run.stuck or process.scheduler.stuck
        process.scheduler.clear()
        said = "killed" if run.killed else run.message or "ok"
        self.tell(f"==== {run.title} ended after {run.ended - run.started:.1f} s: {said}")
        self.front.weather.odds = {}
        self.front.settle()
        process.scheduler.run_out()
        self.disk.close_all()
        self.now = process.scheduler.now
        self.process = self.front.process = self.disk.process = None


def _has_shm() -> bool:
    return os.access("/dev/shm", os.W_OK)


def _shown(options: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in options.items() if value is not None)[:600]
