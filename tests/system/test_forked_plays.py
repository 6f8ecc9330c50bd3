# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A play that is forked with Ansible imported can't be told from one whose interpreter imports it."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from harness import run
from harness.forked import ForkServer
from harness.forking_interpreter import ForkingInterpreter
from harness.run import PLAYBOOK_MAIN, PRELOAD_ANSIBLE, PlaybookRunner
from harness.truth import wait_until

SECONDS = 120
MODULE = PRELOAD_ANSIBLE[0]
Ended = tuple[int, str, str]

# Everything that Ansible makes of its configuration as it is imported.
DESCRIBE = """\
import json, locale, logging, sys
beforehand = "harness.imported_ansible" in sys.modules
import ansible.plugins.inventory  # as every play does; an older ansible-core loads a plugin there
from ansible import constants
from ansible.cli import playbook
from ansible.playbook.play import Play
from ansible.playbook.task import Task
from ansible.plugins.loader import get_all_plugin_loaders
from ansible.utils import color, display
config = constants.config
settings = {name: config.get_config_value_and_origin(name, variables=vars(constants))
            for name in config.get_configuration_definitions() if name != "DEFAULT_LOCAL_TMP"}
print(json.dumps([beforehand, {
    "cli": vars(playbook.PlaybookCLI), "pager": playbook.PlaybookCLI.PAGER,
    "color": [color.ANSIBLE_COLOR, color.stringc("x", "red")],
    "constants": {name: value for name, value in vars(constants).items() if name.isupper()},
    "deprecated": config.DEPRECATED, "file": config._config_file, "warnings": sorted(config.WARNINGS),
    "display": {name: value for name, value in vars(display.Display()).items() if name != "_lock"},
    "streams": [[stream.errors, hasattr(stream.buffer.write, "__wrapped__")] for stream in (sys.stdout, sys.stderr)],
    "keywords": {kind.__name__: {name: getattr(kind(), name) for name in sorted(kind.fattributes)}
                 for kind in (Play, Task)},
    "loaders": {name: [loader.config, loader._searched_paths, loader._extra_dirs, loader.package]
                for name, loader in get_all_plugin_loaders()},
    "locale": locale.setlocale(locale.LC_ALL),
    "log": [str(handler) for handler in logging.root.handlers], "logger": str(display.logger),
    "settings": settings,
}], default=lambda value: sorted(map(str, value)) if isinstance(value, (set, frozenset)) else str(value),
    sort_keys=True))
"""
# Addresses, names of temporary files, identifiers, times and numbers of processes.
OF_A_RUN = re.compile(
    r"0x[0-9a-f]+|ansible-(local|tmp)-[\w.-]+|m365ops-\w{8}|\btmp\w{8}|[0-9a-f-]{36}|\d\d:\d\d:\d\d|\d+\.\d+|\d{4,}"
)


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a play."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    collections = os.environ["ANSIBLE_COLLECTIONS_PATH"]
    home = str(tmp_path_factory.mktemp("home"))
    return {**others, "ANSIBLE_COLLECTIONS_PATH": collections, "ANSIBLE_HOME": home, "ANSIBLE_NOCOLOR": "1"}


@pytest.fixture(scope="module")
def forks(usual: dict[str, str]) -> Iterator[ForkServer]:
    made = ForkServer(PRELOAD_ANSIBLE, usual)
    yield made
    made.close()


def forked(forks: ForkServer, words: list[str], environment: Mapping[str, str], folder: Path) -> Ended:
    process = forks.start(words, environment, folder)
    stdout, stderr = process.communicate(timeout=SECONDS)
    return process.wait(), stdout, stderr


