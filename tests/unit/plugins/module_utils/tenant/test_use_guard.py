# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the guard makes of the sign-in log: each way in which the log names a mailbox, and what it can't be asked."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import unquote

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import AccessDeniedError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._graph.client import GraphClient
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox import Mailbox
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.use_guard import UseGuard

NOW = datetime.datetime(2026, 11, 24, 13, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
ANNA_ID, BERT_ID = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
ANNA = Mailbox("a" * 8, "anna.berg@contoso.com", "Anna", "enabled", ANNA_ID)
NOBODY = Mailbox("n" * 8, "", "Nobody", "enabled", "")


class Graph:
    """The pages of a log, or what goes wrong with it; keeps what was asked."""

    def __init__(self, *pages: list[dict[str, Any]], error: Exception | None = None, not_interactive: Any = ()) -> None:
        self._pages = pages
        self._error = error
        self._not_interactive = not_interactive
        self.asked: list[tuple[str, str]] = []

    def pages(self, path: str, permission: str) -> Iterator[list[dict[str, Any]]]:
        self.asked.append((unquote(path), permission))
        if self._error is not None:
            raise self._error
        if path.startswith("/v1.0"):
            yield from self._pages
        elif isinstance(self._not_interactive, Exception):
            raise self._not_interactive
        else:
            yield list(self._not_interactive)

    @property
    def client(self) -> GraphClient:
        return cast(GraphClient, self)


def entry(when: str, **names: Any) -> dict[str, Any]:
    return {"createdDateTime": f"2026-11-{when}T08:00:00Z", "status": {"errorCode": 0}, **names}


def guard_of(*rows: dict[str, Any], days: int = 14) -> UseGuard:
    return UseGuard(Graph(list(rows)).client, days, NOW)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        # The name that the user signs in with isn't the address of the mailbox: the id alone tells.
        ({"userId": ANNA_ID, "userPrincipalName": "a.berg@contoso.onmicrosoft.com"}, True),
        ({"userId": ANNA_ID.upper(), "userPrincipalName": "a.berg@contoso.onmicrosoft.com"}, True),
        ({"userId": ANNA_ID}, True),
        ({"userId": ANNA_ID, "userPrincipalName": None}, True),
        # An app that tells no id: the name alone tells.
        ({"userId": "", "userPrincipalName": "Anna.Berg@Contoso.com"}, True),
        ({"userPrincipalName": "anna.berg@contoso.com"}, True),
        ({"userId": BERT_ID, "userPrincipalName": "bert@contoso.com"}, False),
        ({"userId": "", "userPrincipalName": ""}, False),
        ({}, False),
    ],
)
def test_a_mailbox_is_known_by_its_account_or_by_its_address(names: dict[str, Any], found: bool) -> None:
    guard = guard_of(entry("20", **names))
    refused = guard([ANNA])
    assert bool(refused) is found
    assert [(used.mailbox, used.last) for used in guard.used] == ([(ANNA, "2026-11-20T08:00:00Z")] if found else [])
    if refused:
        assert refused.code == "in_use"
        assert "anna.berg@contoso.com (last 2026-11-20)" in refused.message


def test_a_mailbox_without_account_and_address_is_nobody_in_the_log() -> None:
    assert guard_of(entry("20"), entry("21", userId="", userPrincipalName=""))([NOBODY]) is None


def test_the_latest_of_all_counts_whatever_names_it() -> None:
    by_id, by_name = {"userId": ANNA_ID}, {"userPrincipalName": "anna.berg@contoso.com"}
    for rows in (
        [entry("20", **by_id), entry("22", **by_name), entry("21", **by_id)],
        [entry("20", **by_name), entry("22", **by_id), entry("21", **by_name)],
        [entry("22", **by_id), entry("20", **by_id)],
    ):
        guard = guard_of(*rows)
        assert guard([ANNA]) is not None
        assert [used.last[:10] for used in guard.used] == ["2026-11-22"]


