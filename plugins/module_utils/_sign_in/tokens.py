# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The token of one service for one task: had once, renewed before it ends or when the service refuses it."""

from __future__ import annotations

import copy
import math
import threading
from typing import TYPE_CHECKING

from .._errors import InputError, M365Error, NetworkError, SignInError
from .._smtp_auth.identity import is_guid
from .claims import Claims, read_claims
from .msal_http import SignInHttp

if TYPE_CHECKING:
    from .._http.transport import Transport
    from .credentials import Credential

_PAUSE = 30.0  # seconds between tries to renew early
_LEAST = 2.0  # seconds for which any token is used: an answer may promise a life of none
_EARLY = 300.0  # seconds before its end at which a token is renewed


class TokenSource:
    """Safe to use from several threads: a token that many requests found refused is renewed once."""

    def __init__(
        self, credential: Credential, transport: Transport, *, login: str, scope: str, tenant: str | None
    ) -> None:
        """``login``: base URL of the sign-in endpoint. ``tenant``: GUID or domain, as far as it is known before
        sign-in.
        """
        self._credential = credential
        self._clock = transport.clock
        self._http = SignInHttp(transport, managed_identity=credential.kind == "managed_identity")
        self._login = login
        self._scope = scope
        self._tenant = tenant or ""
        self._token = ""
        self._claims = Claims()
        self._due_at = math.inf
        self.took: float | None = None  # seconds of the last sign-in; None: nobody was asked
        self._lock = threading.Lock()
        self._ever_had: list[str] = []

    def for_scope(self, scope: str) -> TokenSource:
        """The tokens of another service by the same sign-in: one at a time signs in, and ``ever_had`` holds all."""
        other = copy.copy(self)
        other._scope = scope
        other._token, other._claims, other._due_at = "", Claims(), math.inf
        return other

    @property
    def ever_had(self) -> list[str]:
        """Every token, and every secret that was sent for one: for redaction."""
        return [*self._ever_had, *self._http.secrets]

    @property
    def claims(self) -> Claims:
        return self._claims

    @property
    def kind(self) -> str:
        return self._credential.kind

    @property
    def credential(self) -> Credential:
        return self._credential

    def token(self) -> str:
        """
        :raises SignInError, NetworkError, InputError: no token.
        """
        ready = self._token
        if ready and not self._is_due():  # whoever signs in to another service meanwhile holds nobody up
            return ready
        with self._lock:
            if not self._token:
                self._acquire(fresh=False)
            elif self._is_due():
                self._renew_early()
            return self._token

    def renew(self, refused: str, claims_challenge: str = "") -> str:
        """A token other than the refused one: the one that another thread has renewed meanwhile, or a new one."""
        with self._lock:
            if self._token == refused:
                self._acquire(fresh=True, claims_challenge=claims_challenge)
            return self._token

    def tenant_guid(self) -> str:
        """The tenant's GUID, which Exchange wants in its URL: from the token, where only a domain is known."""
        if not self._token:
            self.token()
        if is_guid(self._claims.tenant):
            return self._claims.tenant
        if is_guid(self._tenant):
            return self._tenant
        raise InputError("The token doesn't tell its tenant: give tenant_id as a GUID.")

    def _is_due(self) -> bool:
        """By the time that has passed here, not by the date: this machine's date may be wrong. Should the service find
        that a token has ended, it says so.
        """
        return self._credential.can_renew and self._clock.now() >= self._due_at

    def _renew_early(self) -> None:
        """A sign-in that fails now is no harm yet: the service may still take the token at hand."""
        try:
            self._acquire(fresh=True)
        except (SignInError, NetworkError):
            self._due_at = self._clock.now() + _PAUSE

    def _acquire(self, *, fresh: bool, claims_challenge: str = "") -> None:
        begun = self._clock.now()
        try:
            issued = self._credential.acquire(
                self._scope, self._http, self._login, claims=claims_challenge, fresh=fresh
            )
        except M365Error as error:
            error.may_have_worked = False  # the request that the token is for wasn't sent
            raise
        self.took = self._clock.now() - begun if self._credential.can_renew else None
        self._ever_had.append(issued.token)
        claims = read_claims(issued.token)
        if is_guid(self._tenant) and claims.tenant and claims.tenant.lower() != self._tenant.lower():
            raise SignInError(f"The token is for tenant {claims.tenant}, not for tenant_id {self._tenant}.")
        self._token, self._claims = issued.token, claims
        self._due_at = self._clock.now() + _use_for(issued.lifetime)


def _use_for(lifetime: float) -> float:
    """Seconds for which a token is used: to five minutes before its end, or half of its life where that is short."""
    if lifetime <= 0:
        return math.inf
    return max(lifetime - _EARLY, lifetime / 2, _LEAST)
