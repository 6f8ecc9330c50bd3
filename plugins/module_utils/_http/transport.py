# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""HTTPS for one task: one session, verified TLS, bounded retries, pacing, a deadline, and no host that wasn't chosen.

What an answer means isn't known here: whoever sends is a flow that is given each answer and says what comes next (see
``messages``).
"""

from __future__ import annotations

import copy
import dataclasses
import re
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .._errors import (
    DeadlineError,
    InputError,
    M365Error,
    NetworkError,
    UntrustedHostError,
    UntrustedServerError,
)
from .messages import Again, Answer, Counters, Done, Flow, Request, Result, first_of, next_of
from .pacing import Pacer, backoff_seconds, retry_after_seconds
from .session import import_requests, new_session
from .time_limit import within
from .trust import Trust, proxies_for

if TYPE_CHECKING:
    from .clock import Clock

DEFAULT_CONCURRENCY = 4
USER_AGENT = "m365ops.exchange_online"
MAX_BODY = 64 * 1024 * 1024  # bytes: far above a page of 1,000 rows
MAX_REPLACEMENTS = 4  # of one request: a renewed token, redirects
_CHUNK = 64 * 1024
_GRACE = 5.0  # seconds that a request under way has once the task is told to stop and may not be broken off at once
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z")


class Transport:
    """Sends requests for one task. Safe to use from several threads."""

    def __init__(
        self,
        clock: Clock,
        *,
        trust: Trust | None = None,
        timeout: float = 120.0,
        max_retries: int = 5,
        concurrency: int = 1,
    ) -> None:
        """``timeout``: seconds for one request in all, however it is answered."""
        self.clock = clock
        self._concurrency = concurrency
        self.pacer = Pacer(concurrency, clock)
        self.max_retries = max_retries
        self.counters = Counters()
        self._count_lock = threading.Lock()
        self._timeout = timeout
        self._trust = trust or Trust()
        self._session = new_session(concurrency)

    def for_another_service(self) -> Transport:
        """The same session and counters at a pace of its own: a pause that one service asks for holds up no other."""
        other = copy.copy(self)
        other.pacer = Pacer(self._concurrency, self.clock)
        return other

    def send(self, flow: Flow[Result], *, counted: bool = True, max_retries: int | None = None) -> Result:
        """What ``flow`` makes of the answers to its requests.

        :raises M365Error: the last error once the tries are used up; DeadlineError before a wait past the deadline;
            whatever the flow raises.
        """
        failures: list[M365Error] = []
        most = self.max_retries if max_retries is None else max_retries
        try:
            return self._send(flow, counted, most, failures)
        except M365Error as error:
            # What an earlier try may have done stays done, whatever the last one says.
            error.may_have_worked = error.may_have_worked or any(earlier.may_have_worked for earlier in failures)
            raise

    def _send(self, flow: Flow[Result], counted: bool, most: int, failures: list[M365Error]) -> Result:
        """``failures`` is filled with the error of each try that is repeated."""
        request = first_of(flow)
        replacements = 0
        while True:
            with self.pacer.slot() as started:
                self._count(counted, retried=bool(failures) or replacements > 0)
                answer, lost = self._try(request)
            doubtful = any(earlier.may_have_worked for earlier in failures)
            answer = dataclasses.replace(answer, doubtful=doubtful, seconds=self.clock.now() - started)
            # Handed over after the turn is given back: a flow that renews the token sends a request of its own, which
            # needs one.
            step = Again(lost) if lost else next_of(flow, answer)
            if isinstance(step, Done):
                self.pacer.came_through(answer.headers)
                return step.result
            if isinstance(step, Again):
                failures.append(step.error)
                self._before_retry(step, answer, len(failures), most, started)
                continue
            replacements += 1
            if replacements > MAX_REPLACEMENTS:
                raise NetworkError(f"{_host(request.url)} sent the request around in circles; gave up.")
            request = step

    def _try(self, request: Request) -> tuple[Answer, NetworkError | None]:
        try:
            return self.roundtrip(request), None
        except UntrustedServerError:
            raise
        except NetworkError as error:
            return Answer(0, {}, b"", request.url), error

    def _before_retry(self, again: Again, answer: Answer, attempt: int, most: int, started: float) -> None:
        seconds = self.retry_wait(answer.headers, attempt)
        if again.throttled:
            self.count_throttled()
            self.pacer.throttled(started, seconds, again.error.message)
        if attempt > most:
            raise with_tries(again.error, attempt)
        try:
            self.clock.wait(seconds, again.error.message)
        except DeadlineError as error:
            raise DeadlineError(error.message, request_id=again.error.request_id) from again.error

    def retry_wait(self, headers: Mapping[str, str], attempt: int) -> float:
        """Seconds to wait after try ``attempt``: what the service named, or the backoff."""
        named = retry_after_seconds(headers.get("Retry-After"), datetime.now(timezone.utc))
        return backoff_seconds(attempt) if named is None else named

    def count_throttled(self) -> None:
        with self._count_lock:
            self.counters.throttled += 1

    def count_retried(self, number: int = 1) -> None:
        with self._count_lock:
            self.counters.retried += number

    def _count(self, counted: bool, *, retried: bool) -> None:
        if counted:
            with self._count_lock:
                self.counters.sent += 1
                self.counters.retried += retried

    def roundtrip(self, request: Request) -> Answer:
        """One request, one answer, no retry, no redirect followed.

        :raises NetworkError: no answer within the time, or none at all. UntrustedServerError: see there.
        :raises InputError: it can't be sent at all.
        """
        requests = import_requests()
        self.clock.check()
        timeout = max(0.1, min(request.timeout or self._timeout, self.clock.remaining()))
        host = _host(request.url)
        errors = requests.exceptions
        try:
            return within(timeout, lambda: self._exchange(request, timeout, requests), self._heed_a_signal)
        except errors.SSLError as error:
            raise self._tls_error(host, error) from error
        except (TimeoutError, errors.Timeout) as error:
            raise NetworkError(f"{host} didn't answer within {timeout:g} s.", code="timeout") from error
        except errors.ProxyError as error:
            raise NetworkError(f"The proxy for {host} can't be used: {_root_of(error)}.") from error
        except (errors.InvalidURL, errors.InvalidSchema, errors.MissingSchema, errors.InvalidHeader) as error:
            raise InputError(f"Nothing can be sent to {host}: {_root_of(error)}.") from error
        except errors.RequestException as error:
            raise NetworkError(f"No answer from {host}: {_root_of(error)}.") from error
        except (OSError, UnicodeError, requests.urllib3.exceptions.HTTPError) as error:
            raise NetworkError(f"No answer from {host}: {_root_of(error)}.") from error

    def _exchange(self, request: Request, timeout: float, requests: Any) -> Answer:
        until = self.clock.now() + timeout
        response = self._session.request(
            request.method,
            request.url,
            data=request.body,
            headers={"User-Agent": USER_AGENT, "client-request-id": str(uuid.uuid4()), **request.headers},
            auth=_bearer(request.token),
            timeout=timeout,
            verify=self._trust.verify,
            proxies=proxies_for(request.url),
            allow_redirects=False,
            stream=True,
        )
        with response:
            if response.status_code < 200:
                response.raw.close()  # the real answer is still to come: nobody else may read it
                raise NetworkError(
                    f"{_host(request.url)} answered with HTTP status {response.status_code}, which only says that the "
                    "answer will come. Check for a proxy between here and the service."
                )
            body = self._read_body(response, until, requests)
            return Answer(response.status_code, response.headers, body, request.url)

    def _heed_a_signal(self) -> None:
        """
        :raises NetworkError: the task was told to stop some time ago. What is under way may still be done.
        """
        if self.clock.stopping_since() > _GRACE:
            raise NetworkError("The task was told to stop, and an answer that was still to come isn't waited for.")

    def _read_body(self, response: Any, until: float, requests: Any) -> bytes:
        """The decoded body; empty where it is declared compressed and isn't (Exchange does so with some 403s)."""
        parts: list[bytes] = []
        size = 0
        try:
            for part in _pieces(response, requests):
                size += len(part)
                if size > MAX_BODY:
                    raise NetworkError(f"{_host(response.url)} answered with more than {MAX_BODY} bytes; not read on.")
                if self.clock.now() > until:
                    raise requests.exceptions.ReadTimeout("the answer didn't end")
                parts.append(part)
        except requests.exceptions.ContentDecodingError:
            return b""
        return b"".join(parts)

    def _tls_error(self, host: str, error: Exception) -> NetworkError:
        reason = _root_of(error)
        if "CERTIFICATE_VERIFY_FAILED" not in str(error) and "certificate verify failed" not in str(error):
            return NetworkError(f"The TLS connection to {host} failed: {reason}.", code="tls")
        if "mismatch" in reason.lower() or "doesn't match" in reason.lower():
            return UntrustedServerError(
                f"The certificate of {host} is for another name: {reason}. Check the endpoint, and for a proxy or "
                "a DNS entry that leads elsewhere. Verification can't be switched off."
            )
        return UntrustedServerError(
            f"The certificate of {host} isn't trusted by {self._trust}: {reason}. If a proxy of yours inspects TLS, "
            "name its CA bundle with ca_path (or M365_CA_PATH). Verification can't be switched off."
        )


