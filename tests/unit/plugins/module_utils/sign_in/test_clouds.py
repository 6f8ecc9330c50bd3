# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts and scopes of the four clouds, and which endpoints may take their place."""

from __future__ import annotations

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import InputError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.clouds import CLOUDS, Cloud, choose_cloud


def choose(name: str = "public", **endpoints: str) -> Cloud:
    return choose_cloud(name, **{"login": None, "exchange": None, "graph": None, **endpoints})


@pytest.mark.parametrize(
    ("name", "login", "exchange", "graph"),
    [
        ("public", "login.microsoftonline.com", "outlook.office365.com", "graph.microsoft.com"),
        ("gcc_high", "login.microsoftonline.us", "outlook.office365.us", "graph.microsoft.us"),
        ("dod", "login.microsoftonline.us", "outlook-dod.office365.us", "dod-graph.microsoft.us"),
        ("china", "login.partner.microsoftonline.cn", "partner.outlook.cn", "microsoftgraph.chinacloudapi.cn"),
    ],
)
def test_hosts_and_scopes(name: str, login: str, exchange: str, graph: str) -> None:
    assert choose(name) == Cloud(
        login=f"https://{login}",
        exchange=f"https://{exchange}",
        graph=f"https://{graph}",
        exchange_scope=f"https://{exchange}/.default",
        graph_scope=f"https://{graph}/.default",
    )


def test_there_are_four() -> None:
    assert set(CLOUDS) == {"public", "gcc_high", "dod", "china"}


@pytest.mark.parametrize("field", ["login", "exchange", "graph"])
def test_an_endpoint_moves_the_host_and_not_the_scope(field: str) -> None:
    moved = choose("china", **{field: "https://proxy.example:8443/"})
    assert getattr(moved, field) == "https://proxy.example:8443"
    others = {"login", "exchange", "graph", "exchange_scope", "graph_scope"} - {field}
    assert {other: getattr(moved, other) for other in others} == {
        other: getattr(CLOUDS["china"], other) for other in others
    }


@pytest.mark.parametrize(
    ("value", "base"),
    [
        ("https://host", "https://host"),
        ("HTTPS://Host.Example/", "https://host.example"),
        ("https://10.0.0.1:443", "https://10.0.0.1:443"),
        ("https://[::1]:8443", "https://[::1]:8443"),
        ("https://xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example"),
    ],
)
def test_takes_a_host_with_or_without_port(value: str, base: str) -> None:
    assert choose(exchange=value).exchange == base


@pytest.mark.parametrize("option", ["login", "exchange", "graph"])
@pytest.mark.parametrize(
    "value",
    [
        "http://outlook.office365.com",
        "outlook.office365.com",
        "//outlook.office365.com",
        "ftp://outlook.office365.com",
        "https://",
        "https:///path",
        "https://:8443",
        "https://host:port",
        "https://host:99999",
        "https://host:",
        "https://host/adminapi",
        "https://host/?x=1",
        "https://host?x=1",
        "https://host#part",
        "https://user@host",
        "https://@host",
        "https://user:hunter2secret@host",
        "https://good.example\\@evil.example",
        "https://good.example\\.evil.example",
        "https://two hosts",
        "https://[::1",
        "https://host.",
        "https://.host",
    ],
)
def test_refuses_anything_else(option: str, value: str) -> None:
    with pytest.raises(InputError) as caught:
        choose(**{option: value})
    assert caught.value.message.startswith(f"{option}_endpoint has to look like https://host")
    assert "hunter2secret" not in caught.value.message
