# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Read the setting of listed mailboxes, or of all."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._errors import M365Error, NotFoundError

if TYPE_CHECKING:
    from .._smtp_auth.identity import Entry
    from .._smtp_auth.mailbox import Mailbox
    from .mailboxes import MailboxStore


@dataclasses.dataclass(frozen=True, slots=True)  # sixty thousand of these are held at once
class Reading:
    """One mailbox as asked for (``name``), or why it couldn't be read."""

    name: str
    mailbox: Mailbox | None = None
    error: M365Error | None = None

    @property
    def missing(self) -> bool:
        return isinstance(self.error, NotFoundError)


def read_listed(store: MailboxStore, entries: Sequence[Entry]) -> list[Reading]:
    """The readings in the entries' order.

    :raises M365Error: nothing could be read at all.
    """
    found = store.find(entries)
    return [
        Reading(entry.text, found.mailboxes.get(entry.position), found.errors.get(entry.position)) for entry in entries
    ]


def read_all(store: MailboxStore) -> list[Reading]:
    """Every mailbox of the tenant, by its primary address.

    :raises M365Error: the list can't be had whole.
    """
    mailboxes = sorted(store.everybody(), key=lambda mailbox: (mailbox.primary_smtp_address.casefold(), mailbox.guid))
    return [Reading(mailbox.name, mailbox) for mailbox in mailboxes]
