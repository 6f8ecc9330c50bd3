# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that answer byte by byte and never come to an end: a task ends by its ``timeout``, its ``deadline``, or a
signal, whichever service does it.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from fake_tenant.certificates import Authority
from harness.drip import DRIPS, DripServer
from harness.run import UNSET, Environment, ModuleRun, ModuleRunner

pytestmark = pytest.mark.newest_core

ALICE = "alice@contoso.onmicrosoft.com"
LIMITS = {"timeout": 2, "max_retries": 0, "deadline": 60}
PATIENCE = 120.0  # seconds for what is over after two: a machine may be busy
SOME = ("many headers", "100 Continue")  # the others: unit tests of the transport


@pytest.fixture
def authority(tmp_path: Path, fake: FakeTenantServer) -> Authority:
    """One whose certificates are trusted beside those of the fake tenant: see ``trusting``."""
    folder = tmp_path / "authority"
    folder.mkdir()
    made = Authority(folder, ("localhost",))
    (folder / "both.pem").write_text(made.ca_path.read_text() + Path(fake.ca_path).read_text())
    return made


def trusting(authority: Authority) -> Environment:
    return {"M365_CA_PATH": str(authority.directory / "both.pem")}


@pytest.fixture
def drip(authority: Authority, request: pytest.FixtureRequest) -> Iterator[DripServer]:
    kind = getattr(request, "param", "many headers")
    with DripServer(*DRIPS[kind], authority.server_context()) as server:
        yield server


def assert_over(run: ModuleRun, begun: float, drip: DripServer, code: str = "timeout") -> None:
    assert time.monotonic() - begun < PATIENCE
    assert drip.dripping.is_set(), "it was never asked"
    assert run.failed
    assert run.result["failure"]["code"] == code, run.message


@pytest.mark.parametrize("drip", SOME, indirect=True)
def test_exchange(fake: FakeTenantServer, module: ModuleRunner, authority: Authority, drip: DripServer) -> None:
    begun = time.monotonic()
    endpoint = {"exchange_endpoint": f"https://localhost:{drip.port}"}
    run = module("mailbox_smtp_auth_info", mailboxes=[ALICE], env=trusting(authority), **endpoint, **LIMITS)
    assert_over(run, begun, drip)
    assert "didn't answer within 2 s" in run.message


def test_graph(fake: FakeTenantServer, module: ModuleRunner, authority: Authority, drip: DripServer) -> None:
    """What it would have told is unknown; the rest is there."""
    begun = time.monotonic()
    endpoint = {"graph_endpoint": f"https://localhost:{drip.port}"}
    options: dict[str, Any] = {"mailboxes": [ALICE], "effective": True, **endpoint, **LIMITS}
    run = module("mailbox_smtp_auth_info", env=trusting(authority), **options)
    assert time.monotonic() - begun < PATIENCE
    assert drip.dripping.is_set()
    assert run.of(ALICE)["state"] == "enabled"
    assert "didn't answer within 2 s" in run.stdout


@pytest.mark.parametrize("drip", SOME, indirect=True)
def test_discovery(fake: FakeTenantServer, module: ModuleRunner, authority: Authority, drip: DripServer) -> None:
    begun = time.monotonic()
    endpoint = {"login_endpoint": f"https://localhost:{drip.port}"}
    run = module("mailbox_smtp_auth_info", mailboxes=[ALICE], env=trusting(authority), **endpoint, **LIMITS)
    assert_over(run, begun, drip)
    assert fake.log.entries() == []


def describe(drip: DripServer) -> None:
    """Let the discovery be answered, so that the token endpoint is the one that drips."""
    base = f"https://localhost:{drip.port}/t/oauth2/v2.0"
    known = {"authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/token", "issuer": base}
    drip.whole[b"openid-configuration"] = json.dumps(known).encode()


