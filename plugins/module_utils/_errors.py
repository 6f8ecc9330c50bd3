# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The errors that the layers below the modules raise, and the failure of a task.

Every error carries three things: ``code`` (a word for machines), ``message`` (what happened, to whom and what to do
next, for people) and ``request_id`` (what Microsoft support asks for; empty where no answer was had). A ``Failure`` is
just these, for what is told rather than raised. Only ``_module/runner`` turns errors into a failed task.
"""

from __future__ import annotations

import dataclasses
import os
import traceback

# With these statuses the service says that it didn't do what was asked. After anything else only a look tells.
_REFUSING_STATUS = frozenset({*range(400, 408), *range(409, 419), *range(421, 427), 428, 429, 431, 451})


class M365Error(Exception):
    """Base of all errors that are meant for the user."""

    code = "error"
    may_have_worked = False  # True: what was asked for may have been done all the same; only a look tells
    lasting = False  # True: the same will be refused again until something else is set right

    def __init__(self, message: str, *, code: str | None = None, request_id: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.request_id = request_id
        if code is not None:
            self.code = code


class InputError(M365Error):
    """The options or the list of mailboxes are wrong; nothing was asked or written."""

    code = "invalid_input"


class ExpiredCredentialError(InputError):
    """The credential has ended: ``kind`` (of sign-in), ``ends`` in seconds since 1970. Nothing was asked."""

    def __init__(self, message: str, kind: str, ends: float) -> None:
        super().__init__(message)
        self.kind = kind
        self.ends = ends


class MissingLibraryError(M365Error):
    """A Python library that the plugins need can't be imported."""

    code = "missing_library"

    def __init__(self, library: str, reason: str) -> None:
        super().__init__(f"The Python library {library} can't be imported: {reason}")
        self.library = library


class SignInError(M365Error):
    """No token: Entra ID or the managed identity endpoint refused, or the credential can't be used."""

    code = "sign_in_failed"


class NetworkError(M365Error):
    """No usable answer: name resolution, TLS, connection or time-out. What the service did is not known."""

    code = "network"
    may_have_worked = True


class UntrustedServerError(NetworkError):
    """The server's certificate isn't trusted. Never retried."""

    code = "untrusted_certificate"
    may_have_worked = False


class UntrustedHostError(M365Error):
    """The service named another host (redirect, page link); the token was not sent there."""

    code = "untrusted_host"


class DeadlineError(M365Error):
    """The task's time is used up, or the next wait would run past it."""

    code = "deadline"


class InterruptedTaskError(M365Error):
    """The task was told to stop (SIGTERM, SIGINT, SIGHUP)."""

    code = "interrupted"


class ServiceError(M365Error):
    """The service answered with an error, or with something that can't be right.

    ``status`` is the HTTP status (of the batch item where there was one), ``exception_type`` the last part of the .NET
    type, or Graph's code.
    """

    code = "service_error"
    refusal = False  # True: nothing was done, whatever the status

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        request_id: str = "",
        status: int = 0,
        exception_type: str = "",
    ) -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.status = status
        doubtful = status != 0 and status not in _REFUSING_STATUS  # 0: it isn't about an answer
        self.may_have_worked = doubtful and not self.refusal
        self.exception_type = exception_type


class NotFoundError(ServiceError):
    code = "not_found"
    refusal = True
    lasting = True


class AmbiguousError(ServiceError):
    code = "ambiguous"
    refusal = True
    lasting = True


class AccessDeniedError(ServiceError):
    """401 after the token was renewed, or 403. ``permission``: that on Microsoft Graph which is missing, or may be;
    empty if it isn't that. ``advice``: the part of the message that says what is missing, and the way to it.
    """

    code = "access_denied"
    refusal = True
    lasting = True
    permission = ""
    advice = ""


class GraphUnavailableError(AccessDeniedError):
    """The sign-in can't be used for Microsoft Graph: nothing was asked of it."""

    code = "graph_unavailable"


class ThrottledError(ServiceError):
    """Still refused for too many requests after all retries."""

    code = "throttled"


class UnexpectedAnswerError(ServiceError):
    """An answer that doesn't fit what was asked: never taken for data."""

    code = "unexpected_answer"


class IncompleteListingError(ServiceError):
    """A listing that ended before its end: never taken for the whole."""

    code = "incomplete_listing"


class PageExpiredError(IncompleteListingError):
    """A page link that the service no longer takes. The listing may be begun again."""

    code = "page_expired"


def internal_error(error: BaseException) -> M365Error:
    """``error``, if it is meant for the user; else a fault of this program."""
    if isinstance(error, M365Error):
        return error
    where = ""
    if error.__traceback__:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f" in {os.path.basename(place.filename)}:{place.lineno}"
    return M365Error(f"Internal error, please report it: {type(error).__name__}{where}: {error}", code="internal")


@dataclasses.dataclass(frozen=True)
class Failure:
    """What makes a task fail, beside what it has done by then."""

    code: str
    message: str
    request_id: str = ""

    @classmethod
    def of(cls, fault: M365Error | Failure, message: str = "") -> Failure:
        """``message``: what is said in place of the fault's own."""
        return cls(fault.code, message or fault.message, fault.request_id)

    def after(self, first: Failure | None) -> Failure:
        """This as a further sentence of what made the task fail before: its code and its request stay."""
        if first is None:
            return self
        return Failure(first.code or self.code, f"{first.message} {self.message}", first.request_id or self.request_id)
