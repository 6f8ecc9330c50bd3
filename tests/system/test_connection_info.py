# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``connection_info`` and the playbook ``check``: what an app can see and do, held against the fake tenant's grants."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from fake_tenant.seed_data import EXCHANGE_ADMINISTRATOR, GRAPH_ROLES, MANAGE_AS_APP
from harness.run import UNSET, ModuleRun, ModuleRunner, PlaybookRun, PlaybookRunner, today

pytestmark = pytest.mark.newest_core

INFO, CHECK = "connection_info", "m365ops.exchange_online.check"
EXCHANGE = ["read_mailboxes", "write_mailboxes", "read_organization", "write_organization"]
GRAPH = ["read_policies", "read_accounts", "read_groups", "read_sign_ins", "read_usage"]
WRITES = ["write_mailboxes", "write_organization"]
NO_SECRET = {"M365_CLIENT_SECRET": UNSET}


def named(run: ModuleRun, allowed: str) -> list[str]:
    return [row["name"] for row in run.result["abilities"] if row["allowed"] == allowed]


def how(run: ModuleRun, name: str) -> str:
    (row,) = (row for row in run.result["abilities"] if row["name"] == name)
    return str(row["how"])


def writes(fake: FakeTenantServer) -> list[str]:
    """What came in that isn't a read."""
    asked = [item["cmdlet"] for entry in fake.log.entries() for item in entry["items"]]
    graph = [entry["method"] for entry in fake.log.entries(endpoint="graph") if entry["method"] != "GET"]
    return [name for name in asked if not name.startswith("Get-")] + graph


def all_granted(fake: FakeTenantServer, app: str = "good") -> None:
    fake.apps.patch(app, graph_roles=[*GRAPH_ROLES, "GroupMember.Read.All", "Reports.Read.All"])


