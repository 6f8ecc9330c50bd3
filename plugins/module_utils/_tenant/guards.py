# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What is asked once a plan is there and before anything is written, in check mode too: the same for every module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .._smtp_auth.whole_plan import Plan, Refusal, check_expected, check_size
from .organization import read_switch

if TYPE_CHECKING:
    from .._exchange.client import ExchangeClient
    from .._smtp_auth.limit import Limit
    from .use_guard import UseGuard

Guard = Callable[[Plan], "Refusal | None"]


class Guards:
    """The guards in the order in which they are asked; the first that refuses ends it.

    ``plan`` is the fingerprint of what was planned, empty as long as nothing was.
    """

    def __init__(self, guards: Sequence[Guard] = ()) -> None:
        self._guards = guards
        self.plan = ""

    def __call__(self, plan: Plan) -> Refusal | None:
        self.plan = plan.fingerprint
        refusals = (guard(plan) for guard in self._guards)
        return next((refusal for refusal in refusals if refusal), None)


def expects(fingerprint: str | None) -> Guard:
    """Refuse every plan but the one that was looked at. An empty text counts as not given."""
    expected = (fingerprint or "").strip()
    return lambda plan: check_expected(plan, expected)


def limits(limit: Limit | None) -> Guard:
    """Refuse a plan that changes more."""
    return lambda plan: check_size(plan, limit)


class InUse:
    """Refuse to take SMTP AUTH from who has used it lately."""

    def __init__(self, client: ExchangeClient, use: UseGuard) -> None:
        self._client = client
        self._use = use

    def __call__(self, plan: Plan) -> Refusal | None:
        """
        :raises M365Error: the organization's setting or the sign-in log can't be read.
        """
        organization = read_switch(self._client).state if plan.hangs_on_organization else ""
        return self._use(plan.losers(organization))
