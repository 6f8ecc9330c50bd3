# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""A file that Graph hands out: the address is good for some minutes for whoever has it, on a host that isn't Graph's.

That address is a secret of its own, and the host must never see a token: neither is sent nor named anywhere else.
"""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from .._errors import ServiceError, UnexpectedAnswerError, UntrustedHostError
from .._http.messages import Again, Flow, Request
from .._service.answers import RETRYABLE_STATUS

_REDIRECTS = (301, 302, 303, 307, 308)


def without_token(location: str) -> Request:
    """
    :raises UntrustedHostError: not https, or an address with a name and a password in it.
    """
    try:
        url = urlsplit(location)
        url.port  # noqa: B018  raises where the port is no number
    except ValueError as error:
        raise UntrustedHostError(f"The file lies at an address that can't be read ({error}).") from error
    if url.scheme != "https" or not url.hostname or "@" in url.netloc:
        raise UntrustedHostError(
            f"The file is said to lie at {url.scheme}://{url.hostname or ''}, which isn't plain https: it wasn't "
            "fetched. Check for a proxy between here and the service."
        )
    return Request("GET", location)


def download(what: str, request: Request) -> Flow[bytes]:
    """The file itself. ``what``: for messages, which never name the address."""
    while True:
        answer = yield request
        host = urlsplit(request.url).netloc
        while answer.status in RETRYABLE_STATUS:
            answer = yield Again(_failed(what, host, answer.status))
        if answer.status in _REDIRECTS and answer.headers.get("Location"):
            request = without_token(urljoin(request.url, answer.headers["Location"]))
            continue
        if answer.status != 200:
            raise _failed(what, host, answer.status)
        if answer.body.lstrip()[:1] == b"<":
            raise UnexpectedAnswerError(f"{what}: {host} answered with a web page, not with the file.")
        return answer.body


def _failed(what: str, host: str, status: int) -> ServiceError:
    advice = " Its address is good for some minutes only: run the task again." if status in (401, 403, 404, 410) else ""
    return ServiceError(
        f"{what}: {host}, where the file lies, answered with HTTP status {status}.{advice}", status=status
    )
