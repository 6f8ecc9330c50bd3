# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading an app's certificate in every form in which people have it, and saying what is wrong with the others."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import InputError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.certificate import (
    Certificate,
    load_file,
    load_text,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.credentials import choose_credential
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID

NOW = datetime.now(timezone.utc).replace(microsecond=0)
PASSPHRASE = "correct horse: #1"
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def self_signed(key: Key, name: str) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )


@dataclasses.dataclass
class Material:
    """A key, its certificate, another pair, and their forms."""

    bits: int = 2048

    def __post_init__(self) -> None:
        self.key = rsa.generate_private_key(65537, self.bits)
        self.other_key = rsa.generate_private_key(65537, self.bits)
        self.elliptic = ec.generate_private_key(ec.SECP256R1())
        self.leaf = self_signed(self.key, "app")
        self.stranger = self_signed(self.other_key, "issuer")

    def key_pem(self, form: PrivateFormat = PrivateFormat.PKCS8, passphrase: str = "", key: Key | None = None) -> bytes:
        encryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
        return (key or self.key).private_bytes(Encoding.PEM, form, encryption)

    @property
    def leaf_pem(self) -> bytes:
        return self.leaf.public_bytes(Encoding.PEM)

    @property
    def stranger_pem(self) -> bytes:
        return self.stranger.public_bytes(Encoding.PEM)

    def pfx(self, passphrase: str = "", chain: bool = False) -> bytes:
        encryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
        return pkcs12.serialize_key_and_certificates(
            b"app", self.key, self.leaf, [self.stranger] if chain else None, encryption
        )


def damaged(pem: bytes) -> bytes:
    """The same armour, its lines in reverse."""
    first, *body, last = pem.splitlines(keepends=True)
    return b"".join([first, *reversed(body), last])


@pytest.fixture(scope="module")
def material() -> Material:
    return Material()


@pytest.fixture(scope="module")
def small() -> Material:
    """Whether a key is one takes OpenSSL a tenth of the time to find out: for what is about the text around it."""
    return Material(1024)


Load = Callable[[bytes, "str | None"], Certificate]


