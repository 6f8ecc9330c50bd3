# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts asked for while mailboxes are still being read: no more of them than it pays, and no fault hides."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import AccessDeniedError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.layers import Account
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox import Mailbox
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.early_accounts import EarlyAccounts

GOOD = Account(enabled=True, licensed=True)


def mailbox(number: int) -> Mailbox:
    return Mailbox(f"guid-{number}", "", "", "inherit", f"ID-{number}")


class Graph:
    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked: list[Sequence[str] | None] = []

    def read(self, ids: Sequence[str] | None) -> dict[str, Account]:
        self.asked.append(ids)
        if self.error:
            raise self.error
        return dict.fromkeys(ids if ids is not None else ("id-1", "id-2", "id-3"), GOOD)


def early(graph: Graph, by_listing: Callable[[int], bool] = lambda _number: False) -> EarlyAccounts:
    accounts = EarlyAccounts(graph.read, by_listing, in_a_request=2, concurrency=8)
    accounts.may_ask_by_id = True
    return accounts


def test_full_requests_are_sent_at_once_and_the_rest_is_left() -> None:
    graph = Graph()
    accounts = early(graph)
    for number in (1, 2, 1, 3, 4, 5):
        accounts.notice(mailbox(number))
    assert accounts.known() == dict.fromkeys(("id-1", "id-2", "id-3", "id-4"), GOOD)
    assert sorted(map(len, filter(None, graph.asked))) == [2, 2]
    assert not accounts.are_all


def test_one_without_an_account_is_not_asked_for() -> None:
    graph = Graph()
    accounts = early(graph)
    for number in range(4):
        accounts.notice(Mailbox(f"guid-{number}", "", "", "inherit", ""))
    assert accounts.known() == {}
    assert graph.asked == []


def test_where_so_many_are_seen_that_a_listing_is_better_it_begins_once() -> None:
    graph = Graph()
    accounts = early(graph, lambda number: number >= 3)
    for number in range(1, 9):
        accounts.notice(mailbox(number))
    assert set(accounts.known()) >= {"id-1", "id-2", "id-3"}
    assert accounts.are_all
    assert graph.asked.count(None) == 1


def test_nothing_is_asked_by_id_where_a_listing_may_turn_out_better() -> None:
    graph = Graph()
    accounts = early(graph)
    accounts.may_ask_by_id = False
    for number in range(1, 9):
        accounts.notice(mailbox(number))
    assert accounts.known() == {}
    assert graph.asked == []


def test_it_tells_what_it_has_asked_for() -> None:
    ids = {"id-1", "id-2", "id-3"}
    accounts = early(Graph())
    for number in (1, 2, 3):
        accounts.notice(mailbox(number))
    assert accounts.asked_for(ids) == {"id-1", "id-2"}
    accounts = early(Graph(), lambda _number: True)
    for number in (1, 2):
        accounts.notice(mailbox(number))
    assert accounts.asked_for(ids) == ids
    accounts.known()


def test_a_fault_ends_it_and_is_left_to_whoever_asks_again() -> None:
    for by_listing in (False, True):
        graph = Graph(AccessDeniedError("No."))
        accounts = early(graph, lambda _number, answer=by_listing: answer)
        for number in range(1, 3):
            accounts.notice(mailbox(number))
        assert accounts.known() == {}
        assert not accounts.are_all
        accounts.notice(mailbox(3))
        accounts.notice(mailbox(4))
        assert len(graph.asked) == 1
