# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fabrikam, a tenant with a mailbox for each layer that decides about SMTP, and Conditional Access policies to choose.

`FakeTenantServer(seed=LAYERS)`, then `fake.organization.patch(conditional_access=[POLICIES["everybody"]])`.
"""

from __future__ import annotations

from typing import Any

from .conditional_access import EXCHANGE_APP, policy
from .seed_data import EXCHANGE_ADMINISTRATOR
from .state import stable_guid

TENANT_ID = "fab00000-1111-4222-8333-444455556666"
DOMAIN = "fabrikam.onmicrosoft.com"
PRINTERS = "9a000000-0000-4000-8000-000000000001"  # a group
SHAREPOINT_APP = "00000003-0000-0ff1-ce00-000000000000"

BLOCKS, ALLOWS = "Block Basic", "Allow Basic SMTP"


def _mailbox(local: str, state: str = "enabled", **more: Any) -> dict[str, Any]:
    """Works unless `more`, or the organization, says otherwise."""
    return {"address": f"{local}@{{domain}}", "state": state, "password": f"{local}-password", **more}


def object_id(local: str) -> str:
    """The id in Entra ID of the user of a mailbox."""
    return stable_guid(TENANT_ID, "user", f"{local}@{DOMAIN}")


_NO_PERSON: dict[str, Any] = {"account_enabled": False, "licensed": False}

MAILBOXES: list[dict[str, Any]] = [
    _mailbox("plain.on"),
    _mailbox("plain.off", "disabled"),
    _mailbox("plain.inherit", "inherit"),
    _mailbox("policy.blocks", authentication_policy=BLOCKS),
    _mailbox("policy.allows", authentication_policy=ALLOWS),
    _mailbox("policy.blocks.off", "disabled", authentication_policy=BLOCKS),
    _mailbox("policy.allows.inherit", "inherit", authentication_policy=ALLOWS),
    _mailbox("unlicensed", licensed=False),
    _mailbox("blocked", account_enabled=False),
    _mailbox("blocked.unlicensed", **_NO_PERSON),
    _mailbox("shared", recipient_type="SharedMailbox", **_NO_PERSON),
    _mailbox("shared.unlicensed", recipient_type="SharedMailbox", licensed=False),
    _mailbox("shared.licensed", recipient_type="SharedMailbox"),
    _mailbox("room", recipient_type="RoomMailbox", **_NO_PERSON),
    _mailbox("equipment", recipient_type="EquipmentMailbox", **_NO_PERSON),
    # Exchange made it for itself; there is no user of it in Entra ID.
    _mailbox("discovery", recipient_type="DiscoveryMailbox", object_id="", **_NO_PERSON),
    _mailbox("in.group", groups=[PRINTERS]),
    _mailbox("in.role", directory_roles=[EXCHANGE_ADMINISTRATOR]),
]

USERS_WITHOUT_MAILBOX: list[dict[str, Any]] = [
    {
        "user_principal_name": "guest_adatum.com#EXT#@{domain}",
        "address": "guest@adatum.com",
        "recipient_type": "GuestMailUser",
    },
    {"user_principal_name": "contractor@{domain}", "address": "contractor@adatum.com", "recipient_type": "MailUser"},
    {"user_principal_name": "admin@{domain}", "directory_roles": [EXCHANGE_ADMINISTRATOR]},
    {"user_principal_name": "frontline@{domain}", "licensed": True},
    {
        "user_principal_name": "former@{domain}",
        "recipient_type": "DisabledUser",
        "account_enabled": False,
        "authentication_policy": BLOCKS,
    },
]

LAYERS: dict[str, Any] = {
    "tenants": [
        {
            "tenant_id": TENANT_ID,
            "domain": DOMAIN,
            "organization": {"smtp_disabled": True, "authentication_policies": {BLOCKS: False, ALLOWS: True}},
            "mailboxes": MAILBOXES,
            "users_without_mailbox": USERS_WITHOUT_MAILBOX,
            "generate": 0,
        }
    ]
}

_ANY_CLIENT = ("all",)
_MODERN_CLIENTS = ("browser", "mobileAppsAndDesktopClients")
_CHOSEN = object_id("plain.on")

# What differs from a policy that blocks legacy clients of everybody for every application.
_DIFFERENCES: dict[str, dict[str, Any]] = {
    "everybody": {},
    "any_client": {"clients": _ANY_CLIENT},
    "office_365": {"include_applications": ["Office365"]},
    "exchange": {"include_applications": [EXCHANGE_APP]},
    "second_factor": {"clients": _ANY_CLIENT, "controls": ["mfa"]},
    "known_device": {"clients": _ANY_CLIENT, "controls": ["compliantDevice", "domainJoinedDevice"]},
    "terms": {"controls": [], "terms_of_use": ["7a000000-0000-4000-8000-000000000001"]},
    "strength": {"controls": [], "strength": {"id": "00000000-0000-0000-0000-000000000004"}},
    "custom_factor": {"controls": [], "custom_factors": ["8a000000-0000-4000-8000-000000000001"]},
    "managed_application": {"clients": _ANY_CLIENT, "controls": ["approvedApplication", "compliantApplication"]},
    "second_factor_and_device": {"controls": ["mfa", "compliantDevice"], "operator": "AND"},
    "second_factor_for_one": {"controls": ["mfa"], "users": {"includeUsers": [_CHOSEN]}},
    "but_guests": {"users": {"excludeUsers": ["GuestsOrExternalUsers"]}},
    "any_place": {"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}},
    "any_platform": {"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["windows"]}},
    "one_user": {"users": {"includeUsers": [_CHOSEN]}},
    "but_one_user": {"users": {"excludeUsers": [_CHOSEN]}},
    "one_group": {"users": {"includeUsers": [], "includeGroups": [PRINTERS]}},
    "but_one_group": {"users": {"excludeGroups": [PRINTERS]}},
    "one_role": {"users": {"includeUsers": [], "includeRoles": [EXCHANGE_ADMINISTRATOR]}},
    "but_one_role": {"users": {"excludeRoles": [EXCHANGE_ADMINISTRATOR]}},
    # These refuse no mailbox of Fabrikam.
    "off": {"state": "disabled"},
    "report_only": {"state": "enabledForReportingButNotEnforced"},
    "modern_clients": {"clients": _MODERN_CLIENTS},
    "second_factor_for_modern_clients": {"clients": _MODERN_CLIENTS, "controls": ["mfa"]},
    "active_sync": {"clients": ["exchangeActiveSync"]},
    "other_application": {"include_applications": [SHAREPOINT_APP]},
    "but_exchange": {"exclude_applications": [EXCHANGE_APP]},
    "but_office_365": {"exclude_applications": ["Office365"]},
    "nobody": {"users": {"includeUsers": ["None"]}},
    "guests": {"users": {"includeUsers": ["GuestsOrExternalUsers"]}},
    "one_place": {"locations": {"includeLocations": ["AllTrusted"], "excludeLocations": []}},
    "one_platform": {"platforms": {"includePlatforms": ["android"], "excludePlatforms": []}},
    "risky_sign_ins": {"signInRiskLevels": ["high"]},
    "risky_users": {"userRiskLevels": ["high"]},
    "session_only": {"controls": None},
}

POLICIES = {name: policy(name.replace("_", " ").capitalize(), **more) for name, more in _DIFFERENCES.items()}
