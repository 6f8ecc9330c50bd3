# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""A mailbox as ``Get-CASMailbox`` shows it, reduced to what the collection needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ._identity import fold
from ._state import PROPERTY, UnreadableStateError, from_service

# What is asked for by name: of these every public client's rows have shown all. The UPN and the alias aren't among
# them.
COLUMNS = (
    "Guid",
    "ExchangeObjectId",
    "ExternalDirectoryObjectId",
    "PrimarySmtpAddress",
    "DisplayName",
    "EmailAddresses",
    PROPERTY,
)
_IDS = ("Guid", "ExchangeObjectId", "ExternalDirectoryObjectId")
_OTHER_NAMES = ("UserPrincipalName", "Alias", "WindowsEmailAddress")


class UnreadableRowError(ValueError):
    """A row that lacks what every mailbox has."""


@dataclasses.dataclass(frozen=True, slots=True)  # sixty thousand of these are held at once
class Mailbox:
    """One mailbox: its immutable id, what to show of it, its own setting, and the id of its account in Entra ID, which
    may be empty.
    """

    guid: str
    primary_smtp_address: str
    display_name: str
    state: str
    object_id: str = ""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Mailbox:
        """
        :raises UnreadableRowError: no id, or no readable setting: such a row is an error, never a default.
        """
        guid = next((str(row[key]) for key in _IDS if row.get(key)), "")
        if not guid:
            raise UnreadableRowError("the answer has a row without any id")
        try:
            state = from_service(row)
        except UnreadableStateError as error:
            raise UnreadableRowError(f"mailbox {row.get('PrimarySmtpAddress') or guid}: {error}") from error
        return cls(
            guid=guid,
            primary_smtp_address=str(row.get("PrimarySmtpAddress") or ""),
            display_name=str(row.get("DisplayName") or ""),
            state=state,
            object_id=str(row.get("ExternalDirectoryObjectId") or ""),
        )


def names_of(row: Mapping[str, Any]) -> set[str]:
    """The ids, addresses, UPN and alias that a row of any recipient cmdlet carries, folded."""
    names = {fold(str(row[key])) for key in (*_IDS, "PrimarySmtpAddress", *_OTHER_NAMES) if row.get(key)}
    addresses = row.get("EmailAddresses") or ()
    if isinstance(addresses, str):
        addresses = (addresses,)
    for address in addresses:
        prefix, colon, rest = str(address).partition(":")
        if not colon:
            names.add(fold(prefix))
        elif prefix.casefold() == "smtp":
            names.add(fold(rest))
    return names
