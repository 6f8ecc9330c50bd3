# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for a whole tenant; and that its order cuts nobody off, and lets nobody in, at any moment."""

from __future__ import annotations

import datetime
import itertools

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.baseline import (
    Baseline,
    parse_exceptions,
    stand,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox import Mailbox
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.plan import PlanError, Step
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.state import STATES
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.tenant_plan import (
    before_the_switch,
    entry_for,
    is_system_name,
    plan_everyone_else,
    plan_exceptions,
)

SWITCH = ("enabled", "disabled")


def mailbox(name: str, state: str = "inherit") -> Mailbox:
    return Mailbox(f"guid-of-{name}", f"{name}@contoso.com", name, state)


def baseline(everyone_else: str, **states: str) -> Baseline:
    listed = [{"mailbox": f"{name}@contoso.com", "state": state} for name, state in states.items()]
    return stand(parse_exceptions(listed, require_owner=False), everyone_else, datetime.date(2026, 11, 24))


def test_exceptions_have_each_their_own_state() -> None:
    declared = baseline("inherit", printer="enabled", kiosk="disabled", gone="enabled")
    steps = plan_exceptions(declared, {2: mailbox("kiosk"), 1: mailbox("printer")})
    assert [(step.entry.text, step.wanted) for step in steps] == [
        ("printer@contoso.com", "enabled"),
        ("kiosk@contoso.com", "disabled"),
    ]


def test_one_mailbox_under_two_addresses_is_refused_naming_both() -> None:
    declared = baseline("inherit", printer="enabled", scanner="enabled")
    with pytest.raises(PlanError, match=r"exception 1 \(printer@contoso.com\) and exception 2 \(scanner@contoso.com\)"):
        plan_exceptions(declared, {1: mailbox("printer"), 2: mailbox("printer")})


@pytest.mark.parametrize("everyone_else", ["inherit", "disabled"])
def test_everyone_else_is_who_is_not_listed_by_address(everyone_else: str) -> None:
    everybody = [mailbox("Zoe"), mailbox("printer"), mailbox("adam"), Mailbox("guid-only", "", "", "enabled")]
    steps = plan_everyone_else(baseline(everyone_else), everybody, {"guid-of-printer"}, 7)
    assert [(step.entry.position, step.entry.text, step.wanted) for step in steps] == [
        (8, "guid-only", everyone_else),
        (9, "adam@contoso.com", everyone_else),
        (10, "Zoe@contoso.com", everyone_else),
    ]


def test_unmanaged_means_nobody_else() -> None:
    assert plan_everyone_else(baseline("unmanaged"), [mailbox("adam")], (), 0) == []


@pytest.mark.parametrize(
    ("local", "system"),
    [
        ("DiscoverySearchMailbox{D919BA05-46A6-415f-80AD-7E09334BB852}", True),
        ("SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}", True),
        ("FederatedEmail.4c1f4d8b-8179-4148-93bf-00a95fa1e042", True),
        ("Migration.8f3e7716-2011-43e4-96b1-aba62d229136", True),
        ("HealthMailbox0123456789abcdef0123456789abcdef", True),
        ("systemmailbox", False),
        ("migration.team", False),
        ("discoverysearchmailbox{printer}", False),
        ("a.systemmailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}", False),
        ("", False),
    ],
)
def test_names_of_the_service(local: str, system: bool) -> None:
    assert is_system_name(mailbox(local)) is system


# The order ------------------------------------------------------------------------------------------------------------


def may_send(state: str, organization: str) -> bool:
    return (organization if state == "inherit" else state) == "enabled"


@pytest.mark.parametrize(("now", "then"), list(itertools.product(SWITCH, SWITCH)))
@pytest.mark.parametrize(("before", "wanted"), list(itertools.product(STATES, STATES)))
def test_at_no_moment_is_a_mailbox_what_it_shall_not_be(before: str, wanted: str, now: str, then: str) -> None:
    """Whoever may send before and after may send all the time; whoever may not, may not at any time."""
    step = Step(entry_for(1, mailbox("a")), mailbox("a", before), wanted)
    moments = [(before, now)]
    moments.append((wanted, now) if before_the_switch(step) else (before, then))
    moments.append((wanted, then))
    seen = [may_send(*moment) for moment in moments]
    if seen[0] == seen[-1]:
        assert set(seen) == {seen[0]}
    else:
        assert seen == sorted(seen, reverse=seen[0]), "it changes once, and doesn't change back"
