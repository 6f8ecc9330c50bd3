# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A journal put back: what is, what is left alone, in which order, and what is refused before anything is written."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import InputError, M365Error
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.limit import count_limit
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.undo import Undo, read_journal
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.guards import Guards, limits
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.restore import Restored, restore
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.set_mailboxes import Manner
from unit.plugins.module_utils.tenant.in_memory import TENANT_ID, Lines, NoWait, Tenant, address_of, guid_of

LONG_AGO = "2026-01-02T03:04:05.678Z"


def undo(*lines: str, tenant: str = TENANT_ID, time: str = LONG_AGO) -> Undo:
    """Of lines such as ``ann inherit enabled written``."""
    content = []
    for line in lines:
        name, before, after, outcome = line.split()
        whom = {"object": name} if name == "organization" else {"mailbox": address_of(name), "guid": guid_of(name)}
        change = {"time": time, "tenant": tenant, "before": before, "after": after, "outcome": outcome}
        content.append(
            json.dumps({**change, **whom}) if "object" in whom else json.dumps({"time": time, **change, **whom})
        )
    return read_journal("\n".join(content))


def put_back(
    tenant: Tenant,
    what: Undo,
    *,
    guards: Guards | None = None,
    journal: Lines | None = None,
    clock: NoWait | None = None,
    **manner: Any,
) -> Restored:
    clock = clock or NoWait()
    return restore(
        tenant.exchange(clock),
        1,
        clock,
        what,
        manner=Manner(**manner),
        guards=guards or Guards(),
        journal=journal,  # type: ignore[arg-type]
    )


def left(restored: Restored) -> list[tuple[str, str | None]]:
    return [(one.change.mailbox.partition("@")[0], one.now) for one in restored.changed_since]


@pytest.mark.parametrize(
    ("now", "lines", "written", "left_alone"),
    [
        ({"ann": "enabled"}, ["ann inherit enabled written"], ["ann=inherit"], []),
        # Already back, refused at the time, or never sent: nothing to do.
        ({"ann": "inherit"}, ["ann inherit enabled written"], [], []),
        ({"ann": "inherit"}, ["ann inherit enabled intent", "ann inherit enabled not_written"], [], []),
        # Whose outcome nobody knows is looked at.
        ({"ann": "enabled"}, ["ann inherit enabled intent"], ["ann=inherit"], []),
        ({"ann": "inherit"}, ["ann inherit enabled intent"], [], []),
        # Somebody changed it since.
        ({"ann": "disabled"}, ["ann inherit enabled written"], [], [("ann", "disabled")]),
        ({}, ["ann inherit enabled written"], [], [("ann", None)]),
        # Two runs: back to before the first.
        ({"ann": "disabled"}, ["ann inherit enabled written", "ann enabled disabled written"], ["ann=inherit"], []),
        # One that changed doesn't hold up the other.
        (
            {"ann": "disabled", "bob": "enabled"},
            ["ann inherit enabled written", "bob inherit enabled written"],
            ["bob=inherit"],
            [("ann", "disabled")],
        ),
    ],
)
def test_what_is_put_back_and_what_is_left_alone(
    now: dict[str, str], lines: list[str], written: list[str], left_alone: list[tuple[str, str | None]]
) -> None:
    tenant = Tenant(now)
    restored = put_back(tenant, undo(*lines))
    assert not restored.report.failure
    assert tenant.written == written
    assert left(restored) == left_alone
    told = [record.entry.text.partition("@")[0] for record in restored.report.records if record.changed]
    assert told == [line.partition("=")[0] for line in written]


@pytest.mark.parametrize(
    ("now", "organization", "lines", "written", "left_alone"),
    [
        (
            {"ann": "enabled", "bob": "inherit"},
            "disabled",
            ["ann inherit enabled written", "organization enabled disabled written", "bob enabled inherit written"],
            # Who has a setting of its own again gets it before the switch, who follows it after.
            ["bob=enabled", "organization=enabled", "ann=inherit"],
            [],
        ),
        ({}, "disabled", ["organization enabled disabled written"], ["organization=enabled"], []),
        ({}, "enabled", ["organization enabled disabled written"], [], []),
        # The runs left it on, and somebody has turned it off since.
        (
            {},
            "disabled",
            ["organization enabled disabled written", "organization disabled enabled written"],
            [],
            [("organization", "disabled")],
        ),
        (
            {"ann": "enabled"},
            "disabled",
            ["organization disabled enabled not_written", "ann inherit enabled written"],
            ["ann=inherit"],
            [],
        ),
    ],
)
def test_the_organization_goes_back_between_the_halves(
    now: dict[str, str],
    organization: str,
    lines: list[str],
    written: list[str],
    left_alone: list[tuple[str, str | None]],
) -> None:
    tenant = Tenant(now, organization=organization)
    restored = put_back(tenant, undo(*lines))
    assert not restored.report.failure
    assert tenant.written == written
    assert left(restored) == left_alone


