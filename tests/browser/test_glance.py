"""The list of services shows what the domain says, in words too, and changes by itself."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from app.domain import services
from app.domain.access import ROLES, Actor
from app.domain.glance import glances
from app.domain.health import Health
from app.domain.service_fields import parse_service
from models import db
from models.base import now
from tests.support.axe import THEMES, WIDTHS, faults, violations
from tests.support.histories import DAY_SECONDS, add_latencies, add_past, set_now
from tests.support.people import sign_in
from tests.support.visitor import Meet, Visitor

ADMIN = Actor("admin", "admin", "", ROLES["administrator"])


@pytest.fixture
def rosa(databases: None, meet: Meet) -> Visitor:
    return meet(sign_in("rosa")[1])


def add_service(name: str) -> str:
    with db.session(db.REGISTRY) as session:
        fields = parse_service({"name": name, "base_url": "https://wes.example.org"})
        return services.add_service(session, actor=ADMIN, fields=fields).ref


@pytest.fixture
def node(databases: None) -> str:
    """A service that was up for ten days but for three hours, and is up now."""
    ref = add_service("Node")
    up = {days: {Health.UP: DAY_SECONDS} for days in range(1, 11) if days != 4}
    lost = {Health.UP: DAY_SECONDS - 10_800, Health.DOWN: 10_800.0}
    add_past(ref, up | {4: lost})
    add_latencies(ref, [40, 60], [90, 10])
    due = now() + timedelta(hours=5, minutes=59)
    set_now(ref, state="up", queued=7, next_probe_at=due, interval_seconds=300, checked_at=now())
    return ref


def test_the_list_shows_the_same_numbers_as_the_domain_and_the_bar_says_so_in_words(
    rosa: Visitor, node: str
) -> None:
    page = rosa.page
    page.goto("/services")
    line = page.get_by_role("row", name="Node")
    expect(line).to_contain_text("Up")
    with db.session(db.REGISTRY) as session:
        seen = glances(session, actor=ADMIN)[node]
    assert seen.uptime is not None
    assert seen.p50_ms is not None
    assert seen.p95_ms is not None
    expect(line).to_contain_text(f"{seen.uptime * 100:.2f} %")
    for number in (seen.p50_ms, seen.p95_ms):
        digits = f"{number:.1f}" if number < 100 else f"{number:.0f}"
        expect(line).to_contain_text(f"{digits} ms")
    expect(line).to_contain_text("7")
    expect(line).to_contain_text("6 h")
    bar = line.get_by_role("img", name=re.compile("not always available on 1 day, .* 87.50 %"))
    expect(bar.first).to_be_visible()
    expect(bar.first).to_have_attribute("aria-label", re.compile("no data for 80 days"))
    expect(bar.first.locator("path")).to_have_count(3)
    assert faults(page) == ""
    page.get_by_role("button", name="The days of Node as a table").click()
    days = page.get_by_role("region", name="Days, the latest first")
    expect(days.get_by_role("row")).to_have_count(91)
    expect(days.get_by_role("row").nth(5)).to_contain_text("87.50 %")
    expect(days.get_by_role("row").nth(5)).to_contain_text("3 h 0 min")
    expect(days.get_by_role("row").nth(20)).to_contain_text("No data")
    assert faults(page) == ""


def test_a_change_arrives_in_an_open_tab_with_what_waits_to_be_confirmed(
    rosa: Visitor, node: str
) -> None:
    page = rosa.page
    add_service("Other")
    page.goto("/services")
    line = page.get_by_role("row", name="Node")
    expect(line).to_contain_text("Up")
    failed = {"found": "down", "pending_state": "down", "streak": 2, "message": "No answer came."}
    set_now(node, state="up", **failed)
    expect(line).to_contain_text("2 of 3 checks failed")
    expect(line).to_contain_text("No answer came.")
    set_now(node, state="down", pending_state="", streak=0)
    expect(line).to_contain_text("Down")
    expect(line).not_to_contain_text("checks failed")
    expect(page.get_by_role("row", name="Other")).to_contain_text("Not checked yet")
    page.get_by_role("combobox", name="Order").click()
    page.get_by_role("option", name="What needs attention first").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("Node")
    page.goto("/")
    expect(page.get_by_role("listitem").filter(has_text="Node")).to_contain_text("Down")
    set_now(node, state="degraded")
    expect(page.get_by_role("listitem").filter(has_text="Node")).to_contain_text("Degraded")
    assert faults(page) == ""


def test_a_phone_shows_bar_uptime_and_queue_below_the_name(meet: Meet, node: str) -> None:
    page = meet(sign_in("noa")[1], viewport={"width": 390, "height": 800}).page
    page.goto("/services")
    line = page.get_by_role("row", name="Node")
    expect(line).to_contain_text(re.compile(r"98\.\d\d % up"))
    expect(line.get_by_role("img", name=re.compile("90 days")).first).to_be_visible()
    expect(line).to_contain_text(re.compile("7 waiting"))
    expect(line.get_by_role("button", name="Check Node now")).to_be_visible()


def test_an_administrator_opens_the_status_page_and_anybody_reads_it(
    meet: Meet, databases: None, node: str
) -> None:
    ada = meet(sign_in("ada", "administrator")[1])
    ada.page.goto("/admin/status")
    switch = ada.page.get_by_role("switch", name="Everybody who can reach this platform")
    expect(switch).not_to_be_checked()
    assert faults(ada.page) == ""
    switch.click()
    expect(ada.page.get_by_text("Open", exact=True)).to_be_visible()
    visitor = meet()
    # What a visitor was told before it was opened is told for some seconds more.
    visitor.expected += ["404"]
    while visitor.page.goto("/status").status == 404:
        visitor.page.wait_for_timeout(500)
    expect(visitor.page.get_by_role("heading", name="Node")).to_be_visible()
    expect(visitor.page.get_by_role("img", name=re.compile("90 days"))).to_be_visible()
    for theme in THEMES:
        visitor.page.emulate_media(color_scheme=theme)
        for width in WIDTHS:
            visitor.page.set_viewport_size({"width": width, "height": 900})
            assert visitor.page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
            assert violations(visitor.page) == []
    visitor.page.get_by_text("The days in words").click()
    expect(visitor.page.get_by_role("row", name="87.50 %")).to_be_visible()
