# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the playbook ``check`` makes of a result."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.filter.smtp_auth_role import FilterModule

report = FilterModule().filters()["smtp_auth_check_report"]
GRAPH_SAYS = "Check that cloud and graph_endpoint are those of the tenant."
SERVICE = {"signed_in": True, "roles": ["A.Read"], "directory_roles": [], "reason": ""}
OUT = {"signed_in": False, "roles": [], "directory_roles": [], "reason": "Sign-in was refused."}
WAYS = {"read_mailboxes": ("yes", ""), "write_mailboxes": ("no", "Grant it."), "read_usage": ("no", "Grant it.")}


def result(ways: dict[str, tuple[str, str]] | None = None, **more: Any) -> dict[str, Any]:
    chosen = WAYS if ways is None else ways
    rows = [{"name": name, "allowed": may, "needs": "a role", "how": how} for name, (may, how) in chosen.items()]
    return {
        "tenant": "the-tenant",
        "app": {"client_id": "the-app", "method": "client_secret", "credential_ends": None, "reason": "It won't tell."},
        "exchange": SERVICE,
        "graph": SERVICE,
        "abilities": rows,
        "summary": {allowed: sum(row["allowed"] == allowed for row in rows) for allowed in ("yes", "no", "unknown")},
        **more,
    }


def test_the_table() -> None:
    told = report(result(), "localhost")
    assert told["problem"] == ""
    assert told["table"] == [
        "tenant: the-tenant",
        "app: the-app, by client_secret",
        "credential: It won't tell.",
        "Exchange Online: signed in; application permissions: A.Read; directory roles: none",
        "Microsoft Graph: signed in; application permissions: A.Read; directory roles: none",
        "",
        "read_mailboxes   yes",
        "write_mailboxes  no       Grant it.",
        "read_usage       no       see write_mailboxes",
        "",
        "The app may not: write_mailboxes, read_usage. Grant only what you use.",
    ]
    assert told["statistics"] == {
        "tenant": "the-tenant",
        "client_id": "the-app",
        "credential_ends": None,
        "yes": ["read_mailboxes"],
        "no": ["write_mailboxes", "read_usage"],
        "unknown": [],
    }


@pytest.mark.parametrize(
    ("more", "finding"),
    [
        (
            {"ways": {"a": ("yes", ""), "b": ("yes", "It lacks X.")}},
            "The app may do everything that this collection does.",
        ),
        (
            {"ways": {"a": ("unknown", "No.")}},
            "Nothing is known to be refused to the app. Not known: a. Grant only what you use.",
        ),
        (
            {"ways": {"a": ("no", "x"), "b": ("unknown", "y")}},
            "The app may not: a. Not known: b. Grant only what you use.",
        ),
        ({"exchange": OUT, "graph": OUT}, "The app isn't signed in anywhere, so nothing is known of what it can do."),
    ],
)
def test_the_finding(more: dict[str, Any], finding: str) -> None:
    assert report(result(**more), "localhost")["table"][-1] == finding


def test_what_was_said_of_a_service_is_not_said_again() -> None:
    ways = {"read_accounts": ("unknown", OUT["reason"]), "read_usage": ("unknown", OUT["reason"])}
    lines = report(result(ways, graph=OUT), "localhost")["table"]
    assert "Microsoft Graph: not signed in. Sign-in was refused." in lines
    assert lines[6:8] == ["read_accounts  unknown  not signed in", "read_usage     unknown  not signed in"]


@pytest.mark.parametrize(
    ("method", "days", "begin"),
    [
        ("certificate", 400, "ends in 400 days, at "),
        ("certificate", 31, "ends in 31 days, at "),
        ("certificate", 30, "ENDS in 30 days, at "),
        ("certificate", 0, "ENDS in 0 days, at "),
        ("certificate", -1, "ENDED at "),
        ("access_token", 0, "ends at "),
    ],
)
def test_the_end_of_a_credential(method: str, days: int, begin: str) -> None:
    day = datetime.date.today() + datetime.timedelta(days=days)
    app = {"client_id": "", "method": method, "credential_ends": f"{day}T23:59:59Z", "reason": ""}
    line = report(result(app=app), "localhost")["table"][2]
    assert line.startswith(f"credential: {begin}{day} 23:59:59 UTC")


def test_what_is_required_fails_after_the_table_in_the_words_of_the_playbook() -> None:
    failed = {"failed": True, "msg": f"b isn't allowed: {GRAPH_SAYS}", "failure": {"code": "not_allowed"}}
    told = report(result({"b": ("no", GRAPH_SAYS)}, **failed), "contoso")
    assert told["problem"] == (
        "contoso: b isn't allowed: Check that m365_cloud and m365_graph_endpoint are those of the tenant. (not_allowed)"
    )
    assert told["table"][6] == "b  no       Check that m365_cloud and m365_graph_endpoint are those of the tenant."


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"failed": True, "msg": "client_id 'x' isn't a GUID.", "failure": {"code": "invalid_input"}}, "invalid_input"),
        ({"summary": None}, "failed"),
    ],
)
def test_nothing_is_shown_of_a_task_that_saw_nothing(given: dict[str, Any], code: str) -> None:
    given = {**result(), "msg": "It died.", **given}
    told = report(given, "localhost")
    assert (told["seen"], told["table"], told["statistics"]) == (False, [], {})
    assert told["problem"].endswith(f"({code})")
