# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long an answer takes, by what it holds; and that the server waits for that long, on a clock of its own."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
from fake_tenant import app
from fake_tenant.latency import Latency


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({"value": [{}] * 1000}, 1.0),
        ({"value": [{}]}, 0.001),
        ({"value": None}, 0.0),
        ({"responses": [{"body": {"value": [{}, {}]}}] * 10}, 2.0),
        ({"error": {}}, 0.0),
        (b"<html>", 0.0),
        (None, 0.0),
        ([1, 2], 0.0),
    ],
)
def test_rows_and_items_take_their_time(body: Any, seconds: float) -> None:
    assert Latency(0.2, row=0.001, item=0.2).of(body) == pytest.approx(seconds)


@pytest.mark.parametrize("wrong", [-0.1, math.nan, math.inf, "1"])
def test_seconds_have_to_be_seconds(wrong: Any) -> None:
    with pytest.raises(ValueError, match="row has to be seconds"):
        Latency(row=wrong)


@pytest.mark.usefixtures("thousands")
def test_the_server_waits(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    made = 0.005  # seconds that making an answer takes

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(app.anyio, "sleep", sleep)
    clock = SimpleNamespace(monotonic=lambda: sum(slept) + (made if slept else 0.0))
    monkeypatch.setattr(app, "time", clock)
    client.fake.latency(0.2, row=0.001, item=0.5)
    rows = client.invoke("Get-CASMailbox", {"ResultSize": "Unlimited"}).json()["value"]
    assert len(rows) > 100
    assert slept == [0.2 - app.MAKING, pytest.approx(app.MAKING - made + 0.001 * len(rows))]
    slept.clear()
    url = f"{client.fake.endpoint}/{client.fake.tenants[0]['tenant_id']}/v2.0/.well-known/openid-configuration"
    assert client.session.get(url, timeout=60).status_code == 200
    assert slept == [], "nobody is asked for it in Microsoft's clouds"
    client.fake.reset()
    slept.clear()
    client.invoke("Get-TransportConfig")
    assert slept == []
