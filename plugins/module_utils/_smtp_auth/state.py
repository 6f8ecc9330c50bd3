# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The three states of a mailbox's own setting, and their form on the wire.

Exchange holds ``SmtpClientAuthenticationDisabled``, a nullable and inverted boolean (Microsoft's Set-CASMailbox
reference): ``false`` is enabled, ``true`` is disabled, ``null`` follows the organization. Nothing outside this file
knows the inversion.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PROPERTY = "SmtpClientAuthenticationDisabled"

ENABLED = "enabled"
DISABLED = "disabled"
INHERIT = "inherit"
STATES = (ENABLED, DISABLED, INHERIT)

_TO_SERVICE: dict[str, bool | None] = {ENABLED: False, DISABLED: True, INHERIT: None}


class UnreadableStateError(ValueError):
    """A row that doesn't say what the setting is. Never to be taken for ``inherit``."""


def to_service(state: str) -> bool | None:
    """The value to send for a state. ``None`` has to travel as JSON ``null``, not be left out."""
    return _TO_SERVICE[state]


def from_service(row: Mapping[str, Any]) -> str:
    """The state that a ``Get-CASMailbox`` row tells.

    :raises UnreadableStateError: the property is absent (trimmed by a role or by a selection) or not a nullable
    boolean.
    """
    if PROPERTY not in row:
        raise UnreadableStateError(f"the answer has no property {PROPERTY}")
    value = row[PROPERTY]
    if value is None:
        return INHERIT
    if value is True:
        return DISABLED
    if value is False:
        return ENABLED
    raise UnreadableStateError(f"{PROPERTY} is neither true, false nor null but {value!r}")
