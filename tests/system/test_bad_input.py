# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input: a message that names culprit and remedy; no request where the input alone tells; nothing written."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from fake_tenant import FakeTenantServer
from harness.run import UNSET, Environment, ModuleRun, ModuleRunner, PlaybookRunner

pytestmark = pytest.mark.newest_core

DOMAIN = "contoso.onmicrosoft.com"
ALICE, BOB, CAROL = (f"{name}@{DOMAIN}" for name in ("alice", "bob", "carol"))
NO_SECRET: Environment = {"M365_CLIENT_SECRET": UNSET}
WRONG_GUID = "99999999-9999-4999-8999-999999999999"

Make = Callable[[FakeTenantServer], dict[str, Any]]


def close(run: ModuleRunner, *, mailboxes: list[Any] | None = None, **options: Any) -> ModuleRun:
    """A run that would change alice and carol if nothing were wrong."""
    return run(
        "mailbox_smtp_auth", mailboxes=[ALICE, CAROL] if mailboxes is None else mailboxes, state="disabled", **options
    )


@pytest.fixture
def untouched(fake: FakeTenantServer) -> Any:
    """After the test every mailbox is as it was before."""
    before = fake.mailboxes.states()
    yield
    assert fake.mailboxes.states() == before
    assert fake.log.entries(cmdlet="Set-CASMailbox") == []


def assert_said(run: ModuleRun, *parts: str, code: str = "") -> None:
    """Failed, with all of this in the message, for people and machines alike, and without a traceback."""
    assert run.failed
    for part in parts:
        assert part in run.message, run.message
    assert run.result["failure"]["message"] == run.message
    if code:
        assert run.result["failure"]["code"] == code
    assert run.result["changed"] is False
    assert "Traceback" not in run.stdout + run.stderr
    assert "Internal error" not in run.message


def assert_nothing_asked(fake: FakeTenantServer, run: ModuleRun) -> None:
    assert run.result["requests"] == {"sent": 0, "retried": 0, "throttled": 0}
    assert fake.log.entries() == []


# The list ---------------------------------------------------------------------------------------------------------

ENTRIES: dict[str, tuple[Any, str]] = {
    "empty": ("", "is blank"),
    "white space": (" \t ", "is blank"),
    "null": (None, "is blank"),
    "line break": (f"{BOB}\n{CAROL}", "holds a line break"),
    "line break at the end": (f"{BOB}\n", "holds a line break"),
    "carriage return": (f"{BOB}\r", "holds a line break"),
    "tab": (f"bob\t@{DOMAIN}", "invisible character U+0009"),
    "bell": (f"bob\x07@{DOMAIN}", "invisible character U+0007"),
    "NUL": (f"bob\x00@{DOMAIN}", "invisible character U+0000"),
    "delete": (f"bob\x7f@{DOMAIN}", "invisible character U+007F"),
    "zero width": (f"bob\u200b@{DOMAIN}", "invisible character U+200B"),
    "byte order mark": (f"\ufeff{BOB}", "invisible character U+FEFF"),
    "right to left": (f"bob\u202e@{DOMAIN}", "invisible character U+202E"),
    "line separator": (f"bob\u2028@{DOMAIN}", "invisible character U+2028"),
    "space before": (f" {BOB}", "holds white space"),
    "space inside": ("Bob Brown", "holds white space"),
    "no-break space": (f"{BOB}\u00a0", "holds white space"),
    "wildcard": ("*", "neither an address, an alias nor a GUID"),
    "wildcard address": (f"*@{DOMAIN}", "is not an address"),
    "prefix": (f"smtp:{BOB}", "is not an address"),
    "display name": (f"<{BOB}>", "is not an address"),
    "two in one": (f"{BOB};{CAROL}", "is not an address"),
    "no name": (f"@{DOMAIN}", "is not an address"),
    "no domain": ("bob@", "is not an address"),
    "half a domain": ("bob@contoso", "is not an address"),
    "two at signs": (f"bob@{BOB}", "is not an address"),
    "two dots": (f"bob..brown@{DOMAIN}", "is not an address"),
    "too long": ("b" * 320 + f"@{DOMAIN}", "characters long"),
    "short GUID": ("5f1c0a5e-8d3b-4f0e-9a55-0b4d8f1c2a7", "malformed GUID"),
    "GUID in braces": ("{5f1c0a5e-8d3b-4f0e-9a55-0b4d8f1c2a77}", "malformed GUID"),
    "GUID without dashes": ("5f1c0a5e8d3b4f0e9a550b4d8f1c2a77", "malformed GUID"),
    "empty GUID": ("00000000-0000-0000-0000-000000000000", "is the empty GUID"),
    "same twice": (ALICE, "is the same as entry 1"),
    "same twice, other case": (ALICE.upper(), "is the same as entry 1"),
}


