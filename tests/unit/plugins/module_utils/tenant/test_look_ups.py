# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look-ups given up for pages: what was sent is told, what wasn't is left, and nothing is both."""

from __future__ import annotations

from typing import cast

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import NotFoundError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.batch import BatchRun
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.look_ups import LookUps
from unit.plugins.module_utils.tenant.in_memory import Outcomes


@pytest.mark.parametrize(("at", "told"), [(25, 10), (15, 10), (14, 20), (4, 25), (None, 25)])
def test_what_is_told_and_what_is_left(at: int | None, told: int) -> None:
    """``at``: so many that weren't sent are better read in pages."""
    run = Outcomes((place, NotFoundError("no")) for place in range(25))
    pages_win = None if at is None else (lambda left: left > 0 and left <= at)
    look_ups = LookUps(cast(BatchRun, run), 25, pages_win)
    assert [place for place, _outcome in look_ups] == list(range(told))
    assert look_ups.left == list(range(told, 25))
