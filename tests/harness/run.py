# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run modules and playbooks of the collection in processes of their own, against a fake tenant."""

from __future__ import annotations

import atexit
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from fake_tenant import FakeTenantServer

from .forked import Forked, ForkServer
from .forking_interpreter import ForkingInterpreter
from .playbook_main import PACKED, PYTHON

Process = subprocess.Popen[str] | Forked

MODULE_MAIN = Path(__file__).with_name("module_main.py")
PLAYBOOK_MAIN = Path(__file__).with_name("playbook_main.py")
# What may lead a run elsewhere than to the fake tenant, or help it where a user would have no help.
FOREIGN_PREFIXES = ("M365_", "AZURE_", "IDENTITY_", "MSI_", "IMDS_", "ANSIBLE_")
TODAY = "M365OPS_TEST_TODAY"
PINNED_DATE = Path(__file__).with_name("pinned_date")
SECONDS = 180
MANY = 3  # plays with the same settings of Ansible: from this one on they are worth a fork server of their own
_plays: Counter[tuple[tuple[str, str], ...]] = Counter()

# What a module imports that isn't ours.
PRELOAD_LIBRARIES = (
    "ansible.module_utils.basic",
    *("cryptography.x509", "msal", "msal.managed_identity", "requests", "urllib3.contrib.socks"),
)
# What a module imports by itself or lets Ansible import.
PRELOAD = (*PRELOAD_LIBRARIES, "ansible_collections.m365ops.exchange_online.plugins.module_utils")
# What ansible-playbook imports, whatever its configuration.
PRELOAD_PLAYBOOK = (
    *("ansible.module_utils.basic", "ansible.module_utils.common", "ansible.module_utils.urls"),
    *("cryptography.hazmat.primitives.ciphers.aead", "importlib.metadata", "jinja2.ext", "jinja2.nativetypes"),
    *("jinja2.sandbox", "multiprocessing.queues", "multiprocessing.synchronize", "packaging.specifiers"),
    *("resolvelib", "yaml"),
)
# All that it imports, with the configuration of the server.
PRELOAD_ANSIBLE = ("harness.imported_ansible",)


class _Unset:
    """A variable that is to be taken out of the environment."""


UNSET = _Unset()
Environment = Mapping[str, "str | _Unset"]


def environment(fake: FakeTenantServer, app: str, changes: Environment) -> dict[str, str]:
    """The environment of a run: the machine's, the connection to ``fake`` as ``app``, and the changes."""
    values: dict[str, str | _Unset] = {
        name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_PREFIXES)
    }
    for name in ("ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_HOME"):
        if name in os.environ:
            values[name] = os.environ[name]
    values.update(fake.environment(app))
    values["PYTHONPATH"] = os.pathsep.join([*filter(None, [os.environ.get("PYTHONPATH")]), fake.ready["names_path"]])
    values.update(changes)
    found = {name: value for name, value in values.items() if isinstance(value, str)}
    if TODAY in found:
        found["PYTHONPATH"] = os.pathsep.join([str(PINNED_DATE), *filter(None, [found.get("PYTHONPATH")])])
    return found


def today(day: str) -> dict[str, str]:
    """An environment in which ``day``, such as 2026-11-24, is the collection's today; clocks aren't touched."""
    return {TODAY: datetime.date.fromisoformat(day).isoformat()}


def _server_for(program: Path, values: Mapping[str, str]) -> ForkServer | None:
    """What can fork the program, started when the first run is."""
    if program == MODULE_MAIN:
        return _fork_server(PRELOAD)
    settings = tuple(sorted((name, value) for name, value in values.items() if name.startswith("ANSIBLE_")))
    _plays[settings] += 1
    return _fork_server(PRELOAD_ANSIBLE, settings) if _plays[settings] >= MANY else _fork_server(PRELOAD_PLAYBOOK)


@cache
def _fork_server(preload: Sequence[str], settings: Sequence[tuple[str, str]] | None = None) -> ForkServer | None:
    """One of each kind for this process. Ansible is imported with the settings of the plays that are to be forked."""
    if not ForkServer.here():
        return None
    others = {name: value for name, value in os.environ.items() if settings is None or not name.startswith("ANSIBLE_")}
    return ForkServer(preload, {**others, **dict(settings or ())})


