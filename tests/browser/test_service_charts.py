"""The charts of a service's page show what the domain says, at addresses that can be passed on."""

import csv
import gzip
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from app.components.health_state import NO_DATA, WORDS
from app.domain import series
from app.domain.access import Actor
from app.domain.series import Point
from app.pages.service_availability import ORDER, availability_row, lasting, seconds_of
from app.pages.service_heat import DAYS
from app.pages.service_latency import latency_row
from app.pages.service_queue import queue_row
from app.states.service_item import milliseconds
from models import db
from models.base import now
from models.health import MaintenanceWindow, ServiceCheck, ServiceIncident
from models.registry import ServiceEvent
from tests.support.axe import faults
from tests.support.databases import empty_databases
from tests.support.filling import somebody
from tests.support.pasts import Probe, add_probes, add_service, add_states, roll_up
from tests.support.servers import Server
from tests.support.visitor import Meet, Visitor

LONGEST_KB = 450
STEP = timedelta(minutes=10)
DATA = "(plot, name) => plot.data.find((trace) => trace.name === name)"


@dataclass(frozen=True)
class Past:
    """A service with a past, one without, and who looks at them."""

    ada: Actor
    cookies: Mapping[str, str]
    service_ref: str
    new_ref: str

    def points(self, days: int) -> list[Point]:
        """The domain's points of the last days, but for the one that still grows."""
        at = now()
        with db.session(db.REGISTRY) as session:
            found = series.series(
                session,
                actor=self.ada,
                service_ref=self.service_ref,
                since=at - timedelta(days=days),
                until=at,
            )
        return list(found.points[:-1])


@pytest.fixture(scope="module")
def past(web: Server) -> Iterator[Past]:
    """Nine days of checks with an outage and a time without any, and what was said of it."""
    empty_databases()
    ada, cookies = somebody("ada", "administrator")
    service_id, service_ref = add_service("Node")
    _, new_ref = add_service("New")
    begin = now() - timedelta(days=9)
    down, gap = begin + timedelta(days=6), begin + timedelta(days=7)
    add_probes(service_id, _probes(begin, down, gap))
    back = down + timedelta(hours=3)
    add_states(service_id, ("up", begin, down), ("down", down, back), ("up", back, None))
    with db.session(db.REGISTRY) as session:
        session.add(ServiceCheck(service_id=service_id, next_probe_at=now(), checked_at=gap))
        session.add(
            ServiceIncident(
                service_id=service_id,
                state="down",
                cause="Connection refused",
                started_at=down,
                ended_at=back,
            )
        )
        session.add(
            MaintenanceWindow(
                service_id=service_id,
                starts_at=down,
                ends_at=down + timedelta(hours=1),
                reason="Storage is moved",
            )
        )
        session.add(
            ServiceEvent(service_id=service_id, at=gap, kind="software", text="1.0 became 1.1")
        )
    roll_up()
    yield Past(ada, cookies, service_ref, new_ref)
    empty_databases()


def _probes(begin: Any, down: Any, gap: Any) -> Iterator[Probe]:
    at, finished = begin, 0
    end = now() - timedelta(hours=2)
    while at < end:
        finished += at.minute % 3
        is_down = down <= at < down + timedelta(hours=3)
        if not gap <= at < gap + timedelta(hours=5):
            yield Probe(
                at,
                "down" if is_down else "up",
                None if is_down else 80.0 + 7 * at.hour + at.minute,
                stands_for=STEP + timedelta(seconds=30),
                queued=at.hour,
                running=3,
                finished=finished,
                executor_errors=finished // 9,
                system_errors=0,
            )
        at += STEP


@pytest.fixture
def ada(meet: Meet, past: Past) -> Visitor:
    return meet(past.cookies)


def open_tab(person: Visitor, service_ref: str, query: str) -> Page:
    person.open(f"/services/{service_ref}?{query}")
    person.settle()
    return person.page


def section_of(page: Page, title: str) -> Locator:
    return page.locator(".rt-Card").filter(has=page.get_by_role("heading", name=title, exact=True))


