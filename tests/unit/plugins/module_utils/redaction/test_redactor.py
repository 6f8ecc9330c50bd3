# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever others put into a text, no secret leaves."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._redaction.redactor import (
    HIDDEN,
    Redactor,
    redact,
)

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJ0aWQiOiJ4In0.c2lnbmF0dXJl-_"


@pytest.mark.parametrize(
    ("text", "secrets", "expected"),
    [
        ("nothing here", [], "nothing here"),
        ("the value S3cr3t~ is wrong", ["S3cr3t~"], f"the value {HIDDEN} is wrong"),
        ("S3cr3t~S3cr3t~", ["S3cr3t~"], HIDDEN * 2),
        ("a.*b", ["a.*b"], HIDDEN),
        ("axxb", ["a.*b"], "axxb"),
        ("abcdefgh", ["abcd", "abcdefgh"], HIDDEN),
        ("abcdefgh", ["abcdefgh", "abcd"], HIDDEN),
        ("an on", ["n"], "an on"),
        (f"token {TOKEN} refused", [], f"token {HIDDEN} refused"),
        (f"'{TOKEN}'", [], f"'{HIDDEN}'"),
        (TOKEN.rpartition(".")[0] + ".", [], HIDDEN),
        ("Authorization: Bearer abcdefghijklmnop0123", [], f"Authorization: Bearer {HIDDEN}"),
        ("bearer  opaque~token/with+all=the.rest_", [], f"bearer  {HIDDEN}"),
        ("Bearer of news", [], "Bearer of news"),
    ],
)
def test_takes_secrets_out(text: str, secrets: list[str], expected: str) -> None:
    assert redact(text, secrets) == expected


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "ENCRYPTED "])
@pytest.mark.parametrize("cut", [False, True])
def test_takes_private_keys_out(kind: str, cut: bool) -> None:
    key = f"-----BEGIN {kind}PRIVATE KEY-----\nMIIE\nvQIB\n"
    text = f"before {key}" + ("" if cut else f"-----END {kind}PRIVATE KEY----- after")
    assert redact(text) == f"before {HIDDEN}" + ("" if cut else " after")


def test_a_certificate_is_no_secret() -> None:
    text = "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----"
    assert redact(text) == text


# Forms ---------------------------------------------------------------------------------------------------------------

SECRETS = {
    "client secret": "Zx8~Q.abc_def-ghi+jkl/mno=pqr%stu&vwx",
    "with quotes": 'it\'s "quoted" \\ and <tagged>',
    "with letters beyond ASCII": "pässwörd-€uro",
    "short": "k7%&/9",
    "token": TOKEN.replace("c2lnbmF0dXJl-_", "c2lnbmF0dXJl-_" * 9),
    "opaque token": "opaque/token+of-somebody==",
}


def escaped_for_json(text: str) -> str:
    """Every character as an escape, as JSON allows."""
    return "".join(f"\\u{ord(character):04x}" for character in text)


def wrapped(text: str, width: int) -> list[str]:
    return [text[place : place + width] for place in range(0, len(text), width)]


def basic(text: str) -> str:
    return base64.b64encode(f"user:{text}".encode()).decode()


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "percent": lambda text: quote(text, safe=""),
    "percent, all of it": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "form": quote_plus,
    "percent, twice": lambda text: quote(quote(text, safe=""), safe=""),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON with escaped slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON, all of it": escaped_for_json,
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "JSON of a form": lambda text: json.dumps(quote_plus(text)),
    "HTML": html.escape,
    "HTML by numbers": lambda text: "".join(f"&#{ord(character)};" for character in text),
    "HTML by hexadecimal numbers": lambda text: "".join(f"&#x{ord(character):X};" for character in text),
    "Python": repr,
    "Python's bytes": lambda text: repr(text.encode()),
    "Python's ascii": ascii,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs, without padding": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 in a URL": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
    "Basic": lambda text: f"Basic {basic(text)}",
    "Basic, another user": lambda text: base64.b64encode(f"x:{text}".encode()).decode(),
    "Basic, without a user": lambda text: base64.b64encode(f":{text}".encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "upper hexadecimal": lambda text: text.encode().hex().upper(),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "base32 in small letters, without padding": lambda text: (
        base64.b32encode(text.encode()).decode().rstrip("=").lower()
    ),
    "base32, another user": lambda text: base64.b32encode(f"x:{text}".encode()).decode(),
    "base64, twice": lambda text: base64.b64encode(basic(text).encode()).decode(),
    "base64, twice, for URLs": lambda text: base64.urlsafe_b64encode(base64.urlsafe_b64encode(text.encode())).decode(),
    "UTF-16": lambda text: text.encode("utf-16-le").decode("latin-1"),
    "UTF-16, the other way round": lambda text: text.encode("utf-16-be").decode("latin-1"),
    "UTF-16 in JSON": lambda text: json.dumps(text.encode("utf-16-le").decode("latin-1"))[1:-1],
    "UTF-16 in Python": lambda text: repr(text.encode("utf-16")),
    "UTF-16 in hexadecimal": lambda text: text.encode("utf-16-le").hex(),
    "UTF-16 in base64, as PowerShell takes it": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "wrapped": lambda text: "\r\n ".join(wrapped(text, 8)),
    "wrapped base64": lambda text: "\n".join(wrapped(basic(text), 20)),
}


