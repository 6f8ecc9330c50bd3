# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mail client's own experience: real sign-ins at the submission port of a fake tenant."""

from __future__ import annotations

import base64
import smtplib
import ssl
from collections.abc import Iterable

from fake_tenant import FakeTenantServer

LET_IN, CONTINUE = 235, 334


class MailClient:
    """Signs in as a printer would, over TLS; says whether it was let in."""

    def __init__(self, fake: FakeTenantServer) -> None:
        self._fake = fake
        self._context = ssl.create_default_context(cafile=fake.ca_path)

    def basic(self, name: str, password: str) -> bool:
        """With name and password: the service takes them by LOGIN only."""
        return self._sign_in("LOGIN", name, password)

    def oauth(self, name: str, token: str) -> bool:
        """With an app's token for Exchange."""
        return self._sign_in("XOAUTH2", f"user={name}\1auth=Bearer {token}\1\1")

    def let_in(self, mailboxes: Iterable[str]) -> dict[str, tuple[bool, bool]]:
        """By address: with Basic, with OAuth. Passwords as in the seeds: what is before the @, and ``-password``."""
        token = self._fake.tokens.issue()
        return {
            name: (self.basic(name, f"{name.partition('@')[0]}-password"), self.oauth(name, token))
            for name in mailboxes
        }

    def _sign_in(self, mechanism: str, *given: str) -> bool:
        place = self._fake.ready["smtp"]
        first, *others = (base64.b64encode(text.encode()).decode() for text in given)
        with smtplib.SMTP(place["host"], place["port"], timeout=30) as smtp:
            smtp.starttls(context=self._context)
            smtp.ehlo("printer.example")
            code, _text = smtp.docmd("AUTH", f"{mechanism} {first}")
            for text in others:
                code, _text = smtp.docmd(text) if code == CONTINUE else (code, b"")
        return code == LET_IN
