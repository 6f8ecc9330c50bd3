# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what is and what is wanted to the steps."""

from __future__ import annotations

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.identity import Entry, parse_entries
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox import Mailbox
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.plan import PlanError, make_plan
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.state import STATES


def entries(number: int) -> list[Entry]:
    return parse_entries([f"user{place}@contoso.com" for place in range(1, number + 1)])


def mailbox(guid: str, state: str = "inherit") -> Mailbox:
    return Mailbox(guid, f"{guid}@contoso.com", guid, state)


@pytest.mark.parametrize("wanted", STATES)
@pytest.mark.parametrize("state", STATES)
def test_a_step_is_needed_where_the_state_differs(state: str, wanted: str) -> None:
    (step,) = make_plan(entries(1), {1: mailbox("a", state)}, wanted)
    assert step.needed is (state != wanted)
    assert step.wanted == wanted


def test_keeps_the_order_and_leaves_out_what_was_not_found() -> None:
    listed = entries(4)
    steps = make_plan(listed, {4: mailbox("d"), 1: mailbox("a"), 2: mailbox("b")}, "enabled")
    assert [(step.entry, step.mailbox.guid) for step in steps] == [(listed[0], "a"), (listed[1], "b"), (listed[3], "d")]


def test_two_names_of_one_mailbox_are_refused_naming_all_of_them() -> None:
    found = {1: mailbox("a"), 2: mailbox("b"), 3: mailbox("a"), 4: mailbox("b"), 5: mailbox("a")}
    with pytest.raises(PlanError) as caught:
        make_plan(entries(5), found, "enabled")
    for place in range(1, 6):
        assert f"entry {place} (user{place}@contoso.com)" in str(caught.value)
