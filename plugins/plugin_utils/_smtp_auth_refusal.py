# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What never got to a module, as a result of the module's shape: whoever reports on it needs to know nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_outcome import (
    NOTHING_DONE,
    READING,
    WRITING,
)


def refused(why: Any) -> dict[str, Any]:
    """A result of the module's shape for what never got to the module.

    :param why: problems as sentences, or the result of a task that failed.
    """
    message = _reason_of(why) if isinstance(why, Mapping) else f"{NOTHING_DONE} {'; '.join(why)}."
    return {
        "summary": dict.fromkeys((*READING, *WRITING), 0),
        "failed": True,
        "msg": message,
        "failure": {"code": "invalid_input", "message": message, "request_id": ""},
    }


def _reason_of(result: Mapping[str, Any]) -> str:
    """The sentence in what ansible-core makes of an error of a plugin."""
    message = " ".join(str(result.get("msg") or "The role failed and didn't say why.").split())
    for wrapped in (r".*?, original message: (.*)", r".*?The (?:lookup|filter) plugin '[^']+' failed: (.*)"):
        found = re.fullmatch(wrapped, message)
        if found:
            message = found[1]
    message = re.sub(r"(must be one of:) , ", r"\1 ", message)  # an empty text is as good as none
    half, other = message[: len(message) // 2], message[(len(message) + 1) // 2 :]
    if half.rstrip(". ") == other.strip(". "):  # before 2.19 it is there twice
        message = half.rstrip()
    return message if NOTHING_DONE in message else f"{message.rstrip('.')}. {NOTHING_DONE}"
