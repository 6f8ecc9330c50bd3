# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold what a run says against what is so in the fake tenant."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from fake_tenant import FakeTenantServer

from .run import ModuleRun, ModuleRunner, Process

HANG = 180.0  # seconds after which something that has to come is taken for lost
EXCHANGE = ("invoke", "batch")


def wait_until(true: Callable[[], object], what: str) -> None:
    """Look again and again until ``true()`` is; an AssertionError only after what must be a hang."""
    end = time.monotonic() + HANG
    while not true():
        assert time.monotonic() < end, f"never came: {what}"
        time.sleep(0.005)


class Job:
    """Mailboxes to be brought to one state by ``mailbox_smtp_auth``, and what they were before."""

    def __init__(self, module: ModuleRunner, names: Sequence[str], state: str = "disabled", **options: Any) -> None:
        """``options``: for every run."""
        self.module = module
        self.fake: FakeTenantServer = module.fake
        self.names = list(names)
        self.state = state
        self.options = options
        known = {mailbox["primary_address"]: mailbox for mailbox in self.fake.mailboxes.get()}
        self.guids = {name: known[name]["guid"] for name in names}
        self.before = {name: known[name]["state"] for name in names}
        self.todo = [name for name in names if self.before[name] != state]

    def start(self, **options: Any) -> Process:
        """A run that goes on while the test does something to it."""
        return self.module.start("mailbox_smtp_auth", **self._arguments(options))

    def run(self, **options: Any) -> ModuleRun:
        return self.module("mailbox_smtp_auth", **self._arguments(options))

    def _arguments(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"mailboxes": self.names, "state": self.state, "diff": True, **self.options, **options}

    # What is so ------------------------------------------------------------------------------------------------------

    def truth(self) -> dict[str, str | None]:
        """The true state by name, past every lag and fault; None for a mailbox that is gone."""
        states = {mailbox["guid"]: mailbox["state"] for mailbox in self.fake.mailboxes.get()}
        return {name: states.get(guid) for name, guid in self.guids.items()}

    def done(self) -> list[str]:
        """The mailboxes that were brought to the state."""
        now = self.truth()
        return [name for name in self.todo if now[name] == self.state]

    def requests(self, cmdlet: str | None = None) -> list[dict[str, Any]]:
        """The requests to Exchange that came in."""
        return [entry for entry in self.fake.log.entries(cmdlet=cmdlet) if entry["endpoint"] in EXCHANGE]

    def writes(self) -> list[dict[str, Any]]:
        return self.requests("Set-CASMailbox")

    # What was said ---------------------------------------------------------------------------------------------------

    def check(self, run: ModuleRun, *, unseen: Collection[str] = ()) -> None:
        """The result has its whole shape, and everything in it is true.

        :param unseen: mailboxes whose write the service took without ever doing it.
        """
        result = run.result
        assert "Traceback" not in run.stdout + run.stderr
        assert {"changed", "mailboxes", "summary", "diff", "requests"} <= set(result), result
        records = result["mailboxes"]
        if records:
            self._check_records(records, unseen)
        else:
            assert run.failed
            assert self.truth() == self.before
        assert result["changed"] is any(record["changed"] for record in records)
        self._check_summary(run)
        self._check_diff(records, result["diff"])
        if run.failed:
            assert result["msg"]
            assert result["failure"]["code"]

    def _check_records(self, records: list[dict[str, Any]], unseen: Collection[str]) -> None:
        assert [record["mailbox"] for record in records] == self.names
        now = self.truth()
        for record in records:
            name = record["mailbox"]
            was, true = self.before[name], now[name]
            assert record["before"] in (None, was), record
            if name in unseen:
                assert record["changed"], record
                assert "error" in record
                assert true == was
            elif record["after"] is not None:
                assert record["after"] == true, record
                assert record["changed"] is (true != was), record
            else:
                assert "error" in record, record
                assert record["changed"] or true in (None, was), record
            if record["before"] is None:
                assert "error" in record
                assert true == was

    def _check_summary(self, run: ModuleRun) -> None:
        records = run.result["mailboxes"]
        failed = sum("error" in record for record in records) if records else len(self.names)
        changed = sum(record["changed"] and "error" not in record for record in records)
        expected = {
            "requested": len(self.names),
            "changed": changed,
            "unchanged": len(self.names) - changed - failed,
            "missing": 0,
            "failed": failed,
        }
        assert run.result["summary"] == expected
        assert run.failed or not failed

    @staticmethod
    def _check_diff(records: list[dict[str, Any]], diff: list[dict[str, str]]) -> None:
        changed = [record for record in records if record["changed"]]
        assert [entry["before"] for entry in diff] == [f"smtp_auth: {record['before']}\n" for record in changed]
        assert [entry["after"] for entry in diff] == [
            f"smtp_auth: {record['after'] or 'unknown'}\n" for record in changed
        ]
        for entry, record in zip(diff, changed, strict=True):
            assert entry["after_header"].startswith(record["primary_smtp_address"])

    def check_done(self, run: ModuleRun) -> None:
        """It went well, and all of it is done."""
        self.check(run)
        assert not run.failed, run.message
        assert set(self.truth().values()) == {self.state}

    def finish(self) -> None:
        """With the trouble over, one more run does what is left, and only that; a further one finds nothing to do."""
        self.fake.faults.clear()
        self.fake.throttle.set()
        self.fake.latency(0)
        left = [name for name, state in self.truth().items() if state not in (self.state, None)]
        sent = len(self._written())
        run = self.run()
        assert not run.failed, run.message
        assert set(self.truth().values()) == {self.state}, run.result or (run.code, run.stderr)
        assert [record["mailbox"] for record in run.result["mailboxes"] if record["changed"]] == left
        assert sorted(self._written()[sent:]) == sorted(self.guids[name] for name in left)
        run = self.run()
        assert run.result["changed"] is False

    def _written(self) -> list[str]:
        return [item["identity"] for entry in self.writes() for item in entry["items"]]


def journal_lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a journal. Every one has to be whole."""
    text = path.read_text(encoding="utf-8")
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def outcome_lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a journal that say what came of something."""
    return [line for line in journal_lines(path) if line["outcome"] != "intent"]


def age(path: Path) -> None:
    """Make a journal an hour old, so that nothing the service may still be working at is waited for."""
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r'^\{"time": "[^"]*"', '{"time": "2026-11-23T00:00:00.000Z"', text, flags=re.MULTILINE))
