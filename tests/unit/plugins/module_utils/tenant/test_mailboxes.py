# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding mailboxes by the cheaper of two ways, and taking nothing for what it isn't."""

from __future__ import annotations

import dataclasses
import gc
import math
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import (
    AccessDeniedError,
    DeadlineError,
    IncompleteListingError,
    InterruptedTaskError,
    M365Error,
    NetworkError,
    NotFoundError,
    PageExpiredError,
    ServiceError,
    SignInError,
    UnexpectedAnswerError,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.timings import Pace
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.wire import Command, CommandResult
from ansible_collections.m365ops.exchange_online.plugins.module_utils._progress import Progress
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.identity import Entry, parse_entries
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox import Mailbox
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.listing_match import ListingMatch
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.listing_search import ListingSearch
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.mailbox_rows import row_or_error
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.mailboxes import (
    FEW,
    MailboxStore,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.watcher import Watcher
from unit.plugins.module_utils.tenant.in_memory import Outcomes

Row = dict[str, Any]
Page = list[Row]


def guid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012d}"


def row(number: int, state: bool | None = None, **more: Any) -> Row:
    address = f"user{number}@contoso.com"
    return {
        "Guid": guid(number),
        "PrimarySmtpAddress": address,
        "DisplayName": f"User {number}",
        "EmailAddresses": [f"SMTP:{address}"],
        "SmtpClientAuthenticationDisabled": state,
        **more,
    }


class Listings:
    """A client that gives, for each listing begun, the next of these lists of pages; an exception in one is raised."""

    tenant = "a-tenant"

    def __init__(self, *listings: Iterable[Page | Exception]) -> None:
        self.listings = list(listings)
        self.pages = 0
        self.progress = Progress()
        self.pace = Pace()

    def list_pages(self, _command: Command, _reads_on: Any = None) -> Iterator[Page]:
        for page in self.listings.pop(0):
            if isinstance(page, Exception):
                raise page
            self.pages += 1
            yield page


class Store(MailboxStore):
    """Commands are answered by ``reply``, one by one; they are kept in ``asked``. ``batch``: seconds that the client
    sees one take.
    """

    def __init__(
        self, client: Listings, reply: Callable[[Command], Any], concurrency: int = 1, batch: float | None = None
    ) -> None:
        super().__init__(client, concurrency)  # type: ignore[arg-type]
        self.client = client
        self.reply = reply
        self.batch = batch
        self.asked: list[Command] = []
        self.runs: list[Outcomes] = []

    def _run(self, commands: Sequence[Command], before_sending: Any = None) -> Any:
        self.asked += commands
        self.client.pace = dataclasses.replace(self.client.pace, batch=self.batch)
        self.runs.append(Outcomes((place, self.reply(command)) for place, command in enumerate(commands)))
        return self.runs[-1]


def rows(*found: Row, link: str = "") -> CommandResult:
    return CommandResult(list(found), [], link)


def everyone(command: Command) -> Any:
    """A tenant in which every ``user<n>@contoso.com`` exists."""
    identity = str(command.parameters["Identity"])
    number = identity.removeprefix("user").split("@")[0] if "@" in identity else identity[-12:]
    return rows(row(int(number)))


def entries(*numbers: int) -> Any:
    return parse_entries([f"user{number}@contoso.com" for number in numbers])


# Which way is better --------------------------------------------------------------------------------------------------


def in_a_tenant_of(pages: int, pace: Pace, *, batch: float | None = None, wanted: int = 1000) -> Store:
    """A store that has searched for mailboxes which are spread evenly over so many full pages."""
    step = pages * 1000 // wanted

    def listing() -> Iterator[Page]:  # of which only what is read is made
        for start in range(1, pages * 1000, 1000):
            yield [row(place) for place in range(start, start + 1000)]

    client = Listings(listing(), listing(), listing())
    client.pace = pace
    store = Store(client, everyone, 4, batch)
    found = store.find(entries(*range(1, wanted * step, step)))
    assert set(found.mailboxes) == set(range(1, wanted + 1))
    assert not found.errors
    return store


@pytest.mark.parametrize(
    ("page", "batch", "most_pages", "batches"),
    [
        (0.25, 0.25, 9, 100),  # 25 round trips of look-ups against 60 pages
        (1.2, 0.2, 9, 100),
        (0.25, 2.0, 60, 4),  # pages, once the first look-ups have told
        (0.25, 0.7, 60, 8),
        (0.25, 0.5, 9, 100),
    ],
)
def test_few_of_many_by_the_way_that_takes_less_time(page: float, batch: float, most_pages: int, batches: int) -> None:
    store = in_a_tenant_of(60, Pace(page), batch=batch)
    assert store.client.pages <= most_pages
    assert math.ceil(len(store.asked) / 10) <= batches
    assert store.client.pages + len(store.asked) / 10 <= 2 * 60
    assert len({str(command) for command in store.asked}) == len(store.asked), "nobody is looked up twice"


def test_few_of_many_by_pages_where_the_service_throttles() -> None:
    store = in_a_tenant_of(60, Pace(0.25, 0.25, throttled=5), batch=0.25)
    assert store.client.pages >= 59
    assert len(store.asked) <= 20, "the last ones, which may as well be looked up"


def test_a_search_is_gone_with_its_listing_as_soon_as_nobody_wants_it() -> None:
    """Each knows of the other: were it a circle, the listing would be closed only when Python looks for those."""

    def listing(reads_on: Callable[[], bool]) -> Iterator[Page]:
        while reads_on():
            yield [row(place) for place in range(1, 1001)]

    client = Listings()
    client.pace = Pace(0.25, 0.25)
    search = ListingSearch(client, listing, lambda _entries: Outcomes([]), 4, Watcher())  # type: ignore[arg-type]
    match = search.fill(lambda: ListingMatch(entries(*range(1, 60_000, 60)), row_or_error))
    assert match
    assert len(match.left) == 983, "the rest is better looked up, and the listing is kept for should that fail"
    gone = weakref.ref(search)
    gc.disable()
    try:
        del search
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(("pages", "wanted"), [(2, 1000), (10, 5000), (1, 100)])
def test_no_look_up_is_tried_where_pages_are_by_far_the_fewer_requests(pages: int, wanted: int) -> None:
    store = in_a_tenant_of(pages, Pace(9.0), batch=0.01, wanted=wanted)
    assert (store.client.pages, store.asked) == (pages, [])


def test_a_listing_of_which_a_page_fails_is_done_without() -> None:
    whole = [[row(place) for place in range(start, start + 1000)] for start in range(1, 20_000, 1000)]
    client = Listings([*whole[:2], NetworkError("x")])
    client.pace = Pace(0.25)
    store = Store(client, everyone, 4, 9.0)
    assert set(store.find(entries(*range(1, 20_000, 40))).mailboxes) == set(range(1, 501))
    assert len({str(command) for command in store.asked}) == len(store.asked), "what the first look-ups found is known"


@pytest.mark.parametrize(
    ("pace", "listed"),
    [
        (Pace(0.25, 0.25), False),
        (Pace(0.25, 0.7), True),
        (Pace(0.25, 0.25, throttled=5), True),
        (Pace(None, 0.25), False),
    ],
)
def test_reads_back_by_the_way_that_takes_less_time(pace: Pace, listed: bool) -> None:
    client = Listings([[row(place)] for place in range(1, 61)], [[row(place) for place in range(1, 1001)]])
    store = Store(client, everyone, 4, pace.batch)
    store.everybody()
    client.pace, client.pages = pace, 0
    assert len(store.reread([guid(place) for place in range(1, 1001)])) == 1000
    assert bool(client.pages) is listed
    assert bool(store.asked) is not listed


@pytest.mark.parametrize(("number", "listed"), [(1, 0), (FEW, 0), (FEW + 1, 1)])
def test_few_are_looked_up_at_once(number: int, listed: int) -> None:
    client = Listings([[row(place) for place in range(1, 1001)]])
    store = Store(client, everyone)
    found = store.find(entries(*range(1, number + 1)))
    assert set(found.mailboxes) == set(range(1, number + 1))
    assert not found.errors
    assert client.pages == listed
    assert len(store.asked) == (0 if listed else number)


def test_what_the_listing_did_not_show_is_looked_up() -> None:
    client = Listings([[row(place) for place in range(1, 25)], [], [row(0)]])
    store = Store(client, everyone)
    found = store.find(entries(*range(1, 31)))
    assert set(found.mailboxes) == set(range(1, 31))
    assert [command.parameters["Identity"] for command in store.asked] == [
        f"user{n}@contoso.com" for n in range(25, 31)
    ]


def test_a_listing_that_expires_is_begun_again_once_and_then_done_without() -> None:
    page = [row(place) for place in range(1, 20)]
    once = Store(Listings([page, PageExpiredError("x")], [page, [row(place) for place in range(20, 31)]]), everyone)
    assert set(once.find(entries(*range(1, 31))).mailboxes) == set(range(1, 31))
    assert once.asked == []
    twice = Store(Listings([page, PageExpiredError("x")], [page, PageExpiredError("x")]), everyone)
    assert set(twice.find(entries(*range(1, 31))).mailboxes) == set(range(1, 31))
    assert len(twice.asked) == 30


@pytest.mark.parametrize("copies", [2, 3, 4])
def test_a_name_of_several_mailboxes_is_ambiguous_however_many_they_are(copies: int) -> None:
    shared = [row(place, EmailAddresses=["smtp:user1@contoso.com"]) for place in range(101, 101 + copies)]
    page = [*shared, *(row(place) for place in range(2, 31))]
    found = Store(Listings([page]), everyone).find(entries(*range(1, 31)))
    assert found.errors[1].code == "ambiguous"
    assert set(found.mailboxes) == set(range(2, 31)), "an entry is found or in error, never both"


def test_a_row_that_comes_twice_is_one_mailbox() -> None:
    page = [row(place) for place in range(1, 31)]
    found = Store(Listings([page, page]), everyone).find(entries(*range(1, 31)))
    assert not found.errors
    assert len(found.mailboxes) == 30


@pytest.mark.parametrize(
    ("first", "again", "whole"),
    [
        # The end of exactly so many full pages, or a page that holds nobody by right: the same again.
        ([range(3), range(3, 6), []], [range(4), range(4, 6)], True),
        ([range(3), [], range(3, 6)], [range(6), []], True),
        # A page was lost, and is there now.
        ([range(3), []], [range(4), range(4, 6)], True),
        # Another one was lost, of as many.
        ([range(3), []], [[], range(3, 6)], False),
        ([range(3), []], [range(4), []], False),
    ],
)
def test_a_listing_with_an_empty_page_is_whole_if_it_holds_the_same_again(
    first: list[Sequence[int]], again: list[Sequence[int]], whole: bool
) -> None:
    store = Store(Listings(*([[row(one + 1) for one in page] for page in pages] for pages in (first, again))), everyone)
    if whole:
        assert {mailbox.guid for mailbox in store.everybody()} == {guid(one + 1) for one in range(6)}
    else:
        with pytest.raises(IncompleteListingError, match="wasn't the same"):
            store.everybody()


# A service that begins to throttle ------------------------------------------------------------------------------------


def throttled_while_looking_up(*more: Page | Exception, last: Row | None = None) -> tuple[Store, list[int]]:
    """In a tenant of twelve pages, 200 of whom the first page holds a part; ``more``: in place of the other pages."""
    numbers = list(range(1, 12_000, 60))
    listing: list[Page | Exception] = [[row(place) for place in range(at, at + 1000)] for at in range(1, 12_000, 1000)]
    if last:
        listing[0] = [*listing[0], last]  # type: ignore[list-item]
    client = Listings([listing[0], *(more or listing[1:])])
    client.pace = Pace(0.25, 0.25)

    def reply(command: Command) -> Any:
        client.pace = dataclasses.replace(client.pace, throttled=5)
        return everyone(command)

    return Store(client, reply, 4, 0.25), numbers


def test_pages_are_read_on_where_the_service_throttles_look_ups() -> None:
    store, numbers = throttled_while_looking_up()
    found = store.find(entries(*numbers))
    assert len(found.mailboxes) == len(numbers)
    assert not found.errors
    assert store.client.pages == 11, "each of them once"
    assert [len(run.sent) for run in store.runs if run.sent] == [10, 16], (
        "those of the last page may as well be looked up"
    )


@pytest.mark.parametrize("fault", [PageExpiredError("x"), ServiceError("x"), NetworkError("x")])
def test_a_listing_that_cannot_be_read_on_leaves_the_rest_to_look_ups(fault: Exception) -> None:
    store, numbers = throttled_while_looking_up(fault)
    found = store.find(entries(*numbers))
    assert len(found.mailboxes) == len(numbers)
    assert not found.errors
    assert sum(len(run.sent) for run in store.runs) == len(numbers) - 17, "nobody is looked up twice"


def test_a_refusal_ends_it_where_pages_are_read_on() -> None:
    store, numbers = throttled_while_looking_up(AccessDeniedError("No."))
    with pytest.raises(AccessDeniedError):
        store.find(entries(*numbers))


def test_whom_an_earlier_page_named_is_not_forgotten_where_pages_are_read_on() -> None:
    """An address that is one mailbox's second and another's first names both, on whichever pages they are."""
    store, numbers = throttled_while_looking_up(last=row(99_999, EmailAddresses=["smtp:user5998@contoso.com"]))
    found = store.find(entries(*numbers, 5998))
    assert {position: error.code for position, error in found.errors.items()} == {len(numbers) + 1: "ambiguous"}
    assert len(found.mailboxes) == len(numbers)


@pytest.mark.parametrize(("gone", "looked_up"), [(False, 10), (True, 11)])
def test_reading_back_is_done_in_pages_where_the_service_throttles_it(gone: bool, looked_up: int) -> None:
    store = in_a_tenant_of(12, Pace(0.25, 0.25), wanted=200)
    store.client.pace = dataclasses.replace(store.client.pace, throttled=False)
    store.runs.clear()
    answer = store.reply

    def reply(command: Command) -> Any:
        store.client.pace = dataclasses.replace(store.client.pace, throttled=5)
        return answer(command)

    store.reply = reply
    guids = [guid(place) for place in range(1, 12_000, 60)]
    if gone:
        guids.append(guid(99_999))
    pages = store.client.pages
    now = store.reread(guids)
    assert {one.guid for one in now.values() if isinstance(one, Mailbox)} == set(guids)
    assert store.client.pages - pages == 12
    assert sum(len(run.sent) for run in store.runs) == looked_up


class Noting(Watcher):
    """Keeps what it is told: the entry's text, and how many pages were expected then; a dash where more follows."""

    def __init__(self, store: MailboxStore) -> None:
        self._store = store
        self.told: list[str] = []
        store.watcher = self

    def notice(self, mailbox: Mailbox, entry: Entry) -> None:
        assert mailbox.primary_smtp_address == entry.text
        self.told.append(f"{entry.text.partition('@')[0]} {self._store.pages_expected}")

    def goes_on(self) -> None:
        self.told.append("-")


def test_who_watches_a_listing_of_everybody_is_told_whom_the_entries_name() -> None:
    pages = [[row(place) for place in range(first, first + 1000)] for first in (1, 1001, 2001)]
    store = Store(Listings([*pages, [row(3001)]]), everyone)
    watcher = Noting(store)
    store.everybody_and(entries(7, 8, 1500, 2500))
    # By the first page, two of four: a tenant of 2,500. By the second, three: of 3,333.
    assert watcher.told == ["user7 None", "user8 None", "-", "user1500 3", "-", "user2500 4", "-"]
    assert store.pages_expected == 4


def test_who_watches_a_search_is_told_of_look_ups_too() -> None:
    store = Store(Listings([[row(place) for place in range(1, 1001)], []]), everyone)
    watcher = Noting(store)
    store.find(entries(*range(990, 1022)))
    noticed = [text.partition(" ")[0] for text in watcher.told if text != "-"]
    assert noticed == [f"user{place}" for place in range(990, 1022)]
    assert watcher.told[11] == "-", "those that the page didn't hold are looked up"


def test_who_watches_few_is_not_told_that_more_follow() -> None:
    store = Store(Listings(), everyone)
    watcher = Noting(store)
    store.find(entries(*range(1, 11)))
    assert len(watcher.told) == 10
    assert "-" not in watcher.told


@pytest.mark.parametrize("order", [1, -1])
def test_two_rows_of_a_mailbox_that_disagree_are_an_error_and_never_picked_from(order: int) -> None:
    pages = [[row(place) for place in range(1, 31)], [row(1, True)]][::order]
    found = Store(Listings([pages[0] + pages[1]]), everyone).find(entries(*range(1, 31)))
    assert found.errors[1].code == "unexpected_answer"
    assert "say different things" in found.errors[1].message
    assert set(found.mailboxes) == set(range(2, 31))
    with pytest.raises(UnexpectedAnswerError, match="say different things"):
        Store(Listings(pages), everyone).everybody()


def test_a_row_without_the_setting_is_an_error_of_its_entry() -> None:
    trimmed = {key: value for key, value in row(1).items() if key != "SmtpClientAuthenticationDisabled"}
    found = Store(Listings([[trimmed, *(row(place) for place in range(2, 31))]]), everyone).find(entries(*range(1, 31)))
    assert set(found.errors) == {1}
    assert "user1@contoso.com" in found.errors[1].message


@pytest.mark.parametrize(
    ("odd", "advice"),
    [
        ({"DisplayName": 7}, "isn't as documented"),
        ({"DisplayName": {"a": 1}}, "isn't as documented"),
        ({"EmailAddresses": 7}, "isn't as documented"),
        ({"ExternalDirectoryObjectId": "x"}, "isn't as documented"),
        ({"SmtpClientAuthenticationDisabled": "no"}, "isn't as documented"),
        ({"SmtpClientAuthenticationDisabled": ...}, "Check the roles of the app"),
    ],
)
def test_the_advice_on_an_odd_row_is_about_what_is_odd(odd: dict[str, Any], advice: str) -> None:
    shown = {key: value for key, value in {**row(1), **odd}.items() if value is not ...}
    with pytest.raises(UnexpectedAnswerError) as caught:
        Store(Listings([[shown]]), everyone).everybody()
    assert advice in caught.value.message
    assert ("roles" in caught.value.message) is ("roles" in advice)


# Looking up ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (rows(), "unexpected_answer"),
        (rows(row(1), row(2)), "ambiguous"),
        (rows(row(1), link="https://next"), "ambiguous"),
        (rows({"Guid": guid(1)}), "unexpected_answer"),
        (rows({"SmtpClientAuthenticationDisabled": None}), "unexpected_answer"),
        (NotFoundError("gone"), "not_found"),
    ],
)
def test_a_look_up_that_gives_no_one_mailbox(answer: Any, code: str) -> None:
    found = Store(Listings(), lambda _command: answer).find(entries(1))
    assert found.mailboxes == {}
    assert found.errors[1].code == code


