# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The call patterns of two peers, for the same work on the same tenant, without their overhead. Neither is run.

Microsoft365DSC reads each mailbox, and for a drifted one reads again and writes: 1 or 3 calls, one after the other.
CIPP lists the tenant and writes in batches of ten, one after the other. As their public sources show it (2026). Where
what was written is read back, each does so in its own way: by one call a mailbox, by one more listing.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

from bench.floor import Work
from bench.shapes import BATCH, PAGE
from bench.tenant import Tenant

_SAMPLES = 5
_SELECTED = "InvokeCommand?$select=Guid,PrimarySmtpAddress,SmtpClientAuthenticationDisabled"


@dataclass(frozen=True)
class Pattern:
    """Seconds of one request: a sign-in or one mailbox (``call``), a page of a thousand, a batch of ten."""

    call: float
    page: float
    batch: float

    def dsc(self, work: Work) -> float:
        calls = work.listed + 2 * work.changing + (work.changing if work.back else 0)
        return self.call + calls * self.call

    def cipp(self, work: Work, tenant: int) -> float:
        listing = math.ceil(tenant / PAGE) * self.page
        back = listing if work.back and work.changing else 0.0
        return self.call + listing + math.ceil(work.changing / BATCH) * self.batch + back


class Bare:
    """Requests of the peers' kinds without any program around them; ``pattern``: how long they took."""

    def __init__(self, tenant: Tenant) -> None:
        control = tenant.control
        ready = control.ready
        self._base = f"{ready['exchange_endpoint']}/adminapi/beta/{control.tenants[0]['tenant_id']}"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = ready["ca_path"]
        self._session.headers["Authorization"] = f"Bearer {control.tokens.issue()}"
        names = tenant.names()
        read = _command("Get-CASMailbox", Identity=names[0])
        everybody = _command("Get-CASMailbox", ResultSize="Unlimited")
        write = {"SmtpClientAuthenticationDisabled": False}
        writes = [_command("Set-CASMailbox", Identity=name, **write) for name in names[:BATCH]]
        self._post("InvokeCommand", read)  # opens the connection
        self.pattern = Pattern(
            call=self._mean(lambda: self._post("InvokeCommand", read)),
            page=self._mean(lambda: self._post(_SELECTED, everybody)),
            batch=self._mean(lambda: self._post("$batch", self._batch(writes))),
        )

    def _mean(self, action: Callable[[], None]) -> float:
        begun = time.monotonic()
        for _each in range(_SAMPLES):
            action()
        return (time.monotonic() - begun) / _SAMPLES

    def _post(self, path: str, body: Any) -> None:
        answer = self._session.post(f"{self._base}/{path}", json=body, timeout=60)
        answer.raise_for_status()
        answer.json()

    def _batch(self, commands: list[dict[str, Any]]) -> dict[str, Any]:
        authorization = str(self._session.headers["Authorization"])
        return {
            "requests": [
                {
                    "id": str(place),
                    "method": "POST",
                    "url": f"{self._base}/InvokeCommand",
                    "headers": {"Authorization": authorization, "Content-Type": "application/json"},
                    "body": command,
                }
                for place, command in enumerate(commands)
            ]
        }


def _command(cmdlet: str, **parameters: Any) -> dict[str, Any]:
    return {"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}}
