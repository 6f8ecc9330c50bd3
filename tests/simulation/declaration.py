# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a declaration means, and what a journal says: read by this model's own rules, from the options and the bytes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from simulation.exchange import MAX_LAG
from simulation.tenant import ORGANIZATION, VALUES, Tenant, Value
from simulation.world import Run, World

PLAIN = ("UserMailbox", "SharedMailbox", "RoomMailbox")
TODAY = "2027-01-15"


@dataclasses.dataclass
class Declared:
    """``allowed``: for each mailbox the values that the run may write. ``final``: what it shall be, where that is plain
    to see: named, or everyone else, all through the run.
    """

    allowed: dict[str, set[Value]]
    final: dict[str, Value]
    organization: set[bool]


def declared(world: World, run: Run) -> Declared:
    if run.module == "mailbox_smtp_auth":
        wanted = [(name, VALUES[run.options["state"]]) for name in run.options["mailboxes"]]
        return _of_names(world.tenant, run, wanted, "unmanaged")
    if run.module == "smtp_auth_baseline":
        return _of_baseline(world.tenant, run)
    if run.module == "organization_smtp_auth":
        return Declared({}, {}, {bool(VALUES[run.options["state"]])})
    if run.module == "smtp_auth_restore":
        return _of_journal(world, run)
    return Declared({}, {}, set())


def _of_names(tenant: Tenant, run: Run, wanted: list[tuple[str, Value]], others: Value | str) -> Declared:
    """``others``: the value of everyone else; a text for none."""
    made = Declared({}, {}, set())
    since = run.started - MAX_LAG
    always: set[str] = set()
    for name, value in wanted:
        guids = tenant.ever_named(name, since)
        for guid in guids:
            made.allowed.setdefault(guid, set()).add(value)
        if len(guids) == 1:
            guid = next(iter(guids))
            box = tenant.box(guid)
            if box and name.lower() in box.names() and not box.former:
                always.add(guid)
                made.final[guid] = value
    if not isinstance(others, str):
        for box in tenant.boxes:
            if box.guid not in always and box.kind in PLAIN:
                made.allowed.setdefault(box.guid, set()).add(others)
                if box.guid not in made.final and len(made.allowed[box.guid]) == 1:
                    made.final[box.guid] = others
    return made


def _of_baseline(tenant: Tenant, run: Run) -> Declared:
    options = run.options
    wanted = [
        (one["mailbox"], VALUES[one["state"]])
        for one in options.get("exceptions") or ()
        if not one.get("expires") or one["expires"] >= TODAY
    ]
    for state in ("enabled", "disabled", "inherit"):
        wanted += [(name, VALUES[state]) for name in options.get(state) or ()]
    everyone_else = options.get("everyone_else", "unmanaged")
    made = _of_names(tenant, run, wanted, VALUES[everyone_else] if everyone_else != "unmanaged" else "unmanaged")
    if options.get("organization"):
        made.organization = {bool(VALUES[options["organization"]])}
    return made


def _of_journal(world: World, run: Run) -> Declared:
    made = Declared({}, {}, set())
    for line in journal_lines(world, str(run.options["journal"])):
        if line.guid == ORGANIZATION:
            made.organization.add(bool(line.before))
        else:
            made.allowed.setdefault(line.guid, set()).add(line.before)
    return made


@dataclasses.dataclass(frozen=True)
class Line:
    guid: str
    before: Value
    after: Value
    at: float = 0.0


def journal_lines(world: World, path: str) -> list[Line]:
    """The whole lines of a journal, with the time at which each was written."""
    name, content, times = path.rpartition("/")[2], b"", [(0, 0.0)]
    for at, file, data in world.disk.written:
        if file == name:
            content = content[:data] if isinstance(data, int) else content + data
            times.append((len(content), at))
    lines: list[Line] = []
    end = 0
    for text in content.split(b"\n"):
        end += len(text) + 1
        at = next((at for size, at in times if size >= end - 1), 0.0)
        line = _line(text, at)
        if line:
            lines.append(line)
    return lines


def _line(text: bytes, at: float) -> Line | None:
    try:
        parsed = json.loads(text)
    except ValueError:
        return None
    if not isinstance(parsed, Mapping) or "before" not in parsed or "after" not in parsed:
        return None
    guid = ORGANIZATION if parsed.get("object") == ORGANIZATION else str(parsed.get("guid"))
    return Line(guid, _value(parsed["before"]), _value(parsed["after"]), at)


def _value(word: Any) -> Value:
    return VALUES.get(str(word))
