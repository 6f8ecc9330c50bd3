# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What stands in place of a fact that couldn't be read."""

from __future__ import annotations

import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Unread:
    """Instead of a fact that couldn't be read. ``permission``: what is missing, where it is that."""

    reason: str
    permission: str = ""


def why(unread: Unread) -> str:
    """The reason as a part of a sentence. Where to grant a permission is told once for a task, not for each mailbox."""
    if unread.permission:
        return f"the app lacks {unread.permission}"
    return re.sub(r"[.!?]\s+(?=[A-Z])", "; ", unread.reason.strip().rstrip("."))
