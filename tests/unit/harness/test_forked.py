# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program that is forked can't be told from one in a fresh interpreter, and leaves nothing to the next."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from harness import run
from harness.forked import Forked, ForkServer
from harness.forking_interpreter import ForkingInterpreter
from harness.truth import wait_until

SECONDS = 60
Start = Callable[..., Forked]

# Everything that a program may find out about how it was started.
DESCRIBE = """\
import json, os, resource, signal, sys, threading, time
mask = os.umask(0)
print(json.dumps({
    "arguments": sys.argv,
    "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")),
    "encodings": [stream.encoding for stream in (sys.stdin, sys.stdout, sys.stderr)],
    "environment": dict(os.environ),
    "errors": [stream.errors for stream in (sys.stdin, sys.stdout, sys.stderr)],
    "executable": sys.executable,
    "flags": str(sys.flags),
    "folder": os.getcwd(),
    "group": [os.getpgid(0), os.getsid(0)],
    "ignored": [line for line in open("/proc/self/status") if line.startswith(("SigBlk", "SigIgn", "SigCgt"))],
    "input": sys.stdin.read(),
    "limits": [resource.getrlimit(limit) for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE)],
    "line by line": [stream.line_buffering for stream in (sys.stdout, sys.stderr)],
    "mask": mask,
    "name": __name__,
    "file": __file__,
    "path": sys.path,
    "signals": [str(signal.getsignal(number)) for number in signal.valid_signals()],
    "threads": threading.active_count(),
    "zone": time.tzname,
}))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    made = ForkServer(["json", "email"])
    yield made
    made.close()


@pytest.fixture
def start(server: ForkServer, tmp_path: Path) -> Start:
    """``start(code, *arguments, NAME=value)``"""

    def start_code(code: str, *arguments: str, **environment: str) -> Forked:
        program = tmp_path / f"program-{len(list(tmp_path.iterdir()))}.py"
        program.write_text(code)
        return server.start([str(program), *arguments], {**os.environ, **environment}, tmp_path)

    return start_code


# A module that is imported beforehand: what it reads may be otherwise in a run, and it may say so itself.
READING = """\
import os

VALUE = os.environ.get("TO_READ")

def renew(arguments):
    if "fail" in arguments:
        raise OSError("no")
    return "refuse" not in arguments
