# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""One sign-in at an SMTP submission server, to the answer to AUTH and no further: QUIT follows, no mail ever does.

No name, password or token is sent without TLS whose certificate was verified. Whatever the server does, it ends in
time and its answers stay short.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import datetime
import os
import re
import smtplib
import socket
import ssl
from typing import TYPE_CHECKING, Any

from .._http.time_limit import line_of_this_thread, within
from .._smtp_auth.smtp_answers import (
    AUTH,
    BASIC,
    CLOSED,
    CONNECT,
    CONNECTION_REFUSED,
    GREETING,
    HELLO,
    NO_HOST,
    NO_MECHANISM,
    NO_STARTTLS,
    NO_TLS,
    NOT_SMTP,
    STARTTLS,
    TIMEOUT,
    TLS,
    TOO_LONG,
    UNREACHABLE,
    UNTRUSTED,
    Met,
    decoded_challenge,
    one_line,
)

if TYPE_CHECKING:
    from .._http.clock import Clock
    from .._http.trust import Trust

_NAME = "[127.0.0.1]"  # what this machine calls itself: its real name is nobody's business, and may take long to find
_MOST_BYTES = 64 * 1024  # of all answers before TLS, and after it
_LONGEST_LINE = 8192
_ANSWER = re.compile(rb"(\d{3})([- ]|\r?\Z)")  # how each line of one begins
_GO_ON, _LET_IN = 334, 235
_LAST_WAIT = 2.0  # seconds for the answer to QUIT


@dataclasses.dataclass(frozen=True)
class Login:
    """Who signs in, how (``basic``, ``oauth``), and with which password or token."""

    mailbox: str
    method: str
    secret: str = dataclasses.field(repr=False)

    @property
    def mechanism(self) -> str:
        return "LOGIN" if self.method == BASIC else "XOAUTH2"


@dataclasses.dataclass(frozen=True)
class TlsFacts:
    """Of the connection that was used. ``ends``: the last moment of the certificate, as ISO 8601 in UTC."""

    version: str
    cipher: str
    subject: str
    issuer: str
    ends: str


class SubmissionServer:
    """Takes one sign-in after the other. ``tls``: of the last one; None if it didn't come to that."""

    def __init__(self, host: str, port: int, trust: Trust, *, timeout: float, clock: Clock) -> None:
        """``timeout``: seconds for one sign-in in all."""
        self.tls: TlsFacts | None = None
        self._address = (host, port)
        self._context = _verifying(trust)
        self._timeout = timeout
        self._clock = clock

    def __str__(self) -> str:
        return f"{self._address[0]}:{self._address[1]}"

    def sign_in(self, login: Login) -> Met:
        """
        :raises InterruptedTaskError: the task was told to stop.
        """
        seconds = max(0.1, min(self._timeout, self._clock.remaining()))
        visit = _Visit(*self._address, self._context, login, seconds)
        try:
            met = within(seconds, visit.make, self._heed_a_signal)
        except TimeoutError:
            met = visit.met or Met(visit.step, trouble=TIMEOUT, detail=f"{seconds:g}")
        self.tls = visit.tls
        return met

    def _heed_a_signal(self) -> None:
        if self._clock.stopping_since():
            self._clock.check()


