# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All checks, in the order of the closing table."""

from __future__ import annotations

from tools.check import Check
from tools.checks import artifact, bare, execution_environment, running
from tools.checks.static import Static
from tools.matrix import Matrix


def checks(matrix: Matrix) -> list[Check]:
    """The slow lane of ansible-test comes first: it decides how long the whole takes."""
    newest = matrix.legs[-1]
    of_lane = [check for check in running.checks(matrix) if check.lane]
    others = [check for check in running.checks(matrix) if not check.lane]
    return [
        *of_lane,
        *Static(newest.interpreter).checks(),
        *others,
        *bare.checks(newest),
        *artifact.checks(newest),
        *execution_environment.checks(newest),
    ]
