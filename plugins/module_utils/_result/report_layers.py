# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What a report tells beside the mailboxes' own settings: what a client meets at each, what holds for the tenant."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from .._redaction.redactor import redact
from .._smtp_auth.effective import EFFECTIVE_STATES, Effective
from .._smtp_auth.layers import Tenant, find_policy, retirement_layer
from .._smtp_auth.unread import Unread

if TYPE_CHECKING:
    from .._report.data import Row


def with_effective(rows: Iterable[Row], effective_of: Mapping[str, Effective], secrets: Sequence[str]) -> Iterator[Row]:
    """The rows with what a client meets, as far as it is known. ``effective_of``: by the mailbox's id."""
    reasons: dict[int, str] = {}  # many mailboxes share one
    for row in rows:
        effective = effective_of.get(row.guid)
        if effective is None:
            yield row
            continue
        if id(effective) not in reasons:
            reasons[id(effective)] = redact(effective.reason, secrets)
        yield dataclasses.replace(
            row,
            basic=effective.basic,
            oauth=effective.oauth,
            decided_by=effective.decided_by,
            reason=reasons[id(effective)],
            at_risk=effective.basic_at_risk,
        )


def with_planned_effective(rows: Iterable[Row], effective_of: Mapping[str, Effective]) -> Iterator[Row]:
    """The rows with what a client would meet after the plan. ``effective_of``: by the mailbox's id."""
    for row in rows:
        effective = effective_of.get(row.guid)
        yield (
            row
            if effective is None
            else dataclasses.replace(
                row,
                planned_basic=effective.basic,
                planned_oauth=effective.oauth,
                planned_at_risk=effective.basic_at_risk,
            )
        )


def count_effective(rows: Sequence[Row], prefix: str = "") -> dict[str, dict[str, int]]:
    """``prefix``: ``planned_`` for what would be."""
    return {
        kind: {state: sum(getattr(row, prefix + kind) == state for row in rows) for state in EFFECTIVE_STATES}
        for kind in ("basic", "oauth")
    }


def tenant_labels(tenant: Tenant) -> dict[str, str]:
    """Label -> text, in the order in which a person asks."""
    return {
        "Legacy TLS clients": {True: "allowed", False: "not allowed", None: "unknown"}[tenant.legacy_tls],
        "Default authentication policy": _default_policy(tenant),
        "Security defaults": _or_unknown(tenant.security_defaults, "on" if tenant.security_defaults else "off"),
        "Conditional Access": _conditional_access(tenant),
        "Retirement of Basic": retirement_layer(tenant.today, retired=tenant.retired).state,
    }


def _or_unknown(value: object, text: str) -> str:
    if not isinstance(value, Unread):
        return text
    return f"unknown: the app lacks {value.permission}" if value.permission else f"unknown: {value.reason}"


def _default_policy(tenant: Tenant) -> str:
    default, policies = tenant.default_policy, tenant.policies
    if isinstance(default, Unread) or not default:
        return _or_unknown(default, "none")
    policy = None if isinstance(policies, Unread) else find_policy(policies, default)
    if policy is None:
        return f"{default}; whether it allows Basic isn't known"
    return f"{policy.name}, which {'allows' if policy.allows_basic_smtp else 'blocks'} Basic"


def _conditional_access(tenant: Tenant) -> str:
    policies = tenant.conditional_access
    if isinstance(policies, Unread) or not policies:
        return _or_unknown(policies, "no policy blocks clients with a password")
    for_all = [policy.name for policy in policies if policy.blocks_everyone]
    if for_all:
        return f"{', '.join(for_all)} blocks everybody's clients with a password"
    return f"{', '.join(policy.name for policy in policies)} may block clients with a password"
