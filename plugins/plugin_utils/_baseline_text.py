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
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.baseline import KEYS
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox_text import COLUMNS, mailbox_in
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.table_text import (
    MailboxTextError,
    Table,
    key_of,
    read_table,
    stripped,
)
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._yaml_text import (
    Decrypt,
    YamlTextError,
    read_json,
    read_yaml,
)

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
_MAILBOX = frozenset(map(key_of, (*COLUMNS, "SenderAddress", "Username")))


class BaselineTextError(ValueError):
    """The text can't be read as a baseline; the message says where."""


def parse_baseline(text: str, name: str, decrypt: Decrypt | None = None) -> dict[str, Any]:
    """The options of a baseline that a file holds.

    :param name: the file's name; its ending tells what is in it.
    :param decrypt: for values behind a ``!vault`` tag.
    :raises BaselineTextError: neither, or broken.
    """
    lower = name.casefold()
    if lower.endswith(".json"):
        return _options(read_json, text, decrypt)
    if lower.endswith(YAML_ENDINGS):
        return parse_yaml(text, decrypt)
    if lower.endswith(".csv"):
        return {"exceptions": parse_csv(text)}
    raise BaselineTextError(f"its name has to end with .csv or one of {', '.join(YAML_ENDINGS)}")


def parse_yaml(text: str, decrypt: Decrypt | None = None) -> dict[str, Any]:
    """A mapping of ``OPTIONS``, or a list, which is that of the exceptions. Dates become texts.

    :raises BaselineTextError: broken YAML, a key twice, or neither a mapping nor a list.
    """
    return _options(read_yaml, text, decrypt)


def _options(read: Callable[[str, Decrypt | None], Any], text: str, decrypt: Decrypt | None) -> dict[str, Any]:
    try:
        content = plain(read(text, decrypt))
    except YamlTextError as error:
        raise BaselineTextError(str(error)) from error
    if isinstance(content, list):
        return {"exceptions": content}
    if isinstance(content, dict):
        return content
    raise BaselineTextError("it holds neither a mapping nor a list of exceptions")


def parse_csv(text: str) -> list[dict[str, str]]:
    """The exceptions of a table with a header. Empty cells are left out.

    :raises BaselineTextError: no header, an unknown column or one that is there twice, a row without a mailbox, or
        broken quotes.
    """
    try:
        table = read_table(text, _worth)
        if table is None:
            raise BaselineTextError(f"line 1 isn't a header with the columns {', '.join(KEYS)}")
        return list(_exceptions(table))
    except MailboxTextError as error:
        raise BaselineTextError(str(error)) from error


def _worth(header: Sequence[str]) -> int:
    """Known columns count most: with the wrong delimiter there are none."""
    if len(header) < 2:
        return 0
    return 1 + len(header) + 1000 * sum(key_of(name) in _MAILBOX or key_of(name) in KEYS for name in header)


def plain(value: Any) -> Any:
    """The value with dates as texts, and nothing but plain types."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    return value


def _exceptions(table: Table) -> Iterator[dict[str, str]]:
    names = [_column(name, table.line) for name in table.header]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or "mailbox" not in names:
        wrong = f"the column {twice[0]} twice" if twice else "no column mailbox"
        raise BaselineTextError(f"line {table.line} is the header, and has {wrong}")
    column = names.index("mailbox")
    for line, row in table.rows:
        cells = {name: stripped(cell) for name, cell in zip(names, row, strict=False) if stripped(cell)}
        yield {**cells, "mailbox": mailbox_in(table, line, row, column)}


def _column(name: str, line: int) -> str:
    key = key_of(name)
    if key in _MAILBOX:
        return "mailbox"
    if key in KEYS:
        return key
    raise BaselineTextError(f"line {line} has the unknown column {name.strip()[:60]!r}: known are {', '.join(KEYS)}")
