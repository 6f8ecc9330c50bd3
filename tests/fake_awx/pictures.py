# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draws what jobs have printed: ``picture(job, title, tasks)`` is an SVG of the real output, in its colours.

It shows what AWX shows in its output pane, and nothing of AWX itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from .jobs import Job

HEAD = """\
<!--
Copyright (c) 2026, m365ops contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->
"""
COLOURS = {"31": "#c9190b", "32": "#3e8635", "33": "#8a5a00", "35": "#6753ac", "36": "#005f60"}
PLAIN = "#151515"
WIDTH, LINE, CHARACTER, MARGIN, MOST = 980, 18, 7.85, 16, 118
# Where on this machine a task stands.
_ORIGIN = re.compile(r"(?:\x1b\[[0-9;]*m)*Origin: .*?\^ column \d+[^\n]*\n", re.DOTALL)
_COLOUR = re.compile(r"\x1b\[([0-9;]*)m")


def picture(job: Job, title: str, tasks: tuple[str, ...]) -> str:
    """The output of the tasks whose names begin so, and the recap."""
    rows = [row for text in _chosen(job, tasks) for line in text.split("\n") for row in _folded(line.rstrip("\r"))]
    height = MARGIN * 2 + LINE * (len(rows) + 2)
    lines = [f'<text x="{MARGIN}" y="{MARGIN + LINE}" font-weight="bold">{escape(title)}</text>']
    lines += [
        f'<text x="{MARGIN}" y="{MARGIN + LINE * (number + 3)}" xml:space="preserve">{"".join(_spans(row))}</text>'
        for number, row in enumerate(rows)
    ]
    return (
        HEAD + f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="monospace" '
        f'font-size="13" fill="{PLAIN}">\n<rect width="100%" height="100%" fill="#ffffff" stroke="#d2d2d2"/>\n'
        + "\n".join(lines)
        + "\n</svg>\n"
    )


def _chosen(job: Job, tasks: tuple[str, ...]) -> Iterator[str]:
    for event in job.events:
        if event["event"] == "playbook_on_stats" or _of(event, tasks):
            yield _ORIGIN.sub("…\n", event["stdout"].replace("\r", "")).strip("\n")


def _of(event: dict[str, object], tasks: tuple[str, ...]) -> bool:
    data = event["event_data"]
    return isinstance(data, dict) and str(data.get("task", "")).startswith(tasks) and bool(event["stdout"])


def _folded(line: str) -> Iterator[str]:
    """A long line goes on in the next row, in its colour."""
    start = _COLOUR.match(line)
    room = MOST + (len(start[0]) if start else 0)
    while len(_COLOUR.sub("", line)) > MOST:
        yield line[:room]
        line = (start[0] if start else "") + "  " + line[room:]
    yield line


def _spans(row: str) -> Iterator[str]:
    colour = PLAIN
    for number, piece in enumerate(_COLOUR.split(row)):
        if number % 2:
            colour = COLOURS.get(piece.rpartition(";")[2], PLAIN)
        elif piece:
            yield f'<tspan fill="{colour}">{escape(piece, quote=False)}</tspan>'
