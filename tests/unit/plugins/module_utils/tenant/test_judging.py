# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When Microsoft's own evaluation is asked, how, and what becomes of it where it can't be had: with Graph in memory."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any, cast

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import (
    AccessDeniedError,
    InterruptedTaskError,
    M365Error,
    NotFoundError,
    ServiceError,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.conditional_access import AccessPolicy
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.layers import Account, Tenant
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox import Mailbox
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.unread import Unread
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.connection import Connection
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.judging import (
    MOST_ASKED,
    Evaluation,
    judge_mailboxes,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.layers import Directory

GROUP = AccessPolicy("P1", "For a group", everyone=False, groups_in=frozenset(["g"]))
ANSWER = {"value": [{"id": "p1", "state": "enabled", "policyApplies": False, "analysisReasons": "users"}]}


class Graph:
    """``answers``: by the version, what comes; an error is raised."""

    concurrency = 2

    def __init__(self, **answers: Any) -> None:
        self._answers = answers
        self.graph = self
        self.asked: list[tuple[str, str]] = []

    def ask(self, path: str, question: dict[str, Any], permission: str) -> Any:
        version, _slash, rest = path.strip("/").partition("/")
        assert (rest, permission) == ("identity/conditionalAccess/evaluate", "Policy.Read.All")
        self.asked.append((version, question["signInIdentity"]["userId"]))
        answer = self._answers[version.replace(".", "_")]
        if isinstance(answer, Exception):
            raise answer
        return answer


def tenant(*policies: AccessPolicy, **changes: Any) -> Tenant:
    known: dict[str, Any] = {
        "organization": "enabled",
        "default_policy": "",
        "policies": [],
        "security_defaults": False,
        "conditional_access": policies or [GROUP],
        "today": datetime.date(2026, 11, 24),
    }
    return Tenant(**{**known, **changes})


def boxes(count: int) -> list[Mailbox]:
    return [Mailbox(f"guid-{n}", "", "", "enabled", f"id-{n}") for n in range(count)]


def judge(graph: Graph, found: Tenant, mailboxes: list[Mailbox], state: str = "enabled") -> set[str]:
    """What is told of Basic."""
    directory = Directory(
        {mailbox.guid: ("UserMailbox", "") for mailbox in mailboxes},
        {mailbox.object_id: Account(True, True, False) for mailbox in mailboxes},
    )
    evaluation = Evaluation(cast(Connection, graph))
    judged = judge_mailboxes(evaluation, found, directory, [(mailbox, state) for mailbox in mailboxes])
    assert list(judged) == [mailbox.guid for mailbox in mailboxes]
    return {effective.basic for effective in judged.values()}


def test_a_user_is_made_once_of_what_was_read() -> None:
    directory = Directory({"guid-0": ("UserMailbox", "")}, {"id-0": Account(True, True, False)})
    (mailbox,) = boxes(1)
    user = directory.user(mailbox)
    assert directory.user(mailbox) is user
    assert (user.object_id, user.account) == ("id-0", Account(True, True, False))
    moved = directory.user(dataclasses.replace(mailbox, object_id="id-1"))
    assert (moved.object_id, isinstance(moved.account, Unread)) == ("id-1", True)


def test_a_few_are_asked_one_by_one() -> None:
    graph = Graph(v1_0=ANSWER)
    assert judge(graph, tenant(), boxes(MOST_ASKED)) == {"enabled"}
    assert sorted(graph.asked) == sorted(("v1.0", f"id-{n}") for n in range(MOST_ASKED))


def test_many_are_not_asked() -> None:
    graph = Graph(v1_0=ANSWER)
    assert judge(graph, tenant(), boxes(MOST_ASKED + 1)) == {"unknown"}
    assert graph.asked == []


@pytest.mark.parametrize(
    ("found", "state", "basic"),
    [
        (tenant(AccessPolicy("2", "All", everyone=True)), "enabled", "disabled"),
        (tenant(AccessPolicy("2", "One", everyone=False, included=frozenset(["x"]))), "enabled", "enabled"),
        (tenant(), "disabled", "disabled"),
        (tenant(security_defaults=True), "enabled", "disabled"),
        (tenant(members={"g": frozenset()}), "enabled", "enabled"),
        (tenant(conditional_access=Unread("Refused", "Policy.Read.All")), "enabled", "unknown"),
    ],
)
def test_nobody_is_asked_about_whom_it_would_not_decide(found: Tenant, state: str, basic: str) -> None:
    graph = Graph(v1_0=ANSWER)
    assert judge(graph, found, boxes(2), state) == {basic}
    assert graph.asked == []


def test_a_mailbox_without_an_account_is_not_asked_about() -> None:
    graph = Graph(v1_0=ANSWER)
    assert judge(graph, tenant(), [Mailbox("guid-0", "", "", "enabled", "")]) == {"unknown"}
    assert graph.asked == []


@pytest.mark.parametrize(
    "error", [NotFoundError("No such thing.", status=404), ServiceError("Resource not found.", status=400)]
)
def test_where_v1_has_it_not_beta_is_asked(error: M365Error) -> None:
    """Once: the next user is asked about in beta straight away."""
    graph = Graph(v1_0=error, beta=ANSWER)
    assert judge(graph, tenant(), boxes(3)) == {"enabled"}
    assert sorted(graph.asked) == [("beta", "id-0"), ("beta", "id-1"), ("beta", "id-2"), ("v1.0", "id-0")]


@pytest.mark.parametrize(
    ("answers", "requests"),
    [
        ({"v1_0": AccessDeniedError("Refused.", status=403)}, 1),
        ({"v1_0": ServiceError("Busy.", status=503)}, 1),
        ({"v1_0": ServiceError("Wrong.", status=400), "beta": ServiceError("Wrong.", status=400)}, 2),
        ({"v1_0": {}}, 1),
        ({"v1_0": {"value": None}}, 1),
        ({"v1_0": {"value": ["p1"]}}, 1),
        ({"v1_0": {**ANSWER, "@odata.nextLink": "https://x"}}, 1),
        ({"v1_0": {"value": []}}, 3),
    ],
)
def test_what_does_not_tell_leaves_it_unknown(answers: dict[str, Any], requests: int) -> None:
    """And where the first can't be had, the others aren't asked for."""
    graph = Graph(**answers)
    assert judge(graph, tenant(), boxes(3)) == {"unknown"}
    assert len(graph.asked) == requests


def test_nobody_is_asked_about_twice() -> None:
    graph = Graph(v1_0=ANSWER)
    evaluation = Evaluation(cast(Connection, graph))
    first = evaluation.of(["id-0", "id-1", "id-0"])
    assert evaluation.of(["id-1", "id-0"]) == [first[1], first[0]]
    assert sorted(graph.asked) == [("v1.0", "id-0"), ("v1.0", "id-1")]
    assert evaluation.of(["id-0", "id-2"])[1] == first[0]
    assert len(graph.asked) == 3


def test_a_signal_is_no_answer() -> None:
    with pytest.raises(InterruptedTaskError):
        judge(Graph(v1_0=InterruptedTaskError("stop")), tenant(), boxes(1))
