# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults planted in the engine, to see that the simulation finds them: ``python -m simulation.planted``."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import sys
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any

from simulation.__main__ import play_all
from simulation.engine import engine_modules, the

Plant = Callable[[], "list[tuple[Any, str, Any]]"]
PLANTS: dict[str, Plant] = {}


def plant(name: str) -> Callable[[Plant], Plant]:
    def keep(make: Plant) -> Plant:
        PLANTS[name] = make
        return make

    return keep


@contextlib.contextmanager
def planted(name: str) -> Iterator[None]:
    undo = [(owner, key, owner.__dict__[key]) for owner, key, _value in PLANTS[name]()]
    for owner, key, value in PLANTS[name]():
        setattr(owner, key, value)
    try:
        yield
    finally:
        for owner, key, value in undo:
            setattr(owner, key, value)


def everywhere(name: str, new: Any) -> list[tuple[Any, str, Any]]:
    """A function put in place wherever it was imported."""
    old = the(name)
    return [(module, key, new) for module in engine_modules() for key, value in vars(module).items() if value is old]


def _writing() -> Any:
    """The class of the write pass, by the name that it has."""
    for name in ("Writing", "_Writing"):
        with contextlib.suppress(LookupError):
            return the(name)
    raise LookupError("the engine has no write pass")


@plant("what was written isn't read back")
def _no_look() -> list[tuple[Any, str, Any]]:
    return [(_writing(), "_look", lambda self, steps: None)]


@plant("the journal isn't told of what is about to be written")
def _no_intent() -> list[tuple[Any, str, Any]]:
    return [(_writing(), "_intend", lambda self, steps: None)]


@plant("the journal isn't told that the organization's switch is about to be turned")
def _no_intent_of_switch() -> list[tuple[Any, str, Any]]:
    return [(the("OrganizationSwitch"), "_intend", lambda self, before: None)]


@plant("a lag counts as success")
def _lag_is_success() -> list[tuple[Any, str, Any]]:
    def leave(self: Any, step: Any) -> None:
        record = self._records[step.entry.position]
        record.changed, record.after, record.error = True, step.wanted, None

    return [(_writing(), "_leave", leave)]


@plant("a redirect means that nothing has to be done")
def _redirect_is_done() -> list[tuple[Any, str, Any]]:
    call = the("_Call")
    original = call.flow

    def flow(self: Any, base: str, token: str) -> Any:
        steps = original(self, base, token)
        step = steps.send(None)
        while True:
            answer = yield step
            if 300 <= answer.status < 400:
                return self.read(dataclasses.replace(answer, status=200, body=b'{"responses": [], "value": []}'))
            try:
                step = steps.send(answer)
            except StopIteration as end:
                return end.value

    return [(call, "flow", flow)]


@plant("items of a batch are told apart by their order")
def _ids_ignored() -> list[tuple[Any, str, Any]]:
    original, parse = the("_read_responses"), the("read_json")

    def read(answer: Any) -> dict[str, Any]:
        original(answer)
        return {str(place): item for place, item in enumerate(parse(answer.body)["responses"])}

    return everywhere("_read_responses", read)


@plant("check mode writes")
def _check_writes() -> list[tuple[Any, str, Any]]:
    original = the("carry_out")

    def carry_out(store: Any, clock: Any, report: Any, steps: Any, manner: Any, journal: Any, **more: Any) -> Any:
        return original(store, clock, report, steps, dataclasses.replace(manner, check_mode=False), journal, **more)

    return everywhere("carry_out", carry_out)


@plant("the organization's switch before the mailboxes that shall not follow it")
def _order_swapped() -> list[tuple[Any, str, Any]]:
    original = the("before_the_switch")
    return everywhere("before_the_switch", lambda step: not original(step))


