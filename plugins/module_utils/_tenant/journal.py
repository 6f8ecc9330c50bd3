# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The journal: what a run is about to change, written before the request is sent, and what came of it.

JSON lines, two for each mailbox: one with the outcome ``intent`` before the request, one after its answer. Each has the
time (UTC, ISO 8601), tenant (GUID), mailbox (as asked for), guid, before, after, and outcome: ``written`` (the service
took it), ``unknown`` (no answer that can be understood; it may have taken it) or ``not_written`` (refused, or not sent
after all). What was written and doesn't show when it is looked at has an ``unknown`` after its ``written``. A change of
the organization's switch has ``"object": "organization"`` in place of mailbox and guid.

So whatever kills a run, everything that it may have changed is in its journal. Nothing is forced to the disk
(``fsync``): what is written stays written when the process dies, by whatever signal; only a crash of the whole machine
can lose the last lines, and waiting for the disk would take longer than all the rest of the journal.
"""

from __future__ import annotations

import dataclasses
import errno
import fcntl
import json
import os
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from .._errors import InputError, M365Error
from .._smtp_auth.journal_words import ORGANIZATION

if TYPE_CHECKING:
    from .._http.clock import Clock

_LOCK_WAIT = 10.0  # seconds
_LOCK_NAP = 0.01


class JournalError(M365Error):
    """A line couldn't be written: nothing further is changed without a record of it."""

    code = "journal"


@dataclasses.dataclass(frozen=True)
class Noted:
    """One change. ``guid`` is empty for the organization's switch."""

    mailbox: str
    guid: str
    before: str
    after: str


class Journal:
    """Appends lines. Two runs may share a file: what is noted at a time is one write to a file opened for appending,
    under a lock.
    """

    def __init__(self, path: str, clock: Clock) -> None:
        self._path = path
        self.lines = 0  # written by this run
        self._clock = clock
        self._file: int | None = None

    def check(self) -> None:
        """
        :raises InputError: the file couldn't be made or written, as far as that can be told without touching it.
        """
        path, folder = self._path, os.path.dirname(os.path.abspath(self._path))
        if "\0" in path:
            raise InputError(f"journal_path {path!r} isn't a path: it holds a NUL character.")
        if os.path.exists(path):
            if not os.path.isfile(path):
                raise InputError(f"journal_path {path} is not a file.")
            if not os.access(path, os.W_OK):
                raise InputError(f"journal_path {path} can't be written to.")
        elif not os.path.isdir(folder):
            raise InputError(f"journal_path {path}: the folder {folder} doesn't exist.")
        elif not os.access(folder, os.W_OK | os.X_OK):
            raise InputError(f"journal_path {path}: no file can be made in {folder}.")

    def open(self) -> None:
        """
        :raises InputError: it can't be opened. Done before the first write to the tenant.
        """
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if os.fstat(self._file).st_uid == os.geteuid():
                os.fchmod(self._file, 0o600)
        except OSError as error:
            raise InputError(f"journal_path {self._path} can't be opened: {error.strerror}.") from error

    def note(self, tenant: str, changes: Sequence[Noted], outcome: str) -> None:
        """One line for each change, in one write: all of them, or none.

        :raises JournalError: they aren't there.
        """
        if self._file is None or not changes:
            return
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        try:
            self._append(self._file, b"".join(_line(now, tenant, change, outcome) for change in changes))
        except OSError as error:
            raise JournalError(f"The journal {self._path} can't be written: {error.strerror}.") from error
        except Exception as error:
            raise JournalError(f"The journal {self._path} can't be written: {error}.") from error
        self.lines += len(changes)

    def _append(self, file: int, content: bytes) -> None:
        self._lock(file)
        try:
            status = os.fstat(file)
            if not status.st_nlink and not os.path.exists(self._path):
                raise OSError(errno.ENOENT, "it was deleted while the task ran")
            size = status.st_size
            if size and os.pread(file, 1, size - 1) != b"\n":
                content = b"\n" + content  # another program's last line was torn: it mustn't spoil this one
            if os.write(file, content) != len(content):
                os.ftruncate(file, size)  # a part of it would spoil what comes next
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)

    def _lock(self, file: int) -> None:
        """Wait for other runs to finish their lines: that takes no time, unless somebody else holds the file."""
        until = self._clock.now() + min(_LOCK_WAIT, max(self._clock.remaining(), 0.0))
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if self._clock.now() >= until:
                    raise OSError(errno.EBUSY, "another process holds a lock on it") from error
                time.sleep(_LOCK_NAP)
            else:
                return


def _line(now: str, tenant: str, change: Noted, outcome: str) -> bytes:
    what = {"mailbox": change.mailbox, "guid": change.guid} if change.guid else {"object": ORGANIZATION}
    record = {"time": now, "tenant": tenant, **what, "before": change.before, "after": change.after, "outcome": outcome}
    try:
        return (json.dumps(record, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError:  # half a character: it is escaped
        return (json.dumps(record) + "\n").encode()
