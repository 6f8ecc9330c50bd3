# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The fingerprint of a plan, by which a run refuses to do anything but what was looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any


def fingerprint_of(outcomes: Iterable[Mapping[str, Any]]) -> str:
    """The same for two plans that do the same: that take the same mailboxes from the same states to the same states.

    What a mailbox is called, how the lists are cut, and what is already as it should be, don't matter.
    """
    changes = [
        f"{row['guid'] or row['mailbox']} {row['before']} {outcome['state']}\n"
        for outcome in outcomes
        for row in outcome["rows"]
        if row["changed"]
    ]
    return hashlib.sha256("".join(sorted(changes)).encode()).hexdigest()


def expected_of(given: Any, host: str) -> str:
    """The fingerprint that a host's plan must have; an empty text if none was given.

    :param given: A fingerprint, or fingerprints by host as ``set_stats`` hands them on; empty for none. If other hosts
        have one and this one hasn't, no plan fits: the text is one that no fingerprint equals.
    """
    if isinstance(given, Mapping):
        return str(given.get(host) or "none for this host") if given else ""
    return str(given or "").strip()
