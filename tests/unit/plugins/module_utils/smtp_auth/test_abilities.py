# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an app can do, from its token and from what the services answered: as tables, without any service."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.abilities import (
    ABILITIES,
    CMDLETS,
    NO,
    UNKNOWN,
    YES,
    Finding,
    Grants,
    find_cmdlets,
    is_read,
    judge,
    lacking,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.roles import directory_role_names

MANAGE = "Exchange.ManageAsApp"
ADMINISTRATOR = "29232cdf-9323-42fd-ade2-1d097af3e4de"
READER = "F2EF992C-3AFB-46B9-B7CF-A126EE74C451"
OF_EVERY_APP = "0997a1d0-0d1d-4acb-b408-d5ca73121e90"
OTHER = "12345678-0000-0000-0000-000000000000"
READS = [cmdlet for cmdlet in CMDLETS if is_read(cmdlet)]
WRITE = "Set-CASMailbox"
OUTAGE = "HTTP status 503."

ALL_READ = {cmdlet: Finding(YES) for cmdlet in READS}
ALL_REFUSED = {cmdlet: Finding(NO, "as the service says it") for cmdlet in READS}
ALL_DOWN = {cmdlet: Finding(UNKNOWN, OUTAGE) for cmdlet in READS}


def found(
    reads: dict[str, Finding],
    exported: Collection[str] | None = None,
    *,
    readable: bool = True,
    roles: tuple[str, ...] = (MANAGE,),
    wids: tuple[str, ...] = (OF_EVERY_APP,),
) -> dict[str, Finding]:
    return find_cmdlets(reads, exported, Grants(readable, roles, wids), lambda cmdlet: f"Grant {cmdlet}.")


def test_names_of_directory_roles() -> None:
    assert directory_role_names([OF_EVERY_APP, ADMINISTRATOR, READER, OTHER, ADMINISTRATOR]) == [
        "Exchange Administrator",
        "Global Reader",
        OTHER,
    ]


@pytest.mark.parametrize(
    ("reads", "exported", "grants", "allowed"),
    [
        (ALL_READ, None, {"wids": (ADMINISTRATOR,)}, YES),
        (ALL_READ, None, {"wids": (READER,)}, UNKNOWN),
        (ALL_READ, None, {}, UNKNOWN),
        (ALL_READ, None, {"readable": False, "roles": (), "wids": ()}, UNKNOWN),
        (ALL_READ, None, {"roles": ("Exchange.ManageAsAppV2",), "wids": (ADMINISTRATOR,)}, NO),
        (ALL_REFUSED, None, {}, NO),
        (ALL_REFUSED, None, {"wids": (ADMINISTRATOR,)}, NO),
        ({**ALL_DOWN, "Get-User": Finding(YES)}, None, {"wids": (ADMINISTRATOR,)}, YES),
        # What Exchange lists goes before what the token may mean.
        (ALL_READ, [*READS, WRITE], {}, YES),
        (ALL_READ, [*map(str.lower, READS), WRITE.upper()], {}, YES),
        (ALL_READ, READS, {"wids": (ADMINISTRATOR,)}, NO),
        (ALL_READ, READS, {"readable": False, "roles": (), "wids": ()}, NO),
        # A list that doesn't hold what has just been run, or holds what was refused, is something else.
        (ALL_READ, [WRITE], {}, UNKNOWN),
        (ALL_READ, [], {}, UNKNOWN),
        ({**ALL_READ, "Get-User": Finding(NO)}, [*READS, WRITE], {}, UNKNOWN),
        ({**ALL_READ, "Get-User": Finding(UNKNOWN)}, [*READS, WRITE], {}, YES),
    ],
)
def test_a_write(
    reads: dict[str, Finding], exported: list[str] | None, grants: dict[str, tuple[str, ...]], allowed: str
) -> None:
    finding = found(reads, exported, **grants)[WRITE]  # type: ignore[arg-type]
    assert finding.allowed == allowed
    assert finding.how == {
        YES: "",
        NO: f"Grant {WRITE}.",
        UNKNOWN: f"A role group in Exchange may hold {WRITE}, and doesn't show in a token. Grant {WRITE}.",
    }.get(allowed)


