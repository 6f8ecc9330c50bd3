# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What an audit's report tells of each mailbox beside its setting: who is behind it, and who was seen using it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from .._redaction.redactor import redact
from .._smtp_auth.layers import find_policy
from .._smtp_auth.unread import Unread
from .._smtp_auth.usage import BLIND_TO, SOURCES, UNKNOWN, Told, Use

if TYPE_CHECKING:
    from .._report.data import Row
    from .._smtp_auth.layers import Tenant, User


def with_accounts(rows: Iterable[Row], users: Mapping[str, User], tenant: Tenant | None) -> Iterator[Row]:
    """``users``: by the mailbox's id."""
    for row in rows:
        user = users.get(row.guid)
        yield (
            row
            if user is None
            else dataclasses.replace(
                row, mailbox_type=user.recipient_type, account=_account(user), policy=_policy(user, tenant)
            )
        )


def _account(user: User) -> str:
    account = user.account
    if isinstance(account, Unread):
        return UNKNOWN
    if not account.enabled:
        return "blocked"
    return "enabled" if account.licensed else "unlicensed"


def _policy(user: User, tenant: Tenant | None) -> str:
    """The name of its own one, as far as the list of policies has it."""
    own = user.authentication_policy
    if isinstance(own, Unread):
        return UNKNOWN
    policies = tenant.policies if tenant else ()
    found = None if isinstance(policies, Unread) or not own else find_policy(policies, own)
    return found.name if found else own


def with_use(rows: Iterable[Row], use_of: Mapping[str, tuple[Use, str]]) -> Iterator[Row]:
    """``use_of``: what is told of a mailbox, and the answer, by its id. Of free text there is none in it."""
    for row in rows:
        use, answer = use_of.get(row.guid, (Use(), UNKNOWN))
        yield dataclasses.replace(
            row,
            used=answer,
            last_used=use.last,
            protocol=use.protocol if use.seen_in else "",
            seen_in=" ".join(source for source in SOURCES if source in use.seen_in),
        )


def evidence_labels(told: Mapping[str, Told], secrets: Sequence[str]) -> dict[str, str]:
    """What became of each source that was asked, in a sentence or two."""
    return {
        _LABELS[name]: redact(f"{_became_of(told[name])} It can't see: {'; '.join(BLIND_TO[name])}.", secrets)
        for name in SOURCES
        if name in told and told[name].asked
    }


_LABELS = {
    SOURCES[0]: "Sign-in log (sign_in_log)",
    SOURCES[1]: "Usage report (usage_report)",
    SOURCES[2]: "Exported report (file)",
}


def _became_of(told: Told) -> str:
    if not told.read:
        return f"Not read: {told.reason.rstrip('.')}."
    return f"Read, from {told.begin[:10]} to {told.end[:10]}." if told.begin and told.end else "Read."
