# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples in the modules' documentation work as written, but for addresses and paths."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import yaml
from fake_tenant import FakeTenantServer
from harness.run import UNSET, PlaybookRunner

ROOT = Path(__file__).parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
PRINTER, SCANNER = "printer@contoso.com", "scanner@contoso.com"


@pytest.mark.parametrize(
    ("name", "check"),
    [(name, check) for name in MODULES for check in (True, False) if check or not name.endswith("_info")],
)
def test_examples(fake: FakeTenantServer, playbook: PlaybookRunner, tmp_path: Path, name: str, check: bool) -> None:
    fake.mailboxes.patch("alice", address=PRINTER, state="inherit")
    fake.mailboxes.patch("bob", address=SCANNER)
    before = fake.mailboxes.states()
    (tmp_path / "mailboxes.txt").write_text("carol\n")
    certificate = fake.app()["certificate_pem"]
    replacements = {
        "/var/log/smtp-auth.jsonl": str(tmp_path / "journal.jsonl"),
        "/etc/m365/app.pem": certificate,
        "11111111-2222-3333-4444-555555555555": fake.app()["client_id"],
    }
    text = importlib.import_module(f"ansible_collections.m365ops.exchange_online.plugins.modules.{name}").EXAMPLES
    for written, real in replacements.items():
        text = text.replace(written, real)
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": yaml.safe_load(text)}]
    run = playbook(
        yaml.safe_dump(play, sort_keys=False),
        flags=["--check"] if check else [],
        # As the comment above the examples says: the connection comes from the environment.
        env={"M365_CLIENT_SECRET": UNSET, "M365_CERTIFICATE_PATH": certificate},
        mailboxes_to_close=["dave@contoso.com"],
    )
    assert run.code == 0, run.output
    assert run.recap()["ok"] == len(play[0]["tasks"])
    assert "[WARNING]" not in run.output
    if check or name.endswith("_info"):
        assert fake.mailboxes.states() == before
    else:
        assert fake.mailboxes.states() != before
