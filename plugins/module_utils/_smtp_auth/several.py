# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Many of something in a sentence: the first of them, and how many more there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def first_of(
    things: Sequence[T], most: int, tell: Callable[[T], str] = str, *, between: str = ", ", count: int | None = None
) -> str:
    """
    :param tell: what is said of one.
    :param count: how many there are, where not all of them are given.
    """
    texts = [tell(thing) for thing in things[:most]]
    rest = more(max(len(things), count or 0) - len(texts))
    return f"{between.join(texts)}{' ' if between == ', ' else between}{rest}" if rest else between.join(texts)


def more(rest: int) -> str:
    """What stands for those that aren't named; empty if all are."""
    return f"and {rest:,} more" if rest > 0 else ""