"""
FAILING = "import email, reading\nraise {}"
IS_READ = """\
import json, sys
beforehand = "reading" in sys.modules
import reading
print(json.dumps([beforehand, reading.VALUE]))
"""


@pytest.fixture(scope="module")
def with_reading(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment with modules to be imported."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "reading.py").write_text(READING)
    for name, error in (("failing", "OSError('half way')"), ("leaving", "SystemExit(5)")):
        (folder / f"{name}.py").write_text(FAILING.format(error))
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path}


@pytest.fixture(scope="module")
def reading(with_reading: dict[str, str]) -> Iterator[ForkServer]:
    made = ForkServer(["reading"], {**with_reading, "TO_READ": "one"})
    yield made
    made.close()


def end(process: Forked) -> tuple[int | None, str, str]:
    stdout, stderr = process.communicate(timeout=SECONDS)
    return process.returncode, stdout, stderr


@pytest.mark.parametrize("refused", [False, True], ids=["forked", "become a fresh one"])
def test_it_is_as_in_a_fresh_interpreter(
    server: ForkServer, reading: ForkServer, tmp_path: Path, refused: bool
) -> None:
    program = tmp_path / "program.py"
    program.write_text(DESCRIBE)
    early = tmp_path / "early"
    early.mkdir()
    (early / "sitecustomize.py").write_text("import os; os.environ['SEEN'] = 'by sitecustomize'")
    path = os.pathsep.join([str(early), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "OWN": "\u00e4 = 1\n", "TZ": "Asia/Tokyo"}
    del environment["HOME"]
    words = [str(program), "one", "two words", "refuse" if refused else ""]
    code, stdout, stderr = end((reading if refused else server).start(words, environment, tmp_path))
    assert (code, stderr) == (0, "")
    fresh = subprocess.run(
        [sys.executable, *words],
        env=environment,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    found, expected = json.loads(stdout), json.loads(fresh.stdout)
    assert found == expected
    assert found["environment"]["SEEN"] == "by sitecustomize"
    assert found["zone"] == ["JST", "JST"]


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("", 0, ""),
        ("import sys; sys.exit(3)", 3, ""),
        ("import sys; sys.exit('what is wrong')", 1, "what is wrong\n"),
        ("import os; os._exit(7)", 7, ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
    ],
)
def test_how_it_ends(start: Start, code: str, status: int, said: str) -> None:
    assert end(start(code)) == (status, "", said)


@pytest.mark.parametrize(
    "code",
    [
        *(
            f"import sys; print('before'); sys.exit({code})"
            for code in ("''", "'why'", "-1", "256", "300", "True", "[1]")
        ),
        "raise KeyboardInterrupt",
        "import atexit\natexit.register(lambda: 1 / 0)\natexit.register(print, 'at its end')",
        "import os, sys; print('lost'); os.close(1)",
        "import sys; sys.stdout.close()",
        "import sys; sys.stdout = None",
        "import sys; file = open(sys.argv[1], 'w'); file.write('kept')",
        "import sys; sys.kept = open(sys.argv[1], 'w'); sys.kept.write('kept')",
        "import email, sys; email.kept = open(sys.argv[1], 'wb'); email.kept.write(b'kept')",
        "import tempfile; kept = tempfile.NamedTemporaryFile(); print(len(kept.name) > 0)",
        "import gc; gc.disable()\nclass Kept:\n    def __del__(self): print('gone')\nkept = Kept()\nkept.itself = kept",
        (
            "import email, sys\nclass Kept:\n    def __del__(self): print('gone')\n"
            "sys.modules['own'] = type(sys)('own'); sys.modules['own'].kept = Kept()"
        ),
        "import threading; threading.Thread(target=lambda: 1 / 0).start()",
        "import os, sys\nif os.fork(): os.wait(); print('parent')\nelse: print('child'); sys.exit(4)",
    ],
)
def test_it_ends_as_a_fresh_interpreter(server: ForkServer, tmp_path: Path, code: str) -> None:
    program, written, temporary = tmp_path / "program.py", tmp_path / "written", tmp_path / "temporary"
    program.write_text(code)
    temporary.mkdir()
    words, environment = [str(program), str(written)], {**os.environ, "TMPDIR": str(temporary)}
    fresh = subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    expected = written.exists() and written.read_text()
    written.unlink(missing_ok=True)
    status, stdout, stderr = end(server.start(words, environment))
    assert (status, stdout) == (fresh.returncode, fresh.stdout)
    assert stderr.splitlines()[-1:] == fresh.stderr.splitlines()[-1:]
    assert (written.exists() and written.read_text()) == expected
    assert list(temporary.iterdir()) == []


def test_an_exception_nobody_caught(start: Start) -> None:
    status, stdout, stderr = end(start("print('before')\nraise KeyError('lost')"))
    assert (status, stdout) == (1, "before\n")
    assert stderr.startswith("Traceback")
    assert stderr.endswith("KeyError: 'lost'\n")


def test_streams_are_apart_and_whole(start: Start) -> None:
    code = "import sys\nfor _ in range(3): print('o' * 200000); print('e' * 200000, file=sys.stderr)"
    assert end(start(code)) == (0, ("o" * 200000 + "\n") * 3, ("e" * 200000 + "\n") * 3)


def test_what_is_registered_for_the_end_is_done_and_threads_are_waited_for(start: Start) -> None:
    code = (
        "import atexit, threading\natexit.register(print, 'at its end')\n"
        "go = threading.Event()\nthreading.Thread(target=lambda: (go.wait(), print('thread'))).start()\ngo.set()"
    )
    assert end(start(code)) == (0, "thread\nat its end\n", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_ends_it_alone(start: Start, number: signal.Signals) -> None:
    process, other = (start("import time; print('here', flush=True); time.sleep(600)") for _time in range(2))
    assert process.poll() is None
    assert process.pid != other.pid
    process.send_signal(number)
    assert end(process)[0] == -number
    assert other.poll() is None
    other.kill()
    assert end(other)[0] == -signal.SIGKILL
    process.kill()  # of one that has ended: nothing


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_it_can_handle_a_signal(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    code = (
        "import signal, sys\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(5))\n"
        "open(sys.argv[1], 'w').close()\nwhile True: signal.pause()"
    )
    process = start(code, str(pipe))
    with pipe.open() as ready:
        assert ready.read() == ""
    process.send_signal(number)
    assert end(process) == (5, "", "")


def test_waiting_ends_in_time(start: Start) -> None:
    process = start("import time; time.sleep(600)")
    for wait in (process.wait, process.communicate):
        with pytest.raises(subprocess.TimeoutExpired):
            wait(timeout=0.05)
    process.terminate()
    assert process.wait(SECONDS) == -signal.SIGTERM
    assert process.wait() == -signal.SIGTERM


def test_nothing_is_left_to_the_next(start: Start) -> None:
    code = (
        "import email, json, os, signal, sys, tempfile\n"
        "print(json.dumps([hasattr(email, 'mark'), 'MARK' in os.environ, os.getcwd(), sys.path.count('mark'),"
        " signal.getsignal(signal.SIGTERM) == signal.SIG_DFL, 'tabnanny' in sys.modules]))\n"
        "import tabnanny\n"
        "email.mark = True; os.environ['MARK'] = 'x'; sys.path.append('mark'); os.chdir('/')\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    )
    first, second = (end(start(code)) for _time in range(2))
    assert first == second
    assert json.loads(first[1])[:2] == [False, False]


@pytest.mark.parametrize(
    ("changes", "words", "found"),
    [
        ({"TO_READ": "one"}, [], [True, "one"]),
        ({"TO_READ": "one", "OTHER": "x"}, ["word"], [True, "one"]),
        ({"TO_READ": "two"}, [], [False, "two"]),
        ({}, [], [False, None]),
        ({"TO_READ": "one"}, ["refuse"], [False, "one"]),
        ({"TO_READ": "one"}, ["fail"], [False, "one"]),
    ],
)
def test_what_was_imported_otherwise_is_imported_anew(
    reading: ForkServer,
    with_reading: dict[str, str],
    tmp_path: Path,
    changes: dict[str, str],
    words: list[str],
    found: list[Any],
) -> None:
    program = tmp_path / "program.py"
    program.write_text(IS_READ)
    status, stdout, stderr = end(reading.start([str(program), *words], {**with_reading, **changes}))
    assert (status, stderr) == (0, "")
    assert json.loads(stdout) == found


def test_a_variable_that_was_not_there_may_not_come(with_reading: dict[str, str], tmp_path: Path) -> None:
    server = ForkServer(["reading"], with_reading)
    program = tmp_path / "program.py"
    program.write_text(IS_READ)
    try:
        said = [end(server.start([str(program)], {**with_reading, **changes}))[1] for changes in ({}, {"TO_READ": ""})]
    finally:
        server.close()
    assert [json.loads(text) for text in said] == [[True, None], [False, ""]]


@pytest.mark.parametrize(("name", "beforehand"), [("failing", False), ("leaving", False), ("nowhere", True)])
def test_what_cannot_be_imported(with_reading: dict[str, str], tmp_path: Path, name: str, beforehand: bool) -> None:
    """What fails half way may have left anything; a library that isn't installed has left nothing."""
    server = ForkServer(["reading", name], with_reading)
    program = tmp_path / "program.py"
    program.write_text(IS_READ)
    try:
        assert json.loads(end(server.start([str(program)], with_reading))[1]) == [beforehand, None]
    finally:
        server.close()


