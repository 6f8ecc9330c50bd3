# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The Exchange admin endpoint: run one cmdlet, list page by page. Many at once: ``_exchange_batch``.

The endpoint isn't a published contract; docs/service.md says for each fact on whose word it stands.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from ._access import explain_refusal
from ._errors import (
    AccessDeniedError,
    IncompleteListingError,
    M365Error,
    ServiceError,
    SignInError,
    ThrottledError,
    UnexpectedAnswerError,
    UntrustedHostError,
)
from ._exchange_errors import EXPIRED_PAGE_TEXT, Fault, read_fault
from ._exchange_wire import (
    Command,
    CommandResult,
    MalformedAnswerError,
    command_body,
    command_headers,
    invoke_path,
    read_json,
    read_result,
)
from ._token_source import TokenSource
from ._transport import Accept, Again, Answer, Replace, Request, Transport, Verdict, check_host
from ._workers import Workers

MAX_PAGES = 2000  # two million rows: a guard against a listing without end
_POLL = 0.2  # seconds between moments at which a signal can be heeded
_REDIRECTS = (301, 302, 303, 307, 308)


class PageExpiredError(IncompleteListingError):
    """A page link that the service no longer takes. The listing may be begun again."""

    code = "page_expired"


class ExchangeClient:
    """One tenant's Exchange. Safe to use from several threads."""

    def __init__(self, transport: Transport, tokens: TokenSource, endpoint: str) -> None:
        """``endpoint``: base URL such as ``https://outlook.office365.com``."""
        self.transport = transport
        self._tokens = tokens
        self._endpoint = endpoint
        self._base = endpoint  # moves to a regional host once the service says so
        self.connection_id = str(uuid.uuid4())

    @property
    def tenant(self) -> str:
        """The tenant's GUID. Signs in if need be."""
        return self._tokens.tenant_guid()

    def invoke(self, command: Command) -> CommandResult:
        """Run one cmdlet, with retries.

        :raises M365Error: typed; ``AccessDeniedError`` explains itself.
        """
        return self._invoke_at(command, invoke_path(self.tenant, command))

    def list_pages(self, command: Command) -> Iterator[list[dict[str, Any]]]:
        """The pages of a listing, to its end.

        :raises PageExpiredError: a link expired. IncompleteListingError: it can't be told whether the list is whole.
        """
        seen: set[str] = set()
        ahead: Workers[str] = Workers(1, lambda link: self._invoke_at(command, link))
        try:
            result = self._page(command, 0, lambda: self._invoke_at(command, invoke_path(self.tenant, command)))
            while True:
                if result.truncated and not result.next_link:
                    raise IncompleteListingError(f"{command}: the service says that there is more but doesn't give it.")
                link = result.next_link
                if link:
                    self._check_link(command, link, seen)
                # From the second page on the reader is likely to go to the end: the next one comes while it works.
                if link and seen:
                    ahead.submit(link)
                yield result.rows
                if not link:
                    return
                if not seen:
                    ahead.submit(link)
                seen.add(link)
                result = self._page(command, len(seen), lambda: _awaited(ahead))
        finally:
            ahead.close()

    def _check_link(self, command: Command, link: str, seen: set[str]) -> None:
        check_host(link, self._endpoint)
        if link in seen or len(seen) >= MAX_PAGES:
            raise IncompleteListingError(
                f"{command}: the pages go round in circles after {len(seen) + 1}; not taken for the whole."
            )

    def _page(self, command: Command, pages: int, fetch: Callable[[], CommandResult]) -> CommandResult:
        """``pages``: how many came before it."""
        try:
            return fetch()
        except ServiceError as error:
            raise self._listing_error(command, error, pages) from error

    def send(self, build: Callable[[str, str], Request], read: Callable[[Answer], Any], what: str, cmdlet: str) -> Any:
        """Send what ``build(base, token)`` makes and give what ``read`` makes of the answer. Redirects and one renewal
        are seen to.

        :raises M365Error: see ``invoke``.
        """
        call = _Call(self, build, read, what, cmdlet)
        self.transport.send(build(self._base, self._tokens.token()), call.judge)
        return call.result

    def denial(self, cmdlet: str) -> str:
        return explain_refusal(self._tokens.claims, cmdlet, renewable=self._tokens.kind != "access_token")

    def renew_token(self, refused: str, challenge: str = "") -> str:
        return self._tokens.renew(refused, challenge)

    def move_to(self, location: str) -> str:
        """The base URL to go on with after a redirect.

        :raises UntrustedHostError: not the endpoint's host nor a region of it.
        """
        check_host(location, self._endpoint)
        parts = urlsplit(location)
        self._base = f"{parts.scheme}://{parts.netloc}"
        return self._base

    def _invoke_at(self, command: Command, target: str) -> CommandResult:
        """``target``: a path on the base, or a page link, which stays on the host it names."""
        body = json.dumps(command_body(command), separators=(",", ":")).encode()
        headers = command_headers(self.tenant, self.connection_id, command)

        def build(base: str, token: str) -> Request:
            return Request("POST", target if target.startswith("https:") else base + target, headers, body, token)

        def read(answer: Answer) -> CommandResult:
            blank = not answer.body.strip(b"\0 \t\r\n")
            parsed = None if blank and not command.reads else read_json(answer.body)
            return read_result(parsed, answer.headers, command)

        result: CommandResult = self.send(build, read, str(command), command.cmdlet)
        return result

    @staticmethod
    def _listing_error(command: Command, error: ServiceError, pages: int) -> ServiceError:
        if EXPIRED_PAGE_TEXT in error.message:
            return PageExpiredError(
                f"{command}: page {pages + 1} expired before it was fetched ({error.message})",
                request_id=error.request_id,
            )
        if pages and not isinstance(error, (AccessDeniedError, ThrottledError)):
            return IncompleteListingError(
                f"{command}: page {pages + 1} couldn't be had, so the list isn't whole: {error.message}",
                request_id=error.request_id,
                status=error.status,
            )
        return error


