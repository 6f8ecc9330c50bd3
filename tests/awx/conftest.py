# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures: a fake AWX that the example playbook has configured for a fake tenant, and a launcher for its jobs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fake_awx import TOKEN, FakeAwx, Launcher
from fake_awx.jobs import job_environment
from fake_awx.programs import ansible_playbook, packed, scratch
from fake_tenant import FakeTenantServer
from harness.forked import ForkServer
from harness.forking_interpreter import ForkingInterpreter
from harness.run import PRELOAD_LIBRARIES

EXAMPLES = Path(__file__).parents[2] / "examples" / "awx"
SECONDS = 900  # configure.yml makes some eighty objects, a module run each
PRELOAD = (
    *(*PRELOAD_LIBRARIES, "ansible.module_utils.urls", "http.cookiejar", "yaml"),
    "ansible_collections.awx.awx.plugins.module_utils",
)
# The fake AWX has no TLS, but AWX's modules read all that the machine trusts for each of some 450 requests, which was a
# third of a run; and each module comes by one command of a shell, not by five. Ansible looks only a hundred times a
# second whether it has ended, not a thousand.
CHEAPER = {"SSL_CERT_FILE": os.devnull, "ANSIBLE_PIPELINING": "1"}
CHEAPER_CONFIGURATION = "[defaults]\ninternal_poll_interval = 0.01\n"
FOREIGN = ("AAP_", "ANSIBLE_", "AZURE_", "CONTROLLER_", "IDENTITY_", "IMDS_", "M365_", "MSI_", "TOWER_")
REQUESTER, APPROVER, AUDITOR, NOBODY = "rita", "paul", "audrey", "olga"
PASSWORD = "hunter22-the-password"  # of whoever is told
TENANTS = ("contoso", "fabrikam", "northwind")

Play = Callable[..., str]


def connection(fake: FakeTenantServer) -> dict[str, str]:
    """The M365_ variables that lead to the first tenant."""
    return {name: value for name, value in fake.environment("good").items() if name.startswith("M365_")}


def settings(fake: FakeTenantServer, **more: Any) -> dict[str, Any]:
    """What an administrator with three tenants gives to the example, webhook and all."""
    tenants = [
        {"name": name, "tenant_id": one["tenant_id"], "client_id": one["apps"]["good"]["client_id"]}
        for name, one in zip(TENANTS, fake.ready["tenants"], strict=True)
    ]
    return {
        "smtp_auth_awx_tenants": tenants,
        "smtp_auth_awx_notification_type": "webhook",
        "smtp_auth_awx_notification_configuration": {"url": "https://chat.example.com", "password": PASSWORD},
        "smtp_auth_awx_requesters": {"teams": ["Helpdesk"]},
        "smtp_auth_awx_approvers": {"teams": ["Mail"], "users": []},
        "smtp_auth_awx_auditors": {"users": [AUDITOR]},
        **more,
    }


def tenant_secrets(fake: FakeTenantServer) -> dict[str, str]:
    """CONTOSO_M365_CLIENT_SECRET and so on."""
    return {
        f"{name.upper()}_M365_CLIENT_SECRET": one["apps"]["good"]["client_secret"]
        for name, one in zip(TENANTS, fake.ready["tenants"], strict=True)
    }


@cache
def home() -> Path:
    """Ansible's own folder, and that in which it is started."""
    folder = scratch() / "home"
    folder.mkdir()
    (folder / "ansible.cfg").write_text(CHEAPER_CONFIGURATION)
    return folder


