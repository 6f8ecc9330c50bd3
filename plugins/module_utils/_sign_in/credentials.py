# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""One small class for each way to sign in: ``check`` looks at what can be known offline, ``acquire`` asks msal."""

from __future__ import annotations

import abc
import os
import re
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .._errors import ExpiredCredentialError, InputError, MissingLibraryError, NetworkError, SignInError
from .._http.input_text import read_bytes, secret_text, token_text
from .._smtp_auth.identity import is_guid
from .answer import lifetime_of
from .certificate import Certificate, load_file, load_text
from .claims import Issued, read_claims
from .clouds import known_discovery
from .hints import code_in, hint_for

if TYPE_CHECKING:
    from .msal_http import SignInHttp

Options = Mapping[str, Any]
_SHOWN = 1000  # characters of what a refusal says

_DOMAIN = re.compile(
    r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]\Z", re.IGNORECASE
)
# As long as secrets and tokens are, and no GUID that is only cut off, in braces or with a letter too many.
_LIKE_SECRET = re.compile(r"(?![0-9a-f{}()-]+\Z)\S{24,}\Z", re.IGNORECASE)
# What Azure sets where a managed identity can be had without asking the network (App Service, Functions, Arc, Service
# Fabric ...).
_MANAGED_IDENTITY_SIGNS = ("IDENTITY_ENDPOINT", "MSI_ENDPOINT", "AZURE_POD_IDENTITY_AUTHORITY_HOST")

# The options that no output may show.
SECRETS = ("client_secret", "certificate_content", "certificate_passphrase", "federated_token", "access_token")
MAILBOX_SECRETS = ("password", "smtp_token")  # of a mailbox that signs in itself


# What msal raises where an answer isn't of the form it expects: a proxy's, or that of a wrong endpoint.
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RuntimeError)


class Credential(abc.ABC):
    """A way to sign in, made from the module's options."""

    kind: str
    endless = ""
    needs: tuple[str, ...] = ()  # options that this kind can't do without, beside the secret itself
    can_renew = True

    def __init__(self, options: Options) -> None:
        self._options = options
        self.warnings: list[str] = []

    @classmethod
    @abc.abstractmethod
    def is_given(cls, options: Options) -> bool:
        """Whether the user gave what makes this kind this kind."""

    def check(self) -> None:
        """
        :raises InputError: an option is missing, malformed, unreadable or expired. Nothing has been asked of anybody.
        """
        missing = [name for name in self.needs if not self._options.get(name)]
        if missing:
            raise InputError(
                f"Sign-in by {self.kind} needs {' and '.join(missing)} too: give the option or its environment "
                f"variable."
            )
        check_tenant(self._options.get("tenant_id"))
        client = self._options.get("client_id")
        if client and not is_guid(client):
            raise InputError(f"client_id {client!r} isn't a GUID: give the app's Application (client) ID.")

    @abc.abstractmethod
    def acquire(self, scope: str, http: SignInHttp, login: str, *, claims: str = "", fresh: bool = False) -> Issued:
        """An access token for ``scope``. ``fresh``: not the one had before. ``claims``: a challenge to answer.

        :raises SignInError: refused. NetworkError: no answer.
        """

    def ends(self) -> datetime | None:
        """When it ends; None if it doesn't tell that by itself, for which ``endless`` has the reason."""
        return None


class AccessTokenCredential(Credential):
    kind = "access_token"
    endless = "The access_token can't be read, so it doesn't tell when it ends."
    can_renew = False

    @classmethod
    def is_given(cls, options: Options) -> bool:
        return bool(options.get("access_token"))

    def check(self) -> None:
        if not self.is_given(self._options):
            raise InputError("auth_method access_token needs access_token (or M365_ACCESS_TOKEN).")
        super().check()
        claims = read_claims(self._token)
        tenant = self._options.get("tenant_id")
        if not claims.readable and not (tenant and is_guid(tenant)):
            raise InputError(
                "The access_token can't be read as a JWT: give tenant_id as a GUID with it, or check the token."
            )
        if claims.expires and claims.expires <= time.time():
            moment = datetime.fromtimestamp(claims.expires, timezone.utc)
            raise ExpiredCredentialError(
                f"The access_token expired at {moment:%Y-%m-%d %H:%M} UTC. Get a new one.", self.kind, claims.expires
            )
        if tenant and is_guid(tenant) and claims.tenant and claims.tenant.lower() != tenant.lower():
            raise InputError(f"The access_token is for tenant {claims.tenant}, tenant_id is {tenant}.")

    def acquire(self, scope: str, http: SignInHttp, login: str, *, claims: str = "", fresh: bool = False) -> Issued:
        if fresh:
            raise SignInError("A ready-made access_token can't be renewed: get a new one and run the task again.")
        return Issued(self._token)

    def ends(self) -> datetime | None:
        expires = read_claims(self._token).expires
        return datetime.fromtimestamp(expires, timezone.utc) if expires else None

    @property
    def _token(self) -> str:
        return token_text("access_token", str(self._options["access_token"]))


