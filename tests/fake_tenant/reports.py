# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report on the use of email apps: Graph makes a file, and another host hands it to whoever knows where."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import secrets
import time
from dataclasses import dataclass

from .answers import Answer
from .state import Mailbox, Tenant

PERIODS = {"D7": 7, "D30": 30, "D90": 90, "D180": 180}
LIFETIME = 300.0
COLUMNS = (
    "Report Refresh Date",
    "User Principal Name",
    "Display Name",
    "Is Deleted",
    "Deleted Date",
    "Last Activity Date",
    "Mail For Mac",
    "Outlook For Mac",
    "Outlook For Windows",
    "Outlook For Mobile",
    "Other For Mobile",
    "Outlook For Web",
    "POP3 App",
    "IMAP4 App",
    "SMTP App",
    "Report Period",
)


@dataclass
class File:
    """A file that was made, and when."""

    content: bytes
    made: float


class Downloads:
    """The files that can be fetched, by the secret in their address."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}

    def offer(self, authority: str, content: bytes) -> str:
        """The address of a file, on another host than Graph's."""
        ticket = secrets.token_urlsafe(24)
        self._files[ticket] = File(content, time.monotonic())
        return f"https://127.0.0.1:{authority.rpartition(':')[2]}/reports-download/detail?token={ticket}"

    def hand_out(self, ticket: str, host: str, *, with_token: bool) -> Answer:
        """The file. A host that isn't Graph's must never see a token, and says so."""
        found = self._files.get(ticket)
        if with_token:
            return Answer(400, {"content-type": "text/plain"}, b"An access token was sent to a host that isn't Graph.")
        if found is None or not host.startswith("127.0.0.1:") or time.monotonic() - found.made > LIFETIME:
            return Answer(403, {"content-type": "text/plain"}, b"The address is unknown or no longer good.")
        return Answer(200, {"content-type": "application/octet-stream"}, found.content)

    def clear(self) -> None:
        """No address is good any more."""
        self._files.clear()


def email_apps(tenant: Tenant, period: str, today: dt.date) -> bytes:
    """The report as CSV: who has a mailbox and a licence, and which apps were used in the period."""
    organization = tenant.organization
    used = {name.lower() for name in organization.smtp_app_users}
    refreshed = (today - dt.timedelta(days=2)).isoformat()
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for mailbox in tenant.listed():
        if mailbox.object_id and mailbox.licensed:
            name = mailbox.user_principal_name
            smtp = "Yes" if name.lower() in used else ""
            shown = [_concealed(one) for one in (name, mailbox.display_name)] if organization.conceal_names else None
            writer.writerow(_row(mailbox, shown, smtp, refreshed, PERIODS[period]))
    return b"\xef\xbb\xbf" + buffer.getvalue().encode()


def _row(mailbox: Mailbox, shown: list[str] | None, smtp: str, refreshed: str, days: int) -> list[str]:
    names = shown or [mailbox.user_principal_name, mailbox.display_name]
    apps = ["", "", "Yes", "", "", "", "", "", smtp]
    return [refreshed, *names, "False", "", refreshed, *apps, str(days)]


def _concealed(name: str) -> str:
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest().upper()
