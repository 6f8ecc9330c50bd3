# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""InvokeCommand: one cmdlet for one HTTP request, and the pages of a listing."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from . import access, cmdlets, rows, wire
from .answers import Answer, refusal
from .effects import AFTER, BEFORE, Moment
from .faults import Event
from .log import Entry, Item
from .state import Tenant
from .world import Listing, World

MAX_PAGE = 1000
PATH = re.compile(
    r"^/adminapi/(?P<version>[^/]+)/(?P<tenant>[^/]+)/(?P<resource>invokecommand|\$batch)/?$", re.IGNORECASE
)


MODULE_FILE = re.compile(r"^/adminapi/v1\.0/(?P<tenant>[^/]+)/exomodulefile/?$", re.IGNORECASE)


@dataclass
class Command:
    """A request to run a cmdlet, as it came: by itself or as an item of a batch. Header names are in lower case."""

    world: World
    entry: Entry
    tenant_name: str
    method: str
    headers: dict[str, str]
    query: str
    body: Any
    abort: Callable[[], None]
    batch_id: str | None = None
    anchor: str = ""  # of the HTTP request: a batch is routed as a whole

    @property
    def base(self) -> str:
        """The URL of the tenant's resources, at the host that was asked."""
        return f"https://{self.entry.host}/adminapi/beta/{self.tenant_name}"

    @property
    def options(self) -> dict[str, str]:
        """The query's options by name in lower case, without repetition."""
        return {name.lower(): values[0] for name, values in parse_qs(self.query).items()}

    @property
    def skip_token(self) -> str | None:
        """The page asked for, if it is not the first."""
        return self.options.get("$skiptoken")


async def run(command: Command) -> Answer:
    """Run a command with the faults that are due for it."""
    world = command.world
    name, parameters = _peek(command)
    continued = command.skip_token is not None
    identity = next((value for key, value in parameters.items() if key.lower() == "identity"), None)
    item = Item(name, None if identity is None else str(identity), parameters, command.batch_id, continued=continued)
    world.log.add_item(command.entry, item)
    labels = {"page" if continued else "invoke"} if command.batch_id is None else {"batch_item"}
    if continued:
        labels.add("page")
    tenant = world.tenant(command.tenant_name)
    event = Event(frozenset(labels), tenant, name, item.identity, command.entry.host, command.entry.target)
    event.anchor = command.anchor

    async def work() -> Answer:
        return _serve(command, event)

    answer = await with_faults(world, event, command.abort, command.headers.get("authorization"), work)
    item.status = answer.status
    answer.headers.update(world.throttle.headers(world.dialect))
    return answer


async def with_faults(
    world: World,
    event: Event,
    abort: Callable[[], None],
    authorization: str | None,
    work: Callable[[], Awaitable[Answer]],
) -> Answer:
    """Do the work, with the effects of the due rules before and after it."""
    if not world.faults:
        return await work()
    moment = Moment(world, event, abort, client_id=world.tokens.client_of(authorization))
    due = []
    for rule in world.faults.due(event):
        due.append(rule)
        moment.rule = rule
        if rule.effect in BEFORE:
            answer = await BEFORE[rule.effect](moment, **rule.arguments)
            if answer is not None:
                return answer
    moment.answer = await work()
    for rule in due:
        moment.rule = rule
        if rule.effect in AFTER:
            moment.answer = await AFTER[rule.effect](moment, **rule.arguments) or moment.answer
    return moment.answer


def module_file(world: World, tenant_name: str, query: dict[str, str], authorization: str | None) -> Answer:
    """The file that Microsoft's own module loads, with the cmdlets that the caller may run."""
    dialect = world.dialect
    try:
        token = access.authenticate(world.tokens, authorization)
        access.enter_exchange(token, world.tenant(tenant_name), dialect)
        if dialect.module_file == "absent":
            raise wire.CmdletError(404, wire.ODATA, "Resource not found for the segment 'EXOModuleFile'.")
        if not re.fullmatch(r"3\.\d+\.\d+", query.get("Version", "")):
            raise wire.bad_request("The Version of the module is missing or not supported.")
    except wire.CmdletError as error:
        return refusal(error, dialect)
    allowed = sorted(item.name for item in cmdlets.CMDLETS.values() if access.may_run(token, item, dialect))
    value = {"module": "UEsDBA==", "exportedCmdlets": ",".join(["Get-ConnectionInformation", *allowed])}
    body = {"value": [value] if dialect.module_file == "list" else value}
    return Answer(200, wire.answer_headers(None), body)


