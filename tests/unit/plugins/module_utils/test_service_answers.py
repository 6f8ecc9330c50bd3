# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The JSON of a success, and what isn't JSON."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._service_answers import (
    MalformedAnswerError,
    read_error_body,
    read_json,
)


@pytest.mark.parametrize(
    ("body", "parsed"),
    [
        (b'{"value": []}', {"value": []}),
        (b'\0\0 {"value": []}\r\n\0', {"value": []}),
        (b"null", None),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"big": 123456789012345678901234567890}', {"big": 123456789012345678901234567890}),
    ],
)
def test_reads_json(body: bytes, parsed: Any) -> None:
    assert read_json(body) == parsed


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "an empty body"),
        (b"\0\0\0\0", "an empty body"),
        (b" \r\n", "an empty body"),
        (b"<html>Sign in</html>", "a web page"),
        (b"  <!DOCTYPE html>", "a web page"),
        (b"The service is unavailable.", "isn't JSON"),
        (b'{"value": [', "isn't JSON"),
        (b"\xff\xfe\x00", "isn't JSON"),
    ],
)
def test_says_what_is_not_json(body: bytes, kind: str) -> None:
    with pytest.raises(MalformedAnswerError, match=kind):
        read_json(body)


@pytest.mark.parametrize(
    ("body", "parsed"),
    [
        (b'{"a": ["x\\ud800y"]}', {"a": ["x\ufffdy"]}),
        (b'{"\\uDFFF": 1}', {"\ufffd": 1}),
        (b'{"a": "\xed\xa0\x80"}', {"a": "\ufffd"}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
    ],
)
def test_half_a_character_becomes_a_whole_one(body: bytes, parsed: Any) -> None:
    assert read_json(body) == parsed


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000, b'{"a": ' + b"9" * 5000 + b"}"])
def test_what_no_reader_takes_is_not_json(body: bytes) -> None:
    with pytest.raises(MalformedAnswerError, match="isn't JSON"):
        read_json(body)
    assert not read_error_body(body).is_json
