# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may do what: users, teams, and the roles of templates. Roles are all there is: nobody here administers a part.

Learnt from AWX 24.6: awx/main/models/rbac.py, the role fields of awx/main/models/jobs.py and workflow.py, and
awx/main/access.py, where a job is visible to whoever can read its template.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ADMINISTRATOR = "alma"
ROLES = {
    "job_templates": ("admin", "execute", "read"),
    "workflow_job_templates": ("admin", "execute", "read", "approval"),
}
# Whoever has one of these has that, too.
IMPLIED = {"read": ("read", "execute", "admin", "approval"), "execute": ("execute", "admin")}
_FIRST, _STEP = 1_000_000, 10


class Forbidden(Exception):
    """AWX would answer 403."""


class People:
    """``grant`` and ``may``: the members of roles, by the ids of users and teams."""

    def __init__(self) -> None:
        self.members: dict[tuple[int, str], list[int]] = {}
        self.teams: dict[int, list[str]] = {}  # the users of a team, by their names

    @staticmethod
    def roles_of(endpoint: str, item: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """What ``summary_fields.object_roles`` says."""
        first = _FIRST + item["id"] * _STEP
        return {
            f"{name}_role": {"id": first + number, "name": name.title()}
            for number, name in enumerate(ROLES.get(endpoint, ()))
        }

    def of_role(self, role: int, kind: str) -> list[int]:
        return self.members.setdefault((role, kind), [])

    def grant(self, role: int, kind: str, given: Mapping[str, Any]) -> None:
        members = self.of_role(role, kind)
        if given.get("disassociate"):
            members.remove(given["id"])
        elif given["id"] not in members:
            members.append(given["id"])

    def may(self, user: Mapping[str, Any], action: str, endpoint: str, item: Mapping[str, Any]) -> bool:
        """Whether somebody has a role of an object that allows this."""
        if user["username"] == ADMINISTRATOR:
            return True
        roles = self.roles_of(endpoint, item)
        teams = {number for number, names in self.teams.items() if user["username"] in names}
        return any(
            user["id"] in self.of_role(roles[f"{name}_role"]["id"], "users")
            or teams & set(self.of_role(roles[f"{name}_role"]["id"], "teams"))
            for name in IMPLIED.get(action, (action, "admin"))
            if f"{name}_role" in roles
        )
