# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The report as JSON: all of it, verbatim, for programs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .attention import KINDS, attention, tally
from .data import ExceptionRow, Report, Row

SCHEMA = 2  # grows when a key goes or changes its meaning; new keys may come at any time

_ROW_KEYS = tuple(field.name for field in dataclasses.fields(Row))
_EXCEPTION_KEYS = tuple(field.name for field in dataclasses.fields(ExceptionRow))
_BATCH = 1000


def json_chunks(report: Report) -> Iterator[str]:
    """The file in pieces: one object, a line for each key, a line for each mailbox and each exception.

    Pure ASCII, so that no terminal or tool stumbles over a name, and nothing in it is changed.
    """
    yield "{\n"
    for key, value in _head(report).items():
        yield f"{_dump(key)}: {_dump(value)},\n"
    yield '"exceptions": ['
    yield from _lines(_object(row, _EXCEPTION_KEYS) for row in report.exceptions)
    yield '],\n"mailboxes": ['
    yield from _lines(_object(row, _ROW_KEYS) | {"attention": list(attention(row))} for row in report.rows)
    yield "]\n}\n"


def _head(report: Report) -> dict[str, Any]:
    kinds = tally(report.rows)
    return {
        "schema": SCHEMA,
        "title": report.title,
        "tenant": report.tenant,
        "tenant_name": report.tenant_name,
        "time": report.time,
        "check_mode": report.check_mode,
        "failure": report.failure,
        "warnings": list(report.warnings),
        "asked": dict(report.asked),
        "organization": dict(report.organization),
        "counts": dict(report.counts),
        "by_state": dict(report.by_state),
        "by_effective": _by_kind(report.by_effective),
        "planned_by_state": None if report.planned_by_state is None else dict(report.planned_by_state),
        "planned_by_effective": _by_kind(report.planned_by_effective),
        "made_by": dict(report.made_by),
        "evidence": None if report.evidence is None else dict(report.evidence),
        "compared_with": report.compared_with,
        "gone": list(report.gone),
        "by_attention": {kind: kinds[kind] for kind in KINDS},
    }


def _by_kind(effective: Mapping[str, Mapping[str, int]] | None) -> dict[str, dict[str, int]] | None:
    return None if effective is None else {kind: dict(counts) for kind, counts in effective.items()}


def _object(row: Row | ExceptionRow, keys: Iterable[str]) -> dict[str, Any]:
    return {key: getattr(row, key) for key in keys}


def _lines(objects: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    before = "\n"
    lines: list[str] = []
    for entry in objects:
        lines.append(before + _dump(entry))
        before = ",\n"
        if len(lines) == _BATCH:
            yield "".join(lines)
            lines.clear()
    if before != "\n":
        lines.append("\n")
    yield "".join(lines)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True)
