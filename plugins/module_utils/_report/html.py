# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The report as one HTML page that asks no network for anything.

It holds what needs attention, up to a limit; the CSV file holds every mailbox. Only this page's own style and script
may act in it: the policy names them by their digests, so that not even a mistake in escaping would run a script.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence

from . import overview
from .attention import KINDS, in_order, tally
from .chart import PATTERNS
from .data import DISABLED, ENABLED, INHERIT, Report, Row
from .earlier import since
from .script import SCRIPT
from .style import STYLE
from .tables import MailboxLines, exception_head, exception_lines, label
from .text import escape, number, several, within
from .who_breaks import who_breaks

MOST_ROWS = 2000
_ROWS_SIZE = 1_450_000  # bytes; with the rest the page stays below 2 MB
_MOST_EXCEPTIONS = 1000
_EXCEPTIONS_SIZE = 300_000

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{patterns}
<div class="wrap">
{parts}
</div>
<script>{script}</script>
</body>
</html>
"""


def render_html(report: Report, *, csv_name: str = "", json_name: str = "") -> str:
    """The page. The names are those of the files beside it; they are named, not linked."""
    urgent = in_order(report.rows)
    lines = MailboxLines(report)
    shown = within(lines.lines(urgent), MOST_ROWS, _ROWS_SIZE)
    kinds, on_page = tally(report.rows), tally(urgent[: len(shown)])
    parts = (
        overview.header(report),
        "<main>",
        overview.verdict(report, kinds),
        overview.banners(report),
        overview.tiles(report, kinds, on_page),
        overview.charts(report),
        overview.facts(report),
        overview.risk(report, kinds, on_page),
        who_breaks(report, on_page),
        since(report, kinds),
        _exceptions(report),
        _mailboxes(report, urgent, shown, csv_name),
        overview.words(report, kinds),
        "</main>",
        _footer(report, csv_name, json_name),
    )
    name = report.tenant_name or report.tenant
    return _PAGE.format(
        policy=_policy(),
        title=escape(f"{report.title}: {name}"),
        style=STYLE,
        patterns=PATTERNS,
        parts="\n".join(part for part in parts if part),
        script=SCRIPT,
    )


def _policy() -> str:
    return (
        f"default-src 'none'; style-src {_digest(STYLE)}; script-src {_digest(SCRIPT)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _exceptions(report: Report) -> str:
    if not report.exceptions:
        return ""
    shown = within(exception_lines(report.exceptions), _MOST_EXCEPTIONS, _EXCEPTIONS_SIZE)
    left = len(report.exceptions) - len(shown)
    more = f'<p class="more">{several(left, "exception", "exceptions")} more: see the JSON file.</p>' if left else ""
    table = _table("except", "Exceptions", 5, exception_head(), shown)
    return _card("exceptions", "Exceptions", len(report.exceptions), f"{table}{more}")


def _mailboxes(report: Report, urgent: Sequence[Row], shown: Sequence[str], csv_name: str) -> str:
    title = "Mailboxes that need attention"
    rest = _rest(report, csv_name)
    if not urgent:
        return _card("mailboxes", title, 0, f'<p class="empty">None. {rest}</p>')
    left = len(urgent) - len(shown)
    cut = f"The {number(len(shown))} most urgent are on this page; {number(left)} more are left out. " if left else ""
    lines = MailboxLines(report)
    table = _table("rows", title, lines.sorted_by, lines.head(), shown)
    none = '<p class="empty" id="f-none" hidden>No mailbox on this page fits the filter.</p>'
    body = f'{_filter(report, urgent[: len(shown)], len(urgent))}{table}{none}<p class="more">{cut}{rest}</p>'
    return _card("mailboxes", title, len(urgent), body)


def _card(name: str, title: str, count: int, body: str) -> str:
    heading = f'<h2>{title}<span class="count">{number(count)}</span></h2>'
    return f'<section class="card" id="{name}">{heading}{body}</section>'


def _table(name: str, title: str, sorted_by: int, head: str, lines: Sequence[str]) -> str:
    """A table that may be wider than the screen: then it is scrolled alone, by keyboard too."""
    return (
        f'<div class="scroll" role="region" aria-label="{title}" tabindex="0">'
        f'<table class="sortable" id="{name}" data-sorted="{sorted_by}">{head}<tbody>\n{"".join(lines)}</tbody></table>'
        "</div>"
    )


def _rest(report: Report, csv_name: str) -> str:
    name = f" ({escape(csv_name)})" if csv_name else ""
    return f"The CSV file{name} has {'it' if len(report.rows) == 1 else 'all'} {number(len(report.rows))}."


def _filter(report: Report, rows: Sequence[Row], count: int) -> str:
    kinds = tally(rows)
    of_state: dict[str, int] = {}
    for row in rows:
        of_state[row.state] = of_state.get(row.state, 0) + 1
    states = {name: name for name in (ENABLED, DISABLED, INHERIT, *sorted(of_state)) if name in of_state}
    reasons = {kind: label(kind) for kind in KINDS if kinds[kind]}
    return (
        '<form class="controls" id="filter" hidden>'
        '<label class="grow">Search<input type="search" id="f-text" autocomplete="off" spellcheck="false" '
        'placeholder="Address, name or reason"></label>'
        f"{_select('f-state', 'Own setting', states, of_state)}{_select('f-kind', 'Attention', reasons, kinds)}"
        '<button type="reset">Clear</button><output id="f-shown" for="f-text f-state f-kind" '
        f'data-of="{count}"></output></form>'
    )


def _select(name: str, title: str, entries: Mapping[str, str], counts: Mapping[str, int]) -> str:
    options = "".join(
        f'<option value="{escape(value)}">{escape(words)} ({number(counts[value])})</option>'
        for value, words in entries.items()
    )
    return f'<label>{title}<select id="{name}"><option value="">Any</option>{options}</select></label>'


def _made_by(report: Report) -> str:
    return "".join(f", {escape(key)} {escape(text)}" for key, text in report.made_by.items())


def _footer(report: Report, csv_name: str, json_name: str) -> str:
    beside = [f"every mailbox in <code>{escape(csv_name)}</code>"] if csv_name else []
    beside += [f"everything, for programs, in <code>{escape(json_name)}</code>"] if json_name else []
    files = f"<p>Beside this page: {'; '.join(beside)}.</p>" if beside else ""
    return (
        f"<footer>{files}<p>Made by the Ansible collection m365ops.exchange_online{_made_by(report)}. This page loads "
        "nothing from anywhere.</p></footer>"
    )
