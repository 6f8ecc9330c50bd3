# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Read the setting of listed mailboxes or of all, and the organization's."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ._errors import AccessDeniedError, M365Error, NotFoundError, UnexpectedAnswerError
from ._exchange import ExchangeClient
from ._exchange_wire import Command
from ._mailbox_store import MailboxStore
from ._smtp_auth._identity import Entry
from ._smtp_auth._mailbox import Mailbox
from ._smtp_auth._state import INHERIT, UnreadableStateError, from_service

UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True)
class Reading:
    """One mailbox as asked for (``name``), or why it couldn't be read."""

    name: str
    mailbox: Mailbox | None = None
    error: M365Error | None = None

    @property
    def missing(self) -> bool:
        return isinstance(self.error, NotFoundError)


@dataclasses.dataclass(frozen=True)
class Organization:
    """The tenant-wide setting: ``enabled``, ``disabled``, or ``unknown`` with the reason."""

    state: str
    reason: str = ""


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
    return [Reading(mailbox.primary_smtp_address or mailbox.guid, mailbox) for mailbox in mailboxes]


def read_organization(client: ExchangeClient) -> Organization:
    """``Get-TransportConfig``. Where the app may not run it the state is unknown, and the reason says what is missing.

    :raises M365Error: any other failure.
    """
    try:
        result = client.invoke(Command("Get-TransportConfig"))
    except AccessDeniedError as error:
        return Organization(UNKNOWN, error.message)
    if len(result.rows) != 1:
        raise UnexpectedAnswerError(f"Get-TransportConfig answered with {len(result.rows)} objects instead of one.")
    try:
        state = from_service(result.rows[0])
    except UnreadableStateError as error:
        return Organization(UNKNOWN, f"Get-TransportConfig: {error}.")
    if state == INHERIT:
        return Organization(UNKNOWN, "Get-TransportConfig: the setting is empty.")
    return Organization(state)
