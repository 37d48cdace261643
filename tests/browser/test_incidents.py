"""What people see of incidents, and what only administrators do about them."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlmodel import select

from app.domain.health import Health
from app.domain.relay import relay_topic
from models import db
from models.base import now
from models.health import MaintenanceWindow, ServiceIncident
from models.registry import ImputationService
from tests.support.axe import faults
from tests.support.health import add_service, change
from tests.support.people import sign_in
from tests.support.servers import Server
from tests.support.socket import Tab
from tests.support.visitor import Meet

pytestmark = pytest.mark.usefixtures("databases")

CARE = "reflex___state____state.app___pages___service_care____service_care_state"
MAINTENANCE = (
    "reflex___state____state.app___pages___service_maintenance____service_maintenance_state"
)
INCIDENTS = "reflex___state____state.app___pages___incidents____incidents_state"
CAUSE = "Connection refused."


def failing_service() -> str:
    """A service with an incident that has ended and one that is open, and their alerts."""
    ref = add_service("ILIFU")
    begin = now() - timedelta(days=2)
    change(ref, Health.DEGRADED, begin, "Answers after 9 s.")
    change(ref, Health.UP, begin + timedelta(hours=1))
    change(ref, Health.DOWN, now() - timedelta(hours=3), CAUSE, "reachable")
    relay_topic(db.REGISTRY, "alert")
    return ref


def rows(table: Any) -> list[Any]:
    with db.session(db.REGISTRY) as session:
        return list(session.exec(select(table).order_by(table.id)))


def test_an_administrator_acknowledges_silences_and_declares_maintenance(meet: Meet) -> None:
    ref = failing_service()
    page = meet(sign_in("Rosa", "administrator")[1]).page
    page.goto(f"/services/{ref}")
    expect(page.get_by_text(CAUSE).first).to_be_visible()
    page.get_by_label("Note for everybody").fill("The disks are full")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("Acknowledged by Rosa")).to_be_visible()
    page.get_by_label("Why it is silenced").fill("We know")
    page.get_by_label("How long").click()
    page.get_by_role("option", name="1 day").click()
    page.get_by_role("button", name="Silence", exact=True).click()
    expect(page.get_by_text("Nobody is told of this service")).to_be_visible()
    began = now() - timedelta(hours=4)
    for label, at in (("From (UTC)", began), ("To (UTC)", now())):
        page.get_by_label(label).fill(at.strftime("%Y-%m-%dT%H:%M"))
    page.get_by_label("Why", exact=True).fill("Moved to another hall")
    page.get_by_role("button", name="Declare maintenance").click()
    window = page.get_by_role("row", name="Moved to another hall")
    expect(window).to_contain_text(began.strftime("%Y-%m-%d %H:%M"))
    expect(window).to_contain_text("Past")
    assert faults(page) == ""
    (service,) = rows(ImputationService)
    assert service.silence_reason == "We know"
    assert service.silenced_until > now() + timedelta(hours=23)
    assert rows(ServiceIncident)[-1].note == "The disks are full"
    window.get_by_role("button", name="Withdraw").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Withdraw").click()
    expect(page.get_by_text("None was declared.")).to_be_visible()
    page.get_by_role("button", name="End the silence").click()
    expect(page.get_by_role("button", name="Silence", exact=True)).to_be_visible()


def test_incidents_are_listed_filtered_and_acknowledged(meet: Meet) -> None:
    failing_service()
    page = meet(sign_in("Rosa", "administrator")[1]).page
    page.goto("/incidents")
    listed = page.get_by_role("region", name="Incidents", exact=True)
    expect(listed.get_by_role("row")).to_have_count(3)
    expect(listed.get_by_role("row").nth(1)).to_contain_text(CAUSE)
    expect(page.get_by_role("region", name="Alerts")).to_contain_text("ILIFU is down")
    assert faults(page) == ""
    page.get_by_role("button", name="Acknowledge: ILIFU").click()
    page.get_by_label("Note for everybody").fill("On it")
    page.get_by_role("dialog").get_by_role("button", name="Acknowledge").click()
    expect(listed.get_by_role("row").nth(1)).to_contain_text("On it")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_label("Open or ended").click()
    page.get_by_role("option", name="Ended", exact=True).click()
    expect(listed.get_by_role("row")).to_have_count(2)
    expect(listed.get_by_role("row").nth(1)).to_contain_text("1 h")
    with page.expect_download() as download:
        page.get_by_role("link", name="These incidents as CSV").click()
    assert download.value.path().read_text().count("\n") == 2


def test_a_researcher_reads_and_changes_nothing_by_page_or_by_event(
    meet: Meet, web: Server
) -> None:
    ref = failing_service()
    _, cookies = sign_in("Ada")
    page = meet(cookies).page
    page.goto(f"/services/{ref}")
    expect(page.get_by_role("heading", name="Incident and alerts")).to_be_visible()
    expect(page.get_by_text(CAUSE).first).to_be_visible()
    for name in ("Acknowledge", "Silence", "Declare maintenance"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    page.goto("/incidents")
    expect(page.get_by_text(CAUSE)).to_be_visible()
    expect(page.get_by_role("heading", name="Alerts")).to_have_count(0)
    # Playwright has an event loop of its own in this thread.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, refused(web.url, cookies, ref)).result()
    (service,) = rows(ImputationService)
    assert service.silenced_until is None
    assert rows(MaintenanceWindow) == []
    assert [row.acknowledged_at for row in rows(ServiceIncident)] == [None, None]


async def refused(url: str, cookies: dict[str, str], service_ref: str) -> None:
    """Send what the pages of an administrator send, from a researcher's tab."""
    incident_ref = rows(ServiceIncident)[-1].ref
    begin = now().strftime("%Y-%m-%dT%H:%M")
    window = {"starts_at": begin, "ends_at": begin, "reason": "x"}
    events = {
        f"{CARE}.silence": {"form": {"hours": "8", "reason": "x"}},
        f"{CARE}.acknowledge": {"form": {"incident_ref": incident_ref, "note": "x"}},
        f"{MAINTENANCE}.declare": {"form": window},
        f"{INCIDENTS}.acknowledge": {"form": {"incident_ref": incident_ref, "note": "x"}},
    }
    for name, payload in events.items():
        async with Tab(url, cookies=cookies) as tab:
            path, query = "/services/[service_ref]", {"service_ref": service_ref}
            await tab.send(name, path=path, query=query, **payload)
            await tab.until_received("Your role does not include")
