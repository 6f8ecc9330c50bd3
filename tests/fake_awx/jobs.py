# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs, run through ansible-runner with what AWX would hand to it: credentials by the injectors of their type, answers
of a survey as extra variables that are marked unsafe, an inventory script, and flags. Workflows and slices too.

Learnt from AWX 24.6: awx/main/tasks/jobs.py, awx/main/models/credential.py, awx/main/models/workflow.py.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment

from . import notices, rules
from .people import ADMINISTRATOR, Forbidden
from .programs import ansible_playbook, packed, place, run_ansible_runner
from .store import Store
from .workflows import Run

SECONDS = 300
_FOREIGN = ("ANSIBLE_", "AZURE_", "IDENTITY_", "IMDS_", "M365_", "MSI_")
_IDENT = "job"  # AWX names it by the job's number, which would be in the settings of Ansible
_SETTINGS = {"suppress_ansible_output": True, "fact_cache_type": "jsonfile", "fact_cache": "fact_cache"}


class _UnsafeDumper(yaml.SafeDumper):
    """Marks every text, so that Ansible renders none of it."""

    def represent_data(self, data: Any) -> Any:
        return self.represent_scalar("!unsafe", data) if isinstance(data, str) else super().represent_data(data)


@dataclass
class Job:
    """A finished job, or workflow of jobs: what AWX keeps of it."""

    name: str
    status: str
    folder: Path
    number: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    artifacts: dict[str, Any] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    sent: list[Any] = field(default_factory=list)  # what people were told when it had ended

    @property
    def output(self) -> str:
        return "".join(f"{event['stdout']}\n" for event in self.events)

    def results(self, task: str) -> list[dict[str, Any]]:
        """What the task of this name returned, for each host."""
        return [
            event["event_data"]["res"]
            for event in self.events
            if event["event_data"].get("task") == task and "res" in event["event_data"]
        ]

    def changed(self, host: str = "localhost") -> int:
        """The count of the recap."""
        count: int = self.events[-1]["event_data"]["changed"].get(host, 0)
        return count


