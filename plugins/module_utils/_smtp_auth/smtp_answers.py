# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""From what a sign-in at the submission server met to what it means: result, layer, what to do, worth another try.

Sources of the answers: Microsoft's pages on SMTP AUTH and its error codes, and what administrators report. An answer
that isn't known here is never guessed at: its layer is ``unknown``, and its text is shown.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import re
from typing import TypeAlias

from .effective import (
    AUTHENTICATION_POLICY,
    BASIC_RETIREMENT,
    CONDITIONAL_ACCESS,
    DISABLED,
    ENABLED,
    LAYERS,
    MAILBOX,
    ORGANIZATION,
    SECURITY_DEFAULTS,
    UNKNOWN,
    Effective,
)

BASIC, OAUTH = "basic", "oauth"
METHODS = (OAUTH, BASIC)

ACCEPTED, REFUSED = "accepted", "refused"
RESULTS = (ACCEPTED, REFUSED, UNKNOWN)

# Beside the layers of the effective state.
CREDENTIALS = "credentials"
SERVICE = "service"
CONNECTION = "connection"

# The steps of a sign-in, in their order.
CONNECT, GREETING, HELLO, STARTTLS, TLS, AUTH = "connect", "greeting", "ehlo", "starttls", "tls", "auth"
STEPS = (CONNECT, GREETING, HELLO, STARTTLS, TLS, AUTH)
_WHERE = {
    CONNECT: "while it connects",
    GREETING: "before its greeting",
    HELLO: "after EHLO",
    STARTTLS: "after STARTTLS",
    TLS: "while TLS begins",
    AUTH: "after AUTH",
}

# Why there is no answer to AUTH.
NO_HOST = "no_host"
CONNECTION_REFUSED = "connection_refused"
UNREACHABLE = "unreachable"
TIMEOUT = "timeout"
CLOSED = "closed"
UNTRUSTED = "untrusted"
NO_TLS = "no_tls"
NO_STARTTLS = "no_starttls"
NO_MECHANISM = "no_mechanism"
NOT_SMTP = "not_smtp"
TOO_LONG = "too_long"

_MOST = 1000  # characters of an answer that are shown
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?=\s|\Z)\s*")


@dataclasses.dataclass(frozen=True)
class Met:
    """How far one sign-in came. ``step``: where it ended. ``code``: of the answer there, 0 if there was none.
    ``text``: that answer in one line, its enhanced code included. ``challenge``: what the server said of a token before
    it refused it. ``trouble``: why there is no answer to be had; ``detail`` of it, as the system or the server says.
    """

    step: str
    code: int = 0
    text: str = ""
    challenge: str = ""
    trouble: str = ""
    detail: str = ""


@dataclasses.dataclass(frozen=True)
class Judgement:
    """``layer``: empty if the sign-in was accepted. ``reason``: why, and what to do. ``again``: time may cure it, and
    another try does no harm.
    """

    result: str
    layer: str
    reason: str
    again: bool = False


@dataclasses.dataclass(frozen=True)
class _Rule:
    pattern: str
    layer: str
    reason: str
    again: bool


_MINUTES = "A change takes some minutes to reach this server, up to an hour."
_RULES = (
    _Rule(
        r"SmtpClientAuthentication is disabled for the Tenant",
        ORGANIZATION,
        f"The mailbox has no setting of its own, and the organization's is disabled. Set the mailbox to enabled. "
        f"{_MINUTES}",
        again=True,
    ),
    _Rule(
        r"SmtpClientAuthentication is disabled for the Mailbox",
        MAILBOX,
        f"The mailbox's own setting is disabled. Set it to enabled if it has to send. {_MINUTES}",
        again=True,
    ),
    _Rule(
        r"security defaults",
        SECURITY_DEFAULTS,
        "Security defaults are on for the tenant, which block Basic. Use OAuth, or Conditional Access in their place.",
        again=True,
    ),
    _Rule(
        r"basic authentication is disabled",
        AUTHENTICATION_POLICY,
        "Basic is disabled: by the authentication policy of the user or the organization, or by Microsoft's retirement "
        "of Basic. Assign a policy that has AllowBasicAuthSmtp, which takes up to 24 hours to be seen, or use OAuth.",
        again=True,
    ),
    _Rule(
        r"Basic authentication is not supported for Client Submission",
        BASIC_RETIREMENT,
        "Microsoft has retired Basic for client submission here. Use OAuth, High Volume Email or a relay by connector.",
        again=False,
    ),
    # Also met with a wrong app password: so it isn't tried again.
    _Rule(
        r"did not meet the criteria to be authenticated",
        CONDITIONAL_ACCESS,
        "Most often a Conditional Access policy that blocks legacy clients (exclude the user from it, or use OAuth); "
        "a wrong app password is answered so, too. The sign-in log of the user in Entra ID names the policy.",
        again=False,
    ),
)

