# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a night holds: which module is run, with what, and what becomes of it; all of it the seed's choice."""

from __future__ import annotations

import random
from typing import Any

from simulation.engine import spec_has
from simulation.process import End
from simulation.tenant import Box
from simulation.weather import draw
from simulation.world import Trouble, World

STATES = ("enabled", "disabled", "inherit")
LIST, BASELINE, SWITCH, INFO, RESTORE = (
    "mailbox_smtp_auth",
    "smtp_auth_baseline",
    "organization_smtp_auth",
    "mailbox_smtp_auth_info",
    "smtp_auth_restore",
)


class Scenario:
    def __init__(self, world: World) -> None:
        self.world = world
        self.rng = random.Random(f"{world.seed}/scenario")
        self.kind = self.rng.choices((LIST, BASELINE, SWITCH, INFO), (42, 38, 9, 11))[0]
        self.quick = self.rng.random() < 0.15  # short time-outs and deadline

    # Options -----------------------------------------------------------------------------------------------------

    def options(self) -> dict[str, Any]:
        made = {LIST: self._list, BASELINE: self._baseline, SWITCH: self._switch, INFO: self._info}[self.kind]()
        rng = self.rng
        made["max_retries"] = rng.choice((0, 1, 2, 3, 5, 5))
        made["timeout"] = rng.choice((5, 20, 60, 120))
        made["deadline"] = rng.choice((20, 60)) if self.quick else rng.choice((400, 1500, 3600))
        return {name: value for name, value in made.items() if spec_has(self.kind, name) and value is not None}

    def _writing(self) -> dict[str, Any]:
        rng = self.rng
        return {
            "verify": rng.random() < 0.85,
            "concurrency": rng.choice((1, 2, 4, 4, 6)),
            "journal_path": self.world.path("journal.jsonl") if rng.random() < 0.85 else None,
            "missing": rng.choice(("fail", "warn", "warn")),
            "preflight": rng.choice(("off", "off", "off", "warn", "fail")),
            "return_mailboxes": "all",
        }

    def _list(self) -> dict[str, Any]:
        rng = self.rng
        return {
            **self._writing(),
            "mailboxes": self._names(rng.choice((1, 2, 4, 9, 11, 21, 30, 45))),
            "state": rng.choice(STATES),
            "max_changes": rng.choice((None, None, None, rng.randrange(1, 12))),
        }

    def _baseline(self) -> dict[str, Any]:
        rng = self.rng
        everyone_else = rng.choice(("unmanaged", "inherit", "disabled", "disabled"))
        names = self._names(rng.choice((0, 1, 3, 6, 12, 25)))
        lists: dict[str, list[str]] = {state: [] for state in STATES}
        kept = rng.randrange(0, len(names) + 1) if rng.random() < 0.4 else len(names)
        for name in names[kept:]:
            lists[rng.choice(STATES)].append(name)
        return {
            **self._writing(),
            **{state: listed for state, listed in lists.items() if listed},
            "exceptions": [self._exception(name) for name in names[:kept]],
            "everyone_else": everyone_else,
            "organization": rng.choice((None, "enabled", "disabled", "disabled")),
            "max_changes": rng.choice(("100%", "100%", "60%", str(rng.randrange(0, 20)))),
        }

    def _exception(self, name: str) -> dict[str, Any]:
        rng = self.rng
        made = {"mailbox": name, "state": rng.choice(STATES), "owner": "it@example.com", "reason": "scanner"}
        if rng.random() < 0.2:
            made["expires"] = rng.choice(("2026-12-31", "2027-02-01", "2029-01-01"))
        return made

    def _switch(self) -> dict[str, Any]:
        rng = self.rng
        return {
            "state": "enabled" if self.world.tenant.switched_off is (rng.random() < 0.8) else "disabled",
            "max_changes": rng.choice((None, None, 5, 100)),
            "verify": rng.random() < 0.8,
            "journal_path": self.world.path("journal.jsonl"),
        }

    def _info(self) -> dict[str, Any]:
        rng = self.rng
        listed = self._names(rng.choice((1, 5, 12, 25))) if rng.random() < 0.6 else None
        return {"mailboxes": listed, "missing": rng.choice(("fail", "warn"))}

    def _names(self, most: int) -> list[str]:
        rng, boxes = self.rng, self.world.tenant.living()
        chosen = rng.sample(boxes, min(most, len(boxes)))
        names = [self._name(box) for box in chosen]
        if chosen and rng.random() < 0.05:
            names.append(rng.choice((chosen[0].guid, chosen[0].addresses[0], chosen[0].upn)))
        if rng.random() < 0.12:
            names.append(rng.choice(("nobody@example.com", "nobody", "0f0f0f0f-1111-4222-8333-444455556666")))
        unique = {name.lower(): name for name in names}
        return list(unique.values())

    def _name(self, box: Box) -> str:
        rng = self.rng
        forms = (
            box.addresses[0],
            box.addresses[0],
            box.addresses[0].upper(),
            box.addresses[-1],
            box.upn,
            box.alias,
            box.guid,
            box.guid.upper(),
            box.object_id,
        )
        return rng.choice(forms)

    # Trouble -----------------------------------------------------------------------------------------------------

    def trouble(self) -> Trouble:
        rng = self.rng
        trouble = Trouble(odds=draw(rng), calm=rng.choice((0, 0, 0, 3, 4, 6, 9)))
        if rng.random() < 0.35:
            how = rng.choice(("SIGKILL", "SIGKILL", "SIGTERM", "SIGHUP", "SIGINT"))
            step = int(2 ** rng.uniform(0.0, 6.5))
            trouble.ends = (End(how, step, rng.choice((0, 0, 0, 1, 7)) if how != "SIGKILL" else 0),)
        bad_disk = rng.random()
        if bad_disk < 0.08:
            trouble.room = rng.randrange(0, 4000)
        elif bad_disk < 0.11:
            trouble.failing = 0.2
        elif bad_disk < 0.14:
            trouble.locked = rng.choice((0.5, 5.0, 30.0))
        return trouble

    def other_wish(self, options: dict[str, Any]) -> dict[str, Any]:
        """Another declaration with the same journal."""
        return self.options() | {name: options[name] for name in ("journal_path",) if name in options}

    def look(self) -> dict[str, Any]:
        return {"missing": "warn", "max_retries": 3, "timeout": 60, "deadline": 1500}
