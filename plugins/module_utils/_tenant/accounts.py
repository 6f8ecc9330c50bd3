# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The accounts in Entra ID behind mailboxes: one by one, or everybody's, whichever is better."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

from .._exchange.timings import Pace
from .._smtp_auth.abilities import ACCOUNTS
from .._smtp_auth.identity import fold
from .._smtp_auth.layers import Account
from .._smtp_auth.unread import Unread
from .asking import again_if_expired
from .at_once import in_parallel
from .early_accounts import EarlyAccounts
from .ways import FEW, pages_win

if TYPE_CHECKING:
    from .._smtp_auth.mailbox import Mailbox
    from .asking import Asking

Accounts: TypeAlias = "Mapping[str, Account] | Unread"

ACCOUNT_PERMISSION = ACCOUNTS
_ACCOUNTS = "/v1.0/users?$select=id,accountEnabled,assignedLicenses,userType"
_PAGE_OF_ACCOUNTS = 999  # the most that Graph gives
_GUEST = {"guest": True, "member": False}  # by userType
_IDS_IN_A_FILTER = 15  # the most that Graph takes


class AccountReader:
    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self.early: EarlyAccounts | None = None

    def begin_early(self, may_be_wanted: int, pages: Callable[[], int | None]) -> EarlyAccounts:
        """Accounts that are asked for before it is known of whom they are needed: of at most so many."""
        concurrency = self._asking.connection.concurrency

        def by_listing(number: int) -> bool:
            known = pages()
            few = known is None and may_be_wanted <= FEW
            early.may_ask_by_id = few or (known is not None and not self._listing_wins(may_be_wanted, known))
            return self._listing_wins(number, known)

        early = EarlyAccounts(self._read, by_listing, in_a_request=_IDS_IN_A_FILTER, concurrency=concurrency)
        self.early = early
        return early

    def read(self, mailboxes: Sequence[Mailbox] | None, pages: int | None) -> Accounts:
        """Of these mailboxes; None: of everybody. ``pages``: of a listing of everybody, if that is known."""
        if mailboxes is None:
            return self._asking.guarded(lambda: self._read(None))
        ids = {fold(mailbox.object_id) for mailbox in mailboxes if mailbox.object_id}
        if self.early is None:
            return self._read_some(ids, pages)
        early, begun = self.early, self.early.asked_for(ids)
        known, more = in_parallel(early.known, lambda: self._read_some(ids - begun, pages))
        if isinstance(more, Unread) or not early.failed:
            return more if isinstance(more, Unread) else {**known, **more}
        again = self._read_some(begun - set(known), pages)
        return again if isinstance(again, Unread) else {**known, **more, **again}

    def _read_some(self, ids: AbstractSet[str], pages: int | None) -> Accounts:
        asked = None if self._listing_wins(len(ids), pages) else sorted(ids)
        return self._asking.guarded(lambda: self._read(asked))

    def _read(self, ids: Sequence[str] | None) -> dict[str, Account]:
        """The accounts with these ids, or all.

        :raises M365Error: they can't be read.
        """
        paths = [f"{_ACCOUNTS}&$top={_PAGE_OF_ACCOUNTS}"]
        if ids is not None:
            paths = [_accounts_path(ids[at : at + _IDS_IN_A_FILTER]) for at in range(0, len(ids), _IDS_IN_A_FILTER)]

        def read(path: str) -> dict[str, Account]:
            rows = (row for page in self._asking.connection.graph.pages(path, ACCOUNT_PERMISSION) for row in page)
            return {fold(str(row.get("id") or "")): account for row in rows if (account := _account(row))}

        def read_all() -> dict[str, Account]:
            jobs = [functools.partial(read, path) for path in paths]
            accounts: dict[str, Account] = {}
            for some in in_parallel(*jobs, most=self._asking.connection.concurrency):
                accounts.update(some)
            return accounts

        return again_if_expired(read_all)

    def _listing_wins(self, number: int, pages: int | None) -> bool:
        connection = self._asking.connection
        pace = Pace(throttled=connection.exchange.pace.throttled)  # of Graph nothing was seen yet
        return pages_win(number, pages, pace, connection.concurrency, in_a_batch=_IDS_IN_A_FILTER)


def _accounts_path(ids: Sequence[str]) -> str:
    listed = ",".join(f"'{value}'" for value in ids)
    return f"{_ACCOUNTS}&$filter={quote(f'id in ({listed})')}&$top={_PAGE_OF_ACCOUNTS}"


def _account(row: Mapping[str, Any]) -> Account | None:
    """None where the row doesn't tell: then nothing is known of the account."""
    enabled, licences = row.get("accountEnabled"), row.get("assignedLicenses")
    if not isinstance(enabled, bool) or not isinstance(licences, list):
        return None
    return Account(enabled, bool(licences), _GUEST.get(fold(str(row.get("userType")))))
