# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What decides beside the mailboxes' own settings, asked for while these are still being read.

What holds for all of them is asked for once a mailbox was seen of which it is going to be needed, and only if more
requests for mailboxes follow: without those nothing would be gained, and a request for few users has room for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .watcher import Watcher

if TYPE_CHECKING:
    from types import TracebackType

    from .._smtp_auth.identity import Entry
    from .._smtp_auth.mailbox import Mailbox
    from .layers import LayerReader
    from .mailboxes import MailboxStore


class EarlyLayers(Watcher):
    """Watches a store for a reader. As a context, it ends with that."""

    def __init__(
        self, reader: LayerReader, store: MailboxStore, most: int, wanted: Callable[[Mailbox, Entry], bool]
    ) -> None:
        """``wanted``: whether the layers of a mailbox are going to be needed. ``most``: of so many at most."""
        self._reader = reader
        self._store = store
        self._wanted = wanted
        self._any = False
        self._accounts = reader.accounts.begin_early(most, lambda: store.pages_expected)
        store.watcher = self

    def notice(self, mailbox: Mailbox, entry: Entry) -> None:
        if self._wanted(mailbox, entry):
            self._any = True
            self._accounts.notice(mailbox)

    def goes_on(self) -> None:
        if self._any:
            self._reader.begin_tenant()

    def end(self) -> None:
        """The mailboxes were read."""
        self._store.watcher = Watcher()

    def __enter__(self) -> EarlyLayers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        self._reader.end_early()
