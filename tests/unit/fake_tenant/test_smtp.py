# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SMTP submission: which layer answers what."""

from __future__ import annotations

import base64
import smtplib
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

DOMAIN = "contoso.onmicrosoft.com"
LEGACY_BLOCKED = {
    "state": "enabled",
    "conditions": {
        "clientAppTypes": ["exchangeActiveSync", "other"],
        "users": {"includeUsers": ["All"]},
        "applications": {"includeApplications": ["All"]},
    },
    "grantControls": {"builtInControls": ["block"]},
}


@pytest.fixture
def connection(fake: Any) -> Iterator[smtplib.SMTP]:
    """A connection with TLS."""
    context = ssl.create_default_context(cafile=fake.ca_path)
    with smtplib.SMTP(fake.ready["smtp"]["host"], fake.ready["smtp"]["port"], timeout=60) as smtp:
        smtp.starttls(context=context)
        smtp.ehlo("printer.example")
        yield smtp


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def with_password(smtp: smtplib.SMTP, name: str, password: str | None = None) -> tuple[int, str]:
    code, text = smtp.docmd("AUTH", f"LOGIN {base64_of(f'{name}@{DOMAIN}')}")
    if code == 334:
        code, text = smtp.docmd(base64_of(password or f"{name}-password"))
    return code, text.decode()


def with_token(smtp: smtplib.SMTP, name: str, token: str) -> tuple[int, str]:
    given = f"user={name}@{DOMAIN}\1auth=Bearer {token}\1\1"
    code, text = smtp.docmd("AUTH", "XOAUTH2 " + base64.b64encode(given.encode()).decode())
    return code, text.decode()


def test_without_tls_nothing_goes(fake: Any) -> None:
    with smtplib.SMTP(fake.ready["smtp"]["host"], fake.ready["smtp"]["port"], timeout=60) as smtp:
        smtp.ehlo("printer.example")
        assert not smtp.has_extn("auth")
        assert smtp.has_extn("starttls")
        assert smtp.mail(f"alice@{DOMAIN}")[0] == 530


EXTENSIONS = ["SIZE 157286400", "PIPELINING", "DSN", "ENHANCEDSTATUSCODES", "", "8BITMIME", "BINARYMIME", "CHUNKING"]


def test_what_the_service_offers(fake: Any) -> None:
    """As it was captured, before TLS and after it."""
    with smtplib.SMTP(fake.ready["smtp"]["host"], fake.ready["smtp"]["port"], timeout=60) as smtp:
        for middle in ("STARTTLS", "AUTH LOGIN XOAUTH2"):
            code, text = smtp.ehlo("printer.example")
            assert code == 250
            assert text.decode().split("\n")[1:] == [line or middle for line in EXTENSIONS]
            if middle == "STARTTLS":
                smtp.starttls(context=ssl.create_default_context(cafile=fake.ca_path))


@pytest.mark.parametrize("mechanism", ["PLAIN", "CRAM-MD5", "NTLM", "plain"])
def test_other_kinds_of_sign_in_are_not_recognized(connection: smtplib.SMTP, mechanism: str) -> None:
    given = base64_of(f"\0alice@{DOMAIN}\0alice-password")
    assert connection.docmd("AUTH", f"{mechanism} {given}") == (504, b"5.7.4 Unrecognized authentication type")
    assert with_password(connection, "alice")[0] == 235


@pytest.mark.parametrize("mechanism", ["login", "Login"])
def test_a_mechanism_in_whatever_case(connection: smtplib.SMTP, mechanism: str) -> None:
    assert connection.docmd("AUTH", mechanism)[0] == 334
    assert connection.docmd(base64_of(f"alice@{DOMAIN}"))[0] == 334
    assert connection.docmd(base64_of("alice-password"))[0] == 235


def test_no_sign_in_without_tls(fake: Any) -> None:
    with smtplib.SMTP(fake.ready["smtp"]["host"], fake.ready["smtp"]["port"], timeout=60) as smtp:
        smtp.ehlo("printer.example")
        for mechanism in ("LOGIN", "PLAIN", "XOAUTH2"):
            assert smtp.docmd("AUTH", mechanism)[0] in (530, 538)


LAYERS = {
    "let in": ("alice", {}, {}, 235, "Authentication successful"),
    "mailbox": ("bob", {}, {}, 535, "SmtpClientAuthentication is disabled for the Mailbox."),
    "organization": ("carol", {}, {}, 535, "SmtpClientAuthentication is disabled for the Tenant."),
    "organization, on": ("carol", {"smtp_disabled": False}, {}, 235, "Authentication successful"),
    "own policy": ("frank", {}, {}, 535, "basic authentication is disabled"),
    "own policy beats the default": (
        "frank",
        {"default_authentication_policy": "Block Basic"},
        {"authentication_policy": "Allow Basic SMTP"},
        235,
        "Authentication successful",
    ),
    "default policy": (
        "alice",
        {"default_authentication_policy": "Block Basic"},
        {},
        535,
        "basic authentication is disabled",
    ),
    "security defaults": (
        "alice",
        {"security_defaults": True},
        {},
        535,
        "user is locked by your organization's security",
    ),
    "Conditional Access": ("alice", {"conditional_access": [LEGACY_BLOCKED]}, {}, 535, "did not meet the criteria"),
    "Conditional Access, report only": (
        "alice",
        {"conditional_access": [{**LEGACY_BLOCKED, "state": "enabledForReportingButNotEnforced"}]},
        {},
        235,
        "Authentication successful",
    ),
    "blocked account": ("alice", {}, {"account_enabled": False}, 535, "5.7.3 Authentication unsuccessful"),
    "no license": ("alice", {}, {"licensed": False}, 535, "5.7.3 Authentication unsuccessful"),
    "retired": ("alice", {"basic_retired": True}, {}, 550, "5.7.30 Basic authentication is not supported"),
    "unknown": ("nobody", {}, {}, 535, "5.7.139 Authentication unsuccessful, the user credentials were incorrect"),
}


