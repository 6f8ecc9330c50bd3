# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Command line: ``python -m tools test [--only NAME ...] [--newest] [--list]``, ``... bare``, ``... demo``,
``... simulate``, ``... bench``.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable

if sys.version_info < (3, 10):  # noqa: UP036 - the reader of this message has an older one
    sys.exit(f"Python 3.10 or newer is needed; this is {sys.version.split()[0]}. Try: make PYTHON=python3.12")

from tools import bare, environments, interpreters, matrix, paths, process, releases, report, schedule, tree
from tools.checks import catalog
from tools.process import CommandFailed

_DEBIAN = "in a root of its own, made by debootstrap (root only); further arguments are those of test"
_MODULES = {"demo": "tools.demo", "simulate": "simulation", "bench": "bench"}


def _arguments() -> tuple[argparse.Namespace, list[str]]:
    """Our own arguments, and for demo, simulate and bench those that they get."""
    parser = argparse.ArgumentParser(prog="tools", description="Checks, demo and bench of this collection.")
    commands = parser.add_subparsers(dest="command", required=True)
    test = commands.add_parser("test", help="run the checks")
    test.add_argument("--only", nargs="+", default=[], metavar="NAME", help="only these checks, and what they need")
    test.add_argument("--newest", action="store_true", help="what runs on several ansible-cores only on the newest")
    test.add_argument("--list", action="store_true", help="name the checks and run none")
    machine = commands.add_parser("bare", help="run the checks on a machine with only git, make and Python")
    machine.add_argument("--debian", nargs="?", const="bookworm", default="", metavar="SUITE", help=_DEBIAN)
    commands.add_parser("demo", help="the collection at work")
    commands.add_parser("simulate", help="whole runs on simulated bad nights; further arguments are passed on")
    commands.add_parser("bench", help="measure speed; further arguments are passed on")
    arguments, rest = parser.parse_known_args()
    if rest and arguments.command == "test":
        parser.error(f"unknown: {' '.join(rest)}")
    return arguments, rest


def _plan(why_not: Callable[[str, interpreters.Interpreter], str] = releases.why_not) -> matrix.Matrix:
    plan = matrix.plan(interpreters.found(), why_not)
    if not plan.legs:
        lowest, highest = (".".join(map(str, interpreters.VERSIONS[index])) for index in (0, -1))
        raise CommandFailed(f"no Python from {lowest} to {highest} was found")
    return plan


def _test(only: list[str], *, newest: bool, names_only: bool) -> int:
    if names_only:
        for check in catalog.checks(_plan(releases.known)):
            print(f"{check.name:<22} {f'skipped: {check.skip}' if check.skip else check.where}")
        return 0
    started = time.monotonic()
    environments.prepare()
    plan = _plan()
    try:
        chosen = schedule.with_needed(catalog.checks(plan), only)
    except ValueError as error:
        print(f"{error}; --list names them all", file=sys.stderr)
        return 2
    if newest:
        chosen = schedule.on_core(chosen, plan.legs[-1].core)
    print("Interpreters:", ", ".join(interpreter.name for interpreter in interpreters.found()))
    print("Matrix:      ", "; ".join(leg.where for leg in plan.legs))
    print("\n".join(f"Not yet:      core {core}: {why}" for core, why in plan.coming.items()), flush=True)
    outcomes = schedule.Schedule(chosen, report.announce).run()
    return report.close(outcomes, time.monotonic() - started, plan)


def _become(module: str, rest: list[str]) -> int:
    """Become a module of ours, run in the newest environment that this machine has an interpreter for."""
    print("Setting up ...", flush=True)
    environments.prepare()
    venv = environments.for_leg(_plan(releases.known).legs[-1])
    env = environments.environment(
        venv,
        ANSIBLE_COLLECTIONS_PATH=str(tree.link()),
        PYTHONPATH=os.pathsep.join([str(paths.TESTS), str(paths.TREE)]),
    )
    python = str(venv / "bin" / "python")
    os.chdir(paths.ROOT)
    os.execve(python, [python, "-m", module, *rest], env)


def main() -> int:
    arguments, rest = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if arguments.command == "test":
            return _test(arguments.only, newest=arguments.newest, names_only=arguments.list)
        if arguments.command == "bare":
            return bare.run(rest, arguments.debian)
        return _become(_MODULES[arguments.command], rest)
    except CommandFailed as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        process.stop_all()
        print("Interrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