def test_an_app_that_may_do_everything(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """By secret and by certificate, with every form of the list of cmdlets and without it; nothing is written."""
    all_granted(fake)
    run = module(INFO, require=", ".join([*EXCHANGE, *GRAPH]))
    assert not run.failed, run.message
    assert run.result["changed"] is False
    assert run.result["tenant"] == fake.tenants[0]["tenant_id"]
    assert run.result["app"]["client_id"] == fake.app()["client_id"]
    assert run.result["app"]["method"] == "client_secret"
    assert run.result["app"]["credential_ends"] is None
    assert "Certificates & secrets" in run.result["app"]["reason"]
    assert run.result["exchange"]["directory_roles"] == ["Exchange Administrator"]
    assert MANAGE_AS_APP in run.result["exchange"]["roles"]
    assert "Reports.Read.All" in run.result["graph"]["roles"]
    assert run.result["summary"] == {"yes": 9, "no": 0, "unknown": 0}
    hosts = {entry["host"].rpartition(":")[0] for entry in fake.log.entries()}
    assert len(hosts) == 1, "the report isn't fetched"

    certificate = fake.ready["credentials"]["registered_pem"]
    for form in ("object", "absent"):
        fake.dialect.set(module_file=form)
        run = module(INFO, check=True, certificate_path=certificate, env=NO_SECRET)
        assert run.result["summary"]["yes"] == 9
        assert run.result["app"]["method"] == "certificate"
        assert run.result["app"]["credential_ends"].endswith("Z")
        assert run.result["app"]["reason"] == ""
    assert writes(fake) == []


LACKING: dict[str, tuple[list[str], list[str], str, str]] = {
    # app: not allowed, not known, whose way is looked at, a part of it
    "no_app_role": (
        [*EXCHANGE, *GRAPH],
        [],
        "read_mailboxes",
        "APIs my organization uses > Office 365 Exchange Online",
    ),
    "no_directory_role": ([*EXCHANGE, "read_usage"], [], "write_mailboxes", "carries Exchange.ManageAsApp but no dir"),
    "reader": ([*WRITES, "read_usage"], [], "write_mailboxes", "Global Reader, which isn't known to allow Set-CASM"),
    "security_reader": (["read_mailboxes", *WRITES, "read_usage"], [], "read_mailboxes", "Get-ManagementRole"),
    "role_group": (
        ["write_organization", "read_usage"],
        [],
        "read_organization",
        "It lacks Get-OrganizationConfig and",
    ),
    "no_graph": (GRAPH, [], "read_sign_ins", "Microsoft Graph > Application permissions > AuditLog.Read.All"),
}


@pytest.mark.parametrize("app", LACKING)
def test_an_app_that_lacks_something(module: ModuleRunner, app: str) -> None:
    no, unknown, name, part = LACKING[app]
    run = module(INFO, app=app)
    assert not run.failed, run.message
    assert named(run, "no") == no
    assert named(run, "unknown") == unknown
    assert part in how(run, name)


def test_without_the_list_of_cmdlets_a_role_group_is_not_guessed(fake: FakeTenantServer, module: ModuleRunner) -> None:
    fake.dialect.set(module_file="absent")
    run = module(INFO, app="role_group", require=["read_mailboxes", "write_mailboxes", "read_usage"])
    assert run.failed
    assert run.result["failure"]["code"] == "not_allowed"
    assert run.result["failure"]["option"] == "require"
    assert named(run, "unknown") == WRITES
    assert "Whether write_mailboxes is allowed isn't known: A role group in Exchange may hold Set-CASM" in run.message
    assert "read_usage isn't allowed: The token of app" in run.message
    assert "read_mailboxes" not in run.message
    assert writes(fake) == []
    other = module(INFO, app="no_graph", require=["write_organization"])
    assert not other.failed, "what isn't required is no failure"


def test_a_service_that_refuses_the_sign_in_does_not_stop_the_other(
    fake: FakeTenantServer, module: ModuleRunner
) -> None:
    """Each in turn, then both; a ready-made token is for Exchange alone."""
    said = {"text": json.dumps({"error": "invalid_client", "error_description": "AADSTS7000215: No."}), "status": 401}
    for skip, refused, others, own in ((0, "exchange", GRAPH[:4], EXCHANGE), (1, "graph", EXCHANGE, GRAPH)):
        fake.faults.clear()
        fake.faults.add("body_text", endpoint="token", skip=skip, arguments=said)
        run = module(INFO)
        assert not run.failed, run.message
        assert run.result[refused]["signed_in"] is False
        assert "AADSTS7000215" in run.result[refused]["reason"]
        assert (named(run, "yes"), named(run, "unknown")) == (others, own)
        assert how(run, own[0]) == run.result[refused]["reason"]
    fake.faults.clear()

    run = module(INFO, client_secret="wrong", require=["read_mailboxes"])
    assert run.failed
    assert run.result["summary"]["unknown"] == 9
    assert "AADSTS7000215" in run.message
    assert run.result["app"]["client_id"] == fake.app()["client_id"]

    run = module(INFO, access_token=fake.tokens.issue(), env=NO_SECRET)
    assert not run.failed, run.message
    assert named(run, "yes") == EXCHANGE
    assert named(run, "no") == GRAPH
    assert "needs a sign-in of its own" in run.result["graph"]["reason"]
    assert run.result["app"]["method"] == "access_token"
    assert run.result["app"]["credential_ends"].startswith("20")


def test_a_credential_that_has_ended(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """It is told like everything else, and nothing is asked."""
    run = module(INFO, certificate_path=fake.ready["credentials"]["expired_pem"], env=NO_SECRET)
    assert not run.failed, run.message
    assert run.result["app"]["method"] == "certificate"
    ends = run.result["app"]["credential_ends"]
    for service in ("exchange", "graph"):
        assert run.result[service]["signed_in"] is False
        assert f"expired on {ends[:10]}" in run.result[service]["reason"]
    assert run.result["summary"]["unknown"] == 9
    assert fake.log.entries() == []
    malformed = module(INFO, client_id="no-guid")
    assert malformed.failed
    assert malformed.result["failure"]["code"] == "invalid_input"
    assert malformed.result["summary"]["unknown"] == 9


HOSTILE = {
    "not JSON": ("body_html", {}),
    "of another shape": ("body_text", {"text": '{"value": {"@odata.x": 7}, "isEnabled": "yes"}'}),
    "a list": ("body_text", {"text": "[[[[1e999]]]]"}),
    "long": ("body_text", {"text": json.dumps({"value": "x" * 3_000_000})}),
    "an outage": ("status", {"status": 503, "retry_after": 0}),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_answers_that_tell_nothing(fake: FakeTenantServer, module: ModuleRunner, kind: str) -> None:
    """Then what only an answer can tell isn't known; what the token tells still is."""
    effect, arguments = HOSTILE[kind]
    fake.faults.add(effect, endpoint=["graph", "module_file"], times=None, arguments=arguments)
    run = module(INFO, max_retries=0)
    assert not run.failed, run.message
    assert named(run, "yes") == EXCHANGE
    assert named(run, "unknown") == GRAPH
    assert all(row["how"] for row in run.result["abilities"] if row["allowed"] == "unknown")
    assert len(run.stdout) < 30_000


def test_a_proxy_is_not_taken_for_the_report(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """Whoever leads elsewhere has not said that the app may read; nothing is sent there."""
    fake.faults.add("redirect", endpoint="graph", times=None, arguments={"host": "proxy.example:443"})
    run = module(INFO)
    assert named(run, "unknown") == GRAPH
    assert "proxy.example" in how(run, "read_usage")


def test_a_tenant_without_the_licence(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """No permission makes up for it, and that is what is said."""
    fake.organization.patch(premium=False)
    run = module(INFO)
    assert named(run, "no") == ["read_sign_ins", "read_usage"]
    assert "has no licence" in how(run, "read_sign_ins")


# The playbook ------------------------------------------------------------------------------------------------------


def table(run: PlaybookRun) -> list[str]:
    section = run.stdout.partition("TASK [Show what the app can see and do]")[2].partition("=> ")[2]
    return list(json.JSONDecoder().raw_decode(section)[0]["msg"])


def statistics(run: PlaybookRun) -> dict[str, Any]:
    return dict(run.handed_on["smtp_auth_check"])


def test_the_table(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    """Nothing has to be given, and check mode is the same; the last line is the finding."""
    all_granted(fake)
    certificate = fake.ready["credentials"]["registered_pem"]
    env = {"ANSIBLE_SHOW_CUSTOM_STATS": "true", **NO_SECRET}
    run = playbook(CHECK, env=env, flags=["--check", "--diff"], m365_certificate_path=certificate)
    assert run.code == 0, run.output
    assert run.recap()["changed"] == run.recap()["failed"] == 0
    lines = table(run)
    assert lines[0] == f"tenant: {fake.tenants[0]['tenant_id']}"
    assert lines[1] == f"app: {fake.app()['client_id']}, by certificate"
    assert lines[2].startswith("credential: ends in ")
    assert lines[3].startswith("Exchange Online: signed in; application permissions: Exchange.ManageAsApp, ")
    assert "write_mailboxes     yes" in lines
    assert lines[-1] == "The app may do everything that this collection does."
    told = statistics(run)
    assert told["yes"] == [*EXCHANGE, *GRAPH]
    assert told["no"] == told["unknown"] == []

    ends = told["credential_ends"][:10]
    last_day = playbook(CHECK, env={**NO_SECRET, **today(ends)}, m365_certificate_path=certificate)
    assert last_day.code == 0
    assert table(last_day)[2].startswith(f"credential: ENDS in 0 days, at {ends}")


def test_what_is_required(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    """The table comes first, then the failure, in the words of the playbook."""
    fake.dialect.set(module_file="absent")
    run = playbook(CHECK, app="reader", smtp_auth_require="read_mailboxes\nwrite_mailboxes, read_usage")
    assert run.code == 2
    assert table(run)[-1] == (
        "The app may not: read_usage. Not known: write_mailboxes, write_organization. Grant only what you use."
    )
    assert "Whether write_mailboxes is allowed isn't known: " in run.output
    assert "(not_allowed)" in run.output
    bad = playbook(CHECK, smtp_auth_require=["write_everything"])
    assert bad.code == 2
    assert "value of smtp_auth_require must be one or more of: read_mailboxes" in bad.output


def test_each_tenant_by_its_own_name(fake: FakeTenantServer, playbook: PlaybookRunner, tmp_path: Path) -> None:
    """A host whose secret is wrong is shown, and is no failure."""
    inventory = (
        "tenants: {vars: {ansible_connection: local}, "
        "hosts: {contoso: {}, fabrikam.com: {m365_client_secret: wrong, m365_timeout: 5}}}"
    )
    env = {"ANSIBLE_SHOW_CUSTOM_STATS": "true"}
    run = playbook(CHECK, env=env, inventory=inventory, smtp_auth_hosts="tenants")
    assert run.code == 0, run.output
    assert "The app isn't signed in anywhere, so nothing is known of what it can do." in run.output
    assert 'write_mailboxes     unknown  not signed in"' in run.output
    assert "wrong" not in run.output.replace("wrong secret", "")
    assert "smtp_auth_check_fabrikam_com" in run.output
    assert EXCHANGE_ADMINISTRATOR not in run.output
