# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The Exchange admin endpoint: run one cmdlet, list page by page. Many at once: ``batch``.

The endpoint isn't a published contract; docs/contributing/service.md says for each fact on whose word it stands.
"""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .._errors import IncompleteListingError, ServiceError
from .._http.messages import Answer, Request
from .._progress import Progress
from .._service.answers import MalformedAnswerError, ServiceFault, read_json
from .._service.client import ServiceClient
from .._service.pages import Listing
from .errors import EXPIRED_PAGE_TEXT, Fault, read_fault
from .refusal import explain_refusal
from .timings import Pace, Timings
from .wire import (
    Command,
    CommandResult,
    command_body,
    command_headers,
    invoke_path,
    module_file_headers,
    module_file_path,
    read_exported,
    read_result,
)

if TYPE_CHECKING:
    from .._http.transport import Transport
    from .._sign_in.tokens import TokenSource


class ExchangeClient(ServiceClient):
    """One tenant's Exchange. Safe to use from several threads."""

    def __init__(self, transport: Transport, tokens: TokenSource, endpoint: str) -> None:
        """``endpoint``: base URL such as ``https://outlook.office365.com``."""
        super().__init__(transport, tokens, endpoint)
        self.connection_id = str(uuid.uuid4())
        self.progress = Progress()  # silent, unless the task has one that is watched
        self.timings = Timings()

    @property
    def tenant(self) -> str:
        """The tenant's GUID. Signs in if need be."""
        return self._tokens.tenant_guid()

    @property
    def pace(self) -> Pace:
        """How fast this run's requests were answered so far."""
        return self.timings.pace(throttled=self.transport.counters.throttled, sign_in=self._tokens.took)

    def invoke(self, command: Command, *, routed: bool = False) -> CommandResult:
        """Run one cmdlet, with retries. ``routed``: by the way of its mailbox; else only once the service
        asks for that.

        :raises M365Error: typed; ``AccessDeniedError`` explains itself.
        """
        return self._invoke_at(command, invoke_path(self.tenant, command), routed=routed)

    def list_pages(
        self, command: Command, reads_on: Callable[[], bool] = lambda: True
    ) -> Iterator[list[dict[str, Any]]]:
        """The pages of a listing, to its end. ``reads_on``: see ``Listing``.

        :raises PageExpiredError: a link expired. IncompleteListingError: it can't be told whether the list is whole.
        """

        def page(target: str) -> CommandResult:
            result = self._invoke_at(command, target)
            self.timings.saw_page(len(result.rows), result.seconds)
            if result.truncated and not result.next_link:
                raise IncompleteListingError(f"{command}: the service says that there is more but doesn't give it.")
            return result

        return Listing(
            str(command),
            self._endpoint,
            lambda: page(invoke_path(self.tenant, command)),
            page,
            _is_expired_page,
            reads_on,
        ).pages()

    def exported_cmdlets(self) -> frozenset[str] | None:
        """The cmdlets that the app may run, as the file that Microsoft's own module loads lists them; None if the
        answer isn't such a list.

        :raises M365Error: typed.
        """

        def build(base: str, token: str) -> Request:
            headers = module_file_headers(self.tenant, self.connection_id)
            return Request("GET", base + module_file_path(self.tenant), headers, token=token)

        def read(answer: Answer) -> frozenset[str] | None:
            try:
                return read_exported(read_json(answer.body))
            except MalformedAnswerError:
                return None

        exported: frozenset[str] | None = self.send(build, read, "The list of cmdlets", "Get-CASMailbox")
        return exported

    def read_fault(self, answer: Answer) -> Fault:
        return read_fault(answer.status, answer.headers, answer.body)

    def error_of(self, fault: ServiceFault, what: str, needed: str) -> ServiceError:
        return fault.to_error(what, self.denial(needed))

    def denial(self, cmdlet: str) -> str:
        return explain_refusal(self._tokens.claims, cmdlet, renewable=self._tokens.kind != "access_token")

    def _invoke_at(self, command: Command, target: str, *, routed: bool = False) -> CommandResult:
        """``target``: a path on the base, or a page link, which stays on the host it names."""
        body = json.dumps(command_body(command), separators=(",", ":")).encode()
        headers = command_headers(self.tenant, self.connection_id, command, routed=routed)

        def reroute(fault: ServiceFault) -> bool:
            nonlocal routed
            if routed or not command.can_be_routed or not (isinstance(fault, Fault) and fault.unrouted):
                return False
            routed = True
            headers.update(command_headers(self.tenant, self.connection_id, command, routed=True))
            return True

        def build(base: str, token: str) -> Request:
            return Request("POST", target if target.startswith("https:") else base + target, dict(headers), body, token)

        def read(answer: Answer) -> CommandResult:
            blank = not answer.body.strip(b"\0 \t\r\n")
            parsed = None if blank and not command.reads else read_json(answer.body)
            return dataclasses.replace(read_result(parsed, answer.headers, command), seconds=answer.seconds)

        result: CommandResult = self.send(build, read, str(command), command.cmdlet, reroute)
        return result


def _is_expired_page(error: ServiceError) -> bool:
    return EXPIRED_PAGE_TEXT in error.message