def test_many_at_once(start: Start) -> None:
    running = {number: start(f"import sys; print({number}); sys.exit({number})") for number in range(20)}
    for number, process in running.items():
        assert end(process) == (number, f"{number}\n", "")


def test_the_server_has_one_thread_and_keeps_nothing_open(server: ForkServer, start: Start) -> None:
    def open_files() -> int:
        return len(os.listdir(f"/proc/{server.pid}/fd"))

    idle = 5  # its streams, the socket and what it waits with
    for _time in range(3):
        end(start(""))
    wait_until(lambda: open_files() == idle, "the server lets go of what has ended")
    assert len(os.listdir(f"/proc/{server.pid}/task")) == 1


@pytest.mark.parametrize("preload", [run.PRELOAD, run.PRELOAD_PLAYBOOK], ids=["modules", "playbooks"])
def test_what_is_imported_beforehand_starts_no_thread_and_reads_no_configuration(
    preload: Sequence[str], tmp_path: Path
) -> None:
    """A thread would not come along, and Ansible's settings are those of each run."""
    program = tmp_path / "program.py"
    wanted = "{'ansible.constants', 'ansible.config', *sys.argv[1:]}"
    program.write_text(f"import sys; print(sorted({wanted} & set(sys.modules)))")
    server = ForkServer(preload)
    try:
        process = server.start([str(program), "ansible.module_utils.basic"], os.environ)
        assert end(process) == (0, "['ansible.module_utils.basic']\n", "")
        assert len(os.listdir(f"/proc/{server.pid}/task")) == 1
    finally:
        server.close()


