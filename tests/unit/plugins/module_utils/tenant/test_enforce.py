# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole tenant made like a baseline: what is refused, in which order it is written, and what it costs."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import M365Error
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.baseline import (
    DeclaredException,
    stand,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.identity import parse_entries
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.limit import count_limit
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.enforce import Enforced, Enforcement, Wish
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.guards import Guards, expects, limits
from unit.plugins.module_utils.tenant.in_memory import Lines, NoWait, Tenant, address_of

STATES = {"ann": "inherit", "bob": "enabled", "cid": "inherit", "dot": "disabled"}


def enforce(
    tenant: Tenant,
    exceptions: Mapping[str, str],
    everyone_else: str = "unmanaged",
    *,
    guards: Guards | None = None,
    journal: Lines | None = None,
    clock: NoWait | None = None,
    **wish: Any,
) -> Enforced:
    """``exceptions``: states by name; a name with an @ is taken as it is."""
    clock = clock or NoWait()
    names = [name if "@" in name else address_of(name) for name in exceptions]
    declared = [
        DeclaredException(entry, state) for entry, state in zip(parse_entries(names), exceptions.values(), strict=True)
    ]
    baseline = stand(declared, everyone_else, datetime.date(2026, 11, 24))
    run = Enforcement(tenant.exchange(clock), tenant.store(clock), clock, Wish(baseline, **wish), concurrency=1)
    return run.run(guards or Guards(), journal)  # type: ignore[arg-type]


def rows(enforced: Enforced) -> dict[str, tuple[str | None, bool, str]]:
    """After, changed and the error's code, by the names that were asked for."""
    return {
        record.entry.text.partition("@")[0]: (record.after, record.changed, record.error.code if record.error else "")
        for record in enforced.report.records
    }


# The plan ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exceptions", "everyone_else", "written"),
    [
        ({"ann": "enabled"}, "unmanaged", ["ann=enabled"]),
        ({"bob": "enabled"}, "unmanaged", []),
        ({"ann": "enabled"}, "disabled", ["ann=enabled", "bob=disabled", "cid=disabled"]),
        ({"ann": "enabled", "dot": "disabled"}, "inherit", ["ann=enabled", "bob=inherit"]),
        ({}, "inherit", ["bob=inherit", "dot=inherit"]),
        ({}, "unmanaged", []),
    ],
)
def test_only_what_differs_is_written(exceptions: dict[str, str], everyone_else: str, written: list[str]) -> None:
    tenant = Tenant(STATES)
    enforced = enforce(tenant, exceptions, everyone_else)
    assert not enforced.report.failure
    assert tenant.written == written
    assert {record.entry.text.partition("@")[0] for record in enforced.report.records if record.changed} == {
        line.partition("=")[0] for line in written
    }


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("tenant", "exceptions", "wish", "code", "said"),
    [
        (
            Tenant(STATES),
            {"ann": "enabled", "eve": "enabled"},
            {},
            "not_found",
            "for 1 of the names that were given: eve@contoso.com. Correct it, or set",
        ),
        (
            Tenant(STATES, more_addresses={name: ["info@contoso.com"] for name in ("ann", "bob")}),
            {"info@contoso.com": "disabled"},
            {"missing": "warn"},
            "ambiguous",
            "info@contoso.com",
        ),
        (
            Tenant(STATES, more_addresses={"ann": ["info@contoso.com"]}),
            {"ann": "disabled", "info@contoso.com": "enabled"},
            {},
            "duplicate",
            "exception 1 (ann@contoso.com) and exception 2 (info@contoso.com)",
        ),
        (
            Tenant(STATES, faults={"Get-CASMailbox bob": (400, "Odd.")}),
            {"ann": "disabled", "bob": "disabled"},
            {},
            "not_read",
            "1 mailbox couldn't be read: bob@contoso.com: Get-CASMailbox for bob@contoso.com failed",
        ),
    ],
)
def test_what_cannot_be_planned_for_sure_changes_nothing(
    tenant: Tenant, exceptions: dict[str, str], wish: dict[str, Any], code: str, said: str, check_mode: bool
) -> None:
    guards, journal = Guards(), tenant.journal()
    report = enforce(tenant, exceptions, guards=guards, journal=journal, check_mode=check_mode, **wish).report
    assert report.failure.code == code
    assert report.failure.message.startswith("Nothing was written: ")
    assert said in report.failure.message
    assert not any(record.changed for record in report.records)
    assert (tenant.log, journal.opened) == ([], False)
    assert guards.plan == "", "nobody was asked about a plan that isn't there"


