# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which kind a mailbox is: only the row of the mailbox that was asked for tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import (
    M365Error,
    NotFoundError,
    PageExpiredError,
    ServiceError,
    UnexpectedAnswerError,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.client import ExchangeClient
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.timings import Pace
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.wire import Command, CommandResult
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox import Mailbox
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant import recipient_types as _recipient_types
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.recipient_types import NONE, read_types
from unit.plugins.module_utils.tenant.in_memory import Outcomes

GUID, OTHER = "5a0b1c2d-0000-4000-8000-00000000000A", "5a0b1c2d-0000-4000-8000-00000000000b"
Rows = list[dict[str, Any]]


def mailbox(guid: str) -> Mailbox:
    return Mailbox(guid, f"{guid[-1]}@contoso.com", "", "inherit")


class Exchange:
    """Pages of a listing, and answers to look-ups by the identity asked for; keeps what was asked."""

    def __init__(
        self, pages: Sequence[Rows | Exception] = (), found: dict[str, Rows | M365Error] | None = None
    ) -> None:
        self._pages = pages
        self._found = found or {}
        self.listed = 0
        self.looked_up: list[str] = []
        self.pace = Pace()

    def list_pages(self, command: Command) -> Iterator[Rows]:
        assert (command.cmdlet, command.parameters) == ("Get-Mailbox", {"ResultSize": "Unlimited"})
        self.listed += 1
        for page in self._pages:
            if isinstance(page, Exception):
                raise page
            yield page

    def batch(self, _client: object, commands: Sequence[Command], _concurrency: int) -> Outcomes:
        return Outcomes(self._outcomes(commands))

    def _outcomes(self, commands: Sequence[Command]) -> Iterator[tuple[int, CommandResult | M365Error]]:
        for place, command in enumerate(commands):
            identity = str(command.parameters["Identity"])
            self.looked_up.append(identity)
            told = self._found.get(identity, [])
            yield place, told if isinstance(told, M365Error) else CommandResult(told, [])


def types_of(
    monkeypatch: pytest.MonkeyPatch, exchange: Exchange, guids: Sequence[str] = (GUID,), pages: int | None = None
) -> dict[str, str]:
    monkeypatch.setattr(_recipient_types, "BatchRun", exchange.batch)
    return read_types(cast(ExchangeClient, exchange), 1, [mailbox(guid) for guid in guids], pages)


@pytest.mark.parametrize("key", ["Guid", "ExchangeObjectId", "ExternalDirectoryObjectId"])
@pytest.mark.parametrize("shown", [GUID, GUID.lower()])
def test_the_row_of_the_mailbox_tells(monkeypatch: pytest.MonkeyPatch, key: str, shown: str) -> None:
    exchange = Exchange(found={GUID: [{key: shown, "RecipientTypeDetails": "SharedMailbox"}]})
    assert types_of(monkeypatch, exchange) == {GUID: "SharedMailbox"}


WRONG: dict[str, Rows] = {
    "of another mailbox": [{"Guid": OTHER, "RecipientTypeDetails": "SharedMailbox"}],
    "without an id": [{"RecipientTypeDetails": "SharedMailbox"}],
    "with an empty id": [{"Guid": "", "RecipientTypeDetails": "SharedMailbox"}],
    "its own and another": [
        {"Guid": GUID, "RecipientTypeDetails": "SharedMailbox"},
        {"Guid": OTHER, "RecipientTypeDetails": "SharedMailbox"},
    ],
    "its own twice": [{"Guid": GUID, "RecipientTypeDetails": "SharedMailbox"}] * 2,
    "none": [],
    "without a type": [{"Guid": GUID}],
    "with an empty type": [{"Guid": GUID, "RecipientTypeDetails": ""}],
    "with a type that isn't a text": [{"Guid": GUID, "RecipientTypeDetails": 1}],
}


@pytest.mark.parametrize("name", WRONG)
def test_any_other_row_tells_nothing(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The kind of another mailbox would open or close this one."""
    with pytest.raises(UnexpectedAnswerError, match="doesn't tell which kind") as raised:
        types_of(monkeypatch, Exchange(found={GUID: WRONG[name]}))
    assert raised.value.message.startswith("Get-Mailbox for A@contoso.com: ")
    assert "nothing was written" in raised.value.message


def test_a_mailbox_that_is_hidden_is_one_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    assert types_of(monkeypatch, Exchange(found={GUID: NotFoundError("no")})) == {GUID: NONE}


def test_another_error_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ServiceError, match="busy"):
        types_of(monkeypatch, Exchange(found={GUID: ServiceError("busy")}))


def test_nobody_is_asked_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = Exchange()
    assert types_of(monkeypatch, exchange, [], pages=0) == {}
    assert (exchange.listed, exchange.looked_up) == (0, [])


MANY = [f"5a0b1c2d-0000-4000-8000-{number:012d}" for number in range(21)]


@pytest.mark.parametrize(
    ("count", "pages", "lists"), [(20, 2, False), (21, 2, True), (21, None, False), (21, 3, False)]
)
def test_the_cheaper_way(monkeypatch: pytest.MonkeyPatch, count: int, pages: int | None, lists: bool) -> None:
    rows = [{"Guid": guid.upper(), "RecipientTypeDetails": "RoomMailbox"} for guid in MANY]
    exchange = Exchange([rows], {guid: [row] for guid, row in zip(MANY, rows, strict=True)})
    assert types_of(monkeypatch, exchange, MANY[:count], pages) == dict.fromkeys(MANY[:count], "RoomMailbox")
    assert (exchange.listed, len(exchange.looked_up)) == ((1, 0) if lists else (0, count))


@pytest.mark.parametrize("end", [[], [PageExpiredError("late")]], ids=["lost", "expired"])
def test_whom_a_listing_does_not_show_is_looked_up(monkeypatch: pytest.MonkeyPatch, end: list[Exception]) -> None:
    shown = [{"Guid": guid, "RecipientTypeDetails": "RoomMailbox"} for guid in MANY[:19]]
    untold = [{"Guid": MANY[19], "RecipientTypeDetails": None}]
    found: dict[str, Rows | M365Error] = {
        MANY[19]: [{"Guid": MANY[19], "RecipientTypeDetails": "UserMailbox"}],
        MANY[20]: NotFoundError("hidden"),
    }
    exchange = Exchange([shown, untold, *end], found)
    types = types_of(monkeypatch, exchange, MANY, pages=1)
    assert types == {**dict.fromkeys(MANY[:19], "RoomMailbox"), MANY[19]: "UserMailbox", MANY[20]: NONE}
    assert exchange.looked_up == MANY[19:]
