# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What a report tells, as plain data. Whoever renders it asks nobody anything."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

ENABLED = "enabled"
DISABLED = "disabled"
INHERIT = "inherit"
UNKNOWN = "unknown"

ACTIVE = "active"
EXPIRING = "expiring"
EXPIRED = "expired"
MISSING = "missing"

USED = "yes"
NO_EVIDENCE = "no_evidence"
OAUTH = "oauth"
EXPORTED = "file"

NEW = "new"
CHANGED_SINCE = "changed_since"


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One mailbox of the tenant.

    ``before`` and ``after`` are ``enabled``, ``disabled``, ``inherit``, or None where the truth isn't known, before the
    run and after it. ``changed``: the run wrote it. ``drifted``: it wasn't what was asked for when it was read.
    ``basic`` and ``oauth`` are ``enabled``, ``disabled``, ``unknown``, or ``""`` where they weren't asked for;
    ``decided_by`` and ``reason`` say why. ``at_risk``: it could sign in with Basic today, which is off by default from
    the end of December 2026. ``error`` is the message of what failed.

    All of this is true as things are when the report is made. What a plan would make of it that wasn't carried out, in
    check mode or because it was refused, is told apart: ``planned`` is the state that it would get, None where it keeps
    its own; ``planned_basic``, ``planned_oauth`` and ``planned_at_risk`` are what would hold then.

    ``mailbox_type`` is Exchange's recipient type; ``account`` is ``enabled``, ``blocked``, ``unlicensed`` or
    ``unknown``; ``policy`` the authentication policy of its own; each is empty where it wasn't read or there is none.
    ``used`` is ``yes``, ``no_evidence``, ``unknown``, or empty where no evidence was asked for; ``last_used`` (ISO 8601
    or empty), ``protocol`` and ``seen_in`` (names of sources, parted by spaces) go with it. ``since`` is ``new``,
    ``changed_since`` or empty by an earlier report, ``was`` what changed.
    """

    mailbox: str
    guid: str = ""
    primary_smtp_address: str = ""
    display_name: str = ""
    before: str | None = None
    after: str | None = None
    changed: bool = False
    drifted: bool = False
    error: str = ""
    basic: str = ""
    oauth: str = ""
    decided_by: str = ""
    reason: str = ""
    at_risk: bool = False
    planned: str | None = None
    planned_basic: str = ""
    planned_oauth: str = ""
    planned_at_risk: bool = False
    mailbox_type: str = ""
    account: str = ""
    policy: str = ""
    used: str = ""
    last_used: str = ""
    protocol: str = ""
    seen_in: str = ""
    since: str = ""
    was: str = ""

    @property
    def would_break(self) -> bool:
        """Whether it could sign in with Basic today and was seen using SMTP AUTH, not by OAuth alone."""
        by_oauth_alone = self.protocol == OAUTH and self.seen_in == EXPORTED
        return self.at_risk and self.used == USED and not by_oauth_alone

    @property
    def may_be_at_risk(self) -> bool:
        """Whether nobody knows if it could sign in with Basic today."""
        return self.basic == UNKNOWN and not self.at_risk

    @property
    def state(self) -> str:
        """The mailbox's own setting after the run, ``unknown`` where nobody knows."""
        if self.after is None and not self.changed:
            return self.before or UNKNOWN
        return self.after or UNKNOWN


@dataclasses.dataclass(frozen=True, slots=True)
class ExceptionRow:
    """One exception of a baseline.

    ``expires`` is an ISO date or ``""``; ``days_left`` counts from the run's day (0: its last day, negative: over) and
    is None where there is no end. ``status`` is ``active``, ``expiring``, ``expired``, or ``missing`` (the tenant has
    no such mailbox).
    """

    mailbox: str
    state: str
    owner: str = ""
    reason: str = ""
    expires: str = ""
    days_left: int | None = None
    status: str = ACTIVE


@dataclasses.dataclass(frozen=True)
class Report:
    """A run that read or enforced a whole tenant.

    ``time`` is ISO 8601 in UTC. ``asked`` and ``organization`` are label -> text, shown in their order. ``counts`` are
    the run's summary (``requested``, ``changed``, ``planned``, ``unchanged``, ``drifted``, ``missing``, ``failed`` are
    known by name; others are shown too; without ``changed`` the run counts as one that only reads). ``by_state`` and
    ``by_effective`` (``basic``, ``oauth``) count mailboxes as they are; ``planned_by_state`` and
    ``planned_by_effective`` as they would be, or None where there is no plan that wasn't carried out. ``rows`` are all
    mailboxes of the tenant. ``made_by`` (label -> text) is who ran it. ``evidence`` (source -> what became of it) is
    None where none was asked for. ``compared_with`` is the time of an earlier report, or empty; ``gone`` names the
    mailboxes that were in it and are no more. ``failure`` is why the run as a whole failed, or ``""``.
    """

    title: str
    tenant: str
    tenant_name: str = ""
    time: str = ""
    check_mode: bool = False
    asked: Mapping[str, str] = dataclasses.field(default_factory=dict)
    organization: Mapping[str, str] = dataclasses.field(default_factory=dict)
    counts: Mapping[str, int] = dataclasses.field(default_factory=dict)
    by_state: Mapping[str, int] = dataclasses.field(default_factory=dict)
    by_effective: Mapping[str, Mapping[str, int]] | None = None
    rows: Sequence[Row] = ()
    exceptions: Sequence[ExceptionRow] = ()
    warnings: Sequence[str] = ()
    failure: str = ""
    planned_by_state: Mapping[str, int] | None = None
    planned_by_effective: Mapping[str, Mapping[str, int]] | None = None
    made_by: Mapping[str, str] = dataclasses.field(default_factory=dict)
    evidence: Mapping[str, str] | None = None
    compared_with: str = ""
    gone: Sequence[str] = ()

    @property
    def has_plan(self) -> bool:
        """Whether it tells of a plan that wasn't carried out."""
        return self.planned_by_state is not None

    @property
    def shows_effective(self) -> bool:
        """Whether the effective state was read at all."""
        return self.by_effective is not None or any(row.basic or row.oauth for row in self.rows)

    @property
    def shows_accounts(self) -> bool:
        """Whether anything was read of who is behind the mailboxes."""
        return any(row.mailbox_type or row.account or row.policy for row in self.rows)
