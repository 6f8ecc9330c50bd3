# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""From an answer of Microsoft Graph that isn't a success to what it says.

Its shape is documented: ``{"error": {"code", "message", "innerError": {"request-id", "date"}}}``. In the field parts of
it are missing, the body is empty or of another kind, and a gateway in front of Graph answers in its own way.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._service.answers import ServiceFault, read_error_body, request_id_of

if TYPE_CHECKING:
    from .._errors import ServiceError

_EXPIRED_PAGE_CODE = "Directory_ExpiredPageToken"
_EXPIRED_PAGE_TEXT = "skip token"  # "Invalid Skip Token", "Skip token is null": the directory and the sign-in log
_BANDWIDTH_LIMIT = 509
_SHOWN = 500  # characters of Graph's own words


@dataclasses.dataclass(frozen=True)
class GraphFault(ServiceFault):
    """``type`` is Graph's code. Unlike Exchange, Graph's status can be relied on."""

    @property
    def throttled(self) -> bool:
        return self.status in (429, _BANDWIDTH_LIMIT)

    @property
    def said(self) -> str:
        if self.type and self.text:
            return f"{self.type}: {self.text.rstrip('.')}"
        return self.type or super().said


def read_fault(status: int, headers: Mapping[str, str], body: bytes) -> GraphFault:
    request_id = request_id_of(headers)
    content = read_error_body(body)
    if not content.is_json:
        return GraphFault(status, "", content.text, request_id, content.from_service)
    parsed = content.parsed if isinstance(content.parsed, Mapping) else {}
    error = parsed.get("error")
    if isinstance(error, Mapping):
        inner = error.get("innerError") or error.get("innererror")
        inner = inner if isinstance(inner, Mapping) else {}
        return GraphFault(
            status,
            _text(error, "code"),
            _text(error, "message"),
            request_id or _text(inner, "request-id") or _text(inner, "client-request-id"),
        )
    # A gateway's {"message": ...}, or OAuth's {"error": "...", "error_description": "..."}
    text = _text(parsed, "error_description") or _text(parsed, "message") or _text(parsed, "error")
    return GraphFault(status, "", text, request_id, from_service=bool(text))


def is_expired_page(error: ServiceError) -> bool:
    """Whether a page's link is no longer good, by the error that following it met."""
    return error.exception_type == _EXPIRED_PAGE_CODE or _EXPIRED_PAGE_TEXT in error.message.casefold()


def _text(source: Mapping[str, Any], key: str) -> str:
    value = source.get(key)
    return value.replace("\0", "").strip()[:_SHOWN] if isinstance(value, str) else ""
