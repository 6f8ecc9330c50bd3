# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing that is given, left empty or found in the environment switches TLS verification off; and what can't work is
said before anything is sent.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from fake_tenant.certificates import Authority
from harness.drip import DRIPS, DripServer
from harness.run import UNSET, Environment, ModuleRun, ModuleRunner, PlaybookRunner

ALICE = "alice@contoso.onmicrosoft.com"
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
NO_BUNDLE: Environment = dict.fromkeys((*BUNDLES, "M365_CA_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"), UNSET)
SOON = 20.0  # seconds for what isn't retried: five retries take 27, and the interpreter starts within the rest


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[DripServer]:
    """A server whose certificate is for another name, by a CA that nobody knows."""
    folder = tmp_path / "stranger"
    folder.mkdir()
    with DripServer(*DRIPS["body"], Authority(folder, ("other.example",)).server_context()) as server:
        yield server


def endpoints(server: DripServer) -> dict[str, str]:
    return dict.fromkeys(("login_endpoint", "exchange_endpoint", "graph_endpoint"), f"https://localhost:{server.port}")


def assert_refused(run: ModuleRun, server: DripServer) -> None:
    assert run.failed
    assert run.result["failure"]["code"] == "untrusted_certificate", run.message
    assert not any(server.requests), "something was sent"


OFF: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "an empty option": ({"ca_path": ""}, {}),
    "a blank option": ({"ca_path": "  "}, {}),
    "an option that is null": ({"ca_path": None}, {}),
    "an empty variable": ({}, {"M365_CA_PATH": ""}),
    "a blank variable": ({}, {"M365_CA_PATH": " "}),
    "both": ({"ca_path": ""}, {"M365_CA_PATH": ""}),
    "empty bundles": ({}, dict.fromkeys(BUNDLES, "")),
    "blank bundles": ({}, dict.fromkeys(BUNDLES, " ")),
    "Python's switch": ({}, {"PYTHONHTTPSVERIFY": "0"}),
    "everything": ({"ca_path": ""}, {**dict.fromkeys(BUNDLES, ""), "PYTHONHTTPSVERIFY": "0", "SSL_CERT_FILE": ""}),
}


@pytest.mark.parametrize(
    ("options", "env", "kind"),
    [(*given, "client_secret") for given in OFF.values()] + [(*OFF["an empty option"], "access_token")],
    ids=[*OFF, "an empty option, access token"],
)
def test_nothing_switches_verification_off(
    fake: FakeTenantServer,
    module: ModuleRunner,
    stranger: DripServer,
    options: dict[str, Any],
    env: dict[str, str],
    kind: str,
) -> None:
    token = {"M365_ACCESS_TOKEN": fake.tokens.issue(), "M365_CLIENT_SECRET": UNSET} if kind == "access_token" else {}
    given: dict[str, Any] = {**endpoints(stranger), **options, "state": "disabled", "mailboxes": [ALICE]}
    run = module("mailbox_smtp_auth", env={**NO_BUNDLE, **token, **env}, **given)
    assert_refused(run, stranger)
    assert run.result["requests"]["retried"] == 0


def test_nor_does_a_variable_that_is_not_set(
    fake: FakeTenantServer, playbook: PlaybookRunner, stranger: DripServer
) -> None:
    text = f"""\
- hosts: localhost
  gather_facts: false
  tasks:
    - m365ops.exchange_online.mailbox_smtp_auth:
        mailboxes: [{ALICE}]
        state: disabled
        ca_path: "{{{{ lookup('env', 'A_VARIABLE_THAT_IS_NOT_SET') }}}}"
        login_endpoint: https://localhost:{stranger.port}
        exchange_endpoint: https://localhost:{stranger.port}
"""
    run = playbook(text, env=NO_BUNDLE)
    assert run.code != 0
    assert "isn't trusted" in run.output
    assert not any(stranger.requests)


@pytest.mark.parametrize("ca_path", ["", " ", None])
def test_an_empty_option_leaves_the_word_to_the_environment(
    fake: FakeTenantServer, module: ModuleRunner, ca_path: str | None
) -> None:
    empty = {"tenant_id": "", "client_secret": " ", "auth_method": "", "cloud": "", "login_endpoint": "", "timeout": ""}
    run = module("mailbox_smtp_auth_info", mailboxes=[ALICE], ca_path=ca_path, **empty)
    assert not run.failed, run.message
    assert run.of(ALICE)["state"] == "enabled"


