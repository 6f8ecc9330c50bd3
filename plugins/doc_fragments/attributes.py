# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.

from __future__ import annotations


class ModuleDocFragment:
    """What every module can do."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: With C(--check) the task tells what it would do and changes nothing.
  diff_mode:
    description: With C(--diff) the task shows each state before and after.
  idempotent:
    description: A second run with the same options changes nothing.
  action_group:
    description: Use C(group/m365ops.exchange_online.exchange_online) in C(module_defaults) to give the connection once.
    support: full
    membership:
      - m365ops.exchange_online.exchange_online
"""

    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details: The module only reads.
  diff_mode:
    support: N/A
    details: The module only reads.
  idempotent:
    support: full
    details: The module only reads.
"""