class _AppCredential(Credential):
    """A confidential client: msal posts a secret or an assertion to the tenant's token endpoint."""

    needs: tuple[str, ...] = ("tenant_id", "client_id")
    _app: Any = None

    @abc.abstractmethod
    def _msal_credential(self, msal: Any) -> Any:
        """What ``msal.ConfidentialClientApplication`` takes as client_credential."""

    def acquire(self, scope: str, http: SignInHttp, login: str, *, claims: str = "", fresh: bool = False) -> Issued:
        msal = _import_msal()
        http.last_error = ""
        authority = f"{login}/{self._options['tenant_id']}"
        http.known.update(known_discovery(login, authority))
        try:
            if self._app is None:
                self._app = msal.ConfidentialClientApplication(
                    self._options["client_id"],
                    client_credential=self._msal_credential(msal),
                    authority=authority,
                    # Discovery would ask the public cloud about national ones and about an endpoint of one's own.
                    instance_discovery=False,
                    http_client=http,
                )
            if fresh:
                self._app.remove_tokens_for_client()
            result = self._app.acquire_token_for_client([scope], claims_challenge=claims or None)
        except _UNREADABLE as error:
            raise _refused(self.kind, http.last_error or str(error)) from error
        return _token_of(result, self.kind)


class ClientSecretCredential(_AppCredential):
    kind = "client_secret"
    endless = (
        "A client secret doesn't tell when it ends. Entra admin center > App registrations > the app > Certificates & "
        "secrets shows it."
    )
    needs = ("tenant_id", "client_id", "client_secret")

    @classmethod
    def is_given(cls, options: Options) -> bool:
        return bool(options.get("client_secret"))

    def check(self) -> None:
        super().check()
        self._secret()

    def _secret(self) -> str:
        return secret_text("client_secret", self._options["client_secret"])

    def _msal_credential(self, msal: Any) -> Any:
        return self._secret()


class CertificateCredential(_AppCredential):
    kind = "certificate"
    _certificate: Certificate | None = None

    @classmethod
    def is_given(cls, options: Options) -> bool:
        return bool(options.get("certificate_path") or options.get("certificate_content"))

    def check(self) -> None:
        path, content = self._options.get("certificate_path"), self._options.get("certificate_content")
        if not path and not content:
            raise InputError("auth_method certificate needs certificate_path or certificate_content.")
        if path and content:
            raise InputError("certificate_path and certificate_content are both given: which one? Take one away.")
        super().check()
        self._load()

    def ends(self) -> datetime:
        return self._load().not_after

    def _load(self) -> Certificate:
        if self._certificate is None:
            path, passphrase = self._options.get("certificate_path"), self._options.get("certificate_passphrase")
            passphrase = secret_text("certificate_passphrase", passphrase) if passphrase else None
            certificate = (
                load_file(path, passphrase) if path else load_text(self._options["certificate_content"], passphrase)
            )
            warning = certificate.check_dates(datetime.now(timezone.utc))
            if warning:
                self.warnings.append(warning)
            self._certificate = certificate
        return self._certificate

    def _msal_credential(self, msal: Any) -> Any:
        certificate = self._load()
        credential = {"private_key": certificate.private_key, "public_certificate": certificate.certificate}
        # From 1.35 on msal finds the SHA-256 thumbprint, which Entra ID prefers, by itself.
        if _version(msal) < (1, 35):
            credential["thumbprint"] = certificate.thumbprint
        return credential


class FederatedCredential(_AppCredential):
    kind = "federated"
    endless = "A federated token is made anew by its issuer for each run, so no end of it has to be watched."

    @classmethod
    def is_given(cls, options: Options) -> bool:
        return bool(options.get("federated_token") or options.get("federated_token_file"))

    def check(self) -> None:
        if not self.is_given(self._options):
            raise InputError("auth_method federated needs federated_token or federated_token_file.")
        if self._options.get("federated_token") and self._options.get("federated_token_file"):
            raise InputError("federated_token and federated_token_file are both given: which one? Take one away.")
        super().check()
        claims = read_claims(self._assertion())
        if not claims.readable:
            raise InputError("The federated token isn't a JWT: check federated_token or the file it is read from.")
        if claims.expires and claims.expires <= time.time():
            raise ExpiredCredentialError(
                "The federated token has expired: get a new one from its issuer.", self.kind, claims.expires
            )

    def _assertion(self) -> str:
        """The token; from a file it is read each time, since workload identity replaces it there."""
        token = self._options.get("federated_token")
        if token:
            return token_text("federated_token", str(token))
        path = self._options["federated_token_file"]
        try:
            text = read_bytes("federated_token_file", path).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(f"federated_token_file {path} can't be read: it isn't text.") from error
        return token_text(f"federated_token_file {path}", text)

    def _msal_credential(self, msal: Any) -> Any:
        return {"client_assertion": self._assertion}


