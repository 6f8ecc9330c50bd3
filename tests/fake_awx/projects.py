# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fetching a project: AWX knows the playbooks of a project only after an update of it has succeeded.

Learnt from AWX 24.6: awx/main/models/projects.py, awx/playbooks/project_update.yml.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# What makes AWX fetch anew when it changes.
SCM_FIELDS = ("scm_type", "scm_url", "scm_branch", "scm_refspec")
# For these, ansible-galaxy is called.
REQUIREMENTS = ("collections/requirements.yml", "roles/requirements.yml", "requirements.yml")


class Updates:
    """The updates of all projects, each done at once. ``broken`` is why the repository can't be reached, if it can't.

    There is no way to Galaxy here, where nothing would be found either.
    """

    def __init__(self) -> None:
        self.broken = ""
        self.done: dict[int, dict[str, Any]] = {}
        self.playbooks: dict[int, list[str]] = {}

    def start(self, project: dict[str, Any], folder: Path) -> dict[str, Any]:
        """Fetch the project from this folder. Returns the update, as the API shows it."""
        number = 500_000 + len(self.done)
        problem = self._problem(folder)
        if not problem:
            self.playbooks[project["id"]] = sorted(path.name for path in folder.glob("*.yml"))
            project["scm_revision"] = _revision(folder)
        self.done[number] = {
            "id": number,
            "type": "project_update",
            "name": project["name"],
            "project": project["id"],
            "status": "failed" if problem else "successful",
            "failed": bool(problem),
            "finished": "2026-11-01T00:00:00Z",
            "event_processing_finished": True,
            "scm_revision": project["scm_revision"],
            "url": f"/api/v2/project_updates/{number}/",
            "problem": problem,
        }
        return self.done[number]

    def events(self, update: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Only what failed."""
        if not update["problem"]:
            return []
        data = {"task": "Update project", "res": {"msg": update["problem"]}}
        return [{"event": "runner_on_failed", "event_data": data}]

    def _problem(self, folder: Path) -> str:
        if self.broken:
            return self.broken
        wanted = [name for name in REQUIREMENTS if (folder / name).exists()]
        return f"ansible-galaxy could not install what {wanted[0]} names: no such collection" if wanted else ""


def _revision(folder: Path) -> str:
    texts = [f"{path.relative_to(folder)} {path.read_text()}" for path in sorted(folder.rglob("*.yml"))]
    return hashlib.sha1("\n".join(texts).encode(), usedforsecurity=False).hexdigest()