CHUNK = 9  # a message names ten at most


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("first", range(0, len(ENTRIES), CHUNK))
def test_entries(fake: FakeTenantServer, module: ModuleRunner, first: int) -> None:
    """Each by its position, with what is wrong with it; the good ones before and after aren't named."""
    chunk = list(ENTRIES.values())[first : first + CHUNK]
    run = close(module, mailboxes=[ALICE, *(entry for entry, _problem in chunk), CAROL])
    assert_said(run, "nothing was asked or written", code="invalid_input")
    problems = re.split("; (?=entry )", run.message.partition(": ")[2])
    assert len(problems) == len(chunk)
    for position, ((_entry, problem), said) in enumerate(zip(chunk, problems, strict=True), start=2):
        assert said.startswith(f"entry {position} ")
        assert problem in said
    requested = len(chunk) + 2
    assert run.result["summary"] == {
        "requested": requested,
        "changed": 0,
        "unchanged": 0,
        "missing": 0,
        "failed": requested,
    }
    assert_nothing_asked(fake, run)


@pytest.mark.parametrize("entry", ["", None, f"{BOB}\n", ALICE.upper()])
def test_entry_of_the_info_module(fake: FakeTenantServer, module: ModuleRunner, entry: Any) -> None:
    run = module("mailbox_smtp_auth_info", mailboxes=[ALICE, entry])
    assert_said(run, "entry 2 ", code="invalid_input")
    assert_nothing_asked(fake, run)


@pytest.mark.usefixtures("untouched")
def test_every_bad_entry_is_named(fake: FakeTenantServer, module: ModuleRunner) -> None:
    run = close(module, mailboxes=["", ALICE, "*", BOB, ALICE.title(), None])
    assert_said(run, "entry 1 ", "entry 3 (*)", f"entry 5 ({ALICE.title()}) is the same as entry 2", "entry 6 ")
    assert_nothing_asked(fake, run)


def test_many_bad_entries_are_counted(fake: FakeTenantServer, module: ModuleRunner) -> None:
    run = close(module, mailboxes=[""] * 1200)
    assert_said(run, "entry 10 ", "and 1,190 more")
    assert len(run.message) < 2000
    assert_nothing_asked(fake, run)


NULL_PLAYBOOK = f"""\
- hosts: localhost
  gather_facts: false
  tasks:
    - m365ops.exchange_online.mailbox_smtp_auth:
        mailboxes:
          - {ALICE}
          - "{{{{ entry }}}}"
        state: disabled
"""


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("entry", [None, ""], ids=["null", "empty"])
def test_entry_by_a_variable(fake: FakeTenantServer, playbook: PlaybookRunner, entry: Any) -> None:
    """What a null becomes on its way to the module differs between versions of Ansible; the outcome doesn't."""
    run = playbook(NULL_PLAYBOOK, entry=entry)
    assert run.code == 2
    assert "entry 2 is blank" in run.output
    assert fake.log.entries() == []


NO_TEXTS: dict[str, tuple[Any, str]] = {
    "number": (83, "number, not a text: put it in quotes"),
    "fraction": (0.5, "number"),
    "boolean": (True, "boolean, not a text: put it in quotes"),
    "list": ([BOB], "list, not a text"),
    "mapping": ({"mailbox": BOB}, "mapping, not a text"),
}


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(("entry", "said"), NO_TEXTS.values(), ids=NO_TEXTS)
def test_an_entry_that_is_no_text(fake: FakeTenantServer, module: ModuleRunner, entry: Any, said: str) -> None:
    """Ansible would make a text of it: of the alias 0123, which YAML takes for an octal number, 83."""
    for option in ("mailboxes", "mailbox"):
        for run in (
            module("mailbox_smtp_auth", **{option: [ALICE, entry]}, state="disabled"),
            module("mailbox_smtp_auth_info", **{option: [ALICE, entry]}),
        ):
            assert_said(run, f"entry 2 is a {said}", code="invalid_input")
            assert_nothing_asked(fake, run)
    run = module("smtp_auth_baseline", exceptions=[{"mailbox": entry, "state": "enabled"}])
    assert_said(run, f"exception 1 can't be used: its mailbox is a {said}", code="invalid_input")
    assert_nothing_asked(fake, run)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("value", [83, 0.5, True])
