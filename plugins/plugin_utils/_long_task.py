# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""The action plugin of every module of the collection: it runs the module, shows the lines that a long task writes
about its progress, and keeps long lists out of ``invocation``.

The result is the module's. Where nothing can be shown (another machine, ``async``, a callback that prints JSON) it is
silent.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible import constants as C  # noqa: N812 as everywhere in Ansible
from ansible.utils.display import Display
from ansible_collections.m365ops.exchange_online.plugins.module_utils._progress import VARIABLE
from ansible_collections.m365ops.exchange_online.plugins.plugin_utils._in_place import InPlace

MOST_ITEMS = 20  # of a list in ``invocation``
_LOOK = 1.0  # seconds between looks at the file
_MOST_CHARACTERS = 200  # of a line
_DATA_CALLBACKS = ("json", "jsonl", "null", "yaml", "ndjson")  # what they print is read by programs


class ActionModule(InPlace):
    """What Ansible loads, by the names of the modules."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        is_async = bool(self._task.async_val)
        with self._shown(task_vars or {}, quiet=is_async):
            result.update(self.run_module(task_vars or {}, wrap_async=is_async))
        shorten_invocation(result)
        if not is_async:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return result

    @contextmanager
    def _shown(self, task_vars: Mapping[str, Any], *, quiet: bool) -> Iterator[None]:
        if quiet or not self._can_show():
            yield
            return
        given = self._task.environment
        folder = tempfile.mkdtemp(prefix="m365ops-")
        try:
            path = os.path.join(folder, "progress")
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            environments = given if isinstance(given, list) else [given] if given else []
            self._task.environment = [*environments, {VARIABLE: path}]
            with _Watch(path, str(task_vars.get("inventory_hostname") or "")):
                yield
        finally:
            self._task.environment = given
            shutil.rmtree(folder, ignore_errors=True)

    def _can_show(self) -> bool:
        """Only a module on this machine reaches the file."""
        callback = str(C.DEFAULT_STDOUT_CALLBACK).rpartition(".")[2]
        local = getattr(self._connection, "_remote_is_local", False) or self._connection.transport == "local"
        return bool(local) and callback not in _DATA_CALLBACKS


class _Watch:
    """Shows what is added to a file, line by line, until the end of the block."""

    def __init__(self, path: str, host: str) -> None:
        self._path = path
        self._prefix = "" if host in ("", "localhost") else f"{host}: "
        self._display = Display()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join(_LOOK)

    def _follow(self) -> None:
        try:
            with open(self._path, encoding="utf-8", errors="replace") as file:
                while not self._over.wait(_LOOK):
                    # Not what stands there at the end: by then the result says more.
                    for line in iter(file.readline, ""):
                        self._show(line)
        except OSError:
            return

    def _show(self, line: str) -> None:
        text = "".join(character for character in line.strip() if character.isprintable())[:_MOST_CHARACTERS]
        if text:
            # To standard error, as warnings go: whoever reads the results from standard output isn't disturbed.
            self._display.display(f"{self._prefix}{text}", stderr=True)


def shorten_invocation(result: dict[str, Any]) -> None:
    """Put a count in the place of each long list of ``invocation``: with 60,000 names in it, a result is more than AWX
    keeps.
    """
    arguments = (result.get("invocation") or {}).get("module_args")
    if not isinstance(arguments, dict):
        return
    for name, value in arguments.items():
        if isinstance(value, (list, tuple)) and len(value) > MOST_ITEMS:
            arguments[name] = f"{len(value):,} items, not shown"
        elif isinstance(value, str) and len(value) > 10_000:
            arguments[name] = f"{len(value):,} characters, not shown"
