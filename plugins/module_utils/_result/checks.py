# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The shapes in which the user sees what was looked at before writing: what else blocks, and who uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._smtp_auth.findings import MOST_NAMES
from .mailboxes import MOST_ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._tenant.preflight import Preflight
    from .._tenant.use_guard import Used


def preflight_result(preflight: Preflight) -> dict[str, Any]:
    return {
        "checked": preflight.checked,
        "blocked": len(preflight.blocked),
        "mailboxes": [
            {
                "mailbox": blocked.mailbox.name,
                "basic": blocked.effective.basic,
                "oauth": blocked.effective.oauth,
                "decided_by": blocked.effective.decided_by,
                "reason": blocked.effective.reason,
            }
            for blocked in preflight.blocked[:MOST_NAMES]
        ],
        "unknown": [{"layer": name, "reason": reason} for name, reason in preflight.unknown.items()],
    }


def in_use_result(used: Sequence[Used]) -> list[dict[str, Any]]:
    """The first of them: the message says how many there are."""
    return [
        {
            "mailbox": one.mailbox.name,
            "guid": one.mailbox.guid,
            "last_used": one.last,
        }
        for one in used[:MOST_ROWS]
    ]
