"""Panels that come from a service after a preview, and terms that are accepted at a submission."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app.domain import credentials, panels, terms
from app.domain.access import Actor
from demo import dataset
from models import db
from tests.support import cloudgene
from tests.support.axe import faults
from tests.support.cloudgene import PANEL, Cloudgene
from tests.support.filling import add_dataset, add_panel, add_service, somebody
from tests.support.submitting import RECIPE
from tests.support.visitor import Meet, Platform


@pytest.fixture(scope="module")
def ada(platform: Platform) -> tuple[Actor, dict[str, str]]:
    return somebody("ada", "administrator")


@pytest.fixture(scope="module")
def michigan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloudgene]:
    with cloudgene.running(tmp_path_factory.mktemp("cloudgene")) as server:
        yield server


def test_an_administrator_sees_what_a_service_offers_and_brings_here_what_is_ticked(
    ada: tuple[Actor, dict[str, str]], michigan: Cloudgene, meet: Meet
) -> None:
    actor, cookies = ada
    service_ref = add_service(actor, "Simulated Michigan", michigan.url, api_type="cloudgene")
    token = michigan.token_for("ada")
    with db.session(db.USERS) as session:
        credentials.set_token(session, actor=actor, service_ref=service_ref, token=token)
    visitor = meet(cookies)
    visitor.open(f"/admin/services/{service_ref}")
    page = visitor.page
    page.get_by_role("button", name="Preview the panels").click()
    expect(page.get_by_role("heading", name="New (")).to_be_visible()
    page.get_by_text("What the service says of").first.click()
    assert faults(page) == ""
    for box in page.locator("input[name^=panel-]").all():
        box.set_checked(box.get_attribute("name") == f"panel-{PANEL}")
    page.get_by_role("button", name="Apply what is ticked").click()
    expect(page.get_by_text("Done: 1 panel added.")).to_be_visible()
    with db.session(db.REGISTRY) as session:
        (row,) = panels.list_panels(session, actor=actor, service_ref=service_ref)
    assert (row.panel_id, row.has_recipe) == (PANEL, True)
    page.get_by_role("button", name="Preview the panels").click()
    expect(page.get_by_text("Unchanged:")).to_be_visible()


def test_a_service_without_panels_says_so_in_words(
    ada: tuple[Actor, dict[str, str]], meet: Meet
) -> None:
    actor, cookies = ada
    service_ref = add_service(actor, "Workflows", "http://127.0.0.1:9/ga4gh/wes/v1")
    visitor = meet(cookies)
    visitor.open(f"/admin/services/{service_ref}")
    visitor.page.get_by_role("button", name="Preview the panels").click()
    expect(visitor.page.get_by_text("WES has no panels")).to_be_visible()


def test_terms_are_accepted_once_before_the_first_submission(
    ada: tuple[Actor, dict[str, str]], meet: Meet, tmp_path: Path
) -> None:
    admin, _ = ada
    service_ref = add_service(admin, "Careful", "http://127.0.0.1:9/ga4gh/wes/v1")
    add_panel(admin, service_ref, "Careful panel", RECIPE)
    with db.session(db.REGISTRY) as session:
        terms.set_terms(
            session,
            actor=admin,
            service_ref=service_ref,
            text="I will not re-identify anybody.\n\nI will cite the panel.",
            url="https://example.org/terms",
        )
    rosa, cookies = somebody("rosa")
    dataset.write(tmp_path)
    dataset_ref = add_dataset(rosa, "Cohort", tmp_path / "demo.vcf.gz")
    visitor = meet(cookies)
    page = visitor.page

    def go_to_the_review() -> None:
        visitor.open(f"/submit?dataset={dataset_ref}")
        page.get_by_role("checkbox", name="Careful panel").check()
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("heading", name="How?")).to_be_visible()
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("heading", name="Is this right?")).to_be_visible()

    go_to_the_review()
    box = page.get_by_role("checkbox", name="I have read and accept the terms of Careful")
    expect(box).not_to_be_checked()
    expect(page.get_by_text("I will cite the panel.")).to_be_visible()
    assert faults(page) == ""
    submit = page.get_by_role("main").get_by_role("button", name="Submit", exact=True)
    submit.click()
    expect(page.get_by_role("heading", name="Is this right?")).to_be_visible()
    box.check()
    submit.click()
    page.wait_for_url("**/jobs/*")
    visitor.open(f"/services/{service_ref}")
    expect(page.get_by_text("Accepted by you")).to_be_visible()
    assert faults(page) == ""
    go_to_the_review()
    expect(box).to_have_count(0)


def test_a_new_service_begins_with_what_is_known_of_it(
    ada: tuple[Actor, dict[str, str]], meet: Meet
) -> None:
    visitor = meet(ada[1])
    visitor.open("/admin/services/new")
    page = visitor.page
    page.get_by_label("Start from a known service").click()
    page.get_by_role("option", name="TOPMed Imputation Server").click()
    address = page.get_by_label("Address of the service")
    expect(address).to_have_value("https://imputation.biodatacatalyst.nhlbi.nih.gov")
    expect(page.get_by_label("What it speaks")).to_contain_text("Cloudgene")
    expect(page.get_by_label("Most samples per job")).to_have_value("25000")
    expect(page.get_by_text("confirm them with the service")).to_be_visible()
    assert faults(page) == ""
    address.fill("https://impute.afrigen-d.org")
    address.blur()
    expect(page.get_by_role("alert")).to_contain_text("This address is retired")
