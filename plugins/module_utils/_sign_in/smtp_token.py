# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""A token by which a mailbox signs in to SMTP: what can be known of it before it is sent."""

from __future__ import annotations

import datetime

from .._errors import InputError
from .._http.input_text import token_text
from .claims import read_claims
from .clouds import EXCHANGE_APP_ID

APP_PERMISSION = "SMTP.SendAsApp"
DELEGATED_PERMISSION = "SMTP.Send"


def checked_smtp_token(value: str, scope: str, now: float) -> str:
    """The token without the white space around it. ``scope``: that of the cloud's Exchange. ``now``: as ``time.time``.

    :raises InputError: it isn't one, is for another service, or has ended.
    """
    token = token_text("smtp_token", value)
    claims = read_claims(token)
    known = (scope.removesuffix("/.default"), "https://outlook.office.com", EXCHANGE_APP_ID)
    if claims.audience and claims.audience.rstrip("/") not in known:
        raise InputError(f"The smtp_token is for {claims.audience}, not for Exchange: get one with the scope {scope}.")
    if claims.expires and claims.expires <= now:
        moment = datetime.datetime.fromtimestamp(claims.expires, datetime.timezone.utc)
        raise InputError(f"The smtp_token expired at {moment:%Y-%m-%d %H:%M} UTC. Get a new one.")
    return token


def lacking_permission(token: str) -> str:
    """The permission that the token doesn't hold, by its own claims; empty if it holds it or doesn't tell."""
    claims = read_claims(token)
    if not claims.readable:
        return ""
    if claims.scopes:
        return "" if DELEGATED_PERMISSION in claims.scopes else f"{DELEGATED_PERMISSION} (delegated)"
    return "" if APP_PERMISSION in claims.app_roles else APP_PERMISSION
