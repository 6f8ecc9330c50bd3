# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Microsoft Graph's report on the use of email apps: who used SMTP within a period. It takes no premium licence."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from .._errors import M365Error, UnexpectedAnswerError
from .._smtp_auth.abilities import USAGE
from .._smtp_auth.table_text import MailboxTextError
from .._smtp_auth.usage_tables import ConcealedNamesError, UsageTable, read_usage_report

if TYPE_CHECKING:
    from .._graph.client import GraphClient

PERMISSION = USAGE
SETTINGS_PERMISSION = "ReportSettings.Read.All"
PERIODS = (7, 30, 90, 180)  # days: what the report can be asked for
_SETTINGS = "/v1.0/admin/reportSettings"
_CONCEALED = (
    "the tenant conceals names in reports, so this one can't be matched with mailboxes. In the Microsoft 365 admin "
    "center: Settings > Org settings > Services > Reports, clear the box that conceals names; it takes some minutes"
)


class ConcealedReportError(M365Error):
    """The tenant conceals the names in its reports."""

    code = "concealed_names"


def period_for(days: int) -> int:
    """The shortest period that holds so many days."""
    return next(period for period in PERIODS if period >= days)


def read_usage(graph: GraphClient, days: int) -> UsageTable:
    """
    :raises ConcealedReportError: the names in it are concealed.
    :raises M365Error: it can't be fetched, or isn't what it should be.
    """
    if _conceals(graph):
        raise ConcealedReportError(f"It wasn't fetched: {_CONCEALED}.")
    body = graph.file(f"/v1.0/reports/getEmailAppUsageUserDetail(period='D{period_for(days)}')", PERMISSION)
    try:
        return read_usage_report(body.decode("utf-8-sig", "replace"))
    except ConcealedNamesError as error:
        raise ConcealedReportError(f"Its names are no names: {_CONCEALED}.") from error
    except MailboxTextError as error:
        raise UnexpectedAnswerError(f"The report of Microsoft Graph can't be understood: {error}.") from error


def _conceals(graph: GraphClient) -> bool:
    """Whether the tenant says that it conceals names. Where the setting can't be read, the names themselves tell."""
    with contextlib.suppress(M365Error):
        return graph.get(_SETTINGS, SETTINGS_PERMISSION).get("displayConcealedNames") is True
    return False
