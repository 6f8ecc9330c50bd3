# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the bodies of several modules have in common."""

from __future__ import annotations

from typing import Any

from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import (
    Failure,
    NotFoundError,
    ServiceError,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.parts import not_read, with_failure
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.read_mailboxes import Reading


def test_without_a_failure_a_result_stays_as_it_is() -> None:
    assert with_failure({"changed": True}, None) == {"changed": True}


def test_a_failure_is_told_after_the_one_that_is_there_already() -> None:
    """As where a report can't be written of what has failed."""
    result: dict[str, Any] = {"changed": True}
    with_failure(result, Failure("several", "2 failed.", "r-1"))
    with_failure(result, Failure("report", "No space."))
    said = "2 failed. No space."
    assert result == {
        "changed": True,
        "msg": said,
        "failure": {"code": "several", "message": said, "request_id": "r-1"},
    }


def test_who_could_not_be_read_is_named_and_who_is_missing_is_not() -> None:
    gone = Reading("eve", error=NotFoundError("Gone."))
    assert not_read([Reading("ann"), gone]) is None
    failed = [Reading(name, error=ServiceError(f"{name} is odd.", request_id=f"r-{name}")) for name in ("bob", "cid")]
    assert not_read([gone, *failed]) == Failure(
        "not_read", "2 mailboxes couldn't be read: bob, cid. The first: bob is odd.", "r-bob"
    )
