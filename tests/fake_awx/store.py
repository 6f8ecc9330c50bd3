# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of an AWX in memory: what its API keeps, checked by its rules as they come in."""

from __future__ import annotations

import contextlib
import json
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from . import notices, rules
from .notices import HIDDEN
from .people import ADMINISTRATOR, People
from .projects import SCM_FIELDS, Updates

__all__ = ["ASSOCIATIONS", "FIELDS", "HIDDEN", "Refused", "Store"]
_COMMON = {"name": "", "description": ""}
_PROMPTS = {
    f"ask_{what}_on_launch": False
    for what in ("job_type", "variables", "limit", "credential", "diff_mode", "inventory", "tags", "skip_tags")
}

# Every endpoint with its fields and what they are when nothing is given.
FIELDS: dict[str, dict[str, Any]] = {
    "organizations": {**_COMMON},
    "users": {"username": "", "name": ""},
    "teams": {**_COMMON, "organization": None},
    "credential_types": {**_COMMON, "managed": False, "kind": "cloud", "inputs": {}, "injectors": {}},
    "credentials": {**_COMMON, "organization": None, "credential_type": None, "inputs": {}},
    "execution_environments": {**_COMMON, "image": "", "pull": "", "organization": None, "credential": None},
    "notification_templates": {
        **_COMMON,
        "organization": None,
        "notification_type": "",
        "notification_configuration": {},
        "messages": None,
    },
    "projects": {
        **_COMMON,
        "organization": None,
        "scm_type": "",
        "scm_url": "",
        "scm_branch": "",
        "scm_refspec": "",
        "scm_clean": False,
        "scm_delete_on_update": False,
        "scm_track_submodules": False,
        "scm_update_on_launch": False,
        "scm_update_cache_timeout": 0,
        "allow_override": False,
        "timeout": 0,
        "scm_revision": "",
    },
    "inventories": {
        **_COMMON,
        "organization": None,
        "kind": "",
        "host_filter": None,
        "variables": "",
        "prevent_instance_group_fallback": False,
    },
    "hosts": {**_COMMON, "inventory": None, "enabled": True, "variables": ""},
    "job_templates": {
        **_COMMON,
        **_PROMPTS,
        "organization": None,
        "job_type": "run",
        "diff_mode": False,
        "playbook": "",
        "project": None,
        "inventory": None,
        "execution_environment": None,
        "job_slice_count": 1,
        "extra_vars": "",
        "survey_enabled": False,
        "become_enabled": False,
        "use_fact_cache": False,
        "allow_simultaneous": False,
        "force_handlers": False,
        "forks": 0,
        "verbosity": 0,
        "timeout": 0,
        "limit": "",
        "job_tags": "",
        "skip_tags": "",
        "start_at_task": "",
        "scm_branch": "",
        "host_config_key": "",
        "webhook_service": "",
        "prevent_instance_group_fallback": False,
        "ask_execution_environment_on_launch": False,
        "ask_forks_on_launch": False,
        "ask_instance_groups_on_launch": False,
        "ask_job_slice_count_on_launch": False,
        "ask_labels_on_launch": False,
        "ask_scm_branch_on_launch": False,
        "ask_timeout_on_launch": False,
        "ask_verbosity_on_launch": False,
    },
    "workflow_job_templates": {
        **_COMMON,
        **_PROMPTS,
        "organization": None,
        "inventory": None,
        "survey_enabled": False,
        "extra_vars": "",
        "allow_simultaneous": False,
        "limit": "",
        "scm_branch": "",
        "job_tags": "",
        "skip_tags": "",
        "webhook_service": "",
        "ask_labels_on_launch": False,
        "ask_scm_branch_on_launch": False,
    },
    "workflow_job_template_nodes": {
        "identifier": "",
        "workflow_job_template": None,
        "unified_job_template": None,
        "inventory": None,
        "all_parents_must_converge": False,
    },
    "workflow_approval_templates": {**_COMMON, "timeout": 0},
    "schedules": {
        **_COMMON,
        "unified_job_template": None,
        "rrule": "",
        "enabled": True,
        "extra_data": {},
        "inventory": None,
        "scm_branch": "",
        "execution_environment": None,
        "job_type": None,
        "job_tags": "",
        "skip_tags": "",
        "limit": "",
        "diff_mode": None,
        "verbosity": None,
        "forks": None,
        "job_slice_count": None,
        "timeout": None,
    },
}
# What a schedule or a node of a workflow may start: one name space for all of them.
STARTABLE = ("projects", "job_templates", "workflow_job_templates", "workflow_approval_templates")
_NOTIFICATIONS = tuple(f"notification_templates_{event}" for event in ("started", "success", "error", "approvals"))
ASSOCIATIONS: dict[str, tuple[str, ...]] = {
    "projects": _NOTIFICATIONS,
    "inventories": ("instance_groups",),
    "job_templates": ("credentials", "instance_groups", "labels", *_NOTIFICATIONS),
    "workflow_job_templates": ("labels", *_NOTIFICATIONS),
    "workflow_job_template_nodes": (
        *("success_nodes", "failure_nodes", "always_nodes", "credentials"),
        *("instance_groups", "labels"),
    ),
    "schedules": ("credentials", "instance_groups", "labels"),
}
# What may be sent and isn't kept.
_NOT_KEPT = ("type", "custom_virtualenv", "webhook_credential")
# Where the objects of an association are kept, if its name doesn't say it.
_TARGETS = {
    **dict.fromkeys(_NOTIFICATIONS, "notification_templates"),
    **dict.fromkeys(("success_nodes", "failure_nodes", "always_nodes"), "workflow_job_template_nodes"),
}


