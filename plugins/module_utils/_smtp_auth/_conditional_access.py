# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What Conditional Access policies mean for a client that signs in with a password (a "legacy" client).

Shape of a policy: Microsoft Graph reference, ``conditionalAccessPolicy``. Who is in a group or holds a role isn't
looked up: a policy that depends on it may cover a user, and no more than that is said.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from ._identity import fold

COVERS = "covers"
MAY_COVER = "may_cover"

# The application ids by which Exchange Online is meant.
_EXCHANGE_APPS = frozenset(("all", "office365", "00000002-0000-0ff1-ce00-000000000000"))
_LEGACY_CLIENTS = frozenset(("all", "other"))
_NOT_IN_FORCE = ("disabled", "enabledForReportingButNotEnforced")
_EVERYONE = "all"
_GUESTS = "guestsorexternalusers"
_NO_USERS = frozenset((_EVERYONE, "none", _GUESTS))  # words that Graph puts among the ids
_GROUPS_IN = ("includeGroups", "includeRoles", "includeGuestsOrExternalUsers")
_GROUPS_OUT = ("excludeGroups", "excludeRoles", "excludeGuestsOrExternalUsers")
_GRANTS = ("builtInControls", "authenticationStrength", "termsOfUse", "customAuthenticationFactors")
_FLOWS = "authenticationFlows"
# Every other condition narrows a policy, those that Microsoft adds in times to come included.
_OTHERWISE_READ = frozenset(("applications", "clientAppTypes", "users", _FLOWS))


@dataclasses.dataclass(frozen=True)
class AccessPolicy:
    """A policy in force that touches password clients of Exchange Online.

    ``included`` and ``excluded``: folded object ids of users. ``groups_in``, ``groups_out``: it includes or excludes
    groups, roles or guests, whose members aren't known here. ``doubt``: why it can't be told whether it blocks those
    whom it covers, a part of a sentence; empty if it plainly does.
    """

    id: str
    name: str
    everyone: bool
    included: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    groups_in: bool = False
    groups_out: bool = False
    doubt: str = ""

    @property
    def blocks_everyone(self) -> bool:
        """Whether it plainly covers all users and all of Exchange Online."""
        return self.everyone and not self.excluded and not self.groups_out and not self.doubt


def read_policy(policy: Mapping[str, Any]) -> AccessPolicy | None:
    """A policy as Graph gives it; None if it isn't in force, or doesn't touch password clients of Exchange.

    What is missing or unreadable in it is a doubt, never a "no".
    """
    conditions = _mapping(policy, "conditions")
    said = [question(policy, conditions) for question in (_state, _clients, _applications, _grants, _narrowing)]
    if None in said:
        return None
    doubt = next((text for text in said if text), "")
    users = _mapping(conditions, "users")
    included, excluded = _folded(users, "includeUsers"), _folded(users, "excludeUsers")
    groups_in = _GUESTS in included or any(users.get(key) for key in _GROUPS_IN)
    told = groups_in or isinstance(users.get("includeUsers"), list)
    found = AccessPolicy(
        id=str(policy.get("id") or ""),
        name=str(policy.get("displayName") or policy.get("id") or "without a name"),
        everyone=_EVERYONE in included or not told,
        included=frozenset(included - _NO_USERS),
        excluded=frozenset(excluded - _NO_USERS),
        groups_in=groups_in,
        groups_out=bool({_EVERYONE, _GUESTS} & excluded) or any(users.get(key) for key in _GROUPS_OUT),
        doubt=doubt or ("" if told else "it doesn't tell for whom it is"),
    )
    return found if found.everyone or found.included or found.groups_in else None


def coverage(policy: AccessPolicy, object_id: str) -> str:
    """Whether a policy blocks the user of this id: ``covers``, ``may_cover``, or an empty text for no.

    ``object_id`` may be empty: then nothing is said of the users that a policy names one by one.
    """
    user = fold(object_id)
    if user and user in policy.excluded:
        return ""
    if policy.everyone or (user and user in policy.included):
        unsure = policy.doubt or policy.groups_out or (policy.excluded and not user)
        return MAY_COVER if unsure else COVERS
    return MAY_COVER if policy.groups_in or (policy.included and not user) else ""


def doubt_about(policy: AccessPolicy) -> str:
    """Why it can't be told whether a policy that may cover a user does, a part of a sentence."""
    if policy.doubt:
        return policy.doubt
    if policy.groups_in or policy.groups_out:
        return "it includes or leaves out groups, roles or guests, whose members aren't looked up"
    return "it names users, and which account is behind the mailbox isn't known"


# Each of these answers None if the policy plainly doesn't block password clients of Exchange, an empty text if it
# plainly does as far as this goes, and else the doubt.


def _state(policy: Mapping[str, Any], _conditions: Mapping[str, Any]) -> str | None:
    state = policy.get("state")
    if state in _NOT_IN_FORCE:
        return None
    return "" if state == "enabled" else "it doesn't tell whether it is in force"


def _clients(_policy: Mapping[str, Any], conditions: Mapping[str, Any]) -> str | None:
    clients = _folded(conditions, "clientAppTypes")
    if clients:
        return "" if clients & _LEGACY_CLIENTS else None
    return "it doesn't tell for which clients it is"


def _applications(_policy: Mapping[str, Any], conditions: Mapping[str, Any]) -> str | None:
    applications = _mapping(conditions, "applications")
    if _EXCHANGE_APPS & _folded(applications, "excludeApplications"):
        return None
    if applications.get("applicationFilter"):
        return "it chooses applications by a filter"
    if _EXCHANGE_APPS & _folded(applications, "includeApplications"):
        return ""
    # A list without Exchange is an answer, and an empty one too: of a policy for user actions, say.
    told = isinstance(applications.get("includeApplications"), list)
    return None if told else "it doesn't tell for which applications it is"


def _grants(policy: Mapping[str, Any], _conditions: Mapping[str, Any]) -> str | None:
    controls = _mapping(policy, "grantControls")
    if "block" in _folded(controls, "builtInControls"):
        return ""
    if any(controls.get(key) for key in _GRANTS):
        return "it asks for something that clients with a password can't give"
    return None


def _narrowing(_policy: Mapping[str, Any], conditions: Mapping[str, Any]) -> str | None:
    flows = _mapping(conditions, _FLOWS).get("transferMethods")
    if flows and flows != "none":
        return None  # only for sign-ins by device code and the like
    narrowed = [_words(key) for key, value in conditions.items() if key not in _OTHERWISE_READ and _narrows(key, value)]
    return f"it depends on {', '.join(narrowed)}" if narrowed else ""


def _narrows(name: str, condition: Any) -> bool:
    """Whether a condition leaves anything out. "All" of something without an exclusion doesn't."""
    if "@odata" in name:
        return False
    if not isinstance(condition, Mapping):
        return bool(condition)
    given = {key: value for key, value in condition.items() if value and "@odata" not in key}
    return any(
        not key.startswith("include") or {fold(str(item)) for item in value} != {"all"}
        if isinstance(value, list)
        else True
        for key, value in given.items()
    )


def _words(name: str) -> str:
    """A property's name as words: ``signInRiskLevels`` as "sign in risk levels"."""
    return re.sub("([A-Z])", r" \1", name).casefold()


def _mapping(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}


def _folded(value: Mapping[str, Any], key: str) -> set[str]:
    found = value.get(key)
    return {fold(str(item)) for item in found} if isinstance(found, list) else set()
