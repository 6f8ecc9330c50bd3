# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""pytest, and a second look at the few tests that failed: one at a time, when the machine is less busy.

A machine of two cores on which three checks run can be too slow for a test that waits for something real. What passes
only at the second look is told in the closing table: it is no secret, and no reason to call everything else failed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.check import CheckFailed
from tools.process import CommandFailed, Log

# More than these have a cause that a second look doesn't change.
FEW = 5
_MARK = "Passed only when run again by itself: "
_ALONE = ("-n", "0", "--last-failed", "--last-failed-no-failures", "none")


def pytest(command: Sequence[str | Path], log: Log, *, env: Mapping[str, str], cwd: Path) -> None:
    """Run pytest. Raises CheckFailed, which names the tests that failed twice, and CommandFailed without any."""
    try:
        log.run(command, env=env, cwd=cwd)
    except CommandFailed as error:
        first = failed(log.text())
        if not first:
            raise
        if len(first) > FEW:
            raise CheckFailed(f"{error}: {_named(first)}") from error
    else:
        return
    seen = len(log.text())
    try:
        log.run([*command, *_ALONE], env=env, cwd=cwd)
    except CommandFailed as error:
        raise CheckFailed(f"{error}: {_named(failed(log.text()[seen:]) or first)}") from error
    for name in first:
        log.note(_MARK + name)


def failed(log: str) -> list[str]:
    """The tests that failed, as pytest's short summary names them."""
    return list(dict.fromkeys(re.findall(r"^(?:FAILED|ERROR) (\S+\.py(?:::.+?)?)(?: - .*)?$", log, re.MULTILINE)))


def second_looks(log: str) -> list[str]:
    """The tests that passed only at the second look."""
    return [line.removeprefix(_MARK) for line in log.splitlines() if line.startswith(_MARK)]


def _named(tests: Sequence[str]) -> str:
    more = f" and {len(tests) - FEW} more" if len(tests) > FEW else ""
    return ", ".join(tests[:FEW]) + more
