# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of the cmdlets, with the type annotations that the service puts beside the values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from . import authentication_policies
from .dialect import Dialect
from .state import Mailbox, Tenant

Row = dict[str, Any]
Value = Callable[[Mailbox, Tenant], Any]

GUIDS = frozenset({"Guid", "ExchangeGuid", "ExchangeObjectId", "ExternalDirectoryObjectId"})
COLLECTIONS = frozenset({"EmailAddresses", "ObjectClass", "PolicyTags"})
DATES = frozenset({"WhenChanged", "WhenCreated", "WhenChangedUTC", "WhenCreatedUTC"})

_COMMON: dict[str, Value] = {
    "Identity": lambda m, t: m.name,
    "Name": lambda m, t: m.name,
    "DisplayName": lambda m, t: m.display_name,
    "PrimarySmtpAddress": lambda m, t: m.primary_address,
    "EmailAddresses": lambda m, t: list(m.addresses),
    "Guid": lambda m, t: m.guid,
    "ExchangeObjectId": lambda m, t: m.guid,
    "ExternalDirectoryObjectId": lambda m, t: m.object_id,
    "DistinguishedName": lambda m, t: m.distinguished_name(t.domain),
    "LegacyExchangeDN": lambda m, t: m.legacy_dn(),
    "SamAccountName": lambda m, t: m.sam_account_name,
    "OrganizationId": lambda m, t: f"{t.domain} - {t.domain}",
    "WhenChanged": lambda m, t: "2026-01-02T03:04:05Z",
    "WhenCreated": lambda m, t: "2020-01-02T03:04:05Z",
    "WhenChangedUTC": lambda m, t: "2026-01-02T03:04:05Z",
    "WhenCreatedUTC": lambda m, t: "2020-01-02T03:04:05Z",
    "ObjectCategory": lambda m, t: "EURPR01A001.PROD/Configuration/Schema/Person",
    "ObjectClass": lambda m, t: ["top", "person", "organizationalPerson", "user"],
}


def _always(value: Any) -> Value:
    return lambda mailbox, tenant: value


_CAS_FLAGS: dict[str, Any] = {
    "ServerLegacyDN": "/o=ExchangeLabs/ou=Exchange Administrative Group/cn=Configuration/cn=Servers/cn=AM0PR01MB0001",
    "ExchangeVersion": "0.20 (15.0.0.0)",
    "LinkedMasterAccount": "",
    "UniversalOutlookEnabled": True,
    "OutlookMobileEnabled": True,
    "MacOutlookEnabled": True,
    "OneWinNativeOutlookEnabled": True,
    "ECPEnabled": True,
    "OWAEnabled": True,
    "OWAforDevicesEnabled": True,
    "ShowGalAsDefaultView": True,
    "PublicFolderClientAccess": False,
    "IsOptimizedForAccessibility": False,
    "OwaMailboxPolicy": "OwaMailboxPolicy-Default",
    "ImapEnabled": True,
    "ImapUseProtocolDefaults": True,
    "ImapMessagesRetrievalMimeFormat": "BestBodyFormat",
    "ImapForceICalForCalendarRetrievalOption": False,
    "PopEnabled": True,
    "PopUseProtocolDefaults": True,
    "PopMessagesRetrievalMimeFormat": "BestBodyFormat",
    "PopForceICalForCalendarRetrievalOption": False,
    "MAPIEnabled": True,
    "MAPIBlockOutlookExternalConnectivity": False,
    "EwsEnabled": None,
    "EwsAllowOutlook": None,
    "EwsAllowMacOutlook": None,
    "EwsAllowEntourage": None,
    "EwsApplicationAccessPolicy": None,
    "ActiveSyncEnabled": True,
    "ActiveSyncMailboxPolicy": "Default",
    "ActiveSyncMailboxPolicyIsDefaulted": True,
    "ActiveSyncDebugLogging": False,
    "HasActiveSyncDevicePartnership": False,
    "ExternalImapSettings": None,
    "InternalImapSettings": None,
    "ExternalPopSettings": None,
    "InternalPopSettings": None,
    "ExternalSmtpSettings": None,
    "InternalSmtpSettings": None,
}

