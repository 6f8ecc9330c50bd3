# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One token a task: had once, renewed once however many find it refused, and never another tenant's."""

from __future__ import annotations

import base64
import json
import threading
import time
from typing import Any
from unittest.mock import Mock

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import (
    InputError,
    NetworkError,
    SignInError,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.clock import Clock
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.transport import Transport
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.claims import Issued
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.credentials import Credential
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.tokens import TokenSource

TENANT = "aaaaaaaa-1111-2222-3333-444444444444"
OTHER_TENANT = "bbbbbbbb-1111-2222-3333-444444444444"


def jwt(number: int, **claims: Any) -> str:
    payload = {"tid": TENANT, "exp": time.time() + 3600, "jti": number, **claims}
    return f"e30.{base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip('=')}.s"


class Issuing(Credential):
    """Gives a new token for each sign-in, and keeps what it was asked."""

    kind = "issuing"

    def __init__(self, lifetime: float = 3599, **claims: Any) -> None:
        super().__init__({})
        self.lifetime = lifetime
        self.claims = claims
        self.asked: list[tuple[bool, str]] = []
        self.scopes: list[str] = []

    @classmethod
    def is_given(cls, options: Any) -> bool:
        return True

    def acquire(self, scope: str, http: Any, login: str, *, claims: str = "", fresh: bool = False) -> Issued:
        self.asked.append((fresh, claims))
        self.scopes.append(scope)
        return Issued(jwt(len(self.asked), **self.claims), self.lifetime)


class Passing(Clock):
    """A clock that a test can put on."""

    def __init__(self) -> None:
        self.passed = 0.0
        super().__init__(60.0)

    def now(self) -> float:
        return super().now() + self.passed


def source(credential: Credential, tenant: str | None = TENANT, clock: Clock | None = None) -> TokenSource:
    transport = Transport(clock or Clock(60.0))
    return TokenSource(credential, transport, login="https://login", scope="scope", tenant=tenant)


def test_one_token_serves_the_whole_task() -> None:
    credential = Issuing()
    tokens = source(credential)
    assert {tokens.token() for _each in range(5)} == {tokens.token()}
    assert credential.asked == [(False, "")]


def test_many_threads_that_found_it_refused_renew_it_once() -> None:
    credential = Issuing()
    tokens = source(credential)
    refused = tokens.token()
    gate = threading.Barrier(8)
    renewed: list[str] = []

    def work() -> None:
        gate.wait()
        renewed.append(tokens.renew(refused, '{"a": 1}'))

    threads = [threading.Thread(target=work) for _each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert credential.asked == [(False, ""), (True, '{"a": 1}')]
    assert set(renewed) == {tokens.token()} != {refused}
    assert tokens.ever_had == [refused, tokens.token()]


@pytest.mark.parametrize(
    ("lifetime", "used_for"), [(86400, 86100), (3599, 3299), (600, 300), (100, 50), (60, 30), (8, 4), (1, 2)]
)
def test_is_renewed_before_it_ends(lifetime: float, used_for: float) -> None:
    """Five minutes before, or half-way where it lives shorter; never with every request."""
    credential, clock = Issuing(lifetime), Passing()
    tokens = source(credential, clock=clock)
    first = tokens.token()
    clock.passed += used_for - 1
    assert tokens.token() == first
    clock.passed += 2
    assert tokens.token() != first
    assert credential.asked == [(False, ""), (True, "")]


@pytest.mark.parametrize("ahead", [3600, 86400, 10**9, -86400])
@pytest.mark.parametrize("lifetime", [3599, 0])
def test_a_wrong_date_costs_no_sign_in(ahead: float, lifetime: float) -> None:
    """The token's own end is a date; this machine's may be another. ``lifetime`` 0: not known."""
    credential = Issuing(lifetime, exp=time.time() + 3600 - ahead)
    tokens = source(credential)
    assert {tokens.token() for _each in range(28)} == {tokens.token()}
    assert len(credential.asked) == 1


@pytest.mark.parametrize("error", [NetworkError("x"), SignInError("x")])
def test_a_sign_in_that_fails_early_is_no_harm_yet(error: Exception) -> None:
    credential, clock = Issuing(60), Passing()
    tokens = source(credential, clock=clock)
    first = tokens.token()
    credential.acquire = Mock(side_effect=error)  # type: ignore[method-assign]
    clock.passed += 40
    assert [tokens.token() for _each in range(3)] == [first] * 3
    assert credential.acquire.call_count == 1, "not with every request"
    clock.passed += 40
    assert tokens.token() == first
    assert credential.acquire.call_count == 2


def test_a_ready_made_token_is_used_to_its_end() -> None:
    credential = Issuing(exp=time.time() - 1)
    credential.can_renew = False
    tokens = source(credential)
    assert tokens.token() == tokens.token()
    assert len(credential.asked) == 1


def test_how_long_a_sign_in_took() -> None:
    clock = Passing()
    credential = Issuing()
    tokens = source(credential, clock=clock)
    assert tokens.took is None
    acquire = credential.acquire

    def slowly(*given: Any, **named: Any) -> Issued:
        clock.passed += 7.0
        return acquire(*given, **named)

    credential.acquire = slowly  # type: ignore[method-assign]
    tokens.token()
    assert tokens.took == pytest.approx(7.0, abs=1.0)
    credential.can_renew = False
    tokens = source(credential, clock=clock)
    tokens.token()
    assert tokens.took is None, "nobody was asked for a ready-made one"


def test_a_token_of_another_tenant_is_not_used() -> None:
    tokens = source(Issuing(tid=OTHER_TENANT))
    with pytest.raises(SignInError, match=f"for tenant {OTHER_TENANT}, not for tenant_id {TENANT}"):
        tokens.token()


@pytest.mark.parametrize(
    ("claimed", "given", "guid"),
    [
        (TENANT, "contoso.com", TENANT),
        (TENANT, None, TENANT),
        (TENANT, TENANT.upper(), TENANT),
        (None, TENANT, TENANT),
        ("../evil", TENANT, None),
        (None, "contoso.com", None),
        (None, None, None),
        ("../evil", "contoso.com", None),
    ],
)
def test_the_tenants_guid(claimed: str | None, given: str | None, guid: str | None) -> None:
    tokens = source(Issuing(tid=claimed), given)
    if guid is None:
        with pytest.raises((InputError, SignInError)):
            tokens.tenant_guid()
    else:
        assert tokens.tenant_guid() == guid


def test_a_sign_in_without_an_answer_leaves_nothing_unclear() -> None:
    """The request that the token was for was never sent."""
    credential = Issuing()
    credential.acquire = Mock(side_effect=NetworkError("x"))  # type: ignore[method-assign]
    with pytest.raises(NetworkError) as caught:
        source(credential).token()
    assert not caught.value.may_have_worked


def test_the_tenants_guid_costs_no_further_sign_in() -> None:
    """It is asked for with every line of the journal, when nothing may fail any more."""
    credential = Issuing(exp=time.time() - 1)
    tokens = source(credential)
    for _each in range(3):
        assert tokens.tenant_guid() == TENANT
    assert len(credential.asked) == 1


def test_another_service_has_its_own_token_of_the_same_sign_in() -> None:
    credential = Issuing()
    tokens = source(credential)
    others = tokens.for_scope("another scope")
    assert credential.scopes == []
    own, other = tokens.token(), others.token()
    assert own != other
    assert credential.scopes == ["scope", "another scope"]
    renewed = others.renew(other)
    assert (tokens.token(), others.token()) == (own, renewed)
    assert tokens.ever_had == others.ever_had == [own, other, renewed]


def test_two_services_sign_in_one_after_the_other() -> None:
    """What asks msal isn't made for two at a time."""
    credential = Issuing()
    tokens = source(credential)
    others = tokens.for_scope("another scope")
    begun, go_on = threading.Event(), threading.Event()
    issue = credential.acquire

    def acquire(scope: str, *more: Any, **named: Any) -> Issued:
        begun.set()
        assert go_on.wait(30)
        return issue(scope, *more, **named)

    credential.acquire = acquire  # type: ignore[method-assign]
    thread = threading.Thread(target=tokens.token)
    thread.start()
    assert begun.wait(30)
    assert not others._lock.acquire(blocking=False), "the other service would have to wait"
    go_on.set()
    thread.join()
    assert credential.scopes == ["scope"]
    assert others.token() != tokens.token()
