# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection at work, for a new reader: three groups of mailboxes on a fake tenant, checked, set, and set again.

Runs inside the environment that ``python -m tools demo`` prepares. Everything that Ansible says is kept in
``.build/demo``. What it claims is never believed: the tenant is read anew after each run, past the collection.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tools import paths
from tools.process import CommandFailed
from tools.tenant import Tenant

MAILBOXES = 1500
GROUP = 400
WIDTH = 140
STATES = ("enabled", "disabled", "inherit")
STARTING_MIX = "enabled=0.2,disabled=0.3,inherit=0.5"

PLAYBOOK = """\
---
- name: Who may send mail by authenticated SMTP
  hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  roles:
    - role: m365ops.exchange_online.smtp_auth
"""

States = dict[str, str]


@dataclass(frozen=True)
class Run:
    """What one ansible-playbook said and cost. ``changed`` is from its recap."""

    output: str
    changed: int
    seconds: float
    requests: int


def fail(message: str) -> NoReturn:
    raise CommandFailed(f"\nNOT AS EXPECTED: {message}\nWhat Ansible said is in {paths.DEMO.relative_to(paths.ROOT)}/.")


def say(text: str = "") -> None:
    print(text, flush=True)


def title(number: int, text: str) -> None:
    say(f"\n{number}. {text}")
    say("-" * (len(text) + 3))


def indented(text: str) -> str:
    return "\n".join(f"   | {line}".rstrip() for line in text.splitlines())


def counted(states: States) -> str:
    count = Counter(states.values())
    return ", ".join(f"{count[state]:,} {state}" for state in STATES)


def choose(states: States) -> dict[str, list[str]]:
    """Three groups from the generated mailboxes, in turn, so that each holds mailboxes of every state."""
    generated = sorted(address for address in states if re.match(r"user\d+@", address))
    return {state: generated[number : GROUP * 3 : 3] for number, state in enumerate(STATES)}


def wanted(groups: dict[str, list[str]]) -> States:
    return {address: state for state, addresses in groups.items() for address in addresses}


def write_variables(name: str, groups: dict[str, list[str]]) -> Path:
    path = paths.DEMO / name
    variables = {f"smtp_auth_{state}": addresses for state, addresses in groups.items()}
    path.write_text(json.dumps(variables, indent=2) + "\n", encoding="utf-8")
    return path


def readable(output: str) -> list[str]:
    """Ansible's output without empty lines, fillers, tasks that had nothing to do, and the ends of very long lines."""
    lines = [line.rstrip("* ") for line in output.splitlines()]
    lines = [line for line in lines if line and not line.startswith(("included:", "skipping:"))]
    return [clipped(line) for line, after in zip(lines, [*lines[1:], ""], strict=True) if not idle(line, after)]


def idle(line: str, after: str) -> bool:
    """Whether a line is the heading of a task that says nothing."""
    return line.startswith("TASK ") and after.startswith(("TASK ", "PLAY "))


def clipped(line: str) -> str:
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 4]} ..."


def report_and_recap(output: str) -> list[str]:
    """What the role says at its end, and Ansible's last line."""
    lines = readable(output)
    start = next((number for number, line in enumerate(lines) if "Show what was done" in line), len(lines))
    length = next((number for number, line in enumerate(lines[start + 1 :], start=1) if line.startswith("TASK ")), 0)
    return [*lines[start : start + length], *lines[-2:]]


