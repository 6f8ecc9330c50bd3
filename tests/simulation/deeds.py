# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Invariants of what a run does: only what was declared, only where it differs, on record, in order, within bounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from simulation.declaration import declared, journal_lines
from simulation.exchange import MAX_LAG
from simulation.graph import SECURITY_DEFAULTS
from simulation.tenant import ORGANIZATION, WORDS, Box, Note, Tenant, Value, word_of
from simulation.world import Run, World

REFUSALS = ("max_changes", "duplicate", "ambiguous", "blocked", "another_plan", "in_use", "not_read")


def check(world: World, run: Run) -> Iterator[str]:
    yield from _declared_only(world, run)
    yield from _refusals(world, run)
    yield from _differences(world, run)
    yield from _on_record(world, run)
    yield from _within_limit(world, run)
    yield from _bounds(world, run)
    yield from _order(world, run)
    yield from _left_alone(world, run)
    yield from _preflight(world, run)
    yield from _expected(world, run)
    for note in world.tenant.notes("leak", run=run.number):
        yield f"leak: {run.title}: a token was {note.text}"
    for note in world.tenant.notes("bad parameters", run=run.number):
        yield f"wire: {run.title} sent what the service refuses: {note.text}"


def _name(tenant: Tenant, guid: str) -> str:
    box = tenant.box(guid)
    return box.addresses[0] if box else guid


def _writes(world: World, run: Run) -> list[Note]:
    return list(world.tenant.notes("write sent", run=run.number))


def _declared_only(world: World, run: Run) -> Iterator[str]:
    writes = _writes(world, run)
    if not writes:
        return
    wish = declared(world, run)
    for note in writes:
        if note.guid == ORGANIZATION:
            if note.value is not None and note.value not in wish.organization:
                yield f"outside: {run.title} turned the organization's setting to {note.value}"
        elif note.value not in wish.allowed.get(note.guid, ()):
            state = WORDS.get(note.value, note.value)
            yield f"outside: {run.title} wrote {state} to {_name(world.tenant, note.guid)}, which nobody asked for"


def _left_alone(world: World, run: Run) -> Iterator[str]:
    """What others have set since the journal's runs isn't put back."""
    if run.module != "smtp_auth_restore":
        return
    lines = journal_lines(world, str(run.options["journal"]))
    for write in _writes(world, run):
        known = {value for line in lines if line.guid == write.guid for value in (line.before, line.after)}
        changes = [note for note in world.tenant.notes("hand", "applied", guid=write.guid) if note.at < run.started]
        last = changes[-1] if changes else None
        if last and last.kind == "hand" and last.value not in known and last.at < run.started - MAX_LAG:
            yield f"restore: {run.title} put back {_name(world.tenant, write.guid)}, which others have changed"


def _preflight(world: World, run: Run) -> Iterator[str]:
    """A preflight that fails keeps the run from enabling what stays blocked."""
    if run.options.get("preflight") != "fail":
        return
    blocked = any(note.value is True for note in world.tenant.notes("shown", run=run.number, guid=SECURITY_DEFAULTS))
    if blocked and any(note.value is False for note in _writes(world, run) if note.guid != ORGANIZATION):
        yield f"refusal: {run.title} enabled mailboxes though it saw that security defaults block them"


def _expected(world: World, run: Run) -> Iterator[str]:
    """With a plan that was looked at, nothing is written that wasn't in it, and nothing from another state."""
    plan = run.options.get("expected_plan")
    previews = [one for one in world.runs if one.check and one.result and plan and one.result.get("plan") == plan]
    if not previews:
        return
    result = previews[0].result or {}
    planned = {(row["guid"], row["before"], row["after"]) for row in result.get("mailboxes") or () if row["changed"]}
    told = result.get("organization") or {}
    planned.add((ORGANIZATION, told.get("before"), told.get("after")))
    seen: dict[str, Value] = {}
    written: set[str] = set()
    for note in [one for one in world.tenant.log if one.run == run.number]:
        if note.kind == "shown":
            seen[note.guid] = note.value
        elif note.kind == "write sent" and note.guid not in written:
            written.add(note.guid)
            step = (note.guid, word_of(seen.get(note.guid)), word_of(note.value))
            if step not in planned:
                name = _name(world.tenant, note.guid)
                yield f"plan: {run.title} wrote {step[2]} to {name}, which was {step[1]}: another plan was expected"


