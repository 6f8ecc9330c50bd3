# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of what is released: the built collection."""

from __future__ import annotations

import json
import re
import shutil
from functools import partial
from pathlib import Path

from tools import environments, paths, tree
from tools.check import Check, CheckFailed
from tools.matrix import Leg
from tools.process import Log
from tools.tenant import Tenant

_CONFIGURATION = """\
[galaxy-importer]
CHECK_REQUIRED_TAGS = True
LOG_LEVEL_MAIN = INFO
OFFLINE_ANSIBLE_LINT = True
RUN_ANSIBLE_DOC = True
RUN_ANSIBLE_LINT = True
RUN_ANSIBLE_TEST = False
RUN_FLAKE8 = False
"""

# What must not be in the tarball: dot files (but not "./" itself) and what tools leave behind.
_NAME = "m365ops.exchange_online"
_UNWANTED = (".ansible", ".build", ".ci", ".git", ".yamllint", "dist/", "tests/output/")


def checks(leg: Leg) -> list[Check]:
    python = f"Python {leg.interpreter.name}"
    return [
        Check("build", leg.where, partial(_build, leg)),
        Check("importer", python, partial(_importer, leg), after=("build",)),
        Check("install", leg.where, partial(_install, leg), after=("build",)),
    ]


def _tarball() -> Path:
    return next(paths.DIST.glob("*.tar.gz"))


def _build(leg: Leg, log: Log) -> None:
    """The collection builds, and holds nothing that isn't meant for users."""
    venv = environments.for_leg(leg)
    shutil.rmtree(paths.DIST, ignore_errors=True)
    command = ("collection", "build", "--output-path", paths.DIST, ".")
    log.run([venv / "bin" / "ansible-galaxy", *command], env=environments.environment(venv), cwd=tree.copy("build"))
    log.run(["tar", "-tzf", _tarball()], env=environments.environment(venv), cwd=paths.DIST)
    unwanted = [name for name in log.text().splitlines() if name.startswith(_UNWANTED)]
    if unwanted:
        raise CheckFailed(f"the tarball holds {', '.join(unwanted[:5])}")


def _importer(leg: Leg, log: Log) -> None:
    """Galaxy would take the tarball, without a word of complaint."""
    venv = environments.for_importer(leg.interpreter)
    work = paths.BUILD / "importer"
    work.mkdir(exist_ok=True)
    configuration = work / "galaxy-importer.cfg"
    configuration.write_text(_CONFIGURATION, encoding="utf-8")
    env = environments.environment(venv, GALAXY_IMPORTER_CONFIG=str(configuration))
    log.run([venv / "bin" / "python", "-m", "galaxy_importer.main", _tarball()], env=env, cwd=work)
    complaints = re.findall(r"^(?:WARNING|ERROR).*", log.text(), re.MULTILINE)
    if complaints:
        raise CheckFailed("; ".join(complaints[:5]))


def _install(leg: Leg, log: Log) -> None:
    """The tarball installs into an empty path, and a playbook called by its full name works from there."""
    venv = environments.for_leg(leg)
    installed = paths.BUILD / "installed"
    shutil.rmtree(installed, ignore_errors=True)
    installed.mkdir()
    env = environments.environment(venv, ANSIBLE_COLLECTIONS_PATH=str(installed))
    galaxy = ("collection", "install", "--offline", "-p", installed, _tarball())
    log.run([venv / "bin" / "ansible-galaxy", *galaxy], env=env, cwd=installed)
    with Tenant(venv / "bin" / "python", paths.BUILD / "installed-tenant", mailboxes=20, states="disabled=1") as tenant:
        extra = json.dumps({"smtp_auth_mailboxes": tenant.generated(3)})
        playbook = ("-i", "localhost,", "-c", "local", "--check", "--diff", "-e", extra, f"{_NAME}.enable")
        log.run([venv / "bin" / "ansible-playbook", *playbook], env=env | tenant.control.environment(), cwd=installed)
    if not re.search(r"changed=[1-9]", log.text()):
        raise CheckFailed("the playbook found nothing to change in three mailboxes that are disabled")
