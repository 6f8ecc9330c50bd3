# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The unknown points, each played every way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fake_tenant import ControlError

GET, SET, SWITCH = "Get-CASMailbox", "Set-CASMailbox", "SmtpClientAuthenticationDisabled"


@pytest.mark.parametrize("status", [404, 400, 500])
def test_status_of_an_unknown_mailbox(client: Any, status: int) -> None:
    client.fake.dialect.set(not_found_status=status)
    assert client.invoke(GET, {"Identity": "nobody"}).status_code == status


@pytest.mark.parametrize("carrier", ["pipe", "json", "internalexception"])
def test_where_the_text_of_an_error_is(client: Any, carrier: str) -> None:
    client.fake.dialect.set(error_text=carrier)
    error = client.invoke(GET, {"Identity": "nobody"}).json()["error"]
    assert "couldn't be found" in error["innererror"]["internalexception"]["message"]
    if carrier == "internalexception":
        assert "details" not in error
    elif carrier == "json":
        assert "couldn't be found" in json.loads(error["details"][0]["message"])["Message"]
    else:
        assert len(error["details"][0]["message"].split("|", 2)) == 3


@pytest.mark.parametrize(("choice", "expected"), [("empty", []), ("null", None), ("absent", "absent")])
def test_value_of_a_write(client: Any, choice: str, expected: object) -> None:
    client.fake.dialect.set(set_value=choice)
    assert client.set("bob", None).json().get("value", "absent") == expected


@pytest.mark.parametrize(("choice", "in_body", "in_header"), [("body", 1, 0), ("header", 0, 1), ("none", 0, 0)])
def test_where_the_warning_of_a_no_op_is(client: Any, choice: str, in_body: int, in_header: int) -> None:
    client.fake.dialect.set(no_op_warning=choice)
    answer = client.set("bob", True)
    assert len(answer.json()["@adminapi.warnings"]) == in_body
    assert ("no settings" in answer.headers.get("X-Warnings", "").replace("%20", " ")) is bool(in_header)


@pytest.mark.parametrize("shape", ["array", "string", "absent"])
def test_shape_of_warnings(client: Any, shape: str) -> None:
    client.fake.dialect.set(warnings_shape=shape)
    assert ("@adminapi.warnings" in client.set("alice", None).json()) is (shape == "array")
    assert isinstance(client.set("alice", None).json()["@adminapi.warnings"], list if shape == "array" else str)


@pytest.mark.parametrize("body", ["nul", "nul_gzip", "json", "empty"])
def test_body_of_a_forbidden_answer(client: Any, body: str) -> None:
    client.fake.dialect.set(forbidden_body=body)
    client.token = client.fake.tokens.issue("no_directory_role")
    with client.session.post(client.url, json={}, headers=client.headers(), timeout=60, stream=True) as answer:
        content = answer.raw.read(decode_content=False)
        assert answer.status_code == 403
    assert (answer.headers.get("Content-Encoding") == "gzip") is (body == "nul_gzip")
    assert content.startswith({"json": b"{", "empty": b""}.get(body, b"\0"))


def test_row_with_sign_in_name(client: Any) -> None:
    client.fake.dialect.set(cas_row_has_upn=True)
    (row,) = client.invoke(GET, {"Identity": "emaiden"}).json()["value"]
    assert (row["UserPrincipalName"], row["Alias"]) == ("erin.maiden@contoso.onmicrosoft.com", "emaiden")


def test_rate_headers(client: Any) -> None:
    assert "Rate-Limit-Limit" not in client.set("bob", None).headers
    client.fake.dialect.set(rate_headers=True)
    first, second = client.set("bob", None).headers, client.set("bob", None).headers
    assert first["Rate-Limit-Limit"] == "30000"
    assert int(first["Rate-Limit-Remaining"]) - int(second["Rate-Limit-Remaining"]) == 1
    assert first["Rate-Limit-Reset"].endswith("Z")


@pytest.mark.parametrize(("allowed", "status"), [(True, 200), (False, 403)])
def test_custom_role_group_alone(client: Any, allowed: bool, status: int) -> None:
    client.fake.dialect.set(custom_role_group_allowed=allowed)
    client.token = client.fake.tokens.issue("role_group")
    assert client.set("bob", None).status_code == status


@pytest.mark.parametrize(("allowed", "status"), [(True, 200), (False, 403)])
def test_recipient_administrator(client: Any, allowed: bool, status: int) -> None:
    client.fake.dialect.set(recipient_administrator_may_set=allowed)
    client.token = client.fake.tokens.issue("recipient_administrator")
    assert client.set("bob", None).status_code == status


@pytest.mark.parametrize(
    "choices", [{"nonsense": 1}, {"not_found_status": 403}, {"rate_headers": "yes"}, {"rate_headers": 1}]
)
def test_wrong_choices(fake: Any, choices: dict[str, Any]) -> None:
    before = fake.dialect.get()
    with pytest.raises(ControlError, match=next(iter(choices))):
        fake.dialect.set(**choices)
    assert fake.dialect.get() == before
