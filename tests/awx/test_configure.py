# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples make their objects in AWX, the same ones in both ways, and a second run changes nothing."""

from __future__ import annotations

import json
import os
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from fake_awx import FakeAwx
from fake_awx.store import HIDDEN
from fake_tenant import FakeTenantServer

from .conftest import (
    EXAMPLES,
    NOBODY,
    PASSWORD,
    Play,
    add_people,
    connection,
    recap,
    rendered,
    settings,
    tenant_secrets,
)

ROLES = Path("ansible_collections/infra/aap_configuration/roles")


def test_a_check_after_a_run_has_nothing_to_tell(
    awx: FakeAwx, again: Play, configured: tuple[FakeAwx, Play, str]
) -> None:
    """That a second run changes nothing either is with the tests of reruns."""
    said = configured[2]
    # All but those that only look or say.
    assert recap(said)["changed"] == recap(said)["ok"] - 2
    made, changes = json.dumps(awx.store.dump()), awx.store.changes
    assert recap(again(check=True))["changed"] == 0
    assert (json.dumps(awx.store.dump()), awx.store.changes) == (made, changes)


def test_a_check_of_an_empty_awx_tells_what_would_be_made(
    empty_awx: FakeAwx, play: Play, server: FakeTenantServer
) -> None:
    environment = connection(server) | tenant_secrets(server)
    changes = empty_awx.store.changes
    said = play(empty_awx, "configure.yml", environment, settings(server), check=True)
    assert empty_awx.store.changes == changes
    for name in ("m365ops.exchange_online", "SMTP AUTH: restore", "SMTP AUTH: check every night", "read for Helpdesk"):
        assert f"changed: [localhost] => (item={name})" in said, said


def test_the_least_that_one_has_to_give(empty_awx: FakeAwx, play: Play) -> None:
    """One tenant, a credential that is there already, nobody to tell, no journals. The fetch of the project fails at
    first, and a rerun mends it.
    """
    kind = {"name": "Azure", "inputs": {"fields": [{"id": "secret", "label": "x", "secret": True}]}}
    number = empty_awx.store.create("credential_types", kind)["id"]
    empty_awx.store.create("credentials", {"name": "Mine", "credential_type": number, "inputs": {"secret": "s"}})
    least = {"smtp_auth_awx_credential": "Mine"}
    empty_awx.store.updates.broken = "Failed to connect to https://rita:hunter22@git.example.com"
    said = play(empty_awx, "configure.yml", {}, least, fails=True)
    assert "Make the project: SMTP AUTH: Project update failed: Failed to connect to https://git.example.com" in said
    assert "hunter22" not in said
    empty_awx.store.updates.broken = ""
    play(empty_awx, "configure.yml", {}, least)
    made = empty_awx.store.dump()
    assert [key for key in made if key.startswith("credentials/")] == ["credentials//Mine"]
    assert made["job_templates//SMTP AUTH: apply"]["credentials"] == ["Mine"]
    assert not [key for key in made if "tenants" in key and not key.startswith("inventories")]
    assert not [key for key in made if key.startswith("notification_templates")]


def test_secrets_go_where_they_belong(awx: FakeAwx, server: FakeTenantServer) -> None:
    """Into the credential, where the API hides them, and into no other object."""
    secrets = {connection(server)["M365_CLIENT_SECRET"], *tenant_secrets(server).values()}
    notification = awx.store.find("notification_templates", "SMTP AUTH")
    shown = {
        endpoint: json.dumps([awx.store.show(endpoint, item) for item in awx.store.all(endpoint)])
        for endpoint in awx.store.objects
    }
    assert [
        endpoint for endpoint, text in shown.items() if any(secret in text for secret in {*secrets, PASSWORD})
    ] == []
    assert shown["credentials"].count(HIDDEN) == 4
    stored = {item["inputs"]["client_secret"] for item in awx.store.all("credentials")}
    assert stored == secrets
    assert notification["notification_configuration"]["password"] == PASSWORD


def test_what_is_made(awx: FakeAwx) -> None:
    made = awx.store.dump()
    names = [item["name"].removeprefix("SMTP AUTH: ") for item in awx.store.all("job_templates")]
    assert names == [
        *(
            "check",
            "audit",
            "evidence",
            "preview",
            "apply",
            "probe",
            "probe after apply",
            "drift check",
            "preview of the baseline",
            "enforce",
            "restore",
        ),
        *("audit of all tenants", "overview of all tenants"),
    ]
    preview, apply = made["job_templates//SMTP AUTH: preview"], made["job_templates//SMTP AUTH: apply"]
    assert (preview["job_type"], preview["diff_mode"], preview["playbook"]) == ("check", True, "set.yml")
    assert (apply["job_type"], apply["survey"], apply["playbook"]) == ("run", None, "set.yml")
    for name in ("apply", "enforce", "restore"):
        assert made[f"job_templates//SMTP AUTH: {name}"]["notification_templates_success"] == ["SMTP AUTH"]
        assert made[f"job_templates//SMTP AUTH: {name}"]["notification_templates_error"] == ["SMTP AUTH"]
    step = made["workflow_job_template_nodes/SMTP AUTH: request/approval"]
    assert (step["unified_job_template"], step["success_nodes"]) == ("Approve what the preview shows", ["apply"])
    assert made["job_templates//SMTP AUTH: audit of all tenants"]["job_slice_count"] == 2
    assert len(made["job_templates//SMTP AUTH: audit of all tenants"]["credentials"]) == 3
    schedules = {item["name"]: item["enabled"] for item in awx.store.all("schedules")}
    assert schedules == {"SMTP AUTH: check every night": True, "SMTP AUTH: enforce every night": False}


