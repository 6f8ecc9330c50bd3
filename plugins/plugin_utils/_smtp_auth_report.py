# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What the role ``smtp_auth`` says of a run: the report of one tenant.

Pure functions over plain data. A result that isn't whole is a failure here, too: in every line and statistic.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.several import first_of, more
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_outcome import (
    TRUE,
    WRITING,
    is_whole,
    said,
    trouble_of,
)
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_refusal import refused

_FIRST = 20  # mailboxes that a line of the report names before it only counts
_MOST_NAMES = 100  # that statistics hold
_MOST_JOINED = 3  # lines that are shown as one
_STATES = ("enabled", "disabled", "inherit")
_NOT_TRIED = "not_tried"


def report_tenant(result: Any, context: Mapping[str, Any]) -> dict[str, Any]:
    """What the role says of the result of ``smtp_auth_baseline`` or ``smtp_auth_restore``.

    :param context: ``problems``, for which the module wasn't run; ``idle``, whether there was nothing to do; else
        ``check_mode``; ``host``, the tenant's; ``journal``, the path that was to be written; ``names``, the
        variables of the module's options; ``by_lists``, whether lists were asked for; ``fail_on_drift``.
    :returns: ``lines`` for people, and ``told``, the same as it is shown: of a single mailbox as one sentence;
        ``statistics``, small and without secrets, for the next job; ``problem``, a sentence if it failed, otherwise
        empty; ``drifted``, whether anything would change; ``why``, the problem, or that it has drifted if that is to
        fail; ``alone``, whether that says it all; ``plan``, its fingerprint.
    """
    check_mode, host, names = bool(context["check_mode"]), str(context["host"]), context["names"]
    if context.get("problems"):
        result, names = refused(context["problems"]), {}  # in the words of the variables already, and of a file's keys
    elif context.get("idle"):
        result = _idle()
    trouble = trouble_of(result, WRITING, names, check_mode=check_mode, journal=str(context.get("journal") or ""))
    whole = is_whole(result, WRITING)
    told = _Told(result if whole else {}, check_mode, trouble)
    lines = _shown(told, context, trouble, whole)
    return {
        "lines": lines,
        "told": _as_one(lines) if told.requested <= 1 else lines,
        "plan": "" if trouble["message"] or not whole else str(result.get("plan") or ""),
        "statistics": told.statistics(bool(context.get("by_lists"))),
        "problem": said(trouble, host),
        "drifted": bool(told.drift),
        "why": said(trouble, host) or _drifted(told.drift, context),
        "alone": bool(trouble["message"]) and not told.is_partial,
    }


def _idle() -> dict[str, Any]:
    """A run without anything to do has a plan all the same: a later one that finds something to do isn't what was
    looked at.
    """
    from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.whole_plan import Plan

    return {"summary": dict.fromkeys(WRITING, 0), "plan": Plan([], 0).fingerprint}


def _drifted(count: int, context: Mapping[str, Any]) -> str:
    if not count or str(context.get("fail_on_drift")).lower() not in TRUE:
        return ""
    return f"{context['host']} isn't as declared: {count} would change. A run without --check puts it right. (drifted)"


def _shown(told: _Told, context: Mapping[str, Any], trouble: Mapping[str, str], whole: bool) -> list[str]:
    if not whole or (trouble["message"] and not told.requested):
        return [f"failed: {trouble['message']}"]
    if context.get("idle"):
        return ["No mailbox was given: nothing to do."]
    return told.lines(bool(context.get("by_lists")))


def _as_one(lines: Sequence[str]) -> str | list[str]:
    """Few lines as one, which takes three fewer on a screen."""
    return "; ".join(line.strip() for line in lines) if len(lines) <= _MOST_JOINED else list(lines)