@pytest.mark.parametrize("reads", [ALL_DOWN, {**ALL_DOWN, "Get-CASMailbox": Finding(NO)}])
@pytest.mark.parametrize("wids", [(ADMINISTRATOR,), ()])
def test_a_role_is_not_relied_on_where_nothing_was_let_in(reads: dict[str, Finding], wids: tuple[str, ...]) -> None:
    finding = found(reads, wids=wids)[WRITE]
    assert finding.allowed == UNKNOWN
    assert finding.how.startswith("Exchange let the app read nothing")
    assert finding.how.endswith(OUTAGE)
    assert found(ALL_DOWN, [*READS, WRITE])[WRITE].allowed == YES


@pytest.mark.parametrize(
    ("tried", "exported", "wanted"),
    [
        (Finding(YES), None, Finding(YES)),
        (Finding(NO, "403"), None, Finding(NO, "Grant Get-User.")),
        (Finding(UNKNOWN, OUTAGE), None, Finding(UNKNOWN, OUTAGE)),
        (Finding(UNKNOWN, OUTAGE), READS, Finding(YES)),
        (Finding(UNKNOWN, OUTAGE), [name for name in READS if name != "Get-User"], Finding(NO, "Grant Get-User.")),
    ],
)
def test_a_read(tried: Finding, exported: list[str] | None, wanted: Finding) -> None:
    assert found({**ALL_READ, "Get-User": tried}, exported)["Get-User"] == wanted


def ability(name: str) -> object:
    return next(each for each in ABILITIES if each.name == name)


@pytest.mark.parametrize(
    ("name", "lacks", "wanted"),
    [
        ("read_mailboxes", {}, Finding(YES)),
        ("read_mailboxes", {"Get-Mailbox": NO}, Finding(NO, "Grant Get-Mailbox.")),
        (
            "read_mailboxes",
            {"Get-CASMailbox": NO, "Get-Mailbox": NO, "Get-User": NO},
            Finding(NO, "Grant Get-CASMailbox. The same goes for Get-Mailbox."),
        ),
        ("read_mailboxes", {"Get-CASMailbox": UNKNOWN, "Get-Mailbox": NO}, Finding(NO, "Grant Get-Mailbox.")),
        ("read_mailboxes", {"Get-CASMailbox": UNKNOWN}, Finding(UNKNOWN, "Grant Get-CASMailbox.")),
        (
            "read_organization",
            {"Get-OrganizationConfig": NO, "Get-AuthenticationPolicy": NO},
            Finding(
                YES,
                "It lacks Get-OrganizationConfig and Get-AuthenticationPolicy: some of the effective state stays "
                "unknown.",
            ),
        ),
        ("read_organization", {"Get-OrganizationConfig": UNKNOWN}, Finding(YES)),
        ("write_organization", {"Set-CASMailbox": NO}, Finding(YES)),
        ("read_usage", {"read_usage": NO}, Finding(NO, "Grant read_usage.")),
    ],
)
def test_an_ability_takes_all_of_its_cmdlets(name: str, lacks: dict[str, str], wanted: Finding) -> None:
    told = dict.fromkeys([*CMDLETS, *(each.name for each in ABILITIES)], Finding(YES))
    told.update({each: Finding(allowed, f"Grant {each}.") for each, allowed in lacks.items()})
    assert judge(ability(name), told) == wanted  # type: ignore[arg-type]


def test_what_each_needs() -> None:
    """Every ability says it; none needs a writing role to read."""
    needs = {each.name: each.needs for each in ABILITIES}
    assert needs["read_mailboxes"] == (
        "Exchange.ManageAsApp, and a role with Get-CASMailbox and Get-Mailbox, such as Global Reader"
    )
    assert needs["write_organization"].endswith("Set-TransportConfig, such as Exchange Administrator")
    assert needs["read_sign_ins"].endswith("AuditLog.Read.All on Microsoft Graph, and Entra ID P1 or P2 in the tenant")
    assert [name for name, text in needs.items() if "Administrator" in text] == [
        "write_mailboxes",
        "write_organization",
    ]


def test_what_is_required_and_lacking() -> None:
    told = {"a": Finding(YES), "b": Finding(NO, "Grant B."), "c": Finding(UNKNOWN, "No answer.")}
    assert lacking(told, []) == lacking(told, ["a"]) == ""
    assert lacking(told, ["c", "a", "b", "c"]) == (
        "Whether c is allowed isn't known: No answer. b isn't allowed: Grant B."
    )
