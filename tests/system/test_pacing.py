# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A service that lets a client go only so fast: the module finds the pace by itself and finishes, without hammering."""

from __future__ import annotations

from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from harness.run import ModuleRunner
from harness.truth import Job

pytestmark = pytest.mark.newest_core


def crowd_job(module: ModuleRunner, count: int, **options: Any) -> Job:
    names = [name for name, state in module.fake.mailboxes.states().items() if state == "inherit"][:count]
    return Job(module, names, **{"verify": False, **options})


def refused_share(job: Job, per: str) -> float:
    """The share of refusals among what was sent: requests, or commands in batches."""
    if per == "request":
        statuses = [entry["status"] for entry in job.requests()]
    else:
        statuses = [item["status"] for entry in job.requests() for item in entry["items"]]
    return statuses.count(429) / len(statuses)


BUCKETS: dict[str, dict[str, Any]] = {
    "requests, honest Retry-After": {"per": "request", "rate": 25, "burst": 5},
    "requests, no Retry-After": {"per": "request", "rate": 25, "burst": 5, "retry_after": None},
    "commands, honest Retry-After": {"per": "item", "rate": 120, "burst": 40},
}


@pytest.mark.parametrize(
    ("bucket", "headers"), [*((bucket, False) for bucket in BUCKETS), ("requests, honest Retry-After", True)]
)
def test_a_token_bucket_is_lived_with(
    crowd: FakeTenantServer, crowd_module: ModuleRunner, bucket: str, headers: bool
) -> None:
    """All is done in one run, and few of the requests are refused. An unpaced client has most of them refused."""
    job = crowd_job(crowd_module, 400)
    crowd.dialect.set(rate_headers=headers)
    crowd.throttle.set(**BUCKETS[bucket])
    run = job.run()
    job.check_done(run)
    assert crowd.stats()["throttled"] > 0
    assert run.result["requests"]["throttled"] > 0
    # Those of the first few that go at once can't know yet.
    assert refused_share(job, BUCKETS[bucket]["per"]) < 0.25


def test_a_limit_on_requests_at_a_time_is_lived_with(crowd: FakeTenantServer, crowd_module: ModuleRunner) -> None:
    """Told by a plain text without Retry-After: the window shrinks to what is let in."""
    job = crowd_job(crowd_module, 400, concurrency=8)
    crowd.latency(0.02)
    crowd.throttle.set(max_concurrent=2)
    run = job.run()
    job.check_done(run)
    assert 0 < refused_share(job, "request") < 0.3


def test_no_more_than_concurrency_requests_at_a_time(crowd: FakeTenantServer, crowd_module: ModuleRunner) -> None:
    job = crowd_job(crowd_module, 200, concurrency=3)
    crowd.latency(0.05)
    job.check_done(job.run())
    assert crowd.stats()["max_concurrent"] == 3


def test_a_used_up_allowance_is_not_overdrawn(crowd: FakeTenantServer, crowd_module: ModuleRunner) -> None:
    """The rate headers say when there is more: past this task's deadline, so it ends with what it has, unrefused."""
    job = crowd_job(crowd_module, 400, concurrency=2, deadline=30)
    crowd.dialect.set(rate_headers=True)
    crowd.throttle.set(limit=200)
    run = job.run()
    job.check(run)
    assert run.failed
    assert "deadline" in run.message
    assert 100 < len(job.done()) <= 210
    assert refused_share(job, "request") == 0
    job.finish()


def test_throttling_that_never_ends_ends_the_run(crowd: FakeTenantServer, crowd_module: ModuleRunner) -> None:
    """Bounded tries, and a result that says what was done."""
    job = crowd_job(crowd_module, 200, max_retries=1)
    crowd.faults.add(
        "status", endpoint="batch", skip=5, times=None, arguments={"status": 429, "retry_after": 0, "type": ""}
    )
    run = job.run()
    job.check(run)
    assert run.failed
    assert run.result["failure"]["code"] == "throttled"
    assert len(job.done()) == 50
    assert len([entry for entry in job.requests() if entry["status"] == 429]) <= (3 + 4) * 2
    job.finish()