def fresh(words: list[str], environment: Mapping[str, str], folder: Path) -> Ended:
    ended = subprocess.run(
        [sys.executable, *words],
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


def config(folder: Path) -> dict[str, str]:
    (folder / "ansible.cfg").write_text("[defaults]\nforks = 9\n")
    return {}


def config_that_is_named(folder: Path) -> dict[str, str]:
    config(folder)
    return {"ANSIBLE_CONFIG": str((folder / "ansible.cfg").rename(folder / "other.cfg"))}


def config_for_all_to_write(folder: Path) -> dict[str, str]:
    folder.chmod(0o777)
    return config(folder)


def config_at_home(folder: Path) -> dict[str, str]:
    config(folder)
    (folder / "ansible.cfg").rename(folder / ".ansible.cfg")
    return {"HOME": str(folder)}


@pytest.mark.parametrize(
    ("changes", "beforehand"),
    [
        ({}, True),
        ({"M365_TENANT_ID": "x", "HTTPS_PROXY": "http://x"}, True),
        ({"ANSIBLE_FORKS": "7"}, False),
        ({"ANSIBLE_HOME": "elsewhere"}, False),
        ({"ANSIBLE_COLLECTIONS_PATH": "/nowhere"}, False),
        ({"ANSIBLE_NOCOLOR": ""}, False),
        ({"ANSIBLE_STRATEGY": "free", "ANSIBLE_STDOUT_CALLBACK": "minimal"}, False),
        ({"ANSIBLE_LOG_PATH": "play.log"}, False),
        ({"PAGER": "cat"}, False),
        ({"HOME": "/nowhere"}, False),
        (config, False),
        (config_that_is_named, False),
        (config_for_all_to_write, False),
        (config_at_home, False),
    ],
)
def test_the_configuration_is_that_of_the_run(
    forks: ForkServer,
    usual: dict[str, str],
    tmp_path: Path,
    changes: dict[str, str] | Callable[[Path], dict[str, str]],
    beforehand: bool,
) -> None:
    program = tmp_path / "program.py"
    program.write_text(DESCRIBE)
    environment = {**usual, **(changes if isinstance(changes, dict) else changes(tmp_path))}
    found, expected = (
        (code, OF_A_RUN.sub("0", stdout), stderr)
        for code, stdout, stderr in (
            forked(forks, [str(program)], environment, tmp_path),
            fresh([str(program)], environment, tmp_path),
        )
    )
    (was, told), (_was, described) = json.loads(found[1]), json.loads(expected[1])
    assert told == described
    assert (found[0], found[2]) == (expected[0], expected[2]) == (0, expected[2])
    assert was is beforehand


def play(*tasks: str, settings: str = "") -> str:
    lines = ["- hosts: localhost", "  gather_facts: false", *([f"  {settings}"] if settings else []), "  tasks:"]
    return "\n".join([*lines, *(f"    - {task}" for task in tasks)]) + "\n"


MANY_TASKS = play(
    "debug: {msg: \"{{ 'x' | regex_replace('x', 'y') }} {{ [1, 2] | map('string') | list }}\"}",
    "debug: {var: ansible_playbook_python}",
    "debug: {msg: '{{ nowhere }}'}",
    "include_vars: nowhere.yml",
    "m365ops.exchange_online.mailbox_smtp_auth_info: {mailboxes: [1]}",
    "command: echo here",
    settings="ignore_errors: true",
)
ROLE = "- hosts: localhost\n  gather_facts: false\n  roles: [m365ops.exchange_online.smtp_auth]\n"


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        (MANY_TASKS, ("-vvv", "--diff")),
        (play("fail: {msg: why}", "debug: {}"), ()),
        (play("debug: {msg: one, msg: two}"), ()),
        (play("nothing_of_that_name: {}"), ()),
        (ROLE, ("-e", "smtp_auth_enabled=nobody")),
        ("- hosts: [", ()),
        (play("debug: {}"), ("--list-tasks",)),
        (play("debug: {}"), ("-i", "nowhere.yml", "--limit", "none")),
        (play("debug: {}"), ("--no-such-option",)),
    ],
)
def test_a_play_is_as_a_fresh_one(
    forks: ForkServer, usual: dict[str, str], tmp_path: Path, text: str, flags: tuple[str, ...]
) -> None:
    (tmp_path / "play.yml").write_text(text)
    words = [str(PLAYBOOK_MAIN), "play.yml", *flags]
    found, expected = (
        (code, *(OF_A_RUN.sub("X", text) for text in output))
        for code, *output in (forked(forks, words, usual, tmp_path), fresh(words, usual, tmp_path))
    )
    assert found == expected
    assert [path.name for path in tmp_path.iterdir()] == ["play.yml"]


