# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The session of requests that a task sends by. What it is for: no connection without verified TLS, none that sends on
after it was given up, and nothing said by the libraries themselves.
"""

from __future__ import annotations

import functools
import logging
import os
from typing import Any

from .._errors import MissingLibraryError, UntrustedServerError
from .time_limit import line_of_this_thread
from .trust import is_verifying

_TALKATIVE = ("msal", "requests", "urllib3")  # msal logs whole answers of the sign-in, tokens included


def silence_libraries() -> None:
    """Their logs hold what they received and sent; where nobody listens, Python prints warnings and errors."""
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.disabled = True


def new_session(concurrency: int) -> Any:
    """Takes nothing from the environment by itself: neither a bundle nor the passwords of a .netrc file."""
    requests = import_requests()
    silence_libraries()
    os.environ.pop("SSLKEYLOGFILE", None)  # the keys of the connections would be written there
    session = requests.Session()
    session.trust_env = False
    adapter = _adapter_class()(pool_connections=4, pool_maxsize=max(concurrency, 1), max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers.clear()
    session.headers["Accept-Encoding"] = "gzip"
    return session


def import_requests() -> Any:
    try:
        import requests
    except ImportError as error:
        raise MissingLibraryError("requests", str(error)) from error
    return requests


@functools.lru_cache(maxsize=1)
def _adapter_class() -> Any:
    requests = import_requests()

    class Adapter(requests.adapters.HTTPAdapter):  # type: ignore[name-defined]
        """Connections that can be cut, and none without verification."""

        def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
            super().init_poolmanager(*arguments, **named)
            _watch(self.poolmanager)

        def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
            known = proxy in self.proxy_manager
            manager = super().proxy_manager_for(proxy, **named)
            if not known:
                _watch(manager)
            return manager

        def send(self, request: Any, *arguments: Any, **named: Any) -> Any:
            verify = named.get("verify", arguments[2] if len(arguments) > 2 else None)
            if not is_verifying(verify):
                raise UntrustedServerError("Certificates are always verified: the request wasn't sent.")
            return super().send(request, *arguments, **named)

    return Adapter


def _watch(manager: Any) -> None:
    """Let the pools of a manager make connections that can be cut."""
    manager.pool_classes_by_scheme = {
        scheme: _watched_pool(pool_class) for scheme, pool_class in manager.pool_classes_by_scheme.items()
    }


@functools.cache
def _watched_pool(pool_class: Any) -> Any:
    connection_class = type("Watched" + pool_class.ConnectionCls.__name__, (_Watched, pool_class.ConnectionCls), {})
    return type("Watched" + pool_class.__name__, (pool_class,), {"ConnectionCls": connection_class})


class _Watched:
    """Mixed into urllib3's connections. ``_new_conn``, ``putrequest`` and ``send`` are in all of its versions."""

    sock: Any

    def _new_conn(self) -> Any:
        line = line_of_this_thread()
        if line is None:
            return super()._new_conn()  # type: ignore[misc]
        line.check()
        made = super()._new_conn()  # type: ignore[misc]
        try:
            line.hold(made.fileno())
        except OSError:
            made.close()
            raise
        return made

    def putrequest(self, *arguments: Any, **named: Any) -> Any:
        """A connection that is used again was made for an earlier exchange."""
        line = line_of_this_thread()
        if line is not None and self.sock is not None:
            line.hold(self.sock.fileno())
        return super().putrequest(*arguments, **named)  # type: ignore[misc]

    def send(self, data: Any) -> Any:
        line = line_of_this_thread()
        if line is not None:
            line.check()
        return super().send(data)  # type: ignore[misc]
