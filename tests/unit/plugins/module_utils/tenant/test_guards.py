# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked between plan and write, in which order, and what it costs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import Failure
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.limit import count_limit, parse_limit
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox import Mailbox
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.organization import Switch
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.plan import Step
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.tenant_plan import entry_for
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.whole_plan import Plan
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant import guards as _guards
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.guards import (
    Guards,
    InUse,
    expects,
    limits,
)

ENABLE = ("inherit", "enabled")


def plan(*changes: tuple[str, str], switch: tuple[str, str] | None = None, everybody: int = 0) -> Plan:
    """``everybody``: so many mailboxes that inherit, the first of which change; 0 for those that change."""
    steps = []
    for number, (state, wanted) in enumerate(changes, start=1):
        mailbox = Mailbox(f"g{number}", f"m{number}@contoso.com", "", state)
        steps.append(Step(entry_for(number, mailbox), mailbox, wanted))
    whole = [Mailbox(f"g{number}", "", "", "inherit") for number in range(1, everybody + 1)]
    return Plan(steps, 100, switch, whole or [step.mailbox for step in steps])


def test_the_first_that_refuses_ends_it() -> None:
    asked: list[str] = []

    def guard(name: str, refusal: Failure | None) -> Any:
        return lambda _plan: asked.append(name) or refusal

    guards = Guards([guard("a", None), guard("b", Failure("b", "B.")), guard("c", Failure("c", "C."))])
    made = plan(ENABLE)
    assert guards.plan == ""
    assert guards(made) == Failure("b", "B.")
    assert asked == ["a", "b"]
    assert guards.plan == made.fingerprint


def test_without_guards_everything_passes_and_is_known() -> None:
    guards = Guards()
    assert guards(plan()) is None
    assert len(guards.plan) == 64


@pytest.mark.parametrize("given", [None, "", " \n"])
def test_nothing_expected(given: str | None) -> None:
    assert expects(given)(plan(ENABLE)) is None


@pytest.mark.parametrize("expected", [plan(ENABLE).fingerprint, f" {plan(ENABLE).fingerprint.upper()}\n"])
def test_the_expected_plan_passes(expected: str) -> None:
    assert expects(expected)(plan(ENABLE)) is None


@pytest.mark.parametrize("expected", [plan(ENABLE).fingerprint[:12], "none for the host contoso", "{'a': 1}"])
def test_what_is_no_fingerprint_is_refused_as_such(expected: str) -> None:
    refusal = expects(expected)(plan(ENABLE))
    assert refusal is not None
    assert refusal.code == "another_plan"
    assert f"{expected!r}, which isn't the fingerprint of a plan" in refusal.message


@pytest.mark.parametrize("made", [plan(), plan(ENABLE, ENABLE), plan(ENABLE, switch=("enabled", "disabled"))])
def test_another_plan_is_refused(made: Plan) -> None:
    refusal = expects(plan(ENABLE).fingerprint)(made)
    assert refusal is not None
    assert refusal.code == "another_plan"
    for step in made.changes:
        assert step.entry.text in refusal.message
    assert ("organization's setting to disabled" in refusal.message) is made.turns_switch


@pytest.mark.parametrize(("number", "most"), [(0, 0), (3, 3), (3, 9), (50, None)])
def test_a_plan_within_the_limit_passes(number: int, most: int | None) -> None:
    assert limits(count_limit(most))(Plan(plan(*[ENABLE] * number).changes, 100)) is None


@pytest.mark.parametrize(("number", "most"), [(1, 0), (5, 3), (9, 8)])
def test_a_plan_over_the_limit_is_refused(number: int, most: int) -> None:
    refusal = limits(count_limit(most))(Plan(plan(*[ENABLE] * number).changes, 100))
    assert refusal is not None
    assert refusal.code == "max_changes"
    assert f"changes {number} of 100 mailboxes, more than max_changes={most};" in refusal.message
    assert refusal.message.count("@contoso.com") == min(number, 5), "the first few are named"
    assert ("and 4 more" in refusal.message) is (number == 9)


@pytest.mark.parametrize(("limit", "refused"), [("7", True), ("8", False), ("79%", True), ("80%", False)])
def test_who_follows_the_switch_counts_where_it_turns(limit: str, refused: bool) -> None:
    """Ten mailboxes inherit; two of them get a setting of their own."""
    turned = plan(ENABLE, ENABLE, switch=("enabled", "disabled"), everybody=10)
    rested = plan(ENABLE, ENABLE, switch=("enabled", "enabled"), everybody=10)
    assert [limits(parse_limit(most))(turned) is None for most in ("9", "10")] == [False, True]
    assert limits(parse_limit("2"))(rested) is None
    eight = plan(*[ENABLE] * 8, everybody=10)
    assert (limits(parse_limit(limit))(eight) is not None) is refused


class Use:
    """Stands for the sign-in log."""

    def __init__(self) -> None:
        self.losers: list[list[str]] = []

    def __call__(self, losers: list[Mailbox]) -> Failure | None:
        self.losers.append([mailbox.guid for mailbox in losers])
        return None


@pytest.mark.parametrize(
    ("made", "losers", "reads"),
    [
        (plan(("enabled", "disabled"), ("inherit", "enabled")), ["g1"], 0),
        (plan(("enabled", "inherit"), ("inherit", "disabled")), ["g2"], 1),
        (plan(("inherit", "enabled")), [], 0),
        (plan(("enabled", "inherit"), switch=("enabled", "enabled")), [], 0),
        (plan(("enabled", "inherit"), switch=("enabled", "disabled")), ["g1"], 0),
    ],
)
def test_the_organization_is_only_read_where_it_decides(
    monkeypatch: pytest.MonkeyPatch, made: Plan, losers: list[str], reads: int
) -> None:
    """It is on."""
    read: list[Any] = []
    monkeypatch.setattr(_guards, "read_switch", lambda client: read.append(client) or Switch("enabled"))
    use = Use()
    assert InUse("client", use)(made) is None  # type: ignore[arg-type]
    assert use.losers == [losers]
    assert len(read) == reads
