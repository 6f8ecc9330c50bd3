# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The job templates and workflows that the example makes, run as AWX runs them, against the fake tenant."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_awx import FakeAwx, Launcher
from fake_awx.rules import EVENT_LIMIT
from fake_tenant import FakeTenantServer
from fake_tenant.seed_data import GRAPH_ROLES

from .conftest import TENANTS
from .pictured import assert_pictured

ALICE, BOB = "alice@contoso.onmicrosoft.com", "bob@contoso.onmicrosoft.com"
LIST = f"\n {ALICE} \r\n{BOB}\n\n"
ANSWERS: dict[str, Any] = {
    "smtp_auth_mailboxes": LIST,
    "smtp_auth_state": "disabled",
    "smtp_auth_reason": "The scanner {{ 7 * 6 }} is gone",
    "smtp_auth_owner": "",
    "smtp_auth_ticket": "",
    "smtp_auth_expires": "",
}
# Those of the pictures.
PICTURED: dict[str, Any] = {
    **ANSWERS,
    "smtp_auth_state": "enabled",
    "smtp_auth_reason": "Scanners on the third floor",
    "smtp_auth_ticket": "INC-4711",
}
REQUEST = "SMTP AUTH: request"


def writes(fake: FakeTenantServer) -> int:
    return sum(len(entry["items"]) for entry in fake.log.entries(cmdlet="Set-CASMailbox"))


@pytest.fixture(autouse=True)
def _both_have_to_change(fake: FakeTenantServer) -> None:
    for name in (ALICE, BOB):
        fake.mailboxes.patch(name, state="inherit")


# One job ----------------------------------------------------------------------------------------------------------


def test_check_of_the_app(plain_launcher: Launcher, fake: FakeTenantServer) -> None:
    """The first thing to start: it asks nothing."""
    job = plain_launcher.launch("SMTP AUTH: check")
    assert job.status == "successful", job.output
    told = job.artifacts["smtp_auth_check"]
    assert told["client_id"] == fake.app()["client_id"]
    assert "write_mailboxes" in told["yes"]
    assert "read_usage" in told["no"]


def test_audit_of_all(launcher: Launcher, fake: FakeTenantServer) -> None:
    """An empty answer is as good as none: all mailboxes."""
    job = launcher.launch("SMTP AUTH: audit", smtp_auth_mailboxes="")
    assert job.status == "successful", job.output
    states = list(fake.mailboxes.states().values())
    counts = job.artifacts["smtp_auth_audit"]
    assert (counts["requested"], counts["enabled"]) == (len(states), states.count("enabled"))


def test_audit_of_some(launcher: Launcher) -> None:
    job = launcher.launch("SMTP AUTH: audit", smtp_auth_mailboxes=LIST)
    assert job.artifacts["smtp_auth_audit"]["requested"] == 2


def test_evidence_of_use(launcher: Launcher, fake: FakeTenantServer) -> None:
    fake.apps.patch("good", graph_roles=[*GRAPH_ROLES, "Reports.Read.All"])
    fake.organization.patch(smtp_app_users=[ALICE])
    fake.mailboxes.patch(ALICE, state="enabled")
    job = launcher.launch("SMTP AUTH: evidence", smtp_auth_usage_days=90)
    assert job.status == "successful", job.output
    assert job.artifacts["smtp_auth_audit"]["would_break"] == 1


def test_probe_after_a_change(awx: FakeAwx, launcher: Launcher, fake: FakeTenantServer) -> None:
    """Its form asks for the password, which no output has; the job is red while the mailbox can't sign in."""
    where = {"smtp_auth_server": "localhost", "smtp_auth_port": fake.ready["smtp"]["port"]}
    awx.store.find("job_templates", "SMTP AUTH: probe")["extra_vars"] = json.dumps(where)
    answers = {"smtp_auth_mailbox": BOB, "smtp_auth_method": "basic", "m365_smtp_password": "bob-password"}
    refused = launcher.launch("SMTP AUTH: probe", **answers, smtp_auth_wait=0)
    assert refused.status == "failed"
    assert f"{BOB}: refused by the layer organization." in refused.output
    fake.mailboxes.patch(BOB, state="enabled")
    job = launcher.launch("SMTP AUTH: probe", smtp_auth_mailbox=BOB, smtp_auth_method="oauth", smtp_auth_wait=0)
    assert job.status == "successful", job.output
    assert job.artifacts["smtp_auth_probe"]["result"] == "accepted"
    assert "bob-password" not in refused.output + json.dumps(refused.events)


