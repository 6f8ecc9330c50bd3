# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run modules and playbooks of the collection in processes of their own, against a fake tenant."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fake_tenant import FakeTenantServer

MODULE_MAIN = Path(__file__).with_name("module_main.py")
# What may lead a run elsewhere than to the fake tenant, or help it where a user would have no help.
FOREIGN_PREFIXES = ("M365_", "AZURE_", "IDENTITY_", "MSI_", "IMDS_", "ANSIBLE_")
TODAY = "M365OPS_TEST_TODAY"
PINNED_DATE = Path(__file__).with_name("pinned_date")
SECONDS = 180


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
    ) -> subprocess.Popen[str]:
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
        return subprocess.Popen(
            [sys.executable, str(MODULE_MAIN), name, str(arguments)],
            env=environment(self.fake, app, env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @staticmethod
    def finish(process: subprocess.Popen[str]) -> ModuleRun:
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
        extra = self.folder / f"variables-{self.runs}.json"
        extra.write_text(json.dumps({"ansible_python_interpreter": sys.executable, **variables}))
        command = [sys.executable, "-m", "ansible", "playbook", str(playbook), "-e", f"@{extra}", *flags]
        if inventory is not None:
            listing = self.folder / f"inventory-{self.runs}.yml"
            listing.write_text(inventory)
            command += ["-i", str(listing)]
        values = environment(self.fake, app, env or {})
        values.setdefault("ANSIBLE_HOME", str(self.folder / "ansible"))
        values.update(ANSIBLE_NOCOLOR="1", ANSIBLE_LOCALHOST_WARNING="0", ANSIBLE_INVENTORY_UNPARSED_WARNING="0")
        finished = subprocess.run(
            command,
            env=values,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return PlaybookRun(finished.returncode, finished.stdout, finished.stderr)
