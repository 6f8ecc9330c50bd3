# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of Microsoft Graph that tells why SMTP AUTH works or doesn't: reads, by the token's permissions."""

from __future__ import annotations

import datetime as dt
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from . import conditional_access, directory, graph_paths, reports, what_if
from .access import GRAPH_AUDIENCES, Token, Unauthorized
from .answers import Answer
from .faults import Event
from .graph_errors import GraphError, expired_page, not_imitated, refusal, unauthorized
from .graph_filter import FilterError, UnsupportedFilter, matches, parse
from .state import Mailbox
from .world import GraphListing, World

CONTENT_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
LICENSE = {"disabledPlans": [], "skuId": "6fd2c87f-b296-42f0-b197-1e91e994b900"}
USER_DEFAULTS = ("businessPhones", "displayName", "mail", "userPrincipalName", "id")
OPTIONS = frozenset({"$filter", "$select", "$top", "$skiptoken"})
NOT_IMITATED = frozenset({"$count", "$expand", "$format", "$orderby", "$search", "$skip"})
POLICY_READERS = ("Policy.Read.All",)
POLICY_EVALUATORS = ("Policy.Read.ConditionalAccess", "Policy.Read.All")
ROLE_READERS = ("RoleManagement.Read.Directory", "Directory.Read.All", "Directory.ReadWrite.All")
GROUP_READERS = ("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All", "Directory.ReadWrite.All")
GROUP = {"id": "9a1e0f3c-52d7-4f2b-8b7e-5a0c1d2e3f40", "displayName": "Printers"}
USER_READERS = ("User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")

Item = dict[str, Any]


@dataclass
class Read:
    """A read under way. `event` tells the effects of faults where the page's own link leads."""

    world: World
    token: Token
    base: str
    path: str
    query: dict[str, str]
    event: Event
    headers: dict[str, str]
    content: bytes

    def need(self, permissions: tuple[str, ...], code: str = "Authorization_RequestDenied", text: str = "") -> None:
        """GraphError 403 unless the token holds one of the permissions."""
        if not set(permissions) & set(self.token.roles):
            raise GraphError(403, code, text or "Insufficient privileges to complete the operation.")

    @property
    def selected(self) -> list[str]:
        """The properties that `$select` names, none without it."""
        return [name.strip() for name in self.query.get("$select", "").split(",") if name.strip()]


def read(
    world: World,
    method: str,
    base: str,
    path: str,
    query: dict[str, str],
    headers: dict[str, str],
    content: bytes,
    event: Event,
) -> Answer:
    """Answer a read of `path` below the version that ends `base`, or a question sent there as `content`."""
    path = re.sub("/{2,}", "/", path).strip("/")
    try:
        token = _authenticate(world, headers.get("authorization"))
        resource = _resource(world, method, base, path)
        _check_options(query, path)
        body = resource(Read(world, token, base, path, query, event, headers, content))
        if isinstance(body, Answer):
            return body
    except GraphError as error:
        return refusal(error)
    except UnsupportedFilter as error:
        return refusal(GraphError(400, "Request_UnsupportedQuery", str(error)))
    except FilterError as error:
        return refusal(GraphError(400, "BadRequest", f"Invalid filter clause: {error}"))
    return Answer(200, {"content-type": CONTENT_TYPE, "request-id": str(uuid.uuid4())}, body)


def _authenticate(world: World, authorization: str | None) -> Token:
    try:
        return world.tokens.check(authorization, GRAPH_AUDIENCES)
    except Unauthorized as error:
        raise unauthorized(error, has_token=bool(authorization)) from None


def _resource(world: World, method: str, base: str, path: str) -> Resource:
    """What answers at `path`; GraphError 501 for what Graph has and this stand-in hasn't, 4xx for what Graph hasn't."""
    missing = graph_paths.missing_segment(path)
    if path.partition("/")[0].lower() == "me":
        text = "/me request is only valid with delegated authentication flow."
        raise GraphError(400, "BadRequest", text)
    if missing is not None:
        raise GraphError(400, "BadRequest", f"Resource not found for the segment '{missing}'.")
    if re.fullmatch(EVALUATE, path, re.IGNORECASE):
        return _evaluation(world, method, base)
    found = next((run for pattern, run in RESOURCES if re.fullmatch(pattern, path, re.IGNORECASE)), None)
    is_beta = base.endswith("/beta/") and found is not sign_ins
    if found is None or is_beta or (method != "GET" and graph_paths.has_write(path, method)):
        raise not_imitated(f"The fake tenant does not imitate {method} {base.rsplit('/', 2)[1]}/{path}.")
    if method != "GET":
        raise GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
    return found


