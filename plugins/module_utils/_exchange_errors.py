# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""From an answer of the Exchange admin endpoint that isn't a success to a typed error.

The shapes are those that public clients have met: the useful text is in ``error.details[0].message``
(``Id|Type|Text``, or a JSON text) or in ``error.innererror.internalexception``; ``error.message`` is generic. The
status says little: not-found comes as 404, 400 and 500. So the exception's type decides, then the text, then the
status.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any

from ._errors import AccessDeniedError, AmbiguousError, NotFoundError, ServiceError
from ._service_answers import RETRYABLE_STATUS, ServiceFault, read_error_body, request_id_of

_NOT_FOUND = ("ManagementObjectNotFoundException",)
_AMBIGUOUS = ("ManagementObjectAmbiguousException",)
_DENIED = ("CmdletAccessDeniedException", "CommandNotFoundException", "UnauthorizedAccessException")
_DENIED_TEXT = ("isn't present in the role definition", "is not allowed to call", "isn't supported in this scenario")
# The server that was asked isn't the mailbox's, and may not pass the command on.
_UNROUTED = ("CmdletProxyNotAvailableException", "CmdletProxyNotAvailableFailure")
_UNROUTED_TEXT = ("cmdlet needs proxy",)
# These aren't asked again, whatever else their text holds: it quotes names that people chose.
_FINAL = _NOT_FOUND + _AMBIGUOUS + _DENIED
_TRANSIENT = (
    "ADTransientException",
    "BackendCommunicationException",
    "CmdletProxyNotAvailableFailure",
    "MailboxServerBusyException",
    "ServerBusyException",
    "StoragePermanentBusyException",
    "TransientException",
    "UnableToWriteToAadException",
)
# The server passed the command on to another one, or gave up on it: it may have been done all the same.
_DOUBTFUL = (
    "BackendCommunicationException",
    "CmdletProxyException",
    "OperationCanceledException",
    "TaskCanceledException",
    "TimeoutException",
)
# What an administrator has to do about a refusal that won't pass by itself, by a part of its text.
_ADVICE = (
    (
        "synchronized from your on-premises",
        "It is changed in the on-premises organization: do it there, or leave the mailbox out.",
    ),
    (
        "write scope",
        "The roles of the app don't reach this mailbox: widen their write scope, or leave the mailbox out.",
    ),
)
_TRANSIENT_TEXT = ("issue may be transient", "please try again", "try again later")
_THROTTLED_TEXT = ("maximum number of concurrent requests", "server is busy", "throttl")
EXPIRED_PAGE_TEXT = "Expired or Invalid pagination request"


@dataclasses.dataclass(frozen=True)
class Fault(ServiceFault):
    """``type`` is the last part of the .NET type. It decides first, then the text: 500 is also used for 'not found'."""

    @property
    def throttled(self) -> bool:
        return self.status == 429 or (self.type not in _FINAL and _any_in(_THROTTLED_TEXT, self.text))

    @property
    def transient(self) -> bool:
        if self.throttled or self.type in _TRANSIENT:
            return True
        if self.type in _FINAL or EXPIRED_PAGE_TEXT in self.text:
            return False
        return _any_in(_TRANSIENT_TEXT, self.text) or self.status in RETRYABLE_STATUS

    @property
    def unrouted(self) -> bool:
        """Whether the same command may go through once it is sent by the way of its mailbox."""
        return self.type in _UNROUTED or (self.type not in _FINAL and _any_in(_UNROUTED_TEXT, self.text))

    @property
    def doubtful(self) -> bool:
        """Whether the command may have been done although the status is that of a refusal."""
        return self.type in _DOUBTFUL or (self.transient and not self.throttled and not self.unrouted)

    @property
    def missing(self) -> bool:
        return self.type in _NOT_FOUND

    @property
    def denied(self) -> bool:
        return self.status in (401, 403) or self.type in _DENIED or _any_in(_DENIED_TEXT, self.text)

    def to_error(self, what: str, denial: str) -> ServiceError:
        """``what``: the cmdlet and its mailbox. ``denial``: the explanation to give if access is what is missing."""
        if self.type in _AMBIGUOUS:
            return AmbiguousError(f"{what}: {self.said}: use its primary address or GUID.", **self.details)
        error = super().to_error(what, denial)
        if isinstance(error, (NotFoundError, AccessDeniedError)):
            return error
        error.may_have_worked = error.may_have_worked or self.doubtful
        error.lasting = not (error.may_have_worked or self.transient or self.unrouted)
        for part, advice in _ADVICE:
            if error.lasting and part in self.text.casefold():
                error.message = f"{error.message} {advice}"
                break
        return error


def read_fault(status: int, headers: Mapping[str, str], body: bytes) -> Fault:
    """The fault in a whole HTTP answer."""
    request_id = request_id_of(headers)
    reason = _diagnostics(headers)
    exception_type = _last_part(headers.get("X-ExceptionType") or "")
    content = read_error_body(body)
    if content.is_json:
        return read_error_object(status, content.parsed, request_id, exception_type, reason)
    return Fault(status, exception_type, content.text or reason, request_id, content.from_service)


def read_error_object(
    status: int, parsed: Any, request_id: str = "", exception_type: str = "", reason: str = ""
) -> Fault:
    """The fault in a JSON body: that of an answer, or of an item of a batch."""
    error = parsed.get("error") if isinstance(parsed, Mapping) else None
    if isinstance(parsed, str):  # how a body that isn't JSON travels in a batch
        reason = reason or parsed.replace("\0", "").strip()[:500]
    if not isinstance(error, Mapping):
        return Fault(status, exception_type, reason, request_id, from_service=False)
    inner = error.get("innererror")
    inner = inner if isinstance(inner, Mapping) else {}
    internal = inner.get("internalexception")
    internal = internal if isinstance(internal, Mapping) else {}
    detail_type, detail_text = _read_detail(error.get("details"))
    return Fault(
        status=status,
        type=_last_part(str(internal.get("type") or "")) or detail_type or exception_type,
        text=detail_text
        or str(internal.get("message") or "")
        or reason
        or str(error.get("message") or inner.get("message") or ""),
        request_id=request_id,
    )


def _read_detail(details: Any) -> tuple[str, str]:
    """Type and text of ``Id|Type|Text`` or of a JSON text; the text itself may hold bars."""
    first = details[0] if isinstance(details, list) and details else None
    message = first.get("message") if isinstance(first, Mapping) else None
    if not isinstance(message, str):
        return "", ""
    if message.lstrip().startswith("{"):
        try:
            parsed = json.loads(message)
        except (ValueError, RecursionError):
            return "", message
        type_name = str(parsed.get("TypeName") or parsed.get("ClassName") or "")
        return _last_part(type_name), str(parsed.get("Message") or message)
    parts = message.split("|", 2)
    if len(parts) == 3:
        return _last_part(parts[1]), parts[2].strip()
    return "", parts[-1].strip()


def _last_part(type_name: str) -> str:
    return type_name.strip().rpartition(".")[2]


def _diagnostics(headers: Mapping[str, str]) -> str:
    """The reason that Exchange gives in a header when the body is empty or made of NULs."""
    match = re.search(r'reason="([^"]*)"', headers.get("x-ms-diagnostics") or "")
    return match.group(1) if match else ""


def _any_in(needles: tuple[str, ...], text: str) -> bool:
    lower = text.casefold()
    return any(needle.casefold() in lower for needle in needles)
