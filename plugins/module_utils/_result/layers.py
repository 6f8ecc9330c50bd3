# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The shapes in which layers, effective states and findings reach the user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .._smtp_auth.effective import Effective, Layer
    from .._smtp_auth.findings import Findings, Names


def layer_result(layer: Layer) -> dict[str, str]:
    return {
        "layer": layer.name,
        "state": layer.state,
        "basic": layer.basic,
        "oauth": layer.oauth,
        "reason": "; for OAuth: ".join(filter(None, (layer.reason, layer.reason_oauth))),
        "permission": layer.permission,
    }


class EffectiveResults:
    """Makes the result of an effective state once, however many mailboxes share it."""

    def __init__(self) -> None:
        self._made: dict[int, dict[str, Any]] = {}

    def of(self, effective: Effective) -> dict[str, Any]:
        made = self._made.get(id(effective))
        if made is None:
            made = self._made[id(effective)] = {
                "basic": effective.basic,
                "oauth": effective.oauth,
                "decided_by": effective.decided_by,
                "reason": effective.reason,
                "basic_at_risk": effective.basic_at_risk,
                "layers": [layer_result(layer) for layer in effective.layers],
            }
        return made


def findings_result(findings: Findings) -> dict[str, Any]:
    return {
        "enabled": _names(findings.enabled),
        "blocked": _by_layer(findings.blocked),
        "unknown": _by_layer(findings.unknown),
        "basic_at_risk": _names(findings.basic_at_risk),
        "basic_unknown": _names(findings.basic_unknown),
    }


def effective_summary(findings: Findings) -> dict[str, Any]:
    return {
        "effective": {"basic": dict(findings.basic), "oauth": dict(findings.oauth)},
        "basic_at_risk": findings.basic_at_risk.count,
        "basic_unknown": findings.basic_unknown.count,
    }


def _by_layer(found: Mapping[str, Names]) -> list[dict[str, Any]]:
    return [{"layer": layer, **_names(names)} for layer, names in found.items()]


def _names(names: Names) -> dict[str, Any]:
    return {"count": names.count, "mailboxes": list(names.mailboxes)}
