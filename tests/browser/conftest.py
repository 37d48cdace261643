"""The platform's own processes, and people at real browsers.

`platform` is empty at the start of each module: `web` serves the pages for all of them, a worker
is started for each. Nothing of it outlives this package, whose tests share the databases with
all others.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from app.domain.people import create_setup_token
from models import db
from tests.support.databases import empty_databases
from tests.support.demo_service import demo
from tests.support.peers import sapporo, toil, unavailable
from tests.support.platform import start_web, start_worker
from tests.support.servers import Server
from tests.support.visitor import Meet, Platform, Visitor, arrive

__all__ = ["demo", "sapporo", "toil"]

CHROMIUM = [
    "--no-sandbox",  # which root cannot have; the pages are our own
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        unavailable("needs chromium (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=CHROMIUM)


@pytest.fixture(scope="package")
def web(browser: Browser, postgres: str) -> Iterator[Server]:
    """The web process with the built pages; nothing is built where there is no browser."""
    server = start_web()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def platform(web: Server) -> Iterator[Platform]:
    """An empty platform with a worker."""
    empty_databases()
    with db.session(db.USERS) as session:
        token = create_setup_token(session)
    worker = start_worker(FGIP_PUBLIC_URL=web.url)
    yield Platform(web.url, f"{web.url}/setup?token={token}")
    worker.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Let fixtures know at their end whether their test has passed."""
    report: Any = yield
    if report.when == "call":
        item.stash[HAS_PASSED] = report.passed
    return report


HAS_PASSED = pytest.StashKey[bool]()


@pytest.fixture
def meet(browser: Browser, web: Server, request: pytest.FixtureRequest) -> Iterator[Meet]:
    """Give people browsers: `meet(cookies)` is signed in by a session's cookie, `meet()` is not.

    The test fails if a browser's console, scripts or network complained of anything.
    """
    people: list[Visitor] = []

    def meet_one(cookies: Mapping[str, str] | None = None, **options: Any) -> Visitor:
        person = arrive(browser, web.url, **options)
        people.append(person)
        person.sign_in(cookies or {})
        return person

    yield meet_one
    problems = [problem for person in people for problem in person.problems]
    traces = None
    if problems or not request.node.stash.get(HAS_PASSED, False):
        traces = Path(tempfile.mkdtemp(prefix="fgip-browser-"))
        print(f"Pictures and traces of the browsers are in {traces}")
    for person in people:
        person.leave(traces=traces)
    assert not problems, "\n".join(problems)
