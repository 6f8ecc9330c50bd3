# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The little of Microsoft Graph that a preflight reads."""

from __future__ import annotations

import random
import re
from typing import Any
from urllib.parse import unquote

from simulation.exchange import Reply
from simulation.tenant import Tenant

SECURITY_DEFAULTS = "security defaults"


class Graph:
    """``allowed``: whether the app may read here at all. ``security_defaults``: they block SMTP AUTH for everybody."""

    def __init__(self, tenant: Tenant, rng: random.Random) -> None:
        self._tenant = tenant
        self.allowed = rng.random() < 0.6
        self.security_defaults = rng.random() < 0.3

    def answer(self, url: str) -> Reply:
        if not self.allowed:
            return Reply(403, {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges"}})
        if "identitySecurityDefaultsEnforcementPolicy" in url:
            reply = Reply(200, {"isEnabled": self.security_defaults})
            reply.shown = [(SECURITY_DEFAULTS, self.security_defaults)]
            return reply
        if "/users" in url:
            return Reply(200, {"value": [self._account(one) for one in self._asked(unquote(url))]})
        return Reply(200, {"value": []})

    def _asked(self, url: str) -> list[str]:
        ids = re.findall(r"'([0-9a-f-]{36})'", url)
        return ids or [box.object_id for box in self._tenant.living()]

    def _account(self, object_id: str) -> dict[str, Any]:
        return {"id": object_id, "accountEnabled": True, "assignedLicenses": [{}], "userType": "Member"}
