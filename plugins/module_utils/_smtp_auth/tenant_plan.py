# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The plan for a whole tenant, and the order in which its mailboxes and the organization's switch are changed.

The order is the same whichever way the switch goes: mailboxes that shall have a setting of their own first, then the
switch, then mailboxes that shall follow it. So a mailbox that shall keep sending has its own ``enabled`` before the
organization is switched off, one that shall be off its own ``disabled`` before it is switched on, and no mailbox
follows the switch before the switch is what it shall be.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from .baseline import UNMANAGED, Baseline
from .identity import ADDRESS, GUID, Entry, fold
from .plan import Step, make_plan
from .state import INHERIT

if TYPE_CHECKING:
    from .mailbox import Mailbox

# Of people, teams and things: what a mailbox plan or an administrator makes. All others are the service's own.
PLAIN_TYPES = frozenset(
    (
        "UserMailbox",
        "SharedMailbox",
        "RoomMailbox",
        "EquipmentMailbox",
        "SchedulingMailbox",
        "TeamMailbox",
        "LinkedMailbox",
        "LinkedRoomMailbox",
        "LegacyMailbox",
    )
)
_ID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SYSTEM_NAME = re.compile(
    rf"(discoverysearchmailbox|systemmailbox)\{{{_ID}\}}|(federatedemail|migration)\.{_ID}|healthmailbox[0-9a-f]{{32}}",
    re.IGNORECASE,
)


def is_system_name(mailbox: Mailbox) -> bool:
    """Whether the address is one that the service gives mailboxes of its own."""
    return _SYSTEM_NAME.fullmatch(mailbox.primary_smtp_address.partition("@")[0]) is not None


def plan_exceptions(baseline: Baseline, found: Mapping[int, Mailbox]) -> list[Step]:
    """The steps of the exceptions that hold, in their order. ``found`` is keyed by their positions.

    :raises PlanError: two of them are the same mailbox.
    """
    declared = {exception.entry.position: exception for exception in baseline.active}
    return make_plan(
        [exception.entry for exception in baseline.active],
        found,
        {position: exception.state for position, exception in declared.items()},
        lambda entry: declared[entry.position].place,
    )


def plan_everyone_else(
    baseline: Baseline, everybody: Iterable[Mailbox], listed: Collection[str], after: int
) -> list[Step]:
    """The steps of all others, by address; none if they aren't managed.

    :param listed: the GUIDs of the exceptions. ``after``: the highest position that an exception has.
    """
    if baseline.everyone_else == UNMANAGED:
        return []
    others = sorted(
        (mailbox for mailbox in everybody if mailbox.guid not in listed),
        key=lambda mailbox: (mailbox.primary_smtp_address.casefold(), mailbox.guid),
    )
    return [
        Step(entry_for(position, mailbox), mailbox, baseline.everyone_else)
        for position, mailbox in enumerate(others, start=after + 1)
    ]


def entry_for(position: int, mailbox: Mailbox, name: str = "") -> Entry:
    """An entry for a mailbox that nobody named, or that was named otherwise; for people to read, not to look up by."""
    text = name or mailbox.name
    return Entry(position, text, ADDRESS if "@" in text else GUID, fold(text))


# The organization's switch -------------------------------------------------------------------------------------------


def before_the_switch(step: Step) -> bool:
    """Whether a mailbox is changed before the organization's switch: one that shall have a setting of its own."""
    return step.wanted != INHERIT
