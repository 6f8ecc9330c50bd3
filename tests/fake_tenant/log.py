# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was asked of the server, request by request, and counts of it. Never a token or a secret."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import Any

CAPACITY = 100_000
KEPT_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "client-request-id",
        "connection-id",
        "content-type",
        "host",
        "metadata",
        "parameter-based-routing",
        "prefer",
        "user-agent",
        "x-anchormailbox",
        "x-clientapplication",
        "x-cmdletname",
        "x-responseformat",
    }
)


@dataclass
class Item:
    """One run of a cmdlet: the whole of an invoke, or a part of a batch. `status` 0 means that nobody was answered."""

    cmdlet: str | None
    identity: str | None
    parameters: dict[str, Any]
    id: str | None = None
    status: int = 0
    continued: bool = False


@dataclass
class Entry:
    """One HTTP request. `status` 0 means that the connection was cut. `token` is a fingerprint, not the token."""

    sequence: int
    time: float
    endpoint: str
    method: str
    path: str
    query: str
    host: str
    headers: dict[str, str]
    header_names: list[str]
    authorization: bool
    token: str | None = None
    tenant: str | None = None
    app: str | None = None
    items: list[Item] = field(default_factory=list)
    status: int = 0
    form: dict[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path


class Log:
    """The newest requests, and counters since the last clear."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=CAPACITY)
        self._active = 0
        self.clear()

    def clear(self) -> None:
        """Forget entries and counts."""
        self._entries.clear()
        self._sequence = 0
        self._by_endpoint: Counter[str] = Counter()
        self._by_cmdlet: Counter[str] = Counter()
        self._by_status: Counter[int] = Counter()
        self._items = 0
        self._most_active = 0

    def open(self, endpoint: str, method: str, path: str, query: str, headers: dict[str, str]) -> Entry:
        """Begin the entry of a request that has just come in."""
        self._sequence += 1
        entry = Entry(
            sequence=self._sequence,
            time=time.time(),
            endpoint=endpoint,
            method=method,
            path=path,
            query=query,
            host=headers.get("host", ""),
            headers={name: value for name, value in headers.items() if name in KEPT_HEADERS},
            header_names=sorted(headers),
            authorization="authorization" in headers,
        )
        self._entries.append(entry)
        self._by_endpoint[endpoint] += 1
        self._active += 1
        self._most_active = max(self._most_active, self._active)
        return entry

    def close(self, entry: Entry) -> None:
        """The request was answered, or the connection cut."""
        self._active -= 1
        self._by_status[entry.status] += 1

    def add_item(self, entry: Entry, item: Item) -> Item:
        """Note a run of a cmdlet within a request."""
        entry.items.append(item)
        self._items += 1
        if item.cmdlet:
            self._by_cmdlet[item.cmdlet] += 1
        return item

    def entries(self, endpoint: str | None = None, cmdlet: str | None = None, since: int = 0) -> list[dict[str, Any]]:
        """The entries in order; only those of an endpoint, with a cmdlet, or after a sequence number."""
        return [
            asdict(entry)
            for entry in self._entries
            if entry.sequence > since
            and endpoint in (None, entry.endpoint)
            and (cmdlet is None or any((item.cmdlet or "").lower() == cmdlet.lower() for item in entry.items))
        ]

    def stats(self) -> dict[str, Any]:
        """Counts since the last clear."""
        return {
            "requests": self._sequence,
            "by_endpoint": dict(self._by_endpoint),
            "by_cmdlet": dict(self._by_cmdlet),
            "by_status": {str(status): count for status, count in self._by_status.items()},
            "sub_requests": self._items,
            "max_concurrent": self._most_active,
            "active": self._active,
        }
