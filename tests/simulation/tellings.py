# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Invariants of what a run tells: true of the tenant, or told as unknown; counts that agree; no secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from simulation.exchange import MAX_LAG
from simulation.tenant import ORGANIZATION, VALUES, Box, Note
from simulation.world import Run, World

GRACE = 12.0  # seconds past its deadline that a task may take for its end


def check(world: World, run: Run) -> Iterator[str]:
    yield from _ends(run)
    yield from _secrets(world, run)
    if run.result is None:
        return
    yield from _shape(run)
    yield from _rows(world, run)
    yield from _organization(world, run)
    yield from _counts(run)
    yield from _whole(world, run)


def _ends(run: Run) -> Iterator[str]:
    if run.stuck:
        yield f"end: {run.title} never ended"
    elif run.killed and run.ended_by != "SIGKILL":
        yield f"end: {run.title} left no result after {run.ended_by}"
    if run.crash:
        yield f"end: {run.title} let an exception out: {run.crash.strip().splitlines()[-1]}"
    late = run.ended - run.started - run.options["deadline"]
    if late > GRACE and not run.killed:
        yield f"deadline: {run.title} took {late:.0f} s more than its deadline of {run.options['deadline']} s"


def _secrets(world: World, run: Run) -> Iterator[str]:
    texts = json.dumps(run.result, default=str) if run.result else ""
    written = [data for _at, _file, data in world.disk.written if isinstance(data, bytes)]
    journal = b"".join(written).decode(errors="replace")
    for secret in (world.secret, *world.front.tokens):
        if secret in texts:
            yield f"secret: {run.title} tells a secret in its result"
            return
        if secret in journal:
            yield f"secret: {run.title} writes a secret to its journal"
            return


def _shape(run: Run) -> Iterator[str]:
    result = run.result or {}
    if "Internal error" in run.message:
        yield f"end: {run.title}: {run.message}"
    lacking = {"changed", "requests"} - result.keys()
    if lacking:
        yield f"shape: {run.title} doesn't tell {', '.join(sorted(lacking))}"
    if run.failed and not result.get("failure"):
        yield f"shape: {run.title} failed without a failure"


# Mailboxes -----------------------------------------------------------------------------------------------------------


def _rows(world: World, run: Run) -> Iterator[str]:
    rows = (run.result or {}).get("mailboxes") or []
    for row in rows:
        box = world.tenant.box(str(row.get("guid") or "").lower())
        if box is None:
            if row.get("guid"):
                yield f"truth: {run.title} tells of {row['guid']}, which nobody has ever seen"
            continue
        if run.options.get("verify") is not False or not _ignored(world, run, box.guid):
            yield from _true(run, row, box)
        if not run.check and "changed" in row:
            yield from _changed(world, run, row, box)


def _unverified(run: Run, row: dict[str, Any]) -> bool:
    """Whether the row, or the task, says that it wasn't read back."""
    said = (row.get("error") or {}).get("code") == "not_verified" or "wasn't all read back" in run.message
    return said and bool(row.get("changed"))


def _ignored(world: World, run: Run, guid: str) -> bool:
    """Whether the service said yes and did nothing: only a look can tell."""
    return any(True for _note in world.tenant.notes("ignored", run=run.number, guid=guid))


def _true(run: Run, row: dict[str, Any], box: Box) -> Iterator[str]:
    was, later = box.between(run.started - MAX_LAG, run.ended), box.between(run.started, run.ended)
    for key in ("before", "after", "state"):
        word = row.get(key)
        if word is None or (key == "after" and (run.check or row.get("planned") or _unverified(run, row))):
            continue
        if VALUES[word] not in was:
            yield f"truth: {run.title} tells {key}={word} of {box.addresses[0]}, which it never was"
        elif key == "after" and row["changed"] and not row.get("error") and VALUES[word] not in later:
            yield f"truth: {run.title} tells that {box.addresses[0]} became {word}, which it didn't"


def _deeds(world: World, run: Run, guid: str) -> list[Note]:
    """What the run did to this mailbox, up to the moment at which it told."""
    return [note for note in world.tenant.notes("applied", run=run.number, guid=guid) if note.at <= run.ended]


def _changed(world: World, run: Run, row: dict[str, Any], box: Box) -> Iterator[str]:
    done = _deeds(world, run, box.guid)
    if done and not row["changed"]:
        if not row.get("error"):
            yield f"changed: {run.title} changed {box.addresses[0]} and tells that it didn't"
        elif _could_know(world, run, box.guid, done[0]):
            yield f"changed: {run.title} changed {box.addresses[0]}, could know it, and tells that it didn't"
    if row["changed"] and row["after"] is None and not _looked(world, run, box.guid):
        yield f"changed: {run.title} tells {box.addresses[0]} as unknown, and nobody looked"
    if row["changed"] and not done and not row.get("error"):
        others = [note for note in world.tenant.notes("hand", guid=box.guid) if note.at >= run.started - MAX_LAG]
        unread = run.options.get("verify") is False or _unverified(run, row)
        unseen = unread and _ignored(world, run, box.guid)
        if not others and not unseen:
            yield f"changed: {run.title} tells that it changed {box.addresses[0]}, and didn't"


