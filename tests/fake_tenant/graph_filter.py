# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The little of OData's $filter that is used: comparisons of a property with a value, `and`, `or`, brackets, `in`.

Two kinds of resources: what lies in the directory (users) is compared whatever the case, knows no `ne` without advanced
queries, and takes at most fifteen alternatives; the logs have none of these limits.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
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
MOST_ALTERNATIVES = 15
LONGEST_VALUE = 120
Item = dict[str, Any]
Test = Callable[[Item], bool]


class FilterError(Exception):
    """The filter isn't understood; the text says where."""


class UnsupportedFilter(FilterError):
    """The filter is understood, and the directory doesn't do that."""


@dataclass
class Filter:
    """A filter, ready for use. values: when all that it asks is that one property has one of some values."""

    test: Test
    values: tuple[str, list[Any]] | None = None


def matches(items: list[Item], text: str | None) -> list[Item]:
    """The items that a filter lets through; all of them without a filter."""
    if text is None:
        return list(items)
    test = parse(text).test
    return [item for item in items if test(item)]


def parse(text: str, *, in_directory: bool = False) -> Filter:
    """Understand a filter; FilterError if it can't be, or isn't allowed."""
    parser = _Parser(text, in_directory)
    test = parser.whole()
    if in_directory and parser.widest > MOST_ALTERNATIVES:
        raise UnsupportedFilter(
            "Too many child clauses specified in search filter expression containing 'OR' operators: "
            f"{parser.widest}. Max allowed: {MOST_ALTERNATIVES}."
        )
    return Filter(test, parser.leaves[0] if len(parser.leaves) == 1 else None)


class _Parser:
    """widest: the most alternatives of one `or` or `in`. leaves: the comparisons with values that are listed."""

    def __init__(self, text: str, in_directory: bool) -> None:
        self._in_directory = in_directory
        self._width = 0
        self.widest = 0
        self.leaves: list[tuple[str, list[Any]] | None] = []
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
        width = self._width
        while self._next_is("or"):
            self._take()
            tests.append(self._conjunction())
            width += self._width
        self._width = width
        self.widest = max(self.widest, width)
        return lambda item: any(test(item) for test in tests)

    def _conjunction(self) -> Test:
        tests = [self._one()]
        while self._next_is("and"):
            self._take()
            tests.append(self._one())
            self._width = 1
        return lambda item: all(test(item) for test in tests)

    def _one(self) -> Test:
        if self._next_is("("):
            self._take()
            test = self._alternatives()
            self._take(")")
            return test
        path = self._take()
        if path.endswith("/any"):
            return self._any(path.removesuffix("/any"))
        operator = self._take("in", *COMPARE)
        values = self._values() if operator == "in" else [self._value()]
        if self._in_directory:
            self._check(path, operator, values[0])
        self._width = len(values)
        self.widest = max(self.widest, self._width)
        self.leaves.append((path, values) if operator in ("in", "eq") else None)
        if operator in ("in", "eq"):
            return lambda item: self._fold(_get(item, path)) in values
        compare, value = COMPARE[operator], values[0]
        return lambda item: compare(self._fold(_get(item, path)), value)

    def _any(self, path: str) -> Test:
        """``path/any(x: x eq 'value')``."""
        self._take("(")
        name = self._take()
        self._take(name.removesuffix(":") if name.endswith(":") else "x:")
        self._take("eq")
        value = self._value()
        self._take(")")
        self._width = 1
        self.leaves.append(None)
        return lambda item: value in (_get(item, path) or [])

    @staticmethod
    def _check(path: str, operator: str, value: Any) -> None:
        if operator == "ne":
            raise UnsupportedFilter(
                f"Unsupported or invalid query filter clause specified for property '{path}' of resource 'User'."
            )
        if operator == "eq" and isinstance(value, str) and len(value) > LONGEST_VALUE:
            raise UnsupportedFilter(f"The value of a filter clause is longer than {LONGEST_VALUE} characters.")

    def _fold(self, value: Any) -> Any:
        return value.lower() if self._in_directory and isinstance(value, str) else value

    def _values(self) -> list[Any]:
        self._take("(")
        values = [self._value()]
        while self._take(",", ")") == ",":
            values.append(self._value())
        return values

    def _value(self) -> Any:
        token = self._take()
        if token.startswith("'"):
            return self._fold(token[1:-1].replace("''", "'"))
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
