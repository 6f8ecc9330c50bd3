# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Commands and their results in the form of the Exchange admin endpoint (``InvokeCommand``, ``$batch``). Pure: sends
nothing.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from .._service.answers import MalformedAnswerError

PAGE_SIZE = 1000
BATCH_SIZE = 10
# The arbitration mailbox by which app-only requests are routed; its GUID is the same in every organization.
_ANCHOR = "APP:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{tenant}"
_MODULE_VERSION = "3.9.2"  # of Microsoft's PowerShell module: whose list of cmdlets is asked for
_ADDRESS = re.compile(r"[!-~]+@[!-~]+")  # what a header can carry
_TRUNCATED_TEXT = "There are more results available"


@dataclasses.dataclass(frozen=True)
class Command:
    """One cmdlet with its parameters. ``select``: the properties wanted of each row. ``subject``: the mailbox, for
    messages. ``address``: the mailbox's, if it is known: by it the command can be routed to the mailbox's server.
    """

    cmdlet: str
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    select: tuple[str, ...] = ()
    subject: str = ""
    page_size: int = PAGE_SIZE
    address: str = ""

    @property
    def can_be_routed(self) -> bool:
        return _ADDRESS.fullmatch(self.address) is not None

    @property
    def reads(self) -> bool:
        return self.cmdlet.startswith("Get-")

    def __str__(self) -> str:
        return f"{self.cmdlet} for {self.subject}" if self.subject else self.cmdlet


@dataclasses.dataclass(frozen=True)
class CommandResult:
    """Rows without annotations, warnings as texts, and the link to the next page if there is one. ``seconds``: that the
    answer to a request of its own took.
    """

    rows: list[dict[str, Any]]
    warnings: list[str]
    next_link: str = ""
    request_id: str = ""
    seconds: float = 0.0

    @property
    def truncated(self) -> bool:
        return any(_TRUNCATED_TEXT in warning for warning in self.warnings)


def invoke_path(tenant: str, command: Command) -> str:
    path = f"/adminapi/beta/{tenant}/InvokeCommand"
    return f"{path}?$select={quote(','.join(command.select), safe=',')}" if command.select else path


def batch_path(tenant: str) -> str:
    return f"/adminapi/beta/{tenant}/$batch"


def module_file_path(tenant: str) -> str:
    """Where Exchange gives the module that Connect-ExchangeOnline loads: with the cmdlets that the caller may run."""
    return f"/adminapi/v1.0/{tenant}/EXOModuleFile?Version={_MODULE_VERSION}"


def module_file_headers(tenant: str, connection_id: str) -> dict[str, str]:
    return {
        "Accept": "application/json",
        "X-AnchorMailbox": _ANCHOR.format(tenant=tenant),
        "CommandName": "*",
        "connection-id": connection_id,
    }


def read_exported(parsed: Any) -> frozenset[str] | None:
    """The cmdlets in a decoded module file; None if it isn't one."""
    value = parsed.get("value") if isinstance(parsed, Mapping) else None
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else None
    exported = value.get("exportedCmdlets") if isinstance(value, Mapping) else None
    if not isinstance(exported, str):
        return None
    return frozenset(filter(None, (name.strip() for name in exported.split(","))))


def command_body(command: Command) -> dict[str, Any]:
    return {"CmdletInput": {"CmdletName": command.cmdlet, "Parameters": dict(command.parameters)}}


def command_headers(tenant: str, connection_id: str, command: Command, *, routed: bool = False) -> dict[str, str]:
    """``routed``: by the mailbox of the command, not by the organization's."""
    return {
        "Content-Type": "application/json; charset=utf-8",
        "Accept": "application/json",
        "X-AnchorMailbox": f"UPN:{command.address}" if routed else _ANCHOR.format(tenant=tenant),
        "X-CmdletName": command.cmdlet,
        "X-ResponseFormat": "json",
        "Prefer": f"odata.maxpagesize={command.page_size}",
        "connection-id": connection_id,
    }


def batch_headers(tenant: str, connection_id: str) -> dict[str, str]:
    return {
        "Content-Type": "application/json; charset=utf-8",
        "Accept": "application/json",
        "X-AnchorMailbox": _ANCHOR.format(tenant=tenant),
        "Prefer": "odata.continue-on-error",
        "connection-id": connection_id,
    }


def batch_body(base: str, tenant: str, connection_id: str, token: str, commands: Sequence[Command]) -> bytes:
    """Up to ten commands; their ids are their places. Each repeats the token: whether it has to is not known."""
    return json.dumps(
        {
            "requests": [
                {
                    "id": str(place),
                    "method": "POST",
                    "url": base + invoke_path(tenant, command),
                    "headers": {**command_headers(tenant, connection_id, command), "Authorization": f"Bearer {token}"},
                    "body": command_body(command),
                }
                for place, command in enumerate(commands)
            ]
        },
        separators=(",", ":"),
    ).encode()


def read_result(parsed: Any, headers: Mapping[str, str], command: Command) -> CommandResult:
    """The result in a decoded success body. A ``Set-`` may come back without any; a ``Get-`` may not.

    :raises MalformedAnswerError: not an object, no list of rows where rows are due, or errors beside them.
    """
    request_id = headers.get("request-id") or ""
    if parsed is None and not command.reads:
        return CommandResult([], _header_warnings(headers), request_id=request_id)
    if not isinstance(parsed, Mapping):
        raise MalformedAnswerError("JSON that isn't an object")
    if parsed.get("error") or parsed.get("@adminapi.errors"):
        raise MalformedAnswerError(f"errors in a success: {parsed.get('error') or parsed.get('@adminapi.errors')}")
    value = parsed.get("value")
    if isinstance(value, Mapping):
        value = [value]
    if value is None:
        value = []
    if not isinstance(value, list) or (command.reads and not all(isinstance(row, Mapping) for row in value)):
        raise MalformedAnswerError("a value that isn't a list of rows")
    warnings = parsed.get("@adminapi.warnings") or []
    if not isinstance(warnings, list):
        warnings = [warnings]
    link = parsed.get("@odata.nextLink") or parsed.get("odata.nextLink") or ""
    return CommandResult(
        rows=[_without_annotations(row) for row in value if isinstance(row, Mapping)],
        warnings=[*map(str, warnings), *_header_warnings(headers)],
        next_link=str(link),
        request_id=request_id,
    )


def _without_annotations(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if "@" not in key}


def _header_warnings(headers: Mapping[str, str]) -> list[str]:
    warning = headers.get("X-Warnings")
    return [warning] if warning else []
