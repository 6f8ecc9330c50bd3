# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The upper half of the page: what happened, in words, figures and bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

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
)
from .chart import EFFECTIVE, STATES, draw_bar
from .data import CHANGED_SINCE, NEW
from .tables import label
from .text import escape, moment, number, parse_time, several, within

if TYPE_CHECKING:
    from .data import Report

_MOST_FACTS = 40
_MOST_WARNINGS = 50
_LONGEST = 1500  # characters of a failure or a warning
_AFTER = ", as it would be after the plan"

_BASIC_ENDS = date(2026, 12, 31)
_PLAN = (
    "Microsoft switches Basic sign-in for SMTP AUTH off by default at the end of December 2026 for existing tenants; "
    "administrators may switch it on again. The date of its final removal is to be announced in the second half of "
    "2027 (Exchange Team blog, 27 to 29 January 2026)."
)

# Known counts: (key, label, tone when it isn't zero, which mailboxes it stands for)
_COUNTS = (
    ("requested", "Asked for", "", ""),
    ("failed", "Failed", "bad", FAILED),
    ("changed", "Changed", "note", CHANGED),
    ("planned", "Would change", "note", PLANNED),
    ("drifted", "Drifted", "warn", DRIFTED),
    ("unchanged", "Unchanged", "", ""),
    ("missing", "Not found", "warn", ""),
)


def header(report: Report) -> str:
    name = report.tenant_name or report.tenant
    guid = f" <code>{escape(report.tenant)}</code>" if report.tenant_name and report.tenant else ""
    mode = '<span class="pill is-note">Check mode: nothing was written</span>' if report.check_mode else ""
    when = f'<time datetime="{escape(report.time)}">{escape(moment(report.time))}</time>'
    return (
        f'<header class="top"><h1>{escape(report.title)}</h1>'
        f'<p class="who"><b><bdi>{escape(name)}</bdi></b>{guid}</p>'
        f'<p class="when">{when}{mode}</p></header>'
    )


def banners(report: Report) -> str:
    pieces = []
    if report.failure:
        text = f"<p>{escape(report.failure, _LONGEST)}</p>"
        pieces.append(f'<section class="banner is-bad" role="alert"><h2>The run failed</h2>{text}</section>')
    if report.warnings:
        lines = within((f"<li>{escape(text, _LONGEST)}</li>" for text in report.warnings), _MOST_WARNINGS, 60_000)
        left = len(report.warnings) - len(lines)
        more = f"<li>and {several(left, 'more warning', 'more warnings')}: see the JSON file</li>" if left else ""
        title = several(len(report.warnings), "warning", "warnings")
        pieces.append(f'<section class="banner is-warn"><h2>{title}</h2><ul>{"".join(lines)}{more}</ul></section>')
    return "".join(pieces)


def verdict(report: Report, kinds: Mapping[str, int]) -> str:
    """The run in one or two sentences."""
    everybody = several(len(report.rows), "mailbox", "mailboxes")
    changed = report.counts.get("changed")
    failed = report.counts.get("failed", kinds.get(FAILED, 0))
    planned = report.counts.get("planned", 0)
    if changed is None:
        said = _finding(report, kinds)
    elif report.has_plan and report.failure and planned:
        said = f"The plan to change {number(planned)} of {everybody} was refused; nothing was changed"
    elif report.has_plan:
        said = f"{number(planned)} of {everybody} would be changed"
    else:
        said = f"{number(changed)} of {everybody} {'was' if changed == 1 else 'were'} changed"
    if failed:
        said += f"; {number(failed)} failed"
    elif changed == planned == 0 and not report.failure and not kinds.get(DRIFTED):
        said += "; the tenant is as it was asked to be"
    said += "."
    return f'<p class="verdict">{said}</p>'


