# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What the bodies of several modules have in common."""

from __future__ import annotations

from typing import Any

from ._clock import Clock
from ._errors import InputError
from ._journal import Journal
from ._smtp_auth._identity import Entry, EntryError, parse_entries


def checked_entries(values: list[Any]) -> list[Entry]:
    try:
        return parse_entries(values)
    except EntryError as error:
        shown = "; ".join(error.problems[:10])
        more = f"; and {len(error.problems) - 10} more" if len(error.problems) > 10 else ""
        raise InputError(
            f"The list of mailboxes can't be used, nothing was asked or written: {shown}{more}."
        ) from error


def checked_journal(path: str | None, clock: Clock, *, check_mode: bool) -> Journal | None:
    """The journal to write; None in check mode, and without a path.

    :raises InputError: it couldn't be written.
    """
    if not path:
        return None
    journal = Journal(path, clock)
    journal.check()
    return None if check_mode else journal


def with_failure(result: dict[str, Any], message: str, code: str, request_id: str = "") -> dict[str, Any]:
    if message:
        result["msg"] = message
        result["failure"] = {"code": code, "message": message, "request_id": request_id}
    return result
