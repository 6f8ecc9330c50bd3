# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The shapes in which the organization's settings reach the user: the same on success and on failure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .._smtp_auth.layers import Policies, Tenant, find_policy, retirement_layer
from .._smtp_auth.unread import Unread
from .._tenant.organization import UNKNOWN, SwitchReport

if TYPE_CHECKING:
    from .._smtp_auth.conditional_access import AccessPolicy
    from .._smtp_auth.mailbox import Mailbox
    from .._smtp_auth.organization import Switch

NOT_READ = Unread("The task failed before it was read")


def switch_result(report: SwitchReport, *, most: int, diff_mode: bool) -> dict[str, Any]:
    """``most``: names of affected mailboxes to return."""
    result: dict[str, Any] = {
        "changed": report.changed,
        "before": _switch(report.before),
        "after": _switch(report.after),
        "affected": _affected(report.followers or [], most),
    }
    if report.planned is not None:
        result.update(planned=True, wanted=_switch(report.planned))
    if diff_mode:
        result["diff"] = _diff(report.before, report.planned or report.after, report.followers)
    return result


def empty_switch_result(*, diff_mode: bool) -> dict[str, Any]:
    """The same shape where nothing could be found out."""
    result: dict[str, Any] = {
        "changed": False,
        "before": _switch(None),
        "after": _switch(None),
        "affected": _affected([], 0),
    }
    if diff_mode:
        result["diff"] = {}
    return result


def organization_info_result(tenant: Tenant) -> dict[str, Any]:
    retirement = retirement_layer(tenant.today, retired=tenant.retired)
    return {
        "changed": False,
        "organization": {
            **_told(tenant.organization, str(tenant.organization)),
            "allow_legacy_tls_clients": tenant.legacy_tls,
        },
        "authentication_policy": _authentication_policy(tenant.default_policy, tenant.policies),
        "security_defaults": _told(tenant.security_defaults, "enabled" if tenant.security_defaults else "disabled"),
        "conditional_access": _conditional_access(tenant.conditional_access),
        "basic_retirement": {"state": retirement.state, "reason": _sentence(retirement.reason), "permission": ""},
    }


def empty_organization_info_result() -> dict[str, Any]:
    """The same shape where nothing could be read."""
    told = _told(NOT_READ, "")
    return {
        "changed": False,
        "organization": {**told, "allow_legacy_tls_clients": None},
        "authentication_policy": _authentication_policy(NOT_READ, NOT_READ),
        "security_defaults": dict(told),
        "conditional_access": _conditional_access(NOT_READ),
        "basic_retirement": dict(told),
    }


def _told(value: object, state: str) -> dict[str, Any]:
    if isinstance(value, Unread):
        return {"state": UNKNOWN, "reason": _sentence(value.reason), "permission": value.permission}
    return {"state": state, "reason": "", "permission": ""}


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:].rstrip('.')}." if text else ""


def _authentication_policy(default: str | Unread, policies: Policies) -> dict[str, Any]:
    """``state``: what the default means for Basic: ``allows``, ``blocks``, or ``unknown``."""
    unread = next((value for value in (default, policies) if isinstance(value, Unread)), None)
    listed = [] if isinstance(policies, Unread) else policies
    result: dict[str, Any] = {
        "default": None if isinstance(default, Unread) else default,
        "policies": [{"name": policy.name, "allow_basic_auth_smtp": policy.allows_basic_smtp} for policy in listed],
    }
    if isinstance(default, str) and not default:
        return {**_told(None, "allows"), **result}  # no default: nothing is blocked, whatever policies there are
    if unread is not None or isinstance(default, Unread):
        return {**_told(unread, ""), **result}
    policy = find_policy(listed, default)
    if policy is None:
        unread = Unread(f"the default authentication policy {default} isn't among those of the organization")
        return {**_told(unread, ""), **result}
    result["default"] = policy.name
    return {**_told(None, "allows" if policy.allows_basic_smtp else "blocks"), **result}


def _conditional_access(policies: Sequence[AccessPolicy] | Unread) -> dict[str, Any]:
    """``state``: ``blocks_everyone``, ``blocks_some`` (or may), ``allows``, or ``unknown``."""
    if isinstance(policies, Unread):
        return {**_told(policies, ""), "policies": []}
    state = "allows" if not policies else "blocks_some"
    if any(policy.blocks_everyone for policy in policies):
        state = "blocks_everyone"
    return {
        **_told(None, state),
        "policies": [
            {
                "id": policy.id,
                "name": policy.name,
                "covers": "everyone" if policy.blocks_everyone else "some",
                "doubt": policy.doubt,
            }
            for policy in policies
        ],
    }


def _switch(switch: Switch | None) -> dict[str, Any] | None:
    return None if switch is None else {"state": switch.state, "allow_legacy_tls_clients": switch.legacy_tls}


def _affected(followers: Sequence[Mailbox], most: int) -> dict[str, Any]:
    return {
        "count": len(followers),
        "mailboxes": [
            {
                "guid": mailbox.guid,
                "primary_smtp_address": mailbox.primary_smtp_address,
                "display_name": mailbox.display_name,
            }
            for mailbox in followers[:most]
        ],
    }


def _diff(before: Switch, after: Switch | None, followers: Sequence[Mailbox] | None) -> dict[str, str]:
    """``followers``: None where nobody had to be counted."""
    if after == before:
        return {}
    affected = "" if followers is None else f"; {len(followers)} mailboxes inherit it"
    return {
        "before_header": "organization (before)",
        "after_header": f"organization (after{affected})",
        "before": _text(before),
        "after": _text(after) if after else "smtp_auth: unknown\n",
    }


def _text(switch: Switch) -> str:
    legacy = {True: "true", False: "false", None: "unknown"}[switch.legacy_tls]
    return f"smtp_auth: {switch.state}\nallow_legacy_tls_clients: {legacy}\n"
