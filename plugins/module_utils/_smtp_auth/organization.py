# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The organization's settings as ``Get-TransportConfig`` shows them, and what has to be sent to change them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from .state import INHERIT, PROPERTY, UnreadableStateError, from_service, to_service

LEGACY_TLS = "AllowLegacyTLSClients"


@dataclasses.dataclass(frozen=True)
class Switch:
    """``state``: ``enabled`` or ``disabled``. ``legacy_tls``: whether clients with TLS 1.0 and 1.1 are let in; None
    where the service doesn't tell.
    """

    state: str
    legacy_tls: bool | None = None

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, Any]]) -> Switch:
        """
        :raises UnreadableStateError: not exactly one object, or one without a readable setting.
        """
        if len(rows) != 1:
            raise UnreadableStateError(f"Get-TransportConfig answered with {len(rows)} objects instead of one")
        try:
            state = from_service(rows[0])
        except UnreadableStateError as error:
            raise UnreadableStateError(f"Get-TransportConfig: {error}") from error
        if state == INHERIT:
            raise UnreadableStateError("Get-TransportConfig: the setting is empty")
        # Nobody has described an empty value; it has to be switched on to count, so empty is taken for off.
        legacy = rows[0].get(LEGACY_TLS, None)
        known = LEGACY_TLS in rows[0] and (legacy is None or isinstance(legacy, bool))
        return cls(state, bool(legacy) if known else None)

    def changes(self, state: str, legacy_tls: bool | None) -> dict[str, bool | None]:
        """The parameters of ``Set-TransportConfig`` that make it so; none if it is. ``legacy_tls``: None leaves it.

        :raises UnreadableStateError: what is to be set can't be read.
        """
        parameters: dict[str, bool | None] = {}
        if state != self.state:
            parameters[PROPERTY] = to_service(state)
        if legacy_tls is not None:
            if self.legacy_tls is None:
                raise UnreadableStateError(f"Get-TransportConfig: the answer has no readable property {LEGACY_TLS}")
            if legacy_tls is not self.legacy_tls:
                parameters[LEGACY_TLS] = legacy_tls
        return parameters
