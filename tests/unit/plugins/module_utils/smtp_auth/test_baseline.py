# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A declared baseline: what is wrong with one is told at once, and how it stands on a day."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.baseline import (
    BaselineError,
    parse_exceptions,
    stand,
)

TODAY = datetime.date(2026, 11, 24)
PRINTER = {"mailbox": "printer@contoso.com", "state": "enabled"}


def problems(*values: Any, require_owner: bool = False) -> list[str]:
    with pytest.raises(BaselineError) as caught:
        parse_exceptions(values, require_owner=require_owner)
    return caught.value.problems


def test_reads_all_that_is_declared() -> None:
    full = {**PRINTER, "owner": " Facilities ", "reason": 4711, "expires": "2027-03-31"}
    (first, second) = parse_exceptions([full, {"mailbox": "erp", "state": "disabled"}], require_owner=False)
    assert (first.entry.text, first.entry.position, first.state) == ("printer@contoso.com", 1, "enabled")
    assert (first.owner, first.reason, first.expires) == ("Facilities", "4711", datetime.date(2027, 3, 31))
    assert (second.entry.position, second.owner, second.reason, second.expires) == (2, "", "", None)


@pytest.mark.parametrize("empty", [None, ""])
def test_what_is_empty_is_not_given(empty: Any) -> None:
    (found,) = parse_exceptions([{**PRINTER, "owner": empty, "reason": empty, "expires": empty}], require_owner=False)
    assert (found.owner, found.reason, found.expires) == ("", "", None)


@pytest.mark.parametrize(
    "date", [datetime.date(2027, 3, 31), "2027-03-31", " 2027-03-31 "], ids=["a date of YAML", "a text", "with blanks"]
)
def test_dates(date: Any) -> None:
    (found,) = parse_exceptions([{**PRINTER, "expires": date}], require_owner=False)
    assert found.expires == datetime.date(2027, 3, 31)


@pytest.mark.parametrize(
    "date",
    [
        "2027-3-31",
        "20270331",
        20270331,
        "31.03.2027",
        "2027-02-29",
        "2027-13-01",
        "2027-W13-3",
        "never",
        "2027-03-31T00:00:00",
        datetime.datetime(2027, 3, 31),
        True,
        ["2027-03-31"],
        "\u0662\u0660\u0662\u0667-03-31",
    ],
)
def test_what_is_no_date_is_refused(date: Any) -> None:
    (said,) = problems({**PRINTER, "expires": date})
    assert said.startswith("exception 1 (printer@contoso.com) expires on ")
    assert "such as 2027-03-31" in said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({**PRINTER, "expire": "2027-03-31"}, "exception 1 (printer@contoso.com) has the unknown key 'expire'"),
        ({"state": "enabled"}, "exception 1 has no mailbox"),
        ({"mailbox": "", "state": "enabled"}, "its mailbox is blank"),
        ({"mailbox": None, "state": "enabled"}, "its mailbox is null"),
        ({"mailbox": 7, "state": "enabled"}, "its mailbox is a number, not a text: put it in quotes"),
        ({"mailbox": "a b@contoso.com", "state": "enabled"}, "exception 1 (a b@contoso.com) can't be used"),
        ({"mailbox": "printer@contoso.com"}, "exception 1 (printer@contoso.com) has no state"),
        ({**PRINTER, "state": "on"}, "has the state 'on': it has to be one of enabled, disabled, inherit"),
        ({**PRINTER, "state": True}, "has the state 'True'"),
        ({**PRINTER, "state": ["enabled"]}, "has the state"),
        ({**PRINTER, "owner": ["Facilities"]}, "has a list as owner"),
        ({**PRINTER, "owner": 1.10}, "has a number as owner: a text is needed, so put it in quotes"),
        ({**PRINTER, "reason": "a\ud800"}, "has half a character (a lone surrogate) in its reason"),
        ({**PRINTER, "reason": True}, "has a boolean as reason"),
        ("printer@contoso.com", "exception 1 isn't a mapping"),
        (None, "exception 1 isn't a mapping"),
    ],
)
def test_what_is_wrong_is_named_by_position_and_mailbox(value: Any, said: str) -> None:
    (problem,) = problems(value)
    assert said in problem


@pytest.mark.parametrize("again", ["printer@contoso.com", "PRINTER@Contoso.com"])
def test_the_same_mailbox_twice(again: str) -> None:
    (said,) = problems(PRINTER, {"mailbox": "erp", "state": "enabled"}, {**PRINTER, "mailbox": again})
    assert said == f"exception 3 ({again}) is the same mailbox as exception 1: list each mailbox once"


def test_owner_and_reason_may_be_required() -> None:
    told = problems(PRINTER, {**PRINTER, "mailbox": "erp", "owner": "Finance", "reason": " "}, require_owner=True)
    assert [text.partition(", and")[0] for text in told] == [
        "exception 1 (printer@contoso.com) has no owner",
        "exception 1 (printer@contoso.com) has no reason",
        "exception 2 (erp) has no reason",
    ]


def test_everything_is_told_at_once() -> None:
    told = problems(
        {"mailbox": "", "state": "on", "colour": "red"},
        PRINTER,
        {"mailbox": "erp", "state": "enabled", "expires": "soon"},
        {"mailbox": "printer@contoso.com", "state": "enabled", "owner": {}},
    )
    assert [text.split()[1] for text in told] == ["1", "1", "1", "3", "4", "4"]


@pytest.mark.parametrize(
    ("expires", "left", "standing"),
    [
        (None, None, "active"),
        ("2026-11-23", -1, "expired"),
        ("2026-11-24", 0, "expiring"),
        ("2026-12-24", 30, "expiring"),
        ("2026-12-25", 31, "active"),
        ("2025-11-24", -365, "expired"),
    ],
)
def test_an_exception_holds_through_its_last_day(expires: str | None, left: int | None, standing: str) -> None:
    exceptions = parse_exceptions([{**PRINTER, "expires": expires}], require_owner=False)
    baseline = stand(exceptions, "inherit", TODAY)
    assert exceptions[0].days_left(TODAY) == left
    assert bool(baseline.expired) is (standing == "expired")
    assert bool(baseline.active) is (standing != "expired")
    assert bool(baseline.expiring) is (standing == "expiring")
