# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a 401 or 403 is explained with, by what the token carries."""

from __future__ import annotations

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._exchange.refusal import explain_refusal
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.claims import Claims

MANAGE = "Exchange.ManageAsApp"
EXCHANGE_ADMINISTRATOR = "29232cdf-9323-42fd-ade2-1d097af3e4de"
RECIPIENT_ADMINISTRATOR = "31392ffb-586c-42d1-9346-e59415a2cc4e"
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
GLOBAL_READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
CUSTOM = "12345678-0000-0000-0000-000000000000"
OF_EVERY_APP = "0997a1d0-0d1d-4acb-b408-d5ca73121e90"


def explain(
    app_roles: tuple[str, ...], directory_roles: tuple[str, ...], cmdlet: str = "Set-CASMailbox", **more: bool
) -> str:
    claims = Claims(
        readable=True,
        app_id="the-app-id",
        object_id="the-object-id",
        app_roles=app_roles,
        directory_roles=directory_roles,
    )
    return explain_refusal(claims, cmdlet, **more)


NO_APP_ROLE = "doesn't carry the application permission"
NO_DIRECTORY_ROLE = "no directory role"
ROLE_TOO_SMALL = "isn't known to allow"
NEW_OR_NOT_IN_ROLE = "Either the assignment is new"


@pytest.mark.parametrize(
    ("app_roles", "directory_roles", "cmdlet", "cause"),
    [
        ((), (), "Set-CASMailbox", NO_APP_ROLE),
        ((), (EXCHANGE_ADMINISTRATOR,), "Set-CASMailbox", NO_APP_ROLE),
        (("Exchange.ManageAsAppV2",), (EXCHANGE_ADMINISTRATOR,), "Get-CASMailbox", NO_APP_ROLE),
        (("Exchange.AdminAPI.ManageAsApp",), (), "Get-CASMailbox", NO_APP_ROLE),
        ((MANAGE,), (), "Set-CASMailbox", NO_DIRECTORY_ROLE),
        ((MANAGE,), (OF_EVERY_APP,), "Set-CASMailbox", NO_DIRECTORY_ROLE),
        ((MANAGE,), (OF_EVERY_APP,), "Get-CASMailbox", NO_DIRECTORY_ROLE),
        ((MANAGE,), (GLOBAL_READER,), "Set-CASMailbox", ROLE_TOO_SMALL),
        ((MANAGE,), (RECIPIENT_ADMINISTRATOR, OF_EVERY_APP), "Set-CASMailbox", ROLE_TOO_SMALL),
        ((MANAGE,), (CUSTOM,), "Set-CASMailbox", ROLE_TOO_SMALL),
        ((MANAGE,), (GLOBAL_READER,), "Get-CASMailbox", NEW_OR_NOT_IN_ROLE),
        ((MANAGE,), (EXCHANGE_ADMINISTRATOR,), "Set-CASMailbox", NEW_OR_NOT_IN_ROLE),
        ((MANAGE,), (EXCHANGE_ADMINISTRATOR.upper(),), "Set-CASMailbox", NEW_OR_NOT_IN_ROLE),
        ((MANAGE,), (GLOBAL_READER, GLOBAL_ADMINISTRATOR), "Set-TransportConfig", NEW_OR_NOT_IN_ROLE),
    ],
)
def test_names_the_likely_cause(
    app_roles: tuple[str, ...], directory_roles: tuple[str, ...], cmdlet: str, cause: str
) -> None:
    said = explain(app_roles, directory_roles, cmdlet)
    every = {NO_APP_ROLE, NO_DIRECTORY_ROLE, ROLE_TOO_SMALL, NEW_OR_NOT_IN_ROLE}
    assert {other for other in every if other in said} == {cause}
    assert "app the-app-id" in said
    assert OF_EVERY_APP not in said


@pytest.mark.parametrize(
    ("app_roles", "directory_roles", "next_step"),
    [
        ((), (), "grant admin consent"),
        (("Exchange.ManageAsAppV2",), (), "It has Exchange.ManageAsAppV2, which is another permission"),
        ((MANAGE,), (), "service principal (object id the-object-id)"),
        ((MANAGE,), (GLOBAL_READER,), "assign Exchange Administrator"),
        ((MANAGE,), (GLOBAL_READER,), "directory role Global Reader"),
        ((MANAGE,), (CUSTOM,), CUSTOM),
        ((MANAGE,), (EXCHANGE_ADMINISTRATOR,), "Get-ManagementRole -Cmdlet Set-CASMailbox"),
    ],
)
def test_says_what_to_do(app_roles: tuple[str, ...], directory_roles: tuple[str, ...], next_step: str) -> None:
    assert next_step in explain(app_roles, directory_roles)


def test_a_ready_made_token_has_to_be_replaced() -> None:
    roles = (MANAGE,), (EXCHANGE_ADMINISTRATOR,)
    assert "get a new access_token" in explain(*roles, renewable=False)
    assert "access_token" not in explain(*roles, renewable=True)


def test_an_opaque_token_names_both_grants() -> None:
    said = explain_refusal(Claims(), "Set-CASMailbox")
    assert MANAGE in said
    assert "Exchange Administrator" in said
