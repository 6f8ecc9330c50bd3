# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The shape in which what was read reaches the user: the same for one mailbox or all, on success and on failure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .._smtp_auth.state import STATES
from .layers import EffectiveResults, effective_summary, findings_result
from .mailboxes import failure_result

if TYPE_CHECKING:
    from .._tenant.effective_states import EffectiveStates
    from .._tenant.organization import Organization
    from .._tenant.read_mailboxes import Reading


def info_result(
    readings: Sequence[Reading],
    organization: Organization,
    *,
    states: Sequence[str] | None,
    missing: int = 0,
    return_mailboxes: str = "all",
    effective: EffectiveStates | None = None,
) -> dict[str, Any]:
    """The result of a module that reads mailboxes. ``states``: those to keep. ``missing``: listed mailboxes that aren't
    there. ``effective``: what was read of the layers, if that was asked for.
    """
    kept = [reading for reading in readings if not states or reading.mailbox is None or reading.mailbox.state in states]
    if return_mailboxes == "none":
        kept = [reading for reading in kept if reading.error is not None]
    found = [reading.mailbox.state for reading in readings if reading.mailbox is not None]
    failed = sum(reading.error is not None and not reading.missing for reading in readings)
    results = EffectiveResults()
    result: dict[str, Any] = {
        "changed": False,
        "mailboxes": [_reading_result(reading, effective, results) for reading in kept],
        "summary": {
            "requested": len(found) + missing + failed,
            **{state: found.count(state) for state in STATES},
            "missing": missing,
            "failed": failed,
        },
        "organization": {"state": organization.state, "reason": organization.reason},
        "report": {"html": "", "csv": "", "json": ""},
        "comparison": {"earlier": None, "new": 0, "changed": 0, "gone": 0},
        "baseline": "",
    }
    if effective is not None:
        result["summary"].update(effective_summary(effective.findings))
        result["findings"] = findings_result(effective.findings)
    return result


def _reading_result(reading: Reading, effective: EffectiveStates | None, results: EffectiveResults) -> dict[str, Any]:
    mailbox = reading.mailbox
    result: dict[str, Any] = {
        "mailbox": reading.name,
        "guid": mailbox.guid if mailbox else "",
        "primary_smtp_address": mailbox.primary_smtp_address if mailbox else "",
        "display_name": mailbox.display_name if mailbox else "",
        "state": mailbox.state if mailbox else None,
    }
    if effective is not None:
        result["effective"] = results.of(effective.by_guid[mailbox.guid]) if mailbox else None
    if reading.error is not None:
        result["error"] = failure_result(reading.error)
    return result
