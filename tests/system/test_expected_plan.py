# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook for forms, and the refusal of a plan other than the one that was looked at."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from harness.run import PlaybookRun, PlaybookRunner

pytestmark = pytest.mark.every_core

SET = "m365ops.exchange_online.set"
ALICE, BOB = "alice@contoso.onmicrosoft.com", "bob@contoso.onmicrosoft.com"
ASKED: dict[str, Any] = {"smtp_auth_mailboxes": f"{ALICE}\n{BOB}\n", "smtp_auth_state": "disabled"}
STATS = {"ANSIBLE_SHOW_CUSTOM_STATS": "1"}


@pytest.fixture(autouse=True)
def _both_have_to_change(fake: FakeTenantServer) -> None:
    for name in (ALICE, BOB):
        fake.mailboxes.patch(name, state="inherit")


def writes(fake: FakeTenantServer) -> int:
    return sum(len(entry["items"]) for entry in fake.log.entries(cmdlet="Set-CASMailbox"))


def preview(playbook: PlaybookRunner) -> str:
    run = playbook(SET, flags=["--check"], env=STATS, **ASKED)
    assert run.code == 0, run.output
    found = re.search(r'"smtp_auth_expected_plan": \{\s*"localhost": "([0-9a-f]{64})"', run.stdout)
    assert found, run.stdout
    return found[1]


def refused(run: PlaybookRun) -> bool:
    return run.code == 2 and "(another_plan)" in run.output


@pytest.mark.parametrize("by_host", [False, True], ids=["text", "by host"])
def test_the_plan_that_was_looked_at(playbook: PlaybookRunner, fake: FakeTenantServer, by_host: bool) -> None:
    plan = preview(playbook)
    run = playbook(SET, env=STATS, smtp_auth_expected_plan={"localhost": plan} if by_host else plan, **ASKED)
    assert (run.code, writes(fake)) == (0, 2), run.output
    assert re.search(r'"smtp_auth_expected_plan": \{\s*\}', run.stdout), "it is spent"


def test_another_plan(playbook: PlaybookRunner, fake: FakeTenantServer) -> None:
    plan = preview(playbook)
    fake.mailboxes.patch(BOB, state="disabled")
    assert refused(playbook(SET, smtp_auth_expected_plan=plan, **ASKED))
    assert refused(playbook(SET, smtp_auth_expected_plan={"elsewhere": plan}, **ASKED))
    assert refused(playbook(SET, flags=["--check"], smtp_auth_expected_plan=plan, **ASKED)), "a check says so too"
    assert writes(fake) == 0


def test_nothing_to_do_is_a_plan_too(playbook: PlaybookRunner, fake: FakeTenantServer) -> None:
    nothing = {**ASKED, "smtp_auth_mailboxes": []}
    looked = playbook(SET, flags=["--check"], env=STATS, **nothing)
    found = re.search(r'"smtp_auth_expected_plan": \{\s*"localhost": "([0-9a-f]{64})"', looked.stdout)
    assert found, looked.output
    assert fake.log.entries() == []
    assert refused(playbook(SET, smtp_auth_expected_plan=found[1], **ASKED)), "something to do isn't what was shown"
    assert refused(playbook(SET, smtp_auth_expected_plan=preview(playbook), **nothing)), "nothing to do isn't either"
    assert playbook(SET, smtp_auth_expected_plan=found[1], **nothing).code == 0
    assert writes(fake) == 0


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"smtp_auth_state": ""}, "it must be enabled, disabled or inherit"),
        ({"smtp_auth_state": "Enabled"}, "it must be enabled, disabled or inherit"),
        ({"smtp_auth_expires": "soon"}, "it must be a date such as"),
        ({"smtp_auth_expires": "2199-02-31"}, "it must be a date such as"),
        ({"smtp_auth_expires": "2199-02-29"}, "it must be a date such as"),
        ({"smtp_auth_expires": "2020-02-29"}, "it must be today or later"),
        ({"smtp_auth_mailboxes": " \n"}, "neither was given"),
    ],
)
def test_an_answer_that_makes_no_sense(
    playbook: PlaybookRunner, fake: FakeTenantServer, answer: dict[str, str], said: str
) -> None:
    run = playbook(SET, **{**ASKED, **answer})
    assert (run.code, writes(fake)) == (2, 0)
    assert said in run.output
