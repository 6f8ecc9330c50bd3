# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The call patterns of two peers, without their overhead: what the wire alone makes them take. Neither program is run.

Microsoft365DSC reads each mailbox, and for a drifted one reads again and writes: 1 or 3 calls, one after the other.
CIPP lists the tenant and writes in batches of ten, one after the other. As their public sources show it (2026).
"""

from __future__ import annotations

import math
import time

import requests

from bench.tenant import Tenant

_SAMPLES = 12


class Wire:
    """Bare requests to the fake tenant; ``call`` and ``batch`` are the seconds of one."""

    def __init__(self, tenant: Tenant) -> None:
        ready = tenant.control.ready
        self._base = f"{ready['exchange_endpoint']}/adminapi/beta/{tenant.control.tenants[0]['tenant_id']}"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = ready["ca_path"]
        self._session.headers["Authorization"] = f"Bearer {tenant.control.tokens.issue()}"
        names = tenant.names()
        self._post("InvokeCommand", _command("Get-CASMailbox", names[0]))  # opens the connection
        self.call = self._mean(lambda: self._post("InvokeCommand", _command("Get-CASMailbox", names[0])))
        self.batch = self._mean(lambda: self._post("$batch", self._batch(names[:10])))

    def dsc_seconds(self, listed: int, changing: int) -> float:
        return (listed - changing + 3 * changing) * self.call

    def cipp_seconds(self, changing: int, tenant: int) -> float:
        return math.ceil(tenant / 1000) * self.call + math.ceil(changing / 10) * self.batch

    def _mean(self, action: object) -> float:
        begun = time.monotonic()
        for _each in range(_SAMPLES):
            action()  # type: ignore[operator]
        return (time.monotonic() - begun) / _SAMPLES

    def _post(self, path: str, body: object) -> None:
        self._session.post(f"{self._base}/{path}", json=body, timeout=60).raise_for_status()

    def _batch(self, names: list[str]) -> dict[str, object]:
        authorization = str(self._session.headers["Authorization"])
        return {
            "requests": [
                {
                    "id": str(place),
                    "method": "POST",
                    "url": f"{self._base}/InvokeCommand",
                    "headers": {"Authorization": authorization, "Content-Type": "application/json"},
                    "body": _command("Get-CASMailbox", name),
                }
                for place, name in enumerate(names)
            ]
        }


def _command(cmdlet: str, identity: str) -> dict[str, object]:
    return {"CmdletInput": {"CmdletName": cmdlet, "Parameters": {"Identity": identity}}}