def test_an_empty_variable_leaves_the_word_to_the_next(fake: FakeTenantServer, module: ModuleRunner) -> None:
    secret = fake.app()["client_secret"]
    env = {"M365_CLIENT_SECRET": " ", "AZURE_CLIENT_SECRET": "", "AZURE_SECRET": f"{secret}\n", "M365_CLOUD": " "}
    run = module("mailbox_smtp_auth_info", mailboxes=[ALICE], env=env)
    assert not run.failed, run.message


def test_an_empty_limit_is_refused(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """It guards something: an empty one isn't none."""
    run = module("mailbox_smtp_auth", mailboxes=[ALICE], state="disabled", max_changes="")
    assert run.failed
    assert "max_changes" in run.message
    assert fake.log.entries() == []


# What can't work ----------------------------------------------------------------------------------------------------

HOSTLESS = "isn't the address of a proxy"
BAD_PROXIES = {
    "no host": ("http://", HOSTLESS),
    "no number": ("http://proxy:port", HOSTLESS),
    "a number too high": ("http://proxy:99999", HOSTLESS),
    "brackets": ("http://[::1", HOSTLESS),
    "a backslash": ("http:\\\\proxy:8080", HOSTLESS),
    "white space": ("http://pro xy:8080", HOSTLESS),
    "an empty label": ("http://a..b:8080", HOSTLESS),
    "a kind that isn't one": ("ftp://proxy:8080", "names a proxy of the kind ftp"),
    "SOCKS without its library": ("socks5h://127.0.0.1:1080", "PySocks"),
    "a password": ("http://someone:hunter2pass@[proxy", HOSTLESS),
}


@pytest.mark.parametrize(("address", "said"), BAD_PROXIES.values(), ids=BAD_PROXIES)
def test_a_proxy_that_cannot_be_used(fake: FakeTenantServer, module: ModuleRunner, address: str, said: str) -> None:
    name = "HTTPS_PROXY"
    others = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"), UNSET)
    begun = time.monotonic()
    run = module("mailbox_smtp_auth_info", mailboxes=[ALICE], env={**others, name: address}, verbosity=5)
    assert run.failed
    assert time.monotonic() - begun < SOON
    assert run.result["failure"]["code"] == "invalid_input"
    assert run.message.startswith(name)
    assert said in run.message
    assert "hunter2pass" not in run.stdout + run.stderr
    assert fake.log.entries() == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, "missing") for name in (*BUNDLES, "M365_CA_PATH")]
    + [("REQUESTS_CA_BUNDLE", kind) for kind in ("not a bundle", "encrypted", "a pipe")],
)
def test_a_bundle_that_is_none(
    fake: FakeTenantServer, module: ModuleRunner, tmp_path: Path, name: str, kind: str
) -> None:
    path = tmp_path / "bundle.pem"
    if kind == "not a bundle":
        path.write_text("no certificate")
    elif kind == "encrypted":
        path.write_text("$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    begun = time.monotonic()
    given = "/dev/zero" if kind == "a pipe" else str(path)
    run = module("mailbox_smtp_auth_info", mailboxes=[ALICE], env={**NO_BUNDLE, name: given})
    assert run.failed
    assert time.monotonic() - begun < SOON
    assert run.result["failure"]["code"] == "invalid_input"
    assert (name if name in BUNDLES else "ca_path") in run.message
    assert given in run.message
    said = {"missing": "doesn't exist", "not a bundle": "not a readable bundle", "encrypted": "ansible-vault"}
    assert said.get(kind, "pipe or a device") in run.message
    assert fake.log.entries() == []


def test_a_password_of_a_proxy_is_not_told(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """Not even by what the libraries say when it can't be reached."""
    others = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"), UNSET)
    env = {**others, "HTTPS_PROXY": "http://someone:hunter2%2Fpass@127.0.0.1:9"}
    run = module("mailbox_smtp_auth_info", mailboxes=[ALICE], env=env, verbosity=5, max_retries=0)
    assert run.failed
    assert "proxy" in run.message
    for form in ("hunter2%2Fpass", "hunter2/pass", "hunter2"):
        assert form not in run.stdout + run.stderr


@pytest.mark.parametrize("endpoint", ["https://a..b", "https://" + "x" * 64 + ".example", "https://host:0"])
def test_a_host_that_cannot_be_one(fake: FakeTenantServer, module: ModuleRunner, endpoint: str) -> None:
    begun = time.monotonic()
    run = module("mailbox_smtp_auth_info", mailboxes=[ALICE], exchange_endpoint=endpoint)
    assert run.failed
    assert time.monotonic() - begun < SOON
    assert run.message.startswith("exchange_endpoint has to look like")
    assert fake.log.entries() == []
