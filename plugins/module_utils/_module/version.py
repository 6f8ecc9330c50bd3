# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Which release this is: a module runs out of an archive, where galaxy.yml isn't. A test compares the two."""

from __future__ import annotations

COLLECTION = "m365ops.exchange_online"
VERSION = "0.1.0"
