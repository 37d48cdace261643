"""Every page as one meets it first, with nothing there yet, is fit for everybody."""

import re
from collections.abc import Mapping

import pytest
from playwright.sync_api import expect

import app.app  # noqa: F401  (registers every page)
from app.pages.template import PAGES
from tests.support.axe import faults
from tests.support.filling import somebody
from tests.support.visitor import Meet, Platform


@pytest.fixture(scope="module")
def cookies(platform: Platform) -> Mapping[str, str]:
    """The session of an administrator, who sees every page."""
    return somebody("ada", "administrator")[1]


@pytest.mark.parametrize("route", [page.route for page in PAGES])
def test_an_empty_page_is_fit_for_everybody(
    meet: Meet, cookies: Mapping[str, str], route: str
) -> None:
    ada = meet(cookies)
    ada.open(re.sub(r"\[\w+\]", "new" if route.startswith("/admin") else "unknown", route))
    ada.settle()
    assert faults(ada.page) == ""


def test_a_refused_sign_in_is_fit_for_everybody(platform: Platform, meet: Meet) -> None:
    page = meet().page
    page.goto("/sign-in")
    page.get_by_label("E-mail address").fill("nobody@lab.example")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("is wrong")
    assert faults(page) == ""


def test_the_first_administrator_s_form_is_fit_for_everybody(
    platform: Platform, meet: Meet
) -> None:
    page = meet().page
    page.goto(platform.setup_link)
    expect(page.get_by_label("Your name")).to_be_visible()
    assert faults(page) == ""
