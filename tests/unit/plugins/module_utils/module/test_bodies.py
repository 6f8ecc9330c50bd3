# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bodies of the modules, from options to a result, on a tenant in memory: what is refused before anything is asked,
what a result tells however it goes, and what is warned of.
"""

from __future__ import annotations

import datetime
import importlib
import json
from pathlib import Path
from typing import Any, cast

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module import runner
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.runner import Task
from unit.plugins.module_utils.tenant.in_memory import TENANT_ID, NoWait, Tenant, address_of, guid_of

MODULES = "ansible_collections.m365ops.exchange_online.plugins.modules"
STATES = {"ann": "inherit", "bob": "enabled", "cid": "inherit", "dot": "disabled"}
YESTERDAY = (datetime.date.today() - datetime.timedelta(days=1)).isoformat()
NEXT_WEEK = (datetime.date.today() + datetime.timedelta(days=7)).isoformat()


class Module:
    """What a task takes from AnsibleModule."""

    def __init__(self, spec: dict[str, Any], params: dict[str, Any], *, check_mode: bool) -> None:
        self.argument_spec = spec
        self.params = params
        self.check_mode = check_mode
        self._diff = True


class Run:
    """A module's body, run with its own option spec. ``result`` and ``warnings`` are there afterwards."""

    def __init__(self, name: str, tenant: Tenant, *, check_mode: bool = False, **options: Any) -> None:
        module = importlib.import_module(f"{MODULES}.{name}")
        wired: list[Any] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "run_module", lambda *given: wired.extend(given))
            module.main()
        spec, body, empty = wired
        checked = ArgumentSpecValidator(spec).validate(options)
        assert not checked.error_messages
        task = Task(cast(Any, Module(spec, checked.validated_parameters, check_mode=check_mode)))
        task.clock = NoWait()
        task._connection = tenant.connection(task.clock, task.options)
        self.result = runner._run(task, body, empty)
        self.warnings = task.warnings

    @property
    def told(self) -> tuple[bool, str]:
        return self.result["changed"], (self.result.get("failure") or {}).get("code", "")


def exception(name: str, state: str = "enabled", **more: str) -> dict[str, str]:
    return {"mailbox": address_of(name), "state": state, **more}


def journal(folder: Path, *lines: dict[str, str]) -> str:
    path = folder / "journal.jsonl"
    whole = {"time": "2026-01-02T03:04:05Z", "tenant": TENANT_ID, "outcome": "written"}
    path.write_text("".join(json.dumps({**whole, **line}) + "\n" for line in lines))
    return str(path)


def line(name: str, before: str, after: str) -> dict[str, str]:
    return {"mailbox": address_of(name), "guid": guid_of(name), "before": before, "after": after}


# Before anything is asked --------------------------------------------------------------------------------------------

