# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every way to sign in, through the real msal and TLS; where options come from; and what isn't imported."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from fake_tenant.certificates import Authority
from harness.hooks import ImportRecorder, without_libraries
from harness.run import UNSET, Environment, ModuleRun, ModuleRunner, PlaybookRunner

ALICE = "alice@contoso.onmicrosoft.com"
EXCHANGE_SCOPE = "https://outlook.office365.com/.default"
NO_SECRET: Environment = {"M365_CLIENT_SECRET": UNSET}
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

Values = dict[str, Any]
Make = Callable[[FakeTenantServer], Values]


def credential(fake: FakeTenantServer, name: str) -> str:
    """The path of one of the fake tenant's certificates or tokens."""
    path: str = fake.ready["credentials"][name]
    return path


def text_of(fake: FakeTenantServer, name: str) -> str:
    return Path(credential(fake, name)).read_text()


def base64_of(fake: FakeTenantServer, name: str) -> str:
    """As people paste it: wrapped."""
    return base64.encodebytes(Path(credential(fake, name)).read_bytes()).decode()


def managed(fake: FakeTenantServer) -> Environment:
    """What Azure App Service sets."""
    identity = fake.ready["managed_identity"]
    return {
        "IDENTITY_ENDPOINT": identity["identity_endpoint"],
        "IDENTITY_HEADER": identity["identity_header"],
        **dict.fromkeys(("M365_CLIENT_SECRET", "M365_CLIENT_ID", "M365_TENANT_ID"), UNSET),
    }


def read_alice(run: ModuleRunner, env: Environment, **options: Any) -> ModuleRun:
    """Read one mailbox, which takes a sign-in."""
    return run("mailbox_smtp_auth_info", mailboxes=[ALICE], env=env, **options)


def assert_signed_in(fake: FakeTenantServer, run: ModuleRun, *, app: str = "good", endpoint: str = "token") -> None:
    """The mailbox was read, as ``app``, and one token served the whole task."""
    assert not run.failed, run.message
    assert run.of(ALICE)["state"] == "enabled"
    signed_in = fake.log.entries(endpoint)
    asked = [entry for entry in fake.log.entries() if entry["authorization"]]
    assert len(signed_in) == 1
    assert {entry["app"] for entry in asked} == {app}
    assert len({entry["token"] for entry in asked}) == 1
    assert len(asked) == run.result["requests"]["sent"]


SIGN_INS: dict[str, tuple[str, Make]] = {
    "client secret": ("client_secret", lambda fake: {"client_secret": fake.app()["client_secret"]}),
    "PEM": ("certificate", lambda fake: {"certificate_path": credential(fake, "registered_pem")}),
    "PEM, encrypted": (
        "certificate",
        lambda fake: {
            "certificate_path": credential(fake, "registered_pem_encrypted"),
            "certificate_passphrase": fake.ready["passphrase"],
        },
    ),
    "PEM with a passphrase that it doesn't need": (
        "certificate",
        lambda fake: {"certificate_path": credential(fake, "registered_pem"), "certificate_passphrase": "needless"},
    ),
    "PFX": ("certificate", lambda fake: {"certificate_path": credential(fake, "registered_pfx")}),
    "PFX, encrypted": (
        "certificate",
        lambda fake: {
            "certificate_path": credential(fake, "registered_pfx_encrypted"),
            "certificate_passphrase": fake.ready["passphrase"],
        },
    ),
    "PEM as text": ("certificate", lambda fake: {"certificate_content": text_of(fake, "registered_pem")}),
    "PEM as text, encrypted": (
        "certificate",
        lambda fake: {
            "certificate_content": text_of(fake, "registered_pem_encrypted"),
            "certificate_passphrase": fake.ready["passphrase"],
        },
    ),
    "PFX as text": ("certificate", lambda fake: {"certificate_content": base64_of(fake, "registered_pfx")}),
    "PFX as text, encrypted": (
        "certificate",
        lambda fake: {
            "certificate_content": base64_of(fake, "registered_pfx_encrypted"),
            "certificate_passphrase": fake.ready["passphrase"],
        },
    ),
    "federated token": ("federated", lambda fake: {"federated_token": text_of(fake, "federated_token_path")}),
    "federated token in a file": (
        "federated",
        lambda fake: {"federated_token_file": credential(fake, "federated_token_path")},
    ),
}


@pytest.mark.parametrize("make", [make for _kind, make in SIGN_INS.values()], ids=SIGN_INS)
def test_app(fake: FakeTenantServer, module: ModuleRunner, make: Make) -> None:
    assert_signed_in(fake, read_alice(module, NO_SECRET, **make(fake)))
    (form,) = (entry["form"] for entry in fake.log.entries("token"))
    assert form["grant_type"] == "client_credentials"
    assert form["scope"] == EXCHANGE_SCOPE