@pytest.mark.parametrize(
    ("confirmation", "good"),
    [
        (rows({"Guid": guid(7), "UserPrincipalName": "USER1@contoso.com"}), True),
        (rows({"Guid": guid(7), "Alias": "user1"}), False),
        (rows({"Guid": guid(8), "UserPrincipalName": "user1@contoso.com"}), False),
        (rows({"Guid": guid(7), "UserPrincipalName": "other@contoso.com"}), False),
        (rows(), False),
        (rows({"Guid": guid(7), "UserPrincipalName": "user1@contoso.com"}, {"Guid": guid(8)}), False),
        (NotFoundError("gone"), False),
    ],
)
def test_another_mailbox_than_asked_is_taken_only_if_the_name_is_its_own(confirmation: Any, good: bool) -> None:
    store = Store(Listings(), lambda command: rows(row(7)) if command.cmdlet == "Get-CASMailbox" else confirmation)
    found = store.find(entries(1))
    assert set(found.mailboxes if good else found.errors) == {1}
    assert set(found.errors if good else found.mailboxes) == set()
    assert store.asked[1].parameters == {"Identity": guid(7)}


@pytest.mark.parametrize(
    "error", [AccessDeniedError("No."), SignInError("No."), NetworkError("No."), DeadlineError("x")]
)
def test_what_hits_every_entry_is_raised_once(error: M365Error) -> None:
    with pytest.raises(type(error)):
        Store(Listings(), lambda _command: error).find(entries(1, 2))


