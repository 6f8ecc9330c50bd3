# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Throw-away keys and certificates: the server's CA, and what the apps sign in with.

Everything lives in the server's directory and is worthless outside it.
"""

from __future__ import annotations

import datetime as dt
import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

PASSPHRASE = "fake passphrase: #1"
REGIONS = ("eur", "nam", "apc", "jpn")


def new_rsa_key() -> rsa.RSAPrivateKey:
    """A fresh RSA key of 2048 bits."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Authority:
    """The throw-away CA, and the TLS context of the server."""

    directory: Path
    hosts: tuple[str, ...]
    ca_path: Path = field(init=False)

    def __post_init__(self) -> None:
        self._ca = trustme.CA(organization_name="Fake tenant CA")
        self.ca_path = self.directory / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.ca_path))

    def server_context(self) -> ssl.SSLContext:
        """A TLS context for every name the server answers to, its regional ones included."""
        # OpenSSL refuses a wildcard right below a top-level name, so the regions are listed one by one.
        regional = [f"{region}.{host}" for host in self.hosts for region in REGIONS if not host[0].isdigit()]
        certificate = self._ca.issue_cert(*self.hosts, *regional)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        return context


@dataclass(frozen=True)
class AppCertificate:
    """A certificate an app may have registered, with its key."""

    key: PrivateKey
    certificate: x509.Certificate

    def thumbprint(self, algorithm: hashes.HashAlgorithm) -> bytes:
        """The raw digest of the certificate."""
        return self.certificate.fingerprint(algorithm)


def issue(
    common_name: str, key: PrivateKey, *, not_before: dt.datetime | None = None, days: int = 365
) -> AppCertificate:
    """A self-signed certificate, valid from `not_before` (now less a day) for `days`."""
    start = not_before or dt.datetime.now(dt.timezone.utc) - dt.timedelta(days=1)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return AppCertificate(key, certificate)


@dataclass
class CertificateSet:
    """The certificates of the made-up apps: registered; registered and expired; never registered; elliptic."""

    registered: AppCertificate
    expired: AppCertificate
    unregistered: AppCertificate
    elliptic: AppCertificate

    @classmethod
    def create(cls) -> CertificateSet:
        """Fresh keys; the expired certificate shares the registered one's key."""
        key = new_rsa_key()
        long_ago = dt.datetime.now(dt.timezone.utc) - dt.timedelta(days=400)
        return cls(
            registered=issue("fake app", key),
            expired=issue("fake app, expired", key, not_before=long_ago, days=30),
            unregistered=issue("fake app, unregistered", new_rsa_key()),
            elliptic=issue("fake app, elliptic", ec.generate_private_key(ec.SECP256R1())),
        )

    def write(self, directory: Path) -> dict[str, str]:
        """Write every form into `directory`; return name -> path."""
        paths: dict[str, str] = {}
        for name in ("registered", "expired", "unregistered", "elliptic"):
            paths.update(_write_forms(directory, name, getattr(self, name)))
        return paths


def _write_forms(directory: Path, name: str, item: AppCertificate) -> dict[str, str]:
    secret = BestAvailableEncryption(PASSPHRASE.encode())
    certificate = item.certificate.public_bytes(Encoding.PEM)
    forms = {
        f"{name}_pem": (f"{name}.pem", _key_pem(item, NoEncryption()) + certificate),
        f"{name}_pem_encrypted": (f"{name}-encrypted.pem", _key_pem(item, secret) + certificate),
        f"{name}_pfx": (f"{name}.pfx", _pfx(item, NoEncryption())),
        f"{name}_pfx_encrypted": (f"{name}-encrypted.pfx", _pfx(item, secret)),
        f"{name}_key_pem": (f"{name}-key.pem", _key_pem(item, NoEncryption())),
        f"{name}_certificate_pem": (f"{name}-certificate.pem", certificate),
    }
    return {key: str(write_private(directory / file, content)) for key, (file, content) in forms.items()}


def write_private(path: Path, content: bytes) -> Path:
    """Write `content` with mode 0600 and return the path."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return path


def _key_pem(item: AppCertificate, encryption: KeySerializationEncryption) -> bytes:
    return item.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def _pfx(item: AppCertificate, encryption: KeySerializationEncryption) -> bytes:
    return pkcs12.serialize_key_and_certificates(b"fake app", item.key, item.certificate, None, encryption)
