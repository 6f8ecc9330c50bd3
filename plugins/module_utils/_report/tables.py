# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The two tables of the page: the mailboxes that need attention, and the exceptions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .attention import (
    AT_RISK,
    BLOCKED,
    CHANGED,
    DRIFTED,
    FAILED,
    MAY_BE_AT_RISK,
    OWN,
    PLANNED,
    WOULD_BREAK,
    attention,
)
from .data import (
    ACTIVE,
    CHANGED_SINCE,
    DISABLED,
    ENABLED,
    EXPIRED,
    EXPIRING,
    MISSING,
    NEW,
    UNKNOWN,
    USED,
    ExceptionRow,
    Report,
    Row,
)
from .text import escape, several

_DOTS = {ENABLED: "on", DISABLED: "off", UNKNOWN: "maybe"}
_TONES = {
    FAILED: "is-bad",
    DRIFTED: "is-warn",
    CHANGED: "is-note",
    PLANNED: "is-note",
    WOULD_BREAK: "is-bad",
    BLOCKED: "is-warn",
    AT_RISK: "is-warn",
}
_STATUS_ORDER = (EXPIRED, MISSING, EXPIRING, ACTIVE)
_STATUS_TONES = {EXPIRED: "is-bad", MISSING: "is-bad", EXPIRING: "is-warn", ACTIVE: "is-good"}


def label(kind: str) -> str:
    """A reason for attention, in words."""
    words = {
        FAILED: "Failed",
        DRIFTED: "Drifted",
        CHANGED: "Changed",
        PLANNED: "Would change",
        BLOCKED: "Enabled, but blocked",
        OWN: "Enabled by its own setting",
        AT_RISK: "At risk",
        MAY_BE_AT_RISK: "May be at risk",
        WOULD_BREAK: "Would break",
        NEW: "New since",
        CHANGED_SINCE: "Changed since",
    }
    return words[kind]


class MailboxLines:
    """Lines of the table of mailboxes: which columns there are, and how each is filled."""

    def __init__(self, report: Report) -> None:
        self._effective = report.shows_effective
        self._accounts = report.shows_accounts
        self._evidence = report.evidence is not None

    @property
    def sorted_by(self) -> int:
        """The column by which they come sorted: that of attention."""
        return 2 + 2 * self._effective + self._accounts + self._evidence

    def head(self) -> str:
        columns = [("m", "Mailbox"), ("s", "Own setting")]
        if self._accounts:
            columns.append(("k", "Account"))
        if self._evidence:
            columns.append(("u", "Last used"))
        if self._effective:
            columns += [("b", "Basic"), ("o", "OAuth")]
        columns += [("a", "Attention"), ("r", "Why")]
        return _head(columns)

    def lines(self, rows: Sequence[Row]) -> Iterator[str]:
        return (self._line(row, place) for place, row in enumerate(rows))

    def _line(self, row: Row, place: int) -> str:
        more = (_account(row) if self._accounts else "") + (_use(row) if self._evidence else "")
        effective = ""
        if self._effective:
            basic = _effective("Basic", row.basic, row.planned_basic)
            effective = f"{basic}{_effective('OAuth', row.oauth, row.planned_oauth)}"
        return (
            f'<tr data-s="{escape(row.state)}" data-a="{" ".join(attention(row))}">{_name(row)}{_setting(row)}'
            f'{more}{effective}<td data-k="{place}">{self._tags(row)}</td>{_why(row)}</tr>\n'
        )

    def _tags(self, row: Row) -> str:
        kinds = attention(row)
        if len(kinds) > 1:  # that it is enabled stands beside it
            kinds = tuple(kind for kind in kinds if kind != OWN)
        return " ".join(f'<span class="tag {_TONES.get(kind, "")}">{self._tag(kind, row)}</span>' for kind in kinds)

    def _tag(self, kind: str, row: Row) -> str:
        if kind == OWN:
            return "Enabled"
        if kind == BLOCKED and row.basic != row.oauth:
            return "Basic blocked" if row.basic == DISABLED else "OAuth blocked"
        return "Blocked" if kind == BLOCKED else label(kind)


def exception_head() -> str:
    return _head([("m", "Mailbox"), ("s", "State"), ("w", "Owner"), ("r", "Reason"), ("e", "Ends"), ("d", "Status")])


def exception_lines(exceptions: Sequence[ExceptionRow]) -> Iterator[str]:
    """The most urgent first: over, unknown to the tenant, soon over, and then the rest."""
    return (_exception(row, place) for place, row in enumerate(sorted(exceptions, key=_exception_order)))


def days(left: int | None) -> str:
    if left is None:
        return ""
    if left == 0:
        return "last day today"
    return f"{several(left, 'day', 'days')} left" if left > 0 else f"{several(-left, 'day', 'days')} ago"


