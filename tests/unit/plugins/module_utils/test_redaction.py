# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever others put into a text, no secret leaves."""

from __future__ import annotations

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._redaction import HIDDEN, redact

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
