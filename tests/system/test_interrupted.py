# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that are stopped: by SIGTERM, by the deadline, by kill -9. What was written is told, or in the journal; the next
run does the rest.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from fake_tenant import FakeTenantServer
from harness.run import ModuleRunner
from harness.truth import Job, journal_lines, wait_until

pytestmark = pytest.mark.newest_core

CONCURRENCY = 2


@pytest.fixture
def job(crowd: FakeTenantServer, crowd_module: ModuleRunner) -> Job:
    """Twenty batches to write, two at a time."""
    names = [name for name, state in crowd.mailboxes.states().items() if state == "inherit"][:200]
    return Job(crowd_module, names, concurrency=CONCURRENCY)


def in_journal(path: Path) -> dict[str, str]:
    """Outcome by mailbox."""
    return {line["mailbox"]: line["outcome"] for line in journal_lines(path)}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_while_reading(job: Job, number: int) -> None:
    job.fake.latency(0.3)
    process = job.start()
    wait_until(lambda: job.requests("Get-CASMailbox"), "the first read")
    process.send_signal(number)
    run = job.module.finish(process)
    job.check(run)
    assert run.failed
    assert run.result["failure"]["code"] == "interrupted"
    assert job.writes() == []
    job.finish()


def test_stopped_while_waiting_for_the_service(job: Job) -> None:
    """The pause that the service asked for is broken off."""
    job.fake.faults.add("status", endpoint="invoke", times=None, arguments={"status": 429, "retry_after": 100})
    process = job.start()
    wait_until(lambda: any(entry["status"] == 429 for entry in job.requests()), "a refusal")
    process.send_signal(signal.SIGTERM)
    run = job.module.finish(process)
    job.check(run)
    assert run.result["failure"]["code"] == "interrupted"
    assert len(job.requests()) == 1


@pytest.mark.parametrize("again", [False, True], ids=["once", "twice"])
def test_stopped_while_writing(job: Job, tmp_path: Path, again: bool) -> None:
    """The requests that are under way get their answers and their lines; no further one is begun."""
    journal = tmp_path / "journal"
    process = job.start(journal_path=str(journal))
    job.fake.latency(0.2)
    wait_until(lambda: len(job.writes()) >= 4, "four writes")
    process.send_signal(signal.SIGTERM)
    if again:
        process.send_signal(signal.SIGTERM)
    at_signal = len(job.writes())
    run = job.module.finish(process)

    job.check(run)
    assert run.failed
    assert "SIGTERM" in run.message or "signal 15" in run.message
    assert 0 < len(job.done()) < len(job.todo)
    assert len(job.writes()) <= at_signal + CONCURRENCY
    assert {record["mailbox"] for record in run.result["mailboxes"] if record["changed"]} == set(job.done())
    assert in_journal(journal) == dict.fromkeys(job.done(), "written")
    job.finish()


def test_stopped_while_an_answer_hangs(job: Job, tmp_path: Path) -> None:
    """An answer that doesn't come is waited for a few seconds only, and its mailboxes are said to be unknown."""
    journal = tmp_path / "journal"
    job.fake.faults.add("delay", endpoint="batch", skip=3, arguments={"seconds": 20, "when": "after"})
    process = job.start(journal_path=str(journal))
    wait_until(lambda: len(job.writes()) >= 4, "the write that hangs")
    process.send_signal(signal.SIGTERM)
    run = job.module.finish(process)
    job.check(run)
    assert run.failed
    unknown = {record["mailbox"] for record in run.result["mailboxes"] if record["changed"] and not record["after"]}
    assert len(unknown) == 10
    assert {name for name, outcome in in_journal(journal).items() if outcome == "unknown"} == unknown
    assert set(in_journal(journal)) == set(job.done())


def test_stopped_while_reading_back(job: Job) -> None:
    """All is written by then, and told; that it wasn't all seen is told too."""
    job.fake.faults.add("lag", endpoint="batch_item", cmdlet="Set-CASMailbox", times=None, arguments={"reads": 1})
    process = job.start()
    looked = len(job.todo) // 10
    wait_until(lambda: len(job.writes()) >= looked, "all writes")
    seen = len(job.requests("Get-CASMailbox"))
    wait_until(lambda: len(job.requests("Get-CASMailbox")) > seen, "the first look")
    process.send_signal(signal.SIGTERM)
    run = job.module.finish(process)
    assert run.failed
    assert run.result["changed"] is True
    assert job.done() == job.todo
    assert sum(record["changed"] for record in run.result["mailboxes"]) == len(job.todo)
    job.finish()


def test_the_deadline_while_writing(job: Job, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    job.fake.faults.add("delay", endpoint="batch", skip=4, times=None, arguments={"seconds": 1})
    run = job.run(deadline=4, max_retries=1, journal_path=str(journal))
    job.check(run)
    assert run.failed
    assert "deadline" in run.message
    assert 0 < len(job.done()) < len(job.todo)
    assert {name for name, outcome in in_journal(journal).items() if outcome == "written"} <= set(job.done())
    assert set(job.done()) <= set(in_journal(journal)), "whatever may have been written has its line"
    job.finish()


def test_an_answer_that_the_deadline_cut_off(job: Job) -> None:
    """Taken by the service, answered too late: nothing may say that it is unchanged."""
    job.fake.faults.add("delay", endpoint="batch", times=None, arguments={"seconds": 30, "when": "after"})
    run = job.run(deadline=3, max_retries=5)
    job.check(run)
    assert run.failed
    assert run.result["changed"] is True
    assert len(job.done()) == CONCURRENCY * 10
    job.finish()


def test_killed_while_writing(job: Job, tmp_path: Path) -> None:
    """The journal holds all but the batches under way, and a second run into the same journal does the rest."""
    journal = tmp_path / "journal"
    process = job.start(journal_path=str(journal))
    job.fake.latency(0.1)
    wait_until(lambda: journal.exists() and journal.stat().st_size > 0 and len(job.writes()) >= 6, "six writes")
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    wait_until(lambda: all(entry["status"] for entry in job.writes()), "the writes under way")

    noted, done = set(in_journal(journal)), set(job.done())
    assert noted
    assert noted <= done
    assert len(done - noted) <= CONCURRENCY * 10

    job.fake.latency(0)
    run = job.run(journal_path=str(journal))
    assert not run.failed, run.message
    assert job.done() == job.todo
    assert set(in_journal(journal)) == noted | (set(job.todo) - done)
