# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Two rows of one mailbox: they say the same, or neither is taken."""

from __future__ import annotations

from ._errors import M365Error, UnexpectedAnswerError
from ._smtp_auth._mailbox import Mailbox, UnreadableRowError


def check_same(earlier: Mailbox, later: Mailbox) -> None:
    """
    :raises UnexpectedAnswerError: both are of one mailbox and say different things.
    """
    try:
        earlier.check_same(later)
    except UnreadableRowError as error:
        raise UnexpectedAnswerError(f"Get-CASMailbox: {error}. Run the task again.") from error


def one_of_both(earlier: Mailbox | M365Error | None, later: Mailbox | M365Error) -> Mailbox | M365Error:
    """What is known after both. An error of either stays."""
    if not isinstance(earlier, Mailbox) or not isinstance(later, Mailbox):
        return earlier if isinstance(earlier, M365Error) else later
    try:
        check_same(earlier, later)
    except UnexpectedAnswerError as error:
        return error
    return earlier