def pieces(secret: str) -> list[str]:
    """Stretches of a secret, any of which tells too much."""
    size = min(len(secret), 16)
    return [secret[place : place + size] for place in range(len(secret) - size + 1)]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_knows_every_form(secret: str, form: Callable[[str], str]) -> None:
    written = form(secret)
    said = redact(f"The value [{written}] isn't right", [secret])
    assert HIDDEN in said
    assert said.startswith("The value [")
    assert said.endswith("] isn't right")
    rest = said.removeprefix("The value [").removesuffix("] isn't right")
    assert not any(piece in rest for piece in pieces(written)), rest


@pytest.mark.parametrize("part", [1, 2], ids=["claims", "signature"])
def test_a_part_of_a_token_is_hidden_too(part: int) -> None:
    token = SECRETS["token"]
    shown = token.split(".")[part]
    assert redact(f"bad signature {shown}!", [token]) == f"bad signature {HIDDEN}!"


@pytest.mark.parametrize(
    "secret", ["Zx8~Q.abc_def-ghi+jkl/mno=pqr", SECRETS["token"], "0123456789abcdefghijklmnopqrst"]
)
def test_a_secret_that_was_cut_off(secret: str) -> None:
    """By the limit of what is shown of a text."""
    assert redact(f"x {secret[:-3]}", [secret]) == f"x {HIDDEN}"
    assert redact(f"{secret[3:]} x", [secret]) == f"{HIDDEN} x"
    assert redact(f"{secret[:20]} and more", [secret]) == f"{HIDDEN} and more"


def test_a_key_is_known_by_its_lines() -> None:
    lines = [f"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC{number:04}" for number in range(5)]
    for pem in ("\n".join(["-----BEGIN PRIVATE KEY-----", *lines]), "\\n".join(lines)):
        assert redact(f"line {lines[2]} of it", [pem]) == f"line {HIDDEN} of it"
        assert redact("-----BEGIN CERTIFICATE-----", [pem]) == "-----BEGIN CERTIFICATE-----"


@pytest.mark.parametrize("secret", ["P@ss\\new1", "back\\slash\\n$x{y}z", "C:\\reports\\nightly"])
def test_a_backslash_in_a_secret_ends_no_line(secret: str) -> None:
    """It was taken for the two characters that stand for a line break, and what was left was too short to look for."""
    forms = (secret, json.dumps(secret)[1:-1], quote(secret, safe=""), base64.b64encode(secret.encode()).decode())
    for form in forms:
        assert redact(f"says {form} here", [secret]) == f"says {HIDDEN} here"


@pytest.mark.parametrize("end", ["\n", "\r\n", " "])
def test_a_secret_is_known_without_the_line_break_that_it_came_with(end: str) -> None:
    assert redact("not hunter2secret!", [f"hunter2secret{end}"]) == f"not {HIDDEN}!"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Failed to parse: http://user:p4ss@proxy:8080/", f"Failed to parse: http://{HIDDEN}@proxy:8080/"),
        ("http://user:p@ss@proxy", f"http://{HIDDEN}@proxy"),
        ("https://host:443/a@b and a:b@c", "https://host:443/a@b and a:b@c"),
    ],
)
def test_a_password_in_an_address(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_half_a_character_is_no_obstacle() -> None:
    assert redact("a\ud800b") == "a?b"


def test_goes_through_what_a_result_holds() -> None:
    shared = {"reason": "no hunter2secret"}
    value = {"a": ["hunter2secret", 1, None, True, 1.5], "b": [shared, shared], "c": ("x", "hunter2secret")}
    clean = Redactor(["hunter2secret"]).value(value)
    assert clean == {
        "a": [HIDDEN, 1, None, True, 1.5],
        "b": [{"reason": f"no {HIDDEN}"}] * 2,
        "c": ["x", HIDDEN],
    }
    assert clean["b"][0] is clean["b"][1]


@pytest.mark.parametrize("form", ["as it is", "percent", "base64", "JSON, all of it"])
def test_finds_one_among_many(form: str) -> None:
    """Lists are looked at in batches, and only a batch that holds something is gone through."""
    secret = SECRETS["client secret"]
    rows: list[dict[str, object]] = [{"name": f"R&D {number}%", "n": number} for number in range(2000)]
    rows[1234] = {"name": f"I am {FORMS[form](secret)}!", "n": 1234}
    clean = Redactor([secret]).value({"mailboxes": rows})["mailboxes"]
    assert clean[1234] == {"name": f"I am {HIDDEN}!", "n": 1234}
    assert [row for row in clean if row["n"] != 1234] == [row for row in rows if row["n"] != 1234]
    long = "\n".join(f"{row['name']}: enabled" for row in rows) * 10
    assert Redactor([secret]).text(long).count(HIDDEN) == 10


def test_a_list_without_secrets_takes_few_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of as many rows as a result has at most in AWX."""
    looks: list[str] = []
    look = Redactor._concerns
    monkeypatch.setattr(Redactor, "_concerns", lambda self, text: looks.append(text) or look(self, text))
    rows = [{"name": f"user{number}@x.example", "state": "enabled"} for number in range(500)]
    assert Redactor([SECRETS["client secret"]]).value({"mailboxes": rows}) == {"mailboxes": rows}
    assert len(looks) == 10


def test_what_holds_no_secret_stays_the_same_object() -> None:
    text = "R&D 100% \\o/ https://outlook.office365.com"
    assert Redactor([SECRETS["client secret"]]).text(text) is text
