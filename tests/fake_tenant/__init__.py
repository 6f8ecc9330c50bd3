# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for Microsoft 365 on loopback: sign-in, Exchange's admin endpoint, a part of Graph, SMTP submission.

`with FakeTenantServer() as fake:` runs one in a thread; `Control("DIR/ready.json")` talks to one that runs elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .facade import Control, ControlError, Facade

if TYPE_CHECKING:
    from .server import FakeTenantServer

__all__ = ["Control", "ControlError", "Facade", "FakeTenantServer"]


def __getattr__(name: str) -> Any:
    # Late, so that Control works where the server's libraries are not installed.
    if name == "FakeTenantServer":
        from .server import FakeTenantServer

        return FakeTenantServer
    raise AttributeError(name)
