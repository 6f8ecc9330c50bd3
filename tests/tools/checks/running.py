# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks that run the collection: ansible-test, unit tests, system tests, playbooks."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from report import browser

from tools import environments, paths, tree
from tools.check import Check, CheckFailed
from tools.checks import again
from tools.matrix import Leg, Matrix
from tools.process import CommandFailed, Log

# ansible-test shares its own environments and its output folder between runs: never two at once.
ANSIBLE_TEST = "ansible-test"

# The get-pip script that ansible-test looks for before it would download one, by ansible-core.
_GET_PIP = {
    "2.16": "23_1_2",
    "2.17": "23_1_2",
    "2.18": "24_2",
    "2.19": "24_2",
    "2.20": "25_2",
    "2.21": "25_2",
    "2.22": "25_2",
}

# Stands in for that script: brings pip from the interpreter's own bundle and then from the package index that pip is
# configured for.
_GET_PIP_SHIM = """\
import subprocess, sys
subprocess.check_call([sys.executable, "-m", "ensurepip", "--upgrade"])
words = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *words]))
"""

# The folders of what users run.
USED = ("playbooks/", "plugins/", "roles/")

# Which tests run where is said by their own marks (pyproject.toml explains them): never by a part of a name.
EVERY_CORE = "every_core"
NOT_ONLY_NEWEST = "not newest_core and not browser"
NO_BROWSER = "not browser"
BROWSER = "browser"

# System tests wait more than they work: for retries, and for plays to start. Each process has fake tenants of its own.
_SIDE_BY_SIDE = ("-n", "2", "--dist", "worksteal")


def checks(matrix: Matrix) -> list[Check]:
    """Everything on both ends of the matrix; between them, what can tell one ansible-core from another."""
    between = tuple(leg for leg in matrix.legs if leg not in matrix.ends)
    newest = matrix.legs[-1]
    return [
        *(
            Check(
                "sanity",
                f"{leg.where}; only what users run",
                partial(_sanity_of_oldest, leg),
                leg.core,
                ANSIBLE_TEST,
            )
            for leg in matrix.ends[:-1]
        ),
        *_group("sanity", _sanity, matrix, matrix.ends[-1:], ANSIBLE_TEST),
        *_group("integration", _integration, matrix, matrix.ends, ANSIBLE_TEST),
        *_group("unit", _unit, matrix, matrix.legs[-1:]),  # the longest of them first
        *(
            Check("unit", f"{leg.where}; only the plugins", partial(_unit_of_plugins, leg), suffix=leg.core)
            for leg in matrix.ends[:-1]
        ),
        *(Check("system", f"{leg.where}; only whole plays", partial(_plays, leg), suffix=leg.core) for leg in between),
        *(
            Check("system", f"{leg.where}; not what no core changes", partial(_system_of_oldest, leg), suffix=leg.core)
            for leg in matrix.ends[:-1]
        ),
        *_group("system", _system, matrix, matrix.ends[-1:]),
        *_group("playbooks", _playbooks, matrix, matrix.legs),
        Check("simulation", newest.where, partial(_simulation, newest)),
        Check("awx", f"ansible-runner, Python {newest.interpreter.name}", partial(_awx, newest)),
        Check("browser", newest.where, partial(_browser, newest), skip="" if browser.find() else browser.MISSING),
    ]


def _group(
    group: str, run: Callable[[Leg, Log], None], matrix: Matrix, legs: tuple[Leg, ...], lane: str = ""
) -> list[Check]:
    able = [Check(group, leg.where, partial(run, leg), suffix=leg.core, lane=lane) for leg in legs]
    return [*able, *(Check(group, "", _never, suffix=core, skip=why) for core, why in matrix.missing.items())]


def _never(_log: Log) -> None:
    raise AssertionError("a check that is skipped was run")


def _ansible_test(leg: Leg, log: Log, *words: str) -> None:
    venv = environments.for_leg(leg)
    cache = paths.HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    (cache / f"get_pip_{_GET_PIP[leg.core]}.py").write_text(_GET_PIP_SHIM, encoding="utf-8")
    copy = tree.copy("ansible-test")
    command: list[str | Path] = [venv / "bin" / "ansible-test", *words, "--venv", "--color", "no"]
    try:
        log.run(command, env=environments.environment(venv), cwd=copy)
    except CommandFailed as error:
        # What it found stands far above the end of its output.
        found = [line for line in log.text().splitlines() if line.startswith(("ERROR:", "fatal:", "failed:"))]
        raise CheckFailed("\n".join([str(error), *found[-30:]])) from error
    if "All targets skipped" in log.text():
        raise CheckFailed("ansible-test found nothing to test")


