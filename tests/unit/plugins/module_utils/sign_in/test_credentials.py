# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which credential the options make, and what is wrong with them, found without asking anybody."""

from __future__ import annotations

import base64
import itertools
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import (
    ExpiredCredentialError,
    InputError,
    SignInError,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.messages import (
    Answer,
    Done,
    Flow,
    first_of,
    next_of,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.clouds import CLOUDS
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.credentials import (
    KINDS,
    AccessTokenCredential,
    Credential,
    choose_credential,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.msal_http import SignInHttp

TENANT = "aaaaaaaa-1111-2222-3333-444444444444"
OTHER_TENANT = "bbbbbbbb-1111-2222-3333-444444444444"
CLIENT = "cccccccc-1111-2222-3333-444444444444"
APP: dict[str, Any] = {"tenant_id": TENANT, "client_id": CLIENT}
SIGNS = ("IDENTITY_ENDPOINT", "MSI_ENDPOINT", "AZURE_POD_IDENTITY_AUTHORITY_HOST")


def jwt(**claims: Any) -> str:
    parts = ({"alg": "RS256"}, {"tid": TENANT, "exp": time.time() + 3600, **claims})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


# What makes each kind that kind, without tenant and client.
SECRETS: dict[str, dict[str, Any]] = {
    "access_token": {"access_token": jwt()},
    "certificate": {"certificate_path": "/nowhere/app.pem"},
    "federated": {"federated_token": jwt()},
    "client_secret": {"client_secret": "hunter2secret"},
}


@pytest.fixture(autouse=True)
def _no_machine_of_azure(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SIGNS:
        monkeypatch.delenv(name, raising=False)


def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The choice alone: nothing else of the credential is looked at."""
    for kind in KINDS:
        monkeypatch.setattr(kind, "check", lambda self: None)


@pytest.mark.parametrize("kind", SECRETS)
def test_auto_takes_the_one_kind_that_is_given(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    unchecked(monkeypatch)
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:1")
    assert choose_credential({**APP, **SECRETS[kind]}).kind == kind
    assert choose_credential({**APP, **SECRETS[kind], "auth_method": "auto"}).kind == kind


@pytest.mark.parametrize("options", [{"certificate_content": "text"}, {"certificate_path": "path"}])
def test_auto_knows_both_forms_of_a_certificate(options: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    unchecked(monkeypatch)
    assert choose_credential({**APP, **options}).kind == "certificate"


@pytest.mark.parametrize("options", [{"federated_token": "text"}, {"federated_token_file": "path"}])
def test_auto_knows_both_forms_of_a_federated_token(options: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    unchecked(monkeypatch)
    assert choose_credential({**APP, **options}).kind == "federated"


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations(SECRETS, 2)])
def test_auto_refuses_two_kinds_and_names_them(one: str, other: str) -> None:
    with pytest.raises(InputError) as caught:
        choose_credential({**APP, **SECRETS[one], **SECRETS[other]})
    assert one in caught.value.message
    assert other in caught.value.message
    assert "auth_method" in caught.value.message
    assert "hunter2secret" not in caught.value.message


@pytest.mark.parametrize("kind", SECRETS)
def test_a_named_kind_wins_over_what_else_is_given(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    unchecked(monkeypatch)
    everything = {key: value for secret in SECRETS.values() for key, value in secret.items()}
    assert choose_credential({**APP, **everything, "auth_method": kind}).kind == kind


@pytest.mark.parametrize("sign", SIGNS)
def test_auto_takes_the_managed_identity_where_the_machine_has_one(sign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sign, "http://127.0.0.1:1")
    assert choose_credential({}).kind == "managed_identity"
    assert choose_credential(APP).kind == "managed_identity"


def test_a_managed_identity_may_be_named_anywhere() -> None:
    assert choose_credential({"auth_method": "managed_identity"}).kind == "managed_identity"


@pytest.mark.parametrize("options", [{}, APP, {"certificate_passphrase": "x"}, {"client_secret": ""}])
def test_no_credential(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="No credential is given"):
        choose_credential(options)


@pytest.mark.parametrize("kind", ["access_token", "certificate", "federated", "client_secret"])
def test_a_named_kind_that_is_not_given(kind: str) -> None:
    with pytest.raises(InputError) as caught:
        choose_credential({**APP, "auth_method": kind})
    assert kind in caught.value.message
    assert "need" in caught.value.message


@pytest.mark.parametrize("kind", ["certificate", "federated", "client_secret"])
@pytest.mark.parametrize("gone", [("tenant_id",), ("client_id",), ("tenant_id", "client_id")])
def test_half_a_credential_names_the_other_half(kind: str, gone: tuple[str, ...]) -> None:
    options = {key: value for key, value in {**APP, **SECRETS[kind]}.items() if key not in gone}
    with pytest.raises(InputError) as caught:
        choose_credential(options)
    assert f"Sign-in by {kind} needs {' and '.join(gone)} too" in caught.value.message


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (
            {"certificate_path": "a", "certificate_content": "b"},
            ("certificate_path", "certificate_content"),
        ),
        (
            {"federated_token": "a", "federated_token_file": "b"},
            ("federated_token", "federated_token_file"),
        ),
    ],
)
def test_one_secret_in_two_forms(options: dict[str, str], named: tuple[str, str]) -> None:
    with pytest.raises(InputError, match=f"{named[0]} and {named[1]} are both given"):
        choose_credential({**APP, **options})


@pytest.mark.parametrize(
    "tenant", ["contoso.com", "contoso.onmicrosoft.com", "a-b.c.example", "xn--mnchen-3ya.example", TENANT.upper()]
)
def test_good_tenants(tenant: str) -> None:
    assert choose_credential({**APP, "tenant_id": tenant, "client_secret": "x"}).kind == "client_secret"


@pytest.mark.parametrize(
    "tenant",
    [
        "contoso",
        "common",
        "organizations",
        TENANT[:-1],
        f"{{{TENANT}}}",
        f" {TENANT}",
        f"{TENANT}\n",
        "contoso.com\n",
        "contoso..com",
        "-contoso.com",
        "contoso.com/",
        "../contoso.com",
        "contoso.com?x",
        "contoso.com#",
        "contoso com.example",
        "https://contoso.com",
        "münchen.example",
        "1.2.3.4",
        "a" * 64 + ".com",
        "a." * 130 + "com",
    ],
)
def test_malformed_tenants(tenant: str) -> None:
    with pytest.raises(InputError, match=r"tenant_id .* is malformed"):
        choose_credential({**APP, "tenant_id": tenant, "client_secret": "x"})


@pytest.mark.parametrize("client", ["my-app", CLIENT[:-1], f"{CLIENT}\n", f"{{{CLIENT}}}"])
@pytest.mark.parametrize("options", [{"client_secret": "x"}, {"auth_method": "managed_identity"}])
def test_malformed_clients(client: str, options: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"client_id .* isn't a GUID"):
        choose_credential({"tenant_id": TENANT, "client_id": client, **options})


# The ready-made access token -----------------------------------------------------------------------------------------


def ready_made(token: str, **options: Any) -> Credential:
    return choose_credential({"access_token": token, **options})


@pytest.mark.parametrize(
    ("token", "options"),
    [
        (jwt(), {}),
        (jwt(), {"tenant_id": TENANT.upper()}),
        (jwt(), {"tenant_id": "contoso.com"}),
        (jwt(tid=None), {"tenant_id": TENANT}),
        (jwt(exp=None), {}),
        ("opaque", {"tenant_id": TENANT}),
        (f" {jwt()}\n", {}),
    ],
    ids=["whole", "tenant by GUID", "tenant by domain", "no tenant", "no end", "opaque", "blanks around"],
)
def test_a_token_that_may_work(token: str, options: dict[str, Any]) -> None:
    credential = ready_made(token, **options)
    assert credential.acquire("scope", None, "login").token == token.strip()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("token", "options", "problem"),
    [
        (jwt(exp=time.time() - 1), {}, "expired at"),
        (jwt(exp=1), {}, "expired at 1970-01-01 00:00 UTC"),
        (jwt(), {"tenant_id": OTHER_TENANT}, f"is for tenant {TENANT}, tenant_id is {OTHER_TENANT}"),
        ("opaque", {}, "can't be read as a JWT"),
        ("opaque", {"tenant_id": "contoso.com"}, "give tenant_id as a GUID"),
        (f"{jwt()}\n{jwt()}", {"tenant_id": TENANT}, "white space"),
        (f"{jwt()[:40]}\r\n{jwt()[40:]}", {"tenant_id": TENANT}, "access_token holds white space, line breaks"),
        ("\n", {"tenant_id": TENANT}, "access_token is blank"),
        ("tökén", {"tenant_id": TENANT}, "other characters that no token has"),
        ("tok\x00en", {"tenant_id": TENANT}, "other characters that no token has"),
        ("$ANSIBLE_VAULT;1.1;AES256\n6162", {"tenant_id": TENANT}, "encrypted by ansible-vault"),
    ],
)
def test_a_token_that_cannot_work(token: str, options: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError) as caught:
        ready_made(token, **options)
    assert problem in caught.value.message
    assert not token.strip() or token.strip() not in caught.value.message


def test_a_ready_made_token_cannot_be_renewed() -> None:
    credential = ready_made(jwt())
    assert not credential.can_renew
    with pytest.raises(SignInError, match="get a new one"):
        credential.acquire("scope", None, "login", fresh=True)  # type: ignore[arg-type]


# The federated token -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        ("opaque", "isn't a JWT"),
        (jwt(exp=time.time() - 1), "has expired"),
        ("", "is blank"),
        ("two\nlines", "holds white space, line breaks"),
        ("a\r\nb", "holds white space, line breaks"),
        ("$ANSIBLE_VAULT;1.1;AES256\n6162\n", "encrypted by ansible-vault"),
    ],
)
@pytest.mark.parametrize("from_file", [False, True])
def test_a_federated_token_that_cannot_work(token: str, problem: str, from_file: bool, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(token)
    given = {"federated_token_file": str(path)} if from_file or not token else {"federated_token": token}
    with pytest.raises(InputError, match=problem):
        choose_credential({**APP, **given})


def test_a_token_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="missing can't be read: No such file"):
        choose_credential({**APP, "federated_token_file": str(tmp_path / "missing")})
    path = tmp_path / "binary"
    path.write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(InputError, match="binary can't be read: it isn't text"):
        choose_credential({**APP, "federated_token_file": str(path)})


def test_a_token_file_is_read_anew_for_each_sign_in(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(jwt() + "\n")
    credential: Any = choose_credential({**APP, "federated_token_file": str(path)})
    replaced = jwt(sub="replaced")
    path.write_text(replaced + "\n")
    assert credential._msal_credential(None)["client_assertion"]() == replaced


def test_every_kind_has_its_name() -> None:
    assert [kind.kind for kind in KINDS] == [
        "access_token",
        "certificate",
        "federated",
        "client_secret",
        "managed_identity",
    ]
    assert KINDS[0] is AccessTokenCredential


@pytest.mark.parametrize(("secret", "said"), [("   ", "is blank"), ("\udcff", "isn't UTF-8")])
def test_a_secret_that_cannot_be_one_is_told_before_anybody_is_asked(secret: str, said: str) -> None:
    options = {"tenant_id": TENANT, "client_id": TENANT, "client_secret": secret}
    with pytest.raises(InputError, match=said):
        choose_credential(options)


# Secrets as a file or a text area gives them -------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n"])
def test_a_line_break_after_a_secret_is_not_part_of_it(end: str) -> None:
    credential = choose_credential({**APP, "client_secret": f"hunter2secret{end}"})
    assert credential._msal_credential(None) == "hunter2secret"  # type: ignore[attr-defined]


@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", " \n", "\t"])
def test_nor_after_a_federated_token(start: str, end: str, tmp_path: Path) -> None:
    token, path = jwt(), tmp_path / "token"
    path.write_bytes(f"{start}{token}{end}".encode())
    for given in ({"federated_token": f"{start}{token}{end}"}, {"federated_token_file": str(path)}):
        credential = choose_credential({**APP, **given})
        assert credential._msal_credential(None)["client_assertion"]() == token  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        ("hunter2\nsecret", "client_secret holds more than one line"),
        ("hunter2\r\nsecret\n", "client_secret holds more than one line"),
        ("hunter2\tsecret", "client_secret holds control characters"),
        ("hunter2\x00secret", "client_secret holds control characters"),
        ("  \n", "client_secret is blank"),
        ("\udcff", "client_secret isn't UTF-8"),
        ("$ANSIBLE_VAULT;1.1;AES256\n6162\n", "client_secret is encrypted by ansible-vault"),
    ],
)
def test_a_secret_that_cannot_be_one(secret: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        choose_credential({**APP, "client_secret": secret})
    assert "hunter2" not in caught.value.message


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """Nobody may ever write into it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for option in ("certificate_path", "federated_token_file"):
        with pytest.raises(InputError, match=f"{option} .*isn't an ordinary file but a pipe or a device"):
            choose_credential({**APP, option: str(pipe)})
        with pytest.raises(InputError, match=f"{option} .*isn't an ordinary file but a pipe or a device"):
            choose_credential({**APP, option: "/dev/zero"})


@pytest.mark.parametrize("kind", [kind for kind in SECRETS if kind != "certificate"])
def test_when_a_credential_ends(kind: str) -> None:
    """A ready-made token tells it; of the others it is said why they don't."""
    options = {**APP, **SECRETS[kind]}
    credential = choose_credential(options)
    ends = credential.ends()
    if kind == "access_token":
        assert ends is not None
        assert ends.utcoffset() is not None
        opaque = choose_credential({**APP, "access_token": "opaque"})
        assert (opaque.ends(), opaque.endless) == (None, AccessTokenCredential.endless)
    else:
        assert ends is None
        assert credential.endless.endswith(".")


@pytest.mark.parametrize("kind", ["access_token", "federated"])
def test_a_credential_that_has_ended_tells_when(kind: str) -> None:
    option = "access_token" if kind == "access_token" else "federated_token"
    with pytest.raises(ExpiredCredentialError) as caught:
        choose_credential({**APP, option: jwt(exp=1_700_000_000)})
    assert (caught.value.kind, caught.value.ends, caught.value.code) == (kind, 1_700_000_000, "invalid_input")


# Where to sign in -----------------------------------------------------------------------------------------------------


class Asked:
    """What msal is given as a client: answers with where to sign in, and with a token."""

    def __init__(self, login: str) -> None:
        self.sent: list[str] = []
        self._login = login

    def send(self, flow: Flow[Answer], **_how: Any) -> Answer:
        request = first_of(flow)
        self.sent.append(f"{request.method} {request.url}")
        base = f"{self._login}/elsewhere"
        told = {"authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/token"}
        body = json.dumps({"access_token": jwt(), "expires_in": 3600} if request.method == "POST" else told).encode()
        step = next_of(flow, Answer(200, {}, body, request.url))
        assert isinstance(step, Done)
        return step.result


def signed_in(login: str, tenant: str) -> list[str]:
    """What was sent for a token of each of two services."""
    credential = choose_credential({**APP, "client_secret": "hunter2secret", "tenant_id": tenant})
    transport = Asked(login)
    http = SignInHttp(transport)  # type: ignore[arg-type]
    for service in ("outlook.office365.com", "graph.microsoft.com"):
        assert credential.acquire(f"https://{service}/.default", http, login).token.count(".") == 2
    return transport.sent


@pytest.mark.parametrize("tenant", [TENANT, "contoso.onmicrosoft.com"])
@pytest.mark.parametrize("cloud", CLOUDS)
def test_no_cloud_is_asked_where_to_sign_in(cloud: str, tenant: str) -> None:
    login = CLOUDS[cloud].login
    assert signed_in(login, tenant) == [f"POST {login}/{tenant}/oauth2/v2.0/token"] * 2


@pytest.mark.parametrize("login", ["https://proxy.example", "https://login.microsoftonline.com:8443"])
def test_a_host_of_ones_own_is_asked_before_a_secret_is_sent_there(login: str) -> None:
    assert signed_in(login, TENANT) == [
        f"GET {login}/{TENANT}/v2.0/.well-known/openid-configuration",
        *[f"POST {login}/elsewhere/token"] * 2,
    ]
