# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Reading answers, as far as Exchange and Graph answer alike: the JSON of a success, the fault in an error."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any

from .._errors import AccessDeniedError, NotFoundError, ServiceError, UnexpectedAnswerError

RETRYABLE_STATUS = (408, 429, 500, 502, 503, 504)
_SURROGATE = re.compile("[\ud800-\udfff]")
# Each begins with what is searched for in no time. NUL: another encoding than UTF-8.
_MAYBE_SURROGATE = tuple(map(re.compile, (rb"\\u[dD][89a-fA-F]", rb"\xed[\xa0-\xbf]", rb"\0")))
_SHOWN = 500  # characters of a text that isn't JSON
_SAID = 2000  # characters of what a service says in JSON


class MalformedAnswerError(ValueError):
    """A success that can't be read as one."""


def read_json(body: bytes) -> Any:
    """
    :raises MalformedAnswerError: empty, a web page, or anything else but JSON.
    """
    text = body.strip(b"\0 \t\r\n")
    if not text:
        raise MalformedAnswerError("an empty body")
    try:
        parsed = json.loads(text, parse_constant=_no_number)
        return _whole_characters(parsed) if any(each.search(text) for each in _MAYBE_SURROGATE) else parsed
    except (ValueError, RecursionError) as error:
        kind = "a web page" if text.startswith(b"<") else "something that isn't JSON"
        raise MalformedAnswerError(kind) from error


def _no_number(name: str) -> None:
    raise ValueError(f"{name} isn't a number of JSON")


def _whole_characters(value: Any) -> Any:
    """``value`` with U+FFFD for each half of a character: such a text could be written nowhere, neither to the journal
    nor to the result.
    """
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_whole_characters(item) for item in value]
    if isinstance(value, dict):
        return {_whole_characters(key): _whole_characters(item) for key, item in value.items()}
    return value


@dataclasses.dataclass(frozen=True)
class ServiceFault:
    """What an error answer says: ``type`` is the service's own word for it, ``text`` is for people.

    What is decided here goes by the status; a service whose status says little decides by its own words.
    """

    status: int
    type: str = ""
    text: str = ""
    request_id: str = ""
    from_service: bool = True

    @property
    def throttled(self) -> bool:
        return self.status == 429

    @property
    def transient(self) -> bool:
        """Whether the same request may go through later."""
        return self.throttled or self.status in RETRYABLE_STATUS

    @property
    def missing(self) -> bool:
        """Whether the thing asked for isn't there."""
        return self.status == 404 and self.from_service

    @property
    def denied(self) -> bool:
        return self.status in (401, 403)

    @property
    def said(self) -> str:
        return self.text[:_SAID].rstrip(".") if self.text else f"HTTP status {self.status} without a text"

    @property
    def details(self) -> dict[str, Any]:
        """What every error carries of it."""
        return {"status": self.status, "request_id": self.request_id, "exception_type": self.type}

    def to_error(self, what: str, denial: str) -> ServiceError:
        """``what`` was asked for. ``denial``: the explanation to give if access is what is missing."""
        if self.missing:
            return NotFoundError(f"{what}: {self.said}.", **self.details)
        if self.denied:
            refused = AccessDeniedError(f"{what} was refused ({self.said}). {denial}", **self.details)
            refused.advice = denial
            return refused
        if not self.from_service:
            return UnexpectedAnswerError(f"{what}: {self.said}.", **self.details)
        return ServiceError(f"{what} failed (HTTP status {self.status}): {self.said}.", **self.details)


@dataclasses.dataclass(frozen=True)
class ErrorBody:
    """``parsed`` if ``is_json``; else ``text`` for people, as far as there is one."""

    is_json: bool = False
    parsed: Any = None
    text: str = ""
    from_service: bool = True


def read_error_body(body: bytes) -> ErrorBody:
    text = body.replace(b"\0", b"").decode("utf-8", "replace").strip()
    if not text:
        return ErrorBody()
    try:
        return ErrorBody(is_json=True, parsed=_whole_characters(json.loads(text)))
    except (ValueError, RecursionError):
        if text.startswith("<"):
            shown = "it answered with a web page, not with JSON; a proxy or a wrong endpoint may be in between"
            return ErrorBody(text=shown, from_service=False)
        return ErrorBody(text=text[:_SHOWN])


def request_id_of(headers: Mapping[str, str]) -> str:
    """What Microsoft support asks for."""
    return headers.get("request-id") or headers.get("client-request-id") or ""