_WRONG_PASSWORD = (
    "The name or the password is wrong. It was tried once only, so that no account is locked. Check both by another "
    "sign-in; an account with multifactor authentication needs OAuth."
)
_NO_REASON_BASIC = (
    "The server doesn't say why: name or password, multifactor authentication, a blocked or unlicensed account. It was "
    "tried once only, so that no account is locked. The sign-in log of the user in Entra ID says more."
)
_NO_REASON_OAUTH = (
    "The server doesn't take the token for this mailbox. The app needs the application permission SMTP.SendAsApp with "
    "consent, its service principal in Exchange (New-ServicePrincipal, with the object id of the enterprise "
    "application), and FullAccess on the mailbox (Add-MailboxPermission). Each takes minutes to be seen. The mailbox "
    "has to be given by its own name, and a delegate's token signs in to the delegate's mailbox only."
)
_OTHER = "The answer isn't one that is known. Its text is the server's."

_OPEN = "Outgoing SMTP on this port has to be open from this machine; an HTTP proxy doesn't carry it."
_CHECK = "Check the server's name and port."
_TROUBLES = {
    NO_HOST: "The name {server} can't be looked up ({detail}). Check the name, and the machine's DNS.",
    CONNECTION_REFUSED: f"{{server}} refuses the connection. {_OPEN}",
    UNREACHABLE: f"{{server}} can't be reached ({{detail}}). {_OPEN}",
    TIMEOUT: f"{{server}} gives no whole answer {{where}} within {{detail}} s. {_OPEN}",
    CLOSED: "{server} closes the connection {where}.",
    UNTRUSTED: "The certificate of {server} isn't trusted ({detail}), so nothing was sent to it. Name the CA of a "
    "device in between by ca_path, or check the server's name.",
    NO_TLS: "No TLS with {server} ({detail}), so nothing was sent to it. TLS 1.2 or newer is needed.",
    NO_STARTTLS: "{server} offers no STARTTLS, so nothing was sent to it. A firewall that inspects SMTP takes it away, "
    "or this isn't a submission server.",
    NO_MECHANISM: "{server} doesn't offer this kind of sign-in (it offers {detail}), so nothing was sent to it.",
    NOT_SMTP: f"{{server}} answers {{where}} with something that isn't SMTP. {_CHECK}",
    TOO_LONG: f"{{server}} answers {{where}} without end, so the connection was given up. {_CHECK}",
}
_PASSING = frozenset({NO_HOST, CONNECTION_REFUSED, UNREACHABLE, TIMEOUT, CLOSED})  # troubles that time may cure


def by_layer(layer: str) -> str:
    """The layer of what was met, for people: "refused by the layer mailbox", "unknown at the layer connection"."""
    if layer == UNKNOWN:
        return "by a layer that isn't known"
    return f"{'at' if layer in (CONNECTION, SERVICE) else 'by'} the layer {layer}"


def judge(met: Met, method: str, server: str, lacks: str = "") -> Judgement:
    """
    :param lacks: the permission that the token doesn't hold, by its own claims.
    """
    if met.trouble:
        shown = _TROUBLES[met.trouble].format(
            server=server, where=_WHERE[met.step], detail=met.detail or "nothing said of it"
        )
        # Whether a password was counted before the line broke isn't known.
        again = met.trouble in _PASSING and not (method == BASIC and met.step == AUTH)
        return Judgement(UNKNOWN, CONNECTION, shown, again)
    if 400 <= met.code < 500:
        return _passing(met, server)
    if met.step != AUTH:
        reason = f"{server} refuses {_WHERE[met.step]}, before any sign-in. {_CHECK}"
        return Judgement(UNKNOWN, CONNECTION, reason)
    if met.code == 235:
        return Judgement(ACCEPTED, "", "The sign-in was accepted. Nothing was sent.")
    if 500 <= met.code < 600:
        return _refusal(met, method, lacks)
    return Judgement(UNKNOWN, CONNECTION, f"{server} answers {met.code} to AUTH, which isn't an answer to it.")


