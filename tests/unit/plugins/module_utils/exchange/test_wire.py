# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests in the form that the Exchange admin endpoint takes, and the reading of its successes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.wire import (
    BATCH_SIZE,
    PAGE_SIZE,
    Command,
    batch_body,
    batch_headers,
    batch_path,
    command_body,
    command_headers,
    invoke_path,
    read_exported,
    read_result,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._service.answers import MalformedAnswerError

TENANT = "aaaaaaaa-1111-2222-3333-444444444444"
GET = Command("Get-CASMailbox", {"Identity": "anna@contoso.com"}, ("Guid", "DisplayName"), "anna@contoso.com")
SET = Command("Set-CASMailbox", {"Identity": "a-guid", "SmtpClientAuthenticationDisabled": None})


def test_sizes_are_those_of_the_service() -> None:
    assert (BATCH_SIZE, PAGE_SIZE) == (10, 1000)


@pytest.mark.parametrize("value", [None, True, False])
def test_a_value_travels_as_json(value: bool | None) -> None:
    command = Command("Set-CASMailbox", {"Identity": "a-guid", "SmtpClientAuthenticationDisabled": value})
    assert json.loads(json.dumps(command_body(command))) == {
        "CmdletInput": {
            "CmdletName": "Set-CASMailbox",
            "Parameters": {"Identity": "a-guid", "SmtpClientAuthenticationDisabled": value},
        }
    }


def test_no_parameters_are_an_empty_object() -> None:
    assert command_body(Command("Get-TransportConfig"))["CmdletInput"]["Parameters"] == {}


def test_paths() -> None:
    assert invoke_path(TENANT, SET) == f"/adminapi/beta/{TENANT}/InvokeCommand"
    assert invoke_path(TENANT, GET) == f"/adminapi/beta/{TENANT}/InvokeCommand?$select=Guid,DisplayName"
    assert batch_path(TENANT) == f"/adminapi/beta/{TENANT}/$batch"


def test_headers() -> None:
    assert command_headers(TENANT, "a-connection", GET) == {
        "Content-Type": "application/json; charset=utf-8",
        "Accept": "application/json",
        "X-AnchorMailbox": f"APP:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{TENANT}",
        "X-CmdletName": "Get-CASMailbox",
        "X-ResponseFormat": "json",
        "Prefer": "odata.maxpagesize=1000",
        "connection-id": "a-connection",
    }


def test_a_batch_repeats_everything_for_each_of_its_items() -> None:
    body = json.loads(batch_body("https://host", TENANT, "a-connection", "TOKEN", [GET, SET]))
    assert body == {
        "requests": [
            {
                "id": str(place),
                "method": "POST",
                "url": "https://host" + invoke_path(TENANT, command),
                "headers": {**command_headers(TENANT, "a-connection", command), "Authorization": "Bearer TOKEN"},
                "body": command_body(command),
            }
            for place, command in enumerate([GET, SET])
        ]
    }
    assert body["requests"][1]["body"]["CmdletInput"]["Parameters"]["SmtpClientAuthenticationDisabled"] is None


def test_headers_of_a_batch() -> None:
    headers = batch_headers(TENANT, "a-connection")
    assert headers["Prefer"] == "odata.continue-on-error"
    assert headers["X-AnchorMailbox"] == command_headers(TENANT, "a-connection", GET)["X-AnchorMailbox"]
    assert "X-CmdletName" not in headers


ANNOTATED = {
    "@odata.type": "#Exchange.GenericHashTable",
    "Guid": "a-guid",
    "Guid@data.type": "System.Guid",
    "Guid@odata.type": "#Guid",
    "EmailAddresses": ["SMTP:a@contoso.com"],
    "EmailAddresses@odata.type": "#Collection(String)",
    "SmtpClientAuthenticationDisabled": None,
}


def test_takes_annotations_out_and_keeps_nulls() -> None:
    result = read_result({"@odata.context": "x", "@adminapi.warnings": [], "value": [ANNOTATED]}, {}, GET)
    assert result.rows == [
        {"Guid": "a-guid", "EmailAddresses": ["SMTP:a@contoso.com"], "SmtpClientAuthenticationDisabled": None}
    ]
    assert (result.warnings, result.next_link, result.truncated) == ([], "", False)


