# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Try to sign in until it works or the time for that is over: gently, and never where another try could do harm."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from .._smtp_auth.effective import UNKNOWN
from .._smtp_auth.smtp_answers import ACCEPTED, Judgement, Met, by_layer

if TYPE_CHECKING:
    from .._http.clock import Clock
    from .._progress import Progress

FIRST_PAUSE = 15.0  # seconds
LONGEST_PAUSE = 60.0
_GROWTH = 1.5
_LEAST_PAUSE = 5.0
_RESERVE = 1.0  # seconds that are left to the deadline for the result


@dataclasses.dataclass
class Probe:
    """What was found. ``met``: at the last try; None if there was none. ``seconds``: from the first try to the last."""

    judgement: Judgement
    met: Met | None = None
    tried: int = 0
    seconds: float = 0.0


def not_tried(why: str) -> Probe:
    return Probe(Judgement(UNKNOWN, "", why))


def try_to_sign_in(
    probe: Probe,
    sign_in: Callable[[], tuple[Met, Judgement]],
    clock: Clock,
    progress: Progress,
    *,
    wait: float,
) -> None:
    """Try, and go on trying for ``wait`` seconds while that may help. What was found is in ``probe`` at any moment.

    :raises InterruptedTaskError: the task was told to stop.
    """
    start = clock.now()
    pause = FIRST_PAUSE
    while True:
        probe.met, probe.judgement = sign_in()
        probe.tried += 1
        probe.seconds = clock.now() - start
        if probe.judgement.result == ACCEPTED or not probe.judgement.again:
            return
        left = min(wait - probe.seconds, clock.remaining() - _RESERVE)
        if left < _LEAST_PAUSE:
            return
        rest = min(pause, left)
        progress.tell(lambda now=probe, rest=rest, left=left: _line(now, rest, left))  # type: ignore[misc]
        clock.wait(rest, "Between two sign-ins")
        pause = min(LONGEST_PAUSE, pause * _GROWTH)


def _line(probe: Probe, rest: float, left: float) -> str:
    by = f" {by_layer(probe.judgement.layer)}" if probe.judgement.layer else ""
    return f"try {probe.tried}: {probe.judgement.result}{by}; the next one in {rest:.0f} s, {left:.0f} s are left"
