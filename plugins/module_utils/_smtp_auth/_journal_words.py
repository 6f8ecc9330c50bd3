# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The words of a journal's lines, for who writes them and who reads them.

A line of ``INTENT`` is there before the request is sent, one of the other outcomes after its answer. A line with an
outcome may also stand alone: journals of earlier versions have no intents.
"""

from __future__ import annotations

INTENT = "intent"  # is about to be asked for
WRITTEN = "written"  # the service took it
UNKNOWN = "unknown"  # no answer that can be understood: it may have been taken
NOT_WRITTEN = "not_written"  # refused, or not sent after all
OUTCOMES = (INTENT, WRITTEN, UNKNOWN, NOT_WRITTEN)

ORGANIZATION = "organization"  # in place of mailbox and guid: the organization's setting
KEYS = ("time", "tenant", "mailbox", "guid", "before", "after", "outcome")
