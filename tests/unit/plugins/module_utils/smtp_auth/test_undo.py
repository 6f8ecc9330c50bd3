# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a journal tells to put back, and what it must not."""

from __future__ import annotations

import contextlib
import json
import random
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.undo import (
    Undo,
    UndoError,
    check_tenant,
    read_journal,
)

TENANT = "c0ffee00-1111-4222-8333-444455556666"
OTHER = "d0ffee00-1111-4222-8333-444455556666"
GUID = "5f1c0a5e-8d3b-4f0e-9a55-0b4d8f1c2a77"
GUID_2 = "6f1c0a5e-8d3b-4f0e-9a55-0b4d8f1c2a77"


def line(before: str, after: str, outcome: str = "written", guid: str = GUID, **more: Any) -> str:
    content = {
        "time": "2026-11-23T21:28:31.123Z",
        "tenant": TENANT,
        "mailbox": f"{guid[0]}@contoso.com",
        "guid": guid,
        "before": before,
        "after": after,
        "outcome": outcome,
        **more,
    }
    return json.dumps({key: value for key, value in content.items() if value is not None})


def switch(before: str, after: str, outcome: str = "written") -> str:
    return line(before, after, outcome, object="organization", mailbox=None, guid="x").replace(', "guid": "x"', "")


def undo(*lines: str) -> Undo:
    return read_journal("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("lines", "before", "left_at"),
    [
        ([("inherit", "enabled", "written")], "inherit", ("enabled",)),
        # Several runs: from before the first to after the last.
        ([("inherit", "enabled", "written"), ("enabled", "disabled", "written")], "inherit", ("disabled",)),
        ([("inherit", "enabled", "written"), ("enabled", "inherit", "written")], "inherit", ("inherit",)),
        # Somebody else changed it between two runs.
        ([("inherit", "enabled", "written"), ("disabled", "enabled", "written")], "inherit", ("enabled",)),
        # No answer: it may have been taken or not.
        ([("inherit", "enabled", "unknown")], "inherit", ("enabled", "inherit")),
        ([("inherit", "enabled", "written"), ("enabled", "disabled", "unknown")], "inherit", ("disabled", "enabled")),
        ([("inherit", "enabled", "unknown"), ("inherit", "enabled", "written")], "inherit", ("enabled",)),
        (
            [("inherit", "enabled", "unknown"), ("enabled", "disabled", "unknown")],
            "inherit",
            ("disabled", "enabled", "inherit"),
        ),
    ],
)
def test_a_mailbox_goes_back_to_before_the_first_line(
    lines: list[tuple[str, str, str]], before: str, left_at: tuple[str, ...]
) -> None:
    (change,) = undo(*(line(*one) for one in lines)).mailboxes
    assert (change.guid, change.before, change.left_at) == (GUID, before, left_at)
    for state in ("enabled", "disabled", "inherit"):
        assert change.may_restore(state) is (state in left_at or state == before)


def test_mailboxes_come_in_the_order_of_their_first_lines() -> None:
    found = undo(
        line("inherit", "enabled"),
        line("inherit", "disabled", guid=GUID_2),
        line("enabled", "disabled", guid=GUID.upper(), mailbox="renamed@contoso.com"),
    )
    assert [(change.mailbox, change.before, change.left_at) for change in found.mailboxes] == [
        ("renamed@contoso.com", "inherit", ("disabled",)),
        ("6@contoso.com", "inherit", ("disabled",)),
    ]


def test_the_organizations_setting() -> None:
    found = undo(switch("enabled", "disabled"), line("inherit", "enabled"))
    assert found.organization is not None
    assert (found.organization.before, found.organization.left_at) == ("enabled", ("disabled",))
    assert len(found.mailboxes) == 1


@pytest.mark.parametrize("length", [1, 5, 10, 40, 120, 200])
def test_a_torn_line_is_told_and_spoils_nothing(length: int) -> None:
    whole, torn = line("inherit", "enabled"), line("enabled", "disabled", guid=GUID_2)[:length]
    for text in (f"{whole}\n{torn}", f"{torn}\n{whole}\n"):
        found = read_journal(text)
        assert [change.guid for change in found.mailboxes] == [GUID]
        assert found.torn == ((2,) if text.startswith(whole) else (1,))


