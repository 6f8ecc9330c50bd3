# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Whom a Conditional Access policy covers: users by name, groups and directory roles by their members, guests by the
type of their account.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias, Union

from .conditional_access import COVERS, MAY_COVER, AccessPolicy
from .identity import fold
from .unread import Unread, why

# By the folded id of a group, or of the template of a directory role: the folded object ids of the users in it, those
# of groups within it included. What isn't there wasn't looked up.
Members: TypeAlias = Mapping[str, Union[frozenset[str], Unread]]  # noqa: UP007 (pylint overlooks names in a text)

NOT_LOOKED_UP: Members = MappingProxyType({})


def groups_that_matter(policies: Sequence[AccessPolicy]) -> list[str]:
    """The groups whose members decide about somebody."""
    return sorted({group for policy in _deciding(policies) for group in _groups(policy)})


def roles_that_matter(policies: Sequence[AccessPolicy]) -> list[str]:
    """The templates of the directory roles whose holders decide about somebody."""
    return sorted({role for policy in _deciding(policies) for role in _roles(policy)})


def _deciding(policies: Sequence[AccessPolicy]) -> Sequence[AccessPolicy]:
    return () if any(policy.blocks_everyone for policy in policies) else policies


def _groups(policy: AccessPolicy) -> frozenset[str]:
    return policy.groups_out if policy.everyone else policy.groups_out | policy.groups_in


def _roles(policy: AccessPolicy) -> frozenset[str]:
    return policy.roles_out if policy.everyone else policy.roles_out | policy.roles_in


def coverage(policy: AccessPolicy, object_id: str, guest: bool | None = None, members: Members = NOT_LOOKED_UP) -> str:
    """Whether a policy blocks the user of this id: ``covers``, ``may_cover``, or an empty text for no.

    ``object_id`` may be empty: then nothing is said of the users that a policy names one by one. ``guest``: None where
    that isn't known.
    """
    user = fold(object_id)
    left_out = _strongest(
        _named(user, policy.excluded),
        _among_members(user, policy.groups_out | policy.roles_out, members),
        MAY_COVER if policy.others_out else "",
        _among_guests(policy.guests_out, guest),
    )
    if left_out == COVERS:
        return ""
    taken_in = _strongest(
        COVERS if policy.everyone else "",
        _named(user, policy.included),
        _among_members(user, policy.groups_in | policy.roles_in, members),
        MAY_COVER if policy.others_in else "",
        _among_guests(policy.guests_in, guest),
    )
    if not taken_in:
        return ""
    return COVERS if taken_in == COVERS and not left_out and not policy.doubt else MAY_COVER


def doubt_about(policy: AccessPolicy, guest: bool | None = None, members: Members = NOT_LOOKED_UP) -> Unread:
    """Why it can't be told whether a policy that may cover a user does: a part of a sentence, and the permission that
    is missing, if one is.
    """
    unread = _unread_members(policy, members)
    permission = next((one.permission for _what, one in unread if one.permission), "")
    reasons = [policy.doubt] if policy.doubt else []
    if unread:
        reasons.append(_members_text(unread))
    if not reasons and (policy.others_out or (policy.others_in and not policy.everyone)):
        reasons.append("it includes or leaves out users in a way that can't be read")
    if not reasons and not (_groups(policy) | _roles(policy)) <= members.keys():
        reasons.append("it includes or leaves out groups or roles, whose members aren't looked up")
    if not reasons:
        reasons.append(_doubt_about_user(policy, guest))
    return Unread(", and ".join(reasons), permission)


def _doubt_about_user(policy: AccessPolicy, guest: bool | None) -> str:
    if MAY_COVER in (_among_guests(policy.guests_in, guest), _among_guests(policy.guests_out, guest)):
        if guest:
            return "it includes or leaves out some guests, and which these are isn't looked up"
        return "it includes or leaves out guests, and whether the user is one isn't known"
    return "it names users or groups, and which account is behind the mailbox isn't known"


def _unread_members(policy: AccessPolicy, members: Members) -> list[tuple[str, Unread]]:
    """The groups and roles that couldn't be read, as words with the reason, one for each reason."""
    found: dict[Unread, str] = {}
    for kind, ids in (("group", _groups(policy)), ("role", _roles(policy))):
        for key in sorted(ids):
            told = members.get(key)
            if isinstance(told, Unread):
                found.setdefault(told, f"the members of the {kind} {key}")
    return [(what, unread) for unread, what in found.items()]


def _members_text(unread: Sequence[tuple[str, Unread]]) -> str:
    said = "; ".join(f"{what} couldn't be read ({why(one)})" for what, one in unread)
    return f"it includes or leaves out groups or roles, and {said}"


def _strongest(*found: str) -> str:
    return COVERS if COVERS in found else MAY_COVER if MAY_COVER in found else ""


def _named(user: str, names: frozenset[str]) -> str:
    if user:
        return COVERS if user in names else ""
    return MAY_COVER if names else ""


def _among_members(user: str, keys: Iterable[str], members: Members) -> str:
    found = ""
    for key in keys:
        told = members.get(key)
        if told is None or isinstance(told, Unread) or (told and not user):
            found = MAY_COVER
        elif user in told:
            return COVERS
    return found


def _among_guests(guests: str, guest: bool | None) -> str:
    """Whether a user is among the guests that a policy speaks of."""
    if not guests or guest is False:
        return ""
    return guests if guest else MAY_COVER
