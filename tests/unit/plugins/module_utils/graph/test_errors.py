# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From every shape of Graph's error answers to a typed error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import ServiceError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._graph.errors import is_expired_page, read_fault

CODE, TEXT = "Authorization_RequestDenied", "Insufficient privileges to complete the operation."


def body(error: Any, **more: Any) -> bytes:
    return json.dumps({"error": error, **more}).encode()


@pytest.mark.parametrize(
    ("headers", "inner", "request_id"),
    [
        ({}, {"innerError": {"request-id": "inner", "client-request-id": "mine", "date": "2026-11-24"}}, "inner"),
        ({}, {"innererror": {"request-id": "inner"}}, "inner"),
        ({}, {"innerError": {"client-request-id": "mine"}}, "mine"),
        ({"request-id": "header"}, {"innerError": {"request-id": "inner"}}, "header"),
        ({"client-request-id": "header"}, {}, "header"),
        ({}, {}, ""),
        ({}, {"innerError": None}, ""),
        ({}, {"innerError": "text"}, ""),
        ({}, {"innerError": {"request-id": 5}}, ""),
    ],
)
def test_the_documented_shape_with_or_without_its_parts(
    headers: dict[str, str], inner: dict[str, Any], request_id: str
) -> None:
    error = read_fault(403, headers, body({"code": CODE, "message": TEXT, **inner})).to_error("WHAT", "DENIAL")
    assert error.message == f"WHAT was refused ({CODE}: {TEXT.rstrip('.')}). DENIAL"
    assert (error.code, error.exception_type, error.request_id) == ("access_denied", CODE, request_id)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (body({"code": "", "message": "Invalid Skip Token"}), "Invalid Skip Token"),
        (body({"code": "UnknownError", "message": ""}), "UnknownError"),
        (body({"code": "generalException"}), "generalException"),
        (body({"message": None, "code": 7}), "HTTP status 400 without a text"),
        (body({}), "HTTP status 400 without a text"),
        (body("invalid_request", error_description="AADSTS1: no."), "AADSTS1: no"),
        (body("invalid_request"), "invalid_request"),
        (b'{"message": "Access denied due to a missing key."}', "Access denied due to a missing key"),
        (b"", "HTTP status 400 without a text"),
        (b"\0\0\0", "HTTP status 400 without a text"),
        (b"Bad Request", "Bad Request"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"<html>", "web page"),
        (b"{}", "HTTP status 400 without a text"),
        (b"[]", "HTTP status 400 without a text"),
        (b"null", "HTTP status 400 without a text"),
        (b'"text"', "HTTP status 400 without a text"),
        (b'{"error": {', '{"error": {'),
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
def test_any_body_gives_an_error(content: bytes, said: str, status: int) -> None:
    fault = read_fault(status, {}, content)
    error = fault.to_error("WHAT", "DENIAL")
    assert said.replace("400", str(status)) in error.message
    assert error.message.startswith("WHAT")
    assert ("DENIAL" in error.message) is (error.code == "access_denied") is (status in (401, 403))
    assert not fault.transient


@pytest.mark.parametrize("content", [b"<html>", b"{}", b"[]", b'"text"'])
def test_what_graph_never_says_is_no_word_on_whether_a_thing_is_there(content: bytes) -> None:
    assert read_fault(404, {}, content).to_error("WHAT", "").code == "unexpected_answer"
    assert read_fault(404, {}, body({"code": "Request_ResourceNotFound"})).to_error("WHAT", "").code == "not_found"


@pytest.mark.parametrize(
    ("status", "throttled", "transient"),
    [
        (429, True, True),
        (509, True, True),
        (408, False, True),
        (500, False, True),
        (502, False, True),
        (503, False, True),
        (504, False, True),
        (400, False, False),
        (401, False, False),
        (403, False, False),
        (404, False, False),
        (410, False, False),
        (501, False, False),
    ],
)
@pytest.mark.parametrize("content", [b"", b"<html>", body({"code": "UnknownError", "message": "throttled, try again"})])
def test_the_status_decides(status: int, throttled: bool, transient: bool, content: bytes) -> None:
    fault = read_fault(status, {}, content)
    assert (fault.throttled, fault.transient) == (throttled, transient)


def test_long_words_are_cut() -> None:
    fault = read_fault(400, {}, body({"code": "c", "message": "x" * 10_000}))
    assert len(fault.text) == 500


@pytest.mark.parametrize(
    ("code", "text", "expired"),
    [
        ("Directory_ExpiredPageToken", "The specified page token value has expired.", True),
        ("Directory_ExpiredPageToken", "", True),
        ("", "Invalid Skip Token", True),
        ("UnknownError", "Invalid Skip Token, skip token is null", True),
        ("BadRequest", "Invalid filter clause", False),
        ("", "", False),
    ],
)
def test_a_link_that_is_no_longer_good(code: str, text: str, expired: bool) -> None:
    error = read_fault(400, {}, body({"code": code, "message": text})).to_error("WHAT", "")
    assert isinstance(error, ServiceError)
    assert is_expired_page(error) is expired
