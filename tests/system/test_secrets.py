# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret, passphrase, key, assertion or token in any output, at any verbosity, on success or failure."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from fake_tenant import FakeTenantServer
from harness.hooks import SyslogRecorder
from harness.run import UNSET, Environment, ModuleRunner, PlaybookRunner

ALICE = "alice@contoso.onmicrosoft.com"
WRONG_SECRET = "Wr0ng~secret.of-an-app_1234567890"
WRONG_PASSPHRASE = "a passphrase that opens nothing"
HIDDEN = "********"
JWT = re.compile(r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}")
KEY_HEAD = "PRIVATE KEY-----"


def credential(fake: FakeTenantServer, name: str) -> str:
    path: str = fake.ready["credentials"][name]
    return path


def key_lines(fake: FakeTenantServer, name: str) -> list[str]:
    """The lines of a PEM that tell its key."""
    text = Path(credential(fake, name)).read_text().partition("-----END")[0]
    return [line for line in text.splitlines() if line and "-----" not in line]


def secrets_of(fake: FakeTenantServer) -> dict[str, str]:
    """Everything secret that a run may have had in its hands, by what it is."""
    known = {
        "client secret": fake.app()["client_secret"],
        "expired secret": fake.app()["expired_client_secret"],
        "wrong secret": WRONG_SECRET,
        "passphrase": fake.ready["passphrase"],
        "wrong passphrase": WRONG_PASSPHRASE,
        "federated token": Path(credential(fake, "federated_token_path")).read_text(),
        "identity header": fake.ready["managed_identity"]["identity_header"],
    }
    for name in ("registered_pem", "registered_pem_encrypted"):
        known |= {f"{name}, line {number}": line for number, line in enumerate(key_lines(fake, name), start=1)}
    pfx = base64.b64encode(Path(credential(fake, "registered_pfx")).read_bytes()).decode()
    known |= {f"PFX, part {place}": pfx[place : place + 60] for place in range(0, len(pfx) - 60, 60)}
    for kind, texts in (("token", fake.state.tokens.texts), ("assertion", fake.state.assertions)):
        for number, text in enumerate(texts, start=1):
            # The signature is what makes it worth something; a part of it is too much already.
            known |= {f"{kind} {number}": text, f"signature of {kind} {number}": text.rpartition(".")[2][:40]}
    return known


def leaks(fake: FakeTenantServer, *texts: str) -> list[str]:
    """What of the secrets stands in the texts, plain or as a form or JSON would carry it."""
    output = "\n".join(texts)
    found = [what for what, secret in secrets_of(fake).items() if any(form in output for form in forms(secret))]
    return found + [
        f"a {what}" for what, is_there in (("JWT", JWT.search(output)), ("key", KEY_HEAD in output)) if is_there
    ]


def forms(secret: str) -> set[str]:
    return {secret, quote_plus(secret), json.dumps(secret)[1:-1]}


def ways_to_sign_in(fake: FakeTenantServer) -> dict[str, tuple[dict[str, Any], str]]:
    """Options that carry a secret, and what the task's message has to say ('' where it is to succeed)."""
    pfx = Path(credential(fake, "registered_pfx_encrypted")).read_bytes()
    encrypted = Path(credential(fake, "registered_pem_encrypted")).read_text()
    no_role = fake.app("no_directory_role")
    return {
        "client secret": ({"client_secret": fake.app()["client_secret"]}, ""),
        "wrong secret": ({"client_secret": WRONG_SECRET}, "AADSTS7000215"),
        "secret in client_id": ({"client_id": WRONG_SECRET, "client_secret": "x"}, "isn't a GUID"),
        "secret in tenant_id": ({"tenant_id": WRONG_SECRET, "client_secret": "x"}, "is malformed"),
        "expired secret": ({"client_secret": fake.app()["expired_client_secret"]}, "AADSTS7000222"),
        "no directory role": (
            {"client_id": no_role["client_id"], "client_secret": no_role["client_secret"]},
            "Assign Exchange Administrator",
        ),
        "certificate, path": ({"certificate_path": credential(fake, "registered_pem")}, ""),
        "certificate, text": ({"certificate_content": Path(credential(fake, "registered_pem")).read_text()}, ""),
        "certificate, encrypted": (
            {"certificate_content": encrypted, "certificate_passphrase": fake.ready["passphrase"]},
            "",
        ),
        "certificate, PFX": (
            {
                "certificate_content": base64.b64encode(pfx).decode(),
                "certificate_passphrase": fake.ready["passphrase"],
            },
            "",
        ),
        "certificate, wrong passphrase": (
            {"certificate_content": encrypted, "certificate_passphrase": WRONG_PASSPHRASE},
            "wrong certificate_passphrase",
        ),
        "federated token": ({"federated_token": Path(credential(fake, "federated_token_path")).read_text()}, ""),
        "access token": ({"access_token": fake.tokens.issue()}, ""),
        "access token without the app role": (
            {"access_token": fake.tokens.issue("no_app_role")},
            "Exchange.ManageAsApp",
        ),
        "access token, expired": ({"access_token": fake.tokens.issue(lifetime=-60)}, "expired at"),
        "access token for Graph": (
            {"access_token": fake.tokens.issue(audience="https://graph.microsoft.com")},
            "not for Exchange",
        ),
    }


