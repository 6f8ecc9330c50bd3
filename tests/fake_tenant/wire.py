# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shapes on the wire of the Exchange admin endpoint: annotated rows, success bodies, error bodies."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from .dialect import Dialect

TASKS = "Microsoft.Exchange.Configuration.Tasks."
NOT_FOUND = TASKS + "ManagementObjectNotFoundException"
AMBIGUOUS = TASKS + "ManagementObjectAmbiguousException"
PARAMETER_SET = "Microsoft.Exchange.Admin.OData.Core.AmbiguousParameterSetException"
TRANSFORMATION = "Microsoft.Exchange.Admin.OData.Core.ParameterTransformationException"
ODATA = "Microsoft.Exchange.Admin.OData.Core.ODataServiceException"

EXPIRED_PAGE = "Expired or Invalid pagination request. Default Expiry time is 00:30:00"
DIRECTORY_SERVER = "EURPR01A001DC01.EURPR01A001.PROD.OUTLOOK.COM"
MORE_RESULTS = (
    "There are more results available than are currently displayed. "
    "To view them, increase the value for the ResultSize parameter."
)
NO_CHANGE = "The command completed successfully but no settings of '{identity}' have been modified."

ERROR_CODES = {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound"}
CONTENT_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


@dataclass
class CmdletError(Exception):
    """A request that the service refuses.

    status: of the HTTP answer, or of the item in a batch. type: full .NET type. text: what a person would read.
    bare: the body is not JSON but what the dialect says of a 403 (`forbidden`), or nothing (`empty`).
    """

    status: int
    type: str
    text: str
    error_id: str = ""
    category: str = "Client"
    bare: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def not_found(identity: object, dialect: Dialect) -> CmdletError:
    """The answer to an identity that names nothing."""
    text = f"The operation couldn't be performed because object '{identity}' couldn't be found on '{DIRECTORY_SERVER}'."
    return CmdletError(dialect.not_found_status, NOT_FOUND, text, error_id="Ex6F9304")


def ambiguous(identity: object) -> CmdletError:
    """The answer to an identity that names several objects."""
    text = f"The operation couldn't be performed because '{identity}' matches multiple entries."
    return CmdletError(400, AMBIGUOUS, text, error_id="Ex42DFD6", category="Context")


def bad_request(text: str, type_: str = ODATA) -> CmdletError:
    """A request whose form is wrong."""
    return CmdletError(400, type_, text)


def expired_page() -> CmdletError:
    """The answer to a page link that is stale, foreign, or used in another way than the first request."""
    return CmdletError(400, "System.Exception", EXPIRED_PAGE)


def error_body(error: CmdletError, dialect: Dialect) -> dict[str, Any]:
    """The JSON of a refusal, its useful text where the dialect puts it."""
    carrier = dialect.error_text
    message = {
        "pipe": f"{error.error_id}|{error.type}|{error.text}",
        "json": json.dumps(
            {"Message": error.text, "TypeName": error.type, "StackTrace": "", "InnerError": None}, ensure_ascii=False
        ),
    }.get(carrier)
    body: dict[str, Any] = {
        "code": ERROR_CODES.get(error.status, "InternalServerError"),
        "message": "Error executing cmdlet",
    }
    if message is not None:
        body["details"] = [{"code": error.category, "target": "", "message": message}]
    body["innererror"] = {
        "message": "Error executing cmdlet",
        "type": ODATA,
        "stacktrace": "   at Microsoft.Exchange.AdminApi.CommandInvocation",
        "internalexception": {"message": error.text, "type": error.type, "stacktrace": ""},
    }
    body["adminapi.warnings@odata.type"] = "#Collection(String)"
    body["@adminapi.warnings"] = []
    return {"error": body}


def success_body(context: str, rows: list[dict[str, Any]], warnings: list[str], dialect: Dialect) -> dict[str, Any]:
    """The JSON of a success of a Get: context, warnings, rows."""
    body: dict[str, Any] = {"@odata.context": context}
    _put_warnings(body, warnings, dialect)
    body["value"] = rows
    return body


def write_body(context: str, warnings: list[str], dialect: Dialect) -> dict[str, Any]:
    """The JSON of a success of a Set, which returns nothing."""
    body: dict[str, Any] = {"@odata.context": context}
    _put_warnings(body, warnings, dialect)
    if dialect.set_value != "absent":
        body["value"] = [] if dialect.set_value == "empty" else None
    return body


def _put_warnings(body: dict[str, Any], warnings: list[str], dialect: Dialect) -> None:
    if dialect.warnings_shape == "array":
        body["adminapi.warnings@odata.type"] = "#Collection(String)"
        body["@adminapi.warnings"] = warnings
    elif warnings:
        body["@adminapi.warnings"] = warnings[0] if len(warnings) == 1 else warnings


def dumps(body: object) -> bytes:
    """Compact JSON as UTF-8; halves of characters, which UTF-8 doesn't have, escaped."""
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(body, separators=(",", ":")).encode("ascii")


def answer_headers(client_request_id: str | None) -> dict[str, str]:
    """The headers of every answer of the endpoint."""
    request_id = str(uuid.uuid4())
    return {
        "content-type": CONTENT_TYPE,
        "request-id": request_id,
        "client-request-id": client_request_id or request_id,
        "x-calculatedbetarget": "AM0PR01MB0001.EURPRD01.PROD.EXCHANGELABS.COM",
        "x-exchangeversion": "0.0 (15.20.9000.000)",
    }
