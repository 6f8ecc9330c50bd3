# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results look the same for no mailbox, one or many, on success and failure, and exactly as they are documented."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from fake_tenant.conditional_access import policy
from harness.hooks import without_libraries
from harness.return_docs import Comparison, documented, paths
from harness.run import UNSET, ModuleRun, ModuleRunner

pytestmark = pytest.mark.newest_core

DOMAIN = "contoso.onmicrosoft.com"
ALICE, BOB, CAROL = (f"{name}@{DOMAIN}" for name in ("alice", "bob", "carol"))
CROWD = [f"user{number:05d}@{DOMAIN}" for number in range(1, 1203)]
SET, INFO = "mailbox_smtp_auth", "mailbox_smtp_auth_info"
SET_ORGANIZATION, ORGANIZATION_INFO = "organization_smtp_auth", "organization_smtp_auth_info"
CONNECTION = "connection_info"
PROBE = "smtp_auth_probe"
USAGE = "smtp_auth_usage_info"

Scenario = tuple[str, dict[str, Any], Callable[[FakeTenantServer], Any]]


def fine(_fake: FakeTenantServer) -> None:
    """Nothing goes wrong."""


def fault(effect: str, **rule: Any) -> Callable[[FakeTenantServer], Any]:
    return lambda fake: fake.faults.add(effect, times=None, **rule)


REFUSE = {"status": 400, "type": "System.InvalidOperationException", "text": "No."}
REFUSE_BOBS_WRITE = fault("status", cmdlet="Set-CASMailbox", identity=BOB, arguments=REFUSE)
GRAPH_DOWN = fault("status", endpoint="graph", arguments={"status": 503, "retry_after": 0})


AFAR = {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}


def everything(fake: FakeTenantServer) -> None:
    """Something of each kind that can be told of a tenant."""
    fake.organization.patch(
        default_authentication_policy="Block Basic",
        conditional_access=[policy("Block legacy"), policy("From afar", locations=AFAR)],
    )


def odd_layers(fake: FakeTenantServer) -> None:
    """Bob is blocked, and of Carol it isn't known."""
    fake.mailboxes.patch(BOB, authentication_policy="Block Basic")
    fake.organization.patch(conditional_access=[policy("From afar", locations=AFAR)])


def alice_signs_in(fake: FakeTenantServer) -> None:
    """Alice uses SMTP AUTH."""
    user = next(item for item in fake.mailboxes.get() if item["primary_address"] == ALICE)
    when = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    fake.organization.patch(
        sign_ins=[
            {
                "createdDateTime": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "userId": user["object_id"],
                "userPrincipalName": user["user_principal_name"],
                "clientAppUsed": "Authenticated SMTP",
                "ipAddress": "203.0.113.7",
                "status": {"errorCode": 0},
            }
        ]
    )


def bob_is_odd_and_alice_signs_in(fake: FakeTenantServer) -> None:
    """Bob can't be read."""
    alice_signs_in(fake)
    ODD_BOB(fake)


ODD_BOB = fault("row_value", identity=BOB, arguments={"property": "SmtpClientAuthenticationDisabled", "value": "maybe"})

