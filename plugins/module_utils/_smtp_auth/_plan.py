# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""From what is and what is wanted to what has to be done. Nothing here asks or writes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from ._identity import Entry
from ._mailbox import Mailbox

_SHOWN = 10  # pairs in a message


class PlanError(ValueError):
    """The list can't be carried out as it stands."""


@dataclasses.dataclass(frozen=True)
class Step:
    """One mailbox of a plan."""

    entry: Entry
    mailbox: Mailbox
    wanted: str

    @property
    def needed(self) -> bool:
        return self.mailbox.state != self.wanted


def make_plan(entries: Sequence[Entry], found: Mapping[int, Mailbox], wanted: str | Mapping[int, str]) -> list[Step]:
    """The steps, in the order of the entries. ``found`` is keyed by the entries' positions; others are left out.

    :param wanted: one state for all, or one for each position.
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
        pairs = "; ".join(
            f"entry {first.position} ({first.text}) and entry {second.position} ({second.text})"
            for first, second in twice[:_SHOWN]
        )
        more = f"; and {len(twice) - _SHOWN} more" if len(twice) > _SHOWN else ""
        raise PlanError(f"The same mailbox is listed twice: {pairs}{more}. Keep one name for each mailbox.")
    return steps


def check_size(steps: Sequence[Step], max_changes: int | None) -> None:
    """
    :raises PlanError: more mailboxes would change than ``max_changes`` allows.
    """
    needed = [step for step in steps if step.needed]
    if max_changes is None or len(needed) <= max_changes:
        return
    first = ", ".join(step.entry.text for step in needed[:5])
    more = ", ..." if len(needed) > 5 else ""
    raise PlanError(
        f"The plan changes {len(needed)} of {len(steps)} mailboxes, more than max_changes={max_changes}; nothing was "
        f"written. It would change {first}{more}. Run with --check --diff to see all, then raise max_changes if it is "
        f"right."
    )
