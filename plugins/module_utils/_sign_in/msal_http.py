# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The HTTP client that msal is given: it goes through the task's own transport, so that TLS, retries and the deadline
hold there too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from .._errors import NetworkError, SignInError
from .._http.messages import Again, Answer, Flow, Request, Step
from .._redaction.redactor import redact
from .answer import error_for_msal, refusal_in, success_for_msal

if TYPE_CHECKING:
    from .._http.transport import Transport

_METADATA_TIMEOUT = 10.0  # seconds: the metadata service is on the same machine, or there is none
_METADATA_RETRIES = 1
_SECRET_FIELDS = ("client_secret", "client_assertion", "assertion")
_SECRET_HEADERS = ("authorization", "x-identity-header", "secret")
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
    """``get``, ``post`` and ``close`` as msal calls them. ``last_error``: the description in the last refusal.
    ``secrets``: what was sent that nobody else may see, such as the assertions that msal signs.
    """

    def __init__(self, transport: Transport, *, managed_identity: bool = False) -> None:
        """``managed_identity``: that of this machine is asked, by plain HTTP and without a credential."""
        self._transport = transport
        self._managed_identity = managed_identity
        self.last_error = ""
        self.secrets: list[str] = []
        self.known: dict[str, str] = {}  # what is at an address, so that nobody needs to be asked

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_other: Any,
    ) -> Any:
        if url in self.known and not params:
            return SignInResponse(200, self.known[url], {})
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
        self._check_address(url, posts=data is not None)
        self._keep_secrets(data, headers)
        sent = dict(headers or {})
        body = None
        if data is not None:
            body = data.encode() if isinstance(data, str) else urlencode(data).encode()
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        metadata = urlsplit(url).scheme == "http"
        request = Request(method, url, sent, body, timeout=_METADATA_TIMEOUT if metadata else None)
        answer = self._transport.send(
            _flow(request), counted=False, max_retries=_METADATA_RETRIES if metadata else None
        )
        host = urlsplit(url).netloc
        if 300 <= answer.status < 400:
            raise SignInError(
                f"{host} redirects the sign-in, which isn't followed. Check login_endpoint, and whether a proxy in "
                "between wants a sign-in of its own."
            )
        text = answer.body.decode("utf-8", "replace")
        if answer.status >= 400:
            self.last_error = redact(refusal_in(text), self.secrets) or f"HTTP status {answer.status} from {host}"
            return SignInResponse(answer.status, error_for_msal(text, self.last_error), answer.headers)
        return SignInResponse(answer.status, success_for_msal(text, host), answer.headers)

    def _check_address(self, url: str, *, posts: bool) -> None:
        """
        :raises SignInError: what is sent there could be read on the way.
        """
        try:
            parts = urlsplit(url)
            host, _port = parts.hostname, parts.port
        except ValueError as error:
            raise SignInError(f"The sign-in endpoint names an address that can't be read: {error}.") from error
        by_plain_http = self._managed_identity and parts.scheme == "http" and (not posts or host in _OWN_MACHINE)
        if parts.scheme != "https" and not by_plain_http:
            raise SignInError(
                f"The sign-in endpoint names {parts.scheme}://{parts.netloc.rpartition('@')[2]}: no credential is sent "
                f"there."
            )

    def _keep_secrets(self, data: Any, headers: Mapping[str, str] | None) -> None:
        form = data if isinstance(data, Mapping) else {}
        given = [form.get(name) for name in _SECRET_FIELDS]
        given += [value for name, value in (headers or {}).items() if name.lower() in _SECRET_HEADERS]
        self.secrets += [value for value in given if isinstance(value, str) and value not in self.secrets]


def _flow(request: Request) -> Flow[Answer]:
    """Any answer will do that isn't a passing fault."""
    step: Step = request
    while True:
        answer = yield step
        if answer.status not in (408, 429) and answer.status < 500:
            return answer
        error = NetworkError(
            f"{urlsplit(request.url).netloc} answers with HTTP status {answer.status}.", code="sign_in_unavailable"
        )
        step = Again(error, throttled=answer.status == 429)
