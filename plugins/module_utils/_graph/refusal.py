# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Why Microsoft Graph said 401 or 403, as far as the token's own claims tell, and where to grant what is missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._sign_in.claims import Claims

NO_LICENCE = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
_BY_CODE = {"Authentication_ApplicationHasNoDirectoryReadAccess": "Directory.Read.All"}
_NAMED = re.compile(r"permissions?:? +((?:[A-Z][A-Za-z]*(?:\.[A-Z][A-Za-z-]*)+(?:,? (?:and|or) |, ?| |))+)")


def missing_permission(claims: Claims, permission: str, *, code: str, text: str) -> str:
    """The permission that a refusal is about: one that Graph names and the token lacks, or else the one that is known
    to be needed; an empty text where no permission cures it.
    """
    if code == NO_LICENCE:
        return ""
    match = _NAMED.search(text)
    named = re.findall(r"[A-Z][A-Za-z]*(?:\.[A-Z][A-Za-z-]*)+", match.group(1)) if match else []
    if code in _BY_CODE:
        named.append(_BY_CODE[code])
    if permission in named and lacks(claims, permission):
        return permission
    return next((name for name in named if lacks(claims, name)), permission)


def lacks(claims: Claims, permission: str) -> bool:
    """Whether the permission is missing, or may be: an opaque token doesn't tell."""
    return permission not in claims.app_roles


def explain_refusal(claims: Claims, permission: str, *, status: int, kind: str) -> str:
    """One or two sentences. ``permission``: see ``missing_permission``. ``kind``: how the token was had."""
    if not permission:
        return (
            "The tenant has no licence for that: it takes Entra ID P1 or P2, and no permission or consent makes up for "
            "it."
        )
    app = f"app {claims.app_id}" if claims.app_id else "the app"
    wanted = f"the application permission {permission} on Microsoft Graph"
    if not claims.readable:
        return f"Check that {app} has {wanted}. {_grant(permission, kind)}"
    if lacks(claims, permission):
        return f"The token of {app} doesn't carry {wanted}. {_grant(permission, kind)}"
    if status == 401:
        return (
            f"The token of {app} carries {wanted}, which doesn't accept the token: check that cloud and "
            "graph_endpoint are those of the tenant."
        )
    return (
        f"The token of {app} carries {wanted}, so it isn't that: the tenant refuses for another reason, such as a "
        "licence (Entra ID P1 or P2) that it doesn't have."
    )


def _grant(permission: str, kind: str) -> str:
    if kind == "managed_identity":
        return (
            f"A managed identity has no app registration: assign {permission} of Microsoft Graph to its service "
            "principal as an app role (New-MgServicePrincipalAppRoleAssignment). Azure keeps its tokens for up to "
            "24 hours, and only a new one carries it."
        )
    return (
        f"In the app registration: API permissions > Add a permission > Microsoft Graph > Application permissions > "
        f"{permission}, then grant admin consent, and run the task again: only a new token carries it."
    )
