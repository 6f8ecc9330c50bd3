# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Entries searched for in a listing of everybody, for as long as that is the better way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._errors import AccessDeniedError, NetworkError, PageExpiredError, ServiceError, UntrustedServerError
from .._exchange.wire import BATCH_SIZE
from .first_look_ups import FirstLookUps
from .ways import Left, left_of, look_ups_win, may_read_on, pages_expected, worth_a_try

if TYPE_CHECKING:
    from .._exchange.batch import BatchRun, Outcome
    from .._exchange.client import ExchangeClient
    from .._smtp_auth.identity import Entry
    from .listing_match import ListingMatch
    from .watcher import Watcher

Page = Sequence[Mapping[str, Any]]
# Nobody waits for the first look-ups longer than for one more page, which is asked for then.


class ListingSearch:
    """``pages_expected``: of a listing of everybody, as far as anything was learned of it."""

    def __init__(
        self,
        client: ExchangeClient,
        begin: Callable[[], Iterable[Page]],
        run: Callable[[Sequence[Entry]], BatchRun],
        concurrency: int,
        watcher: Watcher,
    ) -> None:
        """``begin``: a listing. ``run``: look-ups of entries."""
        self._client = client
        self._begin = begin
        self._run = run
        self._concurrency = concurrency
        self._watcher = watcher
        self._first: FirstLookUps | None = None
        self.pages_expected: int | None = None

    def fill(self, new_match: Callable[[], ListingMatch]) -> ListingMatch | None:
        """What the pages say, as far as they were read; None if their link expired twice.

        :raises AccessDeniedError, UntrustedServerError: that ends it.
        """
        try:
            for _attempt in range(2):
                match = new_match()
                try:
                    self._read(match)
                except PageExpiredError:
                    continue
                except (ServiceError, NetworkError) as error:
                    if isinstance(error, (AccessDeniedError, UntrustedServerError)):
                        raise
                    # A listing that doesn't come to its end isn't needed here: the look-ups say the same.
                return match
            return None
        finally:
            if self._first:
                self._first.end()

    def looked_up(self) -> dict[int, Outcome]:
        """What look-ups beside the listing have found, by the entries' positions. Waits for those under way."""
        return self._first.outcomes() if self._first else {}

    def _read(self, match: ListingMatch) -> None:
        rows = pages = 0
        stage = self._client.progress.stage("of the tenant's listing read")
        for page in self._begin():
            pages += 1
            rows += len(page)
            stage.reached(rows)
            for row in page:
                match.book(row)
            self.pages_expected = pages_expected(len(match), len(match.left), rows, pages)
            if not match.left or not self._goes_on(match, rows, pages):
                return
            if not self._first or self._first.has_ended():  # those leave room for the pages, and for nothing else
                self._watcher.goes_on()
        self.pages_expected = pages

    def _goes_on(self, match: ListingMatch, rows: int, pages: int) -> bool:
        left = self._left(match, rows, pages)
        if left is None:
            return may_read_on(pages, len(match), self._client.pace, self._concurrency)
        if self._first is None and worth_a_try(left, self._client.pace, self._concurrency):
            # Pages need a place beside them; where look-ups are the better way, another page would be in vain.
            number = max(1, self._concurrency - 1) * BATCH_SIZE
            self._first = FirstLookUps(match.entries_left()[:number], self._run)
            self._first.has_ended(within=self._client.pace.page or 0.0)
            left = self._left(match, rows, pages) or left
        if self._first and not self._first.has_ended():
            return True
        return not look_ups_win(left, self._client.pace, self._concurrency)

    def _left(self, match: ListingMatch, rows: int, pages: int) -> Left | None:
        first = self._first
        asked, under_way = (first.batches, first.number_of(match.left)) if first else (0, 0)
        return left_of(len(match), len(match.left), rows, pages, asked=asked, under_way=under_way)
