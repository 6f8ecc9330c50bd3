# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The part of the page that tells who would break at the end of Basic: by evidence of use, in groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from .attention import WOULD_BREAK
from .data import NO_EVIDENCE, USED
from .text import escape, number, parse_time, several

if TYPE_CHECKING:
    from .data import Report, Row

_MOST_GROUPS = 25
_COLUMNS = ("At risk and used", "At risk, no evidence", "At risk, unknown")
_AGES = ((7, "in the last 7 days"), (30, "8 to 30 days ago"), (90, "31 to 90 days ago"))
_LONGER, _UNTOLD = "longer ago", "on a day that isn't told"

Counts = list[int]


def who_breaks(report: Report, on_page: Mapping[str, int]) -> str:
    """Empty where no evidence was asked for."""
    if report.evidence is None:
        return ""
    at_risk = [row for row in report.rows if row.at_risk]
    body = _sentences(report, at_risk)
    if on_page.get(WOULD_BREAK):
        body += f'<p class="screen"><a href="#mailboxes" data-show="{WOULD_BREAK}">Show them in the table</a></p>'
    if at_risk:
        tables = (
            _grouped("By domain", "Domain", at_risk, _domain),
            _grouped("By kind of mailbox", "Kind", at_risk, lambda row: row.mailbox_type or "not known"),
            _by_last_use(report, at_risk),
        )
        body += f'<div class="groups">{"".join(tables)}</div>'
    return f'<section class="card" id="breaks"><h2>Who would break</h2>{body}{_sources(report)}</section>'


def groups_of(rows: Iterable[Row], key: Callable[[Row], str]) -> list[tuple[str, Counts]]:
    """Name and counts (used, without evidence, unknown) of each group, that with the most users first."""
    groups: dict[str, Counts] = {}
    for row in rows:
        counts = groups.setdefault(key(row), [0, 0, 0])
        counts[_place(row)] += 1
    return sorted(groups.items(), key=lambda group: (-group[1][0], -sum(group[1]), group[0]))


def _place(row: Row) -> int:
    if row.would_break:
        return 0
    return 1 if row.used in (USED, NO_EVIDENCE) else 2  # used by OAuth alone: no evidence that Basic is


def _sentences(report: Report, at_risk: Sequence[Row]) -> str:
    used, without, unknown = (sum(_place(row) == place for row in at_risk) for place in range(3))
    oauth = sum(row.used == USED and not row.would_break for row in at_risk)
    seen = sum(row.used == USED for row in report.rows)
    if not report.shows_effective:
        lines = [f"{several(seen, 'mailbox was', 'mailboxes were')} seen using SMTP AUTH. Who is at risk wasn't read."]
    else:
        which = several(used, "mailbox", "mailboxes")
        lines = [f"{which} could sign in with Basic today, and {_were(used)} seen using SMTP AUTH."]
        lines.append(
            f"For {several(without, 'mailbox', 'mailboxes')} at risk no source shows any use of Basic. That is no "
            "proof that there is none: ask their owners."
        )
        if unknown:
            lines.append(
                f"Of {several(unknown, 'mailbox', 'mailboxes')} at risk it isn't known, because a source couldn't be "
                "read or doesn't cover them."
            )
        if oauth:
            lines.append(f"{several(oauth, 'mailbox', 'mailboxes')} at risk {_were(oauth)} seen using OAuth alone.")
        others = seen - used - oauth
        if others:
            which = several(others, "other mailbox was", "other mailboxes were")
            lines.append(f"{which} seen using SMTP AUTH, without being known to be at risk.")
    first, *rest = lines
    return f'<p class="big">{first}</p>' + "".join(f"<p>{line}</p>" for line in rest)


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _grouped(title: str, head: str, rows: Sequence[Row], key: Callable[[Row], str]) -> str:
    groups = groups_of(rows, key)
    shown, rest = groups[:_MOST_GROUPS], groups[_MOST_GROUPS:]
    if rest:
        shown.append(
            (f"{number(len(rest))} more", [sum(counts[place] for _name, counts in rest) for place in range(3)])
        )
    lines = "".join(_line(name, counts) for name, counts in shown)
    columns = "".join(f'<th scope="col">{words}</th>' for words in (head, *_COLUMNS))
    return f"<div><h3>{title}</h3><table><thead><tr>{columns}</tr></thead><tbody>{lines}</tbody></table></div>"


def _line(name: str, counts: Counts) -> str:
    cells = "".join(
        f'<td class="num" data-l="{words}">{number(count)}</td>' for words, count in zip(_COLUMNS, counts, strict=True)
    )
    return f'<tr><th scope="row"><bdi>{escape(name, 80)}</bdi></th>{cells}</tr>'


def _domain(row: Row) -> str:
    address = row.primary_smtp_address or row.mailbox
    return address.rpartition("@")[2].casefold() if "@" in address else "not known"


def _by_last_use(report: Report, rows: Sequence[Row]) -> str:
    found = parse_time(report.time)
    used = [row for row in rows if row.would_break]
    if not used or found is None:
        return ""
    ages: dict[str, int] = {}
    for row in used:
        name = _age(row.last_used, found.date())
        ages[name] = ages.get(name, 0) + 1
    order = [words for _days, words in _AGES] + [_LONGER, _UNTOLD]
    lines = "".join(
        f'<tr><th scope="row">{name}</th><td class="num" data-l="{_COLUMNS[0]}">{number(ages[name])}</td></tr>'
        for name in order
        if name in ages
    )
    head = f'<th scope="col">Last use</th><th scope="col">{_COLUMNS[0]}</th>'
    return f"<div><h3>By last use</h3><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>"


def _age(last_used: str, today: date) -> str:
    found = parse_time(last_used) if last_used else None
    if found is None:
        return _UNTOLD
    days = (today - found.date()).days
    return next((words for most, words in _AGES if days <= most), _LONGER)


def _sources(report: Report) -> str:
    lines = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(text, 1000)}</dd></div>"
        for name, text in (report.evidence or {}).items()
    )
    return f'<h3>Where this is known from</h3><dl class="facts">{lines}</dl>' if lines else ""
