# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Command line: ``python -m simulation --seeds 1000 --first-seed 0``, or ``--seed 7`` to read one as a story."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence

from simulation.engine import engine_modules
from simulation.night import Outcome, play
from simulation.world import START

_SHOWN = 5  # of each kind of broken invariants


def _played(seed: int) -> Outcome:
    try:
        outcome = play(seed)
    except Exception as error:  # a fault of the simulation: it has to be seen, with its seed
        return Outcome(seed, [f"simulation: {type(error).__name__}: {error}"], [])
    if not outcome.broken:
        outcome.story = []
    return outcome


def play_all(seeds: Sequence[int], processes: int) -> list[Outcome]:
    """The outcomes, in the order of the seeds."""
    engine_modules()  # once, and not in every process
    if processes <= 1 or len(seeds) < 4:
        return [_played(seed) for seed in seeds]
    with multiprocessing.get_context("fork").Pool(processes, maxtasksperchild=500) as pool:
        return pool.map(_played, seeds, chunksize=10)


def story_of(outcome: Outcome) -> str:
    lines = [f"[{at - START:9.2f} s] {text}" for at, text in outcome.story]
    return "\n".join([f"Seed {outcome.seed}", *lines, *(f"BROKEN {text}" for text in outcome.broken)])


def summary_of(outcomes: Sequence[Outcome], seconds: float) -> str:
    broken = [outcome for outcome in outcomes if outcome.broken]
    runs, requests = sum(one.runs for one in outcomes), sum(one.requests for one in outcomes)
    hours = sum(one.seconds for one in outcomes) / 3600
    lines = [
        f"{len(outcomes)} seeds, {runs} runs, {requests} requests, {hours:.0f} simulated hours, in {seconds:.0f} s."
    ]
    kinds = Counter(text.partition(":")[0] for one in broken for text in {t.partition(":")[0]: t for t in one.broken})
    lines += [f"  {number} seeds broke: {kind}" for kind, number in kinds.most_common()]
    shown: Counter[str] = Counter()
    for one in broken:
        for text in one.broken:
            shown[text.partition(":")[0]] += 1
            if shown[text.partition(":")[0]] <= _SHOWN:
                lines.append(f"Seed {one.seed}: {text}")
    if broken:
        lines.append(f"{len(broken)} seeds broke an invariant. See one again: make simulate SEED={broken[0].seed}")
    else:
        lines.append("No invariant broke.")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--seed", type=int, help="play this one and tell its story")
    parser.add_argument("--without", nargs="*", default=[], metavar="NAME", help="don't look at these invariants")
    parser.add_argument("--processes", type=int, default=min(os.cpu_count() or 1, 8))
    arguments = parser.parse_args()
    if arguments.seed is not None:
        outcome = play(arguments.seed)
        print(story_of(outcome))
        return 1 if outcome.broken else 0
    started = time.monotonic()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    outcomes = play_all(seeds, arguments.processes)
    for outcome in outcomes:
        outcome.broken = [text for text in outcome.broken if text.partition(":")[0] not in arguments.without]
    print(summary_of(outcomes, time.monotonic() - started))
    return 1 if any(outcome.broken for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
