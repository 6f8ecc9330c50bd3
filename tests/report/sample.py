# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Made-up tenants to draw reports of. The same every time; nobody in them exists."""

from __future__ import annotations

import dataclasses
import random
import uuid
from collections import Counter

from ansible_collections.m365ops.exchange_online.plugins.module_utils._report.data import ExceptionRow, Report, Row

TENANT = "6b1f2c1e-8d0b-4a53-9a57-2f0c4f1f7a10"

_FIRST = (
    *("Ada", "Bo", "Chiara", "Dmitri", "Élodie", "Farid", "Greta", "Hiroshi"),
    *("Ines", "Jürgen", "Katarzyna", "Liam", "Mei", "Noor", "Oluwaseun", "Priya"),
)
_LAST = (
    *("Abegg", "Brown", "Čapek", "Dubois", "Eriksson", "Ferrari", "García"),
    *("Haddad", "Ito", "Jansen", "Kowalska", "Lindqvist", "Müller", "Nakamura"),
)
_DEVICES = (
    *("Copier", "Scanner", "Fax", "Label-Printer", "Alarm", "UPS"),
    *("Badge-Reader", "Backup", "Monitoring", "Payroll", "ERP", "Ticketing"),
)
_PLACES = (
    *("Lobby", "Floor-2", "Warehouse", "Plant-South", "Basel"),
    *("Lab-4", "Reception", "Dock-7", "Server-Room", "Boardroom"),
)

_BY_ORGANIZATION = ("organization", "Inherits the organization's setting, which is disabled.")
_BY_OWN = ("mailbox", "Enabled by its own setting; nothing else stops it.")
_BY_POLICY = (
    "authentication_policy",
    "The authentication policy Block Basic doesn't allow Basic for SMTP. OAuth isn't touched by it.",
)
_BY_RETIREMENT = ("retirement", "Whether the service still takes Basic can't be read from outside.")


