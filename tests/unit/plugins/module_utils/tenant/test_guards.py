# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked between plan and write, in which order, and what it costs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.limit import count_limit
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox import Mailbox
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.organization import Switch
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.plan import Step
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.tenant_plan import entry_for
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.whole_plan import Plan, Refusal
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant import guards as _guards
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.guards import (
    Guards,
    InUse,
    expects,
    limits,
)


def plan(*changes: tuple[str, str], switch: tuple[str, str] | None = None) -> Plan:
    steps = []
    for number, (state, wanted) in enumerate(changes, start=1):
        mailbox = Mailbox(f"g{number}", f"m{number}@contoso.com", "", state)
        steps.append(Step(entry_for(number, mailbox), mailbox, wanted))
    return Plan(steps, len(steps), switch, [step.mailbox for step in steps])


def test_the_first_that_refuses_ends_it() -> None:
    asked: list[str] = []

    def guard(name: str, refusal: Refusal | None) -> Any:
        return lambda _plan: asked.append(name) or refusal

    guards = Guards([guard("a", None), guard("b", ("b", "B.")), guard("c", ("c", "C."))])
    made = plan(("inherit", "enabled"))
    assert guards.plan == ""
    assert guards(made) == ("b", "B.")
    assert asked == ["a", "b"]
    assert guards.plan == made.fingerprint


def test_without_guards_everything_passes_and_is_known() -> None:
    guards = Guards()
    assert guards(plan()) is None
    assert len(guards.plan) == 64


@pytest.mark.parametrize("given", [None, "", " \n"])
def test_nothing_expected(given: str | None) -> None:
    assert expects(given)(plan(("inherit", "enabled"))) is None


def test_limits() -> None:
    made = plan(("inherit", "enabled"), ("inherit", "enabled"))
    assert [limits(count_limit(most))(made) is None for most in (None, 0, 1, 2)] == [True, False, False, True]


class Use:
    """Stands for the sign-in log."""

    def __init__(self) -> None:
        self.losers: list[list[str]] = []

    def __call__(self, losers: list[Mailbox]) -> Refusal | None:
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
