# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who follows the organization's switch after a plan, and who loses by it."""

from __future__ import annotations

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.followers import followers, losers
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox import Mailbox
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.plan import Step
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.tenant_plan import entry_for


def mailbox(name: str, state: str = "inherit") -> Mailbox:
    return Mailbox(f"guid-of-{name}", f"{name}@contoso.com", name, state)


def test_followers_are_who_inherits_in_the_end() -> None:
    everybody = [mailbox("a"), mailbox("b", "enabled"), mailbox("c", "disabled"), mailbox("d")]
    steps = [
        Step(entry_for(1, everybody[0]), everybody[0], "disabled"),
        Step(entry_for(2, everybody[1]), everybody[1], "inherit"),
    ]
    assert [one.display_name for one in followers(steps, everybody)] == ["b", "d"]


@pytest.mark.parametrize(
    ("now", "then", "expected"),
    [
        ("disabled", "disabled", ["b"]),
        ("enabled", "enabled", ["a"]),
        ("enabled", "disabled", ["a", "b", "d"]),
        ("disabled", "enabled", []),
    ],
)
def test_losers_are_who_may_now_and_may_not_afterwards(now: str, then: str, expected: list[str]) -> None:
    everybody = [mailbox("a"), mailbox("b", "enabled"), mailbox("c", "disabled"), mailbox("d")]
    steps = [
        Step(entry_for(1, everybody[0]), everybody[0], "disabled"),
        Step(entry_for(2, everybody[1]), everybody[1], "inherit"),
    ]
    assert [one.display_name for one in losers(steps, everybody, now, then)] == expected