def test_a_switch_that_is_not_put_back_holds_up_who_follows_it() -> None:
    tenant = Tenant(
        {"ann": "enabled", "bob": "inherit"}, organization="disabled", faults={"Set-TransportConfig": (400, "No.")}
    )
    what = undo("ann inherit enabled written", "organization enabled disabled written", "bob enabled inherit written")
    restored = put_back(tenant, what)
    assert tenant.written == ["bob=enabled"]
    assert "The organization's setting: " in restored.report.failure.message
    assert {record.entry.text: record.error.code for record in restored.report.records if record.error} == {
        "ann@contoso.com": "not_tried"
    }


def test_what_is_put_back_is_in_a_journal_of_its_own() -> None:
    tenant = Tenant({"ann": "enabled", "bob": "inherit"}, organization="disabled")
    what = undo("ann inherit enabled written", "organization enabled disabled written", "bob enabled inherit written")
    put_back(tenant, what, journal=tenant.journal())
    assert tenant.log == [
        *("intent bob", "bob=enabled", "written bob"),
        *("intent organization", "organization=enabled", "written organization"),
        *("intent ann", "ann=inherit", "written ann"),
    ]


def test_check_mode_tells_and_writes_nothing() -> None:
    tenant = Tenant({"ann": "enabled"}, organization="disabled")
    journal = tenant.journal()
    what = undo("ann inherit enabled written", "organization enabled disabled written")
    restored = put_back(tenant, what, check_mode=True, journal=journal)
    assert [(record.after, record.changed) for record in restored.report.records] == [("inherit", True)]
    assert restored.switch
    assert (restored.switch.after, restored.switch.changed) == ("enabled", True)
    assert (tenant.log, journal.opened) == ([], False)


def test_the_journal_of_another_tenant_is_refused_before_anything_is_read() -> None:
    tenant = Tenant({"ann": "enabled"})
    other = "99999999-2222-3333-4444-555555555555"
    with pytest.raises(InputError, match=f"nothing was written: .*{other}.*{TENANT_ID}"):
        put_back(tenant, undo("ann inherit enabled written", tenant=other))
    assert tenant.asked == []


@pytest.mark.parametrize("check_mode", [True, False])
def test_what_cannot_be_read_refuses_the_whole(check_mode: bool) -> None:
    """A part put back would leave a journal that nobody can put back a second time."""
    tenant = Tenant({"ann": "enabled", "bob": "enabled"}, faults={"Get-CASMailbox bob": (400, "Odd.")})
    journal = tenant.journal()
    what = undo("ann inherit enabled written", "bob inherit enabled written")
    report = put_back(tenant, what, journal=journal, check_mode=check_mode).report
    assert report.failure.code == "not_read"
    assert report.failure.message.startswith("Nothing was written: bob@contoso.com: ")
    assert (tenant.log, journal.opened) == ([], False)


def test_an_outage_is_raised_before_anything_is_written() -> None:
    tenant = Tenant({"ann": "enabled"}, faults={"Get-TransportConfig": (500, "Down.")})
    with pytest.raises(M365Error, match="Down"):
        put_back(tenant, undo("ann inherit enabled written", "organization enabled disabled written"))
    assert tenant.log == []


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_guard_sees_what_would_be_put_back_and_may_refuse_it(check_mode: bool) -> None:
    tenant = Tenant({"ann": "enabled", "bob": "enabled", "cid": "disabled"})
    what = undo(*(f"{name} inherit enabled written" for name in tenant.states))
    guards = Guards([limits(count_limit(1))])
    restored = put_back(tenant, what, guards=guards, check_mode=check_mode)
    report = restored.report
    assert (report.failure.code, report.refused) == ("max_changes", True)
    assert [record.entry.text for record in report.planned] == ["ann@contoso.com", "bob@contoso.com"]
    assert left(restored) == [("cid", "disabled")], "told, whether it is refused or not"
    assert len(guards.plan) == 64
    assert tenant.log == []


def test_requests_of_a_run_that_was_killed_just_now_are_given_time() -> None:
    now = datetime.datetime.now(datetime.timezone.utc)
    recent = (now - datetime.timedelta(seconds=5)).isoformat(timespec="milliseconds")
    clock, later = NoWait(), NoWait()
    put_back(Tenant({"ann": "enabled"}), undo("ann inherit enabled intent", time=recent), clock=clock)
    put_back(Tenant({"ann": "enabled"}), undo("ann inherit enabled intent"), clock=later)
    assert len(clock.waits) == 1
    assert 0 < clock.waits[0] <= 10
    assert later.waits == [], "a journal of long ago is put back at once"
