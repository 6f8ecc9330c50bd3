# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The made-up tenants and the browser stand in ``tests/report``, beside the tests."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = str(Path(__file__).parents[5])
if TESTS not in sys.path:
    sys.path.insert(0, TESTS)