class Launcher:
    """Starts the templates of a store by their names, as the administrator or as somebody else."""

    def __init__(self, store: Store, folder: Path, environment: Mapping[str, str], python: str = "") -> None:
        """
        :param environment: What the execution environment has, such as the path of its collections.
        :param python: What modules run in, whatever the inventory says.
        """
        self._python = python
        self._store = store
        self._folder = folder
        self._environment = dict(environment)
        self._ids = iter(range(1, 1_000_000))
        self._runs: list[Run] = []

    def launch(self, name: str, job_type: str = "", user: str = ADMINISTRATOR, **answers: Any) -> Job:
        """Run a job template as somebody who filled in its form.

        :raises Forbidden: it isn't theirs to launch.
        """
        template = self._store.find("job_templates", name)
        self.demand(user, "execute", template)
        _refuse(self._store.surveys.get(template["id"]), answers)
        if job_type and not template["ask_job_type_on_launch"]:
            raise ValueError(f"{name} doesn't ask for the job type")
        asked = {**template, **({"job_type": job_type} if job_type else {})}
        return self.job_or_slices(asked, answers, user)

    def run(
        self, template: Mapping[str, Any], variables: Mapping[str, Any], environment: Mapping[str, str] | None = None
    ) -> Job:
        """Run a job template as a step of a workflow does, which may hand it any variable.

        :param environment: What a credential of a built-in type adds.
        """
        return self._job(template, variables, self._hosts(template), ADMINISTRATOR, environment or {})

    def start_workflow(self, name: str, user: str = ADMINISTRATOR, **answers: Any) -> Run:
        """Run a workflow up to its approval. It stays pending where one of its kind is open and only one may be.

        :raises Forbidden: it isn't theirs to launch.
        """
        workflow = self._store.find("workflow_job_templates", name)
        self.demand(user, "execute", workflow)
        _refuse(self._store.surveys.get(workflow["id"]), answers)
        run = Run(self, self._store, workflow, user, answers, 10_000 + len(self._runs))
        alone = workflow["allow_simultaneous"] or all(other.name != name or other.ended for other in self._runs)
        self._runs.append(run)
        if alone:
            run.proceed()
        return run

    def launch_workflow(self, name: str, approve: bool = True, between: Any = None, **answers: Any) -> Job:
        """Run a workflow to its end, one node after the other.

        :param between: Called at each approval, for what happens to the world while a job waits.
        """
        run = self.start_workflow(name, **answers)
        while run.status == "waiting":
            if between:
                between()
            run.decide(approve)
        return Job(name, run.status, self._folder, artifacts=run.artifacts, jobs=run.jobs)

    def demand(self, user: str, action: str, template: Mapping[str, Any]) -> None:
        """Refuse what somebody has no role for."""
        who = next(item for item in self._store.all("users") if item["username"] == user)
        if not self._store.people.may(who, action, self._store.kind_of(template), template):
            raise Forbidden(f"{user} may not {action} {template['name']}")

    # One job --------------------------------------------------------------------------------------------------------

    def job_or_slices(self, template: Mapping[str, Any], variables: Mapping[str, Any], user: str) -> Job:
        """Run a template for somebody whose right to it was looked at."""
        hosts = self._hosts(template)
        count = min(template["job_slice_count"], len(hosts))
        if count <= 1:
            return self._job(template, variables, hosts, user)
        # Slices are jobs of their own, on nodes of their own; what they hand on is put together key by key.
        slices = [hosts[number::count] for number in range(count)]
        with ThreadPoolExecutor(count) as pool:
            jobs = list(pool.map(lambda part: self._job(template, variables, part, user), slices))
        failed = any(job.status == "failed" for job in jobs)
        whole = Job(template["name"], "failed" if failed else "successful", self._folder, jobs=jobs)
        for job in jobs:
            whole.artifacts |= job.artifacts
        return whole

    def _hosts(self, template: Mapping[str, Any]) -> list[dict[str, Any]]:
        hosts = self._store.objects["hosts"].values()
        return sorted(
            (host for host in hosts if host["inventory"] == template["inventory"]), key=lambda host: str(host["name"])
        )

    def _job(
        self,
        template: Mapping[str, Any],
        variables: Mapping[str, Any],
        hosts: Sequence[Mapping[str, Any]],
        user: str,
        more: Mapping[str, str] | None = None,
    ) -> Job:
        number = next(self._ids)
        folder = self._folder / f"job-{number}"
        for name in ("env", "inventory", "artifacts"):
            (folder / name).mkdir(parents=True)
        (folder / "project").symlink_to(self._store.project, target_is_directory=True)
        self._write_variables(folder, template, variables, number, user)
        self._write_inventory(folder, template, hosts)
        python = ["-e", f"ansible_python_interpreter={self._python}"] if self._python else []
        flags = ["-u", "root", *python, *(["--check"] if template["job_type"] == "check" else [])]
        (folder / "env" / "cmdline").write_text(" ".join([*flags, *(["--diff"] if template["diff_mode"] else [])]))
        environment = {
            **self._environment,
            **packed(),
            **(more or {}),
            "JOB_ID": str(number),
            "MAX_EVENT_RES": str(rules.EVENT_LIMIT),
            "ANSIBLE_RETRY_FILES_ENABLED": "False",
            "ANSIBLE_FORCE_COLOR": "True",
        }
        for credential in self._store.linked(template, "credentials"):
            environment |= self._inject(credential, folder)
        programs = (ansible_playbook().parent, Path(sys.executable).parent)
        environment["PATH"] = os.pathsep.join([*map(str, programs), os.environ["PATH"]])
        (folder / "env" / "envvars").write_text(json.dumps(environment))
        (folder / "env" / "settings").write_text(json.dumps(_SETTINGS))
        artifacts = _run(folder, template["playbook"])
        events = [json.loads(path.read_text()) for path in (artifacts / "job_events").glob("*.json")]
        events.sort(key=lambda event: int(event["counter"]))
        job = Job(template["name"], (artifacts / "status").read_text(), folder, number, events)
        for event in events:
            job.artifacts |= event.setdefault("event_data", {}).get("artifact_data") or {}
        self._store.jobs[number] = (template["id"], job)
        job.sent = self._told(template, job, user)
        return job

    def _told(self, template: Mapping[str, Any], job: Job, user: str) -> list[Any]:
        """What is sent to people now that a job has ended."""
        event = "success" if job.status == "successful" else "error"
        told = {
            **rules.SAMPLE_JOB["job"],
            "id": job.number,
            "name": job.name,
            "status": job.status,
            "artifacts": job.artifacts,
            "summary_fields": {"created_by": {"username": user}},
        }
        url = f"https://awx.example.com/#/jobs/playbook/{job.number}"
        context = {"job": told, "job_friendly_name": "Job", "url": url, "job_metadata": json.dumps({"id": job.number})}
        targets = self._store.linked(template, f"notification_templates_{event}")
        return [notices.of_job(target, event, context) for target in targets]

    def _write_variables(
        self, folder: Path, template: Mapping[str, Any], variables: Mapping[str, Any], number: int, user: str
    ) -> None:
        """What stands in the template may have Jinja in it; nothing else may."""
        own = json.loads(template["extra_vars"] or "{}")
        every = {**own, **variables, "awx_job_id": number, "tower_job_id": number, "awx_user_name": user}
        texts = [
            yaml.dump({key: value}, Dumper=yaml.SafeDumper if own.get(key) == value else _UnsafeDumper)
            for key, value in every.items()
        ]
        (folder / "env" / "extravars").write_text("".join(texts))

    def _write_inventory(self, folder: Path, template: Mapping[str, Any], hosts: Sequence[Mapping[str, Any]]) -> None:
        inventory = self._store.objects["inventories"][template["inventory"]]
        names = {host["name"]: json.loads(host["variables"] or "{}") for host in hosts}
        listing = {
            "all": {"hosts": list(names), "vars": json.loads(inventory["variables"] or "{}")},
            "_meta": {"hostvars": names},
        }
        script = folder / "inventory" / "hosts"
        script.write_text(f"#!{sys.executable}\nprint({json.dumps(listing)!r})\n")
        script.chmod(0o700)

    def _inject(self, credential: Mapping[str, Any], folder: Path) -> dict[str, str]:
        """The variables of a credential, with its files written. An empty field isn't there at all."""
        kind = self._store.objects["credential_types"][credential["credential_type"]]
        names: dict[str, Any] = {name: value for name, value in credential["inputs"].items() if value != ""}
        jinja = ImmutableSandboxedEnvironment()
        paths = {}
        for label, text in kind["injectors"].get("file", {}).items():
            path = folder / "env" / f"tmp{credential['id']}{label.partition('.')[2]}"
            path.touch(0o600)
            path.write_text(jinja.from_string(text).render(names))
            paths[label.partition(".")[2]] = str(path)
        names["tower"] = {"filename": paths}
        return {name: jinja.from_string(text).render(names) for name, text in kind["injectors"].get("env", {}).items()}


def _run(folder: Path, playbook: str) -> Path:
    """Run ansible-runner to its end. Returns the folder of the job's artifacts."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN)}
    with place(folder) as here:
        words = ["run", str(here), "--playbook", playbook, "--ident", _IDENT, "--omit-env-files", "--quiet"]
        run_ansible_runner([*words, "--inventory", str(here / "inventory" / "hosts")], environment, SECONDS)
    return folder / "artifacts" / _IDENT


def _refuse(survey: Mapping[str, Any] | None, answers: Mapping[str, Any]) -> None:
    complaints = rules.answers(survey or {"spec": []}, answers)
    if complaints:
        raise ValueError("; ".join(complaints))


def job_environment() -> dict[str, str]:
    """What a job needs of this process's environment to find the collection and its libraries."""
    return {name: os.environ[name] for name in ("ANSIBLE_COLLECTIONS_PATH", "PYTHONPATH") if name in os.environ}
