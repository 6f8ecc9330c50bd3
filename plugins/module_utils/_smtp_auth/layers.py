# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""From what was read of a tenant and a user to what each layer says. Nothing here asks, and no clock is looked at.

docs/effective_state.md names the source of each rule. Where sources disagree or are silent, a layer says ``unknown``.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from .access_coverage import NOT_LOOKED_UP, Members, coverage, doubt_about
from .conditional_access import COVERS, MAY_COVER, AccessPolicy
from .effective import (
    ACCOUNT,
    ALLOWS,
    AUTHENTICATION_POLICY,
    BASIC_RETIREMENT,
    BLOCKS,
    CONDITIONAL_ACCESS,
    MAILBOX,
    NO_SAY,
    ORGANIZATION,
    SECURITY_DEFAULTS,
    UNKNOWN,
    Effective,
    Layer,
    decide,
)
from .identity import fold
from .state import DISABLED, ENABLED, INHERIT
from .unread import Unread, why
from .what_if import CONTRADICTS, Opinions, unexpected, weigh

# Microsoft, Exchange Team blog, January 2026: unchanged until December 2026; at its end off by default.
RETIREMENT = datetime.date(2026, 12, 31)

# Recipient types of mailboxes that aren't a person's, and what they are called. Their accounts start out blocked, and
# are to stay so: somebody else opens them.
_SHARED_TYPES = {
    fold(name): words
    for name, words in (
        ("SharedMailbox", "a shared mailbox"),
        ("RoomMailbox", "a room"),
        ("EquipmentMailbox", "a piece of equipment"),
        ("SchedulingMailbox", "a scheduling mailbox"),
        ("TeamMailbox", "a site mailbox"),
        ("GroupMailbox", "a group"),
    )
}
_DELEGATE = (
    "let somebody who may send as it sign in with a mailbox of their own: then the setting of the mailbox that signs "
    "in counts"
)

# Recipient types that nobody signs in to: Exchange keeps them for itself.
_SYSTEM_TYPES = frozenset(
    fold(name)
    for name in (
        "ArbitrationMailbox",
        "AuditLogMailbox",
        "AuxAuditLogMailbox",
        "DiscoveryMailbox",
        "MonitoringMailbox",
        "SupervisoryReviewPolicyMailbox",
        "SystemAttendantMailbox",
        "SystemMailbox",
    )
)


@dataclasses.dataclass(frozen=True)
class Account:
    """The Entra account behind a mailbox. ``guest``: None where that isn't known."""

    enabled: bool
    licensed: bool
    guest: bool | None = None


@dataclasses.dataclass(frozen=True)
class User:
    """What is known of the user behind one mailbox. ``authentication_policy``: empty if there is none of its own."""

    object_id: str
    recipient_type: str
    authentication_policy: str | Unread
    account: Account | Unread

    @property
    def guest(self) -> bool | None:
        return None if isinstance(self.account, Unread) else self.account.guest


@dataclasses.dataclass(frozen=True)
class AuthenticationPolicy:
    """One authentication policy with all the names that a reference to it may use."""

    name: str
    allows_basic_smtp: bool
    names: frozenset[str] = frozenset()


Policies: TypeAlias = "Sequence[AuthenticationPolicy] | Unread"


@dataclasses.dataclass(frozen=True)
class Tenant:
    """What holds for every mailbox of a tenant.

    ``organization``: ``enabled`` or ``disabled``. ``default_policy``: empty if there is none. ``retired``: True once
    the tenant has shown that it refuses Basic for good. ``members``: of the groups and roles that the Conditional
    Access policies name, as far as they were looked up. ``legacy_tls``: whether clients with TLS 1.0 and 1.1 are let
    in, which decides about nothing here; None where it isn't known.
    """

    organization: str | Unread
    default_policy: str | Unread
    policies: Policies
    security_defaults: bool | Unread
    conditional_access: Sequence[AccessPolicy] | Unread
    today: datetime.date
    retired: bool = False
    legacy_tls: bool | None = None
    members: Members = dataclasses.field(default_factory=dict)


