# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo's own judgement: what it shows, and what it refuses to call a success."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml
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


def test_the_baseline_declares_who_was_chosen() -> None:
    states = {f"user{number:05}@x": "inherit" for number in range(1, demo.MAILBOXES + 1)} | {"boss@x": "enabled"}
    chosen = demo.choose(states)
    assert len(chosen) == demo.EXCEPTIONS
    assert "boss@x" not in chosen
    declared = yaml.safe_load(demo.baseline(chosen))
    assert {item["mailbox"]: item["state"] for item in declared["exceptions"]} == chosen


def test_tasks_that_say_nothing_are_not_shown() -> None:
    output = "PLAY [p] ****\n\nTASK [idle] ***\nskipping: [h]\n\nTASK [busy] ***\nok: [h]\n\nPLAY RECAP ***\nh : ok=1\n"
    assert demo.readable(output) == ["PLAY [p]", "TASK [busy]", "ok: [h]", "PLAY RECAP", "h : ok=1"]


def test_only_what_was_asked_for_is_shown_and_the_end() -> None:
    output = (
        'PLAY [p] ***\n\nTASK [idle] ***\nok: [h]\n\nTASK [told] ***\nok: [h] => {\n    "msg": [\n        "one",\n'
        '        "two"\n    ]\n}\n\nTASK [end] ***\n[ERROR]: long\nOrigin: there\n\n'
        "fatal: [h]: FAILED! => {}\n\nPLAY RECAP\nh : ok=1\n"
    )
    assert demo.shown_by(output, "told") == ["one", "two", "h : ok=1"]
    assert demo.shown_by(output, "end") == ["fatal: [h]: FAILED! => {}", "h : ok=1"]


def test_a_pipe_gets_no_colours(capsys: pytest.CaptureFixture[str]) -> None:
    demo.title(2, "Audit")
    demo.say(demo.painted("plain", 32))
    assert capsys.readouterr().out == "\n2. Audit\n--------\nplain\n"