@dataclasses.dataclass
class _Call:
    """One request's judge: it knows whether the token was renewed, and keeps what the final answer says."""

    client: ExchangeClient
    build: Callable[[str, str], Request]
    read: Callable[[Answer], Any]
    what: str
    cmdlet: str
    renewed: bool = False
    result: Any = None

    def judge(self, request: Request, answer: Answer) -> Verdict:
        if 200 <= answer.status < 300:
            return self._success(answer)
        if answer.status in _REDIRECTS:
            return self._redirect(request, answer)
        fault = read_fault(answer.status, answer.headers, answer.body)
        if answer.status == 401 and not self.renewed:
            return self._renewal(request, answer, fault)
        if fault.throttled:
            return Again(throttled(self.what, fault), throttled=True)
        error = fault.to_error(self.what, self.client.denial(self.cmdlet))
        if fault.transient:
            return Again(error)
        raise error

    def _success(self, answer: Answer) -> Verdict:
        try:
            self.result = self.read(answer)
        except MalformedAnswerError as error:
            return Again(
                UnexpectedAnswerError(
                    f"{self.what}: {urlsplit(answer.url).netloc} answered with {error}.",
                    status=answer.status,
                    request_id=answer.headers.get("request-id") or "",
                )
            )
        return Accept()

    def _redirect(self, request: Request, answer: Answer) -> Verdict:
        location = answer.headers.get("Location") or ""
        if not location:
            raise UntrustedHostError(f"{self.what}: redirected (HTTP status {answer.status}) without saying where.")
        base = self.client.move_to(urljoin(answer.url, location))
        moved = self.build(base, request.token)
        old = urlsplit(moved.url)
        new = urlsplit(base)
        return Replace(dataclasses.replace(moved, url=urlunsplit((new.scheme, new.netloc, old.path, old.query, ""))))

    def _renewal(self, request: Request, answer: Answer, fault: Fault) -> Verdict:
        self.renewed = True
        try:
            token = self.client.renew_token(request.token, claims_challenge(answer.headers))
        except SignInError as error:
            denial = fault.to_error(self.what, self.client.denial(self.cmdlet))
            denial.message = f"{denial.message} {error.message}"
            raise denial from error
        base = "{0.scheme}://{0.netloc}".format(urlsplit(request.url))
        return Replace(self.build(base, token))


def _awaited(ahead: Workers[str]) -> CommandResult:
    """The page that is under way, or what went wrong with it."""
    done = None
    while done is None:
        done = ahead.next_done(_POLL)
    result = done[1]
    if isinstance(result, Exception):
        raise result
    page: CommandResult = result
    return page


def throttled(what: str, fault: Fault) -> M365Error:
    said = f" ({fault.text.rstrip('.')})" if fault.text else ""
    return ThrottledError(
        f"{what}: the service is busy and refuses further requests{said}. Run the task again later, or with a lower "
        f"concurrency.",
        request_id=fault.request_id,
        status=fault.status,
        exception_type=fault.type,
    )


def claims_challenge(headers: Mapping[str, str]) -> str:
    """The claims that a 401 asks for (Microsoft: continuous access evaluation), as JSON; an empty text if there are
    none to be read.
    """
    match = re.search(r'claims="([^"]+)"', headers.get("WWW-Authenticate") or "")
    if not match:
        return ""
    text = match.group(1)
    try:
        claims = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        json.loads(claims)
    except ValueError:
        return ""
    return claims