def _passing(met: Met, server: str) -> Judgement:
    if "thread limit" in met.text.lower():
        reason = "The mailbox has too many connections at this moment: three are allowed. Try again later."
    else:
        reason = f"{server} can't say at this moment: it is busy, or throttles. Try again later."
    return Judgement(UNKNOWN, SERVICE, reason, again=True)


def _refusal(met: Met, method: str, lacks: str) -> Judgement:
    for rule in _RULES:
        if re.search(rule.pattern, met.text, re.IGNORECASE):
            return Judgement(REFUSED, rule.layer, rule.reason, rule.again)
    if method == OAUTH and lacks:
        reason = (
            f"The token doesn't hold {lacks}. Grant it to the app on Office 365 Exchange Online, with admin consent; "
            "then a new token is needed."
        )
        return Judgement(REFUSED, CREDENTIALS, reason)
    if "user credentials were incorrect" in met.text.lower():
        return Judgement(REFUSED, CREDENTIALS, _WRONG_PASSWORD if method == BASIC else _NO_REASON_OAUTH)
    if enhanced_code(met.text)[0] == "5.7.3" or met.challenge:
        # A token can't lock an account, and the permissions that it rests on take minutes to be seen.
        if method == OAUTH:
            return Judgement(REFUSED, UNKNOWN, _NO_REASON_OAUTH, again=True)
        return Judgement(REFUSED, UNKNOWN, _NO_REASON_BASIC)
    return Judgement(REFUSED, UNKNOWN, _OTHER)


# Texts ----------------------------------------------------------------------------------------------------------------


def one_line(answer: bytes) -> str:
    """An answer's lines as one, without what can't be printed; an enhanced code that each line repeats stays once."""
    lines = []
    for line in answer.decode("utf-8", "replace").splitlines():
        text = "".join(character if character.isprintable() else " " for character in line)
        lines.append(" ".join(text.split()))
    first = _ENHANCED.match(lines[0]) if lines else None
    rest = [line.removeprefix(first.group(1)).strip() if first else line for line in lines[1:]]
    whole = " ".join(filter(None, [*lines[:1], *rest]))
    return whole if len(whole) <= _MOST else f"{whole[: _MOST - 4]} ..."


def enhanced_code(text: str) -> tuple[str, str]:
    """The enhanced status code that an answer begins with, empty if it has none, and the rest."""
    found = _ENHANCED.match(text)
    return (found.group(1), text[found.end() :]) if found else ("", text)


def decoded_challenge(text: str) -> str:
    """What a server says of a token, in base64 of JSON as a rule; the text itself where it isn't that."""
    try:
        plain = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text
    shown = one_line(plain)
    try:
        told = json.loads(plain)
    except (ValueError, RecursionError):
        return shown
    if not isinstance(told, dict):
        return shown
    words = [f"{name} {value}" for name, value in told.items() if isinstance(value, (str, int)) and value != ""]
    return one_line(", ".join(words).encode("utf-8", "replace")) or shown


# Beside the effective state -------------------------------------------------------------------------------------------

_Comparison: TypeAlias = "tuple[bool, str]"


def compare(judgement: Judgement, method: str, effective: Effective, mailbox: str) -> _Comparison:
    """Whether a probe found another thing than the effective state, and what each says; an empty text if they agree or
    can't be held against each other: the effective state knows of no password and no token.
    """
    expected = effective.basic if method == BASIC else effective.oauth
    word = {BASIC: "Basic", OAUTH: "OAuth"}[method]
    found = {ACCEPTED: ENABLED, REFUSED: DISABLED}.get(judgement.result, UNKNOWN)
    if judgement.result == REFUSED and judgement.layer not in LAYERS:
        found = UNKNOWN
    if UNKNOWN in (found, expected) or found == expected:
        return False, ""
    by = f", {by_layer(judgement.layer)}" if judgement.layer else ""
    return True, (
        f"{mailbox} with {word}: the effective state is {expected}, and the sign-in was {judgement.result}{by}. "
        f"Believe the sign-in. The effective state says: {effective.reason} A change that is still on its way "
        "explains it: try again in an hour."
    )
