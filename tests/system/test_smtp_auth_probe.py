# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``smtp_auth_probe``: real sign-ins at the fake tenant's submission port, told as other clients meet them."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from fake_tenant.certificates import Authority
from fake_tenant.conditional_access import policy
from harness.run import UNSET, ModuleRun, ModuleRunner, PlaybookRunner
from harness.scripted_smtp import ScriptedServer

pytestmark = pytest.mark.newest_core

PROBE = "smtp_auth_probe"
DOMAIN = "contoso.onmicrosoft.com"
ALICE, BOB, CAROL, FRANK = (f"{name}@{DOMAIN}" for name in ("alice", "bob", "carol", "frank"))
PATIENCE = 60.0  # seconds
NO_APP = {"M365_TENANT_ID": UNSET, "M365_CLIENT_ID": UNSET, "M365_CLIENT_SECRET": UNSET}


def probe(module: ModuleRunner, mailbox: str, **options: Any) -> ModuleRun:
    port = module.fake.ready["smtp"]["port"]
    run = module(PROBE, **{"mailbox": mailbox, "server": "localhost", "port": port, **options})
    assert "Traceback" not in run.stdout + run.stderr
    assert run.result["changed"] is False
    return run


def password_of(mailbox: str) -> str:
    return f"{mailbox.partition('@')[0]}-password"


def said_by_curl(fake: FakeTenantServer, mailbox: str) -> str:
    """The answer to AUTH as curl shows it."""
    command = ["curl", "--silent", "--verbose", "--max-time", "30", "--ssl-reqd", "--cacert", str(fake.ca_path)]
    command += ["--login-options", "AUTH=LOGIN", "--user", f"{mailbox}:{password_of(mailbox)}"]
    command += [f"smtp://localhost:{fake.ready['smtp']['port']}"]
    seen = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE).stderr
    return next(line[2:].strip() for line in seen.splitlines() if line.startswith(("< 235", "< 5")))


LEGACY = policy("Block legacy")
# Mailbox, what is patched of the organization and of the mailbox: result, layer.
BASIC: dict[str, tuple[str, dict[str, Any], dict[str, Any], tuple[str, str]]] = {
    "let in": (ALICE, {}, {}, ("accepted", "")),
    "mailbox": (BOB, {}, {}, ("refused", "mailbox")),
    "organization": (CAROL, {}, {}, ("refused", "organization")),
    "policy": (FRANK, {}, {}, ("refused", "authentication_policy")),
    "security defaults": (ALICE, {"security_defaults": True}, {}, ("refused", "security_defaults")),
    "Conditional Access": (ALICE, {"conditional_access": [LEGACY]}, {}, ("refused", "conditional_access")),
    "retired": (ALICE, {"basic_retired": True}, {}, ("refused", "basic_retirement")),
    "blocked account": (ALICE, {}, {"account_enabled": False}, ("refused", "unknown")),
}


@pytest.mark.parametrize(("mailbox", "organization", "changes", "expected"), BASIC.values(), ids=BASIC)
def test_a_password_meets_each_layer(
    module: ModuleRunner,
    fake: FakeTenantServer,
    mailbox: str,
    organization: dict[str, Any],
    changes: dict[str, Any],
    expected: tuple[str, str],
) -> None:
    """Without an app: nothing is asked of Entra ID or Exchange. Other clients meet the same answer."""
    if organization:
        fake.organization.patch(**organization)
    if changes:
        fake.mailboxes.patch(mailbox, **changes)
    env = {**NO_APP, "M365_SMTP_PASSWORD": password_of(mailbox)}
    run = probe(module, mailbox, method="basic", env=env, verbosity=4)
    result = run.result
    assert (result["result"], result["layer"], result["tried"]) == (*expected, 1)
    assert not run.failed
    assert result["requests"] == {"sent": 0, "retried": 0, "throttled": 0}
    assert {entry["endpoint"] for entry in fake.log.entries()} == {"smtp"}
    assert [entry["method"] for entry in fake.log.entries()] == ["AUTH"]
    assert result["tls"]["issuer"] == "Fake tenant CA"
    for form in (password_of(mailbox), base64.b64encode(password_of(mailbox).encode()).decode()):
        assert form not in run.stdout + run.stderr
    if shutil.which("curl"):
        said = f"{result['code']} {result['enhanced_code']} {result['text']}"
        assert said_by_curl(fake, mailbox) == said


