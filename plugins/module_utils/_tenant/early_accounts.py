# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The accounts in Entra ID behind mailboxes, asked for while mailboxes are still being read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from .._http.workers import Workers
from .._smtp_auth.identity import fold

if TYPE_CHECKING:
    from .._smtp_auth.layers import Account
    from .._smtp_auth.mailbox import Mailbox

_POLL = 0.2  # seconds between moments at which a signal can be heeded

Accounts = Mapping[str, "Account"]


class EarlyAccounts:
    """What fails here is asked for once more by whoever needs it, and told there."""

    def __init__(
        self,
        read: Callable[[Sequence[str] | None], Accounts],
        by_listing: Callable[[int], bool],
        *,
        in_a_request: int,
        concurrency: int,
    ) -> None:
        """``read``: the accounts with these ids; None for all. ``by_listing``: whether a listing of all is the better
        way to so many of them.
        """
        self._read = read
        self._by_listing = by_listing
        self._size = in_a_request
        self._workers: Workers[tuple[str, ...]] = Workers(concurrency, self._work)
        self._noticed: set[str] = set()
        self._waiting: list[str] = []
        self._found: dict[str, Account] = {}
        self._asked: set[str] = set()
        self.failed = False
        self.may_ask_by_id = False
        self.are_all = False  # whether it reads the accounts of the whole tenant

    def notice(self, mailbox: Mailbox) -> None:
        """A mailbox of which the account is going to be needed."""
        key = fold(mailbox.object_id)
        if not key or key in self._noticed or self.are_all or self.failed:
            return
        self._noticed.add(key)
        self._waiting.append(key)
        if len(self._waiting) < self._size:
            return
        self._collect(0.0)
        if self._by_listing(len(self._noticed)):
            self.are_all = True
            self._workers.submit(())
        elif self.may_ask_by_id and self._workers.has_room:
            some = tuple(self._waiting[: self._size])
            self._asked.update(some)
            self._workers.submit(some)
            del self._waiting[: self._size]

    def asked_for(self, ids: AbstractSet[str]) -> AbstractSet[str]:
        """Which of these it has asked for."""
        return ids if self.are_all else ids & self._asked

    def known(self) -> Accounts:
        """What came of it. Waits for what is under way."""
        while self._workers.running:
            self._collect(_POLL)
        self.end()
        return self._found

    def end(self) -> None:
        """Nobody is going to ask for it any more."""
        self._workers.close()

    def _collect(self, seconds: float) -> None:
        while self._workers.running and (done := self._workers.next_done(seconds)):
            if isinstance(done[1], BaseException):
                self.failed, self.are_all = True, False
            else:
                self._found.update(done[1])

    def _work(self, ids: tuple[str, ...]) -> Accounts:
        return self._read(ids or None)
