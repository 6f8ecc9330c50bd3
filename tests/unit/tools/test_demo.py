# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo's own judgement: what it shows, and what it refuses to call a success."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tools import demo
from tools.process import CommandFailed

BEFORE = {"a@x": "inherit", "b@x": "enabled", "c@x": "disabled"}
ASKED = {"a@x": "enabled"}


@pytest.mark.parametrize(
    "judge",
    [
        lambda after: demo.expect_untouched(BEFORE, after),
        lambda after: demo.expect_applied(BEFORE, ASKED, after),
    ],
)
def test_a_mailbox_that_nobody_asked_for_must_not_change(judge: Callable[[dict[str, str]], None]) -> None:
    with pytest.raises(CommandFailed, match="b@x"):
        judge({**BEFORE, "b@x": "disabled"})


def test_a_mailbox_that_was_asked_for_must_change() -> None:
    with pytest.raises(CommandFailed, match="a@x is inherit, not enabled"):
        demo.expect_applied(BEFORE, ASKED, BEFORE)
    demo.expect_applied(BEFORE, ASKED, {**BEFORE, **ASKED})


def test_groups_are_disjoint_and_of_one_size() -> None:
    states = {f"user{number:05}@x": "inherit" for number in range(1, demo.MAILBOXES + 1)} | {"boss@x": "enabled"}
    groups = demo.choose(states)
    assert [len(group) for group in groups.values()] == [demo.GROUP] * 3
    assert len(demo.wanted(groups)) == 3 * demo.GROUP
    assert "boss@x" not in demo.wanted(groups)


def test_tasks_that_say_nothing_are_not_shown() -> None:
    output = "PLAY [p] ****\n\nTASK [idle] ***\nskipping: [h]\n\nTASK [busy] ***\nok: [h]\n\nPLAY RECAP ***\nh : ok=1\n"
    assert demo.readable(output) == ["PLAY [p]", "TASK [busy]", "ok: [h]", "PLAY RECAP", "h : ok=1"]