HEAD = """\
- hosts: localhost
  gather_facts: false
  tasks:
"""
TASKS = """\
    - m365ops.exchange_online.mailbox_smtp_auth: "{{{{ ways[{number}].options | combine(wish) }}}}"
      register: run
      ignore_errors: true
    - ansible.builtin.assert:
        that:
          - ways[{number}].said in (run.msg | default(''))
          - (run.failed | default(false)) is sameas ((ways[{number}].said | length) > 0)
"""


def test_modules_by_every_way(fake: FakeTenantServer, module: ModuleRunner, tmp_path: Path) -> None:
    """Module processes at the highest verbosity: both streams and the machine's log."""
    syslog = SyslogRecorder(tmp_path)
    env: Environment = {**syslog.environment, "M365_CLIENT_SECRET": UNSET}
    for name, (options, said) in ways_to_sign_in(fake).items():
        run = module("mailbox_smtp_auth_info", mailboxes=[ALICE], env=env, verbosity=5, **options)
        assert run.failed is bool(said), f"{name}: {run.message}"
        assert said in run.message, f"{name}: {run.message}"
        assert leaks(fake, run.stdout, run.stderr) == [], name
    assert "Invoked with" in syslog.text
    assert leaks(fake, syslog.text) == []
    assert len(fake.state.assertions) == 5, "of certificates and the federated token"


@pytest.mark.parametrize("flags", [["-vvvv"], ["-vvvv", "--check", "--diff"]], ids=["real", "check"])
def test_secrets_of_the_environment(
    fake: FakeTenantServer, playbook: PlaybookRunner, tmp_path: Path, flags: list[str]
) -> None:
    """The playbook of an operator who is looking for the reason of something."""
    text = f"""\
- hosts: localhost
  gather_facts: false
  tasks:
    - m365ops.exchange_online.mailbox_smtp_auth:
        mailboxes: [{ALICE}]
        state: disabled
        journal_path: {tmp_path}/journal.jsonl
"""
    log = tmp_path / "ansible.log"
    certificate = {
        "M365_CLIENT_SECRET": UNSET,
        "M365_CERTIFICATE_CONTENT": Path(credential(fake, "registered_pem_encrypted")).read_text(),
        "M365_CERTIFICATE_PASSPHRASE": fake.ready["passphrase"],
    }
    run = playbook(text, flags=flags, env={**certificate, "ANSIBLE_LOG_PATH": str(log)})
    assert run.code == 0, run.output
    assert run.recap()["changed"] == 1
    journal = "" if "--check" in flags else (tmp_path / "journal.jsonl").read_text()
    assert leaks(fake, run.output, log.read_text(), journal) == []
    assert len(fake.state.tokens.texts) == 1