SET, BASELINE, RESTORE = "mailbox_smtp_auth", "smtp_auth_baseline", "smtp_auth_restore"
INFO, ORGANIZATION = "mailbox_smtp_auth_info", "organization_smtp_auth"
ANN = address_of("ann")


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        (SET, {"mailboxes": [ANN, ""], "state": "enabled"}, "entry 2"),
        (SET, {"mailboxes": [ANN, ANN.upper()], "state": "enabled"}, "entry 2"),
        (SET, {"mailboxes": [ANN], "state": "enabled", "refuse_if_used_within_days": 31}, "is 31; it has to be from 1"),
        (SET, {"mailboxes": [ANN], "state": "enabled", "journal_path": "/nowhere/at/all"}, "/nowhere/at doesn't exist"),
        (SET, {"mailboxes": [ANN], "state": "enabled", "concurrency": 17}, "concurrency is 17"),
        (SET, {"mailboxes": [ANN], "state": "enabled", "max_changes": -1}, "max_changes is -1"),
        (BASELINE, {}, "Nothing is declared: one of exceptions, enabled, enabled_file"),
        (BASELINE, {"exceptions": [{"mailbox": ANN}]}, f"exception 1 ({ANN}) has no state"),
        (BASELINE, {"exceptions": [exception("ann")], "disabled": [ANN]}, "as exception 1 and as entry 1 of disabled"),
        (BASELINE, {"enabled": [ANN], "require_owner": True}, "enabled names mailboxes without owner"),
        (BASELINE, {"exceptions": [], "everyone_else": "disabled"}, "so max_changes is needed"),
        (BASELINE, {"exceptions": [], "max_changes": "101%"}, "max_changes is '101%'"),
        (BASELINE, {"enabled_file": "/nowhere/list.txt"}, "enabled_file /nowhere/list.txt can't be read"),
        (BASELINE, {"exceptions": [], "report_path": "/nowhere/at/all"}, "report_path /nowhere/at/all"),
        (BASELINE, {"exceptions": [], "report_path": "/tmp", "report_name": "a/b"}, "'a/b' can't be the start"),
        (RESTORE, {"journal": "/nowhere/journal"}, "The journal /nowhere/journal can't be read"),
        (RESTORE, {"journal": "/"}, "The journal / can't be read"),
        (RESTORE, {"journal": "/dev/null"}, "it is not a file"),
        (INFO, {"mailboxes": [ANN, "*"]}, "entry 2"),
        (INFO, {"report_path": "/nowhere/at/all"}, "report_path /nowhere/at/all"),
        (ORGANIZATION, {"state": "enabled", "return_affected": -1}, "return_affected is -1"),
    ],
)
def test_what_is_wrong_offline_is_told_before_anything_is_asked(
    name: str, options: dict[str, Any], said: str, check_mode: bool
) -> None:
    tenant = Tenant(STATES)
    run = Run(name, tenant, check_mode=check_mode, **options)
    assert run.result["failure"]["code"] == "invalid_input"
    assert said in run.result["msg"]
    assert not run.result.get("changed")
    assert tenant.asked == []


@pytest.mark.parametrize(
    ("name", "option", "options"),
    [
        (SET, "journal_path", {"mailboxes": [ANN], "state": "enabled"}),
        (SET, "certificate_path", {"mailboxes": [ANN], "state": "enabled"}),
        (BASELINE, "disabled_file", {}),
        (BASELINE, "report_path", {"exceptions": []}),
        (RESTORE, "journal", {}),
        (INFO, "ca_path", {}),
        (ORGANIZATION, "federated_token_file", {"state": "enabled"}),
    ],
)
def test_a_path_with_a_nul_is_none(name: str, option: str, options: dict[str, Any]) -> None:
    tenant = Tenant(STATES)
    run = Run(name, tenant, **options, **{option: "/tmp/a\0b"})
    assert run.result["failure"]["code"] == "invalid_input"
    assert run.result["msg"].startswith(f"{option} '/tmp/a\\x00b' isn't a path: it holds a NUL character.")
    assert "Nothing was asked or written" in run.result["msg"]
    assert tenant.asked == []


@pytest.mark.parametrize(("name", "options"), [(SET, {"mailboxes": [], "state": "enabled"}), (INFO, {"mailboxes": []})])
def test_an_empty_list_asks_nothing(name: str, options: dict[str, Any]) -> None:
    tenant = Tenant(STATES)
    run = Run(name, tenant, **options)
    assert "failure" not in run.result
    assert tenant.asked == []


def test_the_plan_of_an_empty_list_is_one_that_can_be_expected() -> None:
    empty = Run(SET, Tenant(STATES), mailboxes=[], state="enabled").result["plan"]
    assert Run(SET, Tenant(STATES), mailboxes=[], state="enabled", expected_plan=empty).told == (False, "")
    assert Run(SET, Tenant(STATES), mailboxes=[], state="enabled", expected_plan="0" * 64).told == (
        False,
        "another_plan",
    )


# One engine: whatever is refused after planning shows its plan -------------------------------------------------------

