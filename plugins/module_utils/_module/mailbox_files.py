# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Files about mailboxes, lists of names and reports that were exported, read where the module runs, so that what is in
them needn't travel as options.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from .._errors import InputError
from .._http.input_text import check_ordinary, is_vaulted
from .._smtp_auth.mailbox_text import MailboxTextError, decode, parse_file
from .._smtp_auth.usage_tables import read_export

if TYPE_CHECKING:
    from .._smtp_auth.usage import Trace

Result = TypeVar("Result")
_MOST_BYTES = 64 * 1024 * 1024  # half a million of the longest addresses: a guard against a file that is none


def read_names(option: str, path: str) -> list[str]:
    """The names in the file that an option gives, whatever they are.

    :raises InputError: it can't be read, or not be understood; names option, file and line.
    """

    def names(data: bytes) -> list[str]:
        return parse_file(decode(data), is_csv=path.casefold().endswith(".csv"))

    vaulted = "Hand its names over as a list instead, with the lookup m365ops.exchange_online.mailbox_file."
    return _read(option, path, names, "it isn't a list of mailboxes", vaulted)


def read_exported(option: str, path: str) -> list[Trace]:
    """Who used SMTP AUTH by a report that the Exchange admin center exported.

    :raises InputError: as ``read_names``.
    """

    def traces(data: bytes) -> list[Trace]:
        return read_export(decode(data))

    return _read(option, path, traces, "it is no exported report", "Decrypt it first.")


def _read(option: str, path: str, understand: Callable[[bytes], Result], too_long: str, vaulted: str) -> Result:
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
        raise InputError(f"{where} is longer than {_MOST_BYTES:,} bytes: {too_long}.")
    if is_vaulted(data):
        raise InputError(f"{where} is encrypted by ansible-vault, which a module can't undo. {vaulted}")
    try:
        return understand(data)
    except MailboxTextError as error:
        raise InputError(f"{where} can't be understood: {error}. Nothing was asked or written.") from error
