# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault, as a client meets it."""

from __future__ import annotations

import base64
import email.utils
import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from fake_tenant import ControlError

GET, SET, SWITCH = "Get-CASMailbox", "Set-CASMailbox", "SmtpClientAuthenticationDisabled"


def status(client: Any, arguments: dict[str, Any], **rule: Any) -> None:
    client.fake.faults.add("status", arguments=arguments, **{"endpoint": "invoke", **rule})


def read(client: Any, identity: str = "bob") -> Any:
    return client.invoke(GET, {"Identity": identity})


@pytest.mark.parametrize("number", [408, 429, 500, 502, 503, 504])
def test_status(client: Any, number: int) -> None:
    status(client, {"status": number})
    answer = read(client)
    assert answer.status_code == number
    inner = answer.json()["error"]["innererror"]["internalexception"]
    assert inner["type"].endswith("ADTransientException")
    assert read(client).status_code == 200


def test_transient_type_on_another_status(client: Any) -> None:
    status(client, {"status": 400, "type": "Microsoft.Exchange.ServerBusyException", "text": "busy"})
    answer = read(client)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["message"] == "|Microsoft.Exchange.ServerBusyException|busy"


def test_retry_after(client: Any) -> None:
    for value in (7, "date", "absurd", None):
        status(client, {"status": 429, "retry_after": value})
    found = [read(client).headers.get("Retry-After") for _dummy in range(4)]
    assert found[0] == "7"
    assert email.utils.parsedate_to_datetime(str(found[1])).timestamp() > time.time() - 1
    assert int(str(found[2])) > 1_000_000
    assert found[3] is None


@pytest.mark.parametrize(
    ("body", "start"), [("text", b"A transient"), ("html", b"<html>"), ("empty", b""), ("nul", b"\0")]
)
def test_bodies(client: Any, body: str, start: bytes) -> None:
    status(client, {"status": 503, "body": body})
    content = read(client).content
    assert content.startswith(start)
    assert bool(content) is (body != "empty")


def test_nuls_that_claim_to_be_gzip(client: Any) -> None:
    status(client, {"status": 403, "body": "nul_gzip"})
    with pytest.raises(requests.exceptions.ContentDecodingError):
        read(client)


def test_concurrency_text(client: Any) -> None:
    client.fake.faults.add("concurrency_text", endpoint="invoke")
    answer = read(client)
    assert answer.status_code == 429
    assert "maximum number of concurrent requests" in answer.text


@pytest.mark.parametrize(("when", "after"), [("before", True), ("after", None)])
def test_dropped_connection(client: Any, when: str, after: bool | None) -> None:
    client.fake.faults.add("drop", endpoint="invoke", arguments={"when": when})
    with pytest.raises(requests.exceptions.ConnectionError):
        client.set("bob", None)
    assert client.get("bob") is after
    assert client.fake.log.entries(endpoint="invoke")[0]["status"] == 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_dropped_batch(client: Any, when: str) -> None:
    client.fake.faults.add("drop", endpoint="batch_item", identity="bob", arguments={"when": when})
    items = [
        client.item(0, SET, {"Identity": "alice", SWITCH: None}),
        client.item(1, SET, {"Identity": "bob", SWITCH: None}),
    ]
    with pytest.raises(requests.exceptions.ConnectionError):
        client.batch(items)
    assert client.get("alice") is None
    assert client.get("bob") is (True if when == "before" else None)


def test_delay_past_the_timeout_of_the_client(client: Any) -> None:
    client.fake.faults.add("delay", endpoint="invoke", arguments={"seconds": 30, "when": "after"})
    body = {"CmdletInput": {"CmdletName": SET, "Parameters": {"Identity": "bob", SWITCH: None}}}
    with pytest.raises(requests.exceptions.ReadTimeout):
        client.session.post(client.url, json=body, headers=client.headers(), timeout=0.3)
    assert client.get("bob") is None


