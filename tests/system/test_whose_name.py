# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose name an entry is: the same answer in a short list, a long one and a baseline, by look-ups or by a listing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from harness.run import ModuleRun, ModuleRunner

pytestmark = pytest.mark.newest_core

DOMAIN = "contoso.onmicrosoft.com"
SET, INFO, BASELINE = "mailbox_smtp_auth", "mailbox_smtp_auth_info", "smtp_auth_baseline"
NAME = "shared.name@contoso.com"


def user(number: int) -> str:
    return f"user{number:05d}@{DOMAIN}"


OTHERS = [user(number) for number in range(10, 50)]


@pytest.fixture(scope="module")
def company_server() -> Iterator[FakeTenantServer]:
    with FakeTenantServer(mailboxes=60) as running:
        yield running


@pytest.fixture
def company(company_server: FakeTenantServer) -> FakeTenantServer:
    company_server.reset()
    return company_server


@pytest.fixture
def run(company: FakeTenantServer, tmp_path: Path) -> ModuleRunner:
    return ModuleRunner(company, tmp_path)


# The ways ------------------------------------------------------------------------------------------------------------


def few(run: ModuleRunner, name: str) -> ModuleRun:
    return run(SET, mailboxes=[name], state="enabled", check=True)


def many(run: ModuleRunner, name: str) -> ModuleRun:
    return run(SET, mailboxes=[*OTHERS, name], state="enabled", check=True)


def few_exceptions(run: ModuleRunner, name: str) -> ModuleRun:
    return run(BASELINE, exceptions=[{"mailbox": name, "state": "enabled"}], return_mailboxes="all", check=True)


def many_exceptions(run: ModuleRunner, name: str) -> ModuleRun:
    listed = [{"mailbox": one, "state": "enabled"} for one in [*OTHERS, name]]
    return run(BASELINE, exceptions=listed, return_mailboxes="all", check=True)


def whole(run: ModuleRunner, name: str) -> ModuleRun:
    listed = [{"mailbox": name, "state": "enabled"}]
    return run(
        BASELINE,
        exceptions=listed,
        everyone_else="inherit",
        max_changes="100%",
        check=True,
        return_mailboxes="all",
    )


def few_read(run: ModuleRunner, name: str) -> ModuleRun:
    return run(INFO, mailboxes=[name])


def many_read(run: ModuleRunner, name: str) -> ModuleRun:
    return run(INFO, mailboxes=[*OTHERS, name])


WAYS = [few, many, few_exceptions, many_exceptions, whole, few_read, many_read]


# What may clash ------------------------------------------------------------------------------------------------------

Clash = Callable[[FakeTenantServer], str]


def _patch(fake: FakeTenantServer, number: int, *addresses: str, **changes: Any) -> None:
    if addresses:
        changes["addresses"] = [f"SMTP:{user(number)}", *(f"smtp:{address}" for address in addresses)]
    fake.mailboxes.patch(user(number), **changes)


def sign_in_name_and_secondary(fake: FakeTenantServer) -> str:
    _patch(fake, 1, user_principal_name=NAME)
    _patch(fake, 2, NAME)
    return NAME


def sign_in_name_and_secondary_in_another_case(fake: FakeTenantServer) -> str:
    _patch(fake, 1, user_principal_name=NAME)
    _patch(fake, 2, NAME.upper())
    return NAME.title()


def two_secondaries(fake: FakeTenantServer) -> str:
    _patch(fake, 1, NAME)
    _patch(fake, 2, NAME)
    return NAME


def two_sign_in_names(fake: FakeTenantServer) -> str:
    _patch(fake, 1, user_principal_name=NAME)
    _patch(fake, 2, user_principal_name=NAME)
    return NAME


def alias_of_both(fake: FakeTenantServer) -> str:
    _patch(fake, 1, alias="shared")
    _patch(fake, 2, alias="shared")
    return "shared"


def name_and_secondary(fake: FakeTenantServer) -> str:
    _patch(fake, 1, name=NAME)
    _patch(fake, 2, NAME)
    return NAME


def primary_and_secondary(fake: FakeTenantServer) -> str:
    _patch(fake, 1, user(2))
    return user(2)


def sign_in_name_and_primary(fake: FakeTenantServer) -> str:
    _patch(fake, 1, user_principal_name=user(2))
    return user(2)


def alias_and_id(fake: FakeTenantServer) -> str:
    guid = str(fake.mailboxes.get([user(2)])[0]["guid"])
    _patch(fake, 1, alias=guid)
    return guid