def check_host(url: str, endpoint: str) -> None:
    """
    :raises UntrustedHostError: ``url`` isn't https at the endpoint's own host and port, or at ``<region>.`` of them.
    """
    asked = urlsplit(endpoint)
    try:
        given = urlsplit(url)
        same_port = (asked.port or 443) == (given.port or 443)
    except ValueError as error:
        raise UntrustedHostError(
            f"The service pointed to an address that can't be read ({error}). The token wasn't sent there."
        ) from error
    own, other = (asked.hostname or "").lower(), (given.hostname or "").lower()
    # Only a plain label: where a name holds anything else, this library and the one that connects may read it
    # differently.
    is_region = other.endswith("." + own) and _LABEL.match(other[: -len(own) - 1]) is not None
    if given.scheme == "https" and same_port and not given.username and (other == own or is_region):
        return
    raise UntrustedHostError(
        f"The service pointed to {given.scheme}://{given.netloc.rpartition('@')[2]}, which is neither {asked.netloc} "
        f"nor a region "
        "of it. The token wasn't sent there. Check for a proxy between here and the service."
    )


def with_tries(error: M365Error, tries: int) -> M365Error:
    """The same error, saying how often it was tried."""
    if tries > 1:
        error.message = f"{error.message} Tried {tries} times."
    return error