def test_an_app_signs_in_with_a_token_of_its_own(module: ModuleRunner, fake: FakeTenantServer) -> None:
    """And in check mode only if it is asked to; each time beside the effective state."""
    checked = probe(module, ALICE, check=True, compare=True).result
    assert (checked["result"], checked["tried"], checked["effective"]) == ("unknown", 0, None)
    assert "in_check_mode" in checked["reason"]
    assert fake.log.entries() == []

    fine = probe(module, ALICE, check=True, in_check_mode=True, compare=True, expect="accepted", wait="").result
    assert (fine["result"], fine["layer"], fine["effective"]["oauth"]) == ("accepted", "", "enabled")
    assert fine["disagrees"] is False
    assert fine["requests"]["sent"] > 0

    lacking = probe(module, ALICE, app="reader", expect="accepted")
    assert lacking.failed
    assert lacking.result["failure"]["code"] == "not_accepted"
    assert lacking.result["failure"]["option"] == "expect"
    assert lacking.result["layer"] == "credentials"
    assert "doesn't hold SMTP.SendAsApp" in lacking.message

    fake.apps.patch("good", full_access=["frank"])
    other = probe(module, ALICE, smtp_token=fake.tokens.issue(), env=NO_APP, verbosity=4)
    assert (other.result["code"], other.result["layer"]) == (535, "unknown")
    assert "Add-MailboxPermission" in other.result["reason"]
    assert not any(token in other.stdout + other.stderr for token in fake.state.tokens.texts)


def test_what_is_found_is_told_though_the_settings_say_otherwise(module: ModuleRunner, fake: FakeTenantServer) -> None:
    answer = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox."
    fake.faults.add("smtp_answer", endpoint="smtp", arguments={"text": answer})
    run = probe(module, ALICE, compare=True)
    assert (run.result["result"], run.result["effective"]["oauth"], run.result["disagrees"]) == (
        "refused",
        "enabled",
        True,
    )
    (warning,) = [text for text in map(str, run.result["warnings"]) if ALICE in text]
    assert "the effective state is enabled, and the sign-in was refused, by the layer mailbox" in warning

    blind = probe(module, ALICE, compare=True, app="no_directory_role", smtp_token=fake.tokens.issue())
    assert (blind.result["result"], blind.result["effective"], blind.failed) == ("accepted", None, False)
    assert "couldn't be read, so nothing was compared" in str(blind.result["warnings"])


def test_it_waits_until_a_change_is_seen(module: ModuleRunner, fake: FakeTenantServer) -> None:
    port = fake.ready["smtp"]["port"]
    started = module.start(PROBE, mailbox=BOB, server="localhost", port=port, wait=6, expect="accepted")
    until = time.monotonic() + PATIENCE
    while not fake.log.entries(endpoint="smtp") and time.monotonic() < until:
        time.sleep(0.05)
    fake.mailboxes.patch("bob", state="enabled")
    run = module.finish(started)
    assert (run.result["result"], run.result["tried"]) == ("accepted", 2), run.message


BAD = {
    "no address": ({"mailbox": "alice"}, "isn't a name to sign in with"),
    "two lines": ({"mailbox": f"{ALICE}\nRCPT TO:<x@example.com>"}, "', which holds a line break"),
    "white space": ({"mailbox": "a b@contoso.com"}, "mailbox is 'a b@contoso.com', which holds white space"),
    "no password": ({"method": "basic"}, "method basic needs password (or M365_SMTP_PASSWORD)"),
    "password of two lines": ({"method": "basic", "password": "one\ntwo"}, "more than one line"),
    "wait": ({"wait": -1}, "wait is -1; it has to be from 0 to 86400 seconds"),
    "port": ({"port": 0}, "port is 0"),
    "server": ({"server": "smtp.office365.com:587"}, "without a port"),
    "token for Graph": ({"smtp_token": "GRAPH"}, "is for https://graph.microsoft.com, not for Exchange"),
}