def _exception_order(row: ExceptionRow) -> tuple[int, float, str]:
    known = row.status in _STATUS_ORDER
    left = float("inf") if row.days_left is None else row.days_left
    return _STATUS_ORDER.index(row.status) if known else 0, left, row.mailbox.casefold()


def _exception(row: ExceptionRow, place: int) -> str:
    tone = _STATUS_TONES.get(row.status, "")
    small = f"<small>{escape(days(row.days_left))}</small>" if row.days_left is not None else ""
    ends = f'<time datetime="{escape(row.expires)}">{escape(row.expires)}</time>' if row.expires else "no end"
    return (
        f'<tr><th scope="row"><bdi>{escape(row.mailbox)}</bdi></th>'
        f'<td data-l="State">{_state(row.state)}</td>'
        f'<td data-l="Owner">{_said(row.owner, "no owner")}</td>'
        f'<td data-l="Reason">{_said(row.reason, "none given")}</td>'
        f'<td data-l="Ends" class="num" data-k="{escape(row.expires or "9999")}">{ends}</td>'
        f'<td data-l="Status" class="num" data-k="{place}">'
        f'<span class="tag {tone}">{escape(row.status)}</span>{small}</td></tr>\n'
    )


def _said(text: str, otherwise: str) -> str:
    return f"<bdi>{escape(text)}</bdi>" if text.strip() else f'<span class="none">{otherwise}</span>'


def _head(columns: Sequence[tuple[str, str]]) -> str:
    cells = "".join(f'<th scope="col" class="col-{name}">{words}</th>' for name, words in columns)
    return f"<thead><tr>{cells}</tr></thead>"


def _name(row: Row) -> str:
    others = []
    if row.display_name and row.display_name != row.mailbox:
        others.append(row.display_name)
    address = row.primary_smtp_address
    if address and address.casefold() != row.mailbox.casefold():
        others.append(address)
    small = "".join(f"<small><bdi>{escape(other, 120)}</bdi></small>" for other in others)
    return f'<th scope="row"><bdi>{escape(row.mailbox or row.guid, 120)}</bdi>{small}</th>'


def _setting(row: Row) -> str:
    if not row.changed or row.before == row.after:
        return f'<td data-l="Own setting">{_state(row.state)}{_would_be(row.state, row.planned or "")}</td>'
    was = escape(row.before or UNKNOWN)
    arrow = '<span aria-hidden="true">\u2192</span><span class="unseen">to</span>'
    was = f'<span class="was">{was} {arrow} </span>'
    return f'<td data-l="Own setting" data-k="{escape(row.state)}">{was}{_state(row.state)}</td>'


def _account(row: Row) -> str:
    small = [row.account, f"policy {row.policy}" if row.policy else ""]
    lines = "".join(f"<small><bdi>{escape(text, 80)}</bdi></small>" for text in small if text)
    return f'<td data-l="Account"><bdi>{escape(row.mailbox_type or "not known", 60)}</bdi>{lines}</td>'


def _use(row: Row) -> str:
    if row.used != USED:
        words = {"no_evidence": "no evidence", UNKNOWN: "unknown", "": "not read"}.get(row.used, row.used)
        return f'<td data-l="Last used" data-k="~"><span class="none">{escape(words)}</span></td>'
    when = escape(row.last_used[:10] or "day not told")
    small = [row.protocol if row.protocol != UNKNOWN else "", row.seen_in.replace("_", " ").replace(" file", ", file")]
    lines = "".join(f"<small>{escape(text, 80)}</small>" for text in small if text)
    return f'<td data-l="Last used" class="num" data-k="{when}">{when}{lines}</td>'


def _state(state: str) -> str:
    """Own decisions are bold; following the organization is the resting state."""
    return f"<b>{escape(state)}</b>" if state in (ENABLED, DISABLED) else escape(state)


def _would_be(now: str, planned: str) -> str:
    return f"<small>would be {escape(planned)}</small>" if planned and planned != now else ""


def _effective(title: str, value: str, planned: str) -> str:
    if not value:
        return f'<td data-l="{title}" data-k="~"><span class="none">not read</span></td>'
    dot = f'<span class="dot {_DOTS.get(value, "maybe")}"></span>'
    return f'<td data-l="{title}">{dot}{escape(value)}{_would_be(value, planned)}</td>'


def _why(row: Row) -> str:
    error = f'<span class="err"><bdi>{escape(row.error)}</bdi></span>' if row.error else ""
    reason = f"<bdi>{escape(row.reason)}</bdi>" if row.reason else ""
    layer = (
        f"<small>Decided by: <bdi>{escape(row.decided_by.replace('_', ' '))}</bdi></small>" if row.decided_by else ""
    )
    was = f"<small>Before: <bdi>{escape(row.was)}</bdi></small>" if row.was else ""
    text = "<br>".join(part for part in (error, reason) if part) + layer + was
    return f'<td data-l="Why">{text}</td>' if text else "<td></td>"
