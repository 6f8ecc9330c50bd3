# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What the role ``smtp_auth`` works out between its tasks: groups of the three lists, the plan, the report.

Pure functions over plain data. Trouble comes back as data, in ``problems``, for a task of the role to show: the same
way on every ansible-core.

A *group* is ``{state, label, mailboxes}``; an *outcome* is what ``outcome_of`` keeps of a result for one group.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.m365ops.exchange_online.plugins.module_utils._mailbox_text import parse_text
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth._identity import (
    Entry,
    EntryError,
    parse_entries,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth._state import STATES
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_fingerprint import fingerprint_of

COUNTS = ("requested", "changed", "unchanged", "missing", "failed")
DEFAULT_SIZE = 500  # keeps the result of a task, arguments included, well under the 700,000 characters that AWX shows
# Codes of failures that say nothing about the mailboxes of other groups.
_OF_ITS_MAILBOXES = frozenset(
    (
        "not_found",
        "ambiguous",
        "duplicate",
        "max_changes",
        "blocked",
        "not_confirmed",
        "not_verified",
        "service_error",
        "several",
    )
)
# Codes of failures by which the module ends before it writes anything, if no mailbox changed.
_BEFORE_WRITING = frozenset(("not_found", "ambiguous", "duplicate", "max_changes", "blocked"))
_FIRST = 20  # mailboxes that a line of the report names before it only counts
# What the message of a failure holds at most: it is one event of AWX, with the same limit as a result.
MOST_PROBLEMS = 50
_MOST_CHARACTERS = 2000  # of one problem
_GONE = "It was there when the plan was made; it was deleted or renamed meanwhile."
# What Ansible puts where a secret was, and where a secret was all there was: a short one may be part of an address.
_MASK = "********"
_MASKED = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def variable_of(state: str) -> str:
    """The role's variable that lists the mailboxes of a state."""
    return f"smtp_auth_{state}"


# --- Before any request --------------------------------------------------------------------------------------------


def make_request(lists: Mapping[str, Any], group_size: Any, max_changes: Any) -> dict[str, Any]:
    """What is asked for, checked as far as it can be without asking the service.

    :param lists: The role's three lists by state, each a list or a text with one mailbox a line.
    :param group_size: The most mailboxes of a group.
    :param max_changes: The most mailboxes that may change, over all lists; ``None`` or an empty text for no limit.
    :returns: ``problems`` (sentences), ``groups``, which is empty if there are problems, and the two numbers as such:
        ``group_size``, ``max_changes`` (an integer or ``None``).
    """
    problems: list[str] = []
    size = _number("smtp_auth_group_size", group_size, 1, problems) or DEFAULT_SIZE
    limit = _number("smtp_auth_max_changes", max_changes, 0, problems)
    entries: dict[str, list[Entry]] = {}
    for state in STATES:
        try:
            entries[state] = parse_entries(_as_list(lists.get(state)))
        except EntryError as error:
            problems.extend(f"{variable_of(state)}: {problem}" for problem in error.problems)
        except TypeError as error:
            problems.append(f"{variable_of(state)} {error}")
    problems.extend(_in_two_lists(entries))
    names = {state: [entry.text for entry in listed] for state, listed in entries.items()}
    groups = [] if problems else cut(names, size)
    return {"problems": _limited(problems), "groups": groups, "group_size": size, "max_changes": limit}


def _number(variable: str, value: Any, least: int, problems: list[str]) -> int | None:
    """A whole number, as a number or as the text that a form sends; ``None`` if nothing was given."""
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    if text.isdecimal() and int(text) >= least:
        return int(text)
    problems.append(f"{variable} is {text}; a whole number from {least} on is needed")
    return None


def cut(names: Mapping[str, Sequence[str]], size: int) -> list[dict[str, Any]]:
    """The groups of each state's mailboxes, labelled such as ``enabled, 501 to 1,000 of 10,000``."""
    groups = []
    for state in STATES:
        mailboxes = names.get(state, ())
        for start in range(0, len(mailboxes), size):
            group = list(mailboxes[start : start + size])
            label = f"{state}, {start + 1:,} to {start + len(group):,} of {len(mailboxes):,}"
            groups.append({"state": state, "label": label, "mailboxes": group})
    return groups


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, str):
        return parse_text(value)
    if isinstance(value, (list, tuple)):
        return list(value)
    raise TypeError(f"is a {type(value).__name__}; a list of mailboxes is needed")


