# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The body of ``smtp_auth_usage_info``: options to a reading of the sources, what they tell to a result."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._errors import Failure, InputError
from .._result.mailboxes import failure_result
from .._result.usage import ALL, KEPT, usage_result, use_result
from .._smtp_auth.usage import FILE, SIGN_IN_LOG, SOURCES, UNKNOWN, USAGE_REPORT, Trace, Use, answer_for
from .._tenant.mailboxes import MailboxStore
from .._tenant.read_mailboxes import Reading, read_listed
from .._tenant.usage import MOST_DAYS, Usage, Wanted, read_usage_of
from .mailbox_files import read_exported
from .parts import checked_entries, first_names, not_read, with_failure

if TYPE_CHECKING:
    from .runner import Task

_DEFAULT_SOURCES = (SIGN_IN_LOG, USAGE_REPORT)


def usage_spec(prefix: str = "") -> dict[str, dict[str, Any]]:
    """Where to look for the use of SMTP AUTH, and how far back. ``prefix``: of the options' names."""
    return {
        f"{prefix}days": {"type": "int", "default": 30},
        f"{prefix}sources": {"type": "list", "elements": "str", "choices": list(SOURCES)},
        f"{prefix}report_files": {"type": "list", "elements": "path"},
    }


def rows_spec() -> dict[str, dict[str, Any]]:
    return {"return_mailboxes": {"type": "str", "default": ALL, "choices": list(KEPT)}}


def usage_task(task: Task) -> dict[str, Any]:
    """``smtp_auth_usage_info``."""
    listed = task.options["mailboxes"]
    entries = None if listed is None else checked_entries(listed)
    wanted = wanted_usage(task.options)
    if entries is not None and not entries:
        return usage_result([], {})
    readings: list[Reading] = []
    if entries is not None:
        store = MailboxStore(task.connection.exchange, task.connection.concurrency)
        readings = read_listed(store, entries)
    missing = [reading for reading in readings if reading.missing]
    if missing and task.options["missing"] == "fail":
        result = empty_usage_task(task)
        failure = Failure(
            "not_found",
            f"Not found: {first_names(missing)}. Correct the list, or set missing to warn. No source was asked.",
        )
        return with_failure(result, failure)
    if missing:
        task.warnings.append(f"Not found and left out: {first_names(missing)}.")
    usage = read_usage_of(task.connection, wanted, None if entries is None else _mailboxes(readings))
    task.warnings.extend(usage_warnings(usage))
    rows = (
        _everybody(usage) if entries is None else [_row(usage, reading) for reading in readings if not reading.missing]
    )
    result = usage_result(rows, usage.told, len(missing), task.options["return_mailboxes"])
    nothing = why_nothing_was_read(usage)
    return with_failure(result, Failure("no_evidence", nothing) if nothing else not_read(readings))


def wanted_usage(options: Mapping[str, Any], prefix: str = "") -> Wanted:
    """What the options ask for, with the files read. ``prefix``: of the options' names.

    :raises InputError: they can't work; nothing was asked.
    """
    days, given, files = (options[f"{prefix}{name}"] for name in ("days", "sources", "report_files"))
    files = [path for path in files or () if path and path.strip()]
    if not 1 <= days <= MOST_DAYS:
        raise InputError(f"{prefix}days is {days}; it has to be from 1 to {MOST_DAYS}.")
    if given is not None and not given:
        raise InputError(f"{prefix}sources is empty, so nobody would be asked: name one source at least.")
    sources = given or [*_DEFAULT_SOURCES, *([FILE] if files else [])]
    if FILE in sources and not files:
        raise InputError(f"{prefix}sources has file, but {prefix}report_files names none.")
    if files and FILE not in sources:
        raise InputError(f"{prefix}report_files is given, but {prefix}sources leaves file out.")
    return Wanted(
        sources, days, options["cloud"], datetime.datetime.now(datetime.timezone.utc), _exports(files, prefix)
    )


def _exports(files: Sequence[str], prefix: str) -> dict[str, list[Trace]]:
    exports: dict[str, list[Trace]] = {}
    for path in files:
        real = os.path.realpath(path)
        if real in exports:
            raise InputError(f"{prefix}report_files names {path} twice: its messages would be counted twice.")
        exports[real] = read_exported(f"{prefix}report_files", path)
    return exports


def usage_warnings(usage: Usage) -> list[str]:
    """What isn't known, and why."""
    warnings = [f"Not all of the use is known, because a source couldn't be read. {text}" for text in usage.unread()]
    if not usage.linked:
        warnings.append(
            "The sign-in names of the mailboxes aren't known, so what the usage report tells under another name than "
            f"their addresses is missed: {usage.unlinked_because}"
        )
    return warnings


def why_nothing_was_read(usage: Usage) -> str:
    """Empty if a source was read, or at least tells something."""
    if usage.read or usage.evidence.everybody():
        return ""
    return "Nobody knows who uses SMTP AUTH, because no source could be read. " + " ".join(usage.unread())


def _everybody(usage: Usage) -> list[dict[str, Any]]:
    """Who is seen in any source, by the name that it has there."""
    return [
        {"mailbox": use.name, "guid": "", **use_result(use, answer_for(use, (use.name,), usage.told))}
        for use in usage.evidence.everybody()
    ]


def _row(usage: Usage, reading: Reading) -> dict[str, Any]:
    mailbox = reading.mailbox
    if mailbox is None:
        row = {"mailbox": reading.name, "guid": "", **use_result(Use(), UNKNOWN)}
        return {**row, "error": failure_result(reading.error)} if reading.error else row
    return {"mailbox": reading.name, "guid": mailbox.guid, **use_result(*usage.of(mailbox, reading.name))}


def _mailboxes(readings: Sequence[Reading]) -> list[Any]:
    return [reading.mailbox for reading in readings if reading.mailbox is not None]


def empty_usage_task(task: Task) -> dict[str, Any]:
    result = usage_result([], {})
    result["summary"]["requested"] = result["summary"]["failed"] = len(task.options["mailboxes"] or ())
    return result
