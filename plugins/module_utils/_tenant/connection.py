# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""From a module's options to a client that can be asked. What is wrong offline is found here, before any request."""

from __future__ import annotations

import dataclasses
import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._errors import InputError
from .._exchange.client import ExchangeClient
from .._http.transport import DEFAULT_CONCURRENCY, Transport
from .._http.trust import check_proxy, choose_trust, proxy_secrets
from .._sign_in.claims import read_claims
from .._sign_in.clouds import EXCHANGE_APP_ID, Cloud, choose_cloud
from .._sign_in.credentials import (
    MAILBOX_SECRETS,
    SECRETS,
    Credential,
    choose_credential,
    misplaced_secrets,
)
from .._sign_in.tokens import TokenSource

if TYPE_CHECKING:
    from .._graph.client import GraphClient
    from .._http.clock import Clock
    from .._http.messages import Counters
    from .._progress import Progress

_LIMITS = {
    "timeout": (1, 960),
    "max_retries": (0, 20),
    "deadline": (1, 7 * 24 * 3600),
    "concurrency": (1, 16),
    "max_changes": (0, None),
}


@dataclasses.dataclass
class Connection:
    """What a task talks through, what it has sent, and what must never be seen of it.

    ``members``: of groups and directory roles, as far as the task has read them.
    """

    exchange: ExchangeClient
    clock: Clock
    counters: Counters
    concurrency: int
    warnings: list[str]
    _options: Mapping[str, Any] = dataclasses.field(repr=False)
    _tokens: TokenSource = dataclasses.field(repr=False)
    _cloud: Cloud = dataclasses.field(repr=False)
    members: dict[str, frozenset[str]] = dataclasses.field(default_factory=dict, init=False, repr=False)
    _graph: GraphClient | None = dataclasses.field(default=None, init=False, repr=False)
    _lock: threading.Lock = dataclasses.field(default_factory=threading.Lock, init=False, repr=False)

    @property
    def graph(self) -> GraphClient:
        """Microsoft Graph, on the same transport. Not there before it is asked for: most tasks don't need it."""
        with self._lock:
            if self._graph is None:
                from .._graph.client import GraphClient

                tokens = self._tokens.for_scope(self._cloud.graph_scope)
                transport = self.exchange.transport.for_another_service()
                self._graph = GraphClient(transport, tokens, self._cloud.graph)
            return self._graph

    @property
    def credential(self) -> Credential:
        return self._tokens.credential

    def exchange_token(self) -> str:
        """The app's token for Exchange, which its submission server takes as well.

        :raises SignInError, NetworkError, InputError: no token.
        """
        return self._tokens.token()

    @property
    def app(self) -> str:
        """The client id of the app that signs in, as far as it is known. Sends nothing."""
        return str(self._options.get("client_id") or self._tokens.claims.app_id or "")

    def secrets(self) -> list[str]:
        return [*secret_options(self._options), *self._tokens.ever_had]


def connect(options: Mapping[str, Any], clock: Clock, progress: Progress | None = None) -> Connection:
    """Sends nothing yet: the token is had with the first request.

    :raises InputError: the options can't work. MissingLibraryError: requests isn't there.
    """
    check_limits(options)
    cloud = choose_cloud(
        options["cloud"],
        login=options.get("login_endpoint"),
        exchange=options.get("exchange_endpoint"),
        graph=options.get("graph_endpoint"),
    )
    trust = choose_trust(options.get("ca_path"))
    credential = choose_credential(options)
    _check_audience(options, credential, cloud.exchange_scope)
    for endpoint in (cloud.login, cloud.exchange, cloud.graph):
        check_proxy(endpoint)
    concurrency = options.get("concurrency") or DEFAULT_CONCURRENCY
    transport = Transport(
        clock,
        trust=trust,
        timeout=options["timeout"],
        max_retries=options["max_retries"],
        concurrency=concurrency,
    )
    tokens = TokenSource(
        credential,
        transport.for_another_service(),
        login=cloud.login,
        scope=cloud.exchange_scope,
        tenant=options.get("tenant_id"),
    )
    exchange = ExchangeClient(transport, tokens, cloud.exchange)
    if progress:
        exchange.progress = progress
    return Connection(exchange, clock, transport.counters, concurrency, credential.warnings, options, tokens, cloud)


def secret_options(options: Mapping[str, Any]) -> list[str]:
    """Every secret that is known before anything was sent: options as they are given and as they are used, and the
    passwords of proxies.
    """
    names = (*SECRETS, *MAILBOX_SECRETS)
    given = [*(str(options[name]) for name in names if options.get(name)), *misplaced_secrets(options)]
    return [*dict.fromkeys([*given, *(text.strip() for text in given), *proxy_secrets(os.environ)])]


def check_limits(options: Mapping[str, Any]) -> None:
    """
    :raises InputError: a number out of its range.
    """
    for name, (least, most) in _LIMITS.items():
        value = options.get(name)
        if not isinstance(value, int) or (value >= least and (most is None or value <= most)):
            continue
        allowed = f"from {least} to {most}" if most is not None else f"{least} or more"
        raise InputError(f"{name} is {value}; it has to be {allowed}.")


def _check_audience(options: Mapping[str, Any], credential: Credential, scope: str) -> None:
    """A ready-made token for another service, most often Graph, is refused here instead of by a bare 401."""
    if credential.kind != "access_token":
        return
    audience = read_claims(options["access_token"].strip()).audience
    known = (scope.removesuffix("/.default"), "https://outlook.office.com", EXCHANGE_APP_ID)
    if audience and audience.rstrip("/") not in known:
        raise InputError(f"The access_token is for {audience}, not for Exchange: get one with the scope {scope}.")
