# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One night: runs in trouble, then runs without, which finish the work, change nothing more, and put it back."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from simulation import deeds, tellings
from simulation.declaration import declared, journal_lines
from simulation.exchange import MAX_LAG
from simulation.scenario import BASELINE, INFO, LIST, RESTORE, Scenario
from simulation.tenant import ORGANIZATION, WORDS, Box, Note, Value
from simulation.world import Run, World


@dataclasses.dataclass
class Outcome:
    """``broken``: one text for each broken invariant, its name first."""

    seed: int
    broken: list[str]
    story: list[tuple[float, str]]
    runs: int = 0
    requests: int = 0
    seconds: float = 0.0


class Night:
    def __init__(self, seed: int) -> None:
        self.world = World(seed)
        self.scenario = Scenario(self.world)
        self.rng = self.scenario.rng
        self.broken: list[str] = []

    def play(self) -> Outcome:
        world = self.world
        began = world.now
        try:
            self._play()
        finally:
            world.close()
        unique = list(dict.fromkeys(self.broken))
        requests = sum(1 for _note in world.tenant.notes("sent"))
        return Outcome(world.seed, unique, world.story, len(world.runs), requests, world.now - began)

    def _play(self) -> None:
        options = self.scenario.options()
        if self.rng.random() < 0.3:
            options = self._preview(options)
        first = self._run(options, troubled=True)
        for _each in range(self.rng.choice((0, 1, 2, 3, 4))):
            self.world.wait(self.rng.uniform(1.0, 900.0))
            self._once_more(options)
        if self.scenario.kind == INFO:
            return
        if first.journal and self.rng.random() < 0.35:
            self._restore(first.journal)
            return
        self._finish(options)
        if first.journal and self.rng.random() < 0.6:
            self._restore(first.journal)

    def _once_more(self, options: dict[str, Any]) -> None:
        """Another run in trouble: the same again, another wish into the same journal, or a look at everybody."""
        what = self.rng.random()
        if what < 0.25:
            self._run(self.scenario.look(), troubled=True, module=INFO)
        else:
            again = options if what < 0.5 else self.scenario.other_wish(options)
            self._run({name: value for name, value in again.items() if name != "expected_plan"}, troubled=True)

    # Runs --------------------------------------------------------------------------------------------------------

    def _run(self, options: dict[str, Any], *, troubled: bool, module: str = "", check: bool = False) -> Run:
        trouble = self.scenario.trouble() if troubled else None
        run = self.world.run(module or self.scenario.kind, options, trouble, check=check)
        for checks in (tellings.check, deeds.check):
            self.broken.extend(checks(self.world, run))
        return run

    def _preview(self, options: dict[str, Any]) -> dict[str, Any]:
        """A check first, whose plan the run then has to keep to, where the module knows of plans."""
        run = self._run(options, troubled=self.rng.random() < 0.3, check=True)
        plan = (run.result or {}).get("plan")
        self.world.wait(self.rng.uniform(5.0, 4000.0))
        if self.rng.random() < 0.4:
            self.scenario.world.hand.do(self.rng.choice(("hand changes", "hand turns the switch", "hand deletes")))
            self.world.wait(self.rng.uniform(0.0, 100.0))
        if self.rng.random() < 0.7 and isinstance(plan, str) and plan and not run.failed:
            return options | {"expected_plan": plan}
        return options

    # What has to come out ----------------------------------------------------------------------------------------

    def _finish(self, options: dict[str, Any]) -> None:
        """A run without trouble does what is left, and the one after it has nothing to do."""
        world = self.world
        calm = {name: value for name, value in options.items() if name not in ("max_changes", "expected_plan")}
        calm |= {"deadline": 36000, "timeout": 120, "max_retries": 3}
        if self.scenario.kind in (LIST, BASELINE):
            calm |= {"missing": "warn", "verify": True, "preflight": "off"}
        if self.scenario.kind == BASELINE:
            calm["max_changes"] = "100%"
        world.wait(4000.0)
        foretold = self._run(calm, troubled=False, check=True) if self.rng.random() < 0.5 else None
        second = self._run(calm, troubled=False)
        if second.failure_code in ("duplicate", "ambiguous", "invalid_input"):
            return
        if foretold and _plan_of(foretold) != _plan_of(second):
            self.broken.append(f"foretold: {foretold.title} foretells something else than {second.title} does")
        self.broken.extend(self._finished(second))
        world.wait(100.0)
        third = self._run(calm, troubled=False)
        if (third.result or {}).get("changed") or list(world.tenant.notes("write sent", run=third.number)):
            self.broken.append(f"third: {third.title} has something to change, after a run without trouble")

    def _finished(self, run: Run) -> Iterator[str]:
        if run.failed or run.result is None:
            yield f"second: {run.title} failed without trouble: {run.message[:200]}"
            return
        tenant, wish = self.world.tenant, declared(self.world, run)
        for guid, value in wish.final.items():
            box = tenant.box(guid)
            if box and box.lives(run.ended) and box.value is not value:
                yield (
                    f"second: {run.title} leaves {box.addresses[0]} {WORDS[box.value]}, which shall be {WORDS[value]}"
                )
        if wish.organization and tenant.switched_off not in wish.organization:
            yield f"second: {run.title} leaves the organization's setting"

    def _restore(self, journal: str) -> None:
        world = self.world
        options: dict[str, Any] = {"journal": journal, "deadline": 36000, "timeout": 120, "max_retries": 3}
        if not journal_lines(world, journal):
            return
        world.wait(self.rng.uniform(70.0, 4000.0))
        if self.rng.random() < 0.3:
            self.world.hand.do("hand changes")
        touched_until = len(world.tenant.log)
        if self.rng.random() < 0.4:
            self._run(options | {"journal_path": world.path("undo.jsonl")}, troubled=True, module=RESTORE)
            world.wait(4000.0)
        run = self._run(options, troubled=False, module=RESTORE)
        self.broken.extend(self._restored(run, journal, touched_until))

    def _restored(self, run: Run, journal: str, _until: int) -> Iterator[str]:
        if run.failed or run.result is None:
            yield f"restore: {run.title} failed without trouble: {run.message[:200]}"
            return
        named = {str(one["guid"]).lower() for one in run.result.get("changed_since") or ()}
        for guid, first in self._first_deeds(journal).items():
            yield from self._back(run, guid, first, named)

    def _first_deeds(self, journal: str) -> dict[str, Note]:
        runs = {run.number for run in self.world.runs if run.journal == journal}
        deeds_of: dict[str, Note] = {}
        for note in self.world.tenant.notes("applied"):
            if note.run in runs:
                deeds_of.setdefault(note.guid, note)
        return deeds_of

    def _back(self, run: Run, guid: str, first: Note, named: set[str]) -> Iterator[str]:
        """What the journal's runs have changed is as before them, or was changed by others, and then it is told."""
        tenant = self.world.tenant
        others = [note for note in tenant.notes("hand", guid=guid) if note.at >= self.world.runs[0].started - MAX_LAG]
        if guid == ORGANIZATION:
            if not others and tenant.switched_off is not first.before:
                yield f"restore: {run.title} left the organization's setting"
            return
        box = tenant.box(guid)
        if box is None:
            return
        if not box.lives(run.ended):
            if guid not in named:
                yield f"restore: {run.title} doesn't name {box.addresses[0]}, which is deleted"
        elif not others and box.value is not first.before and not (guid in named and self._unknowable(guid)):
            yield f"restore: {run.title} left {box.addresses[0]} {WORDS[box.value]}, it was {WORDS[first.before]}"
        elif others and box.value is not first.before and guid not in named:
            yield from self._excused(run, box, first.before)

    def _unknowable(self, guid: str) -> bool:
        """Whether the service took a write of the journal's runs and did nothing, and no look could tell."""
        for note in self.world.tenant.notes("ignored", guid=guid):
            run = self.world.runs[note.run - 1]
            unread = "journal" in run.message or "wasn't all read back" in run.message
            if unread or run.options.get("verify") is False or run.killed or run.ended_by:
                return True
        return False

    def _excused(self, run: Run, box: Box, before: Value) -> Iterator[str]:
        """Others have changed it too: it may be as an earlier line of the journal found it."""
        lines = [line for line in journal_lines(self.world, str(run.options["journal"])) if line.guid == box.guid]
        if box.value not in {line.before for line in lines}:
            yield f"restore: {run.title} doesn't name {box.addresses[0]}, which is {WORDS[box.value]}"


def _plan_of(run: Run) -> tuple[Any, ...]:
    """What a result tells of changes, and the fingerprint of the plan."""
    result = run.result or {}
    rows = [(row["guid"], row["before"], row["after"]) for row in result.get("mailboxes") or () if row["changed"]]
    return sorted(rows, key=str), result.get("organization"), result.get("plan"), result.get("changed")


def play(seed: int) -> Outcome:
    return Night(seed).play()
