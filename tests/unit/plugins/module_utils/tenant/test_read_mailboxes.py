# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading listed mailboxes, or all: each entry with its mailbox or with the reason why there is none."""

from __future__ import annotations

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import M365Error
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.identity import parse_entries
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.read_mailboxes import (
    read_all,
    read_listed,
)
from unit.plugins.module_utils.tenant.in_memory import NoWait, Tenant, address_of

STATES = {"cid": "inherit", "ann": "enabled", "bob": "disabled"}


@pytest.mark.parametrize("number", [4, 40])
def test_listed_in_their_order_each_with_its_mailbox_or_a_reason(number: int) -> None:
    """However many are asked for: the way that is taken makes no difference."""
    more = {f"user{place}": "inherit" for place in range(number - 4)}
    tenant = Tenant(
        {**STATES, **more},
        faults={"Get-CASMailbox bob": (400, "Odd.")} if number == 4 else {},
        more_addresses={name: ["info@contoso.com"] for name in ("ann", "cid")},
    )
    names = ["eve@contoso.com", "cid@contoso.com", "info@contoso.com", "bob@contoso.com", *map(address_of, more)]
    readings = read_listed(tenant.store(NoWait()), parse_entries(names))
    assert [reading.name for reading in readings] == names
    told = [(reading.mailbox and reading.mailbox.state, reading.missing) for reading in readings[:3]]
    assert told == [(None, True), ("inherit", False), (None, False)]
    assert [reading.error.code for reading in readings[:3:2] if reading.error] == ["not_found", "ambiguous"]
    assert (readings[3].error is not None) is (number == 4), "one that can't be read spoils no other"
    assert all((reading.mailbox is None) is not (reading.error is None) for reading in readings)


def test_all_by_their_address() -> None:
    readings = read_all(Tenant(STATES).store(NoWait()))
    assert [(reading.name, reading.mailbox and reading.mailbox.state) for reading in readings] == [
        ("ann@contoso.com", "enabled"),
        ("bob@contoso.com", "disabled"),
        ("cid@contoso.com", "inherit"),
    ]


def test_an_outage_is_one_error_and_no_short_list() -> None:
    tenant = Tenant(STATES, faults={"Get-CASMailbox": (500, "Down.")})
    with pytest.raises(M365Error, match="Down"):
        read_all(tenant.store(NoWait()))
