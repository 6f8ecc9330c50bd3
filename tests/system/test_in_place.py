# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""On the control node, in Ansible's own Python, a module runs from where it is installed; anywhere else it is packed
and sent as any other. No task can tell which.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from harness.run import PlaybookRun, PlaybookRunner

pytestmark = pytest.mark.every_core

BOB = "bob@contoso.onmicrosoft.com"
ODD = "né 'é' {# a\\b @contoso.onmicrosoft.com"
IDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # of requests: each has another
MODULES = Path(__file__).parents[2] / "plugins" / "modules"
INFO, SET = "mailbox_smtp_auth_info", "mailbox_smtp_auth"


@pytest.fixture
def other_python(tmp_path: Path) -> str:
    """The same Python by another name: for Ansible it is another."""
    path = tmp_path / "python"
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    path.chmod(0o700)
    return str(path)


def play(folder: Path, module: str, options: dict[str, Any], hosts: str = "localhost", **keywords: Any) -> str:
    """A playbook of one task, which leaves its result in ``told.json``."""
    task = {f"m365ops.exchange_online.{module}": options, "register": "told", "ignore_errors": True, **keywords}
    keep = {"content": "{{ told | to_json }}", "dest": str(folder / "told.json"), "mode": "0600"}
    tasks = [task, {"ansible.builtin.copy": keep, "check_mode": False}]
    plays = [{"hosts": hosts, "connection": "local", "gather_facts": False, "tasks": tasks}]
    return json.dumps(plays, indent=1)


def told(folder: Path) -> dict[str, Any]:
    text = (folder / "told.json").read_text()
    result: dict[str, Any] = json.loads(IDS.sub("an id", text))
    return result


def is_packed(run: PlaybookRun) -> bool:
    """By what Ansible says of its own work with -vvv."""
    assert "EXEC /bin/sh" in run.stdout, run.output
    return f"AnsiballZ_{INFO}.py" in run.stdout


@pytest.mark.parametrize(
    ("module", "options", "flags"),
    [
        (INFO, {"mailboxes": [BOB, ODD], "effective": True}, []),
        (SET, {"mailboxes": [BOB], "state": "enabled"}, ["--check", "--diff"]),
        (SET, {"mailboxes": [BOB, ODD], "state": "enabled"}, []),
        (SET, {"mailboxes": [BOB], "state": "enabled", "max_changes": "many"}, []),
        (SET, {"mailboxes": [BOB], "state": "enabled", "client_secret": "wrong~secret"}, []),
        (SET, {"mailboxes": [BOB], "state": "enabled", "no_such_option": 1}, []),
        ("smtp_auth_restore", {"journal": "no/journal.jsonl"}, []),
    ],
    ids=["read", "look ahead", "write", "wrong type", "refused", "unknown option", "relative path"],
)
def test_the_result_is_the_same(
    playbook: PlaybookRunner,
    fake: FakeTenantServer,
    tmp_path: Path,
    other_python: str,
    module: str,
    options: dict[str, Any],
    flags: list[str],
) -> None:
    results = []
    for variables in ({}, {"ansible_python_interpreter": other_python}):
        fake.reset()
        run = playbook(play(tmp_path, module, options), flags=flags, **variables)
        assert "Traceback" not in run.output
        results.append((told(tmp_path), fake.mailboxes.states(), run.code))
    in_place, packed = results
    assert in_place == packed
    assert in_place[0]["msg" if in_place[0]["failed"] else "requests"]


def test_every_module_is_packed_whole(playbook: PlaybookRunner, tmp_path: Path, other_python: str) -> None:
    """All that it imports comes with it: it gets as far as its options."""
    names = sorted(path.stem for path in MODULES.glob("*.py") if path.stem != "__init__")
    tasks = [
        {f"m365ops.exchange_online.{name}": {"no_such_option": 1}, "register": "told", "failed_when": False}
        for name in names
    ]
    checks = [{"ansible.builtin.assert": {"that": "told.msg is search('required arguments|no_such_option')"}}] * len(
        tasks
    )
    both = [step for pair in zip(tasks, checks, strict=True) for step in pair]
    plays = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": both}]
    run = playbook(json.dumps(plays, indent=1), flags=["-vvv"], ansible_python_interpreter=other_python)
    assert run.code == 0, run.output
    assert {name for name in names if f"AnsiballZ_{name}.py" in run.stdout} == set(names) != set()


def test_where_it_runs_from(playbook: PlaybookRunner, tmp_path: Path, other_python: str) -> None:
    """Not packed only where that is the same for sure."""
    options = {"mailboxes": [BOB]}
    elsewhere = "[away]\nnowhere.example.com\n"
    later = {"async": 600, "poll": 1}

    def run(hosts: str = "localhost", *, env: dict[str, str] | None = None, more: Any = None, **variables: Any) -> bool:
        text = play(tmp_path, INFO, options, hosts, **(more or {}))
        done = playbook(text, env=env, flags=["-vvv"], inventory=elsewhere if hosts == "away" else None, **variables)
        assert done.code == 0, done.output
        assert told(tmp_path)["mailboxes"][0]["mailbox"] == BOB
        return is_packed(done)

    assert not run()
    assert not run("away")
    assert not run("away", more={"delegate_to": "localhost"})
    assert not run(ansible_python_interpreter="{{ ansible_playbook_python }}")
    assert run(ansible_python_interpreter=other_python)
    assert run("away", more={"delegate_to": "localhost"}, ansible_python_interpreter=other_python)
    assert run(env={"ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_REMOTE_TMP": str(tmp_path / "kept")})
    assert run(env={"ANSIBLE_ASYNC_DIR": str(tmp_path / "async")}, more=later)


def test_nothing_beside_the_playbook_is_imported(playbook: PlaybookRunner, tmp_path: Path) -> None:
    (tmp_path / "requests.py").write_text("raise RuntimeError('imported from the folder of the playbook')\n")
    alone = {"PYTHONFAULTHANDLER": "1"}  # an interpreter of its own, which hasn't imported it yet
    run = playbook(play(tmp_path, INFO, {"mailboxes": [BOB]}), env=alone, flags=["-vvv"])
    assert not is_packed(run)
    assert told(tmp_path)["mailboxes"][0]["mailbox"] == BOB