class Refused(Exception):
    """AWX would answer 400 with ``body``: complaints of the whole, or of fields by their names."""

    def __init__(self, complaint: str, fields: Mapping[str, Any] | None = None) -> None:
        super().__init__(complaint)
        self.body = dict(fields) if fields else {"__all__": [complaint], "error": complaint}


class Store:
    """``objects[endpoint][id]`` is what was given, secrets included; ``show`` is what the API tells of it."""

    def __init__(self, project: Path) -> None:
        """:param project: The folder that every project is a checkout of."""
        self.project = project
        self.people = People()
        self.updates = Updates()
        self.jobs: dict[int, tuple[int, Any]] = {}  # of each job, its template and what AWX keeps of it
        self._running: dict[int, int] = {}  # of each project, the update that its last change has started
        self.objects: dict[str, dict[int, dict[str, Any]]] = {endpoint: {} for endpoint in FIELDS}
        self.links: dict[tuple[int, str], list[int]] = {}
        self.surveys: dict[int, dict[str, Any]] = {}
        self.changes = 0
        self._last = 0
        self.create("organizations", {"name": "Default"})
        self.add_user(ADMINISTRATOR)

    def add_user(self, name: str, *teams: str) -> dict[str, Any]:
        """A user, in teams that are made if they aren't there."""
        for team in teams:
            if all(item["name"] != team for item in self.all("teams")):
                self.create("teams", {"name": team, "organization": self.find("organizations", "Default")["id"]})
            self.people.teams.setdefault(self.find("teams", team)["id"], []).append(name)
        return self.create("users", {"username": name, "name": name})

    @contextlib.contextmanager
    def undone(self) -> Iterator[None]:
        """Whatever comes to it meanwhile is undone afterwards: changes, objects, links, jobs."""
        jobs = dict(self.jobs)
        kept = pickle.dumps({name: value for name, value in vars(self).items() if name != "jobs"})
        try:
            yield
        finally:
            vars(self).update(pickle.loads(kept), jobs=jobs)

    def create(self, endpoint: str, given: Mapping[str, Any]) -> dict[str, Any]:
        item = self._checked(endpoint, {**FIELDS[endpoint]}, given)
        self._refuse_twins(endpoint, item)
        self._last += 1
        item["id"] = self._last
        self.objects[endpoint][self._last] = item
        self.changes += 1
        if endpoint == "projects":
            self.fetch(item)
        return item

    def update(self, endpoint: str, item: dict[str, Any], given: Mapping[str, Any]) -> None:
        """Change an object. What a credential holds is replaced as a whole; ``$encrypted$`` keeps a secret."""
        kept = item["inputs"] if endpoint == "credentials" else {}
        source = [item.get(name) for name in SCM_FIELDS]
        changed = self._checked(endpoint, item, given)
        if endpoint == "credentials":
            changed["inputs"] = {
                name: kept[name] if value == HIDDEN else value for name, value in changed["inputs"].items()
            }
        if endpoint == "notification_templates":
            changed["messages"] = notices.merged(item["messages"], changed["messages"])
        item.update(changed)
        self.changes += 1
        if endpoint == "projects" and source != [item[name] for name in SCM_FIELDS]:
            self.fetch(item)

    def delete(self, endpoint: str, item: Mapping[str, Any]) -> None:
        """And every link to it."""
        del self.objects[endpoint][item["id"]]
        self.links = {
            (owner, association): [number for number in numbers if number != item["id"]]
            for (owner, association), numbers in self.links.items()
            if owner != item["id"]
        }
        self.changes += 1

    def fetch(self, project: dict[str, Any]) -> dict[str, Any]:
        """Update a project from its repository."""
        update = self.updates.start(project, self.project)
        self._running[project["id"]] = update["id"]
        return update

    def fetched(self, update: Mapping[str, Any]) -> None:
        """Whoever looked at the update knows that it has ended."""
        self._running.pop(update["project"], None)

    def find(self, endpoint: str, name: str) -> dict[str, Any]:
        """The one object of this name."""
        (found,) = (item for item in self.all(endpoint) if item["name"] == name)
        return found

    def all(self, endpoint: str) -> list[dict[str, Any]]:
        endpoints = STARTABLE if endpoint == "unified_job_templates" else (endpoint,)
        return [item for one in endpoints for item in self.objects[one].values()]

    def linked(self, item: Mapping[str, Any], association: str) -> list[dict[str, Any]]:
        items = self.objects.get(_TARGETS.get(association, association), {})
        return [items[number] for number in self.links.get((item["id"], association), [])]

    def link(self, item: Mapping[str, Any], association: str, given: Mapping[str, Any]) -> None:
        links = self.links.setdefault((item["id"], association), [])
        self.changes += 1
        if given.get("disassociate"):
            links.remove(given["id"])
            return
        target = self.objects[_TARGETS.get(association, association)].get(given["id"])
        if target is None:
            raise Refused(f"{association}: there is no {given['id']}")
        kinds = [one["credential_type"] for one in self.linked(item, "credentials")]
        if association == "credentials" and target["credential_type"] in kinds:
            raise Refused("Cannot assign multiple credentials of one type.")
        links.append(given["id"])

    def set_survey(self, item: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
        _refuse(rules.survey(spec))
        self.surveys[item["id"]] = dict(spec)
        self.changes += 1

    def kind_of(self, item: Mapping[str, Any]) -> str:
        """The endpoint of an object."""
        return next(endpoint for endpoint, items in self.objects.items() if items.get(item["id"]) is item)

    def show(self, endpoint: str, item: Mapping[str, Any]) -> dict[str, Any]:
        endpoint = self.kind_of(item) if endpoint == "unified_job_templates" else endpoint
        url = f"/api/v2/{endpoint}/{item['id']}/"
        related = {"survey_spec": f"{url}survey_spec/"}
        started = item.get("unified_job_template")
        if started:
            target = next(one for one in self.all("unified_job_templates") if one["id"] == started)
            related["unified_job_template"] = f"/api/v2/{self.kind_of(target)}/{started}/"
        summary: dict[str, Any] = {"object_roles": self.people.roles_of(endpoint, item)}
        if endpoint == "projects":
            related["update"] = f"{url}update/"
            if item["id"] in self._running:
                summary["current_update"] = {"id": self._running[item["id"]]}
        shown = {**item, "type": endpoint[:-1], "url": url, "related": related, "summary_fields": summary}
        if endpoint == "notification_templates":
            kind, configuration = item["notification_type"], item["notification_configuration"]
            shown["notification_configuration"] = notices.shown(kind, configuration)
        if endpoint == "credentials":
            shown["inputs"] = {
                name: HIDDEN if name in self._secrets(item["credential_type"]) else value
                for name, value in item["inputs"].items()
            }
        return shown

    def dump(self) -> dict[str, Any]:
        """Everything by name, to compare two AWX by. Numbers become the names of what they stand for."""
        names = {
            item["id"]: item.get("name") or item.get("identifier")
            for one in self.objects.values()
            for item in one.values()
        }
        dumped: dict[str, Any] = {}
        for endpoint, items in self.objects.items():
            for item in items.values():
                references = {key: names[value] for key, value in item.items() if _is_reference(key, value)}
                links = {
                    association: sorted(str(names[number]) for number in numbers)
                    for (owner, association), numbers in self.links.items()
                    if owner == item["id"] and numbers
                }
                workflow = names.get(item.get("workflow_job_template"), "")
                key = f"{endpoint}/{workflow}/{names[item['id']]}"
                roles = self.people.roles_of(endpoint, item)
                members = {
                    f"{role} of {kind}": sorted(str(names[one]) for one in found)
                    for role, one in roles.items()
                    for kind in ("users", "teams")
                    if (found := self.people.members.get((one["id"], kind)))
                }
                dumped[key] = {**item, **references, **links, **members, "survey": self.surveys.get(item["id"])}
                del dumped[key]["id"]
        return dumped

    def _secrets(self, credential_type: int) -> set[str]:
        fields = self.objects["credential_types"][credential_type]["inputs"]["fields"]
        return {field["id"] for field in fields if field.get("secret")}

    def _checked(self, endpoint: str, before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        given = {key: value for key, value in given.items() if key not in _NOT_KEPT}
        unknown = [name for name in given if name not in FIELDS[endpoint]]
        if unknown:
            raise Refused(f"{endpoint}: {', '.join(unknown)} unknown")
        item = {**before, **given}
        if endpoint == "inventories":
            item["kind"] = item["kind"] or ""
        if endpoint == "credential_types":
            _refuse(rules.credential_type(item["inputs"], item["injectors"]))
        elif endpoint == "credentials":
            inputs = self.objects["credential_types"][item["credential_type"]]["inputs"]
            wrong = rules.credential(item["inputs"], inputs)
            if wrong:
                raise Refused(str(wrong), {"inputs": wrong})
        elif endpoint == "notification_templates":
            kind, kept = item["notification_type"], before["notification_configuration"]
            whole, complaints = notices.complete(kind, item["notification_configuration"], kept)
            _refuse([*complaints, *rules.messages(item["messages"] or {})])
            item["notification_configuration"] = whole
        elif endpoint == "job_templates":
            self._check_job_template(item)
        for key in ("variables", "extra_vars"):
            if item.get(key):
                json.loads(item[key])
        return item

    def _check_job_template(self, item: dict[str, Any]) -> None:
        project = self.objects["projects"].get(item["project"] or 0)
        if project is None or not item["inventory"]:
            raise Refused("a job template needs a project and an inventory")
        item["organization"] = project["organization"]
        if item["job_type"] not in ("run", "check"):
            raise Refused(f"no such job type: {item['job_type']}")
        if item["playbook"] not in self.updates.playbooks.get(project["id"], ()):
            complaint = "Playbook not found for project."
            raise Refused(f"{item['playbook']}: {complaint}", {"playbook": [complaint]})

    def _refuse_twins(self, endpoint: str, item: Mapping[str, Any]) -> None:
        keys = (
            "name",
            "username",
            "identifier",
            "organization",
            "inventory",
            "credential_type",
            "workflow_job_template",
        )
        own = [item.get(key) for key in keys]
        if any([other.get(key) for key in keys] == own for other in self.objects[endpoint].values()):
            raise Refused(f"{endpoint}: {item.get('name')} exists already")


def _is_reference(key: str, value: Any) -> bool:
    return (
        isinstance(value, int)
        and not isinstance(value, bool)
        and (key in FIELDS or f"{key}s" in FIELDS or key in ("inventory", "unified_job_template"))
    )


def _refuse(complaints: list[str]) -> None:
    if complaints:
        raise Refused("; ".join(complaints))