def _in_two_lists(entries: Mapping[str, Sequence[Entry]]) -> list[str]:
    problems = []
    first: dict[str, tuple[str, Entry]] = {}
    for state, listed in entries.items():
        for entry in listed:
            other_state, other = first.setdefault(entry.key, (state, entry))
            if other is not entry:
                problems.append(
                    f"{entry.text} is in two lists: entry {other.position} of {variable_of(other_state)} and entry "
                    f"{entry.position} of {variable_of(state)}; a mailbox has one state"
                )
    return problems


# --- After each group ----------------------------------------------------------------------------------------------


def outcome_of(result: Mapping[str, Any], group: Mapping[str, Any]) -> dict[str, Any]:
    """What the role keeps of the result of ``mailbox_smtp_auth`` for one group: small, always of the same shape.

    ``stop`` says that the groups after it have no hope either: nothing of it came through, for a reason that isn't in
    its own mailboxes.
    """
    tried = not result.get("skipped", False)
    message = str(result.get("msg") or "") if tried else ""
    counts = result.get("summary") or {}
    summary = {count: int(counts.get(count) or 0) for count in COUNTS}
    came_through = summary["changed"] + summary["unchanged"] + summary["missing"]
    if tried and not message and came_through != len(group["mailboxes"]):
        message = (
            "the module ended without a whole result; run mailbox_smtp_auth by itself on these mailboxes to see why"
        )
    code = (result.get("failure") or {}).get("code")
    rows = list(result.get("mailboxes") or ())
    names = _names_of(rows, group["mailboxes"])
    absent = _left(group["mailboxes"], names)
    unwritten = bool(message) and code in _BEFORE_WRITING and not summary["changed"]
    if unwritten:  # what the module calls unchanged may differ all the same: it didn't come to it
        summary["unchanged"] = sum(row.get("after") == group["state"] and not row.get("error") for row in rows)
    return {
        "state": group["state"],
        "label": group["label"],
        "size": len(group["mailboxes"]),
        "tried": tried,
        "message": message,
        "stop": bool(message) and not came_through and code not in _OF_ITS_MAILBOXES,
        "unwritten": unwritten,
        "rows": [_row_of(row, name) for row, name in zip(rows, names, strict=True)],
        "absent": absent if len(absent) == summary["missing"] else [],
        "summary": summary,
        "requests": int((result.get("requests") or {}).get("sent") or 0),
    }


def _names_of(rows: Sequence[Mapping[str, Any]], mailboxes: Sequence[str]) -> list[str]:
    """What the rows' mailboxes are called in the group: in a result, Ansible masks what looks like a secret.

    Rows keep the group's order, but some may be left out. A masked name that fits several mailboxes stays masked.
    """
    if len(rows) == len(mailboxes):
        return list(mailboxes)
    shown = [str(row.get("mailbox")) for row in rows]
    first = _aligned(shown, mailboxes)
    last = _aligned(shown[::-1], mailboxes[::-1])[::-1]
    return [name if name == other else seen for seen, name, other in zip(shown, first, last, strict=True)]


def _aligned(shown: Iterable[str], mailboxes: Sequence[str]) -> list[str]:
    """For each name, the first mailbox that it fits after the one before; the name itself if there is none."""
    names = []
    start = 0
    for name in shown:
        fits = (at for at in range(start, len(mailboxes)) if _may_be(name, mailboxes[at]))
        at = next(fits, -1)
        names.append(mailboxes[at] if at >= 0 else name)
        start = at + 1 if at >= 0 else start
    return names


def _may_be(shown: str, mailbox: str) -> bool:
    if shown in (mailbox, _MASKED):
        return True
    return _MASK in shown and re.fullmatch(".+".join(map(re.escape, shown.split(_MASK))), mailbox) is not None


def _is_masked(text: str) -> bool:
    return _MASK in text or text == _MASKED


