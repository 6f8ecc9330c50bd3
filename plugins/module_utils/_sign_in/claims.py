# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What an access token says of itself. It is read to explain and to check early, never to trust: only the service
validates it.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Claims:
    """The claims used here; empty where the token is opaque. ``expires`` in seconds since 1970, 0 if unknown."""

    readable: bool = False
    tenant: str = ""
    audience: str = ""
    app_id: str = ""
    object_id: str = ""
    expires: float = 0.0
    app_roles: tuple[str, ...] = ()
    directory_roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()  # of a token of a user: what the app may do in their name


@dataclasses.dataclass(frozen=True)
class Issued:
    """A token as it was had. ``lifetime``: the seconds from now that its issuer promised; 0 if that isn't known."""

    token: str = dataclasses.field(repr=False)
    lifetime: float = 0.0


def read_claims(token: str) -> Claims:
    """The claims of a JWT, or empty ones for anything else."""
    parts = token.split(".")
    if len(parts) != 3:
        return Claims()
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return Claims()
    if not isinstance(payload, Mapping):
        return Claims()
    return Claims(
        readable=True,
        tenant=_text(payload, "tid"),
        audience=_text(payload, "aud"),
        app_id=_text(payload, "appid") or _text(payload, "azp"),
        object_id=_text(payload, "oid"),
        expires=_seconds(payload, "exp"),
        app_roles=_texts(payload, "roles"),
        directory_roles=_texts(payload, "wids"),
        scopes=tuple(_text(payload, "scp").split()),
    )


def _seconds(payload: Mapping[str, Any], key: str) -> float:
    """Seconds since 1970, up to the year 9999; 0 for anything else."""
    value = payload.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0.0
    return float(value) if 0 < value < 253402300800 else 0.0


def _text(payload: Mapping[str, Any], key: str) -> str:
    value = payload.get(key)
    return value if isinstance(value, str) else ""


def _texts(payload: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = payload.get(key)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