def test_use_on_a_day_that_is_not_told_is_use() -> None:
    refused = guard_of({"userId": ANNA_ID, "createdDateTime": "yesterday", "status": {"errorCode": 0}})([ANNA])
    assert refused is not None
    assert "anna.berg@contoso.com (last on a day that is not told)" in refused.message


def test_sign_ins_of_both_kinds_count() -> None:
    guard = UseGuard(Graph([], not_interactive=[entry("20", userId=ANNA_ID)]).client, 14, NOW)
    assert guard([ANNA]) is not None
    assert [used.last[:10] for used in guard.used] == ["2026-11-20"]


def test_a_kind_that_can_not_be_read_does_not_let_pass() -> None:
    refused = AccessDeniedError("The tenant has no licence for that.")
    graph = Graph([entry("20", userId=BERT_ID)], not_interactive=refused)
    told = UseGuard(graph.client, 14, NOW)([ANNA])
    assert told is not None
    assert (told.code, "Grant it" in told.message, "no licence" in told.message) == ("no_evidence", False, True)
    in_use = UseGuard(Graph([entry("20", userId=ANNA_ID)], not_interactive=refused).client, 14, NOW)([ANNA])
    assert in_use is not None
    assert in_use.code == "in_use", "what is known is known"


def test_only_what_a_grant_cures_is_to_be_granted() -> None:
    error = AccessDeniedError("No.")
    error.permission = "AuditLog.Read.All"
    told = UseGuard(Graph(error=error).client, 14, NOW)([ANNA])
    assert told is not None
    assert "Grant it, or take refuse_if_used_within_days out" in told.message


@pytest.mark.parametrize("cloud", ["gcc_high", "dod", "china"])
def test_a_cloud_without_the_log_is_not_asked(cloud: str) -> None:
    graph = Graph([entry("20", userId=BERT_ID)])
    told = UseGuard(graph.client, 14, NOW, cloud)([ANNA])
    assert told is not None
    assert (told.code, cloud in told.message, graph.asked) == ("no_evidence", True, [])


def test_days_are_counted_back_from_now_in_utc() -> None:
    graph = Graph()
    UseGuard(graph.client, 14, NOW)([ANNA])
    assert "createdDateTime ge 2026-11-10T12:30:00Z" in graph.asked[0][0]


def test_nobody_loses_nothing_is_asked() -> None:
    graph = Graph(error=AccessDeniedError("No."))
    assert UseGuard(graph.client, 14, NOW)([]) is None
    assert graph.asked == []


def test_a_log_that_can_not_be_read_does_not_let_pass() -> None:
    guard = UseGuard(Graph(error=AccessDeniedError("The app lacks AuditLog.Read.All.")).client, 14, NOW)
    refused = guard([ANNA])
    assert refused is not None
    assert refused.code == "no_evidence"
    assert "The app lacks AuditLog.Read.All." in refused.message


def test_a_log_without_anybody_is_no_evidence() -> None:
    empty, of_others = guard_of(), guard_of(entry("20", userId=BERT_ID))
    assert (empty([ANNA]), of_others([ANNA])) == (None, None)
    assert (len(empty.warnings), len(of_others.warnings)) == (1, 0)


@pytest.mark.parametrize(("count", "more"), [(1, ""), (10, ""), (11, " and 1 more")])
def test_ten_are_named(count: int, more: str) -> None:
    boxes = [Mailbox(f"g{n}", f"m{n}@contoso.com", "", "enabled", f"id{n}") for n in range(count)]
    guard = guard_of(*(entry("20", userId=f"ID{n}") for n in range(count)))
    refused = guard(boxes)
    assert refused is not None
    assert len(guard.used) == count
    assert f"m{min(count, 10) - 1}@contoso.com (last 2026-11-20){more}." in refused.message
    assert "m10@" not in refused.message


def test_a_mailbox_without_an_address_is_named_by_its_guid() -> None:
    refused = guard_of(entry("20", userId="id"))([Mailbox("the-guid", "", "", "enabled", "id")])
    assert refused is not None
    assert "the-guid (last 2026-11-20)" in refused.message