SCENARIOS: dict[str, Scenario] = {
    "nothing": (SET, {"mailboxes": []}, fine),
    "one": (SET, {"mailboxes": [ALICE]}, fine),
    "one, unchanged": (SET, {"mailboxes": [BOB]}, fine),
    "many": (SET, {"mailboxes": CROWD}, fine),
    "check": (SET, {"mailboxes": [ALICE, BOB, CAROL], "check": True, "diff": True}, fine),
    "diff": (SET, {"mailboxes": [ALICE, BOB, CAROL], "diff": True}, fine),
    "only changed": (SET, {"mailboxes": [ALICE, BOB], "return_mailboxes": "changed"}, fine),
    "none returned": (SET, {"mailboxes": [ALICE, BOB], "return_mailboxes": "none"}, fine),
    "missing, warned of": (SET, {"mailboxes": [ALICE, "nobody"], "missing": "warn"}, fine),
    "missing": (SET, {"mailboxes": [ALICE, "nobody"], "diff": True}, fine),
    "ambiguous": (SET, {"mailboxes": [ALICE, "reception"]}, fine),
    "twice": (SET, {"mailboxes": [ALICE, "alice"]}, fine),
    "too many changes": (SET, {"mailboxes": [ALICE, CAROL], "max_changes": 1, "diff": True}, fine),
    "another plan": (SET, {"mailboxes": [ALICE, CAROL], "expected_plan": "0" * 64, "diff": True}, fine),
    "in use": (SET, {"mailboxes": [ALICE, CAROL], "refuse_if_used_within_days": 9, "diff": True}, alice_signs_in),
    "one fails": (SET, {"mailboxes": [ALICE, BOB, CAROL], "state": "enabled", "diff": True}, REFUSE_BOBS_WRITE),
    "one can't be read": (SET, {"mailboxes": [ALICE, BOB]}, ODD_BOB),
    "bad entry": (SET, {"mailboxes": [ALICE, ""], "diff": True}, fine),
    "bad option": (SET, {"mailboxes": [ALICE], "timeout": 0}, fine),
    "no sign-in": (SET, {"mailboxes": [ALICE], "client_secret": "wrong", "diff": True}, fine),
    "no access": (SET, {"mailboxes": [ALICE], "app": "no_directory_role"}, fine),
    "no library": (SET, {"mailboxes": [ALICE], "block": "msal"}, fine),
    "info: none": (INFO, {"mailboxes": []}, fine),
    "info: one": (INFO, {"mailboxes": [ALICE]}, fine),
    "info: everybody": (INFO, {}, fine),
    "info: some states": (INFO, {"state": ["enabled", "inherit"]}, fine),
    "info: missing": (INFO, {"mailboxes": [ALICE, "nobody"]}, fine),
    "info: missing, warned of": (INFO, {"mailboxes": [ALICE, "nobody"], "missing": "warn"}, fine),
    "info: one can't be read": (INFO, {"mailboxes": [ALICE, BOB]}, ODD_BOB),
    "info: no organization": (INFO, {"mailboxes": [ALICE], "app": "recipient_administrator"}, fine),
    "info: bad entry": (INFO, {"mailboxes": [""]}, fine),
    "info: no access": (INFO, {"app": "no_directory_role"}, fine),
    "info: short list": (INFO, {}, fault("truncate")),
    "info: no library": (INFO, {"mailboxes": [ALICE], "block": "requests"}, fine),
    "enabling": (SET, {"mailboxes": [ALICE, BOB, CAROL], "state": "enabled", "diff": True}, odd_layers),
    "enabling, refused": (
        SET,
        {"mailboxes": [ALICE, BOB, CAROL], "state": "enabled", "preflight": "fail", "diff": True},
        odd_layers,
    ),
    "effective: none": (INFO, {"mailboxes": [], "effective": True}, fine),
    "effective: one": (INFO, {"mailboxes": [ALICE], "effective": True}, fine),
    "effective: everybody": (INFO, {"effective": True}, odd_layers),
    "effective: only counts": (INFO, {"effective": True, "return_mailboxes": "none"}, odd_layers),
    "effective: missing": (INFO, {"mailboxes": [ALICE, "nobody"], "effective": True}, fine),
    "effective: only missing": (INFO, {"mailboxes": ["nobody"], "effective": True}, fine),
    "effective: no permissions": (INFO, {"effective": True, "app": "no_graph"}, odd_layers),
    "effective: Graph down": (INFO, {"effective": True, "max_retries": 0}, GRAPH_DOWN),
    "effective: no access": (INFO, {"effective": True, "app": "no_directory_role"}, fine),
    "organization": (SET_ORGANIZATION, {"state": "enabled", "diff": True}, fine),
    "organization, check": (SET_ORGANIZATION, {"state": "enabled", "check": True, "diff": True}, fine),
    "organization, unchanged": (SET_ORGANIZATION, {"state": "disabled", "diff": True}, fine),
    "organization, old TLS": (SET_ORGANIZATION, {"state": "disabled", "allow_legacy_tls_clients": True}, fine),
    "organization, too many": (SET_ORGANIZATION, {"state": "enabled", "max_changes": 1, "diff": True}, fine),
    "organization, refused": (SET_ORGANIZATION, {"state": "enabled", "app": "reader", "diff": True}, fine),
    "organization, no access": (SET_ORGANIZATION, {"state": "enabled", "app": "no_directory_role", "diff": True}, fine),
    "organization, short list": (SET_ORGANIZATION, {"state": "enabled", "diff": True}, fault("truncate")),
    "organization, bad option": (SET_ORGANIZATION, {"state": "enabled", "timeout": 0}, fine),
    "organization, no library": (SET_ORGANIZATION, {"state": "enabled", "block": "msal"}, fine),
    "organization info": (ORGANIZATION_INFO, {}, everything),
    "organization info: bare": (ORGANIZATION_INFO, {}, fine),
    "organization info: no permissions": (ORGANIZATION_INFO, {"app": "no_graph"}, everything),
    "organization info: no access": (ORGANIZATION_INFO, {"app": "recipient_administrator"}, everything),
    "organization info: Graph down": (ORGANIZATION_INFO, {"max_retries": 0}, GRAPH_DOWN),
    "organization info: no sign-in": (ORGANIZATION_INFO, {"client_secret": "wrong"}, fine),
    "organization info: no library": (ORGANIZATION_INFO, {"block": "requests"}, fine),
    "connection": (CONNECTION, {}, fine),
    "connection: lacking": (CONNECTION, {"app": "no_app_role", "require": ["write_mailboxes"]}, fine),
    "connection: no sign-in": (CONNECTION, {"client_secret": "wrong"}, fine),
    "connection: bad option": (CONNECTION, {"timeout": 0}, fine),
    "connection: no library": (CONNECTION, {"block": "msal"}, fine),
    "probe": (PROBE, {"mailbox": ALICE}, fine),
    "probe: password": (PROBE, {"mailbox": BOB, "method": "basic", "password": "bob-password"}, fine),
    "probe: expected": (PROBE, {"mailbox": BOB, "expect": "accepted", "compare": True}, fine),
    "probe: compared with nothing": (PROBE, {"mailbox": "nobody@x.example", "compare": True}, fine),
    "probe: check": (PROBE, {"mailbox": BOB, "check": True, "compare": True, "expect": "accepted"}, fine),
    "probe: bad option": (PROBE, {"mailbox": "alice", "compare": True}, fine),
    "probe: no sign-in": (PROBE, {"mailbox": ALICE, "client_secret": "wrong"}, fine),
    "probe: no library": (PROBE, {"mailbox": ALICE, "block": "msal"}, fine),
    "info: with use": (INFO, {"effective": True, "usage": True}, alice_signs_in),
    "info: no evidence": (INFO, {"effective": True, "usage": True, "app": "no_graph"}, fine),
    "usage: everybody": (USAGE, {}, alice_signs_in),
    "usage: none": (USAGE, {"mailboxes": []}, fine),
    "usage: listed": (USAGE, {"mailboxes": [ALICE, BOB]}, alice_signs_in),
    "usage: one can't be read": (USAGE, {"mailboxes": [ALICE, BOB]}, bob_is_odd_and_alice_signs_in),
    "usage: missing": (USAGE, {"mailboxes": [ALICE, "nobody"]}, fine),
    "usage: no source": (USAGE, {"app": "no_graph"}, fine),
    "usage: bad option": (USAGE, {"days": 0}, fine),
}
FAILURES = {
    "missing": "not_found",
    "ambiguous": "ambiguous",
    "twice": "duplicate",
    "too many changes": "max_changes",
    "another plan": "another_plan",
    "in use": "in_use",
    "one fails": "service_error",
    "one can't be read": "unexpected_answer",
    "bad entry": "invalid_input",
    "bad option": "invalid_input",
    "no sign-in": "AADSTS7000215",
    "no access": "access_denied",
    "no library": "missing_library",
    "info: missing": "not_found",
    "info: one can't be read": "not_read",
    "info: bad entry": "invalid_input",
    "info: no access": "access_denied",
    "info: short list": "incomplete_listing",
    "info: no library": "missing_library",
    "enabling, refused": "blocked",
    "effective: missing": "not_found",
    "effective: only missing": "not_found",
    "effective: Graph down": "service_error",
    "effective: no access": "access_denied",
    "organization, too many": "max_changes",
    "organization, refused": "access_denied",
    "organization, no access": "access_denied",
    "organization, short list": "incomplete_listing",
    "organization, bad option": "invalid_input",
    "organization, no library": "missing_library",
    "organization info: Graph down": "service_error",
    "organization info: no sign-in": "AADSTS7000215",
    "organization info: no library": "missing_library",
    "connection: lacking": "not_allowed",
    "connection: bad option": "invalid_input",
    "connection: no library": "missing_library",
    "probe: expected": "not_accepted",
    "probe: bad option": "invalid_input",
    "probe: no sign-in": "AADSTS7000215",
    "probe: no library": "missing_library",
    "info: no evidence": "no_evidence",
    "usage: one can't be read": "not_read",
    "usage: missing": "not_found",
    "usage: no source": "no_evidence",
    "usage: bad option": "invalid_input",
}
REFUSED = ("too many changes", "another plan", "in use", "enabling, refused")


