# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: may change without notice.
"""What goes over the wire and comes back, and how whoever sends says what comes next.

A *flow* is a generator: it yields a request, is given the answer, and yields another request, yields ``Again`` to have
the same one sent once more, or returns what it makes of the answer. Tries that get no answer are repeated without it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from .._errors import M365Error

Result = TypeVar("Result")


@dataclasses.dataclass(frozen=True)
class Request:
    """One HTTP request, safe to repeat. ``token`` is sent as bearer; ``timeout`` in seconds, if not the task's."""

    method: str
    url: str
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: bytes | None = None
    token: str = dataclasses.field(default="", repr=False)
    timeout: float | None = None


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came back. ``body`` is empty where it couldn't be decoded; ``headers`` are case-insensitive.

    ``doubtful``: an earlier try of the same request may have been carried out. ``seconds``: from its sending on.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    doubtful: bool = False
    seconds: float = 0.0


@dataclasses.dataclass(frozen=True)
class Again:
    """Try again: ``error`` is what is raised when the tries are used up; ``throttled`` slows the whole task down."""

    error: M365Error
    throttled: bool = False


@dataclasses.dataclass(frozen=True)
class Done(Generic[Result]):
    """The flow has come to its end with this result."""

    result: Result


Step: TypeAlias = "Request | Again"
Flow: TypeAlias = Generator["Request | Again", Answer, Result]


@dataclasses.dataclass
class Counters:
    """HTTP requests to Exchange and Graph: sent in all, of these repeated, and answers (or batch items) that were
    throttled.
    """

    sent: int = 0
    retried: int = 0
    throttled: int = 0


def first_of(flow: Flow[Any]) -> Request:
    """The request that a flow begins with."""
    step = next(flow)
    if not isinstance(step, Request):
        raise TypeError("a flow begins with a request")
    return step


def next_of(flow: Flow[Result], answer: Answer) -> Request | Again | Done[Result]:
    """What a flow makes of an answer."""
    try:
        return flow.send(answer)
    except StopIteration as end:
        return Done(end.value)
