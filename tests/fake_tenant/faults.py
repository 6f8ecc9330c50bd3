# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules that say when something goes wrong: which event, how often, with what effect."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from .state import Tenant

ENDPOINTS = (
    "token",
    "openid",
    "imds",
    "invoke",
    "page",
    "batch",
    "batch_item",
    "module_file",
    "graph",
    "graph_page",
    "smtp",
)
CMDLET_ENDPOINTS = frozenset({"invoke", "page", "batch_item"})
# Effects that are about a cmdlet's rows, a mailbox's write or a batch, of which Graph's reads have none.
NOT_ON_GRAPH = frozenset({"concurrency_text", "lag", "lose_write", "needs_anchor", "row_other", "smtp_answer"})


@dataclass
class Event:
    """Something that a rule can match. `labels` are endpoint names: a continued listing in a batch has two.

    `host` and `path` are the request's, `anchor` what routes it, `link_here` a link to the page that is being answered.
    `lose_write`, `written` and `previous` carry what an effect needs to know of the write it accompanies.
    """

    labels: frozenset[str]
    tenant: Tenant | None = None
    cmdlet: str | None = None
    identity: str | None = None
    host: str = ""
    path: str = ""
    anchor: str = ""
    link_here: str | None = None
    lose_write: bool = False
    written: Any = None
    previous: bool | None = None


@dataclass
class Rule:
    """One rule.

    endpoints: names of ENDPOINTS, or none for every run of a cmdlet. cmdlet, identity, tenant: must be the event's,
    whatever the case; two identities are the same if they name the same mailbox. path: a part of the request's path and
    query, whatever the case, which tells reads of Graph apart. skip: so many matches pass first.
    times: so many are hit, None is always. probability: of each to be hit, drawn from `seed`.
    """

    id: int
    effect: str
    arguments: dict[str, Any] = field(default_factory=dict)
    endpoints: list[str] = field(default_factory=list)
    cmdlet: str | None = None
    identity: str | None = None
    tenant: str | None = None
    path: str | None = None
    skip: int = 0
    times: int | None = 1
    probability: float = 1.0
    seed: int = 0
    seen: int = 0
    fired: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self.removed = asyncio.Event()

    def hits(self, event: Event) -> bool:
        """Count the event if it matches; True if the effect is due."""
        if (self.times is not None and self.fired >= self.times) or not self._matches(event):
            return False
        self.seen += 1
        if self.seen <= self.skip or self._random.random() >= self.probability:
            return False
        self.fired += 1
        return True

    def _matches(self, event: Event) -> bool:
        if not event.labels & (frozenset(self.endpoints) or CMDLET_ENDPOINTS):
            return False
        if self.cmdlet is not None and self.cmdlet.lower() != (event.cmdlet or "").lower():
            return False
        if self.tenant is not None and (event.tenant is None or self.tenant.lower() not in _names(event.tenant)):
            return False
        if self.path is not None and self.path.lower() not in event.path.lower():
            return False
        return self.identity is None or self._same_identity(event)

    def _same_identity(self, event: Event) -> bool:
        if self.identity is None or event.identity is None:
            return False
        if self.identity.lower() == event.identity.lower():
            return True
        if event.tenant is None:
            return False
        mine, theirs = event.tenant.find(self.identity), event.tenant.find(event.identity)
        return len(mine) == 1 and mine == theirs


def _names(tenant: Tenant) -> Iterable[str]:
    return [tenant.tenant_id, *tenant.domains]


class Faults:
    """The rules in force, oldest first."""

    def __init__(self, check: Callable[[str, dict[str, Any]], None]) -> None:
        self._check = check
        self._rules: list[Rule] = []
        self._ids = itertools.count(1)

    def add(
        self,
        effect: str,
        *,
        endpoint: str | list[str] | None = None,
        arguments: dict[str, Any] | None = None,
        **match: Any,
    ) -> int:
        """Add a rule and return its id; ValueError for an effect, argument or match that doesn't exist."""
        endpoints = [endpoint] if isinstance(endpoint, str) else list(endpoint or [])
        unknown = [name for name in endpoints if name not in ENDPOINTS]
        if unknown:
            raise ValueError(f"no such endpoint: {', '.join(unknown)}; there are {', '.join(ENDPOINTS)}")
        self._check(effect, arguments or {})
        if {"graph", "graph_page"} & set(endpoints) and (effect in NOT_ON_GRAPH or effect.startswith("batch_")):
            raise ValueError(f"{effect} can't befall a read of Graph")
        try:
            rule = Rule(id=next(self._ids), effect=effect, arguments=arguments or {}, endpoints=endpoints, **match)
        except TypeError as error:
            raise ValueError(str(error)) from None
        self._rules.append(rule)
        return rule.id

    def describe(self) -> list[dict[str, Any]]:
        """Every rule with how often it was seen and fired."""
        return [asdict(rule) for rule in self._rules]

    def clear(self, id: int | None = None) -> None:
        """Remove one rule, or all. Requests that an effect holds until then go on."""
        for rule in self._rules:
            if id in (None, rule.id):
                rule.removed.set()
        self._rules = [rule for rule in self._rules if not rule.removed.is_set()]

    def due(self, event: Event) -> Iterator[Rule]:
        """The rules whose effect is due for this event, one by one.

        A rule counts only when its turn comes: whoever stops at one that answers leaves the later ones for next time.
        """
        return (rule for rule in tuple(self._rules) if rule.hits(event))

    def __bool__(self) -> bool:
        return bool(self._rules)
