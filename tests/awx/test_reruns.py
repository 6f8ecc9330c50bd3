# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""configure.yml on an AWX that is there already, with other settings, or with wrong ones."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

import pytest
from fake_awx import FakeAwx, token_of
from fake_tenant import FakeTenantServer

from .conftest import EXAMPLES, NOBODY, PASSWORD, Play, add_people, connection, recap

OWN = {
    "M365_TENANT_ID": "contoso.onmicrosoft.com",
    "M365_CLIENT_ID": "11111111-2222-3333-4444-555555555555",
    "M365_CLIENT_SECRET": "the-secret-of-the-first-run",
}
SECRET = "another-secret-of-a-later-run"
EMAIL = {"host": "mail.example.com", "port": 25, "username": "x", "password": "hunter33-of-the-mail", "use_tls": True}


# Secrets ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def credentials(awx: FakeAwx) -> dict[str, dict[str, Any]]:
    """What each credential holds."""
    return {item["name"]: item for item in awx.store.all("credentials")}


def test_a_second_run_changes_nothing(
    awx: FakeAwx, again: Play, credentials: dict[str, dict[str, Any]], server: FakeTenantServer
) -> None:
    """Secrets least of all: renewed in AWX, absent from the environment, beside a field that differs, they stay. So
    does the password of a notification, beside all that AWX adds at a change.
    """
    own = credentials["Microsoft 365"]
    own["inputs"] = {**own["inputs"], "certificate": "renewed in AWX", "client_secret": "renewed in AWX"}
    template = awx.store.find("notification_templates", "SMTP AUTH")
    renewed = {**template["notification_configuration"], "password": "renewed in AWX"}
    awx.store.update("notification_templates", template, {"notification_configuration": renewed})
    before, changes = copy.deepcopy(awx.store.dump()), awx.store.changes
    environment = {**connection(server), "M365_CLIENT_ID": OWN["M365_CLIENT_ID"], "CONTOSO_M365_CLIENT_SECRET": SECRET}
    said = again(environment=environment)
    assert (awx.store.dump(), awx.store.changes) == (before, changes)
    assert recap(said)["changed"] == 0
    assert "Microsoft 365: left as it is in AWX" in said
    assert not any(secret in said for secret in (SECRET, PASSWORD))


def test_one_switch_replaces_secrets(
    awx: FakeAwx, again: Play, credentials: dict[str, dict[str, Any]], server: FakeTenantServer
) -> None:
    """Those that the environment holds, and no other. A notification of another type has its own password anyway."""
    before = {name: dict(item["inputs"]) for name, item in credentials.items()}
    environment = {**connection(server), "M365_CLIENT_SECRET": SECRET}
    told = {
        "smtp_auth_awx_notification_type": "email",
        "smtp_auth_awx_notification_configuration": {**EMAIL, "use_ssl": False, "sender": "a@x", "recipients": ["b@x"]},
    }
    said = again(environment=environment, more={"smtp_auth_awx_replace_secrets": True, **told})
    changed = {name for name, item in credentials.items() if item["inputs"] != before[name]}
    assert changed == {"Microsoft 365"}
    assert credentials["Microsoft 365"]["inputs"]["client_secret"] == SECRET
    assert "Microsoft 365: made, or replaced" in said
    assert "Microsoft 365 secrets of contoso: left as it is in AWX" in said
    (notification,) = awx.store.all("notification_templates")
    assert notification["notification_type"] == "email"
    assert notification["notification_configuration"]["password"] == EMAIL["password"]
    assert not any(secret in said for secret in (SECRET, EMAIL["password"]))


# Taking back ------------------------------------------------------------------------------------------------------


def test_settings_are_taken_back(awx: FakeAwx, again: Play) -> None:
    """No journals, nobody told, somebody who has left: gone from AWX; and everything is back when it is set again."""
    before = awx.store.dump()
    step = "workflow_job_template_nodes/SMTP AUTH: request/probe"
    none: dict[str, Any] = {"smtp_auth_awx_notification_type": "", "smtp_auth_awx_notification_configuration": {}}
    left = {"smtp_auth_awx_requesters": {}, "smtp_auth_awx_former": {"teams": ["Helpdesk"]}}
    again(more={**none, **left, "smtp_auth_awx_journal_folder": "", "smtp_auth_awx_probe_wait": 900})
    made = awx.store.dump()
    assert made[step]["unified_job_template"] == "SMTP AUTH: probe after apply"
    assert made["workflow_job_template_nodes/SMTP AUTH: request/apply"]["success_nodes"] == ["probe"]
    assert step not in before
    templates = {
        key: item for key, item in made.items() if key.split("/")[0] in ("job_templates", "workflow_job_templates")
    }
    assert [key for key, item in templates.items() if "journal" in item["extra_vars"]] == []
    assert [key for key, item in templates.items() if any(name.startswith("notification") for name in item)] == []
    assert [key for key, item in templates.items() if "Helpdesk" in str(item)] == []
    assert "Mail" in str(templates)
    again()
    assert awx.store.dump() == before


