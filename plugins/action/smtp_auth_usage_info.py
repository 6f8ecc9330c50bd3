# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``smtp_auth_usage_info`` runs as a module; this shows how far it is while it runs."""

from __future__ import annotations

from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._long_task import ActionModule

__all__ = ["ActionModule"]
