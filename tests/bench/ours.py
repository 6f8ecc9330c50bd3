# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""This collection's module, and loops of the kind that it replaces."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.floor import Floor, Work, floor_of, floor_of_every_layer
from bench.measure import Measured, run_playbook
from bench.shapes import Shape
from bench.tenant import Tenant

MODULE = "m365ops.exchange_online.mailbox_smtp_auth"
INFO = "m365ops.exchange_online.mailbox_smtp_auth_info"
LIST = "mailboxes.txt"
EVERY_LAYER: dict[str, Any] = {INFO: {"effective": True, "return_mailboxes": "none"}}
LONG = 10_000  # from here on the result names nobody


@dataclass(frozen=True)
class Outcome:
    """A piece of work as measured, beside its floor. ``empty``: seconds of an empty playbook, in both."""

    title: str
    work: Work
    measured: Measured
    floor: Floor
    empty: float

    @property
    def request_ratio(self) -> float:
        return self.measured.sent / self.floor.requests

    @property
    def least(self) -> float:
        return self.empty + self.floor.seconds

    @property
    def time_ratio(self) -> float:
        return self.measured.seconds / self.least


@dataclass(frozen=True)
class Setting:
    """What is the same for every piece of work. ``list_as``: ``file``, read by the collection's own lookup, or
    ``variable``, an extra variable.
    """

    tenant: Tenant
    folder: Path
    shape: Shape
    concurrency: int
    empty: float
    list_as: str = "file"

    def begin(self) -> None:
        """The tenant as it was at first, at once, and without a policy that blocks."""
        control = self.tenant.control
        control.reset()
        control.latency(0)
        control.organization.patch(authentication_policies={"Allow Basic SMTP": True})

    def slow_down(self) -> None:
        self.tenant.control.latency(self.shape.base, row=self.shape.row, item=self.shape.item)


def works(lengths: list[int], shares: list[float]) -> list[Work]:
    """For each length: reading only, writing all, writing all with reading back; and the whole of it for each share."""
    found = []
    for length in lengths:
        found += [Work(length), Work(length, length, back=False), Work(length, length)]
        changing = [round(length * share) for share in shares]
        found += [Work(length, number, ahead=True) for number in changing if number]
    return found


def measure_work(setting: Setting, work: Work) -> Outcome:
    """Put the tenant where the work wants it, then run the module once.

    :raises RuntimeError: not all is done afterwards.
    """
    tenant = setting.tenant
    setting.begin()
    # A repeatable choice, spread over the tenant.
    chosen = random.Random(work.listed).sample(tenant.names(), work.listed)
    on = set(chosen[work.changing :])
    tenant.control.mailboxes.set_states({name: "enabled" if name in on else "inherit" for name in chosen})
    setting.slow_down()
    (setting.folder / LIST).write_text("\n".join(chosen))
    as_variable = {"listed": chosen} if setting.list_as == "variable" else {}
    measured = run_playbook(tenant, [task_of(setting, work)], as_variable, setting.folder)
    if not measured.peak:
        raise RuntimeError(f"{work}: the module's process wasn't found, so its memory isn't known.")
    states = tenant.control.mailboxes.states()
    wrong = [name for name in chosen if states[name] != "enabled"]
    if wrong or measured.changed != bool(work.changing):
        raise RuntimeError(f"{work}: {len(wrong)} mailboxes are in the wrong state afterwards.")
    return Outcome(
        work.title, work, measured, floor_of(work, tenant.size, setting.shape, setting.concurrency), setting.empty
    )


def measure_every_layer(setting: Setting) -> Outcome:
    """Every layer of every mailbox of the tenant, as the audit reads it."""
    setting.begin()
    setting.slow_down()
    measured = run_playbook(setting.tenant, [EVERY_LAYER], {}, setting.folder)
    size = setting.tenant.size
    floor = floor_of_every_layer(size, setting.shape, setting.concurrency)
    return Outcome("read all, every layer", Work(size), measured, floor, setting.empty)


def task_of(setting: Setting, work: Work) -> dict[str, Any]:
    from_file = f"{{{{ query('m365ops.exchange_online.mailbox_file', '{LIST}') }}}}"
    return {
        MODULE: {
            "mailboxes": from_file if setting.list_as == "file" else "{{ listed }}",
            "state": "enabled",
            "concurrency": setting.concurrency,
            "verify": work.back,
            "preflight": "warn" if work.ahead else "off",
            "return_mailboxes": "none" if work.listed >= LONG else "all",
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
