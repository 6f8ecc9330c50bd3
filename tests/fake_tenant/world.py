# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything one server knows: tenants, tokens, listings under way, faults, log, dialect."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from cryptography.hazmat.primitives.asymmetric import rsa

from . import effects, effects_body
from .access import TokenDesk
from .certificates import CertificateSet
from .dialect import Dialect
from .faults import Faults
from .latency import NO_LATENCY, Latency
from .log import Log
from .reports import Downloads
from .seed import Plan
from .state import Mailbox, Tenant
from .throttle import Throttle

EFFECTS = effects_body.EFFECTS  # the import is what makes them known

KEPT_LISTINGS = 500
PAGE_LIFETIME = 1800.0


@dataclass
class Listing:
    """A listing that has been begun: what its pages are cut from, and how the first request looked."""

    tenant: Tenant
    cmdlet: str
    mailboxes: list[Mailbox]
    warnings: list[str]
    body: object
    anchor: str | None
    select: list[str] | None
    page_size: int
    begun: float
    continuable: bool


@dataclass
class GraphListing:
    """The same for Graph, whose links carry the rest of the query themselves."""

    tenant: Tenant
    path: str
    items: list[Any]
    begun: float


class Begun(Protocol):
    """What is known of any listing."""

    begun: float


L = TypeVar("L", bound=Begun)


class Listings(Generic[L]):
    """The listings that can still be continued, by the token in their links."""

    def __init__(self) -> None:
        self.lifetime = PAGE_LIFETIME
        self._listings: OrderedDict[str, L] = OrderedDict()

    def begin(self, listing: L) -> str:
        """Keep a listing; return its token."""
        token = secrets.token_urlsafe(18)
        self._listings[token] = listing
        while len(self._listings) > KEPT_LISTINGS:
            self._listings.popitem(last=False)
        return token

    def find(self, skip_token: str) -> tuple[str, L, int] | None:
        """Token, listing and offset that a `$skiptoken` names; None if it is unknown or too old."""
        token, _dot, offset = skip_token.rpartition(".")
        listing = self._listings.get(token)
        if listing is None or not offset.isdigit() or time.monotonic() - listing.begun > self.lifetime:
            return None
        return token, listing, int(offset)

    def clear(self) -> None:
        """Every link is dead."""
        self._listings.clear()


class World:
    """The state of one server. Only the server's event loop touches it."""

    def __init__(
        self,
        plan: Plan,
        certificates: CertificateSet,
        federation_key: rsa.RSAPrivateKey,
        token_key: rsa.RSAPrivateKey,
        latency: Latency = NO_LATENCY,
    ) -> None:
        self._plan = plan
        self._first_latency = latency
        self.certificates = certificates
        self.federation_key = federation_key
        self.tokens = TokenDesk(token_key)
        self.log = Log()
        self.throttle = Throttle()
        self.listings: Listings[Listing] = Listings()
        self.graph_listings: Listings[GraphListing] = Listings()
        self.downloads = Downloads()
        self.faults = Faults(effects.check)
        self.control_secret = secrets.token_urlsafe(18)
        self.identity_header = secrets.token_urlsafe(18)
        self.assertions: list[str] = []  # that clients signed in with: for tests that look for leaks
        self.authority = "localhost"
        self.reset()

    def reset(self) -> None:
        """Everything as it was at the start; links and tokens handed out before are dead."""
        self.tenants: list[Tenant] = self._plan.build()
        self.dialect = Dialect()
        self.latency = self._first_latency
        self.tokens.reset()
        self.assertions.clear()
        self.throttle.set()
        self.downloads.clear()
        for listings in (self.listings, self.graph_listings):
            listings.clear()
            listings.lifetime = PAGE_LIFETIME
        self.faults.clear()
        self.log.clear()

    @property
    def issuer(self) -> str:
        """The issuer of the outside tokens that federated credentials trust."""
        return self._plan.issuer

    def tenant(self, name: str) -> Tenant | None:
        """The tenant with this GUID or verified domain."""
        key = name.lower()
        return next((item for item in self.tenants if key == item.tenant_id or key in item.domains), None)
