# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What the playbook ``check`` shows of an app, from the result of ``connection_info``."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_outcome import (
    CHECKING,
    is_whole,
    said,
    trouble_of,
)
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_words import in_variables, variables

_SOON = 30  # days before its end at which a credential is to be replaced
_LACKING = "not_allowed"  # the code of a task that fails for what it was to require, and for nothing else
_SERVICES = {"exchange": "Exchange Online", "graph": "Microsoft Graph"}


def report_check(result: Any, host: str) -> dict[str, Any]:
    """What there is to be said about an app.

    :returns: ``seen``, whether there is anything to be shown; ``table``, lines for people, the last of which is the
        finding; ``statistics`` for the next job; ``problem``, the sentence to fail with, empty if all went well.
    """
    names = variables(playbook=True)
    trouble = trouble_of(result, CHECKING, names)
    seen = is_whole(result, CHECKING) and trouble["code"] in ("", _LACKING)
    if not seen:
        return {"seen": False, "table": [], "statistics": {}, "problem": said(trouble, host)}
    lines = [*_who(result, datetime.date.today(), names), "", *_abilities(result, names), "", _finding(result)]
    return {"seen": True, "table": lines, "statistics": _statistics(result), "problem": said(trouble, host)}


def _who(result: Mapping[str, Any], today: datetime.date, names: Mapping[str, str]) -> list[str]:
    app = result["app"]
    return [
        f"tenant: {result['tenant'] or 'not known'}",
        f"app: {app['client_id'] or 'not known'}, by {app['method']}",
        f"credential: {_end(app, today)}",
        *(f"{name}: {_service(result[service], names)}" for service, name in _SERVICES.items()),
    ]


def _end(app: Mapping[str, Any], today: datetime.date) -> str:
    if not app["credential_ends"]:
        return str(app["reason"])
    moment = str(app["credential_ends"]).replace("T", " ").replace("Z", " UTC")
    days = (datetime.date.fromisoformat(moment[:10]) - today).days
    if app["method"] == "access_token":  # it lives for hours
        return f"ends at {moment}"
    if days < 0:
        return f"ENDED at {moment}: make a new one, and give it here"
    if days <= _SOON:
        return f"ENDS in {days} days, at {moment}: replace it before"
    return f"ends in {days} days, at {moment}"


def _service(service: Mapping[str, Any], names: Mapping[str, str]) -> str:
    reason = in_variables(service["reason"], names)
    if not service["signed_in"]:
        return f"not signed in. {reason}"
    permissions = ", ".join(service["roles"]) or "none"
    roles = ", ".join(service["directory_roles"]) or "none"
    told = f"signed in; application permissions: {permissions}; directory roles: {roles}"
    return f"{told}. {reason}" if reason else told


def _abilities(result: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    rows = result["abilities"]
    width = max(len(row["name"]) for row in rows)
    first = {result[service]["reason"]: "not signed in" for service in _SERVICES if not result[service]["signed_in"]}
    lines = []
    for row in rows:
        way = first.get(row["how"]) or in_variables(row["how"], names)  # what was said is not said again
        first.setdefault(row["how"], f"see {row['name']}" if row["how"] else "")
        lines.append(f"{row['name']:{width}}  {row['allowed']:7}  {way}".rstrip())
    return lines


def _finding(result: Mapping[str, Any]) -> str:
    signed_in = [name for service, name in _SERVICES.items() if result[service]["signed_in"]]
    if not signed_in:
        return "The app isn't signed in anywhere, so nothing is known of what it can do."
    no, unknown = (_named(result, allowed) for allowed in ("no", "unknown"))
    if not no and not unknown:
        return "The app may do everything that this collection does."
    said = [f"The app may not: {', '.join(no)}." if no else "Nothing is known to be refused to the app."]
    if unknown:
        said.append(f"Not known: {', '.join(unknown)}.")
    return " ".join([*said, "Grant only what you use."])


def _named(result: Mapping[str, Any], allowed: str) -> list[str]:
    return [str(row["name"]) for row in result["abilities"] if row["allowed"] == allowed]


def _statistics(result: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "tenant": result["tenant"],
        "client_id": result["app"]["client_id"],
        "credential_ends": result["app"]["credential_ends"],
        **{allowed: _named(result, allowed) for allowed in CHECKING},
    }
