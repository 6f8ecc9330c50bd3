# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Batches that are good as a whole while single answers in them aren't; mailboxes that change meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from harness.run import ModuleRunner
from harness.truth import Job

pytestmark = pytest.mark.newest_core

READS = 2
WRITE = "Set-CASMailbox"
LOOK = "Get-CASMailbox"
TRANSIENT = "Microsoft.Exchange.Data.Directory.ADTransientException"


def eleven(module: ModuleRunner, **options: Any) -> Job:
    """Two batches of look-ups, one of writes, one of looks at what was written, one after the other."""
    job = Job(module, list(module.fake.mailboxes.states())[:11], **{"concurrency": 1, "max_retries": 1, **options})
    assert 5 < len(job.todo) <= 10
    return job


def refusal(status: int, **more: Any) -> dict[str, Any]:
    return {"effect": "status", "endpoint": "batch_item", "arguments": {"status": status, "retry_after": 0, **more}}


ITEM_ONCE = {
    "429": refusal(429, type="", text=""),
    "429, Retry-After missing": refusal(429, type="", text="", retry_after=None),
    "429, Retry-After as a date": refusal(429, type="", text="", retry_after="date"),
    "429 without any body": refusal(429, body="empty"),
    "too many at a time, as plain text with 400": refusal(
        400, type="", text="You have reached the maximum number of concurrent requests per tenant.", body="text"
    ),
    "503": refusal(503, type="", text=""),
    "504": refusal(504, body="html"),
    "500, transient": refusal(500, type=TRANSIENT),
    "400, transient": refusal(400, type=TRANSIENT),
    "401": {"effect": "refuse_token", "endpoint": "batch_item"},
}


@pytest.mark.parametrize("trouble", ITEM_ONCE)
def test_an_item_that_is_refused_once(fake: FakeTenantServer, module: ModuleRunner, trouble: str) -> None:
    """Only that item is asked again, in a batch of its own."""
    job = eleven(module)
    fake.faults.add(cmdlet=LOOK, skip=3, **ITEM_ONCE[trouble])
    fake.faults.add(cmdlet=WRITE, skip=3, **ITEM_ONCE[trouble])

    run = job.run()

    job.check_done(run)
    assert [rule["fired"] for rule in fake.faults.list()] == [1, 1]
    assert [len(entry["items"]) for entry in job.writes()] == [len(job.todo), 1]
    assert run.result["requests"]["throttled"] == (2 if "429" in trouble or "too many" in trouble else 0)


ITEM_FOR_EVER = {
    "429": (refusal(429, type="", text=""), "throttled", 2),
    "503": (refusal(503, type="", text=""), "service_error", 2),
    "400, transient": (refusal(400, type=TRANSIENT), "service_error", 2),
    "400, for good": (refusal(400, type="Microsoft.Exchange.SomeException", text="No."), "service_error", 1),
    "401": ({"effect": "refuse_token", "endpoint": "batch_item"}, "access_denied", 2),
    "403": (refusal(403, type="", text="", body="nul"), "access_denied", 1),
}


@pytest.mark.parametrize("trouble", ITEM_FOR_EVER)
def test_an_item_that_is_refused_for_ever_fails_alone(
    fake: FakeTenantServer, module: ModuleRunner, trouble: str
) -> None:
    fault, code, tries = ITEM_FOR_EVER[trouble]
    job = eleven(module, deadline=6)
    victim = job.todo[2]
    fake.faults.add(cmdlet=WRITE, identity=victim, times=None, **fault)

    run = job.run()

    job.check(run)
    assert run.failed
    assert run.codes == [code]
    assert job.done() == [name for name in job.todo if name != victim]
    assert victim in run.message
    tried = [item for entry in job.writes() for item in entry["items"] if item["identity"] == job.guids[victim]]
    assert len(tried) == tries
    job.finish()


