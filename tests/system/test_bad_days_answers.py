# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that aren't the ones hoped for: refusals, outages, lost connections, bodies that make no sense.

Eleven mailboxes with one request at a time give a known order: two batches of look-ups, one of writes, one of looks at
what was written. A trouble that passes is met once while reading and once while writing.
"""

from __future__ import annotations

from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from harness.run import ModuleRunner
from harness.truth import Job

pytestmark = pytest.mark.newest_core

READS, WRITE = 2, 1
TRANSIENT = "Microsoft.Exchange.Data.Directory.ADTransientException"
DENIED = "Microsoft.Exchange.AdminApi.CmdletAccessDeniedException"
PROXY = "Microsoft.Exchange.Configuration.CmdletProxyNotAvailableFailure"


def eleven(module: ModuleRunner, **options: Any) -> Job:
    job = Job(module, list(module.fake.mailboxes.states())[:11], **{"concurrency": 1, "max_retries": 1, **options})
    assert 5 < len(job.todo) <= 10
    return job


def refusal(status: int, **more: Any) -> dict[str, Any]:
    return {"effect": "status", "arguments": {"status": status, "retry_after": 0, **more}}


ONCE = {
    "429": refusal(429, type="", text=""),
    "429, Retry-After missing": refusal(429, retry_after=None),
    "429, Retry-After in seconds": refusal(429, retry_after=1),
    "429, Retry-After as a date": refusal(429, retry_after="date"),
    "429, Retry-After nonsense": refusal(429, retry_after="soon"),
    "503": refusal(503, type="", text="", body="empty"),
    "504, a page of a proxy": refusal(504, body="html"),
    "502": refusal(502, type="", text="Bad gateway", body="text"),
    "408": refusal(408, type="", text="Timed out", body="text"),
    "500, transient": refusal(500, type=TRANSIENT),
    "400, transient": refusal(400, type=TRANSIENT),
    "400, no proxy to be had": refusal(400, type=PROXY, text="Error on proxy command."),
    "too many at a time, as plain text": {"effect": "concurrency_text"},
    "too many at a time, with 503": {"effect": "concurrency_text", "arguments": {"status": 503}},
    "dropped before it was taken": {"effect": "drop"},
    "dropped after it was taken": {"effect": "drop", "arguments": {"when": "after"}},
    "nothing in it": {"effect": "body_empty"},
    "a web page": {"effect": "body_html"},
    "cut short": {"effect": "body_text", "arguments": {"text": '{"responses": [{"id": "0"'}},
    "another shape": {"effect": "body_text", "arguments": {"text": '{"value": []}'}},
    "token expired": {"effect": "expire_tokens"},
    "token refused": {"effect": "refuse_token"},
}


@pytest.mark.parametrize("trouble", ONCE)
def test_a_trouble_that_passes_leaves_no_trace(fake: FakeTenantServer, module: ModuleRunner, trouble: str) -> None:
    job = eleven(module)
    fake.faults.add(endpoint="batch", **ONCE[trouble])
    fake.faults.add(endpoint="batch", skip=READS + 1, **ONCE[trouble])

    run = job.run()

    job.check_done(run)
    assert [rule["fired"] for rule in fake.faults.list()] == [1, 1]
    assert run.result["requests"]["sent"] == len(job.requests()) == READS + WRITE + 1 + 2
    assert run.result["requests"]["retried"] == 2
    throttled = "429" in trouble or "too many" in trouble
    assert run.result["requests"]["throttled"] == (2 if throttled else 0)


@pytest.mark.parametrize("named", ["1", "date"])
def test_retry_after_is_waited_for(fake: FakeTenantServer, module: ModuleRunner, named: str) -> None:
    job = eleven(module)
    fake.faults.add(endpoint="batch", **refusal(429, retry_after=named))
    job.check_done(job.run())
    refused, repeated = job.requests()[:2]
    assert refused["status"] == 429
    # The fake's date lies two seconds ahead, and HTTP's dates have no fractions.
    assert repeated["time"] - refused["time"] >= 1


@pytest.mark.parametrize("name", ["429", "503", "500, transient", "400, transient", "a web page", "token expired"])
def test_the_same_for_a_single_mailbox(fake: FakeTenantServer, module: ModuleRunner, name: str) -> None:
    job = Job(module, [next(iter(fake.mailboxes.states()))], max_retries=1)
    trouble = ONCE[name]
    fake.faults.add(endpoint="invoke", **trouble)
    fake.faults.add(endpoint="invoke", cmdlet="Set-CASMailbox", **trouble)
    run = job.run()
    job.check_done(run)
    assert run.result["requests"]["sent"] == len(job.requests()) == 3 + 2


FOR_EVER = {
    "429": (refusal(429, type="", text=""), "throttled", 2),
    "503": (refusal(503), "service_error", 2),
    "500, transient": (refusal(500, type=TRANSIENT), "service_error", 2),
    "400, transient": (refusal(400, type=TRANSIENT), "service_error", 2),
    "400, for good": (
        refusal(400, type="Microsoft.Exchange.SomeException", text="No."),
        "service_error",
        1,
    ),
    "a web page": ({"effect": "body_html"}, "unexpected_answer", 2),
    "dropped before": ({"effect": "drop"}, "network", 2),
    "dropped after": ({"effect": "drop", "arguments": {"when": "after"}}, "network", 2),
    "401": ({"effect": "refuse_token"}, "access_denied", 2),
    "403": (refusal(403, type=DENIED, body="nul"), "access_denied", 1),
    "403, NULs called gzip": (refusal(403, type=DENIED, body="nul_gzip"), "access_denied", 1),
}


@pytest.mark.parametrize("trouble", FOR_EVER)
def test_an_outage_while_reading_is_no_drift(fake: FakeTenantServer, module: ModuleRunner, trouble: str) -> None:
    fault, code, tries = FOR_EVER[trouble]
    job = eleven(module)
    fake.faults.add(endpoint="batch", times=None, **fault)

    run = job.run()

    job.check(run)
    assert run.failed
    assert run.result["failure"]["code"] == code
    assert run.result["changed"] is False
    assert job.truth() == job.before
    assert job.writes() == []
    assert len(job.requests()) <= READS * tries


@pytest.mark.parametrize("trouble", FOR_EVER)
def test_an_outage_while_writing_is_told_truly(fake: FakeTenantServer, module: ModuleRunner, trouble: str) -> None:
    fault, code, tries = FOR_EVER[trouble]
    job = eleven(module, deadline=6)  # for the looks at what may have been written all the same
    fake.faults.add(endpoint="batch", skip=READS, times=tries, **fault)

    run = job.run()

    job.check(run)
    if trouble in ("dropped after", "a web page"):
        # Every answer was lost, not one write: the look finds all of them done.
        assert not run.failed, run.message
        assert job.done() == job.todo
    else:
        assert run.failed
        assert set(run.codes) == {code}
        assert job.done() == []
        assert run.result["changed"] is False
    # The tries of the write; and looks, where only a look can tell.
    assert len([entry for entry in job.requests()[READS:] if entry["status"] != 200]) <= tries
    job.finish()


def test_an_outage_that_lasts_ends_the_run_early(crowd: FakeTenantServer, crowd_module: ModuleRunner) -> None:
    """Three batches lost in a row are enough: the rest isn't tried, and is said not to be."""
    names = [name for name, state in crowd.mailboxes.states().items() if state != "disabled"][:200]
    job = Job(crowd_module, names, max_retries=0, concurrency=2, deadline=6)
    crowd.faults.add("status", endpoint="batch", times=None, arguments={"status": 503, "retry_after": 0})
    run = job.run()
    job.check(run)
    assert run.failed
    assert job.done() == []
    beside = 2  # look-ups beside the listing, which may be the quicker way: one for each worker
    assert len([entry for entry in job.requests() if entry["endpoint"] == "batch"]) <= 3 + 2 + 1 + beside
    assert len(run.codes) == len(names)
    assert "Not tried" in run.of(names[-1])["error"]["message"]


