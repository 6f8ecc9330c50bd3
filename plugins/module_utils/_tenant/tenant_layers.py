# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What holds for every mailbox of a tenant: the organization's settings and Entra ID's policies."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._exchange.wire import Command, CommandResult
from .._smtp_auth.abilities import POLICIES
from .._smtp_auth.access_coverage import Members, groups_that_matter, roles_that_matter
from .._smtp_auth.conditional_access import AccessPolicy, read_policy
from .._smtp_auth.layers import AuthenticationPolicy, Tenant, authentication_policy
from .._smtp_auth.organization import Switch
from .._smtp_auth.state import UnreadableStateError
from .._smtp_auth.unread import Unread
from .at_once import in_parallel
from .members import MemberReader

if TYPE_CHECKING:
    from .._errors import M365Error
    from .asking import Asking

POLICY_PERMISSION = POLICIES
_SECURITY_DEFAULTS = "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy"
_CONDITIONAL_ACCESS = "/v1.0/identity/conditionalAccess/policies"
ORGANIZATION = (
    Command("Get-TransportConfig", subject="the organization"),
    Command("Get-OrganizationConfig", subject="the organization"),
    Command("Get-AuthenticationPolicy", subject="the organization"),
)


@dataclasses.dataclass(frozen=True)
class TenantAnswers:
    """``organization``: the outcomes of ``ORGANIZATION``. ``members``: of the groups and roles that policies name."""

    organization: Sequence[CommandResult | M365Error]
    security_defaults: bool | Unread
    conditional_access: list[AccessPolicy] | Unread
    members: Members


class TenantLayers:
    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def read(self, *, members: bool) -> TenantAnswers:
        """Everything at the same time. ``members``: whether it matters who is in groups and roles."""
        outcomes, rest = in_parallel(
            lambda: self._asking.ask(ORGANIZATION), lambda: self.read_policies(members=members)
        )
        return dataclasses.replace(rest, organization=outcomes)

    def read_policies(self, *, members: bool) -> TenantAnswers:
        """Without what Exchange says."""
        on, (access, those) = in_parallel(self._security_defaults, lambda: self._conditional_access(members=members))
        return TenantAnswers((), on, access, those)

    def tenant(self, answers: TenantAnswers, today: datetime.date) -> Tenant:
        """What the answers say."""
        told = self._asking.told
        transport, organization, policies = answers.organization
        switch = told(ORGANIZATION[0], transport, Switch.from_rows)
        return Tenant(
            organization=switch if isinstance(switch, Unread) else switch.state,
            legacy_tls=None if isinstance(switch, Unread) else switch.legacy_tls,
            default_policy=told(ORGANIZATION[1], organization, _default_policy),
            policies=told(ORGANIZATION[2], policies, _policies),
            security_defaults=answers.security_defaults,
            conditional_access=answers.conditional_access,
            today=today,
            members=answers.members,
        )

    def _security_defaults(self) -> bool | Unread:
        answer = self._asking.guarded(lambda: self._asking.connection.graph.get(_SECURITY_DEFAULTS, POLICY_PERMISSION))
        if isinstance(answer, Unread):
            return answer
        on = answer.get("isEnabled")
        return on if isinstance(on, bool) else Unread("Graph's answer doesn't tell whether they are on")

    def _conditional_access(self, *, members: bool) -> tuple[list[AccessPolicy] | Unread, Members]:
        """The policies that touch clients with a password, and if wanted who is in the groups and roles they name."""

        def read() -> list[AccessPolicy]:
            pages = self._asking.connection.graph.pages(_CONDITIONAL_ACCESS, POLICY_PERMISSION)
            return [policy for page in pages for row in page if (policy := read_policy(row))]

        policies = self._asking.guarded(read)
        if isinstance(policies, Unread) or not members:
            return policies, {}
        groups, roles = groups_that_matter(policies), roles_that_matter(policies)
        if not groups and not roles:
            return policies, {}
        parallel = functools.partial(in_parallel, most=self._asking.connection.concurrency)
        reader = MemberReader(
            self._asking.connection.graph, self._asking.connection.members, self._asking.guarded, parallel
        )
        return policies, reader.read(groups, roles)


def _default_policy(rows: Sequence[Mapping[str, Any]]) -> str:
    if len(rows) != 1 or "DefaultAuthenticationPolicy" not in rows[0]:
        raise UnreadableStateError("Get-OrganizationConfig: the answer has no property DefaultAuthenticationPolicy")
    return str(rows[0]["DefaultAuthenticationPolicy"] or "")


def _policies(rows: Sequence[Mapping[str, Any]]) -> list[AuthenticationPolicy]:
    read = [authentication_policy(row) for row in rows]
    if None in read:
        raise UnreadableStateError("Get-AuthenticationPolicy: the answer has no readable property AllowBasicAuthSmtp")
    return [policy for policy in read if policy is not None]