# The project ------------------------------------------------------------------------------------------------------


def test_the_project_asks_nothing_of_galaxy(tmp_path: Path, play: Play) -> None:
    """As it is, it is fetched without; with requirements it can't be, here as in a network without Galaxy."""
    project = tmp_path / "project"
    shutil.copytree(EXAMPLES / "project", project)
    (project / "collections").mkdir(exist_ok=True)
    (project / "collections" / "requirements.yml").write_text("collections: [m365ops.exchange_online]\n")
    with FakeAwx(project) as awx:
        add_people(awx)
        said = play(awx, "configure.yml", OWN, {}, fails=True)
    assert "ansible-galaxy could not install what collections/requirements.yml names" in said


# Reasons ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "variables", "said"),
    [
        (
            {"M365_CLOUD": "cloud-nine"},
            {},
            ("Make the credentials: Microsoft 365: ", "'cloud'", "is not one of ['public'"),
        ),
        ({"M365_GRAPH_ENDPOINT": "graph.example.com"}, {}, ("Microsoft 365: ", "'graph_endpoint'", "is not a 'url'")),
        ({"M365_AUTH_METHOD": "magic"}, {}, ("Microsoft 365: ", "'auth_method'", "is not one of")),
        ({"M365_CERTIFICATE_PATH": "absent.pem"}, {}, ("M365_CERTIFICATE_PATH is absent.pem: there is no such file",)),
        ({}, {"smtp_auth_awx_organization": "Nowhere"}, ("Microsoft 365: ", "organizations", "Nowhere")),
        (
            {},
            {"smtp_auth_awx_notification_type": "email", "smtp_auth_awx_notification_configuration": EMAIL},
            ("Make the notification template: SMTP AUTH: ", "Missing required fields", "recipients"),
        ),
        (
            {},
            {
                "smtp_auth_awx_notification_type": "webhook",
                "smtp_auth_awx_notification_configuration": {"url": "https://x.example.com", "http_method": "GET"},
            },
            ("SMTP AUTH: ", "HTTP method must be either"),
        ),
        ({}, {"smtp_auth_awx_notification_type": "pigeon"}, ("AWX knows no pigeon",)),
        ({"M365_TENANT_ID": ""}, {}, ("SMTP AUTH: audit: ", "credentials", "made only if M365_TENANT_ID is set")),
    ],
)
def test_every_failure_names_object_and_reason(
    empty_awx: FakeAwx, play: Play, environment: dict[str, str], variables: dict[str, Any], said: tuple[str, ...]
) -> None:
    told = play(empty_awx, "configure.yml", {**OWN, **environment}, variables, fails=True)
    last = told.rpartition("fatal: [localhost]")[2]
    for piece in said:
        assert piece in last, told
    for secret in (OWN["M365_CLIENT_SECRET"], "hunter33"):
        assert secret not in told


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"CONTROLLER_HOST": "http://127.0.0.1:9"}, ("http://127.0.0.1:9", "Connection refused")),
        ({"CONTROLLER_OAUTH_TOKEN": "expired"}, ("Invalid authentication credentials", "401")),
        ({"CONTROLLER_OAUTH_TOKEN": token_of(NOBODY)}, ("You don't have permission", "credential_types")),
    ],
    ids=["unreachable", "wrong token", "no rights"],
)
@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
def test_an_awx_that_lets_nobody_in(
    empty_awx: FakeAwx, play: Play, environment: dict[str, str], said: tuple[str, ...], check: bool
) -> None:
    told = play(empty_awx, "configure.yml", {**OWN, **environment}, {}, fails=True, check=check)
    last = told.rpartition("fatal: [localhost]")[2]
    for piece in ("Make the credential types: Microsoft 365 for m365ops.exchange_online: ", *said):
        assert piece in last, told
    assert not any(secret in told for secret in (OWN["M365_CLIENT_SECRET"], "expired"))


ABSENT = {"smtp_auth_awx_approvers": {"teams": ["Nobody's"]}}
ROLES = "Give and take roles"


def test_a_team_that_is_not_there_is_named_also_in_a_check(again: Play) -> None:
    said = again(check=True, fails=True, more=ABSENT, start=ROLES)
    assert "approval: " in said.rpartition("fatal: [localhost]")[2]
    assert "Nobody's" in said.rpartition("fatal: [localhost]")[2]


def test_a_team_that_is_not_there_is_told_from_what_is_still_to_be_made(empty_awx: FakeAwx, play: Play) -> None:
    people = {"smtp_auth_awx_requesters": {"teams": ["Helpdesk"]}, **ABSENT}
    said = play(empty_awx, "configure.yml", OWN, people, check=True, fails=True, start=ROLES)
    assert "Nobody's" in said.rpartition("fatal: [localhost]")[2]
    assert "changed: [localhost] => (item=read for Helpdesk)" in said
