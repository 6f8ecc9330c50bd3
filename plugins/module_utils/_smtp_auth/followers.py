# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Who follows the organization's switch once a plan is carried out, and who loses SMTP AUTH by it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .state import DISABLED, ENABLED, INHERIT

if TYPE_CHECKING:
    from .mailbox import Mailbox
    from .plan import Step


def followers(steps: Iterable[Step], everybody: Iterable[Mailbox]) -> list[Mailbox]:
    """The mailboxes that follow the organization's switch once the steps are done."""
    wanted = {step.mailbox.guid: step.wanted for step in steps}
    return [mailbox for mailbox in everybody if wanted.get(mailbox.guid, mailbox.state) == INHERIT]


def losers(
    steps: Sequence[Step], everybody: Iterable[Mailbox], organization_before: str, organization_after: str
) -> list[Mailbox]:
    """The mailboxes that may use SMTP AUTH now by the switches, and may no more once the plan is carried out."""
    wanted = {step.mailbox.guid: step.wanted for step in steps}
    return [
        mailbox
        for mailbox in everybody
        if _resolve(mailbox.state, organization_before) == ENABLED
        and _resolve(wanted.get(mailbox.guid, mailbox.state), organization_after) == DISABLED
    ]


def _resolve(state: str, organization: str) -> str:
    return organization if state == INHERIT else state
