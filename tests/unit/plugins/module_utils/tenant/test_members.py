# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is in a group or holds a role, and what is said where that can't be told: with Graph in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import (
    AccessDeniedError,
    IncompleteListingError,
    InterruptedTaskError,
    M365Error,
    NotFoundError,
    PageExpiredError,
    ServiceError,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._graph.client import GraphClient
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.state import UnreadableStateError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.unread import Unread
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.at_once import in_parallel
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.members import MemberReader

GROUP, NESTED = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
TEMPLATE, ROLE = "aaaaaaaa-0000-4000-8000-00000000000a", "bbbbbbbb-0000-4000-8000-00000000000b"
USER = "#microsoft.graph.user"
IN_GROUP = "transitiveMembers/microsoft.graph.user?$count=true&$select=id&$top=999"
GONE = NotFoundError("Gone.", exception_type="Request_ResourceNotFound", status=404)


class Graph:
    """``answers``: by a part of the path, the pages or the error; a list of those in turn."""

    def __init__(self, **answers: Any) -> None:
        self._answers = {"directoryRoles?": [[{"id": ROLE, "roleTemplateId": TEMPLATE.upper()}]], **answers}
        self.asked: list[str] = []

    def pages(self, path: str, permission: str) -> Iterator[list[dict[str, Any]]]:
        self.asked.append(f"{permission} {path}")
        (answer,) = (value for part, value in self._answers.items() if part in path)
        if isinstance(answer, Iterator):
            answer = next(answer, AssertionError("nothing more was to be asked"))
        if isinstance(answer, Exception):
            raise answer
        yield from answer

    counted_pages = pages


def guard(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except InterruptedTaskError:
        raise
    except (M365Error, UnreadableStateError) as error:
        return Unread(str(error))


def read(graph: Graph, groups: list[str], roles: list[str], known: dict[str, frozenset[str]] | None = None) -> Any:
    reader = MemberReader(cast(GraphClient, graph), {} if known is None else known, guard, in_parallel)
    return reader.read(groups, roles)


def test_a_group_in_pages() -> None:
    graph = Graph(groups=[[{"id": "A"}, {"id": "b"}], [], [{"id": "c"}]])
    assert read(graph, [GROUP], []) == {GROUP: frozenset("abc")}
    assert graph.asked == [f"GroupMember.Read.All /v1.0/groups/{GROUP}/{IN_GROUP}"]


def test_what_the_task_knows_is_not_asked_again() -> None:
    known: dict[str, frozenset[str]] = {}
    graph = Graph(**{f"groups/{GROUP}": [[{"id": "a"}]], f"groups/{NESTED}": ServiceError("Busy.")})
    first = read(graph, [GROUP, NESTED], [], known)
    assert first[NESTED] == Unread("Busy.")
    assert read(graph, [GROUP, NESTED], [], known) == first
    assert sorted(GROUP in line for line in graph.asked) == [False, False, True], "only what wasn't had is asked again"


def test_a_group_that_was_deleted_has_nobody() -> None:
    assert read(Graph(groups=GONE), [GROUP], []) == {GROUP: frozenset()}


@pytest.mark.parametrize(
    "answer",
    [
        NotFoundError("A gateway's.", status=404),
        AccessDeniedError("Refused."),
        ServiceError("Busy."),
        [[{"id": "a"}, {}]],
        [[{"id": None}]],
        [[{"id": ["a"]}]],
        [[{"id": ""}]],
    ],
)
def test_what_does_not_tell_is_not_known(answer: Any) -> None:
    assert isinstance(read(Graph(groups=answer), [GROUP], [])[GROUP], Unread)


def test_an_id_that_is_none_never_becomes_a_path() -> None:
    graph = Graph()
    assert read(graph, ["../../users"], []) == {"../../users": Unread("../../users isn't the id of a group")}
    assert graph.asked == []


@pytest.mark.parametrize("error", [PageExpiredError("Expired."), IncompleteListingError("5 of 6.")])
def test_a_torn_listing_is_begun_again_once(error: M365Error) -> None:
    assert read(Graph(groups=iter([error, [[{"id": "a"}]]])), [GROUP], []) == {GROUP: frozenset("a")}
    torn = Graph(groups=iter([error, error, [[{"id": "a"}]]]))
    assert isinstance(read(torn, [GROUP], [])[GROUP], Unread)
    assert len(torn.asked) == 2


def test_a_role_by_its_template() -> None:
    members = [
        [{"@odata.type": USER, "id": "A"}, {"@odata.type": "#microsoft.graph.servicePrincipal", "id": "app"}],
        [{"@odata.type": "#microsoft.graph.group", "id": NESTED}],
    ]
    graph = Graph(**{"/members": members, "groups": [[{"id": "n"}]]})
    assert read(graph, [], [TEMPLATE]) == {TEMPLATE: frozenset("an")}
    assert graph.asked == [
        "RoleManagement.Read.Directory /v1.0/directoryRoles?$select=id,roleTemplateId",
        f"RoleManagement.Read.Directory /v1.0/directoryRoles/{ROLE}/members?$select=id",
        f"GroupMember.Read.All /v1.0/groups/{NESTED}/{IN_GROUP}",
    ]


def test_a_role_that_nobody_has_held_has_nobody() -> None:
    """It isn't among the roles of the tenant before somebody is given it."""
    graph = Graph(**{"/members": ServiceError("not asked")})
    assert read(graph, [], [NESTED]) == {NESTED: frozenset()}


@pytest.mark.parametrize(
    "answers",
    [
        {"directoryRoles?": AccessDeniedError("Refused.")},
        {"directoryRoles?": [[{"id": ROLE}]]},
        {"directoryRoles?": [[{"id": ROLE, "roleTemplateId": None}]]},
        {"directoryRoles?": [[{"id": "../x", "roleTemplateId": TEMPLATE}]]},
        {"/members": AccessDeniedError("Refused.")},
        {"/members": [[{"id": "a"}]]},
        {"/members": [[{"@odata.type": USER}]]},
        {"/members": [[{"@odata.type": "#microsoft.graph.new", "id": "a"}]]},
        {"/members": [[{"@odata.type": "#microsoft.graph.group", "id": NESTED}]], "groups": ServiceError("Busy.")},
    ],
)
def test_a_role_that_does_not_tell_is_not_known(answers: dict[str, Any]) -> None:
    assert isinstance(read(Graph(**answers), [], [TEMPLATE])[TEMPLATE], Unread)


def test_roles_that_can_not_be_listed_leave_the_groups_known() -> None:
    found = read(Graph(**{"directoryRoles?": AccessDeniedError("Refused."), "groups": [[]]}), [GROUP], [TEMPLATE, ROLE])
    assert found == {GROUP: frozenset(), TEMPLATE: Unread("Refused."), ROLE: Unread("Refused.")}


def test_a_signal_is_no_answer() -> None:
    with pytest.raises(InterruptedTaskError):
        read(Graph(groups=InterruptedTaskError("stop")), [GROUP], [])
