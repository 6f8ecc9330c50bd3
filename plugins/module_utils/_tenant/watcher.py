# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Who is told of mailboxes while they are being read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._smtp_auth.identity import Entry
    from .._smtp_auth.mailbox import Mailbox


class Watcher:
    """This one doesn't want to know."""

    def notice(self, mailbox: Mailbox, entry: Entry) -> None:
        """The entry names this mailbox, as far as was seen."""

    def goes_on(self) -> None:
        """Further requests for mailboxes follow."""
