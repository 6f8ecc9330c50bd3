# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Text of unknown origin, made harmless for people and for browsers."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone

# Control characters, what turns the direction of writing or can't be seen, and halves of surrogate pairs, which no
# file can hold. Joiners stay: scripts and emoji need them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)

# Not strftime's, which follow the locale of the machine.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def visible(text: str) -> str:
    """``text`` with each character that deceives the eye shown by its number, like ``⟨U+202E⟩``."""
    return _UNSEEN.sub(lambda found: f"\u27e8U+{ord(found[0]):04X}\u27e9", text)


def escape(text: object, most: int = 300) -> str:
    """For HTML, in text and in quoted attributes; no longer than ``most`` characters before escaping."""
    plain = " ".join(visible(str(text)).split())
    if len(plain) > most:
        plain = plain[: most - 1].rstrip() + "\u2026"
    return html.escape(plain, quote=True)


def number(value: int) -> str:
    return f"{value:,}"


def several(count: int, one: str, many: str) -> str:
    return f"{number(count)} {one if count == 1 else many}"


def share(part: int, whole: int) -> str:
    """A percentage in words that never says 0% of something, nor 100% of less than all."""
    if not whole or not part:
        return "0%"
    if part == whole:
        return "100%"
    percent = 100 * part / whole
    if percent < 0.1:
        return "< 0.1%"
    return "> 99.9%" if percent > 99.9 else f"{percent:.1f}%"


def moment(time: str) -> str:
    """``2026-11-24T01:04:00Z`` as ``24 November 2026, 01:04 UTC``; anything else as it is."""
    found = parse_time(time)
    return f"{found.day} {_MONTHS[found.month - 1]} {found:%Y, %H:%M} UTC" if found else time


def parse_time(time: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(re.sub(r"Z$", "+00:00", time))  # Python 3.10 knows no Z
    except ValueError:
        return None
    return found.astimezone(timezone.utc) if found.tzinfo else found.replace(tzinfo=timezone.utc)


def within(pieces: Iterable[str], most: int, size: int) -> Sequence[str]:
    """The first pieces, at most so many and no larger together than ``size`` bytes."""
    taken: list[str] = []
    for piece in pieces:
        size -= len(piece.encode())
        if size < 0 or len(taken) == most:
            break
        taken.append(piece)
    return taken
