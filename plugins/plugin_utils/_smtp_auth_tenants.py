# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What the role ``smtp_auth`` makes of a baseline and of a journal: what is asked, the report of one tenant, and the
overview of many.

Pure functions over plain data. Trouble comes back as data, in ``problems``, for a task of the role to show.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.m365ops.exchange_online.plugins.module_utils._report._csv import BOM, cell
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._baseline_text import (
    OPTIONS,
    BaselineTextError,
    parse_yaml,
    plain,
)

_FIRST = 20  # mailboxes that a line of the report names before it only counts
_MOST_NAMES = 100  # that statistics hold
_MOST_CHARACTERS = 2000  # of a message
_COUNTS = ("changed", "unchanged", "missing", "failed", "not_tried", "drifted", "expired", "expiring", "left_alone")
_OUTCOMES = ("failed", "drifted", "changed", "as declared")  # by urgency
_OVERVIEW = ("tenant", "outcome", "drifted", "changed", "failed", "missing", "expired", "expiring", "message")


# What is asked --------------------------------------------------------------------------------------------------------


def make_declaration(given: Any, from_file: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a baseline.

    :param given: ``smtp_auth_baseline``: a dictionary, a list of exceptions, or one of them as a text of YAML.
    :param from_file: what a file holds; empty for none.
    :param variables: the role's variables of single options. Those that aren't empty win.
    :returns: ``problems`` (sentences), and ``options``, which are empty if there are problems.
    """
    problems: list[str] = []
    declared = _as_mapping(given, problems)
    for source, options in (("smtp_auth_baseline", declared), ("smtp_auth_baseline_file", from_file)):
        unknown = [key for key in options if key not in OPTIONS]
        problems += [f"{source} has the unknown key {key[:60]!r}: known are {', '.join(OPTIONS)}" for key in unknown]
    problems += [
        f"{key} is in smtp_auth_baseline and in smtp_auth_baseline_file" for key in declared if key in from_file
    ]
    options = {key: value for key, value in {**declared, **from_file}.items() if not _is_empty(value)}
    options.update({key: value for key, value in variables.items() if not _is_empty(value)})
    if "exceptions" not in options:
        problems.append("the baseline has no exceptions: write exceptions, an empty list if there are none")
    return {"problems": problems, "options": {} if problems else options}


def _as_mapping(given: Any, problems: list[str]) -> dict[str, Any]:
    if _is_empty(given):
        return {}
    if isinstance(given, str):
        try:
            return parse_yaml(given)
        except BaselineTextError as error:
            problems.append(f"smtp_auth_baseline can't be understood: {error}")
            return {}
    content = plain(given)
    if isinstance(content, list):
        return {"exceptions": content}
    if isinstance(content, dict):
        return content
    problems.append(f"smtp_auth_baseline is a {type(given).__name__}: a dictionary or a list of exceptions is needed")
    return {}


def _is_empty(value: Any) -> bool:
    """As a form sends it for a question without an answer. An empty list is an answer."""
    return value is None or (isinstance(value, str) and not value.strip())


# One tenant -----------------------------------------------------------------------------------------------------------


def report_tenant(result: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """What the role says of the result of ``smtp_auth_baseline`` or ``smtp_auth_restore``.

    :returns: ``lines`` for people; ``statistics``, small and without secrets, for the next job; ``problem``, a sentence
        if it failed, otherwise empty; ``drifted``, whether check mode found anything to change.
    """
    summary = {key: int(value) for key, value in (result.get("summary") or {}).items()}
    rows = list(result.get("mailboxes") or ())
    changed = [row for row in rows if row.get("changed") and "error" not in row]
    failed = [row for row in rows if "error" in row]
    organization = {key: (result.get("organization") or {}).get(key) for key in ("before", "after", "changed")}
    failure = result.get("failure") or {}
    problem = str(result.get("msg") or "") if failure or result.get("failed") else ""
    drift = summary.get("changed", 0) + int(bool(organization["changed"])) if check_mode else 0
    statistics = {
        "check_mode": check_mode,
        **{key: summary.get(key, 0) for key in ("requested", "changed", "unchanged", "missing", "failed")},
        "not_tried": 0,
        "drifted": drift,
        **{key: len(result.get(key) or ()) for key in ("expired", "expiring", "left_alone", "changed_since")},
        "organization": organization,
        "changed_mailboxes": [row["mailbox"] for row in changed[:_MOST_NAMES]],
        "failed_mailboxes": [row["mailbox"] for row in failed[:_MOST_NAMES]],
        "requests": int((result.get("requests") or {}).get("sent") or 0),
        "journal": str(result.get("journal") or ""),
        "report": str((result.get("report") or {}).get("html") or ""),
        "failure": str(failure.get("code") or ("failed" if problem else "")),
        "message": problem[:_MOST_CHARACTERS],
    }
    return {
        "lines": _lines(result, summary, changed, organization, check_mode),
        "statistics": statistics,
        "problem": problem[:_MOST_CHARACTERS],
        "drifted": bool(drift),
    }


def _lines(
    result: Mapping[str, Any],
    summary: Mapping[str, int],
    changed: Sequence[Mapping[str, Any]],
    organization: Mapping[str, Any],
    check_mode: bool,
) -> list[str]:
    verb = "would change" if check_mode else "changed"
    counts = ", ".join(f"{summary.get(key, 0):,} {key}" for key in ("unchanged", "missing", "failed"))
    lines = [f"mailboxes: {summary.get('requested', 0):,}; {summary.get('changed', 0):,} {verb}, {counts}"]
    if changed:
        names = [f"{row['mailbox']} ({row['before']} to {row['after']})" for row in changed]
        lines.append(f"  {verb}: {_some(names)}")
    if organization["before"]:
        to = f", {verb} to {organization['after']}" if organization["changed"] else ""
        lines.append(f"organization: {organization['before']}{to}")
    for key, words in (("expired", "expired exceptions"), ("expiring", "exceptions that end soon")):
        ends = [f"{item['mailbox']} ({item['expires']})" for item in result.get(key) or ()]
        lines += [f"{words}: {_some(ends)}"] if ends else []
    for key, words in (("left_alone", "the service's own, left alone"), ("changed_since", "changed since, left alone")):
        names = [item["mailbox"] for item in result.get(key) or ()]
        lines += [f"{words}: {_some(names)}"] if names else []
    report = (result.get("report") or {}).get("html")
    return [*lines, f"report: {report}"] if report else lines


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_FIRST])
    return f"{shown} and {len(names) - _FIRST:,} more" if len(names) > _FIRST else shown


# Many tenants ---------------------------------------------------------------------------------------------------------


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
        "failed_tenants": [host for host in hosts if not by_host.get(host) or by_host[host].get("message")],
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
    if not report:
        return {**dict.fromkeys(_OVERVIEW, 0), "tenant": host, "outcome": "failed", "message": "It gave no report."}
    counts = {key: int(report.get(key) or 0) for key in _OVERVIEW[2:-1]}
    message = str(report.get("message") or "")
    changed = counts["changed"] or (report.get("organization") or {}).get("changed")
    outcome = "failed" if message else "drifted" if counts["drifted"] else "changed" if changed else "as declared"
    return {"tenant": host, "outcome": outcome, **counts, "message": message}


def _urgency(row: Mapping[str, Any]) -> tuple[int, str]:
    return _OUTCOMES.index(row["outcome"]), row["tenant"]