_WITH_UPN: dict[str, Value] = {
    "UserPrincipalName": lambda m, t: m.user_principal_name,
    "Alias": lambda m, t: m.alias,
}

CAS_MAILBOX: dict[str, Value] = {
    **_COMMON,
    "SmtpClientAuthenticationDisabled": lambda m, t: m.read_smtp_disabled(),
    **{name: _always(value) for name, value in _CAS_FLAGS.items()},
}

MAILBOX: dict[str, Value] = {
    **_COMMON,
    **_WITH_UPN,
    "ExchangeGuid": lambda m, t: m.exchange_guid,
    "RecipientType": _always("UserMailbox"),
    "RecipientTypeDetails": lambda m, t: m.recipient_type,
    "IsMailboxEnabled": _always(True),
    "AccountDisabled": lambda m, t: not m.account_enabled,
    "ProhibitSendQuota": _always("99 GB (106,300,440,576 bytes)"),
}

# RecipientType by RecipientTypeDetails, where it isn't UserMailbox.
_WITHOUT_MAILBOX = {"User": "User", "DisabledUser": "User", "MailUser": "MailUser", "GuestMailUser": "MailUser"}
USER: dict[str, Value] = {
    **_COMMON,
    "UserPrincipalName": lambda m, t: m.user_principal_name,
    "RecipientType": lambda m, t: _WITHOUT_MAILBOX.get(m.recipient_type, "UserMailbox"),
    "RecipientTypeDetails": lambda m, t: m.recipient_type,
    "AuthenticationPolicy": lambda m, t: m.authentication_policy,  # or as the dialect says
    "AccountDisabled": lambda m, t: not m.account_enabled,
}
for _absent in ("PrimarySmtpAddress", "EmailAddresses"):
    del USER[_absent]
USER["WindowsEmailAddress"] = _COMMON["PrimarySmtpAddress"]


def recipient_properties(cmdlet: str, dialect: Dialect) -> dict[str, Value]:
    """Property name -> how to read it, for a cmdlet that returns recipients."""
    if cmdlet == "Get-CASMailbox":
        return {**CAS_MAILBOX, **_WITH_UPN} if dialect.cas_row_has_upn else CAS_MAILBOX
    if cmdlet == "Get-Mailbox":
        return MAILBOX
    form = dialect.policy_reference
    return {
        **USER,
        "AuthenticationPolicy": lambda m, t: authentication_policies.reference(t, m.authentication_policy, form),
    }


def recipient_rows(
    mailboxes: Iterable[Mailbox], tenant: Tenant, properties: dict[str, Value], select: list[str] | None
) -> list[Row]:
    """One annotated row for each mailbox, all properties or the selected ones."""
    names = list(properties) if select is None else select
    readers = [(name, properties[name], name + "@odata.type", name + "@data.type") for name in names]
    return [_row(readers, mailbox, tenant) for mailbox in mailboxes]


def _row(readers: list[tuple[str, Value, str, str]], mailbox: Mailbox, tenant: Tenant) -> Row:
    row: Row = {}
    for name, read, odata, data in readers:
        value = read(mailbox, tenant)
        _annotate(row, name, value, odata, data)
        row[name] = value
    return row


def plain_row(values: Row, select: list[str] | None) -> Row:
    """The annotated row of an object that is no recipient."""
    row: Row = {}
    for name, value in values.items():
        if select is None or name in select:
            _annotate(row, name, value, name + "@odata.type", name + "@data.type")
            row[name] = value
    return row


def _annotate(row: Row, name: str, value: Any, odata: str, data: str) -> None:
    if name in GUIDS:
        row[data] = "System.Guid"
        row[odata] = "#Guid"
    elif name in COLLECTIONS:
        row[odata] = "#Collection(String)"
    elif name in DATES:
        row[data] = "System.DateTime"
    elif value is True or value is False:
        row[data] = "System.Boolean"
