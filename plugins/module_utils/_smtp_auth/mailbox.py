# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""A mailbox as ``Get-CASMailbox`` shows it, reduced to what the collection needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from .identity import EMPTY_GUID, fold, is_guid
from .state import PROPERTY, UnreadableStateError, from_service

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


_TEXTS = ("PrimarySmtpAddress", "DisplayName", *_OTHER_NAMES)


class UnreadableRowError(ValueError):
    """A row that lacks what every mailbox has, or shows it in a form that it can't have. ``trimmed``: the setting isn't
    in it at all.
    """

    trimmed = False


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

    @property
    def name(self) -> str:
        """What to call it in a message."""
        return self.primary_smtp_address or self.guid

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Mailbox:
        """
        :raises UnreadableRowError: no id that can be one, no readable setting, or names that are no texts: such a row
        is an error, never a default.
        """
        guid = id_of(row)
        if not guid:
            raise UnreadableRowError("the answer has a row without any id")
        _check_names(row, guid)
        try:
            state = from_service(row)
        except UnreadableStateError as error:
            unreadable = UnreadableRowError(f"mailbox {row.get('PrimarySmtpAddress') or guid}: {error}")
            unreadable.trimmed = PROPERTY not in row
            raise unreadable from error
        return cls(
            guid=guid,
            primary_smtp_address=row.get("PrimarySmtpAddress") or "",
            display_name=row.get("DisplayName") or "",
            state=state,
            object_id=_account_of(row),
        )

    def check_same(self, other: Mailbox) -> None:
        """
        :raises UnreadableRowError: both rows are of one mailbox, and don't say the same of it.
        """
        if self is other:
            return
        if fold(self.guid) == fold(other.guid) and self != dataclasses.replace(other, guid=self.guid):
            raise UnreadableRowError(
                f"mailbox {self.name}: two rows of it, with the id {self.guid}, say "
                f"different things ({self.state}, {other.state}); none of them is taken"
            )


def id_of(row: Mapping[str, Any]) -> str:
    """The immutable id of a row: the first of three that it has; an empty text if it has none.

    :raises UnreadableRowError: what stands there can't be an id. It is never sent as one: another form may name other
    mailboxes, or all of them.
    """
    value = next((row[key] for key in _IDS if row.get(key) not in (None, "")), "")
    if value != "" and (not isinstance(value, str) or not is_guid(value) or value == EMPTY_GUID):
        raise UnreadableRowError(
            f"the answer has a row whose id is {ascii(value)[:60]}, which isn't a GUID of a mailbox"
        )
    return value


def _account_of(row: Mapping[str, Any]) -> str:
    """The id of the mailbox's account; an empty text where it has none."""
    value = row.get("ExternalDirectoryObjectId")
    if value in (None, "", EMPTY_GUID):
        return ""
    if not isinstance(value, str) or not is_guid(value):
        raise UnreadableRowError(
            f"mailbox {row.get('PrimarySmtpAddress') or row.get('Guid')}: its ExternalDirectoryObjectId is "
            f"{ascii(value)[:60]}, which isn't a GUID"
        )
    return value


def _check_names(row: Mapping[str, Any], guid: str) -> None:
    for key in _TEXTS:
        value = row.get(key)
        if value is not None and not isinstance(value, str):
            raise UnreadableRowError(f"mailbox {guid}: its {key} is {ascii(value)[:60]}, which isn't a text")
    addresses = row.get("EmailAddresses")
    if addresses is None or isinstance(addresses, str):
        return
    if not isinstance(addresses, list) or not all(isinstance(address, str) for address in addresses):
        raise UnreadableRowError(
            f"mailbox {guid}: its EmailAddresses are {ascii(addresses)[:60]}, which isn't a list of texts"
        )


def names_of(row: Mapping[str, Any]) -> set[str]:
    """The ids, addresses, UPN and alias that a row of any recipient cmdlet carries, folded."""
    texts = (row.get(key) for key in (*_IDS, "PrimarySmtpAddress", *_OTHER_NAMES))
    names = {fold(text) for text in texts if text and isinstance(text, str)}
    addresses = row.get("EmailAddresses")
    if isinstance(addresses, str):
        addresses = [addresses]
    for address in addresses if isinstance(addresses, list) else ():
        if not isinstance(address, str):
            continue
        prefix, colon, rest = address.partition(":")
        if not colon:
            names.add(fold(prefix))
        elif prefix.casefold() == "smtp":
            names.add(fold(rest))
    return names