def _pieces(response: Any, requests: Any) -> Iterator[bytes]:
    """The decoded body as it comes in, so that the clock can be looked at however slowly it comes.

    ``iter_content`` waits until a piece is full. urllib3 before 2.1 can't do otherwise.
    """
    read1 = getattr(response.raw, "read1", None)
    if read1 is None:
        yield from response.iter_content(1024)
        return
    errors = requests.urllib3.exceptions
    try:
        while part := read1(_CHUNK, decode_content=True):
            yield part
    except errors.DecodeError as error:
        raise requests.exceptions.ContentDecodingError(error) from error
    except errors.ReadTimeoutError as error:
        raise requests.exceptions.ReadTimeout(error) from error
    except errors.HTTPError as error:
        raise requests.exceptions.ConnectionError(error) from error


def _bearer(token: str) -> Callable[[Any], Any]:
    def authorize(prepared: Any) -> Any:
        if token:
            prepared.headers["Authorization"] = f"Bearer {token}"
        return prepared

    return authorize


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _root_of(error: BaseException) -> str:
    """The innermost cause that says anything: requests and urllib3 wrap the useful one several times."""
    seen: BaseException = error
    while True:
        inner = getattr(seen, "reason", None) or seen.__cause__ or seen.__context__
        if not isinstance(inner, BaseException) and seen.args and isinstance(seen.args[0], BaseException):
            inner = seen.args[0]
        if not isinstance(inner, BaseException) or inner is seen:
            return (" ".join(str(seen).split()) or type(seen).__name__).rstrip(".")
        seen = inner
