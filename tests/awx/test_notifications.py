# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people are told, as it leaves AWX: each kind of notification, rendered by AWX's own rules."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest
from fake_awx import notices, rules

from .conftest import rendered_each

EMAIL = {"host": "mail.example.com", "port": 25, "username": "", "password": "", "use_tls": False, "use_ssl": False}
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "webhook": {"url": "https://chat.example.com"},
    "email": {**EMAIL, "sender": "awx@example.com", "recipients": ["mail-team@example.com"]},
    "slack": {"token": "xoxb", "channels": ["#mail"]},
    "mattermost": {"mattermost_url": "https://chat.example.com", "mattermost_no_verify_ssl": False},
    "rocketchat": {"rocketchat_url": "https://chat.example.com", "rocketchat_no_verify_ssl": False},
    "grafana": {"grafana_url": "https://grafana.example.com", "grafana_key": "k"},
    "pagerduty": {"subdomain": "x", "token": "t", "service_key": "s", "client_name": "AWX"},
    "twilio": {"account_sid": "a", "account_token": "t", "from_number": "1", "to_numbers": ["2"]},
    "irc": {"server": "x", "port": 6667, "nickname": "awx", "password": "", "use_ssl": True, "targets": ["#mail"]},
}
KINDS = list(CONFIGURATIONS)
REASON = 'The "scanner" of the Bürö \\ third\tfloor 😀 {{ 7 * 7 }} \\'
ANSWERS = {
    "smtp_auth_mailboxes": "a@contoso.com\r\nb@contoso.com, c@contoso.com",
    "smtp_auth_state": "disabled",
    "smtp_auth_reason": REASON,
    "smtp_auth_ticket": '"created_by": "somebody else"',
}
JOB = {
    **rules.SAMPLE_JOB["job"],
    "name": "SMTP AUTH: apply",
    "artifacts": {
        "smtp_auth_report": {
            "changed": 3,
            "failed": 1,
            "failed_mailboxes": ["c@contoso.com"],
            "message": 'a "message"',
        },
        "smtp_auth_asked": {"asked_by": "rita", "state": "disabled", "reason": REASON, "ticket": ""},
    },
}


@cache
def templates() -> dict[str, dict[str, Any]]:
    """The notification template of each type, as the example hands it to AWX."""
    given = [
        {"smtp_auth_awx_notification_type": kind, "smtp_auth_awx_notification_configuration": configuration}
        for kind, configuration in CONFIGURATIONS.items()
    ]
    given.append({**given[0], "smtp_auth_awx_webhook_shape": "teams"})
    return dict(
        zip([*KINDS, "teams"], (one[0] for one in rendered_each("controller_notifications", given)), strict=True)
    )


def template(kind: str) -> dict[str, Any]:
    """That of a type, or of a webhook of another shape."""
    return templates()[kind]


def of_job(kind: str, event: str, job: dict[str, Any]) -> Any:
    context = {**rules.SAMPLE_JOB, "job": job, "url": "https://awx.example.com/#/jobs/playbook/42"}
    return notices.of_job(template(kind), event, context)


@pytest.mark.parametrize("kind", [*KINDS, "teams"])
def test_awx_takes_it(kind: str) -> None:
    made = template(kind)
    configuration, complaints = notices.complete(made["notification_type"], made["notification_configuration"], {})
    assert complaints + rules.messages(made["messages"]) == []
    assert configuration == made["notification_configuration"], "what AWX would add is there: a second run is the same"
    assert notices.merged(made["messages"], made["messages"]) == made["messages"], "and so after a change of any of it"


@pytest.mark.parametrize("event", ["success", "error"])
@pytest.mark.parametrize("artifacts", [JOB["artifacts"], {}], ids=["handed on", "nothing handed on"])
def test_a_job_has_ended(event: str, artifacts: dict[str, Any]) -> None:
    job = {**JOB, "artifacts": artifacts}
    webhook, email, slack = (of_job(kind, event, job) for kind in ("webhook", "email", "slack"))
    assert webhook["text"] == slack["text"] == email["subject"]
    assert webhook["report"] == artifacts.get("smtp_auth_report", {})
    assert webhook["asked"] == artifacts.get("smtp_auth_asked", {})
    assert (webhook["job"], webhook["status"]) == ("SMTP AUTH: apply", "running")
    assert email["body"].startswith("SMTP AUTH: apply (running): https://awx.example.com/")
    if event == "error" and artifacts:
        assert "c@contoso.com" in slack["text"]
        assert 'Why: a "message"' in email["body"]
    if event == "success" and artifacts:
        assert slack["text"].startswith(
            "SMTP AUTH: apply: 3 mailboxes changed, 1 failed; rita asked for disabled: The "
        )
        assert f"Reason: {REASON}" in email["body"]


