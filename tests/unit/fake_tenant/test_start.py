# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starting: the command line, seeds, generated mailboxes, the control over HTTPS."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_tenant import Control, ControlError, FakeTenantServer
from fake_tenant.seed import Plan, load_seed, parse_states

TESTS = Path(__file__).parents[2]
SEED = {
    "tenants": [
        {
            "domain": "fabrikam.onmicrosoft.com",
            "domains": ["fabrikam.example"],
            "tenant_id": "11111111-2222-4333-8444-555555555555",
            "organization": {"smtp_disabled": False, "security_defaults": True},
            "mailboxes": [{"address": "scanner@{custom}", "state": "enabled", "secondary": ["scan@{domain}"]}],
            "generate": 3,
        },
        {"domain": "northwind.onmicrosoft.com", "mailboxes": []},
    ]
}


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    """A server started by its command, with a seed file."""
    directory = tmp_path_factory.mktemp("fake")
    seed = directory / "seed.json"
    seed.write_text(json.dumps(SEED))
    command = [
        sys.executable,
        "-m",
        "fake_tenant",
        "--directory",
        str(directory),
        "--seed",
        str(seed),
        "--tenants",
        "3",
    ]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(TESTS)})
    try:
        wait_for(directory / "ready.json", process)
        yield Control(directory / "ready.json")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    """Return when the file is there; it appears whole."""
    deadline = time.monotonic() + 30
    while not path.exists():
        assert process.poll() is None, "the server ended early"
        assert time.monotonic() < deadline, "the server didn't get ready"
        time.sleep(0.02)


def test_ready_file(control: Control) -> None:
    ready = control.ready
    assert Path(ready["ca_path"]).is_file()
    assert ready["login_endpoint"].startswith("https://localhost:")
    assert [tenant["domain"] for tenant in control.tenants] == [
        "fabrikam.onmicrosoft.com",
        "northwind.onmicrosoft.com",
        "tenant03.onmicrosoft.com",
    ]
    assert control.tenants[0]["mailboxes"] == 4
    assert all(Path(path).is_file() for path in ready["credentials"].values())
    assert Path(ready["credentials"]["registered_pem"]).stat().st_mode & 0o077 == 0
    assert "client_secret" in control.app("good", tenant=2)


def test_seed(control: Control) -> None:
    (scanner,) = control.mailboxes.get(["scan@fabrikam.onmicrosoft.com"])
    assert (scanner["primary_address"], scanner["state"]) == ("scanner@fabrikam.example", "enabled")
    assert control.organization.get()["smtp_disabled"] is False
    assert control.mailboxes.get(tenant="northwind.onmicrosoft.com") == []


def test_control_changes_and_resets(control: Control) -> None:
    control.mailboxes.patch("scanner", state="disabled", address="copier@fabrikam.example", display_name="Copier")
    control.organization.patch(basic_retired=True)
    control.dialect.set(not_found_status=500)
    control.faults.add("drop", endpoint="invoke")
    (copier,) = control.mailboxes.get(["copier@fabrikam.example"])
    assert (copier["state"], copier["display_name"]) == ("disabled", "Copier")
    assert "copier@fabrikam.example" in control.mailboxes.states()
    control.mailboxes.delete("scan@fabrikam.onmicrosoft.com")
    assert len(control.mailboxes.get()) == 3
    control.reset()
    assert control.mailboxes.states()["scanner@fabrikam.example"] == "enabled"
    assert control.organization.get()["basic_retired"] is False
    assert control.dialect.get()["not_found_status"] == 404
    assert control.faults.list() == []
    assert control.log.entries() == []


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("nonsense", {}),
        ("_tenant", {"name": None}),
        ("run", {"name": "reset", "arguments": {}}),
        ("mailboxes_get", {"identities": ["nobody"]}),
        ("mailboxes_get", {"tenant": "nowhere.example"}),
        ("mailboxes_patch", {"identity": "scanner", "nonsense": 1}),
        ("organization_patch", {"nonsense": 1}),
        ("apps_patch", {"app": "nonsense"}),
        ("apps_patch", {"app": "good", "federations": []}),
        ("latency", {}),
        ("latency", {"seconds": 0.1, "row": -1}),
        ("latency", {"seconds": 0.1, "nonsense": 1}),
    ],
)
def test_wrong_operations(control: Control, operation: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ControlError):
        control.call(operation, **arguments)


