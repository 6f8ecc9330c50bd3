# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The body of ``smtp_auth_restore``: a journal to a plan, what came of it to a result."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .._errors import InputError
from .._http.input_text import check_not_vaulted
from .._result.tenant import (
    add_organization,
    empty_tenant_result,
    journal_result,
    organization_result,
    tenant_result,
)
from .._smtp_auth.limit import count_limit
from .._smtp_auth.several import first_of
from .._smtp_auth.undo import Undo, UndoError, read_journal
from .._tenant.guards import Guards, expects, limits
from .._tenant.restore import ChangedSince, Restored, restore
from .._tenant.set_mailboxes import Manner
from .parts import checked_journal, rows_wanted, with_failure

if TYPE_CHECKING:
    from .._tenant.journal import Journal
    from .runner import Task

_SHOWN = 10
_MOST_BYTES = 512 * 1024 * 1024  # about two million lines: a guard against a file that is none


def restore_task(task: Task) -> dict[str, Any]:
    """``smtp_auth_restore``."""
    options = task.options
    undo = _undo(options["journal"])
    journal = checked_journal(options["journal_path"], task.clock, check_mode=task.check_mode)
    if options["journal_path"] and _same_file(options["journal"], options["journal_path"]):
        raise InputError("journal_path is the journal that is to be put back: give another file, or none.")
    if undo.torn:
        numbers = first_of(undo.torn, _SHOWN)
        task.warnings.append(
            f"Cut short in the journal, so what it tells of may not be put back: line {numbers}. Look at that mailbox."
        )
    if undo.unfinished:
        task.warnings.append(
            f"The journal ends without the outcome of {undo.unfinished:,} "
            f"{'change' if undo.unfinished == 1 else 'changes'}: the run was killed. These mailboxes were looked at, "
            "and those that were changed are put back. If that run ended only just now, run this again in some minutes."
        )
    guards = Guards([expects(options["expected_plan"]), limits(count_limit(options["max_changes"]))])
    restored = restore(
        task.connection.exchange,
        options["concurrency"],
        task.clock,
        undo,
        manner=Manner(verify=options["verify"], check_mode=task.check_mode),
        guards=guards,
        journal=journal,
    )
    if restored.changed_since:
        task.warnings.append(f"Changed since, and left alone: {_names(restored.changed_since)}.")
    task.warnings.extend(restored.report.warnings)
    return task.told(restored.report, lambda: _result(task, restored, guards, journal))


def _result(task: Task, restored: Restored, guards: Guards, journal: Journal | None) -> dict[str, Any]:
    options, report = task.options, restored.report
    result = tenant_result(
        report, return_mailboxes=rows_wanted(task, report), diff_mode=task.diff_mode, plan=guards.plan
    )
    add_organization(result, restored.switch, refused=report.refused)
    result.update(
        changed_since=[_changed_since(left) for left in restored.changed_since],
        journal=journal_result(journal, options["journal_path"]),
    )
    return with_failure(result, report.failure)


def empty_restore_task(task: Task) -> dict[str, Any]:
    """The same shape where nothing could be found out."""
    try:
        requested = len(_undo(task.options["journal"]).mailboxes)
    except InputError:
        requested = 0
    result = empty_tenant_result(requested, diff_mode=task.diff_mode)
    return {**result, "organization": organization_result(None), "changed_since": [], "journal": ""}


def _undo(path: str) -> Undo:
    """
    :raises InputError: the journal can't be read, or isn't one.
    """
    try:
        content = _content(path)
        check_not_vaulted(content, "The journal", path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"The journal {path} can't be read: {reason}.") from error
    if len(content) > _MOST_BYTES:
        raise InputError(f"The journal {path} is longer than {_MOST_BYTES:,} bytes: it isn't one.")
    try:
        return read_journal(content.decode("utf-8-sig", errors="replace"))
    except UndoError as error:
        raise InputError(f"The journal {path} can't be used, nothing was asked or written: {error}.") from error


def _content(path: str) -> bytes:
    """
    :raises OSError, ValueError: it can't be read, or it isn't a file: a pipe would be waited for for ever.
    """
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise ValueError("it is not a file")
        return file.read(_MOST_BYTES + 1)


def _same_file(path: str, other: str) -> bool:
    return os.path.realpath(path) == os.path.realpath(other)


def _names(left: Sequence[ChangedSince]) -> str:
    return first_of(
        left,
        _SHOWN,
        lambda one: f"{one.change.mailbox} (now {one.now or 'deleted'}, was left {' or '.join(one.change.left_at)})",
    )


def _changed_since(left: ChangedSince) -> dict[str, Any]:
    return {
        "mailbox": left.change.mailbox,
        "guid": left.change.guid,
        "before": left.change.before,
        "left_at": list(left.change.left_at),
        "now": left.now,
    }
