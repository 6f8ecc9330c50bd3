# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers after which nobody can say whether it was done, rows that can't be, faults of the program after a write: what
was done is looked at, told and in the journal.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from harness.hooks import breaking
from harness.run import ModuleRun, ModuleRunner
from harness.truth import Job, journal_lines, wait_until

pytestmark = pytest.mark.newest_core

READS = 2
WRITE, LOOK, SWITCH = "Set-CASMailbox", "Get-CASMailbox", "Set-TransportConfig"
ALICE, BOB, CAROL, FRANK = (f"{name}@contoso.onmicrosoft.com" for name in ("alice", "bob", "carol", "frank"))
ODD_STATUS = [None, 0, True, "2e2", 302, 100, 199, -1, -200, 600, 10**20, 200.5, [200], {"a": 1}, ""]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


@pytest.fixture
def job(module: ModuleRunner, journal: Path) -> Job:
    """Two batches of look-ups, one of writes, one of looks."""
    names = list(module.fake.mailboxes.states())[:11]
    return Job(module, names, concurrency=1, max_retries=0, journal_path=str(journal))


def outcomes(journal: Path) -> dict[str, str]:
    return {line["mailbox"]: line["outcome"] for line in journal_lines(journal)}


# The items of a batch -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ODD_STATUS, ids=repr)
def test_done_with_a_status_that_can_be_none(job: Job, journal: Path, status: Any) -> None:
    job.fake.faults.add("batch_change", endpoint="batch", skip=READS, arguments={"status": status})
    run = job.run()
    job.check_done(run)
    assert set(outcomes(journal).values()) == {"unknown"}


@pytest.mark.parametrize("status", [None, 302])
def test_not_done_with_a_status_that_can_be_none(job: Job, status: Any) -> None:
    job.fake.faults.add("status", endpoint="batch_item", cmdlet=WRITE, times=None, arguments={"status": 400})
    job.fake.faults.add("batch_change", endpoint="batch", skip=READS, arguments={"status": status})
    run = job.run(deadline=5)
    job.check(run)
    assert run.failed
    assert (run.result["changed"], job.done()) == (False, [])
    job.finish()


ENVELOPES: dict[str, tuple[str, dict[str, Any]]] = {
    "two answers that contradict each other": ("batch_contradict", {"status": 404}),
    "an id that is a number of another kind": ("batch_change", {"index": 0, "id": 0.0}),
    "no id": ("batch_change", {"id": None}),
    "the id of another": ("batch_change", {"index": 0, "id": "1"}),
    "a text as the body of a success": ("batch_change", {"body": "<html>"}),
    "a list as the body of a success": ("batch_change", {"body": [1]}),
    "an error in a success": ("batch_change", {"body": {"error": {"message": "x"}}}),
    "an error as a whole, with 200": ("body_text", {"text": '{"error": {"code": "BadRequest"}}'}),
    "a list as a whole": ("body_text", {"text": "[]"}),
    "null as a whole": ("body_text", {"text": "null"}),
    "responses that are none": ("body_text", {"text": '{"responses": {"0": {"status": 400}}}'}),
    "no responses": ("body_text", {"text": '{"responses": []}'}),
    "half a character": ("body_text", {"text": '{"responses": ["\\ud800"]}'}),
    "brackets in brackets": ("body_text", {"text": "[" * 100_000}),
    "nothing": ("body_empty", {}),
    "a web page": ("body_html", {}),
    **{f"status {status}": ("after_status", {"status": status}) for status in (202, 204, 302, 304, 408, 499, 500, 502)},
    "a redirect elsewhere": ("after_status", {"status": 307, "headers": {"location": "https://elsewhere.example/"}}),
    "no answer": ("drop", {"when": "after"}),
}


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_done_with_an_answer_that_does_not_say_so(job: Job, envelope: str) -> None:
    effect, arguments = ENVELOPES[envelope]
    job.fake.faults.add(effect, endpoint="batch", skip=READS, arguments=arguments)
    job.check_done(job.run())


# One command by itself ------------------------------------------------------------------------------------------------

ALONE: dict[str, tuple[str, dict[str, Any]]] = {
    name: fault for name, fault in ENVELOPES.items() if not fault[0].startswith("batch_") and "status 20" not in name
}


@pytest.mark.parametrize("answer", ALONE)
def test_one_mailbox_done_with_an_answer_that_does_not_say_so(module: ModuleRunner, answer: str) -> None:
    effect, arguments = ALONE[answer]
    job = Job(module, [ALICE], max_retries=0)
    job.fake.faults.add(effect, endpoint="invoke", cmdlet=WRITE, arguments=arguments)
    job.check_done(job.run())


