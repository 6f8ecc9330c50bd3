# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The last look at what leaves the process: secrets and tokens are taken out, whoever put them there and in whatever
form: as they are, in UTF-16, escaped for a URL, JSON, HTML or Python, in base64 (once or twice), base32 or hexadecimal,
wrapped, or cut off.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from .secret_forms import needles_of
from .text_views import View, views_of

HIDDEN = "********"

# Three base64url parts, the first two being JSON objects: every token and assertion of this field.
_TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{4,}(\.[A-Za-z0-9_-]*)?")
_BEARER = re.compile(r"(?i)(?<=bearer\s)\s*([A-Za-z0-9._~+/=-]{16,})")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_LOGIN = re.compile(r"(?<=://)([^/\s@:]*:[^/\s]*)(?=@)")  # a password in an address
_PATTERNS = ((_TOKEN, 0), (_BEARER, 1), (_PRIVATE_KEY, 0), (_LOGIN, 1))
_TRIGGERS = ("eyJ", "PRIVATE KEY-----", "://")
_BEARER_WORD = re.compile("(?i)bearer")
_LONG = 200_000  # characters from which on a text is gone through line by line
_BATCH = 50  # items of a long list that are looked at together


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """``text`` without the given secrets, and without anything that looks like a token or a private key."""
    return Redactor(secrets).text(text)


class Redactor:
    """Knows the secrets of one task, and goes through a value once, however often parts of it come."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._needles = needles_of(secrets)
        self._done: dict[int, tuple[Any, Any]] = {}  # with the original, so that its id isn't given to another

    def text(self, text: str) -> str:
        if not text.isascii():
            text = _encodable(text)
        if not self._concerns(text):
            return text
        if len(text) > _LONG:
            return "".join(self.text(line) for line in text.splitlines(keepends=True))
        spans: set[tuple[int, int]] = set()
        for view in views_of(text):
            spans |= set(self._spans(view, frozenset(spans)))
        return _without(text, sorted(spans))

    def value(self, value: Any) -> Any:
        """A copy of ``value`` whose texts are redacted; the same object where there is nothing to hide."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, (dict, list, tuple)):
            if id(value) not in self._done:
                self._done[id(value)] = (value, self._container(value))
            return self._done[id(value)][1]
        return value

    def _container(self, value: dict[Any, Any] | list[Any] | tuple[Any, ...]) -> Any:
        if isinstance(value, dict):
            return {name: self.value(item) for name, item in value.items()}
        if len(value) <= _BATCH:
            return [self.value(item) for item in value]
        clean: list[Any] = []
        for place in range(0, len(value), _BATCH):
            batch = value[place : place + _BATCH]
            if self._concerns("\n\0".join(_texts_in(batch, set()))):
                clean += [self.value(item) for item in batch]
            else:
                clean += batch
        return clean

    def _concerns(self, text: str) -> bool:
        """Whether a closer look is due: quick, and right in every "no"."""
        return any(
            any(trigger in seen for trigger in _TRIGGERS)
            or _BEARER_WORD.search(seen) is not None
            or any(seed in seen for needle in self._needles for seed in needle.seeds)
            for seen in View.texts_of(text)
        )

    def _spans(self, view: View, known: frozenset[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """``known``: the spans found in other views. Without white space, words run into what is found: what is known
        isn't looked for there.
        """
        for pattern, group in _PATTERNS:
            if not view.squeezed:
                for match in pattern.finditer(view.text):
                    yield view.source(*match.span(group))
        for needle in self._needles:
            for seed, whole in needle.find(view.text):
                start, end = view.source(*seed)
                if not view.squeezed or not any(first <= start and end <= last for first, last in known):
                    yield view.source(*whole)


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    """Each span, or several that overlap, replaced by one mark."""
    parts, place = [], 0
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    for start, end in merged:
        parts += [text[place:start], HIDDEN]
        place = end
    return "".join([*parts, text[place:]])


def _encodable(text: str) -> str:
    """Without halves of characters, as JSON can carry them: nothing that writes UTF-8 takes them."""
    return text.encode("utf-8", "replace").decode()


def _texts_in(value: Any, seen: set[int]) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list, tuple)) and id(value) not in seen:
        seen.add(id(value))
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts_in(item, seen)
