# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What the playbook ``audit`` shows of a tenant, from the result of ``mailbox_smtp_auth_info``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_outcome import (
    READING,
    is_whole,
    said,
    trouble_of,
)
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_words import variables

MOST_LINES = 20  # listed mailboxes that get a line each


def report_audit(result: Any, host: str) -> dict[str, Any]:
    """What there is to be said about a tenant.

    :returns: ``seen``, whether enough was read to be shown; ``picture`` and ``mailboxes``, lines for people;
        ``statistics`` for the next job; ``problem``, the sentence to fail with, empty if all went well.
    """
    names = {**variables(playbook=True), "mailboxes": "smtp_auth_mailboxes"}
    trouble = trouble_of(result, READING, names)
    seen = _is_of_use(result, bool(trouble["message"]))
    if not seen and not trouble["message"]:
        trouble = {"code": "no_result", "message": "The module returned nothing of what decides."}
    return {
        "picture": _picture(result) if seen else [],
        "mailboxes": _mailboxes(result),
        "seen": seen,
        "statistics": {**result["summary"], "organization": result["organization"]["state"], **_broken(result)}
        if seen
        else {},
        "problem": said(trouble, host),
    }


def _broken(result: Mapping[str, Any]) -> dict[str, int]:
    return {"would_break": result["usage"]["would_break"]["count"]} if result.get("usage") else {}


def _is_of_use(result: Any, failed: bool) -> bool:
    """With all mailboxes read, what is known is worth to be shown, though a layer couldn't be read."""
    if not is_whole(result, READING) or not result.get("findings"):
        return False
    summary = result["summary"]
    return not failed or (summary["requested"] > 0 and not summary["missing"] and not summary["failed"])


def _picture(result: Mapping[str, Any]) -> list[str]:
    summary, findings = result["summary"], result["findings"]
    basic, oauth = summary["effective"]["basic"], summary["effective"]["oauth"]
    maybe = f", and for {basic['unknown']} it isn't known" if basic["unknown"] else ""
    report = (result.get("report") or {}).get("html")
    organization = ", ".join(filter(None, (result["organization"]["state"], result["organization"].get("reason"))))
    files = {"report": report, "a baseline to edit, with owner and reason to fill": result.get("baseline")}
    return [
        f"mailboxes: {summary['requested']}",
        f"enabled, whatever the organization says: {summary['enabled']}",
        f"disabled, whatever the organization says: {summary['disabled']}",
        f"inherit, following the organization: {summary['inherit']}",
        f"not found: {summary['missing']}",
        f"organization: {organization}",
        f"a client with Basic meets: {_counts(basic)}",
        f"a client with OAuth meets: {_counts(oauth)}",
        f"enabled, but still blocked: {_blocked(findings)}",
        f"at risk at the end of December 2026, because Basic works today: {summary['basic_at_risk']}{maybe}",
        *_usage(result.get("usage")),
        *_since(result.get("comparison") or {}),
        *(f"{words}: {path}" for words, path in files.items() if path),
    ]


def _usage(usage: Mapping[str, Any] | None) -> list[str]:
    if not usage:
        return []
    counts = usage["summary"]
    breaks, without, unknown = (
        usage[name]["count"] for name in ("would_break", "at_risk_no_evidence", "at_risk_unknown")
    )
    return [
        f"seen using SMTP AUTH: {counts['used']}, no evidence: {counts['no_evidence']}, not known: {counts['unknown']}",
        f"would break, because they are at risk and use it: {breaks}; no evidence: {without}; not known: {unknown}",
        *(f"evidence from {name}: {_source(told)}" for name, told in usage["sources"].items()),
    ]


def _source(told: Mapping[str, Any]) -> str:
    if not told["read"]:
        return f"not read. {told['reason']}"
    return f"from {told['from']} to {told['to']}" if told["from"] else "read"


def _since(comparison: Mapping[str, Any]) -> list[str]:
    if not comparison.get("earlier"):
        return []
    counts = ", ".join(f"{comparison[name]} {name}" for name in ("new", "changed", "gone"))
    return [f"since the report of {comparison['earlier']}: {counts}"]


def _counts(kind: Mapping[str, int]) -> str:
    return ", ".join(f"{kind[state]} {state}" for state in ("enabled", "disabled", "unknown"))


def _blocked(findings: Mapping[str, Any]) -> str:
    layers = [f"{found['count']} by {found['layer']}" for found in findings["blocked"]]
    return ", ".join(layers) or "0"


def _mailboxes(result: Any) -> list[str]:
    """One line for each mailbox of a short list. The module returns none for a longer one, but those that failed."""
    rows = (result.get("mailboxes") or ()) if isinstance(result, Mapping) else ()
    return [_line(row) for row in rows[:MOST_LINES]]


def _line(row: Mapping[str, Any]) -> str:
    name = row.get("primary_smtp_address") or row.get("mailbox")
    asked = "" if str(name).casefold() == str(row.get("mailbox")).casefold() else f" ({row.get('mailbox')})"
    effective = row.get("effective")
    if not effective:
        error = row.get("error") or {}
        return f"{name}{asked}: {error.get('message') or 'could not be read'}"
    return f"{name}{asked}: Basic {effective['basic']}, OAuth {effective['oauth']}. {effective['reason']}"
