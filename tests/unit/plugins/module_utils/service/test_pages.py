# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A listing is read to its end or told to be short, and its next page comes while the last one is worked on."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import (
    AccessDeniedError,
    IncompleteListingError,
    M365Error,
    NetworkError,
    PageExpiredError,
    ServiceError,
    ThrottledError,
    UntrustedHostError,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._service import pages as _service_pages
from ansible_collections.m365ops.exchange_online.plugins.module_utils._service.pages import Listing

HOST = "https://host"


@dataclasses.dataclass
class Page:
    rows: list[dict[str, Any]]
    next_link: str = ""


class Service:
    """Serves ``pages`` one after the other (an exception among them is raised); each links to the next but the last."""

    def __init__(self, *pages: list[dict[str, Any]] | Exception) -> None:
        self.pages = pages
        self.asked: list[int] = []
        self.third_asked = threading.Event()

    def page(self, link: str = "") -> Page:
        number = int(link.rpartition("=")[2] or 0)
        self.asked.append(number)
        if number == 2:
            self.third_asked.set()
        found = self.pages[number]
        if isinstance(found, Exception):
            raise found
        return Page(found, f"{HOST}/x?skip={number + 1}" if number + 1 < len(self.pages) else "")

    def listing(self, reads_on: Callable[[], bool] = lambda: True) -> Iterator[list[dict[str, Any]]]:
        return Listing("WHAT", HOST, self.page, self.page, lambda error: "expired" in error.message, reads_on).pages()


def row(number: int) -> dict[str, Any]:
    return {"number": number}


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_every_page_once_in_order(count: int) -> None:
    service = Service(*[[row(number)] for number in range(count)])
    assert list(service.listing()) == [[row(number)] for number in range(count)]
    assert service.asked == list(range(count))


def test_an_empty_page_is_not_the_end() -> None:
    assert list(Service([], [], [row(1)], []).listing()) == [[], [], [row(1)], []]


def test_the_second_page_waits_until_it_is_wanted_the_others_come_ahead() -> None:
    service = Service([row(0)], [row(1)], [row(2)], [row(3)])
    pages = service.listing()
    assert service.asked == []
    next(pages)
    assert service.asked == [0], "the reader may have all that it looks for"
    next(pages)
    assert service.third_asked.wait(30), "asked for although nobody has asked for it here"
    assert [*pages] == [[row(2)], [row(3)]]


def test_no_page_comes_ahead_of_a_reader_who_may_not_want_it() -> None:
    service = Service([row(0)], [row(1)], [row(2)], [row(3)])
    reads_on = [False]
    pages = service.listing(lambda: reads_on[0])
    assert [next(pages), next(pages)] == [[row(0)], [row(1)]]
    assert not service.third_asked.wait(0.05)
    reads_on[0] = True
    assert [*pages] == [[row(2)], [row(3)]]
    assert service.asked == [0, 1, 2, 3], "each once"


@pytest.mark.parametrize(
    ("error", "kind", "word"),
    [
        (ServiceError("gone", request_id="i", status=500), IncompleteListingError, "page 3 couldn't be obtained"),
        (ServiceError("it expired", request_id="i", status=400), PageExpiredError, "page 3 expired"),
        (AccessDeniedError("denied", request_id="i"), AccessDeniedError, "denied"),
        (ThrottledError("busy", request_id="i"), ThrottledError, "busy"),
        (IncompleteListingError("there is more", request_id="i"), IncompleteListingError, "^there is more$"),
        (NetworkError("no answer", request_id="i"), NetworkError, "no answer"),
    ],
)
def test_what_goes_wrong_later_leaves_no_short_list(error: M365Error, kind: type[M365Error], word: str) -> None:
    pages = Service([row(0)], [row(1)], error).listing()
    assert [next(pages), next(pages)] == [[row(0)], [row(1)]]
    with pytest.raises(M365Error, match=word) as caught:
        next(pages)
    assert caught.value.__class__ is kind
    assert caught.value.request_id == "i"


def test_what_goes_wrong_at_first_is_told_as_it_is() -> None:
    error = ServiceError("no such listing", status=400)
    with pytest.raises(ServiceError) as caught:
        next(Service(error).listing())
    assert caught.value is error


@pytest.mark.parametrize("link", [f"{HOST}.evil.example/x", "http://host/x", "/x", "https://host@evil.example/x"])
def test_a_link_elsewhere_is_not_followed(link: str) -> None:
    followed: list[str] = []
    pages = Listing("WHAT", HOST, lambda: Page([], link), lambda to: Page([], followed.append(to) or ""), bool).pages()
    with pytest.raises(UntrustedHostError):
        next(pages)
    assert followed == []


def test_a_link_that_comes_again_ends_it() -> None:
    def page(_link: str = "") -> Page:
        return Page([row(0)], f"{HOST}/x?skip=1")

    pages = Listing("WHAT", HOST, page, page, bool).pages()
    next(pages)
    with pytest.raises(IncompleteListingError, match="go round in circles after 2"):
        next(pages)


def test_links_without_end_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_service_pages, "MAX_PAGES", 5)
    service = Service(*[[row(number)] for number in range(100)])
    pages = service.listing()
    assert [next(pages) for _each in range(5)] == [[row(number)] for number in range(5)]
    with pytest.raises(IncompleteListingError, match="go round in circles"):
        next(pages)


def test_a_reader_that_stops_stops_the_listing() -> None:
    service = Service(*[[row(number)] for number in range(10)])
    pages = service.listing()
    next(pages)
    pages.close()  # type: ignore[attr-defined]
    assert list(pages) == []
    assert service.asked == [0]