@pytest.mark.parametrize(("name", "organization", "mailbox", "code", "text"), LAYERS.values(), ids=LAYERS.keys())
def test_layers(
    fake: Any,
    connection: smtplib.SMTP,
    name: str,
    organization: dict[str, Any],
    mailbox: dict[str, Any],
    code: int,
    text: str,
) -> None:
    fake.organization.patch(**organization)
    if mailbox:
        fake.mailboxes.patch(name, **mailbox)
    found = with_password(connection, name)
    assert found[0] == code
    assert text in found[1]


@pytest.mark.parametrize(
    ("first", "text"),
    [(True, "5.7.139 Authentication unsuccessful, the user credentials"), (False, "disabled for the Mailbox")],
)
def test_wrong_password_of_a_mailbox_that_is_off(fake: Any, connection: smtplib.SMTP, first: bool, text: str) -> None:
    fake.dialect.set(smtp_password_first=first)
    assert text in with_password(connection, "bob", "nonsense")[1]


@pytest.mark.parametrize(
    ("code", "text"),
    [("5.7.139", "5.7.139 Authentication unsuccessful, the user credentials were incorrect"), ("5.7.3", "5.7.3 Auth")],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_wrong_password(fake: Any, connection: smtplib.SMTP, code: str, text: str, first: bool) -> None:
    """Both answers are on record."""
    fake.dialect.set(smtp_wrong_password=code, smtp_password_first=first)
    for name in ("alice", "nobody"):
        assert with_password(connection, name, "nonsense")[1].startswith(text)


def test_login_by_smtplib(connection: smtplib.SMTP) -> None:
    assert connection.login(f"alice@{DOMAIN}", "alice-password")[0] == 235


TOKENS = {
    "let in past the policy for Basic": ("frank", "good", {}, 235, "Authentication successful"),
    "let in past security defaults": ("alice", "good", {"security_defaults": True}, 235, "Authentication successful"),
    "mailbox": ("bob", "good", {}, 535, "disabled for the Mailbox"),
    "organization": ("carol", "good", {}, 535, "disabled for the Tenant"),
    "an app without the role": ("alice", "reader", {}, 535, "5.7.3 Authentication unsuccessful"),
    "unknown": ("nobody", "good", {}, 535, "5.7.3 Authentication unsuccessful"),
}


@pytest.mark.parametrize(("name", "app", "organization", "code", "text"), TOKENS.values(), ids=TOKENS.keys())
def test_tokens(
    fake: Any, connection: smtplib.SMTP, name: str, app: str, organization: dict[str, Any], code: int, text: str
) -> None:
    fake.organization.patch(**organization)
    found = with_token(connection, name, fake.tokens.issue(app))
    assert found[0] == code
    assert text in found[1]


def test_token_of_nobody(connection: smtplib.SMTP) -> None:
    assert with_token(connection, "alice", "nonsense")[0] == 535


def test_token_without_full_access(fake: Any, connection: smtplib.SMTP) -> None:
    fake.apps.patch("good", full_access=["frank"])
    token = fake.tokens.issue()
    assert with_token(connection, "alice", token)[0] == 535
    assert with_token(connection, "frank", token)[0] == 235


def test_sending(fake: Any, connection: smtplib.SMTP) -> None:
    assert connection.mail(f"alice@{DOMAIN}") == (530, b"5.7.57 Client not authenticated to send mail.")
    with_password(connection, "alice")
    assert connection.mail(f"bob@{DOMAIN}")[0] == 550
    connection.sendmail(f"alice@{DOMAIN}", ["bob@example.com"], "Subject: Test\r\n\r\nTest\r\n")
    assert [entry["method"] for entry in fake.log.entries(endpoint="smtp")] == ["AUTH", "DATA"]


def test_whose_switch_counts_for_a_delegate(fake: Any, connection: smtplib.SMTP) -> None:
    """That of the mailbox that signs in, not that of the one in whose name it sends."""
    fake.mailboxes.patch("alice", send_as=["bob"])
    with_password(connection, "alice")
    assert fake.mailboxes.get(["bob"])[0]["state"] == "disabled"
    connection.sendmail(f"bob@{DOMAIN}", ["carol@example.com"], "Subject: Test\r\n\r\nTest\r\n")
    assert connection.mail(f"carol@{DOMAIN}")[0] == 550


def test_an_answer_on_demand(fake: Any, connection: smtplib.SMTP) -> None:
    text = "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded"
    fake.faults.add("smtp_answer", endpoint="smtp", arguments={"text": text})
    assert with_password(connection, "alice") == (432, "4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded")
    assert with_password(connection, "alice")[0] == 235


def test_dropped_connection(fake: Any, connection: smtplib.SMTP) -> None:
    fake.faults.add("drop", endpoint="smtp")
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        with_password(connection, "alice")


def test_no_password_in_the_log(fake: Any, connection: smtplib.SMTP) -> None:
    with_password(connection, "alice")
    text = repr(fake.log.entries())
    for given in ("alice-password", f"alice@{DOMAIN}"):
        assert given not in text
        assert base64_of(given)[:12] not in text
