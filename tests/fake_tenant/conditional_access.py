# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Conditional Access policies: Graph's full shape of them, a short way to write one, and what they mean for SMTP."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from .directory import groups_of, roles_of
from .state import Mailbox, Organization, stable_guid

EXCHANGE_APP = "00000002-0000-0ff1-ce00-000000000000"
STATES = ("enabled", "disabled", "enabledForReportingButNotEnforced")

Policy = dict[str, Any]

USERS: Policy = {
    "includeUsers": [],
    "excludeUsers": [],
    "includeGroups": [],
    "excludeGroups": [],
    "includeRoles": [],
    "excludeRoles": [],
    "includeGuestsOrExternalUsers": None,
    "excludeGuestsOrExternalUsers": None,
}
APPLICATIONS: Policy = {
    "includeApplications": [],
    "excludeApplications": [],
    "includeUserActions": [],
    "includeAuthenticationContextClassReferences": [],
    "applicationFilter": None,
}
CONDITIONS: Policy = {
    "userRiskLevels": [],
    "signInRiskLevels": [],
    "servicePrincipalRiskLevels": [],
    "insiderRiskLevels": None,
    "clientAppTypes": ["all"],
    "platforms": None,
    "locations": None,
    "devices": None,
    "clientApplications": None,
    "authenticationFlows": None,
    "applications": APPLICATIONS,
    "users": USERS,
}
GRANT_CONTROLS: Policy = {
    "operator": "OR",
    "builtInControls": [],
    "customAuthenticationFactors": [],
    "termsOfUse": [],
    "authenticationStrength": None,
}
# Conditions that a sign-in with name and password from nowhere in particular can't be told to meet.
UNMET_WHEN_SET = (
    "userRiskLevels",
    "signInRiskLevels",
    "insiderRiskLevels",
    "devices",
    "clientApplications",
    "authenticationFlows",
)


def policy(
    name: str,
    *,
    state: str = "enabled",
    clients: Sequence[str] = ("exchangeActiveSync", "other"),
    include_applications: Sequence[str] = ("All",),
    exclude_applications: Sequence[str] = (),
    users: dict[str, Any] | None = None,
    controls: Sequence[str] | None = ("block",),
    operator: str = "OR",
    terms_of_use: Sequence[str] = (),
    custom_factors: Sequence[str] = (),
    strength: dict[str, Any] | None = None,
    **conditions: Any,
) -> Policy:
    """A policy in full shape, by default one that blocks legacy clients for everybody.

    users: what differs from `{"includeUsers": ["All"]}`, by Graph's names. controls: built-in ones, None for a policy
    that grants nothing; terms_of_use, custom_factors, strength: what else may be asked for. conditions: further ones
    by Graph's names, such as `platforms`.
    """
    if state not in STATES:
        raise ValueError(f"{state!r} is no state of a policy; states are {', '.join(STATES)}")
    return full_shape(
        {
            "displayName": name,
            "state": state,
            "conditions": {
                "clientAppTypes": list(clients),
                "applications": {
                    "includeApplications": list(include_applications),
                    "excludeApplications": list(exclude_applications),
                },
                "users": {"includeUsers": ["All"], **(users or {})},
                **conditions,
            },
            "grantControls": None
            if controls is None
            else {
                "operator": operator,
                "builtInControls": list(controls),
                "termsOfUse": list(terms_of_use),
                "customAuthenticationFactors": list(custom_factors),
                "authenticationStrength": strength,
            },
        }
    )


def full_shape(short: Policy) -> Policy:
    """The policy as Graph returns it: with every property, those that aren't given at their default."""
    conditions = short.get("conditions") or {}
    full = {
        "id": stable_guid("conditional access", str(short.get("displayName"))),
        "templateId": None,
        "displayName": "",
        "createdDateTime": "2026-01-02T03:04:05.0000000Z",
        "modifiedDateTime": None,
        "state": "disabled",
        "sessionControls": None,
        "grantControls": None,
        **short,
        "conditions": {
            **CONDITIONS,
            **conditions,
            "applications": {**APPLICATIONS, **(conditions.get("applications") or {})},
            "users": {**USERS, **(conditions.get("users") or {})},
        },
    }
    if full["grantControls"] is not None:
        full["grantControls"] = {**GRANT_CONTROLS, **full["grantControls"]}
    return copy.deepcopy(full)


def refuses_password(short: Policy, mailbox: Mailbox, organization: Organization | None = None) -> bool:
    """True if the policy keeps this user from signing in to Exchange with name and password, as SMTP clients do.

    Such a sign-in satisfies no control (no second factor, no known device), so whatever is demanded refuses it.
    organization: without it there are no groups within groups, nor any that hold a role.
    """
    full = full_shape(short)
    conditions, grant = full["conditions"], full["grantControls"] or {}
    demands = grant.get("builtInControls") or grant.get("customAuthenticationFactors") or grant.get("termsOfUse")
    return (
        full["state"] == "enabled"
        and bool(demands or grant.get("authenticationStrength"))
        and bool({"all", "other"} & set(conditions["clientAppTypes"]))
        and covers_application(conditions["applications"])
        and covers_user(conditions["users"], mailbox, organization or Organization())
        and _covers_everywhere(conditions)
    )


def covers_application(applications: Policy) -> bool:
    """True if Exchange Online is one of the applications that are meant."""
    included, excluded = (_lower(applications[f"{verb}Applications"]) for verb in ("include", "exclude"))
    if applications["includeUserActions"] or applications["applicationFilter"]:
        return False
    return bool({"all", "office365", EXCHANGE_APP} & included) and not {"office365", EXCHANGE_APP} & excluded


def covers_user(users: Policy, mailbox: Mailbox, organization: Organization) -> bool:
    """True if the user is meant, and not left out."""
    include, exclude = (_names_user(users, verb, mailbox, organization) for verb in ("include", "exclude"))
    return include and not exclude


def _names_user(users: Policy, verb: str, mailbox: Mailbox, organization: Organization) -> bool:
    named = _lower(users[f"{verb}Users"])
    if mailbox.is_guest and ("guestsorexternalusers" in named or _means_guest(users[f"{verb}GuestsOrExternalUsers"])):
        return True
    by_id = {"all", mailbox.object_id.lower()} & named
    by_group = groups_of(mailbox, organization) & _lower(users[f"{verb}Groups"])
    return bool(by_id or by_group or roles_of(mailbox, organization) & _lower(users[f"{verb}Roles"]))


def _means_guest(guests: Policy | None) -> bool:
    """True if it means the guests of this directory: those with accounts of its own, as all here are."""
    kinds = str((guests or {}).get("guestOrExternalUserTypes") or "")
    return "internalguest" in {kind.strip().lower() for kind in kinds.split(",")}


def _covers_everywhere(conditions: Policy) -> bool:
    """True if it applies to whatever platform and place; the clients here have none that could be told."""
    platforms, locations = conditions["platforms"], conditions["locations"]
    return (
        not any(conditions.get(name) for name in UNMET_WHEN_SET)
        and (platforms is None or "all" in _lower(platforms.get("includePlatforms") or []))
        and (locations is None or "all" in _lower(locations.get("includeLocations") or []))
    )


def _lower(names: Sequence[str]) -> set[str]:
    return {name.lower() for name in names}