@pytest.fixture(scope="module")
def runs(crowd_server: FakeTenantServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModuleRun]:
    """Every scenario, each run once, against a tenant that is as it was at its start."""
    done = {}
    for name, (module, given, prepare) in SCENARIOS.items():
        crowd_server.reset()
        prepare(crowd_server)
        folder = tmp_path_factory.mktemp("scenario")
        options = {"state": "disabled", **given} if module == SET else dict(given)
        if module == PROBE:
            options |= {"server": "localhost", "port": crowd_server.ready["smtp"]["port"]}
        blocked = options.pop("block", None)
        env = without_libraries(folder, blocked) if blocked else {}
        done[name] = ModuleRunner(crowd_server, folder)(module, env=env, **options)
    return done


@pytest.mark.parametrize("name", SCENARIOS)
def test_as_documented(runs: dict[str, ModuleRun], name: str) -> None:
    module, options, _prepare = SCENARIOS[name]
    assert Comparison(documented(module), options).differences(runs[name].result) == []


@pytest.mark.parametrize("module", [SET, INFO, SET_ORGANIZATION, ORGANIZATION_INFO, PROBE, CONNECTION, USAGE])
def test_everything_documented_is_returned_some_time(runs: dict[str, ModuleRun], module: str) -> None:
    specs = documented(module)
    met: set[str] = set()
    for name, (of, options, _prepare) in SCENARIOS.items():
        if of == module:
            comparison = Comparison(specs, options)
            comparison.differences(runs[name].result)
            met |= comparison.met
    assert met == paths(specs)


