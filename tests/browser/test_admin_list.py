"""A list of administration in a browser: searched, filtered, sorted and paged by its address."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.axe import faults
from tests.support.people import sign_in
from tests.support.submitting import submit_one
from tests.support.visitor import Meet

ROWS = 30


@pytest.fixture
def page(databases: None, meet: Meet) -> Page:
    """An administrator's browser, with a page and a bit of sessions."""
    for number in range(ROWS):
        sign_in(f"person{number:02}")
    _, cookies = sign_in("ada", "administrator")
    page = meet(cookies).page
    page.goto("/admin/sessions")
    expect(page.get_by_text(f"{ROWS + 1} in all")).to_be_visible()
    return page


def test_the_address_says_what_is_shown(page: Page) -> None:
    page.get_by_role("searchbox", name="Search sessions").fill("person07")
    expect(page).to_have_url(re.compile(r"\?q=person07$"))
    expect(page.get_by_text("1 in all")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("button", name="Person", exact=True).click()
    expect(page.get_by_role("rowheader").first).to_have_text("ada")
    page.get_by_role("button", name="Person", exact=True).click()
    expect(page.get_by_role("rowheader").first).to_have_text(f"person{ROWS - 1}")
    page.get_by_role("button", name="Next page").click()
    expect(page).to_have_url(re.compile(r"sort=-person&page=2$"))
    page.reload()
    expect(page.get_by_text("Page 2 of 2")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Page 1 of 2")).to_be_visible()


def test_a_view_is_kept_for_its_owner_and_the_list_begins_with_it(page: Page) -> None:
    page.get_by_role("searchbox", name="Search sessions").fill("person07")
    expect(page.get_by_role("button", name="Drop Search: person07")).to_be_visible()
    page.get_by_role("button", name="Views").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Save what is shown as").fill("Number seven")
    dialog.get_by_role("button", name="Save", exact=True).click()
    dialog.get_by_role("switch", name="Begin with Number seven").click()
    expect(dialog.get_by_role("switch", name="Begin with Number seven")).to_be_checked()
    assert faults(page) == ""
    dialog.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Drop Search: person07").click()
    expect(page.get_by_text(f"{ROWS + 1} in all")).to_be_visible()
    page.goto("/jobs")
    page.goto("/admin/sessions")
    expect(page.get_by_text("1 in all", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Number seven")).to_have_attribute("aria-current", "page")


def test_the_rows_that_are_shown_are_taken_as_a_file(page: Page) -> None:
    page.get_by_role("searchbox", name="Search sessions").fill("person07")
    expect(page.get_by_text("1 in all", exact=True)).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("link", name="These rows as CSV").click()
    lines = taken.value.path().read_text().splitlines()
    assert len(lines) == 2
    assert "person07@lab.example" in lines[1]


def test_a_filter_narrows_the_list_and_can_leave_nothing(page: Page) -> None:
    page.get_by_role("combobox", name="Live").click()
    page.get_by_role("option", name="Not: live").click()
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Show all").click()
    expect(page.get_by_text(f"{ROWS + 1} in all")).to_be_visible()


def test_a_list_is_readable_on_any_screen_and_by_anybody(page: Page) -> None:
    assert faults(page) == ""


def test_a_job_is_looked_after_from_its_row_with_a_reason(meet: Meet, databases: None) -> None:
    job_ref = submit_one("Cohort A")
    _, cookies = sign_in("ada", "administrator")
    page = meet(cookies).page
    page.goto("/admin/jobs")
    page.get_by_role("button", name="Actions for Cohort A").click()
    page.get_by_role("menuitem", name="Cancel the job").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("The lab moves house")
    assert faults(page) == ""
    dialog.get_by_role("button", name="Cancel the job").click()
    expect(page.get_by_text("Cancelled", exact=True)).to_be_visible()
    page.goto(f"/jobs/{job_ref}")
    expect(page.get_by_text("The lab moves house").first).to_be_visible()


def test_who_may_not_see_people_is_told_so(meet: Meet, databases: None) -> None:
    _, cookies = sign_in("rosa")
    page = meet(cookies).page
    page.goto("/admin/sessions")
    expect(page.get_by_text("Your role does not include")).to_be_visible()
    expect(page.get_by_role("rowheader")).to_have_count(0)