def test_probe_of_what_a_request_has_changed(awx: FakeAwx, launcher: Launcher, fake: FakeTenantServer) -> None:
    """Of its first mailbox. Only one that was enabled has to be able to sign in."""
    template = awx.store.find("job_templates", "SMTP AUTH: probe after apply")
    where = {"smtp_auth_server": "localhost", "smtp_auth_port": fake.ready["smtp"]["port"]}
    template["extra_vars"] = json.dumps(where)
    enabled, disabled = (
        launcher.run(template, {**ANSWERS, "smtp_auth_state": state}) for state in ("enabled", "disabled")
    )
    assert (enabled.status, disabled.status) == ("failed", "successful"), enabled.output + disabled.output
    assert f"{ALICE}: refused by the layer organization." in enabled.output


def test_preview_shows_and_writes_nothing(launcher: Launcher, fake: FakeTenantServer) -> None:
    before = fake.mailboxes.states()
    job = launcher.launch("SMTP AUTH: preview", **ANSWERS)
    assert job.status == "successful", job.output
    assert fake.mailboxes.states() == before
    assert (job.changed(), writes(fake)) == (1, 0)
    assert "-smtp_auth: inherit" in job.output
    assert job.artifacts["smtp_auth_report"]["changed"] == 2
    assert job.artifacts["smtp_auth_report"]["check_mode"] is True
    assert job.artifacts["smtp_auth_asked"]["reason"] == ANSWERS["smtp_auth_reason"], "never rendered"
    assert job.artifacts["smtp_auth_asked"]["asked_by"] == "alma"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"smtp_auth_expires": "31.12.2030"}, "must be a date such as"),
        ({"smtp_auth_expires": "2020-01-31"}, "must be today or later"),
        ({"smtp_auth_mailboxes": "   \n\n"}, "smtp_auth_mailboxes"),
    ],
)
def test_an_answer_that_makes_no_sense(
    launcher: Launcher, fake: FakeTenantServer, answer: dict[str, str], said: str
) -> None:
    job = launcher.launch("SMTP AUTH: preview", **{**ANSWERS, **answer})
    assert job.status == "failed"
    assert said in job.output
    assert writes(fake) == 0


def test_a_mailbox_that_is_not_there(launcher: Launcher, fake: FakeTenantServer) -> None:
    job = launcher.launch("SMTP AUTH: preview", **{**PICTURED, "smtp_auth_mailboxes": f"{ALICE}\nnobody@contoso.com"})
    assert job.status == "failed"
    assert "nobody@contoso.com" in job.output
    assert writes(fake) == 0
    assert_pictured("awx_why", job, "Show what was done")


# Preview, approval, apply -----------------------------------------------------------------------------------------


def test_request_approved(launcher: Launcher, fake: FakeTenantServer, journals: Path) -> None:
    """What has changed meanwhile doesn't matter: another mailbox, and another name of one of ours. The plan is the
    same.
    """

    def move() -> None:
        fake.mailboxes.patch("carol@contoso.onmicrosoft.com", state="enabled")
        fake.mailboxes.patch(BOB, display_name="Robert")

    run = launcher.launch_workflow(REQUEST, between=move, **{**ANSWERS, "smtp_auth_expires": "2199-12-31"})
    preview, apply = run.jobs
    assert run.status == "successful", apply.output
    assert preview.artifacts["smtp_auth_expected_plan"]["localhost"]
    assert {fake.mailboxes.states()[name] for name in (ALICE, BOB)} == {"disabled"}
    assert run.artifacts["smtp_auth_report"] | {"requests": 0} == apply.artifacts["smtp_auth_report"] | {"requests": 0}
    assert run.artifacts["smtp_auth_report"]["changed"] == 2
    assert run.artifacts["smtp_auth_expected_plan"] == {}, "a plan is spent once it is carried out"
    assert run.artifacts["smtp_auth_asked"]["expires"] == "2199-12-31"
    assert ALICE in (journals / f"smtp_auth-{apply.number}.jsonl").read_text()


