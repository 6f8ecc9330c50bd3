# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tenant: mailboxes and the organization's switch, with their whole history, and a log of all that happened.

Values are in the service's own form: True is disabled, False is enabled, None follows the organization.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Iterator
from typing import Any

Value = bool | None
WORDS = {True: "disabled", False: "enabled", None: "inherit"}
VALUES = {word: value for value, word in WORDS.items()}
ORGANIZATION = "organization"


def word_of(value: Any) -> str:
    return WORDS[value] if value is None or isinstance(value, bool) else repr(value)


@dataclasses.dataclass
class Box:
    """One mailbox. ``values``: (since, value), the first of which is what it began with."""

    guid: str
    object_id: str
    upn: str
    alias: str
    display: str
    addresses: list[str]  # the primary one first
    kind: str
    values: list[tuple[float, Value]]
    born: float = 0.0
    gone: float | None = None
    former: list[tuple[float, str]] = dataclasses.field(default_factory=list)  # (until, name) lost by a rename

    @property
    def value(self) -> Value:
        return self.values[-1][1]

    def at(self, when: float) -> Value:
        found = self.values[0][1]
        for since, value in self.values:
            if since <= when:
                found = value
        return found

    def between(self, start: float, end: float) -> set[Value]:
        """All that it was at some time from ``start`` to ``end``."""
        return {self.at(start), *(value for since, value in self.values if start <= since <= end)}

    def names(self) -> set[str]:
        return {name.lower() for name in (self.guid, self.object_id, self.upn, self.alias, *self.addresses) if name}

    def lives(self, when: float) -> bool:
        return self.born <= when and (self.gone is None or when < self.gone)


@dataclasses.dataclass(frozen=True)
class Note:
    """One line of the log. ``run``: of the process at work then, 0 for none."""

    at: float
    run: int
    kind: str
    guid: str = ""
    value: Any = None
    before: Any = None
    text: str = ""


class Tenant:
    def __init__(self, guid: str, boxes: list[Box], switch: bool, now: Callable[[], float]) -> None:
        self.guid = guid
        self.boxes = boxes
        self.switch: list[tuple[float, bool]] = [(0.0, switch)]
        self.legacy_tls = False
        self.now = now
        self.run = 0
        self.log: list[Note] = []
        self._by_guid = {box.guid: box for box in boxes}

    def note(self, kind: str, guid: str = "", value: Any = None, before: Any = None, text: str = "") -> None:
        self.log.append(Note(self.now(), self.run, kind, guid, value, before, text))

    def notes(self, *kinds: str, run: int | None = None, guid: str | None = None) -> Iterator[Note]:
        for note in self.log:
            if note.kind in kinds and run in (None, note.run) and guid in (None, note.guid):
                yield note

    # What is -----------------------------------------------------------------------------------------------------

    def living(self) -> list[Box]:
        now = self.now()
        return [box for box in self.boxes if box.lives(now)]

    def box(self, guid: str) -> Box | None:
        return self._by_guid.get(guid)

    def find(self, identity: str) -> list[Box]:
        name = identity.lower()
        return [box for box in self.living() if name in box.names()]

    def ever_named(self, name: str, since: float) -> set[str]:
        """The ids of all that had this name at some time since then."""
        name = name.lower()
        return {
            box.guid
            for box in self.boxes
            if (box.gone is None or box.gone >= since)
            and (name in box.names() or any(old == name and until >= since for until, old in box.former))
        }

    @property
    def switched_off(self) -> bool:
        return self.switch[-1][1]

    def switch_at(self, when: float) -> bool:
        found = self.switch[0][1]
        for since, value in self.switch:
            if since <= when:
                found = value
        return found

    def switch_between(self, start: float, end: float) -> set[bool]:
        return {self.switch_at(start), *(value for since, value in self.switch if start <= since <= end)}

    def effective(self, box: Box) -> bool:
        """Whether SMTP AUTH works for it now."""
        return not (self.switched_off if box.value is None else box.value)

    # What changes it ---------------------------------------------------------------------------------------------

    def write(self, box: Box, value: Value, by: str) -> bool:
        """``by``: ``applied`` (the run that is being watched) or ``hand``. False if it was so before."""
        before = box.value
        if before is value:
            self.note("same", box.guid, value)
            return False
        box.values.append((self.now(), value))
        self.note(by, box.guid, value, before)
        return True

    def turn(self, value: bool, by: str) -> bool:
        before = self.switched_off
        if before is value:
            self.note("same", ORGANIZATION, value)
            return False
        self.switch.append((self.now(), value))
        self.note(by, ORGANIZATION, value, before)
        return True

    def delete(self, box: Box) -> None:
        box.gone = self.now()
        self.note("deleted", box.guid)

    def rename(self, box: Box, local: str, keep: bool) -> None:
        """Another address, UPN and alias. ``keep``: the old address stays as a secondary one."""
        now, old, domain = self.now(), box.addresses[0], box.addresses[0].partition("@")[2]
        lost = {box.upn.lower(), box.alias.lower()} | (set() if keep else {old.lower()})
        box.addresses = [f"{local}@{domain}", *([old] if keep else []), *box.addresses[1:]]
        box.upn, box.alias = f"{local}@{domain}", local
        box.former.extend((now, name) for name in lost - box.names())
        self.note("renamed", box.guid, text=f"{old} is now {box.addresses[0]}")

    def create(self, box: Box) -> None:
        box.born = self.now()
        self.boxes.append(box)
        self._by_guid[box.guid] = box
        self.note("created", box.guid, box.value, text=box.addresses[0])


def new_box(number: int, rng: Any, value: Value, local: str = "", kind: str = "UserMailbox") -> Box:
    local = local or f"user{number:03d}"
    guid = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    more = [f"{local}.second@example.org"] if rng.random() < 0.4 else []
    upn = f"{local}@example.com" if rng.random() < 0.8 else f"{local}.signin@example.com"
    return Box(
        guid=guid,
        object_id=str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        upn=upn,
        alias=local,
        display=f"User {number}",
        addresses=[f"{local}@example.com", *more],
        kind=kind,
        values=[(0.0, value)],
    )
