# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may name a mailbox, and what is refused, by position, before anything is asked."""

from __future__ import annotations

import copy
import datetime
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.identity import (
    ADDRESS,
    ALIAS,
    GUID,
    MAX_LENGTH,
    EntryError,
    as_given,
    fold,
    is_guid,
    parse_entries,
)

SOME_GUID = "5f1c0a5e-8d3b-4f0e-9a55-0b4d8f1c2a77"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("anna@contoso.com", ADDRESS),
        ("anna.b+printer@mail.contoso.com", ADDRESS),
        ("o'neil@contoso.com", ADDRESS),
        ("guest_example.org#EXT#@contoso.onmicrosoft.com", ADDRESS),
        ("zoë@contoso.com", ADDRESS),
        ("x@münchen.example", ADDRESS),
        ("a/b&c=d@contoso.com", ADDRESS),
        ("anna", ALIAS),
        ("anna.b-c_d", ALIAS),
        ("deadbeef", ALIAS),
        (SOME_GUID, GUID),
        (SOME_GUID.upper(), GUID),
        ("a" * 308 + "@contoso.com", ADDRESS),
    ],
)
def test_takes_every_form_of_a_name(text: str, kind: str) -> None:
    (entry,) = parse_entries([text])
    assert (entry.position, entry.text, entry.kind, entry.key) == (1, text, kind, fold(text))


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "is null"),
        ("", "is blank"),
        (" ", "is blank"),
        ("\t", "is blank"),
        ("\n", "is blank"),
        ("\u00a0", "is blank"),
        ("\u2003", "is blank"),
        (83, "is a number, not a text: put it in quotes (without them it was read as 83)"),
        (0.5, "is a number"),
        (True, "is a boolean"),
        (datetime.date(2026, 1, 1), "is a date"),
        ({"mailbox": "anna@contoso.com"}, "is a mapping"),
        (["anna@contoso.com"], "is a list"),
        (b"anna", "is a value of type bytes"),
        (as_given(83), "is a number"),
        (copy.deepcopy(as_given(True)), "is a boolean"),
        (as_given(["anna@contoso.com"]), "is a list"),
        ("anna@contoso.com\nben@contoso.com", "line break"),
        ("anna@contoso.com\r", "line break"),
        ("anna@contoso.com\n", "line break"),
        ("anna\u2028@contoso.com", "U+2028"),
        ("anna\0@contoso.com", "U+0000"),
        ("anna\x1b[31m@contoso.com", "U+001B"),
        ("anna\x7f@contoso.com", "U+007F"),
        ("an\u200bna@contoso.com", "U+200B"),
        ("\ufeffanna@contoso.com", "U+FEFF"),
        ("an\u202ena@contoso.com", "U+202E"),
        ("an\u00adna@contoso.com", "U+00AD"),
        (" anna@contoso.com", "white space"),
        ("anna@contoso.com ", "white space"),
        ("Anna Schmidt", "white space"),
        ("anna\t@contoso.com", "U+0009"),
        ("anna\u00a0b@contoso.com", "white space"),
        ("a" * 309 + "@contoso.com", "321 characters"),
        ("@contoso.com", "not an address"),
        ("anna@", "not a domain"),
        ("anna@contoso", "not a domain"),
        ("anna@-contoso.com", "not a domain"),
        ("anna@.contoso.com", "not a domain"),
        ("anna@contoso..com", "not a domain"),
        ("anna@contoso.com.", "not a domain"),
        ("anna@@contoso.com", "not an address"),
        ("anna@ben@contoso.com", "not an address"),
        (".anna@contoso.com", "not an address"),
        ("anna.@contoso.com", "not an address"),
        ("an..na@contoso.com", "not an address"),
        ("smtp:anna@contoso.com", "not an address"),
        ("<anna@contoso.com>", "not an address: write only what is between"),
        ("Anna <anna@contoso.com>", "not an address: write only what is between"),
        ("'anna@contoso.com'", "stands in quotes"),
        ("'anna@contoso.com", "stands in quotes"),
        ("anna@contoso.com'", "stands in quotes"),
        ('"anna@contoso.com"', "stands in quotes"),
        ("\u201canna@contoso.com\u201d", "stands in quotes"),
        ("mailto:anna@contoso.com", "not an address: name@domain is needed, without prefix"),
        ("anna@contoso.com,ben@contoso.com", "not an address"),
        ("anna@contoso.com;ben@contoso.com", "not an address"),
        ('"anna"@contoso.com', "stands in quotes"),
        ("*@contoso.com", "not an address"),
        ("ann?@contoso.com", "not an address"),
        ("anna@[10.0.0.1]", "not an address"),
        ("*", "neither"),
        ("ann*", "neither"),
        ("CONTOSO\\anna", "neither"),
        ("anna.", "neither"),
        ("..", "neither"),
        (f"{{{SOME_GUID}}}", "malformed GUID"),
        (SOME_GUID[:-1], "malformed GUID"),
        (SOME_GUID + "0", "malformed GUID"),
        (SOME_GUID.replace("-", ""), "malformed GUID"),
        ("00000000-0000-0000-0000-000000000000", "empty GUID"),
    ],
)
def test_refuses_what_names_no_mailbox(value: Any, problem: str) -> None:
    with pytest.raises(EntryError) as caught:
        parse_entries(["first@contoso.com", value])
    (said,) = caught.value.problems
    assert said.startswith("entry 2 ")
    assert problem in said
    assert said.isprintable(), "a terminal shows the message as it is"


def test_names_every_bad_entry_at_once() -> None:
    with pytest.raises(EntryError) as caught:
        parse_entries(["", "anna@contoso.com", None, "*"])
    assert [problem.split()[1] for problem in caught.value.problems] == ["1", "3", "4"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("anna@contoso.com", "anna@contoso.com"),
        ("anna@contoso.com", "ANNA@Contoso.COM"),
        ("straße@contoso.com", "STRASSE@contoso.com"),
        (SOME_GUID, SOME_GUID.upper()),
        ("anna", "Anna"),
    ],
)
def test_refuses_the_same_name_twice(first: str, second: str) -> None:
    with pytest.raises(EntryError, match=r"entry 3 \(.*\) is the same as entry 1"):
        parse_entries([first, "other@contoso.com", second])


def test_keeps_the_order_and_counts_from_one() -> None:
    entries = parse_entries(["b@contoso.com", "a@contoso.com", SOME_GUID])
    assert [(entry.position, entry.text) for entry in entries] == [
        (1, "b@contoso.com"),
        (2, "a@contoso.com"),
        (3, SOME_GUID),
    ]
    assert parse_entries([]) == []


@pytest.mark.parametrize("text", [SOME_GUID + "\n", "", "x", f"{{{SOME_GUID}}}", SOME_GUID.replace("5", "g")])
def test_what_is_no_guid(text: str) -> None:
    assert not is_guid(text)


def test_the_longest_name() -> None:
    longest = "a" * MAX_LENGTH
    assert parse_entries([longest])[0].text == longest
    with pytest.raises(EntryError, match=str(MAX_LENGTH)):
        parse_entries([longest + "a"])
