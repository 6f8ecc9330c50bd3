# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The effective state: every combination of what the layers say, against rules that are written down as a table."""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.conditional_access import AccessPolicy
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.effective import (
    LAYERS,
    VERDICTS,
    Effective,
    Layer,
    decide,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.layers import (
    Account,
    AuthenticationPolicy,
    Judge,
    Tenant,
    User,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.unread import Unread

# What stops a sign-in (x), what leaves it open (?), what is in nobody's way (.), as administrators know it. A mailbox
# that follows the organization is in nobody's way itself; one that doesn't makes the organization be so.
RULES = """
mailbox                disabled  x x
mailbox                enabled   . .
mailbox                inherit   . .
organization           disabled  x x
organization           enabled   . .
organization           unread    ? ?
account                block     x ?
account                service   x x
account                allow     . .
account                unknown   ? ?
authentication_policy  block     x .
authentication_policy  allow     . .
authentication_policy  unknown   ? .
security_defaults      on        x .
security_defaults      off       . .
security_defaults      unknown   ? .
conditional_access     block     x .
conditional_access     allow     . .
conditional_access     unknown   ? .
basic_retirement       shown     x .
basic_retirement       before    . .
basic_retirement       after     ? .
"""
MARKS = {(layer, value): {"basic": b, "oauth": o} for layer, value, b, o in map(str.split, RULES.split("\n")[1:-1])}
VALUES = {layer: [value for name, value in MARKS if name == layer] for layer, _value in MARKS}

Combination = dict[str, str]
COMBINATIONS: list[Combination] = [
    dict(zip(VALUES, chosen, strict=True)) for chosen in itertools.product(*VALUES.values())
]

UNREAD = Unread("it is locked")
EVERYBODY = AccessPolicy("1", "No legacy", everyone=True)
LAYERS_OF_BASIC_ONLY = ("authentication_policy", "security_defaults", "conditional_access", "basic_retirement")


def marks(combination: Combination, kind: str) -> str:
    """One mark a layer, in the layers' order."""
    line = ""
    for layer, value in combination.items():
        asleep = layer == "organization" and combination["mailbox"] != "inherit"
        line += "." if asleep else MARKS[layer, value][kind]
    return line


def expected(combination: Combination) -> tuple[str, str, str]:
    """Basic, OAuth and who decides: first an x, then a question mark, then whoever switched it on."""

    def state(line: str) -> str:
        return "disabled" if "x" in line else "unknown" if "?" in line else "enabled"

    basic, oauth = marks(combination, "basic"), marks(combination, "oauth")
    for mark in "x?":
        if mark in basic:
            return state(basic), state(oauth), list(combination)[basic.index(mark)]
    return "enabled", state(oauth), "organization" if combination["mailbox"] == "inherit" else "mailbox"


FACTS: dict[str, dict[str, Any]] = {
    "organization": {"enabled": "enabled", "disabled": "disabled", "unread": UNREAD},
    "account": {
        "block": Account(False, True),
        "service": Account(False, False),
        "allow": Account(True, True),
        "unknown": UNREAD,
    },
    "authentication_policy": {"block": "Shut", "allow": "Open", "unknown": UNREAD},
    "security_defaults": {"on": True, "off": False, "unknown": UNREAD},
    "conditional_access": {"block": [EVERYBODY], "allow": [], "unknown": UNREAD},
}
POLICIES = [AuthenticationPolicy(name, name == "Open", frozenset([name.lower()])) for name in ("Open", "Shut")]


OF_USER = ("mailbox", "account", "authentication_policy")
JUDGES: dict[tuple[str, ...], Judge] = {}  # one for all users of a tenant, as in a task


def judged(combination: Combination) -> Effective:
    """By way of the facts from which the layers are made."""
    facts = {layer: known[combination[layer]] for layer, known in FACTS.items()}
    tenant = Tenant(
        organization=facts["organization"],
        default_policy="",
        policies=POLICIES,
        security_defaults=facts["security_defaults"],
        conditional_access=facts["conditional_access"],
        today=datetime.date(2027, 1, 1) if combination["basic_retirement"] == "after" else datetime.date(2026, 12, 31),
        retired=combination["basic_retirement"] == "shown",
    )
    kind = "SystemMailbox" if combination["account"] == "service" else "UserMailbox"
    user = User("u", kind, facts["authentication_policy"], facts["account"])
    of_tenant = tuple(combination[layer] for layer in LAYERS if layer not in OF_USER)
    return JUDGES.setdefault(of_tenant, Judge(tenant)).judge(combination["mailbox"], user)


@pytest.fixture(scope="module")
def decisions() -> list[tuple[Combination, Effective]]:
    return [(combination, judged(combination)) for combination in COMBINATIONS]


Decisions = list[tuple[Combination, Effective]]


def test_the_table_is_of_all_layers_in_their_order() -> None:
    assert tuple(VALUES) == LAYERS
    assert len(COMBINATIONS) == 4 * 3**6 == len({tuple(combination.values()) for combination in COMBINATIONS})


def test_every_combination_is_decided_as_the_rules_say(decisions: Decisions) -> None:
    found = [(c, (made.basic, made.oauth, made.decided_by)) for c, made in decisions]
    assert [(c, made, expected(c)) for c, made in found if made != expected(c)] == []


def test_each_answer_is_there(decisions: Decisions) -> None:
    """So that the comparison above isn't one of nothing with nothing."""
    assert {(made.basic, made.oauth) for _c, made in decisions} == {
        ("enabled", "enabled"),
        ("disabled", "enabled"),
        ("disabled", "unknown"),
        ("disabled", "disabled"),
        ("unknown", "enabled"),
        ("unknown", "unknown"),
    }
    assert {made.decided_by for _c, made in decisions} == set(LAYERS)


def test_the_layers_are_returned_in_order_with_what_they_say(decisions: Decisions) -> None:
    words = {"x": ("blocks",), "?": ("unknown",), ".": ("allows", "no_say")}
    for combination, made in decisions:
        assert [layer.name for layer in made.layers] == list(LAYERS)
        for kind in ("basic", "oauth"):
            for mark, layer in zip(marks(combination, kind), made.layers, strict=True):
                assert getattr(layer, kind) in words[mark], (combination, layer)


def test_the_organization_is_irrelevant_to_a_mailbox_with_a_setting_of_its_own(decisions: Decisions) -> None:
    answers: dict[tuple[str, ...], set[tuple[str, str, str, str]]] = {}
    for combination, made in decisions:
        if combination["mailbox"] != "inherit":
            rest = tuple(value for layer, value in combination.items() if layer != "organization")
            answers.setdefault(rest, set()).add((made.basic, made.oauth, made.decided_by, made.reason))
    assert len(answers) == 2 * 4 * 3**4
    assert [rest for rest, different in answers.items() if len(different) > 1] == []


def test_oauth_is_never_touched_by_the_layers_of_basic(decisions: Decisions) -> None:
    answers: dict[tuple[str, ...], set[str]] = {}
    for combination, made in decisions:
        rest = tuple(value for layer, value in combination.items() if layer not in LAYERS_OF_BASIC_ONLY)
        answers.setdefault(rest, set()).add(made.oauth)
    assert len(answers) == 4 * 3**2
    assert [rest for rest, different in answers.items() if len(different) > 1] == []


def test_whoever_is_blocked_stays_blocked_whatever_else_is_unknown_or_blocks(decisions: Decisions) -> None:
    """Changing one layer from open to unknown or blocking never makes an answer better."""
    rank = {"disabled": 0, "unknown": 1, "enabled": 2}
    answers = {tuple(combination.values()): made for combination, made in decisions}
    ways = [("account", *order) for order in (("allow", "unknown"), ("unknown", "block"), ("allow", "block"))]
    ways += [("account", "block", "service"), ("account", "unknown", "service")]
    ways += [
        (layer, *order[1:]) for layer in LAYERS_OF_BASIC_ONLY[:1] + LAYERS_OF_BASIC_ONLY[2:3] for order in ways[:3]
    ]
    ways += [("security_defaults", "off", "unknown"), ("security_defaults", "unknown", "on")]
    ways += [("basic_retirement", "before", "after"), ("basic_retirement", "after", "shown")]
    ways += [
        ("organization", "enabled", "unread"),
        ("organization", "unread", "disabled"),
        ("mailbox", "enabled", "disabled"),
    ]
    worse = 0
    for layer, before, after in ways:
        for combination, made in decisions:
            if combination[layer] == before:
                other = answers[tuple({**combination, layer: after}.values())]
                assert rank[other.basic] <= rank[made.basic], (combination, layer, after)
                assert rank[other.oauth] <= rank[made.oauth], (combination, layer, after)
                worse += other.basic != made.basic
    assert worse > 100


def test_unknown_is_said_only_and_always_where_it_matters(decisions: Decisions) -> None:
    for combination, made in decisions:
        for kind in ("basic", "oauth"):
            line = marks(combination, kind)
            assert (getattr(made, kind) == "unknown") is ("?" in line and "x" not in line), combination


def test_basic_is_at_risk_where_only_its_retirement_stands_or_may_stand_in_the_way(decisions: Decisions) -> None:
    at_risk = [c for c, made in decisions if made.basic_at_risk]
    assert at_risk == [
        c for c in COMBINATIONS if set(marks(c, "basic")[:-1]) == {"."} and c["basic_retirement"] != "shown"
    ]
    assert {c["basic_retirement"] for c in at_risk} == {"before", "after"}


def test_switched_on_is_a_matter_of_mailbox_and_organization_alone(decisions: Decisions) -> None:
    for combination, made in decisions:
        pair = (combination["mailbox"], combination["organization"])
        assert made.switched_on is (pair[0] == "enabled" or pair == ("inherit", "enabled")), combination


# The reason -----------------------------------------------------------------------------------------------------------


def test_the_reason_is_one_sentence(decisions: Decisions) -> None:
    for _combination, made in decisions:
        assert re.fullmatch(r"[A-Z][^.!?\n]*[^.,;: !?]\.", made.reason), made.reason


def test_the_reason_names_every_layer_to_which_the_answer_is_due_and_no_other(decisions: Decisions) -> None:
    for _combination, made in decisions:
        for kind in ("basic", "oauth"):
            deciding = {"disabled": "blocks", "unknown": "unknown"}.get(getattr(made, kind))
            assert all(x.reason in made.reason for x in made.layers if getattr(x, kind) == deciding), made
        named = [layer for layer in made.layers if layer.reason and layer.reason in made.reason]
        assert all({layer.basic, layer.oauth} & {"blocks", "unknown"} for layer in named)
        if "blocks" in {layer.basic for layer in named}:
            assert all(layer.basic == "blocks" or made.oauth == "unknown" == layer.oauth for layer in named), made


def test_every_layer_in_the_way_has_a_reason_of_its_own(decisions: Decisions) -> None:
    reasons = {
        (layer.name, layer.state, layer.basic): layer.reason
        for _combination, made in decisions
        for layer in made.layers
        if {layer.basic, layer.oauth} & {"blocks", "unknown"}
    }
    assert all(reasons.values())
    assert len(set(reasons.values())) == len(reasons)


CLEAR = {
    "mailbox": "enabled",
    "organization": "disabled",
    "account": "allow",
    "authentication_policy": "allow",
    "security_defaults": "off",
    "conditional_access": "allow",
    "basic_retirement": "before",
}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {},
            "Basic and OAuth can be used: SMTP AUTH is on by the mailbox's own setting, and no other layer blocks it.",
        ),
        (
            {"mailbox": "inherit", "organization": "enabled"},
            "Basic and OAuth can be used: SMTP AUTH is on by the organization's setting, and no other layer blocks it.",
        ),
        (
            {"mailbox": "disabled"},
            "Basic and OAuth are blocked: the mailbox's own setting is disabled (set it to enabled if it has to send).",
        ),
        (
            {"mailbox": "inherit"},
            (
                "Basic and OAuth are blocked: the mailbox follows the organization's setting, which is disabled "
                "(enable the mailbox itself)."
            ),
        ),
        (
            {"security_defaults": "on"},
            (
                "Basic is blocked: security defaults are on for the tenant (use OAuth, or Conditional Access in "
                "their place); OAuth can be used."
            ),
        ),
        (
            {"authentication_policy": "block", "conditional_access": "block", "basic_retirement": "after"},
            (
                "Basic is blocked: the user's authentication policy Shut doesn't allow Basic for SMTP (assign one"
                " that has AllowBasicAuthSmtp), and the Conditional Access policy No legacy blocks legacy clients"
                " (exclude the user from it); OAuth can be used."
            ),
        ),
        (
            {"account": "block", "security_defaults": "on"},
            (
                "Basic is blocked: sign-in of the account is blocked (unblock it in Entra ID), and security defaults "
                "are on for the tenant (use OAuth, or Conditional Access in their place); whether OAuth can be used "
                "isn't known: nobody has said whether a blocked account stops an app that signs in as itself (try it)."
            ),
        ),
        (
            {"account": "service", "security_defaults": "on"},
            (
                "Basic and OAuth are blocked: nobody can sign in to a mailbox of the type SystemMailbox; even then "
                "Basic stays blocked: security defaults are on for the tenant (use OAuth, or Conditional Access in "
                "their place)."
            ),
        ),
        (
            {"account": "unknown"},
            "Whether Basic and OAuth can be used isn't known: the account couldn't be read (it is locked).",
        ),
        (
            {"account": "unknown", "security_defaults": "unknown"},
            (
                "Whether Basic and OAuth can be used isn't known: the account couldn't be read (it is locked); "
                "even then Basic isn't certain: security defaults couldn't be read (it is locked)."
            ),
        ),
        (
            {"account": "unknown", "basic_retirement": "shown"},
            (
                "Basic is blocked: the tenant refuses Basic for client submission for good (use OAuth); whether "
                "OAuth can be used isn't known: the account couldn't be read (it is locked)."
            ),
        ),
        (
            {"basic_retirement": "after"},
            (
                "Whether Basic can be used isn't known: Microsoft announced that Basic is off by default from the"
                " end of December 2026, and how that shows isn't known (try a sign-in, or use OAuth); OAuth can "
                "be used."
            ),
        ),
    ],
)
def test_the_sentence(changes: Combination, reason: str) -> None:
    assert judged({**CLEAR, **changes}).reason == reason


