# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The body of ``connection_info``: what an app can see and do, and whether that is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._errors import ExpiredCredentialError, Failure
from .._result.connection import connection_result, empty_connection_result
from .._smtp_auth.abilities import ABILITIES, lacking
from .._tenant.abilities import look, without_credential
from .parts import with_failure

if TYPE_CHECKING:
    from .runner import Task


def require_spec() -> dict[str, dict[str, Any]]:
    names = [ability.name for ability in ABILITIES]
    return {"require": {"type": "list", "elements": "str", "default": [], "choices": names}}


def connection_info_task(task: Task) -> dict[str, Any]:
    try:
        seen = look(task.connection)
    except ExpiredCredentialError as error:
        seen = without_credential(error)
    lacks = lacking(seen.abilities, task.options["require"])
    return with_failure(connection_result(seen, task.options), Failure("not_allowed", lacks) if lacks else None)


def empty_connection_info_task(task: Task) -> dict[str, Any]:
    return empty_connection_result(task.options)