# A pause longer than the task ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["absurd", 60])
def test_a_pause_past_the_deadline_ends_the_run_at_once(
    crowd: FakeTenantServer, crowd_module: ModuleRunner, asked: int | str
) -> None:
    """What was written before is told; what wasn't is told too, with the reason."""
    names = [name for name, state in crowd.mailboxes.states().items() if state == "inherit"][:60]
    job = Job(crowd_module, names, concurrency=1, deadline=20)
    crowd.faults.add("status", endpoint="batch", skip=2, times=None, arguments={"status": 429, "retry_after": asked})
    run = job.run()
    job.check(run)
    assert run.failed
    assert job.done() == names[:20]
    assert [record["mailbox"] for record in run.result["mailboxes"] if record["changed"]] == names[:20]
    # Those twenty couldn't be read back any more, which is an error too.
    assert {run.of(name)["error"]["code"] for name in names[:20]} == {"not_verified"}
    assert "deadline" in run.message
    assert len([entry for entry in job.requests() if entry["status"] == 429]) == 1
    job.finish()


def test_a_pause_past_the_deadline_while_reading(fake: FakeTenantServer, module: ModuleRunner) -> None:
    job = eleven(module, deadline=20)
    fake.faults.add("status", endpoint="batch", times=None, arguments={"status": 429, "retry_after": "absurd"})
    run = job.run()
    job.check(run)
    assert run.failed
    assert "deadline" in run.message
    assert len(job.requests()) == 1
    job.finish()