def test_request_refused(launcher: Launcher, fake: FakeTenantServer) -> None:
    run = launcher.launch_workflow(REQUEST, approve=False, **ANSWERS)
    assert (run.status, len(run.jobs), writes(fake)) == ("failed", 1, 0)


@pytest.mark.parametrize(
    ("before", "after"),
    [("inherit", "enabled"), ("enabled", "inherit")],
    ids=["one is done already", "one more is to do"],
)
def test_the_tenant_moved_before_the_approval(
    launcher: Launcher, fake: FakeTenantServer, before: str, after: str
) -> None:
    fake.mailboxes.patch(BOB, state=before)

    def move() -> None:
        fake.mailboxes.patch(BOB, state=after)

    run = launcher.launch_workflow(REQUEST, between=move, **PICTURED)
    preview, refused = run.jobs
    assert (run.status, writes(fake)) == ("failed", 0)
    assert "isn't what the preview showed" in refused.output
    assert fake.mailboxes.states()[ALICE] == "inherit"
    if before == "inherit":
        assert_pictured("awx_preview", preview, "Bring the tenant", "Show what was done", "Show why")
        assert_pictured("awx_refused", refused, "Show what was done")


# Baseline and journal ---------------------------------------------------------------------------------------------


@pytest.fixture
def baseline(awx: FakeAwx, tmp_path: Path) -> Path:
    """The baseline of a checkout of the project of one's own."""
    awx.store.project = shutil.copytree(awx.store.project, tmp_path / "project")
    return awx.store.project / "baseline.yml"


def test_the_example_of_a_baseline(launcher: Launcher) -> None:
    """It is understood, and declares nothing that a tenant could lack: the nightly check is green."""
    job = launcher.launch("SMTP AUTH: drift check")
    assert job.status == "successful", job.output
    assert job.artifacts["smtp_auth_report"]["drifted"] == 0


def test_drift_enforce_restore(launcher: Launcher, fake: FakeTenantServer, baseline: Path, journals: Path) -> None:
    """A night that finds a drift, the run that puts it right, a night that finds none, and the way back."""
    exceptions = [{"mailbox": ALICE, "state": "enabled", "owner": "x", "reason": "y", "expires": "2199-12-31"}]
    baseline.write_text(json.dumps({"exceptions": exceptions, "everyone_else": "unmanaged"}))
    night = launcher.launch("SMTP AUTH: drift check")
    assert (night.status, writes(fake)) == ("failed", 0)
    assert "isn't as declared: 1 would change" in night.output
    assert night.artifacts["smtp_auth_report"]["drifted"] == 1

    enforced = launcher.launch("SMTP AUTH: enforce")
    assert enforced.status == "successful", enforced.output
    assert (fake.mailboxes.states()[ALICE], writes(fake)) == ("enabled", 1)
    assert f"smtp_auth-{enforced.number}.jsonl" in str(enforced.results("Show what was done")[0]["msg"])
    assert launcher.launch("SMTP AUTH: drift check").status == "successful"

    journal = str(journals / f"smtp_auth-{enforced.number}.jsonl")
    checked = launcher.launch("SMTP AUTH: restore", smtp_auth_journal=f" {journal}  ")
    assert (checked.status, fake.mailboxes.states()[ALICE]) == ("successful", "enabled"), checked.output
    restored = launcher.launch("SMTP AUTH: restore", job_type="run", smtp_auth_journal=journal)
    assert (restored.status, fake.mailboxes.states()[ALICE]) == ("successful", "inherit"), restored.output
    assert f"smtp_auth-{restored.number}.jsonl" in str(restored.results("Show what was done")[0]["msg"])
    assert "1 mailbox would change" in checked.sent[0]["text"]
    assert "1 mailbox changed" in restored.sent[0]["text"]