class Judge:
    """Judges the mailboxes of one tenant: what is the same for many is worked out once."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._security_defaults = security_defaults_layer(tenant.security_defaults)
        self._retirement = retirement_layer(tenant.today, retired=tenant.retired)
        self._known: dict[tuple[Layer, ...], Effective] = {}
        self._by_facts: dict[tuple[object, ...], Effective] = {}  # the same ones, by what the layers are made of
        self._policy_layers: dict[str | Unread, Layer] = {}
        self._access_layers: dict[tuple[bool | None, tuple[str, ...]], Layer] = {}

    def judge(self, state: str, user: User, opinions: Opinions | Unread | None = None) -> Effective:
        """``state``: the mailbox's own setting. ``opinions``: what Microsoft's evaluation says of this user, None if it
        wasn't asked.
        """
        if opinions is not None:
            return self._judge(state, user, self._conditional_access(user, opinions))
        facts = (state, user.recipient_type, user.authentication_policy, user.account, self._coverage(user))
        if facts not in self._by_facts:
            self._by_facts[facts] = self._judge(state, user, self._conditional_access(user, None))
        return self._by_facts[facts]

    def _judge(self, state: str, user: User, conditional_access: Layer) -> Effective:
        tenant = self._tenant
        own = user.authentication_policy
        if own not in self._policy_layers:
            self._policy_layers[own] = authentication_policy_layer(own, tenant.default_policy, tenant.policies)
        layers = (
            mailbox_layer(state),
            organization_layer(state, tenant.organization),
            account_layer(user),
            self._policy_layers[own],
            self._security_defaults,
            conditional_access,
            self._retirement,
        )
        if layers not in self._known:
            self._known[layers] = decide(layers)
        return self._known[layers]

    def _coverage(self, user: User) -> tuple[str, ...]:
        """What each Conditional Access policy means for this user; nothing where they couldn't be read."""
        policies, members = self._tenant.conditional_access, self._tenant.members
        if isinstance(policies, Unread):
            return ()
        return tuple(coverage(policy, user.object_id, user.guest, members) for policy in policies)

    def _conditional_access(self, user: User, opinions: Opinions | Unread | None) -> Layer:
        policies, members = self._tenant.conditional_access, self._tenant.members
        if isinstance(policies, Unread) or opinions is not None:
            return conditional_access_layer(policies, user, members, opinions)
        words = self._coverage(user)
        key = (user.guest, words)
        if key not in self._access_layers:
            self._access_layers[key] = _access_layer(policies, words, user.guest, members)
        return self._access_layers[key]


def mailbox_layer(state: str) -> Layer:
    if state == DISABLED:
        reason = "the mailbox's own setting is disabled (set it to enabled if it has to send)"
        return Layer(MAILBOX, state, BLOCKS, BLOCKS, reason)
    verdict = ALLOWS if state == ENABLED else NO_SAY
    return Layer(MAILBOX, state, verdict, verdict)


def organization_layer(state: str, organization: str | Unread) -> Layer:
    """It has a say only where the mailbox has no setting of its own."""
    shown = organization if isinstance(organization, str) else UNKNOWN
    if state != INHERIT:
        return Layer(ORGANIZATION, shown, NO_SAY, NO_SAY)
    if isinstance(organization, Unread):
        reason = f"the mailbox follows the organization's setting, which couldn't be read ({why(organization)})"
        return Layer(ORGANIZATION, shown, UNKNOWN, UNKNOWN, reason, organization.permission)
    if organization == DISABLED:
        reason = "the mailbox follows the organization's setting, which is disabled (enable the mailbox itself)"
        return Layer(ORGANIZATION, shown, BLOCKS, BLOCKS, reason)
    return Layer(ORGANIZATION, shown, ALLOWS, ALLOWS)


def account_layer(user: User) -> Layer:
    if fold(user.recipient_type) in _SYSTEM_TYPES:
        reason = f"nobody can sign in to a mailbox of the type {user.recipient_type}"
        return Layer(ACCOUNT, user.recipient_type, BLOCKS, BLOCKS, reason)
    account = user.account
    if isinstance(account, Unread):
        reason = f"the account couldn't be read ({why(account)})"
        return Layer(ACCOUNT, UNKNOWN, UNKNOWN, UNKNOWN, reason, account.permission)
    if account.enabled and account.licensed:
        return Layer(ACCOUNT, "enabled, licensed", ALLOWS, ALLOWS)
    words = [*([] if account.enabled else ["blocked"]), *([] if account.licensed else ["unlicensed"])]
    state = f"{'enabled' if account.enabled else 'blocked'}, {'licensed' if account.licensed else 'unlicensed'}"
    which = " and ".join(words)
    article = "an" if account.enabled else "a"
    for_apps = f"nobody has said whether {article} {which} account stops an app that signs in as itself (try it)"
    return Layer(ACCOUNT, state, BLOCKS, UNKNOWN, _account_reason(account, user.recipient_type), reason_oauth=for_apps)


