# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listings: page sizes, links, the limit of results."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("thousands")

GET = "Get-CASMailbox"
ALL = {"ResultSize": "Unlimited"}
MORE = "There are more results available"


def everybody(client: Any) -> int:
    return len(client.fake.mailboxes.get())


def test_all_pages_hold_everybody_once(client: Any) -> None:
    pages = client.pages(ALL)
    guids = [row["Guid"] for page in pages for row in page["value"]]
    assert [len(page["value"]) for page in pages[:-1]] == [1000, 1000]
    assert len(guids) == len(set(guids)) == everybody(client)
    assert [bool(page["@adminapi.warnings"]) for page in pages] == [True, False, False]
    assert pages[0]["@adminapi.warnings"][0].startswith(MORE), "as measured: the warning stands beside the link"
    assert "skiptoken=" in pages[0]["@odata.nextLink"]


@pytest.mark.parametrize(
    ("prefer", "size"),
    [
        ("odata.maxpagesize=700", 700),
        ("odata.maxpagesize=1;odata.continue-on-error", 1),
        ("odata.maxpagesize=0", 1000),
        ("odata.maxpagesize=5000", 1000),
        (None, 1000),
    ],
)
def test_page_size(client: Any, prefer: str | None, size: int) -> None:
    answer = client.invoke(GET, ALL, select="Guid", Prefer=prefer)
    assert len(answer.json()["value"]) == size
    assert answer.headers["Preference-Applied"] == f"odata.maxpagesize={size}"


@pytest.mark.parametrize(("parameters", "count"), [({}, 1000), ({"ResultSize": 1500}, 1500), ({"ResultSize": "7"}, 7)])
def test_limit_of_results_ends_with_a_warning(client: Any, parameters: dict[str, Any], count: int) -> None:
    client.fake.dialect.set(more_warning_with_link=False)
    pages = client.pages(parameters)
    assert sum(len(page["value"]) for page in pages) == count
    assert [bool(page["@adminapi.warnings"]) for page in pages] == [False] * (len(pages) - 1) + [True]
    assert pages[-1]["@adminapi.warnings"][0].startswith(MORE)


@pytest.mark.parametrize("beside", [True, False])
def test_the_warning_beside_a_link(client: Any, beside: bool) -> None:
    client.fake.dialect.set(more_warning_with_link=beside)
    first, *others = client.pages({**ALL, "RecipientTypeDetails": "UserMailbox"})
    assert bool(first["@adminapi.warnings"]) is beside
    assert not any(page["@adminapi.warnings"] for page in others)
    one = client.invoke(GET, {"Identity": "alice"}).json()
    assert one["@adminapi.warnings"] == []


def first_link(client: Any, **headers: str | None) -> str:
    link: str = client.invoke(GET, ALL, select="Guid", **headers).json()["@odata.nextLink"]
    return link


def follow(client: Any, link: str, parameters: dict[str, Any] | None = None, **headers: str | None) -> Any:
    body = {"CmdletInput": {"CmdletName": GET, "Parameters": ALL if parameters is None else parameters}}
    return client.post(body, link, **headers)


def is_expired(answer: Any) -> bool:
    text = answer.json()["error"]["innererror"]["internalexception"]["message"]
    return answer.status_code == 400 and text.startswith("Expired or Invalid pagination request")


def test_a_link_can_be_followed_again(client: Any) -> None:
    link = first_link(client)
    assert follow(client, link).json()["value"] == follow(client, link).json()["value"]


def test_links_want_the_same_body_and_anchor(client: Any) -> None:
    link = first_link(client)
    assert is_expired(follow(client, link, {}))
    assert is_expired(follow(client, link, X_AnchorMailbox="APP:other"))
    assert is_expired(follow(client, link, X_AnchorMailbox=None))
    assert is_expired(follow(client, link + "9x"))
    assert follow(client, link).status_code == 200


def test_links_of_a_listing_without_anchor_lead_nowhere(client: Any) -> None:
    link = first_link(client, X_AnchorMailbox=None)
    assert is_expired(follow(client, link, X_AnchorMailbox=None))
    client.fake.dialect.set(anchor_required_for_pages=False)
    assert follow(client, first_link(client, X_AnchorMailbox=None), X_AnchorMailbox=None).status_code == 200


@pytest.mark.parametrize(("domain", "expired"), [("contoso.com", True), ("contoso.onmicrosoft.com", False)])
def test_links_of_a_tenant_named_by_domain(client: Any, domain: str, expired: bool) -> None:
    url = f"{client.fake.endpoint}/adminapi/beta/{domain}/InvokeCommand"
    body = {"CmdletInput": {"CmdletName": GET, "Parameters": ALL}}
    answer = follow(client, client.post(body, url).json()["@odata.nextLink"])
    assert (answer.status_code == 400) is expired


def test_links_grow_old(client: Any) -> None:
    link = first_link(client)
    client.fake.pages.lifetime(0)
    assert is_expired(follow(client, link))


def test_get_of_a_link(client: Any) -> None:
    link = first_link(client)
    assert client.session.get(link, headers=client.headers(), timeout=60).status_code == 405
    client.fake.dialect.set(get_continuation=True)
    rows = client.session.get(link, headers=client.headers(), timeout=60).json()["value"]
    assert rows == follow(client, link).json()["value"]


def test_result_size_may_be_ignored(client: Any) -> None:
    client.fake.dialect.set(result_size_ignored=True)
    pages = client.pages({"ResultSize": 5})
    assert sum(len(page["value"]) for page in pages) == everybody(client)


def test_a_mailbox_deleted_meanwhile_is_left_out(client: Any) -> None:
    link = first_link(client)
    (gone,) = client.fake.mailboxes.get(["user01500"])
    client.fake.mailboxes.delete("user01500")
    rows = follow(client, link).json()["value"]
    assert gone["guid"] not in {row["Guid"] for row in rows}
    assert len(rows) == 999
