# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fine day in a large tenant: nothing goes wrong, and every answer takes a time that is known. So seconds can be
told that nobody has to wait for, and that no other process on the machine makes longer.
"""

from __future__ import annotations

import dataclasses
import json
import random
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from simulation import engine
from simulation.disk import Disk
from simulation.exchange import Exchange, Reply
from simulation.front import GRAPH, LOGIN, Answered, Asked, Front
from simulation.graph import Graph
from simulation.process import Process
from simulation.tenant import Box, Tenant, Value, new_box
from simulation.weather import Weather
from simulation.world import CLIENT, START, TENANT

_ACCOUNTS = 999  # of a page of Graph
SECRET = "s3cret~even"


@dataclasses.dataclass(frozen=True)
class Shape:
    """Seconds: ``base`` of every answer, and more for each ``row`` of a page and ``item`` of a batch."""

    base: float
    row: float = 0.0
    item: float = 0.0

    def seconds(self, body: Any) -> float:
        if not isinstance(body, dict):
            return self.base
        return self.base + self.item * len(body.get("responses") or ()) + self.row * len(body.get("value") or ())


FLAT = Shape(0.25)
SLOW_PAGES = Shape(0.2, row=0.001)  # a page of a thousand takes 1.2 s
SLOW_BATCHES = Shape(0.2, item=0.2)  # a batch of ten takes 2.2 s


@dataclasses.dataclass
class Day:
    """What came of a run. ``sent``: requests by what they are: pages, batches, Graph ..."""

    seconds: float
    sent: Counter[str]
    result: dict[str, Any]
    failed: bool

    @property
    def requests(self) -> int:
        return sum(number for kind, number in self.sent.items() if kind != "sign-in")


class LargeTenant(Tenant):
    """Finds by an index: nobody is renamed here."""

    def __init__(self, boxes: list[Box], now: Any) -> None:
        super().__init__(TENANT, boxes, True, now)
        self._by_name: dict[str, list[Box]] = defaultdict(list)
        for box in boxes:
            for name in box.names():
                self._by_name[name].append(box)

    def find(self, identity: str) -> list[Box]:
        return self._by_name.get(identity.lower(), [])


class PagedGraph(Graph):
    """Gives everybody's accounts in pages of 999."""

    def answer(self, url: str) -> Reply:
        if "/users" not in url or "$filter" in url:
            return super().answer(url)
        start = int((re.search(r"skiptoken=(\d+)", url) or ["", "0"])[1])
        boxes = self._tenant.boxes
        rows = [self._account(box.object_id) for box in boxes[start : start + _ACCOUNTS]]
        body: dict[str, Any] = {"value": rows}
        if start + _ACCOUNTS < len(boxes):
            body["@odata.nextLink"] = f"https://{GRAPH}/v1.0/users?$skiptoken={start + _ACCOUNTS}"
        return Reply(200, body)


class LargeExchange(Exchange):
    def _mixed_up(self, cmdlet: str, found: list[Box]) -> list[Box]:
        return found


class EvenFront(Front):
    """``throttled``: of each kind of request, which are refused for being too many."""

    shape = FLAT
    sent: Counter[str]
    throttled: Mapping[str, range] = {}

    def roundtrip(self, asked: Asked, timeout: float) -> Answered:
        assert self.process is not None
        kind = _kind(asked)
        self.sent[kind] += 1
        refused = self.sent[kind] in self.throttled.get(kind, ())
        reply = Reply(429, "", {"Retry-After": "1"}) if refused else self._handle(asked)
        self.process.scheduler.sleep(self.shape.seconds(reply.body))
        return Answered(reply.status, dict(reply.headers), json.dumps(reply.body).encode())


def _kind(asked: Asked) -> str:
    if LOGIN in asked.url:
        return "sign-in"
    if GRAPH in asked.url:
        return "graph"
    if "$batch" in asked.url:
        cmdlet = str(json.loads(asked.body)["requests"][0]["body"]["CmdletInput"]["CmdletName"])
        return f"batch of {cmdlet}"
    command = json.loads(asked.body)["CmdletInput"]
    return f"{'page' if 'ResultSize' in command['Parameters'] else 'one'} of {command['CmdletName']}"


class LargeWorld:
    """A tenant of so many mailboxes, in which runs can be timed."""

    def __init__(self, size: int, shape: Shape) -> None:
        rng = random.Random(size)
        self.boxes = [new_box(number, rng, None) for number in range(size)]
        self._process: Process | None = None
        self.tenant = LargeTenant(self.boxes, lambda: self._process.scheduler.now if self._process else START)
        self._chance = [random.Random(seed) for seed in range(4)]
        weather = Weather(self._chance[0])
        exchange = LargeExchange(self.tenant, lambda: weather, self._chance[1], 1000)
        exchange.tail_page = False
        self.front = EvenFront(self.tenant, exchange, self._chance[2], SECRET)
        self.front.shape, self.front.weather = shape, weather
        self.front.graph = PagedGraph(self.tenant, self._chance[3])
        self.front.graph.allowed, self.front.graph.security_defaults = True, False

    def chosen(self, number: int, *, off: float) -> list[str]:
        """Addresses of so many mailboxes, spread over the tenant at random; the share ``off`` isn't enabled."""
        boxes = random.Random(number).sample(self.boxes, number)
        changing = round(number * off)
        for place, box in enumerate(boxes):
            value: Value = None if place < changing else False
            box.values[:] = [(0.0, value)]
        return [box.addresses[0] for box in boxes]

    def run(self, names: Sequence[str], **options: Any) -> Day:
        """``mailbox_smtp_auth`` on these."""
        return self.run_module("mailbox_smtp_auth", mailboxes=list(names), state="enabled", **options)

    def run_module(self, module: str, **options: Any) -> Day:
        """A module with these options and a sign-in. What chance decides doesn't depend on the runs before it."""
        for seed, chance in enumerate(self._chance):
            chance.seed(seed)
        rng = random.Random(3)
        self._process = process = Process(rng, START, (), lambda _text: None)
        front = self.front
        front.process, front.sent = process, Counter()
        connection = {"tenant_id": TENANT, "client_id": CLIENT, "client_secret": SECRET}
        with tempfile.TemporaryDirectory(prefix="simulation-") as folder:
            disk = Disk(folder, rng, lambda _text: None)
            disk.process = process
            told = engine.run_module(
                module,
                {**connection, **options},
                check=False,
                process=process,
                front=front,
                disk=disk,
                rng=rng,
            )
            seconds = process.scheduler.now - START
            process.scheduler.clear()
            disk.close_all()
        self._process = front.process = None
        return Day(seconds, front.sent, told.result, told.failed)
