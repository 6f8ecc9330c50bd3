# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Evidence of use beside what was read of mailboxes: in the result, and as a baseline to edit."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._errors import InputError, M365Error
from .._result.usage import sources_result, use_result
from .._smtp_auth.baseline_draft import Seen, draft
from .._smtp_auth.findings import Names
from .._smtp_auth.usage import ANSWERS, NO_EVIDENCE, SOURCES, USED, Use
from .._tenant.usage import Usage, read_usage_of
from .smtp_auth_usage_info import usage_warnings, wanted_usage, why_nothing_was_read
from .version import COLLECTION, VERSION

if TYPE_CHECKING:
    from .._smtp_auth.effective import Effective
    from .._tenant.read_mailboxes import Reading
    from .._tenant.usage import Wanted
    from .runner import Task

PREFIX = "usage_"


class UnwritableBaselineError(M365Error):
    """The baseline to edit couldn't be written."""

    code = "baseline"


@dataclasses.dataclass(frozen=True)
class Evidenced:
    """``of``: what is told of each mailbox, and the answer, by its id. ``nothing``: why nothing was read."""

    usage: Usage
    of: Mapping[str, tuple[Use, str]]

    @property
    def nothing(self) -> str:
        return why_nothing_was_read(self.usage)


def checked_usage(options: Mapping[str, Any]) -> Wanted | None:
    """What is asked for of the use; None if nothing is.

    :raises InputError: the options can't work; nothing was asked.
    """
    path = options["baseline_path"]
    if not options["usage"]:
        if path:
            raise InputError("baseline_path takes usage=true: the baseline is made from who was seen using SMTP AUTH.")
        return None
    if not options["effective"]:
        raise InputError("usage=true takes effective=true. Who uses it alone is what smtp_auth_usage_info tells.")
    if path:
        _check_new(path)
    return wanted_usage(options, PREFIX)


def _check_new(path: str) -> None:
    if os.path.lexists(path):
        raise InputError(
            f"baseline_path {path} is there already, and what a person may have edited isn't overwritten. Name another "
            "file, or move this one away."
        )
    parent = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(parent) or not os.access(parent, os.W_OK | os.X_OK):
        raise InputError(f"baseline_path {path}: no file can be made in {parent}.")


def read_evidence(task: Task, wanted: Wanted, readings: Sequence[Reading]) -> Evidenced:
    """
    :raises M365Error: only for a reason that isn't a source's.
    """
    found = [(reading, reading.mailbox) for reading in readings if reading.mailbox is not None]
    usage = read_usage_of(task.connection, wanted, [mailbox for _reading, mailbox in found])
    task.warnings.extend(usage_warnings(usage))
    return Evidenced(usage, {mailbox.guid: usage.of(mailbox, reading.name) for reading, mailbox in found})


def evidence_result(
    evidence: Evidenced, readings: Sequence[Reading], by_guid: Mapping[str, Effective]
) -> dict[str, Any]:
    """The whole in numbers, with the first names of those who are at risk."""
    answers = [answer for _use, answer in evidence.of.values()]
    groups = {name: Names() for name in ("would_break", "at_risk_no_evidence", "at_risk_unknown")}
    for reading in readings:
        mailbox = reading.mailbox
        if mailbox is None or not by_guid[mailbox.guid].basic_at_risk:
            continue
        groups[_group(*evidence.of[mailbox.guid])].add(reading.name)
    return {
        "sources": sources_result(evidence.usage.told),
        "summary": {name: answers.count(answer) for name, answer in zip(("used", *ANSWERS[1:]), ANSWERS, strict=True)},
        **{name: {"count": names.count, "mailboxes": names.mailboxes} for name, names in groups.items()},
    }


def _group(use: Use, answer: str) -> str:
    if answer == USED:
        return "at_risk_no_evidence" if use.by_oauth_alone else "would_break"
    return "at_risk_no_evidence" if answer == NO_EVIDENCE else "at_risk_unknown"


def with_rows(rows: Sequence[dict[str, Any]], evidence: Evidenced) -> None:
    """Add to each row of a result what is told of its mailbox."""
    for row in rows:
        row["usage"] = use_result(*evidence.of[row["guid"]]) if row["guid"] in evidence.of else None


def write_baseline(task: Task, evidence: Evidenced, readings: Sequence[Reading], when: str) -> str:
    """The path of the baseline to edit.

    :raises UnwritableBaselineError: it can't be written, or is there by now.
    """
    path = str(task.options["baseline_path"])
    seen = [
        Seen(
            mailbox.primary_smtp_address or mailbox.guid,
            use.last,
            use.protocol,
            [source for source in SOURCES if source in use.seen_in],
        )
        for reading in readings
        if (mailbox := reading.mailbox) is not None
        for use, answer in [evidence.of[mailbox.guid]]
        if answer == USED
    ]
    made = [
        f"Made by {COLLECTION} {VERSION} on {when[:10]} from evidence of use.",
        *(f"Not known: {' '.join(text.split())}" for text in evidence.usage.unread()),
    ]
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as stream:
            stream.write(draft(seen, made))
    except OSError as error:
        raise UnwritableBaselineError(f"baseline_path {path} can't be written: {error.strerror or error}.") from error
    return os.path.abspath(path)
