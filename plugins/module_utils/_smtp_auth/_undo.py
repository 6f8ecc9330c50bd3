# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What a journal tells to put back: of each mailbox, its state before the first line, unless it changed since the last.

A journal may hold several runs, runs that were cut short, lines whose outcome isn't known, and a last line that was
torn. Whatever else doesn't look like a line of a journal refuses the whole: it may be another file.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ._identity import fold, is_guid
from ._state import DISABLED, ENABLED, STATES

_WRITTEN = "written"
_OUTCOMES = (_WRITTEN, "unknown")
_KEYS = ("time", "tenant", "mailbox", "guid", "before", "after", "outcome")
_ORGANIZATION = "organization"
_SHOWN = 10


class UndoError(ValueError):
    """The journal can't be put back as it stands."""


@dataclasses.dataclass(frozen=True)
class Line:
    """One line. ``guid`` is empty for a change of the organization's setting. ``sure``: the service took it."""

    tenant: str
    guid: str
    mailbox: str
    before: str
    after: str
    sure: bool


@dataclasses.dataclass(frozen=True)
class Change:
    """All that a journal says of one mailbox, or of the organization's setting where ``guid`` is empty.

    ``before``: what it was at first. ``left_at``: what the runs may have left it at, more than one where a line's
    outcome isn't known; anything else is a later change by somebody else.
    """

    guid: str
    mailbox: str
    before: str
    left_at: tuple[str, ...]

    def may_restore(self, now: str) -> bool:
        return now == self.before or now in self.left_at


@dataclasses.dataclass(frozen=True)
class Undo:
    """``torn``: the numbers of lines that were cut short; what they tell of can't be put back."""

    mailboxes: tuple[Change, ...]
    organization: Change | None
    torn: tuple[int, ...]
    tenants: tuple[str, ...]


def read_journal(text: str) -> Undo:
    """
    :raises UndoError: there are lines that no journal has, or none that one has.
    """
    lines: list[Line] = []
    torn: list[int] = []
    problems: list[str] = []
    for number, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        try:
            lines.append(_line(json.loads(content)))
        except json.JSONDecodeError:
            if content.startswith("{") and _is_cut_short(content):
                torn.append(number)
            else:
                problems.append(f"line {number} is no JSON object")
        except UndoError as error:
            problems.append(f"line {number} {error}")
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise UndoError(f"it isn't a journal, or it was changed: {'; '.join(problems[:_SHOWN])}{more}")
    if not lines:
        raise UndoError("there is no whole line of a journal in it")
    organization = [line for line in lines if not line.guid]
    return Undo(
        mailboxes=tuple(_changes(line for line in lines if line.guid)),
        organization=_change(organization) if organization else None,
        torn=tuple(torn),
        tenants=tuple(dict.fromkeys(fold(line.tenant) for line in lines)),
    )


def check_tenant(undo: Undo, tenant: str) -> None:
    """
    :raises UndoError: the journal has changes of another tenant.
    """
    others = [name for name in undo.tenants if name != fold(tenant)]
    if others:
        raise UndoError(
            f"it holds changes of the tenant {', '.join(others[:3])}, and the connection is to {fold(tenant)}"
        )


def _changes(lines: Iterable[Line]) -> list[Change]:
    """By mailbox, in the order in which the mailboxes first come."""
    of_mailbox: dict[str, list[Line]] = {}
    for line in lines:
        of_mailbox.setdefault(fold(line.guid), []).append(line)
    return [_change(found) for found in of_mailbox.values()]


def _change(lines: Sequence[Line]) -> Change:
    left_at: list[str] = []
    for line in reversed(lines):
        left_at.append(line.after)
        if line.sure:
            break
        left_at.append(line.before)  # the service may not have taken it
    return Change(lines[0].guid, lines[-1].mailbox, lines[0].before, tuple(dict.fromkeys(left_at)))


def _is_cut_short(content: str) -> bool:
    """Whether a line can be the beginning of one of a journal: they all begin with the time."""
    start = '{"time": "'
    return content.startswith(start) or start.startswith(content)


def _line(value: Any) -> Line:
    """
    :raises UndoError: the end of a sentence that says what is wrong.
    """
    if not isinstance(value, Mapping):
        raise UndoError("is no JSON object")
    is_organization = value.get("object") == _ORGANIZATION
    needed = [key for key in _KEYS if not (is_organization and key in ("mailbox", "guid"))]
    lacking = [key for key in needed if not isinstance(value.get(key), str)]
    if lacking:
        raise UndoError(f"has no {', '.join(lacking)}")
    states = (ENABLED, DISABLED) if is_organization else STATES
    for key in ("before", "after"):
        if value[key] not in states:
            raise UndoError(f"has {value[key][:40]!r} as {key}, which is none of {', '.join(states)}")
    if value["outcome"] not in _OUTCOMES:
        raise UndoError(f"has {value['outcome'][:40]!r} as outcome, which is none of {', '.join(_OUTCOMES)}")
    for key in ("tenant",) if is_organization else ("tenant", "guid"):
        if not is_guid(value[key]):
            raise UndoError(f"has {value[key][:60]!r} as {key}, which is no GUID")
    return Line(
        value["tenant"],
        "" if is_organization else value["guid"],
        _ORGANIZATION if is_organization else value["mailbox"],
        value["before"],
        value["after"],
        value["outcome"] == _WRITTEN,
    )