def _account_reason(account: Account, recipient_type: str) -> str:
    """What is wrong with an account that is blocked, unlicensed or both, and what to do."""
    whose = _SHARED_TYPES.get(fold(recipient_type))
    if whose:
        wrongs = [
            *([] if account.enabled else [f"sign-in of the account of {whose} is blocked, as it should be"]),
            *([] if account.licensed else [f"{'the account of ' + whose if account.enabled else 'it'} has no licence"]),
        ]
        return f"{', and '.join(wrongs)} ({_DELEGATE})"
    unless = "" if recipient_type else ", unless the mailbox is a shared one"
    wrongs = []
    if not account.enabled:
        wrongs.append(f"sign-in of the account is blocked (unblock it in Entra ID{unless})")
    if not account.licensed:
        wrongs.append("the account has no licence (assign one that holds Exchange Online)")
    return ", and ".join(wrongs)


def authentication_policy_layer(own: str | Unread, default: str | Unread, policies: Policies) -> Layer:
    """The user's own policy, or else the organization's default: a user's own beats the default."""
    if isinstance(own, Unread):
        return _policy_unknown(f"the user's authentication policy couldn't be read ({why(own)})", own.permission)
    named = own or default
    if isinstance(named, Unread):
        reason = f"the organization's default authentication policy couldn't be read ({why(named)})"
        return _policy_unknown(reason, named.permission)
    if not named:
        return Layer(AUTHENTICATION_POLICY, "none", ALLOWS, NO_SAY)
    if isinstance(policies, Unread):
        reason = f"the authentication policy {named} couldn't be read ({why(policies)})"
        return _policy_unknown(reason, policies.permission)
    policy = find_policy(policies, named)
    if policy is None:
        return _policy_unknown(f"the authentication policy {named} wasn't found among those of the organization")
    if policy.allows_basic_smtp:
        return Layer(AUTHENTICATION_POLICY, policy.name, ALLOWS, NO_SAY)
    whose = "the user's" if own else "the organization's default"
    reason = (
        f"{whose} authentication policy {policy.name} doesn't allow Basic for SMTP (assign one that has "
        f"AllowBasicAuthSmtp)"
    )
    return Layer(AUTHENTICATION_POLICY, policy.name, BLOCKS, NO_SAY, reason)


def no_policy_blocks(tenant: Tenant) -> bool:
    """Whether Basic for SMTP is let through by every authentication policy that a user can have."""
    policies, default = tenant.policies, tenant.default_policy
    if isinstance(policies, Unread) or isinstance(default, Unread):
        return False
    known = not default or find_policy(policies, default) is not None
    return known and all(policy.allows_basic_smtp for policy in policies)


def find_policy(policies: Sequence[AuthenticationPolicy], named: str) -> AuthenticationPolicy | None:
    """The policy that a reference means, whatever its form."""
    return next((policy for policy in policies if fold(named) in policy.names), None)


def _policy_unknown(reason: str, permission: str = "") -> Layer:
    return Layer(AUTHENTICATION_POLICY, UNKNOWN, UNKNOWN, NO_SAY, reason, permission)


def security_defaults_layer(on: bool | Unread) -> Layer:
    if isinstance(on, Unread):
        reason = f"security defaults couldn't be read ({why(on)})"
        return Layer(SECURITY_DEFAULTS, UNKNOWN, UNKNOWN, NO_SAY, reason, on.permission)
    if on:
        reason = "security defaults are on for the tenant (use OAuth, or Conditional Access in their place)"
        return Layer(SECURITY_DEFAULTS, "on", BLOCKS, NO_SAY, reason)
    return Layer(SECURITY_DEFAULTS, "off", ALLOWS, NO_SAY)


def conditional_access_layer(
    policies: Sequence[AccessPolicy] | Unread,
    user: User,
    members: Members = NOT_LOOKED_UP,
    opinions: Opinions | Unread | None = None,
) -> Layer:
    """Only a policy that plainly covers the user blocks; one that may cover it makes the answer unknown.

    It has no say on OAuth: an app that signs in as itself isn't subject to policies for users. ``opinions``: see
    ``Judge.judge``.
    """
    if isinstance(policies, Unread):
        reason = f"Conditional Access couldn't be read ({why(policies)})"
        return Layer(CONDITIONAL_ACCESS, UNKNOWN, UNKNOWN, NO_SAY, reason, policies.permission)
    told = opinions if opinions and not isinstance(opinions, Unread) else {}
    words = [weigh(policy, coverage(policy, user.object_id, user.guest, members), told) for policy in policies]
    return _access_layer(policies, words, user.guest, members, opinions, unexpected(policies, told))


