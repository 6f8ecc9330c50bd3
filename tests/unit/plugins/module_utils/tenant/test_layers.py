# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of a tenant's layers, and what is said where it can't be: with services in memory."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from typing import Any, cast
from urllib.parse import unquote

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import (
    AccessDeniedError,
    GraphUnavailableError,
    InterruptedTaskError,
    M365Error,
    NotFoundError,
    ServiceError,
    SignInError,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.timings import Pace
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.wire import Command, CommandResult
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.layers import Account, Tenant, User
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox import Mailbox
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.unread import Unread
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant import asking as _asking
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.connection import Connection
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.layers import Directory, LayerReader
from unit.plugins.module_utils.tenant.in_memory import Outcomes

TODAY = datetime.date(2026, 11, 24)
ANNA = Mailbox("guid-a", "anna@contoso.com", "Anna", "enabled", "ID-A")
ROWS: dict[str, list[dict[str, Any]]] = {
    "Get-TransportConfig": [{"SmtpClientAuthenticationDisabled": True, "AllowLegacyTLSClients": None}],
    "Get-OrganizationConfig": [{"DefaultAuthenticationPolicy": None}],
    "Get-AuthenticationPolicy": [{"Name": "Block", "AllowBasicAuthSmtp": False}],
    "Get-User": [
        {"Guid": "GUID-A", "RecipientTypeDetails": "UserMailbox", "AuthenticationPolicy": "Block"},
    ],
}
USER = {"id": "id-a", "accountEnabled": True, "assignedLicenses": [{"skuId": "x"}], "userType": "Member"}


class Services:
    """A connection in memory. ``wrong``: by cmdlet, or a part of Graph's path, what comes in place of the answer."""

    concurrency = 1

    def __init__(
        self,
        wrong: dict[str, Any] | None = None,
        users: Sequence[dict[str, Any]] = (USER,),
        policies: Sequence[dict[str, Any]] = (),
    ) -> None:
        self._policies = policies
        self._wrong = wrong or {}
        self._users = users
        self.exchange = self.graph = self
        self.asked: list[str] = []
        self.members: dict[str, frozenset[str]] = {}
        self.pace = Pace()

    def batch(self, _client: object, commands: Sequence[Command], _concurrency: int) -> Outcomes:
        return Outcomes(self._outcomes(commands))

    def _outcomes(self, commands: Sequence[Command]) -> Iterator[tuple[int, CommandResult | M365Error]]:
        for place, command in enumerate(commands):
            yield place, self._wrong.get(command.cmdlet, CommandResult(ROWS[command.cmdlet], []))

    def list_pages(self, command: Command) -> Iterator[list[dict[str, Any]]]:
        wrong = self._wrong.get(command.cmdlet)
        if wrong is not None:
            raise wrong
        yield ROWS[command.cmdlet]

    def get(self, path: str, permission: str) -> dict[str, Any]:
        self._look(path, permission)
        return {"isEnabled": False}

    def pages(self, path: str, permission: str) -> Iterator[list[dict[str, Any]]]:
        self._look(path, permission)
        yield list(self._users) if "/users" in path else list(self._policies) if "/policies" in path else []

    counted_pages = pages

    def _look(self, path: str, permission: str) -> None:
        self.asked.append(f"{permission} {unquote(path)}")
        for part, wrong in self._wrong.items():
            if part in path:
                raise wrong


def read(
    monkeypatch: pytest.MonkeyPatch,
    services: Services,
    mailboxes: list[Mailbox] | None = None,
    pages: int | None = None,
) -> tuple[Tenant, Directory, LayerReader]:
    monkeypatch.setattr(_asking, "BatchRun", services.batch)
    reader = LayerReader(cast(Connection, services))
    return *reader.read([ANNA] if mailboxes is None else mailboxes, pages, TODAY), reader


def test_all_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    tenant, directory, reader = read(monkeypatch, Services())
    assert (tenant.organization, tenant.legacy_tls, tenant.default_policy) == ("disabled", False, "")
    assert (tenant.security_defaults, tenant.conditional_access, tenant.today) == (False, [], TODAY)
    user = directory.user(ANNA)
    assert (user.recipient_type, user.authentication_policy) == ("UserMailbox", "Block")
    assert (user.account, user.guest) == (Account(True, True, guest=False), False)
    assert reader.faults == []


@pytest.mark.parametrize(
    ("told", "guest"),
    [("Guest", True), ("guest", True), ("Member", False), ("member", False), (None, None), ("", None), ("New", None)],
)
def test_who_is_a_guest(monkeypatch: pytest.MonkeyPatch, told: Any, guest: bool | None) -> None:
    _tenant, directory, _reader = read(monkeypatch, Services(users=[{**USER, "userType": told}]))
    assert directory.user(ANNA).account == Account(True, True, guest)
    without = {key: value for key, value in USER.items() if key != "userType"}
    _tenant, directory, _reader = read(monkeypatch, Services(users=[without]))
    assert directory.user(ANNA).guest is None


def test_what_is_asked_of_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services()
    read(monkeypatch, services)
    (asked,) = [line for line in services.asked if "/users" in line]
    assert asked == (
        "User.Read.All /v1.0/users?$select=id,accountEnabled,assignedLicenses,userType&$filter=id in ('id-a')&$top=999"
    )


@pytest.mark.parametrize(
    "row",
    [
        {**USER, "accountEnabled": None},
        {**USER, "accountEnabled": "true"},
        {**USER, "assignedLicenses": None},
        {**USER, "id": "id-b"},
        {**USER, "id": None},
    ],
)
def test_an_account_that_does_not_tell_is_not_known(monkeypatch: pytest.MonkeyPatch, row: dict[str, Any]) -> None:
    _tenant, directory, _reader = read(monkeypatch, Services(users=[row]))
    assert directory.user(ANNA).account == Unread("Entra ID doesn't show the account")


@pytest.mark.parametrize(
    ("licences", "licensed"), [([], False), ([{"skuId": "x"}], True), ([{"skuId": "x"}, {"skuId": "y"}], True)]
)
@pytest.mark.parametrize("enabled", [True, False])
def test_accounts(monkeypatch: pytest.MonkeyPatch, licences: list[Any], licensed: bool, enabled: bool) -> None:
    row = {**USER, "accountEnabled": enabled, "assignedLicenses": licences}
    _tenant, directory, _reader = read(monkeypatch, Services(users=[row]))
    assert directory.user(ANNA).account == Account(enabled, licensed, guest=False)


# Refused --------------------------------------------------------------------------------------------------------------

# What was refused itself; and what was left out since others were refused, which has no more than the code of it.
DENIED = [AccessDeniedError("Refused."), M365Error("Not tried.", code="access_denied")]


@pytest.mark.parametrize("error", DENIED, ids=["refused", "left out"])
@pytest.mark.parametrize(
    ("cmdlet", "attribute"),
    [
        ("Get-TransportConfig", "organization"),
        ("Get-OrganizationConfig", "default_policy"),
        ("Get-AuthenticationPolicy", "policies"),
    ],
)
def test_a_cmdlet_that_is_refused_is_no_fault(
    monkeypatch: pytest.MonkeyPatch, cmdlet: str, attribute: str, error: M365Error
) -> None:
    tenant, _directory, reader = read(monkeypatch, Services({cmdlet: error}))
    unread = Unread(error.message.rstrip("."), f"an Exchange role with {cmdlet}")
    assert getattr(tenant, attribute) == unread
    assert reader.faults == []


@pytest.mark.parametrize("error", DENIED, ids=["refused", "left out"])
@pytest.mark.parametrize("listed", [False, True])
def test_users_that_are_refused(monkeypatch: pytest.MonkeyPatch, error: M365Error, listed: bool) -> None:
    _tenant, directory, reader = read(monkeypatch, Services({"Get-User": error}), pages=0 if listed else None)
    expected = Unread(error.message.rstrip("."), "an Exchange role with Get-User")
    assert directory.user(ANNA).authentication_policy == expected
    assert reader.faults == []


def test_a_permission_on_graph_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    error = AccessDeniedError("Refused.")
    error.permission = "Policy.Read.All"
    tenant, _directory, reader = read(monkeypatch, Services({"conditionalAccess": error}))
    assert tenant.conditional_access == Unread("Refused", "Policy.Read.All")
    assert tenant.security_defaults is False
    assert reader.faults == []


def test_graph_that_can_not_be_used_is_no_missing_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    error = GraphUnavailableError("The access_token is for Exchange.")
    tenant, directory, reader = read(monkeypatch, Services({"/v1.0/": error}))
    unread = Unread("The access_token is for Exchange")
    assert tenant.security_defaults == tenant.conditional_access == directory.user(ANNA).account == unread
    assert reader.faults == []


# Other errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "is_fault"),
    [
        ({"Get-TransportConfig": ServiceError("Busy.")}, True),
        ({"Get-TransportConfig": SignInError("No.")}, True),
        ({"Get-User": NotFoundError("Gone.")}, False),
        ({"conditionalAccess": ServiceError("Busy.")}, True),
        ({"conditionalAccess": NotFoundError("Gone.")}, False),
        # Graph may have a sign-in of its own that isn't allowed.
        ({"conditionalAccess": SignInError("No.")}, False),
    ],
)
def test_which_errors_are_faults(monkeypatch: pytest.MonkeyPatch, wrong: dict[str, M365Error], is_fault: bool) -> None:
    _tenant, _directory, reader = read(monkeypatch, Services(wrong))
    assert reader.faults == (list(wrong.values()) if is_fault else [])


