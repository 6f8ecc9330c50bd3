# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""This collection's module, and loops of the kind that it replaces."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.ideal import Ideal, ideal, ideal_effective
from bench.measure import Measured, run_playbook
from bench.tenant import Tenant

MODULE = "m365ops.exchange_online.mailbox_smtp_auth"
INFO = "m365ops.exchange_online.mailbox_smtp_auth_info"
LIST = "mailboxes.txt"
LONG = 10_000  # from here on the result names nobody


@dataclass(frozen=True)
class Case:
    """A list of this length, this share of which isn't in the wanted state."""

    listed: int
    off: float

    @property
    def changing(self) -> int:
        return round(self.listed * self.off)

    @property
    def title(self) -> str:
        return {0.0: "in state", 1.0: "all off"}.get(self.off, f"{self.off:.0%} off")


@dataclass(frozen=True)
class Outcome:
    """A case as measured, beside its ideal."""

    case: Case
    measured: Measured
    ideal: Ideal
    floor: float

    @property
    def request_ratio(self) -> float:
        return self.measured.sent / self.ideal.requests

    @property
    def time_ratio(self) -> float:
        return self.measured.seconds / self.floor


def cases(lengths: list[int], shares: list[float]) -> list[Case]:
    """Every length with every share; a share that isn't even one mailbox of a list is left out."""
    return [Case(length, off) for length in lengths for off in shares if off == 0 or length * off >= 1]


def measure_case(
    tenant: Tenant, case: Case, concurrency: int, empty: float, latency: float, folder: Path, list_as: str = "file"
) -> Outcome:
    """Put the tenant where the case wants it, then run the module once.

    ``list_as``: ``file``, read by the collection's own lookup, or ``variable``, an extra variable.
    """
    tenant.control.reset()
    tenant.control.latency(0)
    chosen = random.Random(case.listed).sample(
        tenant.names(), case.listed
    )  # a repeatable choice, spread over the tenant
    on = set(chosen[case.changing :])
    tenant.control.mailboxes.set_states({name: "enabled" if name in on else "inherit" for name in chosen})
    tenant.control.latency(latency)
    (folder / LIST).write_text("\n".join(chosen))
    as_variable = {"listed": chosen} if list_as == "variable" else {}
    measured = run_playbook(tenant, [_task(concurrency, case.listed, list_as)], as_variable, folder)
    best = ideal(listed=case.listed, changing=case.changing, tenant=tenant.size, concurrency=concurrency)
    states = tenant.control.mailboxes.states()
    wrong = [name for name in chosen if states[name] != "enabled"]
    if wrong or measured.changed != bool(case.changing):
        raise RuntimeError(f"{case}: {len(wrong)} mailboxes are in the wrong state afterwards.")
    return Outcome(case, measured, best, empty + best.round_trips * latency)


def measure_effective(tenant: Tenant, concurrency: int, empty: float, latency: float, folder: Path) -> Outcome:
    """Every layer of every mailbox of the tenant, as the audit reads it."""
    tenant.control.reset()
    tenant.control.latency(latency)
    task = {INFO: {"effective": True, "return_mailboxes": "none"}}
    measured = run_playbook(tenant, [task], {}, folder)
    best = ideal_effective(tenant=tenant.size, users=tenant.size, concurrency=concurrency)
    return Outcome(Case(tenant.size, 0.0), measured, best, empty + best.round_trips * latency)


def _task(concurrency: int, listed: int, list_as: str) -> dict[str, Any]:
    from_file = f"{{{{ query('m365ops.exchange_online.mailbox_file', '{LIST}') }}}}"
    return {
        MODULE: {
            "mailboxes": from_file if list_as == "file" else "{{ listed }}",
            "state": "enabled",
            "concurrency": concurrency,
            "return_mailboxes": "none" if listed >= LONG else "all",
        }
    }


def seconds_of_empty_play(tenant: Tenant, folder: Path) -> float:
    tasks = [{"ansible.builtin.meta": "noop"}]
    return min(run_playbook(tenant, tasks, {}, folder).seconds for _each in range(3))


def seconds_per_mailbox_in_module_loop(tenant: Tenant, items: int, empty: float, folder: Path) -> float:
    """One mailbox a task item, all in state: sign-in and module start each time."""
    names = tenant.names()[:items]
    tenant.control.mailboxes.set_states(dict.fromkeys(names, "enabled"))
    task = {MODULE: {"mailboxes": ["{{ item }}"], "state": "enabled"}, "loop": names}
    return (run_playbook(tenant, [task], {}, folder).seconds - empty) / items


def seconds_per_mailbox_in_uri_loop(tenant: Tenant, items: int, empty: float, folder: Path) -> float:
    """One read a mailbox with ansible.builtin.uri and a token had before: nothing written, nothing checked."""
    ready = tenant.control.ready
    headers = {"Authorization": f"Bearer {tenant.control.tokens.issue()}"}
    body = {"CmdletInput": {"CmdletName": "Get-CASMailbox", "Parameters": {"Identity": "{{ item }}"}}}
    task = {
        "ansible.builtin.uri": {
            "url": f"{ready['exchange_endpoint']}/adminapi/beta/{tenant.control.tenants[0]['tenant_id']}/InvokeCommand",
            "method": "POST",
            "headers": headers,
            "body_format": "json",
            "body": body,
            "ca_path": ready["ca_path"],
        },
        "loop": tenant.names()[:items],
    }
    return (run_playbook(tenant, [task], {}, folder).seconds - empty) / items