@pytest.mark.parametrize("answer", ALONE)
def test_the_organizations_setting_alike(fake: FakeTenantServer, module: ModuleRunner, answer: str) -> None:
    effect, arguments = ALONE[answer]
    fake.organization.patch(smtp_disabled=False)
    fake.faults.add(effect, endpoint="invoke", cmdlet=SWITCH, arguments=arguments)
    run = module("organization_smtp_auth", state="disabled", max_retries=0)
    assert not run.failed, run.message
    assert run.result["changed"] is True
    assert run.result["after"]["state"] == "disabled"
    assert fake.organization.get()["smtp_disabled"] is True


@pytest.mark.parametrize("answer", ["status 302", "status 304", "a redirect elsewhere", "no answer", "a web page"])
def test_the_organizations_setting_of_a_baseline_alike(
    fake: FakeTenantServer, module: ModuleRunner, journal: Path, answer: str
) -> None:
    effect, arguments = ALONE[answer]
    fake.organization.patch(smtp_disabled=False)
    fake.faults.add(effect, endpoint="invoke", cmdlet=SWITCH, arguments=arguments)
    run = module("smtp_auth_baseline", exceptions=[], organization="disabled", journal_path=str(journal), max_retries=0)
    assert not run.failed, run.message
    assert run.result["organization"] == {"before": "enabled", "after": "disabled", "changed": True}
    assert [line["outcome"] for line in journal_lines(journal)] == ["intent", "unknown"]


def test_an_organization_that_is_stopped_while_it_waits_tells_what_is(
    fake: FakeTenantServer, module: ModuleRunner
) -> None:
    """Its answer never comes: a few seconds after the signal the task ends, and doesn't say that nothing was done."""
    fake.organization.patch(smtp_disabled=False)
    fake.faults.add("hold", endpoint="invoke", cmdlet=SWITCH, arguments={"when": "after"})
    process = module.start("organization_smtp_auth", state="disabled")
    wait_until(lambda: fake.organization.get()["smtp_disabled"], "the write")
    process.send_signal(signal.SIGTERM)
    run = module.finish(process)
    fake.faults.clear()
    assert run.failed
    assert run.result["changed"] is True
    assert "signal 15" in run.message


# Refusals that stay, and what the last sentence says ------------------------------------------------------------------

STAYING = {
    "write scope": "'x' isn't within a valid server write scope.",
    "on-premises": "The object 'x' is being synchronized from your on-premises organization.",
}


@pytest.mark.parametrize("text", STAYING)
@pytest.mark.parametrize("all_of_them", [True, False])
def test_a_refusal_that_stays_is_not_answered_by_try_again(job: Job, text: str, all_of_them: bool) -> None:
    refusal = {"status": 400, "type": "Microsoft.Exchange.Data.Directory.TaskException", "text": STAYING[text]}
    victim = {} if all_of_them else {"identity": job.todo[0]}
    job.fake.faults.add("status", cmdlet=WRITE, times=None, arguments=refusal, **victim)
    run = job.run()
    job.check(run)
    assert run.failed
    assert "Run the task again" not in run.message
    assert text in run.message
    assert "won't pass by itself" in run.message
    assert "0 were" not in run.message
    assert ("Nothing was changed" in run.message) is all_of_them
    assert len(job.writes()) == 1


def test_changed_and_not_shown_is_not_zero(job: Job) -> None:
    job.fake.faults.add("lag", cmdlet=WRITE, times=None)
    run = job.run(deadline=4)
    assert run.result["changed"] is True
    assert "0 were" not in run.message
    assert "Nothing was changed" not in run.message


# By the way of the mailbox --------------------------------------------------------------------------------------------


def anchors(job: Job, cmdlet: str) -> list[str]:
    """What requests were routed by that weren't by the organization's mailbox."""
    found = [entry["headers"].get("x-anchormailbox", "") for entry in job.requests(cmdlet)]
    return [anchor for anchor in found if not anchor.startswith("APP:")]


@pytest.mark.parametrize("kind", ["CmdletProxyNotAvailableException", "CmdletProxyNotAvailableFailure", "Whatever"])
@pytest.mark.parametrize("many", [True, False])
def test_a_command_that_wants_its_mailboxs_anchor_gets_it_once(job: Job, kind: str, many: bool) -> None:
    victim = job.todo[1]
    arguments = {"type": f"Microsoft.Exchange.{kind}"}
    job.fake.faults.add("needs_anchor", identity=victim, times=None, arguments=arguments)
    if not many:
        job = Job(job.module, [victim], max_retries=0)
    job.check_done(job.run())
    assert anchors(job, WRITE) == [f"UPN:{victim}"]
    assert anchors(job, LOOK) == [f"UPN:{victim}"] * 2, "the first read and the look"


