# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The shape in which the look ahead reaches the user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._smtp_auth.findings import MOST_NAMES

if TYPE_CHECKING:
    from .._tenant.preflight import Preflight


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
