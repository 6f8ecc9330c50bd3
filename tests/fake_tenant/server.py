# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starting and stopping: in the foreground for the command line, in a thread for tests."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import tempfile
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

from . import entra, smtp
from .app import Site
from .certificates import PASSPHRASE, Authority, CertificateSet, new_rsa_key, write_private
from .control import Operations
from .facade import ControlError, Facade
from .latency import Latency
from .seed import DEFAULT_SHARES, Plan
from .seed_data import SUBJECT
from .state import App, Tenant
from .world import World

HOSTS = ("localhost", "127.0.0.1")
START_SECONDS = 120


@dataclass
class Options:
    """What to start. directory: where ready.json and the credentials go. The rest: seed.Plan, and the network's."""

    directory: Path
    seed: dict[str, Any] | None = None
    mailboxes: int = 0
    tenants: int = 1
    states: dict[str, float] = field(default_factory=lambda: dict(DEFAULT_SHARES))
    without_mailbox: float = 0.0
    latency: float = 0.0
    row_latency: float = 0.0
    item_latency: float = 0.0
    host: str = "localhost"
    port: int = 0


class Server:
    """One fake Microsoft 365: sockets, world, and what it tells the outside in ready.json."""

    def __init__(self, options: Options) -> None:
        options.directory.mkdir(parents=True, exist_ok=True)
        self._directory = options.directory
        hosts = HOSTS if options.host in HOSTS else (options.host, *HOSTS)
        authority = Authority(options.directory, hosts)
        self._ca_path = authority.ca_path
        self._socket = _listen(options.host, options.port)
        self._plain_socket = _listen(options.host, 0)
        self._smtp_socket = _listen(options.host, 0)
        self._host = options.host
        name = f"{options.host}:{self._socket.getsockname()[1]}"
        self._plain = f"http://{options.host}:{self._plain_socket.getsockname()[1]}"
        self.certificates = CertificateSet.create()
        plan = Plan(
            options.seed,
            options.mailboxes,
            options.tenants,
            options.states,
            options.without_mailbox,
            issuer=f"https://{name}/outside",
        )
        latency = Latency(options.latency, options.row_latency, options.item_latency)
        self.world = World(plan, self.certificates, new_rsa_key(), new_rsa_key(), latency)
        self.world.authority = name
        self.operations = Operations(self.world)
        site = Site(self.world, self.operations)
        self._main = _uvicorn(site.application())
        self._main.config.load()
        self._tls = authority.server_context()
        self._main.config.ssl = self._tls
        self._side = _uvicorn(site.application(plain=True))
        self.ready = self._describe(name)

    async def serve(self, listening: threading.Event | None = None) -> None:
        """Serve until `stop`; ready.json appears, and `listening` is set, once the ports answer."""
        self.loop = asyncio.get_running_loop()
        tasks = [
            asyncio.create_task(self._main._serve([self._socket])),
            asyncio.create_task(self._side._serve([self._plain_socket])),
        ]
        while not (self._main.started and self._side.started):
            if any(task.done() for task in tasks):
                break
            await asyncio.sleep(0.005)
        submission = await smtp.serve(self.world, self._smtp_socket, self._tls)
        self._write_ready()
        if listening is not None:
            listening.set()
        await asyncio.gather(*tasks)
        submission.close()

    def stop(self) -> None:
        """Let `serve` return soon; may be called from any thread or a signal handler."""
        self._main.should_exit = self._side.should_exit = True

    def _describe(self, name: str) -> dict[str, Any]:
        credentials = self.certificates.write(self._directory)
        tokens = {
            "federated_token": (SUBJECT, "api://AzureADTokenExchange"),
            "federated_token_wrong_audience": (SUBJECT, "api://Other"),
        }
        for file, (subject, audience) in tokens.items():
            content = entra.federated_token(self.world, subject, audience)
            credentials[f"{file}_path"] = str(write_private(self._directory / f"{file}.jwt", content.encode()))
        return {
            "pid": os.getpid(),
            "login_endpoint": f"https://{name}",
            "exchange_endpoint": f"https://{name}",
            "graph_endpoint": f"https://{name}",
            "smtp": {"host": self._host, "port": self._smtp_socket.getsockname()[1]},
            "ca_path": str(self._ca_path),
            "control": f"https://{name}/__control__",
            "control_secret": self.world.control_secret,
            "foreign_host": f"127.0.0.1:{name.rpartition(':')[2]}",
            "names_path": str(Path(__file__).parent / "localhost_names"),
            "passphrase": PASSPHRASE,
            "credentials": credentials,
            "managed_identity": {
                "identity_endpoint": f"{self._plain}/msi/token",
                "identity_header": self.world.identity_header,
                "pod_identity_authority_host": self._plain,
            },
            "tenants": [_describe_tenant(tenant, credentials) for tenant in self.world.tenants],
        }

    def _write_ready(self) -> None:
        path = self._directory / "ready.json"
        temporary = write_private(self._directory / "ready.json.tmp", json.dumps(self.ready, indent=2).encode())
        temporary.replace(path)


