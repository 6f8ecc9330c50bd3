# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The shape in which a probe reaches the user: the same whatever was met, and where nothing was tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._smtp_auth.smtp_answers import enhanced_code
from .layers import EffectiveResults

if TYPE_CHECKING:
    from .._smtp_auth.effective import Effective
    from .._submission.client import TlsFacts
    from .._tenant.probe import Probe


def probe_result(probe: Probe, tls: TlsFacts | None = None) -> dict[str, Any]:
    met = probe.met
    enhanced, text = enhanced_code(met.text) if met else ("", "")
    said = f"{text} ({met.challenge})".strip() if met and met.challenge else text
    return {
        "changed": False,
        "result": probe.judgement.result,
        "code": met.code if met else 0,
        "enhanced_code": enhanced,
        "text": said,
        "layer": probe.judgement.layer,
        "reason": probe.judgement.reason,
        "tried": probe.tried,
        "seconds": round(probe.seconds, 1),
        "tls": {
            "version": tls.version if tls else "",
            "cipher": tls.cipher if tls else "",
            "subject": tls.subject if tls else "",
            "issuer": tls.issuer if tls else "",
            "ends": tls.ends if tls else "",
        },
    }


def comparison_result(effective: Effective | None, *, disagrees: bool) -> dict[str, Any]:
    """``effective``: None if it couldn't be read."""
    return {"effective": EffectiveResults().of(effective) if effective else None, "disagrees": disagrees}
