"""Every page, with everything there that it can show, is fit for everybody."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

import app.app  # noqa: F401  (registers every page)
from app.domain.access import WORKER
from app.pages.template import PAGES
from app.resources.listing import refs_matching
from app.resources.register import resource_named
from app.resources.wish import Wish
from demo.dataset import write as write_demo_dataset
from models import db
from tests.support.axe import faults, violations
from tests.support.demo_service import demo_service
from tests.support.filling import add_dataset, add_panel, add_service, somebody, wait_for
from tests.support.processes import ROOT, free_port
from tests.support.visitor import Meet, Platform
from tests.support.working import submit_to

# The pages of people who are not signed in hold nothing that could be filled.
ROUTES = [page.route for page in PAGES if page.route not in ("/sign-in", "/setup")]
RECIPE = json.loads((ROOT / "demo" / "recipe.json").read_text())


@dataclass(frozen=True)
class Filled:
    """Whose the things are, what stands in a page's address, and the jobs by their status."""

    cookies: Mapping[str, str]
    refs: Mapping[str, str]
    jobs: Mapping[str, str]

    def address(self, route: str) -> str:
        refs = self.refs
        if "[object_ref]" in route:
            refs = {"object_ref": first_of(route.split("/")[2])}
        return re.sub(r"\[(\w+)\]", lambda part: refs[part[1]], route)


def first_of(name: str) -> str:
    """The ref of the first object in a list of administration."""
    resource = resource_named(name)
    with db.session(resource.database) as session:
        found = refs_matching(session, actor=WORKER, resource=resource, wish=Wish(), limit=1)
    return found[0][0]


@pytest.fixture(scope="module")
def filled(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """An administrator with services, a dataset, and a job in each state."""
    # A demo service of its own, since one of its runs does not end.
    with demo_service(tmp_path_factory.mktemp("demo")) as demo:
        yield fill(demo.base_url, genotypes(tmp_path_factory))


def fill(demo_url: str, file: Path) -> Filled:
    ada, cookies = somebody("ada", "administrator")
    somebody("rosa")
    service = add_service(ada, "Demo", demo_url, location="Cape Town", country="ZA")
    away = f"http://127.0.0.1:{free_port()}/ga4gh/wes/v1"
    add_panel(ada, add_service(ada, "A service that is away", away), "Not to be had", {})
    panel = add_panel(ada, service, "Simulated panel", RECIPE)
    dataset = add_dataset(ada, "Demo genotypes", file)
    unlike = {
        "completed": {},
        "failed": {"fail_on_purpose": True},
        "running": {"seconds_to_wait": 3600},
    }
    jobs = {
        status: submit_to(panel, dataset, owner=ada, name=f"Is {status}", parameters=parameters)
        for status, parameters in unlike.items()
    }
    submission = {wait_for(ada, ref, status).submission_ref for status, ref in jobs.items()}
    refs = {"service_ref": service, "panel_ref": panel, "dataset_ref": dataset}
    refs |= {"job_ref": jobs["completed"], "submission_ref": submission.pop()}
    return Filled(cookies, refs, jobs)


def genotypes(folders: pytest.TempPathFactory) -> Path:
    folder = folders.mktemp("genotypes")
    write_demo_dataset(folder)
    return folder / "demo.vcf.gz"


@pytest.mark.parametrize("route", ROUTES)
def test_a_filled_page_is_fit_for_everybody(meet: Meet, filled: Filled, route: str) -> None:
    ada = meet(filled.cookies)
    ada.open(filled.address(route))
    ada.settle()
    assert faults(ada.page) == ""


@pytest.mark.parametrize("status", ["failed", "running"])
def test_a_job_is_fit_for_everybody_however_it_is(meet: Meet, filled: Filled, status: str) -> None:
    ada = meet(filled.cookies)
    ada.open(f"/jobs/{filled.jobs[status]}")
    expect(ada.page.get_by_role("main").get_by_text(status.capitalize()).first).to_be_visible()
    assert faults(ada.page) == ""


def test_what_opens_on_a_page_is_fit_for_everybody(meet: Meet, filled: Filled) -> None:
    ada = meet(filled.cookies)
    page = ada.page
    for path, button in (
        ("/datasets", "New dataset"),
        (filled.address("/datasets/[dataset_ref]"), "Rename"),
        (filled.address("/datasets/[dataset_ref]"), "Delete"),
        ("/admin/services", "Retire Demo"),
        ("/admin/panels", "Retire Simulated panel"),
    ):
        ada.open(path)
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.get_by_role("dialog").or_(page.get_by_role("alertdialog"))).to_be_visible()
        assert faults(page) == "", f"{button} on {path}"


def test_the_menu_of_a_phone_is_fit_for_everybody(meet: Meet, filled: Filled) -> None:
    ada = meet(filled.cookies, viewport={"width": 390, "height": 844})
    ada.open("/jobs")
    ada.page.get_by_role("button", name="Open the menu").click()
    menu = ada.page.get_by_role("dialog", name="Menu")
    assert violations(ada.page) == []
    menu.get_by_role("link", name="Services").first.click()
    expect(ada.page.get_by_role("heading", name="Services", level=1)).to_be_visible()
    expect(menu).to_have_count(0)