def test_of_two_that_are_not_there_one_warning_tells() -> None:
    tenant = Tenant(STATES)
    report = enforce(tenant, {"eve": "enabled", "ann": "enabled", "fay": "enabled"}, missing="warn").report
    assert not report.failure
    assert len(report.warnings) == 1
    assert "eve@contoso.com, fay@contoso.com" in report.warnings[0]
    assert tenant.written == ["ann=enabled"]


def test_an_outage_is_raised_as_long_as_nothing_is_written() -> None:
    tenant = Tenant(STATES, faults={"Get-CASMailbox": (500, "Down.")})
    with pytest.raises(M365Error, match="Down"):
        enforce(tenant, {"ann": "enabled"}, "disabled", journal=tenant.journal())
    tenant = Tenant(STATES, faults={"Get-TransportConfig": (500, "Down.")})
    with pytest.raises(M365Error, match="Down"):
        enforce(tenant, {"ann": "enabled"}, organization="disabled", journal=tenant.journal())
    assert tenant.log == []


def test_mailboxes_of_the_service_are_left_alone_by_name_and_by_type() -> None:
    system = "systemmailbox{1f05a927-3be2-4fb9-aa03-b59fe3b56f4c}"
    tenant = Tenant({"ann": "inherit", "box": "inherit", system: "inherit"}, types={"box": "AuditLogMailbox"})
    enforced = enforce(tenant, {}, "disabled")
    assert tenant.written == ["ann=disabled"]
    assert [(left.mailbox.name.partition("@")[0], left.kind) for left in enforced.left_alone] == [
        (system, ""),
        ("box", "AuditLogMailbox"),
    ]
    wanted = {record.entry.text.partition("@")[0]: record.wanted for record in enforced.report.records}
    assert wanted == {"ann": "disabled", "box": None, system: None}
    assert "Get-Mailbox ann" in tenant.asked
    assert not any(system in line for line in tenant.asked), "whose name tells isn't asked for"


def test_if_a_type_cannot_be_told_nothing_is_written() -> None:
    tenant = Tenant(STATES, faults={"Get-Mailbox cid": (400, "Odd.")})
    with pytest.raises(M365Error, match=r"Get-Mailbox for cid@contoso\.com failed"):
        enforce(tenant, {}, "disabled", journal=tenant.journal())
    assert tenant.log == []


@pytest.mark.parametrize(
    ("exceptions", "everyone_else", "wish", "lists"),
    [
        ({"ann": "enabled"}, "unmanaged", {}, False),
        ({"ann": "enabled"}, "unmanaged", {"whole": True}, True),
        ({"ann": "enabled"}, "inherit", {}, True),
        # Who follows the switch is counted.
        ({"ann": "enabled"}, "unmanaged", {"organization": "enabled"}, True),
    ],
)
def test_everybody_is_only_read_where_that_is_needed(
    exceptions: dict[str, str], everyone_else: str, wish: dict[str, Any], lists: bool
) -> None:
    tenant = Tenant(STATES)
    enforced = enforce(tenant, exceptions, everyone_else, check_mode=True, **wish)
    assert tenant.asked[0] == ("Get-CASMailbox" if lists else "Get-CASMailbox ann")
    assert tenant.asked.count("Get-CASMailbox") == int(lists), "once at most"
    assert (enforced.everybody is not None) is lists


