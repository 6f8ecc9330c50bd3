# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a result on the use of SMTP AUTH holds of the mailboxes, and that it counts all of them all the same."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._result.usage import usage_result

ROWS: list[dict[str, Any]] = [
    {"mailbox": "seen", "used": "yes"},
    {"mailbox": "not seen", "used": "no_evidence"},
    {"mailbox": "nobody knows", "used": "unknown"},
    {"mailbox": "not read", "used": "unknown", "error": {"code": "not_read"}},
]
COUNTS = {"requested": 5, "used": 1, "no_evidence": 1, "unknown": 1, "missing": 1, "failed": 1}


@pytest.mark.parametrize(
    ("kept", "names"),
    [
        ("all", ["seen", "not seen", "nobody knows", "not read"]),
        ("used", ["seen", "not read"]),
        ("none", ["not read"]),
    ],
)
def test_what_is_kept_and_that_all_are_counted(kept: str, names: list[str]) -> None:
    result = usage_result(ROWS, {}, 1, kept)
    assert [row["mailbox"] for row in result["mailboxes"]] == names
    assert result["summary"] == COUNTS
