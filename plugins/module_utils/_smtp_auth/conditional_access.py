# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What Conditional Access policies mean for a client that signs in with a password (a "legacy" client).

Such a client can answer nothing, so whatever a policy asks for before it grants access keeps it out: Microsoft says so
of every grant control. Session controls ask for nothing.

Shape of a policy: Microsoft Graph reference, ``conditionalAccessPolicy``. Whom it covers: access_coverage.py.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from .identity import fold, is_guid

COVERS = "covers"
MAY_COVER = "may_cover"

# The application ids by which Exchange Online is meant, and words that mean others.
_EXCHANGE_APPS = frozenset(("all", "office365", "00000002-0000-0ff1-ce00-000000000000"))
_OTHER_APPS = frozenset(("none", "microsoftadminportals"))
_APPLICATIONS = frozenset(
    (
        "includeApplications",
        "excludeApplications",
        "applicationFilter",
        "includeUserActions",
        "includeAuthenticationContextClassReferences",
    )
)
_LEGACY_CLIENTS = frozenset(("all", "other"))
_OTHER_CLIENTS = frozenset(("browser", "mobileappsanddesktopclients", "exchangeactivesync", "eassupported"))
_NOT_IN_FORCE = ("disabled", "enabledForReportingButNotEnforced")
_EVERYONE = "all"
_GUESTS = "guestsorexternalusers"
_NO_USERS = frozenset((_EVERYONE, "none", _GUESTS))  # words that Graph puts among the ids
_USERS = frozenset(
    (
        "includeUsers",
        "excludeUsers",
        "includeGroups",
        "excludeGroups",
        "includeRoles",
        "excludeRoles",
        "includeGuestsOrExternalUsers",
        "excludeGuestsOrExternalUsers",
    )
)
# A guest who has a mailbox here is of the first two kinds: the others have no account of the type "Guest" here.
_GUESTS_HERE = frozenset(("internalguest", "b2bcollaborationguest"))
_GUESTS_ELSEWHERE = frozenset(
    ("none", "b2bcollaborationmember", "b2bdirectconnectuser", "otherexternaluser", "serviceprovider")
)
_GRANT_LISTS = ("builtInControls", "customAuthenticationFactors", "termsOfUse")
_STRENGTH = "authenticationStrength"
_GRANTS = frozenset((*_GRANT_LISTS, _STRENGTH, "operator", "id"))
_FLOWS = "authenticationFlows"
_OTHER_FLOWS = frozenset(("devicecodeflow", "authenticationtransfer"))
# Every other condition narrows a policy, those that Microsoft adds in times to come included.
_OTHERWISE_READ = frozenset(("applications", "clientAppTypes", "users", _FLOWS))
# Structure beside these, such as rules of a policy of tomorrow, may change all that the others say.
_READ_OR_HARMLESS = frozenset(("conditions", "grantControls", "sessionControls"))


@dataclasses.dataclass(frozen=True)
class AccessPolicy:
    """A policy in force that touches password clients of Exchange Online.

    ``included`` and ``excluded``: folded object ids of users; ``groups_in``, ``groups_out``: of groups; ``roles_in``,
    ``roles_out``: of templates of directory roles. ``others_in``, ``others_out``: it includes or excludes users in a
    way that can't be read. ``guests_in``, ``guests_out``: ``covers`` if it includes or excludes every guest,
    ``may_cover`` if some. ``doubt``: why it can't be told whether it blocks those whom it covers, a part of a sentence;
    empty if it plainly does. ``circumstances``: the doubt is about more than users, applications and kinds of clients,
    so that only a sign-in can tell. ``demands``: what it asks for; empty if it just blocks.
    """

    id: str
    name: str
    everyone: bool
    included: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    groups_in: frozenset[str] = frozenset()
    groups_out: frozenset[str] = frozenset()
    roles_in: frozenset[str] = frozenset()
    roles_out: frozenset[str] = frozenset()
    others_in: bool = False
    others_out: bool = False
    guests_in: str = ""
    guests_out: str = ""
    doubt: str = ""
    circumstances: bool = False
    demands: tuple[str, ...] = ()

    @property
    def blocks_everyone(self) -> bool:
        """Whether it plainly covers all users and all of Exchange Online."""
        left_out = self.excluded or self.groups_out or self.roles_out or self.others_out or self.guests_out
        return self.everyone and not (left_out or self.doubt)


