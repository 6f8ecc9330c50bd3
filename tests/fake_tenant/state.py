# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a tenant holds: mailboxes, apps, the organization's settings. Plain data, no HTTP."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

STATE_TO_DISABLED: dict[str, bool | None] = {"enabled": False, "disabled": True, "inherit": None}
DISABLED_TO_STATE = {value: name for name, value in STATE_TO_DISABLED.items()}

UNLISTED_TYPES = frozenset({"ArbitrationMailbox"})


@dataclass
class Stale:
    """What reads still show after a write: for so many reads, or until so many seconds have passed."""

    value: bool | None
    reads: int | None = None
    until: float | None = None

    def consume(self) -> bool:
        """Count one read; True while the old value is to be shown."""
        if self.until is not None:
            return time.monotonic() < self.until
        if self.reads is None:
            return True
        self.reads -= 1
        return self.reads >= 0


@dataclass(slots=True, eq=False)
class Mailbox:
    """One mailbox and its user.

    object_id: of the user in Entra ID; empty if there is none. addresses: proxy addresses, `SMTP:` marks the primary
    one, `smtp:` the others. authentication_policy: a name, or None. groups, directory_roles: ids, for Conditional
    Access. user_type: `Member` or `Guest`; without one a GuestMailUser is a guest. send_as: names of the mailboxes in
    whose name the user may send.
    """

    guid: str
    object_id: str
    name: str
    alias: str
    display_name: str
    user_principal_name: str
    addresses: list[str]
    smtp_disabled: bool | None = None
    recipient_type: str = "UserMailbox"
    authentication_policy: str | None = None
    account_enabled: bool = True
    licensed: bool = True
    password: str | None = None
    stale: Stale | None = None
    groups: Sequence[str] = ()
    directory_roles: Sequence[str] = ()
    user_type: str | None = None
    send_as: Sequence[str] = ()

    @property
    def is_guest(self) -> bool:
        """Whether the user is a guest of the directory."""
        return (self.user_type or ("Guest" if self.recipient_type == "GuestMailUser" else "Member")) == "Guest"

    @property
    def primary_address(self) -> str:
        """The address after `SMTP:`; empty if there is none."""
        return next((item[5:] for item in self.addresses if item.startswith("SMTP:")), "")

    @property
    def exchange_guid(self) -> str:
        """The id of the mailbox itself, which isn't that of its directory object."""
        return stable_guid("mailbox", self.guid)

    @property
    def sam_account_name(self) -> str:
        """The legacy logon name."""
        return f"${self.guid[:6].upper()}-{self.alias[:12]}"

    def legacy_dn(self) -> str:
        """The old-style distinguished name."""
        return f"/o=ExchangeLabs/ou=Exchange Administrative Group/cn=Recipients/cn={self.guid.replace('-', '')}"

    def distinguished_name(self, domain: str) -> str:
        """The directory's name of the mailbox."""
        return f"CN={self.name},OU={domain},OU=Microsoft Exchange Hosted Organizations,DC=EURPR01A001,DC=PROD"

    def read_smtp_disabled(self) -> bool | None:
        """The value as a read shows it now, which may lag behind the last write."""
        if self.stale is not None:
            if self.stale.consume():
                return self.stale.value
            self.stale = None
        return self.smtp_disabled

    def identities(self, domain: str) -> Iterator[str]:
        """Every string that names this mailbox, in lower case, duplicates included."""
        yield self.guid
        yield self.object_id
        yield self.exchange_guid
        yield self.user_principal_name.lower()
        yield self.alias.lower()
        yield self.name.lower()
        yield self.sam_account_name.lower()
        for address in self.addresses:
            yield address[5:].lower()
        yield self.distinguished_name(domain).lower()
        yield self.legacy_dn().lower()


@dataclass(slots=True, eq=False)
class UserWithoutMailbox(Mailbox):
    """A user of the directory who has no mailbox: a guest, an administrator's second account. Get-User shows it in the
    same row as a mailbox's user; the mailbox cmdlets don't know it.
    """

    recipient_type: str = "User"


@dataclass
class Federation:
    """A federated credential of an app: which outside token is as good as a secret."""

    issuer: str
    subject: str
    audience: str = "api://AzureADTokenExchange"


@dataclass
class App:
    """An app registration with its service principal and grants."""

    name: str
    client_id: str
    object_id: str
    secrets: list[str] = field(default_factory=list)
    expired_secrets: list[str] = field(default_factory=list)
    certificates: list[str] = field(default_factory=list)
    federations: list[Federation] = field(default_factory=list)
    exchange_roles: list[str] = field(default_factory=list)
    graph_roles: list[str] = field(default_factory=list)
    directory_roles: list[str] = field(default_factory=list)
    role_group_cmdlets: list[str] = field(default_factory=list)
    full_access: list[str] = field(default_factory=list)
    managed_identity: bool = False


