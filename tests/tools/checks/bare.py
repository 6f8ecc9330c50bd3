# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The quick part of ``make bare``: what decides which checks are run, on a machine that has none of their tools."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tools import bare, environments, paths
from tools.check import Check, CheckFailed
from tools.matrix import Leg
from tools.process import Log

# What no machine must have. The checks that need one of them must say so, and be skipped.
OPTIONAL = ("buildah", "chromium", "debootstrap", "node", "podman", "runc")
SKIPPED = ("browser", "ee")


def checks(leg: Leg) -> list[Check]:
    return [Check("bare", leg.where, partial(_check, leg))]


def _check(leg: Leg, log: Log) -> None:
    env = bare.environment(bare.FOLDER / "quick", bare.own_python())
    clone = bare.clone(bare.FOLDER / "quick-clone")
    present = [name for name in OPTIONAL if (Path(env["PATH"]) / name).exists()]
    if present:
        raise CheckFailed(f"a bare machine has no {', '.join(present)}")
    log.run(["python3", "-m", "tools", "test", "--list"], env=env | {"PYTHONPATH": "tests"}, cwd=clone)
    told = [line.split() for line in log.text().splitlines()]
    run = [name for name in SKIPPED if not any(words[:2] == [name, "skipped:"] for words in told)]
    if run:
        raise CheckFailed(f"would be run without what they need: {', '.join(run)}")
    log.run(["python3", "-c", "from tools import tree; tree.link()"], env=env | {"PYTHONPATH": "tests"}, cwd=clone)
    # Only the libraries are this machine's: all else is as whoever has just begun has it.
    python = environments.for_leg(leg) / "bin" / "python"
    path = f"{clone / paths.TREE.relative_to(paths.ROOT)}:tests"
    log.run([python, "-m", "pytest", "tests/unit/tools"], env=env | {"PYTHONPATH": path}, cwd=clone)