# Intents and outcomes -------------------------------------------------------------------------------------------------

BEGUN, W, U, N = "intent", "written", "unknown", "not_written"

BOTH = ("enabled", "inherit")


@pytest.mark.parametrize(
    ("lines", "before", "left_at"),
    [
        # Killed before the answer: it may have been made or not.
        ([("inherit", "enabled", BEGUN)], "inherit", ("enabled", "inherit")),
        ([("inherit", "enabled", BEGUN), ("inherit", "enabled", W)], "inherit", ("enabled",)),
        ([("inherit", "enabled", BEGUN), ("inherit", "enabled", U)], "inherit", ("enabled", "inherit")),
        # Taken, and it never showed.
        ([("inherit", "enabled", BEGUN), ("inherit", "enabled", W), ("inherit", "enabled", U)], "inherit", BOTH),
        (
            [
                ("disabled", "inherit", W),
                ("inherit", "enabled", BEGUN),
                ("inherit", "enabled", W),
                ("inherit", "enabled", U),
            ],
            "disabled",
            BOTH,
        ),
        # Of an earlier run and of another one.
        ([("inherit", "enabled", W), ("enabled", "disabled", BEGUN)], "inherit", ("disabled", "enabled")),
        (
            [("inherit", "enabled", BEGUN), ("inherit", "enabled", BEGUN), ("inherit", "enabled", W)],
            "inherit",
            ("enabled",),
        ),
        (
            [("inherit", "enabled", BEGUN), ("enabled", "disabled", BEGUN), ("enabled", "disabled", N)],
            "inherit",
            ("enabled", "inherit"),
        ),
        (
            [("inherit", "enabled", BEGUN), ("inherit", "enabled", W), ("enabled", "disabled", N)],
            "inherit",
            ("enabled",),
        ),
        # An outcome of something else than what was to be done closes nothing.
        ([("inherit", "enabled", BEGUN), ("inherit", "disabled", W)], "inherit", ("disabled",)),
    ],
)
def test_an_intent_without_an_outcome_is_looked_at(
    lines: list[tuple[str, str, str]], before: str, left_at: tuple[str, ...]
) -> None:
    (change,) = undo(*(line(*one) for one in lines)).mailboxes
    assert (change.before, change.left_at) == (before, left_at)


@pytest.mark.parametrize("outcome", [[N], [BEGUN, N], [BEGUN, N, BEGUN, N]])
def test_what_was_refused_is_not_put_back(outcome: list[str]) -> None:
    found = undo(*(line("inherit", "enabled", one) for one in outcome))
    assert (found.mailboxes, found.unfinished, found.open_since) == ((), 0, None)


def test_intents_of_the_organizations_setting() -> None:
    found = undo(switch("enabled", "disabled", BEGUN))
    assert found.organization is not None
    assert found.organization.left_at == ("disabled", "enabled")
    assert undo(switch("enabled", "disabled", BEGUN), switch("enabled", "disabled", N)).organization is None


def test_how_many_are_unfinished_and_since_when() -> None:
    found = undo(
        line("inherit", "enabled", BEGUN, time="2026-11-23T21:28:31.123Z"),
        line("inherit", "enabled", BEGUN, guid=GUID_2, time="2026-11-23T21:28:35.000Z"),
        line("inherit", "enabled", W, guid=GUID_2),
    )
    assert found.unfinished == 1
    assert str(found.open_since) == "2026-11-23 21:28:31.123000+00:00"
    assert undo(line("inherit", "enabled", BEGUN, time="yesterday")).open_since is None
    assert undo(line("inherit", "enabled", BEGUN, time="2026-11-23T21:28:31")).open_since is None


