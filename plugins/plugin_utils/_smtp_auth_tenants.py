# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What the role ``smtp_auth`` says of a run: the report of one tenant, and the overview of many.

Pure functions over plain data. A result that isn't whole is a failure here, too: in every line and statistic.
"""

from __future__ import annotations

import csv
import io
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.csv import BOM, cell
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.several import first_of, more
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.whole_plan import Plan
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_declaration import TRUE, refused
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_outcome import (
    WRITING,
    is_whole,
    said,
    trouble_of,
)

_FIRST = 20  # mailboxes that a line of the report names before it only counts
_MOST_NAMES = 100  # that statistics hold
_MOST_JOINED = 3  # lines that are shown as one
_STATES = ("enabled", "disabled", "inherit")
_COUNTS = ("changed", "unchanged", "missing", "failed", "not_tried", "drifted", "expired", "expiring", "left_alone")
_OUTCOMES = ("failed", "drifted", "changed", "as declared")  # by urgency
_OVERVIEW = ("tenant", "outcome", "drifted", "changed", "failed", "missing", "expired", "expiring", "message")
_NOT_TRIED = "not_tried"
# A run without anything to do has a plan all the same: a later one that finds something to do isn't what was looked at.
_IDLE = {"summary": dict.fromkeys(WRITING, 0), "plan": Plan([], 0).fingerprint}


# One tenant -----------------------------------------------------------------------------------------------------------


def report_tenant(result: Any, context: Mapping[str, Any]) -> dict[str, Any]:
    """What the role says of the result of ``smtp_auth_baseline`` or ``smtp_auth_restore``.

    :param context: ``problems``, for which the module wasn't run; ``idle``, whether there was nothing to do; else
        ``check_mode``; ``host``, the tenant's; ``journal``, the path that was to be written; ``names``, the
        variables of the module's options; ``by_lists``, whether lists were asked for; ``fail_on_drift``.
    :returns: ``lines`` for people, and ``told``, the same as it is shown: of a single mailbox as one sentence;
        ``statistics``, small and without secrets, for the next job; ``problem``, a sentence if it failed, otherwise
        empty; ``drifted``, whether anything would change; ``why``, the problem, or that it has drifted if that is to
        fail; ``alone``, whether that says it all; ``plan``, its fingerprint.
    """
    check_mode, host, names = bool(context["check_mode"]), str(context["host"]), context["names"]
    if context.get("problems"):
        result, names = refused(context["problems"]), {}  # in the words of the variables already, and of a file's keys
    elif context.get("idle"):
        result = _IDLE
    trouble = trouble_of(result, WRITING, names, check_mode=check_mode, journal=str(context.get("journal") or ""))
    whole = is_whole(result, WRITING)
    told = _Told(result if whole else {}, check_mode, trouble)
    lines = _shown(told, context, trouble, whole)
    return {
        "lines": lines,
        "told": _as_one(lines) if told.requested <= 1 else lines,
        "plan": "" if trouble["message"] or not whole else str(result.get("plan") or ""),
        "statistics": told.statistics(bool(context.get("by_lists"))),
        "problem": said(trouble, host),
        "drifted": bool(told.drift),
        "why": said(trouble, host) or _drifted(told.drift, context),
        "alone": bool(trouble["message"]) and not told.is_partial,
    }


def _drifted(count: int, context: Mapping[str, Any]) -> str:
    if not count or str(context.get("fail_on_drift")).lower() not in TRUE:
        return ""
    return f"{context['host']} isn't as declared: {count} would change. A run without --check puts it right. (drifted)"


def _shown(told: _Told, context: Mapping[str, Any], trouble: Mapping[str, str], whole: bool) -> list[str]:
    if not whole or (trouble["message"] and not told.requested):
        return [f"failed: {trouble['message']}"]
    if context.get("idle"):
        return ["No mailbox was given: nothing to do."]
    return told.lines(bool(context.get("by_lists")))


def _as_one(lines: Sequence[str]) -> str | list[str]:
    """Few lines as one, which takes three fewer on a screen."""
    return "; ".join(line.strip() for line in lines) if len(lines) <= _MOST_JOINED else list(lines)


class _Told:
    """What a whole result tells; of one that isn't, nothing."""

    def __init__(self, result: Mapping[str, Any], check_mode: bool, trouble: Mapping[str, str]) -> None:
        self._result = result
        self._check_mode = check_mode
        self._trouble = trouble
        rows = list(result.get("mailboxes") or ())
        self._changed = [row for row in rows if row.get("changed") and "error" not in row]
        self._failed = [row for row in rows if "error" in row]
        self._planned = [row for row in rows if row.get("planned")]
        self._summary = {**dict.fromkeys((*WRITING, "planned"), 0), **(result.get("summary") or {})}
        organization = result.get("organization") or {}
        self._organization = {key: organization.get(key) for key in ("before", "after", "changed")}
        self._switch_planned = bool(organization.get("planned"))
        self._switch_wanted = organization.get("wanted")

    @property
    def requested(self) -> int:
        return int(self._summary["requested"])

    @property
    def is_partial(self) -> bool:
        """Whether more is to be told of a failure than why: something was done, or would have been."""
        summary = self._summary
        return bool(summary["changed"] or self._organization["changed"]) or summary["planned"] > 1 or self.requested > 1

    @property
    def drift(self) -> int:
        """How many would change: in a check, or by a plan that was refused."""
        if self._summary["planned"] or self._switch_planned:
            return int(self._summary["planned"]) + int(self._switch_planned)
        if not self._check_mode:
            return 0
        return int(self._summary["changed"]) + int(bool(self._organization["changed"]))

    def statistics(self, by_lists: bool) -> dict[str, Any]:
        result, lists = self._result, self._lists() if by_lists else {}
        not_tried = sum(fates[_NOT_TRIED] for fates in lists.values())
        blocked = result.get("preflight") or {}
        return {
            "check_mode": self._check_mode,
            **{key: int(self._summary[key]) for key in WRITING},
            "failed": int(self._summary["failed"]) - not_tried,
            _NOT_TRIED: not_tried,
            "drifted": self.drift,
            "blocked": int(blocked.get("blocked") or 0),
            **{key: len(result.get(key) or ()) for key in ("expired", "expiring", "left_alone", "changed_since")},
            "organization": self._organization,
            "changed_mailboxes": [row["mailbox"] for row in (self._planned or self._changed)[:_MOST_NAMES]],
            "failed_mailboxes": [row["mailbox"] for row in self._failed[:_MOST_NAMES]],
            **({"lists": lists} if by_lists else {}),
            "requests": int((result.get("requests") or {}).get("sent") or 0),
            "journal": str(result.get("journal") or ""),
            "report": str((result.get("report") or {}).get("html") or ""),
            "failure": self._trouble["code"],
            "message": self._trouble["message"],
        }

    def _lists(self) -> dict[str, dict[str, int]]:
        given = self._result.get("lists") or {}
        keys = ("requested", "changed", "unchanged", "missing", "failed", _NOT_TRIED)
        counts = {state: {key: int((given.get(state) or {}).get(key) or 0) for key in keys} for state in _STATES}
        for fates in counts.values():
            fates["failed"] -= fates[_NOT_TRIED]
        return counts

    def lines(self, by_lists: bool) -> list[str]:
        verb = "would change" if self._check_mode else "changed"
        lines = self._by_list(verb) if by_lists else []
        lines = lines or [self._in_all(verb)]
        if self._changed:
            lines.append(f"  {verb}: {_some([_step(row, row['after']) for row in self._changed])}")
        if self._planned:
            count = self._summary["planned"]
            steps = [_step(row, row.get("wanted")) for row in self._planned]
            lines.append(f"  refused, would change {count:,}: {_some(steps, int(count))}")
        lines += self._switch(verb)
        lines += _blocked(self._result.get("preflight") or {}, self._check_mode or bool(self._planned))
        for key, words in (("expired", "expired exceptions"), ("expiring", "exceptions that end soon")):
            ends = [f"{item['mailbox']} ({item['expires']})" for item in self._result.get(key) or ()]
            lines += [f"{words}: {_some(ends)}"] if ends else []
        for key, words in (
            ("left_alone", "the service's own, left alone"),
            ("changed_since", "changed since, left alone"),
        ):
            names = [item["mailbox"] for item in self._result.get(key) or ()]
            lines += [f"{words}: {_some(names)}"] if names else []
        report = (self._result.get("report") or {}).get("html")
        lines += [f"report: {report}"] if report else []
        plan = self._result.get("plan") if self._check_mode and not self._trouble["message"] else ""
        lines += [f"plan: {plan} (smtp_auth_expected_plan holds a run to it)"] if plan else []
        journal = self._result.get("journal")
        return [*lines, f"journal: {journal}"] if journal else lines

    def _in_all(self, verb: str) -> str:
        summary = self._summary
        counts = ", ".join(f"{summary[key]:,} {key}" for key in ("unchanged", "missing", "failed"))
        return f"mailboxes: {summary['requested']:,}; {summary['changed']:,} {verb}, {counts}"

    def _by_list(self, verb: str) -> list[str]:
        lines = []
        for state, counts in self._lists().items():
            if counts["requested"]:
                parts = [
                    f"{counts['requested']:,} asked",
                    f"{counts['changed']:,} {verb}",
                    f"{counts['unchanged']:,} already right",
                ]
                troubles = [key for key in ("missing", "failed", _NOT_TRIED) if counts[key]]
                parts += [f"{counts[key]:,} {key.replace('_', ' ')}" for key in troubles]
                lines.append(f"{state}: {', '.join(parts)}")
        return lines

    def _switch(self, verb: str) -> list[str]:
        if not self._organization["before"]:
            return []
        to = f", {verb} to {self._organization['after']}" if self._organization["changed"] else ""
        if self._switch_planned:
            to = f", refused, would change to {self._switch_wanted}"
        return [f"organization: {self._organization['before']}{to}"]


def _step(row: Mapping[str, Any], after: Any) -> str:
    return f"{row['mailbox']} ({row['before']} to {after})"


def _blocked(preflight: Mapping[str, Any], planned: bool) -> list[str]:
    """Who can't send all the same, and what to do."""
    count = int(preflight.get("blocked") or 0)
    if not count:
        return []
    named = [f"{row['mailbox']}: {row['reason']}" for row in (preflight.get("mailboxes") or ())[:_FIRST]]
    rest = more(count - len(named))
    head = "to be enabled, but would still be blocked" if planned else "enabled, but still blocked"
    return [f"{head}: {count:,}", *(f"  {line}" for line in (*named, rest) if line)]


def _some(names: Sequence[str], count: int | None = None) -> str:
    return first_of(names, _FIRST, count=count)


# Many tenants ---------------------------------------------------------------------------------------------------------


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
