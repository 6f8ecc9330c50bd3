# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SMTP submission with STARTTLS and AUTH LOGIN, XOAUTH2. It answers as the tenant's layers tell."""

from __future__ import annotations

import asyncio
import base64
import collections
import logging
import socket
import ssl
from typing import Any, cast

from aiosmtpd.smtp import MISSING, SMTP, AuthResult, Envelope, LoginPassword, Session, syntax

from . import layers
from .access import EXCHANGE_AUDIENCES
from .answers import Dropped
from .effects import BEFORE, Moment
from .faults import Event
from .state import Mailbox, Tenant
from .wire import CmdletError
from .world import World

LONGEST_LINE = 65536
LARGEST_MESSAGE = 157286400
MECHANISMS = ("LOGIN", "XOAUTH2")
# What the service answers to EHLO, in its order; the line in the middle depends on whether there is TLS.
EXTENSIONS = (f"SIZE {LARGEST_MESSAGE}", "PIPELINING", "DSN", "ENHANCEDSTATUSCODES")
MORE_EXTENSIONS = ("8BITMIME", "BINARYMIME", "CHUNKING")
UNRECOGNIZED = "504 5.7.4 Unrecognized authentication type"


def serve(world: World, listener: socket.socket, context: ssl.SSLContext) -> Any:
    """A coroutine that begins to listen and returns the asyncio server."""
    # The library warns of its own deprecations on every sign-in.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    loop = asyncio.get_running_loop()
    return loop.create_server(lambda: Submission(world, context, loop), sock=listener)


class Submission(SMTP):
    """One connection."""

    command_size_limit = LONGEST_LINE
    line_length_limit = LONGEST_LINE

    def __init__(self, world: World, context: ssl.SSLContext, loop: asyncio.AbstractEventLoop) -> None:
        self._world = world
        super().__init__(
            _Handler(world),
            hostname="AM0PR01CA0001.outlook.office365.com",
            ident="Microsoft ESMTP MAIL Service ready",
            tls_context=context,
            require_starttls=True,
            authenticator=_authenticate(world),
            auth_exclude_mechanism=["PLAIN"],
            data_size_limit=LARGEST_MESSAGE,
            timeout=60,
            loop=loop,
        )
        self.command_size_limits = collections.defaultdict(lambda: LONGEST_LINE)

    @syntax("AUTH <mechanism>")
    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        """AUTH, unless a fault comes first."""
        entry = self._world.log.open("smtp", "AUTH", arg.partition(" ")[0] if arg else "", "", {})
        self._world.log.close(entry)
        event = Event(frozenset({"smtp"}))
        moment = Moment(self._world, event, self._abort)
        for rule in self._world.faults.due(event):
            moment.rule = rule
            if rule.effect in BEFORE:
                try:
                    answer = await BEFORE[rule.effect](moment, **rule.arguments)
                except Dropped:
                    return
                if answer is not None:
                    await self.push(answer.body.decode())
                    return
        mechanism, blank, given = (arg or "").partition(" ")
        encrypted = self.session is not None and self.session.ssl is not None
        if mechanism and mechanism.upper() not in MECHANISMS and encrypted:
            await self.push(UNRECOGNIZED)
            return
        await super().smtp_AUTH(f"{mechanism.upper()}{blank}{given}")

    def _abort(self) -> None:
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()


class _Handler:
    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """The extensions as the service lists them, in place of the library's."""
        session.host_name = hostname
        middle = f"AUTH {' '.join(MECHANISMS)}" if session.ssl else "STARTTLS"
        lines = [f"{server.hostname} Hello", *EXTENSIONS, middle, *MORE_EXTENSIONS]
        return [f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        """The token of an app, or of nobody."""
        if len(args) == 1:
            given = await server.challenge_auth("")
            if given is MISSING:
                return AuthResult(success=False)
        else:
            try:
                given = base64.b64decode(args[1], validate=True)
            except ValueError:
                return _refused("501 5.5.2 Can't decode base64")
        parts = dict(part.split("=", 1) for part in str(given, "utf-8", "replace").split("\x01") if "=" in part)
        try:
            token = self._world.tokens.check(parts.get("auth"), EXCHANGE_AUDIENCES)
        except CmdletError:
            return _refused(layers.UNSUCCESSFUL)
        tenant, mailbox = _user(self._world, parts.get("user", ""))
        if mailbox is None or tenant is not token.tenant:
            return _refused(layers.UNSUCCESSFUL)
        dialect = self._world.dialect
        refusal = layers.token_refusal(tenant, mailbox, token.roles, token.app.full_access, dialect)
        return _refused(refusal) if refusal else AuthResult(success=True, auth_data=mailbox)

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Only for whom is signed in, and only as oneself or as a mailbox that one may send as, whatever its switch."""
        if not session.authenticated:
            return layers.NOT_AUTHENTICATED
        mailbox = cast(Mailbox, session.auth_data)
        tenant = self._world.tenant(mailbox.user_principal_name.rpartition("@")[2])
        others = [found for name in mailbox.send_as for found in (tenant.find(name) if tenant else [])]
        if f"smtp:{address}".lower() not in [item.lower() for one in (mailbox, *others) for item in one.addresses]:
            return layers.WRONG_SENDER
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Sender OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Taken, and forgotten."""
        self._world.log.close(self._world.log.open("smtp", "DATA", str(envelope.mail_from), "", {}))
        return "250 2.0.0 OK"


def _authenticate(world: World) -> Any:
    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
        name, password = data.login.decode("utf-8", "replace"), data.password.decode("utf-8", "replace")
        tenant, mailbox = _user(world, name)
        if tenant is None:
            return _refused(layers.UNSUCCESSFUL)
        refusal = layers.basic_refusal(tenant, mailbox, password, world.dialect)
        return _refused(refusal) if refusal else AuthResult(success=True, auth_data=mailbox)

    return check


def _user(world: World, name: str) -> tuple[Tenant | None, Mailbox | None]:
    """Tenant and mailbox by sign-in name or address."""
    tenant = world.tenant(name.rpartition("@")[2])
    found = tenant.find(name) if tenant is not None else []
    return tenant, found[0] if len(found) == 1 else None


def _refused(text: str) -> AuthResult:
    # With handled=True the library would expect that the answer has been sent, and the client would wait for ever.
    return AuthResult(success=False, handled=False, message=text)
