# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What one row of ``Get-CASMailbox`` says, and whether it answers what was asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._errors import AmbiguousError, M365Error, UnexpectedAnswerError
from .._smtp_auth.mailbox import Mailbox, UnreadableRowError

if TYPE_CHECKING:
    from .._exchange.wire import CommandResult

Row = Mapping[str, Any]


def read_row(row: Row) -> Mailbox:
    try:
        return Mailbox.from_row(row)
    except UnreadableRowError as error:
        advice = (
            "It isn't taken for inherit. Check the roles of the app: they may hide the property."
            if error.trimmed
            else "That isn't as documented, so nothing is made of it. Run the task again, and report it if it stays so."
        )
        raise UnexpectedAnswerError(f"Get-CASMailbox: {error}. {advice}") from error


def row_or_error(row: Row) -> Mailbox | M365Error:
    try:
        return read_row(row)
    except UnexpectedAnswerError as error:
        return error


def only_row(asked: str, result: CommandResult) -> Mailbox | M365Error:
    if not result.rows:
        return UnexpectedAnswerError(
            f"Get-CASMailbox for {asked}: the service answered without a mailbox and without an error."
        )
    if len(result.rows) > 1 or result.next_link:
        return AmbiguousError(f"{asked} names more than one mailbox: use its primary address or GUID.")
    return row_or_error(result.rows[0])


def another(asked: str, mailbox: Mailbox) -> UnexpectedAnswerError:
    return UnexpectedAnswerError(
        f"Asked for {asked}, the service answered with another mailbox, {mailbox.name}. Nothing is done with it.",
        code="another_mailbox",
    )
