# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Whom TLS trusts, and through which proxy: what the options and the environment say of it, checked before any request.

There is no value of ``Trust`` that switches verification off.
"""

from __future__ import annotations

import dataclasses
import importlib
import os
import ssl
from collections.abc import Mapping
from typing import Literal
from urllib.parse import unquote, urlsplit

from .._errors import InputError, MissingLibraryError
from .input_text import check_not_vaulted, check_ordinary

BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # the first that is set counts, as with requests
_PROXY_SCHEMES = ("http", "https")
_SOCKS_SCHEMES = ("socks4", "socks4a", "socks5", "socks5h")


@dataclasses.dataclass(frozen=True)
class Trust:
    """The CA certificates that are trusted: a bundle (file or folder), or the default ones.

    :raises InputError: there is no such bundle.
    """

    path: str | None = None
    source: str = "ca_path"

    def __post_init__(self) -> None:
        if self.path is not None:
            _check_bundle(self.path, self.source)

    @property
    def verify(self) -> str | Literal[True]:
        """What requests takes as ``verify``."""
        return True if self.path is None else self.path

    def __str__(self) -> str:
        return "the default CA bundle" if self.path is None else f"the CA bundle {self.path}"


def is_verifying(verify: object) -> bool:
    """Whether requests would verify with this: it takes an empty text or None for "don't", and False of course."""
    return verify is True or (isinstance(verify, str) and bool(verify.strip()) and os.path.exists(verify))


def choose_trust(ca_path: str | None) -> Trust:
    """What ``ca_path`` or the environment names.

    :raises InputError: it isn't there or isn't a bundle; names the option or the variable.
    """
    if ca_path and ca_path.strip():
        return Trust(ca_path)
    for name in BUNDLES:
        path = os.environ.get(name, "")
        if path.strip():
            return Trust(path, name)
    return Trust()


def _check_bundle(path: str, source: str) -> None:
    if not isinstance(path, str) or not path.strip():
        raise InputError(f"{source} is blank: name a bundle of CA certificates, or leave it out.")
    try:
        if os.path.isdir(path):
            ssl.create_default_context(capath=path)
            return
        check_ordinary(path, source)
        with open(path, "rb") as file:
            check_not_vaulted(file.read(64), source, path)
        ssl.create_default_context(cafile=path)
    except FileNotFoundError as error:
        raise InputError(f"{source} {path} doesn't exist.") from error
    except (OSError, ssl.SSLError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{source} {path} is not a readable bundle of CA certificates in PEM: {reason}.") from error


# Proxies --------------------------------------------------------------------------------------------------------------


def proxies_for(url: str) -> dict[str, str]:
    """The proxies that requests is to use. None in the clear: the address of a managed identity is on this machine or
    next to it, and its token would be seen by a proxy.
    """
    if urlsplit(url).scheme != "https":
        return {}
    from requests.utils import get_environ_proxies

    found: dict[str, str] = get_environ_proxies(url)
    return found


def check_proxy(url: str) -> None:
    """
    :raises InputError: the proxy for ``url`` can't be used, naming the variable that names it, not what it holds.
    """
    try:
        from requests.utils import select_proxy
    except ImportError as error:
        raise MissingLibraryError("requests", str(error)) from error
    try:
        address = select_proxy(url, proxies_for(url))
    except ValueError as error:
        raise InputError(f"NO_PROXY can't be read: {error}.") from error
    if not address:
        return
    name = _variable_with(address)
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        host, _port = parts.hostname, parts.port
        (host or "").encode("idna")
    except ValueError as error:
        raise InputError(f"{name} isn't the address of a proxy: {_without_login(address, error)}. {_ADVICE}") from error
    scheme = parts.scheme.lower()
    if not host or any(ord(character) <= 32 or character in "<>\\^`{|}" for character in address.strip()):
        raise InputError(f"{name} isn't the address of a proxy: it names no host. {_ADVICE}")
    if scheme in _SOCKS_SCHEMES:
        _check_socks(name)
    elif scheme not in _PROXY_SCHEMES:
        raise InputError(f"{name} names a proxy of the kind {scheme}, which can't be used. {_ADVICE}")


_ADVICE = "It has to look like http://host:port, with user:password@ before the host if the proxy wants a sign-in."


def _check_socks(name: str) -> None:
    try:
        importlib.import_module("socks")
    except ImportError as error:
        raise InputError(
            f"{name} names a SOCKS proxy, which takes the Python library PySocks: install it, or use another proxy."
        ) from error


def _variable_with(address: str) -> str:
    """The variable that names this proxy; where it is the machine's own setting, that."""
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        if os.environ.get(name) == address:
            return name
    return next((name for name, value in os.environ.items() if value == address), "The machine's proxy setting")


def _without_login(address: str, error: ValueError) -> str:
    """What is wrong with it, unless that would tell a password."""
    return "it can't be read" if "@" in address else str(error)


def proxy_secrets(environment: Mapping[str, str]) -> list[str]:
    """The passwords in the addresses of proxies, as they are written and as they are meant."""
    found = []
    for name, value in environment.items():
        if not name.lower().endswith("_proxy") or "@" not in value:
            continue
        login = value.rpartition("@")[0].rpartition("://")[2]
        password = login.partition(":")[2]
        found += [password, unquote(password)]
    return [secret for secret in found if secret]
