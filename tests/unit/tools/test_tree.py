# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The copy that tools work on holds the collection and nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tools import paths, tree


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    for name, text in {".gitignore": ".build\n", "galaxy.yml": "x", "plugins/new.py": "y", ".build/made": "z"}.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(paths, "ROOT", root)
    monkeypatch.setattr(paths, "COPIES", root / ".build" / "copies")
    monkeypatch.setattr(paths, "TREE", root / ".build" / "tree")
    return root


@pytest.mark.usefixtures("repository")
def test_copy_leaves_out_what_git_ignores_and_what_an_older_copy_had() -> None:
    stale = tree.copy("x") / "stale"
    stale.touch()
    copy = tree.copy("x")
    names = {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file() and ".git/" not in str(path)}
    assert names == {".gitignore", "galaxy.yml", "plugins/new.py"}
    assert copy.relative_to(tree.tree_of(copy)) == paths.COLLECTION


@pytest.mark.usefixtures("repository")
def test_copy_is_a_repository_of_its_own() -> None:
    copy = tree.copy("x")
    listing = subprocess.run(
        ["git", "ls-files", "--others"], cwd=copy, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert "plugins/new.py" in listing


def test_link_leads_to_the_repository(repository: Path) -> None:
    assert (tree.link() / paths.COLLECTION).resolve() == repository.resolve()
    assert tree.link() == paths.TREE
