# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From every shape of error answer that has been seen to a typed error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import ServiceError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange_errors import (
    EXPIRED_PAGE_TEXT,
    Fault,
    read_error_object,
    read_fault,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._service import throttled

TASKS = "Microsoft.Exchange.Configuration.Tasks"
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


REFUSING = {*range(400, 408), *range(409, 419), *range(421, 427), 428, 429, 431, 451}


@pytest.mark.parametrize("status", [100, 103, *range(200, 210), 300, 302, 304, 307, *range(400, 600), 600, 999])
def test_whether_it_may_have_been_done_all_the_same(status: int) -> None:
    """Anything but a status that says no has to be looked at."""
    error = Fault(status).to_error("X", "D")
    assert error.may_have_worked is (status not in REFUSING)
    assert not (error.may_have_worked and error.lasting)
    assert ServiceError("x", status=status).may_have_worked is (status not in REFUSING)


def test_what_is_not_about_an_answer_did_nothing() -> None:
    assert not ServiceError("x").may_have_worked


@pytest.mark.parametrize("name", ["NotFound", "Ambiguous"])
@pytest.mark.parametrize("status", [400, 404, 500])
def test_a_refusal_by_type_is_one_whatever_the_status(name: str, status: int) -> None:
    error = Fault(status, f"ManagementObject{name}Exception", "x").to_error("X", "D")
    assert (error.may_have_worked, error.lasting) == (False, True)


@pytest.mark.parametrize(
    ("kind", "text", "may_have_worked", "lasting"),
    [
        ("InvalidOperationException", "No.", False, True),
        # The server passed it on, or gave up on it.
        ("CmdletProxyException", "Error on proxy command", True, False),
        ("BackendCommunicationException", "x", True, False),
        ("TimeoutException", "x", True, False),
        ("TaskCanceledException", "x", True, False),
        ("OperationCanceledException", "x", True, False),
        ("ADTransientException", "x", True, False),
        ("Whatever", "The issue may be transient.", True, False),
        # It isn't passed on: nothing was done.
        ("CmdletProxyNotAvailableException", "Cmdlet needs proxy", False, False),
        ("CmdletProxyNotAvailableFailure", "x", False, False),
        ("", "Cmdlet needs proxy", False, False),
        ("CmdletAccessDeniedException", "x", False, True),
        ("ServerBusyException", "The server is busy", False, False),
    ],
)
def test_the_type_decides_where_the_status_says_no(kind: str, text: str, may_have_worked: bool, lasting: bool) -> None:
    error = Fault(400, kind, text).to_error("X", "D")
    assert (error.may_have_worked, error.lasting) == (may_have_worked, lasting)


@pytest.mark.parametrize(("status", "may_have_worked"), [(429, False), (400, False), (503, True), (500, True)])
def test_too_busy_with_a_status_of_a_failure_may_have_worked(status: int, may_have_worked: bool) -> None:
    fault = Fault(status, "", "The server is busy")
    assert throttled("X", fault).may_have_worked is may_have_worked


@pytest.mark.parametrize(
    ("kind", "text", "unrouted"),
    [
        ("CmdletProxyNotAvailableException", "", True),
        ("CmdletProxyNotAvailableFailure", "", True),
        ("", "CMDLET NEEDS PROXY to run", True),
        ("CmdletProxyException", "Error on proxy command", False),
        ("ManagementObjectNotFoundException", "'Cmdlet needs proxy' couldn't be found", False),
    ],
)
def test_what_has_to_go_by_the_way_of_its_mailbox(kind: str, text: str, unrouted: bool) -> None:
    assert Fault(400, kind, text).unrouted is unrouted


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("'x' isn't within a valid server write scope.", "widen their write scope"),
        (
            "Out of the current user's write scope: 'x' is being synchronized from your on-premises organization.",
            "on-premises organization: do it there",
        ),
    ],
)
def test_a_refusal_that_stays_says_what_to_do(text: str, advice: str) -> None:
    error = Fault(400, "TaskException", text).to_error("X", "D")
    assert advice in error.message
    assert error.lasting


@pytest.mark.parametrize("message", ["{" + "[" * 100_000, '{"a": ' + "9" * 5000 + "}"])
def test_a_detail_that_cannot_be_read_stays_a_text(message: str) -> None:
    assert read_error_object(400, {"error": {"details": [{"message": message}]}}).text == message


def test_reads_an_item_of_a_batch_alike() -> None:
    parsed = {"error": by_detail(f"{TASKS}.ManagementObjectAmbiguousException", "several")}
    whole = read_fault(400, {"request-id": "i"}, json.dumps(parsed).encode())
    assert read_error_object(400, parsed, "i") == whole
