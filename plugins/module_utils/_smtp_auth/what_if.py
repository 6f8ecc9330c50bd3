# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What Microsoft's own evaluation ("what if") says of the Conditional Access policies for one sign-in.

It is asked for one user, a client that sends a password, and Exchange Online. Where the sign-in comes from, from which
device and at which risk isn't sent, so what it says of these settles nothing.

Shape: Microsoft Graph reference, ``whatIfAnalysisResult``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from .conditional_access import COVERS, MAY_COVER, AccessPolicy, asks_for_anything
from .identity import fold

CONTRADICTS = "contradicts"

# Why a policy doesn't apply, as far as it is due to what was sent.
_BY_WHAT_WAS_SENT = frozenset(
    ("users", "application", "clientapps", "useractions", "authenticationcontext", "workloadidentities")
)


@dataclasses.dataclass(frozen=True)
class Opinion:
    """What is said of one policy in force. ``applies``: None where it depends on what wasn't sent. ``asks``: whether
    it blocks or asks for something, or may.
    """

    name: str
    applies: bool | None
    asks: bool = True


Opinions: TypeAlias = "Mapping[str, Opinion]"  # by the policy's folded id


def question(object_id: str, exchange_app: str) -> dict[str, Any]:
    """The body of the request for one user."""
    return {
        "signInIdentity": {"@odata.type": "#microsoft.graph.userSignIn", "userId": object_id},
        "signInContext": {
            "@odata.type": "#microsoft.graph.applicationContext",
            "includeApplications": [exchange_app],
        },
        "signInConditions": {"clientAppType": "other"},
        "appliedPoliciesOnly": False,  # why one doesn't apply is wanted too
    }


def read_opinions(rows: Iterable[Mapping[str, Any]]) -> dict[str, Opinion]:
    """What is said of the policies in force. A row that doesn't tell, or that another contradicts, settles nothing."""
    found: dict[str, Opinion] = {}
    for row in rows:
        if row.get("state") != "enabled" or not isinstance(row.get("id"), str):
            continue
        key = fold(row["id"])
        name = str(row.get("displayName") or row["id"])
        opinion = Opinion(name, _applies(row), asks_for_anything(row))
        found[key] = opinion if found.get(key, opinion) == opinion else Opinion(name, None)
    return found


def _applies(row: Mapping[str, Any]) -> bool | None:
    applies = row.get("policyApplies")
    if applies is True:
        return True
    reasons = {fold(reason.strip()) for reason in str(row.get("analysisReasons") or "").split(",")}
    return False if applies is False and reasons & _BY_WHAT_WAS_SENT else None


def weigh(policy: AccessPolicy, by_rules: str, opinions: Opinions) -> str:
    """Whether a policy covers a user: ``covers``, ``may_cover``, an empty text for no, or ``contradicts`` where the
    policy says plainly one thing and the evaluation another. ``by_rules``: what ``coverage`` says.
    """
    opinion = opinions.get(fold(policy.id))
    if opinion is None or opinion.applies is None:
        return by_rules
    if by_rules != MAY_COVER:
        return by_rules if opinion.applies == (by_rules == COVERS) else CONTRADICTS
    if not opinion.applies:
        return ""
    return MAY_COVER if policy.circumstances else COVERS


def unexpected(policies: Iterable[AccessPolicy], opinions: Opinions) -> list[str]:
    """The names of the policies that apply and ask for something by the evaluation, though none of ``policies``, which
    are all that touch such a sign-in, is one of them.
    """
    known = {fold(policy.id) for policy in policies}
    return [one.name for key, one in opinions.items() if one.applies and one.asks and key not in known]
