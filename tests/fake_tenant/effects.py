# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong, by name. An effect runs before the real work, after it, or both.

Each is an async function of a `Moment` and its own keyword arguments, which are checked when a rule is added.
"""

from __future__ import annotations

import email.utils
import inspect
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio

from . import graph_errors, wire
from .access import Unauthorized, unauthorized
from .answers import Answer, Dropped, bare_body, refusal
from .faults import Event, Rule
from .state import STATE_TO_DISABLED, Stale

if TYPE_CHECKING:
    from .world import World

ABSURD_SECONDS = 10_000_000
TRANSIENT_TYPE = "Microsoft.Exchange.Data.Directory.ADTransientException"
TRANSIENT_TEXT = "A transient error has occurred. The problem may resolve itself in awhile."


@dataclass
class Moment:
    """Where an effect strikes. `answer` is None before the real work; `abort` cuts the connection."""

    world: World
    event: Event
    abort: Callable[[], None]
    client_id: str | None = None
    answer: Answer | None = None
    rule: Rule | None = None

    @property
    def on_graph(self) -> bool:
        """True where Graph answers, in its own words."""
        return "graph" in self.event.labels

    def unauthorized(self, error: Unauthorized) -> Answer:
        """A 401 as the service at hand gives it."""
        if self.on_graph:
            return graph_errors.refusal(graph_errors.unauthorized(error))
        return refusal(error, self.world.dialect)


Effect = Callable[..., Awaitable[Answer | None]]
BEFORE: dict[str, Effect] = {}
AFTER: dict[str, Effect] = {}


def _before(function: Effect) -> Effect:
    BEFORE[function.__name__] = function
    return function


def check(effect: str, arguments: dict[str, Any]) -> None:
    """ValueError if there is no such effect, or it doesn't take these arguments."""
    known = {**BEFORE, **AFTER}
    if effect not in known:
        raise ValueError(f"no such effect: {effect}; there are {', '.join(sorted(known))}")
    try:
        inspect.signature(known[effect]).bind(None, **arguments)
    except TypeError as error:
        raise ValueError(f"{effect}: {error}") from None


@_before
async def status(
    moment: Moment,
    *,
    status: int,
    type: str | None = None,
    text: str | None = None,
    body: str = "json",
    retry_after: int | str | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """Answer with this status.

    type: of the exception, for Graph the code of the error. body: json, text, html, empty, nul, nul_gzip. retry_after:
    seconds, `date` (in 2 s), `absurd`.
    """
    extra = {**(headers or {}), **retry_after_header(retry_after)}
    if moment.on_graph:
        graph_error = graph_errors.usual(status, type, text, extra)
        answer, text = graph_errors.refusal(graph_error), graph_error.text
    else:
        text, kind = TRANSIENT_TEXT if text is None else text, TRANSIENT_TYPE if type is None else type
        error = wire.CmdletError(status, kind, text, category="Context", headers=extra)
        answer = refusal(error, moment.world.dialect)
    if body == "text":
        answer.headers["content-type"] = "text/plain; charset=utf-8"
        answer.body = text.encode()
    elif body == "html":
        answer.headers["content-type"] = "text/html; charset=utf-8"
        answer.body = f"<html><body><h1>{status}</h1><p>{text}</p></body></html>".encode()
    elif body != "json":
        del answer.headers["content-type"]
        answer.body = bare_body(body, answer.headers)
    return answer


def retry_after_header(value: int | str | None) -> dict[str, str]:
    """Retry-After for a number of seconds, `date`, `absurd` or None (no header)."""
    if value is None:
        return {}
    if value == "date":
        return {"retry-after": email.utils.formatdate(time.time() + 2, usegmt=True)}
    return {"retry-after": str(ABSURD_SECONDS if value == "absurd" else value)}


@_before
async def concurrency_text(moment: Moment, *, status: int = 429) -> Answer:
    """The plain text about too many concurrent requests."""
    text = "You have reached the maximum number of concurrent requests per tenant. Please wait and try again."
    return Answer(status, {"content-type": "text/plain; charset=utf-8"}, text.encode())


@_before
async def page_expired(moment: Moment) -> Answer:
    """The page link is no longer good."""
    if moment.on_graph:
        return graph_errors.refusal(graph_errors.expired_page())
    return refusal(wire.expired_page(), moment.world.dialect)


@_before
async def smtp_answer(moment: Moment, *, text: str) -> Answer:
    """Answer AUTH with this line, such as `432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded`."""
    return Answer(0, {}, text.encode())


async def drop(moment: Moment, *, when: str = "before") -> None:
    """Cut the connection, before the request was taken or after (a write is applied, the answer lost)."""
    if (when == "before") == (moment.answer is None):
        moment.abort()
        raise Dropped


async def delay(moment: Moment, *, seconds: float, when: str = "before") -> None:
    """Wait, before the work or between the work and the answer; no longer than the rule is in force."""
    if (when == "before") == (moment.answer is None) and moment.rule is not None:
        with anyio.move_on_after(seconds):
            await moment.rule.removed.wait()


async def hold(moment: Moment, *, when: str = "before") -> None:
    """Wait until the rule is removed, before the work or between the work and the answer."""
    if (when == "before") == (moment.answer is None) and moment.rule is not None:
        await moment.rule.removed.wait()


BEFORE["hold"] = AFTER["hold"] = hold
BEFORE["drop"] = AFTER["drop"] = drop
BEFORE["delay"] = AFTER["delay"] = delay


@_before
async def expire_tokens(moment: Moment) -> Answer:
    """Every token issued so far is expired; this request is told so."""
    moment.world.tokens.revoke_all()
    return moment.unauthorized(unauthorized("invalid_token", "The token is expired."))


@_before
async def refuse_token(moment: Moment) -> Answer:
    """401, whatever the token: never ends if the rule's `times` is None."""
    return moment.unauthorized(unauthorized("invalid_token"))


@_before
async def claims_challenge(
    moment: Moment, *, claims: str = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}'
) -> None:
    """From now on the app needs a token issued with these claims; until then it gets 401 and the challenge."""
    if moment.client_id is not None:
        moment.world.tokens.want_claims(moment.client_id, claims, on_graph=moment.on_graph)


