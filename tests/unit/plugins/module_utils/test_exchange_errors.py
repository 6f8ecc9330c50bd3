# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From every shape of error answer that has been seen to a typed error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange_errors import (
    EXPIRED_PAGE_TEXT,
    Fault,
    read_error_object,
    read_fault,
)

TASKS = "Microsoft.Exchange.Configuration.Tasks"
INVOCATION = "Microsoft.Exchange.AdminApi.CommandInvocation"
GENERIC = "Error executing cmdlet"


def by_detail(kind: str, text: str) -> dict[str, Any]:
    return {"message": GENERIC, "details": [{"code": "Context", "target": "", "message": f"Ex6F9304|{kind}|{text}"}]}


def by_detail_without_id(kind: str, text: str) -> dict[str, Any]:
    return {"message": GENERIC, "details": [{"message": f"|{kind}|{text}"}]}


def by_detail_in_json(kind: str, text: str) -> dict[str, Any]:
    content = json.dumps({"Message": text, "TypeName": kind, "StackTrace": "at x", "InnerError": None})
    return {"message": GENERIC, "details": [{"message": content}]}


def by_detail_with_class_name(kind: str, text: str) -> dict[str, Any]:
    content = json.dumps({"ClassName": kind, "Message": text, "localizedString": {"stringId": "Ex1"}})
    return {"message": GENERIC, "details": [{"message": content}]}


def by_internal_exception(kind: str, text: str) -> dict[str, Any]:
    return {
        "message": GENERIC,
        "innererror": {"message": GENERIC, "internalexception": {"type": kind, "message": text}},
    }


def by_both(kind: str, text: str) -> dict[str, Any]:
    wrapper = "Microsoft.Exchange.Admin.OData.Core.ODataServiceException"
    return {**by_internal_exception(kind, "short"), "details": [{"message": f"Ex1|{wrapper}|{text}"}]}


SHAPES = [
    by_detail,
    by_detail_without_id,
    by_detail_in_json,
    by_detail_with_class_name,
    by_internal_exception,
    by_both,
]
# .NET type, text, status, expected code, whether it may go through later
KINDS = [
    ("ManagementObjectNotFoundException", "object 'x' couldn't be found on 'SRV'.", 404, "not_found", False),
    ("ManagementObjectNotFoundException", 'The specified mailbox "x" doesn\'t exist.', 400, "not_found", False),
    ("ManagementObjectNotFoundException", "object 'x' couldn't be found on 'SRV'.", 500, "not_found", False),
    ("ManagementObjectNotFoundException", "'please try again@x.com' couldn't be found", 404, "not_found", False),
    ("ManagementObjectNotFoundException", "'throttling@contoso.com' couldn't be found.", 404, "not_found", False),
    ("ManagementObjectAmbiguousException", "'x' matches multiple entries.", 400, "ambiguous", False),
    ("AmbiguousParameterSetException", "Parameter set cannot be resolved.", 400, "service_error", False),
    ("ParameterTransformationException", "Cannot process argument", 400, "service_error", False),
    ("CommandNotFoundException", "'Set-CASMailbox' isn't present", 400, "access_denied", False),
    ("CommandNotFoundException", "'Set-CASMailbox' isn't present", 500, "access_denied", False),
    ("CmdletAccessDeniedException", "out of the write scope", 400, "access_denied", False),
    ("CmdletAccessDeniedException", "out of the write scope", 403, "access_denied", False),
    ("CmdletProxyException", "Error on proxy command: NotFound: x", 400, "service_error", False),
    ("ADTransientException", "Active Directory is busy", 500, "service_error", True),
    ("ADTransientException", "Active Directory is busy", 400, "service_error", True),
    ("CmdletProxyNotAvailableFailure", "no proxy", 400, "service_error", True),
    ("ServerBusyException", "no room", 400, "service_error", True),
    ("TransientException", "hiccup", 400, "service_error", True),
    ("BackendCommunicationException", "no back end", 400, "service_error", True),
    ("UnableToWriteToAadException", "dual write", 400, "service_error", True),
    ("Exception", f"{EXPIRED_PAGE_TEXT}. Default Expiry time is 00:30:00", 400, "service_error", False),
    ("Exception", f"{EXPIRED_PAGE_TEXT}. Default Expiry time is 00:30:00", 500, "service_error", False),
    ("ADObjectAlreadyExistsException", "exists", 400, "service_error", False),
    ("Exception", "something new", 400, "service_error", False),
    ("Exception", "something new", 500, "service_error", True),
    ("Exception", "This issue may be transient.", 400, "service_error", True),
    ("Exception", "a | b || c", 400, "service_error", False),
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("kind", "text", "status", "code", "transient"), KINDS)
def test_type_and_text_decide(shape: Any, kind: str, text: str, status: int, code: str, transient: bool) -> None:
    answer = json.dumps({"error": {"code": "BadRequest", **shape(f"{TASKS}.{kind}", text)}}).encode()
    fault = read_fault(status, {"request-id": "an-id"}, answer)
    assert (fault.type, fault.text, fault.request_id) == (kind, text, "an-id")
    assert fault.transient is transient
    assert fault.throttled is False
    error = fault.to_error("Set-CASMailbox for anna@contoso.com", "DENIAL")
    assert (error.code, error.status, error.exception_type, error.request_id) == (code, status, kind, "an-id")
    assert error.message.startswith("Set-CASMailbox for anna@contoso.com")
    assert text.rstrip(".") in error.message
    assert GENERIC not in error.message
    assert ("DENIAL" in error.message) is (code == "access_denied")


