# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may go wrong, and how often: of everything, a night draws a few kinds and their odds."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable

# Of a whole request. What ends in "after" was taken by the service all the same.
REQUEST = (
    "lost before",
    "lost after",
    "lost, taken later",
    "silent before",
    "silent after",
    "throttled",
    "throttled in words",
    "busy before",
    "busy after",
    "web page before",
    "web page after",
    "empty after",
    "cut after",
    "errors in a success before",
    "redirect to a region",
    "redirect away",
    "token revoked",
    "refused once",
    "slow",
    "allowance used up",
)
# Of one item of a batch, or of one cmdlet.
ITEM = (
    "item throttled",
    "item missing before",
    "item missing after",
    "item twice",
    "item twice, otherwise",
    "item under another id",
    "unknown id",
    "item with unreadable status",
    "item with a bare status",
    "item busy before",
    "item busy after",
    "item unauthorized",
    "item with errors in a success",
    "item with a text",
    "transient in words",
    "proxy needed",
)
READ = (
    "lag",
    "long lag",
    "another mailbox",
    "two rows",
    "no rows",
    "row without the setting",
    "row with a strange setting",
    "page expired",
    "page lost",
    "page cut",
    "page in circles",
    "page elsewhere",
    "row twice",
    "row twice, otherwise",
)
WRITE = ("write ignored", "permission withdrawn", "mailbox refuses")
SIGN_IN = ("sign-in busy", "sign-in refused")
# What decides the fate of a whole request, and the part of it that is answered before it comes to the cmdlet.
INSTEAD = (
    "throttled",
    "throttled in words",
    "busy before",
    "errors in a success before",
    "web page before",
    "redirect to a region",
    "redirect away",
    "token revoked",
    "refused once",
)
FATES = (
    *INSTEAD,
    "lost before",
    "lost after",
    "lost, taken later",
    "silent before",
    "silent after",
    "busy after",
    "web page after",
    "empty after",
    "cut after",
    "slow",
)
ITEM_FATES = (
    "item throttled",
    "item missing before",
    "item missing after",
    "item twice",
    "item twice, otherwise",
    "item under another id",
    "item with unreadable status",
    "item with a bare status",
    "item busy before",
    "item busy after",
    "item unauthorized",
    "item with errors in a success",
    "item with a text",
)
HAND = ("hand changes", "hand deletes", "hand renames", "hand creates", "hand creates anew", "hand turns the switch")
KINDS = (*REQUEST, *ITEM, *READ, *WRITE, *SIGN_IN, *HAND)
_PAGES = tuple(kind for kind in READ if kind.startswith(("page", "row twice")))
_DRAWN = (*KINDS, *_PAGES, *_PAGES, *WRITE, *WRITE)  # what strikes seldom is drawn more often
_ODDS = (0.02, 0.05, 0.1, 0.25, 0.6, 1.0)
_FEW = (0.02, 0.05, 0.1)


@dataclasses.dataclass
class Weather:
    """The odds of one run. ``struck``: how often something did go wrong."""

    rng: random.Random
    odds: dict[str, float] = dataclasses.field(default_factory=dict)
    tell: Callable[[str], None] = lambda text: None
    struck: dict[str, int] = dataclasses.field(default_factory=dict)
    most: int = 10_000  # faults in one run
    calm: int = 0  # requests that go well at first

    def strikes(self, kind: str) -> bool:
        odds = self.odds.get(kind)
        if not odds or self.calm > 0 or self.faults >= self.most or self.rng.random() >= odds:
            return False
        self.struck[kind] = self.struck.get(kind, 0) + 1
        if not kind.startswith("hand"):
            self.tell(f"fault: {kind}")
        return True

    def first(self, kinds: tuple[str, ...]) -> str:
        """The first of these kinds that strikes, or an empty text."""
        return next((kind for kind in kinds if kind in self.odds and self.strikes(kind)), "")

    @property
    def faults(self) -> int:
        return sum(number for kind, number in self.struck.items() if not kind.startswith("hand"))


def draw(rng: random.Random) -> dict[str, float]:
    """The kinds of one run, from none to twelve of them; sometimes one that lasts."""
    if rng.random() < 0.06:
        return {rng.choice(REQUEST): 1.0}
    number = rng.choice((0, 1, 1, 2, 2, 3, 4, 6, 9, 12))
    return {kind: rng.choice(_ODDS if number < 5 else _FEW) for kind in rng.sample(_DRAWN, number)}
