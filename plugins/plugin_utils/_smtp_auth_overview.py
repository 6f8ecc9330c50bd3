# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What the role ``smtp_auth`` says of many tenants: a line for each, and a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.csv import BOM, cell

_OUTCOMES = ("failed", "drifted", "changed", "as declared")  # by urgency
_OVERVIEW = ("tenant", "outcome", "drifted", "changed", "failed", "missing", "expired", "expiring", "message")


def overview(reports: Sequence[Any], hosts: Sequence[str]) -> dict[str, Any]:
    """The overview of many tenants.

    :returns: ``lines`` for people, the tenants that failed first; ``csv``, the same as a table.
    """
    rows = sorted(
        (_overview_row(host, report or {}) for host, report in zip(hosts, reports, strict=True)), key=_urgency
    )
    failed = sum(row["outcome"] == "failed" for row in rows)
    head = f"{len(rows):,} tenants: {failed:,} failed, {sum(row['outcome'] == 'drifted' for row in rows):,} drifted"
    lines = [head + f", {sum(row['outcome'] == 'changed' for row in rows):,} changed"]
    for row in rows:
        counts = ", ".join(f"{row[key]:,} {key}" for key in _OVERVIEW[2:-1] if row[key])
        said = f": {row['message'][:300]}" if row["message"] else f": {counts}" if counts else ""
        lines.append(f"{row['tenant']}: {row['outcome']}{said}")
    return {"lines": lines, "csv": _table(rows)}


def _table(rows: Iterable[Mapping[str, Any]]) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(_OVERVIEW)
    writer.writerows([cell(row[key]) for key in _OVERVIEW] for row in rows)
    return BOM + buffer.getvalue()


def _overview_row(host: str, report: Mapping[str, Any]) -> dict[str, Any]:
    if "requested" not in report:
        message = "It gave no report: it couldn't be reached, or the run ended before its turn."
        return {**dict.fromkeys(_OVERVIEW, 0), "tenant": host, "outcome": "failed", "message": message}
    counts = {key: int(report.get(key) or 0) for key in _OVERVIEW[2:-1]}
    message = str(report.get("message") or report.get("failure") or "")
    changed = counts["changed"] or (report.get("organization") or {}).get("changed")
    outcome = "failed" if message else "drifted" if counts["drifted"] else "changed" if changed else "as declared"
    return {"tenant": host, "outcome": outcome, **counts, "message": message}


def _urgency(row: Mapping[str, Any]) -> tuple[int, str]:
    return _OUTCOMES.index(row["outcome"]), row["tenant"]
