# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The journal: one JSON line for each mailbox that a run has written, there before the next one is booked.

Only what was written is in it, so that it can be put back: time (UTC, ISO 8601), tenant (GUID), mailbox (as asked
for), guid, before, after, and outcome: ``written`` (the service took it) or ``unknown`` (no answer came; it may have
taken it). A change of the organization's switch has ``"object": "organization"`` in place of mailbox and guid.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Mapping
from datetime import datetime, timezone

from ._clock import Clock
from ._errors import InputError, M365Error

WRITTEN = "written"
UNKNOWN = "unknown"
ORGANIZATION = "organization"
_LOCK_WAIT = 10.0  # seconds
_LOCK_NAP = 0.01


class JournalError(M365Error):
    """A line couldn't be written: nothing further is changed without a record of it."""

    code = "journal"


class Journal:
    """Appends lines. Two runs may share a file: each line is one write to a file opened for appending, under a lock."""

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
            raise InputError(f"journal_path {path!r} is no path: it holds a NUL character.")
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

    def add(self, *, tenant: str, mailbox: str, guid: str, before: str, after: str, outcome: str) -> None:
        """
        :raises JournalError: the line isn't there, or only in part.
        """
        what = {"mailbox": mailbox, "guid": guid}
        self._append({"tenant": tenant, **what, "before": before, "after": after, "outcome": outcome})

    def add_organization(self, *, tenant: str, before: str, after: str, outcome: str) -> None:
        """A change of the organization's switch.

        :raises JournalError: as ``add``.
        """
        what = {"object": ORGANIZATION}
        self._append({"tenant": tenant, **what, "before": before, "after": after, "outcome": outcome})

    def _append(self, content: Mapping[str, str]) -> None:
        if self._file is None:
            return
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        record = {"time": now, **content}
        line = (json.dumps(record, ensure_ascii=False) + "\n").encode()
        try:
            self._lock(self._file)
            try:
                size = os.fstat(self._file).st_size
                if size and os.pread(self._file, 1, size - 1) != b"\n":
                    line = b"\n" + line  # another program's last line was torn: it mustn't spoil this one
                if os.write(self._file, line) != len(line):
                    os.ftruncate(self._file, size)  # a part of a line would spoil the next one
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)
            self.lines += 1
        except OSError as error:
            raise JournalError(f"The journal {self._path} can't be written: {error.strerror}.") from error

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
