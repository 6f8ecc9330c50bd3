# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Option specs that several modules share. The doc fragments document the same options; a test compares the two."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleFallbackNotFound

from .._http.transport import DEFAULT_CONCURRENCY
from .._sign_in.clouds import CLOUDS
from .._smtp_auth.state import STATES

AUTH_METHODS = ("auto", "client_secret", "certificate", "federated", "managed_identity", "access_token")

# The first variable that is set counts. The AZURE_ names are those of Azure's own tools and of AWX's Azure credential.
ENVIRONMENT = {
    "tenant_id": ("M365_TENANT_ID", "AZURE_TENANT_ID", "AZURE_TENANT"),
    "client_id": ("M365_CLIENT_ID", "AZURE_CLIENT_ID"),
    "auth_method": ("M365_AUTH_METHOD",),
    "client_secret": ("M365_CLIENT_SECRET", "AZURE_CLIENT_SECRET", "AZURE_SECRET"),
    "certificate_path": ("M365_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PATH"),
    "certificate_content": ("M365_CERTIFICATE_CONTENT",),
    "certificate_passphrase": ("M365_CERTIFICATE_PASSPHRASE", "AZURE_CLIENT_CERTIFICATE_PASSWORD"),
    "federated_token": ("M365_FEDERATED_TOKEN",),
    "federated_token_file": ("AZURE_FEDERATED_TOKEN_FILE",),
    "access_token": ("M365_ACCESS_TOKEN",),
    "cloud": ("M365_CLOUD",),
    "login_endpoint": ("M365_LOGIN_ENDPOINT",),
    "exchange_endpoint": ("M365_EXCHANGE_ENDPOINT",),
    "graph_endpoint": ("M365_GRAPH_ENDPOINT",),
    "ca_path": ("M365_CA_PATH",),
}
# Of the mailbox that a probe signs in.
MAILBOX_ENVIRONMENT = {"password": ("M365_SMTP_PASSWORD",), "smtp_token": ("M365_SMTP_TOKEN",)}


def connection_spec() -> dict[str, dict[str, Any]]:
    """The options by which every module connects."""
    spec: dict[str, dict[str, Any]] = {
        "tenant_id": {"type": "str"},
        "client_id": {"type": "str"},
        "auth_method": {"type": "str", "default": "auto", "choices": list(AUTH_METHODS)},
        "client_secret": {"type": "str", "no_log": True},
        "certificate_path": {"type": "path"},
        "certificate_content": {"type": "str", "no_log": True},
        "certificate_passphrase": {"type": "str", "no_log": True},
        "federated_token": {"type": "str", "no_log": True},
        "federated_token_file": {"type": "path", "no_log": False},
        "access_token": {"type": "str", "no_log": True},
        "cloud": {"type": "str", "default": "public", "choices": list(CLOUDS)},
        "login_endpoint": {"type": "str"},
        "exchange_endpoint": {"type": "str"},
        "graph_endpoint": {"type": "str"},
        "ca_path": {"type": "path"},
        "timeout": {"type": "int", "default": 120},
        "max_retries": {"type": "int", "default": 5},
        "deadline": {"type": "int", "default": 3600},
    }
    for option, names in ENVIRONMENT.items():
        spec[option]["fallback"] = (from_environment, list(names))
    return spec


def from_environment(*names: str) -> str:
    """The first of these variables that holds something: AWX sets those of a credential's empty fields too.

    :raises AnsibleFallbackNotFound: none does.
    """
    for name in names:
        value = os.environ.get(name, "")
        if value.strip():
            return value
    raise AnsibleFallbackNotFound


_TEXTS = ("str", "path")
_GUARDS = ("max_changes",)  # what an empty one would switch off stays where it is, and is refused


def drop_empty_texts(params: dict[str, Any], spec: Mapping[str, Mapping[str, Any]]) -> None:
    """Take out the options that are null or hold nothing but white space, as a variable that isn't set gives them: the
    environment or the default counts then. Lists are their own matter.
    """
    numbers = ["port", "wait", *(name for name, option in connection_spec().items() if option["type"] == "int")]
    for name, option in spec.items():
        if name in _GUARDS or (option.get("type", "str") not in _TEXTS and name not in numbers):
            continue
        for given in (name, *option.get("aliases", ())):
            value = params.get(given, "something")
            if value is None or (isinstance(value, str) and not value.strip()):
                del params[given]


def split_choices(params: dict[str, Any], spec: Mapping[str, Mapping[str, Any]]) -> None:
    """Take a text of several choices apart as people write it, with a space after each comma."""
    for name, option in spec.items():
        value = params.get(name)
        if option.get("type") == "list" and "choices" in option and isinstance(value, str):
            params[name] = [part.strip() for part in value.split(",")]


# Infinity, and powers of ten: Ansible would die of the one, and write the other out however long it is.
_ODD_NUMBER = re.compile(r"\s*[+-]?(inf(inity)?|[\d_]*\.?[\d_]*e.*)\s*", re.IGNORECASE)


def keep_odd_numbers(params: dict[str, Any], spec: Mapping[str, Mapping[str, Any]]) -> None:
    """Let Ansible refuse, in its own words, what it would take for a number and nobody means as one: ``true`` is 1 to
    it, and a limit of 1 isn't what was meant.
    """
    for name, option in spec.items():
        value = params.get(name)
        if option.get("type") == "int" and (isinstance(value, bool) or _ODD_NUMBER.fullmatch(str(value))):
            params[name] = repr(str(value))


def mailboxes_spec(*, required: bool) -> dict[str, dict[str, Any]]:
    """The list of mailboxes, and what to do about those that aren't there."""
    return {
        "mailboxes": {"type": "list", "elements": "str", "required": required, "aliases": ["mailbox"]},
        "missing": {"type": "str", "default": "fail", "choices": ["fail", "warn"]},
    }


ROWS = ("all", "changed", "first", "none")


def writing_spec(*, rows: str | None = None) -> dict[str, dict[str, Any]]:
    """How a writing module writes and reports. ``rows``: what ``return_mailboxes`` is if it isn't given."""
    return {
        "verify": {"type": "bool", "default": True},
        "concurrency": {"type": "int", "default": DEFAULT_CONCURRENCY},
        "return_mailboxes": {"type": "str", "default": rows, "choices": list(ROWS)},
        "journal_path": {"type": "path"},
        "expected_plan": {"type": "str"},
    }


def checking_spec() -> dict[str, dict[str, Any]]:
    """What a module that sets mailboxes looks at elsewhere before it writes."""
    return {
        "preflight": {"type": "str", "default": "warn", "choices": ["warn", "fail", "off"]},
        "refuse_if_used_within_days": {"type": "int"},
    }


def declaring_spec() -> dict[str, dict[str, Any]]:
    """What a baseline declares: exceptions, and plain lists from options and from files."""
    spec: dict[str, dict[str, Any]] = {"exceptions": {"type": "list", "elements": "dict"}}
    for state in STATES:
        spec[state] = {"type": "list", "elements": "str"}
        spec[f"{state}_file"] = {"type": "path"}
    return spec
