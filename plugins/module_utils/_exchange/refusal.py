# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Why the service said 401 or 403, as far as the token's own claims tell, in words that an administrator can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._smtp_auth.roles import ADMINISTRATORS, MANAGE_AS_APP, directory_role_names

if TYPE_CHECKING:
    from .._sign_in.claims import Claims

_LOOK_ALIKES = ("Exchange.ManageAsAppV2", "Exchange.AdminAPI.ManageAsApp")


def explain_refusal(claims: Claims, cmdlet: str, *, renewable: bool = True) -> str:
    """One or two sentences: what is likely missing and where to grant it."""
    app = f"app {claims.app_id}" if claims.app_id else "the app"
    if not claims.readable:
        return (
            f"Check that {app} has the application permission {MANAGE_AS_APP} and a directory role such as "
            "Exchange Administrator."
        )
    if MANAGE_AS_APP not in claims.app_roles:
        return _no_app_role(claims, app)
    roles = directory_role_names(claims.directory_roles)
    if not roles:
        return (
            f"The token of {app} carries {MANAGE_AS_APP} but no directory role. Assign Exchange Administrator to its "
            f"service principal"
            f"{_object_id(claims)} in Entra ID, or add it to an Exchange role group whose roles hold {cmdlet}; then "
            f"get a new token "
            "(a new assignment takes minutes to show)."
        )
    held = ", ".join(roles)
    if cmdlet.startswith("Set-") and not any(role in ADMINISTRATORS for role in roles):
        return (
            f"The token of {app} carries the directory role {held}, which isn't known to allow {cmdlet}: "
            "assign Exchange Administrator, or a role group whose roles hold that cmdlet."
        )
    fresh = "a token carries the roles of the moment it was issued, and new ones take minutes to show" + (
        "" if renewable else "; get a new access_token"
    )
    return (
        f"The token of {app} carries {MANAGE_AS_APP} and {held}. Either the assignment is new ({fresh}), or {cmdlet} "
        f"isn't in its role: in Exchange PowerShell, Get-ManagementRole -Cmdlet {cmdlet} tells which roles hold it."
    )


def _no_app_role(claims: Claims, app: str) -> str:
    alike = [role for role in claims.app_roles if role in _LOOK_ALIKES]
    instead = f" It has {', '.join(alike)}, which is another permission." if alike else ""
    return (
        f"The token of {app} doesn't carry the application permission {MANAGE_AS_APP}.{instead} In the app "
        f"registration: API permissions > Add > APIs my organization uses > Office 365 Exchange Online > Application "
        f"permissions > {MANAGE_AS_APP}, then grant admin consent. "
        "A directory role such as Exchange Administrator is needed too."
    )


def _object_id(claims: Claims) -> str:
    return f" (object id {claims.object_id})" if claims.object_id else ""
