# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bare machine is bare: nothing on its PATH but what is named, nothing in its home, and the tree as it stands."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tools import bare, paths, settings
from tools.checks import bare as check
from tools.process import CommandFailed


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    for name in ("M365_CLIENT_SECRET", "ANSIBLE_CONFIG", "PYTHONPATH", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    return bare.environment(tmp_path / "machine", bare.own_python())


def shell(env: dict[str, str], script: str) -> str:
    words = [str(Path(env["PATH"]) / "sh"), "-c", script]
    return subprocess.run(words, env=env, capture_output=True, text=True, check=False, timeout=60).stdout


def test_nothing_optional_is_found(env: dict[str, str]) -> None:
    names = " ".join((*check.OPTIONAL, "uv", "pip", "ansible", "gcc", "curl"))
    assert shell(env, f"for name in {names}; do command -v $name; done") == ""


def test_what_is_needed_is_there(env: dict[str, str]) -> None:
    found = shell(env, "git --version; make --version; python3 -c 'import venv; print(venv.__name__)'").splitlines()
    assert found[0].startswith("git version")
    assert found[-1] == "venv"


def test_nothing_of_the_user_is_left_but_the_way_out(env: dict[str, str]) -> None:
    assert list(Path(env["HOME"]).iterdir()) == []
    assert {"HOME", "LANG", "PATH", "HTTPS_PROXY"} <= set(env)
    assert not set(env) & {"M365_CLIENT_SECRET", "ANSIBLE_CONFIG", "PYTHONPATH", "VIRTUAL_ENV"}


def test_clone_is_the_tree_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "root"
    root.mkdir()
    monkeypatch.setattr(paths, "ROOT", root)
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    monkeypatch.setattr(paths, "LOGS", tmp_path / "logs")
    for name in ("kept", "changed", "removed"):
        (root / name).write_text("committed")
    (root / ".gitignore").write_text("ignored\n")
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    for words in (["init", "--quiet"], ["add", "."], [*identity, "commit", "--quiet", "-m", "x"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    (root / "changed").write_text("not committed")
    (root / "removed").unlink()
    for name in ("new", "ignored"):
        (root / name).write_text("not committed")
    copy = bare.clone(tmp_path / "copy")
    texts = {path.name: path.read_text() for path in copy.iterdir() if path.is_file()}
    assert texts == {
        ".gitignore": "ignored\n",
        "kept": "committed",
        "changed": "not committed",
        "new": "not committed",
    }
    assert (copy / ".git").is_dir()


def test_a_debian_that_cannot_be_made_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bare.shutil, "which", lambda _name: None)
    monkeypatch.setattr(bare.environments, "prepare", lambda: None)
    monkeypatch.setattr(bare.environments, "boot", lambda: Path("python3"))
    monkeypatch.setattr(bare.settings, "pip_settings", lambda _python: {})
    with pytest.raises(CommandFailed, match="debootstrap, unshare, chroot not found"):
        bare.run([], "bookworm")


def test_what_the_way_to_the_index_needs_comes_along(tmp_path: Path) -> None:
    file, folder = tmp_path / "constraints.txt", tmp_path / "wheels"
    file.touch()
    folder.mkdir()
    pip = {
        "cert": f"{file}",
        "constraint": f"/nowhere {file}",
        "find-links": f"{folder}",
        "extra-index-url": "file:///index/simple https://a.example/simple",
    }
    assert settings.named_files(pip) == [str(file)] * 2
    assert bare._local_indices(pip) == [str(folder), "/index"]