def _finding(report: Report, kinds: Mapping[str, int]) -> str:
    """What a reading has found, the one thing that somebody may have to act on first."""
    everybody = several(len(report.rows), "mailbox", "mailboxes")
    if not report.rows:
        return "No mailbox was found"
    if not report.shows_effective:
        own = kinds.get(OWN, 0)
        return f"{number(own)} of {everybody} {'is enabled by its' if own == 1 else 'are enabled by their'} own setting"
    blocked, unknown = kinds.get(BLOCKED, 0), kinds.get(MAY_BE_AT_RISK, 0)
    said = f"{number(kinds.get(AT_RISK, 0))} of {everybody} can sign in with Basic today"
    said += f"; {number(blocked)} enabled, but blocked" if blocked else ""
    return f"{said}; {number(unknown)} unknown" if unknown else said


def tiles(report: Report, kinds: Mapping[str, int], on_page: Mapping[str, int]) -> str:
    """The figures of the run. Those that stand for mailboxes on the page lead to them."""
    counts = dict(report.counts)
    if counts.get("requested") == len(report.rows):
        del counts["requested"]  # everybody, which the first figure says
    if "changed" in counts:
        counts.setdefault("drifted", kinds.get(DRIFTED, 0))
    if report.has_plan:
        counts.pop("changed", None)  # nothing was
    figures = [(words, counts.pop(key), tone, kind) for key, words, tone, kind in _COUNTS if key in counts]
    figures += [(key.replace("_", " ").capitalize(), count, "", "") for key, count in counts.items()]
    figures.insert(0, ("Mailboxes", len(report.rows), "", ""))
    if "changed" not in report.counts:
        figures.append((label(OWN), kinds.get(OWN, 0), "", OWN))
    if report.evidence is not None:
        figures.append((label(WOULD_BREAK), kinds.get(WOULD_BREAK, 0), "bad", WOULD_BREAK))
    if report.shows_effective:
        figures.append(("Enabled, but blocked", kinds.get(BLOCKED, 0), "warn", BLOCKED))
        figures.append((label(AT_RISK), kinds.get(AT_RISK, 0), "warn", AT_RISK))
        figures.append((label(MAY_BE_AT_RISK), kinds.get(MAY_BE_AT_RISK, 0), "warn", MAY_BE_AT_RISK))
    cells = [_tile(words, count, tone, kind if on_page.get(kind) else "") for words, count, tone, kind in figures]
    return f'<ul class="tiles">{"".join(cells[:_MOST_FACTS])}</ul>'


def _tile(words: str, count: int, tone: str, kind: str) -> str:
    tone = tone if count else "none"
    said = f'<a href="#mailboxes" data-show="{kind}">{escape(words)}</a>' if kind else escape(words)
    return f'<li class="tile {tone}"><b>{number(count)}</b><span>{said}</span></li>'


def charts(report: Report) -> str:
    bars = [draw_bar("Own setting", report.by_state, STATES)]
    if report.planned_by_state not in (None, report.by_state):
        bars.append(draw_bar(f"Own setting{_AFTER}", report.planned_by_state or {}, STATES))
    titles = {"basic": "Sign-in with Basic", "oauth": "Sign-in with OAuth"}
    for kind, counts in (report.by_effective or {}).items():
        bars.append(draw_bar(titles.get(kind, kind), counts, EFFECTIVE))
        planned = (report.planned_by_effective or {}).get(kind)
        if planned not in (None, counts):
            bars.append(draw_bar(f"{titles.get(kind, kind)}{_AFTER}", planned or {}, EFFECTIVE))
    title = "What mailboxes are set to"
    if report.by_effective:
        title += ", and what a client meets"
    return f'<section class="card"><h2>{title}</h2>{"".join(bars)}</section>'


def facts(report: Report) -> str:
    pieces = [_facts("What was asked for", report.asked), _facts("Organization", report.organization)]
    return f'<div class="pair">{"".join(pieces)}</div>' if any(pieces) else ""


