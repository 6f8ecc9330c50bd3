# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures: a fake tenant, fresh for every test, and ways to run the collection against it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_tenant import FakeTenantServer
from fake_tenant.seed_layers import LAYERS
from harness.run import ModuleRunner, PlaybookRunner


@pytest.fixture(scope="session")
def server() -> Iterator[FakeTenantServer]:
    with FakeTenantServer() as running:
        yield running


@pytest.fixture
def fake(server: FakeTenantServer) -> FakeTenantServer:
    """The hand-made tenant, as it is at its start."""
    server.reset()
    return server


@pytest.fixture(scope="session")
def crowd_server() -> Iterator[FakeTenantServer]:
    with FakeTenantServer(mailboxes=2500) as running:
        yield running


@pytest.fixture
def crowd(crowd_server: FakeTenantServer) -> FakeTenantServer:
    """A tenant with 2,500 more mailboxes, user00001@contoso.onmicrosoft.com and on: three pages of a listing."""
    crowd_server.reset()
    return crowd_server


@pytest.fixture(scope="session")
def fabrikam_server() -> Iterator[FakeTenantServer]:
    with FakeTenantServer(seed=LAYERS) as running:
        yield running


@pytest.fixture
def fabrikam(fabrikam_server: FakeTenantServer) -> FakeTenantServer:
    """The tenant with a mailbox for each layer that decides."""
    fabrikam_server.reset()
    return fabrikam_server


@pytest.fixture
def module(fake: FakeTenantServer, tmp_path: Path) -> ModuleRunner:
    return ModuleRunner(fake, tmp_path)


@pytest.fixture
def crowd_module(crowd: FakeTenantServer, tmp_path: Path) -> ModuleRunner:
    return ModuleRunner(crowd, tmp_path)


@pytest.fixture
def fabrikam_module(fabrikam: FakeTenantServer, tmp_path: Path) -> ModuleRunner:
    return ModuleRunner(fabrikam, tmp_path)


@pytest.fixture
def playbook(fake: FakeTenantServer, tmp_path: Path) -> PlaybookRunner:
    return PlaybookRunner(fake, tmp_path)


@pytest.fixture
def crowd_playbook(crowd: FakeTenantServer, tmp_path: Path) -> PlaybookRunner:
    return PlaybookRunner(crowd, tmp_path)


@pytest.fixture
def fabrikam_playbook(fabrikam: FakeTenantServer, tmp_path: Path) -> PlaybookRunner:
    return PlaybookRunner(fabrikam, tmp_path)