@_before
async def redirect(
    moment: Moment, *, region: str | None = None, host: str | None = None, status: int = 302
) -> Answer | None:
    """302 to `<region>.` of the endpoint's host unless the request is there already, or to a `host` (name:port)."""
    own = moment.world.authority
    if host is None and moment.event.host.partition(".")[0] == region:
        return None
    target = host or f"{region}.{own}"
    return Answer(status, {"location": f"https://{target}{moment.event.path}"}, None)


@_before
async def needs_anchor(
    moment: Moment,
    *,
    type: str = "Microsoft.Exchange.Configuration.Tasks.CmdletProxyNotAvailableException",
    text: str = "Cmdlet needs proxy.",
    status: int = 400,
) -> Answer | None:
    """The server asked isn't the mailbox's and may not pass it on, unless the request is anchored on the mailbox."""
    event = moment.event
    kind, _colon, name = event.anchor.partition(":")
    asked = event.tenant.find(event.identity) if event.tenant is not None and event.identity else []
    if kind.upper() == "UPN" and event.tenant is not None and event.tenant.find(name) == asked:
        return None
    return refusal(wire.CmdletError(status, type, text), moment.world.dialect)


@_before
async def lose_write(moment: Moment) -> None:
    """The write is accepted and never shows."""
    moment.event.lose_write = True


async def lag(moment: Moment, *, reads: int | None = None, seconds: float | None = None) -> None:
    """After the write, reads show the old value: so many times, or for so long; both absent: always."""
    mailbox = moment.event.written
    if mailbox is not None:
        until = None if seconds is None else time.monotonic() + seconds
        mailbox.stale = Stale(moment.event.previous, reads, until)


AFTER["lag"] = lag


async def delete_mailbox(moment: Moment, *, mailbox: str, when: str = "after") -> None:
    """Somebody deletes a mailbox, just before or after the event."""
    tenant = moment.event.tenant
    if (when == "before") == (moment.answer is None) and tenant is not None:
        for found in list(tenant.find(mailbox)):
            tenant.remove(found)


async def rename_mailbox(moment: Moment, *, mailbox: str, address: str, when: str = "after") -> None:
    """Somebody gives a mailbox another primary address and sign-in name; the old ones are gone, the ids stay."""
    tenant = moment.event.tenant
    if (when == "before") == (moment.answer is None) and tenant is not None:
        for found in list(tenant.find(mailbox)):
            tenant.rename(found, addresses=[f"SMTP:{address}"], user_principal_name=address)


async def change_mailbox(moment: Moment, *, mailbox: str, state: str, when: str = "after") -> None:
    """Somebody else sets a mailbox to `state` meanwhile."""
    tenant = moment.event.tenant
    if (when == "before") == (moment.answer is None) and tenant is not None:
        for found in tenant.find(mailbox):
            found.smtp_disabled = STATE_TO_DISABLED[state]


for _function in (delete_mailbox, rename_mailbox, change_mailbox):
    BEFORE[_function.__name__] = AFTER[_function.__name__] = _function
