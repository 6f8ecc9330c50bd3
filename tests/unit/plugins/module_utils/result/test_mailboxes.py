# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shapes in which results reach the user."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import (
    Failure,
    M365Error,
    NotFoundError,
    ServiceError,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.messages import Counters
from ansible_collections.m365ops.exchange_online.plugins.module_utils._result.mailboxes import (
    MOST_ROWS,
    empty_set_result,
    requests_result,
    set_result,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._result.reading import info_result
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.identity import parse_entries
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox import Mailbox
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.organization import Organization
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.read_mailboxes import Reading
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.set_mailboxes import Record, Report

CHANGED, RIGHT, MISSING, FAILED, UNCLEAR = parse_entries(
    [f"{name}@contoso.com" for name in ("changed", "right", "missing", "failed", "unclear")]
)
RECORDS = [
    Record(CHANGED, "g1", "Primary@contoso.com", "Anna", "inherit", "enabled", changed=True),
    Record(RIGHT, "g2", "right@contoso.com", "", "enabled", "enabled"),
    Record(MISSING, missing=True, error=NotFoundError("gone", request_id="r1")),
    Record(FAILED, "g4", "", "", "disabled", "disabled", error=ServiceError("broken", status=400)),
    Record(UNCLEAR, "g5", "", "", "disabled", None, changed=True, error=ServiceError("lost", status=503)),
]
KEYS = {"mailbox", "guid", "primary_smtp_address", "display_name", "before", "after", "changed"}


def result(return_mailboxes: str = "all", failure_code: str = "", **report: Any) -> dict[str, Any]:
    failure = Failure(failure_code, "No.") if failure_code else None
    return set_result(Report(RECORDS, failure, **report), return_mailboxes=return_mailboxes, diff_mode=True)


def names(shown: dict[str, Any]) -> list[str]:
    return [mailbox["mailbox"].split("@")[0] for mailbox in shown["mailboxes"]]


def test_every_mailbox_has_the_same_keys() -> None:
    for mailbox in result()["mailboxes"]:
        assert mailbox.keys() - {"error"} == KEYS
        assert set(mailbox.get("error", {"code": 0, "message": 0, "request_id": 0})) == {
            "code",
            "message",
            "request_id",
        }
    assert result()["mailboxes"][0] == {
        "mailbox": "changed@contoso.com",
        "guid": "g1",
        "primary_smtp_address": "Primary@contoso.com",
        "display_name": "Anna",
        "before": "inherit",
        "after": "enabled",
        "changed": True,
    }


@pytest.mark.parametrize(
    ("return_mailboxes", "failure_code", "expected"),
    [
        ("all", "", ["changed", "right", "failed", "unclear"]),
        ("all", "not_found", ["changed", "right", "missing", "failed", "unclear"]),
        ("changed", "", ["changed", "failed", "unclear"]),
        ("changed", "not_found", ["changed", "missing", "failed", "unclear"]),
        ("none", "", []),
        ("none", "not_found", []),
    ],
)
def test_which_mailboxes_are_returned(return_mailboxes: str, failure_code: str, expected: list[str]) -> None:
    shown = result(return_mailboxes, failure_code)
    assert names(shown) == expected
    assert shown["changed"] is True
    assert shown["summary"] == {"requested": 5, "changed": 1, "unchanged": 1, "missing": 1, "failed": 2}


def test_the_counts_add_up() -> None:
    summary = result()["summary"]
    assert summary["requested"] == sum(summary[key] for key in ("changed", "unchanged", "missing", "failed"))


def test_the_diff_has_one_entry_for_each_change() -> None:
    assert result()["diff"] == [
        {
            "before_header": "Primary@contoso.com (before)",
            "after_header": "Primary@contoso.com (after)",
            "before": "smtp_auth: inherit\n",
            "after": "smtp_auth: enabled\n",
        },
        {
            "before_header": "unclear@contoso.com (before)",
            "after_header": "unclear@contoso.com (after)",
            "before": "smtp_auth: disabled\n",
            "after": "smtp_auth: unknown\n",
        },
    ]


def refused(number: int, return_mailboxes: str = "changed") -> dict[str, Any]:
    """A plan that would have changed so many of two more."""
    entries = parse_entries([f"user{at}@contoso.com" for at in range(number + 2)])
    records = [Record(entry, f"g{entry.position}", "", "", "inherit", "inherit") for entry in entries]
    planned = [dataclasses.replace(record, after="disabled", changed=True) for record in records[:number]]
    report = Report(records, Failure("max_changes", "No."), refused=True, planned=planned)
    return set_result(report, return_mailboxes=return_mailboxes, diff_mode=True, plan="p")


def test_a_plan_that_was_refused_is_shown_without_being_a_change() -> None:
    shown = refused(3)
    assert (shown["changed"], shown["plan"]) == (False, "p")
    assert shown["summary"] == {
        "requested": 5,
        "changed": 0,
        "unchanged": 2,
        "missing": 0,
        "failed": 0,
        "planned": 3,
    }
    assert [
        (row["mailbox"], row["planned"], row["changed"], row["before"], row["after"], row["wanted"])
        for row in shown["mailboxes"]
    ] == [(f"user{at}@contoso.com", True, False, "inherit", "inherit", "disabled") for at in range(3)]
    assert [(entry["before"], entry["after"]) for entry in shown["diff"]] == [
        ("smtp_auth: inherit\n", "smtp_auth: disabled\n")
    ] * 3


@pytest.mark.parametrize(
    ("return_mailboxes", "rows", "entries"),
    [("changed", MOST_ROWS, MOST_ROWS), ("first", MOST_ROWS, MOST_ROWS), ("none", 0, MOST_ROWS), ("all", 9002, 9000)],
)
def test_a_large_plan_that_was_refused_is_bounded_unless_all_is_asked_for(
    return_mailboxes: str, rows: int, entries: int
) -> None:
    shown = refused(9000, return_mailboxes)
    assert (len(shown["mailboxes"]), len(shown["diff"])) == (rows, entries)
    listed = 0 if return_mailboxes == "none" else 9002 if return_mailboxes == "all" else 9000
    assert shown["not_shown"] == {"mailboxes": listed - rows, "diff": 9000 - entries}
    assert shown["summary"]["planned"] == 9000


def test_the_first_of_many_are_those_that_failed_in_their_order() -> None:
    entries = parse_entries([f"user{at}@contoso.com" for at in range(2000)])
    failed = (1500, 1999)
    records = [
        Record(entry, after="enabled", changed=True, error=ServiceError("no", status=400) if at in failed else None)
        for at, entry in enumerate(entries)
    ]
    shown = set_result(Report(records, Failure("several", "Two failed.")), return_mailboxes="first", diff_mode=True)
    assert [row["mailbox"] for row in shown["mailboxes"]] == [
        f"user{at}@contoso.com" for at in (*range(MOST_ROWS - 2), *failed)
    ]
    assert shown["not_shown"] == {"mailboxes": 2000 - MOST_ROWS, "diff": 2000 - MOST_ROWS}
    all_changed = set_result(
        Report(records, Failure("several", "Two failed.")), return_mailboxes="changed", diff_mode=True
    )
    assert len(all_changed["mailboxes"]) == 2000, "what was written is told in full"


@pytest.mark.parametrize("diff_mode", [False, True])
def test_the_shape_stays_where_nothing_is_known(diff_mode: bool) -> None:
    empty = empty_set_result(3, diff_mode=diff_mode)
    full = set_result(Report(RECORDS), return_mailboxes="all", diff_mode=diff_mode)
    assert empty.keys() == full.keys()
    assert ("diff" in full) is diff_mode
    assert empty["summary"] == {"requested": 3, "changed": 0, "unchanged": 0, "missing": 0, "failed": 3}


def test_requests() -> None:
    assert requests_result(None) == {"sent": 0, "retried": 0, "throttled": 0}
    assert requests_result(Counters(3, 2, 1)) == {"sent": 3, "retried": 2, "throttled": 1}


READINGS = [
    Reading("a", Mailbox("g1", "a@contoso.com", "A", "enabled")),
    Reading("b", Mailbox("g2", "b@contoso.com", "B", "inherit")),
    Reading("c", Mailbox("g3", "c@contoso.com", "C", "inherit")),
    Reading("d", error=M365Error("broken", code="throttled")),
    Reading("e", error=NotFoundError("gone")),
]


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (None, ["a", "b", "c", "d", "e"]),
        (["enabled"], ["a", "d", "e"]),
        (["disabled"], ["d", "e"]),
        (["enabled", "inherit"], ["a", "b", "c", "d", "e"]),
    ],
)
def test_states_choose_what_is_shown_and_not_what_is_counted(states: list[str] | None, expected: list[str]) -> None:
    shown = info_result(READINGS, Organization("disabled"), states=states, missing=1)
    assert [mailbox["mailbox"] for mailbox in shown["mailboxes"]] == expected
    assert shown["summary"] == {
        "requested": 5,
        "enabled": 1,
        "disabled": 0,
        "inherit": 2,
        "missing": 1,
        "failed": 1,
    }
    assert shown["changed"] is False
    assert shown["organization"] == {"state": "disabled", "reason": ""}


def test_every_reading_has_the_same_keys() -> None:
    for mailbox in info_result(READINGS, Organization("unknown", "why"), states=None)["mailboxes"]:
        assert mailbox.keys() - {"error"} == {"mailbox", "guid", "primary_smtp_address", "display_name", "state"}
        assert (mailbox["state"] is None) is ("error" in mailbox)
