# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the fake AWX does as AWX was seen to do it, and what the example has to live with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fake_awx.people import People
from fake_awx.programs import place
from fake_awx.store import HIDDEN, Refused, Store

from .conftest import EXAMPLES

KIND = {
    "name": "Microsoft 365",
    "inputs": {"fields": [{"id": name, "label": name, "type": "string", "secret": True} for name in ("one", "two")]},
}


@pytest.fixture
def store() -> Store:
    return Store(EXAMPLES / "project")


def project(store: Store, **more: str) -> dict[str, Any]:
    source = {"scm_type": "git", "scm_url": "https://git.example.com/x.git"}
    return store.create("projects", {"name": "SMTP AUTH", **source, **more})


def template(store: Store, of: dict[str, Any]) -> dict[str, Any]:
    inventory = store.create("inventories", {"name": "Microsoft 365"})["id"]
    return store.create(
        "job_templates", {"name": "audit", "project": of["id"], "inventory": inventory, "playbook": "audit.yml"}
    )


def test_what_a_credential_holds_is_replaced_as_a_whole(store: Store) -> None:
    """Only ``$encrypted$`` keeps a secret."""
    kind = store.create("credential_types", KIND)["id"]
    made = store.create("credentials", {"name": "x", "credential_type": kind, "inputs": {"one": "1", "two": "2"}})
    assert store.show("credentials", made)["inputs"] == {"one": HIDDEN, "two": HIDDEN}
    store.update("credentials", made, {"inputs": {"one": HIDDEN, "two": "22"}})
    assert made["inputs"] == {"one": "1", "two": "22"}
    store.update("credentials", made, {"inputs": {"two": "222"}})
    assert made["inputs"] == {"two": "222"}


def test_playbooks_are_known_only_after_a_fetch_that_succeeded(store: Store) -> None:
    store.updates.broken = "no way there"
    of = project(store)
    with pytest.raises(Refused, match=r"audit\.yml: Playbook not found"):
        template(store, of)
    store.updates.broken = ""
    store.update("projects", of, {"description": "nothing that matters for a fetch"})
    with pytest.raises(Refused, match="not found"):
        store.create("job_templates", {"name": "x", "project": of["id"], "inventory": 1, "playbook": "audit.yml"})
    assert store.fetch(of)["status"] == "successful"
    assert store.create("job_templates", {"name": "x", "project": of["id"], "inventory": 1, "playbook": "audit.yml"})


def test_what_comes_to_a_store_is_undone(store: Store) -> None:
    job = template(store, project(store))
    before, changes = store.dump(), store.changes
    with store.undone():
        store.add_user("paul", "Mail")
        member = {"id": store.find("teams", "Mail")["id"]}
        store.people.grant(store.people.roles_of("job_templates", job)["read_role"]["id"], "teams", member)
        store.update("job_templates", job, {"description": "another"})
        store.create("schedules", {"name": "every night", "unified_job_template": job["id"]})
        store.jobs[1] = (job["id"], "a job")
        store.updates.broken = "no way there"
        assert store.dump() != before
    assert (store.dump(), store.changes, store.jobs, store.updates.broken) == (before, changes, {}, "")
    assert store.create("schedules", {"name": "every night"})["id"] == job["id"] + 1


@pytest.mark.parametrize("name", ["collections/requirements.yml", "roles/requirements.yml", "requirements.yml"])
def test_requirements_are_fetched_from_galaxy(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("collections: []\n")
    store = Store(tmp_path)
    assert store.fetch(project(store))["status"] == "failed"


def test_the_project_of_the_example_names_no_requirements(store: Store) -> None:
    assert store.fetch(project(store))["status"] == "successful"


def test_only_a_role_of_the_template_shows_its_jobs(store: Store) -> None:
    """Neither a role of the workflow that it runs in, nor membership in another team."""
    user = store.add_user("paul", "Mail")
    job, flow = template(store, project(store)), store.create("workflow_job_templates", {"name": "request"})
    people: People = store.people
    team = store.find("teams", "Mail")["id"]
    people.grant(people.roles_of("workflow_job_templates", flow)["approval_role"]["id"], "teams", {"id": team})
    assert people.may(user, "read", "workflow_job_templates", flow)
    assert not people.may(user, "read", "job_templates", job)
    people.grant(people.roles_of("job_templates", job)["read_role"]["id"], "teams", {"id": team})
    assert people.may(user, "read", "job_templates", job)
    assert not people.may(user, "execute", "job_templates", job)
    gone = {"id": team, "disassociate": True}
    people.grant(people.roles_of("job_templates", job)["read_role"]["id"], "teams", gone)
    assert not people.may(user, "read", "job_templates", job)


def test_a_step_that_goes_takes_its_links_along(store: Store) -> None:
    flow = store.create("workflow_job_templates", {"name": "request"})["id"]
    one, two = (
        store.create("workflow_job_template_nodes", {"identifier": name, "workflow_job_template": flow})
        for name in ("one", "two")
    )
    store.link(one, "success_nodes", {"id": two["id"]})
    store.delete("workflow_job_template_nodes", two)
    assert store.linked(one, "success_nodes") == []


def test_a_webhook_s_configuration_is_completed_and_its_password_hidden(store: Store) -> None:
    given = {"url": "https://chat.example.com", "headers": {}, "password": "p"}
    made = store.create(
        "notification_templates", {"name": "x", "notification_type": "webhook", "notification_configuration": given}
    )
    shown = store.show("notification_templates", made)["notification_configuration"]
    assert (shown["http_method"], shown["username"], shown["password"]) == ("POST", "", HIDDEN)
    store.update("notification_templates", made, {"notification_configuration": {**given, "password": HIDDEN}})
    assert made["notification_configuration"]["password"] == "p"
    with pytest.raises(Refused, match="headers"):
        store.update("notification_templates", made, {"notification_configuration": {"url": "https://x"}})


def test_each_job_is_shown_at_the_same_place(tmp_path: Path) -> None:
    """As it is the path of a folder in a container of its own; those of slices differ."""
    folders = [tmp_path / name for name in ("one", "two", "three")]
    for folder in folders:
        folder.mkdir()
    with place(folders[0]) as one, place(folders[1]) as two:
        assert one != two
        assert [path.resolve() for path in (one, two)] == folders[:2]
    with place(folders[2]) as three:
        assert three == one
        assert three.resolve() == folders[2]
    assert not one.exists()
