# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole sets of policies, as administrators deploy them: an ordinary user gets an answer.

Their shape is that of the public sets: everybody but some groups, personas by group, guests, administrators by role,
places, platforms and risks. The words are ours.
"""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.access_coverage import (
    Members,
    groups_that_matter,
    roles_that_matter,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.conditional_access import read_policy
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.layers import (
    Account,
    User,
    conditional_access_layer,
)

ANNA, SERVICE, EMERGENCY = "anna", "service account", "emergency account"
STAFF, SERVICES, EMERGENCIES, EXEMPT = "g-staff", "g-services", "g-emergency", "g-exempt"
ADMINISTRATOR = "r-administrator"
MEMBERS: Members = {
    STAFF: frozenset([ANNA]),
    SERVICES: frozenset([SERVICE]),
    EMERGENCIES: frozenset([EMERGENCY]),
    EXEMPT: frozenset(),
    ADMINISTRATOR: frozenset([EMERGENCY]),
}


def policy(name: str, users: dict[str, Any], control: str | None, **conditions: Any) -> dict[str, Any]:
    return {
        "id": name,
        "displayName": name,
        "state": "enabled",
        "conditions": {
            "clientAppTypes": ["all"],
            "applications": {"includeApplications": ["All"]},
            **conditions,
            "users": {"excludeGroups": [EMERGENCIES, EXEMPT], **users},
        },
        "grantControls": {"operator": "OR", "builtInControls": [control]} if control else None,
    }


ALL, PERSONA = {"includeUsers": ["All"]}, {"includeUsers": [], "includeGroups": [STAFF]}
LEGACY = {"clientAppTypes": ["exchangeActiveSync", "other"]}
ABROAD = {"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}}
ROLES = {"includeUsers": [], "includeRoles": [ADMINISTRATOR]}
GUESTS = {"includeUsers": ["GuestsOrExternalUsers"]}
# One that blocks legacy clients by name, with exceptions, beside much that can't be told.
LEGACY_BLOCKED = [
    policy("Legacy clients", ALL, "block", **LEGACY),
    policy("Abroad", ALL, "block", **ABROAD),
    policy("Unknown platforms", PERSONA, "block", platforms={"includePlatforms": ["all"], "excludePlatforms": ["iOS"]}),
    policy("Risky users", PERSONA, "block", userRiskLevels=["high"]),
    policy("Administrators", ROLES, "mfa"),
    policy("Guests", GUESTS, "mfa"),
    policy("Sessions", PERSONA, None),
    policy("Device codes", ALL, "block", authenticationFlows={"transferMethods": "deviceCodeFlow"}),
]
# By persona: nothing names legacy clients, and a second factor for all clients stops them all the same.
BY_PERSONA = [
    policy("Staff", PERSONA, "mfa"),
    policy("Services", {"includeUsers": [], "includeGroups": [SERVICES]}, "block", **ABROAD),
    policy("Guests", GUESTS, "mfa"),
    policy("Administrators", ROLES, "mfa"),
]
# For modern clients only: legacy ones go free.
MODERN = [
    policy("Second factor", ALL, "mfa", clientAppTypes=["browser", "mobileAppsAndDesktopClients"]),
    policy("Administrators", ROLES, "mfa"),
    policy("Guests", GUESTS, "mfa"),
]


@pytest.mark.parametrize(
    ("rows", "user", "expected"),
    [
        (LEGACY_BLOCKED, ANNA, "blocks"),
        (LEGACY_BLOCKED, SERVICE, "blocks"),
        (LEGACY_BLOCKED, EMERGENCY, "allows"),
        (BY_PERSONA, ANNA, "blocks"),
        (BY_PERSONA, SERVICE, "unknown"),
        (BY_PERSONA, EMERGENCY, "allows"),
        (BY_PERSONA, "nobody's", "allows"),
        (MODERN, ANNA, "allows"),
        (MODERN, EMERGENCY, "allows"),
    ],
)
def test_an_answer_for_each(rows: list[dict[str, Any]], user: str, expected: str) -> None:
    """What is left open is open for a reason: the place from which the service account signs in."""
    policies = [found for row in rows if (found := read_policy(row))]
    assert {*groups_that_matter(policies), *roles_that_matter(policies)} <= set(MEMBERS)
    found = User(user, "UserMailbox", "", Account(True, True, guest=False))
    assert conditional_access_layer(policies, found).basic == "unknown", "without the members it can't be told"
    layer = conditional_access_layer(policies, found, MEMBERS)
    assert layer.basic == expected
    if expected == "unknown":
        assert layer.reason.endswith("(Services, as it depends on locations)")