def secondary_alone(fake: FakeTenantServer) -> str:
    _patch(fake, 2, NAME)
    return NAME


def sign_in_name_alone(fake: FakeTenantServer) -> str:
    _patch(fake, 2, user_principal_name=NAME)
    return NAME


def double_s_for_a_sharp_s(fake: FakeTenantServer) -> str:
    fake.mailboxes.patch(user(2), address="straße@contoso.com")
    return "strasse@contoso.com"


AMBIGUOUS: list[Clash] = [
    sign_in_name_and_secondary,
    sign_in_name_and_secondary_in_another_case,
    name_and_secondary,
    two_secondaries,
    two_sign_in_names,
    alias_of_both,
    primary_and_secondary,
]
OF_THE_SECOND: list[Clash] = [sign_in_name_and_primary, alias_and_id, secondary_alone, sign_in_name_alone]


def _code(ran: ModuleRun, name: str) -> str:
    return str(ran.of(name)["error"]["code"])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("clash", AMBIGUOUS)
def test_a_name_of_two_is_ambiguous_in_every_way(
    company: FakeTenantServer, run: ModuleRunner, clash: Clash, way: Callable[[ModuleRunner, str], ModuleRun]
) -> None:
    name = clash(company)
    ran = way(run, name)
    assert ran.failed
    assert _code(ran, name) == "ambiguous"
    assert name in ran.message


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("clash", OF_THE_SECOND)
def test_a_name_of_one_is_its_own_in_every_way(
    company: FakeTenantServer, run: ModuleRunner, clash: Clash, way: Callable[[ModuleRunner, str], ModuleRun]
) -> None:
    name = clash(company)
    ran = way(run, name)
    assert not ran.failed, ran.message
    assert ran.of(name)["primary_smtp_address"] == user(2)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_only_alike_is_nobodys_in_every_way(
    company: FakeTenantServer, run: ModuleRunner, way: Callable[[ModuleRunner, str], ModuleRun]
) -> None:
    name = double_s_for_a_sharp_s(company)
    ran = way(run, name)
    assert ran.failed
    assert _code(ran, name) == "not_found"


@pytest.mark.parametrize("other", [NAME, "alias"])
@pytest.mark.parametrize("rest", [[], OTHERS])
def test_two_names_of_one_mailbox_are_told_in_every_way(
    company: FakeTenantServer, run: ModuleRunner, rest: list[str], other: str
) -> None:
    _patch(company, 2, NAME, alias="alias")
    both = [user(2), *rest, other]
    listed = [{"mailbox": one, "state": "enabled"} for one in both]
    for ran in (
        run(SET, mailboxes=both, state="enabled"),
        run(BASELINE, exceptions=listed),
        run(BASELINE, exceptions=listed, everyone_else="inherit", max_changes="100%"),
    ):
        assert ran.failed
        assert ran.result["failure"]["code"] == "duplicate"
        assert user(2) in ran.message
        assert other in ran.message
    assert company.log.entries(cmdlet="Set-CASMailbox") == []


# What it costs -------------------------------------------------------------------------------------------------------


def test_primary_addresses_cost_no_request_more(company: FakeTenantServer, run: ModuleRunner) -> None:
    assert run(SET, mailboxes=OTHERS, state="enabled", check=True, preflight="off").result["requests"]["sent"] == 1


def test_many_secondary_addresses_are_told_by_one_more_listing(company: FakeTenantServer, run: ModuleRunner) -> None:
    for number in range(10, 35):
        _patch(company, number, f"second{number}@contoso.com")
    _patch(company, 1, user_principal_name="second12@contoso.com")
    _patch(company, 2, name="second13@contoso.com")
    names = [f"second{number}@contoso.com" for number in range(10, 35)]
    ran = run(INFO, mailboxes=names)
    assert ran.failed
    assert {name for name in names if "error" in ran.of(name)} == {"second12@contoso.com", "second13@contoso.com"}
    assert {_code(ran, f"second{number}@contoso.com") for number in (12, 13)} == {"ambiguous"}
    assert ran.of("second14@contoso.com")["primary_smtp_address"] == user(14)
    assert ran.result["requests"]["sent"] == 3, "a listing of each kind, and the organization's setting"


def test_few_secondary_addresses_are_looked_up_and_no_others(company: FakeTenantServer, run: ModuleRunner) -> None:
    _patch(company, 2, NAME)
    ran = run(INFO, mailboxes=[*OTHERS, NAME])
    assert not ran.failed, ran.message
    assert ran.result["requests"]["sent"] == 3, "a listing, one look-up, and the organization's setting"
