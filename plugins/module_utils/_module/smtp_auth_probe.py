# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The body of ``smtp_auth_probe``: options to a sign-in at the submission server, what it met to a result."""

from __future__ import annotations

import datetime
import re
import time
from typing import TYPE_CHECKING, Any

from .._errors import Failure, InputError, InterruptedTaskError, M365Error
from .._http.input_text import secret_text
from .._http.trust import choose_trust
from .._result.probe import comparison_result, probe_result
from .._sign_in.clouds import SUBMISSION_SERVERS, choose_cloud
from .._sign_in.smtp_token import checked_smtp_token, lacking_permission
from .._smtp_auth.identity import NotText, problem_of
from .._smtp_auth.smtp_answers import ACCEPTED, BASIC, METHODS, Judgement, Met, compare, judge
from .._submission.client import Login, SubmissionServer
from .._tenant.effective_states import read_effective_states
from .._tenant.mailboxes import MailboxStore
from .._tenant.probe import Probe, not_tried, try_to_sign_in
from .arguments import MAILBOX_ENVIRONMENT, from_environment
from .parts import checked_entries, with_failure

if TYPE_CHECKING:
    from .._smtp_auth.effective import Effective
    from .runner import Task

MOST_WAIT = 24 * 3600  # seconds: what takes longer isn't on its way
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9.-]*[a-z0-9])?\Z|[0-9a-f:]+\Z", re.IGNORECASE)
_QUOTED = re.compile(r"\(.*\) (?=holds |is |stands )")
_NOT_BEGUN = "The task failed before it was tried."
_NOT_IN_CHECK_MODE = (
    "Check mode: it wasn't tried, since a sign-in shows in the tenant's logs. Set in_check_mode to try it there, too."
)


def probing_spec() -> dict[str, dict[str, Any]]:
    """Who signs in to the submission server, how, and what is made of it."""
    spec: dict[str, dict[str, Any]] = {
        "mailbox": {"type": "str", "required": True},
        "method": {"type": "str", "default": "oauth", "choices": list(METHODS)},
        "password": {"type": "str", "no_log": True},
        "smtp_token": {"type": "str", "no_log": True},
        "server": {"type": "str"},
        "port": {"type": "int", "default": 587},
        "wait": {"type": "int", "default": 0},
        "expect": {"type": "str", "default": "any", "choices": ["any", "accepted"]},
        "compare": {"type": "bool", "default": False},
        "in_check_mode": {"type": "bool", "default": False},
    }
    for option, names in MAILBOX_ENVIRONMENT.items():
        spec[option]["fallback"] = (from_environment, list(names))
    return spec


def probe_task(task: Task) -> dict[str, Any]:
    """``smtp_auth_probe``."""
    server = _checked(task)
    if task.check_mode and not task.options["in_check_mode"]:
        return _compared(task, probe_result(not_tried(_NOT_IN_CHECK_MODE)), None)
    login, lacks = _login(task)
    probe = not_tried(_NOT_BEGUN)

    def sign_in() -> tuple[Met, Judgement]:
        met = server.sign_in(login)
        return met, judge(met, login.method, str(server), lacks)

    try:
        try_to_sign_in(probe, sign_in, task.clock, task.progress, wait=task.options["wait"])
    except InterruptedTaskError as error:
        return with_failure(_compared(task, probe_result(probe, server.tls), None), Failure.of(error))
    result = _compared(task, probe_result(probe, server.tls), probe.judgement)
    if task.options["expect"] == ACCEPTED and probe.judgement.result != ACCEPTED:
        with_failure(result, Failure("not_accepted", _not_accepted(task, probe)))
    return result


def empty_probe_task(task: Task) -> dict[str, Any]:
    return _compared(task, probe_result(not_tried(_NOT_BEGUN)), None)


