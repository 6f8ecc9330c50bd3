# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Graph refuses: its JSON, its codes, its challenge."""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from dataclasses import dataclass, field

from .access import Unauthorized
from .answers import Answer

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
EXPIRED_PAGE = "The specified page token value has expired and can no longer be included in your request."
# Code and text by status, for a fault that names none.
USUAL: dict[int, tuple[str, str]] = {
    400: ("BadRequest", "Invalid request."),
    401: ("InvalidAuthenticationToken", "Access token validation failure."),
    403: ("Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
    404: ("Request_ResourceNotFound", "Resource does not exist."),
    429: ("TooManyRequests", "Too many requests."),
    500: ("InternalServerError", "An internal server error occurred. The operation failed."),
    503: ("serviceNotAvailable", "The service is temporarily unavailable. Please try again later."),
}


@dataclass
class GraphError(Exception):
    """A refusal: HTTP status, Graph's code, text."""

    status: int
    code: str
    text: str
    headers: dict[str, str] = field(default_factory=dict)


def usual(status: int, code: str | None, text: str | None, headers: dict[str, str]) -> GraphError:
    """The refusal of a status, with Graph's usual words where none are given."""
    usual_code, usual_text = USUAL.get(status, ("UnknownError", ""))
    return GraphError(status, code or usual_code, usual_text if text is None else text, headers)


def not_imitated(text: str) -> GraphError:
    """Something real that this stand-in does not do; told apart from the service's own refusals."""
    return GraphError(501, "FakeTenant.NotImitated", text)


def expired_page() -> GraphError:
    """The answer to a page link that is stale or foreign."""
    return GraphError(400, "Directory_ExpiredPageToken", EXPIRED_PAGE)


def unauthorized(error: Unauthorized, *, has_token: bool = True) -> GraphError:
    """What Graph says to a token that isn't good there."""
    challenge = (
        'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
        f'client_id="{GRAPH_APP_ID}"'
    )
    text = "Access token validation failure." if has_token else "Access token is empty."
    if error.claims is not None:
        text = (
            "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: "
            "TokenCreatedWithOutdatedPolicies"
        )
        encoded = base64.b64encode(error.claims.encode()).decode()
        challenge += f', error="insufficient_claims", claims="{encoded}"'
    elif error.description:
        text = "Lifetime validation failed, the token is expired."
    return GraphError(401, "InvalidAuthenticationToken", text, {"www-authenticate": challenge})


def refusal(error: GraphError) -> Answer:
    """The JSON by which Graph refuses."""
    request_id = str(uuid.uuid4())
    now = dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    inner = {"date": now, "request-id": request_id, "client-request-id": request_id}
    body = {"error": {"code": error.code, "message": error.text, "innerError": inner}}
    headers = {"content-type": "application/json", "request-id": request_id, **error.headers}
    return Answer(error.status, headers, body)
