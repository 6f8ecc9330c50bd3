# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Which kind a mailbox is: of a user, shared, of a room, or one of the service's own.

``Get-CASMailbox`` doesn't tell, ``Get-Mailbox`` does. It is asked only about mailboxes that would change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._errors import M365Error, NotFoundError, PageExpiredError, UnexpectedAnswerError
from .._exchange.batch import BatchRun
from .._exchange.wire import Command
from .._smtp_auth.identity import fold
from .look_ups import LookUps
from .ways import pages_win, pages_win_again

if TYPE_CHECKING:
    from .._exchange.client import ExchangeClient
    from .._smtp_auth.mailbox import Mailbox

NONE = ""  # Get-Mailbox knows of no such mailbox: it hides those of the service
_IDS = ("Guid", "ExchangeObjectId", "ExternalDirectoryObjectId")
_COLUMNS = (*_IDS, "RecipientTypeDetails")


def read_types(
    client: ExchangeClient, concurrency: int, mailboxes: Sequence[Mailbox], pages: int | None
) -> dict[str, str]:
    """``RecipientTypeDetails`` by the mailboxes' GUIDs.

    :param pages: how many pages a listing of everybody takes, if that is known: the better way is taken.
    :raises M365Error: it can't be told of one of them; the message names it.
    """
    types: dict[str, str] = {}
    left = list(mailboxes)
    listing = pages_win(len(left), pages, client.pace, concurrency)

    def again(number: int) -> bool:
        return pages_win_again(number, pages, client.pace, concurrency)

    while left:
        if listing:
            listed = _listed(client)
            types.update((one.guid, listed[fold(one.guid)]) for one in left if fold(one.guid) in listed)
        asked = [mailbox for mailbox in left if mailbox.guid not in types]
        commands = [Command("Get-Mailbox", {"Identity": mailbox.guid}, _COLUMNS, mailbox.name) for mailbox in asked]
        look_ups = LookUps(BatchRun(client, commands, concurrency), len(asked), None if listing else again)
        for place, outcome in look_ups:
            if isinstance(outcome, NotFoundError):
                types[asked[place].guid] = NONE
            elif isinstance(outcome, M365Error):
                raise outcome
            else:
                types[asked[place].guid] = _only_type(str(commands[place]), asked[place].guid, outcome.rows)
        left, listing = [asked[place] for place in look_ups.left], True
    return types


def _listed(client: ExchangeClient) -> dict[str, str]:
    """By any id. Empty, or short, where the listing has a fault: those that lack are asked for one by one."""
    types: dict[str, str] = {}
    try:
        for page in client.list_pages(Command("Get-Mailbox", {"ResultSize": "Unlimited"}, _COLUMNS, "all mailboxes")):
            for row in page:
                if row.get("RecipientTypeDetails"):
                    types.update(
                        {fold(str(row[key])): str(row["RecipientTypeDetails"]) for key in _IDS if row.get(key)}
                    )
    except PageExpiredError:
        pass
    return types


def _only_type(command: str, guid: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """
    :raises UnexpectedAnswerError: not exactly the mailbox that was asked for, or one without a type.
    """
    if len(rows) == 1 and fold(guid) in (fold(str(rows[0].get(key) or "")) for key in _IDS):
        kind = rows[0].get("RecipientTypeDetails")
        if isinstance(kind, str) and kind:
            return kind
    raise UnexpectedAnswerError(f"{command}: the answer doesn't tell which kind of mailbox it is; nothing was written.")
