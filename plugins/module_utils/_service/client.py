# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What the clients of Exchange and Graph have in common: the token of a service, renewed once when it is refused;
redirects to a region of it; what is tried again and what isn't.
"""

from __future__ import annotations

import abc
import base64
import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from .._errors import M365Error, ServiceError, SignInError, ThrottledError, UnexpectedAnswerError, UntrustedHostError
from .._http.messages import Again, Answer, Flow, Request, Step
from .._http.transport import Transport, check_host
from .._redaction.redactor import redact
from .answers import MalformedAnswerError, ServiceFault

if TYPE_CHECKING:
    from .._sign_in.claims import Claims
    from .._sign_in.tokens import TokenSource

_REDIRECTS = (301, 302, 303, 307, 308)


class ServiceClient(abc.ABC):
    """One service, for one tenant. Safe to use from several threads."""

    def __init__(self, transport: Transport, tokens: TokenSource, endpoint: str) -> None:
        """``endpoint``: base URL such as ``https://outlook.office365.com``."""
        self.transport = transport
        self._tokens = tokens
        self._endpoint = endpoint
        self._base = endpoint  # moves to a regional host once the service says so

    def sign_in(self) -> Claims:
        """What the token says of itself; it is had first if need be.

        :raises SignInError, NetworkError, InputError: no token.
        """
        self._tokens.token()
        return self._tokens.claims

    @abc.abstractmethod
    def read_fault(self, answer: Answer) -> ServiceFault:
        """What an answer says that is neither a success nor a redirect."""

    @abc.abstractmethod
    def error_of(self, fault: ServiceFault, what: str, needed: str) -> ServiceError:
        """The error to raise. ``needed``: what access has to hold for the request: a cmdlet, a permission."""

    def send(
        self,
        build: Callable[[str, str], Request],
        read: Callable[[Answer], Any],
        what: str,
        needed: str,
        reroute: Callable[[ServiceFault], bool] | None = None,
        led: Callable[[str], Any] | None = None,
    ) -> Any:
        """Send what ``build(base, token)`` makes and give what ``read`` makes of the answer. Redirects and one renewal
        are seen to. ``what``: the request, for messages. ``needed``: see ``error_of``. ``reroute``: sees each fault;
        True if ``build`` now makes another request that is to be sent in its place. ``led``: makes the result of where
        a redirect leads, where that is the answer and isn't to be followed with the token.

        :raises M365Error: typed; ``AccessDeniedError`` explains itself.
        """
        call = _Call(self, build, read, what, needed, reroute, led)
        try:
            return self.transport.send(call.flow(self._base, self._tokens.token()))
        except M365Error as error:
            error.may_have_worked = error.may_have_worked or call.in_doubt
            raise

    def clean(self, fault: ServiceFault) -> ServiceFault:
        """Without the tokens that were sent, should the service repeat one: what it says gets into journals and reports
        too.
        """
        return dataclasses.replace(fault, text=redact(fault.text, self._tokens.ever_had))

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


@dataclasses.dataclass
class _Call:
    """One request with all that may become of it. It knows whether the token was renewed."""

    client: ServiceClient
    build: Callable[[str, str], Request]
    read: Callable[[Answer], Any]
    what: str
    needed: str
    reroute: Callable[[ServiceFault], bool] | None = None
    led: Callable[[str], Any] | None = None
    renewed: bool = False
    in_doubt: bool = False  # a request that was replaced may have been carried out

    def flow(self, base: str, token: str) -> Flow[Any]:
        request = self.build(base, token)
        step: Step = request
        while True:
            answer = yield step
            if 200 <= answer.status < 300:
                try:
                    return self.read(answer)
                except MalformedAnswerError as error:
                    step = Again(self._unreadable(answer, error))
                    continue
            if self.led and answer.status in _REDIRECTS:
                return self.led(self._location(answer))
            step = self._after(request, answer)
            if isinstance(step, Request):
                request = step

    def _unreadable(self, answer: Answer, error: MalformedAnswerError) -> UnexpectedAnswerError:
        return UnexpectedAnswerError(
            f"{self.what}: {urlsplit(answer.url).netloc} answered with {error}.",
            status=answer.status,
            request_id=answer.headers.get("request-id") or "",
        )

    def _after(self, request: Request, answer: Answer) -> Step:
        """What comes after an answer that is no success.

        :raises M365Error: nothing does.
        """
        if answer.status in _REDIRECTS:
            return self._redirect(request, answer)
        fault = self.client.clean(self.client.read_fault(answer))
        if answer.status == 401 and not self.renewed:
            return self._renewal(request, answer, fault)
        if self.reroute and self.reroute(fault):
            self.in_doubt = self.in_doubt or self.client.error_of(fault, self.what, self.needed).may_have_worked
            return self.build(_base_of(request), request.token)
        if fault.throttled:
            return Again(throttled(self.what, fault), throttled=True)
        error = self.client.error_of(fault, self.what, self.needed)
        if fault.transient:
            return Again(error)
        raise error

    def _redirect(self, request: Request, answer: Answer) -> Request:
        self.in_doubt = True
        base = self.client.move_to(self._location(answer))
        moved = self.build(base, request.token)
        old = urlsplit(moved.url)
        new = urlsplit(base)
        return dataclasses.replace(moved, url=urlunsplit((new.scheme, new.netloc, old.path, old.query, "")))

    def _location(self, answer: Answer) -> str:
        location = answer.headers.get("Location") or ""
        if not location:
            raise UntrustedHostError(f"{self.what}: redirected (HTTP status {answer.status}) without saying where.")
        try:
            return urljoin(answer.url, location)
        except ValueError as error:
            raise UntrustedHostError(f"{self.what}: redirected to an address that can't be read.") from error

    def _renewal(self, request: Request, answer: Answer, fault: ServiceFault) -> Request:
        self.renewed = True
        try:
            token = self.client.renew_token(request.token, claims_challenge(answer.headers))
        except SignInError as error:
            denial = self.client.error_of(fault, self.what, self.needed)
            denial.message = f"{denial.message} {error.message}"
            raise denial from error
        return self.build(_base_of(request), token)


def _base_of(request: Request) -> str:
    return "{0.scheme}://{0.netloc}".format(urlsplit(request.url))


def throttled(what: str, fault: ServiceFault) -> M365Error:
    said = f" ({fault.text.rstrip('.')})" if fault.text else ""
    return ThrottledError(
        f"{what}: the service is busy and refuses further requests{said}. Run the task again later, or with a lower "
        f"concurrency.",
        **fault.details,
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
        readable = isinstance(json.loads(claims), dict)
    except (ValueError, RecursionError):
        return ""
    return claims if readable else ""
