# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters of the role ``smtp_auth`` and of the playbooks; each is documented in the YAML file of its name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

_UTILS = "ansible_collections.m365ops.exchange_online.plugins.plugin_utils"


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "smtp_auth_audit_report": _function("_smtp_auth_audit", "report_audit"),
            "smtp_auth_check_report": _function("_smtp_auth_check", "report_check"),
            "smtp_auth_declaration": _function("_smtp_auth_declaration", "make_declaration"),
            "smtp_auth_expected": _function("_smtp_auth_declaration", "expected_of"),
            "smtp_auth_overview": _function("_smtp_auth_overview", "overview"),
            "smtp_auth_plain_file": _function("_smtp_auth_declaration", "is_readable_by_modules"),
            "smtp_auth_probe_report": _function("_smtp_auth_probing", "report_probe"),
            "smtp_auth_refused": _function("_smtp_auth_refusal", "refused"),
            "smtp_auth_start": _function("_smtp_auth_start", "look_at_start"),
            "smtp_auth_tenant_report": _function("_smtp_auth_report", "report_tenant"),
            "smtp_auth_totals": _function("_smtp_auth_totals", "hand_on"),
            "smtp_auth_undoing": _function("_smtp_auth_declaration", "make_undoing"),
        }


def _function(module: str, name: str) -> Callable[..., Any]:
    """A function that is imported when it is called: Ansible gives every task a process of its own, which would import
    all of them for the one that it needs.
    """

    def call(*args: Any, **options: Any) -> Any:
        return getattr(import_module(f"{_UTILS}.{module}"), name)(*args, **options)

    return call