def test_an_absurd_pause_is_not_believed_whole(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """Ten million seconds count as the longest pause that is believed, and the message says so."""
    job = eleven(module, deadline=30)
    fake.faults.add("status", endpoint="batch", arguments={"status": 429, "retry_after": "absurd"})
    run = job.run()
    assert run.failed
    assert "300 s" in run.message


# Time ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "slow",
    [
        {"effect": "delay", "arguments": {"seconds": 9}},
        {"effect": "delay", "arguments": {"seconds": 9, "when": "after"}},
        {"effect": "trickle", "arguments": {"seconds": 0.7}},
    ],
    ids=["before it is taken", "after it was taken", "byte by byte"],
)
def test_an_answer_slower_than_the_timeout(fake: FakeTenantServer, module: ModuleRunner, slow: dict[str, Any]) -> None:
    job = eleven(module, timeout=1, max_retries=0, deadline=6)
    fake.faults.add(endpoint="batch", skip=READS, **slow)

    run = job.run()

    job.check(run)
    if run.failed:
        assert set(run.codes) == {"timeout"}
        assert "didn't answer within 1 s" in run.message
    taken = slow["effect"] == "trickle" or slow["arguments"].get("when") == "after"
    assert run.failed is not taken
    assert run.result["changed"] is taken


def test_a_body_without_end_is_not_waited_for(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """Each piece comes in time, the whole never does: the time-out is of the request, not of its pieces."""
    job = eleven(module, timeout=1, max_retries=0)
    fake.faults.add("trickle", endpoint="batch", times=None, arguments={"seconds": 0.9})
    run = job.run()
    job.check(run)
    assert run.failed
    assert job.writes() == []
    first, second = job.requests()
    assert second["time"] - first["time"] < 5, "nine seconds is what the ten pieces would take"


# Tokens -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", ["batch", "batch_item"])
def test_a_claims_challenge_is_met(fake: FakeTenantServer, module: ModuleRunner, endpoint: str) -> None:
    job = eleven(module)
    fake.faults.add("claims_challenge", endpoint=endpoint, skip=READS)
    run = job.run()
    job.check_done(run)
    asked = [entry["form"].get("claims") for entry in fake.log.entries(endpoint="token")]
    assert len(asked) == 2
    assert '"nbf"' in (asked[1] or "")


def test_tokens_that_live_shortly_are_renewed_before_they_end(fake: FakeTenantServer, module: ModuleRunner) -> None:
    job = eleven(module)
    fake.tokens.lifetime(4)
    fake.faults.add("delay", endpoint="batch", arguments={"seconds": 2.5})
    job.check_done(job.run())
    assert [entry["status"] for entry in job.requests()] == [200] * (READS + WRITE + 1)
    assert len(fake.log.entries(endpoint="token")) >= 2


def test_a_ready_made_token_that_ends_midway(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """It can't be renewed: what was written before is told, and the next run with a new token finishes."""
    job = eleven(module)
    fake.faults.add("expire_tokens", endpoint="batch_item", cmdlet="Set-CASMailbox", skip=4)
    token = {"access_token": fake.tokens.issue(), "env": {"M365_CLIENT_SECRET": ""}}
    run = job.run(**token)
    job.check(run)
    assert run.failed
    assert job.done() == job.todo[:4]
    assert {record["mailbox"] for record in run.result["mailboxes"] if record["changed"]} == set(job.todo[:4])
    job.finish()


def test_sign_in_that_fails_at_the_renewal(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """The items that have their answers keep them."""
    job = eleven(module, max_retries=0)
    fake.faults.add("refuse_token", endpoint="batch_item", cmdlet="Set-CASMailbox", skip=3, times=None)
    fake.faults.add("status", endpoint="token", skip=1, times=None, arguments={"status": 503, "retry_after": 0})
    run = job.run()
    job.check(run)
    assert run.failed
    assert job.done() == job.todo[:3]
    job.finish()


@pytest.mark.parametrize("body", ["nul", "nul_gzip", "json", "empty"])
def test_who_may_read_but_not_write_is_told_what_is_missing(
    fake: FakeTenantServer, module: ModuleRunner, body: str
) -> None:
    job = eleven(module)
    fake.dialect.set(forbidden_body=body)
    run = job.run(app="reader")
    job.check(run)
    assert run.failed
    assert set(run.codes) == {"access_denied"}
    assert job.done() == []
    assert len(job.requests()) == READS + WRITE
    assert "Exchange Administrator" in run.message


# What isn't there ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("many", "status", "carrier"),
    [
        *((True, status, carrier) for status in (404, 400, 500) for carrier in ("pipe", "json", "internalexception")),
        *((False, status, "pipe") for status in (404, 400, 500)),
    ],
)
def test_not_found_is_known_by_any_status_and_text(
    fake: FakeTenantServer, module: ModuleRunner, many: bool, status: int, carrier: str
) -> None:
    fake.dialect.set(not_found_status=status, error_text=carrier)
    names = ["alice@contoso.onmicrosoft.com", "nobody@contoso.onmicrosoft.com"] if many else ["nobody@contoso.com"]
    run = module("mailbox_smtp_auth", mailboxes=names, state="disabled")
    assert run.failed
    assert run.result["failure"]["code"] == "not_found"
    assert run.result["summary"]["missing"] == 1
    assert run.codes == ["not_found"]
    assert fake.log.entries(cmdlet="Set-CASMailbox") == []
    assert len(fake.log.entries(cmdlet="Get-CASMailbox")) == 1, "asked once: it isn't an outage"
