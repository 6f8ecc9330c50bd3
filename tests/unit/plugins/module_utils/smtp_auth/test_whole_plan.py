# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan as a whole: what its fingerprint tells apart, who loses by it."""

from __future__ import annotations

import itertools
import random

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox import Mailbox
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.plan import Step
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.state import STATES
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.tenant_plan import entry_for
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.whole_plan import Plan


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