@pytest.mark.parametrize("name", SCENARIOS)
def test_failure(runs: dict[str, ModuleRun], name: str) -> None:
    run = runs[name]
    assert run.failed is (name in FAILURES), run.message
    assert run.code == int(run.failed)
    if run.failed:
        assert run.result["failure"]["code"] == FAILURES[name]
        assert run.result["failure"]["message"] == run.message
    assert "Traceback" not in run.stdout + run.stderr
    assert "exception" not in run.result


@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if scenario[0] == SET])
def test_counts_and_order(runs: dict[str, ModuleRun], name: str) -> None:
    """The summary adds up, agrees with the mailboxes, and the mailboxes stand as they were given."""
    result = runs[name].result
    options = SCENARIOS[name][1]
    asked = options["mailboxes"]
    summary = result["summary"]
    assert summary["requested"] == len(asked)
    assert sum(number for part, number in summary.items() if part != "requested") == len(asked)
    assert ("planned" in summary) is (name in REFUSED)
    returned = [mailbox["mailbox"] for mailbox in result["mailboxes"]]
    assert returned == [entry for entry in asked if entry in returned]
    if result["mailboxes"] and options.get("return_mailboxes", "all") == "all":
        assert summary["changed"] == sum(box["changed"] and "error" not in box for box in result["mailboxes"])
        codes = runs[name].codes
        assert summary["failed"] == len(codes) - codes.count("not_found")
        assert result["changed"] is any(box["changed"] for box in result["mailboxes"])


