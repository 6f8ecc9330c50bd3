# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token endpoint of Entra ID: client credentials by secret, certificate or federated token."""

from __future__ import annotations

import base64
import datetime as dt
import time
import uuid
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from .access import EXCHANGE_AUDIENCES, GRAPH_AUDIENCES, Token
from .answers import Answer
from .certificates import AppCertificate
from .state import App, Tenant
from .world import World

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CLOCK_SKEW = 300


@dataclass
class SignInError(Exception):
    """A refused sign-in: OAuth error name, AADSTS number, text, HTTP status."""

    error: str
    number: int
    text: str
    status: int = 400


def discovery(world: World, tenant_name: str) -> Answer:
    """The openid-configuration of a tenant."""
    tenant = world.tenant(tenant_name)
    if tenant is None:
        return error_answer(_unknown_tenant(tenant_name))
    base = f"https://{world.authority}/{tenant.tenant_id}"
    body = {
        "token_endpoint": f"https://{world.authority}/{tenant_name}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["pairwise"],
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "tenant_region_scope": "EU",
    }
    return Answer(200, {"content-type": "application/json; charset=utf-8"}, body)


def instance(world: World, query: dict[str, str]) -> Answer:
    """Whether the host of an authorization endpoint is one of Entra ID's; here only this server is."""
    endpoint = query.get("authorization_endpoint", "")
    parts = urlsplit(endpoint)
    if not endpoint:
        text = "The required field 'authorization_endpoint' is missing from the request."
        return error_answer(SignInError("invalid_request", 90014, text))
    # Clients leave the port out: the real hosts have none.
    own = (world.authority, world.authority.partition(":")[0])
    if parts.scheme != "https" or parts.netloc.lower() not in own:
        return error_answer(SignInError("invalid_instance", 50049, "Unknown or invalid instance."))
    version = "/v2.0" if "/v2.0/" in parts.path else ""
    tenant = parts.path.strip("/").partition("/")[0] or "common"
    body = {
        "tenant_discovery_endpoint": f"https://{world.authority}/{tenant}{version}/.well-known/openid-configuration",
        "api-version": query.get("api-version", "1.0"),
        "metadata": [
            {"preferred_network": world.authority, "preferred_cache": world.authority, "aliases": [world.authority]}
        ],
    }
    return Answer(200, {"content-type": "application/json; charset=utf-8"}, body)


def token(world: World, tenant_name: str, form: dict[str, str]) -> tuple[Answer, Token | None]:
    """Answer a token request; with the token, for the log, if one was issued."""
    world.assertions += filter(None, [form.get("client_assertion")])
    try:
        tenant = world.tenant(tenant_name)
        if tenant is None:
            raise _unknown_tenant(tenant_name)
        if form.get("grant_type") != "client_credentials":
            raise SignInError("unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        app = tenant.app_by_client_id(form.get("client_id", ""))
        if app is None or app.managed_identity:
            client_id = form.get("client_id")
            text = f"Application with identifier '{client_id}' was not found in the directory '{tenant.domain}'."
            raise SignInError("unauthorized_client", 700016, text)
        audience = audience_of(form.get("scope", ""))
        _prove(world, tenant_name, app, form)
    except SignInError as error:
        return error_answer(error), None
    issued = world.tokens.issue(tenant, app, audience, claims=form.get("claims"))
    lifetime = int(issued.expires - time.time())
    body = {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": issued.text}
    return Answer(200, {"content-type": "application/json; charset=utf-8", "cache-control": "no-store"}, body), issued


def audience_of(scope: str) -> str:
    """The resource that a client-credentials scope names, as it will stand in `aud`."""
    parts = scope.split()
    if not parts:
        raise SignInError("invalid_request", 900144, "The request body must contain the following parameter: 'scope'.")
    if len(parts) != 1 or not parts[0].endswith("/.default"):
        text = (
            f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with "
            "/.default suffixed to the resource identifier (application ID URI)."
        )
        raise SignInError("invalid_scope", 1002012, text)
    resource = parts[0].removesuffix("/.default").rstrip("/")
    if resource not in EXCHANGE_AUDIENCES + GRAPH_AUDIENCES:
        text = f"The resource principal named {resource} was not found in the tenant."
        raise SignInError("invalid_resource", 500011, text)
    return resource


def _prove(world: World, tenant_name: str, app: App, form: dict[str, str]) -> None:
    """Nothing if the credential is good; a SignInError if not."""
    assertion, secret = form.get("client_assertion"), form.get("client_secret")
    if assertion:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise SignInError("invalid_request", 50027, "The client assertion type is missing or not supported.")
        _check_assertion(world, tenant_name, app, assertion)
    elif not secret:
        text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        raise SignInError("invalid_client", 7000218, text, 401)
    elif secret in app.expired_secrets:
        text = f"The provided client secret keys for app '{app.client_id}' are expired."
        raise SignInError("invalid_client", 7000222, text, 401)
    elif secret not in app.secrets:
        text = (
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{app.client_id}'."
        )
        raise SignInError("invalid_client", 7000215, text, 401)


def _check_assertion(world: World, tenant_name: str, app: App, assertion: str) -> None:
    try:
        header = jwt.get_unverified_header(assertion)
        content = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise SignInError("invalid_request", 50027, "JWT token is invalid or malformed.") from None
    if content.get("iss") == app.client_id:
        _check_certificate(world, tenant_name, app, assertion, header)
    else:
        _check_federation(world, app, assertion, content)


def _check_certificate(world: World, tenant_name: str, app: App, assertion: str, header: dict[str, Any]) -> None:
    certificate = _registered(world, app, header)
    if certificate is None:
        raise _bad_assertion(
            "The certificate with identifier used to sign the client assertion is not registered on application"
        )
    if certificate.certificate.not_valid_after_utc < dt.datetime.now(dt.timezone.utc):
        raise _bad_assertion("The certificate used to sign the client assertion has expired")
    name = tenant_name.lower()
    tenant = world.tenant(name)
    names = [name, *([tenant.tenant_id, *tenant.domains] if tenant else [])]
    audiences = [
        f"https://{world.authority}/{item}{path}" for item in names for path in ("/oauth2/v2.0/token", "/v2.0")
    ]
    try:
        content = jwt.decode(
            assertion,
            cast(rsa.RSAPublicKey, certificate.certificate.public_key()),
            algorithms=["RS256", "PS256"],
            audience=audiences,
            leeway=CLOCK_SKEW,
            options={"require": ["exp", "iss", "sub", "jti", "aud"]},
        )
    except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError):
        text = "Client assertion is not within its valid time range. Please check the expiry time."
        raise SignInError("invalid_client", 700024, text, 401) from None
    except jwt.MissingRequiredClaimError as error:
        raise SignInError("invalid_request", 50027, f"JWT token is invalid or malformed: no {error.claim}.") from None
    except jwt.InvalidAudienceError:
        text = "Client assertion audience claim does not match Realm issuer."
        raise SignInError("invalid_client", 700023, text, 401) from None
    except jwt.PyJWTError:
        raise _bad_assertion("The signature of the client assertion is not valid") from None
    if content["sub"] != app.client_id:
        raise SignInError("invalid_client", 700021, "Client assertion application identifier doesn't match.", 401)


def _registered(world: World, app: App, header: dict[str, Any]) -> AppCertificate | None:
    digests = (("x5t#S256", hashes.SHA256()), ("x5t", hashes.SHA1()))
    for name, algorithm in digests:
        if name not in header:
            continue
        for registered in app.certificates:
            certificate: AppCertificate = getattr(world.certificates, registered)
            digest = base64.urlsafe_b64encode(certificate.thumbprint(algorithm)).decode().rstrip("=")
            if str(header[name]).rstrip("=") == digest:
                return certificate
    return None


def _check_federation(world: World, app: App, assertion: str, content: dict[str, Any]) -> None:
    match = [
        item
        for item in app.federations
        if item.issuer == content.get("iss")
        and item.subject == content.get("sub")
        and item.audience == content.get("aud")
    ]
    if not match:
        subject = content.get("sub")
        text = f"No matching federated identity record found for presented assertion subject '{subject}'."
        raise SignInError("invalid_client", 700213, text, 401)
    try:
        jwt.decode(assertion, world.federation_key.public_key(), algorithms=["RS256"], audience=match[0].audience)
    except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError):
        text = "Client assertion is not within its valid time range. Please check the expiry time."
        raise SignInError("invalid_client", 700024, text, 401) from None
    except jwt.PyJWTError:
        raise _bad_assertion("The signature of the federated token is not valid") from None