@pytest.mark.parametrize("error", [NotFoundError("gone"), UnexpectedAnswerError("odd")])
def test_what_is_about_the_mailboxes_is_theirs(error: M365Error) -> None:
    assert set(Store(Listings(), lambda _command: error).find(entries(1, 2)).errors) == {1, 2}


# Everybody -----------------------------------------------------------------------------------------------------------


def test_everybody_once() -> None:
    store = Store(Listings([[row(1), row(2)], [row(2), row(3)]]), everyone)
    assert [mailbox.guid for mailbox in store.everybody()] == [guid(1), guid(2), guid(3)]


@pytest.mark.parametrize(
    ("listings", "number"),
    [
        ([[[]], [[]]], 0),
        ([[[row(1)], [row(2)]]], 2),
        ([[[row(1)], PageExpiredError("x")], [[row(1)], [row(2)]]], 2),
        ([[[row(1)], []], [[row(1)], []]], 1),
        ([[[row(1)], []], [[row(1)], [row(2)]]], 2),
    ],
)
def test_a_listing_is_whole_or_begun_again(listings: list[list[Any]], number: int) -> None:
    client = Listings(*listings)
    assert len(Store(client, everyone).everybody()) == number
    assert client.listings == []


@pytest.mark.parametrize(
    "listings",
    [
        [[[row(1)], PageExpiredError("x")], [[row(1)], PageExpiredError("x")]],
        [[[row(1)], []], [[row(1), row(2)], []]],
        [[[row(1)], IncompleteListingError("x")]],
    ],
)
def test_a_short_list_never_passes_for_the_whole(listings: list[list[Any]]) -> None:
    with pytest.raises(IncompleteListingError):
        Store(Listings(*listings), everyone).everybody()