@pytest.mark.parametrize(
    "text",
    [
        "'Set-CASMailbox' isn't present in the role definition of the current user.",
        "User is not allowed to call Get-Mailbox",
        "The role assigned to application x isn't supported in this scenario. Please check online documentation.",
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_text_that_tells_of_missing_access(text: str, status: int) -> None:
    fault = read_error_object(status, {"error": {"message": GENERIC, "details": [{"message": text}]}})
    assert fault.to_error("X", "DENIAL").code == "access_denied"
    assert not fault.transient


@pytest.mark.parametrize(
    ("status", "body", "throttled"),
    [
        (429, b"", True),
        (429, b"<html>", True),
        (400, b"You have reached the maximum number of concurrent requests per tenant. Please wait.", True),
        (503, b"The server is busy.", True),
        (400, b'{"error": {"details": [{"message": "Ex1|System.Exception|Request was throttled."}]}}', True),
        (503, b"Service Unavailable", False),
        (400, b"You did something wrong", False),
    ],
)
def test_too_many_requests_in_every_form(status: int, body: bytes, throttled: bool) -> None:
    fault = read_fault(status, {}, body)
    assert fault.throttled is throttled
    assert not throttled or fault.transient


@pytest.mark.parametrize(
    ("status", "transient"),
    [
        (408, True),
        (429, True),
        (500, True),
        (502, True),
        (503, True),
        (504, True),
        (400, False),
        (404, False),
        (401, False),
        (403, False),
        (405, False),
        (409, False),
        (501, False),
    ],
)
def test_without_a_text_the_status_decides(status: int, transient: bool) -> None:
    fault = read_fault(status, {}, b"")
    assert fault.transient is transient
    assert f"HTTP status {status}" in fault.to_error("X", "DENIAL").message


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("body", [b"", b"\0" * 40, b" "])
def test_a_refusal_without_a_body_is_explained(status: int, body: bytes) -> None:
    error = read_fault(status, {"request-id": "an-id"}, body).to_error("X", "DENIAL")
    assert (error.code, error.request_id) == ("access_denied", "an-id")
    assert "DENIAL" in error.message


def test_the_reason_may_be_in_a_header() -> None:
    headers = {"x-ms-diagnostics": '2000003;reason="The app may not run it.";error_category="x"'}
    assert "The app may not run it" in read_fault(403, headers, b"\0\0").to_error("X", "D").message


def test_the_type_may_be_in_a_header() -> None:
    headers = {"X-ExceptionType": f"{TASKS}.ManagementObjectNotFoundException"}
    assert read_fault(500, headers, b"").to_error("X", "D").code == "not_found"
    assert read_fault(500, headers, b'{"error": {"message": "gone"}}').to_error("X", "D").code == "not_found"


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>Proxy sign-in</body></html>",
        b"{}",
        b"[]",
        b'"text"',
        b'{"error": "text"}',
        b'{"error": {"details": "text", "innererror": "text"}}',
        b'{"error": {"details": [], "innererror": {"internalexception": null}}}',
        b'{"error": {"details": [null]}}',
        b'{"error": {"details": [{"message": 5}]}}',
        b'{"error": {"details": [{"message": "{broken"}]}}',
        b'{"error": {"details": [{"message": "a|b"}]}}',
        b'{"error": {"details": [{"message": "|||"}]}}',
        b"\xff\xfe\xfd",
        b"plain text",
    ],
)
@pytest.mark.parametrize("status", [400, 404, 418, 500])
def test_any_body_gives_an_error_and_never_a_mailbox_that_is_not_there(body: bytes, status: int) -> None:
    fault = read_fault(status, {}, body)
    error = fault.to_error("Get-CASMailbox for anna@contoso.com", "DENIAL")
    assert error.code in {"service_error", "unexpected_answer"}
    assert "anna@contoso.com" in error.message
    assert fault.transient is (status == 500)


