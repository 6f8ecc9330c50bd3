# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access tokens and what they open: issuing, checking, and which app may run which cmdlet."""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from .cmdlets import Cmdlet
from .dialect import Dialect
from .seed_data import (
    EXCHANGE_ADMINISTRATOR,
    EXCHANGE_RECIPIENT_ADMINISTRATOR,
    GLOBAL_ADMINISTRATOR,
    GLOBAL_READER,
    MANAGE_AS_APP,
    SECURITY_READER,
)
from .state import App, Tenant
from .wire import CmdletError

EXCHANGE_APP_ID = "00000002-0000-0ff1-ce00-000000000000"
EXCHANGE_AUDIENCES = (
    "https://outlook.office365.com",
    "https://outlook.office.com",
    "https://outlook.office365.us",
    "https://outlook-dod.office365.us",
    "https://partner.outlook.cn",
)
GRAPH_AUDIENCES = (
    "https://graph.microsoft.com",
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
)
# Published app-only tokens carry it in `wids`, whatever roles they have; it is the id of no directory role.
NO_ROLE = "0997a1d0-0d1d-4acb-b408-d5ca73121e90"
ADMINISTRATORS = frozenset({EXCHANGE_ADMINISTRATOR, GLOBAL_ADMINISTRATOR})
RECIPIENT_READS = frozenset({"Get-CASMailbox", "Get-Mailbox", "Get-User"})


@dataclass
class Token:
    """An access token that was issued, with the grants of that moment: a later one needs a new token.

    roles: app roles on the audience. directory_roles: `wids`. claims_met: the claims request it answers, if any.
    """

    text: str
    tenant: Tenant
    app: App
    audience: str
    expires: float
    roles: list[str]
    directory_roles: list[str]
    claims_met: str | None = None

    @property
    def label(self) -> str:
        """A short fingerprint by which tests tell tokens apart."""
        return fingerprint(self.text)


def fingerprint(text: str) -> str:
    """The first 12 hex digits of a token's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class TokenDesk:
    """Issues tokens and knows every one it issued; what it doesn't know is forged."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key
        self._issued: dict[str, Token] = {}
        self.texts: list[
            str
        ] = []  # of every token since the start, revoked ones included: for tests that look for leaks
        self._claims_wanted: dict[tuple[str, bool], str] = {}
        self.lifetime: float = 3600.0

    def reset(self) -> None:
        """Forget every token and claims challenge."""
        self._issued.clear()
        self.texts.clear()
        self._claims_wanted.clear()
        self.lifetime = 3600.0

    def revoke_all(self) -> None:
        """Every token issued so far is refused from now on."""
        self._issued.clear()

    def want_claims(self, client_id: str, claims: str, *, on_graph: bool = False) -> None:
        """From now on Exchange, or Graph, accepts only tokens of the app that were issued with this claims request."""
        self._claims_wanted[client_id, on_graph] = claims

    def issue(
        self, tenant: Tenant, app: App, audience: str, *, claims: str | None = None, lifetime: float | None = None
    ) -> Token:
        """A fresh token of `app` for the resource `audience`, living `lifetime` seconds."""
        now = time.time()
        expires = now + (self.lifetime if lifetime is None else lifetime)
        roles = app.graph_roles if audience in GRAPH_AUDIENCES else app.exchange_roles
        content: dict[str, Any] = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{tenant.tenant_id}/",
            "iat": int(now),
            "nbf": int(now),
            "exp": int(expires),
            "appid": app.client_id,
            "app_displayname": app.name,
            "appidacr": "2" if app.certificates else "1",
            "idtyp": "app",
            "oid": app.object_id,
            "sub": app.object_id,
            "tid": tenant.tenant_id,
            "uti": base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="),
            "ver": "1.0",
            "wids": [*app.directory_roles, NO_ROLE],
        }
        if roles:
            content["roles"] = roles
        text = jwt.encode(content, self._key, algorithm="RS256", headers={"kid": "fake-tenant-1"})
        token = Token(text, tenant, app, audience, expires, list(roles), list(app.directory_roles), claims)
        self._issued[text] = token
        self.texts.append(text)
        return token

    def of(self, authorization: str | None) -> Token | None:
        """The token of a header, for whatever audience and whether or not it has expired."""
        return self._issued.get((authorization or "").partition(" ")[2].strip())

    def client_of(self, authorization: str | None) -> str | None:
        """The client id of the app that a header's token was issued to."""
        token = self.of(authorization)
        return token.app.client_id if token is not None else None

    def app_of(self, authorization: str | None) -> str | None:
        """The name of that app."""
        token = self.of(authorization)
        return token.app.name if token is not None else None

    def check(self, authorization: str | None, audiences: tuple[str, ...]) -> Token:
        """The token of an Authorization header; Unauthorized if it isn't good for `audiences`."""
        scheme, _space, text = (authorization or "").partition(" ")
        token = self._issued.get(text.strip()) if scheme.lower() == "bearer" else None
        if token is None or token.audience not in audiences:
            raise unauthorized("invalid_token")
        if token.expires <= time.time():
            raise unauthorized("invalid_token", "The token is expired.")
        wanted = self._claims_wanted.get((token.app.client_id, audiences is GRAPH_AUDIENCES))
        if wanted is not None and not _contains(token.claims_met, wanted):
            raise unauthorized("insufficient_claims", claims=wanted)
        return token