@pytest.mark.parametrize("many", [True, False])
def test_if_that_does_not_help_either_the_error_stays(job: Job, many: bool) -> None:
    victim = job.todo[1]
    refusal = {"status": 400, "type": "x.CmdletProxyNotAvailableException", "text": "Cmdlet needs proxy."}
    job.fake.faults.add("status", cmdlet=WRITE, identity=victim, times=None, arguments=refusal)
    if not many:
        job = Job(job.module, [victim])
    run = job.run(max_retries=3)
    job.check(run)
    assert run.codes == ["service_error"]
    assert "Cmdlet needs proxy" in run.message
    assert anchors(job, WRITE) == [f"UPN:{victim}"]
    tried = [item for entry in job.writes() for item in entry["items"] if item["identity"] == job.guids[victim]]
    assert len(tried) == 2


def test_a_failure_of_the_proxy_is_still_tried_again_where_the_anchor_does_not_help(job: Job) -> None:
    victim = job.todo[1]
    refusal = {"status": 400, "type": "x.CmdletProxyNotAvailableFailure", "text": "x", "retry_after": 0}
    job.fake.faults.add("status", cmdlet=WRITE, identity=victim, times=3, arguments=refusal)
    job.check_done(job.run(max_retries=3))


def test_restore_finds_a_mailbox_that_wants_its_anchor(job: Job, journal: Path) -> None:
    job.check_done(job.run())
    job.fake.faults.add("needs_anchor", identity=job.todo[0], times=None)
    run = job.module("smtp_auth_restore", journal=str(journal))
    assert not run.failed, run.message
    assert job.truth() == job.before


# Rows that can't be ---------------------------------------------------------------------------------------------------

HALF = "a\ud800b"


@pytest.mark.parametrize("name", ["PrimarySmtpAddress", "DisplayName", "EmailAddresses"])
def test_half_a_character_takes_nothing_away(
    fake: FakeTenantServer, module: ModuleRunner, journal: Path, name: str
) -> None:
    """In a row of everybody: all is done, told and in the journal, by its id."""
    before = fake.mailboxes.states()
    fake.faults.add("row_value", cmdlet=LOOK, times=None, arguments={"property": name, "value": HALF})
    run = module(
        "smtp_auth_baseline",
        exceptions=[],
        everyone_else="disabled",
        max_changes="100%",
        journal_path=str(journal),
        diff=True,
    )
    assert not run.failed, run.message
    now = fake.mailboxes.states()
    changed = sum(now[mailbox] != before[mailbox] for mailbox in now)
    assert run.result["summary"]["changed"] == changed > 5
    assert len(journal_lines(journal)) == 2 * changed
    assert len({line["guid"] for line in journal_lines(journal)}) == changed


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EmailAddresses", 5),
        ("EmailAddresses", True),
        ("EmailAddresses", [["x"]]),
        ("EmailAddresses", {"a": "b"}),
        ("DisplayName", ["x"]),
        ("DisplayName", 5),
        ("PrimarySmtpAddress", {"a": 1}),
        ("PrimarySmtpAddress", True),
        *[
            ("Guid", value)
            for value in (" ", "*", True, 5, [], "{}", "00000000-0000-0000-0000-000000000000", "1234", "alice")
        ],
        ("ExternalDirectoryObjectId", "*"),
    ],
)
def test_a_row_that_cannot_be_is_an_error_of_that_mailbox_alone(job: Job, name: str, value: Any) -> None:
    victim = job.todo[2]
    arguments = {"property": name, "value": value}
    job.fake.faults.add("row_value", cmdlet=LOOK, identity=victim, times=None, arguments=arguments)
    run = job.run()
    job.check(run)
    assert run.codes == ["unexpected_answer"]
    assert "Internal error" not in run.message
    assert job.done() == [one for one in job.todo if one != victim]
    written = [item["identity"] for entry in job.writes() for item in entry["items"]]
    assert set(written) == {job.guids[one] for one in job.todo if one != victim}


@pytest.mark.parametrize("value", ["*", "00000000-0000-0000-0000-000000000000", True])
def test_such_a_row_among_everybody_lets_nothing_be_written(
    fake: FakeTenantServer, module: ModuleRunner, value: Any
) -> None:
    before = fake.mailboxes.states()
    fake.faults.add("row_value", cmdlet=LOOK, times=None, arguments={"property": "Guid", "value": value})
    run = module("smtp_auth_baseline", exceptions=[], everyone_else="disabled", max_changes="100%")
    assert (run.failed, run.result["failure"]["code"]) == (True, "unexpected_answer")
    assert fake.mailboxes.states() == before


