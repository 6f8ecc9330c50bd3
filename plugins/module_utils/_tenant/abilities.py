# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Look at what the app of a connection can see and do: sign in to each service, and try one small read of each kind."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .._errors import (
    AccessDeniedError,
    ExpiredCredentialError,
    GraphUnavailableError,
    InterruptedTaskError,
    M365Error,
    MissingLibraryError,
    NetworkError,
    SignInError,
    UnexpectedAnswerError,
    UntrustedHostError,
)
from .._exchange.wire import Command
from .._sign_in.claims import Claims
from .._smtp_auth.abilities import ABILITIES, CMDLETS, NO, UNKNOWN, USAGE, YES, Finding, Grants, find_cmdlets, judge
from .at_once import in_parallel

if TYPE_CHECKING:
    from .._service.client import ServiceClient
    from .connection import Connection

# One row each: nothing is done with it.
_READS = (
    Command("Get-CASMailbox", {"ResultSize": 1}, ("Guid",), "one mailbox", page_size=1),
    Command("Get-Mailbox", {"ResultSize": 1}, ("Guid",), "one mailbox", page_size=1),
    Command("Get-User", {"ResultSize": 1}, ("Guid",), "one user", page_size=1),
    Command("Get-TransportConfig", subject="the organization"),
    Command("Get-OrganizationConfig", subject="the organization"),
    Command("Get-AuthenticationPolicy", subject="the organization"),
)
_USAGE = "read_usage"
# By ability: where it is tried on Graph, and the property that an answer holds, with its type.
_GRAPH_READS: dict[str, tuple[str, str, type]] = {
    "read_policies": ("/v1.0/policies/identitySecurityDefaultsEnforcementPolicy", "isEnabled", bool),
    "read_accounts": ("/v1.0/users?$select=id&$top=1", "value", list),
    "read_groups": ("/v1.0/groups?$select=id&$top=1", "value", list),
    "read_sign_ins": ("/v1.0/auditLogs/signIns?$top=1", "value", list),
    _USAGE: ("/v1.0/reports/getEmailAppUsageUserDetail(period='D7')", "value", list),
}
_NOT_READABLE = "Its token can't be read, so the roles in it aren't known."


@dataclasses.dataclass(frozen=True)
class SignedIn:
    """What came of the sign-in to one service. ``allowed``: what is to be said of everything there if it failed."""

    claims: Claims = dataclasses.field(default_factory=Claims)
    reason: str = ""
    allowed: str = YES

    @property
    def ok(self) -> bool:
        return self.allowed == YES


@dataclasses.dataclass(frozen=True)
class Look:
    """What was seen. ``ends``: of the credential, None with the reason in ``endless``."""

    method: str
    ends: datetime | None
    endless: str
    exchange: SignedIn
    graph: SignedIn
    cmdlets: Mapping[str, Finding]
    abilities: Mapping[str, Finding]


def look(connection: Connection) -> Look:
    """
    :raises InputError, MissingLibraryError, InterruptedTaskError: nothing can be told.
    """
    # One after the other: they share a sign-in.
    exchange = _sign_in(connection.exchange)
    graph = _sign_in(connection.graph)
    jobs = [functools.partial(_on_graph, connection, graph, name) for name in _GRAPH_READS]
    cmdlets, *tried = in_parallel(lambda: _in_exchange(connection, exchange), *jobs, most=connection.concurrency)
    ends = connection.credential.ends()
    return _made(
        connection.credential.kind,
        ends,
        "" if ends else connection.credential.endless,
        (exchange, graph),
        cmdlets,
        dict(zip(_GRAPH_READS, tried, strict=True)),
    )


def without_credential(error: ExpiredCredentialError) -> Look:
    """Where the credential has ended, nothing is asked."""
    neither = SignedIn(reason=error.message, allowed=UNKNOWN)
    nothing = Finding(UNKNOWN, error.message)
    ends = datetime.fromtimestamp(error.ends, timezone.utc)
    return _made(
        error.kind, ends, "", (neither, neither), dict.fromkeys(CMDLETS, nothing), dict.fromkeys(_GRAPH_READS, nothing)
    )


def _made(
    method: str,
    ends: datetime | None,
    endless: str,
    services: tuple[SignedIn, SignedIn],
    cmdlets: Mapping[str, Finding],
    on_graph: Mapping[str, Finding],
) -> Look:
    found = {**cmdlets, **on_graph}
    return Look(method, ends, endless, *services, cmdlets, {each.name: judge(each, found) for each in ABILITIES})


def _sign_in(service: ServiceClient) -> SignedIn:
    """One service that can't be signed in to doesn't stop the other."""
    try:
        claims = service.sign_in()
    except GraphUnavailableError as error:
        return SignedIn(reason=error.message, allowed=NO)
    except (SignInError, NetworkError) as error:
        return SignedIn(reason=error.message, allowed=UNKNOWN)
    return SignedIn(claims, "" if claims.readable else _NOT_READABLE)


def _in_exchange(connection: Connection, signed_in: SignedIn) -> dict[str, Finding]:
    """Of each cmdlet, whether the app may run it."""
    if not signed_in.ok:
        return dict.fromkeys(CMDLETS, Finding(signed_in.allowed, signed_in.reason))
    reads, exported = in_parallel(lambda: _reads(connection), lambda: _exported(connection))
    claims = signed_in.claims
    grants = Grants(claims.readable, claims.app_roles, claims.directory_roles)
    return find_cmdlets(reads, exported, grants, connection.exchange.denial)


def _reads(connection: Connection) -> dict[str, Finding]:
    """What came of each read. One by one, so that each has its own words."""
    jobs = [functools.partial(_tried, functools.partial(connection.exchange.invoke, command)) for command in _READS]
    tried = in_parallel(*jobs, most=connection.concurrency)
    return {command.cmdlet: finding for command, finding in zip(_READS, tried, strict=True)}


def _exported(connection: Connection) -> frozenset[str] | None:
    """It is asked for beside the rest: not every organization may have it."""
    try:
        return connection.exchange.exported_cmdlets()
    except InterruptedTaskError:
        raise
    except M365Error:
        return None


def _on_graph(connection: Connection, signed_in: SignedIn, name: str) -> Finding:
    """Whether the app may read there what the ability ``name`` is about."""
    if not signed_in.ok:
        return Finding(signed_in.allowed, signed_in.reason)
    path, key, kind = _GRAPH_READS[name]
    permission = next(ability.permission for ability in ABILITIES if ability.name == name)

    def read() -> None:
        try:
            answer: dict[str, Any] = connection.graph.get(path, permission)
        except UntrustedHostError:
            # Graph gives a report by leading to another host, to which no token goes: that it does so is enough. A
            # proxy may lead elsewhere as well.
            if name == _USAGE and USAGE in signed_in.claims.app_roles:
                return
            raise
        if not isinstance(answer.get(key), kind):
            raise UnexpectedAnswerError(f"Microsoft Graph {path.partition('?')[0]}: the answer doesn't hold {key}.")

    return _tried(read)


def _tried(read: Callable[[], object]) -> Finding:
    """
    :raises InterruptedTaskError, MissingLibraryError: they are about the task, not about the read.
    """
    try:
        read()
    except AccessDeniedError as error:
        return Finding(NO, error.advice or error.message)
    except (InterruptedTaskError, MissingLibraryError):
        raise
    except M365Error as error:
        return Finding(UNKNOWN, error.message)
    return Finding(YES)
