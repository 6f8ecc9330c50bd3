# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Reading the certificate of an app registration: PEM or PFX, from a file or a text, before anything is asked."""

from __future__ import annotations

import base64
import binascii
import dataclasses
from datetime import datetime, timedelta, timezone
from typing import Any

from .._errors import ExpiredCredentialError, InputError, MissingLibraryError
from .._http.input_text import check_not_vaulted, read_bytes
from .pem_text import tidy_pem, unquoted, with_line_breaks

_SOON = timedelta(days=30)
_ADVICE = (
    "Give a PEM with the private key and the certificate, or a PFX (PKCS #12); as certificate_content, a PEM as text "
    "or a PFX in base64."
)


@dataclasses.dataclass(frozen=True)
class Certificate:
    """What msal signs with. ``private_key`` is PEM without encryption and stays in memory."""

    private_key: str = dataclasses.field(repr=False)
    certificate: str
    thumbprint: str
    not_before: datetime
    not_after: datetime

    def check_dates(self, now: datetime) -> str:
        """A warning if it expires within 30 days, else an empty text.

        :raises InputError: expired, or not yet valid.
        """
        if now > self.not_after:
            raise ExpiredCredentialError(
                f"The certificate {self.thumbprint} expired on {self.not_after:%Y-%m-%d}. Make a new one, upload it "
                f"to the app "
                "registration, and give it here.",
                "certificate",
                self.not_after.timestamp(),
            )
        if now < self.not_before:
            raise InputError(
                f"The certificate {self.thumbprint} isn't valid before {self.not_before:%Y-%m-%d %H:%M} UTC. Check "
                f"this machine's clock."
            )
        if now > self.not_after - _SOON:
            return (
                f"The certificate {self.thumbprint} expires on {self.not_after:%Y-%m-%d}: replace it before that day."
            )
        return ""


def load_file(path: str, passphrase: str | None) -> Certificate:
    """
    :raises InputError: naming the path and what is wrong with the file.
    """
    data = read_bytes("certificate_path", path)
    return _load(data, passphrase, f"certificate_path {path}")


