# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of AWX's API that its own modules need to make objects, over HTTP on loopback.

Only its administrator may make them. Others have a token of their own (``token_of``) and may read the jobs of templates
that they have a role of.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .people import ADMINISTRATOR, Forbidden
from .store import ASSOCIATIONS, FIELDS, Refused, Store

VERSION = "24.6.1"
TOKEN = "the-token-of-an-administrator"
SECONDS = 30
_TOKEN_OF = "token-of-"


def token_of(user: str) -> str:
    """What somebody other than the administrator signs in with."""
    return TOKEN if user == ADMINISTRATOR else _TOKEN_OF + user


class FakeAwx:
    """``with FakeAwx(project) as awx:`` listens at ``awx.url`` for whoever has TOKEN; ``awx.store`` has the objects."""

    def __init__(self, project: Path) -> None:
        self.store = Store(project)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        # /api/controller/ is where Automation Platform has it.
        routes = [
            Route(f"{prefix}/v2/{path}", self._answer, methods=["GET", "POST", "PATCH", "DELETE"])
            for prefix in ("/api", "/api/controller")
            for path in ("{endpoint}/", "{endpoint}/{number:int}/", "{endpoint}/{number:int}/{sub}/")
        ]
        config = uvicorn.Config(Starlette(routes=routes), log_level="warning", lifespan="off", access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def __enter__(self) -> FakeAwx:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(SECONDS)

    async def _answer(self, request: Request) -> Response:
        user = self._user(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if user is None:
            return JSONResponse({"detail": "no"}, 401)
        given = await request.json() if request.method in ("POST", "PATCH") else {}
        try:
            status, body = self._route(request, given, user)
        except Forbidden:
            status, body = 403, {"detail": "You do not have permission to perform this action."}
        except Refused as error:
            status, body = 400, error.body
        except KeyError:
            status, body = 404, {"detail": "not found"}
        headers = {"X-API-Product-Name": "AWX", "X-API-Product-Version": VERSION}
        return Response(status_code=204, headers=headers) if status == 204 else JSONResponse(body, status, headers)

    def _user(self, token: str) -> dict[str, Any] | None:
        found = (item for item in self.store.all("users") if token == token_of(item["username"]))
        return next(found, None)

    def _route(self, request: Request, given: Mapping[str, Any], user: Mapping[str, Any]) -> tuple[int, Any]:
        endpoint, number, sub = (request.path_params.get(key) for key in ("endpoint", "number", "sub"))
        if endpoint == "jobs" and number:
            return 200, self._job(number, sub or "", user)
        if user["username"] != ADMINISTRATOR:
            raise Forbidden
        if endpoint == "roles" and number and sub:
            return self._role(number, sub, given)
        if endpoint == "project_updates":
            return 200, self._project_update(number, sub or "", request)
        return self._object(request, given)

    def _object(self, request: Request, given: Mapping[str, Any]) -> tuple[int, Any]:
        endpoint, number, sub = (request.path_params.get(key) for key in ("endpoint", "number", "sub"))
        if endpoint not in FIELDS and endpoint != "unified_job_templates":
            raise KeyError(endpoint)
        if number is None:
            return self._collection(endpoint, request, given)
        item = self.store.objects[endpoint][number]
        if request.method == "DELETE":
            self.store.delete(endpoint, item)
            return 204, None
        if sub == "survey_spec":
            return self._survey(item, given)
        if sub == "update" and endpoint == "projects":
            return 202, self.store.fetch(item)
        if sub == "create_approval_template":
            return self._approval(item, given)
        if sub:
            return self._association(endpoint, item, sub, given)
        if given:
            self.store.update(endpoint, item, given)
        return 200, self.store.show(endpoint, item)

    def _collection(self, endpoint: str, request: Request, given: Mapping[str, Any]) -> tuple[int, Any]:
        if request.method == "POST":
            return 201, self.store.show(endpoint, self.store.create(endpoint, given))
        wanted = {key: value for key, value in request.query_params.items() if key not in ("page", "page_size")}
        if "organization__name" in wanted:
            name = wanted.pop("organization__name")
            wanted["organization"] = next(
                str(one["id"]) for one in self.store.all("organizations") if one["name"] == name
            )
        found = [item for item in self.store.all(endpoint) if _fits(item, wanted)]
        return 200, _page([self.store.show(endpoint, item) for item in found])

    def _job(self, number: int, sub: str, user: Mapping[str, Any]) -> Any:
        """A job, its output, its events: for whoever can read its template."""
        template, job = self.store.jobs[number]
        if not self.store.people.may(user, "read", "job_templates", self.store.objects["job_templates"][template]):
            raise Forbidden
        if sub == "stdout":
            return {"content": job.output}
        if sub == "job_events":
            return _page(job.events)
        return {"id": number, "name": job.name, "status": job.status, "artifacts": job.artifacts}

    def _role(self, number: int, sub: str, given: Mapping[str, Any]) -> tuple[int, Any]:
        if given:
            self.store.people.grant(number, sub, given)
            self.store.changes += 1
            return 204, None
        return 200, _page([{"id": one} for one in self.store.people.of_role(number, sub)])

    def _project_update(self, number: int | None, sub: str, request: Request) -> Any:
        if number is None:
            found = [one for one in self.store.updates.done.values() if one["name"] == request.query_params["name"]]
            return _page(found[::-1])
        update = self.store.updates.done[number]
        if sub == "events":
            return _page(self.store.updates.events(update))
        self.store.fetched(update)
        return update

    def _survey(self, item: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[int, Any]:
        if given:
            self.store.set_survey(item, given)
        return 200, self.store.surveys.get(item["id"], {})

    def _approval(self, node: dict[str, Any], given: Mapping[str, Any]) -> tuple[int, Any]:
        made = self.store.create("workflow_approval_templates", given)
        node["unified_job_template"] = made["id"]
        return 201, self.store.show("workflow_approval_templates", made)

    def _association(
        self, endpoint: str, item: Mapping[str, Any], sub: str, given: Mapping[str, Any]
    ) -> tuple[int, Any]:
        if sub not in ASSOCIATIONS.get(endpoint, ()):
            raise KeyError(sub)
        if given:
            self.store.link(item, sub, given)
            return 204, None
        return 200, _page([{"id": found["id"]} for found in self.store.linked(item, sub)])


def _page(results: list[dict[str, Any]]) -> dict[str, Any]:
    return {"count": len(results), "next": None, "previous": None, "results": results}


def _fits(item: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    either = {key.removeprefix("or__"): value for key, value in wanted.items() if key.startswith("or__")}
    if either and not any(str(item.get(key)) == value for key, value in either.items()):
        return False
    return all(str(item.get(key)) == value for key, value in wanted.items() if not key.startswith(("or__", "order_by")))
