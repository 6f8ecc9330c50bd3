# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What other people do to the tenant while a run is at work."""

from __future__ import annotations

import random

from simulation.tenant import Tenant, new_box
from simulation.weather import HAND, Weather

_VALUES = (True, False, None)


class Hand:
    def __init__(self, tenant: Tenant, rng: random.Random) -> None:
        self._tenant = tenant
        self._rng = rng
        self._number = 900

    def meddle(self, weather: Weather) -> None:
        for kind in HAND:
            if weather.odds.get(kind) and weather.strikes(kind):
                self.do(kind)

    def do(self, kind: str) -> None:
        tenant, rng = self._tenant, self._rng
        plain = [box for box in tenant.living() if box.kind.endswith("Mailbox") and box.kind != "DiscoveryMailbox"]
        if kind == "hand turns the switch":
            tenant.turn(not tenant.switched_off, "hand")
            return
        if kind == "hand creates" or len(plain) < 3:
            self._create()
            return
        box = rng.choice(plain)
        if kind == "hand changes":
            tenant.write(box, rng.choice([value for value in _VALUES if value is not box.value]), "hand")
        elif kind == "hand deletes":
            tenant.delete(box)
        elif kind == "hand renames":
            self._number += 1
            tenant.rename(box, f"renamed{self._number}", keep=rng.random() < 0.5)
        elif kind == "hand creates anew":
            tenant.delete(box)
            self._create(box.alias)

    def _create(self, local: str = "") -> None:
        self._number += 1
        self._tenant.create(new_box(self._number, self._rng, self._rng.choice(_VALUES), local))

    def touched(self, since: float) -> set[str]:
        """The mailboxes (and the organization) that others have changed since then."""
        return {note.guid for note in self._tenant.notes("hand") if note.at >= since}
