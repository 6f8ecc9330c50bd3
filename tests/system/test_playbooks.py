# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks, by their full names, with mailboxes in every form that they take."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.arguments import connection_spec
from fake_tenant import FakeTenantServer
from harness.run import UNSET, PlaybookRunner

pytestmark = pytest.mark.every_core

DOMAIN = "contoso.onmicrosoft.com"
ALICE, BOB, CAROL = (f"{name}@{DOMAIN}" for name in ("alice", "bob", "carol"))
NAMES = [ALICE, BOB, CAROL]
SHOW_STATISTICS = {"ANSIBLE_SHOW_CUSTOM_STATS": "1"}

FORMS: dict[str, Any] = {
    "list": {"smtp_auth_mailboxes": NAMES},
    "text": {"smtp_auth_mailboxes": f"# of the form\r\n{ALICE}\r\n\r\n  {BOB}  \n{CAROL}"},
    "text file": {"smtp_auth_mailboxes_file": "mailboxes.txt", "smtp_auth_mailboxes": ""},
    "CSV file": {"smtp_auth_mailboxes_file": "mailboxes.csv"},
}


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    """Lists in the directory that ansible-playbook is started in."""
    (tmp_path / "mailboxes.txt").write_text("\n".join(["# printers", *NAMES]))
    rows = [f'"Doe, ""J""";{name}' for name in NAMES]
    (tmp_path / "mailboxes.csv").write_bytes("\r\n".join(["\ufeffDisplay Name;UserPrincipalName", *rows]).encode())


@pytest.mark.parametrize(
    ("name", "state", "form"),
    [
        ("enable", "enabled", "list"),
        ("disable", "disabled", "text"),
        ("inherit", "inherit", "text file"),
        ("enable", "enabled", "CSV file"),
    ],
)
def test_check_apply_and_again(
    fake: FakeTenantServer, playbook: PlaybookRunner, name: str, state: str, form: str
) -> None:
    before = fake.mailboxes.states()
    playbook_name = f"m365ops.exchange_online.{name}"

    checked = playbook(playbook_name, flags=["--check", "--diff"], **FORMS[form])
    assert checked.code == 0, checked.output
    assert fake.mailboxes.states() == before
    assert checked.recap()["changed"] == 1, checked.output
    assert checked.output.count(f"+smtp_auth: {state}") == 2

    done = playbook(playbook_name, **FORMS[form])
    assert done.code == 0, done.output
    assert fake.mailboxes.states() == {**before, **dict.fromkeys(NAMES, state)}
    assert done.recap()["changed"] == 1, done.output

    again = playbook(playbook_name, **FORMS[form])
    assert again.code == 0, again.output
    assert again.recap()["changed"] == 0


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        pytest.param({}, "neither was given", id="none"),
        pytest.param({"smtp_auth_mailboxes": "", "smtp_auth_mailboxes_file": None}, "neither was given", id="empty"),
        pytest.param(
            {"smtp_auth_mailboxes": NAMES, "smtp_auth_mailboxes_file": "mailboxes.csv"}, "both were given", id="both"
        ),
        pytest.param(
            {"smtp_auth_mailboxes": NAMES, "smtp_auth_disabled": [ALICE]}, "are for the role", id="the role's own list"
        ),
        pytest.param({"smtp_auth_mailboxes_file": "nobody.csv"}, "nobody.csv can't be read", id="no such file"),
        pytest.param({"smtp_auth_mailboxes_file": "wrong.csv"}, "line 3 has no value in column mailbox", id="bad row"),
        pytest.param({"smtp_auth_mailboxes": [ALICE, ""]}, "smtp_auth_mailboxes: entry 2 is blank", id="blank"),
        pytest.param({"smtp_auth_mailboxes": [ALICE, ALICE.upper()]}, "is the same as entry 1", id="twice"),
    ],
)
def test_what_is_refused_costs_no_request(
    fake: FakeTenantServer, playbook: PlaybookRunner, tmp_path: Path, variables: dict[str, Any], message: str
) -> None:
    (tmp_path / "wrong.csv").write_text(f"mailbox,note\n{ALICE},x\n,y\n")
    run = playbook("m365ops.exchange_online.enable", **variables)
    assert run.code != 0
    assert message in run.output
    assert fake.log.entries() == []