def trace(section: Locator, name: str) -> dict[str, Any]:
    plot = section.locator(".js-plotly-plot")
    expect(plot.locator(".xtick").first).to_be_attached()
    found: dict[str, Any] = plot.evaluate(DATA, name)
    return found


def values(section: Locator, name: str, points: Sequence[Point]) -> list[float | None]:
    """What a line has at the beginnings of points; elsewhere it may be broken."""
    drawn = trace(section, name)
    by_time = dict(zip(drawn["x"], drawn["y"], strict=True))
    return [by_time[f"{point.starts_at:%Y-%m-%d %H:%M:%S}"] for point in points]


def exactly(points: Sequence[Point], key: str) -> list[float | None]:
    """The domain's values, as exact as a chart has them."""
    found = [getattr(point, key) for point in points]
    return [None if value is None else round(value, 2) for value in found]


def rows(section: Locator) -> list[list[str]]:
    section.locator("summary").click()
    expect(section.locator("tbody tr").first).to_be_visible()
    return [row.locator("th, td").all_inner_texts() for row in section.locator("tbody tr").all()]


def file_of(section: Locator) -> list[dict[str, str]]:
    href = section.get_by_role("link", name="CSV").get_attribute("href") or ""
    answer = section.page.request.get(href)
    assert answer.ok
    return list(csv.DictReader(io.StringIO(answer.text())))


def expected(points: Sequence[Point], row: Callable[[Point, str], Any]) -> list[list[str]]:
    told = [row(point, "hour") for point in reversed(points)]
    return [[each["head"], *each["cells"]] for each in told]


def test_charts_and_tables_show_the_numbers_of_the_domain(ada: Visitor, past: Past) -> None:
    page = open_tab(ada, past.service_ref, "tab=history&range=7d")
    points = past.points(7)
    latency = section_of(page, "Response times")
    for name, key in (("Median (p50)", "p50_ms"), ("p95", "p95_ms"), ("p99", "p99_ms")):
        assert values(latency, name, points) == exactly(points, key)
    # The first row is of the hour that still grows.
    shown = rows(latency)
    assert shown[1:] == expected(points, latency_row)[: len(shown) - 1]
    saved = file_of(latency)[:-1]
    for key in ("p50_ms", "p99_ms", "finished"):
        told = [getattr(point, key) for point in points]
        assert [float(row[key]) if row[key] else None for row in saved] == told
    availability = section_of(page, "Availability")
    for state in ORDER:
        drawn = trace(availability, WORDS[state])["y"]
        told = [100 * seconds_of(point, state) / lasting(point) for point in points]
        told = [part for part in told if part]
        assert drawn[: len(told)] == pytest.approx(told, abs=1e-3)
        assert bool(drawn) == (state in ("up", "down", NO_DATA))
    shown = rows(availability)
    assert shown[1:] == expected(points, availability_row)[: len(shown) - 1]
    queue = section_of(page, "Queue")
    for name, key in (("Waiting, mean", "queued_average"), ("Ended", "finished")):
        assert values(queue, name, points) == exactly(points, key)
    shown = rows(queue)
    assert shown[1:] == expected(points, queue_row)[: len(shown) - 1]
    happened = section_of(page, "Incidents, maintenance and changes")
    assert [row["kind"] for row in file_of(happened)] == ["incident", "maintenance", "change"]
    assert [row[1:] for row in rows(happened)] == [
        ["Change", "1.0 became 1.1", "–"],
        ["Maintenance", "Storage is moved", "1 h"],
        ["Incident", "Down: Connection refused", "3 h"],
    ]
    marks = latency.locator(".js-plotly-plot").evaluate("plot => plot.layout.shapes.length")
    assert marks == 3


