# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Groups within groups, and who holds a directory role: from the user's side, and from the group's."""

from __future__ import annotations

from collections.abc import Iterable

from .state import Mailbox, Organization, Tenant, stable_guid


def groups_of(mailbox: Mailbox, organization: Organization) -> set[str]:
    """Every group that the user is in, directly or by a group that is within it."""
    found: set[str] = set()
    above = {group.lower() for group in mailbox.groups} - _deleted(organization)
    while above:
        found |= above
        holding = {group.lower() for group, within in organization.groups.items() if found & _lower(within)}
        above = holding - found - _deleted(organization)
    return found


def roles_of(mailbox: Mailbox, organization: Organization) -> set[str]:
    """The templates of the roles that the user holds, directly or by a group."""
    groups = groups_of(mailbox, organization)
    by_group = {role.lower() for role, holders in organization.role_groups.items() if groups & _lower(holders)}
    return _lower(mailbox.directory_roles) | by_group


def group_exists(tenant: Tenant, group: str) -> bool:
    """True if the group was made, or a user is in it, and it wasn't deleted."""
    organization = tenant.organization
    named = _lower([*organization.groups, *(item for within in organization.groups.values() for item in within)])
    named |= _lower([item for holders in organization.role_groups.values() for item in holders])
    if group.lower() in _deleted(organization):
        return False
    return group.lower() in named or any(group.lower() in _lower(user.groups) for user in tenant.users())


def users_in(tenant: Tenant, group: str) -> list[Mailbox]:
    """The users in a group and in the groups within it."""
    return [user for user in _accounts(tenant) if group.lower() in groups_of(user, tenant.organization)]


def active_roles(tenant: Tenant) -> dict[str, str]:
    """Id of the role -> id of its template, of the roles that anybody holds: the others aren't there yet."""
    templates = {role.lower() for user in _accounts(tenant) for role in user.directory_roles}
    templates |= {role.lower() for role, holders in tenant.organization.role_groups.items() if holders}
    return {stable_guid(tenant.tenant_id, "role", template): template for template in sorted(templates)}


def holders_of(tenant: Tenant, template: str) -> tuple[list[Mailbox], list[str]]:
    """The users and the groups to whom a role is assigned."""
    users = [user for user in _accounts(tenant) if template in _lower(user.directory_roles)]
    groups = [
        item for role, held in tenant.organization.role_groups.items() if role.lower() == template for item in held
    ]
    return users, groups


def _accounts(tenant: Tenant) -> list[Mailbox]:
    return [user for user in tenant.users() if user.object_id]


def _deleted(organization: Organization) -> set[str]:
    return _lower(organization.deleted_groups)


def _lower(names: Iterable[str]) -> set[str]:
    return {name.lower() for name in names}
