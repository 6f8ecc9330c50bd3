# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Ask for what may be out of reach: what can't be had is told as ``Unread`` with the reason, never guessed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from .._errors import AccessDeniedError, InterruptedTaskError, M365Error, NotFoundError, PageExpiredError, SignInError
from .._exchange.batch import BatchRun
from .._smtp_auth.state import UnreadableStateError
from .._smtp_auth.unread import Unread

if TYPE_CHECKING:
    from .._exchange.wire import Command, CommandResult
    from .connection import Connection

Result = TypeVar("Result")


class Asking:
    """``faults``: what went wrong otherwise than for lack of access."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.faults: list[M365Error] = []

    def ask(self, commands: Sequence[Command]) -> list[CommandResult | M365Error]:
        """The outcomes, in the commands' order."""
        outcomes = dict(self.run(commands))
        return [outcomes[place] for place in range(len(commands))]

    def run(self, commands: Sequence[Command]) -> BatchRun:
        return BatchRun(self.connection.exchange, commands, self.connection.concurrency)

    def told(
        self, command: Command, outcome: CommandResult | M365Error, read: Callable[[list[dict[str, Any]]], Result]
    ) -> Result | Unread:
        """What ``read`` makes of the rows of a command."""

        def checked() -> Result:
            if isinstance(outcome, M365Error):
                raise outcome
            if outcome.next_link or outcome.truncated:
                raise UnreadableStateError("the answer isn't whole")
            return read(outcome.rows)

        return self.guarded(checked, command)

    def guarded(self, read: Callable[[], Result], command: Command | None = None) -> Result | Unread:
        """What ``read`` gives, or why it can't be had. ``command``: what was asked of Exchange, if it was that.

        :raises InterruptedTaskError: the task was told to stop.
        """
        try:
            return read()
        except UnreadableStateError as error:
            return Unread(str(error))
        except InterruptedTaskError:
            raise
        except M365Error as error:
            # By its code too: what is left out because others were refused carries no more than that.
            if isinstance(error, AccessDeniedError) or error.code == AccessDeniedError.code:
                role = f"an Exchange role with {command.cmdlet}" if command else ""
                return Unread(error.message.rstrip("."), getattr(error, "permission", "") or role)
            # Graph may have a sign-in of its own that isn't allowed; without one for Exchange there is nothing to tell.
            if not isinstance(error, NotFoundError) and (command or not isinstance(error, SignInError)):
                self.faults.append(error)
            return Unread(error.message.rstrip("."))


def again_if_expired(read: Callable[[], Result]) -> Result:
    """A listing of which a link expired is begun again, once."""
    try:
        return read()
    except PageExpiredError:
        return read()