class _Trouble(Exception):
    """Not an OSError, which smtplib would make something else of."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class _Visit:
    """One connection, from its beginning to QUIT."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext, login: Login, seconds: float) -> None:
        self.step = CONNECT
        self.met: Met | None = None  # once there is an answer to AUTH
        self.tls: TlsFacts | None = None
        self._host, self._port = host, port
        self._context = context
        self._login = login
        self._seconds = seconds

    def make(self) -> Met:
        """What was met, whatever it was."""
        try:
            return self._made()
        except smtplib.SMTPResponseException as error:
            return self._answer(error.smtp_code, _bytes(error.smtp_error))
        except _Trouble as error:
            return self._trouble(error.kind, f"{self._seconds:g}" if error.kind == TIMEOUT else "")
        except TimeoutError:
            return self._trouble(TIMEOUT, f"{self._seconds:g}")
        except UnicodeError:
            return self._trouble(NO_HOST, "not a name")
        except OSError as error:
            return self._trouble(*_kind_of(error))
        except ValueError:
            return self._trouble(NOT_SMTP)

    def _made(self) -> Met:
        with contextlib.closing(_Speaker(self)) as speaker:
            speaker.open(self._host, self._port, self._seconds)
            self.step = HELLO
            code, text = speaker.ehlo(_NAME)
            if code != 250:
                return self._answer(code, text)
            if not speaker.has_extn("starttls"):
                return self._leave(speaker, self._trouble(NO_STARTTLS))
            self.step = STARTTLS
            speaker.starttls(context=self._context)
            self.tls = _facts(speaker.sock)
            self.step = HELLO
            code, text = speaker.ehlo(_NAME)
            if code != 250:
                return self._answer(code, text)
            self.step = AUTH
            offered = str(speaker.esmtp_features.get("auth", "")).upper().split()
            if self._login.mechanism not in offered:
                shown = one_line(", ".join(offered).encode("utf-8", "replace"))
                return self._leave(speaker, self._trouble(NO_MECHANISM, shown or "none"))
            self.met = self._signed_in(speaker)
            return self._leave(speaker, self.met)

    def _signed_in(self, speaker: _Speaker) -> Met:
        login = self._login
        told = self._named(speaker) if login.method == BASIC else self._shown(speaker)
        if told.code == _LET_IN and not speaker.in_turn:
            return self._trouble(NOT_SMTP)
        return told

    def _named(self, speaker: _Speaker) -> Met:
        """AUTH LOGIN."""
        code, text = speaker.docmd("AUTH", "LOGIN")
        for given in (self._login.mailbox, self._login.secret):
            if code != _GO_ON:
                return self._refusal(code, text)
            code, text = speaker.docmd(_base64(given))
        return self._answer(code, text)

    def _shown(self, speaker: _Speaker) -> Met:
        """AUTH XOAUTH2."""
        code, text = speaker.docmd("AUTH", f"XOAUTH2 {_base64(_xoauth2(self._login))}")
        if code != _GO_ON:
            return self._answer(code, text)
        challenge = decoded_challenge(one_line(text))
        return dataclasses.replace(self._refusal(*speaker.docmd("")), challenge=challenge)

    def _refusal(self, code: int, text: bytes) -> Met:
        """An answer before all was said, or to a token that the server has complained of: nobody is let in by it."""
        return self._trouble(NOT_SMTP) if code == _LET_IN else self._answer(code, text)

    def _answer(self, code: int, text: bytes) -> Met:
        if not 200 <= code < 600:
            return self._trouble(NOT_SMTP)
        return Met(self.step, code, one_line(text))

    def _trouble(self, kind: str, detail: str = "") -> Met:
        return Met(self.step, trouble=kind, detail=one_line(detail.encode("utf-8", "replace")))

    @staticmethod
    def _leave(speaker: _Speaker, met: Met) -> Met:
        """QUIT. What the server says of it, and whether, is no matter."""
        with contextlib.suppress(OSError, ValueError, smtplib.SMTPException):
            sock = speaker.sock
            if sock is not None:
                sock.settimeout(_LAST_WAIT)
                speaker.putcmd("QUIT")
                sock.recv(1024)
        return met


class _Speaker(smtplib.SMTP):
    """smtplib's client on a connection that can be cut, with answers that come to an end."""

    def __init__(self, visit: _Visit) -> None:
        self._visit = visit
        self._in_turn = True
        super().__init__(local_hostname=_NAME)

    @property
    def in_turn(self) -> bool:
        """Whether the server has said nothing so far but what it was asked for."""
        return self._in_turn and not (self.file is not None and self.file.has_more)

    def open(self, host: str, port: int, timeout: float) -> None:
        """Connect and take the greeting.

        :raises SMTPConnectError: it isn't one.
        """
        self.timeout = timeout
        self._host = host  # for which the certificate has to be
        code, text = self.connect(host, port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)

    def _get_socket(self, host: Any, port: Any, timeout: Any) -> Any:
        sock = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        line = line_of_this_thread()
        if line is not None:
            line.hold(sock.fileno())
        self._visit.step = GREETING
        return sock

    def send(self, s: Any) -> None:
        line = line_of_this_thread()
        if line is not None:
            line.check()
        self._in_turn = self.in_turn
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Bounded(self.sock)
        code, text = super().getreply()
        if self._visit.step == STARTTLS and code == 220:
            self._visit.step = TLS
        return code, text