def test_a_list_that_is_one_number(fake: FakeTenantServer, module: ModuleRunner, value: Any) -> None:
    run = module("mailbox_smtp_auth", mailbox=value, state="disabled")
    assert_said(run, "entry 1 is a ", "put it in quotes", code="invalid_input")
    assert_nothing_asked(fake, run)


OCTAL_PLAYBOOKS = {
    "written": "mailboxes: [0123]",
    "by the alias": "mailbox: 0123",
    "by a variable": "mailboxes: '{{ names }}'",
}


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("options", OCTAL_PLAYBOOKS.values(), ids=OCTAL_PLAYBOOKS)
def test_an_octal_number_in_a_playbook(fake: FakeTenantServer, playbook: PlaybookRunner, options: str) -> None:
    run = playbook(
        "- hosts: localhost\n  gather_facts: false\n  vars: {names: [0123]}\n  tasks:\n"
        f"    - m365ops.exchange_online.mailbox_smtp_auth:\n        state: disabled\n        {options}\n"
    )
    assert run.code == 2
    assert "entry 1 is a number, not a text: put it in quotes" in run.output
    assert fake.log.entries() == []


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("name", ["disable", "audit"])
def test_a_number_in_the_list_of_a_playbook(fake: FakeTenantServer, playbook: PlaybookRunner, name: str) -> None:
    run = playbook(f"m365ops.exchange_online.{name}", flags=["-e", "{smtp_auth_mailboxes: [0123]}"])
    assert run.code == 2
    assert "entry 1 is a number, not a text: put it in quotes" in run.output
    assert fake.log.entries() == []


# Mailboxes that only the service can tell of ----------------------------------------------------------------------


@pytest.fixture(params=["few", "many"])
def company(request: pytest.FixtureRequest) -> list[str]:
    """Other mailboxes in the list: none (look-ups) or so many that the listing is read."""
    return [] if request.param == "few" else [f"user{number:05d}@{DOMAIN}" for number in range(1, 1301)]


@pytest.fixture
def crowd_untouched(crowd: FakeTenantServer) -> Any:
    before = crowd.mailboxes.states()
    yield
    assert crowd.mailboxes.states() == before
    assert crowd.log.entries(cmdlet="Set-CASMailbox") == []


@pytest.mark.usefixtures("crowd_untouched")
def test_unknown_mailboxes(crowd_module: ModuleRunner, company: list[str]) -> None:
    run = close(crowd_module, mailboxes=[ALICE, f"nobody@{DOMAIN}", *company, "noone"])
    assert_said(run, f"nobody@{DOMAIN}", "noone", "2 mailboxes were not found", "Correct the list", code="not_found")
    assert "Nothing was written" in run.message
    assert run.result["summary"]["missing"] == 2
    assert run.of("noone")["error"]["code"] == "not_found"
    assert run.of(f"nobody@{DOMAIN}")["error"]["request_id"]


@pytest.mark.usefixtures("crowd_untouched")
def test_ambiguous_mailbox(crowd_module: ModuleRunner, company: list[str]) -> None:
    run = close(crowd_module, mailboxes=[ALICE, *company, "reception"])
    assert_said(run, "Nothing was written", "reception", "use its primary address or GUID", code="ambiguous")
    assert run.of("reception")["error"]["code"] == "ambiguous"


PAIRS = {
    "primary and secondary": ("dave@contoso.com", f"dave@{DOMAIN}"),
    "address and alias": (ALICE, "alice"),
    "UPN and primary": (f"erin.maiden@{DOMAIN}", "erin.married@contoso.com"),
    "address and GUID": (ALICE, "GUID of alice"),
    "address and ExchangeGuid": (ALICE, "mailbox id of alice"),
    "GUID and ExternalDirectoryObjectId": ("GUID of alice", "object id of alice"),
}


@pytest.mark.usefixtures("crowd_untouched")
@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_two_names_of_one_mailbox(crowd: FakeTenantServer, crowd_module: ModuleRunner, pair: tuple[str, str]) -> None:
    (alice,) = crowd.mailboxes.get([ALICE])
    ids = {
        "GUID of alice": alice["guid"],
        "object id of alice": alice["object_id"],
        "mailbox id of alice": alice["exchange_guid"],
    }
    first, second = (ids.get(name, name) for name in pair)
    run = close(crowd_module, mailboxes=[first, CAROL, second])
    assert_said(
        run, "Nothing was written", f"entry 1 ({first}) and entry 3 ({second})", "Keep one name", code="duplicate"
    )


