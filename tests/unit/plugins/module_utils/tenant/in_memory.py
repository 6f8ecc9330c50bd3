# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A tenant in memory behind the real clients: for the use cases, and the bodies of the modules.

It answers requests as the service does, so everything between a use case and the wire is the real thing; only the way
over the network isn't there, nor sign-in, retries and threads that wait. What is done to it is kept in order in
``log``, together with the lines of a journal, so that a test can say what has to come before what.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast
from urllib.parse import unquote

from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import M365Error, NetworkError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.client import ExchangeClient
from ansible_collections.m365ops.exchange_online.plugins.module_utils._graph.client import GraphClient
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.clock import Clock
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.messages import (
    Again,
    Answer,
    Counters,
    Done,
    Request,
    first_of,
    next_of,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.claims import Claims
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.state import STATES, to_service
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.connection import Connection
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.journal import JournalError, Noted
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.mailboxes import MailboxStore

TENANT_ID = "11111111-2222-3333-4444-555555555555"
PROPERTY = "SmtpClientAuthenticationDisabled"
_STATE_OF = {to_service(state): state for state in STATES}
# In place of an answer: status and text. Status 0: the service does what was asked, and the answer is lost.
Fault = tuple[int, str]


def guid_of(name: str) -> str:
    """The id of the mailbox of this name."""
    return f"00000000-0000-4000-8000-{name.encode().hex()[:12].zfill(12)}"


def address_of(name: str) -> str:
    return f"{name}@contoso.com"


class NoWait(Clock):
    """Waits cost nothing, and are kept. A deadline ends the task as soon as it waits ``until_end`` times."""

    def __init__(self, until_end: int | None = None) -> None:
        super().__init__(3600.0)
        self.waits: list[float] = []
        self._until_end = until_end

    def wait(self, seconds: float, why: str) -> None:
        self.check()
        if seconds > 0:
            self.waits.append(seconds)
        if self._until_end is not None and len(self.waits) >= self._until_end:
            self._limit = 0.0
            self.check()


class Tenant:
    """Mailboxes by name with their states, and the organization's switch.

    ``faults``: by ``Cmdlet name``, such as ``Set-CASMailbox ann`` or ``Get-TransportConfig``, what comes in place of
    the answer. ``lag``: how many reads still show what was before a write.
    """

    def __init__(
        self,
        states: Mapping[str, str],
        *,
        organization: str = "enabled",
        types: Mapping[str, str] | None = None,
        faults: Mapping[str, Fault] | None = None,
        more_addresses: Mapping[str, Sequence[str]] | None = None,
        lag: int = 0,
    ) -> None:
        self.states = dict(states)
        self.organization = organization
        self.legacy_tls: bool | None = None
        self.default_policy = ""  # of authentication, as long as a user has none of their own
        self.policies: dict[str, bool] = {}  # by name, whether it allows Basic for SMTP
        self.policy_of: dict[str, str] = {}
        self.accounts: dict[str, tuple[bool, bool]] = {}  # enabled, licensed: both for who isn't named
        self.security_defaults = False
        self.access_policies: list[dict[str, Any]] = []  # of Conditional Access
        self.sign_ins: list[dict[str, Any]] = []
        self.types = dict(types or {})
        self.faults = dict(faults or {})
        self.more_addresses = dict(more_addresses or {})
        self.log: list[str] = []  # what was changed, and the journal's lines
        self.asked: list[str] = []  # every command, in order
        self._lag = lag
        self._shown: dict[str, tuple[str, int]] = {}  # what reads show instead, and for how many reads still

    @property
    def written(self) -> list[str]:
        """What was changed, without the journal's lines."""
        return [line for line in self.log if "=" in line]

    # Commands --------------------------------------------------------------------------------------------------------

    def run(self, cmdlet: str, parameters: Mapping[str, Any]) -> tuple[int, Any]:
        """Status and decoded body."""
        identity = parameters.get("Identity")
        owners = self._owners(str(identity)) if identity is not None else list(self.states)
        name = owners[0] if identity is not None and len(owners) == 1 else ""
        self.asked.append(f"{cmdlet} {name}".strip())
        fault = self.faults.get(self.asked[-1])
        if fault and fault[0]:
            return _refused(*fault)
        answer = self._answer(cmdlet, parameters, owners, listing=identity is None)
        if fault:
            raise NetworkError(fault[1])
        return answer

    def _answer(
        self, cmdlet: str, parameters: Mapping[str, Any], owners: list[str], *, listing: bool
    ) -> tuple[int, Any]:
        if cmdlet == "Get-TransportConfig":
            return _rows(
                {
                    PROPERTY: to_service(self._shows("organization", self.organization)),
                    "AllowLegacyTLSClients": self.legacy_tls,
                }
            )
        if cmdlet == "Set-TransportConfig":
            if PROPERTY in parameters:
                self._write("organization", self.organization, _STATE_OF[parameters[PROPERTY]])
                self.organization = _STATE_OF[parameters[PROPERTY]]
            self.legacy_tls = parameters.get("AllowLegacyTLSClients", self.legacy_tls)
            return 200, None
        if cmdlet == "Get-OrganizationConfig":
            return _rows({"DefaultAuthenticationPolicy": self.default_policy or None})
        if cmdlet == "Get-AuthenticationPolicy":
            return _rows(*({"Name": name, "AllowBasicAuthSmtp": allows} for name, allows in self.policies.items()))
        if not listing and len(owners) != 1:
            return _refused(404, "No such mailbox.", "ManagementObjectNotFoundException") if not owners else _several()
        if cmdlet == "Set-CASMailbox":
            self._write(owners[0], self.states[owners[0]], _STATE_OF[parameters[PROPERTY]])
            self.states[owners[0]] = _STATE_OF[parameters[PROPERTY]]
            return 200, None
        return _rows(*(self._row(name) for name in owners))

    def _owners(self, identity: str) -> list[str]:
        wanted = identity.casefold()
        return [
            name
            for name in self.states
            if wanted in (guid_of(name), address_of(name), name, *self.more_addresses.get(name, ()))
        ]

    def _row(self, name: str) -> dict[str, Any]:
        others = [f"smtp:{address}" for address in self.more_addresses.get(name, ())]
        return {
            "Guid": guid_of(name),
            "ExternalDirectoryObjectId": guid_of(name),
            "PrimarySmtpAddress": address_of(name),
            "UserPrincipalName": address_of(name),
            "DisplayName": name.title(),
            "EmailAddresses": [f"SMTP:{address_of(name)}", *others],
            "RecipientTypeDetails": self.types.get(name, "UserMailbox"),
            "AuthenticationPolicy": self.policy_of.get(name),
            PROPERTY: to_service(self._shows(name, self.states[name])),
        }

    def ask_graph(self, path: str) -> tuple[int, Any]:
        """Status and decoded body."""
        name = path.partition("?")[0].rpartition("/")[2]
        self.asked.append(f"GET {name}")
        fault = self.faults.get(self.asked[-1])
        if fault:
            return fault[0], {"error": {"code": "x", "message": fault[1]}}
        if name == "identitySecurityDefaultsEnforcementPolicy":
            return 200, {"isEnabled": self.security_defaults}
        if name == "users":
            return 200, {
                "value": [self._account(one) for one in self.states if "$filter" not in path or guid_of(one) in path]
            }
        return 200, {"value": {"signIns": self.sign_ins, "policies": self.access_policies}.get(name, [])}

    def _account(self, name: str) -> dict[str, Any]:
        enabled, licensed = self.accounts.get(name, (True, True))
        return {"id": guid_of(name), "accountEnabled": enabled, "assignedLicenses": [{}] if licensed else []}

    def _write(self, name: str, before: str, after: str) -> None:
        self.log.append(f"{name}={after}")
        if self._lag:
            self._shown[name] = (before, self._lag)

    def _shows(self, name: str, state: str) -> str:
        before, left = self._shown.pop(name, ("", 0))
        if not left:
            return state
        self._shown[name] = (before, left - 1)
        return before

    # What a use case is given ----------------------------------------------------------------------------------------

    def exchange(self, clock: Clock) -> ExchangeClient:
        return ExchangeClient(_Wire(self, clock), _Tokens(), "https://exchange")  # type: ignore[arg-type]

    def graph(self, clock: Clock) -> GraphClient:
        return GraphClient(_Wire(self, clock), _Tokens(), "https://graph")  # type: ignore[arg-type]

    def connection(self, clock: Clock, options: Mapping[str, Any] | None = None) -> Connection:
        nobody = cast(Any, None)
        connection = Connection(self.exchange(clock), clock, Counters(), 1, [], options or {}, nobody, nobody)
        connection._graph = self.graph(clock)
        return connection

    def store(self, clock: Clock) -> MailboxStore:
        return MailboxStore(self.exchange(clock), 1)

    def journal(self, most: int = 99) -> Lines:
        """A journal that takes so many lines."""
        return Lines(self.log, most)


class Outcomes:
    """In place of a ``BatchRun``: batches of ten, one after the other, whose outcomes are known beforehand."""

    def __init__(self, outcomes: Iterable[tuple[int, Any]]) -> None:
        self._outcomes = list(outcomes)
        self._ended_by: M365Error | None = None
        self.sent: set[int] = set()

    def end(self, reason: M365Error) -> None:
        self._ended_by = self._ended_by or reason

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        for number, (place, outcome) in enumerate(self._outcomes):
            if number % 10 == 0 and self._ended_by is None:
                self.sent.update(one for one, _outcome in self._outcomes[number : number + 10])
            yield place, outcome if place in self.sent else M365Error("Not tried.", code=self._ended_by.code)  # type: ignore[union-attr]


class Meeting(Tenant):
    """Of ``expected``, the first request of each waits until all of them are there. ``met``: whether they were."""

    def __init__(self, expected: Sequence[str], *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._expected = set(expected)
        self._meeting = threading.Barrier(len(expected), timeout=5.0)
        self.met = True

    def run(self, cmdlet: str, parameters: Mapping[str, Any]) -> tuple[int, Any]:
        if cmdlet in self._expected:
            self._expected.discard(cmdlet)
            try:
                self._meeting.wait()
            except threading.BrokenBarrierError:
                self.met = False
        return super().run(cmdlet, parameters)


class Lines:
    """A journal in memory: its lines go into the tenant's log, as ``outcome name``."""

    def __init__(self, log: list[str], most: int) -> None:
        self._log = log
        self._most = most
        self.lines = 0
        self.opened = False
        self.noted: list[Noted] = []

    def open(self) -> None:
        self.opened = True

    def note(self, _tenant: str, changes: Sequence[Noted], outcome: str) -> None:
        if self.lines + len(changes) > self._most:
            raise JournalError("The journal is full.")
        self.lines += len(changes)
        self.noted += changes
        self._log += [f"{outcome} {change.mailbox.partition('@')[0] or 'organization'}" for change in changes]


class _Wire:
    """In place of the transport: hands each request to the tenant, and tries nothing twice."""

    max_retries = 0

    def __init__(self, tenant: Tenant, clock: Clock) -> None:
        self._tenant = tenant
        self.clock = clock
        self.counters = Counters()
        self.pacer = self

    def send(self, flow: Any, **_how: Any) -> Any:
        request = first_of(flow)
        while True:
            self.counters.sent += 1
            step = next_of(flow, self._answer(request))
            if isinstance(step, Done):
                return step.result
            if isinstance(step, Again):
                raise step.error
            request = step

    def _answer(self, request: Request) -> Answer:
        if request.method == "GET":
            status, body = self._tenant.ask_graph(unquote(request.url.removeprefix("https://graph")))
        else:
            asked = json.loads(request.body or b"")
            status, body = self._of_batch(asked["requests"]) if "requests" in asked else self._of_one(asked)
        return Answer(status, {}, json.dumps(body).encode() if body is not None else b"", request.url)

    def _of_one(self, asked: Mapping[str, Any]) -> tuple[int, Any]:
        command = asked["CmdletInput"]
        return self._tenant.run(command["CmdletName"], command["Parameters"])

    def _of_batch(self, asked: Sequence[Mapping[str, Any]]) -> tuple[int, Any]:
        responses = []
        for one in asked:
            try:
                status, body = self._of_one(one["body"])
            except NetworkError:
                continue  # no answer for this one
            responses.append({"id": one["id"], "status": status, "body": body})
        return 200, {"responses": responses}

    def retry_wait(self, _headers: Mapping[str, str], _attempt: int) -> float:
        return 0.0

    def count_retried(self) -> None:
        self.counters.retried += 1

    def count_throttled(self) -> None:
        self.counters.throttled += 1

    def throttled(self, _since: float, _seconds: float, _why: str) -> None:
        pass


class _Tokens:
    kind = "certificate"
    ever_had: tuple[str, ...] = ()
    claims = Claims()
    took: float | None = None

    def token(self) -> str:
        return "a-token"

    def tenant_guid(self) -> str:
        return TENANT_ID

    def renew(self, _refused: str, _challenge: str = "") -> str:
        return "a-token"


def _rows(*rows: dict[str, Any]) -> tuple[int, Any]:
    return 200, {"value": list(rows)}


def _refused(status: int, text: str, kind: str = "") -> tuple[int, Any]:
    internal = {"internalexception": {"type": f"Microsoft.Exchange.{kind}", "message": text}}
    return status, {"error": {"code": "x", "message": text, "innererror": internal}}


def _several() -> tuple[int, Any]:
    return _refused(400, "The name is of several mailboxes.", "ManagementObjectAmbiguousException")