def test_no_template_takes_variables_that_it_does_not_ask_for(awx: FakeAwx) -> None:
    """Whoever may start a job must not be able to lead it elsewhere."""
    templates = [*awx.store.all("job_templates"), *awx.store.all("workflow_job_templates")]
    assert [item["name"] for item in templates if item["ask_variables_on_launch"]] == []


def aap_configuration() -> Path | None:
    """Where the collection infra.aap_configuration is installed."""
    paths = [*os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(os.pathsep), sysconfig.get_path("purelib")]
    return next((Path(path) for path in paths if (Path(path) / ROLES / "dispatch").is_dir()), None)


def meant(awx: FakeAwx) -> dict[str, Any]:
    """What stands in an AWX, with its two ways to say that a template brings no variables as one."""
    return {
        name: {**item, "extra_vars": item["extra_vars"] or "{}"} if "extra_vars" in item else item
        for name, item in awx.store.dump().items()
    }


@pytest.mark.skipif(aap_configuration() is None, reason="the collection infra.aap_configuration isn't installed")
def test_both_ways_make_the_same(
    fake: FakeTenantServer, empty_awx: FakeAwx, play: Play, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Also when settings are taken back."""
    environment = connection(fake) | tenant_secrets(fake)
    whole = settings(fake, smtp_auth_awx_journal_folder="/var/lib/journals")
    none = settings(
        fake,
        smtp_auth_awx_notification_type="",
        smtp_auth_awx_requesters={},
        smtp_auth_awx_former={"teams": ["Helpdesk"]},
    )
    with FakeAwx(EXAMPLES / "project") as other:
        add_people(other)
        for variables in (whole, none):
            play(empty_awx, "configure.yml", environment, variables)
            play(other, "configure_with_aap_configuration.yml", environment, variables)
            assert meant(other) == meant(empty_awx)


# What infra.aap_configuration 3 takes of each object, as far as the example uses it.
KNOWN: dict[str, set[str]] = {
    "controller_credential_types": {"inputs", "injectors", "kind"},
    "controller_credentials": {"organization", "credential_type", "inputs", "update_secrets", "state"},
    "controller_execution_environments": {"image", "pull"},
    "controller_notifications": {"organization", "notification_type", "notification_configuration", "messages"},
    "controller_projects": {
        *("organization", "scm_type", "scm_url", "scm_branch", "scm_update_on_launch", "update_project"),
    },
    "controller_inventories": {"organization", "kind", "variables"},
    "controller_hosts": {"inventory", "variables"},
    "controller_templates": {
        *("organization", "job_type", "ask_job_type_on_launch", "diff_mode", "playbook", "project", "inventory"),
        *("execution_environment", "credentials", "job_slice_count", "extra_vars", "survey_enabled", "survey_spec"),
        "related",
    },
    "controller_workflows": {
        *("organization", "allow_simultaneous", "survey_enabled", "survey_spec", "related"),
        "simplified_workflow_nodes",
    },
    "controller_schedules": {"unified_job_template", "rrule", "enabled"},
    "controller_roles": {"role", "teams", "users", "job_templates", "workflows", "lookup_organization", "state"},
}


def test_each_object_is_in_the_data_format(server: FakeTenantServer) -> None:
    given = settings(
        server, smtp_auth_awx_former={"users": [NOBODY]}, smtp_auth_awx_journal_folder=" /var/lib/journals\t"
    )
    environment = connection(server) | tenant_secrets(server)
    made = rendered(f"{{{', '.join(f'{name!r}: {name}' for name in KNOWN)}}}", given, environment)
    for name, keys in KNOWN.items():
        assert made[name], name
        for item in made[name]:
            assert set(item) - {"name", "description"} <= keys, (name, item)
    assert [item["state"] for item in made["controller_credentials"]] == ["exists"] * 4
    apply = next(item for item in made["controller_templates"] if item["name"] == "SMTP AUTH: apply")
    assert apply["extra_vars"] == {"smtp_auth_journal_path": "/var/lib/journals/smtp_auth-{{ awx_job_id }}.jsonl"}


def test_the_data_format() -> None:
    """Both ways take the very same variables, by the names that infra.aap_configuration's dispatch role looks for."""
    texts = {name: (EXAMPLES / name).read_text() for name in ("configure.yml", "configure_with_aap_configuration.yml")}
    files = [
        [line.strip() for line in text.splitlines() if line.strip().startswith(("- settings", "- objects/"))]
        for text in texts.values()
    ]
    assert files[0] == files[1]
    assert {f"- {path.relative_to(EXAMPLES)}" for path in EXAMPLES.glob("objects/*.yml")} == set(files[0][1:])
    known = set(KNOWN)
    defined = {
        line.partition(":")[0]
        for path in EXAMPLES.glob("objects/*.yml")
        for line in path.read_text().splitlines()
        if line.startswith("controller_")
    }
    used: set[Any] = {word for word in known if word in texts["configure.yml"]}
    assert (defined, used) == (known, known)
