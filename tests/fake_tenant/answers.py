# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An answer on its way out: the same for an HTTP request and for an item of a batch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import anyio
from starlette.responses import Response, StreamingResponse

from . import wire
from .dialect import Dialect

NULS = b"\x00" * 64
# HTTP doesn't care how a header is spelled; the JSON of a batch does.
SPELLED = {"retry-after": "Retry-After", "content-type": "Content-Type", "content-encoding": "Content-Encoding"}


class Dropped(Exception):
    """The connection was cut; nobody is there to answer."""


@dataclass
class Answer:
    """Status, headers (names in lower case) and body: a dict or list (JSON), bytes, or None for nothing.

    trickle: seconds between the pieces of the body, or None to send it at once.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    trickle: float | None = None

    def to_response(self) -> Response:
        """The HTTP response."""
        content = encode(self.body)
        headers = dict(self.headers)
        if isinstance(self.body, (dict, list)):
            headers.setdefault("content-type", wire.CONTENT_TYPE)
        if self.trickle is not None:
            headers["content-length"] = str(len(content))
            return StreamingResponse(_pieces(content, self.trickle), status_code=self.status, headers=headers)
        return Response(content, status_code=self.status, headers=headers)

    def to_item(self, item_id: str) -> dict[str, Any]:
        """The item of a batch answer. A body that isn't JSON is a string there."""
        body = self.body.decode("utf-8") if isinstance(self.body, bytes) else self.body
        headers = {SPELLED.get(name, name): value for name, value in self.headers.items()}
        return {"id": item_id, "status": self.status, "headers": headers, "body": body}


def encode(body: Any) -> bytes:
    """The bytes of a body."""
    if body is None:
        return b""
    return body if isinstance(body, bytes) else wire.dumps(body)


async def _pieces(content: bytes, seconds: float) -> AsyncIterator[bytes]:
    size = max(1, len(content) // 10)
    for start in range(0, len(content), size):
        await anyio.sleep(seconds)
        yield content[start : start + size]


def refusal(error: wire.CmdletError, dialect: Dialect, client_request_id: str | None = None) -> Answer:
    """The answer to a request that is refused."""
    headers = {**wire.answer_headers(client_request_id), **error.headers}
    kind = dialect.forbidden_body if error.bare == "forbidden" else error.bare
    if kind is None or kind == "json":
        headers.setdefault("x-exceptiontype", error.type.rpartition(".")[2])
        return Answer(error.status, headers, wire.error_body(error, dialect))
    del headers["content-type"]
    return Answer(error.status, headers, bare_body(kind, headers))


def bare_body(kind: str, headers: dict[str, str]) -> bytes | None:
    """A body that is no JSON: `empty`, `nul`, or `nul_gzip`, which claims in its headers to be gzip and isn't."""
    if kind == "nul_gzip":
        headers["content-encoding"] = "gzip"
    return None if kind == "empty" else NULS
