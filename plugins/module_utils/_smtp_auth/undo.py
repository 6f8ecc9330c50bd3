# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What a journal tells to put back: of each mailbox, its state before the first line, unless it changed since the last.

A journal may hold several runs, runs that were killed, lines whose outcome isn't known, and a last line that was torn.
Whatever else doesn't look like a line of a journal refuses the whole: it may be another file.

A change that was to be made and of which no outcome is told may have been made or not: the mailbox is looked at.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .identity import EMPTY_GUID, MAX_LENGTH, fold, is_guid
from .journal_words import INTENT, KEYS, NOT_WRITTEN, ORGANIZATION, OUTCOMES, WRITTEN
from .several import first_of
from .state import DISABLED, ENABLED, STATES

_SHOWN = 10
_LONGEST = 8192  # characters of a line: several times what any has
_SURROGATE = re.compile("[\ud800-\udfff]")


class UndoError(ValueError):
    """The journal can't be put back as it stands."""


@dataclasses.dataclass(frozen=True)
class Line:
    """One line. ``guid`` is empty for a change of the organization's setting."""

    time: str
    tenant: str
    guid: str
    mailbox: str
    before: str
    after: str
    outcome: str


@dataclasses.dataclass
class _Try:
    """One attempt to make a change, from its line of intent to its outcome. ``outcome``: ``INTENT`` while none came."""

    line: Line
    outcome: str


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
    """``torn``: the numbers of lines that were cut short; what only they tell of can't be put back.
    ``open_since``: when the last change was begun of which no outcome is told; None if there is none.
    """

    mailboxes: tuple[Change, ...]
    organization: Change | None
    torn: tuple[int, ...]
    tenants: tuple[str, ...]
    open_since: datetime.datetime | None = None
    unfinished: int = 0  # changes of which no outcome is told


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
            lines.append(_line(_parsed(content)))
        except _TornError:
            torn.append(number)
        except UndoError as error:
            problems.append(f"line {number} {error}")
    if problems:
        raise UndoError(f"it isn't a journal, or it was changed: {first_of(problems, _SHOWN, between='; ')}")
    if not lines:
        raise UndoError("there is no whole line of a journal in it")
    tries = _tries(lines)
    changes = [change for made in tries.values() if (change := _change(made))]
    unfinished = [made.line.time for many in tries.values() for made in many if made.outcome == INTENT]
    return Undo(
        mailboxes=tuple(change for change in changes if change.guid),
        organization=next((change for change in changes if not change.guid), None),
        torn=tuple(torn),
        tenants=tuple(dict.fromkeys(fold(line.tenant) for line in lines)),
        open_since=max(filter(None, map(_moment, unfinished)), default=None),
        unfinished=len(unfinished),
    )


class _TornError(Exception):
    """A line that was cut short."""


def _parsed(content: str) -> Any:
    """
    :raises _TornError: the beginning of a line of a journal. UndoError: neither that nor JSON.
    """
    if len(content) > _LONGEST:
        raise UndoError(f"is {len(content)} characters long")
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        if content.startswith("{") and _is_cut_short(content):
            raise _TornError from error
        raise UndoError("isn't a JSON object") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, or brackets in brackets
        raise UndoError("isn't a JSON object") from error


def check_tenant(undo: Undo, tenant: str) -> None:
    """
    :raises UndoError: the journal has changes of another tenant.
    """
    others = [name for name in undo.tenants if name != fold(tenant)]
    if others:
        raise UndoError(
            f"it holds changes of the tenant {', '.join(others[:3])}, and the connection is to {fold(tenant)}"
        )


def _tries(lines: Iterable[Line]) -> dict[str, list[_Try]]:
    """By mailbox, in the order in which the mailboxes first come. An outcome belongs to the latest intent of the same
    change that has none; one without an intent stands for itself.
    """
    tries: dict[str, list[_Try]] = {}
    for line in lines:
        of_mailbox = tries.setdefault(fold(line.guid), [])
        waiting = [one for one in of_mailbox if one.outcome == INTENT and _same(one.line, line)]
        if line.outcome != INTENT and waiting:
            waiting[-1].outcome = line.outcome
        else:
            of_mailbox.append(_Try(line, line.outcome))
    return tries


def _same(one: Line, other: Line) -> bool:
    return (fold(one.tenant), one.before, one.after) == (fold(other.tenant), other.before, other.after)


def _change(tries: Sequence[_Try]) -> Change | None:
    """What the tries come to; None if none of them can have changed anything."""
    made = [one for one in tries if one.outcome != NOT_WRITTEN]
    if not made:
        return None
    left_at: list[str] = []
    for one in reversed(made):
        left_at.append(one.line.after)
        if one.outcome == WRITTEN:
            break
        left_at.append(one.line.before)  # the service may not have taken it
    first, last = made[0].line, made[-1].line
    return Change(first.guid, last.mailbox, first.before, tuple(dict.fromkeys(left_at)))


def _moment(time: str) -> datetime.datetime | None:
    try:
        moment = datetime.datetime.fromisoformat(time.replace("Z", "+00:00"))
        return moment if moment.tzinfo else None
    except ValueError:
        return None


def _is_cut_short(content: str) -> bool:
    """Whether a line can be the beginning of one of a journal: they all begin with the time."""
    start = '{"time": "'
    return content.startswith(start) or start.startswith(content)


def _line(value: Any) -> Line:
    """
    :raises UndoError: the end of a sentence that says what is wrong.
    """
    if not isinstance(value, Mapping):
        raise UndoError("isn't a JSON object")
    is_organization = value.get("object") == ORGANIZATION
    needed = [key for key in KEYS if not (is_organization and key in ("mailbox", "guid"))]
    lacking = [key for key in needed if not isinstance(value.get(key), str)]
    if lacking:
        raise UndoError(f"has no {', '.join(lacking)}")
    states = (ENABLED, DISABLED) if is_organization else STATES
    for key in ("before", "after"):
        if value[key] not in states:
            raise UndoError(f"has {value[key][:40]!r} as {key}, which is none of {', '.join(states)}")
    if value["outcome"] not in OUTCOMES:
        raise UndoError(f"has {value['outcome'][:40]!r} as outcome, which is none of {', '.join(OUTCOMES)}")
    for key in ("tenant",) if is_organization else ("tenant", "guid"):
        if not is_guid(value[key]) or value[key] == EMPTY_GUID:
            raise UndoError(f"has {value[key][:60]!r} as {key}, which isn't a GUID")
    mailbox = ORGANIZATION if is_organization else _SURROGATE.sub("\ufffd", value["mailbox"])
    if len(mailbox) > MAX_LENGTH:
        raise UndoError(f"has a mailbox of {len(mailbox)} characters")
    return Line(
        value["time"],
        value["tenant"],
        "" if is_organization else value["guid"],
        mailbox,
        value["before"],
        value["after"],
        value["outcome"],
    )
