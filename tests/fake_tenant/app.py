# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP side: which path leads where, the log, the latency, the cut connections."""

from __future__ import annotations

import hmac
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from . import access, batch, entra, exchange, graph, wire
from .answers import Answer, Dropped, refusal
from .control import Operations
from .faults import Event
from .latency import NO_LATENCY
from .log import Entry
from .world import World

Handler = Callable[["Site", Request, Entry], Awaitable[Answer]]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
GRAPHS = ("v1.0", "beta")
CONTROL_HEADER = "x-control-secret"
MAKING = 0.02  # seconds of an answer's time in which it is made; it isn't later for what that takes


class Site:
    """The routes of one server over one world."""

    def __init__(self, world: World, operations: Operations) -> None:
        self.world = world
        self.operations = operations
        self._exchange_running = 0

    def application(self, *, plain: bool = False) -> ASGIApp:
        """The ASGI application: of the TLS port, or of the plain one, which only has the managed identity."""
        identity = [
            Route("/msi/token", self._logged("imds", app_service), methods=["GET"]),
            Route("/metadata/identity/oauth2/token", self._logged("imds", imds), methods=["GET"]),
        ]
        public = [
            Route("/__control__/{operation}", self._control, methods=["POST"]),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", self._logged("openid", openid), methods=["GET"]),
            Route("/{tenant}/oauth2/v2.0/token", self._logged("token", token), methods=["POST"]),
            Route("/common/discovery/instance", self._logged("openid", instance), methods=["GET"]),
            *(
                Route(f"/{version}/{{path:path}}", self._logged("graph", graph_read), methods=METHODS)
                for version in GRAPHS
            ),
            Route("/reports-download/detail", self._logged("download", download), methods=["GET"]),
            Route("/{path:path}", self._admin_api, methods=METHODS),
        ]
        return _Outermost(Starlette(routes=identity if plain else public))

    def _logged(self, endpoint: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            return await self._serve(endpoint, request, handler)

        return handle

    async def _admin_api(self, request: Request) -> Response:
        if request.method == "GET" and exchange.MODULE_FILE.match(request.url.path):
            return await self._serve("module_file", request, module_file)
        match = exchange.PATH.match(request.url.path)
        if match is None:
            return await self._serve("other", request, unknown)
        if match["version"].lower() != "beta" or request.method not in ("GET", "POST"):
            return await self._serve("other", request, not_allowed)
        is_batch = match["resource"].lower() == "$batch"
        if request.method == "GET" and (is_batch or "skiptoken" not in request.url.query):
            return await self._serve("other", request, not_allowed)
        return await self._serve("batch" if is_batch else "invoke", request, admin_batch if is_batch else admin_invoke)

    async def _serve(self, endpoint: str, request: Request, handler: Handler) -> Response:
        world = self.world
        headers = dict(request.headers)
        entry = world.log.open(endpoint, request.method, request.url.path, request.url.query, headers)
        entry.tenant = request.path_params.get("tenant")
        if entry.authorization:
            entry.token = access.fingerprint(headers["authorization"].partition(" ")[2])
            entry.app = world.tokens.app_of(headers["authorization"])
        is_exchange = endpoint in ("invoke", "batch")
        refused = world.throttle.request(self._exchange_running) if is_exchange else None
        is_running = is_exchange and refused is None
        self._exchange_running += is_running
        # In Microsoft's clouds nobody has to be asked where to sign in, so that takes no time here either.
        latency = NO_LATENCY if endpoint == "openid" else world.latency
        begun = time.monotonic()
        try:
            if latency.base > MAKING:
                await anyio.sleep(latency.base - MAKING)
            answer = refused or await handler(self, request, entry)
            entry.status = answer.status
            response = answer.to_response()
            if (left := begun + latency.base + latency.of(answer.body) - time.monotonic()) > 0:
                await anyio.sleep(left)
            return response
        except Dropped:
            await anyio.sleep(0)
            return Response(status_code=500)
        finally:
            self._exchange_running -= is_running
            world.log.close(entry)

    async def _control(self, request: Request) -> Response:
        given = request.headers.get(CONTROL_HEADER, "")
        if not hmac.compare_digest(given.encode(), self.world.control_secret.encode()):
            return JSONResponse({"error": "wrong control secret"}, status_code=403)
        arguments: dict[str, Any] = await request.json()
        try:
            return JSONResponse({"result": self.operations.run(request.path_params["operation"], arguments)})
        except (ValueError, TypeError, LookupError) as error:
            return JSONResponse({"error": f"{error}"}, status_code=400)

    async def faulty(
        self, request: Request, entry: Entry, labels: Iterable[str], work: Callable[[Event], Answer]
    ) -> Answer:
        """Do the work of an endpoint that has no cmdlets, with the faults due there."""
        tenant = self.world.tenant(entry.tenant or "")
        event = Event(frozenset(labels), tenant, host=entry.host, path=entry.target)

        async def work_later() -> Answer:
            return work(event)

        abort = request.scope["abort"]
        return await exchange.with_faults(self.world, event, abort, request.headers.get("authorization"), work_later)


class _Outermost:
    """Hands every request a way to cut its connection, which only the server's own `send` knows."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        if transport is not None:
            scope["abort"] = transport.abort
        await self._app(scope, receive, send)


async def openid(site: Site, request: Request, entry: Entry) -> Answer:
    """A tenant's openid-configuration."""
    return await site.faulty(request, entry, ["openid"], lambda _event: entra.discovery(site.world, entry.tenant or ""))


async def instance(site: Site, request: Request, entry: Entry) -> Answer:
    """Where clients ask whether a host is one of Entra ID's."""
    query = dict(request.query_params)
    return await site.faulty(request, entry, ["openid"], lambda _event: entra.instance(site.world, query))


async def token(site: Site, request: Request, entry: Entry) -> Answer:
    """The token endpoint."""
    form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
    entry.form = {key: form[key] for key in ("grant_type", "scope", "client_id", "claims") if key in form}

    def work(_event: Event) -> Answer:
        answer, issued = entra.token(site.world, entry.tenant or "", form)
        if issued is not None:
            entry.token, entry.app = issued.label, issued.app.name
        return answer

    return await site.faulty(request, entry, ["token"], work)


async def admin_invoke(site: Site, request: Request, entry: Entry) -> Answer:
    """InvokeCommand."""
    command = await _command(site, request, entry)
    throttled = site.world.throttle.take("request")
    return refusal(throttled, site.world.dialect) if throttled else await exchange.run(command)


async def module_file(site: Site, request: Request, entry: Entry) -> Answer:
    """EXOModuleFile."""
    match = exchange.MODULE_FILE.match(request.url.path)
    assert match is not None  # the route was chosen by it
    tenant = entry.tenant = match["tenant"]
    query, authorization = dict(request.query_params), request.headers.get("authorization")

    def work(_event: Event) -> Answer:
        return exchange.module_file(site.world, tenant, query, authorization)

    return await site.faulty(request, entry, ["module_file"], work)


async def admin_batch(site: Site, request: Request, entry: Entry) -> Answer:
    """$batch, with the faults that strike the request as a whole."""
    command = await _command(site, request, entry)
    throttled = site.world.throttle.take("request")
    if throttled is not None:
        return refusal(throttled, site.world.dialect)
    event = Event(frozenset({"batch"}), site.world.tenant(command.tenant_name), host=entry.host, path=entry.target)
    authorization = command.headers.get("authorization")

    async def work() -> Answer:
        return await batch.run(command)

    return await exchange.with_faults(site.world, event, command.abort, authorization, work)


async def _command(site: Site, request: Request, entry: Entry) -> exchange.Command:
    match = exchange.PATH.match(request.url.path)
    assert match is not None  # the route was chosen by it
    entry.tenant = match["tenant"]
    return exchange.Command(
        world=site.world,
        entry=entry,
        tenant_name=match["tenant"],
        method=request.method,
        headers=dict(request.headers),
        query=request.url.query,
        body=exchange.parse_json(await request.body()),
        abort=request.scope["abort"],
        anchor=request.headers.get("x-anchormailbox", ""),
    )


async def app_service(site: Site, request: Request, entry: Entry) -> Answer:
    """The managed identity as App Service offers it."""
    if request.headers.get("x-identity-header") != site.world.identity_header:
        return Answer(401, {}, {"statusCode": 401, "message": "The identity header is missing or wrong."})
    if request.query_params.get("api-version") != "2019-08-01":
        return Answer(400, {}, {"statusCode": 400, "message": "The api-version is not supported."})
    return await _identity(site, request, entry, "app_service")


async def imds(site: Site, request: Request, entry: Entry) -> Answer:
    """The managed identity as the metadata service of a virtual machine offers it."""
    if request.headers.get("metadata", "").lower() != "true":
        text = "Required metadata header not specified"
        return Answer(400, {}, {"error": "bad_request_102", "error_description": text})
    return await _identity(site, request, entry, "imds")


async def _identity(site: Site, request: Request, entry: Entry, style: str) -> Answer:
    query = dict(request.query_params)

    def work(_event: Event) -> Answer:
        return entra.managed_identity(site.world, site.world.tenants[0], query, style=style)

    return await site.faulty(request, entry, ["imds"], work)


async def graph_read(site: Site, request: Request, entry: Entry) -> Answer:
    """Microsoft Graph."""
    query = dict(request.query_params)
    authorization = request.headers.get("authorization")
    path = request.path_params["path"]
    base = f"https://{entry.host}/{entry.path.split('/')[1]}/"
    headers, content = dict(request.headers), await request.body()
    token = site.world.tokens.of(authorization)
    if token is not None:
        entry.tenant = token.tenant.tenant_id

    def work(event: Event) -> Answer:
        return graph.read(site.world, request.method, base, path, query, headers, content, event)

    return await site.faulty(request, entry, ["graph", "graph_page"] if "$skiptoken" in query else ["graph"], work)


async def download(site: Site, request: Request, entry: Entry) -> Answer:
    """A file that Graph has made, on a host of its own."""
    ticket = request.query_params.get("token", "")
    return site.world.downloads.hand_out(ticket, entry.host, with_token="authorization" in request.headers)


async def unknown(site: Site, request: Request, entry: Entry) -> Answer:
    """A path that the service doesn't have."""
    return refusal(wire.CmdletError(404, wire.ODATA, f"Resource not found: {entry.path}"), site.world.dialect)


async def not_allowed(site: Site, request: Request, entry: Entry) -> Answer:
    """A method, or a version of the endpoint, that doesn't serve cmdlets."""
    text = f"The requested resource does not support http method '{request.method}'."
    return refusal(wire.CmdletError(405, wire.ODATA, text), site.world.dialect)