def test_a_signal_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InterruptedTaskError):
        read(monkeypatch, Services({"conditionalAccess": InterruptedTaskError("stop")}))


@pytest.mark.parametrize(
    "part",
    [
        CommandResult(ROWS["Get-AuthenticationPolicy"], [], next_link="https://x"),
        CommandResult(ROWS["Get-AuthenticationPolicy"], ["There are more results available than are displayed."]),
    ],
)
def test_a_part_is_not_taken_for_the_whole(monkeypatch: pytest.MonkeyPatch, part: CommandResult) -> None:
    tenant, _directory, _reader = read(monkeypatch, Services({"Get-AuthenticationPolicy": part}))
    assert tenant.policies == Unread("the answer isn't whole")


def test_a_row_of_another_user_is_not_taken_for_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"Guid": "guid-b", "RecipientTypeDetails": "UserMailbox", "AuthenticationPolicy": None}
    _tenant, directory, _reader = read(monkeypatch, Services({"Get-User": CommandResult([row], [])}))
    assert directory.user(ANNA).authentication_policy == Unread("Get-User doesn't show this mailbox")


@pytest.mark.parametrize("key", ["Guid", "ExchangeObjectId", "ExternalDirectoryObjectId"])
def test_any_id_leads_to_the_user(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    value = "id-A" if key == "ExternalDirectoryObjectId" else "guid-A"
    row = {key: value, "RecipientTypeDetails": "SharedMailbox", "AuthenticationPolicy": ""}
    _tenant, directory, _reader = read(monkeypatch, Services({"Get-User": CommandResult([row], [])}))
    assert (directory.user(ANNA).recipient_type, directory.user(ANNA).authentication_policy) == ("SharedMailbox", "")


BLOCKS = CommandResult([{"Name": "Block", "AllowBasicAuthSmtp": False}], [])
ALLOWS = CommandResult([{"Name": "Allow", "AllowBasicAuthSmtp": True}], [])
DEFAULT = CommandResult([{"DefaultAuthenticationPolicy": "Gone"}], [])


@pytest.mark.parametrize(
    ("wrong", "users"),
    [
        ({"Get-AuthenticationPolicy": ALLOWS}, 0),
        ({"Get-AuthenticationPolicy": CommandResult([], [])}, 0),
        ({"Get-AuthenticationPolicy": BLOCKS}, 8),
        ({"Get-AuthenticationPolicy": AccessDeniedError("No.")}, 8),
        ({"Get-AuthenticationPolicy": ALLOWS, "Get-OrganizationConfig": AccessDeniedError("No.")}, 8),
        ({"Get-AuthenticationPolicy": ALLOWS, "Get-OrganizationConfig": DEFAULT}, 8),
        ({"Get-AuthenticationPolicy": ALLOWS, "/users": AccessDeniedError("No.")}, 8),
    ],
)
def test_users_are_asked_for_only_where_their_policy_or_type_can_matter(
    monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any], users: int
) -> None:
    boxes = [Mailbox(f"guid-{n}", "", "", "enabled", f"id-{n}") for n in range(8)]
    services = Services(wrong, [{**USER, "id": f"id-{n}"} for n in range(8)])
    tenant, directory, asked = sparingly(monkeypatch, services, boxes)
    assert asked.count("Get-User") == users
    assert asked.count("Get-TransportConfig") == 1
    assert tenant.organization == "disabled"
    if not users:
        assert directory.user(boxes[0]) == User("id-0", "", "", Account(True, True, guest=False))


