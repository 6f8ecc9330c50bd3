# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked beside the reading of mailboxes, and when: not before it is needed, and no accounts twice."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import AccessDeniedError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.timings import Pace
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.wire import Command, CommandResult
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.identity import Entry, parse_entries
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox import Mailbox
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.unread import Unread
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant import asking as _asking
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.connection import Connection
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.early_layers import EarlyLayers
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.layers import LayerReader
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.mailboxes import MailboxStore
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.watcher import Watcher
from unit.plugins.module_utils.tenant.in_memory import Outcomes

TODAY = datetime.date(2026, 11, 28)
ENTRIES = parse_entries([f"user{number}@contoso.com" for number in range(40)])
BOXES = [Mailbox(f"guid-{number}", entry.text, "", "inherit", f"id-{number}") for number, entry in enumerate(ENTRIES)]


class Store:
    """``pages_expected``: a tenant so large that accounts are better asked for by id."""

    pages_expected = 60

    def __init__(self) -> None:
        self.watcher = Watcher()


class Services:
    """A connection in memory. ``asked``: requests. ``refused``: so many of those for accounts."""

    concurrency = 4

    def __init__(self, refused: int = 0) -> None:
        self.exchange = self.graph = self
        self.members: dict[str, Any] = {}
        self.pace = Pace()
        self.asked: list[str] = []
        self.ids: list[str] = []
        self._refused = refused

    def batch(self, _client: object, commands: Sequence[Command], _most: int) -> Outcomes:
        self.asked.append(commands[0].cmdlet)
        return Outcomes((place, CommandResult([], [])) for place, _command in enumerate(commands))

    def get(self, _path: str, _permission: str) -> dict[str, Any]:
        self.asked.append("security defaults")
        return {"isEnabled": False}

    def pages(self, path: str, _permission: str) -> Iterator[list[dict[str, Any]]]:
        self.asked.append("accounts" if "/users" in path else "policies")
        if "/users" not in path:
            return
        if self._refused:
            self._refused -= 1
            raise AccessDeniedError("No.")
        ids = [part for part in path.split("%27") if part.startswith("id-")]
        self.ids += ids
        yield [{"id": one, "accountEnabled": True, "assignedLicenses": [{}]} for one in ids]


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Services:
    services = Services()
    monkeypatch.setattr(_asking, "BatchRun", services.batch)
    return services


def reader_of(services: Services) -> LayerReader:
    return LayerReader(cast(Connection, services), sparing=True)


def watch(reader: LayerReader, store: Store, wanted: bool = True) -> EarlyLayers:
    return EarlyLayers(reader, cast(MailboxStore, store), len(ENTRIES), lambda _mailbox, _entry: wanted)


def notice(store: Store, boxes: Sequence[Mailbox], entries: Sequence[Entry] = ()) -> None:
    for entry, mailbox in zip(entries or ENTRIES, boxes, strict=False):
        store.watcher.notice(mailbox, entry)


def test_the_tenant_is_asked_for_once_a_mailbox_needs_it_and_more_are_to_be_read(services: Services) -> None:
    reader, store = reader_of(services), Store()
    with watch(reader, store):
        store.watcher.goes_on()
        assert reader._early is None, "nobody is known to need it"
        notice(store, BOXES[:1])
        assert reader._early is None, "nothing more is read: it can be asked together with the users"
        store.watcher.goes_on()
        store.watcher.goes_on()
        reader.read(BOXES[:1], None, TODAY)
    assert [services.asked.count(what) for what in ("Get-TransportConfig", "policies", "security defaults")] == [1] * 3


def test_nothing_is_asked_for_where_nobody_needs_it(services: Services) -> None:
    reader, store = reader_of(services), Store()
    with watch(reader, store, wanted=False):
        notice(store, BOXES)
        store.watcher.goes_on()
    assert services.asked == []


def test_after_its_end_it_notices_nothing(services: Services) -> None:
    reader, store = reader_of(services), Store()
    with watch(reader, store):
        notice(store, BOXES[:1])
    store.watcher.goes_on()
    assert services.asked == []
    assert not isinstance(store.watcher, EarlyLayers)


def test_the_rest_of_the_accounts_is_asked_for_while_the_first_still_come(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = threading.Barrier(2, timeout=5.0)
    pages = services.pages

    def slow(path: str, permission: str) -> Any:
        if "/users" in path:
            meeting.wait()
        return pages(path, permission)

    monkeypatch.setattr(services, "pages", slow)
    reader, store = reader_of(services), Store()
    with watch(reader, store):
        notice(store, BOXES[:20])
        _tenant, directory = reader.read(BOXES[:20], 60, TODAY)
    assert services.asked.count("accounts") == 2
    assert sorted(services.ids) == sorted(f"id-{number}" for number in range(20))
    assert not any(isinstance(directory.user(box).account, Unread) for box in BOXES[:20])


@pytest.mark.parametrize("refused", [1, 99])
def test_accounts_that_were_refused_early_are_asked_for_once_more_and_told(services: Services, refused: int) -> None:
    services._refused = refused
    reader, store = reader_of(services), Store()
    with watch(reader, store):
        notice(store, BOXES[:15])
        reader.accounts.early.known()  # type: ignore[union-attr]
        _tenant, directory = reader.read(BOXES[:15], 60, TODAY)
    assert services.asked.count("accounts") == 2
    assert isinstance(directory.user(BOXES[0]).account, Unread) is (refused > 1)
