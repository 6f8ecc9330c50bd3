# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""From what is and what is wanted to what has to be done. Nothing here asks or writes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from .several import first_of

if TYPE_CHECKING:
    from .identity import Entry
    from .mailbox import Mailbox

_SHOWN = 10  # pairs in a message


class PlanError(ValueError):
    """The list can't be carried out as it stands."""


@dataclasses.dataclass(frozen=True, slots=True)  # sixty thousand of these are held at once
class Step:
    """One mailbox of a plan."""

    entry: Entry
    mailbox: Mailbox
    wanted: str

    @property
    def needed(self) -> bool:
        return self.mailbox.state != self.wanted


def make_plan(
    entries: Sequence[Entry],
    found: Mapping[int, Mailbox],
    wanted: str | Mapping[int, str],
    place_of: Callable[[Entry], str] | None = None,
) -> list[Step]:
    """The steps, in the order of the entries. ``found`` is keyed by the entries' positions; others are left out.

    :param wanted: one state for all, or one for each position.
    :param place_of: where an entry stands, in words.
    :raises PlanError: two entries are the same mailbox.
    """
    steps: list[Step] = []
    entry_of: dict[str, Entry] = {}
    twice: list[tuple[Entry, Entry]] = []
    for entry in entries:
        mailbox = found.get(entry.position)
        if mailbox is None:
            continue
        earlier = entry_of.setdefault(mailbox.guid, entry)
        if earlier is not entry:
            twice.append((earlier, entry))
            continue
        steps.append(Step(entry, mailbox, wanted if isinstance(wanted, str) else wanted[entry.position]))
    if twice:
        place_of = place_of or _place_of
        named = [
            f"{place_of(first)} ({first.text}) and {place_of(second)} ({second.text})"
            for first, second in twice[:_SHOWN]
        ]
        pairs = first_of(named, _SHOWN, between="; ", count=len(twice))
        raise PlanError(f"The same mailbox is listed twice: {pairs}. Keep one name for each mailbox.")
    return steps


def _place_of(entry: Entry) -> str:
    return f"entry {entry.position}"
