# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The little of OData's $filter that is used: comparisons of a property with a value, `and`, `or`, brackets, `in`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<mark>[(),])|(?P<word>[^\s(),']+))")
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "ge": lambda a, b: a is not None and a >= b,
    "gt": lambda a, b: a is not None and a > b,
    "le": lambda a, b: a is not None and a <= b,
    "lt": lambda a, b: a is not None and a < b,
}
Item = dict[str, Any]
Test = Callable[[Item], bool]


class FilterError(Exception):
    """The filter isn't understood; the text says where."""


def matches(items: list[Item], text: str | None) -> list[Item]:
    """The items that a filter lets through; all of them without a filter."""
    if text is None:
        return list(items)
    parser = _Parser(text)
    test = parser.whole()
    return [item for item in items if test(item)]


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        position = 0
        text = text.rstrip()
        while position < len(text):
            found = TOKEN.match(text, position)
            if found is None:
                raise FilterError(f"at position {position}")
            self._tokens.append(found.group().strip())
            position = found.end()

    def whole(self) -> Test:
        """The test of the whole text."""
        test = self._alternatives()
        if self._tokens:
            raise FilterError(f"unexpected {self._tokens[0]!r}")
        return test

    def _take(self, *expected: str) -> str:
        token = self._tokens.pop(0) if self._tokens else ""
        if not token or (expected and token not in expected):
            raise FilterError(f"{token!r} where {' or '.join(expected) or 'more'} was expected")
        return token

    def _next_is(self, token: str) -> bool:
        return bool(self._tokens) and self._tokens[0] == token

    def _alternatives(self) -> Test:
        tests = [self._conjunction()]
        while self._next_is("or"):
            self._take()
            tests.append(self._conjunction())
        return lambda item: any(test(item) for test in tests)

    def _conjunction(self) -> Test:
        tests = [self._one()]
        while self._next_is("and"):
            self._take()
            tests.append(self._one())
        return lambda item: all(test(item) for test in tests)

    def _one(self) -> Test:
        if self._next_is("("):
            self._take()
            test = self._alternatives()
            self._take(")")
            return test
        path, operator = self._take(), self._take("in", *COMPARE)
        if operator == "in":
            values = self._values()
            return lambda item: _get(item, path) in values
        compare, value = COMPARE[operator], self._value()
        return lambda item: compare(_get(item, path), value)

    def _values(self) -> list[Any]:
        self._take("(")
        values = [self._value()]
        while self._take(",", ")") == ",":
            values.append(self._value())
        return values

    def _value(self) -> Any:
        token = self._take()
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[token]
        return int(token) if token.lstrip("-").isdigit() else token


def _get(item: Item, path: str) -> Any:
    value: Any = item
    for name in path.split("/"):
        if not isinstance(value, dict) or name not in value:
            raise FilterError(f"no property {path}")
        value = value[name]
    return value
