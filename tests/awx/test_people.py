# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requesters, approvers and auditors, each with only the roles that configure.yml gives them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from fake_awx import FakeAwx, Job, Launcher, token_of
from fake_awx.people import Forbidden
from fake_tenant import FakeTenantServer

from .conftest import APPROVER, AUDITOR, NOBODY, REQUESTER

ALICE, BOB = "alice@contoso.onmicrosoft.com", "bob@contoso.onmicrosoft.com"
REQUEST = "SMTP AUTH: request"


def answers(mailbox: str, state: str = "disabled", **more: str) -> dict[str, str]:
    form = dict.fromkeys(("smtp_auth_owner", "smtp_auth_ticket", "smtp_auth_expires"), "")
    asked = {"smtp_auth_mailboxes": mailbox, "smtp_auth_state": state, "smtp_auth_reason": "The scanner is gone"}
    return {**form, **asked, **more}


def read(awx: FakeAwx, user: str, job: Job, part: str = "") -> Any:
    """What the API shows of a job to somebody, or the number with which it refuses."""
    request = urllib.request.Request(f"{awx.url}/api/v2/jobs/{job.number}/{part}")
    request.add_header("Authorization", f"Bearer {token_of(user)}")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.fixture(autouse=True)
def _both_have_to_change(fake: FakeTenantServer) -> None:
    for name in (ALICE, BOB):
        fake.mailboxes.patch(name, state="inherit")


def test_each_does_their_part(awx: FakeAwx, launcher: Launcher, fake: FakeTenantServer) -> None:
    """From the form to the apply; and two requests at the same time, each with a plan of its own."""
    first = launcher.start_workflow(REQUEST, user=REQUESTER, **answers(f" {ALICE} ", smtp_auth_expires=" 2199-12-31 "))
    second = launcher.start_workflow(REQUEST, user=REQUESTER, **answers(BOB, "enabled"))
    assert [first.status, second.status] == ["waiting", "waiting"], "one that waits keeps no other waiting"
    assert first.artifacts["smtp_auth_asked"]["expires"] == "2199-12-31"

    (preview,) = first.jobs
    for part in ("", "stdout/", "job_events/"):
        for who in (APPROVER, REQUESTER, AUDITOR):
            assert read(awx, who, preview, part) not in (403, None), (who, part)
        assert read(awx, NOBODY, preview, part) == 403
    assert ALICE in read(awx, APPROVER, preview, "stdout/")["content"]

    told = [run.sent[0] for run in (first, second)]
    assert [(one["requester"], one["state"], one["mailboxes"]) for one in told] == [
        (REQUESTER, "disabled", [ALICE]),
        (REQUESTER, "enabled", [BOB]),
    ]
    assert told[0]["reason"] == "The scanner is gone"

    with pytest.raises(Forbidden):
        first.decide(user=REQUESTER)
    second.decide(user=APPROVER)
    first.decide(user=APPROVER)
    assert [first.status, second.status] == ["successful", "successful"], first.jobs[-1].output
    states = fake.mailboxes.states()
    assert (states[ALICE], states[BOB]) == ("disabled", "enabled")
    applied = first.jobs[-1]
    assert applied.artifacts["smtp_auth_report"]["journal"].endswith(f"smtp_auth-{applied.number}.jsonl")
    assert f"smtp_auth-{applied.number}.jsonl" in str(applied.results("Show what was done")[0]["msg"])
    assert applied.sent[0]["asked"]["asked_by"] == REQUESTER


def test_the_requester_reads_why_a_preview_failed(awx: FakeAwx, launcher: Launcher) -> None:
    run = launcher.start_workflow(REQUEST, user=REQUESTER, **answers(ALICE, smtp_auth_reason="    "))
    assert (run.status, len(run.jobs)) == ("failed", 1)
    assert "smtp_auth_reason is nothing but blanks" in read(awx, REQUESTER, run.jobs[0], "stdout/")["content"]


def test_nobody_launches_what_is_not_theirs(awx: FakeAwx, launcher: Launcher) -> None:
    """All that each may launch or decide, of everything that there is."""
    may: dict[str, set[str]] = {}
    for who in (REQUESTER, APPROVER, AUDITOR, NOBODY):
        for endpoint in ("job_templates", "workflow_job_templates"):
            for template in awx.store.all(endpoint):
                for action in ("execute", "approval"):
                    try:
                        launcher.demand(who, action, template)
                    except Forbidden:
                        continue
                    may.setdefault(who, set()).add(f"{action} {template['name'].removeprefix('SMTP AUTH: ')}")
    assert may == {
        REQUESTER: {"execute request", "execute probe"},
        APPROVER: {"approval request", "approval enforce with approval"},
        AUDITOR: {"execute check", "execute audit", "execute evidence", "execute probe", "execute all tenants"},
    }


def test_a_workflow_that_may_run_only_once_keeps_others_waiting(awx: FakeAwx, launcher: Launcher) -> None:
    """What AWX does without allow_simultaneous."""
    awx.store.find("workflow_job_templates", REQUEST)["allow_simultaneous"] = False
    first, second = (launcher.start_workflow(REQUEST, **answers(name)) for name in (ALICE, BOB))
    assert [first.status, second.status] == ["waiting", "pending"]
