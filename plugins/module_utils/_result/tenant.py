# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What the modules that bring a whole tenant to a state return beside ``mailbox_smtp_auth``: the same on failure."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .mailboxes import empty_set_result, set_result

if TYPE_CHECKING:
    from .._smtp_auth.baseline import DeclaredException
    from .._tenant.enforce import LeftAlone
    from .._tenant.journal import Journal
    from .._tenant.set_mailboxes import Record, Report
    from .._tenant.switch import OrganizationSwitch

FATES = ("changed", "unchanged", "missing", "failed")


def tenant_result(report: Report, *, return_mailboxes: str, diff_mode: bool, plan: str) -> dict[str, Any]:
    """``set_result`` with what was ``wanted`` of each mailbox."""
    return set_result(report, return_mailboxes=return_mailboxes, diff_mode=diff_mode, plan=plan, with_wanted=True)


def empty_tenant_result(requested: int, *, diff_mode: bool) -> dict[str, Any]:
    return empty_set_result(requested, diff_mode=diff_mode)


def add_organization(result: dict[str, Any], switch: OrganizationSwitch | None, *, refused: bool) -> None:
    """The organization's switch, in the result and its diff. ``refused``: the plan was, so show what it would do."""
    planned = refused and switch is not None and switch.needed
    result["organization"] = organization_result(switch, planned=planned)
    if switch is None:
        return
    result["changed"] = result["changed"] or switch.changed
    after = switch.wanted if planned else switch.after
    if "diff" in result and (switch.changed or planned):
        result["diff"].insert(
            0,
            {
                "before_header": "organization (before)",
                "after_header": "organization (after)",
                "before": f"smtp_auth: {switch.before.state}\n",
                "after": f"smtp_auth: {after or 'unknown'}\n",
            },
        )


def organization_result(switch: OrganizationSwitch | None, *, planned: bool = False) -> dict[str, Any]:
    if switch is None:
        return {"before": None, "after": None, "changed": False}
    result = {"before": switch.before.state, "after": switch.after, "changed": switch.changed}
    return {**result, "planned": True, "wanted": switch.wanted} if planned else result


def lists_result(report: Report, declared: Iterable[DeclaredException]) -> dict[str, dict[str, int]]:
    """How the mailboxes of each plain list fared. ``failed`` holds those that were not tried, too."""
    records = {record.entry.position: record for record in report.records}
    planned = {record.entry.position for record in report.planned}
    counts: dict[str, dict[str, int]] = {}
    for one in declared:
        if one.listed:
            fates = counts.setdefault(one.state, dict.fromkeys(("requested", *FATES, "not_tried"), 0))
            fates["requested"] += 1
            for fate in _fates(records.get(one.entry.position), one.state, one.entry.position in planned):
                fates[fate] += 1
    return counts


def _fates(record: Record | None, wanted: str, planned: bool) -> Iterable[str]:
    """None of them where the run didn't come to it."""
    if record is None or planned:
        return ()
    if record.missing:
        return ("missing",)
    if record.error is not None:
        return ("failed", "not_tried") if record.error.code == "not_tried" else ("failed",)
    if record.changed:
        return ("changed",)
    return ("unchanged",) if record.after == wanted else ()


def exceptions_result(exceptions: Iterable[DeclaredException], today: datetime.date) -> list[dict[str, Any]]:
    return [
        {
            "mailbox": exception.entry.text,
            "state": exception.state,
            "owner": exception.owner,
            "reason": exception.reason,
            "expires": exception.expires.isoformat() if exception.expires else "",
            "days_left": exception.days_left(today),
        }
        for exception in exceptions
    ]


def left_alone_result(left_alone: Sequence[LeftAlone]) -> list[dict[str, Any]]:
    return [
        {
            "mailbox": left.mailbox.name,
            "guid": left.mailbox.guid,
            "display_name": left.mailbox.display_name,
            "state": left.mailbox.state,
            "type": left.kind,
        }
        for left in left_alone
    ]


def journal_result(journal: Journal | None, path: str | None) -> str:
    """The path of the journal if this run has added to it."""
    return os.path.abspath(path) if path and journal and journal.lines else ""