@pytest.mark.parametrize("moved", [False, True], ids=["as it was shown", "another plan"])
def test_a_baseline_with_an_approval(
    launcher: Launcher, fake: FakeTenantServer, baseline: Path, journals: Path, moved: bool
) -> None:
    exceptions = [{"mailbox": name, "state": "enabled", "owner": "x", "reason": "y"} for name in (ALICE, BOB)]
    baseline.write_text(json.dumps({"exceptions": exceptions, "everyone_else": "unmanaged"}))

    def move() -> None:
        fake.mailboxes.patch(BOB, state="enabled" if moved else "inherit")

    run = launcher.launch_workflow("SMTP AUTH: enforce with approval", between=move)
    preview, enforced = run.jobs
    assert preview.artifacts["smtp_auth_expected_plan"]["localhost"]
    assert run.status == ("failed" if moved else "successful"), enforced.output
    assert writes(fake) == (0 if moved else 2)
    assert ("isn't what the preview showed" in enforced.output) is moved


# Many tenants -----------------------------------------------------------------------------------------------------


def test_all_tenants_in_slices(plain_launcher: Launcher, fake: FakeTenantServer) -> None:
    run = plain_launcher.launch_workflow("SMTP AUTH: all tenants")
    audit, overview = run.jobs
    assert [sorted(job.events[-1]["event_data"]["ok"]) for job in audit.jobs] == [
        ["contoso", "northwind"],
        ["fabrikam"],
    ]
    assert run.status == "successful", overview.output
    enabled = {
        name: list(fake.mailboxes.states(tenant["tenant_id"]).values()).count("enabled")
        for name, tenant in zip(TENANTS, fake.ready["tenants"], strict=True)
    }
    assert {name: run.artifacts[f"smtp_auth_audit_{name}"]["enabled"] for name in TENANTS} == enabled
    assert run.artifacts["smtp_auth_overview"] == {"tenants": 3, "missing": [], "enabled": sum(enabled.values())}
    for name in TENANTS:
        assert f"{name:<30}" in overview.output
    assert_pictured("awx_tenants", overview, "Show all tenants", "Fail if")


def test_a_tenant_that_does_not_answer(launcher: Launcher, fake: FakeTenantServer) -> None:
    """It is named in the overview, and the others are there."""
    fake.apps.patch("good", tenant=fake.ready["tenants"][1]["tenant_id"], secrets=["another"])
    run = launcher.launch_workflow("SMTP AUTH: all tenants")
    assert run.status == "failed"
    assert run.artifacts["smtp_auth_overview"]["missing"] == ["fabrikam"]
    assert "No answer from fabrikam" in run.jobs[-1].output
    assert "smtp_auth_audit_contoso" in run.artifacts


# Size -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crowd() -> Iterator[FakeTenantServer]:
    with FakeTenantServer(mailboxes=60_000, states={"enabled": 0.02, "inherit": 0.98}) as running:
        yield running


def test_events_stay_small_with_60000_mailboxes(
    awx: FakeAwx, launcher: Launcher, fake: FakeTenantServer, crowd: FakeTenantServer
) -> None:
    """AWX drops the result of an event that is longer; and an artifact is copied to every job that follows."""
    inputs = awx.store.find("credentials", "Microsoft 365")["inputs"]
    names = {"login_endpoint", "exchange_endpoint", "graph_endpoint"}
    inputs.update({name: crowd.ready[name] for name in names}, ca=Path(crowd.ready["ca_path"]).read_text())
    jobs = [
        launcher.launch("SMTP AUTH: audit"),
        launcher.launch(
            "SMTP AUTH: preview",
            **{**ANSWERS, "smtp_auth_mailboxes": "\n".join(sorted(crowd.mailboxes.states())[:2000])},
        ),
    ]
    for job in jobs:
        assert job.status == "successful", job.output[-2000:]
        largest = max(len(json.dumps(event)) for event in job.events)
        assert largest < EVENT_LIMIT
        assert not any("REMOVED FOR BREVITY" in json.dumps(event).upper() for event in job.events)
        assert len(json.dumps(job.artifacts)) < 20_000
    assert jobs[0].artifacts["smtp_auth_audit"]["requested"] >= 60_000
