# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The models of throttling: a rate of cmdlets or requests, and a number of requests at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fake_tenant import ControlError

GET = "Get-CASMailbox"
# So slow that a test never sees the bucket fill again.
NEVER = 1e-6


def read(client: Any) -> Any:
    return client.invoke(GET, {"Identity": "bob"})


@pytest.mark.parametrize(("retry_after", "expected"), [(5, "5"), (None, None)])
def test_rate_of_cmdlets(client: Any, retry_after: int | None, expected: str | None) -> None:
    client.fake.throttle.set(rate=NEVER, burst=3, retry_after=retry_after)
    answers = [read(client) for _dummy in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].headers.get("Retry-After") == expected
    assert client.fake.stats()["throttled"] == 2
    client.fake.throttle.set()
    assert read(client).status_code == 200


def test_honest_retry_after(client: Any) -> None:
    client.fake.throttle.set(rate=0.01, burst=1)
    assert read(client).status_code == 200
    assert 90 <= int(read(client).headers["Retry-After"]) <= 101


def test_items_of_a_batch_count_one_by_one(client: Any) -> None:
    client.fake.throttle.set(rate=NEVER, burst=6)
    items = [client.item(number, GET, {"Identity": "bob"}) for number in range(10)]
    answer = client.batch(items)
    assert answer.status_code == 200
    assert [item["status"] for item in answer.json()["responses"]] == [200] * 6 + [429] * 4


def test_rate_of_requests(client: Any) -> None:
    client.fake.throttle.set(rate=NEVER, burst=1, per="request")
    items = [client.item(number, GET, {"Identity": "bob"}) for number in range(10)]
    assert client.batch(items).status_code == 200
    assert client.batch(items).status_code == 429
    assert read(client).status_code == 429


def test_requests_at_a_time(client: Any) -> None:
    client.fake.throttle.set(max_concurrent=2)
    rule = client.fake.faults.add("hold", endpoint="invoke", times=None)
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(read, client) for _dummy in range(2)]
        while client.fake.stats()["active"] < 2:
            pass
        refused = read(client)
        client.fake.faults.clear(rule)
        assert [future.result().status_code for future in running] == [200, 200]
    assert refused.status_code == 429
    assert "maximum number of concurrent requests" in refused.text
    assert client.fake.stats()["max_concurrent"] == 3


def test_rate_headers_follow_the_limit(client: Any) -> None:
    client.fake.dialect.set(rate_headers=True)
    client.fake.throttle.set(limit=5)
    assert [read(client).headers["Rate-Limit-Remaining"] for _dummy in range(3)] == ["4", "3", "2"]


def test_wrong_settings(fake: Any) -> None:
    with pytest.raises(ControlError, match="nonsense"):
        fake.throttle.set(nonsense=1)