@pytest.mark.parametrize("method", ["auto", "managed_identity"])
@pytest.mark.parametrize("assigned", ["system", "user"])
def test_managed_identity(fake: FakeTenantServer, module: ModuleRunner, assigned: str, method: str) -> None:
    client_id = fake.app("managed_identity")["client_id"]
    options = {"client_id": client_id} if assigned == "user" else {}
    run = read_alice(module, managed(fake), auth_method=method, **options)
    assert_signed_in(fake, run, app="managed_identity", endpoint="imds")
    (entry,) = fake.log.entries("imds")
    assert ("client_id" in entry["query"]) is (assigned == "user")


def test_managed_identity_of_a_virtual_machine(fake: FakeTenantServer, module: ModuleRunner) -> None:
    host = fake.ready["managed_identity"]["pod_identity_authority_host"]
    gone = dict.fromkeys(("IDENTITY_ENDPOINT", "IDENTITY_HEADER"), UNSET)
    run = read_alice(module, {**managed(fake), **gone, "AZURE_POD_IDENTITY_AUTHORITY_HOST": host})
    assert_signed_in(fake, run, app="managed_identity", endpoint="imds")


@pytest.mark.parametrize("method", ["auto", "access_token"])
@pytest.mark.parametrize("tenant", ["given", "from the token"])
def test_access_token(fake: FakeTenantServer, module: ModuleRunner, method: str, tenant: str) -> None:
    gone = dict.fromkeys(("M365_CLIENT_SECRET", "M365_CLIENT_ID"), UNSET)
    env = gone if tenant == "given" else {**gone, "M365_TENANT_ID": UNSET}
    run = read_alice(module, env, access_token=fake.tokens.issue(), auth_method=method)
    assert not run.failed, run.message
    assert run.of(ALICE)["state"] == "enabled"
    assert fake.log.entries("token") == []


@pytest.mark.parametrize(("kind", "make"), [SIGN_INS["PEM"], SIGN_INS["federated token"]], ids=["PEM", "federated"])
def test_an_explicit_method_ignores_other_kinds(
    fake: FakeTenantServer, module: ModuleRunner, kind: str, make: Make
) -> None:
    env = {"M365_CLIENT_SECRET": "wrong", "AZURE_SECRET": "wrong", "M365_ACCESS_TOKEN": "wrong"}
    assert_signed_in(fake, read_alice(module, env, auth_method=kind, **make(fake)))


# Where options come from ------------------------------------------------------------------------------------------

WRONG = {
    "tenant_id": "99999999-9999-4999-8999-999999999999",
    "client_id": "99999999-9999-4999-8999-999999999999",
    "client_secret": "wrong",
    "certificate_path": "/nowhere/wrong.pem",
    "certificate_passphrase": "wrong",
}
FALLBACKS: dict[str, tuple[tuple[str, ...], Make]] = {
    "tenant_id": (("M365_TENANT_ID", "AZURE_TENANT_ID", "AZURE_TENANT"), lambda _fake: {}),
    "client_id": (("M365_CLIENT_ID", "AZURE_CLIENT_ID"), lambda _fake: {}),
    "client_secret": (("M365_CLIENT_SECRET", "AZURE_CLIENT_SECRET", "AZURE_SECRET"), lambda _fake: {}),
    "certificate_path": (
        ("M365_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PATH"),
        lambda fake: {"M365_CERTIFICATE_PASSPHRASE": fake.ready["passphrase"], **NO_SECRET},
    ),
    "certificate_passphrase": (
        ("M365_CERTIFICATE_PASSPHRASE", "AZURE_CLIENT_CERTIFICATE_PASSWORD"),
        lambda fake: {"M365_CERTIFICATE_PATH": credential(fake, "registered_pem_encrypted"), **NO_SECRET},
    ),
    "certificate_content": (("M365_CERTIFICATE_CONTENT",), lambda _fake: NO_SECRET),
    "federated_token": (("M365_FEDERATED_TOKEN",), lambda _fake: NO_SECRET),
    "federated_token_file": (("AZURE_FEDERATED_TOKEN_FILE",), lambda _fake: NO_SECRET),
}


def right_value(fake: FakeTenantServer, option: str) -> str:
    values = {
        "tenant_id": fake.tenants[0]["tenant_id"],
        "client_id": fake.app()["client_id"],
        "client_secret": fake.app()["client_secret"],
        "certificate_path": credential(fake, "registered_pfx_encrypted"),
        "certificate_passphrase": fake.ready["passphrase"],
        "certificate_content": text_of(fake, "registered_pem"),
        "federated_token": text_of(fake, "federated_token_path"),
        "federated_token_file": credential(fake, "federated_token_path"),
    }
    return str(values[option])


