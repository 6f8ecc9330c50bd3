# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Hosts and token scopes of Microsoft's clouds, and their override.

Sources: the connection URIs of ``Connect-ExchangeOnline`` (Microsoft Learn), the base URLs of the Exchange admin API
overview, and public clients. For China and DoD the sources name more than one host: the endpoint options are there for
that.
"""

from __future__ import annotations

import dataclasses
import json
import re
from urllib.parse import urlsplit

from .._errors import InputError


@dataclasses.dataclass(frozen=True)
class Cloud:
    """Base URLs without a slash at the end, and the scope of a token for each service."""

    login: str
    exchange: str
    graph: str
    exchange_scope: str
    graph_scope: str


def _cloud(login: str, exchange: str, graph: str) -> Cloud:
    return Cloud(
        login=f"https://{login}",
        exchange=f"https://{exchange}",
        graph=f"https://{graph}",
        exchange_scope=f"https://{exchange}/.default",
        graph_scope=f"https://{graph}/.default",
    )


CLOUDS = {
    "public": _cloud("login.microsoftonline.com", "outlook.office365.com", "graph.microsoft.com"),
    "gcc_high": _cloud("login.microsoftonline.us", "outlook.office365.us", "graph.microsoft.us"),
    "dod": _cloud("login.microsoftonline.us", "outlook-dod.office365.us", "dod-graph.microsoft.us"),
    "china": _cloud("login.partner.microsoftonline.cn", "partner.outlook.cn", "microsoftgraph.chinacloudapi.cn"),
}

# Where clients of each cloud submit mail. Microsoft's pages name those of the public cloud and of China; the other two
# are what public clients use.
SUBMISSION_SERVERS = {
    "public": "smtp.office365.com",
    "gcc_high": "smtp.office365.us",
    "dod": "outlook-dod.office365.us",
    "china": "smtp.partner.outlook.cn",
}

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST_AND_PORT = re.compile(rf"({_LABEL}(\.{_LABEL})*|\[[0-9a-f:]+\])(:0*[1-9][0-9]*)?\Z", re.IGNORECASE)

# The resource of a token for Exchange, as Entra ID may write it in the audience instead of the URL.
EXCHANGE_APP_ID = "00000002-0000-0ff1-ce00-000000000000"


def choose_cloud(name: str, *, login: str | None, exchange: str | None, graph: str | None) -> Cloud:
    """The cloud of that name with its endpoints overridden.

    An override moves where requests go (a national host, a proxy, a test). It doesn't change the scope: a token is
    issued for the service, not for the host that it is reached by.

    :raises InputError: an endpoint that isn't plain ``https://host[:port]``.
    """
    overrides = {
        field: _checked_endpoint(option, value)
        for field, option, value in (
            ("login", "login_endpoint", login),
            ("exchange", "exchange_endpoint", exchange),
            ("graph", "graph_endpoint", graph),
        )
        if value
    }
    return dataclasses.replace(CLOUDS[name], **overrides)


def known_discovery(login: str, authority: str) -> dict[str, str]:
    """What msal would ask the cloud for before each sign-in, by its address: where the token endpoint is. Microsoft
    documents that for its clouds. A host of one's own is asked, before any secret is sent there: it may be another's.
    """
    if login not in {cloud.login for cloud in CLOUDS.values()}:
        return {}
    told = {
        "issuer": f"{authority}/v2.0",
        "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
        "token_endpoint": f"{authority}/oauth2/v2.0/token",
    }
    return {f"{authority}/v2.0/.well-known/openid-configuration": json.dumps(told)}


def _checked_endpoint(option: str, value: str) -> str:
    shown = repr(value) if "@" not in value else "an address with a user name"
    advice = f"{option} has to look like https://host or https://host:port, not {shown}"
    try:
        url = urlsplit(value)
        url.port  # noqa: B018  raises where the port is no number
    except ValueError as error:
        raise InputError(f"{advice}: {error}.") from error
    if url.scheme != "https":
        raise InputError(f"{advice}: secrets and tokens are sent only over https.")
    if not _HOST_AND_PORT.match(url.netloc) or url.query or url.fragment or url.path not in ("", "/"):
        raise InputError(f"{advice}: a host and nothing else is needed.")
    return f"https://{url.netloc.lower()}"