@pytest.mark.parametrize("place", [".", "roles/one"])
def test_plugins_beside_the_playbook_count(
    forks: ForkServer, usual: dict[str, str], tmp_path: Path, place: str
) -> None:
    """An older ansible-core takes what was imported under the name of a plugin."""
    folder = tmp_path / place / "connection_plugins"
    folder.mkdir(parents=True)
    (folder / "local.py").write_text("raise ValueError('it is loaded')\n")
    (tmp_path / "play.yml").write_text(play("ansible.builtin.command: echo", settings="connection: local"))
    (tmp_path / "program.py").write_text("import sys; print('harness.imported_ansible' in sys.modules)")
    words = [str(tmp_path / "program.py"), "play.yml"]
    assert forked(forks, words, usual, tmp_path) == (0, "False\n", "")
    words = [str(PLAYBOOK_MAIN), "play.yml"]
    found, expected = forked(forks, words, usual, tmp_path), fresh(words, usual, tmp_path)
    assert found[0] == expected[0]
    assert ("it is loaded" in found[1] + found[2]) is ("it is loaded" in expected[1] + expected[2])


def test_each_has_a_folder_for_temporary_files_to_its_end(
    forks: ForkServer, usual: dict[str, str], tmp_path: Path
) -> None:
    place = Path(usual["ANSIBLE_HOME"], "tmp")
    (tmp_path / "play.yml").write_text(play(f"debug: {{msg: \"{{{{ lookup('pipe', 'ls {place}') }}}}\"}}"))
    seen = set()
    for _time in range(2):
        assert list(place.glob("*")) == []
        code, stdout, _stderr = forked(forks, [str(PLAYBOOK_MAIN), "play.yml"], usual, tmp_path)
        assert code == 0, stdout
        seen |= set(re.findall(r'"msg": "(ansible-local-\w+)"', stdout))
    assert len(seen) == 2
    assert list(place.glob("*")) == []


def answers(environment: Mapping[str, str], folder: Path, *words: str) -> list[Ended]:
    """The same of a server of its own, and of a fresh interpreter."""
    server = ForkServer(PRELOAD_ANSIBLE, environment)
    try:
        return [forked(server, list(words), environment, folder), fresh(list(words), environment, folder)]
    finally:
        server.close()


@pytest.mark.parametrize(
    ("changes", "beforehand"),
    [
        ({"ANSIBLE_FORKS": "7", "ANSIBLE_STRATEGY": "free"}, True),
        ({"ANSIBLE_LOG_PATH": "/dev/null"}, False),
        ({"ANSIBLE_ROLES_PATH": "here"}, False),
        ({"ANSIBLE_FORKS": "many"}, False),
        ({"ANSIBLE_LIBRARY": "{{CWD}}/here"}, False),
    ],
)
def test_what_cannot_be_imported_for_all(
    usual: dict[str, str], tmp_path: Path, changes: dict[str, str], beforehand: bool
) -> None:
    """A file that it opens, a setting that the folder decides, a mistake."""
    program = tmp_path / "program.py"
    program.write_text(f"import sys; print('{MODULE}' in sys.modules, 'ansible' in sys.modules)")
    found, _fresh = answers({**usual, **changes}, tmp_path, str(program))
    assert found == (0, f"{beforehand} {beforehand}\n", "")


def test_a_lock_that_all_would_share(usual: dict[str, str], tmp_path: Path) -> None:
    """As an ansible-core to come may make one as it is imported: nobody makes it anew."""
    (tmp_path / "locking.py").write_text("import multiprocessing; LOCK = multiprocessing.Lock()")
    program = tmp_path / "program.py"
    program.write_text(f"import sys; print('{MODULE}' in sys.modules)")
    environment = {**usual, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])}
    server = ForkServer(["locking", *PRELOAD_ANSIBLE], environment)
    try:
        assert forked(server, [str(program)], environment, tmp_path) == (0, "False\n", "")
    finally:
        server.close()


