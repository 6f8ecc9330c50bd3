# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The bodies of the organization modules: options to a use case, its report to a result."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from .._errors import Failure, InputError
from .._result.organization import (
    empty_organization_info_result,
    empty_switch_result,
    organization_info_result,
    switch_result,
)
from .._tenant.layers import LayerReader
from .._tenant.mailboxes import MailboxStore
from .._tenant.organization import SwitchReport, SwitchWish, followers, set_organization
from .parts import with_failure

if TYPE_CHECKING:
    from .runner import Task


def set_organization_task(task: Task) -> dict[str, Any]:
    """``organization_smtp_auth``."""
    options = task.options
    if options["return_affected"] < 0:
        raise InputError(f"return_affected is {options['return_affected']}; it has to be 0 or more.")
    connection = task.connection
    wish = SwitchWish(
        state=options["state"],
        legacy_tls=options["allow_legacy_tls_clients"],
        max_changes=options["max_changes"],
        verify=options["verify"],
        check_mode=task.check_mode,
    )
    store = MailboxStore(connection.exchange, connection.concurrency)
    report = set_organization(connection.exchange, lambda: followers(store), task.clock, wish)
    return task.told(report, lambda: _result(task, report))


def _result(task: Task, report: SwitchReport) -> dict[str, Any]:
    result = switch_result(report, most=task.options["return_affected"], diff_mode=task.diff_mode)
    return with_failure(result, report.failure)


def empty_set_organization_task(task: Task) -> dict[str, Any]:
    return empty_switch_result(diff_mode=task.diff_mode)


def organization_info_task(task: Task) -> dict[str, Any]:
    """``organization_smtp_auth_info``."""
    reader = LayerReader(task.connection)
    result = organization_info_result(reader.tenant(datetime.date.today()))
    if reader.faults:
        fault = reader.faults[0]
        with_failure(result, Failure.of(fault, f"Not everything could be read: {fault.message}"))
    return result


def empty_organization_info_task(_task: Task) -> dict[str, Any]:
    return empty_organization_info_result()
