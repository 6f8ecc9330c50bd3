# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What a user may write to name a mailbox: UPN, SMTP address, alias or GUID.

Checked without asking anybody, because a blank identity lists the whole tenant and a wildcard matches more than one
mailbox.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

ADDRESS = "address"
ALIAS = "alias"
GUID = "guid"

MAX_LENGTH = 320  # RFC 3696, erratum 1690: 64 for the local part, 255 for the domain

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)
_PLAIN = re.compile(r"[!-~]+\Z")
_LIKE_A_GUID = re.compile(r"[{(]?[0-9a-f]{4,}(-[0-9a-f]+){3,}[})]?\Z|[0-9a-f]{32}\Z", re.IGNORECASE)
_DOMAIN = re.compile(r"(?!-)[^\s@.]+(\.[^\s@.]+)+\Z")
_NEVER = frozenset('*?"<>()[]\\,;:')  # wildcards, prefixes, display-name forms
_KINDS: tuple[tuple[Any, str], ...] = (
    (bool, "boolean"),  # before int, which it is too
    ((int, float), "number"),
    (datetime.date, "date"),
    (Mapping, "mapping"),
    ((list, tuple, set, frozenset), "list"),
)
_QUOTES = frozenset("'\"\u2018\u2019\u201a\u201c\u201d\u201e")
_WRAPPING = frozenset("'\"<>")
EMPTY_GUID = "00000000-0000-0000-0000-000000000000"


@dataclasses.dataclass(frozen=True, slots=True)  # sixty thousand of these are held at once
class Entry:
    """One mailbox as the user named it. ``position`` counts from 1; ``key`` is what is compared, without case."""

    position: int
    text: str
    kind: str
    key: str


class NotText(str):
    """A value that isn't a text in the form that Ansible makes a text of it. ``kind``: what it is."""

    kind: str

    def __new__(cls, value: Any) -> NotText:
        made = super().__new__(cls, value)
        made.kind = value.kind if isinstance(value, NotText) else kind_of(value)
        return made

    def __getnewargs__(self) -> tuple[Any]:  # a copy is one too
        return (str(self),)


class EntryError(ValueError):
    """One or more entries can't name a mailbox. ``problems`` has one sentence for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


def as_given(value: Any) -> Any:
    """A text as it is; anything else as a ``NotText``, which no conversion makes a name of."""
    return value if isinstance(value, str) else NotText(value)


def kind_of(value: Any) -> str:
    """What a value is, in the words of YAML."""
    for types, kind in _KINDS:
        if isinstance(value, types):
            return kind
    return f"value of type {type(value).__name__}"


def fold(text: str) -> str:
    """The form in which addresses, aliases and GUIDs are compared."""
    return text.casefold()


def is_guid(text: str) -> bool:
    return _GUID.match(text) is not None


def parse_entries(values: Iterable[Any]) -> list[Entry]:
    """The entries of a list, in its order.

    :raises EntryError: naming the position of every entry that is blank, null, malformed, or there twice.
    """
    entries: list[Entry] = []
    problems: list[str] = []
    first_at: dict[str, int] = {}
    for position, value in enumerate(values, start=1):
        problem = problem_of(value)
        if problem:
            problems.append(f"entry {position} {problem}")
            continue
        entry = entry_of(position, value)
        if entry.key in first_at:
            problems.append(
                f"entry {position} ({value}) is the same as entry {first_at[entry.key]}: name each mailbox once"
            )
            continue
        first_at[entry.key] = position
        entries.append(entry)
    if problems:
        raise EntryError(problems)
    return entries


def entry_of(position: int, text: str) -> Entry:
    """The entry of a text that has no problem."""
    return Entry(position, text, _kind_of(text), fold(text))


def _kind_of(text: str) -> str:
    if is_guid(text):
        return GUID
    return ADDRESS if "@" in text else ALIAS


def problem_of(value: Any) -> str:
    """What is wrong with a name, as the end of a sentence, or an empty text."""
    if value is None:
        return "is null: write an address, an alias or a GUID, or take the entry out"
    if not isinstance(value, str) or isinstance(value, NotText):
        return _problem_of_type(value)
    if not value.strip():
        return "is blank: write an address, an alias or a GUID, or take the entry out"
    return (
        _problem_of_characters(value)
        or _problem_of_guid(value)
        or (_problem_of_address(value) if "@" in value else _problem_of_alias(value))
    )


def _problem_of_type(value: Any) -> str:
    kind = value.kind if isinstance(value, NotText) else kind_of(value)
    if kind in ("list", "mapping"):
        return f"is a {kind}, not a text: write one address, alias or GUID an entry"
    return f"is a {kind}, not a text: put it in quotes (without them it was read as {str(value)[:60]})"


def _problem_of_characters(text: str) -> str:
    if (
        _PLAIN.match(text) and len(text) <= MAX_LENGTH and not _WRAPPING.intersection(text)
    ):  # nearly all, of tens of thousands
        return ""
    shown = ascii(text[:60])
    if "\n" in text or "\r" in text:
        return f"({shown}) holds a line break: give one mailbox an entry"
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"):
            return f"({shown}) holds the invisible character U+{ord(character):04X}: type the name again"
    if text[0] in _QUOTES or text[-1] in _QUOTES:
        return f"({shown}) stands in quotes: write the name without them"
    if "<" in text or ">" in text:
        return f"({shown}) is not an address: write only what is between < and >"
    if any(character.isspace() for character in text):
        return f"({shown}) holds white space: names of mailboxes have none"
    if len(text) > MAX_LENGTH:
        return f"({shown}...) is {len(text)} characters long; {MAX_LENGTH} is the most"
    return ""


def _problem_of_guid(text: str) -> str:
    if text == EMPTY_GUID:
        return f"({text}) is the empty GUID, which names no mailbox"
    if not is_guid(text) and "@" not in text and _LIKE_A_GUID.match(text):
        return f"({text}) is a malformed GUID: 8-4-4-4-12 hexadecimal digits, without braces, are needed"
    return ""


def _problem_of_address(text: str) -> str:
    local, _at, domain = text.rpartition("@")
    if not local or "@" in local or not _is_dot_text(local) or _NEVER.intersection(text):
        return f"({text}) is not an address: name@domain is needed, without prefix, brackets or wildcards"
    if not _DOMAIN.match(domain):
        return f"({text}) is not an address: the part after the @ is not a domain"
    return ""


def _problem_of_alias(text: str) -> str:
    if not _is_dot_text(text) or _NEVER.intersection(text):
        return f"({text}) is neither an address, an alias nor a GUID"
    return ""


def _is_dot_text(text: str) -> bool:
    """Dots only between other characters, as in the local part of an address."""
    return all(text.split("."))