@pytest.mark.parametrize(
    ("parsed", "number"),
    [
        ({"value": []}, 0),
        ({"value": None}, 0),
        ({}, 0),
        ({"value": {"Guid": "one"}}, 1),
        ({"value": [{"Guid": "one"}, {"Guid": "two"}]}, 2),
    ],
)
@pytest.mark.parametrize("command", [GET, SET])
def test_every_form_of_a_value(parsed: dict[str, Any], number: int, command: Command) -> None:
    assert len(read_result(parsed, {}, command).rows) == number


def test_a_write_may_come_back_without_a_body() -> None:
    assert read_result(None, {}, SET).rows == []
    with pytest.raises(MalformedAnswerError):
        read_result(None, {}, GET)


def test_a_write_may_come_back_with_texts() -> None:
    assert read_result({"value": ["done"]}, {}, SET).rows == []


@pytest.mark.parametrize(
    "parsed",
    [
        [],
        "text",
        5,
        {"value": "text"},
        {"value": ["text"]},
        {"value": [None]},
        {"error": {"code": "BadRequest"}},
        {"value": [], "error": {"code": "BadRequest"}},
        {"value": [{"Guid": "one"}], "@adminapi.errors": ["it failed halfway"]},
    ],
)
def test_a_read_that_is_none(parsed: Any) -> None:
    with pytest.raises(MalformedAnswerError):
        read_result(parsed, {}, GET)


@pytest.mark.parametrize("key", ["@odata.nextLink", "odata.nextLink"])
def test_finds_the_next_page(key: str) -> None:
    assert read_result({"value": [], key: "https://next"}, {}, GET).next_link == "https://next"


MORE = "There are more results available than are currently displayed. To view them, increase the value."


@pytest.mark.parametrize(
    ("parsed", "headers", "warnings", "truncated"),
    [
        ({"@adminapi.warnings": [MORE]}, {}, [MORE], True),
        ({"@adminapi.warnings": MORE}, {}, [MORE], True),
        ({}, {"X-Warnings": MORE}, [MORE], True),
        ({"@adminapi.warnings": ["one"]}, {"X-Warnings": "two"}, ["one", "two"], False),
        ({"@adminapi.warnings": None}, {}, [], False),
    ],
)
def test_finds_warnings_wherever_they_are(
    parsed: dict[str, Any], headers: dict[str, str], warnings: list[str], truncated: bool
) -> None:
    result = read_result(parsed, headers, GET)
    assert (result.warnings, result.truncated) == (warnings, truncated)


def test_keeps_the_request_id() -> None:
    assert read_result({}, {"request-id": "an-id"}, GET).request_id == "an-id"


def test_a_command_names_its_mailbox() -> None:
    assert str(GET) == "Get-CASMailbox for anna@contoso.com"
    assert str(Command("Get-TransportConfig")) == "Get-TransportConfig"


@pytest.mark.parametrize(
    ("parsed", "exported"),
    [
        ({"value": {"exportedCmdlets": "Get-CASMailbox, Set-CASMailbox,,"}}, {"Get-CASMailbox", "Set-CASMailbox"}),
        ({"value": [{"exportedCmdlets": "Get-User", "module": "UEsDBA=="}]}, {"Get-User"}),
        ({"value": {"exportedCmdlets": ""}}, set()),
        ({"value": [{"exportedCmdlets": "Get-User"}, {"exportedCmdlets": "Get-Mailbox"}]}, None),
        ({"value": {"exportedCmdlets": ["Get-User"]}}, None),
        ({"value": {"exportedCmdlets": None}}, None),
        ({"value": ["Get-User"]}, None),
        ({"value": []}, None),
        ({"error": {}}, None),
        (["Get-User"], None),
        (None, None),
    ],
)
def test_the_cmdlets_in_a_module_file(parsed: Any, exported: set[str] | None) -> None:
    assert read_exported(parsed) == exported
