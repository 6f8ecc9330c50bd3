# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a test holds in its hand: the same names whether the server runs in this process or in another."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any


class ControlError(Exception):
    """The server refused an operation; the text says why."""


class _Group:
    def __init__(self, owner: Facade, prefix: str) -> None:
        self._owner = owner
        self._prefix = prefix

    def _call(self, name: str, /, **arguments: Any) -> Any:
        return self._owner.call(f"{self._prefix}_{name}", **arguments)


class FaultsGroup(_Group):
    """Rules that make something go wrong."""

    def add(self, effect: str, **rule: Any) -> int:
        """Add a rule: `add("status", endpoint="batch", times=2, arguments={"status": 503})`. Returns its id."""
        return self._call("add", effect=effect, **rule)

    def list(self) -> list[dict[str, Any]]:
        """The rules, with `seen` and `fired`."""
        return self._call("list")

    def clear(self, id: int | None = None) -> None:
        """Remove one rule or all."""
        self._call("clear", id=id)


class DialectGroup(_Group):
    """How the unknown points of the service are played."""

    def set(self, **choices: Any) -> None:
        """Choose: `set(not_found_status=400)`."""
        self._call("set", **choices)

    def get(self) -> dict[str, Any]:
        """All choices."""
        return self._call("get")


class ThrottleGroup(_Group):
    """How fast a client may go."""

    def set(self, **settings: Any) -> None:
        """`set(rate=50, burst=20, retry_after=None)`; nothing at all: no limit."""
        self._call("set", **settings)


class LogGroup(_Group):
    """The requests that came in."""

    def entries(self, endpoint: str | None = None, cmdlet: str | None = None, since: int = 0) -> list[dict[str, Any]]:
        """The requests in order."""
        return self._call("entries", endpoint=endpoint, cmdlet=cmdlet, since=since)

    def clear(self) -> None:
        """Forget requests and counts."""
        self._call("clear")


class TokensGroup(_Group):
    """Access tokens."""

    def lifetime(self, seconds: float) -> None:
        """Tokens issued from now on live so long."""
        self._call("lifetime", seconds=seconds)

    def revoke(self) -> None:
        """Every token issued so far is refused."""
        self._call("revoke")

    def issue(self, app: str = "good", **options: Any) -> str:
        """A ready-made token; options: audience, lifetime, tenant."""
        return self._call("issue", app=app, **options)


class MailboxesGroup(_Group):
    """The true state of the mailboxes, past every lag and fault."""

    def get(self, identities: list[str] | None = None, tenant: str | None = None) -> list[dict[str, Any]]:
        """Mailboxes as dicts: those named, or all."""
        return self._call("get", identities=identities, tenant=tenant)

    def states(self, tenant: str | None = None) -> dict[str, str]:
        """Primary address -> `enabled`, `disabled` or `inherit`."""
        return self._call("states", tenant=tenant)

    def set_states(self, states: dict[str, str], tenant: str | None = None) -> None:
        """Give many mailboxes their states at once: `set_states({"bob@contoso.com": "inherit"})`."""
        self._call("set_states", states=states, tenant=tenant)

    def patch(self, identity: str, tenant: str | None = None, **changes: Any) -> dict[str, Any]:
        """Change one: `patch("bob", state="inherit", address="robert@contoso.com")`."""
        return self._call("patch", identity=identity, tenant=tenant, **changes)

    def delete(self, identity: str, tenant: str | None = None) -> None:
        """Delete one."""
        self._call("delete", identity=identity, tenant=tenant)

    def sign_in(self, identity: str, tenant: str | None = None) -> dict[str, str | None]:
        """What SMTP answers to a client that does everything right: `basic` and `oauth`, None for being let in."""
        return self._call("sign_in", identity=identity, tenant=tenant)


class UsersGroup(_Group):
    """The users of the directory, with a mailbox or without."""

    def get(self, identities: list[str] | None = None, tenant: str | None = None) -> list[dict[str, Any]]:
        """Users as dicts: those named, or all."""
        return self._call("get", identities=identities, tenant=tenant)

    def add(self, tenant: str | None = None, **description: Any) -> dict[str, Any]:
        """Add one without a mailbox: `add(user_principal_name="admin@contoso.com", licensed=False)`."""
        return self._call("add", tenant=tenant, **description)

    def patch(self, identity: str, tenant: str | None = None, **changes: Any) -> dict[str, Any]:
        """Change one: `patch("guest", account_enabled=False)`."""
        return self._call("patch", identity=identity, tenant=tenant, **changes)

    def delete(self, identity: str, tenant: str | None = None) -> None:
        """Delete one."""
        self._call("delete", identity=identity, tenant=tenant)


