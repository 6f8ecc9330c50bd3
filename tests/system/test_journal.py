# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal: whole lines for what is about to be written, before it is, and for what came of it; readable by nobody
else.
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import stat
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._clock import Clock
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import InputError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._journal import Journal
from fake_tenant import FakeTenantServer
from harness.run import ModuleRunner
from harness.truth import Job, age, journal_lines, wait_until

KEYS = ["time", "tenant", "mailbox", "guid", "before", "after", "outcome"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


@pytest.fixture
def job(module: ModuleRunner, path: Path) -> Job:
    return Job(module, list(module.fake.mailboxes.states())[:11], journal_path=str(path))


@pytest.fixture
def long_job(crowd: FakeTenantServer, crowd_module: ModuleRunner, path: Path) -> Job:
    names = [name for name, state in crowd.mailboxes.states().items() if state == "inherit"][:100]
    return Job(crowd_module, names, journal_path=str(path))


def outcomes(path: Path, *wanted: str) -> dict[str, str]:
    """The last outcome of each mailbox; with ``wanted``, of the lines with these."""
    return {line["mailbox"]: line["outcome"] for line in journal_lines(path) if not wanted or line["outcome"] in wanted}


def test_an_intent_and_an_outcome_for_each_mailbox_written(fake: FakeTenantServer, job: Job, path: Path) -> None:
    begun = datetime.now(timezone.utc)
    job.check_done(job.run())
    lines = journal_lines(path)
    assert {line["mailbox"] for line in lines} == set(job.todo)
    assert len(lines) == 2 * len(job.todo)
    assert len(job.todo) < len(job.names)
    assert [line["outcome"] for line in lines] == ["intent"] * len(job.todo) + ["written"] * len(job.todo)
    for line in lines:
        name = line["mailbox"]
        assert list(line) == KEYS
        assert line["tenant"] == fake.tenants[0]["tenant_id"]
        assert line["guid"] == job.guids[name]
        assert (line["before"], line["after"]) == (job.before[name], job.state)
        assert line["time"].endswith("Z")
        moment = datetime.fromisoformat(line["time"].replace("Z", "+00:00"))
        assert begun.replace(microsecond=0) <= moment <= datetime.now(timezone.utc)


def test_the_mailbox_is_named_as_in_the_task(module: ModuleRunner, path: Path) -> None:
    module("mailbox_smtp_auth", mailboxes=["ALICE@contoso.onmicrosoft.com"], state="inherit", journal_path=str(path))
    assert {line["mailbox"] for line in journal_lines(path)} == {"ALICE@contoso.onmicrosoft.com"}


def test_what_nobody_answered_for_is_noted_as_unknown(fake: FakeTenantServer, job: Job, path: Path) -> None:
    fake.faults.add("drop", endpoint="batch_item", cmdlet="Set-CASMailbox", skip=4)
    job.run(max_retries=0, concurrency=1, deadline=4)
    assert set(outcomes(path).values()) == {"unknown"}
    assert set(job.done()) <= set(outcomes(path))


def test_what_was_refused_is_said_not_to_be_written(fake: FakeTenantServer, job: Job, path: Path) -> None:
    run = job.run(app="reader")
    assert run.failed
    assert outcomes(path) == dict.fromkeys(job.todo, "not_written")


@pytest.mark.parametrize(
    "options",
    [{"check": True}, {"state": "inherit", "mailboxes": ["carol@contoso.onmicrosoft.com"]}, {"mailboxes": []}],
)
def test_nothing_is_noted_where_nothing_is_written(job: Job, path: Path, options: dict[str, Any]) -> None:
    run = job.run(**options)
    assert not run.failed, run.message
    assert not path.exists()


def test_it_is_appended_to(job: Job, path: Path) -> None:
    path.write_text('{"an": "earlier line"}\n')
    job.check_done(job.run())
    first, *others = journal_lines(path)
    assert first == {"an": "earlier line"}
    assert len(others) == 2 * len(job.todo)


@pytest.mark.parametrize("existing", [None, 0o666, 0o400])
def test_nobody_else_may_read_it(job: Job, path: Path, existing: int | None) -> None:
    if existing is not None:
        path.touch()
        path.chmod(existing)
    before = os.umask(0)
    try:
        run = job.run()
    finally:
        os.umask(before)
    if existing == 0o400 and os.geteuid():
        assert run.failed
        return
    job.check_done(run)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_runs_share_one_file(long_job: Job, path: Path) -> None:
    """Halves of one list, written at the same time: all lines are there, and whole."""
    half = len(long_job.names) // 2
    long_job.fake.latency(0.05)
    processes = [long_job.start(mailboxes=part) for part in (long_job.names[:half], long_job.names[half:])]
    for process in processes:
        run = long_job.module.finish(process)
        assert not run.failed, run.message
    lines = journal_lines(path)
    assert sorted(line["mailbox"] for line in lines) == sorted(2 * long_job.names)
    assert outcomes(path) == dict.fromkeys(long_job.names, "written")
    assert all(list(line) == KEYS for line in lines)


def test_it_can_be_followed_while_the_task_runs(long_job: Job, path: Path) -> None:
    long_job.fake.latency(0.1)
    process = long_job.start(concurrency=1)
    lengths = []
    wait_until(path.exists, "the journal")
    while process.poll() is None and len(lengths) < 3:
        lines = journal_lines(path)
        if lines and len(lines) not in lengths:
            lengths.append(len(lines))
    run = long_job.module.finish(process)
    long_job.check_done(run)
    assert len(lengths) == 3, "lines came while the task ran"
    assert lengths[-1] < len(long_job.todo)


# Where it can't be written ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["missing/journal", ".", "file/journal", "pipe"])
@pytest.mark.parametrize("check", [False, True])
def test_a_place_where_no_journal_can_be_fails_before_any_request(
    fake: FakeTenantServer, job: Job, tmp_path: Path, place: str, check: bool
) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    run = job.run(journal_path=str(tmp_path / place), check=check)
    assert run.failed
    assert run.result["failure"]["code"] == "invalid_input"
    assert "journal_path" in run.message
    assert fake.log.entries() == []
    job.check(run)


@pytest.mark.parametrize("exists", [False, True])
def test_a_place_without_the_right_to_write_is_refused(
    path: Path, exists: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if exists:
        path.touch()
    monkeypatch.setattr(os, "access", lambda *_arguments: False)
    with pytest.raises(InputError, match="journal_path"):
        Journal(str(path), Clock(60)).check()


def test_a_folder_that_vanishes_before_the_first_write(fake: FakeTenantServer, job: Job, tmp_path: Path) -> None:
    """Checked before the first request, opened before the first write: nothing is changed without a record."""
    folder = tmp_path / "folder"
    folder.mkdir()
    fake.faults.add("delay", endpoint="batch_item", arguments={"seconds": 1})
    process = job.start(journal_path=str(folder / "journal"))
    wait_until(lambda: job.requests("Get-CASMailbox"), "the first read")
    folder.rmdir()
    run = job.module.finish(process)
    job.check(run)
    assert run.failed
    assert run.result["failure"]["code"] == "invalid_input"
    assert job.writes() == []


def test_a_full_disk_stops_further_writes(long_job: Job, path: Path) -> None:
    """A limit on the size of files stands for the disk. What can't be announced isn't sent, and the lines are whole."""
    process = long_job.start(concurrency=1, env={"PYTHONDONTWRITEBYTECODE": "1"})
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (6000, 6000))
    run = long_job.module.finish(process)

    long_job.check(run)
    assert run.failed
    assert len(long_job.writes()) == 1, "the second batch's intents didn't fit"
    assert outcomes(path) == dict.fromkeys(long_job.done(), "written")
    assert len(long_job.done()) == 10
    assert "can't be written" in run.message
    assert "Nothing further was changed" in run.message
    assert run.result["failure"]["code"] == "journal"

    long_job.finish()
    assert outcomes(path) == dict.fromkeys(long_job.names, "written")


def test_a_disk_that_is_full_from_the_start_lets_nothing_be_written(job: Job, path: Path) -> None:
    process = job.start(env={"PYTHONDONTWRITEBYTECODE": "1"})
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1000, 1000))
    run = job.module.finish(process)
    job.check(run)
    assert run.failed
    assert (run.result["changed"], job.writes(), path.read_text()) == (False, [], "")