@pytest.mark.parametrize(
    ("option", "name"), [(option, name) for option, (names, _others) in FALLBACKS.items() for name in names]
)
def test_environment(fake: FakeTenantServer, module: ModuleRunner, option: str, name: str) -> None:
    """Each variable counts if those before it aren't set, whatever is in those after it."""
    names, others = FALLBACKS[option]
    later = names[names.index(name) + 1 :]
    env = {
        **others(fake),
        **dict.fromkeys(names, UNSET),
        name: right_value(fake, option),
        **dict.fromkeys(later, WRONG.get(option, "")),
    }
    assert_signed_in(fake, read_alice(module, env))


@pytest.mark.parametrize("option", ["tenant_id", "client_id", "client_secret"])
def test_an_option_wins_over_the_environment(fake: FakeTenantServer, module: ModuleRunner, option: str) -> None:
    env = dict.fromkeys(FALLBACKS[option][0], WRONG[option])
    assert_signed_in(fake, read_alice(module, env, **{option: right_value(fake, option)}))


def test_environment_of_an_access_token(fake: FakeTenantServer, module: ModuleRunner) -> None:
    env = {"M365_ACCESS_TOKEN": fake.tokens.issue(), **NO_SECRET}
    assert not read_alice(module, env).failed
    assert fake.log.entries("token") == []


