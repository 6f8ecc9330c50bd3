# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person at a terminal sees of one mailbox: a screenful, with what matters at its end."""

from __future__ import annotations

from fake_tenant import FakeTenantServer
from harness.run import PlaybookRun, PlaybookRunner

BOB, CAROL = "bob@contoso.onmicrosoft.com", "carol@contoso.onmicrosoft.com"
MOST = 25


def screen(run: PlaybookRun) -> list[str]:
    """All lines, but for ansible-core's own excerpt of the task's source, which newer releases put before a failure."""
    lines = run.output.strip("\n").splitlines()
    first = next((number for number, line in enumerate(lines) if line.startswith("[ERROR]")), None)
    if first is None:
        return lines
    last = next(number for number, line in enumerate(lines) if line.startswith("fatal:"))
    return lines[:first] + lines[last:]


def last_words(run: PlaybookRun) -> str:
    """The last line that says something, before the recap."""
    lines = run.stdout[: run.stdout.index("PLAY RECAP")].splitlines()
    return next(line for line in reversed(lines) if line.strip() not in ("", "}", "]"))


def test_one_mailbox_is_a_screenful(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    states = [fake.mailboxes.states()[BOB]]
    runs = {}
    for name, flags in (("check", ["--check"]), ("change", []), ("again", [])):
        runs[name] = playbook("m365ops.exchange_online.enable", flags=flags, smtp_auth_mailboxes=BOB)
        states.append(fake.mailboxes.states()[BOB])
    fake.mailboxes.patch(BOB, state="inherit")
    runs["refused"] = playbook("m365ops.exchange_online.enable", smtp_auth_mailboxes=BOB, smtp_auth_max_changes=0)
    runs["mistaken"] = playbook("m365ops.exchange_online.enable", smtp_auth_mailboxes=BOB, smtp_auth_concurrency="x")

    assert states == ["disabled", "disabled", "enabled", "enabled"]
    said = {
        "check": f"1 would change, 0 already right; would change: {BOB} (disabled to enabled); plan: ",
        "change": f"enabled: 1 asked, 1 changed, 0 already right; changed: {BOB} (disabled to enabled)",
        "again": "enabled: 1 asked, 0 changed, 1 already right",
        "refused": "(max_changes)",
        "mistaken": "(invalid_input)",
    }
    for name, run in runs.items():
        assert said[name] in last_words(run), run.output
        assert len(screen(run)) <= MOST, run.output
        assert "skipping:" not in run.stdout


def test_what_was_done_is_told_before_why_it_failed(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    """Of more mailboxes a failure shows all lines, and why it failed as the last of them."""
    refused = playbook("m365ops.exchange_online.enable", smtp_auth_mailboxes=[BOB, CAROL], smtp_auth_max_changes=1)
    assert refused.code == 2, refused.output
    shown = refused.stdout[refused.stdout.rindex("fatal:") :]
    assert "refused, would change 2: " in shown
    assert "(max_changes)" in last_words(refused)
    assert fake.mailboxes.states()[BOB] == "disabled"

    drifted = playbook(
        "m365ops.exchange_online.enable", flags=["--check"], smtp_auth_mailboxes=BOB, smtp_auth_fail_on_drift=True
    )
    assert drifted.code == 2, drifted.output
    assert "would change: bob" in drifted.stdout
    assert "(drifted)" in last_words(drifted)


def test_hosts_that_are_not_there_are_told_once(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    run = playbook("m365ops.exchange_online.enable", smtp_auth_hosts="tenats", smtp_auth_mailboxes=BOB)
    assert run.code == 2, run.output
    assert "smtp_auth_hosts has 'tenats', and no host or group" in last_words(run)
    assert "(invalid_input)" in last_words(run)
    assert fake.log.entries() == []
