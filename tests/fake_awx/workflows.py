# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A workflow on its way: jobs one after the other, and approvals that wait for somebody. What jobs hand on goes to
those that follow in the same workflow, and nowhere else.

Learnt from AWX 24.6: awx/main/scheduler/task_manager.py, awx/main/models/workflow.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import notices
from .people import ADMINISTRATOR

if TYPE_CHECKING:
    from .jobs import Job, Launcher
    from .store import Store

_AFTER = ("success_nodes", "failure_nodes", "always_nodes")


class Run:
    """One start of a workflow. ``status`` is pending, waiting (for an approval), successful or failed."""

    def __init__(
        self,
        launcher: Launcher,
        store: Store,
        workflow: Mapping[str, Any],
        user: str,
        answers: Mapping[str, Any],
        number: int,
    ) -> None:
        self.name: str = workflow["name"]
        self.status = "pending"
        self.jobs: list[Job] = []
        self.artifacts: dict[str, Any] = {}
        self.sent: list[Any] = []  # what people were told of approvals
        self._launcher, self._store, self._workflow = launcher, store, workflow
        self._user, self._answers, self._number = user, dict(answers), number
        self._node = self._first()

    @property
    def ended(self) -> bool:
        return self.status in ("successful", "failed")

    def proceed(self) -> None:
        """Run jobs until an approval or the end."""
        while self._node:
            target = self._target(self._node)
            if self._store.kind_of(target) == "workflow_approval_templates":
                self.status = "waiting"
                context = notices.approval_context(target["name"], self._number, self._user, self._answers)
                told = self._store.linked(self._workflow, "notification_templates_approvals")
                self.sent += [notices.of_approval(template, "running", context) for template in told]
                return
            job = self._launcher.job_or_slices(target, {**self.artifacts, **self._answers}, self._user)
            self.jobs.append(job)
            self.artifacts |= job.artifacts
            self._follow(job.status)

    def decide(self, approve: bool = True, user: str = ADMINISTRATOR) -> None:
        """Approve or refuse, and go on.

        :raises Forbidden: it isn't theirs to decide.
        """
        assert self.status == "waiting", self.status
        self._launcher.demand(user, "approval", self._workflow)
        self._follow("successful" if approve else "failed")
        self.proceed()

    def _follow(self, status: str) -> None:
        kind = "success_nodes" if status == "successful" else "failure_nodes"
        assert self._node
        followed = [*self._store.linked(self._node, kind), *self._store.linked(self._node, "always_nodes")]
        self._node = followed[0] if followed else None
        if not followed:
            self.status = status

    def _first(self) -> dict[str, Any] | None:
        nodes = [
            node
            for node in self._store.objects["workflow_job_template_nodes"].values()
            if node["workflow_job_template"] == self._workflow["id"]
        ]
        followers = {other["id"] for node in nodes for kind in _AFTER for other in self._store.linked(node, kind)}
        (first,) = (one for one in nodes if one["id"] not in followers)
        return first

    def _target(self, node: Mapping[str, Any]) -> dict[str, Any]:
        started = self._store.all("unified_job_templates")
        return next(item for item in started if item["id"] == node["unified_job_template"])