def test_an_address_holds_the_stretch_of_time_and_a_table_is_turned(
    ada: Visitor, past: Past
) -> None:
    page = open_tab(ada, past.service_ref, "")
    page.get_by_role("link", name="History").click()
    spans = page.get_by_role("navigation", name="Stretch of time")
    expect(spans.locator("[aria-current=true]")).to_have_text("24 hours")
    spans.get_by_role("link", name="7 days").click()
    expect(spans.locator("[aria-current=true]")).to_have_text("7 days")
    expect(page).to_have_url(re.compile("tab=history&range=7d"))
    page.reload()
    expect(spans.locator("[aria-current=true]")).to_have_text("7 days")
    latency = section_of(page, "Response times")
    latency.locator("summary").click()
    first = latency.locator("tbody th").first
    newest = first.inner_text()
    latency.get_by_role("button", name="Next page").click()
    expect(latency.get_by_text("Page 2 of")).to_be_visible()
    expect(first).not_to_have_text(newest)
    page.go_back()
    expect(spans.locator("[aria-current=true]")).to_have_text("24 hours")


def test_the_hours_of_the_week_are_those_of_the_domain(ada: Visitor, past: Past) -> None:
    page = open_tab(ada, past.service_ref, "tab=hours&range=30d")
    with db.session(db.REGISTRY) as session:
        cells = series.heat_map(
            session,
            actor=past.ada,
            service_ref=past.service_ref,
            since=now() - timedelta(days=30),
        )
    told = {(cell.weekday, cell.hour): milliseconds(cell.median_ms) for cell in cells}
    for number, day in enumerate(DAYS):
        row = page.get_by_role("row", name=day)
        shown = row.get_by_role("cell").all_inner_texts()
        assert shown == [told.get((number, hour), "–") for hour in range(24)]
    page.get_by_role("link", name="Availability").click()
    expect(page.locator(".heat").filter(has_text="%").first).to_be_visible()
    expect(page).to_have_url(re.compile("range=30d&measure=availability"))


@pytest.mark.parametrize("query", ["tab=history&range=7d", "tab=hours", "tab=checks"])
def test_every_tab_is_fit_for_everybody(ada: Visitor, past: Past, query: str) -> None:
    page = open_tab(ada, past.service_ref, query)
    for summary in page.locator("summary").all():
        summary.click()
    assert faults(page) == ""


def test_where_there_is_no_history_the_page_says_why(ada: Visitor, past: Past) -> None:
    page = open_tab(ada, past.new_ref, "tab=history&range=90d")
    expect(page.get_by_text("This service has not been checked yet.")).to_be_visible()
    page = open_tab(ada, past.service_ref, "tab=history&range=1h")
    expect(page.get_by_text("No check was made in this stretch of time.")).to_be_visible()
    page = open_tab(ada, past.new_ref, "tab=hours&measure=queue")
    expect(page.get_by_text("does not say how many runs wait")).to_be_visible()


def test_the_charts_load_little_and_only_where_they_are_shown(meet: Meet, past: Past) -> None:
    base = _scripts(meet(past.cookies), "/services")
    overview = _scripts(meet(past.cookies), f"/services/{past.service_ref}")
    charts = _scripts(meet(past.cookies), f"/services/{past.service_ref}?tab=history&range=7d")
    assert not any("plotly" in name for name in overview)
    assert any("plotly" in name for name in charts)
    more = (sum(charts.values()) - sum(base.values())) / 1000
    print(f"JavaScript beyond /services: {more:.0f} KB compressed")
    assert more < LONGEST_KB


def _scripts(person: Visitor, address: str) -> dict[str, int]:
    """The compressed size of each script that a page loads; the server must send it so."""
    answers: list[Response] = []

    def note(answer: Response) -> None:
        answers.append(answer)

    person.page.on("response", note)
    person.open(address)
    person.settle()
    if "tab=history" in address:
        expect(person.page.locator(".js-plotly-plot .xtick").first).to_be_attached()
    scripts = [answer for answer in answers if answer.url.split("?")[0].endswith(".js")]
    # Of the smallest nothing would be saved.
    large = [answer for answer in scripts if len(answer.body()) > 2000]
    assert {answer.headers.get("content-encoding") for answer in large} == {"gzip"}
    return {answer.url: len(gzip.compress(answer.body())) for answer in scripts}
