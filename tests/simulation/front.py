# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service's front: tokens, routes, batches, and what goes wrong between a request and its answer."""

from __future__ import annotations

import base64
import dataclasses
import json
import random
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, urlsplit

from simulation.exchange import PROPERTY, Exchange, Reply, failure
from simulation.graph import Graph
from simulation.process import Process
from simulation.tenant import ORGANIZATION, Tenant, word_of
from simulation.weather import FATES, INSTEAD, ITEM_FATES, Weather

HOST = "outlook.office365.com"
LOGIN = "login.microsoftonline.com"
GRAPH = "graph.microsoft.com"
REGION = f"eurprd03.{HOST}"
BUSY = (500, 502, 503, 504, 408)


class Lost(Exception):
    """No answer. ``code``: ``network`` or ``timeout``."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclasses.dataclass(frozen=True)
class Asked:
    """A request as it is on the wire."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    token: str


@dataclasses.dataclass
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes


class Front:
    def __init__(self, tenant: Tenant, exchange: Exchange, rng: random.Random, secret: str) -> None:
        self.tenant = tenant
        self.exchange = exchange
        self.graph = Graph(tenant, rng)
        self._rng = rng
        self._secret = secret
        self.process: Process | None = None
        self.weather = Weather(rng)
        self.tokens: dict[str, float] = {}  # and when they end
        self._life = rng.choice((90.0, 600.0, 3900.0, 3900.0))  # seconds for which a token is good
        self._challenge = ""
        self._flights: list[tuple[Asked, str]] = []
        self.story: Callable[[str], None] = lambda text: None
        self.meanwhile: Callable[[], None] = lambda: None  # what others do between two requests

    # From a request to its answer --------------------------------------------------------------------------------

    def roundtrip(self, asked: Asked, timeout: float) -> Answered:
        """
        :raises Lost: no answer within the time, or none at all.
        """
        assert self.process is not None
        scheduler = self.process.scheduler
        what = self._describe(asked)
        self.process.step(f"send {what}")
        self._note_sent(asked)
        self.weather.calm -= 1
        self.story(f"-> {what}")
        fate = self._fate(asked)
        seconds = self._rng.choice((0.02, 0.1, 0.4, 0.9))
        if fate == "slow":
            seconds = self._rng.uniform(5.0, 150.0)
        until = scheduler.now + timeout
        if fate in ("lost before", "lost, taken later", "silent before"):
            if fate == "lost, taken later":
                scheduler.at(scheduler.now + self._rng.uniform(0.5, 45.0), lambda: self._late(asked))
            scheduler.sleep(timeout if fate == "silent before" else min(seconds, timeout))
            self._lose(fate, what, timeout)
        flight = (asked, fate)
        self._flights.append(flight)
        scheduler.sleep(min(seconds / 2, timeout))
        self._flights.remove(flight)
        reply = self._answer(asked, fate)
        scheduler.sleep(until - scheduler.now if fate == "silent after" else min(seconds / 2, until - scheduler.now))
        if fate in ("lost after", "silent after") or seconds >= timeout:
            self._lose(fate, what, timeout)
        self.process.step(f"answer to {what}")
        return self._deliver(what, reply)

    def settle(self) -> None:
        """The process has ended: what it sent last arrives all the same, or doesn't."""
        for asked, _fate in self._flights:
            if self._rng.random() < 0.6:
                self._late(asked)
        self._flights.clear()

    def _late(self, asked: Asked) -> None:
        self.tenant.note("late")
        self.story("   a request that nobody waits for any more arrives")
        self._handle(asked)

    def _lose(self, fate: str, what: str, timeout: float) -> None:
        self.story(f"<- no answer to {what}")
        if fate.startswith("silent") or fate == "slow":
            raise Lost("timeout", f"{HOST} didn't answer within {timeout:g} s.")
        raise Lost("network", f"No answer from {HOST}: Connection reset by peer.")

    def _fate(self, asked: Asked) -> str:
        weather = self.weather
        if LOGIN in asked.url:
            return weather.first(("sign-in busy", "sign-in refused"))
        return weather.first(tuple(kind for kind in weather.odds if kind in FATES))

    def _answer(self, asked: Asked, fate: str) -> Reply:
        """What the service says, and what becomes of it on the way."""
        if fate in INSTEAD:
            return self._instead(asked, fate)
        reply = self._handle(asked)
        if fate == "busy after":
            return dataclasses.replace(reply.unclear(), status=self._rng.choice(BUSY), body="")
        if fate == "web page after":
            return dataclasses.replace(reply.unclear(), status=200, body="<html>Please wait</html>")
        if fate == "empty after":
            # For a single write that is a success; for all else it tells nothing.
            alone = bool(reply.told) and reply.status == 200 and "$batch" not in asked.url
            return dataclasses.replace(reply if alone else reply.unclear(), body="")
        if fate == "cut after":
            text = json.dumps(reply.body)
            return dataclasses.replace(reply.unclear(), body=text[: len(text) // 2])
        return reply

    def _instead(self, asked: Asked, fate: str) -> Reply:
        """An answer of something in front of the cmdlet: nothing is done."""
        wait = {"Retry-After": self._pause()} if self._rng.random() < 0.7 else {}
        if fate == "throttled":
            return Reply(429, "", dict(wait))
        if fate == "throttled in words":
            return Reply(self._rng.choice((400, 503)), "You have reached the maximum number of concurrent requests.")
        if fate == "busy before":
            return Reply(self._rng.choice(BUSY), "The server is not available.", dict(wait))
        if fate == "errors in a success before":
            return Reply(200, {"value": [], "@adminapi.errors": ["The request was not carried out."]})
        if fate == "web page before":
            return Reply(200, "<html>Please wait</html>")
        if fate == "redirect to a region":
            return Reply(302, "", {"Location": asked.url.replace(urlsplit(asked.url).netloc, REGION)})
        if fate == "redirect away":
            return Reply(302, "", {"Location": asked.url.replace(urlsplit(asked.url).netloc, "login.evil.example")})
        if fate == "token revoked":
            self.tokens.pop(asked.token, None)
            return self._unauthorized()
        return failure(
            403, "Microsoft.Exchange.UnauthorizedAccessException", f"Refused, token was Bearer {asked.token}."
        )

    def _pause(self) -> str:
        """How long the service wants to be left alone, in one of the forms in which it says so."""
        seconds = self._rng.choice((0, 1, 3, 3, 20, 40, 100_000))
        if self._rng.random() < 0.7:
            return str(seconds)
        return formatdate(self._now() + seconds, usegmt=True)

    def _allowance(self) -> dict[str, str]:
        moment = datetime.fromtimestamp(self._now() + self._rng.uniform(0.0, 30.0), timezone.utc)
        return {"Rate-Limit-Remaining": "0", "Rate-Limit-Reset": f"{moment:%Y-%m-%dT%H:%M:%S}.0000000Z"}

    def _unauthorized(self) -> Reply:
        if self._rng.random() < 0.5:
            return Reply(401, "", {"WWW-Authenticate": "Bearer error=invalid_token"})
        self._challenge = json.dumps({"access_token": {"nbf": {"essential": True, "value": str(int(self._now()))}}})
        claims = base64.urlsafe_b64encode(self._challenge.encode()).decode()
        return Reply(401, "", {"WWW-Authenticate": f'Bearer error="insufficient_claims", claims="{claims}"'})

    def _deliver(self, what: str, reply: Reply) -> Answered:
        for guid, value in reply.shown:
            self.tenant.note("shown", guid, value)
        for guid, value, how in reply.told:
            self.tenant.note("told", guid, value, text=how)
        text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
        self.story(f"<- {reply.status} to {what}{self._gist(reply)}")
        headers = self._allowance() if self.weather.strikes("allowance used up") else {}
        headers |= {"request-id": f"{self._rng.getrandbits(32):08x}", **reply.headers}
        return Answered(reply.status, headers, text.encode())

    def _gist(self, reply: Reply) -> str:
        said = [f"{self._named({'Identity': guid})} is {word_of(value)}" for guid, value in reply.shown]
        said += [f"{self._named({'Identity': guid})}: {how}" for guid, _value, how in reply.told]
        if not said and reply.status >= 300:
            said = [json.dumps(reply.body)[:200]]
        return f": {', '.join(said)}" if said else ""

    def _now(self) -> float:
        return self.tenant.now()

    # The service -------------------------------------------------------------------------------------------------

    def _handle(self, asked: Asked) -> Reply:
        self.meanwhile()
        parts = urlsplit(asked.url)
        if parts.hostname == LOGIN:
            return self._sign_in(asked)
        if parts.hostname == GRAPH:
            return self.graph.answer(asked.url) if self._is_good(asked.token) else Reply(401, "")
        if parts.hostname not in (HOST, REGION):
            self.tenant.note("leak", text=f"sent to {parts.netloc}")
            return Reply(404, "")
        if not self._is_good(asked.token):
            return self._unauthorized()
        route = re.fullmatch(r"/adminapi/beta/([0-9a-f-]{36})/(InvokeCommand|\$batch)", parts.path, re.IGNORECASE)
        if not route or route.group(1).lower() != self.tenant.guid or asked.method != "POST":
            return Reply(404, "")
        try:
            body = json.loads(asked.body)
        except ValueError:
            return Reply(400, "")
        if route.group(2) == "$batch":
            return self._batch(asked, body)
        return self.exchange.run(asked.url, asked.headers, body["CmdletInput"])

    def _is_good(self, token: str) -> bool:
        return self.tokens.get(token, 0.0) > self._now()

    def _sign_in(self, asked: Asked) -> Reply:
        form = {key: values[0] for key, values in parse_qs(asked.body.decode()).items()}
        if form.get("client_secret") != self._secret:
            return Reply(401, {"error": "invalid_client", "error_description": "AADSTS7000215: wrong secret."})
        if self._challenge and form.get("claims") not in (None, self._challenge):
            return Reply(400, {"error": "invalid_request", "error_description": "AADSTS50000: bad claims."})
        claims = {
            "tid": self.tenant.guid,
            "aud": "https://outlook.office365.com",
            "roles": ["Exchange.ManageAsApp"],
            "wids": ["29232cdf-9323-42fd-ade2-1d097af3e4de"],
            "exp": int(self._now() + self._life),
            "uti": f"{self._rng.getrandbits(64):x}",
        }
        payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        token = f"eyJhbGciOiJSUzI1NiJ9.{payload}.{self._rng.getrandbits(128):032x}"
        self.tokens[token] = self._now() + self._life
        return Reply(200, {"access_token": token, "expires_in": int(self._life)})

    # Batches -----------------------------------------------------------------------------------------------------

    def _batch(self, asked: Asked, body: Any) -> Reply:
        requests = body.get("requests") if isinstance(body, Mapping) else None
        if not isinstance(requests, list) or not 0 < len(requests) <= 10:
            self.tenant.note("bad parameters", text="a batch of another size than 1 to 10")
            return Reply(400, "")
        whole = Reply(200, {"responses": []})
        for request in requests:
            for item, reply in self._items(asked, request):
                whole.body["responses"].append(item)
                whole.shown += reply.shown
                whole.told += reply.told
        if self.weather.strikes("unknown id"):
            whole.body["responses"].append({"id": "77", "status": 200, "headers": {}, "body": {"value": []}})
        self._rng.shuffle(whole.body["responses"])
        return whole

    def _items(self, asked: Asked, request: Any) -> list[tuple[dict[str, Any], Reply]]:
        """What the batch's answer holds for one request: one item, as a rule."""
        fate = self.weather.first(tuple(kind for kind in self.weather.odds if kind in ITEM_FATES))
        number = request.get("id")
        if fate == "item missing before":
            return []
        if fate in ("item throttled", "item busy before", "item unauthorized"):
            status = {"item throttled": 429, "item unauthorized": 401}.get(fate) or self._rng.choice(BUSY)
            headers = {"Retry-After": self._rng.choice(("1", "20"))} if self._rng.random() < 0.5 else {}
            return [({"id": number, "status": status, "headers": headers, "body": None}, Reply(status))]
        headers = {str(key): str(value) for key, value in (request.get("headers") or {}).items()}
        if urlsplit(str(request.get("url"))).hostname not in (HOST, REGION):
            self.tenant.note("bad parameters", text="an item for another host")
        reply = self.exchange.run(str(request.get("url")), headers, request["body"]["CmdletInput"])
        return self._spoilt(fate, number, reply)

    def _spoilt(self, fate: str, number: Any, reply: Reply) -> list[tuple[dict[str, Any], Reply]]:
        item = {"id": number, "status": reply.status, "headers": {}, "body": reply.body or None}
        unclear = reply.unclear()
        if fate == "item missing after":
            return [({"id": "note", "status": 200}, unclear)]
        if fate == "item twice":
            return [(item, unclear), (dict(item), Reply(200))]
        if fate == "item twice, otherwise":
            other = {**item, "status": 400 if reply.status == 200 else 200, "body": None}
            return [(item, unclear), (other, Reply(200))]
        if fate == "item under another id":
            return [({**item, "id": "42"}, unclear)]
        if fate == "item with unreadable status":
            return [({**item, "status": self._rng.choice(("OK", "", None, [], {"code": 200}, "2xx"))}, unclear)]
        if fate == "item with a bare status":
            return [({**item, "status": self._rng.choice((0, 100, 302, 600, -1))}, unclear)]
        if fate == "item busy after":
            return [({**item, "status": self._rng.choice(BUSY), "body": None}, unclear)]
        if fate == "item with errors in a success":
            return [({**item, "status": 200, "body": {"@adminapi.errors": ["It went wrong."]}}, unclear)]
        if fate == "item with a text":
            return [({**item, "status": 200, "body": "<html>Please wait</html>"}, unclear)]
        return [(item, reply)]

    # The log -----------------------------------------------------------------------------------------------------

    def _note_sent(self, asked: Asked) -> None:
        self.tenant.note("sent", text=asked.url)
        for command in commands_of(asked.body):
            parameters = command.get("Parameters") or {}
            if str(command.get("CmdletName")).startswith("Set-"):
                guid = str(parameters.get("Identity") or ORGANIZATION)
                self.tenant.note("write sent", guid, parameters.get(PROPERTY))
            elif parameters.get("Identity"):
                self.tenant.note("read sent", str(parameters["Identity"]))
            else:
                self.tenant.note("read sent", ORGANIZATION if "Transport" in str(command) else "*")

    def _describe(self, asked: Asked) -> str:
        commands = commands_of(asked.body)
        if not commands:
            return urlsplit(asked.url).netloc
        first = commands[0]
        parameters = first.get("Parameters") or {}
        names = ", ".join(self._named(one.get("Parameters") or {}) for one in commands)
        value = f" to {word_of(parameters[PROPERTY])}" if PROPERTY in parameters else ""
        return f"{first.get('CmdletName')} {names}{value}"

    def _named(self, parameters: Mapping[str, Any]) -> str:
        box = self.tenant.box(str(parameters.get("Identity")))
        return box.addresses[0] if box else str(parameters.get("Identity") or "(all)")


def commands_of(body: bytes) -> list[dict[str, Any]]:
    try:
        parsed = json.loads(body)
    except ValueError:
        return []
    if not isinstance(parsed, dict):
        return []
    requests = parsed.get("requests") or [{"body": parsed}]
    return [one["body"]["CmdletInput"] for one in requests if "CmdletInput" in (one.get("body") or {})]
