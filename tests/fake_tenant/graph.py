# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of Microsoft Graph that tells why SMTP AUTH works or doesn't: reads, by the token's permissions."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from .access import GRAPH_AUDIENCES, Token
from .answers import Answer
from .graph_filter import FilterError, matches
from .state import Mailbox
from .wire import CmdletError
from .world import World

CONTENT_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
LICENSE = {"disabledPlans": [], "skuId": "6fd2c87f-b296-42f0-b197-1e91e994b900"}
USER_DEFAULTS = ("businessPhones", "displayName", "mail", "userPrincipalName", "id")


@dataclass
class GraphError(Exception):
    """A refusal: HTTP status, Graph's code, text."""

    status: int
    code: str
    text: str


@dataclass
class Read:
    """A read under way."""

    world: World
    token: Token
    base: str
    path: str
    query: dict[str, str]

    def need(self, *permissions: str, code: str = "Authorization_RequestDenied") -> None:
        """GraphError 403 unless the token holds one of the permissions."""
        if not set(permissions) & set(self.token.roles):
            raise GraphError(403, code, "Insufficient privileges to complete the operation.")


def read(world: World, method: str, base: str, path: str, query: dict[str, str], authorization: str | None) -> Answer:
    """Answer a read of `path` below /v1.0/."""
    try:
        token = _authenticate(world, authorization)
        if method != "GET":
            raise GraphError(405, "Request_BadRequest", "Only reads are imitated.")
        resource = next((run for pattern, run in RESOURCES if re.fullmatch(pattern, path, re.IGNORECASE)), None)
        if resource is None:
            raise GraphError(400, "BadRequest", f"Resource not found for the segment '{path}'.")
        body = resource(Read(world, token, base, path, query))
    except GraphError as error:
        return refusal(error)
    except FilterError as error:
        return refusal(GraphError(400, "BadRequest", f"Invalid filter clause: {error}"))
    return Answer(200, {"content-type": CONTENT_TYPE, "request-id": str(uuid.uuid4())}, body)


def refusal(error: GraphError) -> Answer:
    """The JSON by which Graph refuses."""
    request_id = str(uuid.uuid4())
    now = dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    inner = {"date": now, "request-id": request_id, "client-request-id": request_id}
    body = {"error": {"code": error.code, "message": error.text, "innerError": inner}}
    return Answer(error.status, {"content-type": "application/json", "request-id": request_id}, body)


def _authenticate(world: World, authorization: str | None) -> Token:
    try:
        return world.tokens.check(authorization, GRAPH_AUDIENCES)
    except CmdletError:
        text = "Access token validation failure." if authorization else "Access token is empty."
        raise GraphError(401, "InvalidAuthenticationToken", text) from None


def security_defaults(call: Read) -> dict[str, Any]:
    """Whether security defaults are on."""
    call.need("Policy.Read.All")
    return {
        "@odata.context": f"{call.base}$metadata#policies/identitySecurityDefaultsEnforcementPolicy/$entity",
        "id": "00000000-0000-0000-0000-000000000005",
        "displayName": "Security Defaults",
        "description": "Security defaults is a set of basic identity security mechanisms.",
        "isEnabled": call.token.tenant.organization.security_defaults,
    }


def conditional_access(call: Read) -> dict[str, Any]:
    """Conditional Access policies."""
    call.need("Policy.Read.All", code="AccessDenied")
    return _page(call, call.token.tenant.organization.conditional_access, default=100, most=999)


def users(call: Read) -> dict[str, Any]:
    """Users: every mailbox has one."""
    call.need("User.Read.All", "Directory.Read.All")
    listed = [_user(item) for item in call.token.tenant.listed()]
    found = matches(listed, call.query.get("$filter"))
    body = _page(call, found, default=100, most=999)
    body["value"] = [_select(call, item) for item in body["value"]]
    return body


def user(call: Read) -> dict[str, Any]:
    """One user by id or sign-in name."""
    call.need("User.Read.All", "Directory.Read.All")
    name = call.path.partition("/")[2].lower()
    for mailbox in call.token.tenant.find(name):
        if name in (mailbox.object_id, mailbox.user_principal_name.lower()):
            return _select(call, _user(mailbox))
    raise GraphError(404, "Request_ResourceNotFound", f"Resource '{name}' does not exist.")


def sign_ins(call: Read) -> dict[str, Any]:
    """The sign-in log, newest first; only with a premium licence."""
    call.need("AuditLog.Read.All", code="Authentication_MSGraphPermissionMissing")
    organization = call.token.tenant.organization
    if not organization.premium:
        text = "Neither tenant is B2C or tenant doesn't have premium license"
        raise GraphError(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", text)
    found = matches(organization.sign_ins, call.query.get("$filter"))
    return _page(call, sorted(found, key=lambda item: item["createdDateTime"], reverse=True), default=1000, most=1000)


RESOURCES: list[tuple[str, Callable[[Read], dict[str, Any]]]] = [
    ("policies/identitySecurityDefaultsEnforcementPolicy", security_defaults),
    ("identity/conditionalAccess/policies", conditional_access),
    ("users", users),
    ("users/[^/]+", user),
    ("auditLogs/signIns", sign_ins),
]


def _user(mailbox: Mailbox) -> dict[str, Any]:
    return {
        "id": mailbox.object_id,
        "userPrincipalName": mailbox.user_principal_name,
        "displayName": mailbox.display_name,
        "mail": mailbox.primary_address,
        "proxyAddresses": list(mailbox.addresses),
        "accountEnabled": mailbox.account_enabled,
        "assignedLicenses": [LICENSE] if mailbox.licensed else [],
        "businessPhones": [],
    }


def _select(call: Read, item: dict[str, Any]) -> dict[str, Any]:
    names = [name for name in call.query.get("$select", "").split(",") if name] or list(USER_DEFAULTS)
    unknown = [name for name in names if name not in item]
    if unknown:
        text = f"Could not find a property named '{unknown[0]}' on type 'microsoft.graph.user'."
        raise GraphError(400, "BadRequest", text)
    return {name: item[name] for name in names}


def _page(call: Read, items: list[Any], *, default: int, most: int) -> dict[str, Any]:
    top = call.query.get("$top", str(default))
    if not top.isdigit() or not 1 <= int(top) <= most:
        raise GraphError(
            400,
            "Request_UnsupportedQuery",
            f"Invalid page size specified: '{top}'. Must be between 1 and {most} inclusive.",
        )
    start = call.query.get("$skiptoken", "0")
    if not start.isdigit():
        raise GraphError(400, "Directory_ExpiredPageToken", "The specified page token value has expired.")
    end = int(start) + int(top)
    body: dict[str, Any] = {"@odata.context": f"{call.base}$metadata#{call.path}"}
    if end < len(items):
        query = {**call.query, "$skiptoken": str(end)}
        body["@odata.nextLink"] = f"{call.base}{call.path}?{urlencode(query)}"
    body["value"] = items[int(start) : end]
    return body
