# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sign-in as Entra ID checks it: with real msal where it goes well, with hand-made requests where it doesn't."""

from __future__ import annotations

import base64
import time
import uuid
from pathlib import Path
from typing import Any

import jwt
import msal
import pytest
import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

SCOPE = "https://outlook.office365.com/.default"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def token_url(client: Any, tenant: str | None = None) -> str:
    return f"{client.fake.endpoint}/{tenant or client.tenant['tenant_id']}/oauth2/v2.0/token"


def ask(client: Any, tenant: str | None = None, **form: str | None) -> requests.Response:
    """A token request with a good secret, changed by `form`; None takes a field away."""
    app = client.fake.app()
    whole = {
        "grant_type": "client_credentials",
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        "scope": SCOPE,
        **form,
    }
    fields = {name: value for name, value in whole.items() if value is not None}
    return client.session.post(token_url(client, tenant), data=fields, timeout=60)


def acquire(client: Any, credential: Any, authority: str | None = None) -> dict[str, Any]:
    application = msal.ConfidentialClientApplication(
        client.fake.app()["client_id"],
        client_credential=credential,
        authority=f"{client.fake.endpoint}/{authority or client.tenant['tenant_id']}",
        instance_discovery=False,
        http_client=client.session,
    )
    return application.acquire_token_for_client([SCOPE])


def credential_of(fake: Any, kind: str) -> Any:
    app, passphrase = fake.app(), fake.ready["passphrase"]
    if kind == "secret":
        return app["client_secret"]
    if kind == "federated":
        return {"client_assertion": lambda: Path(app["federated_token_path"]).read_text()}
    if kind.startswith("pfx"):
        credential = {"private_key_pfx_path": app[f"certificate_{kind}"]}
    else:
        pem = Path(app[f"certificate_{kind}"]).read_text()
        thumbprint = load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA1()).hex()
        credential = {"private_key": pem, "thumbprint": thumbprint}
    return {**credential, "passphrase": passphrase} if kind.endswith("encrypted") else credential


@pytest.mark.parametrize("kind", ["secret", "pem", "pem_encrypted", "pfx", "pfx_encrypted", "federated"])
def test_msal_gets_a_token_that_exchange_takes(client: Any, kind: str) -> None:
    answer = acquire(client, credential_of(client.fake, kind))
    client.token = answer["access_token"]
    assert client.invoke("Get-CASMailbox", {"Identity": "alice"}).status_code == 200


def test_tenant_may_be_named_by_domain(client: Any) -> None:
    assert "access_token" in acquire(client, client.fake.app()["client_secret"], client.tenant["domain"])


def test_claims_of_the_token(client: Any) -> None:
    content = jwt.decode(ask(client).json()["access_token"], options={"verify_signature": False})
    app = client.fake.app()
    assert content["aud"] == "https://outlook.office365.com"
    assert content["tid"] == client.tenant["tenant_id"]
    assert content["appid"] == app["client_id"]
    assert content["oid"] == app["object_id"]
    assert "Exchange.ManageAsApp" in content["roles"]
    no_role = "0997a1d0-0d1d-4acb-b408-d5ca73121e90"
    assert content["wids"] == ["29232cdf-9323-42fd-ade2-1d097af3e4de", no_role]
    assert content["exp"] - content["iat"] == 3600


REFUSALS = {
    "wrong secret": ({"client_secret": "nonsense"}, 401, "invalid_client", 7000215),
    "no credential": ({"client_secret": None}, 401, "invalid_client", 7000218),
    "unknown app": ({"client_id": str(uuid.UUID(int=1))}, 400, "unauthorized_client", 700016),
    "no scope": ({"scope": None}, 400, "invalid_request", 900144),
    "scope without default": (
        {"scope": "https://outlook.office365.com/Exchange.Manage"},
        400,
        "invalid_scope",
        1002012,
    ),
    "two scopes": ({"scope": SCOPE + " openid"}, 400, "invalid_scope", 1002012),
    "unknown resource": ({"scope": "https://example.com/.default"}, 400, "invalid_resource", 500011),
    "other grant": ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
    "malformed assertion": (
        {"client_secret": None, "client_assertion": "a.b.c", "client_assertion_type": ASSERTION_TYPE},
        400,
        "invalid_request",
        50027,
    ),
    "assertion without type": ({"client_assertion": "a.b.c"}, 400, "invalid_request", 50027),
}


@pytest.mark.parametrize(("form", "status", "error", "number"), REFUSALS.values(), ids=REFUSALS.keys())
def test_refusals(client: Any, form: dict[str, str | None], status: int, error: str, number: int) -> None:
    answer = ask(client, **form)
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    assert {"trace_id", "correlation_id", "timestamp"} <= set(body)


