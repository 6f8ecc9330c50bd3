# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What configure.yml makes of settings before it asks anything of AWX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fake_awx.store import HIDDEN

from .conftest import rendered_each

TENANT = {"name": "contoso", "tenant_id": "contoso.onmicrosoft.com", "client_id": "x"}
LISTS = "must be lists by these names: {teams: [], users: []}."
# Settings, and what is said of them.
SETTINGS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"smtp_auth_awx_tenants": [TENANT], "smtp_auth_awx_requesters": {}, "smtp_auth_awx_former": {"users": None}}, []),
    ({"smtp_auth_awx_requesters": ["Helpdesk"]}, [f"smtp_auth_awx_requesters {LISTS}"]),
    ({"smtp_auth_awx_approvers": {"team": ["Mail"]}}, [f"smtp_auth_awx_approvers {LISTS}"]),
    ({"smtp_auth_awx_auditors": {"users": "audrey"}}, [f"smtp_auth_awx_auditors {LISTS}"]),
    ({"smtp_auth_awx_former": {"users": 7}}, [f"smtp_auth_awx_former {LISTS}"]),
    ({"smtp_auth_awx_webhook_shape": "round"}, ["smtp_auth_awx_webhook_shape must be plain or teams."]),
    ({"smtp_auth_awx_notification_type": "pigeon"}, ["smtp_auth_awx_notification_type: AWX knows no pigeon."]),
    (
        {"smtp_auth_awx_tenants": [{**TENANT, "variables": ["x"]}]},
        ["smtp_auth_awx_tenants: variables of contoso must be names with values."],
    ),
    (
        {"smtp_auth_awx_tenants": [{**TENANT, "name": "con-toso"}]},
        ['smtp_auth_awx_tenants: name "con-toso" must be of letters, digits and _, and begin with no digit.'],
    ),
    (
        {"smtp_auth_awx_tenants": [{"name": "contoso", "tenant": "x"}, {**TENANT, "name": "Contoso"}]},
        [
            "smtp_auth_awx_tenants: contoso has no tenant_id.",
            "smtp_auth_awx_tenants: contoso has no client_id.",
            "smtp_auth_awx_tenants: two tenants have the same name.",
        ],
    ),
]


def test_settings_that_cannot_be_meant() -> None:
    found = rendered_each("__smtp_auth_awx_problems", [given for given, _said in SETTINGS])
    for (given, said), problems in zip(SETTINGS, found, strict=True):
        assert problems == said, given


def test_a_file_that_holds_no_pem(tmp_path: Path) -> None:
    """A PFX, say, would fill the field for a PEM with what no job can use."""
    pfx, pem = tmp_path / "app.pfx", tmp_path / "app.pem"
    pfx.write_bytes(b"\x30\x82\x0a\xff\xfe\x00")
    pem.write_text("-----BEGIN CERTIFICATE-----\n")
    environment = {
        "M365_CERTIFICATE_PATH": str(pfx),
        "M365_CA_PATH": str(pem),
        "CONTOSO_M365_CERTIFICATE_PATH": str(tmp_path / "absent.pem"),
    }
    (found,) = rendered_each("__smtp_auth_awx_problems", [{"smtp_auth_awx_tenants": [TENANT]}], environment)
    assert found == [
        f"{name} is {environment[name]}: there is no such file, or it cannot be read, or it holds no PEM."
        " A PFX is given in base64, by M365_CERTIFICATE_CONTENT."
        for name in ("M365_CERTIFICATE_PATH", "CONTOSO_M365_CERTIFICATE_PATH")
    ]


def test_what_else_a_tenant_is_to_have() -> None:
    """AWX keeps one text of a host's variables: what isn't given again is gone."""
    tenants = [TENANT, {**TENANT, "name": "fabrikam", "variables": {"smtp_auth_baseline_file": "fabrikam.yml"}}]
    ((localhost, *hosts),) = rendered_each("controller_hosts", [{"smtp_auth_awx_tenants": tenants}])
    assert localhost["name"] == "localhost"
    own = {"m365_tenant_id": TENANT["tenant_id"], "m365_client_id": "x"}
    assert [host["variables"] for host in hosts] == [own, {**own, "smtp_auth_baseline_file": "fabrikam.yml"}]


def test_only_a_password_of_the_same_type_is_kept() -> None:
    """That of another type is no password of this one; and the switch sends what is given."""
    webhook = {"url": "https://x", "password": "a-new-one"}
    given = {"item": {"notification_type": "webhook", "notification_configuration": webhook}}
    there = {"notification_type": "webhook", "notification_configuration": {"url": "https://y", "password": HIDDEN}}
    now = "__smtp_auth_awx_notification_now"
    found = rendered_each(
        "__smtp_auth_awx_configuration",
        [
            {**given, now: there},
            {**given, now: {**there, "notification_type": "email"}},
            {**given, now: there, "smtp_auth_awx_replace_secrets": True},
            {**given, now: {}},
        ],
    )
    assert [one["password"] for one in found] == [HIDDEN, "a-new-one", "a-new-one", "a-new-one"]


@pytest.mark.parametrize("actors", ["teams", "users"])
def test_whoever_changes_their_part_keeps_only_the_new_one(actors: str) -> None:
    """From requester to approver, and gone: no role is given and taken in the same run."""
    given = {
        "smtp_auth_awx_requesters": {actors: []},
        "smtp_auth_awx_approvers": {actors: ["one"]},
        "smtp_auth_awx_former": {actors: ["one", "two"]},
    }
    none = {"smtp_auth_awx_former": {}}
    roles, before = rendered_each("controller_roles", [given, {"smtp_auth_awx_requesters": {actors: ["one"]}, **none}])

    def of(who: str, state: str, roles: list[dict[str, Any]]) -> set[tuple[str, str]]:
        return {
            (item["role"], name)
            for item in roles
            if item["state"] == state and who in item[actors]
            for name in item.get("job_templates", []) + item.get("workflows", [])
        }

    assert of("one", "present", roles) & of("one", "absent", roles) == set()
    had = of("one", "present", before)
    assert had
    assert had <= of("one", "present", roles) | of("one", "absent", roles)
    assert had <= of("two", "absent", roles)
    assert of("one", "present", roles) <= of("two", "absent", roles)
