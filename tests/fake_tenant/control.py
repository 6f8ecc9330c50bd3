# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a test may do to the server, each operation by name: over HTTP (`/__control__/<name>`) or in process.

Arguments and results are plain JSON values in both cases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

from . import layers
from .latency import Latency
from .seed import user_without_mailbox
from .state import DISABLED_TO_STATE, STATE_TO_DISABLED, App, Mailbox, Organization, Tenant
from .world import World

CHANGEABLE = (
    "display_name",
    "account_enabled",
    "licensed",
    "authentication_policy",
    "password",
    "recipient_type",
    "groups",
    "directory_roles",
    "user_type",
    "send_as",
)
RENAMES = ("addresses", "alias", "name", "user_principal_name", "object_id")


class Operations:
    """The operations. Every method without an underscore is one; a wrong argument is a ValueError."""

    def __init__(self, world: World) -> None:
        self._world = world

    def run(self, name: str, arguments: dict[str, Any]) -> Any:
        """Run an operation by its name."""
        operation: Callable[..., Any] | None = (
            None if name.startswith("_") or name == "run" else getattr(self, name, None)
        )
        if operation is None:
            raise ValueError(f"no such operation: {name}")
        return operation(**arguments)

    def reset(self) -> None:
        """Everything as it was at the start."""
        self._world.reset()

    def latency(self, seconds: float, row: float = 0.0, item: float = 0.0) -> None:
        """Every HTTP request takes so long at least, and so much more for each row of a page, or item of a batch."""
        self._world.latency = Latency(float(seconds), float(row), float(item))

    def faults_add(self, effect: str, **rule: Any) -> int:
        """Add a rule; see faults.Rule and effects.py. Returns its id."""
        return self._world.faults.add(effect, **rule)

    def faults_list(self) -> list[dict[str, Any]]:
        """The rules, with how often each was seen and fired."""
        return self._world.faults.describe()

    def faults_clear(self, id: int | None = None) -> None:
        """Remove one rule or all."""
        self._world.faults.clear(id)

    def dialect_set(self, **choices: Any) -> None:
        """Choose how the unknown points are played; see dialect.Dialect."""
        self._world.dialect.set(**choices)

    def dialect_get(self) -> dict[str, Any]:
        """How the unknown points are played."""
        return self._world.dialect.as_dict()

    def throttle_set(self, **settings: Any) -> None:
        """How fast the client may go; see throttle.Settings. Without arguments: no limit."""
        self._world.throttle.set(**settings)

    def log_entries(
        self, endpoint: str | None = None, cmdlet: str | None = None, since: int = 0
    ) -> list[dict[str, Any]]:
        """The requests so far; see log.Entry."""
        return self._world.log.entries(endpoint, cmdlet, since)

    def log_clear(self) -> None:
        """Forget the requests and counts so far."""
        self._world.log.clear()

    def stats(self) -> dict[str, Any]:
        """Requests by endpoint, cmdlet and status, cmdlets run, most requests at a time, refusals of the throttle."""
        return {**self._world.log.stats(), "throttled": self._world.throttle.refused}

    def tokens_lifetime(self, seconds: float) -> None:
        """Tokens issued from now on live so long."""
        self._world.tokens.lifetime = float(seconds)

    def tokens_revoke(self) -> None:
        """Every token issued so far is refused."""
        self._world.tokens.revoke_all()

    def tokens_issue(
        self,
        app: str = "good",
        audience: str = "https://outlook.office365.com",
        lifetime: float | None = None,
        tenant: str | None = None,
    ) -> str:
        """A ready-made access token of an app, without a sign-in."""
        found = self._tenant(tenant)
        return self._world.tokens.issue(found, self._app(found, app), audience, lifetime=lifetime).text

    def pages_lifetime(self, seconds: float) -> None:
        """Page links live so long; 0 kills those handed out already."""
        self._world.listings.lifetime = self._world.graph_listings.lifetime = float(seconds)

    def mailboxes_get(self, identities: list[str] | None = None, tenant: str | None = None) -> list[dict[str, Any]]:
        """The true state of the mailboxes that are named, or of all that a listing shows."""
        found = self._tenant(tenant)
        chosen = found.listed() if identities is None else [self._mailbox(found, item) for item in identities]
        return [describe(item) for item in chosen]

    def mailboxes_states(self, tenant: str | None = None) -> dict[str, str]:
        """Primary address -> state, of every mailbox that a listing shows."""
        return {item.primary_address: DISABLED_TO_STATE[item.smtp_disabled] for item in self._tenant(tenant).listed()}

    def mailboxes_set_states(self, states: dict[str, str], tenant: str | None = None) -> None:
        """Give many mailboxes their states at once, past every lag and fault."""
        found = self._tenant(tenant)
        for identity, state in states.items():
            mailbox = self._mailbox(found, identity)
            mailbox.smtp_disabled = STATE_TO_DISABLED[state]
            mailbox.stale = None

    def mailboxes_patch(self, identity: str, tenant: str | None = None, **changes: Any) -> dict[str, Any]:
        """Change a mailbox: `state`, `address` (the new primary one), or a field of state.Mailbox."""
        found = self._tenant(tenant)
        return self._patch(found, self._mailbox(found, identity), changes)

    def _patch(self, tenant: Tenant, mailbox: Mailbox, changes: dict[str, Any]) -> dict[str, Any]:
        unknown = set(changes) - {"state", "address", *CHANGEABLE, *RENAMES}
        if unknown:
            raise ValueError(f"no such change: {', '.join(sorted(unknown))}")
        if "state" in changes:
            mailbox.smtp_disabled = STATE_TO_DISABLED[changes.pop("state")]
            mailbox.stale = None
        if "address" in changes:
            address = changes.pop("address")
            others = [item for item in mailbox.addresses if not item.startswith("SMTP:")]
            changes["addresses"] = [f"SMTP:{address}", *others]
        tenant.rename(mailbox, **changes)
        return describe(mailbox)

    def mailboxes_sign_in(self, identity: str, tenant: str | None = None) -> dict[str, str | None]:
        """What a client of this mailbox that does everything right meets: `basic` and `oauth`; see layers.verdict."""
        found = self._tenant(tenant)
        return layers.verdict(found, self._mailbox(found, identity), self._world.dialect)

    def users_get(self, identities: list[str] | None = None, tenant: str | None = None) -> list[dict[str, Any]]:
        """The users that are named, or all, with a mailbox or without."""
        found = self._tenant(tenant)
        return [describe(item) for item in self._users(found, identities)]

    def users_add(self, tenant: str | None = None, **description: Any) -> dict[str, Any]:
        """Add a user without a mailbox, described as in a seed's `users_without_mailbox`."""
        found = self._tenant(tenant)
        user = user_without_mailbox(found, description)
        found.add(user)
        return describe(user)

    def users_patch(self, identity: str, tenant: str | None = None, **changes: Any) -> dict[str, Any]:
        """Change a user, as `mailboxes_patch` does."""
        found = self._tenant(tenant)
        return self._patch(found, self._users(found, [identity])[0], changes)

    def users_delete(self, identity: str, tenant: str | None = None) -> None:
        """Delete a user, and with it its mailbox."""
        found = self._tenant(tenant)
        found.remove(self._users(found, [identity])[0])

    def mailboxes_delete(self, identity: str, tenant: str | None = None) -> None:
        """Delete a mailbox."""
        found = self._tenant(tenant)
        found.remove(self._mailbox(found, identity))

    def organization_get(self, tenant: str | None = None) -> dict[str, Any]:
        """The tenant-wide settings; see state.Organization."""
        return asdict(self._tenant(tenant).organization)

    def organization_patch(self, tenant: str | None = None, **changes: Any) -> dict[str, Any]:
        """Change tenant-wide settings."""
        organization = self._tenant(tenant).organization
        unknown = set(changes) - {item.name for item in fields(Organization)}
        if unknown:
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
        for name, value in changes.items():
            setattr(organization, name, value)
        return asdict(organization)

    def apps_patch(self, app: str, tenant: str | None = None, **changes: Any) -> dict[str, Any]:
        """Change an app's secrets or grants; see state.App. Tokens issued before keep the claims they have."""
        found = self._app(self._tenant(tenant), app)
        unknown = set(changes) - {item.name for item in fields(App)} | ({"federations"} & set(changes))
        if unknown:
            raise ValueError(f"no such field, or not changeable: {', '.join(sorted(unknown))}")
        for name, value in changes.items():
            setattr(found, name, value)
        return asdict(found)

    def _tenant(self, name: str | None) -> Tenant:
        found = self._world.tenants[0] if name is None else self._world.tenant(name)
        if found is None:
            raise ValueError(f"no such tenant: {name}")
        return found

    def _app(self, tenant: Tenant, name: str) -> App:
        if name not in tenant.apps:
            raise ValueError(f"no such app: {name}; there are {', '.join(tenant.apps)}")
        return tenant.apps[name]

    def _mailbox(self, tenant: Tenant, identity: str) -> Mailbox:
        found = tenant.find(identity)
        if len(found) != 1:
            raise ValueError(f"{identity!r} names {len(found)} mailboxes")
        return found[0]

    def _users(self, tenant: Tenant, identities: list[str] | None) -> list[Mailbox]:
        if identities is None:
            return tenant.users()
        found = [tenant.find_users(identity) for identity in identities]
        wrong = [identity for identity, users in zip(identities, found, strict=True) if len(users) != 1]
        if wrong:
            raise ValueError(f"not the name of one user: {', '.join(wrong)}")
        return [users[0] for users in found]


def describe(mailbox: Mailbox) -> dict[str, Any]:
    """A mailbox as plain data, with its true state in words."""
    return {
        "guid": mailbox.guid,
        "object_id": mailbox.object_id,
        "exchange_guid": mailbox.exchange_guid,
        "name": mailbox.name,
        "alias": mailbox.alias,
        "display_name": mailbox.display_name,
        "user_principal_name": mailbox.user_principal_name,
        "primary_address": mailbox.primary_address,
        "addresses": list(mailbox.addresses),
        "state": DISABLED_TO_STATE[mailbox.smtp_disabled],
        "recipient_type": mailbox.recipient_type,
        "authentication_policy": mailbox.authentication_policy,
        "account_enabled": mailbox.account_enabled,
        "licensed": mailbox.licensed,
        "groups": list(mailbox.groups),
        "directory_roles": list(mailbox.directory_roles),
        "user_type": "Guest" if mailbox.is_guest else "Member",
        "send_as": list(mailbox.send_as),
    }
