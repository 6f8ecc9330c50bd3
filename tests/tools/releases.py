# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the package index has a final release of an ansible-core that is still to come."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

from tools import environments, paths
from tools.interpreters import Interpreter
from tools.process import CommandFailed, Log

KEPT = 24 * 3600.0  # seconds for which a "not yet" is believed; a release that was there once stays


def has_final(listing: str, core: str) -> bool:
    """Whether ``pip index versions`` lists one: ``2.22.0``, but neither ``2.22.0rc1`` nor ``2.220.0``."""
    return bool(re.search(rf"(?<![\w.]){re.escape(core)}\.\d+(?![\w.])", listing))


def why_not(core: str, interpreter: Interpreter) -> str:
    """Why a core can't be had for an interpreter, or ``""`` if it can. Asks the package index once a day."""
    kept = _read()
    answer = kept.get(core)
    if answer and (not answer["why"] or 0 <= time.time() - answer["asked"] < KEPT):
        return str(answer["why"])
    try:
        why = "" if has_final(_listing(interpreter), core) else "the package index has no final release of it yet"
    except CommandFailed as error:
        return f"the package index couldn't be asked for it: {error}"  # not kept: the next run asks again
    _file().write_text(json.dumps(kept | {core: {"asked": time.time(), "why": why}}), encoding="utf-8")
    return why


def known(core: str, _interpreter: Interpreter) -> str:
    """The same from the last answer, without asking."""
    answer = _read().get(core)
    return str(answer["why"]) if answer else "the package index wasn't asked for it yet"


def _file() -> Path:
    return paths.CACHE / "releases.json"


def _read() -> dict[str, dict[str, Any]]:
    try:
        return dict(json.loads(_file().read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _listing(interpreter: Interpreter) -> str:
    log = Log(paths.LOGS / "releases.log")
    words = ("index", "versions", "ansible-core", "--python-version", interpreter.name)
    log.run([environments.boot(), "-m", "pip", *words], env=environments.plain(), cwd=paths.BUILD)
    return log.text()