def test_what_runs_goes_on_without_the_server(tmp_path: Path) -> None:
    server = ForkServer([])
    program = tmp_path / "program.py"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    program.write_text("import sys; print(open(sys.argv[1]).read())")
    process = server.start([str(program), str(pipe)], os.environ)
    server.close()
    pipe.write_text("still here")
    assert process.communicate(timeout=SECONDS) == ("still here\n", "")


@pytest.mark.parametrize(
    ("changes", "can"),
    [
        ({}, True),
        ({"M365_TENANT_ID": "x", "HTTPS_PROXY": "http://x", "PYTHONPATH": "/elsewhere"}, True),
        ({"PYTHONDONTWRITEBYTECODE": "1", "PYTHONOPTIMIZE": "1"}, False),
        ({"LC_ALL": "C"}, False),
        ({"LANG": "de_DE.UTF-8"}, False),
        ({"OPENSSL_CONF": "/x"}, False),
        ({"LD_PRELOAD": "/x"}, False),
    ],
)
def test_what_an_interpreter_reads_at_its_start_wants_a_fresh_one(
    server: ForkServer, changes: dict[str, Any], can: bool
) -> None:
    assert server.can({**{name: value for name, value in os.environ.items() if name not in changes}, **changes}) is can


# An interpreter whose programs are forked --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with ForkingInterpreter(tmp_path_factory.mktemp("interpreter"), ["json", "email"]) as path:
        yield path


@pytest.mark.parametrize("way", ["a file", "standard input"])
def test_an_interpreter_is_as_a_fresh_one(interpreter: str, tmp_path: Path, way: str) -> None:
    """Whether the program is a file, or stands on the standard input as where Ansible pipes it."""
    program = tmp_path / "program.py"
    program.write_text(DESCRIBE.replace('    "file": __file__,\n', "") + "sys.exit(3)")
    environment = {**os.environ, "OWN": "\u00e4 = 1\n", "EMPTY": "", "TZ": "Asia/Tokyo"}
    words, given = ([str(program), "one", "two words", ""], "in") if way == "a file" else ([], program.read_text())
    found, fresh = (
        subprocess.run(
            [python, *words],
            env=environment,
            cwd=tmp_path,
            input=given,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            umask=0o027,
            check=False,
        )
        for python in (interpreter, sys.executable)
    )
    assert (found.returncode, found.stderr) == (fresh.returncode, fresh.stderr) == (3, "")
    told, expected = json.loads(found.stdout), json.loads(fresh.stdout)
    del told["group"], expected["group"]  # whoever forks it is the leader of the group
    assert told == expected
    assert told["mask"] == 0o027


@pytest.mark.parametrize(
    ("code", "status"), [("", 0), ("raise SystemExit(4)", 4), ("import os; os.kill(os.getpid(), 9)", -9 & 255)]
)
def test_an_interpreter_ends_as_its_program_does(interpreter: str, code: str, status: int) -> None:
    ended = subprocess.run([interpreter], input=code.encode(), timeout=SECONDS, check=False)
    assert ended.returncode == status


def test_many_run_at_the_same_time(interpreter: str) -> None:
    programs = [
        subprocess.Popen([interpreter], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _number in range(20)
    ]
    said = [program.communicate(f"print({number})", timeout=SECONDS)[0] for number, program in enumerate(programs)]
    assert said == [f"{number}\n" for number in range(20)]


def test_what_does_it_better_forks_it(tmp_path: Path) -> None:
    better = ForkServer([])
    code = "import os; print(os.getppid())"
    with ForkingInterpreter(tmp_path, [], other=lambda told: better if "BETTER" in told else None) as python:
        said = [
            subprocess.run([python], env={**os.environ, **more}, input=code, capture_output=True, text=True, check=True)
            for more in ({}, {"BETTER": ""})
        ]
    assert [one.stdout == f"{better.pid}\n" for one in said] == [False, True]
    better.close()


def test_an_interpreter_that_nobody_serves_waits_for_nobody(tmp_path: Path) -> None:
    """As where the tests were killed, and a play of theirs runs on."""
    code = (
        "import os, sys, pathlib; from harness.forking_interpreter import ForkingInterpreter;"
        "python = ForkingInterpreter(pathlib.Path(sys.argv[1]), []); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], timeout=SECONDS, check=True)
    ended = subprocess.run([str(tmp_path / "interpreter")], stdin=subprocess.DEVNULL, timeout=SECONDS, check=False)
    assert ended.returncode == 70
