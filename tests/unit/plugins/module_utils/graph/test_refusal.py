# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a refusal of Graph is explained with, by what the token carries."""

from __future__ import annotations

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._graph.refusal import (
    NO_LICENCE,
    explain_refusal,
    lacks,
    missing_permission,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.claims import Claims

NEEDED = "Policy.Read.All"
WITH = Claims(readable=True, app_id="the-app-id", app_roles=("User.Read.All", NEEDED))
WITHOUT = Claims(readable=True, app_id="the-app-id", app_roles=("User.Read.All",))
OPAQUE = Claims()

MISSING = "doesn't carry"
UNCLEAR = "Check that"
NOT_ACCEPTED = "doesn't accept the token"
OTHERWISE = "it isn't that"


@pytest.mark.parametrize(
    ("claims", "status", "cause"),
    [
        (WITHOUT, 403, MISSING),
        (WITHOUT, 401, MISSING),
        (OPAQUE, 403, UNCLEAR),
        (OPAQUE, 401, UNCLEAR),
        (WITH, 401, NOT_ACCEPTED),
        (WITH, 403, OTHERWISE),
    ],
)
def test_names_the_likely_cause(claims: Claims, status: int, cause: str) -> None:
    said = explain_refusal(claims, NEEDED, status=status, kind="certificate")
    assert [other for other in (MISSING, UNCLEAR, NOT_ACCEPTED, OTHERWISE) if other in said] == [cause]
    assert f"the application permission {NEEDED} on Microsoft Graph" in said
    assert ("app the-app-id" in said) is claims.readable
    assert lacks(claims, NEEDED) is (cause in (MISSING, UNCLEAR))
    assert ("grant admin consent" in said) is lacks(claims, NEEDED)


@pytest.mark.parametrize("claims", [WITHOUT, OPAQUE])
def test_a_managed_identity_has_no_app_registration(claims: Claims) -> None:
    said = explain_refusal(claims, NEEDED, status=403, kind="managed_identity")
    assert f"assign {NEEDED} of Microsoft Graph to its service principal" in said
    assert "admin consent" not in said


LIVE = "Calling principal does not have required MSGraph permissions AuditLog.Read.All"


@pytest.mark.parametrize(
    ("claims", "code", "text", "permission"),
    [
        (WITHOUT, "", "", NEEDED),
        (WITHOUT, "", LIVE, "AuditLog.Read.All"),
        (WITHOUT, "", f"{LIVE}.", "AuditLog.Read.All"),
        (WITH, "", LIVE, "AuditLog.Read.All"),
        (OPAQUE, "", LIVE, "AuditLog.Read.All"),
        (WITHOUT, "", LIVE.replace("AuditLog", "User"), NEEDED),
        (WITHOUT, "", f"{LIVE}, {NEEDED}", NEEDED),
        (WITHOUT, "", f"{LIVE} and Other.Read.All", "AuditLog.Read.All"),
        (WITHOUT, "", "You have no permissions here. Ask User.Example.", NEEDED),
        (WITHOUT, "Authentication_ApplicationHasNoDirectoryReadAccess", "", "Directory.Read.All"),
        (WITHOUT, NO_LICENCE, "Neither tenant is B2C or tenant doesn't have premium license", ""),
        (WITH, NO_LICENCE, "", ""),
    ],
)
def test_the_permission_is_the_one_that_graph_names(claims: Claims, code: str, text: str, permission: str) -> None:
    assert missing_permission(claims, NEEDED, code=code, text=text) == permission


def test_no_grant_makes_up_for_a_licence() -> None:
    said = explain_refusal(WITHOUT, "", status=403, kind="certificate")
    assert "Entra ID P1 or P2" in said
    assert "grant" not in said
    assert "API permissions" not in said
