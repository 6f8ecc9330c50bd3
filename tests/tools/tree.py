# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection where Ansible looks for it: as a link, and as a copy for the tools that refuse a link."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tools import paths


def link() -> Path:
    """A folder for ANSIBLE_COLLECTIONS_PATH in which the collection is a link to this repository."""
    target = paths.TREE / paths.COLLECTION
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.is_symlink():
        target.symlink_to(paths.ROOT, target_is_directory=True)
    return paths.TREE


def files() -> list[Path]:
    """The collection's own files, relative to its root: what git has or would add, and nothing that it ignores."""
    listing = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=paths.ROOT)
    named = [Path(name) for name in listing.split("\0") if name]
    return [path for path in named if (paths.ROOT / path).exists()]


def copy(name: str) -> Path:
    """A fresh copy of the collection in a tree of its own. Returns the collection's folder.

    It is a git repository too: ansible-test would else find this one above it, and all of the copy ignored in it.
    """
    tree = paths.COPIES / name
    shutil.rmtree(tree, ignore_errors=True)
    target = tree / paths.COLLECTION
    for path in files():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(paths.ROOT / path, target / path, follow_symlinks=False)
    _git("init", "--quiet", cwd=target)
    return target


def _git(*words: str, cwd: Path) -> str:
    env = {
        name: value for name, value in os.environ.items() if not name.startswith(("GIT_DIR", "GIT_INDEX", "GIT_WORK"))
    }
    return subprocess.run(["git", *words], cwd=cwd, env=env, stdout=subprocess.PIPE, check=True).stdout.decode()


def tree_of(collection: Path) -> Path:
    """The folder for ANSIBLE_COLLECTIONS_PATH that a copy stands in."""
    return collection.parents[2]