def test_one_unreadable_row_is_an_error_of_the_whole() -> None:
    with pytest.raises(UnexpectedAnswerError, match="isn't taken for inherit"):
        Store(Listings([[row(1), {"Guid": guid(2)}]]), everyone).everybody()


# Reading back --------------------------------------------------------------------------------------------------------


def test_reads_back_by_id_and_takes_no_other_mailbox() -> None:
    store = Store(Listings(), lambda command: rows(row(1, True)) if command.subject == guid(1) else rows(row(9)))
    now = store.reread([guid(1), guid(2)])
    assert isinstance(now[guid(1)], Mailbox)
    assert now[guid(1)].state == "disabled"  # type: ignore[union-attr]
    assert getattr(now[guid(2)], "code", "") == "another_mailbox"


def after_a_listing(*later: list[Any]) -> tuple[Store, list[str]]:
    """A store that knows its tenant to be one page, and the ids of thirty mailboxes in it."""
    store = Store(Listings([[row(place) for place in range(1, 31)]], *later), everyone)
    store.everybody()
    return store, [guid(place) for place in range(1, 31)]


def test_reads_many_back_in_one_listing_and_asks_for_whom_it_does_not_show() -> None:
    store, guids = after_a_listing([[row(place, False) for place in range(1, 30)]])
    store.reply = lambda _command: NotFoundError("gone")
    now = store.reread(guids)
    assert {getattr(now[guid(place)], "state", "") for place in range(1, 30)} == {"enabled"}
    assert isinstance(now[guid(30)], NotFoundError)
    assert [command.parameters["Identity"] for command in store.asked] == [guid(30)]