def test_an_empty_list_is_nothing_to_do(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    run = playbook("m365ops.exchange_online.disable", smtp_auth_mailboxes=[])
    assert run.code == 0, run.output
    assert "nothing to do" in run.output
    assert fake.log.entries() == []


def test_a_survey_is_no_template(fake: FakeTenantServer, playbook: PlaybookRunner, tmp_path: Path) -> None:
    """AWX marks answers as unsafe: what looks like a template in them is refused as a mailbox, and never run."""
    made = tmp_path / "made"
    (tmp_path / "survey.yml").write_text(
        f"""smtp_auth_mailboxes: !unsafe "{ALICE}\\n{{{{lookup('pipe','touch$IFS{made}')}}}}"\n"""
    )
    run = playbook("m365ops.exchange_online.enable", flags=["-e", "@survey.yml"])
    assert run.code != 0
    assert "smtp_auth_mailboxes: entry 2" in run.output
    assert not made.exists()
    assert fake.log.entries() == []


def test_hosts_of_an_inventory(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    """One inventory host a tenant, with its connection in variables that the environment is made of."""
    run = playbook(
        "m365ops.exchange_online.enable",
        inventory="all: {hosts: {contoso: {ansible_connection: local}, fabrikam: {}}}",
        smtp_auth_hosts="contoso",
        smtp_auth_mailboxes=[BOB],
    )
    assert run.code == 0, run.output
    assert run.recap("contoso")["changed"] == 1
    assert fake.mailboxes.states()[BOB] == "enabled"


@pytest.fixture(scope="module")
def two_tenants_server() -> Iterator[FakeTenantServer]:
    with FakeTenantServer(tenants=2) as running:
        yield running


@pytest.fixture
def two_tenants(two_tenants_server: FakeTenantServer) -> FakeTenantServer:
    two_tenants_server.reset()
    return two_tenants_server


def host_variables(fake: FakeTenantServer, tenant: int) -> dict[str, Any]:
    """The connection to one of the tenants, as variables of its host; nought and empty ones among them."""
    connection = {name.lower(): value for name, value in fake.environment(tenant=tenant).items()}
    return {**connection, "m365_max_retries": 0, "m365_timeout": "", "m365_certificate_path": None}


def test_each_host_is_its_own_tenant(two_tenants: FakeTenantServer, tmp_path: Path) -> None:
    """Each tenant gets its own change and not the other's, and no secret is shown."""
    fake = two_tenants
    ids = [tenant["tenant_id"] for tenant in fake.tenants]
    alices = [f"alice@{tenant['domain']}" for tenant in fake.tenants]
    bobs = [f"bob@{tenant['domain']}" for tenant in fake.tenants]
    hosts = {
        "first": {**host_variables(fake, 0), "smtp_auth_mailboxes": [bobs[0]]},
        "second": {**host_variables(fake, 1), "smtp_auth_mailboxes": [alices[1]]},
    }
    before = [fake.mailboxes.states(tenant=name) for name in ids]
    for tenant, state in zip((bobs[0], alices[1]), before, strict=True):
        assert state[tenant] != "inherit"
    options = {
        "inventory": json.dumps({"all": {"hosts": hosts}}),
        "env": dict.fromkeys(fake.environment(), UNSET),
        "smtp_auth_hosts": "all",
    }
    playbook = PlaybookRunner(fake, tmp_path)
    run = playbook("m365ops.exchange_online.inherit", flags=["-vvvv", "--diff"], **options)
    assert run.code == 0, run.output
    assert [run.recap(host)["changed"] for host in hosts] == [1, 1]
    after = [fake.mailboxes.states(tenant=name) for name in ids]
    assert after == [{**before[0], bobs[0]: "inherit"}, {**before[1], alices[1]: "inherit"}]

    audit = playbook("m365ops.exchange_online.audit", flags=["-vvvv"], **options)
    assert audit.code == 0, audit.output
    for host in hosts.values():
        assert host["m365_client_secret"] not in run.output + audit.output
    assert len({host["m365_client_secret"] for host in hosts.values()}) == 2


def test_a_variable_of_a_host_wins_over_the_environment(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    run = playbook("m365ops.exchange_online.audit", m365_client_secret="not~the~right~one")
    assert run.code != 0
    assert "AADSTS7000215" in run.output
    assert "not~the~right~one" not in run.output


PLAYBOOKS = Path(__file__).parents[2] / "playbooks"


def test_every_option_of_the_connection_has_a_variable() -> None:
    """The options of the connection stand once, and are those of the modules."""
    connection = yaml.safe_load((PLAYBOOKS / "vars" / "connection.yml").read_text())["__smtp_auth_connection"]
    assert set(connection) == set(connection_spec())
    assert [option for option, value in connection.items() if f"m365_{option} " not in value] == []


def test_every_play_that_runs_a_module_uses_them() -> None:
    plays = [play for path in PLAYBOOKS.glob("*.yml") for play in yaml.safe_load(path.read_text()) if "tasks" in play]
    with_modules = [play for play in plays if "m365ops.exchange_online." in json.dumps(play["tasks"])]
    assert len(with_modules) >= 4
    for play in with_modules:
        assert play["vars_files"] == "vars/connection.yml"
        assert list(play["module_defaults"].values()) == ["{{ __smtp_auth_connection }}"]


def test_every_playbook_begins_with_the_same_look() -> None:
    """Those that set one state look by themselves, in their only play: each play is lines on the screen."""
    assert "m365ops.exchange_online.smtp_auth_start(" in (PLAYBOOKS / "_set_state.yml").read_text()
    for path in PLAYBOOKS.glob("[a-z]*.yml"):
        first = yaml.safe_load(path.read_text())[0]["ansible.builtin.import_playbook"]
        assert first in ("_start.yml", "_set_state.yml"), path.name


def statistics(output: str) -> dict[str, Any]:
    line = next(line for line in output.splitlines() if line.strip().startswith("RUN:"))
    return json.loads(line.split("RUN:", 1)[1])["smtp_auth_audit"]


def test_audit_of_the_tenant(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    states = fake.mailboxes.states()
    run = playbook("m365ops.exchange_online.audit", env=SHOW_STATISTICS, smtp_auth_mailboxes="")
    assert run.code == 0, run.output
    assert run.recap()["changed"] == 0
    counts = statistics(run.stdout)
    for state in ("enabled", "disabled", "inherit"):
        assert counts[state] == list(states.values()).count(state)
    assert counts["requested"] == len(states)
    assert counts["organization"] == "disabled"
    for name, state in states.items():
        assert (json.dumps(name) in run.stdout) is (state == "enabled")


def test_audit_of_a_list(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    run = playbook(
        "m365ops.exchange_online.audit",
        flags=["--check"],
        env=SHOW_STATISTICS,
        smtp_auth_mailboxes=f"{ALICE}\n{BOB}\nnobody@contoso.com",
        smtp_auth_missing="warn",
    )
    assert run.code == 0, run.output
    counts = statistics(run.stdout)
    assert (counts["enabled"], counts["disabled"], counts["inherit"], counts["missing"]) == (1, 1, 0, 1)
    assert fake.log.entries(cmdlet="Set-CASMailbox") == []


def test_audit_fails_on_what_it_cannot_read(playbook: PlaybookRunner) -> None:
    assert "both were given" in playbook("m365ops.exchange_online.audit", **FORMS["list"], **FORMS["CSV file"]).output
    unknown = playbook("m365ops.exchange_online.audit", smtp_auth_mailboxes=["nobody@contoso.com"])
    assert unknown.code != 0
    assert "nobody@contoso.com" in unknown.output
