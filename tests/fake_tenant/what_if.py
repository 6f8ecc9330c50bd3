# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Graph's evaluation of Conditional Access policies for a sign-in that is described in the request."""

from __future__ import annotations

import json
import re
from typing import Any

from . import conditional_access
from .graph_errors import GraphError
from .state import Mailbox, Tenant

GUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
REQUIRED = ("signInIdentity", "signInContext", "signInConditions")
USER = "#microsoft.graph.userSignIn"
APPLICATION = "#microsoft.graph.applicationContext"
CLIENTS = ("all", "browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "easSupported", "other")
# Conditions that a request may tell; this stand-in knows the first of them only.
CONDITIONS = (
    "clientAppType",
    "authenticationFlow",
    "country",
    "deviceInfo",
    "devicePlatform",
    "insiderRiskLevel",
    "ipAddress",
    "servicePrincipalRiskLevel",
    "signInRiskLevel",
    "userRiskLevel",
)
# Conditions of a policy, and why it doesn't apply to a sign-in of which they weren't told.
UNTOLD = {
    "signInRiskLevels": "signInRisk",
    "userRiskLevels": "userRisk",
    "insiderRiskLevels": "insiderRisk",
    "devices": "devices",
    "clientApplications": "workloadIdentities",
    "authenticationFlows": "authenticationFlow",
}

Item = dict[str, Any]


def evaluate(tenant: Tenant, content_type: str, body: bytes) -> list[Item]:
    """The policies, each with whether it applies and why not; GraphError 400 for a request that isn't right."""
    asked = _question(content_type, body)
    user = _user(tenant, asked["signInIdentity"])
    application, client = _application(asked["signInContext"]), _client(asked["signInConditions"])
    found = []
    for short in tenant.organization.conditional_access:
        policy = conditional_access.full_shape(short)
        reason = _why_not(policy, tenant, user, application, client)
        applied = {"policyApplies": not reason, "analysisReasons": reason or "notSet"}
        if not (reason and asked.get("appliedPoliciesOnly")):
            found.append({**policy, **applied})
    return found


def _question(content_type: str, body: bytes) -> Item:
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise _wrong("Write requests (excluding DELETE) must contain the Content-Type header declaration.")
    try:
        asked = json.loads(body)
    except ValueError:
        raise _wrong("Unable to read JSON request payload.") from None
    if not isinstance(asked, dict):
        raise _wrong("Unable to read JSON request payload.")
    for name in asked:
        if name not in (*REQUIRED, "appliedPoliciesOnly"):
            raise _wrong(f"The parameter '{name}' in the request payload is not a valid parameter.")
    for name in REQUIRED:
        if not isinstance(asked.get(name), dict):
            raise _wrong(f"The parameter '{name}' is required.")
    if not isinstance(asked.get("appliedPoliciesOnly", False), bool):
        raise _wrong("The parameter 'appliedPoliciesOnly' is not a boolean.")
    return asked


def _user(tenant: Tenant, identity: Item) -> Mailbox:
    _only(identity, ("@odata.type", "userId"))
    if identity.get("@odata.type") != USER or not GUID.fullmatch(str(identity.get("userId"))):
        raise _wrong("The sign-in identity is invalid.")
    for user in tenant.find_users(identity["userId"]):
        if user.object_id == identity["userId"].lower():
            return user
    raise _wrong("The user was not found.")


def _application(context: Item) -> str:
    _only(context, ("@odata.type", "includeApplications"))
    applications = context.get("includeApplications")
    if context.get("@odata.type") != APPLICATION or not isinstance(applications, list) or len(applications) != 1:
        raise _wrong("The sign-in context is invalid.")
    return str(applications[0]).lower()


def _client(conditions: Item) -> str:
    _only(conditions, CONDITIONS)
    if set(conditions) - {"clientAppType"}:
        raise GraphError(501, "FakeTenant.NotImitated", "The fake tenant evaluates by clientAppType only.")
    client = conditions.get("clientAppType", "all")
    if client not in CLIENTS:
        raise _wrong(f"Cannot convert the value '{client}' to the expected type conditionalAccessClientApp.")
    return str(client)


def _why_not(policy: Item, tenant: Tenant, user: Mailbox, application: str, client: str) -> str:
    conditions = policy["conditions"]
    if policy["state"] == "disabled":
        return "policyNotEnabled"
    if not conditional_access.covers_user(conditions["users"], user, tenant.organization):
        return "users"
    if conditions["applications"]["includeUserActions"]:
        return "userActions"
    if application != conditional_access.EXCHANGE_APP or not conditional_access.covers_application(
        conditions["applications"]
    ):
        return "application"
    if not {"all", client} & set(conditions["clientAppTypes"]):
        return "clientApps"
    platforms, locations = conditions["platforms"], conditions["locations"]
    if platforms and "all" not in [name.lower() for name in platforms.get("includePlatforms") or []]:
        return "devicePlatform"
    if locations:
        return "notEnoughInformation"  # no address was told
    return next((reason for name, reason in UNTOLD.items() if conditions.get(name)), "")


def _only(value: Item, names: tuple[str, ...]) -> None:
    for name in value:
        if name not in names:
            raise _wrong(f"The property '{name}' does not exist on the type.")


def _wrong(text: str) -> GraphError:
    return GraphError(400, "BadRequest", text)
