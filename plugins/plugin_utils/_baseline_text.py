# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Baselines as people keep them: YAML (or JSON) with the options of a baseline or only its exceptions, or CSV with an
exception a row.

What the exceptions say is not judged here; the module that takes them tells all that is wrong with them at once.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from ansible_collections.m365ops.exchange_online.plugins.module_utils._mailbox_text import (
    COLUMNS,
    MailboxTextError,
    rows_of,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth._baseline import KEYS

OPTIONS = (
    "exceptions",
    "everyone_else",
    "organization",
    "max_changes",
    "missing",
    "require_owner",
    "refuse_if_used_within_days",
)
YAML_ENDINGS = (".yml", ".yaml", ".json")
_DELIMITERS = ",;\t"
_MAILBOX = frozenset(re.sub(r"[\s_-]", "", name).casefold() for name in COLUMNS)


class BaselineTextError(ValueError):
    """The text can't be read as a baseline; the message says where."""


def parse_baseline(text: str, name: str) -> dict[str, Any]:
    """The options of a baseline that a file holds.

    :param name: the file's name; its ending tells what is in it.
    :raises BaselineTextError: neither, or broken.
    """
    lower = name.casefold()
    if lower.endswith(YAML_ENDINGS):
        return parse_yaml(text)
    if lower.endswith(".csv"):
        return {"exceptions": parse_csv(text)}
    raise BaselineTextError(f"its name has to end with .csv or one of {', '.join(YAML_ENDINGS)}")


def parse_yaml(text: str) -> dict[str, Any]:
    """A mapping of ``OPTIONS``, or a list, which is that of the exceptions. Dates become texts.

    :raises BaselineTextError: broken YAML, a key twice, or neither a mapping nor a list.
    """
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 a SafeLoader
    except yaml.YAMLError as error:
        raise BaselineTextError(f"broken YAML: {_where(error)}") from error
    content = plain(content)
    if isinstance(content, list):
        return {"exceptions": content}
    if isinstance(content, dict):
        return content
    raise BaselineTextError("it holds neither a mapping nor a list of exceptions")


def parse_csv(text: str) -> list[dict[str, str]]:
    """The exceptions of a table with a header. Empty cells are left out.

    :raises BaselineTextError: no header, an unknown column or one that is there twice, or broken quotes.
    """
    text = text.lstrip("\ufeff")
    try:
        for delimiter in _DELIMITERS:
            rows = list(rows_of(text, delimiter))
            if rows and len(rows[0][1]) > 1:
                return list(_exceptions(rows))
    except MailboxTextError as error:
        raise BaselineTextError(str(error)) from error
    raise BaselineTextError(f"line 1 is no header with the columns {', '.join(KEYS)}")


def plain(value: Any) -> Any:
    """The value with dates as texts, and nothing but plain types."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    return value


def _exceptions(rows: Sequence[tuple[int, list[str]]]) -> Iterator[dict[str, str]]:
    line, header = rows[0]
    names = [_column(name, line) for name in header]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or "mailbox" not in names:
        wrong = f"the column {twice[0]} twice" if twice else "no column mailbox"
        raise BaselineTextError(f"line {line} is the header, and has {wrong}")
    for number, row in rows[1:]:
        if any(cell.strip() for cell in row[len(names) :]):
            raise BaselineTextError(f"line {number} has more cells than the header")
        yield {name: cell.strip() for name, cell in zip(names, row, strict=False) if cell.strip()}


def _column(name: str, line: int) -> str:
    key = re.sub(r"[\s_-]", "", name).casefold()
    if key in _MAILBOX:
        return "mailbox"
    if key in KEYS:
        return key
    raise BaselineTextError(f"line {line} has the unknown column {name.strip()[:60]!r}: known are {', '.join(KEYS)}")


class _Loader(yaml.SafeLoader):
    """Refuses a key that is there twice: the first would be lost without a word, exceptions and all."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _value in node.value:
            key = key_node.value
            if key in seen and key != "<<":
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {str(key)[:60]!r} is there twice", key_node.start_mark
                )
            seen.add(key)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    return f"line {mark.line + 1}, {problem}" if mark else str(problem)
