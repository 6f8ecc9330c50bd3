# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The claims that are read from an access token, and that anything else is simply unreadable."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.claims import Claims, read_claims


def part(content: Any) -> str:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def token(content: Any) -> str:
    return f"{part({'alg': 'none'})}.{part(content)}.signature"


def test_reads_the_claims() -> None:
    claims = read_claims(
        token(
            {
                "tid": "T",
                "aud": "https://outlook.office365.com",
                "appid": "A",
                "oid": "O",
                "exp": 1767225600,
                "roles": ["Exchange.ManageAsApp"],
                "wids": ["W"],
            }
        )
    )
    assert claims == Claims(
        readable=True,
        tenant="T",
        audience="https://outlook.office365.com",
        app_id="A",
        object_id="O",
        expires=1767225600.0,
        app_roles=("Exchange.ManageAsApp",),
        directory_roles=("W",),
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({}, Claims(readable=True)),
        ({"azp": "second version"}, Claims(readable=True, app_id="second version")),
        ({"roles": "one", "wids": None, "tid": 5, "exp": "soon"}, Claims(readable=True)),
        ({"roles": ["one", 2, None]}, Claims(readable=True, app_roles=("one",))),
        ({"tid": "é ü"}, Claims(readable=True, tenant="é ü")),
    ],
)
def test_odd_claims_count_as_absent(content: dict[str, Any], expected: Claims) -> None:
    assert read_claims(token(content)) == expected


@pytest.mark.parametrize("padding", range(4))
def test_any_length_is_decoded(padding: int) -> None:
    assert read_claims(token({"tid": "x" * padding})).tenant == "x" * padding


@pytest.mark.parametrize(
    "text",
    [
        "",
        "opaque",
        "a.b",
        "a.b.c",
        "a.b.c.d.e",
        "..",
        f"{part({})}.{part(b'no json')}.s",
        f"{part({})}.{part([1, 2])}.s",
        f"{part({})}.{part('text')}.s",
        f"{part({})}.{part(bytes([0xFF, 0xFE]))}.s",
        "é.é.é",
    ],
)
def test_anything_else_is_unreadable(text: str) -> None:
    assert read_claims(text) == Claims()


def test_an_end_beyond_all_time_is_no_end() -> None:
    payload = base64.urlsafe_b64encode(json.dumps({"exp": 10**400}).encode()).decode().rstrip("=")
    assert read_claims(f"e30.{payload}.x").expires == 0