SIGN_IN = {
    "userPrincipalName": address_of("bob"),
    "createdDateTime": "2026-11-20T08:00:00Z",
    "status": {"errorCode": 0},
}


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("name", "what"),
    [
        (SET, {"mailboxes": [address_of("bob")], "state": "disabled"}),
        (BASELINE, {"disabled": [address_of("bob")]}),
        (BASELINE, {"exceptions": [exception("bob", "disabled")]}),
    ],
)
@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"max_changes": 0}, "max_changes"),
        ({"expected_plan": "0" * 64}, "another_plan"),
        ({"refuse_if_used_within_days": 30}, "in_use"),
    ],
)
def test_a_refused_plan_is_in_the_result(
    name: str, what: dict[str, Any], options: dict[str, Any], code: str, check_mode: bool, tmp_path: Path
) -> None:
    tenant = Tenant(STATES)
    tenant.sign_ins = [SIGN_IN]
    kept = tmp_path / "journal"
    run = Run(name, tenant, check_mode=check_mode, journal_path=str(kept), **what, **options)
    assert run.told == (False, code)
    assert (run.result["summary"]["planned"], run.result["summary"]["changed"]) == (1, 0)
    assert [(row["mailbox"], row["planned"]) for row in run.result["mailboxes"]] == [(address_of("bob"), True)]
    assert [one["after"] for one in run.result["diff"]] == ["smtp_auth: disabled\n"]
    assert len(run.result["plan"]) == 64
    assert tenant.written == []
    assert not kept.exists()


def test_an_outage_of_the_log_leaves_the_plan_in_the_result() -> None:
    tenant = Tenant(STATES, faults={"GET signIns": (503, "Down.")})
    for name, what in (
        (SET, {"mailboxes": [address_of("bob")], "state": "disabled"}),
        (BASELINE, {"disabled": [address_of("bob")]}),
    ):
        run = Run(name, tenant, refuse_if_used_within_days=30, **what)
        assert run.told == (False, "service_error")
        assert "Down" in run.result["msg"]
        assert run.result["summary"]["planned"] == 1
        assert len(run.result["plan"]) == 64
    assert tenant.written == []


def test_every_way_in_makes_the_same_plan() -> None:
    ways: list[tuple[str, dict[str, Any]]] = [
        (SET, {"mailboxes": [address_of("bob")], "state": "disabled"}),
        (BASELINE, {"disabled": [guid_of("bob")]}),
        (BASELINE, {"exceptions": [exception("bob", "disabled")]}),
    ]
    plans = {
        Run(name, Tenant(STATES), check_mode=check_mode, **what).result["plan"]
        for name, what in ways
        for check_mode in (True, False)
    }
    assert len(plans) == 1


# What is warned of ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("everyone_else", "then", "written"),
    [("unmanaged", "left as they are", []), ("disabled", "treated as everyone else", ["bob=disabled", "cid=disabled"])],
)
def test_exceptions_that_have_ended_and_those_that_soon_will(everyone_else: str, then: str, written: list[str]) -> None:
    tenant = Tenant(STATES)
    run = Run(
        BASELINE,
        tenant,
        exceptions=[exception("bob", expires=YESTERDAY), exception("ann", "inherit", expires=NEXT_WEEK)],
        everyone_else=everyone_else,
        max_changes="9",
    )
    assert tenant.written == written
    assert [one["mailbox"] for one in run.result["expired"]] == [address_of("bob")]
    assert [one["mailbox"] for one in run.result["expiring"]] == [address_of("ann")]
    assert any(f"have expired and are {then}: {address_of('bob')}" in warning for warning in run.warnings)
    assert any(f"expire soon: {address_of('ann')}" in warning for warning in run.warnings)