def _left(mailboxes: Iterable[str], names: Iterable[str]) -> list[str]:
    """The mailboxes that aren't among the names."""
    taken = set(names)
    return [mailbox for mailbox in mailboxes if mailbox not in taken]


def _row_of(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    error = row.get("error") or {}
    return {
        "mailbox": name,
        "guid": row.get("guid") or "",
        "before": row.get("before") or "",
        "changed": bool(row.get("changed")),
        "error": str(error.get("message") or error.get("code") or ""),
    }


# --- The plan over all groups --------------------------------------------------------------------------------------


def settle(outcomes: Sequence[Mapping[str, Any]], size: int, max_changes: int | None) -> dict[str, Any]:
    """The plan of the whole role, from the outcomes of all groups in check mode.

    :param max_changes: The most mailboxes that may change, over all lists; ``None`` for no limit.
    :returns: ``problems`` (sentences); ``groups``: the mailboxes to change, cut anew, none if there are problems; and
        the plan's ``fingerprint``.
    """
    problems = [
        f"{outcome['label']}: {outcome['message'].removeprefix('Nothing was written: ')}"
        for outcome in outcomes
        if outcome["message"]
    ]
    problems.extend(_two_names(outcomes))
    problems.extend(_hidden_names(outcomes))
    names = {state: _changed(outcomes, state) for state in STATES}
    planned = sum(map(len, names.values()))
    if max_changes is not None and planned > max_changes:
        asked = sum(outcome["size"] for outcome in outcomes)
        first = _some([name for state in STATES for name in names[state]], 5)
        problems.append(
            f"{planned:,} of {asked:,} mailboxes would change, more than smtp_auth_max_changes={max_changes}: {first}. "
            "Look at them with --check --diff, and raise the limit if they are right"
        )
    groups = [] if problems else cut(names, size)
    return {"problems": _limited(problems), "groups": groups, "fingerprint": fingerprint_of(outcomes)}


def _changed(outcomes: Iterable[Mapping[str, Any]], state: str) -> list[str]:
    rows = (row for outcome in outcomes if outcome["state"] == state for row in outcome["rows"])
    return [row["mailbox"] for row in rows if row["changed"]]


def _two_names(outcomes: Iterable[Mapping[str, Any]]) -> list[str]:
    """Mailboxes that are listed twice under different names, in two lists or in two groups of one."""
    problems = []
    first: dict[str, tuple[str, str]] = {}
    for outcome in outcomes:
        for row in outcome["rows"]:
            name = (outcome["state"], row["mailbox"])
            if not row["guid"] or _is_masked(row["guid"]) or first.setdefault(row["guid"], name) == name:
                continue
            other_state, other = first[row["guid"]]
            problems.append(
                f"{other} in {variable_of(other_state)} and {row['mailbox']} in {variable_of(outcome['state'])} are "
                f"the same mailbox ({row['guid']}); list it once"
            )
    return problems


def _hidden_names(outcomes: Iterable[Mapping[str, Any]]) -> list[str]:
    """Mailboxes to change of which it can't be told which entries they are."""
    return [
        f"{outcome['label']}: Ansible hides part of {row['mailbox']}, since it is the same as a secret of the "
        "connection, and more than one entry fits the rest. Take those that don't exist from the list"
        for outcome in outcomes
        for row in outcome["rows"]
        if row["changed"] and _is_masked(row["mailbox"])
    ]


# --- The report ----------------------------------------------------------------------------------------------------


def make_report(
    planned: Sequence[Mapping[str, Any]], applied: Sequence[Mapping[str, Any]], check_mode: bool
) -> dict[str, Any]:
    """What the role says at its end.

    :param planned: The outcomes of all groups in check mode.
    :param applied: The outcomes of the groups that were written; empty in check mode.
    :returns: ``lines`` for people; ``statistics``, small and without secrets, for the next job; ``problems``, empty if
        all went well.
    """
    by_state = {state: _counts(state, planned, applied, check_mode) for state in STATES}
    shown = planned if check_mode else applied
    lines = [line for state in STATES for line in _lines_of(state, by_state[state], shown, check_mode)]
    failed = [name for outcome in applied for name, _reason in _failed(outcome)]
    return {
        "lines": lines or ["No mailbox was given: nothing to do."],
        "statistics": {
            "check_mode": check_mode,
            "changed": sum(counts["changed"] for counts in by_state.values()),
            "failed": sum(counts["failed"] for counts in by_state.values()),
            "not_tried": sum(counts["not_tried"] for counts in by_state.values()),
            "lists": by_state,
            "failed_mailboxes": failed[:100],
            "requests": sum(outcome["requests"] for outcome in (*planned, *applied)),
        },
        "problems": _limited(_failures(applied)),
    }


def _counts(
    state: str, planned: Iterable[Mapping[str, Any]], applied: Iterable[Mapping[str, Any]], check_mode: bool
) -> dict[str, int]:
    plan = [outcome for outcome in planned if outcome["state"] == state]
    writes = [outcome for outcome in applied if outcome["state"] == state]
    done = [*plan, *writes]
    not_tried = sum(outcome["size"] - sum(outcome["summary"][count] for count in COUNTS[1:]) for outcome in writes)
    return {
        "requested": sum(outcome["size"] for outcome in plan),
        "changed": sum(outcome["summary"]["changed"] for outcome in (plan if check_mode else writes)),
        "unchanged": sum(outcome["summary"]["unchanged"] for outcome in done),
        "missing": sum(outcome["summary"]["missing"] for outcome in plan),
        # What the plan found and isn't there any more has failed, whatever is asked for mailboxes that never were.
        "failed": sum(outcome["summary"]["failed"] for outcome in done)
        + sum(outcome["summary"]["missing"] for outcome in writes),
        "not_tried": max(not_tried, 0),
    }


def _lines_of(
    state: str, counts: Mapping[str, int], outcomes: Sequence[Mapping[str, Any]], check_mode: bool
) -> list[str]:
    if not counts["requested"]:
        return []
    verb = "would change" if check_mode else "changed"
    parts = [f"{counts['requested']:,} asked", f"{counts['changed']:,} {verb}", f"{counts['unchanged']:,} already so"]
    troubles = [count for count in ("missing", "failed", "not_tried") if counts[count]]
    parts += [f"{counts[count]:,} {count.replace('_', ' ')}" for count in troubles]
    lines = [f"{state}: {', '.join(parts)}"]
    changed = [
        f"{row['mailbox']} (was {row['before']})"
        for outcome in outcomes
        if outcome["state"] == state
        for row in outcome["rows"]
        if row["changed"] and not row["error"]
    ]
    if changed:
        lines.append(f"  {verb}: {_some(changed, _FIRST)}")
    return lines


def _failed(outcome: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The mailboxes that failed in a group that was written, as far as they are known by name, and why."""
    failed = [(row["mailbox"], row["error"]) for row in outcome["rows"] if row["error"]]
    return failed + [(name, _GONE) for name in outcome["absent"]]


def _failures(applied: Iterable[Mapping[str, Any]]) -> list[str]:
    """One sentence for each mailbox that failed, and for each group that failed as a whole."""
    problems = []
    for outcome in applied:
        failed = [f"{name}: {reason}" for name, reason in _failed(outcome)]
        if outcome["message"] and (outcome["unwritten"] or not failed):
            problems.append(f"{outcome['label']}: {outcome['message']}")
        problems.extend(failed)
        missing = outcome["summary"]["missing"]
        unnamed = min(missing, missing + outcome["summary"]["failed"] - len(failed))
        if unnamed > 0:
            problems.append(f"{outcome['label']}: {unnamed:,} not found. {_GONE}")
    return problems


def _limited(problems: Sequence[str]) -> list[str]:
    """The first problems, each cut to what can be read, and how many more there are."""
    shown = [
        problem if len(problem) <= _MOST_CHARACTERS else f"{problem[:_MOST_CHARACTERS]} ..."
        for problem in problems[:MOST_PROBLEMS]
    ]
    rest = len(problems) - len(shown)
    return [*shown, f"and {rest:,} more"] if rest else shown


def _some(names: Sequence[str], most: int) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown
