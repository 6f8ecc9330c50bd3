# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a connection's options is found before anything is sent."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleFallbackNotFound
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import InputError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.clock import Clock
from ansible_collections.m365ops.exchange_online.plugins.module_utils._module.arguments import (
    ENVIRONMENT,
    connection_spec,
    drop_empty_texts,
    split_choices,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.clouds import CLOUDS, EXCHANGE_APP_ID
from ansible_collections.m365ops.exchange_online.plugins.module_utils._sign_in.credentials import SECRETS
from ansible_collections.m365ops.exchange_online.plugins.module_utils._tenant.connection import (
    Connection,
    check_limits,
    connect,
    secret_options,
)

TENANT = "aaaaaaaa-1111-2222-3333-444444444444"


def token(audience: str | None) -> str:
    payload = json.dumps({"tid": TENANT, "aud": audience}).encode()
    return f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.s"


def connection(**options: Any) -> Connection:
    defaults = {"cloud": "public", "timeout": 120, "max_retries": 5, "access_token": token(None)}
    return connect({**defaults, **options}, Clock(60.0))


@pytest.mark.parametrize(
    ("option", "least", "most"),
    [("timeout", 1, 960), ("max_retries", 0, 20), ("deadline", 1, 604800), ("concurrency", 1, 16)],
)
def test_numbers_have_their_range(option: str, least: int, most: int) -> None:
    check_limits({option: least})
    check_limits({option: most})
    for value in (least - 1, most + 1):
        with pytest.raises(InputError, match=rf"^{option} is {value}; it has to be from {least} to {most}\.$"):
            check_limits({option: value})


SECRET = "abC8Q~d.ef_GHIj-klmnopqrstuv0123456789xy"


@pytest.mark.parametrize(
    ("option", "value", "secret"),
    [
        ("client_id", SECRET, True),
        ("tenant_id", SECRET, True),
        ("tenant_id", SECRET.replace("~", ""), True),
        ("client_id", f" {SECRET}\n", True),
        ("client_id", "contoso.onmicrosoft.com", False),
        ("tenant_id", "contoso.onmicrosoft.com", False),
        ("tenant_id", "contosoproductionsltd", False),
        ("client_id", TENANT, False),
        ("client_id", TENANT[:-1], False),
        ("client_id", f"{{{TENANT}}}", False),
        ("client_id", "the app for scanners", False),
        ("client_id", "scanner-app", False),
    ],
)
def test_a_secret_in_the_wrong_option_is_one_all_the_same(option: str, value: str, secret: bool) -> None:
    assert (value.strip() in secret_options({option: value})) is secret


def test_max_changes_has_no_upper_end() -> None:
    check_limits({"max_changes": 10**9, "timeout": None})
    with pytest.raises(InputError, match="max_changes is -1; it has to be 0 or more"):
        check_limits({"max_changes": -1})


@pytest.mark.parametrize(
    ("cloud", "audience"),
    [(name, cloud.exchange_scope.removesuffix("/.default")) for name, cloud in CLOUDS.items()]
    + [
        ("public", "https://outlook.office365.com/"),
        ("public", "https://outlook.office.com"),
        ("public", EXCHANGE_APP_ID),
        ("public", None),
    ],
)
def test_a_token_for_exchange_is_taken(cloud: str, audience: str | None) -> None:
    assert connection(cloud=cloud, access_token=f"{token(audience)}\n").counters.sent == 0


@pytest.mark.parametrize(
    ("cloud", "audience"),
    [
        ("public", "https://graph.microsoft.com"),
        ("public", "00000003-0000-0000-c000-000000000000"),
        ("public", "https://outlook.office365.us"),
        ("china", "https://outlook.office365.com"),
        ("public", "https://outlook.office365.com.evil.example"),
    ],
)
def test_a_token_for_another_service_is_refused(cloud: str, audience: str) -> None:
    with pytest.raises(InputError) as caught:
        connection(cloud=cloud, access_token=token(audience))
    assert f"is for {audience}, not for Exchange" in caught.value.message
    assert CLOUDS[cloud].exchange_scope in caught.value.message


def test_ca_path_has_to_be_a_bundle(tmp_path: Path) -> None:
    missing, text = tmp_path / "missing.pem", tmp_path / "text.pem"
    text.write_text("no certificate")
    with pytest.raises(InputError, match=r"missing\.pem doesn't exist"):
        connection(ca_path=str(missing))
    with pytest.raises(InputError, match=r"text\.pem is not a readable bundle"):
        connection(ca_path=str(text))
    assert connection(ca_path=str(tmp_path)).counters.sent == 0


def test_keeps_its_secrets_for_redaction_and_out_of_sight() -> None:
    made = connection(client_secret=None, certificate_passphrase="passphrase-1")
    assert set(made.secrets()) == {token(None), "passphrase-1"}
    assert "passphrase-1" not in repr(made)


# The environment -----------------------------------------------------------------------------------------------------


def from_environment(option: str) -> Any:
    function, names = connection_spec()[option]["fallback"]
    return function(*names)


@pytest.mark.parametrize("option", ENVIRONMENT)
def test_the_first_variable_that_holds_something_counts(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ENVIRONMENT[option]
    for name in names:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(AnsibleFallbackNotFound):
        from_environment(option)
    for name in reversed(names):
        monkeypatch.setenv(name, f"of {name}")
        assert from_environment(option) == f"of {name}"
    for place, name in enumerate(names[:-1], start=1):
        monkeypatch.setenv(name, "")
        assert from_environment(option) == f"of {names[place]}", "an empty field of a credential isn't set"
    monkeypatch.setenv(names[-1], "")
    with pytest.raises(AnsibleFallbackNotFound):
        from_environment(option)


def test_secrets_and_only_secrets_are_hidden_by_ansible() -> None:
    spec = connection_spec()
    assert {name for name, option in spec.items() if option.get("no_log")} == set(SECRETS)
    assert {"client_secret", "certificate_content", "certificate_passphrase", "federated_token", "access_token"} == set(
        SECRETS
    )


def test_an_empty_text_is_as_good_as_no_option() -> None:
    spec = {
        **connection_spec(),
        "report_path": {"type": "path"},
        "max_changes": {"type": "str"},
        "count": {"type": "int"},
        "mailboxes": {"type": "list"},
        "wait": {"type": "int"},
        "other": {"aliases": ["another"]},
    }
    kept = {"max_changes": "", "count": "", "mailboxes": [""], "cloud": "china", "timeout": 5, "max_retries": "0"}
    empty = {
        "ca_path": "",
        "tenant_id": " ",
        "client_secret": "\n",
        "deadline": "",
        "report_path": None,
        "another": "",
        "wait": "",
    }
    params: dict[str, Any] = {**kept, **empty}
    drop_empty_texts(params, spec)
    assert params == kept


@pytest.mark.parametrize(
    ("given", "taken"),
    [("a, b", ["a", "b"]), ("a", ["a"]), ("", [""]), (" a ,", ["a", ""]), ([" a"], [" a"]), (None, None)],
)
def test_choices_in_one_text(given: Any, taken: Any) -> None:
    params = {"chosen": given, "mailboxes": "a, b"}
    split_choices(params, {"chosen": {"type": "list", "choices": ["a", "b"]}, "mailboxes": {"type": "list"}})
    assert params == {"chosen": taken, "mailboxes": "a, b"}


@pytest.mark.parametrize("option", ENVIRONMENT)
def test_a_blank_variable_counts_as_none(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT[option]:
        monkeypatch.setenv(name, " \n")
    with pytest.raises(AnsibleFallbackNotFound):
        from_environment(option)
    monkeypatch.setenv(ENVIRONMENT[option][-1], "x")
    assert from_environment(option) == "x"
