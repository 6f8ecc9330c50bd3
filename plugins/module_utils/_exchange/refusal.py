# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Why the service said 401 or 403, as far as the token's own claims tell, in words that an administrator can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._sign_in.claims import Claims

APP_ROLE = "Exchange.ManageAsApp"
_LOOK_ALIKES = ("Exchange.ManageAsAppV2", "Exchange.AdminAPI.ManageAsApp")

# Template ids of the Entra roles that Microsoft names for app-only Exchange access (Entra built-in roles reference).
_DIRECTORY_ROLES = {
    "62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
    "29232cdf-9323-42fd-ade2-1d097af3e4de": "Exchange Administrator",
    "31392ffb-586c-42d1-9346-e59415a2cc4e": "Exchange Recipient Administrator",
    "f2ef992c-3afb-46b9-b7cf-a126ee74c451": "Global Reader",
    "17315797-102d-40b4-93e0-432062caca18": "Compliance Administrator",
    "729827e3-9c14-49f7-bb1b-9608f156bbb8": "Helpdesk Administrator",
    "194ae4cb-b126-40b2-bd5b-6091b380977d": "Security Administrator",
    "5d6b6bb7-de71-4623-b4af-96380a352509": "Security Reader",
}
# In the ``wids`` of every app-only token, with and without directory roles; it is none itself.
_NO_ROLE = "0997a1d0-0d1d-4acb-b408-d5ca73121e90"
_MAY_WRITE = ("Global Administrator", "Exchange Administrator")


def explain_refusal(claims: Claims, cmdlet: str, *, renewable: bool = True) -> str:
    """One or two sentences: what is likely missing and where to grant it."""
    app = f"app {claims.app_id}" if claims.app_id else "the app"
    if not claims.readable:
        return (
            f"Check that {app} has the application permission {APP_ROLE} and a directory role such as "
            "Exchange Administrator."
        )
    if APP_ROLE not in claims.app_roles:
        return _no_app_role(claims, app)
    held_ids = [role.lower() for role in claims.directory_roles if role.lower() != _NO_ROLE]
    roles = [_DIRECTORY_ROLES.get(role, role) for role in held_ids]
    if not roles:
        return (
            f"The token of {app} carries {APP_ROLE} but no directory role. Assign Exchange Administrator to its "
            f"service principal"
            f"{_object_id(claims)} in Entra ID, or add it to an Exchange role group whose roles hold {cmdlet}; then "
            f"get a new token "
            "(a new assignment takes minutes to show)."
        )
    held = ", ".join(roles)
    if cmdlet.startswith("Set-") and not any(role in _MAY_WRITE for role in roles):
        return (
            f"The token of {app} carries the directory role {held}, which isn't known to allow {cmdlet}: "
            "assign Exchange Administrator, or a role group whose roles hold that cmdlet."
        )
    fresh = "a token carries the roles of the moment it was issued, and new ones take minutes to show" + (
        "" if renewable else "; get a new access_token"
    )
    return (
        f"The token of {app} carries {APP_ROLE} and {held}. Either the assignment is new ({fresh}), or {cmdlet} isn't "
        f"in its role: in "
        f"Exchange PowerShell, Get-ManagementRole -Cmdlet {cmdlet} tells which roles hold it."
    )


def _no_app_role(claims: Claims, app: str) -> str:
    alike = [role for role in claims.app_roles if role in _LOOK_ALIKES]
    instead = f" It has {', '.join(alike)}, which is another permission." if alike else ""
    return (
        f"The token of {app} doesn't carry the application permission {APP_ROLE}.{instead} In the app registration: "
        f"API permissions > Add > "
        f"APIs my organization uses > Office 365 Exchange Online > Application permissions > {APP_ROLE}, then grant "
        f"admin consent. "
        "A directory role such as Exchange Administrator is needed too."
    )


def _object_id(claims: Claims) -> str:
    return f" (object id {claims.object_id})" if claims.object_id else ""
