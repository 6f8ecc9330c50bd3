# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""Who has used SMTP AUTH, merged from what several sources tell. Nothing here asks, and no clock is looked at.

No source sees every kind of use: that nothing is found is never proof that nothing is used.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from .identity import fold

SIGN_IN_LOG = "sign_in_log"
USAGE_REPORT = "usage_report"
FILE = "file"
SOURCES = (SIGN_IN_LOG, USAGE_REPORT, FILE)

USED = "yes"
NO_EVIDENCE = "no_evidence"
UNKNOWN = "unknown"
ANSWERS = (USED, NO_EVIDENCE, UNKNOWN)

BASIC = "basic"
OAUTH = "oauth"

MOST_CLIENTS = 10

BLIND_TO = {
    SIGN_IN_LOG: (
        "use before its first day: it keeps 30 days at most",
        "sign-ins with OAuth, which the log files under another kind of client",
        "apps that sign in as themselves (SMTP.SendAsApp)",
        "whether a sign-in led to a message",
    ),
    USAGE_REPORT: (
        "the day of the last use: it only tells that there was one in its period",
        "the last two or three days, which are not yet in it",
        "mailboxes that the report doesn't list",
        "whether it was Basic or OAuth, and from where",
    ),
    FILE: (
        "use before its first day: the admin center exports 90 days at most",
        "what happened after it was exported",
        "who signed in, where that isn't the sender: it names the sender's address",
    ),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Trace:
    """What one entry of a source tells of one mailbox.

    ``names``: the id of its account, its sign-in name, its address, as far as the entry has them; the last is what to
    call it. ``when``: ISO 8601, UTC; a day alone, or empty, where no more is told. ``count``: sign-ins or messages;
    None where nothing is counted. ``failure``: why the sign-in failed; empty if it didn't.
    """

    source: str
    names: tuple[str, ...]
    when: str = ""
    count: int | None = None
    protocol: str = UNKNOWN
    address: str = ""
    application: str = ""
    failure: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Client:
    """Where somebody signed in from."""

    address: str
    application: str


@dataclasses.dataclass
class Use:
    """What the sources together tell of one mailbox. ``failed``, ``failure``: when a sign-in failed last, and why.
    ``known_as``: its names, folded.
    """

    name: str = ""
    last: str = ""
    counts: dict[str, int] = dataclasses.field(default_factory=dict)
    protocols: set[str] = dataclasses.field(default_factory=set)
    clients: dict[Client, None] = dataclasses.field(default_factory=dict)
    seen_in: set[str] = dataclasses.field(default_factory=set)
    failed: str = ""
    failure: str = ""
    known_as: list[str] = dataclasses.field(default_factory=list, compare=False)

    def add(self, trace: Trace) -> None:
        self.name = self.name or trace.names[-1]
        if trace.failure:
            self._failed(trace.when, trace.failure)
            return
        self.seen_in.add(trace.source)
        self.last = max(self.last, trace.when)
        if trace.protocol != UNKNOWN:
            self.protocols.add(trace.protocol)
        if trace.count is not None:
            self.counts[trace.source] = self.counts.get(trace.source, 0) + trace.count
        if trace.address or trace.application:
            self._met(Client(trace.address, trace.application))

    def take(self, other: Use) -> None:
        """Add what another one tells, who has turned out to be the same."""
        self.name = self.name or other.name
        self.last = max(self.last, other.last)
        self.protocols |= other.protocols
        self.seen_in |= other.seen_in
        for source, count in other.counts.items():
            self.counts[source] = self.counts.get(source, 0) + count
        for client in other.clients:
            self._met(client)
        self._failed(other.failed, other.failure)

    @property
    def count(self) -> int | None:
        """Sign-ins by the log; where it shows none, messages by the exported report; None if nobody counts."""
        return next((self.counts[source] for source in SOURCES if source in self.counts), None)

    @property
    def protocol(self) -> str:
        """Where both were seen, Basic: that is what ends first."""
        return next((name for name in (BASIC, OAUTH) if name in self.protocols), UNKNOWN)

    @property
    def by_oauth_alone(self) -> bool:
        """Whether all that is known of it is OAuth: the end of Basic doesn't touch it."""
        return self.protocols == {OAUTH} and self.seen_in == {FILE}

    def _met(self, client: Client) -> None:
        if len(self.clients) < MOST_CLIENTS:
            self.clients[client] = None

    def _failed(self, when: str, why: str) -> None:
        if why and (when > self.failed or not self.failure):
            self.failed, self.failure = when, why


class Evidence:
    """The traces of all sources, by whatever name they give a mailbox. Names are compared without case."""

    def __init__(self, traces: Iterable[Trace] = ()) -> None:
        self._by_name: dict[str, Use] = {}
        for trace in traces:
            self.add(trace)

    def add(self, trace: Trace) -> None:
        names = [fold(name) for name in trace.names if name]
        if not names:
            return
        use = self._one(names)
        use.add(trace)

    def of(self, names: Iterable[str]) -> Use:
        """What is told of the mailbox with these names; an empty one if nothing is."""
        found = {id(use): use for name in names if name and (use := self._by_name.get(fold(name)))}
        if len(found) == 1:
            return next(iter(found.values()))
        whole = Use()
        for use in found.values():
            whole.take(use)
        return whole

    def everybody(self) -> list[Use]:
        """Who is named at all, by name."""
        found = {id(use): use for use in self._by_name.values() if use.name}
        return sorted(found.values(), key=lambda use: fold(use.name))

    def _one(self, names: Sequence[str]) -> Use:
        known = {id(use): use for name in names if (use := self._by_name.get(name))}
        first, *others = [*known.values()] or [Use()]
        for other in others:
            first.take(other)
            names = [*names, *other.known_as]
        for name in names:
            if self._by_name.get(name) is not first:
                self._by_name[name] = first
                first.known_as.append(name)
        return first


@dataclasses.dataclass(frozen=True)
class Told:
    """What became of one source.

    ``read``: whether all of it was. ``reason``: why not. ``begin`` and ``end``: what it tells of, ISO 8601, empty
    where that isn't known. ``listed``: the names that it tells something of, folded; None where it tells of everybody.
    """

    asked: bool = False
    read: bool = False
    reason: str = "It wasn't asked for."
    begin: str = ""
    end: str = ""
    listed: frozenset[str] | None = None


def answer_for(use: Use, names: Iterable[str], told: Mapping[str, Told]) -> str:
    """Whether a mailbox with these names is used: ``yes``, ``no_evidence`` or ``unknown``.

    That there is no evidence is said only where every source that was asked was read, and one of them at least tells
    of this mailbox.
    """
    if use.seen_in:
        return USED
    asked = [source for source in told.values() if source.asked]
    if not asked or not all(source.read for source in asked):
        return UNKNOWN
    own = {fold(name) for name in names if name}
    return NO_EVIDENCE if any(source.listed is None or own & source.listed for source in asked) else UNKNOWN