@dataclass
class Organization:
    """The tenant-wide settings that matter here.

    groups: id -> the ids of the groups within it; a group that only users are in needn't be named. role_groups: id of
    a role's template -> the ids of the groups that hold the role. deleted_groups: ids that are gone, whoever was in.
    """

    smtp_disabled: bool = True
    allow_legacy_tls: bool | None = None
    default_authentication_policy: str | None = None
    authentication_policies: dict[str, bool] = field(default_factory=dict)
    security_defaults: bool = False
    conditional_access: list[dict[str, Any]] = field(default_factory=list)
    sign_ins: list[dict[str, Any]] = field(default_factory=list)
    premium: bool = True
    smtp_app_users: list[str] = field(default_factory=list)
    conceal_names: bool = False
    basic_retired: bool = False
    groups: dict[str, list[str]] = field(default_factory=dict)
    role_groups: dict[str, list[str]] = field(default_factory=dict)
    deleted_groups: list[str] = field(default_factory=list)


class Names:
    """The records of a tenant by every string that names them; built when it is first asked."""

    def __init__(self, domain: str, records: dict[str, Mailbox]) -> None:
        self._domain = domain
        self._records = records
        self._index: dict[str, list[Mailbox]] | None = None

    def find(self, identity: str) -> list[Mailbox]:
        """Every record that the string names; no, one or several."""
        if self._index is None:
            self._index = {}
            for record in self._records.values():
                self.enter(record)
        return self._index.get(identity.strip().strip("{}").lower(), [])

    def enter(self, record: Mailbox) -> None:
        """The record has these names from now on."""
        if self._index is None or record.recipient_type in UNLISTED_TYPES:
            return
        for key in set(record.identities(self._domain)):
            if key:
                self._index.setdefault(key, []).append(record)

    def leave(self, record: Mailbox) -> None:
        """The record's names are free."""
        for key in set(record.identities(self._domain)):
            if self._index is not None and record in self._index.get(key, []):
                self._index[key].remove(record)


class Tenant:
    """One tenant: its mailboxes and other users by GUID, its apps by name, its settings."""

    def __init__(self, tenant_id: str, domain: str, domains: list[str]) -> None:
        self.tenant_id = tenant_id
        self.domain = domain
        self.domains = [domain, *domains]
        self.mailboxes: dict[str, Mailbox] = {}
        self.users_without_mailbox: dict[str, Mailbox] = {}
        self.apps: dict[str, App] = {}
        self.organization = Organization()
        self._names = Names(domain, self.mailboxes)
        self._other_names = Names(domain, self.users_without_mailbox)

    def add(self, mailbox: Mailbox) -> None:
        """Add a mailbox, or a user without one; a GUID that is taken is a ValueError."""
        if self.holds(mailbox):
            raise ValueError(f"two mailboxes with the guid {mailbox.guid}")
        records, names = self._place(mailbox)
        records[mailbox.guid] = mailbox
        names.enter(mailbox)

    def remove(self, mailbox: Mailbox) -> None:
        """Delete a mailbox with its user, or a user without one."""
        records, names = self._place(mailbox)
        names.leave(mailbox)
        del records[mailbox.guid]

    def rename(self, mailbox: Mailbox, **changes: Any) -> None:
        """Change what a mailbox is called (`addresses`, `alias`, ...), keeping its ids."""
        _records, names = self._place(mailbox)
        names.leave(mailbox)
        for name, value in changes.items():
            setattr(mailbox, name, value)
        names.enter(mailbox)

    def find(self, identity: str) -> list[Mailbox]:
        """Every mailbox that the string names; no, one or several."""
        return self._names.find(identity)

    def find_users(self, identity: str) -> list[Mailbox]:
        """Every user that the string names, with a mailbox or without."""
        return [*self._names.find(identity), *self._other_names.find(identity)]

    def holds(self, mailbox: Mailbox) -> bool:
        """True if a record with its GUID is still there."""
        return mailbox.guid in self.mailboxes or mailbox.guid in self.users_without_mailbox

    def listed(self) -> list[Mailbox]:
        """The mailboxes a listing shows, in a stable order."""
        return [item for item in self.mailboxes.values() if item.recipient_type not in UNLISTED_TYPES]

    def users(self) -> list[Mailbox]:
        """All users in a stable order, which mixes those with a mailbox and those without: no other is promised."""
        return sorted([*self.listed(), *self.users_without_mailbox.values()], key=lambda item: item.guid)

    def app_by_client_id(self, client_id: str) -> App | None:
        """The app registration with this client id."""
        return next((app for app in self.apps.values() if app.client_id == client_id.lower()), None)

    def _place(self, mailbox: Mailbox) -> tuple[dict[str, Mailbox], Names]:
        if isinstance(mailbox, UserWithoutMailbox):
            return self.users_without_mailbox, self._other_names
        return self.mailboxes, self._names


def stable_guid(*parts: str) -> str:
    """The same GUID for the same parts, always."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "fake-tenant:" + "/".join(parts)))
