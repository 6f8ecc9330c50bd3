# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The shape in which the use of SMTP AUTH reaches the user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._smtp_auth.usage import ANSWERS, BLIND_TO, NO_EVIDENCE, SOURCES, UNKNOWN, USED, Told, Use

ALL, USED_ONLY, NONE = "all", "used", "none"
KEPT = (ALL, USED_ONLY, NONE)  # what a result may hold of the mailboxes
_COUNTED = {USED: "used", NO_EVIDENCE: "no_evidence", UNKNOWN: "unknown"}


def use_result(use: Use, answer: str) -> dict[str, Any]:
    """What is told of one mailbox."""
    return {
        "used": answer,
        "last_used": use.last or None,
        "count": use.count,
        "protocol": use.protocol,
        "clients": [{"address": client.address, "application": client.application} for client in use.clients],
        "failures": {"last": use.failed or None, "reason": use.failure},
        "seen_in": [source for source in SOURCES if source in use.seen_in],
    }


def sources_result(told: Mapping[str, Told]) -> dict[str, Any]:
    return {name: _source(name, told.get(name, Told())) for name in SOURCES}


def _source(name: str, told: Told) -> dict[str, Any]:
    return {
        "read": told.read,
        "reason": told.reason,
        "from": told.begin or None,
        "to": told.end or None,
        "blind_to": list(BLIND_TO[name]),
    }


def usage_result(
    rows: Sequence[dict[str, Any]], told: Mapping[str, Told], missing: int = 0, kept: str = ALL
) -> dict[str, Any]:
    """``kept``: one of KEPT. Whoever couldn't be read is always there, and everybody is counted."""
    failed = sum("error" in row for row in rows)
    answers = [row["used"] for row in rows if "error" not in row]
    return {
        "changed": False,
        "mailboxes": [row for row in rows if _is_kept(row, kept)],
        "sources": sources_result(told),
        "summary": {
            "requested": len(rows) + missing,
            **{_COUNTED[answer]: answers.count(answer) for answer in ANSWERS},
            "missing": missing,
            "failed": failed,
        },
    }


def _is_kept(row: Mapping[str, Any], kept: str) -> bool:
    return kept == ALL or "error" in row or (kept == USED_ONLY and row["used"] == USED)