def test_plugins_that_the_settings_name_count(usual: dict[str, str], tmp_path: Path) -> None:
    """Though others of these names are Ansible's own."""
    (tmp_path / "minimal.py").write_text(OWN_CALLBACK)
    (tmp_path / "play.yml").write_text(play("debug: {msg: x}"))
    changes = {"ANSIBLE_CALLBACK_PLUGINS": str(tmp_path), "ANSIBLE_STDOUT_CALLBACK": "minimal"}
    found, expected = answers({**usual, **changes}, tmp_path, str(PLAYBOOK_MAIN), "play.yml")
    assert found == expected
    assert "TOLD localhost" in found[1]


OWN_CALLBACK = """\
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_NAME = "minimal"
    CALLBACK_TYPE = "stdout"
    CALLBACK_VERSION = 2.0

    def v2_runner_on_ok(self, result):
        print("TOLD", result._host.get_name())
"""


def test_a_warning_of_what_was_parsed_is_shown_by_each(usual: dict[str, str], tmp_path: Path) -> None:
    """The role that a server parses beforehand is in this collection another one."""
    collection = tmp_path / "ansible_collections" / "m365ops" / "exchange_online"
    tasks = collection / "roles" / "smtp_auth" / "tasks"
    tasks.mkdir(parents=True)
    (tasks / "main.yml").write_text("- debug:\n    msg: one\n    msg: two\n")
    (tmp_path / "play.yml").write_text(ROLE)
    environment = {**usual, "ANSIBLE_COLLECTIONS_PATH": str(tmp_path), "PYTHONPATH": os.environ["PYTHONPATH"]}
    found, expected = answers(environment, tmp_path, str(PLAYBOOK_MAIN), "play.yml")
    assert found == expected
    assert "msg" in found[2]


PARSED = f"""\
import pickle, sys, yaml
held = sys.modules["{MODULE}"]
kept = {{key: [pickle.dumps(each) for each in values] for key, values in held._parsed.items()}}
assert len(kept) > 1
for key, values in kept.items():
    for value in (*values, *values):
        assert pickle.dumps(yaml.load(*pickle.loads(key))) == value
first, second = (yaml.load("[1]", yaml.SafeLoader) for _time in range(2))
assert first is not second
"""


def test_what_is_parsed_beforehand_is_as_if_it_were_parsed(
    forks: ForkServer, usual: dict[str, str], tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PARSED)
    assert forked(forks, [str(program)], usual, tmp_path) == (0, "", "")


OWN = """\
import os, sys
sys.path.insert(0, os.getcwd())
from ansible import constants
from ansible.cli import playbook
from ansible.plugins.strategy import linear
from ansible.utils.vars import get_unique_id
assert os.listdir(constants.DEFAULT_LOCAL_TMP) == []
locks = getattr(sys.modules.get("ansible.executor.action_write_locks"), "action_write_locks", {})
print(get_unique_id(), [lock.acquire(timeout=5) for lock in locks.values()].count(False), flush=True)
open(sys.argv[1], "w").close()
open(sys.argv[2]).close()
"""


def test_nothing_is_shared_by_runs(forks: ForkServer, usual: dict[str, str], tmp_path: Path) -> None:
    """Each holds its locks while the other wants its own."""
    program, held, pipe = tmp_path / "program.py", [tmp_path / "one", tmp_path / "two"], tmp_path / "pipe"
    program.write_text(OWN)
    os.mkfifo(pipe)
    with os.fdopen(os.open(pipe, os.O_RDWR)):
        running = [forks.start([str(program), str(path), str(pipe)], usual, tmp_path) for path in held]
        wait_until(lambda: all(path.exists() for path in held), "both have all their locks")
    numbers = set()
    for process in running:
        stdout, stderr = process.communicate(timeout=SECONDS)
        assert (process.wait(), stderr) == (0, "")
        number, waited_in_vain = stdout.split()
        numbers.add(number.rpartition("-")[0])
        assert waited_in_vain == "0"
    assert len(numbers) == len(running)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_as_a_fresh_one(
    forks: ForkServer, usual: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "play.yml").write_text(
        play(f"debug: {{msg: \"{{{{ lookup('pipe', 'echo > {pipe}') }}}}\"}}", "pause: {seconds: 10}")
    )
    words = [str(PLAYBOOK_MAIN), "play.yml"]
    codes = []
    for process in (
        forks.start(words, usual, tmp_path),
        subprocess.Popen(
            [sys.executable, *words],
            env=usual,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ),
    ):
        with pipe.open() as ready:
            ready.read()
        process.send_signal(number)
        codes.append(process.wait(SECONDS))
    assert codes[0] == codes[1] != 0