def test_expired_secret(client: Any) -> None:
    answer = ask(client, client_secret=client.fake.app()["expired_client_secret"])
    assert answer.json()["error_codes"] == [7000222]


def test_unknown_tenant_at_both_endpoints(client: Any) -> None:
    unknown = str(uuid.UUID(int=2))
    assert ask(client, unknown).json()["error_codes"] == [90002]
    url = f"{client.fake.endpoint}/{unknown}/v2.0/.well-known/openid-configuration"
    assert client.session.get(url, timeout=60).json()["error_codes"] == [90002]


@pytest.mark.parametrize(
    "resource",
    [
        "https://outlook.office365.com",
        "https://outlook.office.com",
        "https://outlook.office365.us",
        "https://outlook-dod.office365.us",
        "https://partner.outlook.cn",
    ],
)
def test_every_cloud_has_its_resource(client: Any, resource: str) -> None:
    client.token = ask(client, scope=f"{resource}/.default").json()["access_token"]
    assert client.invoke("Get-TransportConfig").status_code == 200


def sign(client: Any, name: str = "registered", algorithm: str = "RS256", x5t: str = "x5t", **claims: Any) -> str:
    """An assertion by one of the certificates; a claim of None is left out."""
    credentials = client.fake.ready["credentials"]
    key = load_pem_private_key(Path(credentials[f"{name}_key_pem"]).read_bytes(), None)
    certificate = load_pem_x509_certificate(Path(credentials[f"{name}_certificate_pem"]).read_bytes())
    digest = certificate.fingerprint(hashes.SHA1() if x5t == "x5t" else hashes.SHA256())
    client_id, now = client.fake.app()["client_id"], int(time.time())
    content = {
        "iss": client_id,
        "sub": client_id,
        "aud": token_url(client),
        "jti": str(uuid.uuid4()),
        "nbf": now,
        "exp": now + 600,
        **claims,
    }
    content = {key: value for key, value in content.items() if value is not None}
    header = {x5t: base64.urlsafe_b64encode(digest).decode().rstrip("=")}
    return jwt.encode(content, key, algorithm=algorithm, headers=header)


