"""What an administrator sees of a service's conformance, and what everybody does."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from app.connectors.conformance import Feature, How, observation
from app.domain import conformance, services
from app.domain.access import ROLES, Actor
from app.domain.service_fields import parse_service
from models import db
from models.registry import ImputationService
from tests.support.axe import faults
from tests.support.filling import somebody, wait_for
from tests.support.peers import Peer
from tests.support.people import sign_in
from tests.support.platform import start_worker
from tests.support.small_wes import small_wes
from tests.support.visitor import Meet
from tests.support.working import add_dataset, add_panel, submit_to

ADMIN = Actor("admin", "admin", "", ROLES["administrator"])


def add_service(base_url: str) -> str:
    with db.session(db.REGISTRY) as session:
        fields = parse_service({"name": "Node", "base_url": base_url})
        return services.add_service(session, actor=ADMIN, fields=fields).ref


def find_out(service_ref: str, feature: Feature, conforms: bool) -> None:
    with db.session(db.REGISTRY) as session:
        conformance.record(
            session,
            service_ref=service_ref,
            observations=[observation(feature, conforms, "It was seen so.")],
            how=How.TRIAL,
        )


def test_a_service_is_read_by_itself_and_tried_with_real_runs_while_the_page_shows_it(
    databases: None, meet: Meet, sapporo: Peer
) -> None:
    service_ref = add_service(sapporo.base_url)
    page = meet(sign_in("mia", "service_manager")[1]).page
    page.goto(f"/admin/services/{service_ref}")
    expect(page.get_by_text("Nothing is known yet")).to_be_visible()
    worker = start_worker()
    table = page.get_by_role("region", name="Conformance")
    expect(table.get_by_role("row", name="Release")).to_contain_text("sapporo-wes", timeout=60_000)
    expect(table.get_by_role("row", name="Cancels")).to_have_count(0)
    page.get_by_role("button", name="Try with real runs").click()
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("starts two tiny runs")
    assert faults(page) == ""
    dialog.get_by_role("button", name="Start the runs").click()
    expect(page.get_by_text("Starting a run of 45 seconds")).to_be_visible(timeout=90_000)
    expect(page.get_by_text("The trial is over.")).to_be_visible(timeout=90_000)
    expect(table.get_by_role("row", name="Cancels")).to_contain_text("the run is CANCELED")
    expect(table.get_by_role("row", name="Chooses the engine")).to_contain_text("Deviates")
    assert faults(page) == ""
    worker.stop()


def test_researchers_are_told_beforehand_what_a_service_is_known_not_to_do(
    databases: None, meet: Meet
) -> None:
    service_ref = add_service("http://127.0.0.1:9")
    find_out(service_ref, Feature.CANCEL, False)
    find_out(service_ref, Feature.PAGE_SIZE, False)
    page = meet(sign_in("rosa", "researcher")[1]).page
    page.goto(f"/services/{service_ref}")
    expect(page.get_by_text("A run cannot be cancelled once it has started (seen")).to_be_visible()
    expect(page.get_by_text("page size")).to_have_count(0)
    assert faults(page) == ""
    page.goto(f"/admin/services/{service_ref}")
    expect(page.get_by_text("It was seen so.")).to_have_count(0)


def test_a_researcher_is_warned_when_choosing_a_panel_and_before_a_cancel(
    databases: None, meet: Meet, tmp_path: Path
) -> None:
    ada, cookies = somebody("ada")
    with small_wes() as wes:
        panel_ref = add_panel(wes.base_url)
        with db.session(db.REGISTRY) as session:
            service_ref = session.exec(select(ImputationService.ref)).one()
        find_out(service_ref, Feature.CANCEL, False)
        dataset_ref = add_dataset(tmp_path, ada)
        job_ref = submit_to(panel_ref, dataset_ref, owner=ada)
        worker = start_worker()
        wait_for(ada, job_ref, "submitted")
        wes.only_run().state = "RUNNING"
        wait_for(ada, job_ref, "running")
        worker.stop()
    page = meet(cookies).page
    page.goto(f"/jobs/{job_ref}")
    page.get_by_role("button", name="Cancel the job").click()
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("is known to ignore cancels (seen")
    assert faults(page) == ""
    page.goto(f"/submit?dataset={dataset_ref}")
    expect(page.get_by_text("A run cannot be cancelled once it has started (seen")).to_be_visible()
    assert faults(page) == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_table_can_be_read_on_every_screen(
    databases: None, meet: Meet, scheme: str, width: int
) -> None:
    service_ref = add_service("http://127.0.0.1:9")
    for feature in Feature:
        find_out(service_ref, feature, feature not in (Feature.CANCEL, Feature.TAGS))
    find_out(service_ref, Feature.TAGS, True)
    person = meet(
        sign_in("mia", "service_manager")[1],
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
    )
    page: Page = person.page
    page.goto(f"/admin/services/{service_ref}")
    expect(page.get_by_role("row", name="Cancels")).to_contain_text("Deviates")
    assert faults(page) == ""