def test_a_disk_that_is_full_before_the_outcomes_fails_the_task(module: ModuleRunner, path: Path) -> None:
    """All is written then, and nothing is left untried. The intents are there: what was done can be put back."""
    names = ["alice", "bob", "carol", "frank"]
    mailboxes = [f"{name}@contoso.onmicrosoft.com" for name in names]
    module.fake.mailboxes.set_states(dict.fromkeys(mailboxes, "inherit"))
    process = module.start(
        "mailbox_smtp_auth",
        mailboxes=mailboxes,
        state="enabled",
        journal_path=str(path),
        env={"PYTHONDONTWRITEBYTECODE": "1"},
    )
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1300, 1300))
    run = module.finish(process)
    assert run.failed
    assert run.result["failure"]["code"] == "journal"
    assert run.result["summary"]["changed"] == len(mailboxes)
    assert set(outcomes(path)) == set(mailboxes)
    noted = outcomes(path, "written")
    assert all(name in run.message for name in set(mailboxes) - set(noted))
    age(path)
    assert not module("smtp_auth_restore", journal=str(path)).failed
    now = module.fake.mailboxes.states()
    assert {now[name] for name in mailboxes} == {"inherit"}


def test_a_journal_that_is_deleted_meanwhile_ends_the_run(long_job: Job, path: Path) -> None:
    long_job.fake.latency(0.1)
    process = long_job.start(concurrency=1)
    wait_until(lambda: len(long_job.writes()) >= 2, "two writes")
    path.unlink()
    run = long_job.module.finish(process)
    long_job.check(run)
    assert run.failed
    assert "it was deleted while the task ran" in run.message
    assert len(long_job.done()) < len(long_job.todo)


def test_a_torn_last_line_does_not_spoil_the_next(module: ModuleRunner, path: Path) -> None:
    path.write_text('{"time": "2026')
    module("mailbox_smtp_auth", mailboxes=["alice@contoso.onmicrosoft.com"], state="enabled", journal_path=str(path))
    module("mailbox_smtp_auth", mailboxes=["alice@contoso.onmicrosoft.com"], state="inherit", journal_path=str(path))
    torn, *lines = path.read_text().splitlines()
    assert torn == '{"time": "2026'
    assert lines
    assert {json.loads(line)["mailbox"] for line in lines} == {"alice@contoso.onmicrosoft.com"}


def test_a_lock_that_is_never_given_up_does_not_hold_the_task(module: ModuleRunner, path: Path) -> None:
    """Held by this process; the task's deadline is what it waits for at the most."""
    module.fake.mailboxes.set_states({"alice@contoso.onmicrosoft.com": "inherit"})
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        run = module(
            "mailbox_smtp_auth",
            mailboxes=["alice@contoso.onmicrosoft.com"],
            state="enabled",
            journal_path=str(path),
            deadline=3,
        )
    assert run.failed
    assert "another process holds a lock on it" in run.message
    assert run.result["changed"] is False
    assert module.fake.log.entries(cmdlet="Set-CASMailbox") == []
