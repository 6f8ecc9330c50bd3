# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tenant's picture: counts of all, names up to a limit."""

from __future__ import annotations

import datetime

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.conditional_access import AccessPolicy
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.effective import Effective
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.findings import (
    MOST_NAMES,
    Findings,
    Names,
    find,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.layers import (
    Account,
    Judge,
    Tenant,
    User,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.unread import Unread

UNREAD = Unread("it is locked")
GOOD = Account(True, True)


def judge(
    state: str = "enabled",
    *,
    organization: str | Unread = "enabled",
    account: Account | Unread = GOOD,
    security_defaults: bool | Unread = False,
    conditional_access: list[AccessPolicy] | Unread | None = None,
    today: datetime.date = datetime.date(2026, 11, 24),
) -> tuple[str, Effective]:
    tenant = Tenant(organization, "", [], security_defaults, conditional_access or [], today)
    return state, Judge(tenant).judge(state, User("u", "UserMailbox", "", account))


def found(*judged: tuple[str, Effective]) -> Findings:
    return find((f"m{place}", *one) for place, one in enumerate(judged))


def test_nobody_is_a_finding_too() -> None:
    nothing = dict.fromkeys(("enabled", "disabled", "unknown"), 0)
    assert found() == Findings(basic=nothing, oauth=nothing)


def test_everyone_is_counted_once_for_each_kind() -> None:
    findings = found(
        judge(),
        judge("inherit"),
        judge("disabled"),
        judge(security_defaults=True),
        judge(security_defaults=UNREAD),
        judge(account=UNREAD),
    )
    assert findings.basic == {"enabled": 2, "disabled": 2, "unknown": 2}
    assert findings.oauth == {"enabled": 4, "disabled": 1, "unknown": 1}


def test_enabled_means_by_the_mailboxs_own_setting() -> None:
    findings = found(judge(), judge("inherit"), judge("disabled"), judge(security_defaults=True))
    assert findings.enabled == Names(2, ["m0", "m3"])


def test_blocked_are_those_switched_on_under_each_layer_that_blocks_them() -> None:
    findings = found(
        judge(security_defaults=True, account=Account(False, True)),
        judge("inherit", security_defaults=True),
        judge("disabled", security_defaults=True),
        judge("inherit", organization="disabled", security_defaults=True),
        judge("inherit", organization=UNREAD, security_defaults=True),
        judge(conditional_access=UNREAD, account=Account(True, False)),
        judge(),
    )
    assert findings.blocked == {
        "security_defaults": Names(2, ["m0", "m1"]),
        "account": Names(2, ["m0", "m5"]),
    }
    assert findings.unknown == {}


def test_unknown_are_those_whose_answer_hangs_on_it_under_each_such_layer() -> None:
    findings = found(
        judge(security_defaults=UNREAD, conditional_access=UNREAD),
        judge("inherit", organization=UNREAD),
        judge("disabled", security_defaults=UNREAD),
        judge(conditional_access=[AccessPolicy("1", "Group", everyone=False, groups_in=frozenset(["g"]))]),
    )
    assert findings.unknown == {
        "security_defaults": Names(1, ["m0"]),
        "conditional_access": Names(2, ["m0", "m3"]),
        "organization": Names(1, ["m1"]),
    }
    assert findings.blocked == {}


@pytest.mark.parametrize("today", [datetime.date(2026, 11, 24), datetime.date(2027, 1, 1)])
def test_at_risk_are_those_whom_only_the_retirement_of_basic_can_stop(today: datetime.date) -> None:
    findings = found(
        judge(today=today),
        judge("inherit", today=today),
        judge("disabled", today=today),
        judge(security_defaults=True, today=today),
        judge(security_defaults=UNREAD, today=today),
    )
    assert findings.basic_at_risk == Names(2, ["m0", "m1"])
    assert findings.basic_unknown == Names(1, ["m4"]), "it may be at risk, and nobody knows"


def test_who_is_blocked_for_certain_is_not_unknown() -> None:
    findings = found(
        judge(security_defaults=True, conditional_access=UNREAD),
        judge("disabled", conditional_access=UNREAD),
        judge("inherit", organization=UNREAD),
    )
    assert findings.basic_unknown == Names(1, ["m2"])
    assert findings.basic_at_risk == Names()


def test_names_end_at_a_limit_and_counts_do_not() -> None:
    findings = found(*[judge()] * (MOST_NAMES + 5))
    assert findings.enabled.count == findings.basic_at_risk.count == findings.basic["enabled"] == MOST_NAMES + 5
    assert findings.enabled.mailboxes == [f"m{place}" for place in range(MOST_NAMES)]