def test_streams_that_do_not_block_are_refused(forks: ForkServer, usual: dict[str, str], tmp_path: Path) -> None:
    streams, (told, tell) = [os.pipe() for _name in ("stdout", "stderr")], os.pipe()
    os.set_blocking(streams[0][1], False)
    order = {
        "arguments": [str(PLAYBOOK_MAIN), "--version"],
        "environment": usual,
        "folder": str(tmp_path),
        "mask": 0o22,
    }
    files = [os.open(os.devnull, os.O_RDONLY), *(write for _read, write in streams), tell]
    forks.pass_on(json.dumps(order).encode(), files)
    with os.fdopen(told) as status, os.fdopen(streams[0][0]) as stdout, os.fdopen(streams[1][0]) as stderr:
        assert (status.read(), stdout.read()) == ("1", "")
        assert "blocking" in stderr.read()


# As a program that something else starts ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def program(usual: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """``ansible-playbook``, whose runs are forked."""
    folder = tmp_path_factory.mktemp("bin")
    environment = {name: value for name, value in usual.items() if name not in ("ANSIBLE_NOCOLOR", "NO_COLOR")}
    with ForkingInterpreter(tmp_path_factory.mktemp("interpreter"), PRELOAD_ANSIBLE, environment) as interpreter:
        made = folder / "ansible-playbook"
        made.write_text(f"#!{interpreter}\n{SCRIPT}")
        made.chmod(0o700)
        yield made


SCRIPT = "import sys\nfrom ansible.cli.playbook import main\nif __name__ == '__main__':\n    sys.exit(main())\n"


def on_a_terminal(words: list[str], environment: Mapping[str, str], folder: Path) -> tuple[int, str]:
    own, other = pty.openpty()
    fcntl.ioctl(own, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 132, 0, 0))
    process = subprocess.Popen(words, env=environment, cwd=folder, stdin=other, stdout=other, stderr=other)
    os.close(other)
    written = b""
    try:
        while part := os.read(own, 1 << 16):
            written += part
    except OSError:  # nobody is at its other end any more
        pass
    os.close(own)
    return process.wait(SECONDS), written.decode()


def test_a_terminal_has_colours_and_a_width(program: Path, usual: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "play.yml").write_text(play("debug: {msg: x}", "debug: {var: nowhere}"))
    environment = {name: value for name, value in usual.items() if name not in ("ANSIBLE_NOCOLOR", "NO_COLOR")}
    environment["TERM"] = "xterm"
    plain = tmp_path / "plain.py"
    plain.write_text(SCRIPT)
    found = on_a_terminal([str(program), "play.yml"], environment, tmp_path)
    assert "\x1b[" in found[1]
    assert found == on_a_terminal([sys.executable, str(plain), "play.yml"], environment, tmp_path)


# In tests -----------------------------------------------------------------------------------------------------------


def test_plays_of_tests_are_forked(playbook: PlaybookRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Once there are many with the same settings, whatever these are."""
    program = tmp_path / "program.py"
    program.write_text("import os, sys; print('harness.imported_ansible' in sys.modules, os.environ['ANSIBLE_FORKS'])")
    monkeypatch.setattr(run, "PLAYBOOK_MAIN", program)
    said = [playbook("any.yml", env={"ANSIBLE_FORKS": "13"}).stdout for _time in range(run.MANY + 1)]
    assert said == ["False 13\n"] * (run.MANY - 1) + ["True 13\n"] * 2
    assert playbook("any.yml", env={"ANSIBLE_FORKS": "14"}).stdout == "False 14\n"
