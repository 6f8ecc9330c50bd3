# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The execution environment, for real: built as its definition says, and a job run in it against a fake tenant.

Only the base image is another, since none is fetched from a registry: a Debian made by debootstrap. Images are kept
under ``.build/ee`` as long as what they are made of stays the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from functools import partial
from pathlib import Path
from typing import Any

from tools import environments, paths, settings, tree
from tools.check import Check, CheckFailed
from tools.matrix import Leg
from tools.process import CommandFailed, Log
from tools.tenant import Tenant

_TOOLS = ("podman", "buildah", "debootstrap", "runc")
_PACKAGES = "ca-certificates,python3-minimal,python3-pip,python3-venv"
_SUITE = "bookworm"
_DEFINITION = paths.ROOT / "examples" / "awx" / "execution-environment.yml"
_PROJECT = paths.ROOT / "examples" / "awx" / "project"
_HOME = paths.BUILD / "ee"
_NEITHER = ("tests/", "docs/", "examples/", "changelogs/", ".")  # what a job doesn't run

# A limit that is higher than a container may set, and cgroups of systemd, are not to be had everywhere.
_CONTAINERS = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
_STORAGE = """\
[storage]
driver = "overlay"
graphroot = "{home}/storage"
runroot = "{home}/run"
"""

# Turns our definition into one that can be built here: base image, package manager, and the collection as it stands.
_ADAPT = """\
import sys, yaml
definition = yaml.safe_load(open(sys.argv[1]))
base, tarball = sys.argv[2:4]
definition["images"]["base_image"]["name"] = base
del definition["dependencies"]["python_interpreter"]
(collection,) = definition["dependencies"]["galaxy"]["collections"]
assert collection["name"] == "m365ops.exchange_online"
definition["dependencies"]["galaxy"] = {"collections": [{"name": "/build/dist/collection.tar.gz", "type": "file"}]}
definition["additional_build_files"] = [{"src": tarball, "dest": "dist"}]
definition["options"] = {"package_manager_path": "/usr/bin/apt-get", "skip_pip_install": True}
print(yaml.safe_dump(definition), file=open("execution-environment.yml", "w"))
"""


def checks(leg: Leg) -> list[Check]:
    missing = [tool for tool in _TOOLS if not shutil.which(tool)]
    why = f"{', '.join(missing)} not found" if missing else "root is needed" if os.geteuid() else ""
    return [Check("ee", leg.where, partial(_check, leg), after=("build",), skip=why)]


def _check(leg: Leg, log: Log) -> None:
    _HOME.mkdir(exist_ok=True)
    (_HOME / "containers.conf").write_text(_CONTAINERS, encoding="utf-8")
    (_HOME / "storage.conf").write_text(_STORAGE.format(home=_HOME), encoding="utf-8")
    (_HOME / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}', encoding="utf-8")
    venv = environments.for_awx(leg.interpreter)
    configuration = {"CONTAINERS_CONF": _HOME / "containers.conf", "CONTAINERS_STORAGE_CONF": _HOME / "storage.conf"}
    env = environments.environment(venv, **{name: str(path) for name, path in configuration.items()})
    image = _image(leg, log, env)
    with Tenant(venv / "bin" / "python", _HOME / "tenant", mailboxes=20, states="disabled=1") as tenant:
        _job(log, env, image, tenant, "--check", "--diff")
        _expect(tenant, "disabled")
        _job(log, env, image, tenant)
        _expect(tenant, "enabled")


def _expect(tenant: Tenant, state: str) -> None:
    states = tenant.control.mailboxes.states()
    found = {states[address] for address in tenant.generated(3)}
    if found != {state}:
        raise CheckFailed(f"three mailboxes should be {state} and are {', '.join(sorted(found))}")


# --- The image -----------------------------------------------------------------------------------------------------


def _exists(log: Log, env: dict[str, str], image: str) -> bool:
    try:
        log.run(["podman", "image", "exists", image], env=env, cwd=_HOME)
    except CommandFailed:
        return False
    return True


def _base(log: Log, env: dict[str, str]) -> str:
    """The image that takes the place of the definition's own."""
    image = f"localhost/ee-base:{hashlib.sha256(f'{_SUITE} {_PACKAGES}'.encode()).hexdigest()[:10]}"
    if not _exists(log, env, image):
        root = _HOME / "base"
        shutil.rmtree(root, ignore_errors=True)
        words: list[str | Path] = ["--variant=minbase", f"--include={_PACKAGES}", _SUITE, root]
        mirror = os.environ.get("EE_MIRROR")  # else debootstrap's own
        log.run(["debootstrap", *words, *([mirror] if mirror else [])], env=env, cwd=_HOME)
        log.run(["tar", "-C", root, "-cf", _HOME / "base.tar", "."], env=env, cwd=_HOME)
        log.run(["podman", "import", _HOME / "base.tar", image], env=env, cwd=_HOME)
        (_HOME / "base.tar").unlink()
        shutil.rmtree(root)
    return image


