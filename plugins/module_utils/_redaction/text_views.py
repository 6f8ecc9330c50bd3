# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""A text as it reads once its escapes are undone, level by level, and without its white space and zeros; each character
knows where in the text it comes from.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

_LEVELS = 4  # an escape of an escape of an escape
_ESCAPE = re.compile(
    r"%(?P<percent>[0-9A-Fa-f]{2})"
    r"|\\(?:u(?P<unicode>[0-9A-Fa-f]{4})|x(?P<byte>[0-9A-Fa-f]{2})|(?P<octal>[0-3][0-7]{2})|(?P<char>[nrt\"'/\\]))"
    r"|&(?:\#(?P<decimal>[0-9]{1,7})|\#[xX](?P<hex>[0-9A-Fa-f]{1,6})|(?P<name>amp|lt|gt|quot|apos|nbsp));"
)
_CHARS = {"n": "\n", "r": "\r", "t": "\t"}
_NAMES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": " "}
_BASES = {"percent": 16, "unicode": 16, "byte": 16, "octal": 8, "decimal": 10, "hex": 16}


def _meaning(match: re.Match[str]) -> str:
    kind = str(match.lastgroup)
    value = match.group(kind)
    if kind == "char":
        return _CHARS.get(value, value)
    if kind == "name":
        return _NAMES[value]
    number = int(value, _BASES[kind])
    return chr(number) if number <= 0x10FFFF else "\ufffd"


@dataclasses.dataclass(frozen=True)
class View:
    """``starts`` and ``ends``: for each character, the place in the original text of what it stands for; None where
    the text is the original itself.
    """

    text: str
    starts: list[int] | None = None
    ends: list[int] | None = None
    squeezed: bool = False

    def source(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original that the characters from ``start`` up to ``end`` come from."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]

    @staticmethod
    def texts_of(text: str) -> Iterator[str]:
        """The texts of all views, without where they come from."""
        for _level in range(_LEVELS):
            yield text
            if any(space in text for space in " \t\r\n\0"):
                yield "".join(text.replace("\0", "").split())
            plain = _ESCAPE.sub(_meaning, text)
            if plain == text:
                return
            text = plain

    def undone(self) -> View:
        """With one level of escapes undone."""
        characters: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        place = 0
        for match in _ESCAPE.finditer(self.text):
            self._copy(place, match.start(), characters, starts, ends)
            start, end = self.source(*match.span())
            characters.append(_meaning(match))
            starts.append(start)
            ends.append(end)
            place = match.end()
        self._copy(place, len(self.text), characters, starts, ends)
        return View("".join(characters), starts, ends)

    def without_space(self) -> View:
        kept = [place for place, character in enumerate(self.text) if not _is_space(character)]
        spans = [self.source(place, place + 1) for place in kept]
        return View(
            "".join(self.text[place] for place in kept),
            [start for start, _end in spans],
            [end for _start, end in spans],
            squeezed=True,
        )

    def _copy(self, start: int, end: int, characters: list[str], starts: list[int], ends: list[int]) -> None:
        characters.extend(self.text[start:end])
        starts.extend(range(start, end) if self.starts is None else self.starts[start:end])
        ends.extend(range(start + 1, end + 1) if self.ends is None else self.ends[start:end])


def _is_space(character: str) -> bool:
    """Zeros stand between the letters of a text in UTF-16."""
    return character.isspace() or character == "\0"


def views_of(text: str) -> Iterator[View]:
    view = View(text)
    for _level in range(_LEVELS):
        yield view
        if any(map(_is_space, view.text)):
            yield view.without_space()
        if not _ESCAPE.search(view.text):
            return
        view = view.undone()
