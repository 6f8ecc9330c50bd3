# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""$batch: the envelope, and the answers of its items."""

from __future__ import annotations

from typing import Any

import pytest

GET, SET, SWITCH = "Get-CASMailbox", "Set-CASMailbox", "SmtpClientAuthenticationDisabled"


def reads(client: Any, *names: str) -> list[dict[str, Any]]:
    return [client.item(number, GET, {"Identity": name}) for number, name in enumerate(names)]


def statuses(answer: Any) -> dict[str, int]:
    assert answer.status_code == 200
    return {item["id"]: item["status"] for item in answer.json()["responses"]}


def test_each_item_has_its_own_answer(client: Any) -> None:
    answer = client.batch(reads(client, "alice", "nobody", "reception", "bob"))
    assert statuses(answer) == {"0": 200, "1": 404, "2": 400, "3": 200}
    bodies = [item["body"] for item in answer.json()["responses"]]
    assert bodies[0]["value"][0][SWITCH] is False
    assert bodies[1]["error"]["code"] == "NotFound"
    assert bodies[3]["value"][0][SWITCH] is True


def test_writes(client: Any) -> None:
    items = [
        client.item(0, SET, {"Identity": "alice", SWITCH: None}),
        client.item(1, SET, {"Identity": "bob", SWITCH: False}),
        client.item(2, SET, {"Identity": "bob", SWITCH: "no"}),
    ]
    assert statuses(client.batch(items)) == {"0": 200, "1": 200, "2": 400}
    states = client.fake.mailboxes.states()
    assert states["alice@contoso.onmicrosoft.com"] == "inherit"
    assert states["bob@contoso.onmicrosoft.com"] == "enabled"


def test_ten_items_are_allowed_and_eleven_not(client: Any) -> None:
    assert len(statuses(client.batch(reads(client, *["bob"] * 10)))) == 10
    assert client.batch(reads(client, *["bob"] * 11)).status_code == 400


ENVELOPES = {
    "nothing": [],
    "an item without id": [{"method": "POST", "url": "https://x/"}],
    "a number as id": [{"id": 1, "method": "POST", "url": "https://x/"}],
    "an empty id": [{"id": "", "method": "POST", "url": "https://x/"}],
    "no object": ["x"],
    "another key": [{"id": "1", "method": "POST", "url": "https://x/", "nonsense": 1}],
    "headers a list": [{"id": "1", "method": "POST", "url": "https://x/", "headers": []}],
}


@pytest.mark.parametrize("items", ENVELOPES.values(), ids=ENVELOPES.keys())
def test_wrong_envelopes(client: Any, items: list[Any]) -> None:
    assert client.batch(items).status_code == 400


def test_the_same_id_twice(client: Any) -> None:
    items = reads(client, "alice", "bob")
    items[1]["id"] = items[0]["id"]
    assert client.batch(items).status_code == 400


WRONG_ITEMS = {
    "relative": {"url": "/adminapi/beta/x/InvokeCommand"},
    "another host": {"url": "https://example.com/adminapi/beta/{tid}/InvokeCommand"},
    "plain http": {"url": "http://{host}/adminapi/beta/{tid}/InvokeCommand"},
    "another tenant": {"url": "https://{host}/adminapi/beta/00000000-0000-4000-8000-000000000000/InvokeCommand"},
    "a batch in a batch": {"url": "https://{host}/adminapi/beta/{tid}/$batch"},
    "v1.0": {"url": "https://{host}/adminapi/v1.0/{tid}/InvokeCommand"},
    "another method": {"method": "PATCH"},
}


@pytest.mark.parametrize("change", WRONG_ITEMS.values(), ids=WRONG_ITEMS.keys())
def test_wrong_items(client: Any, change: dict[str, str]) -> None:
    host = client.fake.endpoint.removeprefix("https://")
    change = {name: text.format(host=host, tid=client.tenant["tenant_id"]) for name, text in change.items()}
    items = [client.item(0, GET, {"Identity": "bob"}, **change), *reads(client, "bob")]
    items[1]["id"] = "1"
    assert statuses(client.batch(items)) == {"0": 400, "1": 200}


@pytest.mark.usefixtures("thousands")
def test_select_and_pages_within_a_batch(client: Any) -> None:
    item = client.item(0, GET, {"ResultSize": "Unlimited"}, url=f"{client.url}?$select=Guid")
    (first,) = client.batch([item]).json()["responses"]
    assert len(first["body"]["value"]) == 1000
    assert set(first["body"]["value"][0]) == {"Guid", "Guid@data.type", "Guid@odata.type"}
    (second,) = client.batch([{**item, "url": first["body"]["@odata.nextLink"]}]).json()["responses"]
    assert second["status"] == 200
    assert first["body"]["value"][0] not in second["body"]["value"]


def test_outer_authorization_is_needed(client: Any) -> None:
    assert client.batch(reads(client, "bob"), Authorization=None).status_code == 401


def test_inner_authorization(client: Any) -> None:
    items = reads(client, "bob")
    del items[0]["headers"]["Authorization"]
    assert statuses(client.batch(items)) == {"0": 401}
    client.fake.dialect.set(batch_inner_authorization=False)
    assert statuses(client.batch(items)) == {"0": 200}


def test_an_item_that_is_forbidden(client: Any) -> None:
    client.token = client.fake.tokens.issue("reader")
    item = client.item(0, SET, {"Identity": "bob", SWITCH: None})
    (answer,) = client.batch([item]).json()["responses"]
    assert answer["status"] == 403
    assert not answer["body"].strip("\0")


def test_stopping_at_the_first_error(client: Any) -> None:
    items = reads(client, "alice", "nobody", "bob")
    client.fake.dialect.set(batch_stops_on_error=True)
    assert statuses(client.batch(items)) == {"0": 200, "1": 404}
    assert statuses(client.batch(items, Prefer="odata.continue-on-error")) == {"0": 200, "1": 404, "2": 200}


def test_what_the_log_keeps(client: Any) -> None:
    client.batch(reads(client, "alice", "nobody"))
    (entry,) = client.fake.log.entries(endpoint="batch")
    assert [(item["id"], item["identity"], item["status"]) for item in entry["items"]] == [
        ("0", "alice", 200),
        ("1", "nobody", 404),
    ]
    stats = client.fake.stats()
    assert (stats["requests"], stats["sub_requests"], stats["by_cmdlet"]) == (1, 2, {GET: 2})