def test_control_is_guarded(control: Control) -> None:
    control.ready = {**control.ready, "control_secret": "nonsense"}
    try:
        with pytest.raises(ControlError, match="secret"):
            control.stats()
    finally:
        control.ready = json.loads((Path(control.ca_path).parent / "ready.json").read_text())


def test_environment_for_the_collection(control: Control) -> None:
    environment = control.environment("reader")
    assert environment["M365_CLIENT_SECRET"] == control.app("reader")["client_secret"]
    assert environment["M365_EXCHANGE_ENDPOINT"] == control.endpoint
    assert environment["M365_TENANT_ID"] == SEED["tenants"][0]["tenant_id"]


def test_two_servers_at_once() -> None:
    with FakeTenantServer() as one, FakeTenantServer(mailboxes=5) as two:
        one.mailboxes.patch("alice", state="disabled")
        assert two.mailboxes.get(["alice"])[0]["state"] == "enabled"
        assert len(two.mailboxes.get()) == len(one.mailboxes.get()) + 5


def test_generated_mailboxes_are_the_same_every_time() -> None:
    one, two = (Plan(mailboxes=1000).build()[0] for _dummy in range(2))
    assert [(item.guid, item.smtp_disabled) for item in one.listed()] == [
        (item.guid, item.smtp_disabled) for item in two.listed()
    ]
    assert one.find("user00007@contoso.onmicrosoft.com") == one.find("u7@contoso.com") != []


def test_shares_of_states() -> None:
    shares = parse_states("enabled=1,disabled=1,inherit=2")
    assert shares == {"enabled": 0.25, "disabled": 0.25, "inherit": 0.5}
    tenant = Plan(seed={"tenants": [{"mailboxes": []}]}, mailboxes=4000, states=shares).build()[0]
    count = Counter(item.smtp_disabled for item in tenant.listed())
    expected = {False: 1000, True: 1000, None: 2000}
    assert all(abs(count[value] - number) < 200 for value, number in expected.items())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("on=1", "'on' is no state"),
        ("enabled=0", "positive"),
        ("enabled=-1,inherit=2", "positive"),
        ("enabled=x", "could not convert"),
    ],
)
def test_wrong_shares(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_states(text)


def test_seed_files(tmp_path: Path) -> None:
    yaml = tmp_path / "seed.yml"
    yaml.write_text("tenants:\n  - domain: fabrikam.onmicrosoft.com\n")
    assert load_seed(yaml)["tenants"][0]["domain"] == "fabrikam.onmicrosoft.com"
    wrong = tmp_path / "wrong.json"
    wrong.write_text("[]")
    with pytest.raises(ValueError, match="a list named 'tenants'"):
        load_seed(wrong)


WRONG_SEEDS = {
    "state": ({"mailboxes": [{"address": "a@{domain}", "state": "on"}]}, "'on' is no state"),
    "organization": ({"organization": {"nonsense": 1}}, "unknown organization settings: nonsense"),
    "same mailbox twice": ({"mailboxes": [{"address": "a@{domain}"}, {"address": "a@{domain}"}]}, "two mailboxes"),
}


@pytest.mark.parametrize(("tenant", "message"), WRONG_SEEDS.values(), ids=WRONG_SEEDS.keys())
def test_wrong_seeds(tenant: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Plan(seed={"tenants": [tenant]}).build()


def test_imports_nothing_of_the_collection() -> None:
    sources = list((TESTS / "fake_tenant").rglob("*.py"))
    assert sources
    assert [
        path.name for path in sources if "ansible_collections" in path.read_text() or "plugins." in path.read_text()
    ] == []
