# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The token of one service for one task: had once, renewed before it ends or when the service refuses it."""

from __future__ import annotations

import copy
import threading
import time

from ._credentials import Credential
from ._errors import InputError, M365Error, SignInError
from ._sign_in_http import SignInHttp
from ._smtp_auth._identity import is_guid
from ._token import Claims, read_claims
from ._transport import Transport

_PAUSE = 30.0  # seconds between tries to renew early
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
        self._http = SignInHttp(transport)
        self._login = login
        self._scope = scope
        self._tenant = tenant or ""
        self._token = ""
        self._claims = Claims()
        self._not_again_before = 0.0
        self._lock = threading.Lock()
        self.ever_had: list[str] = []  # for redaction

    def for_scope(self, scope: str) -> TokenSource:
        """The tokens of another service by the same sign-in: one at a time signs in, and ``ever_had`` holds both's."""
        other = copy.copy(self)
        other._scope = scope
        other._token, other._claims, other._not_again_before = "", Claims(), 0.0
        return other

    @property
    def claims(self) -> Claims:
        return self._claims

    @property
    def kind(self) -> str:
        return self._credential.kind

    def token(self) -> str:
        """
        :raises SignInError, NetworkError, InputError: no token.
        """
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
        """Whether it is time for another token: five minutes before the end, or half-way where it lives shorter."""
        if not self._credential.can_renew or not self._claims.expires:
            return False
        early = min(_EARLY, max(self._claims.expires - self._had_at, 0.0) / 2)
        return time.time() > max(self._claims.expires - early, self._not_again_before)

    def _renew_early(self) -> None:
        """A sign-in that fails now is no harm yet: the token at hand is good until it ends."""
        try:
            self._acquire(fresh=True)
        except M365Error:
            if time.time() >= self._claims.expires:
                raise
            self._not_again_before = min(time.time() + _PAUSE, self._claims.expires)

    def _acquire(self, *, fresh: bool, claims_challenge: str = "") -> None:
        try:
            token = self._credential.acquire(self._scope, self._http, self._login, claims=claims_challenge, fresh=fresh)
        except M365Error as error:
            error.may_have_worked = False  # the request that the token is for wasn't sent
            raise
        claims = read_claims(token)
        if is_guid(self._tenant) and claims.tenant and claims.tenant.lower() != self._tenant.lower():
            raise SignInError(f"The token is for tenant {claims.tenant}, not for tenant_id {self._tenant}.")
        self._token, self._claims, self._had_at = token, claims, time.time()
        self.ever_had.append(token)