class _Bounded:
    """A connection's lines, as long as there aren't too many of them, and those of one answer are of one mind."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._rest = b""
        self._left = _MOST_BYTES
        self._code = b""  # of an answer that goes on

    @property
    def has_more(self) -> bool:
        """Whether more has come than was read."""
        return bool(self._rest)

    def readline(self, _limit: int = -1) -> bytes:
        """
        :raises _Trouble: a line, or all together, is too long; none comes, or half of one; it is no part of an answer.
        """
        while b"\n" not in self._rest and len(self._rest) < _LONGEST_LINE:
            piece = self._received()
            if not piece:
                raise _Trouble(CLOSED)
            self._rest += piece
        line, end, rest = self._rest.partition(b"\n")
        self._left -= len(line)
        if self._left < 0 or len(line) >= _LONGEST_LINE:
            raise _Trouble(TOO_LONG)
        self._rest = rest
        found = _ANSWER.match(line)
        if not found or self._code not in (b"", found.group(1)):
            raise _Trouble(NOT_SMTP)
        self._code = found.group(1) if found.group(2) == b"-" else b""
        return line + end

    def _received(self) -> bytes:
        try:
            return bytes(self._sock.recv(_LONGEST_LINE))
        except TimeoutError as error:
            raise _Trouble(TIMEOUT) from error
        except OSError as error:
            raise _Trouble(CLOSED) from error

    def close(self) -> None:
        """The connection is closed by whoever opened it."""


def _kind_of(error: OSError) -> tuple[str, str]:
    """What a fault of the connection is, and what the system says of it."""
    closed = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError, BrokenPipeError)
    if isinstance(error, (smtplib.SMTPServerDisconnected, *closed)):
        return CLOSED, ""
    if isinstance(error, ssl.SSLCertVerificationError):
        return UNTRUSTED, error.verify_message
    if isinstance(error, ssl.SSLError):
        return NO_TLS, (error.reason or "failed").replace("_", " ").lower()
    if isinstance(error, socket.gaierror):
        return NO_HOST, error.strerror or ""
    if isinstance(error, ConnectionRefusedError):
        return CONNECTION_REFUSED, ""
    if isinstance(error, smtplib.SMTPException):
        return NOT_SMTP, ""
    return UNREACHABLE, error.strerror or ""


def _verifying(trust: Trust) -> ssl.SSLContext:
    os.environ.pop("SSLKEYLOGFILE", None)  # the keys of the connection would be written there
    path = trust.path
    folder = path is not None and os.path.isdir(path)
    context = ssl.create_default_context(cafile=None if folder else path, capath=path if folder else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _facts(sock: Any) -> TlsFacts:
    cipher = sock.cipher()
    certificate = sock.getpeercert() or {}
    ends = certificate.get("notAfter")
    moment = datetime.datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), datetime.timezone.utc) if ends else None
    return TlsFacts(
        version=sock.version() or "",
        cipher=cipher[0] if cipher else "",
        subject=_name_in(certificate.get("subject", ())),
        issuer=_name_in(certificate.get("issuer", ())),
        ends=moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else "",
    )


def _name_in(name: Any) -> str:
    """The common name of a certificate's subject or issuer, or else its organization."""
    parts = {key: value for group in name for key, value in group}
    return one_line(str(parts.get("commonName") or parts.get("organizationName") or "").encode("utf-8", "replace"))


def _xoauth2(login: Login) -> str:
    return f"user={login.mailbox}\1auth=Bearer {login.secret}\1\1"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "replace")