def _key() -> str:
    """Stays the same as long as the image would."""
    digest = hashlib.sha256(Path(__file__).read_bytes() + _DEFINITION.read_bytes())
    for path in sorted(tree.files()):
        if not str(path).startswith(_NEITHER):
            digest.update(f"{path}\n".encode() + (paths.ROOT / path).read_bytes())
    return digest.hexdigest()[:10]


def _image(leg: Leg, log: Log, env: dict[str, str]) -> str:
    image = f"localhost/ee:{_key()}"
    if _exists(log, env, image):
        return image
    base = _base(log, env)
    context = _HOME / "context"
    shutil.rmtree(context, ignore_errors=True)
    context.mkdir()
    shutil.copy2(next(paths.DIST.glob("*.tar.gz")), context / "collection.tar.gz")
    builder = environments.for_lint(leg.interpreter) / "bin"
    log.run([builder / "python", "-c", _ADAPT, _DEFINITION, base, "collection.tar.gz"], env=env, cwd=context)
    log.run([builder / "ansible-builder", "create"], env=env, cwd=context)
    options = ["--isolation", "chroot", "--network", "host", "--layers", "--pull-never", "--build-arg"]
    options += ["PKGMGR_PRESERVE_CACHE=always", "--signature-policy", str(_HOME / "policy.json")]
    mounts = [word for source, target in _mounts().items() for word in ("--volume", f"{source}:{target}:ro")]
    file = context / "context" / "Containerfile"
    log.run(["buildah", "bud", *options, *mounts, "-t", image, "-f", file, file.parent], env=env, cwd=context)
    _replace(log, env, image)
    return image


def _replace(log: Log, env: dict[str, str], image: str) -> None:
    """Keep only the newest image: each holds a whole Ansible."""
    note = _HOME / "image"
    before = note.read_text(encoding="utf-8") if note.exists() else ""
    if before and before != image and _exists(log, env, before):
        log.run(["podman", "rmi", before], env=env, cwd=_HOME)
    note.write_text(image, encoding="utf-8")


def _mounts() -> dict[str, str]:
    """The way to the package index, while the image is built; it doesn't become part of it."""
    mounts = {str(paths.HOME / ".config" / "pip" / "pip.conf"): "/etc/pip.conf"}
    found = settings.pip_settings(paths.BOOT / "bin" / "python")
    mounts |= {path: path for path in found.get("find-links", "").split() if Path(path).is_dir()}
    return mounts | {path: path for path in settings.named_files(found)}


# --- A job in it ---------------------------------------------------------------------------------------------------


def _job(log: Log, env: dict[str, str], image: str, tenant: Tenant, *flags: str) -> None:
    """Run a playbook of the example project in the image, as AWX does: nothing of this machine but the job's folder."""
    folder = _HOME / "job"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(_PROJECT, folder / "project")
    (folder / "env").mkdir()
    (folder / "inventory").mkdir()
    connection = {key: value for key, value in tenant.control.environment().items() if key.startswith("M365_")}
    shutil.copy2(connection["M365_CA_PATH"], folder / "env" / "ca.pem")
    shutil.copytree(tenant.control.ready["names_path"], folder / "project" / "names")
    inside = {"M365_CA_PATH": "/runner/env/ca.pem", "PYTHONPATH": "/runner/project/names"}
    answers = {"smtp_auth_state": "enabled", "smtp_auth_mailboxes": "\n".join(tenant.generated(3))}
    files: dict[str, Any] = {"envvars": {**connection, **inside}, "extravars": answers, "settings": {}}
    for name, content in files.items():
        (folder / "env" / name).write_text(json.dumps(content), encoding="utf-8")
    (folder / "env" / "cmdline").write_text(" ".join(flags), encoding="utf-8")
    (folder / "inventory" / "hosts").write_text("localhost ansible_connection=local\n", encoding="utf-8")
    words: list[str | Path] = ["run", folder, "--playbook", "set.yml", "--ident", "ee", "--process-isolation"]
    words += ["--process-isolation-executable", "podman", "--container-image", image]
    options = ("--network=host", "--pull=never", "--user=root")  # the folder belongs to root, as we do
    words += [f"--container-option={option}" for option in options]
    log.run(["ansible-runner", *words], env=env, cwd=folder)
    if "/usr/share/ansible/collections" not in _used(folder):
        raise CheckFailed("the job didn't use the collection of the image")


def _used(folder: Path) -> str:
    """The paths of the tasks that a job ran."""
    events = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("artifacts/ee/job_events/*.json")]
    return "\n".join(str(event.get("event_data", {}).get("task_path", "")) for event in events)