@pytest.fixture(params=["path", "content"])
def load(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Load:
    """Load the same bytes from a file, or as the text of an option: a PFX in base64, over several lines.

    The file's folder isn't called after the test: its name holds the words that are looked for in what is said.
    """

    def from_file(data: bytes, passphrase: str | None) -> Certificate:
        path = tmp_path_factory.mktemp("app") / "app.certificate"
        path.write_bytes(data)
        return load_file(str(path), passphrase)

    def from_text(data: bytes, passphrase: str | None) -> Certificate:
        text = data.decode() if b"-----BEGIN" in data else base64.encodebytes(data).decode()
        return load_text(text, passphrase)

    return from_file if request.param == "path" else from_text


PKCS1 = PrivateFormat.TraditionalOpenSSL

GOOD: dict[str, tuple[Callable[[Material], bytes], str | None]] = {
    "key, certificate": (lambda m: m.key_pem() + m.leaf_pem, None),
    "certificate, key": (lambda m: m.leaf_pem + m.key_pem(), None),
    "certificate, chain, key": (lambda m: m.leaf_pem + m.stranger_pem + m.key_pem(), None),
    "chain, certificate, key": (lambda m: m.stranger_pem + m.leaf_pem + m.key_pem(), None),
    "key, chain, certificate": (lambda m: m.key_pem() + m.stranger_pem + m.leaf_pem, None),
    "with bag attributes": (lambda m: b"Bag Attributes\n  name: x\n" + m.key_pem() + b"subject=x\n" + m.leaf_pem, None),
    "with Windows line ends": (lambda m: (m.key_pem() + m.leaf_pem).replace(b"\n", b"\r\n"), None),
    "PKCS #1": (lambda m: m.key_pem(PKCS1) + m.leaf_pem, None),
    "encrypted PKCS #1": (lambda m: m.key_pem(PKCS1, PASSPHRASE) + m.leaf_pem, PASSPHRASE),
    "encrypted PKCS #8": (lambda m: m.leaf_pem + m.key_pem(passphrase=PASSPHRASE), PASSPHRASE),
    "passphrase of any script": (lambda m: m.key_pem(passphrase="пароль ü") + m.leaf_pem, "пароль ü"),
    "passphrase not needed, PKCS #8": (lambda m: m.key_pem() + m.leaf_pem, "needless"),
    "passphrase not needed, PKCS #1": (lambda m: m.key_pem(PKCS1) + m.leaf_pem, "needless"),
    "empty passphrase": (lambda m: m.key_pem() + m.leaf_pem, ""),
    "PFX": (lambda m: m.pfx(), None),
    "PFX with passphrase": (lambda m: m.pfx(PASSPHRASE), PASSPHRASE),
    "PFX with chain": (lambda m: m.pfx(PASSPHRASE, chain=True), PASSPHRASE),
}


@pytest.mark.parametrize("name", GOOD)
def test_reads(name: str, material: Material, load: Load) -> None:
    make, passphrase = GOOD[name]
    certificate = load(make(material), passphrase)
    read_key = load_pem_private_key(certificate.private_key.encode(), None)
    assert isinstance(read_key, rsa.RSAPrivateKey)
    assert read_key.private_numbers() == material.key.private_numbers()
    assert x509.load_pem_x509_certificate(certificate.certificate.encode()) == material.leaf
    assert certificate.thumbprint == material.leaf.fingerprint(hashes.SHA1()).hex().upper()
    assert (certificate.not_before, certificate.not_after) == (NOW - timedelta(days=1), NOW + timedelta(days=365))


BAD: dict[str, tuple[Callable[[Material], bytes], str | None, str]] = {
    "no passphrase, PKCS #8": (
        lambda m: m.key_pem(passphrase=PASSPHRASE) + m.leaf_pem,
        None,
        "is encrypted: give certificate_passphrase",
    ),
    "no passphrase, PKCS #1": (
        lambda m: m.key_pem(PKCS1, PASSPHRASE) + m.leaf_pem,
        None,
        "is encrypted: give certificate_passphrase",
    ),
    "wrong passphrase": (
        lambda m: m.key_pem(passphrase=PASSPHRASE) + m.leaf_pem,
        "wrong",
        "wrong certificate_passphrase, or a damaged key",
    ),
    "no passphrase, PFX": (lambda m: m.pfx(PASSPHRASE), None, "give certificate_passphrase"),
    "wrong passphrase, PFX": (lambda m: m.pfx(PASSPHRASE), "wrong", "certificate_passphrase is wrong"),
    "key of another certificate": (lambda m: m.key_pem() + m.stranger_pem, None, "doesn't belong"),
    "no key": (lambda m: m.leaf_pem, None, "no private key"),
    "no key, a passphrase": (lambda m: m.leaf_pem, PASSPHRASE, "no private key"),
    "no certificate": (lambda m: m.key_pem(), None, "no certificate"),
    "PFX without key": (
        lambda m: pkcs12.serialize_key_and_certificates(b"x", None, m.leaf, None, NoEncryption()),
        None,
        "no private key",
    ),
    "elliptic key": (
        lambda m: m.key_pem(key=m.elliptic) + self_signed(m.elliptic, "elliptic").public_bytes(Encoding.PEM),
        None,
        "is not RSA",
    ),
    "damaged key": (lambda m: damaged(m.key_pem()) + m.leaf_pem, None, "damaged"),
    "damaged key, a passphrase": (lambda m: damaged(m.key_pem()) + m.leaf_pem, PASSPHRASE, "damaged"),
    "damaged certificate": (lambda m: m.key_pem() + damaged(m.leaf_pem), None, "damaged"),
    "cut off in the key": (lambda m: m.leaf_pem + m.key_pem()[:200], None, "can't be read"),
    "empty": (lambda m: b"", None, "is empty"),
    "blank": (lambda m: b" \n\n", None, "is empty"),
    "a text": (lambda m: b"hello!", None, "PFX"),
    "random bytes": (lambda m: bytes(range(256)), None, "PFX"),
    "half a PFX": (lambda m: m.pfx()[:300], None, "PFX"),
}


@pytest.mark.parametrize("name", BAD)
def test_refuses(name: str, small: Material, load: Load) -> None:
    make, passphrase, problem = BAD[name]
    data = make(small)
    with pytest.raises(InputError) as caught:
        load(data, passphrase)
    said = caught.value.message
    assert problem in said
    assert "certificate_path" in said or "certificate_content" in said, "the option is named"
    for line in small.key_pem().decode().splitlines()[1:-1]:
        assert line not in said
    assert passphrase != PASSPHRASE or PASSPHRASE not in said


@pytest.mark.parametrize("text", ["not base64!", "%%%%", "ünïcode", "abc"])
def test_a_content_that_is_nothing(text: str) -> None:
    with pytest.raises(InputError, match="neither PEM nor base64") as caught:
        load_text(text, None)
    assert text not in caught.value.message


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"certificate_path .*missing\.pem can't be read: No such file"):
        load_file(str(tmp_path / "missing.pem"), None)
    with pytest.raises(InputError, match="Is a directory"):
        load_file(str(tmp_path), None)


def valid(not_before: timedelta, not_after: timedelta) -> Certificate:
    return Certificate("key", "certificate", "AB12", NOW + not_before, NOW + not_after)


