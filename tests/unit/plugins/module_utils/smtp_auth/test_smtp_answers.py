# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an answer of the submission server means: every one that is on record, and those that nobody has seen."""

from __future__ import annotations

import base64
import itertools

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth import smtp_answers
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.effective import Effective
from ansible_collections.m365ops.exchange_online.plugins.module_utils._smtp_auth.smtp_answers import (
    BASIC,
    METHODS,
    OAUTH,
    STEPS,
    Judgement,
    Met,
    compare,
    decoded_challenge,
    enhanced_code,
    judge,
    one_line,
)

SERVER = "smtp.office365.com:587"
OFF = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the"
VISIT = "Visit https://aka.ms/smtp_auth_disabled for more information."

# Answer to AUTH, kind of sign-in: result, layer, worth another try, what the reason says to do.
ANSWERS: list[tuple[int, str, str, tuple[str, str, bool, str]]] = [
    (235, "2.7.0 Authentication successful", BASIC, ("accepted", "", False, "Nothing was sent")),
    (235, "2.7.0 Authentication successful", OAUTH, ("accepted", "", False, "Nothing was sent")),
    (535, f"{OFF} Tenant. {VISIT}", BASIC, ("refused", "organization", True, "Set the mailbox to enabled")),
    (535, f"{OFF} Tenant. {VISIT}", OAUTH, ("refused", "organization", True, "Set the mailbox to enabled")),
    (535, f"{OFF} Mailbox. {VISIT}", BASIC, ("refused", "mailbox", True, "Set it to enabled")),
    (535, f"{OFF} Mailbox. {VISIT}", OAUTH, ("refused", "mailbox", True, "Set it to enabled")),
    (535, f"{OFF} Tenant. {VISIT} [AM0PR.outlook.com 2026]", BASIC, ("refused", "organization", True, "hour")),
    (
        535,
        "5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy.",
        BASIC,
        ("refused", "security_defaults", True, "Use OAuth"),
    ),
    (
        535,
        "5.7.139 Authentication unsuccessful, basic authentication is disabled.",
        BASIC,
        ("refused", "authentication_policy", True, "AllowBasicAuthSmtp"),
    ),
    (
        535,
        "5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully.",
        BASIC,
        ("refused", "conditional_access", False, "sign-in log"),
    ),
    (
        550,
        "5.7.30 Basic authentication is not supported for Client Submission.",
        BASIC,
        ("refused", "basic_retirement", False, "Use OAuth"),
    ),
    (
        535,
        "5.7.139 Authentication unsuccessful, the user credentials were incorrect.",
        BASIC,
        ("refused", "credentials", False, "once only"),
    ),
    (535, "5.7.3 Authentication unsuccessful", BASIC, ("refused", "unknown", False, "once only")),
    (535, "5.7.3 Authentication unsuccessful", OAUTH, ("refused", "unknown", True, "SMTP.SendAsApp")),
    (504, "5.7.4 Unrecognized authentication type", BASIC, ("refused", "unknown", False, "isn't one that is known")),
    (535, "", BASIC, ("refused", "unknown", False, "isn't one that is known")),
    (535, "5.7.999 Something new", BASIC, ("refused", "unknown", False, "isn't one that is known")),
    (535, "5.7.999 Something new", OAUTH, ("refused", "unknown", False, "isn't one that is known")),
    (
        432,
        "4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
        BASIC,
        ("unknown", "service", True, "three are allowed"),
    ),
    (421, "4.7.0 Too many", BASIC, ("unknown", "service", True, "busy")),
    (454, "4.7.0 Temporary authentication failure", OAUTH, ("unknown", "service", True, "busy")),
    (250, "2.0.0 OK", OAUTH, ("unknown", "connection", False, "isn't an answer to it")),
    (334, "VXNlcm5hbWU6", BASIC, ("unknown", "connection", False, "isn't an answer to it")),
]


@pytest.mark.parametrize(("code", "text", "method", "expected"), ANSWERS)
def test_answers_to_auth(code: int, text: str, method: str, expected: tuple[str, str, bool, str]) -> None:
    found = judge(Met("auth", code, text), method, SERVER)
    assert (found.result, found.layer, found.again) == expected[:3]
    assert expected[3] in found.reason


def test_a_password_that_may_be_wrong_is_never_tried_twice() -> None:
    """Whatever the answer, only one that names another reason, or is a passing one, is worth another try."""
    again = {
        text
        for code, text, method, _expected in ANSWERS
        if method == BASIC and 500 <= code < 600 and judge(Met("auth", code, text), method, SERVER).again
    }
    assert again
    assert all("disabled" in text or "security defaults" in text for text in again)


def test_a_token_that_lacks_its_permission() -> None:
    met = Met("auth", 535, "5.7.3 Authentication unsuccessful")
    found = judge(met, OAUTH, SERVER, "SMTP.SendAsApp")
    assert (found.result, found.layer, found.again) == ("refused", "credentials", False)
    assert "doesn't hold SMTP.SendAsApp" in found.reason
    off = judge(Met("auth", 535, f"{OFF} Tenant."), OAUTH, SERVER, "SMTP.SendAsApp")
    assert off.layer == "organization"