def _access_layer(
    policies: Sequence[AccessPolicy],
    words: Sequence[str],
    guest: bool | None,
    members: Members,
    opinions: Opinions | Unread | None = None,
    unexpected_ones: Sequence[str] = (),
) -> Layer:
    """``words``: what each policy does to the user, as ``weigh`` tells it."""
    found = list(zip(policies, words, strict=True))
    plain = [policy for policy, word in found if word == COVERS]
    if plain:
        one = len(plain) == 1
        names = _listed([_with_demands(policy) for policy in plain])
        blocks = f"{'policy' if one else 'policies'} {names} {'blocks' if one else 'block'} legacy clients"
        reason = f"the Conditional Access {blocks} (exclude the user from {'it' if one else 'each'})"
        return Layer(CONDITIONAL_ACCESS, ", ".join(policy.name for policy in plain), BLOCKS, NO_SAY, reason)
    doubts = {policy.name: doubt_about(policy, guest, members) for policy, word in found if word == MAY_COVER}
    disputed = [policy.name for policy, word in found if word == CONTRADICTS] + list(unexpected_ones)
    if not doubts and not disputed:
        return Layer(CONDITIONAL_ACCESS, "none", ALLOWS, NO_SAY)
    reasons = [_doubts_text(doubts, opinions)] if doubts else []
    if disputed:
        reasons.append(
            f"what the Conditional Access {'policy' if len(disputed) == 1 else 'policies'} {_listed(disputed)} "
            f"{'says' if len(disputed) == 1 else 'say'} of this user and what Microsoft's what-if evaluation says "
            "contradict each other (try a sign-in)"
        )
    permission = next((doubt.permission for doubt in doubts.values() if doubt.permission), "")
    names = ", ".join([*doubts, *disputed])
    return Layer(CONDITIONAL_ACCESS, names, UNKNOWN, NO_SAY, ", and ".join(reasons), permission)


def _doubts_text(doubts: Mapping[str, Unread], opinions: Opinions | Unread | None) -> str:
    said = "; ".join(f"{name}, as {doubt.reason}" for name, doubt in doubts.items())
    if isinstance(opinions, Unread):
        said += f"; Microsoft's what-if evaluation, which may tell, couldn't be obtained: {why(opinions)}"
    return f"Conditional Access may block legacy clients here ({said})"


def _with_demands(policy: AccessPolicy) -> str:
    """Its name, and what it asks for that such a client can't give."""
    return f"{policy.name} (which asks for {', '.join(policy.demands)})" if policy.demands else policy.name


def retirement_layer(today: datetime.date, *, retired: bool = False) -> Layer:
    """Microsoft hasn't said how the default is going to be switched, so after that day only the tenant can tell."""
    if retired:
        reason = "the tenant refuses Basic for client submission for good (use OAuth)"
        return Layer(BASIC_RETIREMENT, "retired", BLOCKS, NO_SAY, reason)
    if today > RETIREMENT:
        reason = (
            "Microsoft announced that Basic is off by default from the end of December 2026, and how that shows isn't "
            "known (try a sign-in, or use OAuth)"
        )
        return Layer(BASIC_RETIREMENT, UNKNOWN, UNKNOWN, NO_SAY, reason)
    return Layer(BASIC_RETIREMENT, f"not before {RETIREMENT}", ALLOWS, NO_SAY)


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def authentication_policy(row: Mapping[str, object]) -> AuthenticationPolicy | None:
    """A row of ``Get-AuthenticationPolicy``; None where it doesn't tell its name or what it allows.

    Which form a reference to a policy has (name, distinguished name, GUID) isn't known, so all are kept.
    """
    allows, name = row.get("AllowBasicAuthSmtp"), row.get("Name") or row.get("Identity")
    if not isinstance(allows, bool) or not name:
        return None
    keys = ("Name", "Identity", "DistinguishedName", "Guid", "ExchangeObjectId", "Id")
    return AuthenticationPolicy(str(name), allows, frozenset(fold(str(row[key])) for key in keys if row.get(key)))
