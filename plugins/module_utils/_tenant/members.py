# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Who is in the groups and holds the directory roles that Conditional Access policies name: one listing each."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from .._errors import IncompleteListingError, NotFoundError
from .._smtp_auth.abilities import GROUPS
from .._smtp_auth.identity import fold, is_guid
from .._smtp_auth.state import UnreadableStateError
from .._smtp_auth.unread import Unread

if TYPE_CHECKING:
    from .._graph.client import GraphClient

GROUP_PERMISSION = GROUPS
ROLE_PERMISSION = "RoleManagement.Read.Directory"
_PAGE = 999  # the most that Graph gives
_ROLES = "/v1.0/directoryRoles"
_USER, _GROUP = "#microsoft.graph.user", "#microsoft.graph.group"
_NO_USERS = frozenset(("#microsoft.graph.serviceprincipal", "#microsoft.graph.device", "#microsoft.graph.orgcontact"))
_GONE = "Request_ResourceNotFound"

Ids: TypeAlias = "frozenset[str]"
Guard: TypeAlias = "Callable[[Callable[[], Ids]], Ids | Unread]"
InParallel: TypeAlias = "Callable[..., list[Any]]"


class MemberReader:
    """Reads each group and role once. ``known`` outlives it: what the task has read already."""

    def __init__(self, graph: GraphClient, known: dict[str, Ids], guard: Guard, in_parallel: InParallel) -> None:
        """``guard``: what a reading gives, or why it can't be had. ``in_parallel``: several of them at a time."""
        self._graph = graph
        self._known = known
        self._guard = guard
        self._in_parallel = in_parallel

    def read(self, groups: Sequence[str], roles: Sequence[str]) -> dict[str, Ids | Unread]:
        """By the folded id of a group, or of the template of a role: the folded ids of its users.

        :raises InterruptedTaskError: the task was told to stop.
        """
        found: dict[str, Ids | Unread] = {key: self._known[key] for key in (*groups, *roles) if key in self._known}
        jobs: list[tuple[str, Callable[[], Ids]]]
        jobs = [(group, functools.partial(self._group, group)) for group in groups if group not in found]
        wanted = [role for role in roles if role not in found]
        if wanted:
            jobs += self._roles(wanted, found)
        guarded = [functools.partial(self._guard, job) for _key, job in jobs]
        told = self._in_parallel(*guarded) if guarded else []
        for (key, _job), members in zip(jobs, told, strict=True):
            found[key] = members
            if not isinstance(members, Unread):
                self._known[key] = members
        return found

    def _roles(self, wanted: Sequence[str], found: dict[str, Ids | Unread]) -> list[tuple[str, Callable[[], Ids]]]:
        """What is left to do for these roles. Where they can't be listed that is told in ``found``."""
        by_template: dict[str, str] = {}

        def listed() -> Ids:
            for page in self._graph.pages(f"{_ROLES}?$select=id,roleTemplateId", ROLE_PERMISSION):
                for row in page:
                    by_template[_id(row, "roleTemplateId")] = _id(row, "id")
            return frozenset()

        told = self._guard(listed)
        if isinstance(told, Unread):
            found.update(dict.fromkeys(wanted, told))
            return []
        # A role that nobody has ever held isn't listed.
        nobody = dict.fromkeys((role for role in wanted if role not in by_template), frozenset[str]())
        found.update(nobody)
        self._known.update(nobody)
        return [(role, functools.partial(self._role, by_template[role])) for role in wanted if role in by_template]

    def _group(self, group: str) -> Ids:
        """
        :raises UnreadableStateError: what came isn't a list of users.
        :raises M365Error: it can't be had whole.
        """
        if not is_guid(group):
            raise UnreadableStateError(f"{group} isn't the id of a group")
        path = f"/v1.0/groups/{group}/transitiveMembers/microsoft.graph.user?$count=true&$select=id&$top={_PAGE}"

        def read() -> Ids:
            pages = self._graph.counted_pages(path, GROUP_PERMISSION)
            return frozenset(_id(row, "id") for page in pages for row in page)

        try:
            return _again_if_torn(read)
        except NotFoundError as error:
            if error.exception_type != _GONE:
                raise
            return frozenset()  # it was deleted: nobody is in it

    def _role(self, role: str) -> Ids:
        """Those who hold it now; who could activate it doesn't count. As ``_group``."""
        if not is_guid(role):
            raise UnreadableStateError(f"{role} isn't the id of a directory role")

        def read() -> Ids:
            return frozenset(self._holders(self._graph.pages(f"{_ROLES}/{role}/members?$select=id", ROLE_PERMISSION)))

        return _again_if_torn(read)

    def _holders(self, pages: Iterator[list[dict[str, Any]]]) -> Iterator[str]:
        for page in pages:
            for row in page:
                kind = str(row.get("@odata.type"))
                if kind == _USER:
                    yield _id(row, "id")
                elif kind == _GROUP:
                    yield from self._group(_id(row, "id"))
                elif fold(kind) not in _NO_USERS:
                    raise UnreadableStateError("Graph's answer doesn't tell whether a member is a user or a group")


def _again_if_torn(read: Callable[[], Ids]) -> Ids:
    """Somebody may leave while pages are read, and a link may expire: then it is begun again, once."""
    try:
        return read()
    except IncompleteListingError:
        return read()


def _id(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value:
        raise UnreadableStateError(f"Graph's answer has a row without {key}")
    return fold(value)