@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
def test_secrets_in_a_playbook(fake: FakeTenantServer, playbook: PlaybookRunner, tmp_path: Path, check: bool) -> None:
    """Secrets as options of tasks, no_log left off, everything else turned up: screen, log and journal."""
    ways = [{"options": options, "said": said} for options, said in ways_to_sign_in(fake).values()]
    ways = ways[::3] if check else ways
    log, journal = tmp_path / "ansible.log", tmp_path / "journal.jsonl"
    run = playbook(
        HEAD + "".join(TASKS.format(number=number) for number in range(len(ways))),
        flags=["-vvvv", *(["--check", "--diff"] if check else [])],
        env={"M365_CLIENT_SECRET": UNSET, "ANSIBLE_LOG_PATH": str(log)},
        ways=ways,
        wish={"mailboxes": [ALICE, "carol"], "state": "disabled", "journal_path": str(journal)},
    )
    assert run.code == 0, run.output[-3000:]
    texts = [run.output, log.read_text(), "" if check else journal.read_text()]
    assert leaks(fake, *texts) == []


# Echoes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "body"),
    [("invoke", "json"), ("invoke", "text"), ("batch", "json"), ("batch", "text"), ("batch_item", "json")],
)
def test_a_service_that_echoes_the_token(fake: FakeTenantServer, module: ModuleRunner, place: str, body: str) -> None:
    token = fake.tokens.issue()
    text = f"The header 'Authorization: Bearer {token}' of alice isn't understood"
    arguments = {"status": 400, "type": "System.FormatException", "text": text, "body": body}
    fake.faults.add("status", endpoint=place, times=None, arguments=arguments)
    env = {"M365_CLIENT_SECRET": UNSET}
    run = module("mailbox_smtp_auth_info", mailboxes=[ALICE, "bob"], env=env, access_token=token, verbosity=5)
    assert f"The header 'Authorization: Bearer {HIDDEN}" in run.stdout
    assert leaks(fake, run.stdout, run.stderr) == []


