# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What is asked once a plan is there and before anything is written, in check mode too: the same for every module."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .._errors import Failure
from .._smtp_auth.followers import followers
from .._smtp_auth.whole_plan import Plan
from .organization import read_switch

if TYPE_CHECKING:
    from .._exchange.client import ExchangeClient
    from .._smtp_auth.limit import Limit
    from .use_guard import UseGuard

Guard = Callable[[Plan], "Failure | None"]
_FINGERPRINT = re.compile(r"[0-9a-fA-F]{64}")


class Guards:
    """The guards in the order in which they are asked; the first that refuses ends it.

    ``plan`` is the fingerprint of what was planned, empty as long as nothing was.
    """

    def __init__(self, guards: Sequence[Guard] = ()) -> None:
        self._guards = guards
        self.plan = ""

    def __call__(self, plan: Plan) -> Failure | None:
        self.plan = plan.fingerprint
        return next(filter(None, (guard(plan) for guard in self._guards)), None)


def expects(fingerprint: str | None) -> Guard:
    """Refuse every plan but the one that was looked at. An empty text counts as not given."""
    expected = (fingerprint or "").strip()
    return lambda plan: check_expected(plan, expected)


def check_expected(plan: Plan, expected: str) -> Failure | None:
    """``expected``: a fingerprint; an empty text if none is."""
    if not expected or plan.fingerprint == expected.casefold():
        return None
    if not _FINGERPRINT.fullmatch(expected):
        return Failure(
            "another_plan",
            f"Nothing was written: expected_plan is {expected[:80]!r}, which isn't the fingerprint of a plan. Give all "
            "64 characters of it, as the preview of this very tenant returned them.",
        )
    would = f"would change {plan.first}" if plan.changes else "would change no mailbox"
    switched = f", and the organization's setting to {plan.switch[1]}" if plan.switch and plan.turns_switch else ""
    return Failure(
        "another_plan",
        f"Nothing was written: the plan isn't what the preview showed. The tenant has changed since, or other "
        f"mailboxes are asked for. Expected was the plan {expected[:12]}, made was {plan.fingerprint[:12]}, which "
        f"{would}{switched}. Look at it in a new preview, and hand on the fingerprint of that.",
    )


def limits(limit: Limit | None) -> Guard:
    """Refuse a plan that changes more."""
    return lambda plan: check_size(plan, limit)


def check_size(plan: Plan, limit: Limit | None) -> Failure | None:
    """Where the organization's setting changes, the mailboxes that follow it are counted, too."""
    if limit is None:
        return None
    affected = {step.mailbox.guid for step in plan.changes}
    if plan.turns_switch:
        affected |= {mailbox.guid for mailbox in followers(plan.changes, plan.everybody or ())}
    own = len(plan.changes)
    total = len(plan.everybody) if plan.everybody is not None else plan.asked
    if len(affected) <= limit.of(total):
        return None
    more = len(affected) - own
    followed = f" and the organization's setting, which {more:,} more follow" if more else ""
    named = f" It would change {plan.first}." if own else ""
    return Failure(
        "max_changes",
        f"The plan changes {own:,} of {plan.asked:,} mailboxes{followed}, more than max_changes={limit.shown(total)}; "
        f"nothing was written.{named} Look at the plan in the result, or at its diff with --check --diff and a higher "
        "limit. If it is right, raise max_changes.",
    )


class InUse:
    """Refuse to take SMTP AUTH from who has used it lately."""

    def __init__(self, client: ExchangeClient, use: UseGuard) -> None:
        self._client = client
        self._use = use

    def __call__(self, plan: Plan) -> Failure | None:
        """
        :raises M365Error: the organization's setting or the sign-in log can't be read.
        """
        organization = read_switch(self._client).state if plan.hangs_on_organization else ""
        return self._use(plan.losers(organization))
