# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What an app can see and do: what each thing needs, and what its token and the services' answers tell of it.

What can't be told stays unknown. A write is never tried.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from .roles import ADMINISTRATORS, MANAGE_AS_APP, directory_role_names

YES, NO, UNKNOWN = "yes", "no", "unknown"

# Application permissions on Microsoft Graph: the least that Microsoft's reference names for each read.
POLICIES, ACCOUNTS, GROUPS = "Policy.Read.All", "User.Read.All", "GroupMember.Read.All"
SIGN_INS, USAGE = "AuditLog.Read.All", "Reports.Read.All"


@dataclasses.dataclass(frozen=True)
class Ability:
    """One thing to do. It takes all of ``cmdlets`` in Exchange, or ``permission`` on Graph. ``beside``: cmdlets whose
    lack leaves something ``unknown`` but keeps nobody from the thing itself. ``licence``: what the tenant needs.
    """

    name: str
    cmdlets: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    permission: str = ""
    licence: str = ""

    @property
    def needs(self) -> str:
        """For people."""
        if self.permission:
            also = f", and {self.licence}" if self.licence else ""
            return f"the application permission {self.permission} on Microsoft Graph{also}"
        role = "Global Reader" if all(map(is_read, self.cmdlets)) else "Exchange Administrator"
        return f"{MANAGE_AS_APP}, and a role with {_listed(self.cmdlets)}, such as {role}"


ABILITIES = (
    Ability("read_mailboxes", ("Get-CASMailbox", "Get-Mailbox"), beside=("Get-User",)),
    Ability("write_mailboxes", ("Set-CASMailbox",)),
    Ability(
        "read_organization", ("Get-TransportConfig",), beside=("Get-OrganizationConfig", "Get-AuthenticationPolicy")
    ),
    Ability("write_organization", ("Set-TransportConfig",)),
    Ability("read_policies", permission=POLICIES),
    Ability("read_accounts", permission=ACCOUNTS),
    Ability("read_groups", permission=GROUPS),
    Ability("read_sign_ins", permission=SIGN_INS, licence="Entra ID P1 or P2 in the tenant"),
    Ability("read_usage", permission=USAGE),
)
CMDLETS = tuple(cmdlet for ability in ABILITIES for cmdlet in (*ability.cmdlets, *ability.beside))


@dataclasses.dataclass(frozen=True)
class Finding:
    """``allowed``: yes, no or unknown. ``how``: why not, and the way to it; of a yes, what is lacking beside it."""

    allowed: str
    how: str = ""


@dataclasses.dataclass(frozen=True)
class Grants:
    """What a token for Exchange says of its app. ``readable``: whether it says anything."""

    readable: bool
    app_roles: Collection[str]
    directory_roles: Collection[str]  # template ids


def is_read(cmdlet: str) -> bool:
    return cmdlet.startswith("Get-")


def find_cmdlets(
    reads: Mapping[str, Finding], exported: Collection[str] | None, grants: Grants, explain: Callable[[str], str]
) -> dict[str, Finding]:
    """Which of ``CMDLETS`` the app may run.

    :param reads: what came of each read that was tried.
    :param exported: the cmdlets that Exchange lists for the app; None if it gave no list.
    :param explain: why the app may not run a cmdlet, and the way to it.
    """
    trusted = exported if _fits(exported, reads) else None
    found = {}
    for cmdlet in CMDLETS:
        tried = reads.get(cmdlet, Finding(UNKNOWN))
        if not is_read(cmdlet):
            allowed = _may_write(cmdlet, reads, trusted, grants)
            doubt = _unanswered(reads) or (
                f"A role group in Exchange may hold {cmdlet}, and doesn't show in a token. {explain(cmdlet)}"
            )
        else:
            allowed = tried.allowed if tried.allowed != UNKNOWN else _listed_as(cmdlet, trusted)
            doubt = tried.how
        found[cmdlet] = Finding(allowed, {YES: "", NO: explain(cmdlet), UNKNOWN: doubt}[allowed])
    return found


def judge(ability: Ability, found: Mapping[str, Finding]) -> Finding:
    """``found``: of each cmdlet, or of the ability itself where it is one of Graph."""
    if ability.permission:
        return found[ability.name]
    allowed = _worst(found[cmdlet].allowed for cmdlet in ability.cmdlets)
    if allowed != YES:
        first, *others = [cmdlet for cmdlet in ability.cmdlets if found[cmdlet].allowed == allowed]
        others = [cmdlet for cmdlet in others if found[cmdlet].how != found[first].how]
        more = f" The same goes for {_listed(others)}." if others else ""
        return Finding(allowed, found[first].how + more)
    without = [cmdlet for cmdlet in ability.beside if found[cmdlet].allowed == NO]
    if not without:
        return Finding(YES)
    return Finding(YES, f"It lacks {_listed(without)}: some of the effective state stays unknown.")


def lacking(found: Mapping[str, Finding], required: Sequence[str]) -> str:
    """Why the task fails: each required ability that isn't there, and the way to it; empty if all are."""
    said = []
    for name in dict.fromkeys(required):
        finding = found[name]
        if finding.allowed == NO:
            said.append(f"{name} isn't allowed: {finding.how}")
        elif finding.allowed == UNKNOWN:
            said.append(f"Whether {name} is allowed isn't known: {finding.how}")
    return " ".join(said)


def _may_write(cmdlet: str, reads: Mapping[str, Finding], exported: Collection[str] | None, grants: Grants) -> str:
    """By what Exchange lists, by the token, and by what was refused: nothing is written to find it out."""
    if exported is not None:
        return _listed_as(cmdlet, exported)
    if grants.readable and MANAGE_AS_APP not in grants.app_roles:
        return NO
    if reads and all(read.allowed == NO for read in reads.values()):
        return NO  # nobody may write and not read
    if _unanswered(reads):
        return UNKNOWN  # whatever the token says, Exchange hasn't let it in
    if any(role in ADMINISTRATORS for role in directory_role_names(grants.directory_roles)):
        return YES
    return UNKNOWN  # a role group of the tenant's own doesn't show in a token


def _unanswered(reads: Mapping[str, Finding]) -> str:
    """Why nothing could be read, where that isn't a refusal of all; empty if something could."""
    if any(read.allowed == YES for read in reads.values()):
        return ""
    why = next((read.how for read in reads.values() if read.allowed == UNKNOWN), "")
    return f"Exchange let the app read nothing, so what its token says can't be relied on. {why}" if why else ""


def _fits(exported: Collection[str] | None, reads: Mapping[str, Finding]) -> bool:
    """Whether a list can be what it is taken for: it holds what the app has just run, and not what it was refused."""
    if not exported:
        return False
    held = {name.lower() for name in exported}
    return all(
        (cmdlet.lower() in held) == (read.allowed == YES) for cmdlet, read in reads.items() if read.allowed != UNKNOWN
    )


def _listed_as(cmdlet: str, exported: Collection[str] | None) -> str:
    if exported is None:
        return UNKNOWN
    return YES if cmdlet.lower() in {name.lower() for name in exported} else NO


def _worst(allowed: Iterable[str]) -> str:
    seen = set(allowed)
    return NO if NO in seen else UNKNOWN if UNKNOWN in seen else YES


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