def _not_accepted(task: Task, probe: Probe) -> str:
    times = "once" if probe.tried == 1 else f"{probe.tried} times in {probe.seconds:.0f} s"
    word = "was refused" if probe.judgement.result == "refused" else "came to no answer"
    return f"The sign-in of {task.options['mailbox']} {word} (tried {times}): {probe.judgement.reason}"


# Options --------------------------------------------------------------------------------------------------------------


def _checked(task: Task) -> SubmissionServer:
    """
    :raises InputError: an option can't be meant. Nothing was asked of anybody.
    """
    options = task.options
    _check_mailbox(options["mailbox"])
    if not 0 <= options["wait"] <= MOST_WAIT:
        raise InputError(f"wait is {options['wait']}; it has to be from 0 to {MOST_WAIT} seconds.")
    if not 1 <= options["port"] <= 65535:
        raise InputError(f"port is {options['port']}; it has to be from 1 to 65535. The service listens on 587.")
    host = options["server"] or SUBMISSION_SERVERS[options["cloud"]]
    if not _HOST.match(host):
        raise InputError(f"server is {host!r}; it has to be a host name such as smtp.office365.com, without a port.")
    if options["method"] == BASIC and not options["password"]:
        raise InputError("method basic needs password (or M365_SMTP_PASSWORD): that of the mailbox that signs in.")
    trust = choose_trust(options["ca_path"])
    return SubmissionServer(host, options["port"], trust, timeout=options["timeout"], clock=task.clock)


def _check_mailbox(mailbox: Any) -> None:
    problem = problem_of(mailbox)
    if not problem and (isinstance(mailbox, NotText) or "@" not in mailbox):
        problem = "isn't a name to sign in with: give the user principal name or the address, printer@contoso.com"
    if problem:
        told = _QUOTED.sub("", problem)  # it begins with the name, as a list of them wants it
        raise InputError(f"mailbox is {str(mailbox)[:100]!r}, which {told}.")


def _login(task: Task) -> tuple[Login, str]:
    """Who signs in, and the permission that the token lacks, if it says so.

    :raises InputError: the password or the token can't be one. SignInError, NetworkError: the app has no token.
    """
    options = task.options
    if options["method"] == BASIC:
        return Login(options["mailbox"], BASIC, secret_text("password", options["password"])), ""
    if options["smtp_token"]:
        cloud = choose_cloud(options["cloud"], login=None, exchange=None, graph=None)
        token = checked_smtp_token(options["smtp_token"], cloud.exchange_scope, time.time())
    else:
        token = task.connection.exchange_token()
    return Login(options["mailbox"], options["method"], token), lacking_permission(token)


# The effective state beside it ----------------------------------------------------------------------------------------


def _compared(task: Task, result: dict[str, Any], judgement: Judgement | None) -> dict[str, Any]:
    """With the effective state, if it is asked for and there is something to hold it against."""
    if not task.options.get("compare"):
        return result
    effective = _effective(task) if judgement else None
    disagrees, text = False, ""
    if judgement and effective:
        disagrees, text = compare(judgement, task.options["method"], effective, task.options["mailbox"])
    if text:
        task.warnings.append(text)
    return {**result, **comparison_result(effective, disagrees=disagrees)}


def _effective(task: Task) -> Effective | None:
    """What the sign-in found is told, whatever goes wrong here."""
    try:
        connection = task.connection
        store = MailboxStore(connection.exchange, connection.concurrency)
        entries = checked_entries([task.options["mailbox"]])
        states = read_effective_states(connection, store, entries, datetime.date.today())
        task.warnings.extend(f"Unknown, because a permission is missing: {text}." for text in states.lacking())
        (reading,) = states.readings
        if reading.mailbox is None:
            raise reading.error or M365Error("The mailbox wasn't read.")
        return states.by_guid[reading.mailbox.guid]
    except InterruptedTaskError:
        raise
    except M365Error as error:
        task.warnings.append(f"The effective state couldn't be read, so nothing was compared: {error.message}")
        return None