@pytest.mark.parametrize("name", [SET, BASELINE, INFO])
def test_names_that_are_not_there_are_left_out_with_a_warning(name: str) -> None:
    names = [address_of("eve"), address_of("bob")]
    options: dict[str, dict[str, Any]] = {
        SET: {"mailboxes": names, "state": "enabled"},
        BASELINE: {"enabled": names},
        INFO: {"mailboxes": names},
    }
    run = Run(name, Tenant(STATES), missing="warn", **options[name])
    assert "failure" not in run.result, run.result["failure"]
    assert run.result["summary"]["missing"] == 1
    assert [warning for warning in run.warnings if address_of("eve") in warning]
    failing = Run(name, Tenant(STATES), missing="fail", **options[name])
    assert failing.result["failure"]["code"] == "not_found"
    assert address_of("eve") in failing.result["msg"]


def test_a_log_that_shows_nobody_at_all_is_no_evidence() -> None:
    tenant = Tenant(STATES)
    run = Run(SET, tenant, mailboxes=[address_of("bob")], state="disabled", refuse_if_used_within_days=30)
    assert tenant.written == ["bob=disabled"]
    assert any("no evidence that nobody uses it" in warning for warning in run.warnings)


# Restoring -----------------------------------------------------------------------------------------------------------


def test_a_journal_that_was_cut_short_is_put_back_with_a_warning(tmp_path: Path) -> None:
    tenant = Tenant({"ann": "enabled", "bob": "enabled"})
    path = journal(
        tmp_path, line("ann", "inherit", "enabled"), {**line("bob", "inherit", "enabled"), "outcome": "intent"}
    )
    with open(path, "a") as file:
        file.write('{"time": "2026-01-0')
    run = Run(RESTORE, tenant, journal=path)
    assert run.told == (True, "")
    assert tenant.written == ["ann=inherit", "bob=inherit"]
    assert any("line 3" in warning for warning in run.warnings)
    assert any("the outcome of 1 change:" in warning for warning in run.warnings)


def test_what_changed_since_is_named_with_what_it_is_now(tmp_path: Path) -> None:
    tenant = Tenant({"ann": "disabled"})
    run = Run(RESTORE, tenant, journal=journal(tmp_path, line("ann", "inherit", "enabled")))
    assert run.told == (False, "")
    assert run.result["changed_since"] == [
        {
            "mailbox": ANN,
            "guid": guid_of("ann"),
            "before": "inherit",
            "left_at": ["enabled"],
            "now": "disabled",
        }
    ]
    assert any(f"{ANN} (now disabled, was left enabled)" in warning for warning in run.warnings)


def test_a_journal_is_never_put_back_into_itself(tmp_path: Path) -> None:
    path = journal(tmp_path, line("ann", "inherit", "enabled"))
    (tmp_path / "link").symlink_to(path)
    tenant = Tenant({"ann": "enabled"})
    run = Run(RESTORE, tenant, journal=path, journal_path=str(tmp_path / "link"))
    assert run.result["failure"]["code"] == "invalid_input"
    assert "give another file" in run.result["msg"]
    assert tenant.asked == []


# Reading -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "code", "state"),
    [(None, "", "enabled"), ((403, "No."), "", "unknown"), ((500, "Down."), "service_error", "unknown")],
)
def test_mailboxes_are_told_even_where_the_organization_cannot_be_read(
    fault: tuple[int, str] | None, code: str, state: str
) -> None:
    tenant = Tenant(STATES, faults={"Get-TransportConfig": fault} if fault else {})
    run = Run(INFO, tenant, mailboxes=[ANN])
    assert (run.result.get("failure") or {}).get("code", "") == code
    assert [row["state"] for row in run.result["mailboxes"]] == ["inherit"]
    assert run.result["organization"]["state"] == state


def test_a_state_that_is_asked_for_leaves_the_others_out_and_counts_them() -> None:
    run = Run(INFO, Tenant(STATES), state=["inherit"])
    assert [row["mailbox"] for row in run.result["mailboxes"]] == [address_of("ann"), address_of("cid")]
    assert run.result["summary"]["enabled"] == 1
