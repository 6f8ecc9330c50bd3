# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every play imports and parses, for a fork server to do beforehand: a module that it is started with.

Ansible reads its configuration as it is imported, and keeps it. A run can have what was imported for another only if
its configuration would be the same: no variable differs that was read (the fork server sees to that), it finds the
same file or none, and nothing depends on the folder that it is started in. What is a single run's is made anew for it:
its folder for temporary files, its numbers, its locks, and what it writes to the standard streams with.

Plays are run once, in processes of their own, to see what they import and which YAML they parse.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import importlib.util
import multiprocessing
import os
import pickle
import secrets
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import SemLock
from pathlib import Path
from typing import Any

import yaml

_TRUE_LOAD = yaml.load
_parsed: defaultdict[bytes, list[Any]] = defaultdict(list)
_asked: list[bytes] = []


def _load(stream: Any, Loader: Any) -> Any:  # noqa: N803 as it is in PyYAML
    """``yaml.load``. What was parsed beforehand is given away once: it is the run's own, to change as it likes."""
    key = _key(stream, Loader)
    _asked.append(key)
    return _parsed[key].pop() if _parsed.get(key) else _TRUE_LOAD(stream, Loader)


def _key(stream: Any, loader: Any) -> bytes:
    """A text with all that Ansible has noted of it, and what is to parse it."""
    if isinstance(stream, (str, bytes)):
        with contextlib.suppress(pickle.PicklingError, AttributeError, TypeError):
            return pickle.dumps((stream, loader))
    return b""


# Before Ansible is imported, which keeps the function; in a folder that is in no setting, unless one depends on it.
yaml.load = _load
_FOLDER = os.getcwd()
_ELSEWHERE = tempfile.mkdtemp()
os.chdir(_ELSEWHERE)

from ansible import constants  # noqa: E402
from ansible.cli import playbook  # noqa: E402
from ansible.config.manager import find_ini_config_file  # noqa: E402
from ansible.utils import color  # noqa: E402
from ansible.utils import vars as numbers  # noqa: E402
from ansible.utils.display import Display  # noqa: E402

_ANSIBLE = os.path.dirname(constants.__file__) + os.sep
_LOCKS = "ansible.executor.action_write_locks"  # of ansible-core before 2.19
_SHARED = (".plugins.module_utils.", ".plugins.plugin_utils.")  # what plugins of a collection have in common
_PLAYS = (
    """\
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: "{{ inventory_hostname | regex_replace('^', 'of ') }}"
      when: inventory_hostname is match('l')
""",
    """\
- hosts: localhost
  gather_facts: false
  roles:
    - m365ops.exchange_online.smtp_auth
""",
)


def _configuration() -> tuple[str | None, list[int]] | None:
    """The file that a run started here would read, and how to know whether it is still the same; None if it would be
    warned of one.
    """
    warnings: set[str] = set()
    found = find_ini_config_file(warnings)
    if warnings:
        return None
    state = os.stat(found) if found else None
    return found, [state.st_mtime_ns, state.st_size, state.st_ino] if state else []


_CONFIGURATION = _configuration()


def _is_for_all() -> bool:
    """Whether what was imported can be another run's at all."""
    locks = getattr(sys.modules.get(_LOCKS), "action_write_locks", {})
    shared = [found for found in gc.get_objects() if issubclass(type(found), SemLock)]
    return (
        _CONFIGURATION is not None
        and not constants.DEFAULT_LOG_PATH  # which is open
        and _ELSEWHERE not in str({name: getattr(constants, name) for name in constants.config._base_defs})
        and all(any(found is lock for lock in locks.values()) for found in shared)
    )


def renew(arguments: Sequence[str]) -> bool:
    """See ``fork_server``."""
    if not (_FOR_ALL and _configuration() == _CONFIGURATION and all(map(os.get_blocking, range(3)))):
        return False
    if any(map(_brings_plugins, arguments)):
        return False
    _make_anew()
    return True


