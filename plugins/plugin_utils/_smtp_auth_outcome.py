# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What became of a module's task, when the task itself wasn't allowed to fail: a failure keeps its own words, and
whatever isn't the whole result of a module is a failure.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._smtp_auth_words import in_variables

WRITING = ("requested", "changed", "unchanged", "missing", "failed")
CHECKING = ("yes", "no", "unknown")
READING = ("requested", "enabled", "disabled", "inherit", "missing", "failed")
TRUE = ("true", "yes", "on", "1")  # as forms and extra variables say it
NOTHING_DONE = "Nothing was asked of the service and nothing was written."
_MOST = 2000  # characters of a message
# How ansible-core says that options aren't what a module takes: it looks at them before the module does anything.
_BAD_OPTION = re.compile(
    r"^(value of|argument|missing required|parameters are|missing parameter|one of the following is required|"
    r"unsupported parameters|elements value|internal error: failed to validate|.* are mutually exclusive|"
    r".* but (all|any) of the following are missing)",
    re.IGNORECASE,
)
# The same of values that can't even be worked out.
_NOT_BEGUN = re.compile(
    r"undefined variable|^(Task failed: )?Finalization of task args|template error|templating", re.IGNORECASE
)
_NOT_STARTED = (126, 127)  # exit codes of a shell that can't start what it is told to


def is_whole(result: Any, counts: Sequence[str]) -> bool:
    """Whether a result has the counts that every module of the collection returns, whatever happened."""
    summary = result.get("summary") if isinstance(result, Mapping) else None
    return isinstance(summary, Mapping) and all(_is_count(summary.get(name)) for name in counts)


def trouble_of(
    result: Any, counts: Sequence[str], names: Mapping[str, str], *, check_mode: bool | None = None, journal: str = ""
) -> dict[str, str]:
    """Why a task failed: ``code`` and ``message``, empty if it didn't.

    :param names: the variables of the module's options.
    :param check_mode: None for a module that never writes.
    :param journal: the path of the journal that the module was told to write.
    """
    if not is_whole(result, counts):
        code, message = _without_result(result, check_mode=check_mode, journal=journal)
    else:
        failure = result.get("failure") or {}
        if not failure and not result.get("failed"):
            return {"code": "", "message": ""}
        code = str(failure.get("code") or "failed")
        message = str(result.get("msg") or failure.get("message") or "The module failed and didn't say why.")
    return {"code": code, "message": limited(in_variables(message, names)).strip()}


def limited(message: str) -> str:
    return message if len(message) <= _MOST else f"{message[: _MOST - 4]} ..."


def said(trouble: Mapping[str, str], host: str) -> str:
    """The last line of a run that failed: whose tenant, why, and the code."""
    whose = "" if host in ("", "localhost") else f"{host}: "
    return f"{whose}{trouble['message']} ({trouble['code']})" if trouble["message"] else ""


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _without_result(result: Any, *, check_mode: bool | None, journal: str) -> tuple[str, str]:
    if not isinstance(result, Mapping) or not result:
        return "not_run", f"The task that does the work wasn't run. {NOTHING_DONE}"
    if result.get("skipped"):
        return "skipped", f"The task that does the work was skipped. {NOTHING_DONE}"
    message = " ".join(str(result.get("msg") or "").split())
    killed = _signal_of(result.get("rc"))
    may = _may_have_written(check_mode, journal)
    if result.get("ansible_job_id") and not result.get("finished"):
        return "in_background", f"The task was sent to the background (async), so its end wasn't awaited. {may}"
    if result.get("unreachable"):
        return "unreachable", f"The host couldn't be reached: {message.rstrip('.')}. {may}"
    if result.get("rc") in _NOT_STARTED:
        reason = " ".join(str(result.get("module_stderr") or message).split())
        return "not_started", (
            f"The module couldn't be started: {reason[:300].rstrip('.')}. Set ansible_python_interpreter to a Python "
            f"that has msal and requests, or leave it out. {NOTHING_DONE}"
        )
    if killed:
        return "killed", (
            f"The module was killed ({killed}) before it could say what it did: by somebody, or by the system, which "
            f"does so when memory runs out. {may}"
        )
    if message and "rc" not in result and "ansible_job_id" not in result:
        if _BAD_OPTION.match(message) or _NOT_BEGUN.search(message):
            return "invalid_input", f"{message.rstrip('.')}. {NOTHING_DONE}"
        return "failed", f"{message.rstrip('.')}. {may}"
    return "no_result", f"The module ended without a result{_how(result, message)}. {may}"


def _how(result: Mapping[str, Any], message: str) -> str:
    lines = [line.strip() for line in str(result.get("module_stderr") or message).splitlines() if line.strip()]
    code = f", with exit code {result['rc']}" if "rc" in result else ""
    return f"{code}: {lines[-1][-300:].rstrip('.')}" if lines else code


def _signal_of(code: Any) -> str:
    """The name of the signal that a process with this exit code was ended by; empty if it wasn't."""
    if not _is_count(code) or 0 <= code <= 128:
        return ""
    number = -code if code < 0 else code - 128
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""


def _may_have_written(check_mode: bool | None, journal: str) -> str:
    if check_mode is None:
        return "It only reads: nothing was written."
    if check_mode:
        return "Nothing was written, since this was a check."
    if journal:
        return (
            f"Mailboxes may have been changed: the journal {journal} tells which, and the playbook restore puts them "
            "back. Running it again finishes the work."
        )
    return (
        "Mailboxes may have been changed, and no journal was kept (smtp_auth_journal_path). Running it again finishes "
        "the work; the playbook audit tells what is set now."
    )