# Guards --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("guard", "code"), [(limits(count_limit(2)), "max_changes"), (expects("0" * 64), "another_plan")]
)
def test_a_plan_that_is_refused_is_told_and_not_carried_out(guard: Any, code: str, check_mode: bool) -> None:
    tenant = Tenant(STATES)
    journal = tenant.journal()
    enforced = enforce(
        tenant,
        {"ann": "enabled"},
        "disabled",
        organization="disabled",
        guards=Guards([guard]),
        journal=journal,
        check_mode=check_mode,
    )
    report = enforced.report
    assert (report.failure.code, report.refused) == (code, True)
    assert [(record.entry.text.partition("@")[0], record.after) for record in report.planned] == [
        ("ann", "enabled"),
        ("bob", "disabled"),
        ("cid", "disabled"),
    ]
    assert not any(record.changed for record in report.records)
    assert (tenant.log, journal.opened) == ([], False)
    assert enforced.switch
    assert enforced.switch.changed is False
    assert code != "max_changes" or "The plan changes 3 of 4 mailboxes" in report.failure.message


def test_the_plan_is_the_same_in_check_mode_and_for_real() -> None:
    seen = []
    for check_mode in (True, False):
        guards = Guards()
        enforce(Tenant(STATES), {"ann": "enabled"}, "disabled", guards=guards, check_mode=check_mode)
        seen.append(guards.plan)
    assert len(seen[0]) == 64
    assert seen[0] == seen[1]


@pytest.mark.parametrize("check_mode", [True, False])
def test_who_follows_the_switch_counts_as_changed(check_mode: bool) -> None:
    """One mailbox of its own, and two that follow: three."""
    for most, refused in ((2, True), (3, False)):
        guards = Guards([limits(count_limit(most))])
        wish: dict[str, Any] = {"organization": "disabled", "check_mode": check_mode}
        states = {**STATES, "eve": "inherit"}
        assert enforce(Tenant(states), {"ann": "enabled"}, guards=guards, **wish).report.refused is refused


# The organization's switch between the halves ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("organization", "exceptions", "everyone_else", "written"),
    [
        # Who shall keep sending is enabled before the switch goes off; who shall follow it, after.
        (
            "disabled",
            {"ann": "enabled", "bob": "inherit", "cid": "enabled"},
            "unmanaged",
            ["ann=enabled", "cid=enabled", "organization=disabled", "bob=inherit"],
        ),
        (
            "disabled",
            {"ann": "enabled"},
            "inherit",
            ["ann=enabled", "organization=disabled", "bob=inherit", "dot=inherit"],
        ),
        ("disabled", {}, "unmanaged", ["organization=disabled"]),
        ("enabled", {"ann": "disabled", "dot": "inherit"}, "unmanaged", ["ann=disabled", "dot=inherit"]),
    ],
)
def test_the_order(organization: str, exceptions: dict[str, str], everyone_else: str, written: list[str]) -> None:
    tenant = Tenant(STATES)
    enforced = enforce(tenant, exceptions, everyone_else, organization=organization, verify=False)
    assert not enforced.report.failure
    assert tenant.written == written
    assert enforced.switch
    assert (enforced.switch.after, enforced.switch.changed) == (organization, organization == "disabled")
    if organization == "enabled":
        assert tenant.asked.count("Get-TransportConfig") == 1, "a switch that is right is left alone"
    if "organization=disabled" in written:
        turned = tenant.asked.index("Set-TransportConfig")
        looked = [place for place, what in enumerate(tenant.asked) if what == "Get-CASMailbox ann"]
        assert "ann=enabled" not in written or any(place < turned for place in looked), (
            "read back before, verify or not"
        )


def test_every_intent_is_there_before_its_request_and_every_outcome_after_it() -> None:
    tenant = Tenant(STATES)
    enforce(tenant, {"ann": "enabled", "bob": "inherit"}, organization="disabled", journal=tenant.journal())
    assert tenant.log == [
        *("intent ann", "ann=enabled", "written ann"),
        *("intent organization", "organization=disabled", "written organization"),
        *("intent bob", "bob=inherit", "written bob"),
    ]


