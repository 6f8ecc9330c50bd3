# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whoever has a message on the screen finds it in the documentation by a run of its own words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible_collections.m365ops.exchange_online.plugins.filter.smtp_auth_role import FilterModule
from ansible_collections.m365ops.exchange_online.plugins.lookup.mailbox_file import LookupModule
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import M365Error
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.mailbox_files import read_names
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._baseline_text import parse_yaml
from tools import messages, paths
from tools.messages import GAP, HOW, KINDS, PAGE, Message

PAGE_WORDS = " ".join(PAGE.read_text(encoding="utf-8").split())


@pytest.fixture(scope="module")
def found() -> list[Message]:
    """What takes seconds to find is no work for the collecting, which each process does for itself."""
    return messages.messages()


def test_the_page_has_the_messages_of_the_code() -> None:
    assert messages.page_text() == PAGE.read_text(encoding="utf-8"), HOW


def test_each_message_is_found_by_its_longest_run_of_words(found: list[Message]) -> None:
    assert len(found) > 500
    runs = {max(message.text.split(GAP), key=len).strip().replace("`", "'") for message in found}
    assert [run for run in sorted(runs) if run not in PAGE_WORDS] == []


def test_messages_are_taken_whole_and_with_their_codes(found: list[Message]) -> None:
    """One of each way in which the code says something."""
    assert {
        Message("deadline", f"The task's deadline of {GAP} s is over. Run the task again, or raise deadline."),
        Message("untrusted_certificate", "Certificates are always verified: the request wasn't sent."),
        Message("timeout", f"{GAP} didn't answer within {GAP} s."),
        Message("skipped", f"The task that does the work was skipped. {GAP}"),
        Message("no_result", "The module returned nothing of what decides."),
        Message("unknown", "Entra ID doesn't show the account"),
    } <= set(found)


def start(hosts: str) -> None:
    told = FilterModule().filters()["smtp_auth_start"](hosts, {"all": []})
    raise ValueError(told["problems"][0])


@pytest.mark.parametrize(
    "fails",
    [
        lambda: read_names("/nonexistent.csv", "enabled_file"),
        lambda: parse_yaml("a: 1\na: 2"),
        lambda: start("nobody"),
        lambda: LookupModule().run(["/nonexistent.csv"], {}),
    ],
)
def test_what_is_really_said_is_found(fails: Callable[[], object]) -> None:
    """By three words in a row, as somebody searches who has it on the screen."""
    with pytest.raises((M365Error, ValueError, AnsibleError)) as raised:
        fails()
    words = str(raised.value).split()
    runs = [" ".join(words[place : place + 3]) for place in range(len(words) - 2)]
    assert any(run in PAGE_WORDS for run in runs), raised.value


def test_each_code_has_a_meaning_that_was_written_by_hand(found: list[Message]) -> None:
    for code in {message.code for message in found} - KINDS.keys():
        assert f"## `{code}` Means: " in PAGE_WORDS


def in_the_open(node: object) -> Iterator[dict[str, dict[str, object]]]:
    """Tasks but for those of a block with a rescue, which hands on what they say and adds the code."""
    if isinstance(node, list):
        for part in node:
            yield from in_the_open(part)
    elif isinstance(node, dict) and "rescue" not in node:
        yield node
        for part in node.values():
            yield from in_the_open(part)


def test_failures_of_playbooks_end_with_their_code() -> None:
    """What the role and the playbooks say themselves; what they only hand on ends so by ``said``."""
    failing = [
        (path.name, str(task["ansible.builtin.fail"]["msg"]))
        for folder in ("playbooks", "roles")
        for path in sorted((paths.ROOT / folder).rglob("*.yml"))
        for task in in_the_open(yaml.safe_load(path.read_text(encoding="utf-8")))
        if "ansible.builtin.fail" in task
    ]
    without = [
        (name, text)
        for name, text in failing
        if not re.search(r"\([a-z_]+\)\W*$", text) and not re.fullmatch(r"\{\{[^{}]*\b(problem|why)\b[^{}]*\}\}", text)
    ]
    assert without == []
    assert len(failing) >= 6
