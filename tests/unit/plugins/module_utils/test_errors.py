# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What makes a task fail: made from an error, and told where more than one thing did."""

from __future__ import annotations

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import Failure, NotFoundError

GONE = NotFoundError("It is gone.", request_id="r-1")


def test_an_error_with_all_that_it_carries() -> None:
    assert Failure.of(GONE) == Failure("not_found", "It is gone.", "r-1")
    assert Failure.of(GONE, "Nobody found it.") == Failure("not_found", "Nobody found it.", "r-1")


@pytest.mark.parametrize(
    ("first", "both"),
    [
        (None, Failure("not_found", "It is gone.", "r-1")),
        (Failure("journal", "No space.", "r-2"), Failure("journal", "No space. It is gone.", "r-2")),
        (Failure("journal", "No space."), Failure("journal", "No space. It is gone.", "r-1")),
        (Failure("", "Not begun.", "r-2"), Failure("not_found", "Not begun. It is gone.", "r-2")),
    ],
)
def test_the_first_code_and_the_first_request_stay(first: Failure | None, both: Failure) -> None:
    assert Failure.of(GONE).after(first) == both
