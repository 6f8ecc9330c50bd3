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
        (b"[" * 100_000, "isn't JSON"),
        (b'{"a":' * 100_000, "isn't JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "isn't JSON"),
        (b'{"value": NaN}', "isn't JSON"),
        (b'{"value": -Infinity}', "isn't JSON"),
        (b"1" * 5000, "isn't JSON"),
    ],
)
def test_says_what_is_not_json(body: bytes, kind: str) -> None:
    with pytest.raises(MalformedAnswerError, match=kind):
        read_json(body)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"error":' * 100_000])
def test_an_error_that_has_no_end(body: bytes) -> None:
    content = read_error_body(body)
    assert not content.is_json
    assert len(content.text) <= 500
