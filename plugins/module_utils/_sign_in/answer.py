# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What msal gets to read of an answer to a sign-in: only fields of the form that it expects.

It trusts that form, and where the form is another it fails in ways of its own and logs the whole answer.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from typing import Any

from .._errors import SignInError

DEFAULT_LIFETIME = 3599  # seconds: what msal takes where an answer doesn't say
_LONGEST = 7 * 24 * 3600.0
_LAST_MOMENT = 253402300800.0  # the end of the year 9999
_NOT_FOR_MSAL = ("id_token", "client_info", "refresh_token", "scope", "foci")  # of no use here, and taken apart there


def parse_object(text: str) -> Mapping[str, Any] | None:
    """The JSON object in a text, or None for anything else."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, Mapping) else None


def refusal_in(text: str) -> str:
    """What an error answer says, for people; an empty text if it says nothing."""
    answer = parse_object(text) or {}
    nested = answer.get("error")
    nested = nested if isinstance(nested, Mapping) else {}
    said = (answer.get(key) for key in ("error_description", "Message", "message"))
    return next((text for text in [*said, nested.get("message")] if isinstance(text, str) and text), "")


def error_for_msal(text: str, said: str) -> str:
    """An error answer as msal reads it. ``said``: its description."""
    fields = _texts(parse_object(text) or {})
    fields.pop("access_token", None)  # msal would take it, whatever the status
    fields.setdefault("error", "refused")
    fields["error_description"] = said
    return json.dumps(fields)


def success_for_msal(text: str, host: str) -> str:
    """A success as msal reads it.

    :raises SignInError: not a JSON object, or a token that can't be one.
    """
    answer = parse_object(text)
    if answer is None:
        kind = "a web page" if text.lstrip().startswith("<") else "something that isn't a JSON object"
        raise SignInError(
            f"{host} answers the sign-in with {kind}. Check login_endpoint, and for a proxy in between that answers "
            f"in its own name."
        )
    fields: dict[str, Any] = _texts(answer)
    if answer.get("access_token") is not None:
        fields["access_token"] = _checked_token(answer["access_token"], host)
        fields["expires_in"] = lifetime_of(answer.get("expires_in")) or DEFAULT_LIFETIME
        # That of App Service: msal takes it for no token if this isn't there.
        fields["expires_on"] = str(int(_moment_of(answer.get("expires_on")) or time.time() + fields["expires_in"]))
    return json.dumps(fields)


def lifetime_of(value: object) -> int:
    """Seconds, from 1 up to a week; 0 where it isn't a number of seconds that are to come."""
    number = _number(value)
    return int(min(number, _LONGEST)) if number >= 1 else 0


def _moment_of(value: object) -> float:
    """Seconds since 1970; 0 where it is none."""
    number = _number(value)
    return number if 0 < number < _LAST_MOMENT else 0.0


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return 0.0
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return 0.0
    return number if math.isfinite(number) else 0.0


def _texts(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        str(key): value for key, value in answer.items() if isinstance(value, str) and str(key) not in _NOT_FOR_MSAL
    }


def _checked_token(token: object, host: str) -> str:
    if isinstance(token, str) and token and token.isascii() and token.isprintable() and " " not in token:
        return token
    raise SignInError(f"{host} answers the sign-in with a token that can't be one: no text, or with white space in it.")