def test_held_until_the_rule_is_removed(client: Any) -> None:
    client.fake.faults.add("hold", endpoint="invoke", arguments={"when": "after"})
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(client.set, "bob", None)
        while client.fake.mailboxes.get(["bob"])[0]["state"] != "inherit":
            pass
        assert not writing.done()
        client.fake.faults.clear()
        assert writing.result().status_code == 200


def test_trickle(client: Any) -> None:
    client.fake.faults.add("trickle", endpoint="invoke", arguments={"seconds": 0.001})
    assert read(client).json()["value"][0][SWITCH] is True


def test_token_expired_midway(client: Any) -> None:
    client.fake.faults.add("expire_tokens", endpoint="invoke", skip=1)
    assert [read(client).status_code for _dummy in range(3)] == [200, 401, 401]
    client.token = client.fake.tokens.issue()
    assert read(client).status_code == 200


def test_401_without_end(client: Any) -> None:
    client.fake.faults.add("refuse_token", endpoint="invoke", times=None)
    for _dummy in range(3):
        assert read(client).status_code == 401
        client.token = client.fake.tokens.issue()


def test_claims_challenge(client: Any) -> None:
    client.fake.faults.add("claims_challenge", endpoint="invoke")
    answer = read(client)
    challenge = answer.headers["WWW-Authenticate"]
    assert answer.status_code == 401
    assert 'error="insufficient_claims"' in challenge
    claims = base64.b64decode(challenge.rpartition('claims="')[2].partition('"')[0]).decode()
    client.token = client.fake.tokens.issue()
    assert read(client).status_code == 401
    assert sign_in(client, None) == 401
    assert sign_in(client, claims) == 200
    assert sign_in(client, json.dumps({"access_token": {**json.loads(claims)["access_token"], "xms_cc": {}}})) == 200


def sign_in(client: Any, claims: str | None) -> int:
    """Status of a read with a fresh token that was asked for with these claims."""
    app = client.fake.app()
    form = {
        "grant_type": "client_credentials",
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        "scope": "https://outlook.office365.com/.default",
        **({"claims": claims} if claims else {}),
    }
    url = f"{client.fake.endpoint}/{client.tenant['tenant_id']}/oauth2/v2.0/token"
    client.token = client.session.post(url, data=form, timeout=60).json()["access_token"]
    number: int = read(client).status_code
    return number


def four_reads(client: Any) -> list[dict[str, Any]]:
    names = ("alice", "bob", "carol", "frank")
    return [client.item(number, GET, {"Identity": name}) for number, name in enumerate(names)]


@pytest.mark.parametrize(
    ("effect", "arguments", "ids"),
    [
        ("batch_reverse", {}, ["3", "2", "1", "0"]),
        ("batch_lose", {"index": 1}, ["0", "2", "3"]),
        ("batch_unknown", {}, ["0", "1", "2", "3", "unknown"]),
        ("batch_duplicate", {"index": 2}, ["0", "1", "2", "3", "2"]),
    ],
)
def test_spoiled_batches(client: Any, effect: str, arguments: dict[str, Any], ids: list[str]) -> None:
    client.fake.faults.add(effect, endpoint="batch", arguments=arguments)
    assert [item["id"] for item in client.batch(four_reads(client)).json()["responses"]] == ids


def test_429_for_one_item(client: Any) -> None:
    status(client, {"status": 429, "retry_after": 3}, endpoint="batch_item", identity="bob")
    answers = client.batch(four_reads(client)).json()["responses"]
    assert [item["status"] for item in answers] == [200, 429, 200, 200]
    assert answers[1]["headers"]["Retry-After"] == "3"


@pytest.mark.parametrize(
    ("effect", "arguments", "content"),
    [
        ("body_empty", {}, b""),
        ("body_html", {}, b"<!DOCTYPE html>"),
        ("body_text", {"text": '{"value": ['}, b'{"value": ['),
    ],
)
@pytest.mark.parametrize("endpoint", ["invoke", "batch"])
def test_spoiled_bodies(client: Any, endpoint: str, effect: str, arguments: dict[str, str], content: bytes) -> None:
    client.fake.faults.add(effect, endpoint=endpoint, arguments=arguments)
    answer = read(client) if endpoint == "invoke" else client.batch(four_reads(client))
    assert answer.status_code == 200
    assert answer.content.startswith(content)


