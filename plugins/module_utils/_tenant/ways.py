# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Which of two ways to many mailboxes takes less time: pages of everybody, one after the other, or batches of look-ups,
several at a time. Pure.

A page names the next one, so pages can't go side by side; batches can. How large the tenant is tells nobody: the share
of the wanted mailboxes on the pages so far does. Time decides, within twice the fewest requests; where the service
throttles, the requests do, also for the rest of look-ups that are under way by then.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from .._exchange.wire import BATCH_SIZE, PAGE_SIZE

if TYPE_CHECKING:
    from .._exchange.timings import Pace

# Up to here even the first page of a listing isn't worth a try: two look-ups at most.
FEW = 2 * BATCH_SIZE
MOST = 2  # times the fewest requests
_NO_LONGER = 1.5  # times as long as the sign-in is about as long
NEARLY = 0.25  # of a page's time: what began together with it and took about as long is waited for
_RISK = 0.1  # of the time of the look-ups: what is spent on pages that may hold none of the wanted


@dataclasses.dataclass(frozen=True)
class Left:
    """What is still to be done either way: ``pages`` or ``batches``. ``spent``: requests so far. ``ideal``: the fewest
    with which the whole could have been done.
    """

    pages: int
    batches: int
    spent: int = 0
    ideal: int = 0

    @property
    def most(self) -> int:
        """Requests that may still be sent."""
        return MOST * (self.ideal or min(self.pages, self.batches)) - self.spent


def batches_of(mailboxes: int, size: int = BATCH_SIZE) -> int:
    return math.ceil(mailboxes / size)


def look_ups_win(left: Left, pace: Pace, concurrency: int) -> bool:
    """Whether look-ups are the better way. What wasn't seen yet is taken to last as long as the other."""
    fewer = left.batches <= left.pages
    if pace.throttled or max(left.pages, left.batches) > left.most:
        return fewer
    pages, batches = left.pages * _page(pace), math.ceil(left.batches / concurrency) * _batch(pace)
    return fewer if pages == batches else batches < pages


def pages_win(mailboxes: int, pages: int | None, pace: Pace, concurrency: int, *, in_a_batch: int = BATCH_SIZE) -> bool:
    """Whether pages are the better way to a set of known mailboxes, of which nothing was read so far. ``pages``: None
    if that isn't known.
    """
    batches = batches_of(mailboxes, in_a_batch)
    return pages is not None and not look_ups_win(Left(pages, batches), pace, concurrency)


def pages_win_again(mailboxes: int, pages: int | None, pace: Pace, concurrency: int) -> bool:
    """Whether look-ups under way are better given up for pages. That is only so where the service has begun to
    throttle, for the time that either way takes was known before; and more than once: all requests that are under way
    at once may be refused together, and pages, which are read one after the other, may take many times as long.
    """
    if pace.throttled <= concurrency or not (pages and mailboxes):
        return False
    return not look_ups_win(Left(pages, batches_of(mailboxes)), pace, concurrency)


def worth_a_try(left: Left, pace: Pace, concurrency: int) -> bool:
    """Whether the time of a batch has to be known to choose, and may cost the requests that tell it."""
    return (
        pace.batch is None
        and not pace.throttled
        and left.pages > 1
        and left.batches > 1
        and max(left.pages, left.batches) + concurrency <= left.most
    )


def pages_are_quick(pace: Pace) -> bool:
    """Whether a page takes about as long as the smallest answer: then look-ups take no less, and one more page beside
    the first of them costs no time.
    """
    return pace.page is not None and pace.sign_in is not None and pace.page <= _NO_LONGER * pace.sign_in


def expected_rows(wanted: int, left: int, rows: int) -> float | None:
    """The likely size of the tenant once ``rows`` of it held all but ``left`` of the wanted mailboxes; None if it held
    none of them.

    The mailboxes found tell it as marked fish tell the size of a pond; the last one lies a little before the end.
    """
    found = wanted - left
    return rows * (wanted + 1) / found if found else None


def pages_of(expected: float, rows: int, pages: int) -> int:
    """How many pages so many rows take, if pages go on as they were. The first may be the last, and so not be full."""
    return math.ceil(expected / (PAGE_SIZE if pages == 1 else rows / pages))


def pages_expected(wanted: int, left: int, rows: int, pages: int) -> int | None:
    """Of the whole tenant, once ``pages`` of it with ``rows`` held all but ``left`` of the wanted mailboxes; None if
    they held none of them.
    """
    expected = expected_rows(wanted, left, rows)
    return pages_of(expected, rows, pages) if expected else None


def left_of(wanted: int, left: int, rows: int, pages: int, *, asked: int = 0, under_way: int = 0) -> Left | None:
    """What is left of a search after ``pages`` of a listing, and ``asked`` batches beside it; None if no page held
    any of the wanted. ``under_way``: how many of those left are being looked up.
    """
    expected = expected_rows(wanted, left, rows)
    if expected is None:
        return None
    to_come = max(0, pages_of(expected - rows, rows, pages))
    return Left(to_come, batches_of(left - under_way), pages + asked, min(pages + to_come, batches_of(wanted)))


def may_read_on(pages: int, wanted: int, pace: Pace, concurrency: int) -> bool:
    """Whether another page is risked though none so far held any of the wanted: a tenant may list those late."""
    batches = batches_of(wanted)
    worth = math.ceil(batches / concurrency) * _batch(pace) / _page(pace) if _page(pace) else batches
    return pages <= _RISK * (batches if pace.throttled else min(batches, worth))


def _page(pace: Pace) -> float:
    return next((seconds for seconds in (pace.page, pace.batch) if seconds is not None), 1.0)


def _batch(pace: Pace) -> float:
    return next((seconds for seconds in (pace.batch, pace.page) if seconds is not None), 1.0)
