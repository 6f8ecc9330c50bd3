# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A machine with nothing but git, make and Python: what passes here passes on the machine of whoever has just begun.

Everything is a clone with the working tree laid over it, an empty home, and a PATH of one folder that links to git,
make, Python and what belongs to every Unix; or, as root where there is debootstrap, a whole Debian of its own, which
also hides what is called by its full path.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools import environments, interpreters, paths, process, settings, tree
from tools.process import CommandFailed, Log

FOLDER = paths.BUILD / "bare"

# What Debian calls essential, as far as builds use it. A name that this machine doesn't have is left out.
_UNIX = (
    "awk basename bash cat chmod chown cmp cp cut date dd df diff dirname du echo egrep env expr false fgrep find "
    "getopt grep gunzip gzip head hostname id install kill ln ls mkdir mkfifo mktemp mv nl nproc od paste perl "
    "printf pwd readlink realpath rm rmdir sed seq setsid sh sha256sum sleep sort split stat stty sync tail tar "
    "tee test timeout touch tr true truncate tty uname uniq wc xargs "
)
_GIVEN = ("git", "make")

# The way out of this machine isn't what is tried here.
_NETWORK = ("_PROXY", "_proxy", "PIP_CERT", "PIP_DEFAULT_TIMEOUT", "SSL_CERT_DIR", "SSL_CERT_FILE")

_PACKAGES = "ca-certificates,git,make,python3-venv"
# Mounts what a Debian's root needs and the folders that come before "--", and enters it. All mounts end with it.
_ENTER = """\
set -e
root=$1
shift
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
while [ "$1" != -- ]; do
    mkdir -p "$root$1"
    mount --bind "$1" "$root$1"
    shift
done
shift
exec chroot "$root" "$@"
"""


def clone(folder: Path) -> Path:
    """A fresh clone of HEAD in which the working tree's files stand as they are. Returns its folder."""
    shutil.rmtree(folder, ignore_errors=True)
    log = Log(paths.LOGS / "bare-clone.log")
    log.run(["git", "clone", "--quiet", "--no-checkout", paths.ROOT, folder], env=settings.base(), cwd=paths.BUILD)
    for path in tree.files():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(paths.ROOT / path, folder / path, follow_symlinks=False)
    log.run(["git", "reset", "--quiet"], env=settings.base(), cwd=folder)
    return folder


def environment(folder: Path, python: Path) -> dict[str, str]:
    """The variables of a machine that has nothing else; in ``folder`` are its PATH and its home."""
    programs = folder / "bin"
    shutil.rmtree(folder, ignore_errors=True)
    programs.mkdir(parents=True)
    for name in (*_GIVEN, *_UNIX.split()):
        found = shutil.which(name)
        if found:
            (programs / name).symlink_to(found)
        elif name in _GIVEN:
            raise CommandFailed(f"{name} not found")
    for name in ("python3", f"python{_version(python)}"):
        (programs / name).symlink_to(python)
    home = folder / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if name.endswith(_NETWORK)}
    return kept | {"HOME": str(home), "LANG": "C.UTF-8", "PATH": str(programs)}


def _version(python: Path) -> str:
    answer = subprocess.run(
        [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True, check=True
    )
    return answer.stdout.strip()


def own_python() -> Path:
    """The interpreter that runs this, not the virtual environment that it may be started through."""
    version = sys.version_info[:2]
    found = interpreters.ask(Path(sys.executable), version)
    if found is None:
        raise CommandFailed(f"{sys.executable} doesn't run")
    return found.path


def run(words: Sequence[str], suite: str) -> int:
    """``make test`` in it, from nothing, with these arguments. With ``suite`` in a Debian of that name."""
    environments.prepare()
    pip = settings.pip_settings(environments.boot())
    if suite:
        command, env, cwd = _in_debian(suite, pip)
    else:
        env = environment(FOLDER / "machine", own_python())
        settings.write_pip_configuration(pip, Path(env["HOME"]))
        command, cwd = ["make"], clone(FOLDER / "clone")
        print(f"PATH={env['PATH']}: {', '.join(sorted(path.name for path in Path(env['PATH']).iterdir()))}")
    command += ["test", f"ARGS={' '.join(words)}"]
    print(f"In {cwd}: make test {' '.join(words)}", flush=True)
    running = process.start(command, env, cwd, sys.stdout.fileno())
    try:
        return running.wait()
    finally:
        process.end(running)


def _in_debian(suite: str, pip: dict[str, str]) -> tuple[list[str], dict[str, str], Path]:
    """Make a Debian with git, make and python3-venv; what runs a command in it, as long as the command takes."""
    missing = [tool for tool in ("debootstrap", "unshare", "chroot") if not shutil.which(tool)]
    if missing or os.geteuid():
        why = f"{', '.join(missing)} not found" if missing else "you aren't root"
        raise CommandFailed(f"a Debian of its own can't be made: {why}. Without --debian nothing of it is needed.")
    root = FOLDER / "debian"
    shutil.rmtree(root, ignore_errors=True)
    print(f"Making a Debian ({suite}) in {root} ...", flush=True)
    mirror = os.environ.get("EE_MIRROR")  # else debootstrap's own
    # What it mounts while it works is never seen outside, and so never left behind.
    words: list[str | Path] = ["unshare", "--mount", "--", "debootstrap", "--variant=minbase"]
    words += [f"--include={_PACKAGES}", suite, root]
    env = settings.base() | {"PATH": os.environ["PATH"]}
    Log(paths.LOGS / "bare-debian.log").run([*words, *([mirror] if mirror else [])], env=env, cwd=paths.BUILD)
    clone(root / "work")
    settings.write_pip_configuration(pip, root / "root")
    shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
    for file in settings.named_files(pip):
        (root / file.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, root / file.lstrip("/"))
    mounts = [path for path in _local_indices(pip) if Path(path).is_dir()]
    enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--", "sh", "-c", _ENTER, "sh", str(root)]
    inside = {name: value for name, value in os.environ.items() if name.endswith(_NETWORK)}
    inside |= {
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    }
    given = ["env", "-i", *(f"{name}={value}" for name, value in inside.items())]
    return [*enter, *mounts, "--", *given, "make", "-C", "/work"], dict(os.environ), paths.BUILD


def _local_indices(pip: dict[str, str]) -> list[str]:
    """The folders of this machine that pip takes packages from; an index has its files beside its pages."""
    folders = pip.get("find-links", "").split()
    indices = [word for name in ("index-url", "extra-index-url") for word in pip.get(name, "").split()]
    folders += [str(Path(word.removeprefix("file://")).parent) for word in indices if word.startswith("file://")]
    return [folder for folder in folders if folder.startswith("/") and folder != "/"]