def _facts(title: str, entries: Mapping[str, str]) -> str:
    lines: Sequence[str] = within(
        (f"<div><dt>{escape(key)}</dt><dd>{escape(text)}</dd></div>" for key, text in entries.items()),
        _MOST_FACTS,
        40_000,
    )
    return f'<section class="card"><h2>{title}</h2><dl class="facts">{"".join(lines)}</dl></section>' if lines else ""


def risk(report: Report, kinds: Mapping[str, int], on_page: Mapping[str, int]) -> str:
    """Who is at risk at the end of December 2026, or why nobody can tell."""
    if not report.shows_effective:
        return ""
    count = kinds.get(AT_RISK, 0)
    unknown = kinds.get(MAY_BE_AT_RISK, 0)
    can = f"{several(count, 'mailbox', 'mailboxes')} could sign in with Basic today."
    lines = [f'<p class="big">{can if count else "No mailbox could sign in with Basic today, as far as is known."}</p>']
    if unknown:
        lines.append(f"<p>For {several(unknown, 'other mailbox', 'other mailboxes')} that is unknown.</p>")
    if report.planned_by_effective is not None:
        then = sum(row.planned_at_risk for row in report.rows)
        lines.append(f"<p>After the plan, {several(then, 'mailbox', 'mailboxes')} could.</p>")
    lines.append(f"<p>{_PLAN}</p>")
    if on_page.get(AT_RISK):
        lines.append(f'<p class="screen"><a href="#mailboxes" data-show="{AT_RISK}">Show them in the table</a></p>')
    title = "<h2>At risk at the end of December 2026</h2>"
    return f'<section class="card risk" id="risk"><div>{title}{"".join(lines)}</div>{_countdown(report)}</section>'


def _countdown(report: Report) -> str:
    """The days from the run to the end of December 2026, as long as there are any."""
    found = parse_time(report.time)
    left = (_BASIC_ENDS - found.date()).days if found else 0
    unit = "day" if left == 1 else "days"
    return f'<p class="left"><b>{number(left)}</b> {unit} to 31 December 2026</p>' if left > 0 else ""


def words(report: Report, kinds: Mapping[str, int]) -> str:
    """What the page's words mean, as far as they are on it."""
    of_kind = {
        FAILED: "It couldn't be read or written; the text beside it says why.",
        DRIFTED: "It wasn't what was asked for when this run read it.",
        CHANGED: "This run wrote it.",
        PLANNED: "The plan of this run would write it. It wasn't carried out: all else on this page is as it is now.",
        BLOCKED: "Enabled by its own setting, and yet another layer stops Basic, OAuth or both.",
        OWN: "The mailbox's own setting says enabled, whatever the organization's says.",
        AT_RISK: "Could sign in with Basic today, which is off by default from the end of December 2026.",
        WOULD_BREAK: "At risk, and a log or a report shows that it uses SMTP AUTH, not by OAuth alone.",
        NEW: "The earlier report doesn't have it.",
        CHANGED_SINCE: "Something of it isn't as it was in the earlier report; the text beside it says what.",
        MAY_BE_AT_RISK: "Whether it could sign in with Basic today isn't known; the text beside it says why.",
    }
    meanings = {
        "Own setting": "The mailbox's switch for SMTP AUTH: enabled, disabled, or inherit, which follows the "
        "organization's."
    }
    if report.shows_effective:
        meanings["Basic, OAuth"] = (
            "What a client meets that signs in with a password, or with a token, after every layer that decides. "
            "Unknown where a layer couldn't be read."
        )
    if report.evidence is not None:
        meanings["Last used"] = (
            "The last use of SMTP AUTH that a log or a report shows, and which of them. No evidence is no proof that "
            "nobody uses it."
        )
    meanings |= {label(kind): text for kind, text in of_kind.items() if kinds.get(kind)}
    lines = "".join(f"<div><dt>{word}</dt><dd>{meaning}</dd></div>" for word, meaning in meanings.items())
    return f'<section class="card" id="words"><h2>Words on this page</h2><dl class="words">{lines}</dl></section>'
