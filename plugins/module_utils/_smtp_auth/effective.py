# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""From what each layer says to what a client will meet. One pure function, ``decide``.

A layer says of each kind of sign-in (Basic, OAuth) one of four things: it allows, it blocks, it isn't known, or it has
no say. One layer that blocks is enough; only where none blocks does one that isn't known make the answer unknown.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

# What a layer says of one kind of sign-in.
ALLOWS = "allows"
BLOCKS = "blocks"
UNKNOWN = "unknown"
NO_SAY = "no_say"
VERDICTS = (ALLOWS, BLOCKS, UNKNOWN, NO_SAY)

# The layers, in the order in which they are named where several block.
MAILBOX = "mailbox"
ORGANIZATION = "organization"
ACCOUNT = "account"
AUTHENTICATION_POLICY = "authentication_policy"
SECURITY_DEFAULTS = "security_defaults"
CONDITIONAL_ACCESS = "conditional_access"
BASIC_RETIREMENT = "basic_retirement"
LAYERS = (
    MAILBOX,
    ORGANIZATION,
    ACCOUNT,
    AUTHENTICATION_POLICY,
    SECURITY_DEFAULTS,
    CONDITIONAL_ACCESS,
    BASIC_RETIREMENT,
)

# The effective state.
ENABLED = "enabled"
DISABLED = "disabled"
EFFECTIVE_STATES = (ENABLED, DISABLED, UNKNOWN)

_MORE = {DISABLED: "Basic stays blocked", UNKNOWN: "Basic isn't certain"}


@dataclasses.dataclass(frozen=True)
class Layer:
    """What one layer is set to and what it says.

    ``reason``: a part of a sentence, without a full stop, that names the setting and what to do; empty where the layer
    is in nobody's way. ``permission``: what the app lacks to read the layer, empty if it isn't that. ``reason_oauth``:
    the same as ``reason`` for OAuth, where that is another.
    """

    name: str
    state: str
    basic: str
    oauth: str
    reason: str = ""
    permission: str = ""
    reason_oauth: str = ""


@dataclasses.dataclass(frozen=True)
class Effective:
    """What a client meets. ``decided_by``: the layer that decides, for Basic where the two kinds differ.

    ``basic_at_risk``: nothing but the retirement of Basic stands or may stand in the way of a sign-in with Basic.
    """

    basic: str
    oauth: str
    decided_by: str
    reason: str
    layers: tuple[Layer, ...]
    basic_at_risk: bool = False

    @property
    def switched_on(self) -> bool:
        """Whether the mailbox's own setting or the organization's lets the protocol be used at all."""
        return any(layer.name in (MAILBOX, ORGANIZATION) and layer.basic == ALLOWS for layer in self.layers)

    @property
    def blocking(self) -> tuple[Layer, ...]:
        return tuple(layer for layer in self.layers if BLOCKS in (layer.basic, layer.oauth))


def decide(layers: Sequence[Layer]) -> Effective:
    """The effective state under these layers, which are to be in the order of ``LAYERS``, mailbox and organization
    among them: one of these two always has a say.
    """
    basic, basic_by = _decide_kind([(layer, layer.basic) for layer in layers])
    oauth, oauth_by = _decide_kind([(layer, layer.oauth) for layer in layers])
    without_retirement, _by = _decide_kind([(layer, layer.basic) for layer in layers if layer.name != BASIC_RETIREMENT])
    retired = any(layer.name == BASIC_RETIREMENT and layer.basic == BLOCKS for layer in layers)
    return Effective(
        basic=basic,
        oauth=oauth,
        decided_by=basic_by[0].name if basic_by else "",
        reason=_reason(basic, basic_by, oauth, oauth_by),
        layers=tuple(layers),
        basic_at_risk=without_retirement == ENABLED and not retired,
    )


def _decide_kind(said: Sequence[tuple[Layer, str]]) -> tuple[str, list[Layer]]:
    """The effective state for one kind of sign-in, and the layers to which it is due, the deciding one first."""
    for verdict, state in ((BLOCKS, DISABLED), (UNKNOWN, UNKNOWN)):
        layers = [layer for layer, word in said if word == verdict]
        if layers:
            return state, layers
    return ENABLED, [layer for layer, word in said if word == ALLOWS]


def _reason(basic: str, basic_by: Sequence[Layer], oauth: str, oauth_by: Sequence[Layer]) -> str:
    """One sentence that says why, and what to do."""
    if basic == oauth == ENABLED:
        where = "the mailbox's own setting" if basic_by[0].name == MAILBOX else "the organization's setting"
        return f"Basic and OAuth can be used: SMTP AUTH is on by {where}, and no other layer blocks it."
    for_oauth = [layer.reason_oauth or layer.reason for layer in oauth_by]
    if basic == oauth:
        only_basic = [layer for layer in basic_by if layer not in oauth_by]
        more = f"; even then {_MORE[basic]}: {_joined(_reasons(only_basic))}" if only_basic else ""
        said = f"{_said('Basic and OAuth', 'are', oauth, for_oauth)}{more}."
    else:
        said = f"{_said('Basic', 'is', basic, _reasons(basic_by))}; {_said('OAuth', 'is', oauth, for_oauth)}."
    return said[0].upper() + said[1:]


def _said(kinds: str, verb: str, state: str, reasons: Sequence[str]) -> str:
    if state == ENABLED:
        return f"{kinds} can be used"
    word = f"{kinds} {verb} blocked" if state == DISABLED else f"whether {kinds} can be used isn't known"
    return f"{word}: {_joined(reasons)}"


def _reasons(layers: Sequence[Layer]) -> list[str]:
    return [layer.reason for layer in layers]


def _joined(reasons: Sequence[str]) -> str:
    return ", and ".join(reasons)