def _describe_tenant(tenant: Tenant, credentials: dict[str, str]) -> dict[str, Any]:
    return {
        "tenant_id": tenant.tenant_id,
        "domain": tenant.domain,
        "domains": tenant.domains,
        "mailboxes": len(tenant.listed()),
        "apps": {name: _describe_app(app, credentials) for name, app in tenant.apps.items()},
    }


def _describe_app(app: App, credentials: dict[str, str]) -> dict[str, Any]:
    described: dict[str, Any] = {"client_id": app.client_id, "object_id": app.object_id}
    if app.secrets:
        described["client_secret"] = app.secrets[0]
    if app.expired_secrets:
        described["expired_client_secret"] = app.expired_secrets[0]
    if "registered" in app.certificates:
        for form in ("pem", "pem_encrypted", "pfx", "pfx_encrypted"):
            described[f"certificate_{form}"] = credentials[f"registered_{form}"]
    if app.federations:
        described["federated_token_path"] = credentials["federated_token_path"]
    return described


def _listen(host: str, port: int) -> socket.socket:
    address = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)[0][4]
    # With the protocol named, asyncio switches Nagle's delay off on the connections.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(address)
    listener.listen(512)
    return listener


def _uvicorn(app: Any) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ws="none",
        timeout_keep_alive=120,
        timeout_graceful_shutdown=0,
    )
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    return uvicorn.Server(config)


def _is_news(record: logging.LogRecord) -> bool:
    """False for what uvicorn says when a stop cuts requests that are under way, which is meant."""
    cancelled = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not cancelled and not record.getMessage().startswith("Cancel ")


class FakeTenantServer(Facade):
    """A server in a thread: `with FakeTenantServer(mailboxes=100) as fake:`. Takes the fields of Options."""

    def __init__(self, directory: str | Path | None = None, **options: Any) -> None:
        super().__init__()
        self._cleanup = ExitStack()
        if directory is None:
            directory = self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="fake-tenant-"))
        self._server = Server(Options(directory=Path(directory), **options))
        self.ready = self._server.ready
        self._failure: BaseException | None = None
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fake tenant", daemon=True)

    @property
    def state(self) -> World:
        """The server's inside, for looking at; change it by the operations only."""
        return self._server.world

    def __enter__(self) -> FakeTenantServer:
        self._thread.start()
        if not self._listening.wait(START_SECONDS) or self._failure is not None:
            raise RuntimeError("the fake tenant didn't start") from self._failure
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.stop()
        self._thread.join(START_SECONDS)
        self._cleanup.close()

    def call(self, operation: str, **arguments: Any) -> Any:
        """Run an operation in the server's loop."""

        async def run() -> Any:
            return self._server.operations.run(operation, arguments)

        try:
            return asyncio.run_coroutine_threadsafe(run(), self._server.loop).result(60)
        except (ValueError, TypeError, LookupError) as error:
            raise ControlError(str(error)) from None

    def _run(self) -> None:
        try:
            asyncio.run(self._server.serve(self._listening))
        except BaseException as error:
            self._failure = error
            self._listening.set()