@pytest.mark.parametrize("drip", SOME, indirect=True)
def test_token_endpoint(fake: FakeTenantServer, module: ModuleRunner, authority: Authority, drip: DripServer) -> None:
    describe(drip)
    begun = time.monotonic()
    endpoint = {"login_endpoint": f"https://localhost:{drip.port}"}
    run = module("mailbox_smtp_auth_info", mailboxes=[ALICE], env=trusting(authority), **endpoint, **LIMITS)
    assert_over(run, begun, drip)
    assert any(b"client_secret" in request for request in drip.requests), "the token endpoint was asked"


@pytest.mark.parametrize("kind", SOME)
def test_managed_identity(fake: FakeTenantServer, module: ModuleRunner, kind: str) -> None:
    gone = dict.fromkeys(("M365_CLIENT_SECRET", "M365_CLIENT_ID", "M365_TENANT_ID"), UNSET)
    with DripServer(*DRIPS[kind], None) as drip:
        env = {**gone, "IDENTITY_ENDPOINT": f"http://localhost:{drip.port}/msi/token", "IDENTITY_HEADER": "a-header"}
        begun = time.monotonic()
        limits = {**LIMITS, "deadline": 3}
        run = module("mailbox_smtp_auth_info", mailboxes=[ALICE], env=env, auth_method="managed_identity", **limits)
        assert time.monotonic() - begun < PATIENCE
        assert drip.dripping.is_set()
        assert run.failed


@pytest.mark.parametrize("service", ["login_endpoint", "exchange_endpoint"])
def test_the_deadline_is_of_the_whole_task(
    fake: FakeTenantServer, module: ModuleRunner, authority: Authority, drip: DripServer, service: str
) -> None:
    """However long a request may take, and however often it may be tried."""
    begun = time.monotonic()
    options: dict[str, Any] = {service: f"https://localhost:{drip.port}", "timeout": 600, "deadline": 3}
    run = module("mailbox_smtp_auth_info", mailboxes=[ALICE], env=trusting(authority), **options)
    assert_over(run, begun, drip, code="deadline")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("service", ["login_endpoint", "exchange_endpoint"])
@pytest.mark.parametrize("name", ["organization_smtp_auth", "mailbox_smtp_auth"])
def test_a_signal_is_obeyed_at_once(
    fake: FakeTenantServer,
    module: ModuleRunner,
    authority: Authority,
    drip: DripServer,
    name: str,
    service: str,
    number: int,
) -> None:
    options: dict[str, Any] = {"state": "disabled", service: f"https://localhost:{drip.port}", "timeout": 900}
    if name == "mailbox_smtp_auth":
        options["mailboxes"] = [ALICE]
    process = module.start(name, env=trusting(authority), **options)
    assert drip.dripping.wait(60)
    process.send_signal(number)
    begun = time.monotonic()
    run = module.finish(process)
    assert_over(run, begun, drip, code="interrupted")
    assert run.result["changed"] is False


def test_also_while_the_organization_is_written(
    fake: FakeTenantServer, module: ModuleRunner, authority: Authority, drip: DripServer
) -> None:
    """Nobody can tell then whether it was done, and the result says so."""
    read = {"value": [{"SmtpClientAuthenticationDisabled": False, "AllowLegacyTLSClients": None}]}
    drip.whole[b"Get-TransportConfig"] = json.dumps(read).encode()
    drip.whole[b"Get-CASMailbox"] = b'{"value": []}'
    options = {"state": "disabled", "exchange_endpoint": f"https://localhost:{drip.port}", "timeout": 900}
    process = module.start("organization_smtp_auth", env=trusting(authority), **options)
    assert drip.dripping.wait(60)
    assert any(b"Set-TransportConfig" in request for request in drip.requests)
    process.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    run = module.finish(process)
    assert time.monotonic() - begun < PATIENCE
    assert run.failed
    assert run.result["after"] is None, "not known"
    assert "couldn't be read" in run.message
