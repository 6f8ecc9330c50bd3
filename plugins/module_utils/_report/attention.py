# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Which mailboxes need attention, why, and in which order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from .data import CHANGED_SINCE, DISABLED, ENABLED, NEW, Row

FAILED = "failed"
DRIFTED = "drifted"
CHANGED = "changed"
PLANNED = "planned"
WOULD_BREAK = "would_break"
BLOCKED = "blocked"
OWN = "enabled"
AT_RISK = "at_risk"
MAY_BE_AT_RISK = "may_be_at_risk"

KINDS = (FAILED, DRIFTED, CHANGED, PLANNED, WOULD_BREAK, BLOCKED, OWN, AT_RISK, MAY_BE_AT_RISK, NEW, CHANGED_SINCE)


def attention(row: Row) -> tuple[str, ...]:
    """The reasons why somebody should look at a mailbox, the most urgent first; empty for nearly all of a tenant."""
    enabled = row.state == ENABLED
    found = (
        (FAILED, bool(row.error)),
        (DRIFTED, row.drifted),
        (CHANGED, row.changed),
        (PLANNED, row.planned is not None),
        (WOULD_BREAK, row.would_break),
        (BLOCKED, enabled and DISABLED in (row.basic, row.oauth)),
        (OWN, enabled),
        (AT_RISK, row.at_risk),
        (MAY_BE_AT_RISK, row.may_be_at_risk),
        (NEW, row.since == NEW),
        (CHANGED_SINCE, row.since == CHANGED_SINCE),
    )
    return tuple(kind for kind, applies in found if applies)


def urgency(row: Row) -> int:
    """0 is the most urgent. What drifted and was put right comes after what is still off."""
    kinds = attention(row)
    if not kinds:
        return len(KINDS) + 2
    if kinds[0] == DRIFTED and row.changed:
        return KINDS.index(CHANGED)
    if kinds[0] == OWN:
        return KINDS.index(OWN) if row.at_risk else KINDS.index(OWN) + 1
    return KINDS.index(kinds[0]) + (KINDS.index(kinds[0]) > KINDS.index(OWN))


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Those that need attention, the most urgent first, then by address."""
    found = [(urgency(row), row.mailbox.casefold(), row.guid, row) for row in rows if attention(row)]
    return [entry[-1] for entry in sorted(found, key=lambda entry: entry[:3])]


def tally(rows: Iterable[Row]) -> Counter[str]:
    """How many mailboxes have each reason; one mailbox may have several."""
    return Counter(kind for row in rows for kind in attention(row))