def _evaluation(world: World, method: str, base: str) -> Callable[[Read], Item]:
    if method != "POST":
        raise GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
    if base.rsplit("/", 2)[1] not in world.dialect.graph_evaluate.split("+"):
        raise GraphError(400, "BadRequest", "Resource not found for the segment 'evaluate'.")
    return evaluate


def _check_options(query: dict[str, str], path: str) -> None:
    for name in query:
        if name == "$count" and re.fullmatch(USERS_IN_GROUP, path, re.IGNORECASE):
            continue
        if name in NOT_IMITATED:
            raise not_imitated(f"The fake tenant does not imitate {name}.")
        if name.startswith("$") and name not in OPTIONS:
            raise GraphError(400, "BadRequest", f"The query parameter '{name}' is not supported.")


def security_defaults(call: Read) -> Item:
    """Whether security defaults are on."""
    call.need(POLICY_READERS)
    item = {
        "id": "00000000-0000-0000-0000-000000000005",
        "displayName": "Security Defaults",
        "description": "Security defaults is a set of basic identity security mechanisms.",
        "isEnabled": call.token.tenant.organization.security_defaults,
    }
    context = f"{call.base}$metadata#policies/identitySecurityDefaultsEnforcementPolicy/$entity"
    return {"@odata.context": context, **_select(call, item, "identitySecurityDefaultsEnforcementPolicy")}


def conditional_access_policies(call: Read) -> Item:
    """Conditional Access policies, in their full shape."""
    text = "You cannot perform the requested operation, required scopes are missing in the token."
    call.need(POLICY_READERS, "AccessDenied", text)
    found = [conditional_access.full_shape(item) for item in call.token.tenant.organization.conditional_access]
    found = matches(found, call.query.get("$filter"))
    return _page(call, found, lambda item: _select(call, item, "conditionalAccessPolicy"), default=100, most=999)


def users(call: Read) -> Item:
    """Users: those of mailboxes and the others."""
    call.need(USER_READERS)
    found = _users(call) if "$skiptoken" not in call.query else []

    def show(item: Mailbox) -> Item:
        return _select(call, _user(item), "user", USER_DEFAULTS)

    return _page(call, found, show, default=100, most=999)


def _users(call: Read) -> list[Mailbox]:
    """The users that the filter lets through, if there is one."""
    tenant, text = call.token.tenant, call.query.get("$filter")
    if text is None:
        return [item for item in tenant.users() if item.object_id]
    wanted = parse(text, in_directory=True)
    if wanted.values is not None and wanted.values[0] == "id":
        # Not only faster: a client that asks so for thousands must not be slowed down by this stand-in.
        found = list({item.guid: item for name in wanted.values[1] for item in tenant.find_users(str(name))}.values())
    else:
        found = tenant.users()
    return [item for item in found if item.object_id and wanted.test(_user(item))]


def user(call: Read) -> Item:
    """One user by id or sign-in name."""
    call.need(USER_READERS)
    name = call.path.partition("/")[2].lower()
    for found in call.token.tenant.find_users(name):
        if name in (found.object_id, found.user_principal_name.lower()):
            return _select(call, _user(found), "user", USER_DEFAULTS)
    raise GraphError(404, "Request_ResourceNotFound", f"Resource '{name}' does not exist.")


