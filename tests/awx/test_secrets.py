# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every kind of sign-in through the credential type, and no secret in what AWX keeps of a job."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from fake_awx import FakeAwx, Job, Launcher
from fake_tenant import FakeTenantServer

ALICE = "alice@contoso.onmicrosoft.com"
KINDS = ["secret", "certificate", "encrypted certificate", "pfx", "federated", "token"]


def fields_of(fake: FakeTenantServer, kind: str) -> dict[str, str]:
    """What an administrator fills into the credential's form for a kind of sign-in."""
    paths, phrase = fake.ready["credentials"], fake.ready["passphrase"]
    if kind == "secret":
        return {"client_secret": fake.app()["client_secret"]}
    if kind == "certificate":
        return {"certificate": Path(paths["registered_pem"]).read_text()}
    if kind == "encrypted certificate":
        return {"certificate": Path(paths["registered_pem_encrypted"]).read_text(), "certificate_passphrase": phrase}
    if kind == "pfx":
        pfx = base64.b64encode(Path(paths["registered_pfx_encrypted"]).read_bytes()).decode()
        return {"certificate_pfx": pfx, "certificate_passphrase": phrase}
    if kind == "federated":
        return {"federated_token": Path(paths["federated_token_path"]).read_text()}
    return {"access_token": fake.tokens.issue()}


@pytest.fixture
def credential(awx: FakeAwx) -> dict[str, Any]:
    """The credential that the templates use, without a secret."""
    item = awx.store.find("credentials", "Microsoft 365")
    del item["inputs"]["client_secret"]
    return item


def kept_of(job: Job) -> str:
    """What AWX keeps or shows of a job, and the facts that a job may leave for others."""
    (cache,) = job.folder.glob("artifacts/*/fact_cache")
    facts = [path.read_text() for path in cache.iterdir()]
    variables = (job.folder / "env" / "extravars").read_text()
    return json.dumps([job.events, job.artifacts]) + job.output + variables + "".join(facts)


def leaks(text: str, fields: dict[str, str]) -> list[str]:
    """The names of secrets of which a piece stands in the text."""
    found = []
    for name, value in fields.items():
        lines = [line for line in value.splitlines() if "-----" not in line]
        pieces = [line[at : at + 30] for line in lines for at in range(0, len(line), 30)]
        telling = [piece for piece in pieces if len(piece) > 15 or piece == value]
        found += [name for piece in telling if piece in text]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_sign_in(
    plain_launcher: Launcher, fake: FakeTenantServer, credential: dict[str, Any], kind: str
) -> None:
    """Fields left empty do no harm, and those that are filled are in no event, artifact, variable or fact file."""
    fields = fields_of(fake, kind)
    empty = dict.fromkeys(("certificate", "certificate_pfx", "client_secret", "federated_token", "access_token"), "")
    credential["inputs"] = {**empty, **credential["inputs"], **fields}
    job = plain_launcher.launch(
        "SMTP AUTH: preview",
        smtp_auth_mailboxes=ALICE,
        smtp_auth_state="disabled",
        smtp_auth_reason="because",
    )
    assert job.status == "successful", job.output
    assert set(leaks(json.dumps(fields), fields)) == set(fields), "a leak would be seen"
    assert leaks(kept_of(job), fields) == []
    tokens = {f"token {number}": text.rpartition(".")[2] for number, text in enumerate(fake.state.tokens.texts)}
    assert tokens
    assert leaks(kept_of(job), tokens) == []


def test_a_sign_in_that_fails_tells_no_secret(
    plain_launcher: Launcher, fake: FakeTenantServer, credential: dict[str, Any]
) -> None:
    fields = {"client_secret": "Wr0ng~secret.of-an-app_1234567890"}
    credential["inputs"] = {**credential["inputs"], **fields}
    job = plain_launcher.launch("SMTP AUTH: audit")
    assert job.status == "failed"
    assert "AADSTS7000215" in job.output
    assert leaks(kept_of(job), fields) == []


def test_no_credential_hands_out_extra_variables(awx: FakeAwx) -> None:
    """They would stand on the page of each job."""
    kinds = awx.store.all("credential_types")
    assert len(kinds) == 4
    assert [kind["name"] for kind in kinds if kind["injectors"].get("extra_vars")] == []


def test_the_built_in_azure_credential(awx: FakeAwx, plain_launcher: Launcher, fake: FakeTenantServer) -> None:
    """AWX sets these variables for its own type "Microsoft Azure Resource Manager"."""
    template = awx.store.find("job_templates", "SMTP AUTH: audit")
    awx.store.links[template["id"], "credentials"] = []
    app, tenant = fake.app(), fake.ready["tenants"][0]["tenant_id"]
    azure = {"AZURE_CLIENT_ID": app["client_id"], "AZURE_SECRET": app["client_secret"], "AZURE_TENANT": tenant}
    azure |= {"AZURE_SUBSCRIPTION_ID": "00000000-0000-4000-8000-000000000000"}
    job = plain_launcher.run(template, {}, azure)
    assert job.status == "successful", job.output
    assert leaks(kept_of(job), {"secret": app["client_secret"]}) == []
