# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be known of a token for SMTP before it is sent."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import InputError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.smtp_token import (
    checked_smtp_token,
    lacking_permission,
)

SCOPE = "https://outlook.office365.com/.default"


def token(**claims: Any) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "c2ln"])


@pytest.mark.parametrize(
    "audience",
    ["https://outlook.office365.com", "https://outlook.office365.com/", "https://outlook.office.com", None],
)
def test_a_token_for_exchange(audience: str | None) -> None:
    given = token(aud=audience, exp=2000) if audience else "opaque"
    assert checked_smtp_token(f"\n {given}\n", SCOPE, 1000) == given


REFUSED = {
    "for Graph": (token(aud="https://graph.microsoft.com"), "is for https://graph.microsoft.com, not for Exchange"),
    "expired": (token(aud="https://outlook.office.com", exp=1000), "expired at 1970-01-01 00:16 UTC"),
    "two words": ("Bearer abc", "white space"),
    "blank": (" ", "blank"),
}


@pytest.mark.parametrize(("given", "expected"), REFUSED.values(), ids=REFUSED)
def test_tokens_that_are_not_sent(given: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        checked_smtp_token(given, SCOPE, 1000)
    assert expected in caught.value.message
    assert given.strip()[8:] not in caught.value.message or not given.strip()[8:]


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"roles": ["SMTP.SendAsApp", "Exchange.ManageAsApp"]}, ""),
        ({"roles": ["Exchange.ManageAsApp"]}, "SMTP.SendAsApp"),
        ({}, "SMTP.SendAsApp"),
        ({"scp": "SMTP.Send offline_access"}, ""),
        ({"scp": "Mail.Send"}, "SMTP.Send (delegated)"),
    ],
)
def test_what_a_token_lacks(claims: dict[str, Any], expected: str) -> None:
    assert lacking_permission(token(**claims)) == expected


def test_an_opaque_token_does_not_tell() -> None:
    assert lacking_permission("opaque") == ""
