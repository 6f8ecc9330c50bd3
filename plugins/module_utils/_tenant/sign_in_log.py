# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The sign-in log of Entra ID, as far as it tells of SMTP AUTH. What isn't in the log proves nothing.

Microsoft doesn't say whether such a sign-in counts as interactive, so both kinds are asked for. Without a filter on the
kind only interactive ones come; the filter for the others is documented for beta.
"""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .._smtp_auth.abilities import SIGN_INS
from .._smtp_auth.usage import SIGN_IN_LOG, Trace

if TYPE_CHECKING:
    from .._graph.client import GraphClient

PERMISSION = SIGN_INS
MOST_DAYS = 30  # the log goes back no further
_INTERACTIVE = ("/v1.0", "")
_NOT_INTERACTIVE = ("/beta", " and signInEventTypes/any(t: t eq 'nonInteractiveUser')")
_KINDS = (_INTERACTIVE, _NOT_INTERACTIVE)
_CLIENTS = ("Authenticated SMTP", "SMTP")
_SUCCEEDED = " and status/errorCode eq 0"  # the one comparison that the log knows for it
_PAGE_SIZE = 1000
# Of each kind. Whoever tries passwords fails hundreds of thousands of times; of failures the last is enough.
_PAGES_WITH_FAILURES = 20
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T[0-9:.]{5,20}Z\Z")
_WITHOUT_LOG = ("gcc_high", "dod", "china")


def why_not_offered(cloud: str) -> str:
    """Why a cloud's sign-in log can't be asked; empty where it can. By Microsoft's table of Graph's clouds."""
    if cloud not in _WITHOUT_LOG:
        return ""
    return f"Microsoft Graph doesn't offer the sign-in log in the cloud {cloud}, so it wasn't asked."


def successes(graph: GraphClient, since: datetime.datetime) -> Iterator[Trace]:
    """Who signed in by SMTP AUTH since then, newest first, of each kind of sign-in.

    :raises AccessDeniedError: no permission, or no licence for the log.
    :raises M365Error: it can't be read whole.
    """
    for version, kind in _KINDS:
        for page in graph.pages(_path(version, since, _SUCCEEDED + kind), PERMISSION):
            yield from (_trace(row) for row in page)


def failures(graph: GraphClient, since: datetime.datetime) -> Iterator[Trace]:
    """Whose sign-in failed since then, newest first, as far back as some pages of the log reach.

    :raises M365Error: as ``successes``.
    """
    for version, kind in _KINDS:
        pages = graph.pages(_path(version, since, kind), PERMISSION)
        for page in itertools.islice(pages, _PAGES_WITH_FAILURES):
            yield from (_trace(row) for row in page if _code(row) != 0)


def _path(version: str, since: datetime.datetime, more: str) -> str:
    clients = " or ".join(f"clientAppUsed eq '{client}'" for client in _CLIENTS)
    wanted = f"createdDateTime ge {since:%Y-%m-%dT%H:%M:%SZ} and ({clients}){more}"
    return f"{version}/auditLogs/signIns?$filter={quote(wanted)}&$top={_PAGE_SIZE}"


def _status(row: Mapping[str, Any]) -> Mapping[str, Any]:
    status = row.get("status")
    return status if isinstance(status, Mapping) else {}


def _code(row: Mapping[str, Any]) -> Any:
    return _status(row).get("errorCode")


def _trace(row: Mapping[str, Any]) -> Trace:
    code, when = _code(row), str(row.get("createdDateTime") or "")
    why = "" if code == 0 else str(_status(row).get("failureReason") or "").rstrip(".") or "no reason is given"
    return Trace(
        SIGN_IN_LOG,
        tuple(str(row[key]) for key in ("userId", "userPrincipalName") if row.get(key)),
        when=when if _MOMENT.match(when) else "",
        count=1,
        address=str(row.get("ipAddress") or ""),
        application=str(row.get("appDisplayName") or ""),
        failure=f"{why} ({code})" if why else "",
    )
