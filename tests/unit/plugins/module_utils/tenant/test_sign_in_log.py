# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has signed in by SMTP AUTH, and what the guard makes of it: each way in which the log names a mailbox."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import unquote

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import AccessDeniedError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._graph.client import GraphClient
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox import Mailbox
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.sign_in_log import (
    PERMISSION,
    UseGuard,
    last_sign_ins,
)

NOW = datetime.datetime(2026, 11, 24, 13, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
ANNA_ID, BERT_ID = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
ANNA = Mailbox("a" * 8, "anna.berg@contoso.com", "Anna", "enabled", ANNA_ID)
NOBODY = Mailbox("n" * 8, "", "Nobody", "enabled", "")


class Graph:
    """The pages of a log, or what goes wrong with it; keeps what was asked."""

    def __init__(self, *pages: list[dict[str, Any]], error: Exception | None = None) -> None:
        self._pages = pages
        self._error = error
        self.asked: list[tuple[str, str]] = []

    def pages(self, path: str, permission: str) -> Iterator[list[dict[str, Any]]]:
        self.asked.append((unquote(path), permission))
        if self._error is not None:
            raise self._error
        yield from self._pages

    @property
    def client(self) -> GraphClient:
        return cast(GraphClient, self)


def entry(when: str, **names: Any) -> dict[str, Any]:
    return {"createdDateTime": f"2026-11-{when}T08:00:00Z", **names}


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
        assert refused[0] == "in_use"
        assert "anna.berg@contoso.com (last 2026-11-20)" in refused[1]


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


def test_what_the_log_is_asked() -> None:
    graph = Graph([entry("20", userId=ANNA_ID)], [], [entry("22", userId=BERT_ID)])
    last = last_sign_ins(graph.client, datetime.datetime(2026, 11, 10, 12, 30, tzinfo=datetime.timezone.utc))
    assert last == {ANNA_ID: "2026-11-20T08:00:00Z", BERT_ID: "2026-11-22T08:00:00Z"}
    ((path, permission),) = graph.asked
    assert permission == PERMISSION == "AuditLog.Read.All"
    assert path == (
        "/v1.0/auditLogs/signIns?$filter=createdDateTime ge 2026-11-10T12:30:00Z and "
        "(clientAppUsed eq 'Authenticated SMTP' or clientAppUsed eq 'SMTP') and status/errorCode eq 0&$top=1000"
    )


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
    assert refused[0] == "no_evidence"
    assert "The app lacks AuditLog.Read.All." in refused[1]


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
    assert f"m{min(count, 10) - 1}@contoso.com (last 2026-11-20){more}." in refused[1]
    assert "m10@" not in refused[1]


def test_a_mailbox_without_an_address_is_named_by_its_guid() -> None:
    refused = guard_of(entry("20", userId="id"))([Mailbox("the-guid", "", "", "enabled", "id")])
    assert refused is not None
    assert "the-guid (last 2026-11-20)" in refused[1]
