# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long an answer takes: so long at least, and more with what it holds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Latency:
    """Seconds: ``base`` of every HTTP request, ``row`` of each row, ``item`` of each request of a
    batch.
    """

    base: float = 0.0
    row: float = 0.0
    item: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
                raise ValueError(f"{field.name} has to be seconds, 0 or more")

    def of(self, body: Any) -> float:
        """Seconds that an answer with this body takes beyond ``base``."""
        if not isinstance(body, Mapping):
            return 0.0
        responses, rows = body.get("responses"), body.get("value")
        if isinstance(responses, list):
            return self.item * len(responses)
        return self.row * len(rows) if isinstance(rows, list) else 0.0


NO_LATENCY = Latency()
