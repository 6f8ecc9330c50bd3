# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The organization's switch as a part of a run that also sets mailboxes: between the two halves of the writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import Failure, M365Error
from .._smtp_auth.journal_words import INTENT
from .._smtp_auth.tenant_plan import before_the_switch
from .journal import Journal, Noted
from .organization import SwitchWish, set_organization
from .set_mailboxes import Report, Turn

if TYPE_CHECKING:
    from .._exchange.client import ExchangeClient
    from .._http.clock import Clock
    from .._smtp_auth.organization import Switch


class OrganizationSwitch:
    """From ``before`` to ``wanted``. ``after`` is None where it isn't known."""

    def __init__(
        self,
        client: ExchangeClient,
        clock: Clock,
        before: Switch,
        wanted: str,
        journal: Journal | None,
        report: Report,
    ) -> None:
        self._client = client
        self._clock = clock
        self._journal = journal
        self._report = report
        self.before = before
        self.wanted = wanted
        self.after: str | None = before.state
        self.changed = False

    @property
    def needed(self) -> bool:
        return self.before.state != self.wanted

    @property
    def turn(self) -> Turn:
        return Turn(before_the_switch, self.make, "the organization's setting")

    def mark_planned(self) -> None:
        """Check mode: as if it had been made."""
        self.after, self.changed = self.wanted, True

    def make(self) -> bool:
        """Write it and read it back. False, with a failure in the report, if it isn't there."""
        try:
            # Who follows it was read before, and isn't read again between the halves.
            done = set_organization(self._client, list, self._clock, SwitchWish(self.wanted), self._intend)
        except M365Error as error:  # before it was written
            self._fail(error)
            return False
        self.after, self.changed = done.after.state if done.after else None, done.changed
        if done.changed:
            self._report.also_changed = "the organization's setting"
        if done.failure:
            self._fail(done.failure)
        if done.outcome and self._journal:
            try:
                self._note(self._journal, done.before, done.outcome)
            except M365Error as error:
                text = (
                    f"{error.message} Nothing further was changed. The journal tells that the organization's setting "
                    "was to be changed, not that it was."
                )
                self._report.fail(Failure.of(error, text))
        return not self._report.failure

    def _fail(self, fault: M365Error | Failure) -> None:
        self._report.fail(Failure.of(fault, f"The organization's setting: {fault.message}"))

    def _intend(self, before: Switch) -> None:
        if self._journal:
            self._note(self._journal, before, INTENT)

    def _note(self, journal: Journal, before: Switch, outcome: str) -> None:
        journal.note(self._client.tenant, [Noted("", "", before.state, self.wanted)], outcome)