@pytest.mark.parametrize(
    ("not_before", "not_after", "warning"),
    [
        (timedelta(days=-1), timedelta(days=365), ""),
        (timedelta(), timedelta(days=30), ""),
        (timedelta(days=-1), timedelta(days=30, seconds=-1), "expires on"),
        (timedelta(days=-1), timedelta(seconds=1), "expires on"),
    ],
)
def test_the_last_month_warns(not_before: timedelta, not_after: timedelta, warning: str) -> None:
    said = valid(not_before, not_after).check_dates(NOW)
    assert bool(said) is bool(warning)
    assert warning in said
    assert not said or "AB12" in said


@pytest.mark.parametrize(
    ("not_before", "not_after", "problem"),
    [
        (timedelta(days=-9), timedelta(seconds=-1), "AB12 expired on .* upload it to the app registration"),
        (timedelta(seconds=1), timedelta(days=9), "AB12 isn't valid before .* clock"),
    ],
)
def test_out_of_its_time(not_before: timedelta, not_after: timedelta, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        valid(not_before, not_after).check_dates(NOW)


def test_a_key_is_not_shown() -> None:
    assert "hidden key" not in repr(dataclasses.replace(valid(timedelta(), timedelta()), private_key="hidden key"))


def test_what_is_no_path_and_no_passphrase_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be read"):
        load_file("app\0.pem", None)
    (tmp_path / "app.pem").write_text("-----BEGIN")
    with pytest.raises(InputError, match="isn't UTF-8"):
        load_file(str(tmp_path / "app.pem"), "\udcff")


# PEM as other tools hand it on ---------------------------------------------------------------------------------------

WAYS: dict[str, Callable[[str], str]] = {
    "as it is": lambda pem: pem,
    "written line breaks": lambda pem: pem.replace("\n", "\\n"),
    "written twice over": lambda pem: pem.replace("\n", "\\\\n"),
    "written CRLF": lambda pem: pem.replace("\n", "\\r\\n"),
    "CRLF": lambda pem: pem.replace("\n", "\r\n"),
    "CR": lambda pem: pem.replace("\n", "\r"),
    "one line with blanks": lambda pem: pem.replace("\n", " "),
    "one line": lambda pem: pem.replace("\n", ""),
    "indented": lambda pem: "".join(f"    {line}\n" for line in pem.splitlines()),
    "blank lines": lambda pem: pem.replace("\n", "\n\n"),
    "byte order mark": lambda pem: f"\ufeff{pem}",
    "quoted": lambda pem: f'"{pem.strip()}"',
    "quoted, written line breaks": lambda pem: "'" + pem.strip().replace("\n", "\\n") + "'\n",
    "JSON": json.dumps,
    "with the attributes that openssl writes": lambda pem: pem.replace(
        "-----BEGIN C", "Bag Attributes\n    localKeyID: 01 02\nsubject=CN = app\n-----BEGIN C"
    ),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL], ids=["PKCS8", "traditional"])
def test_reads_a_pem_in_any_dress(
    load: Load, small: Material, way: Callable[[str], str], passphrase: str, form: PrivateFormat
) -> None:
    pem = (small.key_pem(form, passphrase) + small.leaf_pem).decode()
    assert load(way(pem).encode(), passphrase or None).thumbprint == load(pem.encode(), passphrase or None).thumbprint


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_passphrase_with_a_line_break_at_its_end(material: Material, tmp_path: Path, end: str) -> None:
    path = tmp_path / "app.pem"
    path.write_bytes(material.key_pem(passphrase=PASSPHRASE) + material.leaf_pem)
    app = {"tenant_id": "contoso.com", "client_id": "cccccccc-1111-2222-3333-444444444444"}
    given = {"certificate_path": str(path), "certificate_passphrase": f"{PASSPHRASE}{end}"}
    assert choose_credential({**app, **given}).kind == "certificate"
    with pytest.raises(InputError, match="certificate_passphrase holds more than one line"):
        choose_credential({**app, **given, "certificate_passphrase": f"{PASSPHRASE}{end}x"})


def test_a_pem_in_base64(material: Material) -> None:
    """As secret stores keep files."""
    pem = material.key_pem() + material.leaf_pem
    assert load_text(base64.b64encode(pem).decode(), None).private_key


@pytest.mark.parametrize("start", ["", "\ufeff", "\n"])
def test_an_encrypted_file_is_named_as_such(tmp_path: Path, start: str) -> None:
    text = f"{start}$ANSIBLE_VAULT;1.1;AES256\n61626364\n"
    path = tmp_path / "app.pem"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"certificate_path .*app\.pem is encrypted by ansible-vault"):
        load_file(str(path), None)
    with pytest.raises(InputError, match="certificate_content is encrypted by ansible-vault"):
        load_text(text, None)
