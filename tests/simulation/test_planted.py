# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults planted in the engine are found by the seeds that docs/contributing/simulation.md names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulation.night import play
from simulation.planted import PLANTS, find, planted

DOCS = Path(__file__).resolve().parents[2] / "docs" / "contributing" / "simulation.md"
ROW = re.compile(r"^\| ([^|]+?) \| (\d+) \| (\w[\w ]*) \|$", re.MULTILINE)
TABLE = {name: (int(seed), invariant) for name, seed, invariant in ROW.findall(DOCS.read_text(encoding="utf-8"))}


def test_the_docs_name_every_planted_fault() -> None:
    assert set(TABLE) == set(PLANTS)
    assert len(TABLE) >= 10


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_fault_is_found(name: str) -> None:
    """By the seed that is named; or, for what a night becomes depends on the engine too, by another one."""
    seed, invariant = TABLE[name]
    with planted(name):
        broken = play(seed).broken
    if invariant not in {text.partition(":")[0] for text in broken}:
        assert find(name, 500, processes=1), (
            f"docs/contributing/simulation.md names seed {seed}, which no longer finds it"
        )
