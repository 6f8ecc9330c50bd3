# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters by which the role ``smtp_auth`` handles baselines, journals and many tenants; each is documented in the
YAML file of its name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_tenants import (
    add_up,
    make_declaration,
    overview,
    report_tenant,
)


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "smtp_auth_declaration": make_declaration,
            "smtp_auth_tenant_report": report_tenant,
            "smtp_auth_totals": add_up,
            "smtp_auth_overview": overview,
        }
