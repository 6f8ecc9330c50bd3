# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The roles that an app may hold in Entra ID, as far as they count for Exchange."""

from __future__ import annotations

from collections.abc import Iterable

MANAGE_AS_APP = "Exchange.ManageAsApp"  # the application permission without which Exchange lets no app in
ADMINISTRATORS = ("Global Administrator", "Exchange Administrator")  # who surely may write what is written here

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


def directory_role_names(ids: Iterable[str]) -> list[str]:
    """The names of the directory roles that a token carries; the id of one that isn't known here."""
    held = [role.lower() for role in ids]
    return [_DIRECTORY_ROLES.get(role, role) for role in dict.fromkeys(held) if role != _NO_ROLE]