@pytest.mark.usefixtures("crowd_untouched")
def test_two_names_of_one_mailbox_among_many(crowd_module: ModuleRunner, company: list[str]) -> None:
    run = close(crowd_module, mailboxes=["dave@contoso.com", *company, f"dave@{DOMAIN}"])
    assert_said(run, "entry 1 (dave@contoso.com)", f"entry {len(company) + 2} (dave@{DOMAIN})", code="duplicate")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("most", [0, 1])
def test_max_changes(module: ModuleRunner, most: int, check: bool) -> None:
    run = close(module, max_changes=most, check=check)
    assert_said(
        run, f"max_changes={most}", "changes 2 of 2 mailboxes", ALICE, CAROL, "nothing was written", code="max_changes"
    )


# The connection ---------------------------------------------------------------------------------------------------


def path_of(fake: FakeTenantServer, name: str) -> str:
    path: str = fake.ready["credentials"][name]
    return path


def text_of(fake: FakeTenantServer, name: str) -> str:
    return Path(path_of(fake, name)).read_text()


def certificate(name: str, passphrase: str = "") -> Make:
    """Sign-in by one of the fake tenant's certificate files."""
    return lambda fake: {
        "certificate_path": path_of(fake, name),
        **({"certificate_passphrase": passphrase} if passphrase else {}),
    }


def content(*names: str) -> Make:
    """Sign-in by the texts of these files in one."""
    return lambda fake: {"certificate_content": "".join(text_of(fake, name) for name in names)}


def token(**claims: Any) -> str:
    """A JWT that nobody issued."""
    return jwt.encode(claims, "a key that is long enough for the algorithm", algorithm="HS256")


CREDENTIALS: dict[str, tuple[Environment, Make, list[str]]] = {
    "none": (NO_SECRET, lambda _fake: {}, ["No credential is given", "certificate_path", "auth_method"]),
    "no tenant": ({"M365_TENANT_ID": UNSET}, lambda _fake: {}, ["client_secret needs tenant_id"]),
    "no client": ({"M365_CLIENT_ID": UNSET}, lambda _fake: {}, ["client_secret needs client_id"]),
    "neither": (
        {"M365_CLIENT_ID": UNSET, "M365_TENANT_ID": UNSET},
        lambda _fake: {},
        ["client_secret needs tenant_id and client_id"],
    ),
    "certificate without client": (
        {**NO_SECRET, "M365_CLIENT_ID": UNSET},
        certificate("registered_pem"),
        ["certificate needs client_id"],
    ),
    "federated without tenant": (
        {**NO_SECRET, "M365_TENANT_ID": UNSET},
        lambda fake: {"federated_token": text_of(fake, "federated_token_path")},
        ["federated needs tenant_id"],
    ),
    "passphrase only": (
        NO_SECRET,
        lambda _fake: {"certificate_passphrase": "alone"},
        ["No credential is given", "certificate_path"],
    ),
    "method without secret": (
        NO_SECRET,
        lambda _fake: {"auth_method": "client_secret"},
        ["client_secret needs client_secret"],
    ),
    "method without certificate": ({}, lambda _fake: {"auth_method": "certificate"}, ["needs certificate_path or"]),
    "method without assertion": ({}, lambda _fake: {"auth_method": "federated"}, ["needs federated_token or"]),
    "method without token": ({}, lambda _fake: {"auth_method": "access_token"}, ["needs access_token"]),
    "secret and certificate": (
        {},
        certificate("registered_pem"),
        ["2 kinds", "certificate and client_secret", "auth_method"],
    ),
    "secret and access token": (
        {},
        lambda fake: {"access_token": fake.tokens.issue()},
        ["2 kinds", "access_token and client_secret", "auth_method"],
    ),
    "secret and federated token of the environment": (
        {"M365_FEDERATED_TOKEN": "x"},
        lambda _fake: {},
        ["2 kinds", "federated and client_secret", "environment"],
    ),
    "certificate twice": (
        NO_SECRET,
        lambda fake: {**certificate("registered_pem")(fake), **content("registered_pem")(fake)},
        ["certificate_path and certificate_content are both given"],
    ),
    "federated token twice": (
        NO_SECRET,
        lambda fake: {"federated_token": "x", "federated_token_file": path_of(fake, "federated_token_path")},
        ["federated_token and federated_token_file are both given"],
    ),
    "tenant with blank": ({}, lambda _fake: {"tenant_id": "contoso .com"}, ["tenant_id", "malformed", "GUID"]),
    "tenant without dot": ({}, lambda _fake: {"tenant_id": "contoso"}, ["tenant_id 'contoso'", "malformed"]),
    "tenant with a path": ({}, lambda _fake: {"tenant_id": "contoso.com/../x"}, ["tenant_id", "malformed"]),
    "tenant with a short GUID": ({}, lambda _fake: {"tenant_id": WRONG_GUID[:-1]}, ["tenant_id", "malformed"]),
    "tenant with a line break": ({}, lambda _fake: {"tenant_id": "contoso.com\n"}, ["tenant_id", "malformed"]),
    "client that is a name": ({}, lambda _fake: {"client_id": "printer app"}, ["client_id 'printer app'", "GUID"]),
}


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(("env", "make", "parts"), CREDENTIALS.values(), ids=CREDENTIALS)
def test_credential(
    fake: FakeTenantServer, module: ModuleRunner, env: Environment, make: Make, parts: list[str]
) -> None:
    run = close(module, env=env, **make(fake))
    assert_said(run, *parts, code="invalid_input")
    assert_nothing_asked(fake, run)