def test_environment_of_the_method(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """With a kind named, a second kind's variable is no conflict."""
    env = {"M365_AUTH_METHOD": "client_secret", "M365_ACCESS_TOKEN": "another"}
    assert_signed_in(fake, read_alice(module, env))


@pytest.mark.parametrize(
    ("cloud", "host"),
    [("gcc_high", "outlook.office365.us"), ("dod", "outlook-dod.office365.us"), ("china", "partner.outlook.cn")],
)
def test_environment_of_the_cloud(fake: FakeTenantServer, module: ModuleRunner, cloud: str, host: str) -> None:
    """An endpoint of one's own moves the requests; the token is still for the cloud's service."""
    assert_signed_in(fake, read_alice(module, {"M365_CLOUD": cloud}))
    assert fake.log.entries("token")[0]["form"]["scope"] == f"https://{host}/.default"


@pytest.mark.parametrize("name", ["M365_LOGIN_ENDPOINT", "M365_EXCHANGE_ENDPOINT", "M365_GRAPH_ENDPOINT"])
def test_environment_of_an_endpoint(fake: FakeTenantServer, module: ModuleRunner, name: str) -> None:
    """The option that the variable stands for takes it: a bad one is refused by the option's name."""
    run = read_alice(module, {name: "http://localhost"})
    assert run.failed
    assert run.message.startswith(f"{name.removeprefix('M365_').lower()} has to look like https://host")
    assert fake.log.entries() == []


@pytest.mark.parametrize("form", ["initial domain", "custom domain", "upper case"])
def test_tenant(fake: FakeTenantServer, module: ModuleRunner, form: str) -> None:
    """Whatever names the tenant, Exchange is asked by its GUID."""
    tenant = fake.tenants[0]
    name = {
        "initial domain": tenant["domain"],
        "custom domain": tenant["domains"][-1],
        "upper case": tenant["tenant_id"].upper(),
    }[form]
    assert_signed_in(fake, read_alice(module, {"M365_TENANT_ID": name}))
    assert {entry["tenant"] for entry in fake.log.entries() if entry["authorization"]} == {tenant["tenant_id"]}


# Trust ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def other_ca(tmp_path: Path) -> str:
    """A bundle with a CA that didn't issue the fake tenant's certificate."""
    folder = tmp_path / "other"
    folder.mkdir()
    return str(Authority(folder, ("localhost",)).ca_path)


def test_ca_path_wins_over_other_bundles(fake: FakeTenantServer, module: ModuleRunner, other_ca: str) -> None:
    assert_signed_in(fake, read_alice(module, dict.fromkeys(BUNDLES, other_ca)))


@pytest.mark.parametrize("name", BUNDLES)
def test_other_bundles_count_without_ca_path(fake: FakeTenantServer, module: ModuleRunner, name: str) -> None:
    env = {**dict.fromkeys(BUNDLES, UNSET), "M365_CA_PATH": UNSET, name: fake.ca_path}
    assert_signed_in(fake, read_alice(module, env))


@pytest.mark.parametrize("source", ["M365_CA_PATH", *BUNDLES])
@pytest.mark.parametrize("kind", ["client_secret", "access_token"])
def test_untrusted_certificate(
    fake: FakeTenantServer, module: ModuleRunner, other_ca: str, source: str, kind: str
) -> None:
    """Neither a secret nor a token is sent to a server that isn't trusted, and it isn't tried again."""
    token = {"M365_ACCESS_TOKEN": fake.tokens.issue(), **NO_SECRET} if kind == "access_token" else {}
    env = {**dict.fromkeys(BUNDLES, UNSET), "M365_CA_PATH": UNSET, source: other_ca, **token}
    run = read_alice(module, env, deadline=20)
    assert run.failed
    assert "isn't trusted" in run.message
    assert "ca_path" in run.message
    assert run.result["requests"]["retried"] == 0
    assert fake.log.entries() == []


def test_a_netrc_file_replaces_nothing(fake: FakeTenantServer, module: ModuleRunner, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login someone password something\n")
    netrc.chmod(0o600)
    assert_signed_in(fake, read_alice(module, {"NETRC": str(netrc)}))
    assert [entry["authorization"] for entry in fake.log.entries("token")] == [False]


# Ansible ----------------------------------------------------------------------------------------------------------

MODULE_DEFAULTS = """\
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/m365ops.exchange_online.exchange_online: "{{ connection }}"
  tasks:
    - m365ops.exchange_online.mailbox_smtp_auth_info:
        mailboxes: [alice@contoso.onmicrosoft.com]
      register: reading
    - m365ops.exchange_online.mailbox_smtp_auth:
        mailbox: alice@contoso.onmicrosoft.com
        state: disabled
    - ansible.builtin.assert:
        that: reading.mailboxes[0].state == 'enabled'
"""


def test_module_defaults(fake: FakeTenantServer, playbook: PlaybookRunner) -> None:
    """The connection given once for the action group, and nothing of it in the environment."""
    known = fake.environment()
    connection = {name.removeprefix("M365_").lower(): value for name, value in known.items()}
    run = playbook(MODULE_DEFAULTS, env=dict.fromkeys(known, UNSET), connection=connection)
    assert run.code == 0, run.output
    assert fake.mailboxes.states()[ALICE] == "disabled"


# What isn't used isn't imported -----------------------------------------------------------------------------------

LIBRARIES = ("requests", "msal", "cryptography")


def test_imports_of_an_access_token(fake: FakeTenantServer, module: ModuleRunner, tmp_path: Path) -> None:
    recorder = ImportRecorder(tmp_path)
    run = read_alice(module, {**recorder.environment, **NO_SECRET}, access_token=fake.tokens.issue())
    assert not run.failed, run.message
    assert recorder.imported(LIBRARIES) == {"requests"}


def test_imports_of_a_secret(fake: FakeTenantServer, module: ModuleRunner, tmp_path: Path) -> None:
    recorder = ImportRecorder(tmp_path)
    assert_signed_in(fake, read_alice(module, recorder.environment))
    # msal may bring cryptography by itself; what is ours alone is its part that reads PFX files.
    pkcs12 = "cryptography.hazmat.primitives.serialization.pkcs12"
    assert recorder.imported([*LIBRARIES[:2], pkcs12]) == {"requests", "msal"}


@pytest.mark.parametrize("mailboxes", [[], [""]], ids=["nothing to do", "bad input"])
def test_imports_of_nothing(module: ModuleRunner, tmp_path: Path, mailboxes: list[str]) -> None:
    recorder = ImportRecorder(tmp_path)
    run = module("mailbox_smtp_auth", mailboxes=mailboxes, state="enabled", env=recorder.environment)
    assert run.failed is bool(mailboxes)
    assert recorder.imported(LIBRARIES) == set()


@pytest.mark.parametrize(
    ("library", "make"),
    [
        pytest.param("msal", SIGN_INS["client secret"][1], id="msal"),
        pytest.param("msal", SIGN_INS["federated token"][1], id="msal, federated"),
        pytest.param("requests", SIGN_INS["client secret"][1], id="requests"),
        pytest.param("cryptography", SIGN_INS["PEM"][1], id="cryptography"),
    ],
)
def test_missing_library(
    fake: FakeTenantServer, module: ModuleRunner, tmp_path: Path, library: str, make: Make
) -> None:
    run = read_alice(module, {**without_libraries(tmp_path, library), **NO_SECRET}, **make(fake))
    assert run.failed
    assert f"Failed to import the required Python library ({library})" in run.message
    assert "ansible_python_interpreter" in run.message
    assert run.result["failure"] == {
        "code": "missing_library",
        "message": run.message,
        "request_id": "",
        "option": "",
    }
    assert run.result["requests"] == {"sent": 0, "retried": 0, "throttled": 0}
    assert "Traceback" not in run.stdout + run.stderr
    assert fake.log.entries() == []


def test_an_access_token_needs_no_msal(fake: FakeTenantServer, module: ModuleRunner, tmp_path: Path) -> None:
    env = {**without_libraries(tmp_path, "msal", "cryptography"), **NO_SECRET}
    run = read_alice(module, env, access_token=fake.tokens.issue())
    assert not run.failed, run.message
