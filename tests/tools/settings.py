# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment that everything runs in: nothing of the user's but the way to the package index.

Whoever has ``M365_CLIENT_SECRET`` or ``ANSIBLE_CONFIG`` set must not find tests pass or fail for it, and no test may
write into the user's home.
"""

from __future__ import annotations

import ast
import configparser
import os
import subprocess
from functools import cache
from pathlib import Path

from tools import interpreters, paths

_DROPPED = (
    *("ANSIBLE_", "AZURE_", "IDENTITY_", "IMDS_", "M365_", "PYTEST_"),
    *("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "PYTHON", "VIRTUAL_ENV", "XDG_"),
)

# uv reads its own variables only; these are the same settings in its words.
_UV_NAMES = {"index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "find-links": "UV_FIND_LINKS"}


def pip_settings(python: Path) -> dict[str, str]:
    """What pip is configured for on this machine, by files and environment. Several values are parted by a space."""
    command = [str(python), "-m", "pip", "config", "list"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return parse_pip_settings(answer.stdout)


def parse_pip_settings(listing: str) -> dict[str, str]:
    """The settings in the output of ``pip config list``. The environment wins over files."""
    settings: dict[str, str] = {}
    of_environment: dict[str, str] = {}
    for line in listing.splitlines():
        key, separator, value = line.partition("=")
        if not separator:
            continue
        section, name = key.rsplit(".", 1)
        target = of_environment if section == ":env:" else settings
        if section in {":env:", "global", "install"} and name != "config-file":
            target[name] = " ".join(str(ast.literal_eval(value)).split())
    return settings | of_environment


def write_pip_configuration(settings: dict[str, str], home: Path) -> None:
    """Let pip find its settings in our home too: ansible-test passes it no environment but HOME."""
    parser = configparser.RawConfigParser()
    parser["global"] = settings
    target = home / ".config" / "pip" / "pip.conf"
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8") as file:
        parser.write(file)


def named_files(pip: dict[str, str]) -> list[str]:
    """The files of this machine that pip's settings name: certificates, constraints."""
    words = [word for value in pip.values() for word in value.split()]
    return [word for word in words if word.startswith("/") and Path(word).is_file()]


def uv_settings(settings: dict[str, str]) -> dict[str, str]:
    """pip's settings as environment variables for uv."""
    variables = {_UV_NAMES[name]: value for name, value in settings.items() if name in _UV_NAMES}
    if "UV_FIND_LINKS" in variables:
        variables["UV_FIND_LINKS"] = variables["UV_FIND_LINKS"].replace(" ", ",")
    if "UV_INDEX" in variables:
        # All indexes are equal for pip; uv would otherwise take the first that knows the name.
        variables["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    if "cert" in settings:
        variables["SSL_CERT_FILE"] = settings["cert"]
    return variables


@cache
def base() -> dict[str, str]:
    """The environment of every command."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_DROPPED)}
    for folder in (paths.HOME, paths.CACHE):
        folder.mkdir(parents=True, exist_ok=True)
    return kept | {
        "ANSIBLE_HOME": str(paths.HOME / ".ansible"),
        "ANSIBLE_NOCOLOR": "1",
        "HOME": str(paths.HOME),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "PATH": interpreters.clean_path(),
        "PYTHONPYCACHEPREFIX": str(paths.CACHE / "pycache"),
        "PYTHONUNBUFFERED": "1",
        "RUFF_CACHE_DIR": str(paths.CACHE / "ruff"),
        "UV_CACHE_DIR": str(paths.CACHE / "uv"),
        "UV_PYTHON_DOWNLOADS": "never",
    }