CERTIFICATES: dict[str, tuple[Make, list[str]]] = {
    "no such file": (lambda _fake: {"certificate_path": "/nowhere/app.pem"}, ["/nowhere/app.pem", "No such file"]),
    "a folder": (lambda _fake: {"certificate_path": "/"}, ["certificate_path /", "Is a directory"]),
    "not a certificate": (
        lambda fake: {"certificate_path": path_of(fake, "federated_token_path")},
        ["neither PEM nor"],
    ),
    "a device": (lambda _fake: {"certificate_path": "/dev/null"}, ["/dev/null", "a pipe or a device"]),
    "no key": (certificate("registered_certificate_pem"), ["holds no private key"]),
    "no certificate": (certificate("registered_key_pem"), ["a private key but no certificate"]),
    "encrypted PEM": (certificate("registered_pem_encrypted"), ["is encrypted", "certificate_passphrase"]),
    "encrypted PEM, wrong passphrase": (
        certificate("registered_pem_encrypted", "a wrong one"),
        ["wrong certificate_passphrase"],
    ),
    "encrypted PFX": (certificate("registered_pfx_encrypted"), ["is encrypted", "certificate_passphrase"]),
    "encrypted PFX, wrong passphrase": (
        certificate("registered_pfx_encrypted", "a wrong one"),
        ["certificate_passphrase is wrong"],
    ),
    "key of another": (content("unregistered_key_pem", "registered_certificate_pem"), ["doesn't belong"]),
    "elliptic": (certificate("elliptic_pem"), ["not RSA"]),
    "expired": (certificate("expired_pem"), ["expired on", "upload it"]),
    "expired PFX": (certificate("expired_pfx"), ["expired on", "upload it"]),
    "text that is nothing": (lambda _fake: {"certificate_content": "not a certificate!"}, ["neither PEM nor base64"]),
    "base64 of nothing": (lambda _fake: {"certificate_content": "bm90IGEgUEZY"}, ["neither PEM nor a readable PFX"]),
    "damaged PEM": (
        lambda fake: {"certificate_content": text_of(fake, "registered_pem").replace("M", "N", 8)},
        ["can't be read", "damaged"],
    ),
}


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(("make", "parts"), CERTIFICATES.values(), ids=CERTIFICATES)
def test_certificate(fake: FakeTenantServer, module: ModuleRunner, make: Make, parts: list[str]) -> None:
    run = close(module, env=NO_SECRET, **make(fake))
    assert_said(run, *parts, code="invalid_input")
    assert "PRIVATE KEY-----" not in run.stdout
    assert_nothing_asked(fake, run)


