# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The floor: how many requests the wire asks for at the least, and how long they take one after the other."""

from __future__ import annotations

import math
from dataclasses import dataclass

PAGE = 1000
BATCH = 10
SIGN_IN = 1  # a token can't be had with less


@dataclass(frozen=True)
class Ideal:
    """Requests to Exchange, and round trips that have to wait for each other (sign-in included)."""

    requests: int
    round_trips: int


def ideal(*, listed: int, changing: int, tenant: int, concurrency: int) -> Ideal:
    """For ``listed`` mailboxes of which ``changing`` differ, in a tenant of ``tenant``: read, write, read back.

    Reading is by the way with fewer requests: look-ups of ten, which may go side by side, or pages of a thousand, each
    of which names the next.
    """
    read = _reading(listed, tenant, concurrency)
    write = Ideal(math.ceil(changing / BATCH), _waves(math.ceil(changing / BATCH), concurrency))
    back = _reading(changing, tenant, concurrency)
    return Ideal(
        read.requests + write.requests + back.requests,
        SIGN_IN + read.round_trips + write.round_trips + back.round_trips,
    )


def _reading(mailboxes: int, tenant: int, concurrency: int) -> Ideal:
    batches, pages = math.ceil(mailboxes / BATCH), math.ceil(tenant / PAGE)
    if batches <= pages:
        return Ideal(batches, _waves(batches, concurrency))
    return Ideal(pages, pages)


def _waves(requests: int, concurrency: int) -> int:
    return math.ceil(requests / concurrency)
