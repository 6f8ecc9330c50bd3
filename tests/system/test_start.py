# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every playbook refuses before it begins: a command line that lost something, and hosts that aren't there."""

from __future__ import annotations

from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from harness.run import PlaybookRunner

DOMAIN = "contoso.onmicrosoft.com"
ALICE, BOB = (f"{name}@{DOMAIN}" for name in ("alice", "bob"))
TENANTS = "tenants: {vars: {ansible_connection: local}, hosts: {contoso: {}, fabrikam: {}}}"


@pytest.mark.parametrize(
    ("name", "given", "lost"),
    [
        ("disable", f"smtp_auth_mailboxes={ALICE}, {BOB}", BOB),
        ("set", f"smtp_auth_state=enabled smtp_auth_mailboxes={ALICE} smtp_auth_reason=two words", "words"),
        ("enforce", "smtp_auth_baseline=[{mailbox: a@x.example, state: enabled}]", "a@x.example"),
        ("restore", "smtp_auth_journal=my journal.jsonl", "journal.jsonl"),
    ],
)
def test_what_follows_a_blank_is_not_lost(
    playbook: PlaybookRunner, fake: FakeTenantServer, name: str, given: str, lost: str
) -> None:
    run = playbook(f"m365ops.exchange_online.{name}", flags=["-e", given])
    assert run.code == 2, run.output
    assert "this belongs to no variable, since a blank ends a value there" in run.output
    assert lost in run.output
    assert "Write it without blanks" in run.output
    assert "(invalid_input)" in run.output
    assert fake.log.entries() == []


def test_what_looks_like_another_variable_is_not_lost(playbook: PlaybookRunner, fake: FakeTenantServer) -> None:
    run = playbook("m365ops.exchange_online.disable", flags=["-e", f"smtp_auth_mailboxes={ALICE}, bounce=b@x.example"])
    assert run.code == 2, run.output
    assert "smtp_auth_mailboxes ends with a comma" in run.output
    assert fake.log.entries() == []


@pytest.mark.parametrize("given", [f"smtp_auth_mailboxes={ALICE},{BOB}", f"smtp_auth_mailboxes='{ALICE}, {BOB}'"])
def test_what_is_written_right_passes(playbook: PlaybookRunner, fake: FakeTenantServer, given: str) -> None:
    run = playbook("m365ops.exchange_online.disable", flags=["-e", given])
    assert run.code == 0, run.output
    assert {fake.mailboxes.states()[name] for name in (ALICE, BOB)} == {"disabled"}


@pytest.mark.parametrize(
    ("flags", "variables", "said"),
    [
        ([], {"smtp_auth_hosts": "tenats"}, "smtp_auth_hosts has 'tenats', and no host or group"),
        ([], {"smtp_auth_hosts": "contoso,fabrikm"}, "smtp_auth_hosts has 'fabrikm'"),
        ([], {"smtp_auth_hosts": "tenants:!contso"}, "smtp_auth_hosts has 'contso'"),
        (["--limit", "contoso"], {"smtp_auth_hosts": "fabrikam"}, "--limit contoso leaves nothing of it"),
        (["--limit", "contoso"], {}, "smtp_auth_hosts isn't given, so that localhost is meant"),
    ],
)
@pytest.mark.parametrize("name", ["audit", "enforce"])
def test_hosts_that_are_not_there(
    playbook: PlaybookRunner,
    fake: FakeTenantServer,
    name: str,
    flags: list[str],
    variables: dict[str, Any],
    said: str,
) -> None:
    run = playbook(
        f"m365ops.exchange_online.{name}", inventory=TENANTS, flags=flags, smtp_auth_baseline=[], **variables
    )
    assert run.code == 2, run.output
    assert said in run.output
    assert fake.log.entries() == []


@pytest.mark.parametrize(
    ("flags", "hosts", "ran"),
    [
        (["--limit", "contoso"], "tenants", {"contoso"}),
        ([], "tenants:!contoso", {"fabrikam"}),
        ([], ["contoso", "fabrikam"], {"contoso", "fabrikam"}),
    ],
)
def test_hosts_that_are(
    playbook: PlaybookRunner, fake: FakeTenantServer, flags: list[str], hosts: Any, ran: set[str]
) -> None:
    run = playbook(
        "m365ops.exchange_online.audit",
        inventory=TENANTS,
        flags=flags,
        smtp_auth_hosts=hosts,
        smtp_auth_mailboxes=[BOB],
    )
    assert run.code == 0, run.output
    recap = run.stdout[run.stdout.index("PLAY RECAP") :]
    assert {name for name in ("contoso", "fabrikam", "localhost") if name in recap} == ran
