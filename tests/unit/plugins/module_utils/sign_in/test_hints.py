# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about the codes of Entra ID."""

from __future__ import annotations

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.hints import code_in, hint_for


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("AADSTS7000215: Invalid client secret provided.", "AADSTS7000215", "not its ID"),
        ("invalid_client: AADSTS7000222: The provided client secret keys are expired", "AADSTS7000222", "expired"),
        ("AADSTS700016: Application not found", "AADSTS700016", "client_id"),
        ("AADSTS7000112: disabled", "AADSTS7000112", "disabled"),
        ("AADSTS90002: Tenant not found", "AADSTS90002", "tenant_id"),
        ("AADSTS700027: signature", "AADSTS700027", "upload it to the app registration"),
        ("AADSTS700024: not within its valid time range", "AADSTS700024", "clock"),
        ("AADSTS70021: no match", "AADSTS70021", "issuer, subject and audience"),
        ("AADSTS700213: no match", "AADSTS700213", "subject"),
        ("AADSTS53003: blocked", "AADSTS53003", "Conditional Access"),
        ("AADSTS9999999: unheard of", "AADSTS9999999", ""),
        ("AADSTS7000215 after AADSTS90002", "AADSTS7000215", "not its ID"),
        ("no code at all", "", ""),
        ("", "", ""),
    ],
)
def test_code_and_hint(text: str, code: str, hint: str) -> None:
    assert code_in(text) == code
    assert hint in hint_for(text)
    assert bool(hint_for(text)) is bool(hint)
