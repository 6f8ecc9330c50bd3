# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook ``audit`` prints a tenant's picture: what is so, held against the fake tenant's own answers."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from fake_tenant.seed_layers import BLOCKS, DOMAIN, POLICIES
from harness.run import PlaybookRun, PlaybookRunner, today

AUDIT = "m365ops.exchange_online.audit"
BEFORE, AFTER = today("2026-11-24"), today("2027-01-01")
ACCOUNTS = {
    "blocked",
    "blocked.unlicensed",
    "discovery",
    "equipment",
    "room",
    "shared",
    "shared.unlicensed",
    "unlicensed",
}


def shown(run: PlaybookRun, task: str) -> list[Any]:
    """What a task that shows something showed: one thing for each loop, or the only one."""
    (section,) = (part for part in run.stdout.split("\nTASK [")[1:] if part.startswith(f"{task}]"))
    texts = [text for text in section.split("=> ")[1:] if text.startswith("{")]
    return [json.loads(text[: text.rindex("}") + 1])["msg"] for text in texts]


def picture(run: PlaybookRun) -> dict[str, str]:
    (lines,) = shown(run, "Show the tenant's picture")
    return dict(line.split(": ", 1) for line in lines)


def names(*locals_: str) -> list[str]:
    return sorted(f"{local}@{DOMAIN}" for local in locals_)


@pytest.mark.parametrize("flags", [[], ["--check", "--diff"]], ids=["real", "check"])
def test_the_picture(fabrikam: FakeTenantServer, fabrikam_playbook: PlaybookRunner, flags: list[str]) -> None:
    run = fabrikam_playbook(AUDIT, env=BEFORE, flags=flags)
    assert run.code == 0, run.output
    assert run.recap()["changed"] == run.recap()["failed"] == 0
    states = fabrikam.mailboxes.states()
    met = {name: fabrikam.mailboxes.sign_in(name) for name in states}
    basic = sum(answer["basic"] is None for answer in met.values())
    at_most = sum(answer["oauth"] is None for answer in met.values())
    # Whether an account that is blocked or unlicensed stops an app isn't known.
    fabrikam.dialect.set(oauth_needs_account=True)
    oauth = sum(fabrikam.mailboxes.sign_in(name)["oauth"] is None for name in states)
    unsure = at_most - oauth
    assert unsure > 0
    count = Counter(states.values())
    assert picture(run) == {
        "mailboxes": str(len(states)),
        "enabled, whatever the organization says": str(count["enabled"]),
        "disabled, whatever the organization says": str(count["disabled"]),
        "inherit, following the organization": str(count["inherit"]),
        "not found": "0",
        "organization": "disabled",
        "a client with Basic meets": f"{basic} enabled, {len(states) - basic} disabled, 0 unknown",
        "a client with OAuth meets": f"{oauth} enabled, {len(states) - at_most} disabled, {unsure} unknown",
        "enabled, but still blocked": f"{len(ACCOUNTS)} by account, 1 by authentication_policy",
        "at risk at the end of December 2026, because Basic works today": str(basic),
    }
    (enabled,) = shown(run, "Show who is enabled by the mailbox's own setting")
    assert sorted(enabled) == sorted(name for name, state in states.items() if state == "enabled")
    blocked = shown(run, "Show who is enabled but blocked")
    assert [sorted(found) for found in blocked] == [names(*ACCOUNTS), names("policy.blocks")]
    for label in (f"by account, {len(ACCOUNTS)}", "by authentication_policy, 1"):
        assert f"(item={label})" in run.stdout
    (at_risk,) = shown(run, "Show who is at risk at the end of December 2026")
    assert sorted(at_risk) == sorted(name for name, answer in met.items() if answer["basic"] is None)
    assert shown(run, "Show for whom it isn't known") == []


def test_who_is_unknown(fabrikam_playbook: PlaybookRunner) -> None:
    """Without the permissions: what is known all the same, of whom it isn't, and because of what."""
    run = fabrikam_playbook(AUDIT, app="no_graph", env=BEFORE)
    assert run.code == 0, run.output
    told = picture(run)
    assert told["a client with Basic meets"] == "0 enabled, 6 disabled, 12 unknown"
    assert told["at risk at the end of December 2026, because Basic works today"] == "0, and for 12 it isn't known"
    for layer in ("account", "security_defaults", "conditional_access"):
        assert f"(item=because of {layer}, 12)" in run.stdout
    text = " ".join(run.output.split())
    for permission in ("User.Read.All (account)", "Policy.Read.All (security_defaults, conditional_access)"):
        assert permission in text


def test_after_the_retirement(fabrikam_playbook: PlaybookRunner) -> None:
    run = fabrikam_playbook(AUDIT, env=AFTER)
    assert run.code == 0, run.output
    assert picture(run)["a client with Basic meets"] == "0 enabled, 13 disabled, 5 unknown"
    assert "(item=because of basic_retirement, 5)" in run.stdout