def read_policy(policy: Mapping[str, Any]) -> AccessPolicy | None:
    """A policy as Graph gives it; None if it isn't in force, or doesn't touch password clients of Exchange.

    What is missing, unreadable or new in it is a doubt, never a "no".
    """
    conditions = _mapping(policy, "conditions")
    new = _new_structure(policy)
    state = _state(policy)
    clients, applications = _clients(policy, conditions), _applications(policy, conditions)
    grants, narrowing = _grants(policy, conditions), _narrowing(policy, conditions)
    if state is None or (None in (clients, applications, grants, narrowing) and not new):
        return None
    users = _mapping(conditions, "users")
    included, excluded = _folded(users, "includeUsers"), _folded(users, "excludeUsers")
    new_users = _new(users, _USERS)
    guests_in = COVERS if _GUESTS in included else _guests(users.get("includeGuestsOrExternalUsers"))
    groups_in, roles_in = _folded(users, "includeGroups"), _folded(users, "includeRoles")
    others_in = bool(new_users) or _unreadable(users, ("includeGroups", "includeRoles"))
    named = bool(others_in or groups_in or roles_in or guests_in)
    told = not new and (named or isinstance(users.get("includeUsers"), list))
    circumstances = [state, new, grants, narrowing]
    doubts = [state, new, clients, applications, grants, narrowing, _doubtful_users(users, new_users)]
    doubts += [] if told else ["it doesn't tell for whom it is"]
    found = AccessPolicy(
        id=str(policy.get("id") or ""),
        name=str(policy.get("displayName") or policy.get("id") or "without a name"),
        everyone=_EVERYONE in included or not told,
        included=frozenset(included - _NO_USERS),
        excluded=frozenset(excluded - _NO_USERS),
        groups_in=frozenset(groups_in),
        groups_out=frozenset(_folded(users, "excludeGroups")),
        roles_in=frozenset(roles_in),
        roles_out=frozenset(_folded(users, "excludeRoles")),
        others_in=others_in,
        others_out=_EVERYONE in excluded or _unreadable(users, ("excludeGroups", "excludeRoles")),
        guests_in=guests_in,
        guests_out=COVERS if _GUESTS in excluded else _guests(users.get("excludeGuestsOrExternalUsers")),
        doubt=next((text for text in doubts if text), ""),
        circumstances=any(circumstances),
        demands=_demands(_mapping(policy, "grantControls")),
    )
    return found if found.everyone or found.included or named else None


def asks_for_anything(policy: Mapping[str, Any]) -> bool:
    """Whether a policy as Graph gives it blocks or asks for something, or may."""
    return _grants(policy, {}) is not None


def _guests(told: Any) -> str:
    """Which guests are meant: ``covers`` for every one, ``may_cover`` for some, an empty text for none."""
    if not told:
        return ""
    kinds = told.get("guestOrExternalUserTypes") if isinstance(told, Mapping) else None
    if not isinstance(kinds, str):
        return MAY_COVER
    named = {fold(kind.strip()) for kind in kinds.split(",")}
    if named <= _GUESTS_ELSEWHERE:
        return ""
    of_all_tenants = fold(str(_mapping(told, "externalTenants").get("membershipKind"))) == "all"
    return COVERS if named >= _GUESTS_HERE and of_all_tenants else MAY_COVER


# Each of these answers None if the policy plainly doesn't block password clients of Exchange, an empty text if it
# plainly does as far as this goes, and else the doubt.


def _state(policy: Mapping[str, Any]) -> str | None:
    state = policy.get("state")
    if state in _NOT_IN_FORCE:
        return None
    return "" if state == "enabled" else "it doesn't tell whether it is in force"


def _clients(_policy: Mapping[str, Any], conditions: Mapping[str, Any]) -> str | None:
    clients = _folded(conditions, "clientAppTypes")
    if not clients:
        return "it doesn't tell for which clients it is"
    if clients & _LEGACY_CLIENTS:
        return ""
    return None if clients <= _OTHER_CLIENTS else "it is for a kind of client that isn't known here"


def _applications(_policy: Mapping[str, Any], conditions: Mapping[str, Any]) -> str | None:
    applications = _mapping(conditions, "applications")
    included, excluded = (_folded(applications, f"{verb}Applications") for verb in ("include", "exclude"))
    if _EXCHANGE_APPS & excluded:
        return None
    if applications.get("applicationFilter"):
        return "it chooses applications by a filter"
    new = _new(applications, _APPLICATIONS)
    if new:
        return f"it chooses applications by {', '.join(map(_words, new))}, which isn't known here"
    if _unreadable(applications, ("includeApplications", "excludeApplications")):
        return "which applications it names can't be read"
    if any(map(_is_new_application, excluded)):
        return "it leaves out applications by a word that isn't known here"
    if _EXCHANGE_APPS & included:
        return ""
    if any(map(_is_new_application, included)):
        return "it names applications by a word that isn't known here"
    # A list without Exchange is an answer, and an empty one too: of a policy for user actions, say.
    told = isinstance(applications.get("includeApplications"), list)
    return None if told else "it doesn't tell for which applications it is"