def assertion_answer(client: Any, assertion: str) -> dict[str, Any]:
    form = {"client_secret": None, "client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}
    return ask(client, **form).json()


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
@pytest.mark.parametrize("x5t", ["x5t", "x5t#S256"])
def test_good_assertions(client: Any, algorithm: str, x5t: str) -> None:
    assert "access_token" in assertion_answer(client, sign(client, algorithm=algorithm, x5t=x5t))


BAD_ASSERTIONS = {
    "expired certificate": ({"name": "expired"}, 700027),
    "unregistered certificate": ({"name": "unregistered"}, 700027),
    "elliptic certificate": ({"name": "elliptic", "algorithm": "ES256"}, 700027),
    "another algorithm": ({"algorithm": "RS512"}, 700027),
    "over": ({"exp": 1_600_000_000}, 700024),
    "not yet": ({"nbf": 4_000_000_000, "exp": 4_000_000_600}, 700024),
    "wrong audience": ({"aud": "https://login.example.com/token"}, 700023),
    "wrong subject": ({"sub": "somebody"}, 700021),
    "no jti": ({"jti": None}, 50027),
    "no end": ({"exp": None}, 50027),
}


@pytest.mark.parametrize(("changes", "number"), BAD_ASSERTIONS.values(), ids=BAD_ASSERTIONS.keys())
def test_bad_assertions(client: Any, changes: dict[str, Any], number: int) -> None:
    assert assertion_answer(client, sign(client, **changes))["error_codes"] == [number]


def test_signature_by_another_key(client: Any) -> None:
    unsigned = sign(client).rpartition(".")[0]
    signature = sign(client, "unregistered").rpartition(".")[2]
    assert assertion_answer(client, f"{unsigned}.{signature}")["error_codes"] == [700027]


def test_federated_token_for_another_audience(client: Any) -> None:
    path = client.fake.ready["credentials"]["federated_token_wrong_audience_path"]
    assert assertion_answer(client, Path(path).read_text())["error_codes"] == [700213]


def test_federated_token_for_an_app_that_trusts_nobody(client: Any) -> None:
    app = client.fake.app("reader")
    token = Path(client.fake.app()["federated_token_path"]).read_text()
    form = {"client_secret": None, "client_assertion": token, "client_assertion_type": ASSERTION_TYPE}
    assert ask(client, client_id=app["client_id"], **form).json()["error_codes"] == [700213]


def test_app_service_identity_with_msal(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = client.fake.ready["managed_identity"]
    monkeypatch.setenv("IDENTITY_ENDPOINT", ready["identity_endpoint"])
    monkeypatch.setenv("IDENTITY_HEADER", ready["identity_header"])
    check_identity(client, msal.SystemAssignedManagedIdentity())


def test_virtual_machine_identity_with_msal(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET"):
        monkeypatch.delenv(name, raising=False)
    host = client.fake.ready["managed_identity"]["pod_identity_authority_host"]
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", host)
    client_id = client.fake.app("managed_identity")["client_id"]
    check_identity(client, msal.UserAssignedManagedIdentity(client_id=client_id))


def check_identity(client: Any, identity: Any) -> None:
    application = msal.ManagedIdentityClient(identity, http_client=client.session)
    answer = application.acquire_token_for_client(resource="https://outlook.office365.com")
    client.token = answer["access_token"]
    assert client.get("alice") is False
    assert client.fake.stats()["by_endpoint"]["imds"] == 1


IDENTITY_REFUSALS = {
    "app service without its header": ("/msi/token", {}, 401),
    "app service with a wrong one": ("/msi/token", {"X-IDENTITY-HEADER": "nonsense"}, 401),
    "metadata without its header": ("/metadata/identity/oauth2/token", {}, 400),
}


@pytest.mark.parametrize(("path", "headers", "status"), IDENTITY_REFUSALS.values(), ids=IDENTITY_REFUSALS.keys())
def test_identity_refusals(client: Any, path: str, headers: dict[str, str], status: int) -> None:
    base = client.fake.ready["managed_identity"]["pod_identity_authority_host"]
    query = {"api-version": "2019-08-01", "resource": "https://outlook.office365.com"}
    assert client.session.get(base + path, params=query, headers=headers, timeout=60).status_code == status


def test_no_secret_in_the_log(client: Any) -> None:
    acquire(client, client.fake.app()["client_secret"])
    assertion = sign(client)
    assertion_answer(client, assertion)
    client.get("alice")
    text = repr(client.fake.log.entries())
    assert client.token not in text
    assert client.fake.app()["client_secret"] not in text
    assert assertion not in text


# Whether a host is one of Entra ID's ---------------------------------------------------------------------------------


def discover(client: Any, **query: str) -> requests.Response:
    url = f"{client.fake.endpoint}/common/discovery/instance"
    return client.session.get(url, params={"api-version": "1.1", **query}, timeout=60)


@pytest.mark.parametrize("version", ["", "/v2.0"])
def test_this_host_is_known(client: Any, version: str) -> None:
    tenant, own = client.tenant["tenant_id"], client.fake.endpoint
    path = f"{tenant}/oauth2{version}/authorize"
    told = discover(client, authorization_endpoint=f"{own}/{path}").json()
    assert told["api-version"] == "1.1"
    assert told["tenant_discovery_endpoint"] == f"{own}/{tenant}{version}/.well-known/openid-configuration"
    (entry,) = told["metadata"]
    host = own.removeprefix("https://")
    assert entry == {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
    if version:
        assert client.session.get(told["tenant_discovery_endpoint"], timeout=60).json()["token_endpoint"]


@pytest.mark.parametrize(
    ("query", "error", "number"),
    [
        ({"authorization_endpoint": "https://login.example.com/x/oauth2/authorize"}, "invalid_instance", 50049),
        ({"authorization_endpoint": "nonsense"}, "invalid_instance", 50049),
        ({}, "invalid_request", 90014),
    ],
)
def test_another_host_is_not(client: Any, query: dict[str, str], error: str, number: int) -> None:
    answer = discover(client, **query)
    assert (answer.status_code, answer.json()["error"], answer.json()["error_codes"]) == (400, error, [number])


def test_msal_that_asks_first(client: Any) -> None:
    """The real library, with the one question that it has for Microsoft's own host answered by this one."""
    own, session = client.fake.endpoint, client.session

    class Here:
        """Leads what is meant for Microsoft's host to this one."""

        def get(self, url: str, **options: Any) -> Any:
            options.pop("allow_redirects", None)
            return session.get(url.replace("https://login.microsoftonline.com", own), timeout=60, **options)

        def post(self, url: str, **options: Any) -> Any:
            return session.post(url, timeout=60, **options)

        def close(self) -> None:
            session.close()

    app = client.fake.app()
    application = msal.ConfidentialClientApplication(
        app["client_id"],
        client_credential=app["client_secret"],
        authority=f"{own}/{client.tenant['tenant_id']}",
        instance_discovery=True,
        http_client=Here(),
    )
    assert application.acquire_token_for_client([SCOPE]).get("access_token")
    assert "/common/discovery/instance" in {entry["path"] for entry in client.fake.log.entries(endpoint="openid")}