def _peek(command: Command) -> tuple[str | None, dict[str, Any]]:
    """Name and parameters for the log and the rules, whatever the body looks like."""
    found = command.body.get("CmdletInput") if isinstance(command.body, dict) else None
    if not isinstance(found, dict):
        return None, {}
    name, parameters = found.get("CmdletName"), found.get("Parameters")
    known = cmdlets.CMDLETS.get(name.lower()) if isinstance(name, str) else None
    spelled = known.name if known is not None else str(name)
    return spelled, (parameters if isinstance(parameters, dict) else {})


def _serve(command: Command, event: Event) -> Answer:
    world = command.world
    try:
        throttled = world.throttle.take("item")
        if throttled is not None:
            raise throttled
        token = access.authenticate(world.tokens, command.headers.get("authorization"))
        tenant = event.tenant
        access.enter_exchange(token, tenant, world.dialect)
        assert tenant is not None  # enter_exchange refuses a tenant that doesn't exist
        cmdlet = parse(command)
        if cmdlet is None or not access.may_run(token, cmdlet, world.dialect):
            raise access.forbidden()
        return _run_cmdlet(command, event, tenant, cmdlet)
    except wire.CmdletError as error:
        return refusal(error, world.dialect, command.headers.get("client-request-id"))


def parse(command: Command) -> cmdlets.Cmdlet | None:
    """The cmdlet that the body names, None if there is no such; raises for a body of a wrong form."""
    if command.method == "GET":
        return _continued_by_get(command)
    if "application/json" not in command.headers.get("content-type", ""):
        raise wire.CmdletError(415, wire.ODATA, "The content type is not supported; send application/json.")
    body = command.body
    if not isinstance(body, dict) or not isinstance(body.get("CmdletInput"), dict):
        raise wire.bad_request("The body must be a JSON object with a CmdletInput object.")
    found = body["CmdletInput"]
    unknown = set(found) - {"CmdletName", "Parameters"}
    if unknown or not isinstance(found.get("CmdletName"), str):
        raise wire.bad_request("CmdletInput must hold CmdletName, a string, and Parameters; nothing else.")
    if not isinstance(found.get("Parameters", {}), dict):
        raise wire.bad_request("Parameters must be an object; send {} rather than null when there is none.")
    return cmdlets.CMDLETS.get(found["CmdletName"].lower())


def _continued_by_get(command: Command) -> cmdlets.Cmdlet | None:
    found = command.world.listings.find(command.skip_token or "")
    if not command.world.dialect.get_continuation or found is None:
        raise wire.CmdletError(405, wire.ODATA, "The requested resource does not support http method 'GET'.")
    return cmdlets.CMDLETS[found[1].cmdlet.lower()]


def _run_cmdlet(command: Command, event: Event, tenant: Tenant, cmdlet: cmdlets.Cmdlet) -> Answer:
    if command.skip_token is not None:
        return _next_page(command, event, tenant)
    select = [part.strip() for part in command.options.get("$select", "").split(",") if part.strip()] or None
    parameters = cmdlets.check_parameters(cmdlet, command.body["CmdletInput"].get("Parameters", {}))
    call = cmdlets.Invocation(tenant, cmdlet.name, parameters, command.world.dialect, select, event.lose_write)
    outcome = cmdlet.run(call)
    event.written, event.previous = outcome.written, outcome.previous
    if outcome.listing is not None:
        return _first_page(command, event, call, outcome)
    if outcome.is_write:
        return _write_answer(command, outcome)
    return _answer(command, wire.success_body(_context(command), outcome.rows, outcome.warnings, command.world.dialect))


def _write_answer(command: Command, outcome: cmdlets.Outcome) -> Answer:
    dialect = command.world.dialect
    in_body = outcome.warnings if dialect.no_op_warning == "body" else []
    answer = _answer(command, wire.write_body(_context(command), in_body, dialect))
    if outcome.confirmation is not None:
        answer.body["@adminapi.confirmationmessage"] = outcome.confirmation
    if outcome.warnings and dialect.no_op_warning == "header":
        answer.headers["x-warnings"] = quote("; ".join(outcome.warnings), safe=" ';.@=")
    return answer


