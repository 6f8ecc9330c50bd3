# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Judge mailboxes by their layers. Where Conditional Access leaves it open for a few, Microsoft's own evaluation is
asked.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .._errors import InterruptedTaskError, M365Error, NotFoundError, ServiceError
from .._sign_in.clouds import EXCHANGE_APP_ID
from .._smtp_auth.effective import CONDITIONAL_ACCESS, UNKNOWN, Effective
from .._smtp_auth.layers import Judge, Tenant, User
from .._smtp_auth.state import UnreadableStateError
from .._smtp_auth.unread import Unread
from .._smtp_auth.what_if import Opinions, question, read_opinions
from .at_once import in_parallel
from .tenant_layers import POLICY_PERMISSION

if TYPE_CHECKING:
    from .._smtp_auth.mailbox import Mailbox
    from .connection import Connection
    from .layers import Directory

MOST_ASKED = 20  # mailboxes, each of which costs a request
_VERSIONS: tuple[str, ...] = ("v1.0", "beta")  # not every tenant has it in v1.0


def judge_mailboxes(
    evaluation: Evaluation, tenant: Tenant, directory: Directory, wanted: Iterable[tuple[Mailbox, str]]
) -> dict[str, Effective]:
    """What a client will meet at each mailbox with this setting of its own, by the mailbox's id.

    :raises InterruptedTaskError: the task was told to stop.
    """
    judge = Judge(tenant)
    users = {mailbox.guid: (state, directory.user(mailbox)) for mailbox, state in wanted}
    found = {guid: judge.judge(state, user) for guid, (state, user) in users.items()}
    open_ones = [guid for guid, effective in found.items() if _is_open(tenant, users[guid][1], effective)]
    if open_ones and len(open_ones) <= MOST_ASKED:
        opinions = evaluation.of([users[guid][1].object_id for guid in open_ones])
        for guid, told in zip(open_ones, opinions, strict=True):
            state, user = users[guid]
            found[guid] = judge.judge(state, user, told)
    return found


def _is_open(tenant: Tenant, user: User, effective: Effective) -> bool:
    """Whether what the policies say of this user would decide, isn't settled, and can be asked."""
    return (
        not isinstance(tenant.conditional_access, Unread)
        and bool(user.object_id)
        and effective.basic == UNKNOWN
        and any(layer.name == CONDITIONAL_ACCESS and layer.basic == UNKNOWN for layer in effective.layers)
    )


class Evaluation:
    """Microsoft's what-if evaluation of the Conditional Access policies. No user is asked about twice."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._versions = _VERSIONS
        self._known: dict[str, Opinions | Unread] = {}

    def of(self, users: Sequence[str]) -> list[Opinions | Unread]:
        """What it says of each of these object ids, or why it can't be had.

        :raises InterruptedTaskError: the task was told to stop.
        """
        first, *others = [user for user in dict.fromkeys(users) if user not in self._known] or [""]
        if first:
            told = self._known[first] = self._ask(first)
            jobs = [functools.partial(self._ask, user) for user in others]
            if isinstance(told, Unread):  # so it would be for the others
                self._known.update(dict.fromkeys(others, told))
            elif jobs:
                self._known.update(zip(others, in_parallel(*jobs, most=self._connection.concurrency), strict=True))
        return [self._known[user] for user in users]

    def _ask(self, object_id: str) -> Opinions | Unread:
        *others, last = self._versions
        try:
            for version in others:
                try:
                    told = self._evaluate(version, object_id)
                except ServiceError as error:
                    if not isinstance(error, NotFoundError) and error.status != 400:
                        raise
                else:
                    self._versions = (version,)
                    return told
            told = self._evaluate(last, object_id)
        except InterruptedTaskError:
            raise
        except (M365Error, UnreadableStateError) as error:
            return Unread(error.message if isinstance(error, M365Error) else str(error))
        self._versions = (last,)
        return told

    def _evaluate(self, version: str, object_id: str) -> Opinions:
        path = f"/{version}/identity/conditionalAccess/evaluate"
        answer = self._connection.graph.ask(path, question(object_id, EXCHANGE_APP_ID), POLICY_PERMISSION)
        rows = answer.get("value")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or "@odata.nextLink" in answer:
            raise UnreadableStateError("Graph's answer isn't a whole list of policies")
        return read_opinions(rows)
