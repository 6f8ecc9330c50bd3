# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan as a whole: what its fingerprint tells apart, what its size is, who loses by it."""

from __future__ import annotations

import itertools
import random

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.limit import count_limit, parse_limit
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox import Mailbox
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.plan import Step
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.state import STATES
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.tenant_plan import entry_for
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.whole_plan import (
    Plan,
    check_expected,
    check_size,
)


def mailbox(number: int, state: str = "inherit") -> Mailbox:
    return Mailbox(f"{number:08x}-0000-4000-8000-00000000000A", f"user{number}@contoso.com", "", state)


def step(number: int, state: str = "inherit", wanted: str = "enabled", name: str = "") -> Step:
    found = mailbox(number, state)
    return Step(entry_for(number, found, name), found, wanted)


def plan(*steps: Step, switch: tuple[str, str] | None = None, everybody: int | None = None) -> Plan:
    return Plan(steps, 100, switch, None if everybody is None else [mailbox(at) for at in range(everybody)])


# The fingerprint ------------------------------------------------------------------------------------------------------


def test_order_names_and_writing_of_ids_do_not_matter() -> None:
    steps = [step(number) for number in range(9)]
    shuffled = [step(number, name=f"alias{number}") for number in range(9)]
    random.Random(1).shuffle(shuffled)
    lower = [
        Step(one.entry, Mailbox(one.mailbox.guid.lower(), "", "", one.mailbox.state), one.wanted) for one in shuffled
    ]
    assert plan(*steps).fingerprint == plan(*shuffled).fingerprint == plan(*lower).fingerprint


def test_everything_that_is_done_matters() -> None:
    plans = [
        plan(),
        *(plan(step(1, state, wanted)) for state, wanted in itertools.permutations(STATES, 2)),
        plan(step(2)),
        plan(step(1), step(2)),
        plan(switch=("enabled", "disabled")),
        plan(switch=("disabled", "enabled")),
        plan(step(1), switch=("enabled", "disabled")),
    ]
    fingerprints = [one.fingerprint for one in plans]
    assert len(set(fingerprints)) == len(plans)
    assert all(len(text) == 64 for text in fingerprints)


def test_a_switch_that_stays_is_no_part_of_it() -> None:
    assert plan(step(1), switch=("disabled", "disabled")).fingerprint == plan(step(1)).fingerprint


@pytest.mark.parametrize("expected", [plan(step(1)).fingerprint[:12], "none for the host contoso", "{'a': 1}"])
def test_what_is_no_fingerprint_is_refused_as_such(expected: str) -> None:
    refusal = check_expected(plan(step(1)), expected)
    assert refusal is not None
    assert refusal[0] == "another_plan"
    assert repr(expected) in refusal[1]
    assert "isn't the fingerprint of a plan" in refusal[1]


@pytest.mark.parametrize("expected", ["", plan(step(1)).fingerprint, plan(step(1)).fingerprint.upper()])
def test_the_expected_plan_passes(expected: str) -> None:
    assert check_expected(plan(step(1)), expected) is None


@pytest.mark.parametrize("made", [plan(), plan(step(2)), plan(step(1), switch=("enabled", "disabled"))])
def test_another_plan_is_refused(made: Plan) -> None:
    refusal = check_expected(made, plan(step(1)).fingerprint)
    assert refusal is not None
    assert refusal[0] == "another_plan"
    for step_ in made.changes:
        assert step_.entry.text in refusal[1]
    assert ("organization's setting to disabled" in refusal[1]) is made.turns_switch


# Its size -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "most"), [(0, 0), (3, 3), (3, 9), (50, None)])
def test_a_plan_within_the_limit_passes(number: int, most: int | None) -> None:
    assert check_size(plan(*map(step, range(number))), count_limit(most)) is None


@pytest.mark.parametrize(("number", "most"), [(1, 0), (5, 3), (9, 8)])
def test_a_plan_over_the_limit_is_refused(number: int, most: int) -> None:
    refusal = check_size(plan(*map(step, range(number))), count_limit(most))
    assert refusal is not None
    code, said = refusal
    assert code == "max_changes"
    assert f"changes {number} of 100 mailboxes, more than max_changes={most};" in said
    assert said.count("@contoso.com") == min(number, 5), "the first few are named"
    assert ("and 4 more" in said) is (number == 9)


@pytest.mark.parametrize(("limit", "refused"), [("7", True), ("8", False), ("79%", True), ("80%", False)])
def test_who_follows_the_switch_counts_where_it_turns(limit: str, refused: bool) -> None:
    """Ten mailboxes inherit; two of them get a setting of their own, one that counts and one that is new."""
    turned = plan(step(1), step(2), switch=("enabled", "disabled"), everybody=10)
    rested = plan(step(1), step(2), switch=("enabled", "enabled"), everybody=10)
    assert (check_size(turned, parse_limit("9")) is not None, check_size(turned, parse_limit("10"))) == (True, None)
    assert check_size(rested, parse_limit("2")) is None
    seven = plan(*map(step, range(8)), everybody=10)
    assert (check_size(seven, parse_limit(limit)) is not None) is refused


# Who loses by it ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "wanted", "organization", "loses", "hangs"),
    [
        ("enabled", "disabled", "", True, False),
        ("enabled", "inherit", "disabled", True, True),
        ("enabled", "inherit", "enabled", False, True),
        ("inherit", "disabled", "enabled", True, True),
        ("inherit", "disabled", "disabled", False, True),
        ("inherit", "enabled", "", False, False),
        ("disabled", "enabled", "", False, False),
        ("disabled", "inherit", "", False, False),
    ],
)
def test_losers(state: str, wanted: str, organization: str, loses: bool, hangs: bool) -> None:
    """The organization's setting is only needed where it decides."""
    made = plan(step(1, state, wanted))
    assert made.hangs_on_organization is hangs
    assert bool(made.losers(organization)) is loses


def test_with_a_switch_that_turns_everybody_counts() -> None:
    made = plan(step(1, wanted="enabled"), switch=("enabled", "disabled"), everybody=3)
    assert not made.hangs_on_organization
    assert [one.primary_smtp_address for one in made.losers("")] == ["user0@contoso.com", "user2@contoso.com"]