@dataclass
class Unauthorized(CmdletError):
    """A 401, with what Graph needs to say the same in its own words."""

    description: str = ""
    claims: str | None = None


def unauthorized(error: str, description: str = "", claims: str | None = None) -> Unauthorized:
    """A 401 without a body; the reason is in WWW-Authenticate."""
    challenge = (
        f'Bearer client_id="{EXCHANGE_APP_ID}", trusted_issuers="00000001-0000-0000-c000-000000000000@*", '
        f'token_types="app_asserted_user_v1 service_asserted_app_v1", '
        f'authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="{error}"'
    )
    if description:
        challenge += f', error_description="{description}"'
    if claims is not None:
        challenge += f', claims="{base64.b64encode(claims.encode()).decode()}"'
    return Unauthorized(
        401,
        "Unauthorized",
        error,
        bare="empty",
        headers={"www-authenticate": challenge},
        description=description,
        claims=claims,
    )


def forbidden(reason: str = "") -> CmdletError:
    """A 403, whose body is what the dialect says; the reason, if any, is in x-ms-diagnostics."""
    headers = {"x-ms-diagnostics": f'2000003;reason="{reason}"'} if reason else {}
    return CmdletError(
        403, "Microsoft.Exchange.AdminApi.CmdletAccessDeniedException", reason, bare="forbidden", headers=headers
    )


def authenticate(tokens: TokenDesk, authorization: str | None) -> Token:
    """The token of a request to the Exchange endpoint; a CmdletError of status 401 if it isn't good there."""
    return tokens.check(authorization, EXCHANGE_AUDIENCES)


def enter_exchange(token: Token, tenant: Tenant | None, dialect: Dialect) -> None:
    """What the endpoint asks of a token before it looks at the cmdlet; raises a 401 or 403."""
    if tenant is None or token.tenant is not tenant or MANAGE_AS_APP not in token.roles:
        raise unauthorized("invalid_token")
    app = token.app
    if not token.directory_roles and not (app.role_group_cmdlets and dialect.custom_role_group_allowed):
        raise forbidden(
            f"The role assigned to application {app.client_id} isn't supported in this scenario. Please check online "
            "documentation for assigning correct Directory Roles to Azure AD Application for EXO App-Only "
            "Authentication."
        )


def may_run(token: Token, cmdlet: Cmdlet, dialect: Dialect) -> bool:
    """True if the token's directory roles, or the app's custom role group, hold the cmdlet."""
    held = set(token.directory_roles)
    if held & ADMINISTRATORS or cmdlet.name in token.app.role_group_cmdlets:
        return True
    if GLOBAL_READER in held and not cmdlet.writes:
        return True
    if EXCHANGE_RECIPIENT_ADMINISTRATOR in held:
        if cmdlet.name in RECIPIENT_READS:
            return True
        return cmdlet.name == "Set-CASMailbox" and dialect.recipient_administrator_may_set
    return SECURITY_READER in held and not cmdlet.writes and cmdlet.needs_view_of == "configuration"


def _contains(claims: str | None, wanted: str) -> bool:
    """True if every access-token claim that is wanted was asked for."""
    try:
        asked = json.loads(claims or "{}").get("access_token", {})
        return all(asked.get(name) == value for name, value in json.loads(wanted).get("access_token", {}).items())
    except (ValueError, AttributeError):
        return False
