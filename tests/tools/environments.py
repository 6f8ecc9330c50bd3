# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual environments, made when first needed and kept as long as what they hold stays the same."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import sys
import threading
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import IO

from tools import paths, settings
from tools.interpreters import Interpreter
from tools.matrix import OLDEST, Leg
from tools.process import CommandFailed, Log

# What plugins and the fake tenant import; the same list serves ansible-test.
_RUN = (paths.TESTS / "integration" / "requirements.txt",)
_TEST = ("hypothesis >= 6.100", "pytest >= 8", "pytest-xdist >= 3.5")
_PINNED = ("msal", "requests")  # the plugins' own; what these bring is theirs to choose
_LINT = (
    "ansible-builder >= 3.1, < 4",
    "ansible-lint >= 26, < 27",
    "ansible-pygments",
    "antsibull-changelog >= 0.30, < 1",
    "antsibull-docs >= 2.20, < 3",
    "mypy >= 2, < 3",
    "reuse >= 6, < 7",
    "ruff >= 0.17, < 0.18",
    "sphinx >= 8",
    "sphinx-ansible-theme >= 0.10",
    "types-PyYAML",
    "types-requests",
    "yamllint >= 1.35, < 2",
)
_IMPORTER = ("galaxy-importer >= 0.4.30",)
# The newest ansible that still brings the collection awx.awx along.
_AWX = ("ansible >= 10, < 14", "ansible-runner >= 2.4", *_TEST)

_lock_file: IO[str] | None = None
_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def for_leg(leg: Leg) -> Path:
    """ansible-core, the plugins' libraries, the fake tenant's, and pytest.

    The oldest core comes with the oldest msal and requests that the collection says it works with.
    """
    lowest = _lowest_libraries() if leg.core == OLDEST else ()
    return _venv(f"core-{leg.core}", leg.interpreter, (f"ansible-core == {leg.core}.*", *lowest, *_TEST), _RUN)


def _lowest_libraries() -> tuple[str, ...]:
    """``msal == 1.32.*`` and so on: the lower bounds of the execution environment, as pins."""
    lines = (paths.ROOT / "meta" / "ee-requirements.txt").read_text(encoding="utf-8").splitlines()
    bounds = [line.partition(">=") for line in lines if ">=" in line and not line.startswith("#")]
    return tuple(f"{name.strip()} == {version.strip()}.*" for name, _sign, version in bounds if name.strip() in _PINNED)


def for_lint(interpreter: Interpreter) -> Path:
    return _venv("lint", interpreter, (*_LINT, *_TEST), _RUN)


def for_importer(interpreter: Interpreter) -> Path:
    """galaxy-importer alone: beside other tools it would be installed in a very old version."""
    return _venv("importer", interpreter, _IMPORTER, ())


def for_awx(interpreter: Interpreter) -> Path:
    """ansible-runner, the modules of AWX, the plugins' libraries, the fake tenant's, and pytest."""
    return _venv("awx", interpreter, _AWX, _RUN)


def plain() -> dict[str, str]:
    """The variables to run something outside of all virtual environments with, pip above all."""
    return settings.base() | _index()


def environment(venv: Path, **more: str) -> dict[str, str]:
    """The variables to run something of a virtual environment with, as if it were activated."""
    path = f"{venv / 'bin'}:{settings.base()['PATH']}"
    return plain() | {"PATH": path, "VIRTUAL_ENV": str(venv)} | more


def _venv(name: str, interpreter: Interpreter, requirements: tuple[str, ...], files: tuple[Path, ...]) -> Path:
    texts = [str(interpreter), *requirements, *(file.read_text(encoding="utf-8") for file in files)]
    key = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:10]
    venv = paths.VENVS / f"{name}-{interpreter.name}-{key}"
    complete = venv / ".complete"
    with _locks[venv.name]:
        if not complete.exists():
            shutil.rmtree(venv, ignore_errors=True)
            _create(venv, interpreter, [*requirements, *(word for file in files for word in ("-r", str(file)))])
            complete.touch()
    return venv


def _create(venv: Path, interpreter: Interpreter, arguments: list[str]) -> None:
    log = Log(paths.LOGS / f"setup-{venv.name}.log")
    env = plain()
    uv = _uv()
    python = venv / "bin" / "python"
    try:
        if uv:
            log.run([uv, "venv", "--quiet", "--python", interpreter.path, venv], env=env, cwd=paths.BUILD)
            log.run([uv, "pip", "install", "--python", python, *arguments], env=env, cwd=paths.BUILD)
        else:
            log.run([interpreter.path, "-m", "venv", venv], env=env, cwd=paths.BUILD)
            log.run([python, "-m", "pip", "install", *arguments], env=env, cwd=paths.BUILD)
    except CommandFailed as error:
        raise CommandFailed(f"cannot set up {venv.name}: {error}\n{log.tail(15)}") from error


def prepare() -> None:
    """What all environments need. Call it once, before environments are made in several threads.

    From here to its end this process is the only one that works under ``.build/``.
    """
    paths.BUILD.mkdir(exist_ok=True)
    _wait_for_others()
    _index()
    _uv()


def _wait_for_others() -> None:
    """Two runs would get into each other's way: hold a lock until this process ends, or becomes another program."""
    global _lock_file
    _lock_file = (paths.BUILD / "lock").open("w")
    try:
        fcntl.flock(_lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Waiting for another run in this folder to end ...", flush=True)
        fcntl.flock(_lock_file, fcntl.LOCK_EX)


@cache
def boot() -> Path:
    """The interpreter of a virtual environment that holds pip, made by the Python that runs us."""
    python = paths.BOOT / "bin" / "python"
    log = Log(paths.LOGS / "setup-boot.log")
    try:
        log.run([python, "-m", "pip", "--version"], env=settings.base(), cwd=paths.BUILD)
    except CommandFailed:
        shutil.rmtree(paths.BOOT, ignore_errors=True)
        try:
            log.run([sys.executable, "-m", "venv", paths.BOOT], env=settings.base(), cwd=paths.BUILD)
        except CommandFailed as error:
            hint = "On Debian and Ubuntu the package python3-venv is needed."
            raise CommandFailed(f"cannot make a virtual environment: {error}. {hint}\n{log.tail(5)}") from error
    return python


@cache
def _index() -> dict[str, str]:
    """The way to the package index, as pip is configured for it on this machine."""
    found = settings.pip_settings(boot())
    settings.write_pip_configuration(found, paths.HOME)
    own = settings.base()
    return {name: value for name, value in settings.uv_settings(found).items() if name not in own}


@cache
def _uv() -> Path | None:
    """uv, which makes an environment in seconds. None where it can't be had: pip does as well, in minutes."""
    uv = paths.BOOT / "bin" / "uv"
    if not uv.exists():
        log = Log(paths.LOGS / "setup-uv.log")
        try:
            log.run([boot(), "-m", "pip", "install", "--quiet", "uv >= 0.5"], env=plain(), cwd=paths.BUILD)
        except CommandFailed:
            return None
    return uv