@cache
def _scratch() -> Path:
    """A folder of this process, gone at its end."""
    folder = tempfile.mkdtemp(prefix="m365ops-runs-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@cache
def _packed() -> str:
    """Where what Ansible packs for a module is kept for the plays to come."""
    folder = _scratch() / "packed"
    folder.mkdir()
    return str(folder)


@cache
def _forking_interpreter() -> ForkingInterpreter | None:
    """What the modules of plays run in, started when the first play is."""
    if not ForkServer.here():
        return None
    interpreter = ForkingInterpreter(_scratch(), PRELOAD)
    atexit.register(interpreter.close)
    return interpreter


def interpreter_for(values: Mapping[str, str], fake: FakeTenantServer) -> str:
    """The interpreter for the modules of a play with this environment."""
    forking = _forking_interpreter()
    return str(forking) if forking is not None and _is_plain(values, fake) and forking.can(values) else sys.executable


def _packs_the_same(values: Mapping[str, str]) -> bool:
    """Whether a play with this environment finds the collection and its modules where every other does."""
    return ForkServer.here() and all(
        values.get(name) == os.environ.get(name) for name in ("ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_LIBRARY")
    )


def _is_plain(values: Mapping[str, str], fake: FakeTenantServer) -> bool:
    """Whether a run finds the same libraries as every other: nothing was put in their way."""
    usual = {*os.environ.get("PYTHONPATH", "").split(os.pathsep), fake.ready["names_path"], str(PINNED_DATE)}
    return set(values.get("PYTHONPATH", "").split(os.pathsep)) <= usual


def start_python(
    program: Path,
    arguments: Sequence[str],
    values: Mapping[str, str],
    fake: FakeTenantServer,
    folder: Path | None = None,
) -> Process:
    """``python PROGRAM ARGUMENTS``: forked where that makes no difference, in an interpreter of its own elsewhere."""
    server = _server_for(program, values)
    if server is not None and server.can(values) and _is_plain(values, fake):
        return server.start([str(program), *arguments], values, folder)
    return subprocess.Popen(
        [sys.executable, str(program), *arguments],
        env=values,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@dataclass
class ModuleRun:
    """A finished module: its result, and everything that it wrote."""

    result: dict[str, Any]
    code: int
    stdout: str
    stderr: str

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed", not self.result))  # without a result it died

    @property
    def message(self) -> str:
        return str(self.result.get("msg", ""))

    @property
    def codes(self) -> list[str]:
        """The codes of the errors of single mailboxes."""
        return [mailbox["error"]["code"] for mailbox in self.result["mailboxes"] if "error" in mailbox]

    def of(self, name: str) -> dict[str, Any]:
        """The entry of one mailbox."""
        (found,) = (mailbox for mailbox in self.result["mailboxes"] if mailbox["mailbox"] == name)
        return found


@dataclass
class ModuleRunner:
    """``run("mailbox_smtp_auth", mailboxes=[...], state="enabled", check=True)``."""

    fake: FakeTenantServer
    folder: Path
    runs: int = field(default=0, init=False)

    def __call__(
        self,
        name: str,
        *,
        app: str = "good",
        env: Environment | None = None,
        check: bool = False,
        diff: bool = False,
        verbosity: int = 0,
        **options: Any,
    ) -> ModuleRun:
        process = self.start(name, app=app, env=env, check=check, diff=diff, verbosity=verbosity, **options)
        return self.finish(process)

    def start(
        self,
        name: str,
        *,
        app: str = "good",
        env: Environment | None = None,
        check: bool = False,
        diff: bool = False,
        verbosity: int = 0,
        **options: Any,
    ) -> Process:
        """A module that runs on while the test does something to it or to the tenant."""
        self.runs += 1
        arguments = self.folder / f"arguments-{self.runs}.json"
        arguments.write_text(
            json.dumps(
                {
                    **options,
                    "_ansible_check_mode": check,
                    "_ansible_diff": diff,
                    "_ansible_verbosity": verbosity,
                }
            )
        )
        return start_python(MODULE_MAIN, [name, str(arguments)], environment(self.fake, app, env or {}), self.fake)

    @staticmethod
    def finish(process: Process) -> ModuleRun:
        try:
            stdout, stderr = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        lines = [line for line in stdout.splitlines() if line.startswith("{")]
        result = json.loads(lines[-1]) if lines else {}
        return ModuleRun(result, process.returncode, stdout, stderr)


@dataclass
class PlaybookRun:
    """A finished playbook: exit code and what was on the screen."""

    code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr

    @property
    def handed_on(self) -> dict[str, Any]:
        """What was given to ``set_stats`` for the whole run, where ANSIBLE_SHOW_CUSTOM_STATS shows it."""
        line = next(line for line in self.stdout.splitlines() if line.strip().startswith("RUN:"))
        found: dict[str, Any] = json.loads(line.split("RUN:", 1)[1])
        return found

    def recap(self, host: str = "localhost") -> dict[str, int]:
        """The counts of the play recap: ok, changed, failed ..."""
        line = next(line for line in reversed(self.stdout.splitlines()) if line.startswith(host) and "ok=" in line)
        return {name: int(number) for name, number in (part.split("=") for part in line.split(":", 1)[1].split())}


@dataclass
class PlaybookRunner:
    """``run("m365ops.exchange_online.enable", smtp_auth_mailboxes=[...], flags=["--check"])``; a path or a text works
    too.
    """

    fake: FakeTenantServer
    folder: Path
    runs: int = field(default=0, init=False)

    def __call__(
        self,
        playbook: str | Path,
        *,
        app: str = "good",
        env: Environment | None = None,
        flags: Sequence[str] = (),
        inventory: str | None = None,
        **variables: Any,
    ) -> PlaybookRun:
        self.runs += 1
        if isinstance(playbook, str) and "\n" in playbook:
            path = self.folder / f"playbook-{self.runs}.yml"
            path.write_text(playbook)
            playbook = path
        values = environment(self.fake, app, env or {})
        extra = self.folder / f"variables-{self.runs}.json"
        values[PYTHON] = interpreter_for(values, self.fake)
        extra.write_text(json.dumps({"ansible_python_interpreter": values[PYTHON], **variables}))
        arguments = [str(playbook), "-e", f"@{extra}", *flags]
        if inventory is not None:
            listing = self.folder / f"inventory-{self.runs}.yml"
            listing.write_text(inventory)
            arguments += ["-i", str(listing)]
        values.setdefault("ANSIBLE_HOME", str(_scratch() / "ansible"))
        values.update(ANSIBLE_NOCOLOR="1", ANSIBLE_LOCALHOST_WARNING="0", ANSIBLE_INVENTORY_UNPARSED_WARNING="0")
        if _packs_the_same(values):
            values[PACKED] = _packed()
        process = start_python(PLAYBOOK_MAIN, arguments, values, self.fake, self.folder)
        try:
            stdout, stderr = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return PlaybookRun(process.wait(), stdout, stderr)
