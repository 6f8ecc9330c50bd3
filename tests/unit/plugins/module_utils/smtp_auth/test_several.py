# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first of many, and how many more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.several import first_of


@pytest.mark.parametrize(
    ("things", "more", "said"),
    [
        ([], {}, ""),
        ([1, 2], {}, "1, 2"),
        ([1, 2, 3], {}, "1, 2 and 1 more"),
        (range(1, 2003), {}, "1, 2 and 2,000 more"),
        ([1, 2, 3], {"between": "; "}, "1; 2; and 1 more"),
        ([1, 2], {"count": 7}, "1, 2 and 5 more"),
        ([1, 2, 3], {"count": 1}, "1, 2 and 1 more"),
        ([1, 2, 3], {"tell": lambda number: f"<{number}>"}, "<1>, <2> and 1 more"),
    ],
)
def test_the_first_and_how_many_more(things: Sequence[int], more: dict[str, Any], said: str) -> None:
    assert first_of(things, 2, **more) == said
