# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The HTTP client that msal is given: it goes through the task's own transport, so that TLS, retries and the deadline
hold there too.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from ._errors import NetworkError, SignInError
from ._transport import Accept, Again, Answer, Request, Transport, Verdict

_METADATA_TIMEOUT = 10.0  # seconds: the metadata service is on the same machine, or there is none
_METADATA_RETRIES = 1
_OWN_MACHINE = ("localhost", "127.0.0.1", "::1")  # Azure Cloud Shell asks its managed identity there


@dataclasses.dataclass(frozen=True)
class SignInResponse:
    """What msal reads of an answer."""

    status_code: int
    text: str
    headers: Mapping[str, str]

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise ValueError(f"HTTP status {self.status_code}")


class SignInHttp:
    """``get``, ``post`` and ``close`` as msal calls them. ``last_error``: the description in the last refusal."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.last_error = ""

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_other: Any,
    ) -> Any:
        return self._send("GET", url, params, None, headers)

    def post(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_other: Any,
    ) -> Any:
        return self._send("POST", url, params, data, headers)

    def close(self) -> None:
        """The session is the transport's."""

    def _send(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        data: Any,
        headers: Mapping[str, str] | None,
    ) -> SignInResponse:
        if params:
            url = f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(params)}"
        parts = urlsplit(url)
        if data is not None and parts.scheme != "https" and parts.hostname not in _OWN_MACHINE:
            raise SignInError(
                f"The sign-in endpoint names {parts.scheme}://{parts.netloc}: no credential is sent there."
            )
        sent = dict(headers or {})
        body = None
        if data is not None:
            body = data.encode() if isinstance(data, str) else urlencode(data).encode()
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        metadata = urlsplit(url).scheme == "http"
        request = Request(method, url, sent, body, timeout=_METADATA_TIMEOUT if metadata else None)
        answer = self._transport.send(
            request, _judge, counted=False, max_retries=_METADATA_RETRIES if metadata else None
        )
        host = urlsplit(url).netloc
        if 300 <= answer.status < 400:
            raise SignInError(
                f"{host} redirects the sign-in, which isn't followed. Check login_endpoint, and whether a proxy in "
                "between wants a sign-in of its own."
            )
        text = answer.body.decode("utf-8", "replace")
        if answer.status >= 400:
            self.last_error = _description(text) or f"HTTP status {answer.status} from {host}"
        return SignInResponse(answer.status, text, answer.headers)


def _judge(request: Request, answer: Answer) -> Verdict:
    if answer.status in (408, 429) or answer.status >= 500:
        error = NetworkError(
            f"{urlsplit(request.url).netloc} answers with HTTP status {answer.status}.", code="sign_in_unavailable"
        )
        return Again(error, throttled=answer.status == 429)
    return Accept()


def _description(text: str) -> str:
    try:
        answer = json.loads(text)
    except ValueError:
        return ""
    if not isinstance(answer, Mapping):
        return ""
    return str(answer.get("error_description") or answer.get("Message") or answer.get("message") or "")