def person(place: int) -> tuple[str, str]:
    first, last = _FIRST[place % len(_FIRST)], _LAST[place // len(_FIRST) % len(_LAST)]
    plain = f"{first}.{last}".lower().translate(str.maketrans("éüčí", "euci"))
    return f"{plain}{place}@contoso.com", f"{first} {last}"


def device(place: int) -> tuple[str, str]:
    what, where = _DEVICES[place % len(_DEVICES)], _PLACES[place // len(_DEVICES) % len(_PLACES)]
    return f"{what}.{where}{place}@contoso.com".lower(), f"{what.replace('-', ' ')} {where.replace('-', ' ')}"


def row(place: int, kind: str) -> Row:
    """A mailbox: ``plain``, ``own``, ``blocked``, ``unknown``, ``drifted``, ``opened`` or ``failed``."""
    address, name = person(place) if kind in {"plain", "drifted"} else device(place)
    guid = str(uuid.UUID(int=(0xC0FFEE << 96) + place))
    common = Row(mailbox=address, guid=guid, primary_smtp_address=address, display_name=name)
    own = {"before": "enabled", "after": "enabled", "oauth": "enabled", "decided_by": _BY_OWN[0], "reason": _BY_OWN[1]}
    off = {"basic": "disabled", "oauth": "disabled", "decided_by": _BY_ORGANIZATION[0], "reason": _BY_ORGANIZATION[1]}
    of_kind: dict[str, dict[str, object]] = {
        "plain": {"before": "inherit", "after": "inherit", **off},
        "own": {**own, "basic": "enabled", "at_risk": True},
        "blocked": {**own, "basic": "disabled", "decided_by": _BY_POLICY[0], "reason": _BY_POLICY[1]},
        "unknown": {**own, "basic": "unknown", "decided_by": _BY_RETIREMENT[0], "reason": _BY_RETIREMENT[1]},
        "drifted": {"before": "enabled", "after": "inherit", "changed": True, "drifted": True, **off},
        "opened": {
            **own,
            "before": "inherit",
            "basic": "enabled",
            "changed": True,
            "drifted": True,
            "at_risk": True,
        },
        "failed": {
            **own,
            "basic": "enabled",
            "drifted": True,
            "at_risk": True,
            "error": "The service refused the change: the mailbox is being moved. Run again when the move has ended.",
        },
    }
    return dataclasses.replace(common, **of_kind[kind])  # type: ignore[arg-type]


def rows(number: int, *, seed: int = 7) -> list[Row]:
    """A tenant in which few need a person."""
    dice = random.Random(seed)
    few = {"own": 22, "blocked": 9, "unknown": 5, "drifted": 11, "opened": 3, "failed": 2}
    kinds = [kind for kind, count in few.items() for _place in range(min(count, number // 60 + 1))]
    kinds += ["plain"] * (number - len(kinds))
    dice.shuffle(kinds)
    return [row(place, kind) for place, kind in enumerate(kinds)]


def exceptions() -> list[ExceptionRow]:
    return [
        ExceptionRow(
            "copier.lobby0@contoso.com",
            "enabled",
            "facilities@contoso.com",
            "Scan to mail; lease ends",
            "2027-03-31",
            127,
        ),
        ExceptionRow(
            "payroll.basel57@contoso.com",
            "enabled",
            "Greta Lindqvist",
            "Payslips, until the vendor speaks OAuth",
            "2026-12-09",
            15,
            "expiring",
        ),
        ExceptionRow(
            "erp.plant-south46@contoso.com",
            "enabled",
            "ERP team <erp@contoso.com>",
            "Order confirmations",
            "2026-11-24",
            0,
            "expiring",
        ),
        ExceptionRow(
            "fax.warehouse26@contoso.com",
            "enabled",
            "facilities@contoso.com",
            "Fax gateway",
            "2026-10-31",
            -24,
            "expired",
        ),
        ExceptionRow(
            "alarm.dock-7100@contoso.com", "enabled", "Security desk", "Intrusion alarm; no other channel", "", None
        ),
        ExceptionRow("old-scanner@contoso.com", "enabled", "", "", "2027-01-31", 68, "missing"),
        ExceptionRow(
            "ceo.office@contoso.com", "disabled", "IT security", "Never, whatever the organization says", "", None
        ),
    ]


def effective(of: list[Row]) -> dict[str, dict[str, int]]:
    return {kind: dict(Counter(getattr(entry, kind) or "unknown" for entry in of)) for kind in ("basic", "oauth")}


def counts(of: list[Row]) -> dict[str, int]:
    changed, failed = sum(entry.changed for entry in of), sum(bool(entry.error) for entry in of)
    return {
        "requested": len(of),
        "changed": changed,
        "unchanged": len(of) - changed - failed,
        "drifted": sum(entry.drifted for entry in of),
        "missing": 1,
        "failed": failed,
    }


def enforcement(number: int = 1200, **changes: object) -> Report:
    """A nightly run over a tenant of that many mailboxes, in which a little had drifted."""
    found = rows(number)
    report = Report(
        title="SMTP AUTH baseline",
        tenant=TENANT,
        tenant_name="contoso.com",
        time="2026-11-24T01:04:09Z",
        asked={
            "Exceptions": "7 mailboxes",
            "Everyone else": "inherit",
            "Largest change allowed": "5% of all mailboxes (60)",
            "Refuse if used within": "30 days",
        },
        organization={
            "Organization setting": "disabled",
            "Default authentication policy": "none",
            "Security defaults": "off",
            "Conditional Access": "unknown: the app needs Policy.Read.All",
            "Legacy TLS clients": "not allowed",
        },
        counts=counts(found),
        by_state=Counter(entry.state for entry in found),
        by_effective=effective(found),
        rows=found,
        exceptions=exceptions(),
        warnings=(
            "old-scanner@contoso.com is an exception of the baseline, and no mailbox of the tenant.",
            "The exception fax.warehouse26@contoso.com ended on 2026-10-31 and counts as not listed.",
        ),
    )
    return dataclasses.replace(report, **changes)  # type: ignore[arg-type]


def planned(number: int = 1200, **changes: object) -> Report:
    """The same run in check mode: nothing is as the plan would make it."""
    found = [
        dataclasses.replace(entry, after=entry.before, changed=False, planned=entry.after) if entry.changed else entry
        for entry in rows(number)
    ]
    found = [dataclasses.replace(entry, planned_basic=entry.basic, planned_oauth=entry.oauth) for entry in found]
    counted = counts(found)
    counted["planned"] = sum(entry.planned is not None for entry in found)
    counted["unchanged"] -= counted["planned"]
    return enforcement(
        number,
        **{
            "rows": found,
            "counts": counted,
            "check_mode": True,
            "by_state": Counter(entry.state for entry in found),
            "by_effective": effective(found),
            "planned_by_state": Counter(entry.planned or entry.state for entry in found),
            "planned_by_effective": effective(found),
            **changes,
        },
    )


def audit(number: int = 40) -> Report:
    """A run that only reads, asks for no effective state, and finds nothing to tell."""
    plain = [row(place, "plain") for place in range(number)]
    found = [dataclasses.replace(entry, basic="", oauth="", decided_by="", reason="") for entry in plain]
    return Report(
        title="SMTP AUTH audit",
        tenant=TENANT,
        time="2026-11-24T01:04:09Z",
        organization={"Organization setting": "disabled"},
        by_state={"enabled": 0, "disabled": 0, "inherit": number},
        rows=found,
    )


USES = (
    {"used": "yes", "last_used": "2026-11-23T08:15:02Z", "protocol": "unknown", "seen_in": "sign_in_log usage_report"},
    {"used": "no_evidence"},
    {"used": "yes", "last_used": "2026-10-31", "protocol": "basic", "seen_in": "file"},
    {"used": "yes", "protocol": "unknown", "seen_in": "usage_report"},
    {"used": "yes", "last_used": "2026-11-20", "protocol": "oauth", "seen_in": "file"},
    {"used": "unknown"},
    {"used": "no_evidence"},
)
TYPES = ("UserMailbox", "SharedMailbox", "UserMailbox", "RoomMailbox")
ACCOUNTS = ("enabled", "blocked", "enabled", "unlicensed")


def evidenced(number: int = 400, **changes: object) -> Report:
    """An audit with evidence of use, compared with last week's."""
    found = []
    for place, entry in enumerate(rows(number)):
        use = USES[place % len(USES)]
        since = {"since": "new"} if place % 97 == 0 else {}
        if place % 89 == 3:
            since = {"since": "changed_since", "was": "own setting was inherit; Basic was disabled"}
        more = {
            "mailbox_type": TYPES[place % 4],
            "account": ACCOUNTS[place % 4],
            "policy": "Block Basic" * (place % 3 == 0),
        }
        found.append(dataclasses.replace(entry, drifted=False, changed=False, error="", **use, **since, **more))  # type: ignore[arg-type]
    report = enforcement(
        number,
        title="SMTP AUTH audit",
        rows=found,
        counts={"requested": number, "missing": 0, "failed": 0},
        by_state=Counter(entry.state for entry in found),
        by_effective=effective(found),
        exceptions=(),
        made_by={"app": "11111111-2222-3333-4444-555555555555", "version": "0.1.0"},
        evidence={
            "Sign-in log (sign_in_log)": "Read, from 2026-10-25 to 2026-11-24. It can't see: use before its first day.",
            "Usage report (usage_report)": "Not read: the tenant conceals names in reports. It can't see: the day.",
            "Exported report (file)": "Read, from 2026-10-31 to 2026-11-20. It can't see: what happened afterwards.",
        },
        compared_with="2026-11-17T01:04:09Z",
        gone=("left@contoso.com", "old-fax@contoso.com"),
    )
    return dataclasses.replace(report, **changes)  # type: ignore[arg-type]


def large(number: int = 60_000) -> Report:
    """A tenant where far more mailboxes need a person than a page can hold, each with a long story."""
    dice = random.Random(number)
    kinds = ("own", "blocked", "unknown", "drifted", "opened", "failed", "plain")
    found = [row(place, dice.choice(kinds)) for place in range(number)]
    long = [dataclasses.replace(entry, reason=f"{entry.reason} <&>{'long' * 200}") for entry in found]
    return enforcement(
        60,
        rows=long,
        counts=counts(long),
        by_state=Counter(entry.state for entry in long),
        by_effective=effective(long),
    )


EVIL = "\"'><img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script></script>"


def hostile() -> Report:
    """Every text that somebody outside can choose tries to get out of its place."""
    name = f'{EVIL}\u202egpj.exe\x07\x00\ud800=HYPERLINK("http://evil.example/")'
    texts = dict.fromkeys(("display_name", "error", "reason", "decided_by", "policy", "account", "was"), name)
    texts |= dict.fromkeys(("mailbox_type", "last_used", "protocol", "seen_in"), name)
    failed = dataclasses.replace(row(1, "failed"), mailbox=f"=1+1{EVIL}@contoso.com", used="yes", **texts)
    changed = dataclasses.replace(row(2, "own"), before=EVIL, after=EVIL, changed=True, basic=EVIL, oauth=EVIL)
    planned = dataclasses.replace(row(3, "own"), planned=EVIL, planned_basic=EVIL, planned_oauth=EVIL)
    return Report(
        title=f"Audit {EVIL}",
        tenant=f"{TENANT}{EVIL}",
        tenant_name=f"contoso.com{EVIL}",
        time=f"yesterday{EVIL}",
        asked={EVIL: EVIL},
        organization={EVIL: name},
        counts={"changed": 1, EVIL: 3},
        by_state={"enabled": 1, EVIL: 2},
        by_effective={"basic": {EVIL: 1}, EVIL: {"enabled": 1}},
        rows=[failed, changed, planned],
        exceptions=[ExceptionRow(EVIL, EVIL, name, name, EVIL, -1, EVIL)],
        warnings=[name],
        failure=name,
        made_by={EVIL: name},
        evidence={EVIL: name},
        compared_with=EVIL,
        gone=[name],
    )