def _sanity(leg: Leg, log: Log) -> None:
    # Each on its own interpreter: what the others make of the code, the unit tests of all legs tell.
    _no_exceptions()
    python = ("--python", leg.interpreter.name)
    _ansible_test(leg, log, "sanity", *python, "--skip-test", "pylint")
    # Of the tests, which are more than the half and aren't what users run, ruff says the same in a second.
    _ansible_test(leg, log, "sanity", *python, "--test", "pylint", *USED)


def _sanity_of_oldest(leg: Leg, log: Log) -> None:
    """Only what users run: of all else, an old ansible-test has nothing to say that the new one doesn't."""
    _no_exceptions()
    _ansible_test(leg, log, "sanity", "--python", leg.interpreter.name, *USED)


def _no_exceptions() -> None:
    ignored = sorted(path.name for path in (paths.TESTS / "sanity").glob("ignore-*"))
    if ignored:
        raise CheckFailed(f"sanity tests pass without exceptions here: remove {', '.join(ignored)}")


def _integration(leg: Leg, log: Log) -> None:
    _ansible_test(leg, log, "integration", "--requirements")


def _pytest(leg: Leg, log: Log, target: str, *more: str, marks: str = "", venv: Path | None = None) -> None:
    """Run the tests of a file or folder that have these marks."""
    venv = venv or environments.for_leg(leg)
    env = environments.environment(
        venv,
        ANSIBLE_COLLECTIONS_PATH=str(tree.link()),
        PYTHONPATH=f"{paths.TREE}:{paths.TESTS}",
    )
    name = log.path.stem  # the check's own
    scratch = paths.BUILD / "scratch" / name
    scratch.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(scratch, ignore_errors=True)
    options = ("-o", f"cache_dir={paths.CACHE / f'pytest-{name}'}", "--basetemp", scratch, "--durations=10")
    words: list[str | Path] = [*options, *(("-m", marks) if marks else ()), *more, f"tests/{target}"]
    again.pytest([venv / "bin" / "python", "-m", "pytest", *words], log, env=env, cwd=paths.ROOT)


def _unit(leg: Leg, log: Log) -> None:
    _pytest(leg, log, "unit", *_SIDE_BY_SIDE, marks=NO_BROWSER)


def _unit_of_plugins(leg: Leg, log: Log) -> None:
    """Only what users run: the tools and the fake tenant run on the newest alone."""
    _pytest(leg, log, "unit", marks=NOT_ONLY_NEWEST)


def _browser(leg: Leg, log: Log) -> None:
    """The report in a real browser."""
    _pytest(leg, log, "unit/plugins/module_utils/report/test_browser.py", marks=BROWSER)


def _system(leg: Leg, log: Log) -> None:
    _pytest(leg, log, "system", *_SIDE_BY_SIDE)


def _system_of_oldest(leg: Leg, log: Log) -> None:
    _pytest(leg, log, "system", *_SIDE_BY_SIDE, marks=NOT_ONLY_NEWEST)


def _simulation(leg: Leg, log: Log) -> None:
    """A few hundred seeds, those that have failed before, faults that have to be found, and the pure parts."""
    _pytest(leg, log, "simulation", *_SIDE_BY_SIDE)


def _plays(leg: Leg, log: Log) -> None:
    """Only what runs whole plays: the modules by themselves behave alike on every ansible-core."""
    _pytest(leg, log, "system", *_SIDE_BY_SIDE, marks=EVERY_CORE)


def _awx(leg: Leg, log: Log) -> None:
    """The example for AWX makes its objects, and what it makes runs as AWX runs it."""
    _pytest(leg, log, "awx", *_SIDE_BY_SIDE, venv=environments.for_awx(leg.interpreter))


def _playbooks(leg: Leg, log: Log) -> None:
    """Every playbook parses when it is called by its full name."""
    venv = environments.for_leg(leg)
    env = environments.environment(venv, ANSIBLE_COLLECTIONS_PATH=str(tree.link()), ANSIBLE_LOCALHOST_WARNING="false")
    names = sorted(path.stem for path in (paths.ROOT / "playbooks").glob("*.yml"))
    if not names:
        raise CheckFailed("there are no playbooks")
    called = [f"m365ops.exchange_online.{name}" for name in names]
    log.run(
        [venv / "bin" / "ansible-playbook", "--syntax-check", "-i", "localhost,", *called], env=env, cwd=paths.BUILD
    )
