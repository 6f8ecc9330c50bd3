# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""A few look-ups beside a listing: they tell how long look-ups take, and what they find isn't asked for again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from .._errors import AmbiguousError, M365Error, NotFoundError
from .._exchange.wire import CommandResult
from .._http.workers import Workers
from .ways import batches_of

if TYPE_CHECKING:
    from .._exchange.batch import BatchRun, Outcome
    from .._smtp_auth.identity import Entry

_POLL = 0.2  # seconds between moments at which a signal can be heeded


class FirstLookUps:
    """Begins at once, in a thread of its own."""

    def __init__(self, entries: Sequence[Entry], run: Callable[[Sequence[Entry]], BatchRun]) -> None:
        self._entries = entries
        self._run = run(entries)
        self._outcomes: dict[int, Outcome] = {}
        self._is_running = True
        self._workers: Workers[BatchRun] = Workers(1, list)
        self._workers.submit(self._run)

    @property
    def batches(self) -> int:
        return batches_of(len(self._entries))

    def number_of(self, keys: Collection[str]) -> int:
        """How many of these it asks for."""
        return sum(entry.key in keys for entry in self._entries)

    def has_ended(self, within: float = 0.0) -> bool:
        """``within``: seconds that may be waited for it."""
        done = self._workers.next_done(within) if self._is_running else None
        if done:
            self._is_running = False
            self._workers.close()
            self._keep(done[1])
        return not self._is_running

    def end(self) -> None:
        """Begin no further request: the answers to those under way are still of use."""
        self._run.end(M365Error("Not needed any more.", code="not_needed"))

    def outcomes(self) -> dict[int, Outcome]:
        """What is known for sure, by the entries' positions. Waits for what is under way."""
        while not self.has_ended(_POLL):
            pass
        return self._outcomes

    def _keep(self, told: Iterable[tuple[int, Outcome]] | BaseException) -> None:
        """What failed otherwise may fare better when it is asked for once more."""
        if isinstance(told, BaseException):
            return
        for place, outcome in told:
            if isinstance(outcome, (CommandResult, NotFoundError, AmbiguousError)):
                self._outcomes[self._entries[place].position] = outcome
