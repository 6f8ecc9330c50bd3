# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fake tenant for the folder, reset before each test, and a plain client of its HTTP side.

A reset builds every mailbox anew, so the tenant is small. What wants listings of more than one page has the one of
thousands: ``@pytest.mark.usefixtures("thousands")``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

sys.path.insert(0, str(Path(__file__).parents[2]))

from fake_tenant import FakeTenantServer
from fake_tenant.seed_layers import LAYERS

ANCHOR = "APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@contoso.onmicrosoft.com"
FEW = 30
THOUSANDS = 2500


class Client:
    """What the collection's own client must not be used for: the wire, bare."""

    def __init__(self, fake: FakeTenantServer) -> None:
        self.fake = fake
        self.tenant = fake.tenants[0]
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = fake.ca_path
        self.token = fake.tokens.issue()

    @property
    def url(self) -> str:
        """The URL of InvokeCommand."""
        return f"{self.fake.endpoint}/adminapi/beta/{self.tenant['tenant_id']}/InvokeCommand"

    def headers(self, **more: str | None) -> dict[str, str]:
        """The usual headers; None as a value takes one away."""
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "X-AnchorMailbox": ANCHOR,
            **{name.replace("_", "-"): value for name, value in more.items()},
        }
        return {name: value for name, value in headers.items() if value is not None}

    def post(self, body: Any, url: str | None = None, **headers: str | None) -> requests.Response:
        """POST JSON."""
        return self.session.post(
            url or self.url, json=body, headers=self.headers(**headers), timeout=60, allow_redirects=False
        )

    def invoke(
        self, cmdlet: str, parameters: dict[str, Any] | None = None, *, select: str | None = None, **headers: str | None
    ) -> requests.Response:
        """Run one cmdlet."""
        url = self.url if select is None else f"{self.url}?$select={select}"
        return self.post(command(cmdlet, parameters), url, **headers)

    def set(self, identity: str, value: bool | None) -> requests.Response:
        """Write the switch of one mailbox."""
        return self.invoke("Set-CASMailbox", {"Identity": identity, "SmtpClientAuthenticationDisabled": value})

    def get(self, identity: str) -> bool | None:
        """Read the switch of one mailbox."""
        (row,) = self.invoke("Get-CASMailbox", {"Identity": identity}).json()["value"]
        return row["SmtpClientAuthenticationDisabled"]

    def item(self, number: int, cmdlet: str, parameters: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """A request of a batch."""
        body = command(cmdlet, parameters)
        item = {"id": str(number), "method": "POST", "url": self.url, "headers": self.headers(), "body": body}
        return {**item, **changes}

    def batch(self, items: list[dict[str, Any]], **headers: str | None) -> requests.Response:
        """Run a batch."""
        return self.post({"requests": items}, self.url.replace("InvokeCommand", "$batch"), **headers)

    def pages(self, parameters: dict[str, Any], **headers: str | None) -> list[dict[str, Any]]:
        """The bodies of all pages of a listing of everybody."""
        body = command("Get-CASMailbox", parameters)
        pages = [self.post(body, f"{self.url}?$select=Guid,SmtpClientAuthenticationDisabled", **headers).json()]
        while "@odata.nextLink" in pages[-1]:
            pages.append(self.post(body, pages[-1]["@odata.nextLink"], **headers).json())
        return pages


def command(cmdlet: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
    """The body of InvokeCommand."""
    return {"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters or {}}}


@pytest.fixture(scope="session")
def server() -> Iterator[FakeTenantServer]:
    """The server of the session."""
    with FakeTenantServer(mailboxes=FEW, tenants=2) as fake:
        yield fake


@pytest.fixture(scope="session")
def thousands() -> Iterator[FakeTenantServer]:
    """A server whose listings have three pages, for the tests that ask for it: their `fake` is this one."""
    with FakeTenantServer(mailboxes=THOUSANDS, tenants=2) as fake:
        yield fake


@pytest.fixture
def fake(request: pytest.FixtureRequest) -> FakeTenantServer:
    """The server as if just started."""
    server: FakeTenantServer = request.getfixturevalue("thousands" if "thousands" in request.fixturenames else "server")
    server.reset()
    return server


@pytest.fixture
def client(fake: FakeTenantServer) -> Client:
    """A client of it, with a token of the app that may do everything."""
    return Client(fake)


@pytest.fixture(scope="session")
def fabrikam_server() -> Iterator[FakeTenantServer]:
    """A server with the tenant that has a mailbox for each layer."""
    with FakeTenantServer(seed=LAYERS) as fake:
        yield fake


@pytest.fixture
def fabrikam(fabrikam_server: FakeTenantServer) -> FakeTenantServer:
    """It, as if just started."""
    fabrikam_server.reset()
    return fabrikam_server


@pytest.fixture
def fabrikam_client(fabrikam: FakeTenantServer) -> Client:
    """A client of it."""
    return Client(fabrikam)
