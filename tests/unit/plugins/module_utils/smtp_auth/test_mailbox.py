# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A row of ``Get-CASMailbox`` as a mailbox, and the names that a row shows."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.mailbox import (
    COLUMNS,
    Mailbox,
    UnreadableRowError,
    names_of,
)

ROW: dict[str, Any] = {
    "Guid": "11111111-0000-0000-0000-000000000001",
    "ExchangeObjectId": "22222222-0000-0000-0000-000000000002",
    "ExternalDirectoryObjectId": "33333333-0000-0000-0000-000000000003",
    "PrimarySmtpAddress": "Anna@Contoso.com",
    "DisplayName": "Anna <b>",
    "EmailAddresses": ["SMTP:Anna@Contoso.com", "smtp:a.b@contoso.com", "SIP:sip@contoso.com", "X500:/o=Org/cn=x"],
    "SmtpClientAuthenticationDisabled": None,
}


def test_asks_for_every_property_that_it_reads() -> None:
    assert set(ROW) == set(COLUMNS)


def test_reads_a_row() -> None:
    assert Mailbox.from_row(ROW) == Mailbox(
        guid=ROW["Guid"],
        primary_smtp_address="Anna@Contoso.com",
        display_name="Anna <b>",
        state="inherit",
        object_id=ROW["ExternalDirectoryObjectId"],
    )


@pytest.mark.parametrize(
    ("gone", "guid"),
    [
        ((), ROW["Guid"]),
        (("Guid",), ROW["ExchangeObjectId"]),
        (("Guid", "ExchangeObjectId"), ROW["ExternalDirectoryObjectId"]),
    ],
)
@pytest.mark.parametrize("how", ["absent", "null", "empty"])
def test_takes_the_first_id_there_is(gone: tuple[str, ...], guid: str, how: str) -> None:
    row = {key: value for key, value in ROW.items() if key not in gone}
    if how != "absent":
        row.update(dict.fromkeys(gone, None if how == "null" else ""))
    assert Mailbox.from_row(row).guid == guid


def test_a_row_without_an_id_is_an_error() -> None:
    with pytest.raises(UnreadableRowError, match="without any id"):
        Mailbox.from_row({"PrimarySmtpAddress": "anna@contoso.com", "SmtpClientAuthenticationDisabled": True})


@pytest.mark.parametrize("address", ["anna@contoso.com", None])
def test_an_unreadable_setting_names_the_mailbox(address: str | None) -> None:
    row = {"Guid": ROW["Guid"], "PrimarySmtpAddress": address}
    with pytest.raises(UnreadableRowError, match=address or ROW["Guid"]):
        Mailbox.from_row(row)


def test_what_people_see_may_be_missing() -> None:
    mailbox = Mailbox.from_row({"Guid": ROW["Guid"], "DisplayName": None, "SmtpClientAuthenticationDisabled": False})
    assert (mailbox.primary_smtp_address, mailbox.display_name, mailbox.state) == ("", "", "enabled")


def test_names_are_ids_and_mail_addresses_only() -> None:
    assert names_of({**ROW, "UserPrincipalName": "UPN@contoso.com", "Alias": "Anna"}) == {
        ROW["Guid"],
        ROW["ExchangeObjectId"],
        ROW["ExternalDirectoryObjectId"],
        "anna@contoso.com",
        "a.b@contoso.com",
        "upn@contoso.com",
        "anna",
    }


@pytest.mark.parametrize(
    ("addresses", "names"),
    [
        ("smtp:One@contoso.com", {"one@contoso.com"}),
        (["plain@contoso.com"], {"plain@contoso.com"}),
        (["SmTp:odd@contoso.com"], {"odd@contoso.com"}),
        (["SPO:SPO_1@SPO_2", "EUM:100;phone-context=x"], set()),
        (None, set()),
        ([], set()),
    ],
)
def test_addresses_in_every_form(addresses: Any, names: set[str]) -> None:
    assert names_of({"EmailAddresses": addresses}) == names


NO_GUIDS = [
    " ", "*", "x", True, 5, 1.5, [], {}, ["11111111-0000-0000-0000-000000000001"],
    "00000000-0000-0000-0000-000000000000", "{11111111-0000-0000-0000-000000000001}",
    "11111111-0000-0000-0000-00000000000", "11111111-0000-0000-0000-0000000000011",
    "11111111000000000000000000000001", "11111111-0000-0000-0000-000000000001\n",
    " 11111111-0000-0000-0000-000000000001",
    "anna@contoso.com", False, 0,
]  # fmt: skip


@pytest.mark.parametrize("value", NO_GUIDS, ids=repr)
@pytest.mark.parametrize("key", ["Guid", "ExchangeObjectId", "ExternalDirectoryObjectId"])
def test_what_is_no_guid_is_never_an_identity(key: str, value: Any) -> None:
    row = {**ROW, **dict.fromkeys(("Guid", "ExchangeObjectId", "ExternalDirectoryObjectId")), key: value}
    with pytest.raises(UnreadableRowError, match="which isn't a GUID"):
        Mailbox.from_row(row)


@pytest.mark.parametrize("value", [None, "", "00000000-0000-0000-0000-000000000000"])
def test_a_mailbox_may_have_no_account(value: Any) -> None:
    assert Mailbox.from_row({**ROW, "ExternalDirectoryObjectId": value}).object_id == ""


@pytest.mark.parametrize("value", [" ", "*", True, "' or 1 eq 1"])
def test_an_account_that_is_no_guid_is_an_error(value: Any) -> None:
    with pytest.raises(UnreadableRowError, match="ExternalDirectoryObjectId"):
        Mailbox.from_row({**ROW, "ExternalDirectoryObjectId": value})


@pytest.mark.parametrize("value", [5, True, ["x"], {"a": 1}, 1.5])
@pytest.mark.parametrize("key", ["PrimarySmtpAddress", "DisplayName", "UserPrincipalName", "Alias", "EmailAddresses"])
def test_a_name_that_is_no_text_is_an_error_of_the_row(key: str, value: Any) -> None:
    row = {**ROW, key: [1, *value] if key == "EmailAddresses" and isinstance(value, list) else value}
    with pytest.raises(UnreadableRowError, match=key):
        Mailbox.from_row(row)
    assert ROW["Guid"] in names_of(row), "whom it is about can still be told"


def test_two_rows_of_one_mailbox_have_to_say_the_same() -> None:
    mailbox = Mailbox.from_row(ROW)
    mailbox.check_same(mailbox)
    mailbox.check_same(Mailbox.from_row({**ROW, "Guid": ROW["ExchangeObjectId"], "DisplayName": "other"}))
    mailbox.check_same(dataclasses.replace(mailbox, guid=mailbox.guid.upper()))
    for other in (
        {"SmtpClientAuthenticationDisabled": True},
        {"PrimarySmtpAddress": "b@contoso.com"},
        {"ExternalDirectoryObjectId": None},
    ):
        with pytest.raises(UnreadableRowError, match="none of them is taken"):
            mailbox.check_same(Mailbox.from_row({**ROW, **other}))
