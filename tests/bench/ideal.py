# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The floor: how many requests the wire asks for at the least, and how long they take one after the other."""

from __future__ import annotations

import math
from dataclasses import dataclass

PAGE = 1000
BATCH = 10
ACCOUNTS = 999  # of a page of Graph
IDS = 15  # accounts that Graph looks up in one request
SETTINGS_IN_A_BATCH = 3  # the organization's switch, its default policy, the policies
EXCHANGE_SETTINGS = 1  # request
GRAPH_SETTINGS = 2  # security defaults, Conditional Access
SIGN_IN = 1  # a token can't be had with less


@dataclass(frozen=True)
class Ideal:
    """Requests to Exchange and Graph, and round trips that have to wait for each other (sign-in included)."""

    requests: int
    round_trips: int


def ideal(*, listed: int, changing: int, tenant: int, concurrency: int) -> Ideal:
    """For ``listed`` mailboxes of which ``changing`` are to be enabled, in a tenant of ``tenant``: read, look whether
    something else blocks those, write, read back.

    Reading is by the way with fewer requests: look-ups of ten, which may go side by side, or pages of a thousand, each
    of which names the next.
    """
    read = _reading(listed, tenant, concurrency)
    look = _preflight(changing, tenant, concurrency)
    write = Ideal(math.ceil(changing / BATCH), _waves(math.ceil(changing / BATCH), concurrency))
    back = _reading(changing, tenant, concurrency)
    return Ideal(
        read.requests + look.requests + write.requests + back.requests,
        SIGN_IN + read.round_trips + look.round_trips + write.round_trips + back.round_trips,
    )


def ideal_effective(*, tenant: int, users: int, concurrency: int) -> Ideal:
    """For every layer of every mailbox: two listings of Exchange, one of Graph, what holds for the whole tenant, and a
    sign-in to each of the two, which may go side by side.
    """
    pages, accounts = math.ceil(tenant / PAGE), math.ceil(users / ACCOUNTS)
    requests = 2 * pages + accounts + EXCHANGE_SETTINGS + GRAPH_SETTINGS
    return Ideal(requests, SIGN_IN + max(pages, accounts, _waves(requests, concurrency)))


def _preflight(enabling: int, tenant: int, concurrency: int) -> Ideal:
    """The organization's settings with as many users as fit beside them, two policies and the accounts in Graph."""
    if not enabling:
        return Ideal(0, 0)
    pages = math.ceil(tenant / PAGE)
    looked_up = math.ceil((SETTINGS_IN_A_BATCH + enabling) / BATCH)
    exchange = min(looked_up, EXCHANGE_SETTINGS + pages)
    chain = pages if exchange < looked_up else _waves(exchange, concurrency)
    by_id, listed = math.ceil(enabling / IDS), math.ceil(tenant / ACCOUNTS)
    accounts = min(by_id, listed)
    chain = max(chain, SIGN_IN + (listed if listed < by_id else _waves(accounts, concurrency)))
    requests = exchange + GRAPH_SETTINGS + accounts
    return Ideal(requests, max(chain, _waves(requests, concurrency)))


def _reading(mailboxes: int, tenant: int, concurrency: int) -> Ideal:
    batches, pages = math.ceil(mailboxes / BATCH), math.ceil(tenant / PAGE)
    if batches <= pages:
        return Ideal(batches, _waves(batches, concurrency))
    return Ideal(pages, pages)


def _waves(requests: int, concurrency: int) -> int:
    return math.ceil(requests / concurrency)