def test_bad_options_ask_nobody(module: ModuleRunner, fake: FakeTenantServer) -> None:
    graph = fake.tokens.issue(audience="https://graph.microsoft.com")
    for name, (options, expected) in BAD.items():
        given = {key: graph if value == "GRAPH" else value for key, value in options.items()}
        run = probe(module, str(given.pop("mailbox", ALICE)), **given)
        assert run.failed, name
        assert expected in run.message, name
        assert run.result["failure"]["code"] == "invalid_input"
    assert fake.log.entries() == []


def test_a_server_that_echoes_secrets_or_is_not_the_right_one(
    module: ModuleRunner, fake: FakeTenantServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    authority = Authority(tmp_path_factory.mktemp("authority"), ("localhost",))
    password = "Str4nge passw0rd & more"
    encoded = base64.b64encode(password.encode()).decode()
    script = {"AUTH": b"334 x\r\n", "line 1": b"334 x\r\n"}
    as_plain = base64.b64encode(f"\0{ALICE}\0{password}".encode()).decode()
    echo = f"535-5.7.3 no {password}\r\n535 5.7.3 nor {encoded}, {as_plain}\r\n".encode()
    with ScriptedServer({**script, "line 2": echo}, authority.server_context()) as server:
        options = {"method": "basic", "password": password, "port": server.port}
        run = probe(module, ALICE, ca_path=str(authority.ca_path), verbosity=4, **options)
        assert (run.result["code"], run.result["text"][:11]) == (535, "no ********")
        for form in (password, encoded, as_plain, as_plain[-30:]):
            assert form not in run.stdout + run.stderr
        said = len(server.lines)
        untrusted = probe(module, ALICE, expect="accepted", **options)
        assert "isn't trusted" in untrusted.message
        assert "nothing was sent to it" in untrusted.message
        assert untrusted.result["layer"] == "connection"
        assert server.lines[said:] == ["ehlo [127.0.0.1]", "STARTTLS"]


def test_the_playbook_says_the_result_last(playbook: PlaybookRunner, fake: FakeTenantServer) -> None:
    """Refused, it fails; the password comes from the environment; a check signs in nowhere."""
    name = "m365ops.exchange_online.probe"
    options = {"smtp_auth_server": "localhost", "smtp_auth_port": str(fake.ready["smtp"]["port"])}
    env = {"ANSIBLE_SHOW_CUSTOM_STATS": "1", "M365_SMTP_PASSWORD": password_of(BOB)}
    refused = playbook(name, env=env, smtp_auth_mailbox=BOB, smtp_auth_method="basic", flags=["-vvv"], **options)
    assert refused.code == 2, refused.output
    assert f"{BOB}: refused by the layer mailbox. The mailbox's own setting is disabled." in refused.output
    assert "(not_accepted)" in refused.output
    assert password_of(BOB) not in refused.output
    assert statistics_of(refused.stdout)["layer"] == "mailbox"

    accepted = playbook(name, env=env, smtp_auth_mailbox=ALICE, smtp_auth_wait="60", **options)
    assert accepted.code == 0, accepted.output
    assert (
        f"{ALICE}: accepted. The sign-in was accepted. Nothing was sent."
        in accepted.output.split("TASK [Say the result")[1]
    )
    assert "the effective state: Basic enabled, OAuth enabled" in accepted.output
    assert statistics_of(accepted.stdout)["mailbox"] == ALICE

    fake.log.clear()
    checked = playbook(name, smtp_auth_mailbox=BOB, flags=["--check"], **options)
    assert checked.code == 0, checked.output
    assert "Set smtp_auth_in_check_mode" in checked.output
    assert fake.log.entries() == []

    typo = playbook(name, smtp_auth_mailbox=ALICE, smtp_auth_expect="Any", **options)
    assert typo.code == 2
    assert "value of smtp_auth_expect must be one of: any, accepted, got: Any." in typo.output
    assert fake.log.entries() == []

    nobody = playbook(name, **options)
    assert nobody.code == 2
    assert "missing required arguments: smtp_auth_mailbox" in nobody.output


def statistics_of(output: str) -> dict[str, Any]:
    line = next(line for line in output.splitlines() if line.strip().startswith("RUN:"))
    found: dict[str, Any] = json.loads(line.split("RUN:", 1)[1])["smtp_auth_probe"]
    return found