class ManagedIdentityCredential(Credential):
    kind = "managed_identity"
    _client: Any = None
    endless = "Azure renews the credential of a managed identity by itself."

    @classmethod
    def is_given(cls, options: Options) -> bool:
        return any(os.environ.get(name) for name in _MANAGED_IDENTITY_SIGNS)

    def acquire(self, scope: str, http: SignInHttp, login: str, *, claims: str = "", fresh: bool = False) -> Issued:
        msal = _import_msal()
        client_id = self._options.get("client_id")
        http.last_error = ""
        try:
            if self._client is None or fresh:  # a new client has an empty cache
                identity = (
                    msal.UserAssignedManagedIdentity(client_id=client_id)
                    if client_id
                    else msal.SystemAssignedManagedIdentity()
                )
                self._client = msal.ManagedIdentityClient(identity, http_client=http)
            result = self._client.acquire_token_for_client(resource=scope.removesuffix("/.default"))
        except NetworkError as error:
            raise SignInError(
                f"The managed identity endpoint doesn't answer: {error.message} Is this a machine of Azure with an "
                f"identity assigned?"
            ) from error
        except (*_UNREADABLE, msal.ManagedIdentityError) as error:
            raise _refused(self.kind, http.last_error or str(error)) from error
        return _token_of(result, self.kind)


# In the order in which ``auto`` takes them.
KINDS: tuple[type[Credential], ...] = (
    AccessTokenCredential,
    CertificateCredential,
    FederatedCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
)


def choose_credential(options: Options) -> Credential:
    """The checked credential that the options make.

    :raises InputError: none, half of one, or with ``auto`` more than one.
    """
    method = options.get("auth_method") or "auto"
    if method == "auto":
        credential = _only_one_given(options)
    else:
        credential = next(kind for kind in KINDS if kind.kind == method)(options)
    credential.check()
    return credential


def _only_one_given(options: Options) -> Credential:
    given = [kind for kind in KINDS if kind is not ManagedIdentityCredential and kind.is_given(options)]
    if len(given) > 1:
        names = " and ".join(kind.kind for kind in given)
        raise InputError(
            f"Credentials of {len(given)} kinds are given ({names}), as options or by the environment. Say which with "
            f"auth_method, "
            "or take the others away."
        )
    if given:
        return given[0](options)
    if ManagedIdentityCredential.is_given(options):
        return ManagedIdentityCredential(options)
    raise InputError(
        "No credential is given. Give certificate_path or certificate_content, client_secret, federated_token or "
        "federated_token_file, "
        "or access_token (or their environment variables), or set auth_method to managed_identity."
    )


def misplaced_secrets(options: Options) -> list[str]:
    """What stands in an option for a name and looks like a secret, as one that was pasted into the wrong field does."""
    values = (str(options.get(option) or "").strip() for option in ("client_id", "tenant_id"))
    return [value for value in values if _LIKE_SECRET.match(value) and not _DOMAIN.match(value)]


def check_tenant(tenant: str | None) -> None:
    """
    :raises InputError: neither a GUID nor a domain.
    """
    if tenant and not is_guid(tenant) and not _DOMAIN.match(tenant):
        raise InputError(
            f"tenant_id {tenant!r} is malformed: give the tenant's GUID, or one of its verified domains such as "
            f"contoso.onmicrosoft.com."
        )


def _token_of(result: Any, kind: str) -> Issued:
    if isinstance(result, Mapping) and result.get("access_token"):
        return Issued(str(result["access_token"]), lifetime_of(result.get("expires_in")))
    details = result if isinstance(result, Mapping) else {}
    raise _refused(kind, str(details.get("error_description") or details.get("error") or "no token in the answer"))


def _refused(kind: str, text: str) -> SignInError:
    """``text`` is Entra ID's: its first line says what happened, the rest are trace ids."""
    first = text.strip().splitlines()[0] if text.strip() else "no reason given"
    first = re.split(r"\s+Trace ID:", first)[0].strip().rstrip(".")[:_SHOWN]
    trace = re.search(r"Trace ID:\s*([0-9a-fA-F-]{36})", text)
    hint = hint_for(text)
    return SignInError(
        f"Sign-in by {kind} was refused: {first}." + (f" {hint}" if hint else ""),
        code=code_in(text) or None,
        request_id=trace.group(1) if trace else "",
    )


def _import_msal() -> Any:
    try:
        import msal
    except ImportError as error:
        raise MissingLibraryError("msal", str(error)) from error
    return msal


def _version(msal: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", msal.__version__)[:2])