def listing(client: Any, link: str | None = None) -> dict[str, Any]:
    body = {"CmdletInput": {"CmdletName": GET, "Parameters": {"ResultSize": "Unlimited"}}}
    found: dict[str, Any] = client.post(body, link or f"{client.url}?$select=Guid").json()
    return found


@pytest.mark.usefixtures("thousands")
def test_expired_page(client: Any) -> None:
    client.fake.faults.add("page_expired", endpoint="page")
    link = listing(client)["@odata.nextLink"]
    assert "Expired or Invalid pagination" in listing(client, link)["error"]["details"][0]["message"]
    assert len(listing(client, link)["value"]) == 1000


@pytest.mark.parametrize("endpoint", ["invoke", "page"])
@pytest.mark.usefixtures("thousands")
def test_repeated_link(client: Any, endpoint: str) -> None:
    client.fake.faults.add("link_repeat", endpoint=endpoint)
    pages = [listing(client)]
    for _dummy in range(2):
        pages.append(listing(client, pages[-1]["@odata.nextLink"]))
    same = pages[0:2] if endpoint == "invoke" else pages[1:3]
    assert same[0]["value"] == same[1]["value"]


@pytest.mark.usefixtures("thousands")
def test_link_to_a_foreign_host(client: Any) -> None:
    foreign = client.fake.ready["foreign_host"]
    client.fake.faults.add("link_foreign", endpoint="invoke", arguments={"host": foreign})
    assert listing(client)["@odata.nextLink"].startswith(f"https://{foreign}/adminapi/")


@pytest.mark.usefixtures("thousands")
def test_lost_page(client: Any) -> None:
    client.fake.faults.add("page_lost", endpoint="page")
    page = listing(client, listing(client)["@odata.nextLink"])
    assert page["value"] == []
    assert "@odata.nextLink" not in page


@pytest.mark.usefixtures("thousands")
def test_truncated_listing(client: Any) -> None:
    client.fake.faults.add("truncate", endpoint="invoke", arguments={"rows": 900})
    page = listing(client)
    assert len(page["value"]) == 900
    assert "@odata.nextLink" not in page
    assert page["@adminapi.warnings"][0].startswith("There are more results")


def test_rows(client: Any) -> None:
    client.fake.faults.add("row_without")
    client.fake.faults.add("row_other", skip=1, arguments={"mailbox": "alice"})
    client.fake.faults.add("row_value", skip=2, arguments={"property": SWITCH, "value": "True"})
    client.fake.faults.add("rows_twice", skip=3)
    rows = [read(client).json()["value"] for _dummy in range(4)]
    assert SWITCH not in rows[0][0]
    assert rows[1][0]["Name"] == "alice"
    assert rows[2][0][SWITCH] == "True"
    assert len(rows[3]) == 2


