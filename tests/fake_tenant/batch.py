# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""$batch: up to ten InvokeCommand requests in one, each with an answer of its own."""

from __future__ import annotations

import dataclasses
from typing import Any

from . import access, exchange, wire
from .answers import Answer, refusal
from .exchange import Command

MAX_REQUESTS = 10
KEYS = frozenset({"id", "method", "url", "headers", "body", "dependsOn"})


async def run(command: Command) -> Answer:
    """Run a batch: refused as a whole if its envelope is wrong, else 200 with an answer for each item."""
    world = command.world
    try:
        token = access.authenticate(world.tokens, command.headers.get("authorization"))
        tenant = world.tenant(command.tenant_name)
        access.enter_exchange(token, tenant, world.dialect)
        requests = _envelope(command)
    except wire.CmdletError as error:
        return refusal(error, world.dialect, command.headers.get("client-request-id"))
    responses = []
    goes_on = "odata.continue-on-error" in command.headers.get("prefer", "") or not world.dialect.batch_stops_on_error
    for item in requests:
        answer = await _run_item(command, item)
        responses.append(answer.to_item(item["id"]))
        if answer.status >= 400 and not goes_on:
            break
    headers = wire.answer_headers(command.headers.get("client-request-id"))
    headers.update(world.throttle.headers(world.dialect))
    return Answer(200, headers, {"responses": responses})


def _envelope(command: Command) -> list[dict[str, Any]]:
    if "application/json" not in command.headers.get("content-type", ""):
        raise wire.CmdletError(415, wire.ODATA, "The content type is not supported; send application/json.")
    requests = command.body.get("requests") if isinstance(command.body, dict) else None
    if not isinstance(requests, list) or not requests:
        raise wire.bad_request("The body of a batch must be an object with a list 'requests' that isn't empty.")
    if len(requests) > MAX_REQUESTS:
        raise wire.bad_request(f"A batch may hold {MAX_REQUESTS} requests; this one holds {len(requests)}.")
    for item in requests:
        if not isinstance(item, dict) or not {"id", "method", "url"} <= set(item) <= KEYS:
            raise wire.bad_request("A request of a batch has id, method, url, headers and body.")
        if not isinstance(item["id"], str) or not item["id"]:
            raise wire.bad_request("The id of a request must be a string that isn't empty.")
        if not isinstance(item.get("headers", {}), dict):
            raise wire.bad_request("The headers of a request must be an object.")
    ids = [item["id"] for item in requests]
    if len(set(ids)) != len(ids):
        raise wire.bad_request("The ids of the requests of a batch must differ.")
    return requests


async def _run_item(command: Command, item: dict[str, Any]) -> Answer:
    dialect = command.world.dialect
    headers = {str(name).lower(): str(value) for name, value in item.get("headers", {}).items()}
    if not dialect.batch_inner_authorization and "authorization" in command.headers:
        headers.setdefault("authorization", command.headers["authorization"])
    # The envelope is JSON, so the body of an item always is.
    headers.setdefault("content-type", "application/json")
    query = exchange.same_resource(str(item["url"]), command.world.authority, command.tenant_name)
    method = str(item["method"]).upper()
    if query is None or method not in ("POST", "GET"):
        error = wire.bad_request("A request of a batch must POST to the absolute URL of this tenant's InvokeCommand.")
        return refusal(error, dialect)
    inner = dataclasses.replace(
        command, method=method, headers=headers, query=query, body=item.get("body"), batch_id=item["id"]
    )
    return await exchange.run(inner)
