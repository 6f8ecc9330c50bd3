# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Effects that spoil an answer that was otherwise good: batches, listings, rows, bodies."""

from __future__ import annotations

from typing import Any

from . import rows, wire
from .answers import Answer
from .effects import AFTER, Effect, Moment

EFFECTS: list[str] = []


def _after(function: Effect) -> Effect:
    AFTER[function.__name__] = function
    EFFECTS.append(function.__name__)
    return function


def _body(moment: Moment) -> dict[str, Any]:
    answer = moment.answer
    return answer.body if answer is not None and isinstance(answer.body, dict) else {}


def _rows(moment: Moment) -> list[rows.Row]:
    return _body(moment).get("value") or []


@_after
async def body_empty(moment: Moment) -> Answer:
    """200 with nothing in it."""
    return Answer(200, {}, None)


@_after
async def body_html(moment: Moment) -> Answer:
    """200 with a web page instead of JSON."""
    page = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please wait</body></html>"
    return Answer(200, {"content-type": "text/html; charset=utf-8"}, page)


@_after
async def body_text(moment: Moment, *, text: str, status: int = 200, content_type: str = "application/json") -> Answer:
    """Any text as the body, such as JSON that is cut short or of another shape."""
    return Answer(status, {"content-type": content_type}, text.encode())


@_after
async def trickle(moment: Moment, *, seconds: float) -> None:
    """The body comes in ten pieces with so many seconds before each."""
    if moment.answer is not None:
        moment.answer.trickle = seconds


@_after
async def batch_reverse(moment: Moment) -> None:
    """The items come in the opposite order."""
    _body(moment).get("responses", []).reverse()


@_after
async def batch_lose(moment: Moment, *, index: int = 0) -> None:
    """One item's answer is missing."""
    responses = _body(moment).get("responses", [])
    if responses:
        del responses[index % len(responses)]


@_after
async def batch_unknown(moment: Moment, *, id: str = "unknown") -> None:
    """An item that nobody asked for is added."""
    responses = _body(moment).get("responses", [])
    responses.append({**responses[0], "id": id})


@_after
async def batch_change(moment: Moment, *, index: int | None = None, **parts: Any) -> None:
    """One item's answer, or each, has these parts in place of its own: `id`, `status`, `headers`, `body`."""
    responses = _body(moment).get("responses", [])
    for place, item in enumerate(responses):
        if index is None or place == index % len(responses):
            item.update(parts)


@_after
async def batch_contradict(moment: Moment, *, index: int = 0, status: int = 400) -> None:
    """One item's answer comes twice, and the second one says something else."""
    responses = _body(moment).get("responses", [])
    responses.append({**responses[index % len(responses)], "status": status, "body": None})


@_after
async def after_status(moment: Moment, *, status: int, headers: dict[str, str] | None = None) -> Answer:
    """All was done, and the answer has another status and nothing in it."""
    return Answer(status, headers or {}, None)


@_after
async def batch_duplicate(moment: Moment, *, index: int = 0) -> None:
    """One item's answer comes twice."""
    responses = _body(moment).get("responses", [])
    responses.append(responses[index % len(responses)])


@_after
async def link_repeat(moment: Moment) -> None:
    """The page's link leads to the page itself, for ever."""
    if moment.event.link_here and "@odata.nextLink" in _body(moment):
        _body(moment)["@odata.nextLink"] = moment.event.link_here


@_after
async def link_foreign(moment: Moment, *, host: str) -> None:
    """The page's link leads to another host (name:port)."""
    body = _body(moment)
    link = body.get("@odata.nextLink")
    if link:
        body["@odata.nextLink"] = "https://" + host + "/" + link.split("/", 3)[3]


@_after
async def page_lost(moment: Moment) -> None:
    """The page is empty and has no link."""
    body = _body(moment)
    body["value"] = []
    body.pop("@odata.nextLink", None)


@_after
async def truncate(moment: Moment, *, rows: int | None = None) -> None:
    """The listing ends here; only a warning, of which Graph has none, says that there is more."""
    body = _body(moment)
    body.pop("@odata.nextLink", None)
    if rows is not None:
        body["value"] = body["value"][:rows]
    if not moment.on_graph:
        body["@adminapi.warnings"] = [*(body.get("@adminapi.warnings") or []), wire.MORE_RESULTS]


@_after
async def row_without(moment: Moment, *, property: str = "SmtpClientAuthenticationDisabled") -> None:
    """The rows lack a property."""
    for row in _rows(moment):
        for name in (property, f"{property}@data.type", f"{property}@odata.type"):
            row.pop(name, None)


@_after
async def row_value(moment: Moment, *, property: str, value: Any) -> None:
    """The rows carry this value, of whatever type."""
    for row in _rows(moment):
        row[property] = value


@_after
async def row_other(moment: Moment, *, mailbox: str) -> None:
    """The answer is about another mailbox than the one asked for."""
    tenant, value = moment.event.tenant, _rows(moment)
    if tenant is None or not value:
        return
    names = [name for name in value[0] if "@" not in name]
    properties = rows.recipient_properties(moment.event.cmdlet or "", moment.world.dialect)
    _body(moment)["value"] = rows.recipient_rows(tenant.find(mailbox), tenant, properties, names)


@_after
async def rows_contradict(moment: Moment, *, property: str, value: Any) -> None:
    """Every row comes twice, the second time with this value."""
    _body(moment)["value"] = [part for row in _rows(moment) for part in (row, {**row, property: value})]


@_after
async def rows_twice(moment: Moment) -> None:
    """Every row comes twice."""
    _body(moment)["value"] = [row for row in _rows(moment) for _dummy in range(2)]
