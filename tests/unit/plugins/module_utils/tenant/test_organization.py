# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The organization's switch: what it costs, what keeps it from being turned, and what is told however it goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import InputError, M365Error
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.organization import Switch
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.organization import (
    SwitchReport,
    SwitchWish,
    followers,
    read_organization,
    set_organization,
)
from unit.plugins.module_utils.tenant.in_memory import NoWait, Tenant

STATES = {"cid": "inherit", "ann": "inherit", "bob": "enabled"}
READ, WRITE, LIST = "Get-TransportConfig", "Set-TransportConfig", "Get-CASMailbox"


def turn(
    tenant: Tenant,
    state: str = "disabled",
    *,
    clock: NoWait | None = None,
    before_writing: Callable[[Switch], None] | None = None,
    **wish: Any,
) -> SwitchReport:
    clock = clock or NoWait()
    store = tenant.store(clock)
    return set_organization(
        tenant.exchange(clock), lambda: followers(store), clock, SwitchWish(state, **wish), before_writing
    )


def told(report: SwitchReport) -> tuple[str | None, bool, str, str]:
    """After, changed, outcome and code."""
    return (
        report.after and report.after.state,
        report.changed,
        report.outcome,
        report.failure.code if report.failure else "",
    )


@pytest.mark.parametrize(
    ("state", "wish", "asked", "after", "changed"),
    [
        ("enabled", {}, [READ], "enabled", False),
        ("disabled", {}, [READ, LIST, WRITE, READ], "disabled", True),
        ("disabled", {"verify": False}, [READ, LIST, WRITE], "disabled", True),
        ("disabled", {"check_mode": True}, [READ, LIST], "disabled", True),
        ("disabled", {"max_changes": 2}, [READ, LIST, WRITE, READ], "disabled", True),
        # Nobody's state changes with this one, so nobody is counted.
        ("enabled", {"legacy_tls": True, "max_changes": 0}, [READ, WRITE, READ], "enabled", True),
        ("enabled", {"legacy_tls": False}, [READ], "enabled", False),
    ],
)
def test_what_is_asked(state: str, wish: dict[str, Any], asked: list[str], after: str, changed: bool) -> None:
    tenant = Tenant(STATES)
    report = turn(tenant, state, **wish)
    assert tenant.asked == asked
    assert report.after
    assert (report.after.state, report.changed, report.failure) == (after, changed, None)
    assert report.writing is (WRITE in asked)


def test_followers_are_told_by_address() -> None:
    report = turn(Tenant(STATES), check_mode=True)
    assert report.followers is not None
    assert [mailbox.name for mailbox in report.followers] == ["ann@contoso.com", "cid@contoso.com"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_more_followers_than_allowed_refuse_it_and_show_what_it_would_do(check_mode: bool) -> None:
    tenant = Tenant(STATES)
    report = turn(tenant, max_changes=1, check_mode=check_mode)
    assert told(report) == ("enabled", False, "", "max_changes")
    assert report.planned == Switch("disabled", False)
    assert "2 mailboxes inherit" in report.failure.message
    assert "nothing was written" in report.failure.message
    assert WRITE not in tenant.asked


def test_if_it_cannot_be_announced_it_is_not_written() -> None:
    tenant = Tenant(STATES)
    seen: list[Switch] = []

    def full(before: Switch) -> None:
        seen.append(before)
        raise InputError("The journal is full.")

    with pytest.raises(InputError):
        turn(tenant, before_writing=full)
    assert seen == [Switch("enabled", False)]
    assert WRITE not in tenant.asked


@pytest.mark.parametrize(
    ("fault", "lag", "expected", "said"),
    [
        # Refused: nothing was done, and nobody looks.
        ((400, "Refused."), 0, ("enabled", False, "not_written", "service_error"), "Refused"),
        ((403, "No."), 0, ("enabled", False, "not_written", "access_denied"), "No"),
        # Lost: the look tells.
        ((0, "Lost."), 0, ("disabled", True, "unknown", ""), ""),
        ((503, "Busy."), 0, ("enabled", False, "unknown", "service_error"), "Nothing was changed. Run the task again."),
        # Slow to show.
        (None, 3, ("disabled", True, "written", ""), ""),
        (None, 99, ("enabled", True, "unknown", "not_confirmed"), "still reads enabled"),
    ],
)
def test_what_became_of_the_write(
    fault: tuple[int, str] | None, lag: int, expected: tuple[Any, ...], said: str
) -> None:
    tenant = Tenant(STATES, lag=lag, faults={WRITE: fault} if fault else {})
    report = turn(tenant)
    assert told(report) == expected
    assert said in (report.failure.message if report.failure else "")
    assert tenant.asked.count(WRITE) == 1, "never written twice"
    assert tenant.asked.count(READ) <= 7, "looks are bounded"


def test_a_lost_answer_is_looked_after_even_where_nothing_else_is() -> None:
    tenant = Tenant(STATES, faults={WRITE: (503, "Busy.")})
    assert told(turn(tenant, verify=False)) == ("enabled", False, "unknown", "service_error")
    assert tenant.asked.count(READ) > 1


def test_a_deadline_ends_the_looks_and_not_the_telling() -> None:
    clock = NoWait(until_end=2)
    report = turn(Tenant(STATES, lag=99), clock=clock)
    assert told(report) == ("enabled", True, "unknown", "not_confirmed")
    assert len(clock.waits) == 2


def test_what_cannot_be_read_back_is_told_beside_what_was_taken() -> None:
    tenant = Tenant(STATES)
    report = turn(tenant, before_writing=lambda _before: tenant.faults.update({READ: (400, "Odd.")}))
    assert told(report) == ("disabled", True, "written", "service_error")
    assert "couldn't be read: Get-TransportConfig failed" in report.failure.message
    tenant = Tenant(STATES)
    lost = {WRITE: (0, "Lost."), READ: (400, "Odd.")}
    report = turn(tenant, before_writing=lambda _before: tenant.faults.update(lost))
    assert told(report) == (None, True, "unknown", "network")
    assert "It may have been done all the same." in report.failure.message


def test_followers_that_cannot_be_counted_keep_it_from_being_turned() -> None:
    tenant = Tenant(STATES, faults={LIST: (500, "Down.")})
    with pytest.raises(M365Error, match="Down"):
        turn(tenant)
    assert WRITE not in tenant.asked


@pytest.mark.parametrize(
    ("fault", "state", "said"),
    [(None, "enabled", ""), ((403, "No."), "unknown", "Get-TransportConfig"), ((500, "Down."), None, "Down")],
)
def test_reading_it_takes_a_lack_of_access_for_unknown_and_no_other_fault(
    fault: tuple[int, str] | None, state: str | None, said: str
) -> None:
    tenant = Tenant(STATES, faults={READ: fault} if fault else {})
    if state is None:
        with pytest.raises(M365Error, match=said):
            read_organization(tenant.exchange(NoWait()))
        return
    organization = read_organization(tenant.exchange(NoWait()))
    assert organization.state == state
    assert said in organization.reason
    assert bool(organization.reason) is bool(said)
