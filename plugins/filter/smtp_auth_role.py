# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters of the role ``smtp_auth``; each is documented in the YAML file of its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_fingerprint import expected_of
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_groups import (
    make_report,
    make_request,
    outcome_of,
    settle,
)


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "smtp_auth_request": make_request,
            "smtp_auth_expected": expected_of,
            "smtp_auth_outcome": outcome_of,
            "smtp_auth_plan": settle,
            "smtp_auth_report": make_report,
        }
