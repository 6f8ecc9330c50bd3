# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What the sources tell of the use of SMTP AUTH, read side by side. One that can't be read is told of."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from .._errors import M365Error
from .._smtp_auth.identity import fold
from .._smtp_auth.usage import FILE, SIGN_IN_LOG, SOURCES, USAGE_REPORT, Evidence, Told, Trace, Use, answer_for
from . import sign_in_log
from .accounts import ACCOUNT_PERMISSION
from .at_once import in_parallel
from .usage_report import period_for, read_usage

if TYPE_CHECKING:
    from .._graph.client import GraphClient
    from .._smtp_auth.mailbox import Mailbox
    from .connection import Connection

MOST_DAYS = 180
_NAMES = "/v1.0/users?$select=id,userPrincipalName,proxyAddresses"
_IDS_IN_A_FILTER = 15
_MOST_FILTERS = 10  # beyond that one listing of everybody is cheaper
_PAGE_SIZE = 999


@dataclasses.dataclass
class Usage:
    """``told``: what became of each source. ``linked``: whether the sign-in names of the mailboxes' accounts are known;
    else a source that goes by them may tell of a mailbox under a name that nobody knows.
    """

    told: dict[str, Told]
    evidence: Evidence
    names: Mapping[str, frozenset[str]] = dataclasses.field(default_factory=dict)
    linked: bool = True
    unlinked_because: str = ""

    @property
    def read(self) -> list[str]:
        """The sources that were read whole."""
        return [name for name, told in self.told.items() if told.read]

    def unread(self) -> list[str]:
        """One sentence for each source that was asked and not read."""
        return [f"{name}: {told.reason}" for name, told in self.told.items() if told.asked and not told.read]

    def of(self, mailbox: Mailbox, *others: str) -> tuple[Use, str]:
        """What is told of a mailbox, and the answer. ``others``: further names of it."""
        own = self.names.get(fold(mailbox.object_id), frozenset())
        names = (mailbox.object_id, mailbox.primary_smtp_address, *others, *own)
        use = self.evidence.of(names)
        told = self.told
        if not self.linked and not own:
            told = {name: _only_listed(name, one, names) for name, one in told.items()}
        return use, answer_for(use, names, told)


def _only_listed(name: str, told: Told, names: Iterable[str]) -> Told:
    """The report goes by sign-in names: of a mailbox whose sign-in name isn't known it tells only where the address is
    in it.
    """
    if name != USAGE_REPORT or not told.read:
        return told
    if told.listed is not None and any(fold(one) in told.listed for one in names if one):
        return told
    return dataclasses.replace(told, read=False)


@dataclasses.dataclass(frozen=True)
class Wanted:
    """``exports``: by path, what was read of each file. ``now``: with a time zone."""

    sources: Sequence[str]
    days: int
    cloud: str
    now: datetime.datetime
    exports: Mapping[str, Sequence[Trace]] = dataclasses.field(default_factory=dict)

    @property
    def begin(self) -> datetime.datetime:
        return self.now.astimezone(datetime.timezone.utc) - datetime.timedelta(days=self.days)


def read_usage_of(connection: Connection, wanted: Wanted, mailboxes: Sequence[Mailbox] | None) -> Usage:
    """
    :param mailboxes: whose accounts' names are to be known; None for nobody's.
    """
    graph = connection.graph
    readers: dict[str, Callable[[], tuple[Told, list[Trace]]]] = {
        SIGN_IN_LOG: lambda: _sign_in_log(graph, wanted),
        USAGE_REPORT: lambda: _usage_report(graph, wanted),
        FILE: lambda: _files(wanted),
    }
    asked = [name for name in SOURCES if name in wanted.sources]
    jobs: list[Callable[[], object]] = [functools.partial(_guarded, readers[name]) for name in asked]
    # These go by names; the log goes by the account's id.
    by_name = mailboxes is not None and (USAGE_REPORT in asked or FILE in asked)
    if by_name:
        jobs.append(lambda: _names_of(graph, mailboxes or ()))
    done = in_parallel(*jobs)
    usage = Usage({name: Told() for name in SOURCES}, Evidence())
    for name, (told, traces) in zip(asked, done, strict=False):
        usage.told[name] = told
        for trace in traces:
            usage.evidence.add(trace)
    if by_name:
        usage.names, usage.unlinked_because = done[-1]
        usage.linked = not usage.unlinked_because
    return usage


