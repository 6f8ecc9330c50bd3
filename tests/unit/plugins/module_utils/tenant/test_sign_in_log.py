# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the sign-in log is asked, and what its entries tell."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import unquote

from ansible_collections.m365ops.exchange_online.plugins.module_utils._graph.client import GraphClient
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.usage import Trace
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.sign_in_log import failures, successes

SINCE = datetime.datetime(2026, 11, 10, 12, 30, tzinfo=datetime.timezone.utc)
Row = dict[str, Any]


class Graph:
    """The pages of each kind of sign-in, of which no more are made than are asked for."""

    def __init__(self, *pages: list[Row], endless: Row | None = None) -> None:
        self._pages = pages
        self._endless = endless
        self.asked: list[tuple[str, str]] = []
        self.made = 0

    def pages(self, path: str, permission: str) -> Iterator[list[Row]]:
        self.asked.append((unquote(path), permission))
        for page in self._pages:
            yield [row for row in page if row.get("beta", False) is path.startswith("/beta/")]
        while self._endless:
            self.made += 1
            yield [self._endless]

    @property
    def client(self) -> GraphClient:
        return cast(GraphClient, self)


def entry(day: str, code: int = 0, **more: Any) -> Row:
    return {"createdDateTime": f"2026-11-{day}T08:00:00Z", "userId": "A", "status": {"errorCode": code}, **more}


def test_both_kinds_are_asked_for() -> None:
    graph = Graph()
    assert list(successes(graph.client, SINCE)) == []
    wanted = (
        "createdDateTime ge 2026-11-10T12:30:00Z and (clientAppUsed eq 'Authenticated SMTP' or clientAppUsed eq 'SMTP')"
    )
    other = " and signInEventTypes/any(t: t eq 'nonInteractiveUser')"
    assert graph.asked == [
        (f"/v1.0/auditLogs/signIns?$filter={wanted} and status/errorCode eq 0&$top=1000", "AuditLog.Read.All"),
        (f"/beta/auditLogs/signIns?$filter={wanted} and status/errorCode eq 0{other}&$top=1000", "AuditLog.Read.All"),
    ]
    graph.asked.clear()
    assert list(failures(graph.client, SINCE)) == []
    assert [path for path, _permission in graph.asked] == [
        f"/v1.0/auditLogs/signIns?$filter={wanted}&$top=1000",
        f"/beta/auditLogs/signIns?$filter={wanted}{other}&$top=1000",
    ]


def test_an_entry_tells_who_when_and_from_where() -> None:
    graph = Graph(
        [entry("20", userPrincipalName="a@contoso.com", ipAddress="203.0.113.7", appDisplayName="Exchange")],
        [entry("19", beta=True, userId=None, userPrincipalName="b@contoso.com")],
    )
    first, second = successes(graph.client, SINCE)
    assert first == Trace(
        "sign_in_log",
        ("A", "a@contoso.com"),
        when="2026-11-20T08:00:00Z",
        count=1,
        address="203.0.113.7",
        application="Exchange",
    )
    assert (second.names, second.when[:10]) == (("b@contoso.com",), "2026-11-19")


def test_a_failure_has_a_reason() -> None:
    rows = [
        entry("22"),
        {**entry("21"), "status": {"errorCode": 50126, "failureReason": "Invalid username or password."}},
        entry("20", code=53003),
        {**entry("19"), "status": None},
    ]
    found = [trace.failure for trace in failures(Graph(rows).client, SINCE)]
    assert found == [
        "Invalid username or password (50126)",
        "no reason is given (53003)",
        "no reason is given (None)",
    ]


def test_of_a_flood_of_failures_no_more_is_read_than_tells_the_last() -> None:
    graph = Graph(endless=entry("20", code=50126))
    assert len(list(failures(graph.client, SINCE))) == 40
    assert graph.made == 40, "twenty pages of each kind"
