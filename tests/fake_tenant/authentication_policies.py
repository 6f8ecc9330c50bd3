# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exchange's authentication policies: how they are called, and their rows."""

from __future__ import annotations

from typing import Any

from .state import Tenant, stable_guid

PROTOCOLS = (
    "ActiveSync",
    "Autodiscover",
    "Imap",
    "Mapi",
    "OfflineAddressBook",
    "OutlookService",
    "Pop",
    "Powershell",
    "ReportingWebServices",
    "Rpc",
    "WebServices",
)


def guid(tenant: Tenant, name: str) -> str:
    """The GUID of a policy."""
    return stable_guid(tenant.tenant_id, "authentication policy", name.lower())


def distinguished_name(tenant: Tenant, name: str) -> str:
    """The directory's name of a policy."""
    return (
        f"CN={name},CN=Auth Policies,CN=Configuration,CN={tenant.domain},CN=ConfigurationUnits,"
        "DC=EURPR01A001,DC=PROD,DC=OUTLOOK,DC=COM"
    )


def reference(tenant: Tenant, name: str | None, form: str) -> str | None:
    """How another object's row names a policy: by `name`, `dn` or `guid`; None if it has none."""
    if name is None:
        return None
    return {"name": name, "dn": distinguished_name(tenant, name), "guid": guid(tenant, name)}[form]


def find(tenant: Tenant, identity: str) -> list[str]:
    """The names of the policies that a name, distinguished name or GUID means: one or none."""
    wanted = identity.strip().strip("{}").lower()
    return [
        name
        for name in tenant.organization.authentication_policies
        if wanted in (name.lower(), distinguished_name(tenant, name).lower(), guid(tenant, name))
    ]


def row(tenant: Tenant, name: str) -> dict[str, Any]:
    """What Get-AuthenticationPolicy tells of a policy."""
    return {
        "Name": name,
        "Identity": name,
        "DistinguishedName": distinguished_name(tenant, name),
        "Guid": guid(tenant, name),
        "ExchangeObjectId": guid(tenant, name),
        **{f"AllowBasicAuth{protocol}": False for protocol in PROTOCOLS},
        "AllowBasicAuthSmtp": tenant.organization.authentication_policies[name],
        "OrganizationId": f"{tenant.domain} - {tenant.domain}",
        "WhenChanged": "2026-01-02T03:04:05Z",
    }