# The decision alone, from whatever layers say -------------------------------------------------------------------------


def _layers() -> Iterator[list[Layer]]:
    on = Layer("mailbox", "enabled", "allows", "allows")  # one of the first two always has a say
    for said in itertools.product(itertools.product(VERDICTS, VERDICTS), repeat=3):
        yield [on] + [
            Layer(f"layer{place}", "x", *words, reason=f"because of {place}") for place, words in enumerate(said)
        ]


def test_one_more_layer_that_blocks_never_opens_and_one_without_a_say_changes_nothing() -> None:
    blocks, silent = Layer("more", "x", "blocks", "blocks", "more"), Layer("more", "x", "no_say", "no_say")
    for layers in _layers():
        made = decide(layers)
        stopped, same = decide([*layers, blocks]), decide([*layers, silent])
        assert (stopped.basic, stopped.oauth) == ("disabled", "disabled")
        assert (same.basic, same.oauth, same.decided_by) == (made.basic, made.oauth, made.decided_by)
        for kind in ("basic", "oauth"):
            assert (getattr(made, kind) == "disabled") is any(getattr(x, kind) == "blocks" for x in layers)


def test_blocking_names_the_layers_that_stop_either_kind() -> None:
    layers = [
        Layer("a", "x", "blocks", "no_say", "a"),
        Layer("b", "x", "unknown", "unknown", "b"),
        Layer("c", "x", "blocks", "blocks", "c"),
    ]
    assert [layer.name for layer in decide(layers).blocking] == ["a", "c"]
