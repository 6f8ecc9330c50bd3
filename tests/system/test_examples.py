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
from fake_tenant.seed_data import GRAPH_ROLES
from harness.run import UNSET, ModuleRunner, PlaybookRunner, today

pytestmark = pytest.mark.every_core

ROOT = Path(__file__).parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
PRINTER, SCANNER, ERP, FORMER = (f"{name}@contoso.com" for name in ("printer", "scanner", "erp", "former-printer"))


def prepare(fake: FakeTenantServer, module: ModuleRunner, name: str, journal: Path) -> None:
    """What the examples take as given: their mailboxes, and for some a tenant that leaves them something to do."""
    if name == "smtp_auth_baseline":  # a tenant in which little is to be changed
        fake.mailboxes.set_states(dict.fromkeys(fake.mailboxes.states(), "inherit"))
    for mailbox, address in (("alice", PRINTER), ("bob", SCANNER), ("user00006", ERP), ("user00007", FORMER)):
        fake.mailboxes.patch(mailbox, address=address)
    fake.mailboxes.patch(PRINTER, state="inherit")
    if name == "organization_smtp_auth":
        fake.organization.patch(smtp_disabled=False)
        fake.mailboxes.set_states(dict.fromkeys(list(fake.mailboxes.states())[:2200], "disabled"))
    if name in ("mailbox_smtp_auth_info", "smtp_auth_usage_info"):
        fake.apps.patch("good", graph_roles=[*GRAPH_ROLES, "Reports.Read.All", "ReportSettings.Read.All"])
    if name == "mailbox_smtp_auth_info":
        assert not module(name, effective=True, report_path=str(journal.parent / "last-week")).failed
    if name == "smtp_auth_restore":
        assert not module("mailbox_smtp_auth", mailboxes=[PRINTER], state="enabled", journal_path=str(journal)).failed


@pytest.mark.parametrize(
    ("name", "check"),
    [(name, check) for name in MODULES for check in (True, False) if check or not name.endswith("_info")],
)
def test_examples(
    crowd: FakeTenantServer,
    crowd_module: ModuleRunner,
    crowd_playbook: PlaybookRunner,
    tmp_path: Path,
    name: str,
    check: bool,
) -> None:
    fake, journal = crowd, tmp_path / "journal.jsonl"
    prepare(fake, crowd_module, name, journal)
    before = (fake.mailboxes.states(), fake.organization.get())
    (tmp_path / "mailboxes.txt").write_text("carol\n")
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "enabled.txt").write_text(f"{PRINTER}\n{SCANNER}\n")
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "smtp_auth_clients.csv").write_text(f"Sender address,Number of messages\n{PRINTER},12\n")
    (tmp_path / "lists" / "disabled.csv").write_text("mailbox,name\ncarol@contoso.onmicrosoft.com,Carol\n")
    certificate = fake.app()["certificate_pem"]
    replacements = {
        "/var/log/smtp-auth.jsonl": str(journal),
        "/var/log/smtp-auth-undo.jsonl": str(tmp_path / "undo.jsonl"),
        "/etc/m365/app.pem": certificate,
        "11111111-2222-3333-4444-555555555555": fake.app()["client_id"],
        "tickets@contoso.com": "alice@contoso.onmicrosoft.com",
    }
    text = importlib.import_module(f"ansible_collections.m365ops.exchange_online.plugins.modules.{name}").EXAMPLES
    for written, real in replacements.items():
        text = text.replace(written, real)
    submission = {"server": "localhost", "port": fake.ready["smtp"]["port"]}
    defaults = {"m365ops.exchange_online.smtp_auth_probe": submission}
    tasks = yaml.safe_load(text)
    play = [{"hosts": "localhost", "gather_facts": False, "module_defaults": defaults, "tasks": tasks}]
    run = crowd_playbook(
        yaml.safe_dump(play, sort_keys=False),
        flags=["--check"] if check else [],
        # As the comment above the examples says: the connection comes from the environment.
        env={
            "M365_CLIENT_SECRET": UNSET,
            "M365_CERTIFICATE_PATH": certificate,
            "M365_SMTP_PASSWORD": "alice-password",
            **today("2026-11-24"),
        },
        mailboxes_to_close=["dave@contoso.com"],
        smtp_auth_exceptions=[{"mailbox": PRINTER, "state": "enabled"}],
    )
    assert run.code == 0, run.output
    assert run.recap()["ok"] == len(tasks)
    assert "[WARNING]" not in run.output
    if check or name.endswith("_info"):
        assert (fake.mailboxes.states(), fake.organization.get()) == before
    else:
        assert (fake.mailboxes.states(), fake.organization.get()) != before