def _could_know(world: World, run: Run, guid: str, deed: Note) -> bool:
    """Whether an answer told of it, or nobody looked though there was time to."""
    tenant = world.tenant
    if any(
        note.value is deed.value and note.at >= deed.at for note in tenant.notes("shown", run=run.number, guid=guid)
    ):
        return True
    if any(note.text == "ok" for note in tenant.notes("told", run=run.number, guid=guid)):
        return True
    return not _looked(world, run, guid)


def _looked(world: World, run: Run, guid: str) -> bool:
    """Whether a look was tried after the last write, or there was no time for one."""
    if run.ended_by or "journal" in run.message or _short_of_time(run):
        return True
    sent = [note.at for note in world.tenant.notes("write sent", run=run.number, guid=guid)]
    looks = [note.at for note in world.tenant.log if note.kind == "read sent" and note.run == run.number]
    return not sent or any(at >= sent[-1] for at in looks)


def _short_of_time(run: Run) -> bool:
    return run.ended - run.started > run.options["deadline"] - 100.0 or "deadline" in run.message


# The organization ----------------------------------------------------------------------------------------------------


def _organization(world: World, run: Run) -> Iterator[str]:
    told = _told_of_switch(run)
    if told is None:
        return
    before, after, changed = told
    unseen = run.options.get("verify") is False and _ignored(world, run, ORGANIZATION)
    was = world.tenant.switch_between(run.started - MAX_LAG, run.ended)
    for key, word in (("before", before), ("after", after)):
        if (
            word in ("enabled", "disabled")
            and VALUES[word] not in was
            and not (key == "after" and (run.check or unseen))
        ):
            yield f"truth: {run.title} tells {key}={word} of the organization, which it never was"
    done = _deeds(world, run, ORGANIZATION)
    if not run.check and done and not changed and (not run.failed or _could_know(world, run, ORGANIZATION, done[0])):
        yield f"changed: {run.title} changed the organization's setting and tells that it didn't"


def _told_of_switch(run: Run) -> tuple[Any, Any, bool] | None:
    result = run.result or {}
    if run.module == "organization_smtp_auth":
        before, after = result.get("before") or {}, result.get("after") or {}
        return before.get("state"), after.get("state"), bool(result.get("changed"))
    told = result.get("organization")
    if not isinstance(told, dict) or "before" not in told:
        return (None, told.get("state"), False) if isinstance(told, dict) else None
    return told["before"], told["after"], bool(told["changed"])


# Counts --------------------------------------------------------------------------------------------------------------


def _counts(run: Run) -> Iterator[str]:
    result = run.result or {}
    summary, rows = result.get("summary") or {}, result.get("mailboxes") or []
    if "changed" not in summary or run.options.get("return_mailboxes", "all") != "all":
        return
    if not rows and summary["failed"] == summary["requested"]:
        return  # nothing could be found out
    total = summary["changed"] + summary["unchanged"] + summary["missing"] + summary["failed"]
    if total != summary["requested"] and "planned" not in summary:
        yield f"counts: {run.title} tells of {total} of {summary['requested']} mailboxes: {summary}"
    changed = sum(bool(row["changed"]) and not row.get("error") for row in rows)
    if changed != summary["changed"]:
        yield f"counts: {run.title} tells {summary['changed']} changed mailboxes and shows {changed}"
    organization = result.get("organization") or {}
    if bool(result["changed"]) != (any(row["changed"] for row in rows) or bool(organization.get("changed"))):
        yield f"counts: {run.title} tells changed={result['changed']}, its rows tell otherwise"
    if not run.failed and any(row.get("error") for row in rows):
        yield f"counts: {run.title} has rows with an error and didn't fail"


def _whole(world: World, run: Run) -> Iterator[str]:
    """A listing of everybody that succeeded has everybody."""
    if run.module != "mailbox_smtp_auth_info" or run.failed or run.options.get("mailboxes") is not None:
        return
    told = {row["guid"] for row in (run.result or {})["mailboxes"]}
    for box in world.tenant.boxes:
        stayed = box.born <= run.started and (box.gone is None or box.gone > run.ended)
        if stayed and box.guid not in told:
            yield f"whole: {run.title} lists everybody and leaves out {box.addresses[0]}"
            return
