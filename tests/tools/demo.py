# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's five best minutes, for a new reader: check the app, audit, declare, preview, apply, drift, undo.

Runs inside the environment that ``python -m tools demo`` prepares. Everything that Ansible says is kept in
``.build/demo``. What it claims is never believed: the tenant is read anew after each run, past the collection. On a
terminal there are colours, and each step waits for Enter; in a pipe it is plain, and runs through.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tools import paths
from tools.process import CommandFailed
from tools.tenant import Tenant

MAILBOXES = 1200
EXCEPTIONS = 40
WIDTH = 140
STATES = ("enabled", "disabled", "inherit")
STARTING_MIX = "enabled=0.2,disabled=0.3,inherit=0.5"
PLAYBOOKS = "m365ops.exchange_online."
FINGERPRINT = re.compile(r"plan: ([0-9a-f]{64}) ")

States = dict[str, str]


@dataclass(frozen=True)
class Run:
    """What one ansible-playbook said and cost. ``changed`` is from its recap."""

    output: str
    code: int
    changed: int
    seconds: float
    requests: int


def fail(message: str) -> NoReturn:
    raise CommandFailed(f"\nNOT AS EXPECTED: {message}\nWhat Ansible said is in {paths.DEMO.relative_to(paths.ROOT)}/.")


# What is shown ----------------------------------------------------------------------------------------------------


def has_terminal() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def painted(text: str, colour: int) -> str:
    return f"\033[{colour}m{text}\033[0m" if has_terminal() else text


def say(text: str = "") -> None:
    print(text, flush=True)


def title(number: int, text: str) -> None:
    if number > 1 and has_terminal() and sys.stdin.isatty():
        input(painted("\n   Enter goes on ", 2))
    say(f"\n{painted(f'{number}. {text}', 1)}")
    say("-" * (len(text) + 3))


def indented(text: str) -> str:
    return "\n".join(f"   | {line}".rstrip() for line in text.splitlines())


def counted(states: States) -> str:
    count = Counter(states.values())
    return ", ".join(f"{count[state]:,} {state}" for state in STATES)


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


def shown_by(output: str, *tasks: str) -> list[str]:
    """What tasks of these names show, without the brackets around it, and Ansible's last line."""
    lines, taken = readable(re.sub(r"^\[ERROR\].*?(?=^fatal:)", "", output, flags=re.MULTILINE | re.DOTALL)), False
    found = []
    for line in lines:
        if line.startswith(("TASK ", "PLAY ")):
            taken = any(task in line for task in tasks)
        elif taken and line.strip() not in ("}", "]", '"msg": [', '"changed": false,') and not line.startswith("ok: ["):
            found.append(line.strip().removeprefix('"msg": ').rstrip(",").strip('"'))
    return [*found, lines[-1]]


# What is true -----------------------------------------------------------------------------------------------------


def choose(states: States) -> States:
    """The exceptions: the first generated mailboxes, three of four to be enabled and one to stay off."""
    generated = sorted(address for address in states if re.match(r"user\d+@", address))[:EXCEPTIONS]
    return {address: "disabled" if number % 4 == 3 else "enabled" for number, address in enumerate(generated)}


def baseline(exceptions: States) -> str:
    lines = ["# baseline.yml", "everyone_else: inherit", "organization: disabled", "max_changes: 80%", "exceptions:"]
    for address, state in exceptions.items():
        lines += [
            f"  - mailbox: {address}",
            f"    state: {state}",
            "    owner: Facilities",
            "    reason: Scans to mail",
        ]
    return "\n".join(lines) + "\n"


def expect_untouched(before: States, after: States) -> None:
    touched = sorted(address for address in before if after.get(address) != before[address])
    if touched or before.keys() != after.keys():
        fail(f"{len(touched)} mailboxes were written to that had to stay as they were, {touched[:3]} among them")
    say(painted(f"   Read anew from the tenant: all {len(after):,} mailboxes are as they were.", 32))


def expect_applied(before: States, asked: States, after: States) -> None:
    """Those asked for are as asked, and all others as they were."""
    expected = before | asked
    wrong = [address for address in expected if after.get(address) != expected[address]]
    if wrong:
        examples = [f"{address} is {after.get(address)}, not {expected[address]}" for address in wrong[:3]]
        fail(f"{len(wrong)} mailboxes are not as they should be: {'; '.join(examples)}")
    say(painted(f"   Read anew from the tenant: all {len(after):,} mailboxes are as they should be.", 32))


