"""From the sign-in page to a submitted job without a mouse."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.domain import people
from demo.dataset import write as write_demo_dataset
from models import db
from tests.support.filling import add_dataset, add_panel, add_service, somebody
from tests.support.peers import Peer
from tests.support.processes import ROOT
from tests.support.visitor import Meet, Platform

PASSWORD = "three quiet imputation panels"
RECIPE = json.loads((ROOT / "demo" / "recipe.json").read_text())
MOST_STOPS = 60


@pytest.fixture
def ready(platform: Platform, demo: Peer, tmp_path: Path) -> str:
    """Somebody with a password, a panel and a dataset that can be submitted; their address."""
    ada, _ = somebody("ada", "administrator")
    panel = add_service(ada, "Demo", demo.base_url)
    add_panel(ada, panel, "Simulated panel", RECIPE)
    with db.session(db.USERS) as session:
        token = people.renew_setup_link(session, actor=ada, user_ref=ada.user_ref)
        people.set_up(session, token=token, name="", email="", password=PASSWORD)
    write_demo_dataset(tmp_path)
    add_dataset(ada, "Cohort", tmp_path / "demo.vcf.gz")
    return ada.email


def focused(page: Page) -> str:
    """What a screen reader calls the element that has the focus."""
    return page.evaluate(
        """() => {
          const one = document.activeElement;
          const label = one.labels?.[0]?.innerText ?? one.innerText ?? "";
          return (one.getAttribute("aria-label") ?? label).trim();
        }"""
    )


def tab_to(page: Page, name: str) -> None:
    """Press the tabulator until an element whose name begins so has a visible focus."""
    stops = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stops.append(focused(page))
        if stops[-1].startswith(name):
            return
    pytest.fail(f"{name} cannot be reached by keyboard; these can: {stops}", pytrace=False)


def test_a_dataset_is_submitted_without_a_mouse(meet: Meet, ready: str) -> None:
    page = meet().page
    page.goto("/sign-in")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type(ready)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()

    tab_to(page, "Submit")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Which dataset?")).to_be_visible()
    tab_to(page, "Cohort")
    page.keyboard.press("Space")
    expect(page.get_by_role("radio", name="Cohort")).to_be_checked()
    tab_to(page, "Continue")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Which panels?")).to_be_visible()
    tab_to(page, "Simulated panel")
    page.keyboard.press("Space")
    expect(page.get_by_role("checkbox", name="Simulated panel")).to_be_checked()
    tab_to(page, "Continue")
    page.keyboard.press("Enter")

    expect(page.get_by_label("Smallest estimated R2")).to_be_visible()
    tab_to(page, "Continue")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Is this right?")).to_be_visible()
    tab_to(page, "Name of the submission")
    tab_to(page, "Submit")
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs/*")
    expect(page.get_by_role("heading", name="Cohort", level=1)).to_be_visible()


def test_the_first_stop_skips_the_menu(meet: Meet, ready_session: dict[str, str]) -> None:
    page = meet(ready_session).page
    page.goto("/jobs")
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to content"
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


@pytest.fixture
def ready_session(platform: Platform) -> dict[str, str]:
    return somebody("rosa")[1]
