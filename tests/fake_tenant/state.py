# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a tenant holds: mailboxes, apps, the organization's settings. Plain data, no HTTP."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
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
    """One mailbox. `addresses` are proxy addresses: `SMTP:` marks the primary one, `smtp:` the others."""

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
    """The tenant-wide settings that matter here."""

    smtp_disabled: bool = True
    allow_legacy_tls: bool | None = None
    default_authentication_policy: str | None = None
    authentication_policies: dict[str, bool] = field(default_factory=dict)
    security_defaults: bool = False
    conditional_access: list[dict[str, Any]] = field(default_factory=list)
    sign_ins: list[dict[str, Any]] = field(default_factory=list)
    premium: bool = True
    basic_retired: bool = False


class Tenant:
    """One tenant, with an index of every string that names a mailbox."""

    def __init__(self, tenant_id: str, domain: str, domains: list[str]) -> None:
        self.tenant_id = tenant_id
        self.domain = domain
        self.domains = [domain, *domains]
        self.organization = Organization()
        self.apps: dict[str, App] = {}
        self.mailboxes: dict[str, Mailbox] = {}
        self._index: dict[str, list[Mailbox]] | None = None

    def add(self, mailbox: Mailbox) -> None:
        """Add a mailbox; a GUID that is taken is a ValueError."""
        if mailbox.guid in self.mailboxes:
            raise ValueError(f"two mailboxes with the guid {mailbox.guid}")
        self.mailboxes[mailbox.guid] = mailbox
        if self._index is not None:
            self._enter(self._index, mailbox)

    def remove(self, mailbox: Mailbox) -> None:
        """Delete a mailbox."""
        self._leave(mailbox)
        del self.mailboxes[mailbox.guid]

    def rename(self, mailbox: Mailbox, **changes: Any) -> None:
        """Change what a mailbox is called (`addresses`, `alias`, ...), keeping its ids."""
        self._leave(mailbox)
        for name, value in changes.items():
            setattr(mailbox, name, value)
        if self._index is not None:
            self._enter(self._index, mailbox)

    def find(self, identity: str) -> list[Mailbox]:
        """Every mailbox that the string names; no, one or several."""
        if self._index is None:
            index: dict[str, list[Mailbox]] = {}
            for mailbox in self.mailboxes.values():
                self._enter(index, mailbox)
            self._index = index
        return self._index.get(identity.strip().strip("{}").lower(), [])

    def listed(self) -> list[Mailbox]:
        """The mailboxes a listing shows, in a stable order."""
        return [item for item in self.mailboxes.values() if item.recipient_type not in UNLISTED_TYPES]

    def app_by_client_id(self, client_id: str) -> App | None:
        """The app registration with this client id."""
        return next((app for app in self.apps.values() if app.client_id == client_id.lower()), None)

    def _enter(self, index: dict[str, list[Mailbox]], mailbox: Mailbox) -> None:
        if mailbox.recipient_type in UNLISTED_TYPES:
            return
        for key in set(mailbox.identities(self.domain)):
            if key:
                index.setdefault(key, []).append(mailbox)

    def _leave(self, mailbox: Mailbox) -> None:
        if self._index is None:
            return
        for key in set(mailbox.identities(self.domain)):
            if mailbox in self._index.get(key, []):
                self._index[key].remove(mailbox)


def stable_guid(*parts: str) -> str:
    """The same GUID for the same parts, always."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "fake-tenant:" + "/".join(parts)))