def _guarded(read: Callable[[], tuple[Told, list[Trace]]]) -> tuple[Told, list[Trace]]:
    try:
        return read()
    except M365Error as error:
        return Told(asked=True, reason=error.message), []


def _sign_in_log(graph: GraphClient, wanted: Wanted) -> tuple[Told, list[Trace]]:
    """What was read is kept, should the rest of it fail."""
    without = sign_in_log.why_not_offered(wanted.cloud)
    if without:
        return Told(asked=True, reason=without), []
    days = min(wanted.days, sign_in_log.MOST_DAYS)
    begin = wanted.now.astimezone(datetime.timezone.utc) - datetime.timedelta(days=days)
    traces: list[Trace] = []
    reason = ""
    try:
        traces.extend(sign_in_log.successes(graph, begin))
        traces.extend(sign_in_log.failures(graph, begin))
    except M365Error as error:
        reason = error.message
    told = Told(True, not reason, reason, _instant(begin), _instant(wanted.now.astimezone(datetime.timezone.utc)))
    return told, traces


def _usage_report(graph: GraphClient, wanted: Wanted) -> tuple[Told, list[Trace]]:
    table = read_usage(graph, wanted.days)
    begin = ""
    if table.refreshed:
        last = datetime.date.fromisoformat(table.refreshed[:10])
        begin = (last - datetime.timedelta(days=period_for(wanted.days) - 1)).isoformat()
    return Told(True, True, "", begin, table.refreshed, table.listed), table.traces


def _files(wanted: Wanted) -> tuple[Told, list[Trace]]:
    """Rows from before the days that were asked for are left out; those without a day are taken."""
    first = wanted.begin.date().isoformat()
    traces = [trace for rows in wanted.exports.values() for trace in rows if not trace.when or trace.when[:10] >= first]
    days = sorted(trace.when[:10] for trace in traces if trace.when)
    return Told(True, True, "", days[0] if days else "", days[-1] if days else ""), traces


def _names_of(graph: GraphClient, mailboxes: Sequence[Mailbox]) -> tuple[dict[str, frozenset[str]], str]:
    """Sign-in name and addresses by the account's id, folded; and why they can't be read, if they can't."""
    ids = sorted({fold(mailbox.object_id) for mailbox in mailboxes if mailbox.object_id})
    groups = [ids[at : at + _IDS_IN_A_FILTER] for at in range(0, len(ids), _IDS_IN_A_FILTER)]
    paths = [f"{_NAMES}&$filter={quote(_filter(group))}&$top={_PAGE_SIZE}" for group in groups]
    if len(groups) > _MOST_FILTERS:
        paths = [f"{_NAMES}&$top={_PAGE_SIZE}"]
    found: dict[str, frozenset[str]] = {}
    wanted = set(ids)
    try:
        for path in paths:
            for page in graph.pages(path, ACCOUNT_PERMISSION):
                for row in page:
                    account = fold(str(row.get("id") or ""))
                    if account in wanted:
                        found[account] = frozenset(_names(row))
    except M365Error as error:
        return {}, error.message
    return found, ""


def _filter(ids: Sequence[str]) -> str:
    return "id in ({})".format(",".join(f"'{value}'" for value in ids))


def _names(row: Mapping[str, object]) -> Iterable[str]:
    if isinstance(row.get("userPrincipalName"), str):
        yield fold(str(row["userPrincipalName"]))
    addresses = row.get("proxyAddresses")
    for address in addresses if isinstance(addresses, list) else ():
        prefix, colon, rest = str(address).partition(":")
        if colon and fold(prefix) == "smtp":
            yield fold(rest)


def _instant(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