class _Told:
    """What a whole result tells; of one that isn't, nothing."""

    def __init__(self, result: Mapping[str, Any], check_mode: bool, trouble: Mapping[str, str]) -> None:
        self._result = result
        self._check_mode = check_mode
        self._trouble = trouble
        summary = self._summary = {**dict.fromkeys((*WRITING, "planned"), 0), **(result.get("summary") or {})}
        self._changed = self._rows(lambda row: "error" not in row and row.get("changed"), summary["changed"])
        self._failed = self._rows(lambda row: "error" in row, summary["failed"] + summary["missing"])
        self._planned = self._rows(lambda row: row.get("planned"), summary["planned"])
        organization = result.get("organization") or {}
        self._organization = {key: organization.get(key) for key in ("before", "after", "changed")}
        self._switch_planned = bool(organization.get("planned"))
        self._switch_wanted = organization.get("wanted")

    def _rows(self, is_meant: Callable[[Mapping[str, Any]], Any], count: int) -> list[Mapping[str, Any]]:
        """The first, as many as are named anywhere. To look at all costs more than the rest, from ansible-core 2.19 on.

        :param count: how many there are.
        """
        rows = self._result.get("mailboxes") or ()
        return list(itertools.islice(filter(is_meant, rows), min(int(count), _MOST_NAMES)))

    @property
    def requested(self) -> int:
        return int(self._summary["requested"])

    @property
    def is_partial(self) -> bool:
        """Whether more is to be told of a failure than why: something was done, or would have been."""
        summary = self._summary
        return bool(summary["changed"] or self._organization["changed"]) or summary["planned"] > 1 or self.requested > 1

    @property
    def drift(self) -> int:
        """How many would change: in a check, or by a plan that was refused."""
        if self._summary["planned"] or self._switch_planned:
            return int(self._summary["planned"]) + int(self._switch_planned)
        if not self._check_mode:
            return 0
        return int(self._summary["changed"]) + int(bool(self._organization["changed"]))

    def statistics(self, by_lists: bool) -> dict[str, Any]:
        result, lists = self._result, self._lists() if by_lists else {}
        not_tried = sum(fates[_NOT_TRIED] for fates in lists.values())
        blocked = result.get("preflight") or {}
        return {
            "check_mode": self._check_mode,
            **{key: int(self._summary[key]) for key in WRITING},
            "failed": int(self._summary["failed"]) - not_tried,
            _NOT_TRIED: not_tried,
            "drifted": self.drift,
            "blocked": int(blocked.get("blocked") or 0),
            **{key: len(result.get(key) or ()) for key in ("expired", "expiring", "left_alone", "changed_since")},
            "organization": self._organization,
            "changed_mailboxes": [row["mailbox"] for row in self._planned or self._changed],
            "failed_mailboxes": [row["mailbox"] for row in self._failed],
            **({"lists": lists} if by_lists else {}),
            "requests": int((result.get("requests") or {}).get("sent") or 0),
            "journal": str(result.get("journal") or ""),
            "report": str((result.get("report") or {}).get("html") or ""),
            "failure": self._trouble["code"],
            "message": self._trouble["message"],
        }

    def _lists(self) -> dict[str, dict[str, int]]:
        given = self._result.get("lists") or {}
        keys = ("requested", "changed", "unchanged", "missing", "failed", _NOT_TRIED)
        counts = {state: {key: int((given.get(state) or {}).get(key) or 0) for key in keys} for state in _STATES}
        for fates in counts.values():
            fates["failed"] -= fates[_NOT_TRIED]
        return counts

    def lines(self, by_lists: bool) -> list[str]:
        verb = "would change" if self._check_mode else "changed"
        lines = self._by_list(verb) if by_lists else []
        lines = lines or [self._in_all(verb)]
        if self._changed:
            steps = _named(self._changed, lambda row: _step(row, row["after"]), int(self._summary["changed"]))
            lines.append(f"  {verb}: {steps}")
        if self._planned:
            count = int(self._summary["planned"])
            steps = _named(self._planned, lambda row: _step(row, row.get("wanted")), count)
            lines.append(f"  refused, would change {count:,}: {steps}")
        lines += self._switch(verb)
        lines += _blocked(self._result.get("preflight") or {}, self._check_mode or bool(self._planned))
        for key, words in (("expired", "expired exceptions"), ("expiring", "exceptions that end soon")):
            ends = _named(self._result.get(key) or (), lambda item: f"{item['mailbox']} ({item['expires']})")
            lines += [f"{words}: {ends}"] if ends else []
        for key, words in (
            ("left_alone", "the service's own, left alone"),
            ("changed_since", "changed since, left alone"),
        ):
            others = _named(self._result.get(key) or (), lambda item: str(item["mailbox"]))
            lines += [f"{words}: {others}"] if others else []
        report = (self._result.get("report") or {}).get("html")
        lines += [f"report: {report}"] if report else []
        plan = self._result.get("plan") if self._check_mode and not self._trouble["message"] else ""
        lines += [f"plan: {plan} (smtp_auth_expected_plan holds a run to it)"] if plan else []
        journal = self._result.get("journal")
        return [*lines, f"journal: {journal}"] if journal else lines

    def _in_all(self, verb: str) -> str:
        summary = self._summary
        counts = ", ".join(f"{summary[key]:,} {key}" for key in ("unchanged", "missing", "failed"))
        return f"mailboxes: {summary['requested']:,}; {summary['changed']:,} {verb}, {counts}"

    def _by_list(self, verb: str) -> list[str]:
        lines = []
        for state, counts in self._lists().items():
            if counts["requested"]:
                parts = [
                    f"{counts['requested']:,} asked",
                    f"{counts['changed']:,} {verb}",
                    f"{counts['unchanged']:,} already right",
                ]
                troubles = [key for key in ("missing", "failed", _NOT_TRIED) if counts[key]]
                parts += [f"{counts[key]:,} {key.replace('_', ' ')}" for key in troubles]
                lines.append(f"{state}: {', '.join(parts)}")
        return lines

    def _switch(self, verb: str) -> list[str]:
        if not self._organization["before"]:
            return []
        to = f", {verb} to {self._organization['after']}" if self._organization["changed"] else ""
        if self._switch_planned:
            to = f", refused, would change to {self._switch_wanted}"
        return [f"organization: {self._organization['before']}{to}"]


def _step(row: Mapping[str, Any], after: Any) -> str:
    return f"{row['mailbox']} ({row['before']} to {after})"


def _blocked(preflight: Mapping[str, Any], planned: bool) -> list[str]:
    """Who can't send all the same, and what to do."""
    count = int(preflight.get("blocked") or 0)
    if not count:
        return []
    named = [f"{row['mailbox']}: {row['reason']}" for row in (preflight.get("mailboxes") or ())[:_FIRST]]
    rest = more(count - len(named))
    head = "to be enabled, but would still be blocked" if planned else "enabled, but still blocked"
    return [f"{head}: {count:,}", *(f"  {line}" for line in (*named, rest) if line)]


def _named(
    rows: Sequence[Mapping[str, Any]], tell: Callable[[Mapping[str, Any]], str], count: int | None = None
) -> str:
    return first_of(rows, _FIRST, tell, count=count)
