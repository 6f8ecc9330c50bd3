# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast the Exchange endpoint lets a client go. Off unless it is told."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass

from . import effects
from .answers import Answer
from .dialect import Dialect
from .wire import CmdletError

WINDOW_SECONDS = 300


@dataclass
class Settings:
    """rate: so many cmdlets (or, with per `request`, HTTP requests) a second, None for no limit. burst: at once.

    retry_after: seconds, `date`, `absurd`, `honest` (whole seconds until it works again) or None for no header.
    max_concurrent: so many HTTP requests at a time, beyond which the plain-text refusal comes.
    """

    rate: float | None = None
    burst: float = 20
    per: str = "item"
    retry_after: int | str | None = "honest"
    max_concurrent: int | None = None
    limit: int = 30000


class Throttle:
    """A token bucket, a count of what runs at once, and the Rate-Limit headers."""

    def __init__(self) -> None:
        self.set()

    def set(self, **settings: float | str | None) -> None:
        """Replace the settings; those not given are at their default, so no argument at all is off."""
        try:
            self.settings = Settings(**settings)  # type: ignore[arg-type]
        except TypeError as error:
            raise ValueError(str(error)) from None
        self._level = float(self.settings.burst)
        self._filled = time.monotonic()
        self._window_end = 0.0
        self._used = 0
        self.refused = 0

    def request(self, running: int) -> Answer | None:
        """The refusal of an HTTP request when `running` others run; None lets it in."""
        most = self.settings.max_concurrent
        if most is not None and running >= most:
            self.refused += 1
            text = "You have reached the maximum number of concurrent requests per tenant. Please wait and try again."
            return Answer(429, {"content-type": "text/plain; charset=utf-8"}, text.encode())
        return None

    def take(self, kind: str) -> CmdletError | None:
        """Count one `request` or `item`; the refusal if the bucket is empty."""
        if kind == "item":
            self._count()
        rate = self.settings.rate
        if rate is None or kind != self.settings.per:
            return None
        now = time.monotonic()
        self._level = min(self.settings.burst, self._level + (now - self._filled) * rate)
        self._filled = now
        if self._level >= 1:
            self._level -= 1
            return None
        self.refused += 1
        retry_after = self.settings.retry_after
        if retry_after == "honest":
            retry_after = max(1, round((1 - self._level) / rate + 0.5))
        headers = effects.retry_after_header(retry_after)
        return CmdletError(429, "Microsoft.Exchange.Data.ThrottlingException", "Too many requests.", headers=headers)

    def headers(self, dialect: Dialect) -> dict[str, str]:
        """Rate-Limit-Limit, -Remaining and -Reset, if the dialect has them."""
        if not dialect.rate_headers:
            return {}
        self._roll()
        reset = dt.datetime.fromtimestamp(self._window_end, dt.timezone.utc)
        return {
            "rate-limit-limit": str(self.settings.limit),
            "rate-limit-remaining": str(max(0, self.settings.limit - self._used)),
            "rate-limit-reset": reset.isoformat(timespec="seconds").replace("+00:00", "Z"),
        }

    def _count(self) -> None:
        self._roll()
        self._used += 1

    def _roll(self) -> None:
        if time.time() >= self._window_end:
            self._window_end = time.time() + WINDOW_SECONDS
            self._used = 0
