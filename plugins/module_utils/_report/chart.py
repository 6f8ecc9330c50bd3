# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Shares of a whole as a bar, with the same in words beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from .data import DISABLED, ENABLED, INHERIT, UNKNOWN
from .text import escape, number, share

STATES = (ENABLED, INHERIT, DISABLED)
EFFECTIVE = (ENABLED, UNKNOWN, DISABLED)

# A part that exists is seen, however small it is.
_LEAST = 0.8  # percent of the bar

# Told apart by pattern as well as by colour: for eyes that see few colours, and for printers without any. The fills
# that aren't plain are drawn with the colours of the page, which the style sheet sets.
PATTERNS = (
    '<svg class="defs" width="0" height="0" aria-hidden="true" focusable="false"><defs>'
    '<pattern id="p-inherit" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="7" height="7" class="c-inherit"/><rect width="2" height="7" class="c-stripe"/></pattern>'
    '<pattern id="p-unknown" width="8" height="8" patternUnits="userSpaceOnUse">'
    '<rect width="8" height="8" class="c-unknown"/><circle cx="4" cy="4" r="1.6" class="c-dot"/></pattern>'
    "</defs></svg>"
)


@dataclasses.dataclass(frozen=True)
class Part:
    name: str
    count: int


def parts_of(counts: Mapping[str, int], order: Sequence[str]) -> list[Part]:
    """The expected names first, zero or not; then whatever else was counted."""
    others = [name for name in counts if name not in order]
    return [Part(name, counts.get(name, 0)) for name in (*order, *others)]


def draw_bar(label: str, counts: Mapping[str, int], order: Sequence[str]) -> str:
    """One bar and its legend. ``label`` names it for those who don't see it."""
    parts = parts_of(counts, order)
    whole = sum(part.count for part in parts)
    words = ", ".join(f"{part.name} {number(part.count)}" for part in parts)
    legend = "".join(_legend(part, whole) for part in parts)
    picture = (
        f'<svg class="bar" width="100%" height="26" role="img" aria-label="{escape(f"{label}: {words}")}">'
        f'<rect width="100%" height="100%" class="c-empty"/>{_segments(parts, whole)}</svg>'
    )
    return f'<div class="share"><h3>{escape(label)}</h3>{picture}<ul class="legend">{legend}</ul></div>'


def _segments(parts: Sequence[Part], whole: int) -> str:
    shown = [part for part in parts if part.count]
    if not shown:
        return ""
    widths = [max(_LEAST, 100 * part.count / whole) for part in shown]
    scale = 100 / sum(widths)
    pieces, start = [], 0.0
    for part, width in zip(shown, widths, strict=True):
        paint = _paint(part.name)
        pieces.append(f'<rect x="{start:.3f}%" width="{width * scale:.3f}%" height="100%" {paint}/>')
        start += width * scale
    return "".join(pieces)


def _legend(part: Part, whole: int) -> str:
    swatch = (
        '<svg class="swatch" width="14" height="14" aria-hidden="true">'
        f'<rect width="14" height="14" {_paint(part.name)}/></svg>'
    )
    return (
        f'<li>{swatch}<span class="name">{escape(part.name)}</span> <b>{number(part.count)}</b> '
        f'<span class="pct">{escape(share(part.count, whole))}</span></li>'
    )


def _paint(name: str) -> str:
    kind = name if name in (ENABLED, DISABLED, INHERIT) else UNKNOWN
    return f'fill="url(#p-{kind})"' if kind in (INHERIT, UNKNOWN) else f'class="c-{kind}"'
