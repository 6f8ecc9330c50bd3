# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What continuous integration runs, with programs in place of those that it calls."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tools import paths

PROGRAMS = ("bash", "dirname", "env")
TABLE = "3 passed, 0 failed, 1 skipped"


class Machine:
    """A PATH of stand-ins that note how they were called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        self.bin = folder / "bin"
        self.bin.mkdir()
        for name in PROGRAMS:
            (self.bin / name).symlink_to(str(shutil.which(name)))
        self.program("make", f'echo "{TABLE}"')
        self.program("timeout", 'shift; exec "$@"')

    def program(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(f'#!{self.bin}/bash\necho "{name} $*" >>"{self.calls}"\n{script}\n')
        path.chmod(0o755)

    def debian(self, *installed: str, root: bool = True) -> None:
        self.program("id", f"echo {0 if root else 1000}")
        self.program("apt-get", "exit 0")
        words = "|".join(installed) or "none"
        self.program("dpkg-query", f'case "${{@: -1}}" in {words}) echo -n installed;; *) exit 1;; esac')

    def run(self) -> subprocess.CompletedProcess[str]:
        script = paths.ROOT / ".ci" / "run"
        command = [self.bin / "bash", script]
        return subprocess.run(
            command, env={"PATH": str(self.bin)}, capture_output=True, text=True, check=False, timeout=60
        )

    def called(self, name: str) -> list[str]:
        return [line for line in self.calls.read_text().splitlines() if line.startswith(f"{name} ")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_root_on_debian_gets_what_the_optional_checks_need(machine: Machine) -> None:
    machine.debian("runc", "ca-certificates")
    finished = machine.run()
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines()[-1] == TABLE
    update, install = machine.called("apt-get")
    assert "update" in update
    assert "--no-install-recommends" in install
    wanted = {"buildah", "chromium", "debootstrap", "fuse-overlayfs", "netavark", "podman", "uidmap"}
    assert {word for word in install.split() if word.isalpha() or "-over" in word} - {"install"} == wanted


def test_with_everything_there_nothing_is_installed(machine: Machine) -> None:
    machine.debian("*")
    assert machine.run().returncode == 0
    assert machine.called("apt-get") == []
    assert machine.called("make") == ["make test"]


def test_what_cannot_be_installed_is_told_and_the_checks_run(machine: Machine) -> None:
    machine.debian()
    machine.program("apt-get", 'case "$*" in *podman*|update*) exit 100;; esac')
    finished = machine.run()
    assert finished.returncode == 0, finished.stderr
    assert "apt-get could not install podman: the checks that need it are skipped." in finished.stderr
    assert "could not install chromium" not in finished.stderr
    assert finished.stdout.splitlines()[-1] == TABLE


@pytest.mark.parametrize("elsewhere", ["not root", "no apt"])
def test_elsewhere_nothing_is_installed(machine: Machine, elsewhere: str) -> None:
    machine.debian(root=elsewhere != "not root")
    if elsewhere == "no apt":
        (machine.bin / "apt-get").unlink()
    finished = machine.run()
    assert finished.returncode == 0
    assert "nothing is installed" in finished.stderr
    assert machine.called("apt-get") == []
    assert machine.called("make") == ["make test"]


def test_a_failed_check_fails_it(machine: Machine) -> None:
    machine.debian("*")
    machine.program("make", f'echo "{TABLE}"; exit 2')
    assert machine.run().returncode == 2