@pytest.mark.parametrize(
    ("fault", "ann", "said"),
    [
        ({"Set-CASMailbox ann": (400, "Out of scope.")}, ("inherit", False, "service_error"), "Out of scope"),
        ({"Set-CASMailbox ann": (0, "Lost.")}, ("enabled", True, ""), ""),
        ({"Set-TransportConfig": (400, "Refused.")}, ("enabled", True, ""), "The organization's setting: "),
        ({"Set-TransportConfig": (0, "Lost.")}, ("enabled", True, ""), ""),
    ],
)
def test_nobody_follows_the_switch_before_it_is_there(
    fault: dict[str, tuple[int, str]], ann: tuple[str, bool, str], said: str
) -> None:
    """A lost answer is looked after, and goes on where it was done."""
    tenant = Tenant(STATES, faults=fault)
    enforced = enforce(tenant, {"ann": "enabled", "bob": "inherit"}, organization="disabled")
    assert rows(enforced)["ann"] == ann
    assert said in (enforced.report.failure.message if enforced.report.failure else "")
    if said:
        assert rows(enforced)["bob"] == ("enabled", False, "not_tried")
        assert "organization=disabled" not in tenant.written
        assert tenant.states["bob"] == "enabled"
    else:
        assert not enforced.report.failure
        assert rows(enforced)["bob"] == ("inherit", True, "")


def test_a_switch_that_does_not_show_holds_up_the_second_half() -> None:
    tenant = Tenant(STATES, lag=99)
    enforced = enforce(tenant, {"bob": "inherit"}, organization="disabled", journal=tenant.journal())
    assert rows(enforced)["bob"] == ("enabled", False, "not_tried")
    assert "still reads enabled" in enforced.report.failure.message
    assert enforced.switch
    assert enforced.switch.changed is True, "the service took it"
    assert tenant.log == ["intent organization", "organization=disabled", "unknown organization"]


@pytest.mark.parametrize(
    ("lines", "log", "changed"),
    [
        (2, ["intent ann", "ann=enabled", "written ann"], False),  # full before the switch
        (3, ["intent ann", "ann=enabled", "written ann", "intent organization", "organization=disabled"], True),
    ],
)
def test_a_journal_that_is_full_ends_the_run_where_it_is(lines: int, log: list[str], changed: bool) -> None:
    tenant = Tenant(STATES)
    journal = tenant.journal(lines)
    enforced = enforce(tenant, {"ann": "enabled", "bob": "inherit"}, organization="disabled", journal=journal)
    assert tenant.log == log
    assert enforced.report.failure.code == "several", "bob's is another"
    assert "The journal is full." in enforced.report.failure.message
    assert rows(enforced)["bob"] == ("enabled", False, "not_tried")
    assert enforced.switch
    assert enforced.switch.changed is changed


def test_check_mode_shows_the_switch_as_it_would_be_and_writes_nothing() -> None:
    tenant = Tenant(STATES)
    journal = tenant.journal()
    enforced = enforce(tenant, {"ann": "enabled"}, organization="disabled", check_mode=True, journal=journal)
    assert enforced.switch
    assert (enforced.switch.before.state, enforced.switch.after, enforced.switch.changed) == (
        "enabled",
        "disabled",
        True,
    )
    assert rows(enforced)["ann"] == ("enabled", True, "")
    assert (tenant.log, journal.opened) == ([], False)


def test_a_deadline_in_the_first_half_leaves_the_rest_and_tells_what_was_done() -> None:
    tenant = Tenant(STATES, lag=2)
    enforced = enforce(tenant, {"ann": "enabled", "bob": "inherit"}, organization="disabled", clock=NoWait(until_end=1))
    assert tenant.written == ["ann=enabled"]
    assert rows(enforced)["ann"][1] is True
    assert rows(enforced)["bob"] == ("enabled", False, "not_tried")
    assert "the organization's setting" in enforced.report.failure.message.casefold()