def _is_new_application(name: str) -> bool:
    return name not in _EXCHANGE_APPS | _OTHER_APPS and not is_guid(name)


def _grants(policy: Mapping[str, Any], _conditions: Mapping[str, Any]) -> str | None:
    controls = policy.get("grantControls", "")
    if controls is None:
        return None
    if not isinstance(controls, Mapping):
        return "it doesn't tell what it asks for"
    new = _new(controls, _GRANTS)
    if new:
        return f"it asks for {', '.join(map(_words, new))}, which isn't known here"
    if "block" in _folded(controls, "builtInControls") or _demands(controls):
        return ""
    told = isinstance(controls.get("builtInControls"), list) and not _unreadable(controls, _GRANT_LISTS)
    return None if told else "it doesn't tell what it asks for"


def _demands(controls: Mapping[str, Any]) -> tuple[str, ...]:
    """What has to be answered, as words, whether all of it or any. Empty where nothing does, or it just blocks."""
    built_in = controls.get("builtInControls")
    names = [str(name) for name in built_in] if isinstance(built_in, list) else []
    if "block" in map(fold, names):
        return ()
    names += [key for key in _GRANT_LISTS[1:] if controls.get(key) and isinstance(controls[key], list)]
    names += [_STRENGTH] if controls.get(_STRENGTH) else []
    return tuple("MFA" if fold(name) == "mfa" else _words(name) for name in names)


def _narrowing(_policy: Mapping[str, Any], conditions: Mapping[str, Any]) -> str | None:
    methods = _mapping(conditions, _FLOWS).get("transferMethods")
    flows = {fold(flow.strip()) for flow in str(methods).split(",")} if methods and methods != "none" else set()
    if flows and flows <= _OTHER_FLOWS:
        return None  # only for sign-ins by device code and the like
    narrowed = [key for key, value in conditions.items() if key not in _OTHERWISE_READ and _narrows(key, value)]
    narrowed += [_FLOWS] if flows else []
    return f"it depends on {', '.join(map(_words, narrowed))}" if narrowed else ""


def _narrows(name: str, condition: Any) -> bool:
    """Whether a condition leaves anything out. "All" of something without an exclusion doesn't."""
    if _is_annotation(name):
        return False
    if not isinstance(condition, Mapping):
        return bool(condition)
    given = {key: value for key, value in condition.items() if value and not _is_annotation(key)}
    return any(
        not key.startswith("include") or {fold(str(item)) for item in value} != {"all"}
        if isinstance(value, list)
        else True
        for key, value in given.items()
    )


# What is new, or of another form --------------------------------------------------------------------------------------


def _new_structure(policy: Mapping[str, Any]) -> str:
    """Texts beside what is read are taken for mere words about the policy; objects and lists are not."""
    new = [
        key
        for key, value in policy.items()
        if value and isinstance(value, (Mapping, list)) and key not in _READ_OR_HARMLESS and not _is_annotation(key)
    ]
    new += ["partialEnablementStrategy"] if isinstance(policy.get("partialEnablementStrategy"), str) else []
    return f"it has {', '.join(map(_words, new))}, which isn't known here" if new else ""


def _doubtful_users(users: Mapping[str, Any], new: list[str]) -> str:
    if new:
        return f"it chooses users by {', '.join(map(_words, new))}, which isn't known here"
    return "which users it leaves out can't be read" if _unreadable(users, ("excludeUsers",)) else ""


def _new(value: Mapping[str, Any], known: frozenset[str]) -> list[str]:
    return [key for key, given in value.items() if given and key not in known and not _is_annotation(key)]


def _is_annotation(name: str) -> bool:
    """What OData says about a value, or an action that it offers, is no part of the policy."""
    return "@odata" in name or name.startswith("#")


def _unreadable(value: Mapping[str, Any], keys: tuple[str, ...]) -> bool:
    return any(value.get(key) is not None and not isinstance(value[key], list) for key in keys)


def _words(name: str) -> str:
    """A property's name as words: ``signInRiskLevels`` as "sign in risk levels"."""
    return re.sub("([A-Z])", r" \1", name).casefold()


def _mapping(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}


def _folded(value: Mapping[str, Any], key: str) -> set[str]:
    found = value.get(key)
    return {fold(str(item)) for item in found} if isinstance(found, list) else set()
