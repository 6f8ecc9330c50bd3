# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What to do about the codes with which Entra ID refuses a sign-in (AADSTS..., documented by Microsoft)."""

from __future__ import annotations

import re

_CODE = re.compile(r"AADSTS(\d+)")

_HINTS = {
    "7000215": "The client secret is wrong. Give the secret's value, not its ID, and check that it is this app's.",
    "7000222": "The client secret has expired. Make a new one in the app registration, or use a certificate.",
    "700016": "No app with this client_id is in this tenant. Check client_id and tenant_id; an app of another tenant "
    "needs consent here first.",
    "7000112": "The app is disabled in this tenant. Enable its service principal (Enterprise applications > "
    "Properties).",
    "90002": "There is no such tenant in this cloud. Check tenant_id, and cloud for a national cloud.",
    "900023": "tenant_id is neither a GUID nor a domain that Entra ID knows.",
    "700027": "The certificate isn't accepted for this app: upload it to the app registration (Certificates & "
    "secrets), and check that it "
    "hasn't expired.",
    "700024": "The client assertion isn't valid at this time. Check this machine's clock, or renew the federated "
    "token.",
    "70021": "No federated identity credential of the app matches the token's issuer, subject and audience.",
    "700211": "No federated identity credential of the app matches the token's issuer.",
    "700212": "No federated identity credential of the app matches the token's audience (api://AzureADTokenExchange).",
    "700213": "No federated identity credential of the app matches the token's subject.",
    "500011": "The tenant has no such service: check cloud, and that the tenant has Exchange Online.",
    "53003": "A Conditional Access policy for workload identities blocks this app.",
    "50034": "The app or account doesn't exist in this tenant.",
    "7000229": "The app has no service principal in this tenant: grant admin consent there first.",
}


def code_in(text: str) -> str:
    """The first AADSTS code in a text, as ``AADSTS7000215``, or an empty text."""
    match = _CODE.search(text)
    return match.group(0) if match else ""


def hint_for(text: str) -> str:
    """What to do about the first AADSTS code in a text, or an empty text."""
    match = _CODE.search(text)
    return _HINTS.get(match.group(1), "") if match else ""