def test_a_web_page_is_said_to_be_one() -> None:
    error = read_fault(404, {}, b"<html>").to_error("X", "D")
    assert error.code == "unexpected_answer"
    assert "web page" in error.message


@pytest.mark.parametrize(
    ("headers", "request_id"),
    [({"request-id": "a", "client-request-id": "b"}, "a"), ({"client-request-id": "b"}, "b"), ({}, "")],
)
def test_the_id_that_support_asks_for(headers: dict[str, str], request_id: str) -> None:
    assert read_fault(400, headers, b"").request_id == request_id


@pytest.mark.parametrize(
    ("status", "may_have_worked"),
    [
        (500, True),
        (503, True),
        (504, True),
        (408, True),
        (200, True),
        (400, False),
        (403, False),
        (404, False),
        (429, False),
        (0, False),
    ],
)
def test_whether_it_may_have_been_done_all_the_same(status: int, may_have_worked: bool) -> None:
    assert Fault(status).to_error("X", "D").may_have_worked is may_have_worked


def test_reads_an_item_of_a_batch_alike() -> None:
    parsed = {"error": by_detail(f"{TASKS}.ManagementObjectAmbiguousException", "several")}
    whole = read_fault(400, {"request-id": "i"}, json.dumps(parsed).encode())
    assert read_error_object(400, parsed, "i") == whole


@pytest.mark.parametrize("kind", ["AmbiguousParameterSetException", "ParameterTransformationException"])
@pytest.mark.parametrize("with_details", [True, False])
def test_an_error_as_it_was_captured(kind: str, with_details: bool) -> None:
    """Its own message, "Invalid Operation", says nothing, and isn't what a person is told."""
    text = "Parameter set cannot be resolved using the specified named parameters."
    error = {
        "code": "BadRequest",
        "message": "Invalid Operation",
        "innererror": {
            "message": "Invalid Operation",
            "internalexception": {"message": text, "type": f"{INVOCATION}.{kind}", "stacktrace": ""},
        },
    }
    if with_details:
        error["details"] = [{"code": "Client", "target": "", "message": f"|{INVOCATION}.{kind}|{text}"}]
    fault = read_error_object(400, {"error": error})
    assert (fault.type, fault.text, fault.transient, fault.denied) == (kind, text, False, False)