@pytest.mark.parametrize("length", range(0, 400, 7))
def test_a_torn_outcome_leaves_its_intent(length: int) -> None:
    intent, outcome = line("inherit", "enabled", BEGUN), line("inherit", "enabled", W)
    found = read_journal(f"{intent}\n{outcome[:length]}")
    assert [change.before for change in found.mailboxes] == ["inherit"]


# Whatever is in the file ----------------------------------------------------------------------------------------------

ODD = [
    "9" * 5000, '{"time": ' + "9" * 5000 + "}", "[" * 100_000, '{"a":' * 50_000, "NaN", "null", "true", '"x"', "1e999",
    '{"time": NaN}', '{"time": null, "tenant": null}', "\ufeff{}", "\ud800", "\0", "{" * 10, "x" * 2_000_000,
    line("inherit", "enabled", mailbox="\ud800" * 400), line("inherit", "enabled", mailbox="x" * 10_000),
    line("inherit", "enabled", guid="00000000-0000-0000-0000-000000000000"), line("inherit", "enabled", "INTENT"),
    '{"time": "x", "n": ' + "9" * 5000 + "}",
]  # fmt: skip


@pytest.mark.parametrize("content", ODD, ids=lambda content: ascii(content[:20]))
def test_odd_lines_refuse_the_journal_and_break_nothing(content: str) -> None:
    for text in (content, f"{line('inherit', 'enabled')}\n{content}\n"):
        with pytest.raises(UndoError):
            read_journal(text)


def test_half_a_character_in_a_name_can_be_shown() -> None:
    (change,) = undo(line("inherit", "enabled", mailbox="a\ud800@contoso.com")).mailboxes
    assert change.mailbox.encode() == b"a\xef\xbf\xbd@contoso.com"


def test_whatever_becomes_of_a_journal_it_is_read_or_refused() -> None:
    """A few thousand spoiled journals, always the same ones."""
    chance = random.Random(10)
    whole = "\n".join(line("inherit", "enabled", outcome) for outcome in (BEGUN, W, BEGUN, U)) + "\n"
    pieces = [
        "{",
        "}",
        "[",
        '"',
        "\\",
        "\n",
        "null",
        "9" * 4400,
        "\ud83d",
        "\0",
        ":",
        ",",
        "NaN",
        "-",
        "[" * 9000,
        "\ufeff",
    ]
    for _each in range(3000):
        text = whole
        for _change in range(chance.randint(1, 4)):
            place = chance.randrange(len(text) + 1)
            text = text[:place] + chance.choice(pieces) + text[place + chance.choice((0, 0, 1, 5, 200)) :]
        with contextlib.suppress(UndoError):
            read_journal(text)


# What is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("mailbox,state", "line 2 isn't a JSON object"),
        ("[]", "line 2 isn't a JSON object"),
        ('{"a": 1}', "line 2 has no time, tenant"),
        (line("on", "enabled"), "line 2 has 'on' as before"),
        (line("inherit", ""), "line 2 has '' as after"),
        (line("inherit", "enabled", "perhaps"), "line 2 has 'perhaps' as outcome"),
        (line("inherit", "enabled", guid="5"), "line 2 has '5' as guid"),
        (line("inherit", "enabled", tenant="contoso.com"), "line 2 has 'contoso.com' as tenant"),
        (line("inherit", "enabled", time=None), "line 2 has no time"),
        (switch("inherit", "enabled"), "line 2 has 'inherit' as before"),
    ],
)
def test_what_no_journal_has_refuses_the_whole(bad: str, said: str) -> None:
    with pytest.raises(UndoError) as caught:
        undo(line("inherit", "enabled"), bad, line("inherit", "enabled"))
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["", "\n\n", '{"time": "2026'])
def test_a_journal_without_a_whole_line_is_refused(text: str) -> None:
    with pytest.raises(UndoError, match="no whole line"):
        read_journal(text)


def test_another_tenants_changes_are_refused() -> None:
    found = undo(line("inherit", "enabled"), line("inherit", "enabled", tenant=OTHER))
    with pytest.raises(UndoError, match=OTHER):
        check_tenant(found, TENANT)
    check_tenant(undo(line("inherit", "enabled")), TENANT.upper())
