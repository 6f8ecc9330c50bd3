# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Entries searched for in a listing of everybody, for as long as that is the better way."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from .._errors import AccessDeniedError, NetworkError, PageExpiredError, ServiceError, UntrustedServerError
from .._exchange.wire import BATCH_SIZE
from .first_look_ups import FirstLookUps
from .ways import (
    NEARLY,
    Left,
    left_of,
    look_ups_win,
    may_read_on,
    pages_are_quick,
    pages_expected,
    pages_win_again,
    worth_a_try,
)

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
        begin: Callable[[Callable[[], bool]], Iterable[Page]],
        run: Callable[[Sequence[Entry]], BatchRun],
        concurrency: int,
        watcher: Watcher,
    ) -> None:
        """``begin``: a listing, by whether it may read ahead. ``run``: look-ups of entries."""
        self._client = client
        self._begin = begin
        self._run = run
        self._concurrency = concurrency
        self._watcher = watcher
        self._first: FirstLookUps | None = None
        self._trial = _Trial()
        self._begun: _Begun | None = None  # None: there is nothing to read on
        self.pages_expected: int | None = None

    def fill(self, new_match: Callable[[], ListingMatch]) -> ListingMatch | None:
        """What the pages say, as far as they were read; None if their link expired twice.

        :raises AccessDeniedError, UntrustedServerError: that ends it.
        """
        try:
            for _attempt in range(2):
                match = new_match()
                self._begun = _Begun(match, iter(self._begin(self._trial.is_decided)))
                try:
                    self._read(self._begun)
                except PageExpiredError:
                    self._begun = None
                    continue
                return match
            return None
        finally:
            if self._first:
                self._first.end()

    def pages_win(self, left: int) -> bool:
        """Whether look-ups of so many that are left are better given up: the pages that weren't read are fewer."""
        if self._begun is None or self.pages_expected is None:
            return False
        pages = self.pages_expected - self._begun.pages
        return pages_win_again(left, pages, self._client.pace, self._concurrency)

    def go_on(self, looked_up: Iterable[Entry]) -> ListingMatch | None:
        """Read on, as far as that is better; what all pages say then. ``looked_up``: whom it needn't find any more.

        :raises AccessDeniedError, UntrustedServerError: that ends it.
        """
        begun, self._begun = self._begun, None
        if begun is None:
            return None
        begun.looked_up = {entry.key for entry in looked_up}
        with contextlib.suppress(PageExpiredError):  # the rest is looked up
            self._read(begun)
        return begun.match

    def looked_up(self) -> dict[int, Outcome]:
        """What look-ups beside the listing have found, by the entries' positions. Waits for those under way."""
        return self._first.outcomes() if self._first else {}

    def _read(self, begun: _Begun) -> None:
        """
        :raises PageExpiredError: a link expired. AccessDeniedError, UntrustedServerError: nothing else will do.
        """
        try:
            self._read_on(begun)
        except (PageExpiredError, AccessDeniedError, UntrustedServerError):
            raise
        except (ServiceError, NetworkError):
            self._begun = None  # a listing that doesn't come to its end isn't needed here: the look-ups say the same

    def _read_on(self, begun: _Begun) -> None:
        match = begun.match
        stage = self._client.progress.stage("of the tenant's listing read")
        for page in begun.listing:
            begun.pages += 1
            begun.rows += len(page)
            stage.reached(begun.rows)
            for row in page:
                match.book(row)
            self.pages_expected = pages_expected(len(match), len(match.left), begun.rows, begun.pages)
            if match.left <= begun.looked_up or not self._goes_on(begun):
                return
            if not self._first or self._first.has_ended():  # those leave room for the pages, and for nothing else
                self._watcher.goes_on()
        self._begun = None
        self.pages_expected = begun.pages

    def _goes_on(self, begun: _Begun) -> bool:
        match = begun.match
        left = self._left(begun)
        if left is None:
            return may_read_on(begun.pages, len(match), self._client.pace, self._concurrency)
        if self._first is None and worth_a_try(left, self._client.pace, self._concurrency):
            # Pages need a place beside them; where look-ups are the better way, another page would be in vain.
            number = max(1, self._concurrency - 1) * BATCH_SIZE
            self._first = FirstLookUps(match.entries_left()[:number], self._run)
            self._trial.undecided = pages_are_quick(self._client.pace)
            if self._trial.undecided:
                return True
            self._wait_for_first(1.0)
            left = self._left(begun) or left
        elif self._trial.undecided:
            self._trial.undecided = False
            if look_ups_win(left, self._client.pace, self._concurrency):  # if they take as long as a page, as it seems
                self._wait_for_first(NEARLY)
                left = self._left(begun) or left
        if self._first and not self._first.has_ended():
            return True
        return not look_ups_win(left, self._client.pace, self._concurrency)

    def _wait_for_first(self, pages: float) -> None:
        """For so many times what a page takes."""
        if self._first:
            self._first.has_ended(within=pages * (self._client.pace.page or 0.0))

    def _left(self, begun: _Begun) -> Left | None:
        first, match = self._first, begun.match
        asked, under_way = (first.batches, first.number_of(match.left)) if first else (0, 0)
        known = max(under_way, len(match.left & begun.looked_up))  # the first ones are among those looked up
        return left_of(len(match), len(match.left), begun.rows, begun.pages, asked=asked, under_way=known)


@dataclasses.dataclass
class _Trial:
    """``undecided``: the first look-ups have just begun, so that the next page may be the last that is wanted. Apart
    from the search, for a listing that knew its reader would be closed only when Python looks for such circles.
    """

    undecided: bool = False

    def is_decided(self) -> bool:
        return not self.undecided


@dataclasses.dataclass
class _Begun:
    """A listing as far as it was read. ``looked_up``: keys that no row has to name any more."""

    match: ListingMatch
    listing: Iterator[Page]
    rows: int = 0
    pages: int = 0
    looked_up: AbstractSet[str] = frozenset()
