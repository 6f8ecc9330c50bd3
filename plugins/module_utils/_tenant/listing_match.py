# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Which mailboxes of a listing the entries name, and how sure that is. Pure.

A row shows its ids and addresses, but neither the sign-in name nor the alias. An id or a primary address names its
mailbox. A secondary address may at the same time be the sign-in name of another mailbox, of which no row tells: whom
it names has to be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .._errors import AmbiguousError, M365Error
from .._smtp_auth.identity import ALIAS, Entry, fold
from .._smtp_auth.mailbox import COLUMNS, Mailbox, names_of
from .same_mailbox import one_of_both

_NAMES_FOR_SURE = (*COLUMNS[:3], "PrimarySmtpAddress")


class ListingMatch:
    """The entries against one listing, row by row. ``left``: the keys that no row has named yet."""

    def __init__(
        self,
        entries: Iterable[Entry],
        read: Callable[[Mapping[str, Any]], Mailbox | M365Error],
        notice: Callable[[Mailbox, Entry], None] | None = None,
    ) -> None:
        """``notice``: is told of each mailbox that a row shows, and of the entry that names it."""
        self._read = read
        self._notice = notice
        self._wanted = {entry.key: entry for entry in entries if entry.kind != ALIAS}  # rows don't show aliases
        self._owners: dict[str, dict[str, Mailbox]] = {}
        self._unreadable: dict[str, M365Error] = {}
        self._sure: set[str] = set()
        self.left = set(self._wanted)

    def entries_left(self) -> list[Entry]:
        return [entry for key, entry in self._wanted.items() if key in self.left]

    def __len__(self) -> int:
        return len(self._wanted)

    def book(self, row: Mapping[str, Any]) -> None:
        """Book one row under every entry that names it."""
        for name in names_of(row):
            entry = self._wanted.get(name)
            if entry is None:
                continue
            self.left.discard(name)
            mailbox = self._read(row)
            if isinstance(mailbox, M365Error):
                self._unreadable[name] = mailbox
                continue
            if self._notice:
                self._notice(mailbox, entry)
            owners = self._owners.setdefault(name, {})
            both = one_of_both(owners.get(fold(mailbox.guid)), mailbox)
            if isinstance(both, M365Error):
                self._unreadable[name] = both
                continue
            owners[fold(mailbox.guid)] = both
            if any(_is_same(entry.text, row.get(key)) for key in _NAMES_FOR_SURE):
                self._sure.add(name)

    def settle(self, mailboxes: dict[int, Mailbox], errors: dict[int, M365Error]) -> list[tuple[Entry, Mailbox]]:
        """Fill the two, by the entries' positions, with what is sure.

        :returns: The entries that only a secondary address of a mailbox matches, with that mailbox.
        """
        unsure = []
        for name, entry in self._wanted.items():
            owners = list(self._owners.get(name, {}).values())
            if name in self._unreadable:
                errors[entry.position] = self._unreadable[name]
            elif len(owners) > 1:
                errors[entry.position] = ambiguous(entry, *owners[:2])
            elif owners and name in self._sure:
                mailboxes[entry.position] = owners[0]
            elif owners:
                unsure.append((entry, owners[0]))
        return unsure


class OtherNames:
    """Whether names that the rows of ``Get-CASMailbox`` show are names of other mailboxes too, by the rows of a cmdlet
    that shows them all.
    """

    COLUMNS = (*COLUMNS[:3], "UserPrincipalName", "Alias", "Name", "PrimarySmtpAddress", "EmailAddresses")

    def __init__(self, unsure: Iterable[tuple[Entry, Mailbox]]) -> None:
        self._unsure = list(unsure)
        self._owners: dict[str, dict[str, str]] = {entry.key: {} for entry, _mailbox in self._unsure}
        self._seen: set[str] = set()
        self.readable = True  # False: rows don't tell sign-in names

    def book(self, row: Mapping[str, Any]) -> None:
        guid = next((fold(str(row[key])) for key in self.COLUMNS[:3] if row.get(key)), "")
        if not guid or "UserPrincipalName" not in row:
            self.readable = False
            return
        self._seen.add(guid)
        for name in names_of(row) | {fold(str(row.get("Name") or ""))}:
            if name in self._owners:
                self._owners[name][guid] = str(row.get("PrimarySmtpAddress") or guid)

    def settle(self, mailboxes: dict[int, Mailbox], errors: dict[int, M365Error]) -> None:
        """Fill the two with what is sure now."""
        for entry, mailbox in self._unsure:
            others = {guid: name for guid, name in self._owners[entry.key].items() if guid != fold(mailbox.guid)}
            if others:
                errors[entry.position] = ambiguous(entry, mailbox, *others.values())
            elif fold(mailbox.guid) in self._seen:
                mailboxes[entry.position] = mailbox


def ambiguous(entry: Entry, *owners: Mailbox | str) -> AmbiguousError:
    names = [owner if isinstance(owner, str) else owner.name for owner in owners]
    return AmbiguousError(f"{entry.text} names more than one mailbox ({' and '.join(names[:2])}): use a GUID.")


def _is_same(text: str, value: Any) -> bool:
    """Without case, and stricter than ``fold``: whether a sharp s is a double s is the service's to say."""
    other = str(value or "")
    return text.lower() == other.lower() and text.isascii() == other.isascii()
