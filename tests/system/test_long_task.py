# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A long task says how far it is while it runs, and nothing of it is in its result; ``invocation`` stays small."""

from __future__ import annotations

import json
import re
from pathlib import Path

from fake_tenant import FakeTenantServer
from harness.run import PlaybookRunner

HARNESS = Path(__file__).parents[1] / "harness"
DOMAIN = "contoso.onmicrosoft.com"

PLAY = """
- hosts: {hosts}
  connection: local
  gather_facts: false
  tasks:
    - m365ops.exchange_online.mailbox_smtp_auth:
        mailboxes: "{{{{ names }}}}"
        state: disabled
        concurrency: 1
        verify: false
        preflight: "off"
      {more}
"""


def names(count: int) -> list[str]:
    return [f"user{number:05}@{DOMAIN}" for number in range(1, count + 1)]


def play(more: str = "", hosts: str = "localhost") -> str:
    return PLAY.format(more=more, hosts=hosts)


def test_a_long_task_says_how_far_it_is(crowd: FakeTenantServer, crowd_playbook: PlaybookRunner) -> None:
    crowd.latency(0.3)
    inventory = json.dumps({"all": {"hosts": {"contoso": {}}}})
    run = crowd_playbook(play(hosts="contoso"), inventory=inventory, names=names(700))
    assert run.code == 0, run.output
    shown = re.findall(r"^contoso: ([\d,]+) of ([\d,]+) mailboxes written", run.stderr, re.MULTILINE)
    assert shown, run.output
    assert all(0 < int(done) < int(total) < 700 for done, total in shown)
    assert "mailboxes written" not in run.stdout
    states = crowd.mailboxes.states()
    assert {states[name] for name in names(700)} == {"disabled"}


def test_a_callback_that_prints_json_is_left_alone(crowd: FakeTenantServer, crowd_playbook: PlaybookRunner) -> None:
    crowd.latency(0.3)
    env = {"ANSIBLE_STDOUT_CALLBACK": "json", "ANSIBLE_CALLBACK_PLUGINS": str(HARNESS / "callback_json")}
    run = crowd_playbook(play(), env=env, names=names(700))
    assert run.code == 0, run.output
    assert "700" in json.loads(run.stdout)["results"][0]
    assert "mailboxes written" not in run.stderr


def test_async_and_loops_and_check_mode(fake: FakeTenantServer, playbook: PlaybookRunner, tmp_path: Path) -> None:
    # A folder of its own: Ansible looks for the job in the user's home, and makes it where HOME points to.
    folder = {"ANSIBLE_ASYNC_DIR": str(tmp_path / "async")}
    later = playbook(play("async: 600\n      poll: 1"), env=folder, names=[f"bob@{DOMAIN}"])
    assert later.code == 0, later.output
    assert fake.mailboxes.states()[f"bob@{DOMAIN}"] == "disabled"
    looped = playbook(play("loop: [1, 2]"), names=[f"alice@{DOMAIN}"], flags=["--check"])
    assert looped.code == 0, looped.output
    assert looped.recap()["ok"] == 1


def test_a_long_list_is_a_count_in_invocation(
    crowd: FakeTenantServer, crowd_playbook: PlaybookRunner, tmp_path: Path
) -> None:
    sizes = tmp_path / "sizes.txt"
    run = crowd_playbook(
        play("check_mode: true"),
        env={
            "ANSIBLE_CALLBACK_PLUGINS": str(HARNESS / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "event_size",
            "EVENT_SIZES": str(sizes),
        },
        flags=["-vvv"],
        names=names(2000),
    )
    assert run.code == 0, run.output
    arguments = re.search(r'"module_args": \{.*?\n +\}', run.stdout, re.DOTALL)
    assert arguments is None or '"mailboxes": "2,000 items, not shown"' in arguments.group(), run.stdout[:3000]
    assert names(2000)[1500] not in (arguments.group() if arguments else "")
    # The rows are what the user asked for; the names a second time aren't.
    assert int(sizes.read_text().split()[0]) < 2000 * 350