def test_two_rows_of_one_mailbox_that_disagree_are_never_picked_from(
    fake: FakeTenantServer, module: ModuleRunner
) -> None:
    before = fake.mailboxes.states()
    arguments = {"property": "SmtpClientAuthenticationDisabled", "value": True}
    fake.faults.add("rows_contradict", cmdlet=LOOK, times=None, arguments=arguments)
    run = module("smtp_auth_baseline", exceptions=[], everyone_else="disabled", max_changes="100%")
    assert (run.failed, run.result["failure"]["code"]) == (True, "unexpected_answer")
    assert "say different things" in run.message
    assert fake.mailboxes.states() == before


# Faults of the program ------------------------------------------------------------------------------------------------

AFTER_THE_WRITE = {
    "booking": ("_tenant.journal", "_line", "MemoryError()", 9),
    "the journal": ("_tenant.journal", "os.write", "RecursionError()", 1),
    "reading back": ("_tenant.mailbox_rows", "row_or_error", "MemoryError()", 11),
    "the summary": ("_tenant.summary", "summarize", "RecursionError('x')", 0),
    "the shape": ("_result.mailboxes", "set_result", "MemoryError()", 0),
    "the rest of the shape": ("_module.parts", "with_failure", "ValueError('x')", 0),
    "secrets": ("_module.runner", "Task.secrets", "ValueError('x')", 0),
    "the counters": ("_result.mailboxes", "requests_result", "KeyError('x')", 0),
}


def check_told(job: Job, run: ModuleRun) -> None:
    assert run.failed, "a fault isn't a success"
    assert "Traceback" not in run.stdout + run.stderr
    assert run.result["failure"]["code"] in ("internal", "journal", "several", "not_verified")
    assert run.result["changed"] is True
    changed = {row["guid"] for row in run.result["mailboxes"] if row["changed"]}
    assert changed == {job.guids[name] for name in job.done()} != set()


@pytest.mark.parametrize("fault", AFTER_THE_WRITE)
def test_whatever_breaks_after_the_write_what_was_done_is_told(
    job: Job, journal: Path, tmp_path: Path, fault: str
) -> None:
    module, name, error, passes = AFTER_THE_WRITE[fault]
    run = job.run(env=breaking(tmp_path, module, name, error, passes))
    check_told(job, run)
    assert job.done() == job.todo
    assert set(outcomes(journal)) == set(job.todo)


@pytest.mark.parametrize("error", ["UnicodeEncodeError('utf-8', 'x', 0, 1, 'x')", "TypeError('x')", "RecursionError()"])
def test_a_result_that_ansible_cannot_print_is_told_plainly(job: Job, tmp_path: Path, error: str) -> None:
    """As by a text in it that standard output can't take."""
    run = job.run(env=breaking(tmp_path, "_module.runner", "AnsibleModule.exit_json", error))
    check_told(job, run)
    assert run.result["summary"]["changed"] == len(job.todo)


@pytest.mark.parametrize(
    ("name", "options", "fault"),
    [
        ("smtp_auth_baseline", {"exceptions": [{"mailbox": FRANK, "state": "disabled"}]}, "add_organization"),
        ("smtp_auth_baseline", {"exceptions": [{"mailbox": FRANK, "state": "disabled"}]}, "journal_result"),
        ("smtp_auth_restore", {}, "add_organization"),
    ],
)
def test_the_other_modules_alike(
    job: Job, journal: Path, tmp_path: Path, name: str, options: dict[str, Any], fault: str
) -> None:
    if name == "smtp_auth_restore":
        job.check_done(job.run())
        options = {"journal": str(journal)}
    before = job.truth()
    run = job.module(name, env=breaking(tmp_path, "_result.tenant", fault, "RecursionError()"), **options)
    assert (run.failed, run.result["changed"]) == (True, True)
    now = job.truth()
    changed = {job.guids[one] for one in job.names if now[one] != before[one]}
    assert {row["guid"] for row in run.result["mailboxes"] if row["changed"]} == changed != set()


def test_a_report_that_breaks_takes_nothing_away(job: Job, tmp_path: Path) -> None:
    run = job.module(
        "smtp_auth_baseline",
        exceptions=[{"mailbox": FRANK, "state": "disabled"}],
        report_path=str(tmp_path),
        env=breaking(tmp_path, "_module.baseline_report", "write_baseline_report", "ZeroDivisionError('x')"),
    )
    assert (run.failed, run.result["changed"], run.result["summary"]["changed"]) == (True, True, 1)
    assert "ZeroDivisionError" in run.message


def test_an_organization_alike(fake: FakeTenantServer, module: ModuleRunner, tmp_path: Path) -> None:
    fake.organization.patch(smtp_disabled=False)
    run = module(
        "organization_smtp_auth",
        state="disabled",
        env=breaking(tmp_path, "_result.organization", "switch_result", "MemoryError()"),
    )
    assert (run.failed, run.result["changed"]) == (True, True)
