# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What the playbook ``probe`` shows of a sign-in, from the result of ``smtp_auth_probe``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.smtp_answers import RESULTS, by_layer
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_outcome import (
    READING,
    limited,
    said,
    trouble_of,
)
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_words import in_variables, variables

# The options of the module that have a variable of their own.
NAMES = {
    **variables(playbook=True),
    **{option: f"m365_{option}" for option in ("password", "smtp_token")},
    **{
        option: f"smtp_auth_{option}"
        for option in ("mailbox", "method", "server", "port", "wait", "compare", "expect", "in_check_mode")
    },
}


def report_probe(result: Any, host: str, mailbox: str, expect: str = "accepted") -> dict[str, Any]:
    """What there is to be said about a sign-in.

    :param expect: ``any`` if one that isn't accepted is no failure.
    :returns: ``met``, lines for people; ``said``, the result in one; ``statistics`` for the next job; ``problem``, the
        sentence to fail with, empty if all went well.
    """
    if not _is_whole(result):
        trouble = trouble_of(result, READING, NAMES)
        return {"met": [], "said": "", "statistics": {}, "problem": said(trouble, host)}
    line = _line(result, mailbox)
    statistics = {name: result[name] for name in ("result", "code", "enhanced_code", "layer", "tried", "seconds")}
    return {
        "met": _met(result),
        "said": _said_of(host, line),
        "statistics": {"mailbox": mailbox, **statistics},
        "problem": _problem(result, host, line, expect),
    }


def _is_whole(result: Any) -> bool:
    return (
        isinstance(result, Mapping)
        and result.get("result") in RESULTS
        and isinstance(result.get("tried"), int)
        and all(name in result for name in ("code", "enhanced_code", "text", "layer", "reason", "seconds", "tls"))
    )


def _problem(result: Mapping[str, Any], host: str, line: str, expect: str) -> str:
    failure = result.get("failure") or {}
    # Not accepted, but no failure of the module: told in the same words, whether it is allowed or not.
    if (failure or result.get("failed")) and failure.get("code") != "not_accepted":
        message = str(result.get("msg") or failure.get("message") or "The module failed and didn't say why.")
        return said({"code": str(failure.get("code") or "failed"), "message": _in_words(message)}, host)
    if expect == "any" or result["result"] == "accepted" or not result["tried"]:  # not tried: a check
        return ""
    return said({"code": "not_accepted", "message": line}, host)


def _line(result: Mapping[str, Any], mailbox: str) -> str:
    by = f" {by_layer(result['layer'])}" if result["layer"] else ""
    return f"{mailbox}: {result['result']}{by}. {_in_words(result['reason'])}"


def _said_of(host: str, line: str) -> str:
    return line if host in ("", "localhost") else f"{host}: {line}"


def _met(result: Mapping[str, Any]) -> list[str]:
    tls, effective = result["tls"], result.get("effective")
    answer = " ".join(str(part) for part in (result["code"], result["enhanced_code"], result["text"]) if part)
    lines = [
        f"answer: {answer or 'none'}",
        f"tried: {result['tried']}, in {result['seconds']:g} s",
        f"TLS: {tls['version']}, certificate of {tls['issuer']}, valid until {tls['ends']}" if tls["version"] else "",
    ]
    if effective:
        lines.append(
            f"the effective state: Basic {effective['basic']}, OAuth {effective['oauth']}. {effective['reason']}"
        )
    if result.get("disagrees"):
        lines.append("the sign-in found another thing than the effective state: believe the sign-in")
    return [line for line in lines if line]


def _in_words(message: str) -> str:
    return limited(in_variables(message, NAMES)).strip()