def test_a_service_that_echoes_an_opaque_token(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """A token that doesn't look like one is hidden too, because it is known."""
    token = "opaque/token+of-somebody=="
    fake.faults.add(
        "status",
        endpoint=["invoke", "batch"],
        times=None,
        arguments={"status": 400, "type": "X", "text": f"not {token}!"},
    )
    run = module(
        "mailbox_smtp_auth", mailboxes=[ALICE], state="disabled", access_token=token, env={"M365_CLIENT_SECRET": UNSET}
    )
    assert f"not {HIDDEN}!" in run.message
    assert token not in run.stdout + run.stderr


def test_an_entra_that_echoes_the_secret(fake: FakeTenantServer, module: ModuleRunner) -> None:
    secret = fake.app()["client_secret"]
    answer = {"error": "invalid_client", "error_description": f"AADSTS7000215: Invalid secret {secret} provided."}
    arguments = {"text": json.dumps(answer), "status": 401}
    fake.faults.add("body_text", endpoint="token", times=None, arguments=arguments)
    run = module("mailbox_smtp_auth_info", mailboxes=[ALICE], verbosity=5)
    assert run.failed
    assert f"Invalid secret {HIDDEN} provided" in run.message
    assert run.result["failure"]["message"] == run.message
    assert leaks(fake, run.stdout, run.stderr) == []


def test_a_service_that_shows_a_token_of_somebody_else(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """What looks like a token is hidden although it was never ours, such as an assertion that msal made."""
    arguments = {"status": 400, "type": "X", "text": f"Unlike {fake.tokens.issue('reader')}, it fails"}
    fake.faults.add("status", endpoint=["invoke", "batch"], times=None, arguments=arguments)
    run = module("mailbox_smtp_auth_info", mailboxes=[ALICE], verbosity=5)
    assert f"Unlike {HIDDEN}, it fails" in run.message
    assert leaks(fake, run.stdout, run.stderr) == []


def test_a_reason_that_echoes_a_token_had_by_sign_in(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """Not only messages carry what the service said, and not only options are secret."""
    token = fake.tokens.issue()
    signed_in = json.dumps({"token_type": "Bearer", "expires_in": 3600, "access_token": token})
    fake.faults.add("body_text", endpoint="token", times=None, arguments={"text": signed_in})
    arguments = {"status": 403, "type": "CmdletAccessDeniedException", "text": f"No, '{token}'."}
    fake.faults.add("status", cmdlet="Get-TransportConfig", times=None, arguments=arguments)
    run = module("mailbox_smtp_auth_info", mailboxes=[ALICE], verbosity=5)
    assert not run.failed, run.message
    assert f"No, '{HIDDEN}'" in run.result["organization"]["reason"]
    assert leaks(fake, run.stdout, run.stderr) == []


def said_by_entra(text: str) -> dict[str, Any]:
    answer = {"error": "invalid_client", "error_description": f"AADSTS7000215: Invalid [{text}] provided."}
    return {"text": json.dumps(answer), "status": 401}


ENCODED: dict[str, Callable[[str], str]] = {
    "percent": lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()),
    "JSON": lambda secret: "".join(f"\\u{ord(character):04x}" for character in secret),
    "HTML": lambda secret: "".join(f"&#{ord(character)};" for character in secret),
    "Python": lambda secret: repr(secret.encode()),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64 without padding": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
    "Basic": lambda secret: base64.b64encode(f"an-app:{secret}".encode()).decode(),
    "cut off": lambda secret: secret[:-4],
}


@pytest.mark.parametrize("encode", ENCODED.values(), ids=ENCODED)
def test_a_secret_in_another_form(fake: FakeTenantServer, module: ModuleRunner, encode: Callable[[str], str]) -> None:
    shown = encode(fake.app()["client_secret"])
    fake.faults.add("body_text", endpoint="token", times=None, arguments=said_by_entra(shown))
    run = module("mailbox_smtp_auth_info", mailboxes=[ALICE], verbosity=5)
    assert run.failed
    assert "Invalid [" in run.message
    assert HIDDEN in run.message
    assert json.dumps(shown)[1:-1] not in run.stdout
    assert shown not in run.stdout + run.stderr
    assert leaks(fake, run.stdout, run.stderr) == []


@pytest.mark.parametrize("encode", ENCODED.values(), ids=ENCODED)
def test_a_mailbox_that_shows_a_secret(
    fake: FakeTenantServer, module: ModuleRunner, encode: Callable[[str], str]
) -> None:
    """In its name: the result, the difference and the warnings tell names."""
    shown = encode(fake.app()["client_secret"])
    fake.mailboxes.patch(ALICE, display_name=f"I am [{shown}]")
    options = {"mailboxes": [ALICE, "bob"], "state": "disabled"}
    run = module("mailbox_smtp_auth", check=True, diff=True, verbosity=5, **options)
    assert not run.failed, run.message
    assert shown not in run.stdout + run.stderr
    assert json.dumps(shown)[1:-1] not in run.stdout
    assert run.of(ALICE)["display_name"].startswith("I am [")
    assert HIDDEN in run.of(ALICE)["display_name"]
    assert run.of("bob")["display_name"] == fake.mailboxes.get(["bob"])[0]["display_name"]


def test_the_signature_of_a_token_alone(fake: FakeTenantServer, module: ModuleRunner) -> None:
    token = fake.tokens.issue()
    signature = token.rpartition(".")[2]
    arguments = {"status": 400, "type": "X", "text": f"The signature {signature} is wrong"}
    fake.faults.add("status", endpoint=["invoke", "batch"], times=None, arguments=arguments)
    env = {"M365_CLIENT_SECRET": UNSET}
    run = module("mailbox_smtp_auth_info", mailboxes=[ALICE], env=env, access_token=token, verbosity=5)
    assert f"The signature {HIDDEN} is wrong" in run.message
    assert leaks(fake, run.stdout, run.stderr) == []


@pytest.mark.parametrize("verbosity", [0, 5])
@pytest.mark.parametrize("status", [200, 400])
def test_the_libraries_tell_nothing(fake: FakeTenantServer, module: ModuleRunner, verbosity: int, status: int) -> None:
    """msal logs an answer that isn't JSON, and Python prints what nobody listens to."""
    text = "access_token=an-opaque-token-of-somebody-else&expires_in=3600"
    fake.faults.add("body_text", endpoint="token", times=None, arguments={"text": text, "status": status})
    run = module("mailbox_smtp_auth_info", mailboxes=[ALICE], verbosity=verbosity)
    assert run.failed
    assert run.result["failure"]["code"] == "sign_in_failed"
    assert "an-opaque-token" not in run.stdout + run.stderr
    assert run.stderr == ""
