# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Microsoft Graph: read one thing, or a listing page by page, or ask a question. Nothing is written there."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .._errors import AccessDeniedError, GraphUnavailableError, IncompleteListingError, ServiceError
from .._http.messages import Answer, Request
from .._service.answers import MalformedAnswerError, ServiceFault, read_json
from .._service.client import ServiceClient
from .._service.pages import Listing
from .download import download, without_token
from .errors import GraphFault, is_expired_page, read_fault
from .refusal import explain_refusal, lacks, missing_permission

if TYPE_CHECKING:
    from .._sign_in.claims import Claims

_HEADERS = {"Accept": "application/json"}
_COUNTED = {**_HEADERS, "ConsistencyLevel": "eventual"}  # without it Graph ignores $count
_NEXT_LINK = "@odata.nextLink"
_COUNT = "@odata.count"


@dataclasses.dataclass(frozen=True)
class _Page:
    rows: list[dict[str, Any]]
    next_link: str
    count: int | None = None


class GraphClient(ServiceClient):
    """One tenant's Graph, with a token of its own. Safe to use from several threads.

    A ``path`` begins with the version and has its query, percent-encoded. ``permission`` is the application permission
    that the read needs, for the explanation where it is refused.
    """

    def get(self, path: str, permission: str) -> dict[str, Any]:
        """The object at ``path``, annotations included.

        :raises GraphUnavailableError: the sign-in can't be used for Graph; nothing was sent.
        :raises AccessDeniedError: its ``permission`` is what is missing, if it is that.
        :raises M365Error: anything else, typed.
        """
        answer: dict[str, Any] = self._read(path, path, permission, _read_object)
        return answer

    def ask(self, path: str, question: Mapping[str, Any], permission: str) -> dict[str, Any]:
        """The answer of an action that changes nothing, so that it may be asked again.

        :raises M365Error: as ``get``.
        """
        answer: dict[str, Any] = self._read(path, path, permission, _read_object, question=question)
        return answer

    def counted_pages(self, path: str, permission: str) -> Iterator[list[dict[str, Any]]]:
        """As ``pages``, of a ``path`` that asks for ``$count=true``: a page that was lost is noticed.

        :raises IncompleteListingError: there are fewer rows than Graph counted, or it gave no count.
        :raises M365Error: as ``pages``.
        """
        counts: list[int | None] = []
        seen = 0
        for rows in self._listing(path, permission, _COUNTED, lambda page: counts.append(page.count)):
            seen += len(rows)
            yield rows
        if counts[0] is None:
            raise IncompleteListingError(f"{_name(path)}: Graph didn't say how many there are.")
        if seen < counts[0]:
            raise IncompleteListingError(f"{_name(path)}: {seen} came of {counts[0]}, so the list isn't whole.")

    def pages(self, path: str, permission: str) -> Iterator[list[dict[str, Any]]]:
        """The pages of the listing at ``path``, to its end; a page may be empty. Nothing is sent before the first is
        asked for.

        :raises PageExpiredError: a link expired. IncompleteListingError: it can't be told whether the list is whole.
        :raises M365Error: as ``get``.
        """

        return self._listing(path, permission, _HEADERS)

    def _listing(
        self,
        path: str,
        permission: str,
        headers: Mapping[str, str],
        seen: Callable[[_Page], object] = lambda page: None,
    ) -> Iterator[list[dict[str, Any]]]:
        def page(target: str) -> _Page:
            read: _Page = self._read(target, path, permission, _read_page, headers)
            seen(read)
            return read

        return Listing(_name(path), self._endpoint, lambda: page(path), page, is_expired_page).pages()

    def file(self, path: str, permission: str) -> bytes:
        """The file that Graph makes at ``path`` and hands out by a redirect to another host, which gets no token.

        :raises UntrustedHostError: the address isn't https.
        :raises M365Error: as ``get``.
        """

        def read(answer: Answer) -> Request | bytes:
            if answer.status != 200:
                raise MalformedAnswerError(f"HTTP status {answer.status}")
            return answer.body

        self._check_usable()
        found = self.send(
            lambda base, token: Request("GET", base + path, token=token),
            read,
            _name(path),
            permission,
            led=without_token,
        )
        return self.transport.send(download(_name(path), found)) if isinstance(found, Request) else found

    def sign_in(self) -> Claims:
        """
        :raises GraphUnavailableError: the sign-in can't be used for Graph. SignInError, NetworkError: no token.
        """
        self._check_usable()
        return super().sign_in()

    def read_fault(self, answer: Answer) -> GraphFault:
        return read_fault(answer.status, answer.headers, answer.body)

    def error_of(self, fault: ServiceFault, what: str, needed: str) -> ServiceError:
        claims, kind = self._tokens.claims, self._tokens.kind
        permission = missing_permission(claims, needed, code=fault.type, text=fault.text)
        error = fault.to_error(what, explain_refusal(claims, permission, status=fault.status, kind=kind))
        if isinstance(error, AccessDeniedError) and permission and lacks(claims, permission):
            error.permission = permission
        return error

    def _read(
        self,
        target: str,
        path: str,
        permission: str,
        read: Callable[[Answer], Any],
        headers: Mapping[str, str] | None = None,
        question: Mapping[str, Any] | None = None,
    ) -> Any:
        """``target``: ``path``, or a link to a further page of it, which stays on the host it names."""
        self._check_usable()
        headers = headers or _HEADERS

        def build(base: str, token: str) -> Request:
            url = target if target.startswith("https:") else base + target
            if question is None:
                return Request("GET", url, headers, token=token)
            body = json.dumps(question).encode()
            return Request("POST", url, {**headers, "Content-Type": "application/json"}, body, token=token)

        return self.send(build, read, _name(path), permission)

    def _check_usable(self) -> None:
        if self._tokens.kind == "access_token":
            raise GraphUnavailableError(
                "The access_token is for Exchange; Microsoft Graph needs a sign-in of its own (certificate, secret, "
                "federated or managed identity)."
            )


def _name(path: str) -> str:
    return f"Microsoft Graph {path.partition('?')[0]}"


def _read_object(answer: Answer) -> dict[str, Any]:
    """
    :raises MalformedAnswerError: not the whole of a JSON object, or an error in it.
    """
    if answer.status != 200:  # 206: a part of it
        raise MalformedAnswerError(f"HTTP status {answer.status}")
    parsed = read_json(answer.body)
    if not isinstance(parsed, Mapping):
        raise MalformedAnswerError("JSON that isn't an object")
    if parsed.get("error"):
        raise MalformedAnswerError("an error in a success")
    return dict(parsed)


def _read_page(answer: Answer) -> _Page:
    """
    :raises MalformedAnswerError: no list of rows, or a link that is none.
    """
    parsed = _read_object(answer)
    rows, link = parsed.get("value"), parsed.get(_NEXT_LINK)
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise MalformedAnswerError("a value that isn't a list of rows")
    if link is not None and (not isinstance(link, str) or not link):
        raise MalformedAnswerError("a link that isn't one")
    count = parsed.get(_COUNT)
    whole = count if isinstance(count, int) and not isinstance(count, bool) else None
    return _Page([dict(row) for row in rows], link or "", whole)