@plant("requests are repeated without end")
def _no_bound() -> list[tuple[Any, str, Any]]:
    transport = the("Transport")
    original = transport._send

    def send(self: Any, flow: Any, counted: bool, most: int, *more: Any) -> Any:
        return original(self, flow, counted, 10**6, *more)

    return [(transport, "_send", send)]


@plant("whichever mailbox the service answers with is taken")
def _any_mailbox() -> list[tuple[Any, str, Any]]:
    def confirm(self: Any, unconfirmed: Any, found: Any, *_more: Any) -> None:
        for entry, mailbox in unconfirmed:
            found.mailboxes[entry.position] = mailbox

    return [(the("MailboxStore"), "_confirm", confirm)]


@plant("a row without the setting means inherit")
def _absent_is_inherit() -> list[tuple[Any, str, Any]]:
    original, name = the("from_service"), "SmtpClientAuthenticationDisabled"
    return everywhere("from_service", lambda row: original({name: None, **row}))


@plant("a list that was cut short is taken for the whole")
def _cut_is_whole() -> list[tuple[Any, str, Any]]:
    return [(the("CommandResult"), "truncated", property(lambda self: False))]


@plant("max_changes isn't looked at")
def _no_limit() -> list[tuple[Any, str, Any]]:
    return everywhere("check_size", lambda *_arguments, **_more: None)


@plant("the plan that was expected isn't compared")
def _any_plan() -> list[tuple[Any, str, Any]]:
    return everywhere("check_expected", lambda plan, expected: None)


@plant("the token goes to any host")
def _any_host() -> list[tuple[Any, str, Any]]:
    return everywhere("check_host", lambda url, endpoint: None)


@plant("restore puts back what others have changed since")
def _restore_all() -> list[tuple[Any, str, Any]]:
    return [(the("Change"), "may_restore", lambda self, now: True)]


@plant("a lost answer means that nothing was done")
def _lost_is_nothing() -> list[tuple[Any, str, Any]]:
    return [(the("NetworkError"), "may_have_worked", False)]


@plant("the deadline isn't kept")
def _no_deadline() -> list[tuple[Any, str, Any]]:
    return [(the("Clock"), "remaining", lambda self: 10.0**6)]


@plant("secrets aren't taken out of texts")
def _no_redaction() -> list[tuple[Any, str, Any]]:
    redactor = the("Redactor")
    whole = [(redactor, name, lambda self, value: value) for name in ("text", "value")]
    return [*everywhere("redact", lambda text, secrets=(): text), *whole]


def find(name: str, most: int, processes: int, first: int = 0, without: Collection[str] = ()) -> tuple[int, str] | None:
    """The first seed that finds a planted fault, and what it says."""
    with planted(name):
        for start in range(first, first + most, 50):
            for outcome in play_all(range(start, min(start + 50, first + most)), processes):
                for text in outcome.broken:
                    if text.partition(":")[0] not in without:
                        return outcome.seed, text
    return None


def main() -> int:
    parser = argparse.ArgumentParser(prog="simulation.planted", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="the most for each fault")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", default="", help="faults whose name holds this")
    parser.add_argument("--without", nargs="*", default=[], metavar="NAME", help="don't look at these invariants")
    parser.add_argument(
        "--table", action="store_true", help="print the rows of the table in docs/contributing/simulation.md"
    )
    arguments = parser.parse_args()
    missed = 0
    for name in PLANTS:
        if arguments.only not in name:
            continue
        began = time.monotonic()
        found = find(name, arguments.seeds, arguments.processes, arguments.first_seed, arguments.without)
        told = f"seed {found[0]}: {found[1]}" if found else f"NOT FOUND in {arguments.seeds} seeds"
        missed += found is None
        if arguments.table and found:
            print(f"| {name} | {found[0]} | {found[1].partition(':')[0]} |", flush=True)
        else:
            print(f"{name} ({time.monotonic() - began:.0f} s)\n    {told}", flush=True)
    print(f"{missed} of {len(PLANTS)} planted faults weren't found." if missed else "All planted faults were found.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
