# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Command line: ``python -m tools test [--only NAME ...] [--list]``, ``... demo``, ``... simulate``, ``... bench``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time

if sys.version_info < (3, 10):  # noqa: UP036 - the reader of this message has an older one
    sys.exit(f"Python 3.10 or newer is needed; this is {sys.version.split()[0]}. Try: make PYTHON=python3.12")

from tools import environments, interpreters, matrix, paths, process, report, schedule, tree
from tools.checks import catalog
from tools.process import CommandFailed

_MODULES = {"demo": "tools.demo", "simulate": "simulation", "bench": "bench"}


def _arguments() -> tuple[argparse.Namespace, list[str]]:
    """Our own arguments, and for demo, simulate and bench those that they get."""
    parser = argparse.ArgumentParser(prog="tools", description="Checks, demo and bench of this collection.")
    commands = parser.add_subparsers(dest="command", required=True)
    test = commands.add_parser("test", help="run the checks")
    test.add_argument("--only", nargs="+", default=[], metavar="NAME", help="only these checks, and what they need")
    test.add_argument("--list", action="store_true", help="name the checks and run none")
    commands.add_parser("demo", help="the collection at work")
    commands.add_parser("simulate", help="whole runs on simulated bad nights; further arguments are passed on")
    commands.add_parser("bench", help="measure speed; further arguments are passed on")
    arguments, rest = parser.parse_known_args()
    if rest and arguments.command == "test":
        parser.error(f"unknown: {' '.join(rest)}")
    return arguments, rest


def _plan() -> matrix.Matrix:
    plan = matrix.plan(interpreters.found())
    if not plan.legs:
        raise CommandFailed("no Python from 3.10 to 3.14 was found")
    return plan


def _test(only: list[str], names_only: bool) -> int:
    plan = _plan()
    checks = catalog.checks(plan)
    if names_only:
        print("\n".join(f"{check.name:<22} {check.where}" for check in checks))
        return 0
    try:
        chosen = schedule.with_needed(checks, only)
    except ValueError as error:
        print(f"{error}; --list names them all", file=sys.stderr)
        return 2
    print("Interpreters:", ", ".join(interpreter.name for interpreter in interpreters.found()))
    print("Matrix:      ", "; ".join(leg.where for leg in plan.legs), flush=True)
    started = time.monotonic()
    environments.prepare()
    outcomes = schedule.Schedule(chosen, report.announce).run()
    return report.close(outcomes, time.monotonic() - started)


def _become(module: str, rest: list[str]) -> int:
    """Become a module of ours, run in the newest environment that this machine has an interpreter for."""
    print("Setting up ...", flush=True)
    environments.prepare()
    venv = environments.for_leg(_plan().legs[-1])
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
            return _test(arguments.only, arguments.list)
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
