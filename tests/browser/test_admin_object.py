"""One object of administration in a browser: its facts, what can be done to it, what was done."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.axe import faults
from tests.support.people import sign_in
from tests.support.visitor import Meet


@pytest.fixture
def page(databases: None, meet: Meet) -> Page:
    """An administrator's browser, at the list of sessions."""
    sign_in("rosa")
    _, cookies = sign_in("ada", "administrator")
    page = meet(cookies).page
    page.goto("/admin/sessions")
    return page


def test_a_session_is_ended_on_its_page_after_a_question(page: Page) -> None:
    page.get_by_role("link", name="rosa", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="rosa")).to_be_visible()
    expect(page.get_by_text("rosa@lab.example")).to_be_visible()
    assert faults(page) == ""
    page.get_by_role("button", name="End the session").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Whoever uses it must sign in again.")).to_be_visible()
    assert faults(page) == ""
    dialog.get_by_role("button", name="End the session").click()
    expect(page.get_by_text("rosa must sign in again there.")).to_be_visible()
    expect(page.get_by_role("button", name="End the session")).to_have_count(0)


def test_an_object_that_is_not_there_is_said_to_be_missing(page: Page) -> None:
    page.goto("/admin/sessions/nothing")
    expect(page.get_by_role("heading", name="There is no such session")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Sessions").click()
    expect(page.get_by_text("2 in all")).to_be_visible()
