# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What several sources tell is one mailbox's; and nobody is called unused by silence."""

from __future__ import annotations

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.usage import (
    FILE,
    MOST_CLIENTS,
    SIGN_IN_LOG,
    USAGE_REPORT,
    Client,
    Evidence,
    Told,
    Trace,
    Use,
    answer_for,
)

ID, UPN, ADDRESS = "AAAA-1", "anna@contoso.onmicrosoft.com", "Anna.Berg@contoso.com"
LOG = Trace(SIGN_IN_LOG, (ID, UPN), when="2026-11-20T08:00:00Z", count=1, address="203.0.113.7", application="Exchange")
REPORT = Trace(USAGE_REPORT, (UPN.upper(),))
EXPORT = Trace(FILE, (ADDRESS,), when="2026-11-22", count=40, protocol="basic")
NAMES = (ID.lower(), ADDRESS.lower())


def test_the_sources_are_merged_by_whatever_names_they_have() -> None:
    use = Evidence([LOG, REPORT, EXPORT, LOG]).of(NAMES)
    assert use.seen_in == {SIGN_IN_LOG, USAGE_REPORT, FILE}
    assert (use.last, use.count, use.protocol) == ("2026-11-22", 2, "basic")
    assert list(use.clients) == [Client("203.0.113.7", "Exchange")]


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
def test_names_that_turn_out_to_be_one_mailbox_are_one(order: list[int]) -> None:
    traces = [
        Trace(SIGN_IN_LOG, ("b",), when="2026-11-01", count=1),
        Trace(SIGN_IN_LOG, ("a",), when="2026-11-02", count=1),
        Trace(SIGN_IN_LOG, ("A", "B"), when="2026-11-03", count=1),
    ]
    evidence = Evidence(traces[place] for place in order)
    assert len(evidence.everybody()) == 1
    for name in ("a", "b"):
        assert (evidence.of([name]).last, evidence.of([name]).count) == ("2026-11-03", 3)


def test_a_mailbox_without_names_is_nobody() -> None:
    evidence = Evidence([Trace(SIGN_IN_LOG, (), when="2026-11-01"), LOG])
    assert evidence.of(("", "")).seen_in == set()
    assert evidence.of(["nobody"]) == Use()


def test_a_failure_is_no_use() -> None:
    evidence = Evidence(
        [
            Trace(SIGN_IN_LOG, (ID,), when="2026-11-21", count=1, failure="newer (1)"),
            Trace(SIGN_IN_LOG, (ID,), when="2026-11-19", count=1, failure="older (2)"),
        ]
    )
    use = evidence.of([ID])
    assert (use.seen_in, use.last, use.count) == (set(), "", None)
    assert (use.failed, use.failure) == ("2026-11-21", "newer (1)")
    assert answer_for(use, [ID], {SIGN_IN_LOG: Told(True, True)}) == "no_evidence"


def test_the_first_ten_clients_are_kept_each_once() -> None:
    evidence = Evidence(Trace(SIGN_IN_LOG, (ID,), address=f"203.0.113.{n // 2}", count=1) for n in range(40))
    clients = list(evidence.of([ID]).clients)
    assert [client.address for client in clients] == [f"203.0.113.{n}" for n in range(MOST_CLIENTS)]
    assert evidence.of([ID]).count == 40


@pytest.mark.parametrize(
    ("protocols", "told"),
    [
        ([], "unknown"),
        (["oauth"], "oauth"),
        (["basic"], "basic"),
        (["oauth", "basic"], "basic"),
        (["unknown"], "unknown"),
    ],
)
def test_of_two_protocols_that_counts_which_ends_first(protocols: list[str], told: str) -> None:
    assert Evidence(Trace(FILE, (ID,), protocol=one) for one in protocols).of([ID]).protocol == told


READ, UNREAD, NOT_ASKED = Told(True, True, ""), Told(True, False, "No."), Told()
WITHOUT_ANNA = Told(True, True, "", listed=frozenset({"bert@contoso.com"}))
WITH_ANNA = Told(True, True, "", listed=frozenset({ADDRESS.lower()}))


@pytest.mark.parametrize(
    ("log", "report", "answer"),
    [
        (READ, NOT_ASKED, "no_evidence"),
        (UNREAD, NOT_ASKED, "unknown"),
        (NOT_ASKED, NOT_ASKED, "unknown"),
        (READ, UNREAD, "unknown"),
        (UNREAD, READ, "unknown"),
        (READ, WITH_ANNA, "no_evidence"),
        (NOT_ASKED, WITH_ANNA, "no_evidence"),
        (READ, WITHOUT_ANNA, "no_evidence"),
        (NOT_ASKED, WITHOUT_ANNA, "unknown"),
    ],
)
def test_no_evidence_takes_sources_that_were_read_and_one_that_covers_it(log: Told, report: Told, answer: str) -> None:
    told = {SIGN_IN_LOG: log, USAGE_REPORT: report}
    assert answer_for(Use(), (ID, ADDRESS), told) == answer
    assert answer_for(Evidence([EXPORT]).of(NAMES), NAMES, told) == "yes", "what was seen was seen"