def _bad_assertion(reason: str) -> SignInError:
    return SignInError("invalid_client", 700027, f"{reason}. [Reason - The key was not found or does not fit.]", 401)


def _unknown_tenant(name: str) -> SignInError:
    text = (
        f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the "
        "correct cloud."
    )
    return SignInError("invalid_request", 90002, text)


def error_answer(error: SignInError) -> Answer:
    """The JSON by which Entra ID refuses."""
    now = dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    ids = f"Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}"
    body = {
        "error": error.error,
        "error_description": f"AADSTS{error.number}: {error.text} {ids}",
        "error_codes": [error.number],
        "timestamp": now,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={error.number}",
    }
    return Answer(error.status, {"content-type": "application/json; charset=utf-8"}, body)


def federated_token(world: World, subject: str, audience: str, *, lifetime: int = 86400) -> str:
    """A token of the outside issuer that federated credentials trust."""
    now = int(time.time())
    content = {"iss": world.issuer, "sub": subject, "aud": audience, "iat": now, "nbf": now - 60, "exp": now + lifetime}
    return jwt.encode(content, world.federation_key, algorithm="RS256", headers={"kid": "fake-issuer-1"})


def managed_identity(world: World, tenant: Tenant, query: dict[str, str], *, style: str) -> Answer:
    """A token for the machine's identity. style: `app_service` or `imds`; both take `resource`, maybe a client id."""
    app = next((item for item in tenant.apps.values() if item.managed_identity), None)
    asked = query.get("client_id")
    if app is None or (asked is not None and asked.lower() != app.client_id):
        text = "Identity not found"
        refusal = {"error": "invalid_request", "error_description": text, "statusCode": 400, "message": text}
        return Answer(400, {}, refusal)
    resource = query.get("resource", "").rstrip("/")
    if resource not in EXCHANGE_AUDIENCES + GRAPH_AUDIENCES:
        text = f"AADSTS500011: The resource principal named {resource} was not found in the tenant."
        return Answer(
            400, {}, {"error": "invalid_resource", "error_description": text, "statusCode": 400, "message": text}
        )
    issued = world.tokens.issue(tenant, app, resource)
    body: dict[str, Any] = {
        "access_token": issued.text,
        "client_id": app.client_id,
        "expires_on": str(int(issued.expires)),
        "resource": resource,
        "token_type": "Bearer",
    }
    if style == "imds":
        body |= {"expires_in": str(int(issued.expires - time.time())), "not_before": str(int(time.time()))}
    return Answer(200, {"content-type": "application/json"}, body)
