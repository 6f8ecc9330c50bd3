# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Look-ups that are given up for pages once these are the better way to the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from .._errors import M365Error

if TYPE_CHECKING:
    from .._exchange.batch import BatchRun, Outcome


class LookUps:
    """The outcomes of a run, by place, as they come. ``left``: afterwards, the places that weren't asked for."""

    def __init__(self, run: BatchRun, number: int, pages_win: Callable[[int], bool] | None) -> None:
        """``pages_win``: whether pages are the better way to so many that weren't sent yet; None: they never are."""
        self._run = run
        self._number = number
        self._pages_win = pages_win
        self.left: list[int] = []

    def __iter__(self) -> Iterator[tuple[int, Outcome]]:
        for place, outcome in self._run:
            if isinstance(outcome, M365Error) and outcome.code == "given_up":
                self.left.append(place)
                continue
            yield place, outcome
            if self._pages_win and self._pages_win(self._number - len(self._run.sent)):
                self._run.end(M365Error("The rest is read in pages.", code="given_up"))
