# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put this folder on PYTHONPATH of a child process: names below `localhost` then lead to loopback, as RFC 6761 wants.

Many resolvers don't do that by themselves, and a regional host such as eur.localhost needs it.
"""

from __future__ import annotations

import socket
from typing import Any

_getaddrinfo = socket.getaddrinfo


def _loopback(host: Any, *arguments: Any, **options: Any) -> Any:
    if isinstance(host, str) and host.lower().endswith(".localhost"):
        host = "127.0.0.1"
    return _getaddrinfo(host, *arguments, **options)


socket.getaddrinfo = _loopback