class Demo:
    """One tenant, and the runs against it."""

    def __init__(self, tenant: Tenant) -> None:
        self._control = tenant.control
        self._runs = 0
        self._requests = self._sent()

    def _sent(self) -> int:
        return int(self._control.stats()["requests"])

    def states(self) -> States:
        """Every mailbox's state, from the tenant itself."""
        states: States = self._control.mailboxes.states()
        return states

    def run(self, variables: Path, *options: str) -> Run:
        """Run the playbook. A play that fails, or a recap that can't be read, ends the demo."""
        words = ["ansible-playbook", "-i", "localhost,", *options, "-e", f"@{variables.name}", "site.yml"]
        say(f"   $ {' '.join(words)}\n")
        self._runs += 1
        env = {**os.environ, **self._control.environment()}
        started = time.monotonic()
        done = subprocess.run(
            words, cwd=paths.DEMO, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        seconds = time.monotonic() - started
        (paths.DEMO / f"run-{self._runs}.log").write_text(done.stdout + done.stderr, encoding="utf-8")
        recap = re.search(r"^localhost +: ok=\d+ +changed=(\d+)", done.stdout, re.MULTILINE)
        if done.returncode or not recap:
            fail(f"ansible-playbook ended with exit code {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}")
        sent, self._requests = self._sent() - self._requests, self._sent()
        return Run(done.stdout, int(recap[1]), seconds, sent)


def expect_untouched(before: States, after: States) -> None:
    touched = sorted(address for address in before if after.get(address) != before[address])
    if touched or before.keys() != after.keys():
        fail(f"check mode wrote to {len(touched)} mailboxes, {touched[:3]} among them")
    say(f"   Read anew from the tenant: all {len(after):,} mailboxes are as they were.")


def expect_applied(before: States, asked: States, after: States) -> None:
    """Those asked for are as asked, and all others as they were."""
    expected = before | asked
    wrong = [address for address in expected if after.get(address) != expected[address]]
    if wrong:
        examples = [f"{address} is {after.get(address)}, not {expected[address]}" for address in wrong[:3]]
        fail(f"{len(wrong)} mailboxes are not as they should be: {'; '.join(examples)}")
    others = len(before.keys() - asked.keys())
    say(f"   Read anew from the tenant: {len(asked):,} mailboxes are as asked, and the {others:,} others as they were.")


def show(run: Run, lines: list[str]) -> None:
    say(indented("\n".join(lines)))
    say(f"\n   {run.seconds:.1f} s, {run.requests} requests.")


def _few(groups: dict[str, list[str]], before: States) -> dict[str, list[str]]:
    """One mailbox of each group that has to change."""
    return {state: [next(item for item in group if before[item] != state)] for state, group in groups.items()}


def introduce(demo: Demo, groups: dict[str, list[str]], before: States) -> None:
    title(1, "A tenant")
    say("   A fake Microsoft 365 listens on this machine: sign-in, Exchange and all, over TLS.")
    say(f"   It has {len(before):,} mailboxes: {counted(before)}.")
    title(2, "What is asked for")
    say("   The playbook, site.yml:\n")
    say(indented(PLAYBOOK))
    say("\n   With it, in mailboxes.json, three lists of mailboxes:\n")
    for state, group in groups.items():
        away = sum(before[address] != state for address in group)
        name = f"smtp_auth_{state}:"
        say(f"   | {name:<20} {group[0]}, ... ({len(group)} mailboxes, {away} of which aren't {state} yet)")


def steps(demo: Demo) -> Iterator[Run]:
    """The demo itself: yields each run against the whole lists."""
    before = demo.states()
    groups = choose(before)
    asked = wanted(groups)
    to_change = sum(before[address] != state for address, state in asked.items())
    everything = write_variables("mailboxes.json", groups)
    introduce(demo, groups, before)

    title(3, "What would change: check and diff, for three of them")
    few = demo.run(write_variables("three-mailboxes.json", _few(groups, before)), "--check", "--diff")
    show(few, readable(few.output))
    expect_untouched(before, demo.states())

    title(4, "The same check for all")
    checked = demo.run(everything, "--check")
    show(checked, report_and_recap(checked.output))
    if not checked.changed:
        fail("the check found nothing to change")
    expect_untouched(before, demo.states())
    yield checked

    title(5, "For real")
    applied = demo.run(everything)
    show(applied, report_and_recap(applied.output))
    after = demo.states()
    expect_applied(before, asked, after)
    really = sum(before[address] != after[address] for address in before)
    if really != to_change or not applied.changed:
        fail(f"{to_change} mailboxes had to change, {really} did, and the recap says changed={applied.changed}")
    yield applied

    title(6, "Once more: nothing is left to do")
    again = demo.run(everything)
    show(again, report_and_recap(again.output))
    if again.changed:
        fail(f"the second run says changed={again.changed}")
    expect_untouched(after, demo.states())
    yield again

    title(7, "In short")
    say(f"   asked     {len(asked):,} mailboxes, {GROUP} each to be {', '.join(STATES[:-1])} or {STATES[-1]}")
    say(f"   changed   {really:,}; the other {len(asked) - really:,} were so already")
    left = sum(after[address] != state for address, state in asked.items())
    say(f"   left      {left}")


def main() -> int:
    started = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    paths.DEMO.mkdir(parents=True, exist_ok=True)
    (paths.DEMO / "site.yml").write_text(PLAYBOOK, encoding="utf-8")
    try:
        with Tenant(Path(sys.executable), paths.DEMO / "tenant", MAILBOXES, STARTING_MIX) as tenant:
            runs = list(steps(Demo(tenant)))
    except CommandFailed as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    say(f"   requests  {' + '.join(str(run.requests) for run in runs)} (check, for real, once more)")
    say(f"   seconds   {' + '.join(f'{run.seconds:.1f}' for run in runs)}; {time.monotonic() - started:.1f} in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