def test_an_item_that_cannot_be_read_is_not_written(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """A read error never passes for drift: the others are done, this one isn't touched."""
    job = eleven(module)
    victim = job.todo[2]
    fake.faults.add(cmdlet=LOOK, identity=victim, times=None, **refusal(500, type=TRANSIENT))
    run = job.run()
    job.check(run)
    assert run.failed
    assert run.codes == ["service_error"]
    assert run.of(victim)["before"] is None
    assert job.done() == [name for name in job.todo if name != victim]
    assert job.guids[victim] not in [item["identity"] for entry in job.writes() for item in entry["items"]]
    job.finish()


# The envelope -------------------------------------------------------------------------------------------------------

SPOILED_ONCE = {
    "out of order": ("batch_reverse", {}, False),
    "an answer to nothing": ("batch_unknown", {}, False),
    "an answer to nothing, in place of one": ("batch_unknown", {"id": "3"}, True),
    "an answer lost": ("batch_lose", {"index": 4}, True),
    "an answer twice": ("batch_duplicate", {"index": 4}, True),
}


@pytest.mark.parametrize("spoiled", SPOILED_ONCE)
def test_answers_belong_to_their_ids(fake: FakeTenantServer, module: ModuleRunner, spoiled: str) -> None:
    effect, arguments, again = SPOILED_ONCE[spoiled]
    job = eleven(module)
    extra = int(again)
    for skip in (0, READS + extra, READS + 1 + 2 * extra):
        fake.faults.add(effect, endpoint="batch", arguments=arguments, skip=skip)
    run = job.run()
    job.check_done(run)
    assert len(job.writes()) == 1 + extra


@pytest.mark.parametrize("effect", ["batch_lose", "batch_duplicate"])
def test_a_write_whose_answer_never_comes_is_looked_at(
    fake: FakeTenantServer, module: ModuleRunner, effect: str
) -> None:
    """It was done, and the look says so: neither a failure nor an unchanged mailbox would be true."""
    job = eleven(module)
    fake.faults.add(effect, endpoint="batch", skip=READS, times=2, arguments={"index": 0})
    run = job.run()
    job.check_done(run)
    assert run.of(job.todo[0])["changed"] is True


def test_a_look_whose_answer_never_comes_is_no_success(fake: FakeTenantServer, module: ModuleRunner) -> None:
    job = eleven(module)
    fake.faults.add("batch_lose", endpoint="batch", skip=READS + 1, times=None, arguments={"index": 0})
    run = job.run()
    job.check(run)
    assert run.failed
    assert run.codes == ["not_verified"]
    assert job.done() == job.todo


def test_a_connection_that_breaks_in_the_middle_of_a_batch(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """Four were written, five weren't, no answer came, and no further try gets through: the look tells which."""
    job = eleven(module, max_retries=0, deadline=6)
    fake.faults.add("drop", endpoint="batch_item", cmdlet=WRITE, skip=4)
    run = job.run()
    job.check(run)
    assert run.failed
    assert job.done() == job.todo[:4]
    assert [record["mailbox"] for record in run.result["mailboxes"] if record["changed"]] == job.todo[:4]
    job.finish()


# Mailboxes that change meanwhile ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 400, 500])
def test_a_mailbox_deleted_before_its_write(fake: FakeTenantServer, module: ModuleRunner, status: int) -> None:
    job = eleven(module)
    victim = job.todo[3]
    fake.dialect.set(not_found_status=status)
    fake.faults.add("delete_mailbox", endpoint="batch", skip=READS - 1, arguments={"mailbox": victim})
    run = job.run()
    job.check(run)
    assert run.failed
    assert run.codes == ["not_found"]
    assert run.of(victim)["changed"] is False
    assert run.of(victim)["after"] is None
    assert job.done() == [name for name in job.todo if name != victim]


def test_a_mailbox_deleted_after_its_write(fake: FakeTenantServer, module: ModuleRunner) -> None:
    job = eleven(module)
    victim = job.todo[3]
    fake.faults.add("delete_mailbox", endpoint="batch", skip=READS, arguments={"mailbox": victim})
    run = job.run()
    job.check(run)
    assert run.failed
    assert run.codes == ["not_found"]
    assert run.of(victim)["after"] is None
    assert "deleted" in run.of(victim)["error"]["message"]


def test_a_mailbox_renamed_before_its_write_is_still_the_same(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """Writes go to the id that was read; somebody else may by now have the old name."""
    job = eleven(module)
    victim, other = job.todo[3], job.todo[4]
    fake.faults.add(
        "rename_mailbox", endpoint="batch", skip=READS - 1, arguments={"mailbox": victim, "address": "new@contoso.com"}
    )
    run = job.run()
    job.check_done(run)
    assert run.of(victim)["guid"] == job.guids[victim] != job.guids[other]


def test_a_change_by_somebody_else_is_not_overlooked(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """Put back right after the write: the service still shows another state, and the result says so."""
    job = eleven(module, deadline=4)
    victim = job.todo[3]
    fake.faults.add(
        "change_mailbox", endpoint="batch", skip=READS, arguments={"mailbox": victim, "state": job.before[victim]}
    )
    run = job.run()
    job.check(run, unseen=[victim])
    assert run.failed
    assert run.codes == ["not_confirmed"]


# Reads that lag, writes that don't show -----------------------------------------------------------------------------


def test_a_read_that_lags_the_write_settles(fake: FakeTenantServer, module: ModuleRunner) -> None:
    job = eleven(module)
    fake.faults.add("lag", endpoint="batch_item", cmdlet=WRITE, skip=2, arguments={"reads": 1})
    run = job.run()
    job.check_done(run)
    assert len(job.writes()) == 1, "looked at again, not written again"
    assert [len(entry["items"]) for entry in job.requests(LOOK)][READS:] == [len(job.todo), 1]


@pytest.mark.parametrize("fault", [{"effect": "lag"}, {"effect": "lose_write"}], ids=lambda fault: fault["effect"])
def test_a_write_that_never_shows_is_an_error(
    fake: FakeTenantServer, module: ModuleRunner, fault: dict[str, Any]
) -> None:
    job = eleven(module, deadline=4)
    victim = job.todo[2]
    fake.faults.add(endpoint="batch_item", cmdlet=WRITE, identity=victim, **fault)
    run = job.run()
    assert run.failed
    assert run.codes == ["not_confirmed"]
    record = run.of(victim)
    assert (record["before"], record["after"], record["changed"]) == (job.before[victim], job.before[victim], True)
    assert victim in run.message
    assert len(job.writes()) == 1
    if fault["effect"] == "lose_write":
        job.check(run, unseen=[victim])
        job.finish()


def test_without_verify_nothing_is_read_back(fake: FakeTenantServer, module: ModuleRunner) -> None:
    job = eleven(module)
    job.check_done(job.run(verify=False))
    assert len(job.requests()) == READS + 1


# Rows ---------------------------------------------------------------------------------------------------------------

ROWS = {
    "without the property": ("row_without", {}, "unexpected_answer"),
    "with a text for the property": (
        "row_value",
        {"property": "SmtpClientAuthenticationDisabled", "value": "False"},
        "unexpected_answer",
    ),
    "without an id": ("row_value", {"property": "Guid", "value": None}, None),
    "of another mailbox": ("row_other", {"mailbox": "bob@contoso.onmicrosoft.com"}, "another_mailbox"),
    "twice": ("rows_twice", {}, "ambiguous"),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_that_is_not_what_was_asked_for(fake: FakeTenantServer, module: ModuleRunner, row: str) -> None:
    effect, arguments, code = ROWS[row]
    job = eleven(module)
    victim = job.todo[4]
    fake.faults.add(effect, endpoint="batch_item", cmdlet=LOOK, identity=victim, times=None, arguments=arguments)

    run = job.run()

    job.check(run)
    if code is None:  # there are other ids in it
        assert not run.failed, run.message
        return
    assert run.failed
    assert run.codes == [code] or run.result["failure"]["code"] == code
    assert job.guids[victim] not in [item["identity"] for entry in job.writes() for item in entry["items"]]
    job.finish()


@pytest.mark.parametrize("row", ["without the property", "of another mailbox"])
def test_such_a_row_when_read_back(fake: FakeTenantServer, module: ModuleRunner, row: str) -> None:
    """The write went through; what was read back is not taken for its outcome."""
    effect, arguments, _code = ROWS[row]
    job = eleven(module)
    victim = job.todo[4]
    fake.faults.add(
        effect, endpoint="batch_item", cmdlet=LOOK, identity=victim, skip=1, times=None, arguments=arguments
    )
    run = job.run()
    job.check(run)
    assert run.failed
    assert run.codes == ["not_verified"]
    assert run.of(victim)["changed"] is True


@pytest.mark.parametrize("set_value", ["empty", "null", "absent"])
@pytest.mark.parametrize("many", [True, False])
def test_a_write_may_answer_with_nothing(
    fake: FakeTenantServer, module: ModuleRunner, many: bool, set_value: str
) -> None:
    fake.dialect.set(set_value=set_value)
    job = eleven(module) if many else Job(module, list(fake.mailboxes.states())[:1])
    job.check_done(job.run())
