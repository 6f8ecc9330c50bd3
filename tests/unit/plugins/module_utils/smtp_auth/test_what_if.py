# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Microsoft's own evaluation settles, what it can't, and where it contradicts the policies."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.conditional_access import AccessPolicy
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.effective import Layer
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.layers import (
    Account,
    User,
    conditional_access_layer,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.unread import Unread
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.what_if import (
    Opinion,
    question,
    read_opinions,
    unexpected,
    weigh,
)

USER = User("u", "UserMailbox", "", Account(True, True, False))
BLOCKS = {"operator": "OR", "builtInControls": ["block"]}


def row(**changes: Any) -> dict[str, Any]:
    told = {
        "id": "P1",
        "displayName": "Policy",
        "state": "enabled",
        "policyApplies": False,
        "analysisReasons": "users",
        "grantControls": BLOCKS,
    }
    return {**told, **changes}


def test_what_is_asked() -> None:
    """Nothing is told of the place, the device, or a risk: nobody knows these."""
    assert question("u", "app") == {
        "signInIdentity": {"@odata.type": "#microsoft.graph.userSignIn", "userId": "u"},
        "signInContext": {"@odata.type": "#microsoft.graph.applicationContext", "includeApplications": ["app"]},
        "signInConditions": {"clientAppType": "other"},
        "appliedPoliciesOnly": False,
    }


@pytest.mark.parametrize(
    ("changes", "applies"),
    [
        ({"policyApplies": True, "analysisReasons": "notSet"}, True),
        *(
            ({"analysisReasons": reason}, False)
            for reason in ("users", "application", "clientApps", "userActions", "workloadIdentities", "location, users")
        ),
        *(
            ({"analysisReasons": reason}, None)
            for reason in (
                "location",
                "devicePlatform",
                "devices",
                "signInRisk",
                "userRisk",
                "insiderRisk",
                "time",
                "notEnoughInformation",
                "invalidCondition",
                "invalidPolicy",
                "unknownFutureValue",
                "notSet",
                "",
                None,
                7,
            )
        ),
        ({"policyApplies": None}, None),
        ({"policyApplies": "false"}, None),
        ({"policyApplies": 1}, None),
    ],
)
def test_what_wasnt_told_settles_nothing(changes: dict[str, Any], applies: bool | None) -> None:
    assert read_opinions([row(**changes)]) == {"p1": Opinion("Policy", applies)}


@pytest.mark.parametrize(
    "changes",
    [{"state": "disabled"}, {"state": "enabledForReportingButNotEnforced"}, {"state": None}, {"id": None}, {"id": 7}],
)
def test_only_policies_in_force_count(changes: dict[str, Any]) -> None:
    assert read_opinions([row(policyApplies=True, **changes)]) == {}


def test_rows_that_contradict_each_other_settle_nothing() -> None:
    assert read_opinions([row(), row()])["p1"].applies is False
    assert read_opinions([row(), row(policyApplies=True)])["p1"].applies is None
    assert read_opinions([row(), row(policyApplies=True), row()])["p1"].applies is None


SESSION_ONLY = {"grantControls": None, "sessionControls": {"signInFrequency": {"isEnabled": True}}}


@pytest.mark.parametrize(
    ("changes", "asks"),
    [
        ({}, True),
        (SESSION_ONLY, False),
        ({"grantControls": {"builtInControls": []}}, False),
        ({"grantControls": 7}, True),
    ],
)
def test_whether_it_asks_for_anything(changes: dict[str, Any], asks: bool) -> None:
    opinions = read_opinions([row(policyApplies=True, **changes)])
    assert opinions["p1"].asks is asks
    assert unexpected([], opinions) == (["Policy"] if asks else [])
    assert unexpected([AccessPolicy("p1", "Policy", everyone=True)], opinions) == []


@pytest.mark.parametrize("circumstances", [False, True])
@pytest.mark.parametrize(
    ("by_rules", "applies", "expected"),
    [
        ("may_cover", True, "covers"),
        ("may_cover", False, ""),
        ("may_cover", None, "may_cover"),
        ("covers", True, "covers"),
        ("covers", False, "contradicts"),
        ("covers", None, "covers"),
        ("", True, "contradicts"),
        ("", False, ""),
        ("", None, ""),
    ],
)
def test_rules_and_evaluation_together(by_rules: str, applies: bool | None, expected: str, circumstances: bool) -> None:
    """A policy that depends on the place is no more than possible, even if it applies to a sign-in from nowhere."""
    policy = AccessPolicy("P1", "Policy", everyone=True, doubt="a doubt", circumstances=circumstances)
    found = weigh(policy, by_rules, {"p1": Opinion("Policy", applies)})
    assert found == ("may_cover" if circumstances and expected == "covers" and by_rules == "may_cover" else expected)
    assert weigh(policy, by_rules, {}) == by_rules


# In the layer -------------------------------------------------------------------------------------------------------

GROUP = AccessPolicy("p1", "For a group", everyone=False, groups_in=frozenset(["g"]))
PLACE = AccessPolicy("p2", "Abroad", everyone=True, doubt="it depends on locations", circumstances=True)
OTHER = AccessPolicy("p3", "Others", everyone=False, included=frozenset(["v"]))
LACKING = {"g": Unread("Refused", "GroupMember.Read.All")}


def layer(policies: list[AccessPolicy], opinions: Any) -> Layer:
    return conditional_access_layer(policies, USER, LACKING, opinions)


def test_it_settles_what_the_rules_cannot() -> None:
    unsettled = layer([GROUP], None)
    assert (unsettled.basic, unsettled.permission) == ("unknown", "GroupMember.Read.All")
    blocked = layer([GROUP], {"p1": Opinion("For a group", True)})
    assert (blocked.state, blocked.basic, blocked.oauth, blocked.permission) == ("For a group", "blocks", "no_say", "")
    free = layer([GROUP], {"p1": Opinion("For a group", False)})
    assert (free.state, free.basic, free.reason) == ("none", "allows", "")


def test_what_it_cannot_settle_stays_unknown() -> None:
    left = layer([GROUP, PLACE], {"p1": Opinion("For a group", False), "p2": Opinion("Abroad", None)})
    assert (left.state, left.basic, left.permission) == ("Abroad", "unknown", "")
    assert left.reason == "Conditional Access may block legacy clients here (Abroad, as it depends on locations)"


@pytest.mark.parametrize(
    "opinions",
    [{"p1": Opinion("For a group", False), "p3": Opinion("Others", True)}, {"p9": Opinion("Others", True)}],
    ids=["of a policy for others", "of a policy that isn't there"],
)
def test_a_contradiction_is_unknown_and_said(opinions: dict[str, Opinion]) -> None:
    found = layer([OTHER], opinions)
    assert (found.state, found.basic) == ("Others", "unknown")
    assert found.reason == (
        "what the Conditional Access policy Others says of this user and what Microsoft's what-if evaluation says "
        "contradict each other (try a sign-in)"
    )


def test_where_it_could_not_be_obtained_that_is_said() -> None:
    found = layer([GROUP], Unread("Microsoft Graph failed. Try again"))
    assert (found.basic, found.permission) == ("unknown", "GroupMember.Read.All")
    assert (
        "the app lacks GroupMember.Read.All); Microsoft's what-if evaluation, which may tell, couldn't be obtained: "
        in (found.reason)
    )
    assert found.reason.endswith("Microsoft Graph failed; Try again)")