def _refusals(world: World, run: Run) -> Iterator[str]:
    writes = _writes(world, run)
    if not writes:
        return
    if run.check:
        yield f"refusal: {run.title} wrote in check mode"
    said = run.message.lower()
    if run.result is not None and (run.failure_code in REFUSALS or "nothing was written" in said):
        yield f"refusal: {run.title} wrote, and tells: {run.message[:120]}"
    if run.module.endswith("_info"):
        yield f"refusal: {run.title} wrote"


def _differences(world: World, run: Run) -> Iterator[str]:
    """The first write to a mailbox is for a difference that the service has shown."""
    seen: dict[str, Value | str] = {}
    written: set[str] = set()
    for note in world.tenant.log:
        if note.run != run.number:
            continue
        if note.kind == "shown":
            seen[note.guid] = note.value
        elif note.kind == "write sent" and note.guid not in written:
            written.add(note.guid)
            if seen.get(note.guid, "never shown") == "never shown":
                yield f"difference: {run.title} wrote to {_name(world.tenant, note.guid)} without having read it"
            elif seen[note.guid] is note.value:
                yield f"difference: {run.title} wrote to {_name(world.tenant, note.guid)} what it was already"


def _on_record(world: World, run: Run) -> Iterator[str]:
    if not run.journal:
        return
    lines = journal_lines(world, run.journal)
    for note in world.tenant.notes("applied", run=run.number):
        fitting = [line for line in lines if line.guid == note.guid and line.after is note.value]
        if not fitting:
            yield f"journal: {run.title} wrote to {_name(world.tenant, note.guid)}, and its journal doesn't tell"
        elif min(line.at for line in fitting) > note.at:
            yield f"journal first: {run.title} wrote to {_name(world.tenant, note.guid)} before its journal told"


def _within_limit(world: World, run: Run) -> Iterator[str]:
    limit = run.options.get("max_changes")
    if limit is None or run.module == "organization_smtp_auth":
        return
    text, guids = str(limit), {note.guid for note in _writes(world, run)} - {ORGANIZATION}
    if text.endswith("%"):
        everybody = sum(box.born <= run.ended and (box.gone or 1e12) >= run.started for box in world.tenant.boxes)
        most = int(float(text[:-1]) * everybody / 100)
    else:
        most = int(text)
    if len(guids) > most:
        yield f"limit: {run.title} wrote to {len(guids)} mailboxes with max_changes={limit}"


def _bounds(world: World, run: Run) -> Iterator[str]:
    tries = int(run.options["max_retries"]) + 1
    for guid, number in Counter(note.guid for note in _writes(world, run)).items():
        if number > tries * tries + 6:
            yield f"requests: {run.title} wrote {number} times to {_name(world.tenant, guid)}"
    sent = sum(1 for _note in world.tenant.notes("sent", run=run.number))
    pages = len(world.tenant.boxes) // max(1, world.exchange.page) + 3
    most = 16 + 4 * pages + len(world.tenant.boxes) // 2 + run.faults * (6 + pages)
    if sent > most:
        yield f"requests: {run.title} sent {sent} requests for {run.faults} faults; {most} are the most"


# The order -----------------------------------------------------------------------------------------------------------


def _order(world: World, run: Run) -> Iterator[str]:
    """Whoever could send before and shall afterwards can all the time; whoever couldn't and shan't never can."""
    tenant = world.tenant
    deeds = list(tenant.notes("applied", run=run.number))
    if run.module not in ("smtp_auth_baseline", "mailbox_smtp_auth") or not deeds:
        return
    wish = declared(world, run)
    moved = {note.guid for note in tenant.notes("hand") if note.at >= run.started - MAX_LAG}
    if ORGANIZATION in moved:
        return
    shall_switch = next(iter(wish.organization), tenant.switch_at(run.started))
    for box in tenant.boxes:
        if box.guid in moved or not box.lives(run.started) or not box.lives(run.ended):
            continue
        began = _works(box.at(run.started), tenant.switch_at(run.started))
        final = wish.final.get(box.guid, box.at(run.started))
        if box.guid in wish.allowed and box.guid not in wish.final:
            continue
        if began == _works(final, shall_switch):
            yield from _steady(world, run, box, began, deeds)


def _steady(world: World, run: Run, box: Box, began: bool, deeds: list[Note]) -> Iterator[str]:
    for note in deeds:
        if _works(box.at(note.at), world.tenant.switch_at(note.at)) != began:
            what = "cut off" if began else "let in"
            yield f"order: {run.title} {what} {box.addresses[0]} on its way"
            return


def _works(value: Value, switched_off: bool) -> bool:
    return not (switched_off if value is None else value)
