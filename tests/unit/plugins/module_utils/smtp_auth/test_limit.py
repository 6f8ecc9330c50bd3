# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The most changes: a count, or a percentage rounded down."""

from __future__ import annotations

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.limit import parse_limit


@pytest.mark.parametrize(
    ("text", "mailboxes", "most"),
    [
        ("0", 1000, 0),
        ("20", 1000, 20),
        ("20", 5, 20),
        ("5%", 1000, 50),
        ("5%", 39, 1),
        ("5%", 19, 0),
        ("5 %", 20, 1),
        ("2.5%", 1000, 25),
        ("0.1%", 999, 0),
        ("0%", 1000, 0),
        ("100%", 13, 13),
        (" 7 ", 1, 7),
        ("33.3%", 1000, 333),
        ("29%", 100, 29),
    ],
)
def test_limits(text: str, mailboxes: int, most: int) -> None:
    limit = parse_limit(text)
    assert limit is not None
    assert limit.of(mailboxes) == most


@pytest.mark.parametrize("text", [None, "", "  "])
def test_none(text: str | None) -> None:
    assert parse_limit(text) is None


@pytest.mark.parametrize(
    "text", ["-1", "5.5", "101%", "100.1%", "-5%", "%", "5%%", "many", "1e3", "1,000", "\u0665%", "5 percent"]
)
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a count such as 20 or a percentage such as 5%"):
        parse_limit(text)


def test_a_percentage_says_what_it_comes_to() -> None:
    limit = parse_limit("5%")
    assert limit is not None
    assert limit.shown(13000) == "5%, which is 650 of 13,000"