@pytest.fixture
def regional_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names below localhost lead to loopback, here and only for this test."""
    original = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **named: original("127.0.0.1", *more, **named))


@pytest.mark.usefixtures("regional_names")
@pytest.mark.usefixtures("thousands")
def test_redirect_to_a_region(client: Any) -> None:
    client.fake.faults.add("redirect", endpoint=["invoke", "page"], times=None, arguments={"region": "eur"})
    body = {"CmdletInput": {"CmdletName": GET, "Parameters": {"ResultSize": "Unlimited"}}}
    answer = client.post(body, f"{client.url}?$select=Guid")
    location = answer.headers["Location"]
    assert answer.status_code == 302
    assert location == client.url.replace("localhost", "eur.localhost") + "?$select=Guid"
    link = client.post(body, location).json()["@odata.nextLink"]
    assert link.startswith("https://eur.localhost:")
    assert client.post(body, link).status_code == 200
    assert client.fake.log.entries()[-1]["host"].startswith("eur.localhost:")


@pytest.mark.usefixtures("regional_names")
def test_a_region_takes_a_batch_made_for_the_main_host(client: Any) -> None:
    url = client.url.replace("localhost", "eur.localhost").replace("InvokeCommand", "$batch")
    answers = client.post({"requests": four_reads(client)}, url).json()["responses"]
    assert [item["status"] for item in answers] == [200] * 4


def test_redirect_to_a_foreign_host(client: Any) -> None:
    foreign = client.fake.ready["foreign_host"]
    client.fake.faults.add("redirect", endpoint="invoke", arguments={"host": foreign})
    location = read(client).headers["Location"]
    assert location == client.url.replace("localhost", "127.0.0.1")
    client.invoke(GET, {"Identity": "bob"}, Authorization=None)
    client.session.post(location, json={}, timeout=60)
    entry = client.fake.log.entries()[-1]
    assert (entry["host"], entry["authorization"]) == (foreign, False)


def test_names_for_child_processes(fake: Any) -> None:
    code = "import socket; print(socket.getaddrinfo('eur.localhost', 443)[0][4][0])"
    environment = {"PYTHONPATH": fake.ready["names_path"]}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "127.0.0.1"


def test_mailbox_deleted_after_a_read(client: Any) -> None:
    client.fake.faults.add("delete_mailbox", cmdlet=GET, identity="bob", arguments={"mailbox": "bob"})
    assert [read(client).status_code for _dummy in range(2)] == [200, 404]


def test_mailbox_deleted_before_a_write(client: Any) -> None:
    client.fake.faults.add("delete_mailbox", cmdlet=SET, arguments={"mailbox": "bob", "when": "before"})
    assert client.get("bob") is True
    assert client.set("bob", None).status_code == 404


def test_mailbox_renamed_after_reads(client: Any) -> None:
    (bob,) = client.fake.mailboxes.get(["bob"])
    arguments = {"mailbox": "bob", "address": "robert@contoso.com"}
    client.fake.faults.add("rename_mailbox", cmdlet=GET, skip=1, arguments=arguments)
    address = bob["primary_address"]
    assert [read(client, address).status_code for _dummy in range(3)] == [200, 200, 404]
    assert read(client, bob["guid"]).json()["value"][0]["PrimarySmtpAddress"] == "robert@contoso.com"


def test_somebody_else_changes_a_mailbox(client: Any) -> None:
    client.fake.faults.add("change_mailbox", cmdlet=SET, arguments={"mailbox": "bob", "state": "enabled"})
    client.set("bob", None)
    assert client.get("bob") is False


def test_reads_lag_behind_a_write(client: Any) -> None:
    client.fake.faults.add("lag", cmdlet=SET, arguments={"reads": 2})
    client.set("bob", None)
    assert [client.get("bob") for _dummy in range(3)] == [True, True, None]
    assert client.fake.mailboxes.get(["bob"])[0]["state"] == "inherit"


def test_reads_that_lag_for_ever_and_for_no_time(client: Any) -> None:
    client.fake.faults.add("lag", cmdlet=SET, identity="bob")
    client.fake.faults.add("lag", cmdlet=SET, identity="alice", arguments={"seconds": 0})
    client.set("bob", None)
    client.set("alice", None)
    assert [client.get("bob") for _dummy in range(5)] == [True] * 5
    assert client.get("alice") is None


def test_a_write_that_never_shows(client: Any) -> None:
    client.fake.faults.add("lose_write", cmdlet=SET)
    answer = client.set("bob", None)
    assert (answer.status_code, answer.json()["@adminapi.warnings"]) == (200, [])
    assert client.get("bob") is True


def test_rules_match_a_mailbox_by_any_of_its_names(client: Any) -> None:
    (bob,) = client.fake.mailboxes.get(["bob"])
    status(client, {"status": 503}, endpoint=None, identity="bob@contoso.onmicrosoft.com", times=None)
    assert read(client, bob["guid"]).status_code == 503
    assert read(client, "BOB").status_code == 503
    assert read(client, "alice").status_code == 200


def test_rules_by_tenant(client: Any) -> None:
    other = client.fake.tenants[1]
    for endpoint in ("token", "openid"):
        status(client, {"status": 503}, endpoint=endpoint, tenant=other["domain"], times=None)
    url = client.fake.endpoint + "/{}/v2.0/.well-known/openid-configuration"
    found = [client.session.get(url.format(item["tenant_id"]), timeout=60).status_code for item in client.fake.tenants]
    assert found == [200, 503]


def test_skip_and_times_are_counted(client: Any) -> None:
    status(client, {"status": 503}, skip=1, times=2)
    assert [read(client).status_code for _dummy in range(5)] == [200, 503, 503, 200, 200]
    (rule,) = client.fake.faults.list()
    assert rule["fired"] == 2
    client.fake.faults.clear(rule["id"])
    assert client.fake.faults.list() == []


def test_probability_is_drawn_from_a_seed(client: Any) -> None:
    runs = []
    for _dummy in range(2):
        client.fake.faults.clear()
        status(client, {"status": 503}, times=None, probability=0.5, seed=7)
        runs.append([read(client).status_code for _dummy in range(20)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 503}


@pytest.mark.parametrize(
    "rule",
    [
        {"effect": "nonsense"},
        {"effect": "status"},
        {"effect": "status", "arguments": {"status": 1, "nonsense": 1}},
        {"effect": "drop", "endpoint": "nonsense"},
        {"effect": "drop", "nonsense": 1},
    ],
)
def test_wrong_rules(fake: Any, rule: dict[str, Any]) -> None:
    with pytest.raises(ControlError):
        fake.faults.add(**rule)
    assert fake.faults.list() == []


# What a batch says of its items ---------------------------------------------------------------------------------------


def test_an_item_may_say_anything_after_it_was_done(client: Any) -> None:
    client.fake.faults.add("batch_change", endpoint="batch", arguments={"index": 1, "status": "2e2", "id": 1})
    items = [client.item(place, "Set-CASMailbox", {"Identity": name, SWITCH: None}) for place, name in enumerate("ab")]
    items[0]["body"]["CmdletInput"]["Parameters"]["Identity"] = "alice"
    items[1]["body"]["CmdletInput"]["Parameters"]["Identity"] = "bob"
    responses = client.batch(items).json()["responses"]
    assert [(item["id"], item["status"]) for item in responses] == [("0", 200), (1, "2e2")]
    assert client.get("bob") is None


def test_two_answers_to_one_item_may_contradict_each_other(client: Any) -> None:
    client.fake.faults.add("batch_contradict", endpoint="batch", arguments={"status": 404})
    items = [client.item(0, "Set-CASMailbox", {"Identity": "bob", SWITCH: None})]
    assert [(i["id"], i["status"]) for i in client.batch(items).json()["responses"]] == [("0", 200), ("0", 404)]


@pytest.mark.parametrize("status", [302, 304, 500])
def test_another_status_after_all_was_done(client: Any, status: int) -> None:
    client.fake.faults.add("after_status", cmdlet="Set-CASMailbox", arguments={"status": status})
    assert client.set("bob", None).status_code == status
    assert client.get("bob") is None


def test_a_command_that_wants_the_anchor_of_its_mailbox(client: Any) -> None:
    client.fake.faults.add("needs_anchor", identity="bob", times=None)
    parameters = {"Identity": "bob"}
    refused = client.invoke("Get-CASMailbox", parameters)
    assert refused.status_code == 400
    assert "CmdletProxyNotAvailableException|Cmdlet needs proxy" in refused.text
    assert client.invoke("Get-CASMailbox", {"Identity": "alice"}).status_code == 200
    anchor = "UPN:bob@contoso.onmicrosoft.com"
    assert client.invoke("Get-CASMailbox", parameters, X_AnchorMailbox=anchor).status_code == 200
    assert client.invoke("Get-CASMailbox", parameters, X_AnchorMailbox="UPN:alice@contoso.com").status_code == 400
    # A batch is routed as a whole: what its items say doesn't count.
    item = client.item(0, "Get-CASMailbox", parameters)
    item["headers"]["X-AnchorMailbox"] = anchor
    assert client.batch([item]).json()["responses"][0]["status"] == 400
    assert client.batch([item], X_AnchorMailbox=anchor).json()["responses"][0]["status"] == 200
