# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The README's commands, run as they stand and in their order, as somebody does who pastes one after the other."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from fake_tenant import FakeTenantServer
from harness.run import PlaybookRunner, environment, today

pytestmark = pytest.mark.newest_core

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Testing\n")[0]
# What the reader does once, outside of the tenant.
ELSEWHERE = ("python3 -m pip ", "ansible-galaxy collection ", "export ")


def blocks() -> list[tuple[str, str]]:
    return re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_readme_works_from_top_to_bottom(fake: FakeTenantServer, playbook: PlaybookRunner, tmp_path: Path) -> None:
    for mailbox, address in (("alice", "scanner@contoso.com"), ("bob", "printer@contoso.com")):
        fake.mailboxes.patch(mailbox, address=address)
    fake.mailboxes.patch("scanner@contoso.com", state="inherit")
    before, ran, said = fake.mailboxes.states(), [], {}
    for kind, text in blocks():
        if kind == "yaml":
            name = text.splitlines()[0].removeprefix("# ")
            (tmp_path / name).write_text(text)
            continue
        assert kind == "console"
        for line in text.splitlines():
            if line.startswith(ELSEWHERE):
                continue
            words = shlex.split(line)
            ran.append(words[0])
            if words[0] == "ansible-playbook":
                run = playbook(words[1], flags=words[2:], env=today("2026-11-24"))
                code, output = run.code, run.output
                said[words[1].rpartition(".")[2]] = output
            else:
                assert words[0] == "ansible"
                done = subprocess.run(
                    [sys.executable, "-m", "ansible", "adhoc", *words[1:]],
                    env=environment(fake, "good", {"ANSIBLE_HOME": str(tmp_path / "ansible"), **today("2026-11-24")}),
                    cwd=tmp_path,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    timeout=120,
                    check=False,
                )
                code, output = done.returncode, done.stdout + done.stderr
                said["ansible"] = output
            assert code == 0, f"{line}\n{output}"
            if "run.jsonl" in line and "enable" in line:
                assert fake.mailboxes.states()["scanner@contoso.com"] == "enabled"
    assert ran.count("ansible-playbook") >= 5
    assert "ansible" in ran
    assert fake.mailboxes.states() == before
    assert '"reason": "' in said["ansible"]
    assert (tmp_path / "report" / "smtp_auth_report.html").exists()
    assert "smtp_auth_report.html" in said["audit"]
