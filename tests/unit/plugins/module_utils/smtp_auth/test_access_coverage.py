# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom Conditional Access policies cover once the members of groups and the holders of roles are known."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.access_coverage import (
    Members,
    coverage,
    doubt_about,
    groups_that_matter,
    roles_that_matter,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.conditional_access import AccessPolicy
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.unread import Unread

ANNA = "aaaaaaaa-0000-4000-8000-000000000001"
STAFF, PRINTERS, GONE = "11111111-0000-4000-8000-000000000001", "group-printers", "group-gone"
ADMINS, READERS = "role-admins", "role-readers"
LACKING = Unread("Refused", "GroupMember.Read.All")
TORN = Unread("Graph /v1.0/groups: 5 came of 6. It isn't whole")
MEMBERS: Members = {
    STAFF: frozenset([ANNA]),
    PRINTERS: frozenset(["printer"]),
    GONE: frozenset(),
    ADMINS: frozenset([ANNA]),
    READERS: frozenset(["reader"]),
    "lacking": LACKING,
    "torn": TORN,
}


def policy(*, everyone: bool = True, **parts: Any) -> AccessPolicy:
    sets = {key: frozenset(value) if isinstance(value, list) else value for key, value in parts.items()}
    return AccessPolicy("1", "Policy", everyone=everyone, **sets)


ONLY: dict[str, Any] = {"everyone": False}


@pytest.mark.parametrize(
    ("found", "anna", "printer", "nobody_known"),
    [
        (policy(groups_out=[STAFF]), "", "covers", "may_cover"),
        (policy(groups_out=[PRINTERS]), "covers", "", "may_cover"),
        (policy(groups_out=[GONE]), "covers", "covers", "covers"),
        (policy(groups_out=[GONE, PRINTERS]), "covers", "", "may_cover"),
        (policy(groups_out=["lacking"]), "may_cover", "may_cover", "may_cover"),
        (policy(groups_out=["lacking", STAFF]), "", "may_cover", "may_cover"),
        (policy(groups_out=["never asked"]), "may_cover", "may_cover", "may_cover"),
        (policy(**ONLY, groups_in=[STAFF]), "covers", "", "may_cover"),
        (policy(**ONLY, groups_in=[GONE]), "", "", ""),
        (policy(**ONLY, groups_in=["torn"]), "may_cover", "may_cover", "may_cover"),
        (policy(**ONLY, groups_in=["torn", STAFF]), "covers", "may_cover", "may_cover"),
        (policy(**ONLY, groups_in=[STAFF], groups_out=["lacking"]), "may_cover", "", "may_cover"),
        (policy(**ONLY, groups_in=[STAFF], roles_out=[ADMINS]), "", "", "may_cover"),
        (policy(**ONLY, roles_in=[ADMINS]), "covers", "", "may_cover"),
        (policy(**ONLY, roles_in=[READERS]), "", "", "may_cover"),
        (policy(roles_out=[READERS]), "covers", "covers", "may_cover"),
        (policy(roles_out=[ADMINS]), "", "covers", "may_cover"),
        (policy(groups_in=["lacking"]), "covers", "covers", "covers"),
        (policy(**ONLY, groups_in=[STAFF], doubt="it depends on locations"), "may_cover", "", "may_cover"),
        (policy(groups_out=[STAFF], doubt="it depends on locations"), "", "may_cover", "may_cover"),
        (policy(**ONLY, included=["printer"], groups_in=[STAFF]), "covers", "covers", "may_cover"),
        (policy(excluded=["printer"], groups_out=[STAFF]), "", "", "may_cover"),
        (policy(others_out=True), "may_cover", "may_cover", "may_cover"),
        (policy(**ONLY, others_in=True, groups_in=[STAFF]), "covers", "may_cover", "may_cover"),
    ],
)
def test_whom_it_covers(found: AccessPolicy, anna: str, printer: str, nobody_known: str) -> None:
    told = [coverage(found, user, guest=False, members=MEMBERS) for user in (ANNA.upper(), "printer", "")]
    assert told == [anna, printer, nobody_known]


@pytest.mark.parametrize("guest", [True, False])
def test_guests_and_groups_together(guest: bool) -> None:
    """Whoever is left out either way is left out."""
    found = policy(guests_out="covers", groups_out=[PRINTERS])
    assert coverage(found, ANNA, guest=guest, members=MEMBERS) == ("" if guest else "covers")
    assert coverage(found, "printer", guest=guest, members=MEMBERS) == ""


@pytest.mark.parametrize(
    ("policies", "groups", "roles"),
    [
        ([], [], []),
        ([policy(groups_out=["b", "a"], roles_out=["r"])], ["a", "b"], ["r"]),
        ([policy(groups_in=["a"], roles_in=["r"])], [], []),
        ([policy(groups_in=["a"], excluded=[ANNA])], [], []),
        ([policy(everyone=False, groups_in=["a"], groups_out=["b"], roles_in=["r"])], ["a", "b"], ["r"]),
        ([policy(groups_out=["a"]), policy(groups_out=["a", "b"])], ["a", "b"], []),
        ([policy(groups_out=["a"]), policy()], [], []),
        ([policy(groups_out=["a"]), policy(doubt="it depends on locations")], ["a"], []),
    ],
)
def test_only_groups_that_decide_are_asked_for(
    policies: list[AccessPolicy], groups: list[str], roles: list[str]
) -> None:
    """Not those within everybody, and none at all where somebody's exception changes nothing."""
    assert (groups_that_matter(policies), roles_that_matter(policies)) == (groups, roles)


@pytest.mark.parametrize(
    ("found", "words", "permission"),
    [
        (
            policy(groups_out=["lacking"]),
            "the members of the group lacking couldn't be read (the app lacks GroupMember.Read.All)",
            "GroupMember.Read.All",
        ),
        (
            policy(roles_out=["torn"]),
            "the members of the role torn couldn't be read (Graph /v1.0/groups: 5 came of 6; It isn't whole)",
            "",
        ),
        (
            policy(groups_out=["lacking"], doubt="it depends on locations"),
            "it depends on locations, and it includes or leaves out groups or roles, and the members of the group",
            "GroupMember.Read.All",
        ),
        (policy(groups_out=["never asked"]), "whose members aren't looked up", ""),
        (policy(everyone=False, groups_in=[STAFF]), "which account is behind the mailbox isn't known", ""),
        (policy(others_out=True), "in a way that can't be read", ""),
        (policy(groups_in=["lacking"], guests_out="covers"), "whether the user is one isn't known", ""),
    ],
)
def test_the_doubt_names_what_is_missing(found: AccessPolicy, words: str, permission: str) -> None:
    doubt = doubt_about(found, members=MEMBERS)
    assert words in doubt.reason
    assert doubt.permission == permission


def test_groups_with_the_same_trouble_are_told_once() -> None:
    found = policy(groups_out=["a", "b", "c"], roles_out=["d"])
    members: Members = {"a": LACKING, "b": LACKING, "c": TORN, "d": dataclasses.replace(LACKING, permission="R")}
    reason = doubt_about(found, members=members).reason
    assert "group a couldn't" in reason
    assert "group b" not in reason
    assert "group c couldn't" in reason
    assert "role d couldn't be read (the app lacks R)" in reason