def sign_ins(call: Read) -> Item:
    """The sign-in log, newest first; only with a premium licence. The kind of event is a matter of beta."""
    text = "Calling principal does not have required MSGraph permissions AuditLog.Read.All"
    call.need(("AuditLog.Read.All",), "Authentication_MSGraphPermissionMissing", text)
    organization = call.token.tenant.organization
    if not organization.premium:
        text = "Neither tenant is B2C or tenant doesn't have premium license"
        raise GraphError(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", text)
    is_beta, wanted = call.base.endswith("/beta/"), call.query.get("$filter")
    if wanted and not is_beta and "signInEventTypes" in wanted:
        raise GraphError(
            400, "BadRequest", "Could not find a property named 'signInEventTypes' on type 'microsoft.graph.signIn'."
        )
    if wanted and re.search(r"status/errorCode\s+(?!eq\b)", wanted):
        raise GraphError(400, "BadRequest", "Invalid filter clause: status/errorCode supports eq only.")
    # Without a filter on the kind of event only interactive sign-ins come.
    every = [{"signInEventTypes": ["interactiveUser"], **item} for item in organization.sign_ins]
    if not (wanted and "signInEventTypes" in wanted):
        every = [item for item in every if "interactiveUser" in item["signInEventTypes"]]
    found = matches(every, wanted)
    found.sort(key=lambda item: item["createdDateTime"], reverse=True)

    def show(item: Item) -> Item:
        return item if is_beta else {name: value for name, value in item.items() if name != "signInEventTypes"}

    return _page(call, found, show, default=1000, most=1000)


def users_in_group(call: Read) -> Item:
    """The users in a group and in the groups within it. A cast is an advanced query, as Graph has it."""
    call.need(GROUP_READERS)
    if call.headers.get("consistencylevel", "").lower() != "eventual" or call.query.get("$count") != "true":
        text = "Request with OData cast is only supported with 'ConsistencyLevel: eventual' and '$count=true'."
        raise GraphError(400, "Request_UnsupportedQuery", text)
    tenant, group = call.token.tenant, call.path.split("/")[1]
    if not directory.group_exists(tenant, group):
        text = f"Resource '{group}' does not exist or one of its queried reference-property objects are not present."
        raise GraphError(404, "Request_ResourceNotFound", text)
    first = "$skiptoken" not in call.query
    found = directory.users_in(tenant, group) if first else []

    def show(item: Mailbox) -> Item:
        return _select(call, _user(item), "user", USER_DEFAULTS)

    page = _page(call, found, show, default=100, most=999)
    return {"@odata.count": len(found), **page} if first else page


def directory_roles(call: Read) -> Item:
    """The directory roles that anybody holds."""
    call.need(ROLE_READERS)
    roles = [{"id": key, "roleTemplateId": of} for key, of in directory.active_roles(call.token.tenant).items()]
    return _page(call, roles, lambda item: _select(call, item, "directoryRole"), default=100, most=999)


def role_members(call: Read) -> Item:
    """To whom a role is assigned: users, groups."""
    call.need(ROLE_READERS)
    tenant, role = call.token.tenant, call.path.split("/")[1].lower()
    template = directory.active_roles(tenant).get(role)
    if template is None:
        raise GraphError(404, "Request_ResourceNotFound", f"Resource '{role}' does not exist.")
    users, groups = directory.holders_of(tenant, template)
    found = [("user", _user(item)) for item in users] + [("group", {"id": group}) for group in groups]

    def show(item: tuple[str, Item]) -> Item:
        return {"@odata.type": f"#microsoft.graph.{item[0]}", **_select(call, item[1], "directoryObject")}

    return _page(call, found, show, default=100, most=999)


def evaluate(call: Read) -> Item:
    """Whether each Conditional Access policy applies to a sign-in."""
    text = "You cannot perform the requested operation, required scopes are missing in the token."
    call.need(POLICY_EVALUATORS, "AccessDenied", text)
    found = what_if.evaluate(call.token.tenant, call.headers.get("content-type", ""), call.content)
    return {"@odata.context": f"{call.base}$metadata#Collection(microsoft.graph.whatIfAnalysisResult)", "value": found}


EVALUATE = "identity/conditionalAccess/evaluate"
USERS_IN_GROUP = "groups/[^/]+/transitiveMembers/microsoft\\.graph\\.user"


def groups(call: Read) -> Item:
    """The groups of the directory: there is one."""
    call.need(GROUP_READERS)
    return _page(call, [GROUP], lambda item: _select(call, item, "group"), default=100, most=999)


def report_settings(call: Read) -> Item:
    """Whether the tenant conceals names in its reports."""
    call.need(("ReportSettings.Read.All", "ReportSettings.ReadWrite.All"))
    organization = call.token.tenant.organization
    context = f"{call.base}$metadata#admin/reportSettings/$entity"
    return {"@odata.context": context, "displayConcealedNames": organization.conceal_names}


def email_app_usage(call: Read) -> Answer:
    """Where the report on the use of email apps lies."""
    call.need(("Reports.Read.All",), "S2SUnauthorized", "Invalid permission.")
    found = re.fullmatch(r"period='(\w+)'", call.path.partition("(")[2].removesuffix(")"))
    if found is None or found[1] not in reports.PERIODS:
        raise GraphError(400, "BadRequest", "Invalid period specified.")
    content = reports.email_apps(call.token.tenant, found[1], dt.datetime.now(dt.timezone.utc).date())
    location = call.world.downloads.offer(call.world.authority, content)
    return Answer(302, {"location": location, "content-type": "text/plain"}, None)


Resource = Callable[[Read], "Item | Answer"]
RESOURCES: list[tuple[str, Resource]] = [
    ("policies/identitySecurityDefaultsEnforcementPolicy", security_defaults),
    ("identity/conditionalAccess/policies", conditional_access_policies),
    ("users", users),
    ("users/[^/]+", user),
    ("auditLogs/signIns", sign_ins),
    (USERS_IN_GROUP, users_in_group),
    ("directoryRoles", directory_roles),
    ("directoryRoles/[^/=]+/members", role_members),
    ("groups", groups),
    ("admin/reportSettings", report_settings),
    (r"reports/getEmailAppUsageUserDetail\(.*\)", email_app_usage),
]


def _user(mailbox: Mailbox) -> Item:
    return {
        "id": mailbox.object_id,
        "userPrincipalName": mailbox.user_principal_name,
        "userType": "Guest" if mailbox.is_guest else "Member",
        "displayName": mailbox.display_name,
        "mail": mailbox.primary_address or None,
        "proxyAddresses": list(mailbox.addresses),
        "accountEnabled": mailbox.account_enabled,
        "assignedLicenses": [LICENSE] if mailbox.licensed else [],
        "businessPhones": [],
    }


def _select(call: Read, item: Item, kind: str, defaults: tuple[str, ...] = ()) -> Item:
    names = call.selected or list(defaults) or list(item)
    unknown = [name for name in names if name not in item]
    if unknown:
        text = f"Could not find a property named '{unknown[0]}' on type 'microsoft.graph.{kind}'."
        raise GraphError(400, "BadRequest", text)
    return {name: item[name] for name in names}


def _page(call: Read, found: list[Any], show: Callable[[Any], Item], *, default: int, most: int) -> Item:
    """A page of what was found, or the next one of the listing that the link's token names."""
    top = call.query.get("$top", str(default))
    if not top.isdigit() or not 1 <= int(top) <= most:
        text = f"Invalid page size specified: '{top}'. Must be between 1 and {most} inclusive."
        raise GraphError(400, "Request_UnsupportedQuery", text)
    token, listing, start = _listing(call, found)
    end = start + int(top)
    if call.world.dialect.graph_empty_page and token is None and end < len(listing.items):
        end = start
    body: Item = {"@odata.context": f"{call.base}$metadata#{call.path}"}
    if call.selected:
        body["@odata.context"] += f"({','.join(call.selected)})"
    if end < len(listing.items):
        token = token or call.world.graph_listings.begin(listing)
        body["@odata.nextLink"] = _link(call, token, end)
        call.event.link_here = _link(call, token, start)
    page = listing.items[start:end]
    body["value"] = [show(item) for item in page if not isinstance(item, Mailbox) or listing.tenant.holds(item)]
    return body


def _listing(call: Read, found: list[Any]) -> tuple[str | None, GraphListing, int]:
    skip_token = call.query.get("$skiptoken")
    if skip_token is None:
        return None, GraphListing(call.token.tenant, call.path.lower(), found, time.monotonic()), 0
    known = call.world.graph_listings.find(skip_token)
    if known is None or known[1].tenant is not call.token.tenant or known[1].path != call.path.lower():
        raise expired_page()
    return known


def _link(call: Read, token: str, offset: int) -> str:
    return f"{call.base}{call.path}?{urlencode({**call.query, '$skiptoken': f'{token}.{offset}'})}"
