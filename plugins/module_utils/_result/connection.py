# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The shape in which it reaches the user what an app can see and do: the same on success and on failure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .._smtp_auth.abilities import ABILITIES, CMDLETS, NO, UNKNOWN, YES, Finding
from .._smtp_auth.roles import directory_role_names

if TYPE_CHECKING:
    from .._tenant.abilities import Look, SignedIn

_NOT_SEEN = "The task failed before it was seen."


def connection_result(look: Look, options: Mapping[str, Any]) -> dict[str, Any]:
    """``options``: what the user says of tenant and app counts where no token tells it."""
    exchange, graph = look.exchange.claims, look.graph.claims
    return {
        "changed": False,
        "tenant": exchange.tenant or graph.tenant or options.get("tenant_id") or "",
        "app": {
            "client_id": exchange.app_id or graph.app_id or options.get("client_id") or "",
            "method": look.method,
            "credential_ends": _moment(look.ends),
            "reason": look.endless,
        },
        "exchange": {**_service(look.exchange), "cmdlets": _cmdlets(look.cmdlets)},
        "graph": _service(look.graph),
        **_abilities(look.abilities),
    }


def empty_connection_result(options: Mapping[str, Any]) -> dict[str, Any]:
    """The same shape where nothing could be found out."""
    nothing = Finding(UNKNOWN, _NOT_SEEN)
    service = {"signed_in": False, "roles": [], "directory_roles": [], "reason": _NOT_SEEN}
    return {
        "changed": False,
        "tenant": options.get("tenant_id") or "",
        "app": {
            "client_id": options.get("client_id") or "",
            "method": options.get("auth_method") or "auto",
            "credential_ends": None,
            "reason": _NOT_SEEN,
        },
        "exchange": {**service, "cmdlets": _cmdlets(dict.fromkeys(CMDLETS, nothing))},
        "graph": dict(service),
        **_abilities({ability.name: nothing for ability in ABILITIES}),
    }


def _service(signed_in: SignedIn) -> dict[str, Any]:
    return {
        "signed_in": signed_in.ok,
        "roles": sorted(signed_in.claims.app_roles),
        "directory_roles": directory_role_names(signed_in.claims.directory_roles),
        "reason": signed_in.reason,
    }


def _cmdlets(found: Mapping[str, Finding]) -> list[dict[str, str]]:
    return [{"name": cmdlet, "allowed": found[cmdlet].allowed} for cmdlet in CMDLETS]


def _abilities(found: Mapping[str, Finding]) -> dict[str, Any]:
    rows = [
        {
            "name": ability.name,
            "allowed": found[ability.name].allowed,
            "needs": ability.needs,
            "how": found[ability.name].how,
        }
        for ability in ABILITIES
    ]
    counts = {allowed: sum(row["allowed"] == allowed for row in rows) for allowed in (YES, NO, UNKNOWN)}
    return {"abilities": rows, "summary": counts}


def _moment(when: datetime | None) -> str | None:
    return when.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") if when else None
