# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documented tables are those of the code, and leave no combination out."""

from __future__ import annotations

import csv

import pytest
from tools import effective_table
from tools.effective_table import BY_SWITCH, CSV, HOW, PAGE, Combination, Row

COMBINATIONS = list(effective_table.combinations())


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return effective_table.rows()


def holds(row: Row, combination: Combination) -> bool:
    switch = effective_table.switch_of(combination["mailbox"], combination["organization"])
    return all((switch if layer == "switch" else combination[layer]) in cell for layer, cell in row.cells.items())


def test_the_page_has_the_tables_of_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert effective_table.page_text(page) == page, HOW


def test_the_csv_file_is_that_of_the_code() -> None:
    assert CSV.read_bytes() == effective_table.csv_text().encode(), HOW


def test_the_csv_file_has_every_combination_once() -> None:
    lines = list(csv.DictReader(CSV.read_text(encoding="utf-8").splitlines()))
    assert [{layer: line[layer] for layer in effective_table.LAYERS} for line in lines] == COMBINATIONS
    assert len({tuple(combination.values()) for combination in COMBINATIONS}) == 4 * 3**6
    assert CSV.stat().st_size < 400_000


def test_every_combination_is_in_exactly_one_row_that_gives_its_answer(rows: list[Row]) -> None:
    for combination in COMBINATIONS:
        found = [row for row in rows if holds(row, combination)]
        assert len(found) == 1, combination
        answer = effective_table.decide(combination)
        said = found[0].answer
        if said.decided_by == BY_SWITCH:
            assert answer.decided_by in ("mailbox", "organization")
            said = said._replace(decided_by=answer.decided_by)
        assert said == answer, combination


def test_the_rows_are_few_enough_to_be_read(rows: list[Row]) -> None:
    assert len(rows) < 40
    assert {row.answer.decided_by for row in rows} == {BY_SWITCH, *effective_table.BEYOND}


def test_a_table_that_has_grown_old_is_written_anew() -> None:
    page = PAGE.read_text(encoding="utf-8")
    old = page.replace("| on | blocks | any |", "| on | blocks | none |")
    assert old != page
    assert effective_table.page_text(old) == page


def test_a_page_without_its_marks_is_refused() -> None:
    page = PAGE.read_text(encoding="utf-8").replace("<!-- table decision: end -->", "")
    with pytest.raises(ValueError, match="table decision"):
        effective_table.page_text(page)
