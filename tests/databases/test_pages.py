"""What people see in a browser while a database is away, and that it goes away by itself."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Browser, expect

from app.domain.unavailable import WORDS
from models import db
from tests.databases.showing import STATE
from tests.databases.situation import PATIENCE_SECONDS, Situation
from tests.support.axe import faults
from tests.support.socket import Tab
from tests.support.visitor import Visitor, arrive

PANEL_SYNC = f"{STATE}.app___pages___admin_service_panels____panel_sync_state"

# A page of each domain, which says without being asked that its database is away.
PAGES = {
    db.REGISTRY: "/services",
    db.JOBS: "/jobs",
    db.FILES: "/datasets",
    db.NOTIFICATIONS: "/notifications",
}


@pytest.fixture
def rosa(browser: Browser, situation: Situation) -> Iterator[Visitor]:
    visitor = arrive(browser, situation.url)
    visitor.sign_in(situation.cookies)
    yield visitor
    for proxy in situation.proxies.values():
        proxy.set("pass")
    visitor.leave(traces=None)
    assert visitor.problems == []


@pytest.mark.parametrize("name", PAGES)
def test_an_open_page_says_that_its_database_is_away_and_when_it_is_back(
    situation: Situation, rosa: Visitor, name: str
) -> None:
    rosa.open(PAGES[name])
    rosa.settle()
    situation.proxies[name].set("refuse")
    expect(rosa.page.get_by_text(WORDS[name].cannot)).to_be_visible()
    situation.proxies[name].set("pass")
    expect(rosa.page.get_by_text(WORDS[name].cannot)).to_have_count(0)


@pytest.mark.parametrize("name", [db.REGISTRY, db.JOBS, db.FILES])
def test_the_overview_shows_the_other_parts_and_is_fit_for_everybody(
    situation: Situation, rosa: Visitor, name: str
) -> None:
    situation.proxies[name].set("refuse")
    rosa.open("/")
    expect(rosa.page.get_by_text(WORDS[name].cannot)).to_be_visible()
    services = rosa.page.get_by_role("heading", name="Services", exact=True)
    expect(services).to_have_count(0 if name == db.REGISTRY else 1)
    assert not faults(rosa.page)


def test_who_is_signed_in_stays_so_while_nobody_can_be_asked(
    situation: Situation, rosa: Visitor
) -> None:
    situation.proxies[db.USERS].set("refuse")
    rosa.open("/jobs")
    expect(rosa.page.get_by_text(WORDS[db.USERS].cannot)).to_be_visible()
    expect(rosa.page.get_by_role("heading", level=1)).to_have_text("Jobs")
    expect(rosa.page.locator(".skeleton:visible")).to_have_count(0)
    assert not faults(rosa.page)
    situation.proxies[db.USERS].set("pass")
    expect(rosa.page.get_by_role("searchbox", name="Search jobs")).to_be_visible()
    expect(rosa.page.get_by_text(WORDS[db.USERS].cannot)).to_have_count(0)


def test_the_sign_in_page_says_that_nobody_can_be_let_in(
    browser: Browser, situation: Situation
) -> None:
    visitor = arrive(browser, situation.url)
    situation.proxies[db.USERS].set("refuse")
    visitor.open("/sign-in")
    expect(visitor.page.get_by_text(WORDS[db.USERS].cannot)).to_be_visible()
    situation.proxies[db.USERS].set("pass")
    expect(visitor.page.get_by_text(WORDS[db.USERS].cannot)).to_have_count(0)
    visitor.leave(traces=None)


def test_the_panels_of_a_service_can_be_previewed_again_after_its_database_was_away(
    situation: Situation,
) -> None:
    async def visit() -> None:
        where = {"path": "/admin/services/x", "query": {"service_ref": situation.service_ref}}
        async with Tab(situation.url, cookies=situation.ada_cookies) as tab:
            await tab.send(f"{PANEL_SYNC}.load", **where)
            situation.proxies[db.REGISTRY].set("refuse")
            await tab.send(f"{PANEL_SYNC}.preview", **where)
            await tab.until_received("'is_asking_rx_state_': False", seconds=PATIENCE_SECONDS)
            tab.received.clear()
            await tab.send(f"{PANEL_SYNC}.preview", **where)
            await tab.until_received("'is_asking_rx_state_': True", seconds=PATIENCE_SECONDS)

    try:
        # In a thread of its own: the browser of the other tests keeps a loop running in this one.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, visit()).result()
    finally:
        situation.proxies[db.REGISTRY].set("pass")
