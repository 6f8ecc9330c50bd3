# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""A baseline: the exceptions, each with its owner, reason and last day, and what everyone else is.

Checked as a whole without asking anybody: every problem is told at once, by the exception's position and mailbox.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .identity import Entry, entry_of, kind_of, problem_of
from .state import STATES

UNMANAGED = "unmanaged"
KEYS = ("mailbox", "state", "owner", "reason", "expires")
SOON = 30  # days before its end from which an exception counts as expiring

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_DATE_WANTED = "a date such as 2027-03-31 is needed"


class BaselineError(ValueError):
    """A baseline that can't be used. ``problems`` has one sentence for each thing that is wrong with it."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


@dataclasses.dataclass(frozen=True)
class DeclaredException:
    """One mailbox that isn't like everyone else. ``expires``: its last day; None for no end.

    ``listed``: where a name without owner and reason comes from, such as ``enabled_file``, and ``number`` its place
    there.
    """

    entry: Entry
    state: str
    owner: str = ""
    reason: str = ""
    expires: datetime.date | None = None
    listed: str = ""
    number: int = 0

    @property
    def place(self) -> str:
        """Where it was declared, in words."""
        return f"entry {self.number} of {self.listed}" if self.listed else f"exception {self.entry.position}"

    def days_left(self, today: datetime.date) -> int | None:
        """0 on its last day, negative after it, None without an end."""
        return None if self.expires is None else (self.expires - today).days


@dataclasses.dataclass(frozen=True)
class Baseline:
    """What is declared, as it stands on one day. ``expiring`` are some of ``active``."""

    active: tuple[DeclaredException, ...]
    expiring: tuple[DeclaredException, ...]
    expired: tuple[DeclaredException, ...]
    everyone_else: str = UNMANAGED


def stand(exceptions: Sequence[DeclaredException], everyone_else: str, today: datetime.date) -> Baseline:
    """The baseline as it stands today. An exception holds through its last day."""
    active, expiring, expired = [], [], []
    for exception in exceptions:
        left = exception.days_left(today)
        if left is not None and left < 0:
            expired.append(exception)
            continue
        active.append(exception)
        if left is not None and left <= SOON:
            expiring.append(exception)
    return Baseline(tuple(active), tuple(expiring), tuple(expired), everyone_else)


def parse_exceptions(values: Sequence[Any], *, require_owner: bool) -> list[DeclaredException]:
    """The exceptions of a list of mappings with ``KEYS``, in its order.

    :param require_owner: each needs an owner and a reason.
    :raises BaselineError: naming the position, and the mailbox where there is one, of everything that is wrong.
    """
    exceptions: list[DeclaredException] = []
    problems: list[str] = []
    first_at: dict[str, int] = {}
    for position, value in enumerate(values, start=1):
        if not isinstance(value, Mapping):
            problems.append(f"exception {position} isn't a mapping with the keys {', '.join(KEYS)}")
            continue
        found = _problems_of(value, require_owner=require_owner)
        mailbox = value.get("mailbox")
        if not problem_of(mailbox):
            entry = entry_of(position, str(mailbox))
            first = first_at.setdefault(entry.key, position)
            if first != position:
                found.append(f"is the same mailbox as exception {first}: list each mailbox once")
            if not found:
                exceptions.append(_exception(entry, value))
        name = f"exception {position}{_shown(mailbox)}"
        problems.extend(f"{name} {problem}" for problem in found)
    if problems:
        raise BaselineError(problems)
    return exceptions


def _shown(mailbox: Any) -> str:
    if not isinstance(mailbox, str) or not mailbox.strip():
        return ""
    return f" ({mailbox[:80] if mailbox.isprintable() else ascii(mailbox[:60])})"


def _exception(entry: Entry, value: Mapping[str, Any]) -> DeclaredException:
    owner, reason = (_text(value.get(key)) or "" for key in ("owner", "reason"))
    return DeclaredException(entry, value["state"], owner, reason, _date(value.get("expires")))


def _problems_of(value: Mapping[str, Any], *, require_owner: bool) -> list[str]:
    """What is wrong with one exception, each as the end of a sentence."""
    problems = [
        f"has the unknown key {str(key)[:60]!r}: known are {', '.join(KEYS)}" for key in value if key not in KEYS
    ]
    if "mailbox" not in value:
        problems.append("has no mailbox: write an address, an alias or a GUID")
    elif problem_of(value["mailbox"]):
        problems.append(f"can't be used: its mailbox {problem_of(value['mailbox'])}")
    state = value.get("state")
    if state not in STATES:
        said = "has no state" if state in (None, "") else f"has the state {str(state)[:60]!r}"
        problems.append(f"{said}: it has to be one of {', '.join(STATES)}")
    for key in ("owner", "reason"):
        text = _text(value.get(key))
        if text is None:
            problems.append(f"has a {kind_of(value[key])} as {key}: a text is needed, so put it in quotes")
        elif any("\ud800" <= character <= "\udfff" for character in text):
            problems.append(f"has half a character (a lone surrogate) in its {key}: type it again")
        elif require_owner and not text:
            problems.append(f"has no {key}, and require_owner is set")
    try:
        _date(value.get("expires"))
    except ValueError as error:
        problems.append(str(error))
    return problems


def _text(value: Any) -> str | None:
    """A text without white space around it; a whole number, such as that of a ticket, as text; None for anything else:
    of 1.10 there would only be 1.1 left.
    """
    if value is None:
        return ""
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return str(value).strip()
    return None


def _date(value: Any) -> datetime.date | None:
    """
    :raises ValueError: the value isn't a date; the end of a sentence that says so.
    """
    if value is None or value == "":
        return None
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value
    text = str(value).strip()
    if not _DATE.match(text):
        raise ValueError(f"expires on {text[:60]!r}, which isn't a date: {_DATE_WANTED}")
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"expires on {text}, which isn't a day of the calendar: {_DATE_WANTED}") from error
