# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that are stopped: by SIGTERM, by a closed terminal, by the deadline, by kill -9. What was written is told, or in
the journal; the next run does the rest, and restore puts back all of it.
"""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest
from fake_tenant import FakeTenantServer
from harness.run import ModuleRunner
from harness.truth import Job, age, journal_lines, wait_until

CONCURRENCY = 2


@pytest.fixture
def job(crowd: FakeTenantServer, crowd_module: ModuleRunner) -> Job:
    """Twenty batches to write, two at a time."""
    names = [name for name, state in crowd.mailboxes.states().items() if state == "inherit"][:200]
    return Job(crowd_module, names, concurrency=CONCURRENCY)


def in_journal(path: Path) -> dict[str, str]:
    """The last outcome by mailbox."""
    return {line["mailbox"]: line["outcome"] for line in journal_lines(path)}


def changed_in(path: Path) -> dict[str, str]:
    """As far as the journal says that it was, or may have been, written."""
    return {name: outcome for name, outcome in in_journal(path).items() if outcome != "not_written"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("again", [False, True], ids=["once", "twice"])
def test_stopped_while_writing(job: Job, tmp_path: Path, number: int, again: bool) -> None:
    """The requests that are under way get their answers and their lines; no further one is begun."""
    journal = tmp_path / "journal"
    process = job.start(journal_path=str(journal))
    job.fake.latency(0.2)
    wait_until(lambda: len(job.writes()) >= 4, "four writes")
    process.send_signal(number)
    if again:
        process.send_signal(number)
    at_signal = len(job.writes())
    run = job.module.finish(process)

    job.check(run)
    assert run.failed
    assert f"signal {int(number)}" in run.message
    assert 0 < len(job.done()) < len(job.todo)
    assert len(job.writes()) <= at_signal + CONCURRENCY
    assert {record["mailbox"] for record in run.result["mailboxes"] if record["changed"]} == set(job.done())
    assert changed_in(journal) == dict.fromkeys(job.done(), "written")
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
    assert set(changed_in(journal)) == set(job.done())


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


def kill(job: Job, process: subprocess.Popen[str]) -> None:
    """As ``kill -9`` does, and let the service finish what it had begun."""
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    job.fake.faults.clear()
    job.fake.latency(0)
    wait_until(lambda: all(entry["status"] for entry in job.writes()), "the writes under way")


def test_killed_while_writing(job: Job, tmp_path: Path) -> None:
    """The journal holds all that may have been changed, and a second run into the same journal does the rest."""
    journal = tmp_path / "journal"
    process = job.start(journal_path=str(journal))
    job.fake.latency(0.1)
    wait_until(lambda: len(job.writes()) >= 6, "six writes")
    kill(job, process)

    noted, done = in_journal(journal), set(job.done())
    assert done <= set(noted)
    assert {name for name, outcome in noted.items() if outcome == "written"} <= done
    assert sum(outcome == "intent" for outcome in noted.values()) <= CONCURRENCY * 10

    run = job.run(journal_path=str(journal))
    assert not run.failed, run.message
    assert job.done() == job.todo
    age(journal)
    assert not job.module("smtp_auth_restore", journal=str(journal)).failed
    assert job.truth() == job.before


@pytest.mark.parametrize("answers", ["slow", "lost"])
@pytest.mark.parametrize("moment", [1, 2, 3, 7, 12, 19])
def test_whenever_it_is_killed_restore_puts_back_all_of_it(job: Job, tmp_path: Path, moment: int, answers: str) -> None:
    """Once so many requests had come in. The last line of the journal is torn: what it announces wasn't sent, or what
    it tells of was announced.
    """
    journal = tmp_path / "journal"
    job.fake.latency(0.03)
    if answers == "lost":
        job.fake.faults.add(
            "hold",
            endpoint="batch_item",
            cmdlet="Set-CASMailbox",
            skip=moment * 10 - 6,
            times=None,
            arguments={"when": "after"},
        )
    process = job.start(journal_path=str(journal), concurrency=4)
    wait_until(lambda: len(job.writes()) >= moment, f"{moment} writes")
    kill(job, process)

    text = journal.read_text()
    last = text.splitlines()[-1]
    journal.write_text(text[: -1 - moment * 5] if '"intent"' not in last else text + last[: moment * 9])
    age(journal)
    done = set(job.done())
    assert done, "something was changed"
    run = job.module("smtp_auth_restore", journal=str(journal), concurrency=4)
    assert not run.failed, run.message
    assert job.truth() == job.before
    assert {row["mailbox"] for row in run.result["mailboxes"] if row["changed"]} == done


def test_restore_waits_for_what_the_service_may_still_be_working_at(job: Job, tmp_path: Path) -> None:
    """Killed a moment ago, with a batch that the service does only now: its writes come after restore was begun."""
    journal = tmp_path / "journal"
    job.fake.faults.add("delay", endpoint="batch", skip=2, arguments={"seconds": 6})
    process = job.start(journal_path=str(journal), concurrency=1)
    wait_until(lambda: len(job.writes()) >= 2 and len(in_journal(journal)) == 30, "the third batch")
    process.kill()
    process.communicate()
    assert len(job.done()) == 20
    run = job.module("smtp_auth_restore", journal=str(journal))
    assert not run.failed, run.message
    assert run.result["summary"]["changed"] == 30
    assert job.truth() == job.before
    assert "without the outcome of 10 changes" in str(run.result["warnings"])


def test_killed_before_and_after_the_organizations_setting(
    fake: FakeTenantServer, module: ModuleRunner, tmp_path: Path
) -> None:
    """Its write was taken, and the answer never came."""
    journal = tmp_path / "journal"
    fake.organization.patch(smtp_disabled=False)
    before = fake.mailboxes.states()
    fake.faults.add("hold", cmdlet="Set-TransportConfig", arguments={"when": "after"})
    process = module.start(
        "smtp_auth_baseline",
        exceptions=[],
        everyone_else="inherit",
        organization="disabled",
        max_changes="100%",
        journal_path=str(journal),
    )
    wait_until(lambda: fake.organization.get()["smtp_disabled"], "the write of the organization's setting")
    process.kill()
    process.communicate()
    fake.faults.clear()
    assert journal_lines(journal)[-1]["object"] == "organization"
    age(journal)
    run = module("smtp_auth_restore", journal=str(journal))
    assert not run.failed, run.message
    assert run.result["organization"] == {"before": "disabled", "after": "enabled", "changed": True}
    assert fake.mailboxes.states() == before
    assert fake.organization.get()["smtp_disabled"] is False