class Demo:
    """One tenant, and the runs against it."""

    def __init__(self, tenant: Tenant) -> None:
        self._control = tenant.control
        self.runs: list[Run] = []
        self._requests = self._sent()

    def _sent(self) -> int:
        return int(self._control.stats()["requests"])

    def states(self) -> States:
        """Every mailbox's state, from the tenant itself."""
        states: States = self._control.mailboxes.states()
        return states

    def by_hand(self, states: States) -> None:
        """Somebody else changes mailboxes, past the collection."""
        self._control.mailboxes.set_states(states)

    def run(self, name: str, *options: str, shows: Sequence[str], code: int = 0) -> Run:
        """Run a playbook and show what some of its tasks say. Another exit code than ``code`` ends the demo."""
        words = ["ansible-playbook", f"{PLAYBOOKS}{name}", *options]
        say(painted(f"   $ {' '.join(words)}\n", 36))
        env = {**os.environ, **self._control.environment(), "ANSIBLE_LOCALHOST_WARNING": "0"}
        env.update(ANSIBLE_INVENTORY_UNPARSED_WARNING="0", ANSIBLE_NOCOLOR="1")
        started = time.monotonic()
        done = subprocess.run(
            words, cwd=paths.DEMO, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        seconds = time.monotonic() - started
        (paths.DEMO / f"run-{len(self.runs) + 1}-{name}.log").write_text(done.stdout + done.stderr, encoding="utf-8")
        recap = re.search(r"^localhost +: ok=\d+ +changed=(\d+)", done.stdout, re.MULTILINE)
        if done.returncode != code or not recap:
            fail(f"ansible-playbook ended with exit code {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}")
        sent, self._requests = self._sent() - self._requests, self._sent()
        self.runs.append(Run(done.stdout, done.returncode, int(recap[1]), seconds, sent))
        say(indented("\n".join(shown_by(done.stdout, *shows))))
        say(f"\n   {seconds:.1f} s, {sent} requests.")
        return self.runs[-1]


# The story --------------------------------------------------------------------------------------------------------


def look(demo: Demo) -> None:
    before = demo.states()
    title(1, "A tenant, and an app to sign in as")
    say("   A fake Microsoft 365 listens on this machine: sign-in, Exchange, Graph and all, over TLS.")
    say(f"   It has {len(before):,} mailboxes: {counted(before)}. What may the app do?\n")
    demo.run("check", shows=("Show what the app",))

    title(2, "Audit: who may send, who can, and what stops the others")
    demo.run("audit", "-e", "smtp_auth_report_path=report", shows=("Show the tenant's picture",))
    page = paths.DEMO / "report" / "smtp_auth_report.html"
    if not page.is_file():
        fail("the audit left no report")
    say(f"   The same as a page to look at: {painted(page.as_uri(), 4)}")
    expect_untouched(before, demo.states())


def enforce(demo: Demo) -> tuple[States, States]:
    """The states before and after."""
    before = demo.states()
    exceptions = choose(before)
    text = baseline(exceptions)
    (paths.DEMO / "baseline.yml").write_text(text, encoding="utf-8")
    title(3, f"Declare: {len(exceptions)} exceptions with owner and reason; everyone else inherits")
    say(indented("\n".join([*text.splitlines()[:9], "  ..."])))

    given = ("-e", "smtp_auth_baseline_file=baseline.yml")
    title(4, "Preview: what would change, and the plan's fingerprint")
    checked = demo.run("enforce", *given, "--check", shows=("Show what was done",))
    plan = FINGERPRINT.search(checked.output)
    if not (checked.changed and plan):
        fail("the check found nothing to change, or gave its plan no fingerprint")
    expect_untouched(before, demo.states())

    title(5, "Apply that plan and no other, with a journal")
    held = (*given, "-e", f"smtp_auth_expected_plan={plan[1]}", "-e", "smtp_auth_journal_path=run.jsonl")
    demo.run("enforce", *held, shows=("Show what was done",))
    after = demo.states()
    expect_applied(before, {**dict.fromkeys(before, "inherit"), **exceptions}, after)
    return before, after


def drift_and_undo(demo: Demo, before: States, after: States) -> None:
    title(6, "Drift: somebody changes two mailboxes by hand, and the nightly check tells")
    opened = dict.fromkeys(sorted(address for address, state in after.items() if state == "inherit")[-2:], "enabled")
    demo.by_hand(opened)
    nightly = ("-e", "smtp_auth_baseline_file=baseline.yml", "-e", "smtp_auth_fail_on_drift=true", "--check")
    drifted = demo.run("enforce", *nightly, shows=("Show what was done", "Fail if it isn't done"), code=2)
    if not all(address in drifted.output for address in opened):
        fail("the check doesn't name who has drifted")
    expect_untouched({**after, **opened}, demo.states())

    title(7, "Undo: the journal puts everything back, but for what others have changed since")
    (paths.DEMO / "undo.jsonl").unlink(missing_ok=True)
    demo.run(
        "restore",
        *("-e", "smtp_auth_journal=run.jsonl", "-e", "smtp_auth_journal_path=undo.jsonl"),
        shows=("Show what was done",),
    )

    expect_applied(before, opened, demo.states())


def main() -> int:
    started = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    paths.DEMO.mkdir(parents=True, exist_ok=True)
    for name in ("run.jsonl", "undo.jsonl"):
        (paths.DEMO / name).unlink(missing_ok=True)
    try:
        with Tenant(Path(sys.executable), paths.DEMO / "tenant", MAILBOXES, STARTING_MIX) as tenant:
            demo = Demo(tenant)
            look(demo)
            drift_and_undo(demo, *enforce(demo))
    except CommandFailed as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    seconds = " + ".join(f"{run.seconds:.1f}" for run in demo.runs)
    say(f"\n   seconds  {seconds}; {time.monotonic() - started:.1f} in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