@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if scenario[0] == SET])
def test_diff(runs: dict[str, ModuleRun], name: str) -> None:
    """With --diff always a list, an entry for each change (or each that was refused); without it nothing."""
    run = runs[name]
    if not SCENARIOS[name][1].get("diff"):
        assert "diff" not in run.result
        return
    changes = [box for box in run.result["mailboxes"] if box["changed"]]
    wanted = SCENARIOS[name][1].get("state", "disabled")
    if name in REFUSED:
        changes = [{**box, "after": wanted} for box in run.result["mailboxes"] if box["before"] != wanted]
        assert all(box["planned"] and box["wanted"] == wanted for box in run.result["mailboxes"])
        assert run.result["summary"]["planned"] == len(changes)
    assert run.result["diff"] == [
        {
            "before_header": f"{box['primary_smtp_address']} (before)",
            "after_header": f"{box['primary_smtp_address']} (after)",
            "before": f"smtp_auth: {box['before']}\n",
            "after": f"smtp_auth: {box['after']}\n",
        }
        for box in changes
    ]


def test_one_and_many_have_one_shape(runs: dict[str, ModuleRun]) -> None:
    one, many = runs["one"].result, runs["many"].result
    assert one.keys() == many.keys()
    assert len(many["mailboxes"]) == len(CROWD)
    assert {frozenset(mailbox) for mailbox in (*one["mailboxes"], *many["mailboxes"])} == {
        frozenset({"mailbox", "guid", "primary_smtp_address", "display_name", "before", "after", "changed"})
    }


def test_failure_of_one(runs: dict[str, ModuleRun]) -> None:
    """The others are done, and the result is whole."""
    run = runs["one fails"]
    assert run.result["changed"] is True
    assert run.result["summary"] == {"requested": 3, "changed": 1, "unchanged": 1, "missing": 0, "failed": 1}
    assert (run.of(BOB)["before"], run.of(BOB)["after"], run.of(BOB)["changed"]) == ("disabled", "disabled", False)
    error = run.of(BOB)["error"]
    assert error["code"] == "service_error"
    assert "No." in error["message"]
    assert (run.of(CAROL)["before"], run.of(CAROL)["after"], run.of(CAROL)["changed"]) == ("inherit", "enabled", True)
    assert BOB in run.message


def test_everything_unset_is_told(module: ModuleRunner) -> None:
    """A failure before anything could be asked has the same keys as a success."""
    names = ("M365_TENANT_ID", "M365_CLIENT_ID", "M365_CLIENT_SECRET")
    failed = module(SET, mailboxes=[ALICE], state="inherit", env=dict.fromkeys(names, UNSET))
    success = module(SET, mailboxes=[ALICE], state="inherit")
    assert failed.failed
    assert failed.result.keys() - success.result.keys() == {"failed", "msg", "failure"}
    assert success.result.keys() <= failed.result.keys()
