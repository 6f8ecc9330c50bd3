# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running commands: each in a process group of its own, its output in a log, and none left behind."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

# No command of ours takes nearly as long; one that does hangs.
TIMEOUT = 4500

_running: set[subprocess.Popen[bytes]] = set()
_lock = threading.Lock()
_stopping = threading.Event()


class CommandFailed(Exception):
    """A command ended with an error, did not end in time, or could not be started."""


class Log:
    """The full output of one piece of work, in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")

    def note(self, text: str) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text.rstrip("\n") + "\n")

    def text(self) -> str:
        return self.path.read_text(encoding="utf-8", errors="replace")

    def tail(self, lines: int) -> str:
        return "\n".join(self.text().splitlines()[-lines:])

    def run(self, command: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path) -> None:
        """Run a command to its end, appending what it prints. Raises CommandFailed."""
        words = [str(word) for word in command]
        self.note(f"$ cd {cwd} && {shlex.join(words)}")
        with self.path.open("ab") as file:
            try:
                process = start(words, env, cwd, file.fileno())
            except OSError as error:
                raise CommandFailed(f"{words[0]}: {error.strerror}") from error
            try:
                code = process.wait(timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                raise CommandFailed(f"{Path(words[0]).name} did not end within {TIMEOUT} s") from None
            finally:
                end(process)
        if code:
            raise CommandFailed(f"{Path(words[0]).name} ended with exit code {code}")


def start(words: list[str], env: Mapping[str, str], cwd: Path, output: int) -> subprocess.Popen[bytes]:
    """Start a command that prints to a file descriptor. Whoever starts one must see it to its ``end``."""
    with _lock:
        if _stopping.is_set():
            raise CommandFailed("interrupted")
        process = subprocess.Popen(
            words,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        _running.add(process)
        return process


def end(process: subprocess.Popen[bytes]) -> None:
    """Forget a process that has ended; end one that has not, with all that it started."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    with _lock:
        _running.discard(process)


def stop_all() -> None:
    """End every command that still runs, and let no new one start."""
    with _lock:
        _stopping.set()
        for process in _running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