def _make_anew() -> None:
    _asked.clear()
    importlib.reload(color)
    Display().__init__()  # type: ignore[misc]
    numbers.random_int = f"{secrets.randbelow(1 << 32):08x}"
    if _LOCKS in sys.modules:
        locks = sys.modules[_LOCKS].action_write_locks
        locks.update({name: multiprocessing.Lock() for name in locks})
    temporary = constants.config.get_config_value("DEFAULT_LOCAL_TMP", variables=vars(constants))
    constants.set_constant("DEFAULT_LOCAL_TMP", temporary)


def _brings_plugins(argument: str) -> bool:
    """Whether it is a playbook beside which plugins lie: an older ansible-core takes those that were imported for them,
    where they have the same name.
    """
    folder = Path(argument).parent
    places = (folder, *folder.glob("roles/*")) if os.path.isfile(argument) else ()
    return any(any(place.glob("*_plugins")) or (place / "library").exists() for place in places)


# What a play imports and parses -------------------------------------------------------------------------------------


def _prepare() -> None:
    for play in _PLAYS:
        for files, keys in _seen(play):
            for name, file in files.items():
                _import(name, file)
            for key, times in Counter(filter(None, keys)).items():
                for _time in range(times - len(_parsed[key])):
                    _parse(key)
    for name, module in list(sys.modules.items()):
        if name.startswith("ansible_collections") and getattr(module, "__file__", None) is None:
            del sys.modules[name]  # each run finds its collections itself


def _import(name: str, file: str | None) -> None:
    """Import it, if it is found so. A plugin of Ansible's own may be named for the place of its file."""
    is_own = not name.startswith("ansible_collections.")
    if name in sys.modules or not (is_own or any(place in name for place in _SHARED)):
        return
    with contextlib.suppress(Exception):
        found = importlib.util.find_spec(name)
        if found is not None and found.origin == file:
            importlib.import_module(name)
        elif found is None and is_own and file and file.startswith(_ANSIBLE):
            spec = importlib.util.spec_from_file_location(name, file)
            if spec is not None and spec.loader is not None:
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                sys.modules[name] = module


def _parse(key: bytes) -> None:
    """Keep it, unless something was said of it: that is to be said in each run."""
    said = Display()
    with contextlib.suppress(Exception):
        parsed = _TRUE_LOAD(*pickle.loads(key))
        if not (said._warns or said._deprecations):
            _parsed[key].append(parsed)


def _seen(play: str) -> Iterator[tuple[dict[str, str | None], list[bytes]]]:
    """What each process of a play has imported, and what it has parsed."""
    folder = Path(tempfile.mkdtemp())
    process = os.fork()
    if not process:
        _play(folder, play)
    os.waitpid(process, 0)
    for told in sorted(folder.glob("told-*")):
        yield pickle.loads(told.read_bytes())
    shutil.rmtree(folder)


def _play(folder: Path, play: str) -> None:
    """Each process tells at its end."""
    true_exit = os._exit

    def tell(status: int) -> None:
        for process in multiprocessing.active_children():
            process.join()
        files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
        (folder / f"told-{os.getpid()}").write_bytes(pickle.dumps((files, _asked)))
        true_exit(status)

    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(nothing, number)
        os.register_at_fork(after_in_child=_asked.clear)
        os._exit = tell  # type: ignore[assignment]
        BaseProcess.terminate = BaseProcess.join  # type: ignore[assignment, method-assign]
        written = folder / "play.yml"
        written.write_text(play)
        _make_anew()
        with contextlib.suppress(SystemExit):
            playbook.main(["ansible-playbook", str(written)])
        atexit._run_exitfuncs()
        tell(0)
    finally:
        true_exit(1)


def _let_go() -> None:
    """No run is to find what was made for the import."""
    os.chdir(_FOLDER)
    os.rmdir(_ELSEWHERE)
    shutil.rmtree(constants.DEFAULT_LOCAL_TMP, ignore_errors=True)


_let_go()
if _is_for_all():
    _prepare()
_FOR_ALL = _is_for_all()
