# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Twenty tenants at once: two hundred tasks, which no ansible-core does otherwise than ten of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from fake_tenant import FakeTenantServer
from harness.run import UNSET, PlaybookRun, PlaybookRunner
from harness.truth import EXCHANGE

pytestmark = pytest.mark.newest_core

ENFORCE = "m365ops.exchange_online.enforce"
STATS = {"ANSIBLE_SHOW_CUSTOM_STATS": "1"}


@pytest.fixture(scope="module")
def tenants() -> Iterator[FakeTenantServer]:
    with FakeTenantServer(tenants=20) as running:
        yield running


def test_twenty_tenants_at_once_two_of_them_down(tenants: FakeTenantServer, tmp_path: Path) -> None:
    """Each has its own credentials and its own exception; one lost its secret, one can't be reached."""
    hosts = {}
    for number, tenant in enumerate(tenants.tenants):
        app = tenants.app("good", number)
        hosts[f"tenant{number:02d}"] = {
            "m365_tenant_id": tenant["tenant_id"],
            "m365_client_id": app["client_id"],
            "m365_client_secret": app["client_secret"],
            "smtp_auth_baseline": {
                "exceptions": [{"mailbox": f"carol@{tenant['domain']}", "state": "enabled"}],
                "everyone_else": "disabled",
                "max_changes": "100%",
            },
        }
    hosts["tenant07"]["m365_client_secret"] = "revoked~secret~of~tenant07"
    hosts["tenant13"].update(m365_exchange_endpoint="https://localhost:9", m365_max_retries=0)
    endpoints = {f"m365_{name}_endpoint": tenants.endpoint for name in ("login", "exchange", "graph")}
    inventory = {
        "tenants": {
            "vars": {**endpoints, "m365_ca_path": tenants.ca_path, "ansible_connection": "local"},
            "hosts": hosts,
        }
    }
    before = [tenants.mailboxes.states(tenant["tenant_id"]) for tenant in tenants.tenants]
    playbook = PlaybookRunner(tenants, tmp_path)
    own = dict.fromkeys(tenants.environment(), UNSET)

    def run(*flags: str) -> PlaybookRun:
        return playbook(
            ENFORCE,
            smtp_auth_hosts="tenants",
            smtp_auth_report_path="reports",
            inventory=yaml.safe_dump(inventory),
            flags=["--forks", "20", *flags],
            env={**STATS, **own},
        )

    check = run("--check")
    assert [tenants.mailboxes.states(tenant["tenant_id"]) for tenant in tenants.tenants] == before
    assert "20 tenants: 2 failed, 18 drifted, 0 changed" in check.stdout
    done = run()
    assert done.code == 2, done.output
    for number, tenant in enumerate(tenants.tenants):
        now = tenants.mailboxes.states(tenant["tenant_id"])
        name = f"tenant{number:02d}"
        recap = done.recap(name)
        if name in ("tenant07", "tenant13"):
            assert now == before[number]
            assert (recap["failed"], recap["unreachable"]) == (1, 0)
            continue
        assert recap["failed"] == 0
        assert {address for address, state in now.items() if state != "disabled"} == {
            f"carol@{tenant['domain']}",
            f"DiscoverySearchMailbox{{D919BA05-46A6-415f-80AD-7E09334BB852}}@{tenant['domain']}",
        }
        report = json.loads((tmp_path / "reports" / f"{name}.json").read_text())
        assert report["tenant"] == tenant["tenant_id"]

    told = done.handed_on["smtp_auth_report"]
    assert told["failed_tenants"] == ["tenant07", "tenant13"]
    assert set(told["tenants"]) == set(hosts)
    assert told["changed"] == sum(counts["changed"] for counts in told["tenants"].values()) == 18 * 9
    assert told["tenants"]["tenant07"]["failure"].startswith("AADSTS")
    assert len(json.dumps(told)) < 10_000

    with open(tmp_path / "reports" / "overview.csv", encoding="utf-8-sig", newline="") as table:
        rows = {row["tenant"]: row for row in csv.DictReader(table)}
    assert list(rows)[:2] == ["tenant07", "tenant13"], "those that failed come first"
    assert {row["outcome"] for row in rows.values()} == {"failed", "changed"}
    assert not (tmp_path / "reports" / "tenant07.html").exists()
    for secret in (host["m365_client_secret"] for host in hosts.values()):
        assert secret not in done.output + check.output
        assert all(secret not in path.read_text() for path in (tmp_path / "reports").iterdir())
    busy = {entry["tenant"] for entry in tenants.log.entries() if entry["endpoint"] in EXCHANGE}
    assert len(busy) == 18
