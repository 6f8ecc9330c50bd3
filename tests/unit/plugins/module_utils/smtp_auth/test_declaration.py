# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exceptions and plain lists become one declaration; what is wrong is told by its place."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.baseline import BaselineError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.declaration import PlainList, declare


def exception(mailbox: str, state: str = "enabled", **more: Any) -> dict[str, Any]:
    return {"mailbox": mailbox, "state": state, **more}


def test_all_of_it_has_positions_of_its_own_and_knows_its_place() -> None:
    declared = declare(
        [exception("a@contoso.com"), exception("b@contoso.com", "inherit")],
        [
            PlainList("enabled", "enabled", ["c@contoso.com"]),
            PlainList("disabled", "disabled_file", ["d@contoso.com", "alias"]),
        ],
    )
    assert [(one.entry.position, one.entry.text, one.state, one.place) for one in declared] == [
        (1, "a@contoso.com", "enabled", "exception 1"),
        (2, "b@contoso.com", "inherit", "exception 2"),
        (3, "c@contoso.com", "enabled", "entry 1 of enabled"),
        (4, "d@contoso.com", "disabled", "entry 1 of disabled_file"),
        (5, "alias", "disabled", "entry 2 of disabled_file"),
    ]


def test_nothing_may_be_declared() -> None:
    assert declare([], [PlainList("enabled", "enabled", [])]) == []


@pytest.mark.parametrize(
    ("exceptions", "lists", "problems"),
    [
        (
            [exception("a@contoso.com")],
            [["A@contoso.com"]],
            ["A@contoso.com is declared twice, as exception 1 and as entry 1 of list0: declare it once"],
        ),
        (
            [],
            [["x", "alias"], ["y", "z", "ALIAS"]],
            ["ALIAS is declared twice, as entry 2 of list0 and as entry 3 of list1: declare it once"],
        ),
        (
            [exception("a@contoso.com", "off")],
            [["b@@c"]],
            [
                "exception 1 (a@contoso.com) has the state 'off': it has to be one of enabled, disabled, inherit",
                "list0: entry 1 (b@@c) is not an address: name@domain is needed, without prefix, brackets or wildcards",
            ],
        ),
    ],
)
def test_what_is_wrong_is_told_at_once(exceptions: list[Any], lists: list[list[str]], problems: list[str]) -> None:
    with pytest.raises(BaselineError) as caught:
        declare(exceptions, [PlainList("enabled", f"list{at}", names) for at, names in enumerate(lists)])
    assert caught.value.problems == problems


@pytest.mark.parametrize("names", [[], ["a@contoso.com"]])
def test_a_list_has_no_owners(names: list[str]) -> None:
    lists = [PlainList("enabled", "enabled", names)]
    if not names:
        assert declare([], lists, require_owner=True) == []
        return
    with pytest.raises(BaselineError, match="enabled names mailboxes without owner and reason"):
        declare([], lists, require_owner=True)