def test_a_token_that_was_challenged() -> None:
    found = judge(Met("auth", 535, "5.7.8 No", challenge="status 401"), OAUTH, SERVER)
    assert (found.result, found.layer, found.again) == ("refused", "unknown", True)


TROUBLES = list(smtp_answers._TROUBLES)


@pytest.mark.parametrize(("step", "trouble", "method"), [*itertools.product(STEPS, TROUBLES, METHODS)])
def test_where_there_is_no_answer(step: str, trouble: str, method: str) -> None:
    found = judge(Met(step, trouble=trouble, detail="some {detail}"), method, SERVER)
    assert (found.result, found.layer) == ("unknown", "connection")
    assert SERVER in found.reason
    assert found.reason.endswith(".")
    if step == "auth" and method == BASIC:
        assert not found.again, "whether the password was counted isn't known"


def test_every_trouble_is_told() -> None:
    assert {
        smtp_answers.NO_HOST,
        smtp_answers.CONNECTION_REFUSED,
        smtp_answers.UNREACHABLE,
        smtp_answers.TIMEOUT,
        smtp_answers.CLOSED,
        smtp_answers.UNTRUSTED,
        smtp_answers.NO_TLS,
        smtp_answers.NO_STARTTLS,
        smtp_answers.NO_MECHANISM,
        smtp_answers.NOT_SMTP,
        smtp_answers.TOO_LONG,
    } == set(TROUBLES)


@pytest.mark.parametrize("code", [421, 454, 550, 200, 334])
@pytest.mark.parametrize("step", ["greeting", "ehlo", "starttls"])
def test_answers_before_auth_settle_nothing(step: str, code: int) -> None:
    found = judge(Met(step, code, "5.7.3 Authentication unsuccessful"), BASIC, SERVER)
    assert found.result == "unknown"
    assert found.again is (code < 500 and code >= 400)


LINES = {
    b"5.7.3 Authentication unsuccessful": "5.7.3 Authentication unsuccessful",
    b"5.7.139 One,\n5.7.139 two": "5.7.139 One, two",
    b"5.7.139 One,\n5.7.3 two": "5.7.139 One, 5.7.3 two",
    b"": "",
    b"\n\n": "",
    b"a\tb\x00\x07c \x1b[0m": "a b c [0m",
    "gr\u00fcn \u202e\u2028x".encode(): "gr\u00fcn x",
    b"\xff\xfe": "\ufffd\ufffd",
}


@pytest.mark.parametrize(("answer", "expected"), LINES.items())
def test_an_answer_in_one_line(answer: bytes, expected: str) -> None:
    assert one_line(answer) == expected


def test_a_long_answer_is_cut() -> None:
    assert len(one_line(b"x" * 5000)) == 1000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5.7.139 No", ("5.7.139", "No")),
        ("5.7.139", ("5.7.139", "")),
        ("No 5.7.3", ("", "No 5.7.3")),
        ("5.7.1399 No", ("", "5.7.1399 No")),
        ("", ("", "")),
    ],
)
def test_enhanced_codes(text: str, expected: tuple[str, str]) -> None:
    assert enhanced_code(text) == expected


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (encoded('{"status":"400","schemes":"Bearer"}'), "status 400, schemes Bearer"),
        (encoded('{"status":400,"x":["y"],"z":null}'), "status 400"),
        (encoded("not JSON\n"), "not JSON"),
        (encoded("[1]"), "[1]"),
        (encoded("[" * 100_000), "[" * 996 + " ..."),
        ("not base64", "not base64"),
        ("", ""),
    ],
)
def test_what_is_said_of_a_token(text: str, expected: str) -> None:
    assert decoded_challenge(text) == expected


# What the sign-in found, the effective state of its kind, and whether the two disagree.
COMPARED = [
    ("accepted", "", "enabled", False),
    ("accepted", "", "disabled", True),
    ("accepted", "", "unknown", False),
    ("refused", "mailbox", "enabled", True),
    ("refused", "conditional_access", "enabled", True),
    ("refused", "mailbox", "disabled", False),
    ("refused", "mailbox", "unknown", False),
    ("refused", "credentials", "enabled", False),
    ("refused", "unknown", "enabled", False),
    ("unknown", "service", "enabled", False),
    ("unknown", "connection", "disabled", False),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("result", "layer", "state", "expected"), COMPARED)
def test_beside_the_effective_state(result: str, layer: str, state: str, expected: bool, method: str) -> None:
    other = "disabled" if state == "enabled" else "enabled"
    basic, oauth = (state, other) if method == BASIC else (other, state)
    effective = Effective(basic, oauth, "mailbox", "Why it is so.", ())
    disagrees, text = compare(Judgement(result, layer, "."), method, effective, "printer@contoso.com")
    assert disagrees is expected
    assert bool(text) is expected
    if expected:
        for part in ("printer@contoso.com", state, result, "Why it is so."):
            assert part in text