@pytest.mark.parametrize("error", [NetworkError("x"), ServiceError("x", status=500), IncompleteListingError("x")])
def test_reads_back_one_by_one_where_the_listing_fails(error: M365Error) -> None:
    store, guids = after_a_listing([error])
    assert all(isinstance(mailbox, Mailbox) for mailbox in store.reread(guids).values())
    assert len(store.asked) == 30


@pytest.mark.parametrize("error", [DeadlineError("over"), InterruptedTaskError("stop")])
def test_reads_no_further_once_the_task_has_to_end(error: M365Error) -> None:
    store, guids = after_a_listing([error])
    with pytest.raises(type(error)):
        store.reread(guids)
    assert store.asked == []


# Writing -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "value"), [("enabled", False), ("disabled", True), ("inherit", None)])
def test_writes_the_value_to_the_id(state: str, value: bool | None) -> None:
    store = Store(Listings(), lambda _command: rows())
    store.write([(Mailbox(guid(1), "user1@contoso.com", "", "x"), state)])
    (command,) = store.asked
    assert command.cmdlet == "Set-CASMailbox"
    assert dict(command.parameters) == {"Identity": guid(1), "SmtpClientAuthenticationDisabled": value}
    assert str(command) == "Set-CASMailbox for user1@contoso.com"
