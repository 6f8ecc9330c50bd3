# Copyright (c) 2026, m365ops contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listings that don't come whole, and places that the service points to: a short list never passes for the whole, and a
token never leaves the endpoint's own host and its regions.
"""

from __future__ import annotations

import socket
from typing import Any

import pytest
from fake_tenant import FakeTenantServer
from harness.run import ModuleRun, ModuleRunner
from harness.truth import Job

pytestmark = pytest.mark.newest_core

INFO = "mailbox_smtp_auth_info"


def states_of(run: ModuleRun) -> dict[str, str]:
    return {mailbox["primary_smtp_address"]: mailbox["state"] for mailbox in run.result["mailboxes"]}


def many(module: ModuleRunner, count: int = 300, **options: Any) -> Job:
    """Mailboxes from all three pages, more than are worth looking up: the module lists."""
    differing = [name for name, state in module.fake.mailboxes.states().items() if state == "enabled"]
    others = [name for name, state in module.fake.mailboxes.states().items() if state == "disabled"]
    names = [*others[:: len(others) // count], *differing[:: len(differing) // 20]]
    return Job(module, names, **{"max_retries": 0, **options})


# Pages --------------------------------------------------------------------------------------------------------------

PASSING = {
    "a link that expired": {"effect": "page_expired", "endpoint": "page", "skip": 1},
    "a page that was lost at the end": {"effect": "page_lost", "endpoint": "page", "skip": 1},
    "a page that was lost midway": {"effect": "page_lost", "endpoint": "page"},
    "the first page lost": {"effect": "page_lost", "endpoint": "invoke"},
    "rows twice": {"effect": "rows_twice", "endpoint": "page"},
}


@pytest.mark.parametrize("trouble", PASSING)
def test_a_listing_that_stumbles_is_still_whole(
    crowd: FakeTenantServer, crowd_module: ModuleRunner, trouble: str
) -> None:
    crowd.faults.add(**PASSING[trouble])
    run = crowd_module(INFO, max_retries=0)
    assert not run.failed, run.message
    assert states_of(run) == crowd.mailboxes.states()
    assert len(run.result["mailboxes"]) == len(crowd.mailboxes.states())


@pytest.mark.parametrize("carrier", ["pipe", "json", "internalexception"])
def test_an_expired_link_is_known_by_any_text(
    crowd: FakeTenantServer, crowd_module: ModuleRunner, carrier: str
) -> None:
    crowd.dialect.set(error_text=carrier)
    crowd.faults.add("page_expired", endpoint="page")
    run = crowd_module(INFO, max_retries=0)
    assert not run.failed, run.message
    assert states_of(run) == crowd.mailboxes.states()


@pytest.mark.parametrize("shape", ["array", "string"])
@pytest.mark.parametrize("beside", [True, False])
def test_a_warning_beside_a_link_is_no_error(
    crowd: FakeTenantServer, crowd_module: ModuleRunner, beside: bool, shape: str
) -> None:
    """That there is more is true of the first page; the link leads to it."""
    crowd.dialect.set(more_warning_with_link=beside, warnings_shape=shape)
    run = crowd_module(INFO, effective=True, max_retries=0)
    assert not run.failed, run.message
    assert states_of(run) == crowd.mailboxes.states()
    assert "more results" not in run.stdout


SHORT = {
    "links that expire": ({"effect": "page_expired", "endpoint": "page"}, "page_expired"),
    "a link that repeats": ({"effect": "link_repeat", "endpoint": ["invoke", "page"]}, "incomplete_listing"),
    "pages lost": ({"effect": "page_lost", "endpoint": "page"}, "incomplete_listing"),
    "the last page lost": ({"effect": "page_lost", "endpoint": "page", "skip": 1}, "incomplete_listing"),
    "a warning that there is more": ({"effect": "truncate", "endpoint": "page"}, "incomplete_listing"),
    "a warning with the first page": ({"effect": "truncate", "endpoint": "invoke"}, "incomplete_listing"),
    "a page refused": (
        {"effect": "status", "endpoint": "page", "arguments": {"status": 503, "retry_after": 0}},
        "incomplete_listing",
    ),
    "a page not found": (
        {"effect": "status", "endpoint": "page", "arguments": {"status": 404, "type": "", "text": "", "body": "empty"}},
        "incomplete_listing",
    ),
    "an empty page": ({"effect": "body_empty", "endpoint": "page"}, "incomplete_listing"),
    "a web page": ({"effect": "body_html", "endpoint": "page"}, "incomplete_listing"),
    "rows without the property": ({"effect": "row_without", "endpoint": "page"}, "unexpected_answer"),
}


@pytest.mark.parametrize("trouble", SHORT)
def test_a_short_list_never_passes_for_the_whole(
    crowd: FakeTenantServer, crowd_module: ModuleRunner, trouble: str
) -> None:
    fault, code = SHORT[trouble]
    crowd.faults.add(times=None, **fault)
    run = crowd_module(INFO, max_retries=0)
    assert run.failed
    assert run.result["failure"]["code"] == code
    assert run.result["mailboxes"] == []
    assert len(crowd.log.entries(endpoint="invoke")) <= 2 * 3 + 1


@pytest.mark.parametrize("size", [1000, 2000])
def test_a_last_page_that_is_rightly_empty(size: int, tmp_path: Any) -> None:
    """A tenant of exactly so many thousands whose last link leads to nothing: whole, all the same."""
    with FakeTenantServer(mailboxes=size) as fake:
        for name in list(fake.mailboxes.states())[size:]:
            fake.mailboxes.delete(name)
        fake.dialect.set(empty_last_page=True)
        run = ModuleRunner(fake, tmp_path)(INFO, max_retries=0)
        assert not run.failed, run.message
        assert states_of(run) == fake.mailboxes.states()
        assert len(run.result["mailboxes"]) == size


# Setting mailboxes: the listing is only the cheaper way, the look-ups say the same ---------------------------


@pytest.mark.parametrize("trouble", [*PASSING, *SHORT])
def test_setting_mailboxes_does_not_depend_on_the_listing(
    crowd: FakeTenantServer, crowd_module: ModuleRunner, trouble: str
) -> None:
    job = many(crowd_module)
    fault = PASSING.get(trouble) or {"times": None, **SHORT[trouble][0]}
    crowd.faults.add(**fault)
    run = job.run()
    job.check(run)
    if trouble == "rows without the property":
        assert run.failed
        assert set(run.codes) <= {"unexpected_answer", "not_verified"}
    else:
        job.check_done(run)
    assert crowd.log.entries(endpoint="invoke"), "it was to be listed"


def test_a_large_write_is_read_back_though_pages_are_lost(crowd: FakeTenantServer, crowd_module: ModuleRunner) -> None:
    names = [name for name, state in crowd.mailboxes.states().items() if state == "inherit"][:200]
    job = Job(crowd_module, names)
    crowd.faults.add("page_lost", endpoint="page", skip=2, times=None)
    job.check_done(job.run())


# Hosts --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(fake: FakeTenantServer) -> str:
    """Another name for the same server: not the endpoint's host, so that nothing may ever come in by it."""
    return fake.ready["foreign_host"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("count", [1, 11])
def test_a_region_is_followed_with_the_token(
    fake: FakeTenantServer, module: ModuleRunner, count: int, status: int
) -> None:
    job = Job(module, list(fake.mailboxes.states())[:count], max_retries=0, concurrency=1)
    fake.faults.add("redirect", endpoint=["batch", "invoke"], times=None, arguments={"region": "eur", "status": status})
    job.check_done(job.run())
    first, *others = job.requests()
    assert not first["host"].startswith("eur.")
    assert {entry["host"] for entry in others} == {"eur." + fake.endpoint.removeprefix("https://")}
    assert {entry["method"] for entry in others} == {"POST"}
    assert {entry["status"] for entry in others} == {200}


def test_a_region_is_followed_in_mid_listing(crowd: FakeTenantServer, crowd_module: ModuleRunner) -> None:
    crowd.faults.add("redirect", endpoint="page", times=None, arguments={"region": "nam"})
    run = crowd_module(INFO, max_retries=0)
    assert not run.failed, run.message
    assert states_of(run) == crowd.mailboxes.states()


@pytest.mark.parametrize("count", [1, 11])
@pytest.mark.parametrize(
    "where", ["foreign", "other port", "two labels", "look-alike", "user@"], ids=lambda where: where.replace(" ", "-")
)
def test_another_host_never_gets_the_token(
    fake: FakeTenantServer, module: ModuleRunner, elsewhere: str, count: int, where: str
) -> None:
    own = fake.endpoint.removeprefix("https://")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        host = {
            "foreign": elsewhere,
            "other port": f"localhost:{listener.getsockname()[1]}",
            "two labels": f"a.b.{own}",
            "look-alike": f"not{own}",
            "user@": f"{own}@{elsewhere}",
        }[where]
        job = Job(module, list(fake.mailboxes.states())[:count], max_retries=1, concurrency=1)
        fake.faults.add("redirect", endpoint=["batch", "invoke"], times=None, arguments={"host": host})
        run = job.run()
        with pytest.raises(BlockingIOError):
            listener.accept()
    job.check(run)
    assert run.failed
    assert run.result["failure"]["code"] == "untrusted_host"
    assert {entry["host"] for entry in fake.log.entries()} == {own}
    assert len(job.requests()) == 1


def test_a_redirect_while_writing(fake: FakeTenantServer, module: ModuleRunner, elsewhere: str) -> None:
    job = Job(module, list(fake.mailboxes.states())[:11], max_retries=1, concurrency=1)
    fake.faults.add("redirect", endpoint="batch", skip=2, times=None, arguments={"host": elsewhere})
    run = job.run()
    job.check(run)
    assert run.failed
    assert job.done() == []
    assert elsewhere not in {entry["host"] for entry in fake.log.entries()}
    job.finish()


def test_redirects_in_circles_end(fake: FakeTenantServer, module: ModuleRunner) -> None:
    job = Job(module, list(fake.mailboxes.states())[:11], max_retries=0, concurrency=1)
    own = fake.endpoint.removeprefix("https://")
    fake.faults.add("redirect", endpoint="batch", times=None, arguments={"host": own})
    run = job.run()
    job.check(run)
    assert run.failed
    assert job.writes() == []
    assert len(job.requests()) <= 2 * 5


@pytest.mark.parametrize("module_name", [INFO, "mailbox_smtp_auth"])
def test_a_page_link_to_another_host_is_refused(
    crowd: FakeTenantServer, crowd_module: ModuleRunner, module_name: str
) -> None:
    foreign = crowd.ready["foreign_host"]
    crowd.faults.add("link_foreign", endpoint=["invoke", "page"], times=None, arguments={"host": foreign})
    run = crowd_module(INFO, max_retries=0) if module_name == INFO else many(crowd_module).run()
    assert run.failed
    assert run.result["failure"]["code"] == "untrusted_host"
    assert run.result["mailboxes"] == []
    assert {entry["host"] for entry in crowd.log.entries()} == {crowd.endpoint.removeprefix("https://")}
    assert crowd.log.entries(cmdlet="Set-CASMailbox") == []
