# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hand-made default tenant: few mailboxes, each there for a reason."""

from __future__ import annotations

from typing import Any

DEFAULT_TENANT_ID = "c0ffee00-1111-4222-8333-444455556666"
DEFAULT_DOMAIN = "contoso.onmicrosoft.com"

EXCHANGE_ADMINISTRATOR = "29232cdf-9323-42fd-ade2-1d097af3e4de"
EXCHANGE_RECIPIENT_ADMINISTRATOR = "31392ffb-586c-42d1-9346-e59415a2cc4e"
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
GLOBAL_READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
SECURITY_READER = "5d6b6bb7-de71-4623-b4af-96380a352509"

MANAGE_AS_APP = "Exchange.ManageAsApp"
SMTP_SEND_AS_APP = "SMTP.SendAsApp"
GRAPH_ROLES = ["Policy.Read.All", "AuditLog.Read.All", "User.Read.All", "Directory.Read.All"]
CERTIFICATES = ["registered", "expired"]
SUBJECT = "repo:contoso/mail:ref:refs/heads/main"


def _app(directory_roles: list[str], **more: Any) -> dict[str, Any]:
    return {
        "certificates": CERTIFICATES,
        "exchange_roles": [MANAGE_AS_APP],
        "graph_roles": GRAPH_ROLES,
        "directory_roles": directory_roles,
        **more,
    }


DEFAULT_APPS: dict[str, dict[str, Any]] = {
    "good": _app(
        [EXCHANGE_ADMINISTRATOR],
        exchange_roles=[MANAGE_AS_APP, SMTP_SEND_AS_APP],
        federations=[{"subject": SUBJECT}],
        full_access=["*"],
    ),
    "no_app_role": _app([], exchange_roles=[], graph_roles=[]),
    "no_directory_role": _app([]),
    "reader": _app([GLOBAL_READER]),
    "recipient_administrator": _app([EXCHANGE_RECIPIENT_ADMINISTRATOR]),
    "security_reader": _app([SECURITY_READER]),
    "role_group": _app(
        [], role_group_cmdlets=["Get-CASMailbox", "Set-CASMailbox", "Get-Mailbox", "Get-TransportConfig"]
    ),
    "no_graph": _app([EXCHANGE_ADMINISTRATOR], graph_roles=[]),
    "managed_identity": _app([EXCHANGE_ADMINISTRATOR], certificates=[], managed_identity=True),
}

DEFAULT_ORGANIZATION: dict[str, Any] = {
    "smtp_disabled": True,
    "authentication_policies": {"Block Basic": False, "Allow Basic SMTP": True},
}

# They are in the directory, and no cmdlet about mailboxes knows them.
DEFAULT_USERS_WITHOUT_MAILBOX: list[dict[str, Any]] = [
    {
        "user_principal_name": "gina_adatum.com#EXT#@{domain}",
        "address": "gina@adatum.com",
        "display_name": "Gina Guest",
        "recipient_type": "GuestMailUser",
    },
    {"user_principal_name": "admin.alice@{domain}", "display_name": "Alice Andersson (administrator)"},
    {
        "user_principal_name": "retired.rita@{domain}",
        "display_name": "Rita Retired",
        "account_enabled": False,
        "authentication_policy": "Block Basic",
    },
]

DEFAULT_MAILBOXES: list[dict[str, Any]] = [
    {"address": "alice@{domain}", "display_name": "Alice Andersson", "state": "enabled", "password": "alice-password"},
    {"address": "bob@{domain}", "display_name": "Bob Brown", "state": "disabled", "password": "bob-password"},
    {"address": "carol@{domain}", "display_name": "Carol Chen", "state": "inherit", "password": "carol-password"},
    # Several addresses: a secondary one on the custom domain, one more on the initial one.
    {
        "address": "dave@{custom}",
        "secondary": ["dave@{domain}", "d.dupont@{custom}"],
        "user_principal_name": "dave@{custom}",
        "display_name": "Dave Dupont",
        "state": "enabled",
        "password": "dave-password",
    },
    # The sign-in name is none of the addresses, and the alias is not its local part.
    {
        "address": "erin.married@{custom}",
        "user_principal_name": "erin.maiden@{domain}",
        "alias": "emaiden",
        "name": "Erin Maiden",
        "display_name": "Erin Married",
        "state": "disabled",
    },
    {
        "address": "support@{custom}",
        "display_name": "Support",
        "recipient_type": "SharedMailbox",
        "account_enabled": False,
        "licensed": False,
        "state": "inherit",
    },
    {
        "address": "room.1@{domain}",
        "display_name": "Room 1",
        "recipient_type": "RoomMailbox",
        "account_enabled": False,
        "licensed": False,
    },
    # "reception" is the alias of the one and the name of the other.
    {"address": "reception@{domain}", "alias": "reception", "name": "Reception Nord", "state": "inherit"},
    {"address": "reception.south@{custom}", "alias": "recsouth", "name": "reception", "state": "enabled"},
    # What a report, a spreadsheet or a terminal may trip over.
    {
        "address": "o'neil+printer@{domain}",
        "alias": "oneil",
        "name": "oneil",
        "display_name": '=HYPERLINK("https://example.com") <b>Ö\'Neil</b> & 打印机 | \u202e\u0007',
        "state": "enabled",
    },
    {
        "address": "frank@{domain}",
        "display_name": "Frank Fischer",
        "state": "enabled",
        "authentication_policy": "Block Basic",
        "password": "frank-password",
    },
    {
        "address": "DiscoverySearchMailbox{D919BA05-46A6-415f-80AD-7E09334BB852}@{domain}",
        "display_name": "Discovery Search Mailbox",
        "recipient_type": "DiscoveryMailbox",
        "account_enabled": False,
        "licensed": False,
    },
    {
        "address": "SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@{domain}",
        "display_name": "Microsoft Exchange",
        "recipient_type": "ArbitrationMailbox",
        "account_enabled": False,
        "licensed": False,
    },
]