def test_of_an_account_that_is_not_in_order_the_type_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = [Mailbox(f"guid-{n}", "", "", "enabled", f"id-{n}") for n in range(8)]
    boxes[3] = Mailbox("guid-a", "", "", "enabled", "id-3")  # whom the row of a user is of
    users = [{**USER, "id": f"id-{n}", "accountEnabled": n != 3} for n in range(7)]  # that of 7 isn't shown
    _tenant, directory, asked = sparingly(monkeypatch, Services({"Get-AuthenticationPolicy": ALLOWS}, users), boxes)
    assert asked.count("Get-User") == 2
    assert directory.user(boxes[3]).recipient_type == "UserMailbox"
    assert directory.user(boxes[0]).recipient_type == ""


def test_few_users_are_asked_for_beside_the_organization_in_one_request(monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = [Mailbox(f"guid-{n}", "", "", "enabled", f"id-{n}") for n in range(7)]
    _tenant, _directory, asked = sparingly(monkeypatch, Services({"Get-AuthenticationPolicy": ALLOWS}), boxes)
    assert asked.count("Get-User") == 7


def sparingly(
    monkeypatch: pytest.MonkeyPatch, services: Services, boxes: list[Mailbox]
) -> tuple[Tenant, Directory, list[str]]:
    asked: list[str] = []

    def batch(client: object, commands: Sequence[Command], concurrency: int) -> Any:
        asked.extend(command.cmdlet for command in commands)
        return services.batch(client, commands, concurrency)

    monkeypatch.setattr(_asking, "BatchRun", batch)
    return *LayerReader(cast(Connection, services), sparing=True).read(boxes, None, TODAY), asked


@pytest.mark.parametrize(("count", "pages", "listed"), [(10, 1, False), (11, 1, True), (11, None, False)])
def test_users_in_the_cheaper_way(monkeypatch: pytest.MonkeyPatch, count: int, pages: int | None, listed: bool) -> None:
    """A listing of everybody where that is fewer requests, and accounts by fifteen or all of them likewise."""
    boxes = [Mailbox(f"guid-{n}", "", "", "enabled", f"id-{n:02d}") for n in range(count)]
    services = Services()
    lists: list[str] = []

    def list_pages(command: Command) -> Iterator[list[dict[str, Any]]]:
        lists.append(str(command))
        yield []

    monkeypatch.setattr(services, "list_pages", list_pages)
    read(monkeypatch, services, boxes, pages)
    assert bool(lists) is listed
    accounts = [line for line in services.asked if "/users" in line]
    assert [("id in" in line) for line in accounts] == [True]


def test_accounts_by_fifteen(monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = [Mailbox(f"guid-{n}", "", "", "enabled", f"id-{n:02d}") for n in range(31)]
    services = Services()
    read(monkeypatch, services, boxes, None)
    accounts = [line for line in services.asked if "/users" in line]
    assert [line.count("'id-") for line in accounts] == [15, 15, 1]
    services = Services()
    read(monkeypatch, services, boxes, 2)
    accounts = [line for line in services.asked if "/users" in line]
    assert [line.count("'id-") for line in accounts] == [0], "two pages of everybody are fewer than three requests"


# Groups and roles -----------------------------------------------------------------------------------------------------

GROUP, ROLE = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
LEGACY: dict[str, Any] = {
    "id": "1",
    "displayName": "Block legacy",
    "state": "enabled",
    "conditions": {
        "clientAppTypes": ["other"],
        "applications": {"includeApplications": ["All"]},
        "users": {"includeUsers": ["All"], "excludeGroups": [GROUP.upper()], "excludeRoles": [ROLE]},
    },
    "grantControls": {"builtInControls": ["block"]},
}


def asked_about_members(services: Services) -> list[str]:
    return [line for line in services.asked if "/groups/" in line or "directoryRoles" in line]


def test_groups_and_roles_are_read_for_mailboxes_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds for the organization is told without them."""
    services = Services(policies=[LEGACY])
    tenant, _directory, _reader = read(monkeypatch, services)
    assert tenant.members == {GROUP: frozenset(), ROLE: frozenset()}
    assert len(asked_about_members(services)) == 2
    assert services.members == tenant.members, "the task knows them from now on"
    tenant = LayerReader(cast(Connection, Services(policies=[LEGACY]))).tenant(TODAY)
    assert tenant.members == {}


@pytest.mark.parametrize(
    "policies",
    [
        [],
        [{**LEGACY, "state": "disabled"}],
        [LEGACY, {**LEGACY, "conditions": {**LEGACY["conditions"], "users": {"includeUsers": ["All"]}}}],
    ],
    ids=["no policy", "none in force", "one for everybody"],
)
def test_groups_that_decide_nothing_are_not_asked_for(
    monkeypatch: pytest.MonkeyPatch, policies: list[dict[str, Any]]
) -> None:
    services = Services(policies=policies)
    tenant, _directory, _reader = read(monkeypatch, services)
    assert tenant.members == {}
    assert asked_about_members(services) == []


@pytest.mark.parametrize(
    ("part", "key", "permission"),
    [("/groups/", GROUP, "GroupMember.Read.All"), ("directoryRoles", ROLE, "RoleManagement.Read.Directory")],
)
def test_a_permission_for_members_is_named(
    monkeypatch: pytest.MonkeyPatch, part: str, key: str, permission: str
) -> None:
    error = AccessDeniedError("Refused.")
    error.permission = permission
    tenant, _directory, reader = read(monkeypatch, Services({part: error}, policies=[LEGACY]))
    assert tenant.members == {GROUP: frozenset(), ROLE: frozenset(), key: Unread("Refused", permission)}
    assert reader.faults == []


def test_members_that_can_not_be_read_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    error = ServiceError("Busy.")
    tenant, _directory, reader = read(monkeypatch, Services({"/groups/": error}, policies=[LEGACY]))
    assert tenant.members[GROUP] == Unread("Busy")
    assert reader.faults == [error]