def load_text(text: str, passphrase: str | None) -> Certificate:
    """
    :raises InputError: saying what is wrong with the text, without quoting it.
    """
    text = unquoted(text)
    if "-----BEGIN" in text:
        return _load(_encoded(text), passphrase, "certificate_content")
    check_not_vaulted(_encoded(text), "certificate_content", "")
    try:
        data = base64.b64decode("".join(with_line_breaks(text).split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(f"certificate_content is neither PEM nor base64. {_ADVICE}") from error
    return _load(data, passphrase, "certificate_content")


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InputError("certificate_content isn't UTF-8: check how it was put into the environment.") from error


def _load(data: bytes, passphrase: str | None, source: str) -> Certificate:
    if not data.strip():
        raise InputError(f"{source} is empty. {_ADVICE}")
    try:
        password = passphrase.encode() if passphrase else None
    except UnicodeEncodeError as error:
        raise InputError("certificate_passphrase isn't UTF-8: check how it was put into the environment.") from error
    if b"-----BEGIN" in data:
        key, certificate = _from_pem(tidy_pem(data), password, source)
    else:
        key, certificate = _from_pfx(data, password, source)
    return _bind(key, certificate, source)


def _from_pem(data: bytes, password: bytes | None, source: str) -> tuple[Any, Any]:
    crypto = _import_cryptography()
    try:
        key = _private_key(data, password)
    except TypeError as error:
        raise InputError(f"The private key in {source} is encrypted: give certificate_passphrase.") from error
    except (ValueError, crypto.UnsupportedAlgorithm) as error:
        if b"PRIVATE KEY-----" not in data:
            raise InputError(f"{source} holds no private key. {_ADVICE}") from error
        reason = "wrong certificate_passphrase, or a damaged key" if password else "damaged, or of an unknown kind"
        raise InputError(f"The private key in {source} can't be read: {reason}. {_ADVICE}") from error
    if b"-----BEGIN CERTIFICATE-----" not in data:
        raise InputError(f"{source} holds a private key but no certificate. {_ADVICE}")
    try:
        certificates = crypto.load_pem_x509_certificates(data)
    except ValueError as error:
        raise InputError(f"The certificate in {source} can't be read: it is damaged. {_ADVICE}") from error
    own = [
        candidate
        for candidate in certificates
        if _public_bytes(candidate.public_key()) == _public_bytes(key.public_key())
    ]
    return key, (own or certificates)[0]


def _private_key(data: bytes, password: bytes | None) -> Any:
    """
    :raises TypeError: it is encrypted and there is no passphrase. ValueError, UnsupportedAlgorithm: it can't be read.
    """
    crypto = _import_cryptography()
    try:
        return crypto.load_pem_private_key(data, password)
    except TypeError:  # also where a passphrase is given for a key without one, which does no harm
        if password is None:
            raise
        return crypto.load_pem_private_key(data, None)


def _from_pfx(data: bytes, password: bytes | None, source: str) -> tuple[Any, Any]:
    crypto = _import_cryptography()
    try:
        key, certificate, _chain = crypto.load_key_and_certificates(data, password)
    except ValueError as error:
        if "password" in str(error).lower() or "mac" in str(error).lower():
            need = "certificate_passphrase is wrong" if password else "it is encrypted: give certificate_passphrase"
            raise InputError(f"The PFX in {source} can't be opened: {need}.") from error
        raise InputError(f"{source} is neither PEM nor a readable PFX. {_ADVICE}") from error
    if key is None or certificate is None:
        missing = "private key" if key is None else "certificate"
        raise InputError(f"The PFX in {source} holds no {missing}: export it with its private key.")
    return key, certificate


def _bind(key: Any, certificate: Any, source: str) -> Certificate:
    crypto = _import_cryptography()
    if not isinstance(key, crypto.RSAPrivateKey):
        raise InputError(f"The key in {source} is not RSA: Entra ID takes only RSA keys for app sign-in.")
    if _public_bytes(key.public_key()) != _public_bytes(certificate.public_key()):
        raise InputError(f"The private key in {source} doesn't belong to the certificate there.")
    return Certificate(
        private_key=key.private_bytes(crypto.PEM, crypto.PKCS8, crypto.NO_ENCRYPTION).decode(),
        certificate=certificate.public_bytes(crypto.PEM).decode(),
        thumbprint=certificate.fingerprint(crypto.SHA1).hex().upper(),
        not_before=_utc(certificate, "not_valid_before"),
        not_after=_utc(certificate, "not_valid_after"),
    )


def _utc(certificate: Any, name: str) -> datetime:
    """cryptography 42 renamed these attributes and deprecated the old, naive ones."""
    aware = getattr(certificate, name + "_utc", None)
    return aware if aware is not None else getattr(certificate, name).replace(tzinfo=timezone.utc)


def _public_bytes(key: Any) -> bytes:
    crypto = _import_cryptography()
    return key.public_bytes(crypto.DER, crypto.PUBLIC_INFO)


class _Cryptography:
    """The names used of cryptography, imported once and only when a certificate is."""

    def __init__(self) -> None:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates
        from cryptography.x509 import load_pem_x509_certificates

        self.UnsupportedAlgorithm = UnsupportedAlgorithm
        self.RSAPrivateKey = RSAPrivateKey
        self.load_pem_private_key = serialization.load_pem_private_key
        self.load_pem_x509_certificates = load_pem_x509_certificates
        self.load_key_and_certificates = load_key_and_certificates
        self.PEM = serialization.Encoding.PEM
        self.DER = serialization.Encoding.DER
        self.PKCS8 = serialization.PrivateFormat.PKCS8
        self.PUBLIC_INFO = serialization.PublicFormat.SubjectPublicKeyInfo
        self.NO_ENCRYPTION = serialization.NoEncryption()
        self.SHA1 = hashes.SHA1()


_loaded: list[_Cryptography] = []


def _import_cryptography() -> _Cryptography:
    if not _loaded:
        try:
            _loaded.append(_Cryptography())
        except ImportError as error:
            raise MissingLibraryError("cryptography", str(error)) from error
    return _loaded[0]
