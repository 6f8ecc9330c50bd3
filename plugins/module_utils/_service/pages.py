# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""A listing to its end: links followed, the next page fetched while the last one is worked on, never a short list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, Protocol, TypeVar

from .._errors import AccessDeniedError, IncompleteListingError, PageExpiredError, ServiceError, ThrottledError
from .._http.transport import check_host
from .._http.workers import Workers

MAX_PAGES = 2000  # two million rows: a guard against a listing without end
_POLL = 0.2  # seconds between moments at which a signal can be heeded


class Page(Protocol):
    """One page of a listing, in whatever form a service gives it."""

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What it holds."""

    @property
    def next_link(self) -> str:
        """Empty on the last page."""


AnyPage = TypeVar("AnyPage", bound=Page)


class Listing(Generic[AnyPage]):
    """The rows of one listing, page by page."""

    def __init__(
        self,
        what: str,
        endpoint: str,
        first: Callable[[], AnyPage],
        follow: Callable[[str], AnyPage],
        is_expired: Callable[[ServiceError], bool],
        reads_on: Callable[[], bool] = lambda: True,
    ) -> None:
        """``what``: for messages. ``endpoint``: where links may lead. ``is_expired``: whether an error means that the
        link is no longer good. ``reads_on``: whether the reader is likely to want a page beyond the one that is there.
        """
        self._what = what
        self._endpoint = endpoint
        self._first = first
        self._follow = follow
        self._is_expired = is_expired
        self._reads_on = reads_on
        self._seen: set[str] = set()

    def pages(self) -> Iterator[list[dict[str, Any]]]:
        """
        :raises PageExpiredError: a link expired. IncompleteListingError: it can't be told whether the list is whole.
        :raises UntrustedHostError: a link leads elsewhere.
        """
        ahead: Workers[str] = Workers(1, self._follow)
        try:
            page = self._page(self._first)
            while True:
                link = page.next_link
                if link:
                    self._check_link(link)
                # From the second page on the reader is likely to go to the end: the next one comes while it works.
                if link and self._seen and self._reads_on():
                    ahead.submit(link)
                yield page.rows
                if not link:
                    return
                if not ahead.running:
                    ahead.submit(link)
                self._seen.add(link)
                page = self._page(lambda: _awaited(ahead))
        finally:
            ahead.close()

    def _check_link(self, link: str) -> None:
        check_host(link, self._endpoint)
        if link in self._seen or len(self._seen) >= MAX_PAGES:
            raise IncompleteListingError(
                f"{self._what}: the pages go round in circles after {len(self._seen) + 1}; not taken for the whole."
            )

    def _page(self, fetch: Callable[[], AnyPage]) -> AnyPage:
        try:
            return fetch()
        except ServiceError as error:
            raise self._listing_error(error) from error

    def _listing_error(self, error: ServiceError) -> ServiceError:
        number = len(self._seen) + 1
        if self._is_expired(error):
            return PageExpiredError(
                f"{self._what}: page {number} expired before it was fetched ({error.message})",
                request_id=error.request_id,
            )
        if number > 1 and not isinstance(error, (AccessDeniedError, IncompleteListingError, ThrottledError)):
            return IncompleteListingError(
                f"{self._what}: page {number} couldn't be obtained, so the list isn't whole: {error.message}",
                request_id=error.request_id,
                status=error.status,
            )
        return error


def _awaited(ahead: Workers[str]) -> Any:
    """The page that is under way, or what went wrong with it."""
    done = None
    while done is None:
        done = ahead.next_done(_POLL)
    page = done[1]
    if isinstance(page, Exception):
        raise page
    return page
