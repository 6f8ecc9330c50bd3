# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The three states and their inverted, nullable form on the wire."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.state import (
    STATES,
    UnreadableStateError,
    from_service,
    to_service,
)

PROPERTY = "SmtpClientAuthenticationDisabled"


@pytest.mark.parametrize(("state", "value"), [("enabled", False), ("disabled", True), ("inherit", None)])
def test_each_state_has_one_value(state: str, value: bool | None) -> None:
    assert to_service(state) is value
    assert from_service({PROPERTY: value}) == state


def test_there_are_three_states() -> None:
    assert set(STATES) == {"enabled", "disabled", "inherit"}


@pytest.mark.parametrize("value", ["", "true", "False", "null", 0, 1, [], {}, 0.0])
def test_nothing_else_is_a_state(value: Any) -> None:
    with pytest.raises(UnreadableStateError, match=PROPERTY):
        from_service({PROPERTY: value})


def test_a_row_without_the_property_is_not_inherit() -> None:
    with pytest.raises(UnreadableStateError, match=f"no property {PROPERTY}"):
        from_service({"Guid": "x", PROPERTY.lower(): None})


def test_an_unknown_state_is_not_sent() -> None:
    with pytest.raises(KeyError):
        to_service("on")
