# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Read mailboxes together with every layer, and judge what a client will meet at each."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._smtp_auth.findings import Findings, find
from .._smtp_auth.unread import Unread
from .at_once import in_parallel
from .early_layers import EarlyLayers
from .judging import Evaluation, judge_mailboxes
from .layers import LayerReader
from .organization import UNKNOWN, Organization
from .read_mailboxes import Reading, read_all, read_listed

if TYPE_CHECKING:
    from .._errors import M365Error
    from .._smtp_auth.effective import Effective
    from .._smtp_auth.identity import Entry
    from .._smtp_auth.layers import Tenant, User
    from .connection import Connection
    from .mailboxes import MailboxStore


@dataclasses.dataclass
class EffectiveStates:
    """``by_guid``, ``users``: of every mailbox that was read. ``faults``: what went wrong otherwise than for lack of
    access. ``tenant``: what holds for all of them; None if no mailbox was there to ask for.
    """

    readings: list[Reading]
    organization: Organization
    by_guid: dict[str, Effective]
    findings: Findings
    faults: list[M365Error]
    tenant: Tenant | None = None
    users: dict[str, User] = dataclasses.field(default_factory=dict)

    def lacking(self) -> list[str]:
        """One text for each permission that is missing: what it is, and the layers that are unknown for it."""
        layers: dict[str, list[str]] = {}
        for effective in {id(one): one for one in self.by_guid.values()}.values():
            for layer in effective.layers:
                names = layers.setdefault(layer.permission, [])
                if layer.name not in names:
                    names.append(layer.name)
        return [f"{permission} ({', '.join(names)})" for permission, names in layers.items() if permission]


def read_effective_states(
    connection: Connection, store: MailboxStore, entries: Sequence[Entry] | None, today: datetime.date
) -> EffectiveStates:
    """Of the listed mailboxes, or of all (``entries`` None), each of which costs no request of its own.

    :raises M365Error: the mailboxes couldn't be read. What else can't be read is unknown.
    """
    reader = LayerReader(connection)
    if entries is None:
        readings, (tenant, directory) = in_parallel(lambda: read_all(store), lambda: reader.read(None, None, today))
    else:
        with EarlyLayers(reader, store, len(entries), lambda _mailbox, _entry: True) as early:
            readings = read_listed(store, entries)
            early.end()
            found = [reading.mailbox for reading in readings if reading.mailbox is not None]
            if not found:
                return EffectiveStates(
                    readings, Organization(UNKNOWN, "No mailbox was found, so it wasn't read."), {}, find(()), []
                )
            tenant, directory = reader.read(found, store.pages_expected, today)
    mailboxes = [reading.mailbox for reading in readings if reading.mailbox is not None]
    by_guid = judge_mailboxes(
        Evaluation(connection), tenant, directory, ((mailbox, mailbox.state) for mailbox in mailboxes)
    )
    users = {mailbox.guid: directory.user(mailbox) for mailbox in mailboxes}
    findings = find(
        (reading.name, reading.mailbox.state, by_guid[reading.mailbox.guid])
        for reading in readings
        if reading.mailbox is not None
    )
    return EffectiveStates(readings, _organization(tenant), by_guid, findings, reader.faults, tenant, users)


def _organization(tenant: Tenant) -> Organization:
    told = tenant.organization
    return Organization(UNKNOWN, f"{told.reason}.") if isinstance(told, Unread) else Organization(told)