TOKENS: dict[str, tuple[Make, list[str]]] = {
    "federated, not a JWT": (lambda _fake: {"federated_token": "a.b"}, ["isn't a JWT"]),
    "federated, expired": (lambda _fake: {"federated_token": token(exp=time.time() - 60)}, ["has expired"]),
    "federated, no such file": (
        lambda _fake: {"federated_token_file": "/nowhere/token"},
        ["/nowhere/token", "No such file"],
    ),
    "federated, a device": (lambda _fake: {"federated_token_file": "/dev/null"}, ["/dev/null", "a pipe or a device"]),
    "access token, expired": (lambda fake: {"access_token": fake.tokens.issue(lifetime=-60)}, ["expired at"]),
    "access token for Graph": (
        lambda fake: {"access_token": fake.tokens.issue(audience="https://graph.microsoft.com")},
        ["for https://graph.microsoft.com, not for Exchange", "https://outlook.office365.com/.default"],
    ),
    "access token of another tenant": (
        lambda fake: {"access_token": fake.tokens.issue(), "tenant_id": WRONG_GUID},
        ["is for tenant", WRONG_GUID],
    ),
    "access token, opaque, and a tenant by name": (
        lambda _fake: {"access_token": "opaque-token", "tenant_id": DOMAIN},
        ["can't be read as a JWT", "tenant_id as a GUID"],
    ),
}


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(("make", "parts"), TOKENS.values(), ids=TOKENS)
def test_token(fake: FakeTenantServer, module: ModuleRunner, make: Make, parts: list[str]) -> None:
    run = close(module, env=NO_SECRET, **make(fake))
    assert_said(run, *parts, code="invalid_input")
    assert_nothing_asked(fake, run)


ENDPOINTS = {
    "http": "http://localhost:8443",
    "no scheme": "outlook.office365.com",
    "other scheme": "ftp://outlook.office365.com",
    "a path": "https://outlook.office365.com/adminapi",
    "a query": "https://outlook.office365.com?x=1",
    "no host": "https://:443",
    "no port": "https://outlook.office365.com:https",
}


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("value", ENDPOINTS.values(), ids=ENDPOINTS)
def test_endpoint(fake: FakeTenantServer, module: ModuleRunner, value: str) -> None:
    run = close(module, exchange_endpoint=value)
    assert_said(run, "exchange_endpoint has to look like https://host", repr(value), code="invalid_input")
    assert_nothing_asked(fake, run)


@pytest.mark.usefixtures("untouched")
def test_endpoint_with_a_password(fake: FakeTenantServer, module: ModuleRunner) -> None:
    """Refused without repeating it."""
    run = close(module, exchange_endpoint="https://someone:letmein@outlook.office365.com")
    assert_said(run, "exchange_endpoint has to look like https://host", code="invalid_input")
    assert "letmein" not in run.message
    assert_nothing_asked(fake, run)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("option", ["login_endpoint", "graph_endpoint"])
def test_plain_http_of_the_other_endpoints(fake: FakeTenantServer, module: ModuleRunner, option: str) -> None:
    run = close(module, **{option: "http://localhost:8080"})
    assert_said(run, f"{option} has to look like", "only over https", code="invalid_input")
    assert_nothing_asked(fake, run)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("value", "part"), [("/nowhere/ca.pem", "doesn't exist"), (__file__, "not a readable bundle of CA certificates")]
)
def test_ca_path(fake: FakeTenantServer, module: ModuleRunner, value: str, part: str) -> None:
    run = close(module, ca_path=value)
    assert_said(run, f"ca_path {value}", part, code="invalid_input")
    assert_nothing_asked(fake, run)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("timeout", 0, "from 1 to 960"),
        ("timeout", 961, "from 1 to 960"),
        ("max_retries", -1, "from 0 to 20"),
        ("max_retries", 21, "from 0 to 20"),
        ("deadline", 0, "from 1 to"),
        ("concurrency", 0, "from 1 to 16"),
        ("concurrency", 17, "from 1 to 16"),
        ("max_changes", -1, "0 or more"),
    ],
)
def test_limits(fake: FakeTenantServer, module: ModuleRunner, option: str, value: int, allowed: str) -> None:
    run = close(module, **{option: value})
    assert_said(run, f"{option} is {value}", allowed, code="invalid_input")
    assert_nothing_asked(fake, run)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("value", [True, float("inf"), "-Infinity", "1e999999999"])
@pytest.mark.parametrize("option", ["timeout", "max_changes"])
def test_a_number_that_is_none(fake: FakeTenantServer, module: ModuleRunner, option: str, value: object) -> None:
    """``true`` was taken for 1, and infinity was a traceback."""
    run = close(module, **{option: value})
    assert run.failed
    assert f"argument '{option}'" in run.message
    assert str(value) in run.message
    assert "Traceback" not in run.stdout + run.stderr
    assert fake.log.entries() == []


