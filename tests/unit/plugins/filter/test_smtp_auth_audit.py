# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbook ``audit`` makes of a result."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.filter.smtp_auth_role import FilterModule

report = FilterModule().filters()["smtp_auth_audit_report"]
COUNTS = {"requested": 2, "enabled": 1, "disabled": 1, "inherit": 0, "missing": 0, "failed": 0}
KINDS = {"enabled": 1, "disabled": 1, "unknown": 0}
NONE: dict[str, Any] = {"count": 0, "mailboxes": []}


def result(**more: Any) -> dict[str, Any]:
    return {
        "summary": {**COUNTS, "effective": {"basic": KINDS, "oauth": {**KINDS, "unknown": 1}}, "basic_at_risk": 1},
        "organization": {"state": "disabled", "reason": ""},
        "findings": {
            "enabled": NONE,
            "blocked": [{"layer": "account", "count": 3, "mailboxes": []}],
            "unknown": [],
            "basic_at_risk": NONE,
        },
        "mailboxes": [],
        **more,
    }


def test_the_picture() -> None:
    told = report(result(), "localhost")
    assert told["seen"]
    assert told["problem"] == ""
    assert "enabled, but still blocked: 3 by account" in told["picture"]
    assert told["statistics"]["organization"] == "disabled"


def test_a_line_for_each_mailbox() -> None:
    effective = {"basic": "disabled", "oauth": "enabled", "reason": "Basic is blocked: a policy (change it)."}
    rows = [
        {"mailbox": "alias", "primary_smtp_address": "a@x.example", "effective": effective},
        {"mailbox": "b@x.example", "primary_smtp_address": "", "effective": None, "error": {"message": "not found"}},
        {"mailbox": "c@x.example"},
    ]
    assert report(result(mailboxes=rows), "localhost")["mailboxes"] == [
        "a@x.example (alias): Basic disabled, OAuth enabled. Basic is blocked: a policy (change it).",
        "b@x.example: not found",
        "c@x.example: could not be read",
    ]


def test_what_is_known_is_shown_though_a_layer_is_not() -> None:
    failed = {"msg": "Set timeout to 9.", "failure": {"code": "network"}}
    told = report(result(**failed), "contoso")
    assert told["seen"]
    assert told["problem"] == "contoso: Set m365_timeout to 9. (network)"
    some_missing = {"summary": {**result()["summary"], "missing": 1}}
    assert not report(result(**failed, **some_missing), "contoso")["seen"]


@pytest.mark.parametrize(
    "dead",
    [
        None,
        {},
        {"skipped": True},
        {"rc": 137, "msg": "MODULE FAILURE"},
        {"msg": "value of cloud must be one of: public, got: gcc"},
        {"summary": COUNTS},
        {"summary": {**COUNTS, "failed": None}, "findings": {"enabled": NONE}},
    ],
)
def test_what_is_not_a_whole_result_is_a_failure(dead: Any) -> None:
    told = report(dead, "localhost")
    assert not told["seen"]
    assert told["problem"].endswith(")")
    assert told["statistics"] == {}
    assert told["picture"] == []


def test_evidence_of_use_is_told() -> None:
    sources = {
        "sign_in_log": {"read": True, "reason": "", "from": "2026-10-25", "to": "2026-11-24"},
        "usage_report": {"read": False, "reason": "The tenant conceals names.", "from": None, "to": None},
        "file": {"read": True, "reason": "", "from": None, "to": None},
    }
    usage = {
        "summary": {"used": 7, "no_evidence": 5, "unknown": 1},
        "would_break": {"count": 3, "mailboxes": []},
        "at_risk_no_evidence": {"count": 2, "mailboxes": []},
        "at_risk_unknown": {"count": 1, "mailboxes": []},
        "sources": sources,
    }
    since = {"earlier": "2026-11-17T00:00:00Z", "new": 1, "changed": 2, "gone": 0}
    told = report(result(usage=usage, comparison=since, baseline="/x/baseline.yml"), "localhost")
    assert told["picture"][-7:] == [
        "seen using SMTP AUTH: 7, no evidence: 5, not known: 1",
        "would break, because they are at risk and use it: 3; no evidence: 2; not known: 1",
        "evidence from sign_in_log: from 2026-10-25 to 2026-11-24",
        "evidence from usage_report: not read. The tenant conceals names.",
        "evidence from file: read",
        "since the report of 2026-11-17T00:00:00Z: 1 new, 2 changed, 0 gone",
        "a baseline to edit, with owner and reason to fill: /x/baseline.yml",
    ]
    assert told["statistics"]["would_break"] == 3
    assert "would_break" not in report(result(), "localhost")["statistics"]
