# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Notifications: what AWX keeps of a configuration and of texts, and what leaves it when something happens.

Learnt from AWX 24.6: awx/main/notifications/*_backend.py, awx/main/models/notifications.py, awx/api/serializers.py
(NotificationTemplateSerializer), awx/main/models/workflow.py (WorkflowApproval).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jinja2 import ChainableUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

HIDDEN = "$encrypted$"

# Each field of a type's configuration: its type, and its default if it has one.
CONFIGURATIONS: dict[str, dict[str, tuple[Any, ...]]] = {
    "email": {
        "host": (str,),
        "port": (int,),
        "username": (str,),
        "password": (str,),
        "use_tls": (bool,),
        "use_ssl": (bool,),
        "sender": (str,),
        "recipients": (list,),
        "timeout": (int, 30),
    },
    "webhook": {
        "url": (str,),
        "http_method": (str, "POST"),
        "disable_ssl_verification": (bool, False),
        "username": (str, ""),
        "password": (str, ""),
        "headers": (dict,),
    },
    "slack": {"token": (str,), "channels": (list,)},
    "mattermost": {"mattermost_url": (str,), "mattermost_no_verify_ssl": (bool,)},
    "rocketchat": {"rocketchat_url": (str,), "rocketchat_no_verify_ssl": (bool,)},
    "grafana": {"grafana_url": (str,), "grafana_key": (str,)},
    "pagerduty": {"subdomain": (str,), "token": (str,), "service_key": (str,), "client_name": (str,)},
    "twilio": {"account_sid": (str,), "account_token": (str,), "from_number": (str,), "to_numbers": (list,)},
    "irc": {
        "server": (str,),
        "port": (int,),
        "nickname": (str,),
        "password": (str,),
        "use_ssl": (bool,),
        "targets": (list,),
    },
}
PASSWORDS = {
    **dict.fromkeys(("email", "webhook", "irc"), ("password",)),
    **dict.fromkeys(("slack", "pagerduty"), ("token",)),
    "grafana": ("grafana_key",),
    "twilio": ("account_token",),
}
EVENTS = ("started", "success", "error")
APPROVALS = ("running", "approved", "timed_out", "denied")
# What leaves AWX, of the two texts: the message alone, or both. Of a webhook it is the body alone.
_ONLY_MESSAGE = ("slack", "mattermost", "rocketchat", "grafana", "twilio", "irc")
_BOTH = ("email", "pagerduty")
# Where a job is told of in its own terms, an approval is in these.
_OF_APPROVAL = {
    "webhook": '{"body": "The approval node \\"{{ approval_node_name }}\\" needs review: {{ workflow_url }}"}',
    **dict.fromkeys(_BOTH, "{{ approval_node_name }} needs review: {{ workflow_url }}\n\n{{ job_metadata }}"),
}


def complete(kind: str, given: Mapping[str, Any], kept: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A configuration with what AWX adds, and complaints. ``$encrypted$`` stands for the password that is kept."""
    fields = CONFIGURATIONS[kind]
    whole = {**{name: rule[1] for name, rule in fields.items() if len(rule) > 1}, **given}
    missing = [name for name in fields if name not in whole]
    complaints = [f"Missing required fields for Notification Configuration: {missing}."] if missing else []
    complaints += [
        f"Configuration field '{name}' incorrect type, expected {rule[0].__name__}."
        for name, rule in fields.items()
        if name in whole and not _is_a(whole[name], rule[0])
    ]
    complaints += [f"No values specified for field '{name}'" for name in fields if whole.get(name) == []]
    if kind == "webhook" and str(whole["http_method"]).lower() not in ("put", "post"):
        complaints.append("HTTP method must be either 'POST' or 'PUT'.")
    for name in PASSWORDS.get(kind, ()):
        if whole.get(name) == HIDDEN:
            whole[name] = kept.get(name, "")
    return whole, complaints


def shown(kind: str, configuration: Mapping[str, Any]) -> dict[str, Any]:
    hidden = PASSWORDS.get(kind, ())
    return {name: HIDDEN if name in hidden and value else value for name, value in configuration.items()}


def merged(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The texts that are kept: what isn't given anew stays as it was."""
    if before is None or after is None:
        return dict(after) if after is not None else None
    whole = {event: _either(before.get(event), after.get(event)) for event in EVENTS}
    old, new = before.get("workflow_approval") or {}, after.get("workflow_approval") or {}
    approvals = {
        event: _either(old.get(event), new.get(event)) for event in APPROVALS if old.get(event) or new.get(event)
    }
    return {**whole, "workflow_approval": approvals or None}


def _either(before: Mapping[str, str] | None, after: Mapping[str, str] | None) -> dict[str, str] | None:
    if not after:
        return dict(before) if before else None
    return {**(before or {}), **after}


def of_job(template: Mapping[str, Any], event: str, context: Mapping[str, Any]) -> Any:
    """What is sent when a job has ended."""
    environment = ImmutableSandboxedEnvironment(undefined=ChainableUndefined)
    return _sent(template, (template["messages"] or {}).get(event) or {}, environment, context, "{{ job_metadata }}")


def of_approval(template: Mapping[str, Any], event: str, context: Mapping[str, Any]) -> Any:
    """What is sent when an approval is asked for, given, refused or too late.

    A text that fails in any way but a few stops AWX's own work on the workflow: here too, it is raised.
    """
    texts = ((template["messages"] or {}).get("workflow_approval") or {}).get(event) or {}
    default = _OF_APPROVAL.get(template["notification_type"], "")
    return _sent(template, texts, ImmutableSandboxedEnvironment(), context, default)


def _sent(
    template: Mapping[str, Any],
    texts: Mapping[str, str],
    environment: ImmutableSandboxedEnvironment,
    context: Mapping[str, Any],
    default_body: str,
) -> Any:
    kind = template["notification_type"]
    message = environment.from_string(texts.get("message") or "{{ job_friendly_name }} {{ url }}").render(**context)
    body = environment.from_string(texts.get("body") or default_body).render(**context)
    if kind in _ONLY_MESSAGE:
        return {"text": message}
    if "\x00" in message + body:
        raise ValueError("A string literal cannot contain NUL (0x00) characters.")
    if kind in _BOTH:
        if "\n" in message or "\r" in message:
            raise ValueError("BadHeaderError: a subject has one line")
        return {"subject": message, "body": body}
    return _object(body)


def _object(body: str) -> Any:
    """A webhook sends an object; whatever isn't JSON becomes an empty one."""
    try:
        found = json.loads(body)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else body


def approval_context(node: str, number: int, requester: str, answers: Mapping[str, Any]) -> dict[str, Any]:
    """What the texts of an approval may refer to: who started the workflow, and what the form was filled with."""
    url = f"https://awx.example.com/#/jobs/workflow/{number}"
    metadata = {"id": number + 1, "name": node, "url": url, "created_by": requester, "started": None, "finished": None}
    metadata |= {"status": "pending", "traceback": "", "extra_vars": json.dumps(answers)}
    return {
        "approval_status": "running",
        "approval_node_name": node,
        "workflow_url": url,
        "job_metadata": json.dumps(metadata, indent=4),
    }


def _is_a(value: Any, kind: type) -> bool:
    """A truth value is no number here, though it is one in Python."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