# What Entra ID and Exchange refuse --------------------------------------------------------------------------------

REFUSALS: dict[str, tuple[Environment, Make, str, list[str]]] = {
    "wrong secret": (
        {},
        lambda _fake: {"client_secret": "wrong"},
        "AADSTS7000215",
        ["Give the secret's value, not its ID"],
    ),
    "expired secret": (
        {},
        lambda fake: {"client_secret": fake.app()["expired_client_secret"]},
        "AADSTS7000222",
        ["Make a new one"],
    ),
    "unknown app": ({}, lambda _fake: {"client_id": WRONG_GUID}, "AADSTS700016", ["Check client_id and tenant_id"]),
    "unregistered certificate": (
        NO_SECRET,
        certificate("unregistered_pem"),
        "AADSTS700027",
        ["upload it to the app registration"],
    ),
    "assertion for another audience": (
        NO_SECRET,
        lambda fake: {"federated_token_file": path_of(fake, "federated_token_wrong_audience_path")},
        "AADSTS700213",
        ["No federated identity credential"],
    ),
}


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(("env", "make", "code", "parts"), REFUSALS.values(), ids=REFUSALS)
def test_refused_sign_in(
    fake: FakeTenantServer, module: ModuleRunner, env: Environment, make: Make, code: str, parts: list[str]
) -> None:
    """Entra ID's code and what to do; asked once, since it would say the same again."""
    run = close(module, env=env, **make(fake))
    assert_said(run, "was refused", code, *parts, code=code)
    assert run.result["failure"]["request_id"]
    assert len(fake.log.entries("token")) == 1
    assert run.result["requests"]["sent"] == 0


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("tenant", [WRONG_GUID, "nobody.example.com"])
def test_unknown_tenant(fake: FakeTenantServer, module: ModuleRunner, tenant: str) -> None:
    run = close(module, tenant_id=tenant)
    assert_said(run, "AADSTS90002", "Check tenant_id", code="AADSTS90002")
    assert fake.log.entries("token") == []
    assert run.result["requests"]["sent"] == 0


@pytest.mark.usefixtures("untouched")
def test_managed_identity_that_is_not_there(fake: FakeTenantServer, module: ModuleRunner) -> None:
    identity = fake.ready["managed_identity"]
    env = {
        **NO_SECRET,
        "IDENTITY_ENDPOINT": identity["identity_endpoint"],
        "IDENTITY_HEADER": identity["identity_header"],
    }
    run = close(module, env=env, client_id=WRONG_GUID)
    assert_said(run, "managed_identity was refused", "Identity not found")
    assert run.result["requests"]["sent"] == 0


@pytest.mark.usefixtures("untouched")
def test_app_without_the_app_role(fake: FakeTenantServer, module: ModuleRunner) -> None:
    run = close(module, app="no_app_role")
    assert_said(
        run, "Exchange.ManageAsApp", "grant admin consent", fake.app("no_app_role")["client_id"], code="access_denied"
    )
    assert len(fake.log.entries("token")) == 2, "401: one new token, and no more"


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("body", ["nul", "nul_gzip", "json", "empty"])
def test_app_without_a_directory_role(fake: FakeTenantServer, module: ModuleRunner, body: str) -> None:
    fake.dialect.set(forbidden_body=body)
    run = close(module, app="no_directory_role")
    app = fake.app("no_directory_role")
    assert_said(run, "Assign Exchange Administrator", app["client_id"], app["object_id"], code="access_denied")
    assert run.result["failure"]["request_id"]
    assert len(fake.log.entries("token")) == 1


@pytest.mark.parametrize("app", ["reader", "recipient_administrator"])
def test_app_that_may_only_read(fake: FakeTenantServer, module: ModuleRunner, app: str) -> None:
    before = fake.mailboxes.states()
    run = close(module, app=app)
    role = "Global Reader" if app == "reader" else "Exchange Recipient Administrator"
    assert_said(run, ALICE, CAROL, "Set-CASMailbox", role, "assign Exchange Administrator", code="access_denied")
    assert run.codes == ["access_denied"] * 2
    assert fake.mailboxes.states() == before
    read = module("mailbox_smtp_auth_info", app=app, mailboxes=[ALICE])
    assert not read.failed, read.message
