# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What a person declares, in whichever form: exceptions with owner and reason, and plain lists of names for a state.

Checked as a whole without asking anybody: every problem is told at once, by its place.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from .baseline import BaselineError, DeclaredException, parse_exceptions
from .identity import EntryError, parse_entries


@dataclasses.dataclass(frozen=True)
class PlainList:
    """Names that shall have one state. ``place``: what people call the list, such as ``enabled``."""

    state: str
    place: str
    names: Sequence[Any]


def declare(
    exceptions: Sequence[Any], lists: Iterable[PlainList] = (), *, require_owner: bool = False
) -> list[DeclaredException]:
    """All that is declared: first the exceptions, then the lists, each in its order, with positions of their own.

    :raises BaselineError: naming the place of everything that is wrong, and both places of a name that is in two.
    """
    problems: list[str] = []
    declared: list[DeclaredException] = []
    try:
        declared += parse_exceptions(exceptions, require_owner=require_owner)
    except BaselineError as error:
        problems += error.problems
    start = len(exceptions)
    for plain in lists:
        if plain.names and require_owner:
            problems.append(f"{plain.place} names mailboxes without owner and reason, and require_owner is set")
        try:
            declared += _named(plain, start)
        except EntryError as error:
            problems += [f"{plain.place}: {problem}" for problem in error.problems]
        start += len(plain.names)
    problems += _in_two_places(declared)
    if problems:
        raise BaselineError(problems)
    return declared


def _named(plain: PlainList, start: int) -> list[DeclaredException]:
    """
    :raises EntryError: names that can't be used, or are there twice.
    """
    return [
        DeclaredException(
            dataclasses.replace(entry, position=start + entry.position),
            plain.state,
            listed=plain.place,
            number=entry.position,
        )
        for entry in parse_entries(plain.names)
    ]


def _in_two_places(declared: Iterable[DeclaredException]) -> list[str]:
    problems = []
    first: dict[str, DeclaredException] = {}
    for one in declared:
        other = first.setdefault(one.entry.key, one)
        if other is not one:
            problems.append(f"{one.entry.text} is declared twice, as {other.place} and as {one.place}: declare it once")
    return problems
