# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters of the role ``smtp_auth`` and of the playbooks; each is documented in the YAML file of its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_audit import report_audit
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_check import report_check
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_declaration import (
    expected_of,
    is_readable_by_modules,
    make_declaration,
    make_undoing,
    refused,
)
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_probing import report_probe
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_start import look_at_start
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_tenants import (
    hand_on,
    overview,
    report_tenant,
)


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "smtp_auth_audit_report": report_audit,
            "smtp_auth_check_report": report_check,
            "smtp_auth_declaration": make_declaration,
            "smtp_auth_expected": expected_of,
            "smtp_auth_overview": overview,
            "smtp_auth_plain_file": is_readable_by_modules,
            "smtp_auth_probe_report": report_probe,
            "smtp_auth_refused": refused,
            "smtp_auth_start": look_at_start,
            "smtp_auth_tenant_report": report_tenant,
            "smtp_auth_totals": hand_on,
            "smtp_auth_undoing": make_undoing,
        }