def run_playbook(words: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """``ansible-playbook`` of an administrator. All runs have the same settings of Ansible."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
    own = {"ANSIBLE_HOME": str(home()), "ANSIBLE_CONFIG": str(home() / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    return subprocess.run(
        [ansible_playbook(), "-i", "localhost,", *words],
        env={**kept, **own, **CHEAPER, **packed(), **job_environment(), **environment},
        cwd=home(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def rendered(name: str, given: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Any:
    """A variable of the example, or an expression with some, as Ansible makes it of settings and environment."""
    return rendered_each(name, [given], environment)[0]


def rendered_each(
    name: str, given: Sequence[Mapping[str, Any]], environment: Mapping[str, str] | None = None
) -> list[Any]:
    """The same for each of several settings, in one run."""
    files = [EXAMPLES / "settings.yml", *sorted(EXAMPLES.glob("objects/*.yml")), EXAMPLES / "judging.yml"]
    show = {"ansible.builtin.debug": {"msg": f"{{{{ {name} }}}}"}}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": [str(path) for path in files],
        "tasks": [{**show, "name": "Show", "vars": dict(one)} for one in given],
    }
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump([play], file)
        file.flush()
        finished = run_playbook([file.name], environment or {})
    assert finished.returncode == 0, finished.stdout + finished.stderr
    shown = finished.stdout.split("ok: [localhost] => ")[1:]
    return [json.JSONDecoder().raw_decode(text)[0]["msg"] for text in shown]


def add_people(awx: FakeAwx) -> None:
    """Those whom ``settings`` names, and one who has no part in it."""
    awx.store.add_user(REQUESTER, "Helpdesk")
    awx.store.add_user(APPROVER, "Mail")
    for name in (AUDITOR, NOBODY):
        awx.store.add_user(name)


def recap(output: str) -> dict[str, int]:
    """The counts of a play's last line."""
    line = next(line for line in output.splitlines() if line.startswith("localhost ") and "ok=" in line)
    return {key: int(value) for key, value in (part.split("=") for part in line.split(":", 1)[1].split())}


@pytest.fixture
def empty_awx() -> Iterator[FakeAwx]:
    """An AWX that holds nothing but its people."""
    with FakeAwx(EXAMPLES / "project") as running:
        add_people(running)
        yield running


@pytest.fixture(scope="session")
def server() -> Iterator[FakeTenantServer]:
    with FakeTenantServer(tenants=len(TENANTS)) as running:
        yield running


@pytest.fixture
def fake(server: FakeTenantServer) -> FakeTenantServer:
    """Three tenants, as they are at their start."""
    server.reset()
    return server


@pytest.fixture(scope="session")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What the modules of configure.yml run in: they import the same, some eighty times a run."""
    if not ForkServer.here():
        yield sys.executable
        return
    with ForkingInterpreter(tmp_path_factory.mktemp("python"), PRELOAD) as path:
        yield path


@pytest.fixture(scope="session")
def play(interpreter: str) -> Play:
    """``play(awx, "configure.yml", environment, variables)`` runs an example to a good end, or to a bad one if it
    ``fails``, for real or in a ``check``, whole or from the task on with which to ``start``. Returns what it said."""

    def run(
        awx: FakeAwx,
        name: str,
        environment: Mapping[str, str],
        variables: Mapping[str, Any],
        *,
        check: bool = False,
        fails: bool = False,
        start: str = "",
    ) -> str:
        there = {
            "CONTROLLER_HOST": awx.url,
            "CONTROLLER_OAUTH_TOKEN": TOKEN,
            "AAP_HOSTNAME": awx.url,
            "AAP_TOKEN": TOKEN,
        }
        words = ["-e", json.dumps(variables), str(EXAMPLES / name)]
        words += ["-e", json.dumps({"ansible_python_interpreter": interpreter})] if name == "configure.yml" else []
        words += [*(["--check"] if check else []), *(["--start-at-task", start] if start else [])]
        finished = run_playbook(words, {**there, **environment})
        assert (finished.returncode != 0) is fails, finished.stdout + finished.stderr
        return finished.stdout + finished.stderr

    return run


@pytest.fixture(scope="session")
def journals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that AWX shows to its jobs."""
    return tmp_path_factory.mktemp("journals")


@pytest.fixture(scope="session")
def configured(server: FakeTenantServer, play: Play, journals: Path) -> Iterator[tuple[FakeAwx, Play, str]]:
    """An AWX that configure.yml has set up, how to do it again, and what it said."""
    with FakeAwx(EXAMPLES / "project") as running:
        add_people(running)
        variables = settings(server, smtp_auth_awx_journal_folder=str(journals))
        own = connection(server) | tenant_secrets(server)

        def run(environment: Mapping[str, str] | None = None, more: Mapping[str, Any] | None = None, **how: Any) -> str:
            """Do it again: in another environment, with more settings, or in another way."""
            given = own if environment is None else environment
            return play(running, "configure.yml", given, {**variables, **(more or {})}, **how)

        yield running, run, run()


@pytest.fixture
def awx(configured: tuple[FakeAwx, Play, str]) -> Iterator[FakeAwx]:
    """An AWX as configure.yml has set it up. What a test does to it is undone."""
    with configured[0].store.undone():
        yield configured[0]


@pytest.fixture
def again(awx: FakeAwx, configured: tuple[FakeAwx, Play, str]) -> Play:
    """Sets it up again: see ``configured``."""
    return configured[1]


@pytest.fixture
def launcher(awx: FakeAwx, fake: FakeTenantServer, tmp_path: Path, interpreter: str) -> Launcher:
    """Runs jobs against the three tenants."""
    return _launcher(awx, fake, tmp_path, interpreter)


@pytest.fixture
def plain_launcher(awx: FakeAwx, fake: FakeTenantServer, tmp_path: Path) -> Launcher:
    """The same, in the Python that the inventory of the example names, started anew for each module."""
    return _launcher(awx, fake, tmp_path, "")


def _launcher(awx: FakeAwx, fake: FakeTenantServer, folder: Path, python: str) -> Launcher:
    """The endpoints are those of the fake tenant, for hosts that name none."""
    names = ("M365_CA_PATH", "M365_LOGIN_ENDPOINT", "M365_EXCHANGE_ENDPOINT", "M365_GRAPH_ENDPOINT")
    environment = {name: connection(fake)[name] for name in names} | job_environment()
    paths = [environment.get("PYTHONPATH", ""), fake.ready["names_path"]]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return Launcher(awx.store, folder, environment, python)