class OrganizationGroup(_Group):
    """The tenant-wide settings."""

    def get(self, tenant: str | None = None) -> dict[str, Any]:
        """All of them."""
        return self._call("get", tenant=tenant)

    def patch(self, tenant: str | None = None, **changes: Any) -> dict[str, Any]:
        """Change some: `patch(smtp_disabled=False)`."""
        return self._call("patch", tenant=tenant, **changes)


class AppsGroup(_Group):
    """The app registrations."""

    def patch(self, app: str, tenant: str | None = None, **changes: Any) -> dict[str, Any]:
        """Change secrets or grants: `patch("good", directory_roles=[])`."""
        return self._call("patch", app=app, tenant=tenant, **changes)


class PagesGroup(_Group):
    """The links of listings."""

    def lifetime(self, seconds: float) -> None:
        """Links live so long; 0 kills those handed out already."""
        self._call("lifetime", seconds=seconds)


class Facade(ABC):
    """Everything a test can ask of a server; `ready` is the content of ready.json."""

    ready: dict[str, Any]

    def __init__(self) -> None:
        self.faults = FaultsGroup(self, "faults")
        self.dialect = DialectGroup(self, "dialect")
        self.throttle = ThrottleGroup(self, "throttle")
        self.log = LogGroup(self, "log")
        self.tokens = TokensGroup(self, "tokens")
        self.mailboxes = MailboxesGroup(self, "mailboxes")
        self.users = UsersGroup(self, "users")
        self.organization = OrganizationGroup(self, "organization")
        self.apps = AppsGroup(self, "apps")
        self.pages = PagesGroup(self, "pages")

    @abstractmethod
    def call(self, operation: str, **arguments: Any) -> Any:
        """Run an operation of control.Operations; a refusal is a ControlError."""

    def reset(self) -> None:
        """Everything as it was at the start."""
        self.call("reset")

    def latency(self, seconds: float, *, row: float = 0.0, item: float = 0.0) -> None:
        """Every HTTP request takes so long at least, and so much more for each row of a page, or item of a batch."""
        self.call("latency", seconds=seconds, row=row, item=item)

    def stats(self) -> dict[str, Any]:
        """Counts: requests, by_endpoint, by_cmdlet, by_status, sub_requests, max_concurrent, throttled."""
        return self.call("stats")

    @property
    def endpoint(self) -> str:
        """`https://localhost:PORT`, of sign-in, Exchange and Graph alike."""
        return self.ready["exchange_endpoint"]

    @property
    def ca_path(self) -> str:
        """The CA bundle to trust."""
        return self.ready["ca_path"]

    @property
    def tenants(self) -> list[dict[str, Any]]:
        """tenant_id, domain and apps of each tenant."""
        return self.ready["tenants"]

    def app(self, name: str = "good", tenant: int = 0) -> dict[str, Any]:
        """An app of a tenant: client_id, client_secret and the paths of its credentials."""
        return self.tenants[tenant]["apps"][name]

    def environment(self, app: str = "good", tenant: int = 0) -> dict[str, str]:
        """Environment variables that lead the collection here, with a client secret."""
        return {
            "M365_TENANT_ID": self.tenants[tenant]["tenant_id"],
            "M365_CLIENT_ID": self.app(app, tenant)["client_id"],
            "M365_CLIENT_SECRET": self.app(app, tenant)["client_secret"],
            "M365_LOGIN_ENDPOINT": self.ready["login_endpoint"],
            "M365_EXCHANGE_ENDPOINT": self.ready["exchange_endpoint"],
            "M365_GRAPH_ENDPOINT": self.ready["graph_endpoint"],
            "M365_CA_PATH": self.ca_path,
        }


class Control(Facade):
    """A server in another process, found by its ready.json. Needs nothing but the standard library."""

    def __init__(self, ready_json_path: str | Path) -> None:
        super().__init__()
        self.ready = json.loads(Path(ready_json_path).read_text(encoding="utf-8"))
        context = ssl.create_default_context(cafile=self.ready["ca_path"])
        handler = urllib.request.HTTPSHandler(context=context)
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), handler)

    def call(self, operation: str, **arguments: Any) -> Any:
        """Run an operation over HTTPS."""
        request = urllib.request.Request(
            f"{self.ready['control']}/{operation}",
            data=json.dumps(arguments).encode(),
            headers={"Content-Type": "application/json", "X-Control-Secret": self.ready["control_secret"]},
        )
        try:
            with self._opener.open(request, timeout=60) as response:
                return json.load(response)["result"]
        except urllib.error.HTTPError as error:
            raise ControlError(json.load(error)["error"]) from None
