# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No session sends without verification, whatever it is given; and the libraries keep silent."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import requests
from ansible_collections.m365ops.exchange_online.plugins.module_utils._errors import InputError, UntrustedServerError
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.session import (
    new_session,
    silence_libraries,
)
from ansible_collections.m365ops.exchange_online.plugins.module_utils._http.trust import (
    BUNDLES,
    Trust,
    check_proxy,
    choose_trust,
    is_verifying,
    proxies_for,
    proxy_secrets,
)
from fake_tenant.certificates import Authority

VARIABLES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, *BUNDLES):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    return str(Authority(tmp_path, ("localhost",)).ca_path)


@pytest.mark.parametrize("path", ["", " ", "\t\n", False, 0, b"", "/nowhere/ca.pem"])
def test_no_trust_is_less_than_verification(path: Any) -> None:
    with pytest.raises(InputError):
        Trust(path)


def test_trust_is_a_bundle_or_the_default(bundle: str) -> None:
    assert Trust().verify is True
    assert Trust(bundle).verify == bundle
    assert Trust(str(Path(bundle).parent)).verify == str(Path(bundle).parent)


@pytest.mark.parametrize("ca_path", [None, "", " "])
def test_the_first_bundle_that_is_named_counts(
    ca_path: str | None, bundle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert choose_trust(ca_path) == Trust()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", " ")
    monkeypatch.setenv("CURL_CA_BUNDLE", bundle)
    assert choose_trust(ca_path).verify == bundle
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    with pytest.raises(InputError, match="REQUESTS_CA_BUNDLE /nowhere doesn't exist"):
        choose_trust(ca_path)
    assert choose_trust(bundle) == Trust(bundle)


@pytest.mark.parametrize("verify", [False, None, "", " ", 0, 1, b"", [], "/nowhere/ca.pem"])
def test_a_session_sends_nothing_unverified(verify: Any) -> None:
    """Whoever comes to call it so."""
    assert not is_verifying(verify)
    session = new_session(1)
    session.verify = verify
    with pytest.raises((UntrustedServerError, OSError)) as caught:
        session.get("https://127.0.0.1:9/", verify=verify, timeout=60)
    assert not isinstance(caught.value, requests.exceptions.ConnectionError), "it tried to connect"
    prepared = requests.Request("GET", "https://127.0.0.1:9/").prepare()
    with pytest.raises(UntrustedServerError):
        session.get_adapter("https://127.0.0.1:9/").send(prepared, verify=verify)
    with pytest.raises(UntrustedServerError):
        session.get_adapter("https://127.0.0.1:9/").send(prepared, False, 5, verify)


def test_a_session_takes_nothing_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURL_CA_BUNDLE", "")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    session = new_session(1)
    assert session.trust_env is False
    assert session.merge_environment_settings("https://x/", {}, None, True, None)["verify"] is True


def test_the_keys_of_connections_are_written_nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    session = new_session(1)
    with pytest.raises(requests.exceptions.ConnectionError):
        session.get("https://127.0.0.1:9/", verify=True, timeout=60)
    assert not (tmp_path / "keys").exists()


def test_nothing_goes_to_a_proxy_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """The token of a managed identity comes by plain HTTP, from this machine."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://proxy:8080")
    assert proxies_for("http://169.254.169.254/metadata") == {}
    assert proxies_for("https://outlook.office365.com/x")["https"] == "http://proxy:8080"
    monkeypatch.setenv("NO_PROXY", "office365.com")
    assert proxies_for("https://outlook.office365.com/x") == {}


@pytest.mark.parametrize(
    "address",
    ["http://proxy:8080", "https://proxy", "proxy:8080", "http://u:p%40ss@10.0.0.1:8080", "http://[::1]:8080"],
)
def test_a_proxy_that_can_be_used(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    check_proxy("https://outlook.office365.com")


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_is_named_by_its_variable(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "http://user:hunter2@host:port")
    with pytest.raises(InputError, match=f"^{name} isn't the address of a proxy") as caught:
        check_proxy("https://outlook.office365.com")
    assert "hunter2" not in caught.value.message
    monkeypatch.setenv("NO_PROXY", "office365.com")
    check_proxy("https://outlook.office365.com")


def test_knows_the_passwords_of_proxies() -> None:
    environment = {
        "HTTPS_PROXY": "http://user:hunter%2F2@proxy:8080",
        "all_proxy": "socks5h://user:p@ss@proxy",
        "NO_PROXY": "a@b",
        "OTHER": "http://user:word@proxy",
        "http_proxy": "http://proxy",
    }
    assert set(proxy_secrets(environment)) == {"hunter%2F2", "hunter/2", "p@ss"}


@pytest.mark.parametrize("name", ["msal", "msal.oauth2cli.oauth2", "urllib3.connectionpool", "requests.sessions"])
def test_the_libraries_keep_silent(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    """msal logs whole answers of the sign-in; where no handler is, Python prints them."""
    logging.getLogger(name).setLevel(logging.DEBUG)
    silence_libraries()
    for level in (logging.DEBUG, logging.WARNING, logging.CRITICAL):
        logging.getLogger(name).log(level, "secret")
    assert "secret" not in "".join(capfd.readouterr())
