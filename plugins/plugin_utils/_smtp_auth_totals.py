# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What the role ``smtp_auth`` hands on to the next job: the counts of every tenant and of all, and the plans.

Pure functions over plain data: the reports of the hosts of a play.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import Any

_MOST_NAMES = 100  # that statistics hold
_COUNTS = ("changed", "unchanged", "missing", "failed", "not_tried", "drifted", "expired", "expiring", "left_alone")


def hand_on(reports: Sequence[Any], hosts: Sequence[str], host: str, check_mode: bool = False) -> dict[str, Any]:
    """What a host gives to ``set_stats``: the sums over all hosts so far, its own counts, and the plans.

    :param reports: those of ``report_tenant``, in the order of ``hosts``; empty for a host that hasn't reported.
    """
    by_host = {name: report for name, report in zip(hosts, reports, strict=True) if report}
    data = {"smtp_auth_report": add_up([(by_host.get(name) or {}).get("statistics") for name in hosts], hosts)}
    own = by_host.get(host) or {}
    if host != "localhost":
        data[f"smtp_auth_report_{_name_of(host, hosts)}"] = dict(own.get("statistics") or {})
    if not own.get("problem"):
        plans = {name: str(report["plan"]) for name, report in by_host.items() if report.get("plan")}
        data["smtp_auth_expected_plan"] = plans if check_mode else {}
    return data


def _name_of(host: str, hosts: Sequence[str]) -> str:
    """A host as a part of a variable's name, and of no other host's."""
    name = _letters(host)
    if any(_letters(other) == name for other in hosts if other != host):
        return f"{name}_{zlib.crc32(host.encode()):08x}"
    return name


def _letters(host: str) -> str:
    return re.sub("[^A-Za-z0-9_]", "_", host.replace("-", "__"))


def add_up(reports: Sequence[Any], hosts: Sequence[str]) -> dict[str, Any]:
    """The statistics of a run: those of its only host, or the sums over all hosts with the counts of each.

    :param reports: what each host has reported, in the order of ``hosts``; empty for a host that hasn't.
    """
    by_host = {host: report for host, report in zip(hosts, reports, strict=True) if report}
    if len(hosts) == 1:
        return dict(next(iter(by_host.values()), {}))
    statistics = list(by_host.values())
    totals: dict[str, Any] = {
        "check_mode": any(item.get("check_mode") for item in statistics),
        **{key: sum(int(item.get(key) or 0) for item in statistics) for key in (*_COUNTS, "requests")},
        "failed_mailboxes": [name for item in statistics for name in item.get("failed_mailboxes") or ()][:_MOST_NAMES],
        "failed_tenants": [host for host in hosts if not by_host.get(host) or by_host[host].get("failure")],
    }
    tenants: dict[str, dict[str, Any]] = {
        host: {key: int(item.get(key) or 0) for key in _COUNTS} for host, item in by_host.items()
    }
    for host, item in by_host.items():
        tenants[host]["failure"] = item.get("failure") or ""
    return {**totals, "tenants": tenants}
