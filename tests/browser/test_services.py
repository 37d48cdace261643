"""What an administrator does with services and panels, and what everybody sees of them."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from app.domain import services
from app.domain.access import ROLES, Actor
from app.domain.service_fields import parse_service
from models import db
from tests.support.axe import faults
from tests.support.peers import Peer
from tests.support.people import sign_in
from tests.support.platform import start_worker
from tests.support.visitor import Meet

TOKEN = "canary-token-9f8e7d6c"
ADMIN = Actor("admin", "admin", "", ROLES["administrator"])


@pytest.fixture
def page(databases: None, meet: Meet) -> Page:
    """The browser of a service manager."""
    return meet(sign_in("mia", "service_manager")[1]).page


@pytest.fixture
def worker(databases: None) -> Iterator[None]:
    server = start_worker()
    yield
    server.stop()


def add_service(base_url: str, name: str = "Node") -> str:
    with db.session(db.REGISTRY) as session:
        fields = parse_service({"name": name, "base_url": base_url})
        return services.add_service(session, actor=ADMIN, fields=fields).ref


def service_names() -> list[str]:
    with db.session(db.REGISTRY) as session:
        return [row.name for row in services.list_services(session, actor=ADMIN)]


def test_a_service_is_tested_in_stages_described_and_saved(page: Page, demo: Peer) -> None:
    page.goto("/admin/services")
    page.get_by_role("link", name="Add a service").first.click()
    address = page.get_by_label("Address of the service")
    address.fill("https://no-such-host.invalid/ga4gh/wes/v1")
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_role("row", name="DNS")).to_contain_text("Failed")
    expect(page.get_by_role("row", name="Valid answer")).to_contain_text("Not reached")
    assert faults(page) == ""
    address.fill(demo.base_url)
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_role("row", name="Valid answer")).to_contain_text("Passed")
    expect(page.get_by_text("SIMULATION 1.0")).to_be_visible()
    assert faults(page) == ""
    name = page.locator("input[name=name]")
    expect(name).to_have_value(re.compile("."))
    name.fill("Demo node")
    page.locator("input[name=country]").fill("Z1")
    page.get_by_role("button", name="Save the service").click()
    expect(page.get_by_text("two-letter country code").first).to_be_visible()
    page.locator("input[name=country]").fill("za")
    page.get_by_role("button", name="Save the service").click()
    expect(page.get_by_role("heading", name="Demo node")).to_be_visible()
    assert service_names() == ["Demo node"]


def test_a_stored_token_never_comes_back(page: Page) -> None:
    ref = add_service("https://wes.example.org")
    sent: list[str] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(str(data))))
    page.goto(f"/admin/services/{ref}")
    page.locator("input[name=token]").fill(TOKEN)
    page.get_by_role("button", name="Store the token").click()
    expect(page.get_by_text("The token is stored.")).to_be_visible()
    expect(page.get_by_text(TOKEN[-4:])).to_be_visible()
    assert TOKEN not in page.content()
    assert TOKEN not in page.url
    assert not any(TOKEN in frame for frame in sent), "a token belongs in no event"


def test_a_panel_begins_with_a_template_and_its_json_and_fields_follow_each_other(
    page: Page,
) -> None:
    ref = add_service("https://wes.example.org")
    page.goto(f"/admin/panels/new?service={ref}")
    page.locator("input[name=panel_id]").fill("hapmap2")
    page.locator("input[name=name]").fill("HapMap 2")
    page.get_by_label("Start from a recipe").click()
    page.get_by_role("option", name="minimac4").click()
    recipe = page.get_by_label("The whole recipe as JSON")
    expect(recipe).to_have_value(re.compile("impute.cwl"))
    page.get_by_label("path", exact=True).fill("/panels/hapmap2.vcf.gz")
    page.get_by_label("Engine", exact=True).fill("toil")
    page.get_by_label("Workflow type", exact=True).focus()
    expect(recipe).to_have_value(re.compile('"workflow_engine": "toil"'))
    expect(recipe).to_have_value(re.compile("/panels/hapmap2.vcf.gz"))
    recipe.fill(recipe.input_value().replace('"workflow_type": "CWL"', '"workflow_type": ""'))
    page.get_by_role("button", name="Save the panel").click()
    expect(page.get_by_text("not valid at “workflow_type”").first).to_be_visible()
    page.get_by_label("Workflow type", exact=True).fill("CWL")
    page.get_by_role("button", name="Save the panel").click()
    expect(page).to_have_url(re.compile(r"/admin/panels/[0-9a-f]{20}"))
    page.goto("/panels")
    expect(page.get_by_role("row", name="HapMap 2")).to_contain_text("Node")


def test_a_service_is_retired_with_a_reason_and_comes_back(page: Page) -> None:
    add_service("https://wes.example.org")
    page.goto("/admin/services")
    page.get_by_role("button", name="Retire Node").click()
    page.get_by_label("Why").fill("It closed")
    page.get_by_role("alertdialog").get_by_role("button", name="Retire").click()
    expect(page.get_by_text("No services yet")).to_be_visible()
    assert service_names() == []
    page.get_by_label("Show retired services").click()
    page.get_by_role("button", name="Restore Node").click()
    expect(page.get_by_role("button", name="Retire Node")).to_be_visible()
    assert service_names() == ["Node"]


def test_the_services_page_changes_by_itself_when_a_service_is_checked(
    page: Page, demo: Peer, worker: None
) -> None:
    page.goto("/services")
    expect(page.get_by_text("No services yet")).to_be_visible()
    ref = add_service(demo.base_url)
    expect(page.get_by_role("row", name="Node")).to_contain_text("Up", timeout=30_000)
    page.goto(f"/services/{ref}?tab=history&range=1h")
    expect(page.get_by_role("img", name="Chart of response times")).to_be_visible()
    expect(page.locator(".js-plotly-plot .scatterlayer path").first).to_be_attached()
    page.get_by_role("link", name="Checks and changes").click()
    checks = page.get_by_role("region", name="Checks, newest first")
    expect(checks.get_by_role("row").nth(1)).to_contain_text("Up")