@pytest.mark.parametrize("event", notices.APPROVALS)
def test_an_approval_names_who_asks_for_what_and_why(event: str) -> None:
    """Whatever stands in the form: quotes, backslashes, other alphabets, and what would look like another requester."""
    context = notices.approval_context("Approve what the preview shows", 7, "rita", ANSWERS) | {
        "approval_status": event
    }
    webhook, email, slack = (
        notices.of_approval(template(kind), event, context) for kind in ("webhook", "email", "slack")
    )
    mailboxes = ["a@contoso.com", "b@contoso.com", "c@contoso.com"]
    assert (webhook["requester"], webhook["state"], webhook["mailboxes"]) == ("rita", "disabled", mailboxes)
    assert webhook["reason"] == " ".join(REASON.split())
    assert webhook["ticket"] == ANSWERS["smtp_auth_ticket"]
    assert webhook["url"] == context["workflow_url"]
    assert webhook["text"] == slack["text"] == email["subject"]
    for piece in ("rita", "disabled", *mailboxes, webhook["reason"], context["workflow_url"]):
        assert piece in slack["text"]
    for name in mailboxes:
        assert f"\n  {name}\n" in email["body"]


@pytest.mark.parametrize("kind", ["webhook", "email", "teams"])
def test_no_answer_to_a_form_keeps_an_approval_from_being_told(kind: str) -> None:
    """A text that fails would stop AWX's work on the workflow. What the form holds comes out as it was."""
    odd = [
        *"\\\"'{}/u",
        "\n",
        "\r\n",
        "\t",
        "\x00",
        "\u00a0",
        "\u2028",
        "\ud83d",
        "😀",
        "ü",
        "{{",
        "%}",
        "\\N{x}",
        "\\x",
    ]
    chance = random.Random(kind)
    for _round in range(40):
        form = {
            name: "".join(chance.choices(odd, k=chance.randrange(9)))
            for name in ("smtp_auth_reason", "smtp_auth_ticket")
        }
        form |= {"smtp_auth_mailboxes": f"{chance.choice(odd)}@x", "smtp_auth_state": "inherit"}
        told = notices.of_approval(template(kind), "running", notices.approval_context("Approve", 7, "rita", form))
        assert told, "an empty object would be sent"
        if kind == "webhook":
            wanted = form["smtp_auth_reason"].replace("\x00", "").replace("\ud83d", "\ufffd")
            assert told["reason"] == " ".join(wanted.split())


@pytest.mark.parametrize(
    ("requester", "said"),
    [("CONTOSO\\rita", "CONTOSO\\rita"), ('"rita" Jürgens 😀', '"rita" Jürgens 😀'), ("None", "a schedule")],
)
def test_whoever_asks_is_named_as_awx_knows_them(requester: str, said: str) -> None:
    """AWX says "None" of what no person has started."""
    context = notices.approval_context("Approve", 7, requester, ANSWERS)
    told = notices.of_approval(template("webhook"), "running", context)
    assert told["requester"] == said
    assert f": {said} asks for disabled" in told["text"]


def test_a_flow_of_teams_gets_a_card() -> None:
    """Its webhooks show nothing else."""
    context = notices.approval_context("Approve what the preview shows", 7, "rita", ANSWERS)
    plain, card = (notices.of_approval(template(kind), "running", context) for kind in ("webhook", "teams"))
    assert card["type"] == "message"
    (attachment,) = card["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    content = attachment["content"]
    assert (content["type"], content["body"][0]["text"]) == ("AdaptiveCard", plain["text"])
    assert content["actions"][0]["url"] == context["workflow_url"]
    ended = of_job("teams", "error", JOB)["attachments"][0]["content"]
    assert ended["body"][0]["text"] == of_job("webhook", "error", JOB)["text"]
    assert "attachments" not in plain


def test_a_check_is_not_told_as_a_change() -> None:
    report = {**JOB["artifacts"]["smtp_auth_report"], "check_mode": True}
    job = {**JOB, "artifacts": {"smtp_auth_report": report}}
    assert "3 mailboxes would change, 1 failed" in of_job("slack", "success", job)["text"]
    assert "Would change: 3" in of_job("email", "success", job)["body"]


def test_an_approval_of_the_baseline_has_no_form() -> None:
    context = notices.approval_context("Approve what the preview of the baseline shows", 7, "rita", {})
    told = notices.of_approval(template("webhook"), "running", context)
    assert told["text"] == (
        f"Approve what the preview of the baseline shows (waiting for you): rita asks. {context['workflow_url']}"
    )
    assert (told["mailboxes"], told["state"]) == ([], "")


def test_only_an_object_leaves_by_a_webhook() -> None:
    """The rule by which AWX drops a text that isn't JSON."""
    plain = {"notification_type": "webhook", "messages": {"success": {"message": "x", "body": "Changed: {{ job.id }}"}}}
    assert notices.of_job(plain, "success", rules.SAMPLE_JOB) == {}


def test_texts_that_are_not_given_anew_stay() -> None:
    """So each type has to give all of its texts: a plain body must not survive a change to a webhook."""
    before, after = template("email")["messages"], template("slack")["messages"]
    kept = notices.merged(before, after)
    assert kept
    assert (kept["success"]["body"], kept["workflow_approval"]["running"]["body"]) == ("", "")
