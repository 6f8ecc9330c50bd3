# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Files with names of mailboxes, read where the module runs, so that the names needn't travel as options."""

from __future__ import annotations

import os

from .._errors import InputError
from .._http.input_text import check_ordinary, is_vaulted
from .._smtp_auth.mailbox_text import MailboxTextError, decode, parse_file

_MOST_BYTES = 64 * 1024 * 1024  # half a million of the longest addresses: a guard against a file that is none


def read_names(option: str, path: str) -> list[str]:
    """The names in the file that an option gives, whatever they are.

    :raises InputError: it can't be read, or not be understood; names option, file and line.
    """
    path = os.path.abspath(path)
    where = f"{option} {path}"
    try:
        check_ordinary(path, option)
        with open(path, "rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{where} can't be read: {reason}. Nothing was asked or written.") from error
    if len(data) > _MOST_BYTES:
        raise InputError(f"{where} is longer than {_MOST_BYTES:,} bytes: it is no list of mailboxes.")
    if is_vaulted(data):
        raise InputError(
            f"{where} is encrypted by ansible-vault, which a module can't undo. Hand its names over as a list instead, "
            "with the lookup m365ops.exchange_online.mailbox_file."
        )
    try:
        return parse_file(decode(data), is_csv=path.casefold().endswith(".csv"))
    except MailboxTextError as error:
        raise InputError(f"{where} can't be understood: {error}. Nothing was asked or written.") from error