def test_a_policy_that_blocks_everybody(fabrikam: FakeTenantServer, fabrikam_playbook: PlaybookRunner) -> None:
    fabrikam.organization.patch(conditional_access=[POLICIES["everybody"]])
    run = fabrikam_playbook(AUDIT, env=BEFORE)
    assert run.code == 0, run.output
    assert "(item=by conditional_access, 14)" in run.stdout
    assert "TASK [Show who is at risk at the end of December 2026]" in run.stdout
    assert shown(run, "Show who is at risk at the end of December 2026") == []


def test_a_list(fabrikam_playbook: PlaybookRunner) -> None:
    run = fabrikam_playbook(AUDIT, env=BEFORE, smtp_auth_mailboxes=names("plain.on", "policy.blocks", "plain.off"))
    assert run.code == 0, run.output
    assert picture(run)["mailboxes"] == "3"
    assert shown(run, "Show who is enabled but blocked") == [names("policy.blocks")]
    (lines,) = shown(run, "Show each mailbox of a short list")
    assert len(lines) == 3
    by_name = {line.split(": ", 1)[0]: line.split(": ", 1)[1] for line in lines}
    assert by_name[f"plain.on@{DOMAIN}"].startswith("Basic enabled, OAuth enabled. ")
    assert "assign one that has AllowBasicAuthSmtp" in by_name[f"policy.blocks@{DOMAIN}"], "what to do"
    assert by_name[f"plain.off@{DOMAIN}"].startswith("Basic disabled, OAuth disabled. ")


def test_more_than_can_be_named(crowd: FakeTenantServer, crowd_playbook: PlaybookRunner) -> None:
    """The first hundred of each, and how many more."""
    for number in range(1, 151):
        crowd.mailboxes.patch(f"user{number:05d}", state="enabled", authentication_policy=BLOCKS)
    run = crowd_playbook(AUDIT, env=BEFORE)
    assert run.code == 0, run.output
    true = [name for name, state in crowd.mailboxes.states().items() if state == "enabled"]
    (enabled,) = shown(run, "Show who is enabled by the mailbox's own setting")
    assert (len(enabled), enabled[-1]) == (101, f"and {len(true) - 100} more")
    blocked = shown(run, "Show who is enabled but blocked")
    assert [found[-1] for found in blocked if len(found) > 100] == ["and 51 more"]


def test_counts_for_the_next_job(fabrikam_playbook: PlaybookRunner) -> None:
    run = fabrikam_playbook(AUDIT, env={**BEFORE, "ANSIBLE_SHOW_CUSTOM_STATS": "true"})
    counts = run.handed_on["smtp_auth_audit"]
    assert counts["effective"]["basic"] == {"enabled": 5, "disabled": 13, "unknown": 0}
    assert (counts["basic_at_risk"], counts["organization"]) == (5, "disabled")
    assert "@" not in json.dumps(run.handed_on), "counts only"


def test_graph_is_down(fabrikam: FakeTenantServer, fabrikam_playbook: PlaybookRunner) -> None:
    """What is known is shown and counted; the play fails at its end and says why."""
    fabrikam.faults.add("status", endpoint="graph", times=None, arguments={"status": 503, "retry_after": 0})
    run = fabrikam_playbook(AUDIT, env={**BEFORE, "ANSIBLE_SHOW_CUSTOM_STATS": "true"}, m365_max_retries=0)
    assert run.code == 2
    assert run.recap()["failed"] == 1
    assert picture(run)["a client with Basic meets"] == "0 enabled, 6 disabled, 12 unknown"
    assert '"unknown": 12' in run.stdout
    assert "HTTP status 503" in run.output
    assert "Fail if not all that decides could be read" in run.stdout


def test_nothing_could_be_read(fabrikam: FakeTenantServer, fabrikam_playbook: PlaybookRunner) -> None:
    fabrikam.faults.add("status", endpoint="invoke", times=None, arguments={"status": 503, "retry_after": 0})
    run = fabrikam_playbook(AUDIT, env=BEFORE, m365_max_retries=0)
    assert run.code == 2
    assert "Show the tenant's picture" not in run.stdout
    assert "failed_when" not in run.output, "the cause stands in the last line"
    assert re.search(r'"msg": ".*HTTP status 503.*\(\w+\)"', run.stdout)


def test_a_mailbox_of_the_list_that_is_not_there(fabrikam_playbook: PlaybookRunner) -> None:
    run = fabrikam_playbook(AUDIT, env=BEFORE, smtp_auth_mailboxes=["plain.on", "nobody@x.example"])
    assert run.code == 2
    assert re.search(r'"msg": ".*nobody@x\.example.*or set smtp_auth_missing to warn.*\(not_found\)"', run.stdout)
    (lines,) = shown(run, "Show each mailbox of a short list")
    assert [line.split(":")[0].split(" ")[0] for line in lines] == [f"plain.on@{DOMAIN}", "nobody@x.example"]