def _first_page(command: Command, event: Event, call: cmdlets.Invocation, outcome: cmdlets.Outcome) -> Answer:
    anchor = command.headers.get("x-anchormailbox")
    # Known from the field: without an anchor, or with the organization given as a custom domain, links don't work.
    by_good_name = command.tenant_name.lower() in (call.tenant.tenant_id, call.tenant.domain)
    listing = Listing(
        tenant=call.tenant,
        cmdlet=call.cmdlet,
        mailboxes=outcome.listing or [],
        warnings=outcome.warnings,
        body=command.body,
        anchor=anchor,
        select=call.select,
        page_size=MAX_PAGE,
        begun=time.monotonic(),
        continuable=by_good_name and (anchor is not None or not command.world.dialect.anchor_required_for_pages),
    )
    return _page(command, event, listing, None, 0)


def _next_page(command: Command, event: Event, tenant: Tenant) -> Answer:
    found = command.world.listings.find(command.skip_token or "")
    if found is None:
        raise wire.expired_page()
    token, listing, offset = found
    same_body = command.method == "GET" or command.body == listing.body
    same_anchor = command.headers.get("x-anchormailbox") == listing.anchor
    if not (same_body and same_anchor and listing.continuable and listing.tenant is tenant):
        raise wire.expired_page()
    return _page(command, event, listing, token, offset)


def _page(command: Command, event: Event, listing: Listing, token: str | None, offset: int) -> Answer:
    world, tenant = command.world, listing.tenant
    size = _page_size(command.headers.get("prefer"), listing.page_size)
    listing.page_size = size
    end = offset + size
    is_last = end > len(listing.mailboxes) - (not world.dialect.empty_last_page)
    properties = rows.recipient_properties(listing.cmdlet, world.dialect)
    page = [item for item in listing.mailboxes[offset:end] if tenant.holds(item)]
    found = rows.recipient_rows(page, tenant, properties, listing.select)
    warns = not is_last and offset == 0 and world.dialect.more_warning_with_link
    warnings = [wire.MORE_RESULTS] if warns else listing.warnings if is_last else []
    body = wire.success_body(_context(command), found, warnings, world.dialect)
    if not is_last:
        token = token or world.listings.begin(listing)
        body["@odata.nextLink"] = _link(command, token, end)
        event.link_here = _link(command, token, offset)
    answer = _answer(command, body)
    answer.headers["preference-applied"] = f"odata.maxpagesize={size}"
    return answer


def _link(command: Command, token: str, offset: int) -> str:
    return f"{command.base}/InvokeCommand?%24skiptoken={quote(f'{token}.{offset}', safe='')}"


def _page_size(prefer: str | None, default: int) -> int:
    match = re.search(r"odata\.maxpagesize\s*=\s*(\d+)", prefer or "", re.IGNORECASE)
    size = int(match.group(1)) if match else default
    return size if 1 <= size <= MAX_PAGE else MAX_PAGE


def _context(command: Command) -> str:
    return f"{command.base}/$metadata#Collection(Exchange.GenericHashTable)"


def _answer(command: Command, body: dict[str, Any]) -> Answer:
    return Answer(200, wire.answer_headers(command.headers.get("client-request-id")), body)


def parse_json(content: bytes) -> Any:
    """The JSON of a request body; None if it is none, which no form allows."""
    try:
        return json.loads(content)
    except ValueError:
        return None


def same_resource(url: str, authority: str, tenant_name: str) -> str | None:
    """The query of a sub-request's URL (maybe empty) if it is this tenant's InvokeCommand, here or in a region."""
    scheme, _colon, rest = url.partition("://")
    host, slash, path_and_query = rest.partition("/")
    path, _mark, query = path_and_query.partition("?")
    match = PATH.match(unquote(slash + path))
    if (
        scheme != "https"
        or (host.lower() != authority and host.lower().partition(".")[2] != authority)
        or match is None
    ):
        return None
    same_tenant = match["tenant"].lower() == tenant_name.lower()
    right = match["version"].lower() == "beta" and match["resource"].lower() == "invokecommand"
    return query if same_tenant and right else None
